"""A certificate, and the file that it is about."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from provenance.core.errors import ContentMismatch, MalformedManifest, Rejected, UnsupportedFormat, VerificationError
from provenance.core.types import WorkId
from provenance.credentials import Content, ContentMatch, Step, Supplied, Verification, verify
from provenance.faces.cli import opened
from provenance.faces.cli.console import note
from provenance.faces.cli.verifying import subjects
from provenance.faces.cli.verifying.pins import Brought, LogCheck

if TYPE_CHECKING:
    from provenance.core.manifests import ManifestReport

_SOURCE = frozenset({ContentMatch.SOURCE_FILE, ContentMatch.SOURCE_PIXELS})


@dataclass(frozen=True, slots=True)
class Verified:
    """What held: the certificate, and the manifest of its file where there was one to read."""

    certificate: Verification
    steps: tuple[Step, ...]
    report: "ManifestReport | None" = None


def verify_certificate(document: bytes, content: bytes | None, brought: Brought) -> Verified:
    """Raises VerificationError; whatever the service or the node raises passes through."""
    question = _Question(document, content, brought)
    done, found = question.compared(brought.supplied)
    if brought.service is not None:
        supplied = _asked(brought, done)
        done = question.judged(supplied, found)
    else:
        supplied = brought.supplied
    if done.content in _SOURCE or content is None:
        return Verified(done, done.steps)
    store = brought.manifest or _store(content)
    if store is None:
        return Verified(done, done.steps)
    if brought.manifest is None and _is_linked(done, store):
        done = question.judged(replace(supplied, manifest=store), found)
    return _with_manifest(done, content, store, brought)


@dataclass(frozen=True, slots=True)
class _Question:
    document: bytes
    data: bytes | None
    brought: Brought

    def compared(self, supplied: Supplied) -> tuple[Verification, Content | None]:
        """Bytes first: the certified file itself needs no image library. Only where they differ are pixels compared."""
        if self.data is None:
            return self.judged(supplied, None), None
        content = Content(self.data)
        try:
            return self.judged(supplied, content), content
        except ContentMismatch:
            pixels = pixel_digest(self.data)
            if pixels is None:
                raise
        content = Content(self.data, pixels)
        return self.judged(supplied, content), content

    def judged(self, supplied: Supplied, content: Content | None) -> Verification:
        brought = self.brought
        return verify(self.document, keyring=brought.keyring, now=brought.now, content=content, supplied=supplied)


def pixel_digest(data: bytes) -> str | None:
    """Of the picture's pixels; None where it does not decode, or the image libraries are not installed."""
    try:
        from provenance.adapters.images import PillowImages
        from provenance.core.digests import picture_digest
    except ImportError:
        note("pixels are not compared: pip install 'provenance-art[generators]'")
        return None
    try:
        return picture_digest(PillowImages().read(data))
    except Rejected:
        return None


def _asked(brought: Brought, done: Verification) -> Supplied:
    """What the service says besides about a certificate that is signed as it should be."""
    service, supplied = brought.service, brought.supplied
    if service is None:
        return supplied
    lists = [*supplied.status_lists, *service.status_lists(done.certificate)]
    check, proof = supplied.check_log, supplied.log_proof
    if check is None and (policy := service.policy()) is not None:
        check = LogCheck(policy, brought.max_age)
    if proof is None and done.kind == "ArtworkCertificate" and "proof" in done.certificate:
        proof = service.log_proof(WorkId.parse(done.subject["work"]))
    return replace(supplied, status_lists=lists, check_log=check, log_proof=proof)


def _store(content: bytes) -> bytes | None:
    """The manifest store in the file, where it is a picture that holds one."""
    from provenance.credentials.c2pa import carriers

    media_type = subjects.media_type(content)
    try:
        return carriers.extract(content, media_type) if media_type else None
    except (MalformedManifest, UnsupportedFormat):
        return None  # what is no store links to nothing; the bytes have been compared


def _is_linked(done: Verification, store: bytes) -> bool:
    from provenance.credentials.c2pa.store import ManifestStore

    links = [link["id"] for link in done.certificate.get("relatedResource", ())]
    try:
        return ManifestStore.parse(store).active_id in links
    except (MalformedManifest, UnsupportedFormat):
        return False


def _with_manifest(done: Verification, content: bytes, store: bytes, brought: Brought) -> Verified:
    """The file's own credentials are held against the certificate. Raises with the trail of both."""
    try:
        from provenance.faces.cli.verifying import pictures
    except ModuleNotFoundError as error:
        if opened.not_installed(error) is None:
            raise
        note("the file's content credentials are not checked: pip install 'provenance-art[c2pa]'")
        return Verified(done, done.steps)
    picture = pictures.Held(content, subjects.media_type(content) or "application/octet-stream", store)
    same = done.content is ContentMatch.MARKED_PIXELS
    beside = pictures.Beside(certificate=done.certificate, same_pixels=same, first=len(done.steps) + 1)
    try:
        judged = pictures.judge(picture, brought, beside)
    except VerificationError as error:
        error.trail = (*done.steps, *error.trail)
        raise
    return Verified(done, (*done.steps, *judged.steps), judged.report)
