"""The Store port: what a unit promises, and the works inside it."""

import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest

from provenance.adapters.store import SqlStore
from provenance.core.errors import Conflict, InvalidRequest, NotFound
from provenance.core.ports import Store
from provenance.core.records import AnchorState, ContentKey, ContentKind, WorkStatus
from provenance.core.types import WorkId
from tests.records import NOON, a_batch, a_work, digest, keys_of


def add(store: Store, *numbers: int, **changes: object) -> None:
    with store.unit() as unit:
        for number in numbers:
            work = a_work(number, **changes)
            unit.works.add(work, keys_of(work))


def test_it_is_a_store(store: SqlStore) -> None:
    port: Store = store  # mypy reads this
    port.ping()


# one transaction


def test_leaving_a_unit_commits(store: SqlStore) -> None:
    add(store, 1)
    with store.read() as unit:
        assert unit.works.get(WorkId(1)) == a_work(1)


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, Conflict])
def test_an_exception_undoes_all_of_it(store: SqlStore, error: type[BaseException]) -> None:
    def register_and_stop() -> None:
        with store.unit() as unit:
            unit.works.add(a_work(1), keys_of(a_work(1)))
            unit.fingerprints.append(WorkId(1), b"f")
            unit.outbox.add("registered", {}, available_at=NOON)
            raise error("stop")

    with pytest.raises(error, match="stop"):
        register_and_stop()
    with store.read() as unit:
        assert (unit.works.count(), unit.fingerprints.last(), unit.outbox.pending()) == (0, 0, 0)
        assert unit.works.by_digest(a_work(1).source_sha256) is None


def test_a_unit_sees_what_it_wrote(store: SqlStore) -> None:
    with store.unit() as unit:
        unit.works.add(a_work(1), keys_of(a_work(1)))
        assert unit.works.get(WorkId(1)).title == a_work(1).title
        unit.works.withdraw(WorkId(1), NOON)
        assert unit.works.get(WorkId(1)).status is WorkStatus.WITHDRAWN
        assert unit.works.by_digest(a_work(1).source_sha256) is None


def test_a_unit_goes_on_after_a_conflict_that_was_caught(store: SqlStore) -> None:
    add(store, 1)
    with store.unit() as unit:
        with pytest.raises(Conflict):
            unit.works.add(a_work(1), [])
        unit.works.add(a_work(2), keys_of(a_work(2)))
    with store.read() as unit:
        assert unit.works.count() == 2


@pytest.mark.parametrize("outer", ["unit", "read"])
def test_a_thread_is_in_one_transaction_at_a_time(store: SqlStore, outer: str) -> None:
    with getattr(store, outer)():
        with pytest.raises(RuntimeError, match="in a transaction"), store.unit():
            pass
        with pytest.raises(RuntimeError, match="in a transaction"), store.read():
            pass
        with pytest.raises(RuntimeError, match="in a transaction"):
            store.ping()
    add(store, 1)  # and the store still works


def test_two_stores_at_once_are_no_nesting(store: SqlStore) -> None:
    other = SqlStore.memory()
    with store.unit(), other.unit() as unit:
        assert unit.works.count() == 0
    other.close()


def test_read_refuses_to_write(store: SqlStore) -> None:
    with pytest.raises(RuntimeError, match=r"store\.unit\(\)"), store.read() as unit:
        unit.outbox.add("registered", {}, available_at=NOON)
    add(store, 1)


# works


def test_a_work_comes_back_as_it_was(store: SqlStore) -> None:
    work = a_work(
        2**64 - 1,
        notes=("first of 12 frames", "16 bits"),
        look_alikes=({"id": "pv-0000000000001", "probability": 0.25},),
        recipe_hash=digest("recipe"),
        certificate={"float": 1e-7, "big": 2**63, "zero": -0.0, "nested": {"z": 1, "a": [True, None, "\u0000 \ud800"]}},
    )
    with store.unit() as unit:
        unit.works.add(work, keys_of(work))
    with store.read() as unit:
        found = unit.works.get(work.id)
    assert found == work
    assert list(found.certificate["nested"]) == ["z", "a"]
    assert str(found.certificate["zero"]) == "-0.0"


def test_times_come_back_in_utc_to_the_microsecond(store: SqlStore) -> None:
    tokyo = datetime(2026, 1, 1, 8, 30, 0, 1, tzinfo=timezone(timedelta(hours=9)))
    add(store, 1, created_at=tokyo)
    with store.read() as unit:
        found = unit.works.get(WorkId(1)).created_at
    assert found == datetime(2025, 12, 31, 23, 30, 0, 1, tzinfo=UTC)
    assert found.utcoffset() == timedelta(0)


def test_a_work_that_is_not_there(store: SqlStore) -> None:
    with store.read() as unit:
        with pytest.raises(NotFound, match="pv-0000000000005"):
            unit.works.get(WorkId(5))
        assert unit.works.by_digest(digest("nothing")) is None
        assert unit.works.page(after=None, limit=5) == ([], None)
        assert unit.works.find([]) == {}


def test_find_answers_the_ones_that_are_there(store: SqlStore) -> None:
    add(store, 1, 2, 3)
    many = [WorkId(number) for number in range(2, 1500)]  # more than one IN list
    with store.read() as unit:
        assert unit.works.find(many) == {WorkId(2): a_work(2), WorkId(3): a_work(3)}


def test_a_digest_leads_to_its_work(store: SqlStore) -> None:
    add(store, 1)
    with store.read() as unit:
        key = unit.works.by_digest(a_work(1).marked_sha256)
    assert key == ContentKey(a_work(1).marked_sha256, ContentKind.MARKED_FILE, WorkId(1))


def test_taken_content_names_the_work_that_has_it(store: SqlStore) -> None:
    add(store, 1)
    later = a_work(2, source_sha256=a_work(1).marked_sha256)  # another kind of the same digest
    with pytest.raises(Conflict, match="marked-file") as caught, store.unit() as unit:
        unit.works.add(later, keys_of(later))
    assert caught.value.existing == str(WorkId(1))
    with store.read() as unit:
        assert unit.works.count() == 1
        assert unit.works.by_digest(later.marked_sha256) is None


def test_a_taken_id_is_named(store: SqlStore) -> None:
    add(store, 1)
    other = a_work(1, source_sha256=digest("a"), marked_sha256=digest("b"))
    with pytest.raises(Conflict, match="id") as caught, store.unit() as unit:
        unit.works.add(other, keys_of(other))
    assert caught.value.existing == str(WorkId(1))


def test_the_first_taken_digest_decides_whom_the_conflict_names(store: SqlStore) -> None:
    add(store, 1, 2)
    mixed = a_work(3, source_sha256=a_work(2).source_sha256, marked_sha256=a_work(1).source_sha256)
    with pytest.raises(Conflict) as caught, store.unit() as unit:
        unit.works.add(mixed, keys_of(mixed))
    assert caught.value.existing == str(WorkId(2))


def test_of_eight_with_the_same_content_one_is_registered(store: SqlStore) -> None:
    gate = threading.Barrier(8)
    outcomes: list[str | None] = []

    def register(number: int) -> None:
        work = a_work(number, source_sha256=digest("the same"))
        gate.wait()
        try:
            with store.unit() as unit:
                unit.works.add(work, keys_of(work))
            outcomes.append(None)
        except Conflict as conflict:
            outcomes.append(conflict.existing)

    threads = [threading.Thread(target=register, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with store.read() as unit:
        winner = unit.works.by_digest(digest("the same"))
        assert winner is not None
        assert unit.works.count() == 1
    assert sorted(outcomes, key=str) == sorted([None] + [str(winner.work_id)] * 7, key=str)


def test_text_that_no_database_can_store_is_the_requests_fault(store: SqlStore) -> None:
    with pytest.raises(InvalidRequest, match="characters"):
        add(store, 1, title="half a character \ud800")


# pages


def test_pages_are_newest_first_and_complete(store: SqlStore) -> None:
    add(store, *range(7))
    pages = list(_pages(store, limit=3))
    assert [[work.id.payload for work in page] for page in pages] == [[6, 5, 4], [3, 2, 1], [0]]


def test_a_full_last_page_has_no_next(store: SqlStore) -> None:
    add(store, 1, 2)
    with store.read() as unit:
        works, cursor = unit.works.page(after=None, limit=2)
    assert (len(works), cursor) == (2, None)


def test_works_of_the_same_moment_are_not_lost_between_pages(store: SqlStore) -> None:
    ids = [2**64 - 1, 2**63, 2**63 - 1, 31, 30, 1, 0]
    add(store, *ids, created_at=NOON)
    assert [work.id.payload for page in _pages(store, limit=2) for work in page] == ids


def test_works_added_while_somebody_reads_do_not_shift_the_pages(store: SqlStore) -> None:
    add(store, 1, 2, 3, 4)
    with store.read() as unit:
        _, cursor = unit.works.page(after=None, limit=2)
    add(store, 5)
    with store.read() as unit:
        works, _ = unit.works.page(after=cursor, limit=2)
    assert [work.id.payload for work in works] == [2, 1]


def test_an_owner_sees_the_own_works(store: SqlStore) -> None:
    add(store, 1, 3, owner="ann")
    add(store, 2, 4, owner="bob")
    assert [work.id.payload for page in _pages(store, limit=1, owner="ann") for work in page] == [3, 1]


def test_a_cursor_that_is_not_ours_is_refused(store: SqlStore) -> None:
    with store.read() as unit, pytest.raises(InvalidRequest, match="cursor"):
        unit.works.page(after="A" * 32, limit=1)


def test_an_empty_page_cannot_be_asked_for(store: SqlStore) -> None:
    with store.read() as unit, pytest.raises(InvalidRequest, match="at least one"):
        unit.works.page(after=None, limit=0)


def _pages(store: SqlStore, *, limit: int, owner: str | None = None):
    cursor = None
    while True:
        with store.read() as unit:
            works, cursor = unit.works.page(after=cursor, limit=limit, owner=owner)
        yield works
        if cursor is None:
            return


# withdrawal


def test_a_withdrawn_work_stays_and_its_content_is_free(store: SqlStore) -> None:
    add(store, 1, 2)
    with store.unit() as unit:
        withdrawn = unit.works.withdraw(WorkId(1), NOON)
    assert (withdrawn.status, withdrawn.withdrawn_at) == (WorkStatus.WITHDRAWN, NOON)
    with store.read() as unit:
        assert unit.works.get(WorkId(1)) == withdrawn
        assert unit.works.count() == 2
        assert unit.works.by_digest(a_work(1).source_sha256) is None
        assert unit.works.by_digest(a_work(2).source_sha256) is not None
        assert unit.fingerprints.last() == 0
        assert unit.outbox.pending() == 0
    add(store, 9, source_sha256=a_work(1).source_sha256)


def test_withdrawing_twice_is_the_same_as_once(store: SqlStore) -> None:
    add(store, 1)
    with store.unit() as unit:
        first = unit.works.withdraw(WorkId(1), NOON)
    add(store, 2, source_sha256=a_work(1).source_sha256)
    with store.unit() as unit:
        assert unit.works.withdraw(WorkId(1), NOON + timedelta(days=1)) == first
        assert unit.works.by_digest(a_work(1).source_sha256) is not None  # now the other work's
    with store.unit() as unit, pytest.raises(NotFound):
        unit.works.withdraw(WorkId(3), NOON)


# what waits for an anchor


def test_active_works_wait_for_an_anchor_oldest_first(store: SqlStore) -> None:
    add(store, 4, 1, 3, 2)
    with store.unit() as unit:
        unit.works.withdraw(WorkId(2), NOON)
    with store.read() as unit:
        assert [work.id.payload for work in unit.works.without_anchor(10)] == [1, 3, 4]
        assert [work.id.payload for work in unit.works.without_anchor(2)] == [1, 3]


def test_only_a_failed_batch_gives_its_works_back(store: SqlStore) -> None:
    add(store, 1, 2)
    with store.unit() as unit:
        unit.anchors.add(a_batch(0, [a_work(1)], state=AnchorState.FAILED))
        batch = unit.anchors.add(a_batch(1, [a_work(1)]))
    for state in AnchorState:
        with store.unit() as unit:
            unit.anchors.update(replace(batch, state=state))
            waiting = [work.id.payload for work in unit.works.without_anchor(10)]
        assert waiting == ([1, 2] if state is AnchorState.FAILED else [2]), state
