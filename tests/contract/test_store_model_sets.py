"""The Store port: which models described the works, and what a new set of models still has to see."""

import threading
from dataclasses import replace
from datetime import timedelta

import pytest

from provenance.adapters.store import SqlStore
from provenance.core.errors import Conflict, NotFound
from provenance.core.models import ModelSet, ModelSetState, Undescribed, models_key
from provenance.core.types import WorkId
from tests.records import NOON, a_work, keys_of

OLD, NEW = models_key(["old"]), models_key(["new", "and another"])
SOURCES = ({"plugin": "clip", "weights": "/models/图.pt"}, {"plugin": "lite0"})


def a_set(key: str, state: ModelSetState = ModelSetState.COMING, **changes: object) -> ModelSet:
    return replace(ModelSet(key, ("图/1", "b"), SOURCES, state, NOON), **changes)


def lacking(store: SqlStore, key: str = NEW, after: int | None = None, limit: int = 10) -> list[int]:
    with store.read() as unit:
        works = unit.model_sets.lacking(key, after=None if after is None else WorkId(after), limit=limit)
    return [work.id.payload for work in works]


def describe(store: SqlStore, number: int, key: str = NEW) -> bool:
    with store.unit() as unit:
        return unit.model_sets.describe(WorkId(number), b"print %d" % number, key=key)


def note(store: SqlStore, number: int, error: str = "its file is gone") -> None:
    with store.unit() as unit:
        unit.model_sets.note(Undescribed(NEW, WorkId(number), error, NOON))


def serve(store: SqlStore, key: str = NEW, *, without_noted: bool = False) -> bool:
    with store.unit() as unit:
        return unit.model_sets.serve(key, without_noted=without_noted)


def withdraw(store: SqlStore, number: int) -> None:
    with store.unit() as unit:
        unit.works.withdraw(WorkId(number), NOON)
        unit.fingerprints.append(WorkId(number), None)


@pytest.fixture
def store(store: SqlStore) -> SqlStore:
    """With four works by the old models, which serve, and a new set that has seen none."""
    with store.unit() as unit:
        unit.model_sets.put(a_set(OLD, ModelSetState.SERVING))
        unit.model_sets.put(a_set(NEW, created_at=NOON + timedelta(hours=1)))
        for number in (1, 2, 3, 4):
            unit.works.add(a_work(number), keys_of(a_work(number)))
            unit.fingerprints.append(WorkId(number), b"old %d" % number, models=OLD)
    return store


# sets


def test_a_set_comes_back_and_is_replaced_by_its_key(store: SqlStore) -> None:
    changed = a_set(NEW, sources=(), cursor=WorkId(2))
    with store.read() as unit:
        assert unit.model_sets.get(OLD) == a_set(OLD, ModelSetState.SERVING)
        assert unit.model_sets.get("none") is None
        assert unit.model_sets.serving() == a_set(OLD, ModelSetState.SERVING)
        assert [one.key for one in unit.model_sets.all()] == [OLD, NEW]
    with store.unit() as unit:
        unit.model_sets.put(changed)
    with store.read() as unit:
        assert unit.model_sets.get(NEW) == changed


def test_the_cursor_moves_and_nothing_else(store: SqlStore) -> None:
    with store.unit() as unit:
        unit.model_sets.move(NEW, WorkId(3))
    with store.read() as unit:
        assert unit.model_sets.get(NEW) == a_set(NEW, created_at=NOON + timedelta(hours=1), cursor=WorkId(3))
    with pytest.raises(NotFound, match="none"), store.unit() as unit:
        unit.model_sets.move("none", None)


# operations by models


def test_operations_are_read_by_the_models_that_made_them(store: SqlStore) -> None:
    describe(store, 1)
    withdraw(store, 2)
    with store.read() as unit:
        by_new = unit.fingerprints.since(0, 10, models=NEW)
        by_old = unit.fingerprints.since(0, 10, models=OLD)
        assert (unit.fingerprints.last(models=NEW), unit.fingerprints.last(models="none")) == (6, 6)
        assert len(unit.fingerprints.since(0, 10)) == 6
    assert [(op.sequence, op.fingerprint) for op in by_new] == [(5, b"print 1"), (6, None)]
    assert [op.sequence for op in by_old] == [1, 2, 3, 4, 6]


# what is left


def test_what_is_left_comes_by_id_behind_a_cursor(store: SqlStore) -> None:
    assert lacking(store) == [1, 2, 3, 4]
    assert lacking(store, limit=2) == [1, 2]
    assert lacking(store, after=2) == [3, 4]
    assert lacking(store, OLD) == []


def test_a_described_noted_or_withdrawn_work_is_not_left(store: SqlStore) -> None:
    assert describe(store, 1)
    note(store, 2)
    withdraw(store, 3)
    assert lacking(store) == [4]
    with store.read() as unit:
        assert unit.model_sets.tally(NEW) == (3, 1, 1)
        assert unit.model_sets.tally(OLD) == (3, 3, 0)


def test_a_work_is_described_once_and_never_after_its_withdrawal(store: SqlStore) -> None:
    assert describe(store, 1)
    assert not describe(store, 1)
    withdraw(store, 2)
    assert not describe(store, 2)
    assert not describe(store, 404)
    with store.read() as unit:
        assert unit.fingerprints.last() == 6


def test_a_note_ends_with_the_fingerprint(store: SqlStore) -> None:
    note(store, 2)
    note(store, 2, "it is damaged")
    note(store, 3)
    with store.read() as unit:
        assert unit.model_sets.notes(NEW, 10) == [
            Undescribed(NEW, WorkId(2), "it is damaged", NOON),
            Undescribed(NEW, WorkId(3), "its file is gone", NOON),
        ]
        assert len(unit.model_sets.notes(NEW, 1)) == 1
        assert unit.model_sets.notes(OLD, 10) == []
    describe(store, 2)
    withdraw(store, 3)
    with store.unit() as unit:
        assert unit.model_sets.notes(NEW, 10) == []
        assert unit.model_sets.forget_notes(NEW) == 1
        assert unit.model_sets.forget_notes(NEW) == 0


# taking over


def test_a_set_takes_over_when_it_has_seen_every_active_work(store: SqlStore) -> None:
    for number in (1, 2, 3):
        describe(store, number)
    assert not serve(store)
    withdraw(store, 4)
    assert serve(store)
    with store.read() as unit:
        assert [(one.key, one.state) for one in unit.model_sets.all()] == [
            (OLD, ModelSetState.RETIRED),
            (NEW, ModelSetState.SERVING),
        ]
    assert serve(store)  # again is the same as once
    assert not serve(store, "none")


def test_noted_works_are_left_out_on_purpose_only(store: SqlStore) -> None:
    for number in (1, 2, 3):
        describe(store, number)
    note(store, 4)
    assert not serve(store)
    assert serve(store, without_noted=True)
    with store.unit() as unit:
        unit.works.add(a_work(5), keys_of(a_work(5)))
    assert not serve(store, without_noted=True)


def test_a_registration_and_a_take_over_do_not_pass_each_other(store: SqlStore) -> None:
    """A registration by the old models alone is in its transaction while another thread wants to switch."""
    for number in (1, 2, 3, 4):
        describe(store, number)
    switched: list[bool] = []
    thread = threading.Thread(target=lambda: switched.append(serve(store)))
    with store.unit() as unit:
        unit.works.add(a_work(5), keys_of(a_work(5)))
        unit.fingerprints.append(WorkId(5), b"old 5", models=OLD)
        thread.start()
        thread.join(0.3)
        assert thread.is_alive()
        serving = unit.model_sets.serving()
        assert serving is not None
        assert serving.key == OLD
    thread.join(10)
    assert switched == [False]


# pruning


def test_pruning_goes_in_parts_and_spares_withdrawals_and_the_others(store: SqlStore) -> None:
    describe(store, 1)
    withdraw(store, 2)
    note(store, 3)
    with store.unit() as unit:
        unit.model_sets.put(a_set("gone"))
        unit.fingerprints.append(WorkId(1), b"gone", models="gone")
    with store.unit() as unit:
        assert unit.model_sets.prune([NEW, "gone"], 1) == 1
        assert unit.model_sets.get(NEW) is not None
    with store.unit() as unit:
        assert unit.model_sets.prune([NEW, "gone"], 10) == 1
    with store.read() as unit:
        assert [one.key for one in unit.model_sets.all()] == [OLD]
        assert [op.sequence for op in unit.fingerprints.since(0, 10)] == [1, 2, 3, 4, 6]
        assert unit.model_sets.notes(NEW, 10) == []


def test_the_serving_set_is_not_pruned(store: SqlStore) -> None:
    with pytest.raises(Conflict), store.unit() as unit:
        unit.model_sets.prune([NEW, OLD], 10)
    with store.read() as unit:
        assert unit.fingerprints.last() == 4


def test_numbers_are_not_given_again_after_pruning(store: SqlStore) -> None:
    describe(store, 1)
    with store.unit() as unit:
        unit.model_sets.prune([NEW], 10)
    withdraw(store, 1)
    with store.read() as unit:
        assert unit.fingerprints.last() == 6
