"""What a certificate states, and how it becomes a signed credential (W3C VC Data Model 2.0).

A certificate never holds a prompt, an e-mail address, a title or an owner's name: the claims have no place for them.
"""

import base64
import hashlib
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol
from uuid import NAMESPACE_URL, UUID, uuid4, uuid5

from provenance.core.errors import InvalidRequest, MalformedCertificate, Misconfigured
from provenance.core.ports import Signer
from provenance.core.types import StatusPlace, WorkId
from provenance.credentials import times
from provenance.credentials.vc import shapes
from provenance.credentials.vc.integrity import secure
from provenance.credentials.vc.statuslist import status_entries


@dataclass(frozen=True, slots=True)
class ManifestLink:
    """The C2PA manifest store that goes with a certificate: its active manifest's id, and the store's sha256 (hex)."""

    id: str
    sha256: str

    @classmethod
    def of(cls, manifest_id: str, store: bytes) -> "ManifestLink":
        return cls(manifest_id, hashlib.sha256(store).hexdigest())

    @property
    def resource(self) -> dict[str, str]:
        """The entry of `relatedResource` (VC Data Model 2.0, section 5.3)."""
        digest = base64.b64encode(bytes.fromhex(self.sha256)).decode()
        return {"id": self.id, "digestSRI": f"sha256-{digest}", "mediaType": shapes.MANIFEST_TYPE}


@dataclass(frozen=True, slots=True)
class SoftBinding:
    """What finds the work again without its metadata. `value` is padded standard base64 of the binding's bytes."""

    alg: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateClaims:
    """One registered artwork. Hashes are lower-case hex sha256, of pixels as `core.digests.pixels_digest` defines it.

    `width`, `height` and `media_type` describe the marked file. The watermark's payload is the work id, so it is not
    repeated; `mark_key_id` names the watermark key without giving anything of it away. `status` is the credential's
    reserved place in the status lists; None where the issuer has no public address to publish them at.
    """

    work_id: WorkId
    source_sha256: str
    source_pixels_sha256: str
    marked_sha256: str
    marked_pixels_sha256: str
    media_type: str
    width: int
    height: int
    mark_alg: str
    mark_key_id: str
    fingerprint_models: tuple[str, ...]
    digital_source_type: str
    terms_slug: str
    terms_hash: str
    recipe_hash: str | None = None
    iscc: str | None = None
    soft_bindings: tuple[SoftBinding, ...] = ()
    manifest: ManifestLink | None = None
    status: StatusPlace | None = None
    id: UUID = field(default_factory=uuid4)

    def subject(self, issuer: str) -> dict[str, Any]:
        """The `credentialSubject` member."""
        bindings = [{"alg": binding.alg, "value": binding.value} for binding in self.soft_bindings]
        optional = {"recipeHash": self.recipe_hash, "iscc": self.iscc, "softBindings": bindings or None}
        return {
            "id": work_urn(issuer, self.work_id),
            "work": str(self.work_id),
            "contentHash": _hashes(shapes.FILE_HASH, self.source_sha256, self.marked_sha256),
            "pixelHash": _hashes(shapes.PIXEL_HASH, self.source_pixels_sha256, self.marked_pixels_sha256),
            "mediaType": self.media_type,
            "width": self.width,
            "height": self.height,
            "mark": {"alg": self.mark_alg, "keyId": self.mark_key_id},
            "fingerprintModels": list(self.fingerprint_models),
            "digitalSourceType": self.digital_source_type,
            "terms": {"slug": self.terms_slug, "hash": self.terms_hash},
            **{name: value for name, value in optional.items() if value is not None},
        }


class LicenceFacts(Protocol):
    """What a licence certificate states; `licensing.LicenceClaims` is it. Hashes are lower-case hex sha256.

    `work_certificate_hash` is the `certificate_hash` of the work's own certificate; `marked_sha256`, where it is given,
    lets a holder of the file check the licence without that certificate.
    """

    @property
    def id(self) -> UUID: ...
    @property
    def grant_id(self) -> str: ...
    @property
    def licensee(self) -> str: ...
    @property
    def work_id(self) -> WorkId: ...
    @property
    def work_certificate_hash(self) -> str: ...
    @property
    def marked_sha256(self) -> str | None: ...
    @property
    def terms_slug(self) -> str: ...
    @property
    def terms_hash(self) -> str: ...
    @property
    def status(self) -> StatusPlace | None: ...


def issue(
    claims: CertificateClaims, *, signer: Signer, issuer: str, valid_from: datetime, valid_until: datetime | None
) -> dict[str, Any]:
    """The signed certificate of an artwork.

    `issuer` is the DID that controls `signer.key_id`; the proof is dated `valid_from`. Raises Misconfigured when the
    signer's key is not the issuer's, InvalidRequest when a claim has the wrong form: nothing is issued that `verify`
    would refuse.
    """
    linked = {} if claims.manifest is None else {"relatedResource": [claims.manifest.resource]}
    unsigned = _unsigned(shapes.ARTWORK, claims, issuer, claims.subject(issuer)) | linked
    return _sign(unsigned, signer=signer, valid_from=valid_from, valid_until=valid_until)


def issue_licence(
    facts: LicenceFacts, *, signer: Signer, issuer: str, valid_from: datetime, valid_until: datetime | None
) -> dict[str, Any]:
    """The signed certificate of a licence; otherwise as `issue`."""
    unsigned = _unsigned(shapes.LICENCE, facts, issuer, _licence_subject(facts))
    return _sign(unsigned, signer=signer, valid_from=valid_from, valid_until=valid_until)


def work_urn(issuer: str, work_id: WorkId) -> str:
    """The subject's id: a version 5 UUID over `<issuer>#<work id>`, for work ids are unique only at one issuer."""
    return f"urn:uuid:{uuid5(NAMESPACE_URL, f'{issuer}#{work_id}')}"


def _licence_subject(facts: LicenceFacts) -> dict[str, Any]:
    marked = facts.marked_sha256
    content = {} if marked is None else {"contentHash": {"alg": shapes.FILE_HASH, "marked": marked}}
    return {
        "licensee": facts.licensee,
        "grant": facts.grant_id,
        "work": str(facts.work_id),
        "certificateHash": facts.work_certificate_hash,
        "terms": {"slug": facts.terms_slug, "hash": facts.terms_hash},
        **content,
    }


def _hashes(alg: str, source: str, marked: str) -> dict[str, str]:
    return {"alg": alg, "source": source, "marked": marked}


def _unsigned(
    kind: str, facts: "CertificateClaims | LicenceFacts", issuer: str, subject: dict[str, Any]
) -> dict[str, Any]:
    status = {} if facts.status is None else {"credentialStatus": status_entries(facts.status)}
    return {
        "@context": list(shapes.CONTEXTS[shapes.VERSION]),
        "id": f"urn:uuid:{facts.id}",
        "type": ["VerifiableCredential", kind],
        "certificateVersion": shapes.VERSION,
        "issuer": issuer,
        "credentialSubject": subject,
        **status,
    }


def _sign(
    unsigned: dict[str, Any], *, signer: Signer, valid_from: datetime, valid_until: datetime | None
) -> dict[str, Any]:
    if not signer.key_id.startswith(f"{unsigned['issuer']}#"):
        raise Misconfigured("the signing key does not belong to the issuer", hint="check base_url and the key folder")
    if valid_until is not None and valid_until <= valid_from:
        raise InvalidRequest("a certificate must be valid for some time")
    start = times.written(valid_from)
    period = {"validFrom": start} | ({} if valid_until is None else {"validUntil": times.written(valid_until)})
    secured = secure({**unsigned, **period}, signer=signer, created=start)
    try:
        shapes.check_credential(secured)
    except MalformedCertificate as error:
        raise InvalidRequest(f"this can't be certified: {error.reason}") from None
    return secured
