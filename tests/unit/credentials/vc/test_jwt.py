"""`vc+jwt`, checked by a library that is not ours and by our own verifier."""

import json
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from joserfc import jws
from joserfc.jwk import KeySet

from provenance.core.errors import InvalidSignature, Misconfigured, VerificationError
from provenance.credentials import (
    ContentMatch,
    Outcome,
    issue_jwt,
    jwks,
    pinned_did_document,
    pinned_jwks,
    pinned_key,
    verify,
)
from provenance.credentials.vc.dids import VerificationKey
from provenance.credentials.vc.jwt import is_compact
from scripts.golden import certificates as golden
from scripts.golden import tokens
from tests.unit.credentials.conftest import MARKED, NOW

KEYS = pinned_did_document(golden.did_json())
TOKEN = tokens.token()


def test_a_jose_library_verifies_it_with_our_key_set():
    published = jwks([VerificationKey(golden.CURRENT.public_key, golden.CURRENT.key_id)])
    opened = jws.deserialize_compact(TOKEN, KeySet.import_key_set(published), algorithms=["Ed25519"])
    assert opened.headers() == {"alg": "Ed25519", "typ": "vc+jwt", "cty": "vc", "kid": golden.CURRENT.key_id}
    claims = json.loads(opened.payload)
    assert claims.pop("iat") == int(golden.NOW.timestamp())
    certificate = golden.certificate()
    del certificate["proof"]
    assert claims == certificate


def test_what_a_jose_library_signed_is_verified_here():
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from joserfc.jwk import OKPKey

    private = Ed25519PrivateKey.from_private_bytes(bytes([1]) * 32)
    header, payload = tokens.parts()
    text = jws.serialize_compact(header, json.dumps(payload), OKPKey.import_key(_pem(private)), algorithms=["Ed25519"])
    assert verify(text.encode(), keyring=KEYS, now=golden.NOW).key_id == golden.CURRENT.key_id


def _pem(private) -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    return private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def test_the_older_name_of_the_algorithm_is_read_too():
    header, payload = tokens.parts()
    assert verify(tokens.signed(header | {"alg": "EdDSA"}, payload), keyring=KEYS, now=golden.NOW)


def test_it_says_what_the_certificate_says(certificate, signer, trusted):
    token = issue_jwt(certificate, signer=signer, issued_at=NOW).encode()
    result = verify(token, keyring=trusted, now=NOW, content=MARKED)
    assert result.content is ContentMatch.MARKED_FILE
    assert result.certificate == {name: value for name, value in certificate.items() if name != "proof"}
    assert (result.kind, result.key_id) == ("ArtworkCertificate", signer.key_id)
    assert [step.finding for step in result.steps[:3]] == ["parsed-jws", "known-shape", "known-suite"]
    assert [step.outcome for step in result.steps[:7]] == [Outcome.PASSED] * 7


def test_white_space_around_it_does_not_matter():
    around = verify(b"\n" + TOKEN + b"\n", keyring=KEYS, now=golden.NOW)
    assert around.certificate_hash == verify(TOKEN, keyring=KEYS, now=golden.NOW).certificate_hash


@pytest.mark.parametrize("pin", [pinned_key(golden.CURRENT.public_key), pinned_jwks(jwks(KEYS.keys))])
def test_any_pin_will_do(pin):
    assert verify(TOKEN, keyring=pin, now=golden.NOW)


def test_it_is_signed_in_the_time_of_its_key():
    """A certificate of a key that retired since is signed again by the current one."""
    old = golden.certificate(golden.RETIRED, start=golden.NOW - 2 * golden.YEAR)
    token = issue_jwt(old, signer=golden.CURRENT, issued_at=golden.NOW).encode()
    assert verify(token, keyring=KEYS, now=golden.NOW).key_id == golden.CURRENT.key_id


def test_only_the_issuer_signs_it():
    with pytest.raises(Misconfigured, match="another identity"):
        issue_jwt(golden.certificate(), signer=golden.STRANGER, issued_at=golden.NOW)


def test_a_licence_and_version_1_0_as_tokens():
    for document in (golden.licence(), golden.certificate_1_0()):
        token = issue_jwt(document, signer=golden.CURRENT, issued_at=golden.NOW).encode()
        assert verify(token, keyring=KEYS, now=golden.NOW).certificate["id"] == document["id"]


def test_a_moment_past_all_calendars_is_refused():
    header, payload = tokens.parts()
    with pytest.raises(VerificationError) as caught:
        verify(tokens.signed(header, payload | {"iat": 2**53 - 1}), keyring=KEYS, now=golden.NOW)
    assert caught.value.step == 6


@pytest.mark.parametrize("text", [b"{}", b"a.b", b"a.b.c.d", b"a..c", b"a b.c.d", b"\xff.b.c"])
def test_what_is_no_compact_serialisation_is_read_as_json(text):
    assert not is_compact(text)


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_flipped_characters_never_pass_and_never_crash(data):
    position = data.draw(st.integers(0, len(TOKEN) - 1))
    changed = TOKEN[:position] + bytes([data.draw(st.integers(0, 255))]) + TOKEN[position + 1 :]
    if changed.strip() == TOKEN:
        return
    with pytest.raises(VerificationError) as caught:
        verify(changed, keyring=KEYS, now=golden.NOW)
    assert all(step.text(language).isprintable() for step in caught.value.trail for language in ("en", "zh"))


@settings(max_examples=100, deadline=None)
@given(st.integers(0, len(TOKEN) - 1))
def test_truncation_is_refused(length):
    with pytest.raises(VerificationError):
        verify(TOKEN[:length], keyring=KEYS, now=golden.NOW)


def test_a_huge_token_is_refused_by_its_size():
    with pytest.raises(VerificationError, match="larger than"):
        verify(b"a" * 600_000 + b".b.c", keyring=KEYS, now=golden.NOW)


def test_a_later_signature_is_no_proof_of_an_earlier_one(certificate, signer, trusted):
    later = issue_jwt(certificate, signer=signer, issued_at=NOW + timedelta(hours=1)).encode()
    earlier = issue_jwt(certificate, signer=signer, issued_at=NOW).encode()
    mixed = later.rpartition(b".")[0] + b"." + earlier.rpartition(b".")[2]
    with pytest.raises(InvalidSignature):
        verify(mixed, keyring=trusted, now=NOW + timedelta(hours=2))
