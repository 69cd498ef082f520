"""Idempotency-Key: one request runs, the same request again gets its answer, another is told."""

import hashlib
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from provenance.core.errors import Conflict, InvalidRequest, Unavailable
from provenance.core.records import IdempotentResponse
from provenance.usecases.once import KEEP, MAX_KEY, Answer
from tests.unit.usecases.conftest import Studio


class Counted:
    """An action that counts its runs."""

    def __init__(self, status: int = 201) -> None:
        self.runs = 0
        self.status = status

    def __call__(self) -> Answer:
        self.runs += 1
        return self.status, {"run": self.runs}


def test_the_same_request_again_gets_the_first_answer(studio: Studio) -> None:
    action = Counted()
    answers = [studio.once("studio", "order-1", b"body", action) for _ in range(3)]
    assert answers == [(201, {"run": 1})] * 3
    assert action.runs == 1


def test_without_a_key_every_request_runs(studio: Studio) -> None:
    action = Counted()
    assert [studio.once("studio", None, b"body", action)[1]["run"] for _ in range(2)] == [1, 2]


def test_keys_belong_to_their_owner(studio: Studio) -> None:
    action = Counted()
    studio.once("studio", "order-1", b"body", action)
    assert studio.once("another", "order-1", b"body", action) == (201, {"run": 2})


def test_another_body_under_the_same_key_is_an_error(studio: Studio) -> None:
    action = Counted()
    studio.once("studio", "order-1", b"body", action)
    with pytest.raises(InvalidRequest, match="another request"):
        studio.once("studio", "order-1", b"other body", action)
    assert action.runs == 1


@pytest.mark.parametrize("key", ["", "x" * (MAX_KEY + 1), "clé", "a\nb", "\x00"])
def test_a_key_is_printable_ascii(studio: Studio, key: str) -> None:
    with pytest.raises(InvalidRequest, match="Idempotency-Key"):
        studio.once("studio", key, b"", Counted())


def test_the_longest_key_passes(studio: Studio) -> None:
    assert studio.once("studio", "k" * MAX_KEY, b"", Counted())[0] == 201


@pytest.mark.parametrize("error", [Unavailable("disk full"), KeyboardInterrupt()])
def test_an_error_is_not_an_answer_and_may_be_tried_again(studio: Studio, error: BaseException) -> None:
    def breaks() -> Answer:
        raise error

    with pytest.raises(type(error)):
        studio.once("studio", "order-1", b"body", breaks)
    assert studio.once("studio", "order-1", b"body", Counted()) == (201, {"run": 1})


def test_of_requests_that_race_one_runs_and_the_others_are_told(studio: Studio) -> None:
    started, release = threading.Event(), threading.Event()

    def slow() -> Answer:
        started.set()
        assert release.wait(30)
        return 201, {"run": 1}

    late = Counted()
    with ThreadPoolExecutor(5) as pool:
        first = pool.submit(studio.once, "studio", "order-1", b"body", slow)
        assert started.wait(30)
        others = [pool.submit(studio.once, "studio", "order-1", b"body", late) for _ in range(4)]
        for other in others:
            with pytest.raises(Conflict, match="in flight"):
                other.result(30)
        release.set()
        assert first.result(30) == (201, {"run": 1})
    assert studio.once("studio", "order-1", b"body", late) == (201, {"run": 1})
    assert late.runs == 0


def test_a_request_that_died_with_its_process_is_taken_over(studio: Studio) -> None:
    once = studio.once
    body_hash = hashlib.sha256(b"body").hexdigest()
    with studio.store.unit() as unit:  # what a process that was killed in its action leaves behind
        unit.idempotency.begin(IdempotentResponse("studio", "order-1", body_hash, studio.clock()))
    with pytest.raises(Conflict, match="in flight"):
        once("studio", "order-1", b"body", Counted())
    studio.clock.advance(minutes=11)
    assert once("studio", "order-1", b"body", Counted()) == (201, {"run": 1})


def test_keys_expire(studio: Studio) -> None:
    action = Counted()
    studio.once("studio", "order-1", b"body", action)
    studio.clock.now += KEEP
    assert studio.once.expire() == 0
    studio.clock.advance(seconds=1)
    assert studio.once.expire() == 1
    assert studio.once("studio", "order-1", b"body", action) == (201, {"run": 2})
