"""The queries of every registration and check use an index, however many works there are."""

import sqlite3
from collections.abc import Iterator

import pytest
from sqlalchemy import event
from sqlalchemy.engine import Engine

from provenance.adapters.store import SqlStore
from provenance.core.bulk import ItemState
from provenance.core.ports import Unit
from provenance.core.types import WorkId
from tests.records import NOON, a_batch, a_work, keys_of


@pytest.fixture(scope="module")
def store() -> Iterator[SqlStore]:
    store = SqlStore.memory()
    with store.unit() as unit:
        for number in range(200):
            unit.works.add(a_work(number), keys_of(a_work(number)))
        unit.anchors.add(a_batch(0, [a_work(1), a_work(2)]))
        _, cursor = unit.works.page(after=None, limit=5)
    store.cursor = cursor  # type: ignore[attr-defined]
    yield store
    store.close()


QUERIES = {
    "page": lambda unit, cursor: unit.works.page(after=None, limit=10),
    "next page": lambda unit, cursor: unit.works.page(after=cursor, limit=10),
    "owner's page": lambda unit, cursor: unit.works.page(after=cursor, limit=10, owner="studio"),
    "get": lambda unit, cursor: unit.works.get(WorkId(1)),
    "find": lambda unit, cursor: unit.works.find([WorkId(1), WorkId(2)]),
    "by digest": lambda unit, cursor: unit.works.by_digest("d"),
    "operations": lambda unit, cursor: unit.fingerprints.since(3, 10),
    "last operation": lambda unit, cursor: unit.fingerprints.last(),
    "operations by models": lambda unit, cursor: unit.fingerprints.since(3, 10, models="m"),
    "last operation by models": lambda unit, cursor: unit.fingerprints.last(models="m"),
    "works left to describe": lambda unit, cursor: unit.model_sets.lacking("m", after=WorkId(3), limit=10),
    "describing one": lambda unit, cursor: unit.model_sets.describe(WorkId(3), b"f", key="m"),
    "notes": lambda unit, cursor: unit.model_sets.notes("m", 10),
    "jobs": lambda unit, cursor: unit.outbox.claim(NOON, limit=10, lease_seconds=1),
    "API key": lambda unit, cursor: unit.api_keys.by_digest("d"),
    "forget": lambda unit, cursor: unit.idempotency.forget("studio", "k"),
    "expire": lambda unit, cursor: unit.idempotency.expire(NOON),
    "anchors of a work": lambda unit, cursor: unit.anchors.of_work(WorkId(1)),
    "next nonce": lambda unit, cursor: unit.anchors.next_nonce(1, "0x"),
    "offers": lambda unit, cursor: unit.licences.offers(WorkId(1)),
    "batches": lambda unit, cursor: unit.batches.page(after=None, limit=10),
    "owner's batches": lambda unit, cursor: unit.batches.page(after=None, limit=10, owner="studio"),
    "items that wait": lambda unit, cursor: unit.batches.items("b", limit=1, state=ItemState.WAITING),
    "items": lambda unit, cursor: unit.batches.items("b", limit=10),
    "print": lambda unit, cursor: unit.upload_prints.find("b", ["1"]),
    "owner's watches": lambda unit, cursor: unit.watches.page(after=None, limit=10, owner="studio"),
    "owner's hits": lambda unit, cursor: unit.watches.hits(owner="studio", after=5, limit=10),
    "works that were hit": lambda unit, cursor: unit.watches.hit_works("w"),
    "decisions": lambda unit, cursor: unit.decisions.of_check("c"),
    "scores": lambda unit, cursor: unit.decisions.reaching("cal", 0.5, "studio"),
    "grants": lambda unit, cursor: unit.licences.grants(WorkId(1), "l"),
}
SORTED = ("offers", "grants", "anchors of a work", "decisions")
"""A work has few of these: they are found by index and sorted after."""


def plans_of(unit: Unit, query, cursor: str) -> list[str]:
    """SQLite's plan of every statement that the query runs."""
    plans: list[str] = []

    def explain(connection, cursor_, statement, parameters, context, executemany) -> None:
        if statement.startswith(("SELECT", "DELETE", "UPDATE")):
            raw: sqlite3.Connection = connection.connection.driver_connection
            plans.extend(row[3] for row in raw.execute(f"EXPLAIN QUERY PLAN {statement}", parameters))

    event.listen(Engine, "before_cursor_execute", explain)
    try:
        query(unit, cursor)
    finally:
        event.remove(Engine, "before_cursor_execute", explain)
    return plans


@pytest.mark.parametrize("name", QUERIES)
def test_it_searches_an_index(store: SqlStore, name: str) -> None:
    with store.unit() as unit:
        plans = plans_of(unit, QUERIES[name], store.cursor)  # type: ignore[attr-defined]
    assert plans
    for plan in plans:  # a SCAN along an index is a page in the index's order
        assert not plan.startswith("SCAN") or " INDEX " in plan, plan
        assert name in SORTED or "TEMP B-TREE" not in plan, plan


def test_what_waits_for_an_anchor_looks_leaves_up(store: SqlStore) -> None:
    with store.read() as unit:
        plans = plans_of(unit, lambda unit, _: unit.works.without_anchor(10), "")
    assert any("SEARCH anchor_leaves USING" in plan for plan in plans)
    assert not any("TEMP B-TREE" in plan for plan in plans)
