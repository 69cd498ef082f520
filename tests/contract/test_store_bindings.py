"""The Store port: what a resolver asks of soft bindings."""

from datetime import timedelta

import pytest

from provenance.adapters.store import SqlStore
from provenance.core.records import Binding
from provenance.core.types import WorkId
from tests.records import NOON, a_manifest, a_work, keys_of

ISCC = "io.iscc.v0"


@pytest.fixture
def store(store: SqlStore) -> SqlStore:
    """With the manifests `one` and `two` of the studio and `other` of somebody else."""
    with store.unit() as unit:
        unit.manifests.add(a_manifest("one", log_index=7), [Binding("mark", "AAE=", "urn:c2pa:one")])
        unit.manifests.add(a_manifest("two"), [Binding(ISCC, "AAE=", "urn:c2pa:two")])
        unit.manifests.add(a_manifest("other", owner="other"), [Binding("mark", "AAE=", "urn:c2pa:other")])
    return store


def test_a_manifest_remembers_its_leaf(store: SqlStore) -> None:
    with store.read() as unit:
        assert unit.manifests.get("urn:c2pa:one").log_index == 7
        assert unit.manifests.get("urn:c2pa:two").log_index is None


def test_bindings_of_a_value_are_those_of_the_owners_live_manifests(store: SqlStore) -> None:
    with store.unit() as unit:
        assert [(b.alg, b.manifest_id) for b in unit.manifests.bindings_of("studio", "AAE=")] == [
            (ISCC, "urn:c2pa:two"),
            ("mark", "urn:c2pa:one"),
        ]
        assert len(unit.manifests.bindings_of(None, "AAE=")) == 3
        assert unit.manifests.bindings_of("studio", "AAI=") == []
        unit.manifests.delete("urn:c2pa:one", NOON + timedelta(hours=1))
        assert [b.manifest_id for b in unit.manifests.bindings_of("studio", "AAE=")] == ["urn:c2pa:two"]


def test_what_is_unbound_leads_nowhere_and_may_be_bound_again(store: SqlStore) -> None:
    mark = Binding("mark", "AAE=", "urn:c2pa:one")
    with store.unit() as unit:
        unit.manifests.unbind(mark)
        unit.manifests.unbind(mark)
        unit.manifests.unbind(Binding("mark", "AAE=", "urn:c2pa:none"))
        assert [m.id for m in unit.manifests.by_binding("mark", "AAE=", 10)] == ["urn:c2pa:other"]
        unit.manifests.bind(mark)
    with store.read() as unit:
        assert len(unit.manifests.by_binding("mark", "AAE=", 10)) == 2


def test_values_come_in_pages_each_once(store: SqlStore) -> None:
    with store.unit() as unit:
        for value in ("BBBB", "CCCC", "DDDD"):
            unit.manifests.bind(Binding(ISCC, value, "urn:c2pa:one"))
        unit.manifests.bind(Binding(ISCC, "CCCC", "urn:c2pa:two"))
    with store.read() as unit:
        assert unit.manifests.values(ISCC, after="", limit=2) == ["AAE=", "BBBB"]
        assert unit.manifests.values(ISCC, after="BBBB", limit=9) == ["CCCC", "DDDD"]
        assert unit.manifests.values("mark", after="AAE=", limit=9) == []


def test_values_of_works_can_be_left_out(store: SqlStore) -> None:
    with store.unit() as unit:
        unit.works.add(a_work(1), keys_of(a_work(1)))
        of_work = a_manifest("work", work_id=WorkId(1))
        unit.manifests.add(of_work, [Binding(ISCC, "ZZZZ", of_work.id), Binding(ISCC, "AAE=", of_work.id)])
    with store.read() as unit:
        assert unit.manifests.values(ISCC, after="", limit=9) == ["AAE=", "ZZZZ"]
        assert unit.manifests.values(ISCC, after="", limit=9, works=False) == ["AAE="]
