"""The Store port: batches, fingerprints of uploads, watched uploads, decisions and scores."""

import threading
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from provenance.adapters.store import SqlStore
from provenance.core.bulk import Batch, BatchItem, Decision, ItemState, Opinion, UploadPrint, Watch, WatchHit
from provenance.core.errors import Busy, Conflict, InvalidRequest, NotFound
from provenance.core.records import Check
from provenance.core.types import WorkId
from tests.records import NOON, a_work, digest, keys_of

LATER = NOON + timedelta(minutes=5)


def a_batch(name: str = "bat_1", **changes: Any) -> Batch:
    return replace(Batch(name, "studio", NOON, 3), **changes)


def items_of(batch: Batch) -> list[BatchItem]:
    return [
        BatchItem(batch.id, position, f"chk_{batch.id}_{position}", f"图 {position}.png", blob=digest(position))
        for position in range(batch.size)
    ]


def add(store: SqlStore, *batches: Batch, most_open: int = 10) -> None:
    for batch in batches:
        with store.unit() as unit:
            unit.batches.add(batch, items_of(batch), most_open=most_open)


def settle(store: SqlStore, item: BatchItem, **changes: Any) -> bool:
    with store.unit() as unit:
        return unit.batches.settle(replace(item, **({"state": ItemState.CHECKED} | changes)), LATER)


# batches


def test_a_batch_comes_back_with_its_items(store: SqlStore) -> None:
    batch = a_batch(licensee="did:example:shop", keep=True)
    add(store, batch)
    with store.read() as unit:
        assert unit.batches.get(batch.id) == batch
        assert unit.batches.items(batch.id, limit=10) == items_of(batch)
        assert unit.batches.items(batch.id, after=0, limit=1) == items_of(batch)[1:2]
        assert unit.batches.item(batch.id, 2) == items_of(batch)[2]
        assert unit.batches.tally(batch.id) == {(ItemState.WAITING, None): 3}
        for missing in (lambda: unit.batches.get("bat_2"), lambda: unit.batches.item(batch.id, 3)):
            with pytest.raises(NotFound):
                missing()


def test_an_owner_has_only_so_many_open_batches(store: SqlStore) -> None:
    add(store, a_batch("a"), a_batch("b"), most_open=2)
    with pytest.raises(Busy, match="2 of your batches"):
        add(store, a_batch("c"), most_open=2)
    add(store, a_batch("d", owner="another"), most_open=2)
    with store.unit() as unit:
        unit.batches.cancel("a", LATER)
    add(store, a_batch("c"), most_open=2)
    with pytest.raises(Conflict, match="a batch c"):
        add(store, a_batch("c"))


def test_an_item_is_settled_once_and_the_last_one_finishes_the_batch(store: SqlStore) -> None:
    batch = a_batch()
    add(store, batch)
    first, second, third = items_of(batch)
    link = {"position": 0, "grade": "copy", "probability": 0.25}
    assert settle(store, first, grade="copy", sha256="s", pixels_sha256="p")
    assert settle(store, second, grade="none", links=(link,))
    assert not settle(store, first, grade="none")
    with store.read() as unit:
        assert unit.batches.get(batch.id).finished_at is None
        assert unit.batches.item(batch.id, 0).grade == "copy"
    error = {"error": "unreadable-image", "reason": "it is cut off"}
    assert settle(store, third, state=ItemState.FAILED, error=error, blob=None)
    with store.read() as unit:
        assert unit.batches.get(batch.id) == replace(batch, finished_at=LATER)
        assert unit.batches.tally(batch.id) == {
            (ItemState.CHECKED, "copy"): 1,
            (ItemState.CHECKED, "none"): 1,
            (ItemState.FAILED, None): 1,
        }
        assert unit.batches.item(batch.id, 1).links == (link,)
        assert unit.batches.items(batch.id, limit=5, state=ItemState.FAILED) == [
            replace(third, state=ItemState.FAILED, error=error, blob=None)
        ]


def test_two_workers_with_the_last_two_items_finish_the_batch(store: SqlStore) -> None:
    batch = a_batch(size=2)
    add(store, batch)
    together = threading.Barrier(2)

    def work(item: BatchItem) -> None:
        together.wait(10)
        settle(store, item)

    threads = [threading.Thread(target=work, args=(item,)) for item in items_of(batch)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with store.read() as unit:
        assert unit.batches.get(batch.id).finished_at == LATER


def test_a_cancelled_batch_keeps_what_was_checked(store: SqlStore) -> None:
    batch = a_batch()
    add(store, batch)
    first, second, _ = items_of(batch)
    settle(store, first)
    for at in (LATER, LATER + timedelta(days=1)):  # the first time counts
        with store.unit() as unit:
            assert unit.batches.cancel(batch.id, at) == replace(batch, finished_at=LATER, cancelled_at=LATER)
    assert not settle(store, second)
    with store.read() as unit:
        states = [item.state for item in unit.batches.items(batch.id, limit=5)]
    assert states == [ItemState.CHECKED, ItemState.CANCELLED, ItemState.CANCELLED]


def test_a_deleted_batch_is_gone_with_everything(store: SqlStore) -> None:
    add(store, a_batch("a"), a_batch("b"))
    with store.unit() as unit:
        unit.upload_prints.add(UploadPrint("a", "0", "m", b"f"))
        unit.upload_prints.add(UploadPrint("b", "0", "m", b"f"))
    with store.unit() as unit:
        unit.batches.delete("a")
    with store.read() as unit:
        assert unit.batches.items("a", limit=5) == []
        assert len(unit.batches.items("b", limit=5)) == 3
        assert unit.upload_prints.members("a", "m") == set()
        assert unit.upload_prints.members("b", "m") == {"0"}
    for call in ("delete", "hold"):
        with pytest.raises(NotFound), store.unit() as unit:
            getattr(unit.batches, call)("a")


def test_batches_are_paged_newest_first_and_by_owner(store: SqlStore) -> None:
    add(store, *(a_batch(f"b{n}", created_at=NOON + timedelta(seconds=n // 2), owner="ab"[n % 2]) for n in range(5)))
    seen, cursor = [], None
    with store.read() as unit:
        while True:
            page, cursor = unit.batches.page(after=cursor, limit=2)
            seen += [batch.id for batch in page]
            if cursor is None:
                break
        assert [batch.id for batch in unit.batches.page(after=None, limit=9, owner="b")[0]] == ["b3", "b1"]
        with pytest.raises(InvalidRequest, match="cursor"):
            unit.batches.page(after="nonsense", limit=2)
    assert seen == ["b4", "b3", "b2", "b1", "b0"]


# jobs of certain kinds


def test_a_worker_claims_its_own_kinds(store: SqlStore) -> None:
    with store.unit() as unit:
        for kind in ("slow", "quick", "slow", "unknown"):
            unit.outbox.add(kind, {}, available_at=NOON)
    with store.unit() as unit:
        quick = unit.outbox.claim(NOON, limit=9, lease_seconds=1, without=["slow"])
        slow = unit.outbox.claim(NOON, limit=1, lease_seconds=1, only=["slow"])
    assert [job.kind for job in quick] == ["quick", "unknown"]
    assert [job.kind for job in slow] == ["slow"]


# fingerprints of uploads


def test_prints_are_told_apart_by_group_and_models(store: SqlStore) -> None:
    prints = [UploadPrint("g", str(n), "new" if n else "old", bytes([n])) for n in range(3)]
    with store.unit() as unit:
        for one in (*prints, UploadPrint("h", "0", "new", b"other")):
            unit.upload_prints.add(one)
    with store.read() as unit:
        assert unit.upload_prints.members("g", "new") == {"1", "2"}
        assert unit.upload_prints.others("g", "new") == ["0"]
        assert unit.upload_prints.find("g", ["2", "0", "7"]) == [prints[0], prints[2]]
    with store.unit() as unit:
        unit.upload_prints.add(UploadPrint("g", "0", "new", b"again"))
        unit.upload_prints.drop("g", "1")
    with store.read() as unit:
        assert unit.upload_prints.find("g", ["0", "1"]) == [UploadPrint("g", "0", "new", b"again")]
    with store.unit() as unit:
        unit.upload_prints.drop("g")
        assert unit.upload_prints.members("g", "new") == set()
        assert unit.upload_prints.members("h", "new") == {"0"}


# watches


def a_watch(name: str = "wch_1", **changes: Any) -> Watch:
    watch = Watch(name, "studio", NOON, "落日", digest(name), digest("s"), digest("p"), "image/png", 64, 48)
    return replace(watch, **changes)


def a_hit(watch: Watch, number: int, **changes: Any) -> WatchHit:
    hit = WatchHit(0, watch.id, watch.owner, WorkId(number), f"chk_{number}", "copy", 0.99, NOON)
    return replace(hit, **changes)


@pytest.fixture
def with_works(store: SqlStore) -> SqlStore:
    with store.unit() as unit:
        for number in (1, 2, 3):
            unit.works.add(a_work(number), keys_of(a_work(number)))
    return store


def watch(store: SqlStore, *watches: Watch, most: int = 10) -> None:
    for one in watches:
        with store.unit() as unit:
            unit.watches.add(one, most=most)


def test_a_watch_comes_back(store: SqlStore) -> None:
    watch(store, a_watch(licensee="did:example:shop"), a_watch("wch_2", created_at=LATER))
    with store.unit() as unit:
        unit.watches.checked("wch_1", LATER)
    with store.read() as unit:
        assert unit.watches.get("wch_1") == a_watch(licensee="did:example:shop", checked_at=LATER)
        assert [one.id for one in unit.watches.page(after=None, limit=1)[0]] == ["wch_2"]
        assert unit.watches.page(after=None, limit=9, owner="another") == ([], None)
        with pytest.raises(NotFound, match="wch_3"):
            unit.watches.get("wch_3")


def test_an_owner_watches_only_so_many_uploads(store: SqlStore) -> None:
    watch(store, a_watch("a"), a_watch("b"), most=2)
    with pytest.raises(InvalidRequest, match="watch 2 uploads"):
        watch(store, a_watch("c"), most=2)
    watch(store, a_watch("c", owner="another"), most=2)
    with pytest.raises(Conflict):
        watch(store, a_watch("a"))


def test_a_pair_has_one_hit(with_works: SqlStore) -> None:
    one, two = a_watch("a"), a_watch("b", owner="another")
    watch(with_works, one, two)
    with with_works.unit() as unit:
        assert unit.watches.add_hit(a_hit(one, 1))
        assert not unit.watches.add_hit(a_hit(one, 1, check_id="chk_again"))
        assert unit.watches.add_hit(a_hit(two, 1))
        assert unit.watches.add_hit(a_hit(one, 2))
    with with_works.read() as unit:
        everything = unit.watches.hits(limit=10)
        assert [replace(hit, id=0) for hit in everything] == [a_hit(one, 1), a_hit(two, 1), a_hit(one, 2)]
        assert [hit.id for hit in everything] == sorted({hit.id for hit in everything})
        assert unit.watches.hits(after=everything[0].id, limit=1) == everything[1:2]
        assert unit.watches.hits(owner="studio", limit=9) == [everything[0], everything[2]]
        assert unit.watches.hits(watch_id="b", limit=9) == everything[1:2]
        assert unit.watches.hit_works("a") == {WorkId(1), WorkId(2)}
        assert unit.watches.checks_of("a") == ["chk_1", "chk_2"]


def test_a_withdrawn_work_leaves_the_hits(with_works: SqlStore) -> None:
    watch(with_works, a_watch())
    with with_works.unit() as unit:
        unit.watches.add_hit(a_hit(a_watch(), 1))
        unit.watches.add_hit(a_hit(a_watch(), 2))
        unit.works.withdraw(WorkId(1), LATER)
    with with_works.read() as unit:
        assert [hit.work_id for hit in unit.watches.hits(limit=9)] == [WorkId(2)]
        assert unit.watches.hit_works("wch_1") == {WorkId(1), WorkId(2)}


def test_a_deleted_watch_takes_its_hits_along_and_gets_no_more(with_works: SqlStore) -> None:
    watch(with_works, a_watch())
    with with_works.unit() as unit:
        unit.watches.add_hit(a_hit(a_watch(), 1))
        unit.watches.delete("wch_1")
    with with_works.read() as unit:
        assert unit.watches.hits(limit=9) == []
    for call in (lambda unit: unit.watches.delete("wch_1"), lambda unit: unit.watches.add_hit(a_hit(a_watch(), 2))):
        with pytest.raises(NotFound), with_works.unit() as unit:
            call(unit)


def test_a_hit_is_about_a_work_that_is_here(with_works: SqlStore) -> None:
    watch(with_works, a_watch())
    with pytest.raises(NotFound), with_works.unit() as unit:
        unit.watches.add_hit(a_hit(a_watch(), 404))


# decisions


def a_decision(check: str, number: int, opinion: Opinion = Opinion.CONFIRM, **changes: Any) -> Decision:
    decision = Decision(
        0, check, "studio", WorkId(number), opinion, "看过了", "ann", NOON, "partial", 0.9371, "logistic-1"
    )
    return replace(decision, **changes)


@pytest.fixture
def with_checks(with_works: SqlStore) -> SqlStore:
    with with_works.unit() as unit:
        for number, probability in enumerate((0.1, 0.5, 0.97)):
            unit.checks.add(Check(f"c{number}", "studio", NOON, {}, "logistic-1", probability))
        unit.checks.add(Check("settled", "studio", NOON, {}))
        unit.checks.add(Check("other", "another", NOON, {}, "logistic-2", 0.99))
    return with_works


def test_decisions_stay_and_the_last_one_stands(with_checks: SqlStore) -> None:
    with with_checks.unit() as unit:
        first = unit.decisions.add(a_decision("c0", 1))
        other = unit.decisions.add(a_decision("c0", 2, Opinion.UNSURE))
        third = unit.decisions.add(a_decision("other", 1, Opinion.REJECT, owner="another"))
        again = unit.decisions.add(a_decision("c0", 1, Opinion.REJECT, reviewer="bob", created_at=LATER))
    with with_checks.read() as unit:
        assert unit.decisions.of_check("c0") == [first, other, again]
        assert unit.decisions.standing(limit=9) == [other, third, again]
        assert unit.decisions.standing("studio", limit=9) == [other, again]
        assert unit.decisions.standing("studio", after=other.id, limit=1) == [again]
        assert unit.decisions.of_check("c1") == []


def test_decisions_go_with_their_check(with_checks: SqlStore) -> None:
    with with_checks.unit() as unit:
        unit.decisions.add(a_decision("c0", 1))
        unit.checks.delete("c0")
    with with_checks.read() as unit:
        assert unit.decisions.standing(limit=9) == []
        assert unit.decisions.scored("studio") == {"logistic-1": 2}


@pytest.mark.parametrize("lost", [a_decision("nowhere", 1), a_decision("c0", 404)])
def test_a_decision_is_about_a_check_and_a_work_that_are_here(with_checks: SqlStore, lost: Decision) -> None:
    with pytest.raises(NotFound), with_checks.unit() as unit:
        unit.decisions.add(lost)


def test_scores_are_counted_by_calibration_and_owner(with_checks: SqlStore) -> None:
    with with_checks.read() as unit:
        assert unit.decisions.scored() == {"logistic-1": 3, "logistic-2": 1}
        assert unit.decisions.scored("another") == {"logistic-2": 1}
        reaching = [unit.decisions.reaching("logistic-1", threshold) for threshold in (0.1, 0.5, 0.98)]
        assert reaching == [3, 2, 0]
        assert unit.decisions.reaching("logistic-1", 0.1, "another") == 0
        assert unit.checks.get("c1") == Check("c1", "studio", NOON, {}, "logistic-1", 0.5)
        assert unit.checks.get("settled").calibration is None
