"""Every `core.ports.Keyring` passes this suite: keys read from each form in which a verifier can be given them."""

import json
import warnings
from datetime import UTC, datetime

import pytest

from provenance.adapters.keys import EphemeralSigner, InsecureKeyWarning, KeyFolder
from provenance.core.errors import InvalidSignature, UntrustedSigner
from provenance.core.ports import Keyring
from provenance.credentials import (
    TrustedKeys,
    VerificationKey,
    did_document,
    jwks,
    pinned_did_document,
    pinned_jwks,
    pinned_key,
)

NOW = datetime(2026, 11, 21, 20, 0, tzinfo=UTC)
DID = "did:web:art.example"


def ephemeral(did):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", InsecureKeyWarning)
        return EphemeralSigner(did=did)


def published(signer):
    return [VerificationKey(signer.public_key, signer.key_id)]


def in_memory(tmp_path):
    signer = ephemeral(DID)
    return signer, TrustedKeys(published(signer))


def by_did_document(tmp_path):
    signer = ephemeral(DID)
    return signer, pinned_did_document(json.dumps(did_document(DID, published(signer))))


def by_jwks(tmp_path):
    signer = ephemeral(DID)
    return signer, pinned_jwks(json.dumps(jwks(published(signer))))


def by_pinned_did_key(tmp_path):
    signer = ephemeral(None)
    return signer, pinned_key(signer.public_key)


def by_key_folder(tmp_path):
    folder = KeyFolder(tmp_path / "keys", passphrase=b"correct horse")
    folder.create(now=NOW, did=DID)
    return folder.signer(), KeyFolder(tmp_path / "keys").keyring()  # public keys need no passphrase


KINDS = [in_memory, by_did_document, by_jwks, by_pinned_did_key, by_key_folder]


@pytest.fixture(scope="module", params=KINDS, ids=lambda kind: kind.__name__)
def pair(request, tmp_path_factory) -> tuple[EphemeralSigner, Keyring]:
    return request.param(tmp_path_factory.mktemp("keyring"))


def test_a_good_signature_passes_in_silence(pair):
    signer, keyring = pair
    assert keyring.verify(signer.key_id, b"body", signer.sign(b"body")) is None


@pytest.mark.parametrize("signature", [b"", b"\0" * 64, b"\0" * 63])
def test_a_signature_that_is_none(pair, signature):
    signer, keyring = pair
    with pytest.raises(InvalidSignature):
        keyring.verify(signer.key_id, b"body", signature)


def test_an_altered_body(pair):
    signer, keyring = pair
    with pytest.raises(InvalidSignature):
        keyring.verify(signer.key_id, b"body!", signer.sign(b"body"))


def test_another_key_under_a_trusted_name(pair):
    signer, keyring = pair
    with pytest.raises(InvalidSignature):
        keyring.verify(signer.key_id, b"body", ephemeral(DID).sign(b"body"))


def test_an_unknown_key(pair):
    _, keyring = pair
    stranger = ephemeral(None)
    with pytest.raises(UntrustedSigner):
        keyring.verify(stranger.key_id, b"body", stranger.sign(b"body"))


@pytest.mark.parametrize("key_id", ["", "#", "did:key:#", "did:key:z6Mk#z6Mk", "did:web:art.example", "\0"])
def test_names_that_are_none(pair, key_id):
    _, keyring = pair
    stranger = ephemeral(None)
    with pytest.raises(UntrustedSigner):
        keyring.verify(key_id, b"body", stranger.sign(b"body"))
