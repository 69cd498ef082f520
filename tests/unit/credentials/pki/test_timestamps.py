"""RFC 3161: our authority judged by OpenSSL and rfc3161-client; tokens that don't verify; hostile requests."""

import contextlib
import hashlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from asn1crypto import tsp
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st
from rfc3161_client import HashAlgorithm, TimestampRequestBuilder, VerifierBuilder, decode_timestamp_response

from provenance.core.errors import InvalidTimestamp, UntrustedSigner
from provenance.credentials.pki import chains, profiles, timestamps, tokens
from tests.pki import Pki, key, make_pki, openssl, pki_now, wanted

NOW = datetime(2026, 11, 21, 20, 0, 5, 250_000, tzinfo=UTC)
IMPRINT = hashlib.sha256(b"an artwork").digest()
NONCE = (1 << 63) + 12345


@pytest.fixture(scope="module")
def pki() -> Pki:
    return make_pki(NOW)


def stamped(pki: Pki, imprint: bytes = IMPRINT, **changes) -> bytes:
    authority = replace(pki.authority, **changes)
    return timestamps.token_in(timestamps.answer(timestamps.ask(imprint, nonce=NONCE), authority, now=NOW, serial=77))


def check(pki: Pki, token: bytes, imprint: bytes = IMPRINT) -> tokens.Timestamp:
    return tokens.check(token, imprint, anchors=[pki.root.certificate])


def rejected(response: bytes) -> tuple[set[str], str]:
    status = timestamps._Response.load(response)["status"]
    assert status["status"].native == "rejection"
    return status["fail_info"].native, status["status_string"].native[0]


def request(**fields) -> bytes:
    usual = {
        "version": "v1",
        "message_imprint": {"hash_algorithm": {"algorithm": "sha256"}, "hashed_message": IMPRINT},
        "cert_req": True,
    }
    return tsp.TimeStampReq(usual | fields).dump()


def imprint(algorithm: str, size: int) -> dict:
    return {"message_imprint": {"hash_algorithm": {"algorithm": algorithm}, "hashed_message": bytes(size)}}


# ---- being an authority


def test_a_token_says_when_who_and_under_which_policy(pki: Pki):
    said = check(pki, stamped(pki))
    assert said.time == NOW.replace(microsecond=0)
    assert (said.authority, said.serial, said.algorithm) == ("Time-Stamp Authority", 77, "SHA-256")
    assert said.policy == timestamps.POLICY
    assert said.certificate == pki.tsa.certificate


@pytest.mark.parametrize(("algorithm", "size"), [("sha256", 32), ("sha384", 48), ("sha512", 64)])
def test_the_three_hashes(pki: Pki, algorithm: str, size: int):
    answer = timestamps.answer(request(**imprint(algorithm, size)), pki.authority, now=NOW, serial=1)
    assert check(pki, timestamps.token_in(answer), bytes(size)).algorithm == f"SHA-{size * 8}"


def test_the_nonce_comes_back_and_certificates_only_where_asked_for(pki: Pki):
    info = decode_timestamp_response(timestamps.answer(request(nonce=NONCE), pki.authority, now=NOW, serial=1))
    assert info.tst_info.nonce == NONCE
    assert len(info.signed_data.certificates) == 2
    bare = decode_timestamp_response(timestamps.answer(request(cert_req=False), pki.authority, now=NOW, serial=1))
    assert bare.tst_info.nonce is None
    assert len(bare.signed_data.certificates) == 0


def test_the_signed_attributes_name_the_certificate(pki: Pki):
    content = timestamps._Response.load(timestamps.answer(request(), pki.authority, now=NOW, serial=1))
    (signer,) = content["time_stamp_token"]["content"]["signer_infos"]
    attributes = {attribute["type"].native: attribute["values"] for attribute in signer["signed_attrs"]}
    assert set(attributes) == {"content_type", "signing_time", "message_digest", "signing_certificate_v2"}
    (named,) = attributes["signing_certificate_v2"][0]["certs"]
    (own,) = chains.der([pki.tsa.certificate])
    assert named["cert_hash"].native == hashlib.sha256(own).digest()


@pytest.mark.parametrize(
    ("data", "failure", "said"),
    [
        (b"", "bad_data_format", "no TimeStampReq"),
        (b"junk", "bad_data_format", "no TimeStampReq"),
        (b"\x30\x80" * 1000, "bad_data_format", "no TimeStampReq"),
        (b"x" * 4097, "bad_request", "4,096"),
        (request(**imprint("sha1", 20)), "bad_alg", "SHA-256"),
        (request(**imprint("md5", 16)), "bad_alg", "SHA-256"),
        (request(**imprint("sha256", 31)), "bad_data_format", "length"),
        (request(**imprint("sha512", 32)), "bad_data_format", "length"),
        (request(req_policy="1.2.3.4"), "unaccepted_policy", timestamps.POLICY),
        (
            request(extensions=[{"extn_id": "1.2.3.4", "critical": False, "extn_value": b"\x05\x00"}]),
            "unaccepted_extensions",
            "extension",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_rejections_say_why(pki: Pki, data: bytes, failure: str, said: str):
    flags, reason = rejected(timestamps.answer(data, pki.authority, now=NOW, serial=1))
    assert flags == {failure}
    assert said in reason


def test_our_own_policy_may_be_asked_for(pki: Pki):
    answer = timestamps.answer(request(req_policy=timestamps.POLICY), pki.authority, now=NOW, serial=1)
    assert check(pki, timestamps.token_in(answer)).policy == timestamps.POLICY


@given(st.data())
def test_a_damaged_request_gets_an_answer(pki: Pki, data: st.DataObject):
    damaged = bytearray(request(nonce=NONCE))
    for _ in range(data.draw(st.integers(1, 4))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    answer = timestamps._Response.load(timestamps.answer(bytes(damaged), pki.authority, now=NOW, serial=1))
    assert answer["status"]["status"].native in ("granted", "rejection")


@given(st.binary(max_size=200))
def test_any_bytes_get_an_answer(pki: Pki, data: bytes):
    flags, _ = rejected(timestamps.answer(data, pki.authority, now=NOW, serial=1))
    assert flags


# ---- other people's tools


@pytest.mark.parametrize("algorithm", ["-sha256", "-sha384", "-sha512"])
def test_openssl_verifies_our_tokens(tmp_path, algorithm: str):
    pki = pki_now()
    (tmp_path / "art").write_bytes(b"an artwork")
    (tmp_path / "root.pem").write_bytes(chains.pem([pki.root.certificate]))
    assert openssl("ts", "-query", "-data", "art", algorithm, "-cert", "-out", "q", folder=tmp_path).returncode == 0
    response = timestamps.answer((tmp_path / "q").read_bytes(), pki.authority, now=pki.now, serial=5)
    (tmp_path / "r").write_bytes(response)
    (tmp_path / "t").write_bytes(timestamps.token_in(response))
    for options in (("-queryfile", "q", "-in", "r"), ("-data", "art", "-token_in", "-in", "t")):
        done = openssl("ts", "-verify", *options, "-CAfile", "root.pem", folder=tmp_path)
        assert "Verification: OK" in done.stdout, done.stderr
    (tmp_path / "art").write_bytes(b"another artwork")
    done = openssl("ts", "-verify", "-data", "art", "-in", "r", "-CAfile", "root.pem", folder=tmp_path)
    assert done.returncode != 0


@pytest.mark.parametrize("algorithm", list(HashAlgorithm))
def test_rfc3161_client_verifies_our_tokens(algorithm: HashAlgorithm):
    pki = pki_now()
    asked = TimestampRequestBuilder().data(b"an artwork").hash_algorithm(algorithm).cert_request(cert_request=True)
    built = asked.build()
    answer = decode_timestamp_response(timestamps.answer(built.as_bytes(), pki.authority, now=pki.now, serial=5))
    verifier = VerifierBuilder.from_request(built).add_root_certificate(pki.root.certificate).build()
    assert verifier.verify_message(answer, b"an artwork")


# ---- checking a token


def test_a_token_over_other_bytes(pki: Pki):
    with pytest.raises(InvalidTimestamp, match="other bytes"):
        check(pki, stamped(pki), bytes(32))


def test_nobody_is_trusted_without_being_named(pki: Pki):
    with pytest.raises(UntrustedSigner, match="by Time-Stamp Authority"):
        tokens.check(stamped(pki), IMPRINT, anchors=[])


def test_a_token_of_another_root(pki: Pki):
    with pytest.raises(InvalidTimestamp, match="does not verify"):
        tokens.check(stamped(pki), IMPRINT, anchors=[make_pki(NOW).root.certificate])


def test_several_roots_are_tried(pki: Pki):
    roots = [make_pki(NOW).root.certificate, pki.root.certificate, pki.root.certificate]
    assert tokens.check(stamped(pki), IMPRINT, anchors=roots).serial == 77


def test_a_token_without_the_ca_between_leads_nowhere(pki: Pki):
    with pytest.raises(InvalidTimestamp, match="does not verify"):
        check(pki, stamped(pki, above=()))


def test_a_token_signed_by_another_key(pki: Pki):
    with pytest.raises(InvalidTimestamp, match="does not verify"):
        check(pki, stamped(pki, key=key()))


def test_a_token_from_a_time_when_its_certificate_was_not_valid(pki: Pki):
    late = NOW + timedelta(days=profiles.TSA_DAYS + 1)
    answer = timestamps.answer(timestamps.ask(IMPRINT, nonce=1), pki.authority, now=late, serial=1)
    with pytest.raises(InvalidTimestamp, match="does not verify"):
        check(pki, timestamps.token_in(answer))


def test_a_certificate_for_something_else_stamps_no_time(pki: Pki):
    with pytest.raises(InvalidTimestamp, match="not for time-stamping alone"):
        check(pki, stamped(pki, certificate=pki.leaf.certificate, key=pki.leaf.key, above=(pki.claim_ca.certificate,)))


def test_a_certificate_with_two_purposes_stamps_no_time(pki: Pki):
    own = key()
    both = [x509.ExtendedKeyUsageOID.TIME_STAMPING, profiles.EMAIL_PROTECTION]
    asked = wanted("Both", now=NOW, days=9)
    builder = profiles._issued(own.public_key(), asked, pki.tsa_ca)
    made = builder.add_extension(x509.ExtendedKeyUsage(both), critical=True).sign(
        pki.tsa_ca.key, profiles.signature_hash(ec.SECP384R1())
    )
    with pytest.raises(InvalidTimestamp, match="alone"):
        check(pki, stamped(pki, certificate=made, key=own))


def test_an_answer_to_another_request(pki: Pki):
    with pytest.raises(InvalidTimestamp, match="another request"):
        tokens.check_answer(stamped(pki), IMPRINT, nonce=NONCE + 1, anchors=())
    assert tokens.check_answer(stamped(pki), IMPRINT, nonce=NONCE, anchors=()).serial == 77


def test_a_rejection_holds_no_token(pki: Pki):
    with pytest.raises(InvalidTimestamp, match="answered rejection: this is no TimeStampReq"):
        timestamps.token_in(timestamps.answer(b"junk", pki.authority, now=NOW, serial=1))


@pytest.mark.parametrize("data", [b"", b"\x30\x00", b"<html>", b"x" * ((64 << 10) + 1)])
def test_an_answer_that_is_none(data: bytes):
    with pytest.raises(InvalidTimestamp):
        timestamps.token_in(data)


@pytest.mark.parametrize("data", [b"", b"\x30\x00", b"\x05\x00", b"x" * 40_000])
def test_a_token_that_is_none(pki: Pki, data: bytes):
    with pytest.raises(InvalidTimestamp):
        tokens.read(data)
    with pytest.raises(InvalidTimestamp):
        check(pki, data)


@pytest.fixture(scope="module")
def token(pki: Pki) -> bytes:
    return stamped(pki)


@given(changes=st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(1, 255)), min_size=1, max_size=3))
def test_a_damaged_token_never_says_anything_else(pki: Pki, token: bytes, changes: list[tuple[float, int]]):
    damaged = bytearray(token)
    for place, change in changes:
        damaged[int(place * len(damaged))] ^= change
    with contextlib.suppress(InvalidTimestamp):
        said, meant = check(pki, bytes(damaged)), check(pki, token)
        assert (said.time, said.serial, said.policy) == (meant.time, meant.serial, meant.policy)
