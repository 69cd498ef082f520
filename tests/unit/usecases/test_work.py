"""The outbox: done at least once, tried again later, given up loudly."""

import logging
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from provenance.core.errors import Busy, Unavailable
from provenance.core.records import JobState
from provenance.usecases.work import LEASE_SECONDS, MAX_ATTEMPTS, WorkOff
from tests.unit.usecases.conftest import Studio


class Handler:
    def __init__(self, *errors: Exception | None) -> None:
        self.errors = list(errors)
        self.bodies: list[Mapping[str, Any]] = []

    def __call__(self, body: Mapping[str, Any]) -> None:
        self.bodies.append(body)
        error = self.errors.pop(0) if self.errors else None
        if error is not None:
            raise error


def worker(studio: Studio, handler: Any, kind: str = "fact") -> WorkOff:
    return WorkOff(store=studio.store, clock=studio.clock, handlers={kind: handler})


def write(studio: Studio, count: int = 1) -> None:
    with studio.store.unit() as unit:
        for number in range(count):
            unit.outbox.add("fact", {"n": number}, available_at=studio.clock())


def pending(studio: Studio) -> int:
    with studio.store.read() as unit:
        return unit.outbox.pending()


def test_each_job_is_done_once_and_in_order(studio: Studio) -> None:
    write(studio, 3)
    handler = Handler()
    assert worker(studio, handler)() == 3
    assert [body["n"] for body in handler.bodies] == [0, 1, 2]
    assert worker(studio, handler)() == 0
    assert pending(studio) == 0


def test_a_batch_is_bounded(studio: Studio) -> None:
    write(studio, 51)
    handler = Handler()
    work_off = worker(studio, handler)
    assert [work_off(), work_off(), work_off()] == [50, 1, 0]
    assert len(handler.bodies) == 51


@pytest.mark.parametrize("error", [Unavailable("the node is gone"), Busy("full", retry_after=1), OSError("disk")])
def test_a_job_that_failed_is_tried_again_after_a_growing_pause(studio: Studio, error: Exception) -> None:
    write(studio)
    handler = Handler(error, error)
    work_off = worker(studio, handler)
    work_off()
    assert work_off() == 0  # not at once
    studio.clock.advance(seconds=2)
    assert work_off() == 1
    studio.clock.advance(seconds=3)
    assert work_off() == 0  # four seconds after the second time
    studio.clock.advance(seconds=1)
    assert work_off() == 1
    assert (len(handler.bodies), pending(studio)) == (3, 0)


def test_a_failing_job_holds_nobody_up(studio: Studio) -> None:
    write(studio, 3)
    handler = Handler(None, Unavailable("no"), None)
    worker(studio, handler)()
    assert pending(studio) == 1
    assert [body["n"] for body in handler.bodies] == [0, 1, 2]


def test_it_gives_up_in_the_end_and_the_job_stays_for_a_person(
    studio: Studio, caplog: pytest.LogCaptureFixture
) -> None:
    write(studio)
    handler = Handler(*[Unavailable("the node is gone")] * MAX_ATTEMPTS)
    work_off = worker(studio, handler)
    with caplog.at_level(logging.WARNING):
        for _ in range(MAX_ATTEMPTS):
            assert work_off() == 1
            studio.clock.advance(hours=1)
    assert (work_off(), pending(studio), len(handler.bodies)) == (0, 0, MAX_ATTEMPTS)
    assert "the node is gone" in caplog.text


def test_a_job_that_nobody_handles_is_kept_and_complained_about(
    studio: Studio, caplog: pytest.LogCaptureFixture
) -> None:
    write(studio)
    with caplog.at_level(logging.WARNING):
        worker(studio, Handler(), kind="another fact")()
    assert "no handler for 'fact'" in caplog.text
    assert pending(studio) == 1


def test_a_worker_that_died_leaves_its_job_to_the_next_one(studio: Studio) -> None:
    class Killed(BaseException):
        pass

    def dies(_: Mapping[str, Any]) -> None:
        raise Killed

    write(studio)
    with pytest.raises(Killed):
        worker(studio, dies)()
    handler = Handler()
    assert worker(studio, handler)() == 0  # under lease
    studio.clock.now += timedelta(seconds=LEASE_SECONDS)
    assert worker(studio, handler)() == 1
    assert handler.bodies == [{"n": 0}]


def test_what_failed_is_on_the_record(studio: Studio) -> None:
    write(studio)
    worker(studio, Handler(Unavailable("the node is gone")))()
    studio.clock.advance(seconds=2)
    with studio.store.unit() as unit:
        (job,) = unit.outbox.claim(studio.clock(), limit=1, lease_seconds=1)
    assert (job.state, job.last_error, job.attempts) == (JobState.READY, "the node is gone", 2)
