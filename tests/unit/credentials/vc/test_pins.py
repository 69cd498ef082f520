import base64
import json
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from provenance.core.errors import InvalidSignature, Misconfigured, UntrustedSigner
from provenance.credentials import (
    TrustedKeys,
    VerificationKey,
    did_document,
    did_key,
    jwks,
    pinned_did_document,
    pinned_jwks,
    pinned_key,
)
from provenance.credentials.multiformats import multikey
from tests.unit.credentials.conftest import ISSUER, NOW, make_signer

DAY = timedelta(days=1)


def pem(key) -> bytes:
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def forms(public: bytes) -> list:
    return [
        public,
        pem(Ed25519PublicKey.from_public_bytes(public)),
        multikey(public),
        did_key(public) + "\n",
        public.hex(),
        "0x" + public.hex().upper(),
        base64.b64encode(public),
        base64.urlsafe_b64encode(public).rstrip(b"=").decode(),
    ]


@pytest.mark.parametrize("form", range(8))
def test_every_form_of_a_key_pins_it(signer, form):
    keys = pinned_key(forms(signer.public_key)[form])
    keys.verify(signer.key_id, b"body", signer.sign(b"body"))
    assert [key.public_key for key in keys.keys] == [signer.public_key]


def other_pem() -> bytes:
    return pem(ec.generate_private_key(ec.SECP256R1()).public_key())


@pytest.mark.parametrize(
    "data", ["", "z6Mkbroken", "did:key:", "ab" * 31, "-----BEGIN PUBLIC KEY-----\nAAAA", b"\xff" * 31, other_pem()]
)
def test_anything_else_is_no_key(data):
    with pytest.raises(Misconfigured, match="Ed25519 public key"):
        pinned_key(data)


def test_a_pin_without_a_name_can_not_tell_alteration_from_another_signer(signer):
    with pytest.raises(UntrustedSigner, match="or it was altered"):
        pinned_key(signer.public_key).verify(signer.key_id, b"changed", signer.sign(b"body"))


def test_a_pinned_did_key_can(signer):
    signer = make_signer(did=None)
    keys = pinned_key(signer.public_key)
    with pytest.raises(InvalidSignature):
        keys.verify(signer.key_id, b"changed", signer.sign(b"body"))
    with pytest.raises(UntrustedSigner):
        keys.verify(make_signer(did=None, seed=9).key_id, b"body", make_signer(seed=9).sign(b"body"))


def history(signer):
    old, bad = make_signer(seed=8), make_signer(seed=9)
    return [
        VerificationKey(bad.public_key, bad.key_id, revoked=NOW),
        VerificationKey(old.public_key, old.key_id, valid_until=NOW),
        VerificationKey(signer.public_key, signer.key_id),
    ]


@pytest.mark.parametrize("published", ["did", "jwks"])
def test_published_history_reads_back_as_it_was(signer, published):
    keys = history(signer)
    if published == "did":
        read = pinned_did_document(json.dumps(did_document(ISSUER, keys)).encode())
    else:
        read = pinned_jwks(json.dumps(jwks(keys)))
    assert set(read.keys) == set(keys)


def test_jwks_carries_the_beginning_too(signer):
    key = VerificationKey(signer.public_key, signer.key_id, valid_from=NOW - DAY)
    assert pinned_jwks(jwks([key])).keys == (key,)


def test_only_assertion_keys_of_the_did_itself_are_taken(signer):
    document = did_document(ISSUER, [VerificationKey(signer.public_key, signer.key_id)])
    method = document["verificationMethod"][0]
    login = {**method, "id": f"{ISSUER}#login"}
    foreign = {**method, "id": f"{ISSUER}#foreign", "controller": "did:web:stranger.example"}
    unreadable = {**method, "id": f"{ISSUER}#odd", "publicKeyMultibase": "zOdd"}
    document["verificationMethod"] += [login, foreign, unreadable, {"id": f"{ISSUER}#empty"}, "text"]
    document["assertionMethod"] += [foreign["id"], unreadable["id"], f"{ISSUER}#empty"]
    assert [key.key_id for key in pinned_did_document(document).keys] == [signer.key_id]


def test_relative_embedded_and_jwk_methods_are_read(signer):
    x = base64.urlsafe_b64encode(signer.public_key).rstrip(b"=").decode()
    jwk = {"id": "#key-1", "type": "JsonWebKey", "controller": ISSUER, "publicKeyJwk": {"kty": "OKP", "x": x}}
    embedded = {"id": "#key-2", "type": "Multikey", "publicKeyMultibase": multikey(signer.public_key)}
    document = {"id": ISSUER, "verificationMethod": [jwk], "assertionMethod": ["#key-1", embedded]}
    assert {key.key_id for key in pinned_did_document(document).keys} == {f"{ISSUER}#key-1", f"{ISSUER}#key-2"}


@pytest.mark.parametrize(
    "document",
    [
        b"not json",
        b"[]",
        {},
        {"id": "https://art.example"},
        {"id": ISSUER, "verificationMethod": {}},
        {"id": ISSUER, "verificationMethod": [], "assertionMethod": []},
        b"[" * 100_000,
    ],
)
def test_documents_that_are_none(document):
    with pytest.raises(Misconfigured):
        pinned_did_document(document)


@pytest.mark.parametrize(
    "document",
    [
        {"keys": {}},
        {"keys": []},
        {"keys": [{"kty": "EC", "crv": "P-256"}]},
        {"keys": [{"crv": "Ed25519", "x": "short"}]},
        {"keys": [{"crv": "Ed25519", "x": "A" * 43, "exp": "soon"}]},
        {"keys": [{"crv": "Ed25519", "x": "A" * 43, "exp": 10**30}]},
    ],
)
def test_jwk_sets_that_are_none(document):
    with pytest.raises(Misconfigured):
        pinned_jwks(document)


def test_a_kid_that_is_no_did_pins_the_key_itself(signer):
    entry = jwks([VerificationKey(signer.public_key, signer.key_id)])["keys"][0]
    keys = pinned_jwks({"keys": [{**entry, "kid": "2026-11"}]})
    keys.verify(signer.key_id, b"body", signer.sign(b"body"))


def named(signer, *times, **more):
    return TrustedKeys([VerificationKey(signer.public_key, signer.key_id, *times, **more)])


def unnamed(signer, *times, **more):
    """As a JWK set with a `kid` of its own pins it."""
    return TrustedKeys([VerificationKey(signer.public_key, None, *times, **more)])


@pytest.mark.parametrize("pin", [named, unnamed])
def test_windows_bound_the_proof_s_date(signer, pin):
    keys = pin(signer, NOW, NOW + DAY)
    signature = signer.sign(b"body")
    for moment in (NOW, NOW + DAY):
        keys.verify_at(signer.key_id, b"body", signature, at=moment)
    for moment, finding in ((NOW - DAY, "key-not-yet"), (NOW + 2 * DAY, "key-retired")):
        with pytest.raises(UntrustedSigner) as caught:
            keys.verify_at(signer.key_id, b"body", signature, at=moment)
        assert caught.value.finding == finding


@pytest.mark.parametrize("pin", [named, unnamed])
def test_a_revoked_key_counts_at_no_time(signer, pin):
    keys = pin(signer, revoked=NOW)
    signature = signer.sign(b"body")
    with pytest.raises(UntrustedSigner, match="revoked"):
        keys.verify_at(signer.key_id, b"body", signature, at=datetime(2000, 1, 1, tzinfo=UTC))
    with pytest.raises(UntrustedSigner, match="revoked"):
        keys.verify(signer.key_id, b"body", signature)


def test_an_altered_body_is_refused_at_any_time(signer):
    with pytest.raises(InvalidSignature):
        named(signer).verify_at(signer.key_id, b"body!", signer.sign(b"body"), at=NOW)
    with pytest.raises(UntrustedSigner):
        unnamed(signer).verify_at(signer.key_id, b"body!", signer.sign(b"body"), at=NOW)


def test_keys_join_and_one_name_has_one_key(signer):
    named = TrustedKeys([VerificationKey(signer.public_key, signer.key_id)])
    assert len(named | named | pinned_key(signer.public_key)) == 2
    with pytest.raises(Misconfigured, match="two different keys"):
        named | TrustedKeys([VerificationKey(bytes(32), signer.key_id)])


def test_no_keys_trust_nobody(signer):
    with pytest.raises(UntrustedSigner, match="not among"):
        TrustedKeys().verify(signer.key_id, b"body", signer.sign(b"body"))
