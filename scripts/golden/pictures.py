"""Golden pictures: one whose content credentials hold, and ones with a single defect each.

Keys come from fixed seeds; c2pa-rs makes the ids of manifests at random and ECDSA its signatures, so that each run
writes other bytes with the same meaning.
"""

import io
import time
from datetime import UTC, datetime
from functools import cache
from typing import Any, Final

import numpy as np
from PIL import Image

from provenance.adapters.c2pa import C2paSigner
from provenance.adapters.images import PillowImages
from provenance.core.digests import file_digest
from provenance.core.manifests import ManifestStatement, SignedAsset, SoftBinding, Software
from provenance.credentials import CertificateClaims, ManifestLink, issue
from provenance.credentials import SoftBinding as CertifiedBinding
from provenance.credentials.c2pa import carriers
from provenance.credentials.labels import (
    UsagePolicy,
    metadata_assertion,
    training_mining_entries,
    xmp_properties,
)
from provenance.credentials.vocabulary import TRAINED_ALGORITHMIC_MEDIA
from provenance.usecases.bindings import mark_value, written_value
from scripts.golden import certificates as golden
from scripts.golden.authority import START, Authority, Claims

MEDIA_TYPE: Final = "image/png"
MARK: Final = "art.provenance.lattice.1"
_SECONDS: Final = 3  # that the certificate lives which has expired when the picture is read


@cache
def authority() -> Authority:
    return Authority("Golden")


@cache
def stranger() -> Authority:
    return Authority("Stranger")


def source(seed: int = 0) -> bytes:
    """A small labelled PNG."""
    ramp = np.add.outer(np.arange(48), np.arange(64))[..., None] + np.array([0, 40, 80]) + 17 * seed
    stream = io.BytesIO()
    Image.fromarray((ramp % 256).astype(np.uint8)).save(stream, "PNG")
    return PillowImages().label(stream.getvalue(), xmp_properties(UsagePolicy()))


def signed(data: bytes, *, by: Claims | None = None, **parts: Any) -> SignedAsset:
    """As the service signs; `parts` replace the time-stamp authority and the OCSP responder."""
    ours = authority()
    options: dict[str, Any] = {
        "timestamper": ours.stamps(),
        "revocation": ours.stapler(),
    }
    signer = _Unread(by or ours.signer, **{**options, **parts})
    statement = ManifestStatement(
        title="Golden",
        when=golden.NOW,
        generator=Software("Provenance", "golden"),
        digital_source_type=TRAINED_ALGORITHMIC_MEDIA,
        watermarked_with=Software(MARK),
        soft_bindings=(SoftBinding(MARK, mark_value(golden.WORK)),),
        usage=training_mining_entries(UsagePolicy()),
        metadata=metadata_assertion(UsagePolicy()),
    )
    return signer.sign(data, MEDIA_TYPE, statement)


class _Unread(C2paSigner):
    """Hands out what a signer that reads back what it signed would not."""

    def _read_back(self, *_: object) -> None:
        return


def certificate(picture: SignedAsset, *, linked: SignedAsset | None = None, **changes: Any) -> bytes:
    """About this picture; linking to its manifest, or to that of `linked`."""
    pixels = "b2" * 32
    claims = CertificateClaims(
        **{
            **{name: getattr(golden.claims(), name) for name in CertificateClaims.__dataclass_fields__},
            "marked_sha256": file_digest(picture.data),
            "marked_pixels_sha256": pixels,
            "manifest": ManifestLink.of((linked or picture).manifest_id, (linked or picture).manifest),
            "soft_bindings": (CertifiedBinding(MARK, written_value(mark_value(golden.WORK))),),
            **changes,
        }
    )
    made = issue(
        claims, signer=golden.CURRENT, issuer=golden.ISSUER, valid_from=golden.NOW, valid_until=golden.NOW + golden.YEAR
    )
    return golden.text(made)


def files() -> dict[str, bytes]:
    """Every picture, sidecar and certificate about a picture, by name."""
    whole, other = signed(source()), signed(source(1))
    return {
        "root.pem": authority().pem,
        "valid.png": whole.data,
        "other.c2pa": other.manifest,
        "tampered-pixels.png": _tampered(whole),
        "altered-action.png": _rewritten(whole, b"c2pa.created", b"c2pa.dreamed"),
        "removed-action.png": _rewritten(whole, b"c2pa.actions.v2\0", b"c2pa.actionz.v2\0"),
        "altered-claim.png": _altered_claim(whole),
        "cut-off.png": whole.data[: whole.data.find(b"caBX") + 400],
        "stranger.png": signed(source(), by=stranger().signer, revocation=None).data,
        "wrong-stamp.png": signed(source(), timestamper=authority().stamps(imprint=bytes(32))).data,
        "strangers-stamp.png": signed(source(), timestamper=stranger().stamps()).data,
        "revoked.png": signed(source(), revocation=authority().stapler(revoked=True)).data,
        "expired-leaf.png": _expired(),
        "contradictory-labels.png": signed(_relabelled()).data,
        "pair.json": certificate(whole),
        "pair-other-manifest.json": certificate(whole, linked=other),
        "pair-other-digest.json": certificate(whole, manifest=ManifestLink.of(whole.manifest_id, other.manifest)),
        "pair-other-binding.json": certificate(whole, soft_bindings=(CertifiedBinding(MARK, "AAAAAAAAAAA="),)),
    }


def _tampered(picture: SignedAsset) -> bytes:
    """Other pixels around the same manifest."""
    with Image.open(io.BytesIO(picture.data)) as opened:
        pixels = np.asarray(opened).copy()
    pixels[0, 0] ^= 1
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "PNG")
    chunk = picture.data[picture.data.find(b"caBX") - 4 :]
    length = int.from_bytes(chunk[:4], "big") + 12
    made = stream.getvalue()
    return made[:33] + chunk[:length] + made[33:]  # behind the header


def _rewritten(picture: SignedAsset, old: bytes, new: bytes) -> bytes:
    return carriers.replace(picture.data, MEDIA_TYPE, picture.manifest.replace(old, new))


def _altered_claim(picture: SignedAsset) -> bytes:
    """The title, which nothing but the signature covers."""
    return _rewritten(picture, b"fGolden", b"fGilded")


def _expired() -> bytes:
    """Signed in time, without a time-stamp to show for it."""
    now = datetime.now(UTC).replace(microsecond=0)
    days = (now - START).days
    begun = now.timestamp() - days * 86_400 + _SECONDS
    claims = authority().claims(start=datetime.fromtimestamp(begun, UTC), days=days)
    data = signed(source(), by=claims, timestamper=None, revocation=None).data
    time.sleep(_SECONDS + 1)
    return data


def _relabelled() -> bytes:
    """Its XMP allows what its manifest will not."""
    return PillowImages().label(source(), {"plus:DataMining": "http://ns.useplus.org/ldf/vocab/DMI-ALLOWED"})
