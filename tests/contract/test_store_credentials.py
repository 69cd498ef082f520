"""The Store port: the transparency log, manifests with their bindings, and the status lists."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest

from provenance.adapters.store import SqlStore
from provenance.core.errors import Conflict, InvalidRequest, NotFound
from provenance.core.records import Binding, CredentialStatus, LogCheckpoint, LogEntry, StatusPurpose
from provenance.core.types import WorkId
from tests.records import NOON, a_manifest, a_work, digest, keys_of

LATER = NOON + timedelta(hours=1)


@pytest.fixture
def store(store: SqlStore) -> SqlStore:
    """With the work 1."""
    with store.unit() as unit:
        unit.works.add(a_work(1), keys_of(a_work(1)))
    return store


# the log


def test_leaves_are_counted_from_zero_and_come_back_byte_for_byte(store: SqlStore) -> None:
    everything = bytes(range(256))
    with store.unit() as unit:
        assert unit.log.size() == 0
        assert unit.log.append("work.registered", everything, at=NOON, work_id=WorkId(1)) == 0
        assert unit.log.append("key.added", b"", at=LATER) == 1
    with store.read() as unit:
        assert unit.log.size() == 2
        assert unit.log.entries(0, 9) == [
            LogEntry(0, "work.registered", everything, NOON, WorkId(1)),
            LogEntry(1, "key.added", b"", LATER),
        ]
        assert [entry.index for entry in unit.log.entries(1, 2)] == [1]
        assert unit.log.entries(2, 2) == []
        assert [entry.index for entry in unit.log.of_work(WorkId(1))] == [0]
        assert unit.log.of_work(WorkId(2)) == []
        assert [entry.index for entry in unit.log.of_kinds(["key.added", "key.retired"])] == [1]


def test_an_undone_leaf_leaves_no_gap(store: SqlStore) -> None:
    with store.unit() as unit:
        unit.works.add(a_work(2), keys_of(a_work(2)))

    def append_and_fail() -> None:
        with store.unit() as unit:
            unit.log.append("key.added", b"never", at=NOON)
            unit.works.add(a_work(2), keys_of(a_work(2)))

    with pytest.raises(Conflict):
        append_and_fail()
    with store.unit() as unit:
        assert unit.log.append("key.added", b"first", at=NOON) == 0


def test_writers_at_once_get_indices_without_a_gap(store: SqlStore) -> None:
    def append(number: int) -> int:
        with store.unit() as unit:
            return unit.log.append("key.added", bytes([number]), at=NOON)

    with ThreadPoolExecutor(4) as pool:
        given = list(pool.map(append, range(20)))
    assert sorted(given) == list(range(20))
    with store.read() as unit:
        stored = {entry.index: entry.data[0] for entry in unit.log.entries(0, 20)}
    assert stored == {index: number for number, index in enumerate(given)}


def test_a_leaf_that_no_tile_could_hold_is_refused(store: SqlStore) -> None:
    with store.unit() as unit:
        assert unit.log.append("key.added", bytes(65_535), at=NOON) == 0
        with pytest.raises(InvalidRequest):
            unit.log.append("key.added", bytes(65_536), at=NOON)


def test_a_tree_head_gathers_signatures_and_never_gets_another_root(store: SqlStore) -> None:
    head = LogCheckpoint(5, digest("root"), "note\n", NOON)
    with store.unit() as unit:
        assert unit.log.checkpoint() is None
        unit.log.put_checkpoint(head)
        unit.log.put_checkpoint(replace(head, size=3, root=digest("earlier")))
        unit.log.put_checkpoint(replace(head, note="note\ncosigned\n", created_at=LATER))
    with store.unit() as unit, pytest.raises(Conflict):
        unit.log.put_checkpoint(replace(head, root=digest("fork")))
    with store.read() as unit:
        assert unit.log.checkpoint() == replace(head, note="note\ncosigned\n")
        earlier = unit.log.checkpoint(3)
        assert earlier is not None
        assert earlier.root == digest("earlier")
        assert unit.log.checkpoint(4) is None


# manifests


def test_a_manifest_is_found_by_id_work_and_binding(store: SqlStore) -> None:
    ours = a_manifest("ours", work_id=WorkId(1), embedded=True)
    newer = a_manifest("newer", work_id=WorkId(1), created_at=LATER)
    mark = Binding("art.provenance.lattice.1", "AAAAAAAAAAE=", ours.id)
    with store.unit() as unit:
        unit.manifests.add(ours, [mark, mark])
        unit.manifests.add(newer, [])
        unit.manifests.bind(replace(mark, manifest_id=newer.id))
        unit.manifests.bind(replace(mark, manifest_id=newer.id))
        unit.manifests.bind(Binding("io.iscc.v0", "IIc=", ours.id))
    with store.read() as unit:
        assert unit.manifests.get(ours.id) == ours
        assert unit.manifests.of_work(WorkId(1)) == [newer, ours]
        assert unit.manifests.by_binding(mark.alg, mark.value, 10) == [newer, ours]
        assert unit.manifests.by_binding(mark.alg, mark.value, 1) == [newer]
        assert unit.manifests.by_binding(mark.alg, "AAAAAAAAAAI=", 10) == []
        assert unit.manifests.bindings(ours.id) == [mark, Binding("io.iscc.v0", "IIc=", ours.id)]


def test_a_deleted_manifest_is_found_by_its_id_only(store: SqlStore) -> None:
    ours = a_manifest("ours", work_id=WorkId(1))
    mark = Binding("a", "b", ours.id)
    with store.unit() as unit:
        unit.manifests.add(ours, [mark])
        unit.manifests.delete(ours.id, LATER)
        unit.manifests.delete(ours.id, LATER + timedelta(days=1))
    with store.unit() as unit:
        assert unit.manifests.get(ours.id) == replace(ours, deleted_at=LATER)
        assert unit.manifests.of_work(WorkId(1)) == []
        assert unit.manifests.by_binding("a", "b", 10) == []
        with pytest.raises(NotFound):
            unit.manifests.bind(Binding("c", "d", ours.id))


def test_an_id_is_taken_once_and_what_is_not_there_is_said(store: SqlStore) -> None:
    with store.unit() as unit:
        unit.manifests.add(a_manifest("ours"), [])
        with pytest.raises(Conflict):
            unit.manifests.add(a_manifest("ours", owner="thief"), [Binding("a", "b", "urn:c2pa:ours")])
        for question in (
            lambda: unit.manifests.get("urn:c2pa:none"),
            lambda: unit.manifests.delete("urn:c2pa:none", LATER),
            lambda: unit.manifests.bind(Binding("a", "b", "urn:c2pa:none")),
        ):
            with pytest.raises(NotFound):
                question()
    with store.read() as unit:
        assert unit.manifests.get("urn:c2pa:ours").owner == "studio"
        assert unit.manifests.bindings("urn:c2pa:ours") == []


# status lists


def test_places_are_given_once(store: SqlStore) -> None:
    with store.unit() as unit:
        assert unit.statuses.last() == -1
        first = unit.statuses.reserve("urn:uuid:1", at=NOON, work_id=WorkId(1))
        second = unit.statuses.reserve("urn:uuid:2", at=NOON, grant_id="lic_1")
        with pytest.raises(Conflict):
            unit.statuses.reserve("urn:uuid:1", at=NOON)
        assert unit.statuses.last() == second > first
    with store.read() as unit:
        assert unit.statuses.by_credential("urn:uuid:1") == CredentialStatus(first, "urn:uuid:1", NOON, WorkId(1))
        assert unit.statuses.by_credential("urn:uuid:3") is None


def test_bits_are_set_and_lifted(store: SqlStore) -> None:
    with store.unit() as unit:
        for number in range(3):
            unit.statuses.reserve(f"urn:uuid:{number}", at=NOON)
        zero, one = (unit.statuses.by_credential(f"urn:uuid:{number}") for number in (0, 1))
        assert zero is not None
        assert one is not None
        unit.statuses.update(replace(zero, suspended_at=LATER, revoked_at=LATER, reason="a fake"))
        unit.statuses.update(replace(one, suspended_at=LATER))
    with store.unit() as unit:
        assert unit.statuses.marked(StatusPurpose.REVOCATION) == [zero.index]
        assert unit.statuses.marked(StatusPurpose.SUSPENSION) == [zero.index, one.index]
        unit.statuses.update(one)
    with store.unit() as unit:
        assert unit.statuses.marked(StatusPurpose.SUSPENSION) == [zero.index]
        with pytest.raises(NotFound):
            unit.statuses.update(replace(one, index=99))
