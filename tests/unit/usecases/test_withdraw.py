"""Withdrawing: the work leaves every answer at once, and its record stays."""

import pytest

from provenance.core.digests import file_digest
from provenance.core.errors import NotFound, Rejected, Unavailable
from provenance.core.records import WorkStatus
from provenance.core.types import WorkId
from provenance.credentials import verify
from provenance.usecases.withdraw import WITHDRAWN
from tests.doubles import ThumbnailMatcher
from tests.unit.usecases.conftest import Studio, painting, png


def test_the_record_stays_and_says_when(studio: Studio) -> None:
    work = studio.registered(1)
    studio.clock.advance(days=1)
    gone = studio.withdraw(work.id, owner="studio")
    assert (gone.status, gone.withdrawn_at) == (WorkStatus.WITHDRAWN, studio.clock())
    with studio.store.read() as unit:
        assert unit.works.get(work.id) == gone
    assert gone.certificate == work.certificate
    assert verify(gone.certificate, keyring=studio.keyring, now=studio.clock()).work_id == work.id
    assert studio.file(gone)


def test_it_leaves_the_index_and_a_job_follows(studio: Studio) -> None:
    work = studio.registered(1)
    studio.withdraw(work.id)
    assert str(work.id) not in studio.matcher
    assert studio.counts() == {"works": 1, "operations": 2, "jobs": 3, "leaves": 2}
    with studio.store.unit() as unit:
        jobs = unit.outbox.claim(studio.clock(), limit=10, lease_seconds=1)
    assert (jobs[-1].kind, jobs[-1].body) == (WITHDRAWN, {"work_id": str(work.id)})


def test_withdrawing_twice_is_the_same_as_once(studio: Studio) -> None:
    work = studio.registered(1)
    first = studio.withdraw(work.id)
    studio.clock.advance(hours=1)
    assert studio.withdraw(work.id) == first
    assert studio.counts()["operations"] == 2


def test_somebody_elses_work_is_not_there(studio: Studio) -> None:
    work = studio.registered(1)
    with pytest.raises(NotFound, match="of yours"):
        studio.withdraw(work.id, owner="somebody else")
    with pytest.raises(NotFound):
        studio.withdraw(WorkId(4711), owner="studio")
    assert studio.ask(png(painting(1))).report["grade"] == "identical"


def test_its_digests_are_free_for_the_original_again(studio: Studio) -> None:
    first = studio.registered(1)
    studio.withdraw(first.id)
    with studio.store.read() as unit:
        assert unit.works.by_digest(file_digest(png(painting(1)))) is None
    second = studio.registered(1)
    assert second.id != first.id
    assert [match["work_id"] for match in studio.ask(png(painting(1))).report["matches"]] == [str(second.id)]


def test_its_marked_file_is_not_registered_again(studio: Studio) -> None:
    """The mark in it names a withdrawn work, and a second mark would not go over the first."""
    work = studio.registered(1)
    studio.withdraw(work.id)
    with pytest.raises(Rejected, match="no active work"):
        studio.registered(1, data=studio.file(work))


def test_it_stands_even_when_the_index_can_not_follow(studio: Studio) -> None:
    class Closed(ThumbnailMatcher):
        def apply(self, operations: object) -> None:
            raise Unavailable("the service is shutting down")

    work = studio.registered(1)
    studio.matcher = Closed()
    assert studio.withdraw(work.id).status is WorkStatus.WITHDRAWN


def test_nothing_is_withdrawn_by_halves(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    from provenance.adapters.store.repositories.outbox import SqlOutbox

    def full(*_: object, **__: object) -> None:
        raise Unavailable("the disk is full")

    work = studio.registered(1)
    monkeypatch.setattr(SqlOutbox, "add", full)
    with pytest.raises(Unavailable):
        studio.withdraw(work.id)
    assert studio.counts() == {"works": 1, "operations": 1, "jobs": 2, "leaves": 1}
    assert studio.ask(png(painting(1))).report["grade"] == "identical"
