"""OCSP, time-stamps and trust anchors over HTTP."""

import base64
import hashlib
from urllib.parse import quote

import pytest
from cryptography import x509
from cryptography.x509 import ocsp as x509_ocsp

from provenance.credentials.pki import chains, ocsp, timestamps, tokens
from tests.service import Api

OCSP_TYPE = {"Content-Type": "application/ocsp-request"}
TSA_TYPE = {"Content-Type": "application/timestamp-query"}


@pytest.fixture(scope="module")
def chain(api: Api) -> list[x509.Certificate]:
    """Leaf, its CA, the root, as the service publishes them."""
    found = []
    for name in ("chain", "root"):
        answer = api.http.get(f"/ca/{name}.pem")
        assert answer.status_code == 200
        assert answer.headers["content-type"] == "application/pem-certificate-chain"
        found += chains.read_pem(answer.content)
    return found


def test_the_published_chain_holds(api: Api, chain: list[x509.Certificate]):
    chains.check_links(chain, at=api.service.clock())
    assert api.http.get("/ca/root.pem").headers["cache-control"].startswith("public")
    tsa = chains.read_pem(api.http.get("/ca/tsa.pem").content)
    chains.check_links([*tsa, chain[-1]], at=api.service.clock())


def test_a_cas_certificate_by_its_serial_number(api: Api, chain: list[x509.Certificate]):
    answer = api.http.get(f"/ca/{chain[1].serial_number:x}.cer")
    assert answer.headers["content-type"] == "application/pkix-cert"
    assert x509.load_der_x509_certificate(answer.content) == chain[1]
    for nothing in (f"{chain[0].serial_number:x}", "1", "f" * 40):  # a leaf is nobody's issuer
        assert api.http.get(f"/ca/{nothing}.cer").status_code == 404
    for senseless in ("x", "F" * 41, "../ca.json"):
        assert api.http.get(f"/ca/{senseless}.cer").status_code in (400, 404)


def test_ocsp_by_post_and_by_get(api: Api, chain: list[x509.Certificate]):
    request = ocsp.ask(chain[0], chain[1])
    by_post = api.http.post("/ocsp", content=request, headers=OCSP_TYPE)
    by_get = api.http.get(f"/ocsp/{quote(base64.b64encode(request).decode(), safe='')}")
    for answer in (by_post, by_get):
        assert (answer.status_code, answer.headers["content-type"]) == (200, "application/ocsp-response")
        ocsp.check(answer.content, chain[0], chain[1], at=api.service.clock())
    assert by_post.headers["cache-control"] == "no-store"
    assert by_get.headers["cache-control"].startswith("public")


@pytest.mark.parametrize("data", [b"", b"junk", b"\x30\x80" * 500])
def test_what_is_no_ocsp_request_gets_the_protocols_own_answer(api: Api, data: bytes):
    answer = api.http.post("/ocsp", content=data, headers=OCSP_TYPE)
    said = x509_ocsp.load_der_ocsp_response(answer.content).response_status
    assert (answer.status_code, said.name) == (200, "MALFORMED_REQUEST")


@pytest.mark.parametrize("text", ["!", "AAAA", "a/b/c", "%00", "é"])
def test_what_is_no_base64_of_a_request_too(api: Api, text: str):
    answer = api.http.get(f"/ocsp/{text}")
    assert x509_ocsp.load_der_ocsp_response(answer.content).response_status.name == "MALFORMED_REQUEST"


@pytest.mark.parametrize(
    ("path", "headers", "limit"), [("/ocsp", OCSP_TYPE, ocsp.MAX_REQUEST), ("/tsa", TSA_TYPE, timestamps.MAX_REQUEST)]
)
def test_long_bodies_are_not_read(api: Api, path: str, headers: dict, limit: int):
    answer = api.http.post(path, content=b"x" * (limit + 1), headers=headers)
    assert answer.status_code == 413
    assert answer.json()["type"] == "urn:provenance:problem:too-large"


def test_a_time_stamp(api: Api, chain: list[x509.Certificate]):
    imprint = hashlib.sha256(b"an artwork").digest()
    answer = api.http.post("/tsa", content=timestamps.ask(imprint, nonce=9), headers=TSA_TYPE)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/timestamp-reply")
    token = timestamps.token_in(answer.content)
    assert abs((tokens.check(token, imprint, anchors=chain[-1:]).time - api.service.clock()).total_seconds()) < 60


def test_what_is_no_time_stamp_request_is_rejected_in_the_protocol(api: Api):
    answer = api.http.post("/tsa", content=b"junk", headers=TSA_TYPE)
    assert answer.status_code == 200
    with pytest.raises(Exception, match="this is no TimeStampReq"):
        timestamps.token_in(answer.content)


@pytest.mark.parametrize("path", ["/ca/root.pem", "/ca/chain.pem", "/ca/tsa.pem", "/ca/1.cer", "/ocsp/AAAA"])
def test_a_service_without_a_ca_says_so(api_with, path: str):
    answer = api_with(ca="none").http.get(path)
    assert (answer.status_code, answer.json()["detail"]) == (404, "this service has no certificate authority")


def test_a_production_service_without_a_ca_says_what_to_run(api_with):
    answer = api_with(environment="production").http.get("/ca/root.pem")
    assert answer.status_code == 500
    assert "provenance ca init" in answer.json()["hint"]
