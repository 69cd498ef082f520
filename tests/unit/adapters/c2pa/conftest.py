"""A certificate authority, a signer, a reader that trusts it, and pictures."""

import io
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest
from PIL import Image

from provenance.adapters.c2pa import C2paReader, C2paSigner
from provenance.core.manifests import ManifestStatement, ManifestUpdate, SoftBinding, Software
from provenance.credentials.vocabulary import TRAINED_ALGORITHMIC_MEDIA
from tests.unit.adapters.c2pa.authority import Authority

WHEN = datetime(2026, 11, 21, 20, 0, tzinfo=UTC)
SERVICE = Software("Provenance", "1.0")
MARK = SoftBinding("art.provenance.lattice.1", bytes.fromhex("00ff7f800a0d1a22"))  # bytes that are no text
ISCC = SoftBinding("io.iscc.v0", bytes(range(154, 256)))


@pytest.fixture(scope="session")
def authority():
    return Authority()


@pytest.fixture(scope="session")
def signer(authority):
    return C2paSigner(
        authority.claims,
        timestamper=authority.stamps,
        revocation=authority.responder,
        anchors=[authority.root.pem],
    )


@pytest.fixture(scope="session")
def reader(authority):
    return C2paReader([authority.root.pem], [authority.stamp_root.pem])


@pytest.fixture(scope="session")
def stranger():
    """A reader that trusts nobody."""
    return C2paReader()


@pytest.fixture(scope="session")
def statement():
    return ManifestStatement(
        title="Sunset no. 7",
        when=WHEN,
        generator=SERVICE,
        digital_source_type=TRAINED_ALGORITHMIC_MEDIA,
        made_with=Software("StableDiffusion", "3.5"),
        watermarked_with=Software("lattice", "1"),
        soft_bindings=(MARK, ISCC),
    )


@pytest.fixture(scope="session")
def change():
    return ManifestUpdate(title="Sunset no. 7", when=WHEN, generator=SERVICE, published=True)


@pytest.fixture(scope="session")
def signed_png(signer, statement):
    return signer.sign(picture("PNG"), "image/png", statement)


def picture(form: str, seed: int = 7) -> bytes:
    """The picture file of one colour ramp with a little noise."""
    ramp = np.add.outer(np.arange(96), np.arange(128))[..., None] + np.array([0, 40, 80])
    noise = np.random.default_rng(seed).integers(0, 30, (96, 128, 3))
    body = io.BytesIO()
    Image.fromarray(((ramp + noise) % 256).astype(np.uint8)).save(body, form)
    return body.getvalue()


def without_bindings(statement: ManifestStatement) -> ManifestStatement:
    return replace(statement, watermarked_with=None, soft_bindings=())
