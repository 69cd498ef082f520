"""Terms, offers, grants, and what they do to a check."""

import json
from datetime import UTC, datetime, timedelta

import pytest
import rfc8785

from provenance.core.digests import file_digest
from tests.service import Api, new_picture
from tests.unit.faces.test_api_works import problem

BUYER = "did:web:buyer.example"
PRICE = {"terms": "commercial", "price_minor": 1500, "currency": "EUR"}


@pytest.fixture(scope="module")
def offered(api: Api) -> dict:
    """A work of ann's with an offer."""
    data = new_picture()
    work = api.register(data)
    offer = api.http.post(f"/v1/works/{work['id']}/offers", headers=api.auth(), json=PRICE)
    assert offer.status_code == 201, offer.text
    return {"work": work, "data": data, "offer": offer.json()}


def grant(api: Api, offer: dict, key: str, *, owner: str = "ann", scopes: tuple[str, ...] = (), **body):
    body = {"offer_id": offer["id"], "licensee": BUYER} | body
    return api.http.post("/v1/grants", headers=api.auth(owner, *scopes) | {"Idempotency-Key": key}, json=body)


def test_terms_are_public_and_their_bytes_give_the_hash(api: Api):
    hashes = api.http.get("/v1/terms").json()
    assert set(hashes) == {"personal", "commercial", "ai-training-denied"}
    for slug, digest in hashes.items():
        document = api.http.get(f"/v1/terms/{slug}").json()
        assert file_digest(rfc8785.dumps(document)) == digest
    problem(api.http.get("/v1/terms/free-beer"), 400, "invalid-request")


def test_from_an_offer_to_a_licensed_copy(api: Api, offered: dict):
    work, data = offered["work"], offered["data"]
    buyer = "did:web:first.example"
    asked = {"licensee": buyer}
    assert api.check(data, **asked)["matches"][0]["licence"]["status"] == "not-licensed"

    answer = grant(api, offered["offer"], "order-1", licensee=buyer)
    assert answer.status_code == 201, answer.text
    granted = answer.json()
    assert (granted["price_minor"], granted["currency"], granted["work_id"]) == (1500, "EUR", work["id"])
    assert api.http.get(answer.headers["location"], headers=api.auth()).json() == granted

    licence = api.check(data, **asked)["matches"][0]["licence"]
    assert licence == {"status": "licensed", "grant_id": granted["id"], "terms": "commercial"}
    other = api.check(data, licensee="did:web:other.example")["matches"][0]["licence"]
    assert other["status"] == "not-licensed"


def test_a_licence_certificate_verifies_and_a_changed_one_does_not(api: Api, offered: dict):
    certificate = grant(api, offered["offer"], "order-2").json()["certificate"]
    verified = _verify(api, certificate)
    assert verified["result"] == "verified", verified
    forged = json.loads(json.dumps(certificate).replace(BUYER, "did:web:thief.example"))
    refused = _verify(api, forged)
    assert (refused["result"], refused["error"]["code"]) == ("refused", "invalid-signature")


def test_offers_are_listed_for_whoever_reads_works(api: Api, offered: dict):
    path = f"/v1/works/{offered['work']['id']}/offers"
    assert api.http.get(path, headers=api.auth("bob", "works:read")).json() == {"items": [offered["offer"]]}


def test_only_its_owner_offers_a_work_and_grants_from_its_offers(api: Api, offered: dict):
    """A key of somebody else's must not license what it does not own, nor read who holds which licence."""
    path = f"/v1/works/{offered['work']['id']}/offers"
    problem(api.http.post(path, headers=api.auth("bob"), json=PRICE), 404, "not-found")
    problem(grant(api, offered["offer"], "order-3", owner="bob"), 404, "not-found")
    granted = grant(api, offered["offer"], "order-4", owner="market", scopes=("admin",))
    assert granted.status_code == 201
    location = granted.headers["location"]
    problem(api.http.get(location, headers=api.auth("bob")), 404, "not-found")
    assert api.http.get(location, headers=api.auth()).status_code == 200


def test_a_grant_without_an_idempotency_key_is_refused(api: Api, offered: dict):
    body = {"offer_id": offered["offer"]["id"], "licensee": BUYER}
    answer = api.http.post("/v1/grants", headers=api.auth(), json=body)
    assert "Idempotency-Key" in problem(answer, 400, "invalid-request")["detail"]


def test_a_replayed_grant_is_the_first_grant(api: Api, offered: dict):
    first = grant(api, offered["offer"], "order-5")
    again = grant(api, offered["offer"], "order-5")
    assert (again.status_code, again.json()) == (201, first.json())
    problem(grant(api, offered["offer"], "order-5", licensee="did:web:other.example"), 400, "invalid-request")
    assert grant(api, offered["offer"], "order-6").json()["id"] != first.json()["id"]


@pytest.mark.parametrize(
    "change",
    [
        {"price_minor": -1},
        {"price_minor": 1.5},
        {"price_minor": "1e400"},
        {"currency": "euro"},
        {"currency": "XYZ"},
        {"terms": "free beer"},
        {"valid_until": "2001-01-01T00:00:00Z"},
        {"valid_until": "2999-01-01T00:00:00"},
        {"valid_until": "soon"},
        {"discount": 1},
    ],
)
def test_a_senseless_offer_is_refused(api: Api, offered: dict, change: dict):
    path = f"/v1/works/{offered['work']['id']}/offers"
    problem(api.http.post(path, headers=api.auth(), json=PRICE | change), 400, "invalid-request")


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"licensee": "jo@example.org"}, 400, "invalid-request"),
        ({"licensee": ""}, 400, "invalid-request"),
        ({"valid_until": "2001-01-01T00:00:00Z"}, 400, "invalid-request"),
        ({"valid_until": "2999-01-01"}, 400, "invalid-request"),
        ({"offer_id": "lic_" + "0" * 30}, 404, "not-found"),
        ({"offer_id": "../../etc"}, 400, "invalid-request"),
    ],
)
def test_a_senseless_grant_is_refused(api: Api, offered: dict, change: dict, status: int, code: str):
    problem(grant(api, offered["offer"], "order-7", **change), status, code)


def test_a_licence_that_ends_says_so(api: Api, offered: dict):
    end = (datetime.now(UTC) + timedelta(days=30)).replace(microsecond=0)
    granted = grant(api, offered["offer"], "order-8", valid_until=end.isoformat()).json()
    assert datetime.fromisoformat(granted["valid_until"]) == end
    assert datetime.fromisoformat(granted["certificate"]["validUntil"]) == end


def test_a_withdrawn_work_is_neither_offered_nor_granted(api: Api):
    work = api.register()
    path = f"/v1/works/{work['id']}"
    offer = api.http.post(f"{path}/offers", headers=api.auth(), json=PRICE).json()
    api.http.delete(path, headers=api.auth())
    problem(api.http.post(f"{path}/offers", headers=api.auth(), json=PRICE), 409, "conflict")
    problem(grant(api, offer, "order-9"), 409, "conflict")


def _verify(api: Api, certificate: dict) -> dict:
    answer = api.http.post("/v1/verify", files={"certificate": ("c.json", json.dumps(certificate))})
    assert answer.status_code == 200, answer.text
    return answer.json()
