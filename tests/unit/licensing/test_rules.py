from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from provenance.core.errors import Conflict, InvalidRequest
from provenance.core.records import Grant, Offer
from provenance.core.types import WorkId, check_licensee
from provenance.licensing import LicenceClaims, check_grant, check_offer, holds, is_licensed, template

NOW = datetime(2026, 11, 21, 20, 0, 0, tzinfo=UTC)
DAY = timedelta(days=1)
OFFER = Offer("off_1", WorkId(1), "personal", template("personal").hash, 1250, "EUR", NOW - DAY, NOW + DAY)
GRANT = Grant("grt_1", "off_1", WorkId(1), "acct-9", "personal", OFFER.terms_hash, 1250, "EUR", {}, NOW, NOW + DAY)


@pytest.mark.parametrize("change", [{}, {"price_minor": 0}, {"valid_until": None}, {"currency": "JPY"}])
def test_good_offers(change):
    check_offer(replace(OFFER, **change), NOW)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"price_minor": -1}, "minor units"),
        ({"price_minor": 12.5}, "minor units"),
        ({"currency": "XYZ"}, "ISO 4217"),
        ({"terms_slug": "unheard-of"}, "no terms called"),
        ({"terms_hash": "00" * 32}, "other terms"),
        ({"terms_slug": "commercial"}, "other terms"),
        ({"valid_until": NOW}, "ended already"),
    ],
)
def test_bad_offers(change, said):
    with pytest.raises(InvalidRequest, match=said):
        check_offer(replace(OFFER, **change), NOW)


@pytest.mark.parametrize("until", [None, NOW + DAY])
def test_an_open_offer_grants(until):
    check_grant(OFFER, "did:web:buyer.example", NOW, until)
    check_grant(OFFER, "did:web:buyer.example", OFFER.valid_until)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"closed_at": NOW}, "is closed"),
        ({"closed_at": NOW - DAY}, "is closed"),
        ({"valid_until": NOW - DAY}, "has ended"),
    ],
)
def test_an_offer_that_is_over_grants_nothing(change, said):
    with pytest.raises(Conflict, match=said) as caught:
        check_grant(replace(OFFER, **change), "acct-9", NOW)
    assert caught.value.existing == "off_1"


def test_an_offer_that_closes_later_still_grants():
    check_grant(replace(OFFER, closed_at=NOW + DAY), "acct-9", NOW)


def test_changed_terms_are_not_granted():
    with pytest.raises(InvalidRequest, match="other terms"):
        check_grant(replace(OFFER, terms_hash="00" * 32), "acct-9", NOW)


def test_a_licence_that_ends_before_it_begins():
    with pytest.raises(InvalidRequest, match="ended already"):
        check_grant(OFFER, "acct-9", NOW, NOW)


@pytest.mark.parametrize(
    "licensee", ["ada@example.org", "ada%40example.org", "did:web:x@y", "", " acct", "a b", "é", "x" * 201]
)
def test_licensees_are_ids_and_never_addresses(licensee):
    with pytest.raises(InvalidRequest):
        check_licensee(licensee)
    with pytest.raises(InvalidRequest):
        check_grant(OFFER, licensee, NOW)
    with pytest.raises(InvalidRequest):
        LicenceClaims(
            grant_id="g",
            work_id=WorkId(1),
            work_certificate_hash="",
            licensee=licensee,
            terms_slug="personal",
            terms_hash="",
        )


@settings(deadline=None)
@given(st.emails())
def test_no_email_passes(address):
    with pytest.raises(InvalidRequest):
        check_licensee(address)


@pytest.mark.parametrize("licensee", ["did:key:z6MkrJVnaZkeFz", "did:web:a.example%3A8443:b", "acct-9", "7"])
def test_ids_pass(licensee):
    assert check_licensee(licensee) == licensee


@pytest.mark.parametrize(
    ("change", "moment", "expected"),
    [
        ({}, NOW, True),
        ({}, NOW + DAY, True),
        ({}, NOW + 2 * DAY, False),
        ({}, NOW - DAY, False),
        ({"valid_until": None}, NOW + 9999 * DAY, True),
        ({"revoked_at": NOW + DAY / 2}, NOW, True),
        ({"revoked_at": NOW + DAY / 2}, NOW + DAY / 2, False),
    ],
)
def test_when_a_licence_holds(change, moment, expected):
    assert holds(replace(GRANT, **change), moment) is expected


def test_a_licensee_has_only_licences_of_its_own():
    assert is_licensed([GRANT], "acct-9", NOW) is GRANT
    assert is_licensed([GRANT], "acct-99", NOW) is None
    assert is_licensed([GRANT], "ACCT-9", NOW) is None
    assert is_licensed([], "acct-9", NOW) is None


@settings(deadline=None)
@given(st.permutations(range(4)))
def test_the_licence_that_lasts_longest_answers(order):
    grants = [
        replace(GRANT, id="ended", valid_until=NOW - DAY),
        replace(GRANT, id="short"),
        replace(GRANT, id="endless", valid_until=None),
        replace(GRANT, id="revoked", valid_until=None, revoked_at=NOW),
    ]
    shuffled = [grants[index] for index in order]
    assert is_licensed(shuffled, "acct-9", NOW).id == "endless"
    assert is_licensed([g for g in shuffled if g.id != "endless"], "acct-9", NOW).id == "short"
