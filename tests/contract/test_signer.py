"""Every `core.ports.Signer` passes this suite."""

import pickle
import warnings
from datetime import UTC, datetime
from functools import cache

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from provenance.adapters.keys import EphemeralSigner, FileSigner, InsecureKeyWarning, KeyFolder
from provenance.core.ports import Signer
from provenance.credentials import did_key

PASSPHRASE = b"correct horse"
DID = "did:web:art.example"


def from_file(folder, did):
    return FileSigner.create(folder / "key.pem", passphrase=PASSPHRASE, did=did)


def from_plain_file(folder, did):
    return FileSigner.create(folder / "key.pem", passphrase=None, did=did, allow_unencrypted=True)


def from_folder(folder, did):
    keys = KeyFolder(folder / "keys", passphrase=PASSPHRASE)
    keys.create(now=datetime(2026, 1, 1, tzinfo=UTC), did=did)
    return keys.signer()


def from_memory(folder, did):
    return EphemeralSigner(did=did)


MAKERS = [from_file, from_plain_file, from_folder, from_memory]


@pytest.fixture(scope="module", params=MAKERS, ids=lambda maker: maker.__name__)
def make(request, tmp_path_factory):
    """Signers by issuer, made once: stretching a passphrase is slow on purpose."""

    @cache
    def made(did: str | None = DID) -> Signer:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", InsecureKeyWarning)
            return request.param(tmp_path_factory.mktemp("signer"), did)

    return made


def test_signatures_verify_under_the_public_key(make):
    signer = make()
    public = Ed25519PublicKey.from_public_bytes(signer.public_key)
    signature = signer.sign(b"body")
    assert len(signature) == 64
    public.verify(signature, b"body")
    with pytest.raises(InvalidSignature):
        public.verify(signature, b"another body")


def test_signing_is_deterministic(make):
    signer = make()
    assert signer.sign(b"body") == signer.sign(b"body")
    assert signer.sign(b"") != signer.sign(b"\0")


def test_the_key_id_is_a_did_url_of_the_issuer(make):
    signer = make()
    did, _, fragment = signer.key_id.partition("#")
    assert did == DID
    assert did_key(signer.public_key) == f"did:key:{fragment}"


def test_without_an_issuer_the_key_is_its_own(make):
    signer = make(None)
    own = did_key(signer.public_key)
    assert signer.key_id == f"{own}#{own.removeprefix('did:key:')}"


def test_a_signer_can_not_be_copied_out(make):
    with pytest.raises(TypeError, match="can't be copied"):
        pickle.dumps(make())


def test_repr_names_the_key_only(make):
    signer = make()
    assert repr(signer) == f"{type(signer).__name__}(key_id={signer.key_id!r})"
