"""The Store port: jobs, idempotent requests and anchors - what several processes work on at once."""

import threading
from dataclasses import replace
from datetime import timedelta

import pytest

from provenance.adapters.store import SqlStore
from provenance.adapters.store.repositories.idempotency import IN_FLIGHT
from provenance.core.errors import Conflict, NotFound
from provenance.core.records import AnchorState, Job, JobState
from provenance.core.types import WorkId
from tests.records import NOON, a_batch, a_request, a_work, digest, keys_of

MINUTE = timedelta(minutes=1)


def add_jobs(store: SqlStore, *kinds: str) -> None:
    with store.unit() as unit:
        for position, kind in enumerate(kinds):
            unit.outbox.add(kind, {"position": position}, available_at=NOON + position * MINUTE)


def claim(store: SqlStore, now=NOON, *, limit: int = 10) -> list[Job]:
    with store.unit() as unit:
        return unit.outbox.claim(now, limit=limit, lease_seconds=60)


# jobs


def test_a_job_is_claimed_when_its_time_has_come(store: SqlStore) -> None:
    add_jobs(store, "now", "in a minute")
    assert claim(store, NOON - MINUTE) == []
    assert claim(store) == [Job(1, "now", {"position": 0}, JobState.READY, 1, NOON + MINUTE)]


def test_jobs_are_claimed_oldest_first_up_to_the_limit(store: SqlStore) -> None:
    add_jobs(store, "a", "b", "c")
    assert [job.kind for job in claim(store, NOON + 5 * MINUTE, limit=2)] == ["a", "b"]
    assert [job.kind for job in claim(store, NOON + 5 * MINUTE, limit=2)] == ["c"]


def test_a_claimed_job_is_hidden_until_its_lease_ends(store: SqlStore) -> None:
    add_jobs(store, "a")
    assert [job.attempts for job in claim(store)] == [1]
    assert claim(store, NOON + timedelta(seconds=59)) == []
    assert [job.attempts for job in claim(store, NOON + MINUTE)] == [2]


def test_a_claim_that_is_undone_gives_the_jobs_back(store: SqlStore) -> None:
    add_jobs(store, "a")

    def claim_and_die() -> None:
        with store.unit() as unit:
            assert len(unit.outbox.claim(NOON, limit=1, lease_seconds=60)) == 1
            raise ValueError("died")

    with pytest.raises(ValueError, match="died"):
        claim_and_die()
    assert [job.attempts for job in claim(store)] == [1]


def test_a_job_that_is_done_or_failed_is_not_claimed_again(store: SqlStore) -> None:
    add_jobs(store, "a", "b", "c")
    done, failed, _ = claim(store, NOON + 2 * MINUTE)
    with store.unit() as unit:
        assert unit.outbox.pending() == 3
        unit.outbox.done(done.id)
        unit.outbox.fail(failed.id, error="no such work")
        assert unit.outbox.pending() == 1
    assert [job.kind for job in claim(store, NOON + timedelta(days=1))] == ["c"]


def test_a_job_is_tried_again_later(store: SqlStore) -> None:
    add_jobs(store, "a")
    (job,) = claim(store)
    with store.unit() as unit:
        unit.outbox.retry(job.id, error="the node does not answer", available_at=NOON + 10 * MINUTE)
    assert claim(store, NOON + 9 * MINUTE) == []
    (again,) = claim(store, NOON + 10 * MINUTE)
    assert (again.attempts, again.last_error) == (2, "the node does not answer")


def test_a_job_that_is_not_there(store: SqlStore) -> None:
    with store.unit() as unit:
        for act in (
            lambda: unit.outbox.done(7),
            lambda: unit.outbox.fail(7, error=""),
            lambda: unit.outbox.retry(7, error="", available_at=NOON),
        ):
            with pytest.raises(NotFound, match="job 7"):
                act()


def test_no_two_workers_claim_the_same_job(store: SqlStore) -> None:
    add_jobs(store, *["a"] * 40)
    claimed: list[int] = []

    def work() -> None:
        while jobs := claim(store, NOON + timedelta(days=1), limit=3):
            claimed.extend(job.id for job in jobs)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(claimed) == list(range(1, 41))


# idempotent requests


def begin(store: SqlStore, request):
    with store.unit() as unit:
        return unit.idempotency.begin(request)


def test_the_first_request_is_ours_and_the_second_sees_it(store: SqlStore) -> None:
    assert begin(store, a_request()) is None
    assert begin(store, a_request(created_at=NOON + MINUTE)) == a_request()
    assert begin(store, a_request(owner="another")) is None
    assert begin(store, a_request("another")) is None


def test_the_answer_is_kept(store: SqlStore) -> None:
    begin(store, a_request())
    with store.unit() as unit:
        unit.idempotency.finish("studio", "k", status=201, body={"id": "pv-1"})
    late = a_request(created_at=NOON + 2 * IN_FLIGHT, request_hash=digest("another body"))
    assert begin(store, late) == a_request(status=201, body={"id": "pv-1"})


def test_the_first_answer_stands(store: SqlStore) -> None:
    begin(store, a_request())
    for status in (201, 409):
        with store.unit() as unit:
            unit.idempotency.finish("studio", "k", status=status, body={})
    found = begin(store, a_request())
    assert found is not None
    assert found.status == 201
    with store.unit() as unit, pytest.raises(NotFound):
        unit.idempotency.finish("studio", "never begun", status=200, body={})


def test_a_request_that_died_is_taken_over_once(store: SqlStore) -> None:
    begin(store, a_request())
    almost = a_request(created_at=NOON + IN_FLIGHT - timedelta(microseconds=1))
    assert begin(store, almost) == a_request()
    heir = a_request(created_at=NOON + IN_FLIGHT)
    assert begin(store, heir) is None
    assert begin(store, heir) == heir


def test_another_request_does_not_take_over(store: SqlStore) -> None:
    begin(store, a_request())
    other = a_request(created_at=NOON + 2 * IN_FLIGHT, request_hash=digest("another body"))
    assert begin(store, other) == a_request()


def test_a_forgotten_request_can_begin_again(store: SqlStore) -> None:
    begin(store, a_request())
    begin(store, a_request("other"))
    with store.unit() as unit:
        unit.idempotency.forget("studio", "k")
        unit.idempotency.forget("studio", "never begun")
    assert begin(store, a_request()) is None
    assert begin(store, a_request("other")) is not None


def test_old_answers_expire(store: SqlStore) -> None:
    for hour in range(4):
        begin(store, a_request(f"k{hour}", created_at=NOON + timedelta(hours=hour)))
    with store.unit() as unit:
        assert unit.idempotency.expire(NOON + timedelta(hours=2)) == 2
        assert unit.idempotency.expire(NOON + timedelta(hours=2)) == 0
    assert begin(store, a_request("k2")) is not None


@pytest.mark.parametrize("stale", [False, True])
def test_of_eight_requests_with_one_key_one_is_ours(store: SqlStore, stale: bool) -> None:
    now = NOON
    if stale:  # all eight want to take it over
        begin(store, a_request())
        now += IN_FLIGHT
    gate = threading.Barrier(8)
    outcomes: list[bool] = []

    def ask() -> None:
        gate.wait()
        outcomes.append(begin(store, a_request(created_at=now)) is None)

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == [False] * 7 + [True]


# anchors


@pytest.fixture
def works(store: SqlStore):
    works = [a_work(number) for number in (3, 1, 2)]
    with store.unit() as unit:
        for work in works:
            unit.works.add(work, keys_of(work))
    return works


def add_batch(store: SqlStore, batch):
    with store.unit() as unit:
        return unit.anchors.add(batch)


def test_a_batch_comes_back_with_its_leaves_in_order(store: SqlStore, works) -> None:
    batch = a_batch(5, works, chain_id=2**62, block_number=2**40, block_hash="0xb", state=AnchorState.MINED)
    added = add_batch(store, batch)
    assert added == replace(batch, id=added.id)
    other = add_batch(store, a_batch(6, works[:1]))
    with store.read() as unit:
        assert unit.anchors.unfinished() == [added, other]
        assert unit.anchors.of_work(WorkId(3)) == [added, other]
        assert unit.anchors.of_work(WorkId(2)) == [added]
        assert unit.anchors.of_work(WorkId(404)) == []


def test_a_batch_moves_on(store: SqlStore, works) -> None:
    batch = add_batch(store, a_batch(5, works))
    mined = replace(batch, state=AnchorState.MINED, tx_hash="0xreplaced", raw_tx=b"r", block_number=7, block_hash="0xb")
    with store.unit() as unit:
        unit.anchors.update(mined)
    with store.read() as unit:
        assert unit.anchors.unfinished() == [mined]
    with store.unit() as unit:
        unit.anchors.update(replace(mined, state=AnchorState.FINAL))
        assert unit.anchors.unfinished() == []
        assert unit.anchors.of_work(WorkId(1)) == [replace(mined, state=AnchorState.FINAL)]
        with pytest.raises(NotFound, match="anchor batch 99"):
            unit.anchors.update(replace(mined, id=99))


@pytest.mark.parametrize("same", ["nonce", "root"])
def test_a_nonce_and_a_root_are_taken_once_a_chain(store: SqlStore, works, same: str) -> None:
    first = add_batch(store, a_batch(5, works))
    twin = replace(a_batch(6, works), **{same: getattr(first, same)})
    with pytest.raises(Conflict, match="in a batch already"):
        add_batch(store, twin)
    with store.read() as unit:
        assert unit.anchors.of_work(WorkId(1)) == [first]
    add_batch(store, replace(twin, chain_id=1))


def test_a_failed_batch_frees_its_root_and_a_nonce_that_no_block_used(store: SqlStore, works) -> None:
    add_batch(store, a_batch(5, works, state=AnchorState.FAILED))
    add_batch(store, a_batch(5, works))
    add_batch(store, a_batch(6, works[:1], state=AnchorState.FAILED, block_number=9))
    with pytest.raises(Conflict):
        add_batch(store, a_batch(6, works[:1]))


def test_the_next_nonce_follows_the_highest_in_use(store: SqlStore, works) -> None:
    batch = a_batch(5, works)

    def following() -> int | None:
        with store.read() as unit:
            assert unit.anchors.next_nonce(batch.chain_id, "0xanother") is None
            assert unit.anchors.next_nonce(1, batch.sender) is None
            return unit.anchors.next_nonce(batch.chain_id, batch.sender)

    assert following() is None
    add_batch(store, batch)
    add_batch(store, a_batch(3, works))
    assert following() == 6
    add_batch(store, a_batch(6, works, state=AnchorState.FAILED))  # never in a block: the nonce is still free
    assert following() == 6
    add_batch(store, a_batch(7, works, state=AnchorState.FAILED, block_number=9))  # reverted: the nonce is used up
    assert following() == 8


def test_a_leaf_belongs_to_a_work(store: SqlStore, works) -> None:
    with pytest.raises(NotFound):
        add_batch(store, a_batch(5, [a_work(404)]))
