"""Offers and grants: whose works, which terms, at what price, for how long."""

from datetime import timedelta
from typing import Any

import pytest

from provenance.core.errors import Conflict, InvalidRequest, NotFound
from provenance.core.records import Offer
from provenance.core.types import WorkId
from provenance.credentials import verify
from provenance.licensing import template
from provenance.usecases.license import OfferTerms
from tests.unit.usecases.conftest import Studio

BUYER = "did:example:buyer"


def offer(studio: Studio, work_id: WorkId, owner: str | None = "studio", **fields: Any) -> Offer:
    wanted = OfferTerms(**{"terms": "commercial", "price_minor": 1250, "currency": "EUR", **fields})
    return studio.license.offer(work_id, wanted, owner=owner)


def test_an_offer_quotes_the_terms_by_their_hash(studio: Studio) -> None:
    work = studio.registered(1)
    made = offer(studio, work.id)
    assert (made.work_id, made.price_minor, made.currency) == (work.id, 1250, "EUR")
    assert made.terms_hash == template("commercial").hash
    assert studio.license.offers(work.id) == [made]


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"terms": "for-a-song"}, "no terms called"),
        ({"currency": "eur"}, "ISO 4217"),
        ({"price_minor": -1}, "price"),
        ({"price_minor": 12.5}, "price"),
    ],
)
def test_an_impossible_offer_is_refused(studio: Studio, fields: dict[str, Any], reason: str) -> None:
    work = studio.registered(1)
    with pytest.raises(InvalidRequest, match=reason):
        offer(studio, work.id, **fields)
    assert studio.license.offers(work.id) == []


def test_an_offer_ends_in_the_future(studio: Studio) -> None:
    work = studio.registered(1)
    with pytest.raises(InvalidRequest, match="ended already"):
        offer(studio, work.id, valid_until=studio.clock())


def test_only_the_owner_or_an_administrator_offers(studio: Studio) -> None:
    work = studio.registered(1)
    with pytest.raises(NotFound, match="of yours"):
        offer(studio, work.id, owner="somebody else")
    with pytest.raises(NotFound):
        offer(studio, WorkId(4711))
    assert offer(studio, work.id, owner=None).work_id == work.id


def test_offers_of_an_unknown_work_are_not_found(studio: Studio) -> None:
    with pytest.raises(NotFound):
        studio.license.offers(WorkId(4711))


def test_a_grant_proves_itself(studio: Studio) -> None:
    work = studio.registered(1)
    until = studio.clock() + timedelta(days=30)
    grant = studio.license.grant(offer(studio, work.id).id, BUYER, owner="studio", valid_until=until)
    verified = verify(grant.certificate, keyring=studio.keyring, now=studio.clock(), content=studio.file(work))
    assert (verified.kind, verified.work_id) == ("LicenceCertificate", work.id)
    assert verified.subject["licensee"] == BUYER
    assert verified.subject["certificateHash"] == work.certificate_hash
    assert verified.subject["terms"] == {"slug": "commercial", "hash": grant.terms_hash}
    assert (grant.price_minor, grant.currency, grant.valid_until) == (1250, "EUR", until)
    assert studio.license.granted(grant.id, owner="studio") == grant


def test_grants_are_given_and_seen_by_the_works_owner_or_an_administrator(studio: Studio) -> None:
    work = studio.registered(1)
    offered = offer(studio, work.id)
    with pytest.raises(NotFound, match="no offer"):
        studio.license.grant(offered.id, BUYER, owner="somebody else")
    grant = studio.license.grant(offered.id, BUYER, owner=None)
    with pytest.raises(NotFound, match="no grant"):
        studio.license.granted(grant.id, owner="somebody else")
    assert studio.license.granted(grant.id, owner=None) == grant


def test_unknown_offers_and_grants_are_not_found(studio: Studio) -> None:
    with pytest.raises(NotFound):
        studio.license.grant("lic_none", BUYER, owner=None)
    with pytest.raises(NotFound):
        studio.license.granted("lic_none", owner=None)


def test_an_offer_that_ended_grants_nothing(studio: Studio) -> None:
    work = studio.registered(1)
    made = offer(studio, work.id, valid_until=studio.clock() + timedelta(days=1))
    studio.clock.advance(days=1, seconds=1)
    with pytest.raises(Conflict, match="has ended"):
        studio.license.grant(made.id, BUYER, owner="studio")


def test_a_withdrawn_work_is_neither_offered_nor_granted(studio: Studio) -> None:
    work = studio.registered(1)
    made = offer(studio, work.id)
    studio.withdraw(work.id)
    for call in (
        lambda: offer(studio, work.id),
        lambda: studio.license.grant(made.id, BUYER, owner="studio"),
    ):
        with pytest.raises(Conflict, match="withdrawn") as caught:
            call()
        assert caught.value.existing == str(work.id)


@pytest.mark.parametrize("licensee", ["buyer@shop.example", "", "a b"])
def test_a_licensee_is_an_id(studio: Studio, licensee: str) -> None:
    work = studio.registered(1)
    made = offer(studio, work.id)
    with pytest.raises(InvalidRequest):
        studio.license.grant(made.id, licensee, owner="studio")
    with studio.store.read() as unit:
        assert unit.licences.grants(work.id, licensee) == []
