"""OCSP: what is answered, what OpenSSL makes of it, and what a hostile answer or request gets."""

import contextlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp as x509_ocsp
from hypothesis import given
from hypothesis import strategies as st

from provenance.core.errors import InvalidOcspResponse, InvalidRequest, Revoked
from provenance.credentials.pki import chains, ocsp, profiles
from provenance.credentials.pki.ocsp import Standing
from tests.pki import Pki, key, make_pki, openssl, pki_now, wanted

NOW = datetime(2026, 11, 21, 20, 0, tzinfo=UTC)
GOOD = Standing(known=True)
HOUR = timedelta(hours=1)


@pytest.fixture(scope="module")
def pki() -> Pki:
    return make_pki(NOW)


@pytest.fixture(scope="module")
def good(pki: Pki) -> bytes:
    return answered(pki)


@pytest.fixture(scope="module")
def revoked(pki: Pki) -> bytes:
    return answered(pki, Standing(True, NOW - HOUR, "keyCompromise"))


def asked(pki: Pki, algorithm: hashes.HashAlgorithm | None = None, nonce: bytes | None = None) -> bytes:
    builder = x509_ocsp.OCSPRequestBuilder().add_certificate(
        pki.leaf.certificate, pki.claim_ca.certificate, algorithm or hashes.SHA256()
    )
    if nonce is not None:
        builder = builder.add_extension(x509.OCSPNonce(nonce), critical=False)
    return builder.build().public_bytes(Encoding.DER)


def answered(pki: Pki, standing: Standing = GOOD, *, responder=None, now: datetime = NOW) -> bytes:
    request = ocsp.read_request(ocsp.ask(pki.leaf.certificate, pki.claim_ca.certificate))
    return ocsp.respond(request, responder or pki.responder, standing, now=now)


def check(pki: Pki, response: bytes, *, at: datetime = NOW) -> ocsp.Answer:
    return ocsp.check(response, pki.leaf.certificate, pki.claim_ca.certificate, at=at)


# ---- requests


@pytest.mark.parametrize("algorithm", [hashes.SHA1(), hashes.SHA256(), hashes.SHA384(), hashes.SHA512()])
def test_a_request_is_about_one_ca(pki: Pki, algorithm: hashes.HashAlgorithm):
    request = ocsp.read_request(asked(pki, algorithm))
    assert ocsp.asks_about(request, pki.claim_ca.certificate)
    assert not ocsp.asks_about(request, pki.tsa_ca.certificate)
    assert not ocsp.asks_about(request, make_pki(NOW).claim_ca.certificate)  # the same name, another key


@pytest.mark.parametrize(
    "data", [b"", b"\x30", b"\x30\x00", b"junk", b"\x30\x84\xff\xff\xff\xff", b"x" * 4097, b"\x30\x80" * 2000]
)
def test_what_is_no_request_is_refused(data: bytes):
    with pytest.raises(InvalidRequest):
        ocsp.read_request(data)


@pytest.mark.parametrize("size", [0, 129, 1000])
def test_a_senseless_nonce_is_refused(pki: Pki, size: int):
    with pytest.raises(InvalidRequest):
        ocsp.read_request(asked(pki, nonce=bytes(size)))


def test_an_unknown_hash_is_refused(pki: Pki):
    from asn1crypto.ocsp import OCSPRequest

    request = OCSPRequest.load(asked(pki))
    request["tbs_request"]["request_list"][0]["req_cert"]["hash_algorithm"]["algorithm"] = "md5"
    with pytest.raises(InvalidRequest):
        ocsp.read_request(request.dump(force=True))


def test_a_request_for_two_certificates_is_refused(pki: Pki):
    from asn1crypto.ocsp import OCSPRequest, Requests

    request = OCSPRequest.load(asked(pki))
    one = request["tbs_request"]["request_list"][0]
    request["tbs_request"]["request_list"] = Requests([one, one.copy()])
    with pytest.raises(InvalidRequest, match="one certificate"):
        ocsp.read_request(request.dump(force=True))


@given(st.data())
def test_a_damaged_request_is_a_typed_refusal(pki: Pki, data: st.DataObject):
    request = bytearray(asked(pki, nonce=b"12345678"))
    for _ in range(data.draw(st.integers(1, 4))):
        request[data.draw(st.integers(0, len(request) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(InvalidRequest):
        ocsp.respond(ocsp.read_request(bytes(request)), pki.responder, GOOD, now=NOW)


# ---- responses


def test_a_response_repeats_the_question_and_its_nonce(pki: Pki):
    request = ocsp.read_request(asked(pki, nonce=b"a nonce of ours"))
    response = x509_ocsp.load_der_ocsp_response(ocsp.respond(request, pki.responder, GOOD, now=NOW))
    assert response.extensions.get_extension_for_class(x509.OCSPNonce).value.nonce == b"a nonce of ours"
    assert response.serial_number == pki.leaf.certificate.serial_number
    assert response.certificates == [pki.ocsp.certificate]
    since = NOW - ocsp.BACKDATED
    assert (response.this_update_utc, response.next_update_utc) == (since, since + timedelta(days=1))


@pytest.mark.parametrize("reason", [*ocsp.REASONS, None])
def test_a_revocation_has_its_time_and_reason(pki: Pki, reason: str | None):
    response = x509_ocsp.load_der_ocsp_response(answered(pki, Standing(True, NOW - HOUR, reason)))
    assert response.certificate_status is x509_ocsp.OCSPCertStatus.REVOKED
    assert response.revocation_time_utc == NOW - HOUR
    assert (response.revocation_reason.value if response.revocation_reason else None) == reason


def test_a_serial_number_never_issued_is_unknown(pki: Pki):
    response = x509_ocsp.load_der_ocsp_response(answered(pki, Standing(False)))
    assert response.certificate_status is x509_ocsp.OCSPCertStatus.UNKNOWN


@pytest.mark.parametrize(
    ("made", "status"),
    [(ocsp.malformed, "MALFORMED_REQUEST"), (ocsp.unauthorized, "UNAUTHORIZED"), (ocsp.try_later, "TRY_LATER")],
)
def test_refusals_are_unsigned_statuses(pki: Pki, made, status: str):
    assert x509_ocsp.load_der_ocsp_response(made()).response_status.name == status
    with pytest.raises(InvalidOcspResponse, match=status.lower()):
        check(pki, made())


@pytest.mark.parametrize(
    ("standing", "said"), [(GOOD, "leaf.pem: good"), (Standing(True, NOW, "keyCompromise"), "leaf.pem: revoked")]
)
def test_openssl_reads_the_response(tmp_path, standing: Standing, said: str):
    pki = pki_now()
    if standing.revoked_at:
        standing = replace(standing, revoked_at=pki.now - HOUR)
    for name in ("root", "claim_ca", "leaf"):
        (tmp_path / f"{name}.pem").write_bytes(chains.pem([getattr(pki, name).certificate]))
    (tmp_path / "response").write_bytes(answered(pki, standing, now=pki.now))
    done = openssl(
        "ocsp", "-no_nonce", "-respin", "response", "-issuer", "claim_ca.pem", "-cert", "leaf.pem",
        "-CAfile", "root.pem", "-verify_other", "claim_ca.pem",
        folder=tmp_path,
    )  # fmt: skip
    assert said in done.stdout
    assert "Response verify OK" in done.stderr + done.stdout


# ---- checking somebody's answer


def test_a_good_answer_holds_for_its_time(pki: Pki):
    response = answered(pki)
    since = NOW - ocsp.BACKDATED
    assert check(pki, response) == ocsp.Answer(GOOD, since, since + timedelta(days=1))
    with pytest.raises(InvalidOcspResponse, match="nothing about this time"):
        check(pki, response, at=NOW + timedelta(days=1, seconds=1))
    early = answered(pki, now=NOW + HOUR)
    with pytest.raises(InvalidOcspResponse, match="nothing about this time"):
        check(pki, early, at=NOW + HOUR - timedelta(minutes=11))


def test_revoked_counts_from_its_time_on(pki: Pki):
    response = answered(pki, Standing(True, NOW + HOUR, "keyCompromise"))
    assert check(pki, response).standing == GOOD
    with pytest.raises(Revoked, match=r"2026-11-21T21:00:00Z \(keyCompromise\)"):
        check(pki, response, at=NOW + HOUR)


def test_unknown_is_not_good(pki: Pki):
    with pytest.raises(InvalidOcspResponse, match="does not know"):
        check(pki, answered(pki, Standing(False)))


def test_an_answer_about_another_certificate(pki: Pki):
    with pytest.raises(InvalidOcspResponse, match="another certificate"):
        ocsp.check(answered(pki), pki.new_leaf(), pki.claim_ca.certificate, at=NOW)
    with pytest.raises(InvalidOcspResponse, match="another certificate"):
        ocsp.check(answered(pki), pki.leaf.certificate, make_pki(NOW).claim_ca.certificate, at=NOW)


def test_the_issuer_itself_may_sign(pki: Pki):
    itself = ocsp.Responder(pki.claim_ca.certificate, pki.claim_ca.certificate, pki.claim_ca.key)
    assert check(pki, answered(pki, responder=itself)).standing == GOOD


def test_nobody_else_may_sign(pki: Pki):
    stranger = make_pki(NOW).responder
    with pytest.raises(InvalidOcspResponse, match="nobody whom"):
        check(pki, answered(pki, responder=replace(stranger, issuer=pki.claim_ca.certificate)))
    # a leaf of the right CA, but not for OCSP
    leaf = ocsp.Responder(pki.claim_ca.certificate, pki.leaf.certificate, pki.leaf.key)
    with pytest.raises(InvalidOcspResponse, match="nobody whom"):
        check(pki, answered(pki, responder=leaf))


def test_a_responder_that_has_ended_may_not_sign(pki: Pki):
    late = NOW + timedelta(days=100)
    with pytest.raises(InvalidOcspResponse, match="nobody whom"):
        check(pki, answered(pki, now=late), at=late)


def test_a_responder_of_another_ca_may_not_sign(pki: Pki):
    own = key()
    other = profiles.ocsp_responder(own.public_key(), wanted("Other", now=NOW, days=9), pki.tsa_ca)
    with pytest.raises(InvalidOcspResponse, match="nobody whom"):
        check(pki, answered(pki, responder=ocsp.Responder(pki.claim_ca.certificate, other, own)))


def test_a_signature_that_does_not_fit(pki: Pki, good: bytes):
    signature = x509_ocsp.load_der_ocsp_response(good).signature
    forged = good.replace(signature, signature[:-1] + bytes([signature[-1] ^ 1]))
    with pytest.raises(InvalidOcspResponse, match="does not fit"):
        check(pki, forged)


@pytest.mark.parametrize("data", [b"", b"\x30\x00", b"x" * ((64 << 10) + 1)])
def test_what_is_no_response_is_refused(pki: Pki, data: bytes):
    with pytest.raises(InvalidOcspResponse):
        check(pki, data)


@given(place=st.floats(0, 1, exclude_max=True), change=st.integers(1, 255))
def test_a_damaged_response_never_says_anything_else(pki: Pki, good: bytes, place: float, change: int):
    """What no signature covers may change without harm, such as a certificate that is not the signer's any more."""
    response = bytearray(good)
    response[int(place * len(response))] ^= change
    with contextlib.suppress(InvalidOcspResponse):
        assert check(pki, bytes(response)) == check(pki, good)


@given(place=st.floats(0, 1, exclude_max=True), change=st.integers(1, 255))
def test_a_damaged_revocation_never_says_good(pki: Pki, revoked: bytes, place: float, change: int):
    response = bytearray(revoked)
    response[int(place * len(response))] ^= change
    with pytest.raises((InvalidOcspResponse, Revoked)):
        check(pki, bytes(response))
