"""Sign what is said about a marked file: the C2PA manifest inside it first, then the certificate that links to both."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final
from uuid import uuid4

from provenance.core.digests import file_digest, picture_digest
from provenance.core.errors import MalformedManifest, TooLarge, UnsupportedFormat
from provenance.core.manifests import ManifestStatement, Model, Prompt, SignedAsset, SoftBinding, Software, SourceFile
from provenance.core.ports import ContentCode, ManifestReader, ManifestSigner, Matcher, Signer, Store, Watermarker
from provenance.core.records import Binding, ContentKind, Json, ManifestRecord
from provenance.core.types import Picture, StatusPlace, WorkId
from provenance.credentials import CertificateClaims, ManifestLink, issue
from provenance.credentials import SoftBinding as CertifiedBinding
from provenance.credentials.labels import UsagePolicy, metadata_assertion, training_mining_entries
from provenance.credentials.vocabulary import TRAINED_MEDIA
from provenance.licensing import Template
from provenance.usecases.bindings import PAYLOAD_BYTES, written_value

Digests = Mapping[ContentKind, str]

SOURCE_TITLE: Final = "source"
LEFT_OUT: Final = "the file's own C2PA manifest could not be carried on"


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A marked and labelled picture on its way into the register; `source` is what was handed in, `notes` what to tell
    its owner about reading and marking it.

    `made_with` names the system that made the work, where its owner said so.
    """

    work_id: WorkId
    owner: str
    source: Picture
    marked: Picture
    policy: UsagePolicy
    terms: Template
    digital_source_type: str
    recipe_hash: str | None = None
    made_with: Software | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Certified:
    """`file` is what is handed out; `store` the C2PA manifest store, empty where nobody signs any."""

    at: datetime
    file: bytes = field(repr=False)
    digests: Digests
    certificate: Json
    store: bytes = field(default=b"", repr=False)
    manifest: ManifestRecord | None = None
    bindings: tuple[Binding, ...] = ()
    notes: tuple[str, ...] = ()
    time_stamped: bool = True


@dataclass(frozen=True, slots=True)
class _Signed:
    """The asset, and the soft bindings that its manifest and the certificate both name."""

    asset: SignedAsset
    bindings: tuple[SoftBinding, ...]
    iscc: str
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ContentCredentials:
    """What writes and reads C2PA manifests; `generator` is how this service names itself in them."""

    signer: ManifestSigner
    reader: ManifestReader
    content_code: ContentCode
    generator: Software


@dataclass(frozen=True, slots=True, kw_only=True)
class Certify:
    """Raises InvalidRequest, Misconfigured, Unavailable. Without `credentials` the file stays as it is; without a
    `base_url` no status list is published, and the certificate has no place in one."""

    store: Store
    watermarker: Watermarker
    matcher: Matcher
    signer: Signer
    issuer: str
    validity: timedelta
    base_url: str | None = None
    credentials: ContentCredentials | None = None

    def __call__(self, candidate: Candidate, *, now: datetime) -> Certified:
        signed = self._sign(self.credentials, candidate, now) if self.credentials else None
        file = signed.asset.data if signed else candidate.marked.source
        digests = {
            ContentKind.SOURCE_FILE: file_digest(candidate.source.source),
            ContentKind.SOURCE_PIXELS: picture_digest(candidate.source),
            ContentKind.MARKED_FILE: file_digest(file),
            ContentKind.MARKED_PIXELS: picture_digest(candidate.marked),
        }
        claims = self._with_status(self._claims(candidate, digests, signed), now)
        certificate = issue(
            claims, signer=self.signer, issuer=self.issuer, valid_from=now, valid_until=now + self.validity
        )
        if signed is None:
            return Certified(at=now, file=file, digests=digests, certificate=certificate)
        return Certified(
            at=now,
            file=file,
            digests=digests,
            certificate=certificate,
            store=signed.asset.manifest,
            manifest=_record(candidate, signed.asset, now),
            bindings=tuple(_stored(binding, signed.asset.manifest_id) for binding in signed.bindings),
            notes=signed.notes,
            time_stamped=signed.asset.time_stamped,
        )

    def _sign(self, credentials: ContentCredentials, candidate: Candidate, now: datetime) -> _Signed:
        marked = candidate.marked
        code = credentials.content_code(marked.pixels, marked.source, marked.alpha)
        payload = candidate.work_id.payload.to_bytes(PAYLOAD_BYTES, "big")
        bindings = (SoftBinding(self.watermarker.alg, payload), code.binding)
        statement = ManifestStatement(
            title=str(candidate.work_id),  # the owner's own title is not ours to publish
            when=now,
            generator=credentials.generator,
            digital_source_type=candidate.digital_source_type,
            made_with=candidate.made_with,
            model=_model(candidate),
            prompt=_prompt(candidate),
            watermarked_with=Software(self.watermarker.alg),
            soft_bindings=bindings,
            usage=training_mining_entries(candidate.policy),
            metadata=metadata_assertion(candidate.policy),
        )
        asset, notes = _signed(credentials, candidate, statement)
        return _Signed(asset, bindings, code.image, notes)

    def _with_status(self, claims: CertificateClaims, now: datetime) -> CertificateClaims:
        """A place in the status lists is reserved before the certificate that names it is signed; one that is never
        used is harmless."""
        if self.base_url is None:
            return claims
        with self.store.unit() as unit:
            index = unit.statuses.reserve(f"urn:uuid:{claims.id}", at=now, work_id=claims.work_id)
        return replace(claims, status=StatusPlace(self.base_url, index))

    def _claims(self, candidate: Candidate, digests: Digests, signed: _Signed | None) -> CertificateClaims:
        claims = CertificateClaims(
            work_id=candidate.work_id,
            source_sha256=digests[ContentKind.SOURCE_FILE],
            source_pixels_sha256=digests[ContentKind.SOURCE_PIXELS],
            marked_sha256=digests[ContentKind.MARKED_FILE],
            marked_pixels_sha256=digests[ContentKind.MARKED_PIXELS],
            media_type=candidate.marked.media_type,
            width=candidate.marked.width,
            height=candidate.marked.height,
            mark_alg=self.watermarker.alg,
            mark_key_id=self.watermarker.key_id,
            fingerprint_models=tuple(self.matcher.models),
            digital_source_type=candidate.digital_source_type,
            terms_slug=candidate.terms.slug,
            terms_hash=candidate.terms.hash,
            recipe_hash=candidate.recipe_hash,
            id=uuid4(),
        )
        if signed is None:
            return claims
        return replace(
            claims,
            iscc=signed.iscc,
            soft_bindings=tuple(CertifiedBinding(b.alg, written_value(b.value)) for b in signed.bindings),
            manifest=ManifestLink.of(signed.asset.manifest_id, signed.asset.manifest),
        )


def _model(candidate: Candidate) -> Model | None:
    """Disclosed where a trained model made the work, and its owner named it."""
    made_with = candidate.made_with
    if made_with is None or candidate.digital_source_type not in TRAINED_MEDIA:
        return None
    return Model(made_with.name, made_with.version)


def _prompt(candidate: Candidate) -> Prompt | None:
    """Only what the owner publishes."""
    origin = candidate.policy.origin
    return Prompt(origin.prompt) if origin and origin.prompt else None


def _signed(
    credentials: ContentCredentials, candidate: Candidate, statement: ManifestStatement
) -> tuple[SignedAsset, tuple[str, ...]]:
    """Where somebody signed the file before, their manifest becomes an ingredient, never overwritten. One that is too
    damaged to be carried on is left out, and the notes say so."""
    source, marked, sign = candidate.source, candidate.marked, credentials.signer.sign
    try:
        if source.source and credentials.reader.read(source.source, source.media_type):
            parent = SourceFile(source.source, source.media_type, SOURCE_TITLE)
            carried = replace(statement, parent=parent, digital_source_type=None)
            return sign(marked.source, marked.media_type, carried), ()
    except (MalformedManifest, TooLarge, UnsupportedFormat) as error:
        return sign(marked.source, marked.media_type, statement), (f"{LEFT_OUT}: {error.reason}",)
    return sign(marked.source, marked.media_type, statement), ()


def _record(candidate: Candidate, asset: SignedAsset, now: datetime) -> ManifestRecord:
    return ManifestRecord(
        id=asset.manifest_id,
        blob=file_digest(asset.manifest),
        owner=candidate.owner,
        created_at=now,
        work_id=candidate.work_id,
        embedded=asset.embedded,
    )


def _stored(binding: SoftBinding, manifest_id: str) -> Binding:
    return Binding(binding.alg, written_value(binding.value), manifest_id)
