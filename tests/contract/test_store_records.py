"""The Store port: fingerprints, checks, API keys and licences."""

from dataclasses import replace
from datetime import timedelta

import pytest

from provenance.adapters.store import SqlStore
from provenance.core.errors import Conflict, NotFound
from provenance.core.records import Check, FingerprintOp
from provenance.core.types import WorkId
from tests.records import NOON, a_grant, a_work, an_api_key, an_offer, digest, keys_of


@pytest.fixture
def store(store: SqlStore) -> SqlStore:
    """With the works 1 and 2."""
    with store.unit() as unit:
        for number in (1, 2):
            unit.works.add(a_work(number), keys_of(a_work(number)))
    return store


# fingerprints


def test_operations_come_in_their_order_with_their_bytes(store: SqlStore) -> None:
    everything = bytes(range(256))
    with store.unit() as unit:
        unit.fingerprints.append(WorkId(1), everything)
        unit.fingerprints.append(WorkId(2), b"")
    with store.unit() as unit:
        unit.fingerprints.append(WorkId(1), None)
    with store.read() as unit:
        operations = unit.fingerprints.since(0, 10)
        assert unit.fingerprints.last() == operations[-1].sequence
    assert operations == [
        FingerprintOp(1, WorkId(1), everything),
        FingerprintOp(2, WorkId(2), b""),
        FingerprintOp(3, WorkId(1), None),
    ]
    assert operations[0].id == str(WorkId(1))


def test_catching_up_goes_on_where_it_stopped(store: SqlStore) -> None:
    with store.unit() as unit:
        for number in range(5):
            unit.fingerprints.append(WorkId(1), bytes([number]))
    with store.read() as unit:
        first = unit.fingerprints.since(0, 3)
        rest = unit.fingerprints.since(first[-1].sequence, 3)
        assert unit.fingerprints.since(rest[-1].sequence, 3) == []
    assert [operation.fingerprint for operation in first + rest] == [b"\0", b"\1", b"\2", b"\3", b"\4"]


def test_a_number_is_never_given_twice(store: SqlStore) -> None:
    """An index that saw 1 asks for what is above: an undone one may leave a gap, and nothing may fill it late."""

    def append(fingerprint: bytes) -> None:
        with store.unit() as unit:
            unit.fingerprints.append(WorkId(1), fingerprint)
            if fingerprint == b"undone":
                raise ValueError("stop")

    append(b"kept")
    with pytest.raises(ValueError, match="stop"):
        append(b"undone")
    append(b"next")
    with store.read() as unit:
        assert [operation.fingerprint for operation in unit.fingerprints.since(1, 10)] == [b"next"]


def test_a_fingerprint_belongs_to_a_work(store: SqlStore) -> None:
    with pytest.raises(NotFound), store.unit() as unit:
        unit.fingerprints.append(WorkId(404), b"f")


# checks


def test_a_check_comes_back(store: SqlStore) -> None:
    check = Check("c1", "studio", NOON, {"grade": "copy", "evidence": [{"score": 0.93, "region": [[0.0, 1.0]]}]})
    with store.unit() as unit:
        unit.checks.add(check)
    with store.read() as unit:
        assert unit.checks.get("c1") == check
        with pytest.raises(NotFound, match="c2"):
            unit.checks.get("c2")


def test_a_deleted_check_is_gone(store: SqlStore) -> None:
    with store.unit() as unit:
        unit.checks.add(Check("c1", "studio", NOON, {}))
        unit.checks.add(Check("c2", "studio", NOON, {}))
    with store.unit() as unit:
        unit.checks.delete("c1")
    with store.read() as unit:
        assert unit.checks.get("c2").id == "c2"
        with pytest.raises(NotFound, match="c1"):
            unit.checks.get("c1")
    with pytest.raises(NotFound, match="c1"), store.unit() as unit:
        unit.checks.delete("c1")


# API keys


def test_a_key_is_found_by_its_digest(store: SqlStore) -> None:
    key = an_api_key("pk1")
    with store.unit() as unit:
        unit.api_keys.add(key)
    with store.read() as unit:
        assert unit.api_keys.by_digest(key.digest) == key
        assert unit.api_keys.by_digest(digest("another")) is None


def test_keys_are_listed_oldest_first(store: SqlStore) -> None:
    with store.unit() as unit:
        unit.api_keys.add(an_api_key("b", created_at=NOON + timedelta(hours=1)))
        unit.api_keys.add(an_api_key("c"))
        unit.api_keys.add(an_api_key("a", scopes=frozenset()))
    with store.read() as unit:
        assert [key.id for key in unit.api_keys.all()] == ["a", "c", "b"]


@pytest.mark.parametrize("twin", [an_api_key("pk1", digest=digest("x")), an_api_key("pk2", digest=digest("pk1"))])
def test_an_id_and_a_digest_are_taken_once(store: SqlStore, twin) -> None:
    with store.unit() as unit:
        unit.api_keys.add(an_api_key("pk1"))
    with pytest.raises(Conflict), store.unit() as unit:
        unit.api_keys.add(twin)


def test_a_revoked_key_says_since_when(store: SqlStore) -> None:
    with store.unit() as unit:
        unit.api_keys.add(an_api_key("pk1"))
    for at in (NOON, NOON + timedelta(days=1)):  # the first time counts
        with store.unit() as unit:
            unit.api_keys.revoke("pk1", at)
    with store.read() as unit:
        assert unit.api_keys.by_digest(digest("pk1")) == an_api_key("pk1", revoked_at=NOON)
    with store.unit() as unit, pytest.raises(NotFound, match="pk9"):
        unit.api_keys.revoke("pk9", NOON)


# licences


def test_offers_and_grants_come_back(store: SqlStore) -> None:
    offer = an_offer("o1", a_work(1), price_minor=2**53 + 1, valid_until=NOON + timedelta(days=30), closed_at=NOON)
    grant = a_grant("g1", offer, valid_until=NOON + timedelta(days=30), revoked_at=NOON)
    with store.unit() as unit:
        unit.licences.add_offer(offer)
        unit.licences.add_grant(grant)
    with store.read() as unit:
        assert unit.licences.offer("o1") == offer
        assert unit.licences.grant("g1") == grant
        with pytest.raises(NotFound, match="o2"):
            unit.licences.offer("o2")
        with pytest.raises(NotFound, match="g2"):
            unit.licences.grant("g2")


def test_offers_are_listed_by_work_and_grants_by_licensee(store: SqlStore) -> None:
    later = an_offer("a", a_work(1), created_at=NOON + timedelta(hours=1))
    offers = [later, an_offer("b", a_work(1)), an_offer("c", a_work(2))]
    grants = [a_grant("g1", later), a_grant("g2", later, licensee="did:example:other"), a_grant("g3", offers[2])]
    with store.unit() as unit:
        for offer in offers:
            unit.licences.add_offer(offer)
        for grant in grants:
            unit.licences.add_grant(grant)
    with store.read() as unit:
        assert [offer.id for offer in unit.licences.offers(WorkId(1))] == ["b", "a"]
        assert unit.licences.grants(WorkId(1), "did:example:buyer") == [grants[0]]
        assert unit.licences.grants(WorkId(1), "did:example:nobody") == []


def test_a_licence_hangs_on_what_exists(store: SqlStore) -> None:
    offer = an_offer("o1", a_work(1))
    with pytest.raises(NotFound), store.unit() as unit:
        unit.licences.add_offer(an_offer("o2", a_work(404)))
    with pytest.raises(NotFound), store.unit() as unit:
        unit.licences.add_grant(a_grant("g1", offer))  # never stored
    with store.unit() as unit:
        unit.licences.add_offer(offer)
        unit.licences.add_grant(a_grant("g1", offer))
    with pytest.raises(Conflict), store.unit() as unit:
        unit.licences.add_offer(replace(offer, currency="CHF"))
    with pytest.raises(Conflict), store.unit() as unit:
        unit.licences.add_grant(a_grant("g1", offer))
