"""A key, claims and a certificate that tests bend."""

import hashlib
import warnings
from datetime import UTC, datetime, timedelta

import pytest

from provenance.adapters.keys import EphemeralSigner, InsecureKeyWarning
from provenance.core.types import WorkId
from provenance.credentials import CertificateClaims, TrustedKeys, VerificationKey, issue
from provenance.credentials.vocabulary import TRAINED_ALGORITHMIC_MEDIA

NOW = datetime(2026, 11, 21, 20, 0, 0, tzinfo=UTC)
ISSUER = "did:web:art.example"
MARKED = b"the marked file"


def make_signer(did: str | None = ISSUER, seed: int = 7) -> EphemeralSigner:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", InsecureKeyWarning)
        return EphemeralSigner(did=did, seed=bytes([seed]) * 32)


@pytest.fixture(scope="session")
def signer():
    return make_signer()


@pytest.fixture
def claims():
    return CertificateClaims(
        work_id=WorkId(42),
        source_sha256=hashlib.sha256(b"the source file").hexdigest(),
        source_pixels_sha256="a2" * 32,
        marked_sha256=hashlib.sha256(MARKED).hexdigest(),
        marked_pixels_sha256="b2" * 32,
        media_type="image/png",
        width=640,
        height=480,
        mark_alg="lattice-1",
        mark_key_id="wm-1",
        fingerprint_models=("phash-64",),
        digital_source_type=TRAINED_ALGORITHMIC_MEDIA,
        terms_slug="personal",
        terms_hash="c0" * 32,
    )


@pytest.fixture
def certificate(claims, signer):
    return issue(claims, signer=signer, issuer=ISSUER, valid_from=NOW, valid_until=NOW + timedelta(days=365))


@pytest.fixture(scope="session")
def trusted(signer):
    return TrustedKeys([VerificationKey(signer.public_key, signer.key_id)])
