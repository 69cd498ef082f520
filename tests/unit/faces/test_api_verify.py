"""`/v1/verify` and the published keys."""

import copy
import json
from datetime import UTC, datetime

import pytest

from provenance.credentials import Content, pinned_did_document, pinned_jwks, verify
from tests.service import Api, encoded, picture, scene
from tests.unit.faces.test_api_works import problem


@pytest.fixture
def certificate(api: Api, alps: dict) -> dict:
    return api.http.get(f"/v1/works/{alps['id']}/certificate").json()


def ask(api: Api, document: bytes, file: bytes | None = None) -> dict:
    files = {"certificate": ("c.json", document)} | ({"file": ("art", file)} if file is not None else {})
    answer = api.http.post("/v1/verify", files=files)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_a_certificate_verifies_with_its_marked_file(api: Api, alps: dict, certificate: dict):
    answer = ask(api, json.dumps(certificate).encode(), api.file(alps["id"]))
    assert (answer["result"], answer["register_status"], answer["error"]) == ("verified", "active", None)
    outcomes = {step["code"]: step["outcome"] for step in answer["steps"]}
    assert outcomes["signature"] == outcomes["content"] == "passed"
    assert [step["number"] for step in answer["steps"]] == list(range(1, len(answer["steps"]) + 1))


def test_the_source_file_is_the_certified_content_too(api: Api, certificate: dict):
    answer = ask(api, json.dumps(certificate).encode(), picture("photo-alps.jpg"))
    assert answer["result"] == "verified"


@pytest.mark.parametrize("file", [encoded(scene(3)), b"not even a picture"])
def test_another_file_is_refused_at_the_content_step(api: Api, certificate: dict, file: bytes):
    answer = ask(api, json.dumps(certificate).encode(), file)
    assert (answer["result"], answer["register_status"]) == ("refused", None)
    assert (answer["error"]["code"], answer["error"]["step"]) == ("content-mismatch", 7)
    assert answer["steps"][-1]["outcome"] == "failed"


def test_a_tampered_certificate_is_refused_at_the_signature(api: Api, certificate: dict):
    forged = copy.deepcopy(certificate)
    forged["validUntil"] = "2999-01-01T00:00:00Z"
    answer = ask(api, json.dumps(forged).encode())
    assert (answer["error"]["code"], answer["error"]["step"]) == ("invalid-signature", 5)


@pytest.mark.parametrize("document", [b"", b"{", b"[]", b"\xff\xfe", b"[" * 100_000, b'{"a":1,"a":2}', b"null"])
def test_what_is_no_certificate_is_refused_and_never_an_error(api: Api, document: bytes):
    answer = ask(api, document)
    assert answer["result"] == "refused"
    assert answer["error"]["code"] == "malformed-certificate"


def test_a_withdrawn_works_certificate_verifies_and_the_register_says_so(api: Api):
    work = api.register()
    certificate = api.http.get(f"/v1/works/{work['id']}/certificate").content
    api.http.delete(f"/v1/works/{work['id']}", headers=api.auth())
    answer = ask(api, certificate)
    assert (answer["result"], answer["register_status"]) == ("verified", "withdrawn")


def test_the_published_keys_verify_offline(api: Api, alps: dict, certificate: dict):
    """What a stranger does: download keys and certificate once, then verify without the service."""
    keys = api.http.get("/.well-known/jwks.json")
    did = api.http.get("/.well-known/did.json")
    assert keys.headers["content-type"] == "application/jwk-set+json"
    document = json.dumps(certificate).encode()
    content = Content(api.file(alps["id"]))
    for keyring in (pinned_jwks(keys.content), pinned_did_document(did.content)):
        verified = verify(document, keyring=keyring, now=datetime.now(UTC), content=content)
        assert str(verified.work_id) == alps["id"]


def test_a_bundle_has_the_certificate_and_its_receipts(api: Api, alps: dict, certificate: dict):
    answer = api.http.get(f"/v1/works/{alps['id']}/certificate", params={"receipts": "true"})
    assert answer.json()["certificate"] == certificate
    assert answer.json()["receipts"] == []  # no ledger here
    assert ask(api, answer.content)["result"] == "verified"


def test_the_media_type_of_a_certificate_is_registered(api: Api, alps: dict):
    assert api.http.get(f"/v1/works/{alps['id']}/certificate").headers["content-type"] == "application/vc"


def test_a_certificate_is_needed(api: Api):
    answer = api.http.post("/v1/verify", files={"file": ("art", b"x")})
    assert problem(answer, 400, "invalid-request")["errors"][0]["field"] == "body.certificate"
    text = api.http.post("/v1/verify", files={"certificate": (None, "{}")})
    problem(text, 400, "invalid-request")


def test_what_is_public_may_be_read_from_any_page_and_kept_for_a_while(api: Api, alps: dict):
    for path in ("/.well-known/jwks.json", "/.well-known/did.json", "/v1/terms", f"/v1/works/{alps['id']}/certificate"):
        headers = api.http.get(path).headers
        assert headers["access-control-allow-origin"] == "*", path
        assert headers["cache-control"] == "public, max-age=300"
