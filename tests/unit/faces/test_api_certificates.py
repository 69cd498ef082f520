"""Certificates in their other forms, and how they are taken back, over HTTP."""

import base64
import hashlib
import io
import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pypdf
import pytest

from provenance.core.errors import Revoked
from provenance.credentials import Supplied, pinned_did_document, pinned_jwks, verify
from provenance.credentials.vc.context import CONTEXT_1_0, CONTEXT_1_1
from tests.records import a_grant, a_work, an_offer, keys_of
from tests.service import Api
from tests.unit.faces.test_api_works import problem

BASE_URL = "https://art.example"
REASON = {"reason": "rights-dispute"}


@pytest.fixture
def work(api: Api) -> dict:
    return api.register()


def change(api: Api, path: str, body: Any = None, owner: str = "ann") -> Any:
    return api.http.post(path, headers=api.auth(owner), **({} if body is None else {"json": body}))


def standing(api: Api, work: dict) -> dict:
    answer = api.http.get(f"/v1/works/{work['id']}/certificate/status")
    assert answer.headers["cache-control"] == "no-cache"
    return answer.json()


def test_revoked_over_http_shows_everywhere(api: Api, work: dict) -> None:
    path = f"/v1/works/{work['id']}/certificate"
    assert standing(api, work)["status"] == "valid"
    answer = change(api, f"{path}:revoke", REASON)
    assert (answer.status_code, answer.json()["status"], answer.json()["reason"]) == (200, "revoked", "rights-dispute")
    assert change(api, f"{path}:revoke", {"reason": "superseded"}).json() == answer.json()
    assert standing(api, work) == answer.json()
    judged = api.http.post("/v1/verify", files={"certificate": ("c.json", api.http.get(path).content)}).json()
    assert (judged["result"], judged["error"]["code"], judged["error"]["step"]) == ("refused", "revoked", 11)
    problem(change(api, f"{path}:reinstate"), 409, "conflict")


def test_suspended_and_reinstated_over_http(api: Api, work: dict) -> None:
    path = f"/v1/works/{work['id']}/certificate"
    assert change(api, f"{path}:suspend", REASON).json()["status"] == "suspended"
    assert change(api, f"{path}:reinstate").json()["status"] == "valid"
    document = api.http.get(path).content
    judged = api.http.post("/v1/verify", files={"certificate": ("c.json", document)}).json()
    assert (judged["result"], judged["credential_status"]) == ("verified", "valid")


@pytest.mark.parametrize("body", [{}, {"reason": "Ada said so"}, {"reason": "superseded", "note": "x"}])
def test_a_reason_is_one_of_the_list(api: Api, alps: dict, body: dict) -> None:
    problem(change(api, f"/v1/works/{alps['id']}/certificate:revoke", body), 400, "invalid-request")


def test_nobody_takes_back_what_is_somebody_elses(api: Api, alps: dict) -> None:
    path = f"/v1/works/{alps['id']}/certificate:revoke"
    problem(change(api, path, REASON, owner="eve"), 404, "not-found")
    problem(api.http.post(path, json=REASON), 401, "unauthenticated")
    answer = api.http.post(path, json=REASON, headers=api.auth("ann", "works:read"))
    problem(answer, 403, "forbidden")


def test_an_administrator_takes_back_anything(api: Api, work: dict) -> None:
    answer = api.http.post(
        f"/v1/works/{work['id']}/certificate:suspend", json=REASON, headers=api.auth("root", "admin")
    )
    assert answer.json()["status"] == "suspended"


def test_what_is_not_here(api: Api) -> None:
    missing = "pv-0000000000000"
    problem(api.http.get(f"/v1/works/{missing}/certificate/status"), 404, "not-found")
    problem(api.http.get(f"/v1/works/{missing}/certificate.jwt"), 404, "not-found")
    problem(change(api, f"/v1/works/{missing}/certificate:revoke", REASON), 404, "not-found")
    problem(api.http.get("/v1/grants/lic_000000000000000000000000000000/status"), 404, "not-found")


def test_a_token_verifies_with_the_published_keys_alone(api: Api, alps: dict) -> None:
    answer = api.http.get(f"/v1/works/{alps['id']}/certificate.jwt")
    assert answer.headers["content-type"] == "application/vc+jwt"
    keys = pinned_jwks(api.http.get("/.well-known/jwks.json").content)
    verified = verify(answer.content, keyring=keys, now=datetime.now(UTC))
    assert str(verified.work_id) == alps["id"]
    judged = api.http.post("/v1/verify", files={"certificate": ("c.jwt", answer.content)}).json()
    assert judged["result"] == "verified"


def test_the_sheet_is_its_owners_and_says_what_stands_today(api: Api, work: dict) -> None:
    path = f"/v1/works/{work['id']}/certificate.pdf"
    answer = api.http.get(path, headers=api.auth())
    assert (answer.headers["content-type"], answer.content[:5]) == ("application/pdf", b"%PDF-")
    assert answer.headers["cache-control"] == "private, no-cache"
    page = pypdf.PdfReader(io.BytesIO(answer.content)).pages[0]
    assert len(page.images) == 1
    assert work["id"] in page.extract_text()
    change(api, f"/v1/works/{work['id']}/certificate:revoke", REASON)
    api.http.delete(f"/v1/works/{work['id']}", headers=api.auth())
    after = pypdf.PdfReader(io.BytesIO(api.http.get(path, params={"lang": "zh"}, headers=api.auth()).content)).pages[0]
    assert len(after.images) == 0
    assert "已被签发者吊销：rights-dispute" in after.extract_text()
    problem(api.http.get(path, headers=api.auth("eve")), 404, "not-found")
    problem(api.http.get(path), 401, "unauthenticated")
    problem(api.http.get(path, params={"lang": "xx"}, headers=api.auth()), 400, "invalid-request")


@pytest.mark.parametrize("context", [CONTEXT_1_0, CONTEXT_1_1])
def test_contexts_are_served_by_their_hash(api: Api, context: Any) -> None:
    answer = api.http.get(context.path)
    assert answer.headers["content-type"] == "application/ld+json"
    assert "immutable" in answer.headers["cache-control"]
    digest = base64.urlsafe_b64encode(hashlib.sha256(answer.content).digest()).rstrip(b"=").decode()
    assert context.id == f"ni:///sha-256;{digest}"


def test_a_context_that_is_not_ours(api: Api) -> None:
    problem(api.http.get("/.well-known/ni/sha-256/" + "A" * 43), 404, "not-found")
    problem(api.http.get("/.well-known/ni/sha-256/short"), 400, "invalid-request")


def test_without_a_public_address_there_are_no_status_lists(api: Api) -> None:
    problem(api.http.get("/status/revocation/0"), 404, "not-found")
    problem(api.http.get("/status/refresh/0"), 400, "invalid-request")


# ---- with a public address; the works are written straight into the store, for no model is needed here


@pytest.fixture
def public(api_with: Callable[..., Api]) -> Api:
    api = api_with(base_url=BASE_URL)
    work = a_work(7, owner="ann")
    with api.service.store.unit() as unit:
        unit.works.add(work, keys_of(work))
        unit.licences.add_offer(an_offer("off_1", work))
        unit.licences.add_grant(a_grant("lic_" + "0" * 30, an_offer("off_1", work)))
    return api


def test_a_status_list_is_signed_and_cached(public: Api) -> None:
    answer = public.http.get("/status/revocation/0")
    assert answer.headers["content-type"] == "application/vc"
    assert answer.headers["cache-control"] == "public, max-age=300"
    assert answer.json()["id"] == f"{BASE_URL}/status/revocation/0"
    again = public.http.get("/status/revocation/0", headers={"If-None-Match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    change(public, "/v1/works/pv-0000000000007/certificate:revoke", REASON)
    fresh = public.http.get("/status/revocation/0", headers={"If-None-Match": answer.headers["etag"]})
    assert fresh.status_code == 200
    assert fresh.headers["etag"] != answer.headers["etag"]
    problem(public.http.get("/status/revocation/1"), 404, "not-found")


def test_a_granted_licence_is_revoked_by_its_list(public: Api) -> None:
    offer = {"terms": "commercial", "price_minor": 100, "currency": "EUR"}
    made = public.http.post("/v1/works/pv-0000000000007/offers", json=offer, headers=public.auth()).json()
    grant = public.http.post(
        "/v1/grants",
        json={"offer_id": made["id"], "licensee": "acct-9"},
        headers={**public.auth(), "Idempotency-Key": "order-1"},
    ).json()
    keys = pinned_did_document(public.http.get("/.well-known/did.json").content)

    def outcome() -> str:
        found = public.http.get(grant["certificate"]["credentialStatus"][0]["statusListCredential"][len(BASE_URL) :])
        supplied = Supplied(status_lists=[found.content])
        try:
            verify(json.dumps(grant["certificate"]).encode(), keyring=keys, now=datetime.now(UTC), supplied=supplied)
        except Revoked as error:
            return type(error).__name__
        return "verified"

    assert outcome() == "verified"
    assert change(public, f"/v1/grants/{grant['id']}:revoke", {"reason": "terms-breached"}).status_code == 200
    assert outcome() == "Revoked"
    assert public.http.get(f"/v1/grants/{grant['id']}/status").json()["status"] == "revoked"


def test_a_licence_is_suspended_and_reinstated(public: Api) -> None:
    path = "/v1/grants/lic_" + "0" * 30
    assert change(public, f"{path}:suspend", REASON).json()["status"] == "suspended"
    problem(change(public, f"{path}:reinstate", owner="eve"), 404, "not-found")
    assert change(public, f"{path}:reinstate").json()["status"] == "valid"


def test_a_certificate_of_an_earlier_identity_has_no_token(public: Api) -> None:
    with public.service.store.unit() as unit:
        work = a_work(8, certificate={"id": "urn:uuid:1", "issuer": "did:key:z6MkOther", "proof": {}})
        unit.works.add(work, keys_of(work))
    problem(public.http.get("/v1/works/pv-0000000000008/certificate.jwt"), 409, "conflict")
