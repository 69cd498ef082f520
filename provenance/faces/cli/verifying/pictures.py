"""A picture file: its content credentials, those beside it, or those that a service finds again."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from provenance.adapters.c2pa import C2paReader
from provenance.core.errors import (
    ContentMismatch,
    MalformedManifest,
    NotFound,
    Rejected,
    TooLarge,
    VerificationError,
)
from provenance.core.manifests import ManifestReport
from provenance.core.types import XmpProperties
from provenance.credentials import Step
from provenance.credentials.c2pa import boxes, carriers
from provenance.credentials.labels import Packet
from provenance.faces.cli.verifying.certificates import Verified, verify_certificate
from provenance.faces.cli.verifying.pins import Brought
from provenance.usecases.recover import Recovered, RemoteService, work_of
from provenance.usecases.verify_file import Asked, judge_file, unreadable

_PACKET: Final = (b"<x:xmpmeta", b"</x:xmpmeta>")
_NO_CREDENTIALS: Final = "there are no content credentials in this file"


@dataclass(frozen=True, slots=True)
class Held:
    """A picture and its manifest store."""

    data: bytes = field(repr=False)
    media_type: str
    store: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside:
    """What is known besides when a picture is judged."""

    certificate: Mapping[str, Any] | None = None
    same_pixels: bool = False
    first: int = 1
    service: str | None = None


@dataclass(frozen=True, slots=True)
class Judged:
    """`error` is what refused the file, with its trail. `certificate` is that of a work that was found again."""

    report: ManifestReport | None
    steps: tuple[Step, ...]
    error: VerificationError | None = None
    recovered: Recovered | None = None
    certificate: Verified | None = None


_ALONE: Final = Beside()


def verify_picture(data: bytes, media_type: str, brought: Brought) -> Judged:
    """Raises NotFound where there are no credentials to be had. What refuses those that there are is in the answer."""
    try:
        store = brought.manifest or carriers.extract(data, media_type)
    except MalformedManifest as error:
        refused = unreadable(error)
        return Judged(None, refused.trail, refused)
    if store is not None:
        return _told(Held(data, media_type, store), brought, _ALONE)
    if brought.service is None:
        raise NotFound(_NO_CREDENTIALS, hint="--service URL asks a service whether it knows the picture")
    return _recovered(data, media_type, brought, brought.service)


def judge(held: Held, brought: Brought, beside: Beside) -> Judged:
    """Raises VerificationError with its trail."""
    report, asked = _read(held, brought, beside)
    return Judged(report, judge_file(report, asked, first=beside.first))


def _told(held: Held, brought: Brought, beside: Beside) -> Judged:
    report: ManifestReport | None = None
    try:
        report, asked = _read(held, brought, beside)
        return Judged(report, judge_file(report, asked, first=beside.first))
    except VerificationError as error:
        return Judged(report, error.trail, error)


def _read(held: Held, brought: Brought, beside: Beside) -> tuple[ManifestReport, Asked]:
    embedded = held.store if beside.service is not None or brought.manifest is not None else None
    reader = C2paReader(brought.anchors, brought.stamp_anchors)
    try:
        report = reader.read(held.data, held.media_type, manifest=embedded)
        history = [child.label for child in boxes.parse(held.store).children]
    except (VerificationError, Rejected) as error:
        raise unreadable(error) from error
    if report is None:
        raise unreadable(MalformedManifest("the store holds no manifest"))
    asked = Asked(
        anchors=bool(brought.anchors),
        stamp_anchors=bool(brought.stamp_anchors),
        xmp=_xmp(held.data),
        service=beside.service,
        certificate=beside.certificate,
        same_pixels=beside.same_pixels,
        history=history,
    )
    return report, asked


def _xmp(data: bytes) -> XmpProperties:
    """Of the file's first packet, found by its markup (ISO 16684-1, packet scanning); empty where there is none that
    stands uncompressed and in one piece."""
    start = data.find(_PACKET[0])
    end = data.find(_PACKET[1], start)
    if start < 0 or end < 0:
        return {}
    try:
        return Packet(data[start : end + len(_PACKET[1])]).properties()
    except TooLarge:
        return {}


def _recovered(data: bytes, media_type: str, brought: Brought, service: RemoteService) -> Judged:
    """The manifest that the service finds, read as this picture's; and the certificate of the work it speaks of."""
    found = service.recover(data, media_type)
    held = Held(data, media_type, found.store)
    first = _told(held, brought, Beside(service=service.url))
    certificate = _certificate(data, first.report, brought, service)
    if certificate is not None:
        known = certificate.certificate
        same = known.content is not None
        first = _told(held, brought, Beside(certificate=known.certificate, same_pixels=same, service=service.url))
    return replace(first, recovered=found, certificate=certificate)


def _certificate(
    data: bytes, report: ManifestReport | None, brought: Brought, service: RemoteService
) -> Verified | None:
    """Verified with the picture where its pixels are the certified ones, else for itself. Raises VerificationError."""
    work_id = work_of(report) if report is not None else None
    document = service.certificate(work_id) if work_id is not None else None
    if document is None:
        return None
    try:
        return verify_certificate(document, data, brought.without_manifest())
    except ContentMismatch:
        return verify_certificate(document, None, brought.without_manifest())
