"""Judge what a reader found in a file's content credentials: numbered steps in C2PA's own status codes.

    1 credentials  there is a manifest store, and it can be read      NotFound, MalformedManifest (raised by the reader)
    2 integrity    every statement is the one that the claim names    ManifestAltered, MalformedManifest
    3 claim        the claim's signature holds                        InvalidSignature, Expired
    4 trust        the signer hangs on a root that was named          UntrustedSigner
    5 stamp        the time-stamp is over this signature              InvalidTimestamp
    6 revocation   the signer's certificate was not revoked           Revoked
    7 bytes        the file is the one that was signed                ContentMismatch
    8 bindings     what finds it again is noted
    9 labels       XMP and manifest do not contradict each other      ContradictoryLabels
    10 names       the certificate that was given names this manifest ManifestMismatch

Unlike a certificate's, all steps are taken even when one fails: "changed, but by whom was it signed?" is a fair
question. The first failure is raised, an unknown signer last.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from provenance.core.errors import (
    ContentMismatch,
    ContradictoryLabels,
    Expired,
    InvalidRequest,
    InvalidSignature,
    InvalidTimestamp,
    MalformedManifest,
    ManifestAltered,
    ManifestMismatch,
    ProvenanceError,
    Revoked,
    UntrustedSigner,
    VerificationError,
)
from provenance.core.manifests import ManifestReport, ManifestState
from provenance.core.types import XmpProperties
from provenance.credentials import Outcome, Step, times
from provenance.credentials.labels import Reading, consistent, read_metadata, read_training_mining, read_xmp
from provenance.credentials.messages import refusal
from provenance.usecases.bindings import written_value

_TRUSTED: Final = "signingCredential.trusted"
_UNTRUSTED: Final = "signingCredential.untrusted"
_NOT_REVOKED: Final = "signingCredential.ocsp.notRevoked"
_ALTERED: Final = ("assertion.hashedURI.mismatch", "assertion.missing", "assertion.undeclared", "hashedURI.")
_BYTES: Final = frozenset(f"assertion.{kind}.mismatch" for kind in ("dataHash", "boxesHash", "bmffHash"))
_SIGNATURE: Final = ("claimSignature.mismatch", "claimSignature.missing")
_EXPIRED: Final = ("claimSignature.outsideValidity", "signingCredential.expired")
_UNFIT: Final = ("signingCredential.invalid",)
_REVOKED: Final = ("signingCredential.ocsp.revoked", "signingCredential.revoked")
_STAMP_VALIDATED: Final = "timeStamp.validated"
_STAMP_TRUSTED: Final = "timeStamp.trusted"
_STAMP_UNTRUSTED: Final = "timeStamp.untrusted"
_TAKEN_OUT: Final = "AssertionNotFound"  # c2pa-rs's name for it
_UNNAMED: Final = "?"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What the verifier brought: whether roots were named for signers and for time-stamps, the properties of the file's
    own XMP packet, and the service that the manifest came from.

    `certificate` was verified beside the file; `same_pixels` says that its pixels are the certified ones, whatever the
    file around them is. `history` are the ids of all manifests in the store.
    """

    anchors: bool = False
    stamp_anchors: bool = False
    xmp: XmpProperties = field(default_factory=dict)
    service: str | None = None
    certificate: Mapping[str, Any] | None = None
    same_pixels: bool = False
    history: Sequence[str] = ()


def judge_file(report: ManifestReport, asked: Asked, *, first: int = 1) -> tuple[Step, ...]:
    """The steps that were taken, numbered from `first`. Raises the VerificationError of the first that failed, with
    `step` and the whole `trail`; UntrustedSigner only where nothing else failed. Where no root was named at all, an
    unknown signer is no failure: the report's state is Valid then, not Trusted."""
    steps: list[Step] = []
    failures: list[VerificationError] = []
    for number, (code, step) in enumerate(_STEPS.items(), start=first):
        try:
            steps.append(replace(step(report, asked), number=number, code=code))
        except VerificationError as error:
            error.step = number
            failures.append(error)
            steps.append(Step(number, code, Outcome.FAILED, error.finding, error.values, error.reason))
    failures.sort(key=lambda error: error.finding == "file-untrusted")
    if failures:
        failures[0].trail = tuple(steps)
        raise failures[0]
    return tuple(steps)


def unreadable(error: ProvenanceError) -> VerificationError:
    """A store that the reader refused, as the first step's failure; its trail is that one step. c2pa-rs reads nothing
    of a manifest whose claim names an assertion that is not there: something was taken out."""
    if _TAKEN_OUT in error.reason:
        refused: VerificationError = refusal(ManifestAltered, "file-altered", codes="assertion.missing")
    else:
        kind = type(error) if isinstance(error, VerificationError) else MalformedManifest
        refused = refusal(kind, "file-unreadable", hint=error.hint, detail=error.reason)
    refused.step = 1
    refused.trail = (Step(1, "credentials", Outcome.FAILED, refused.finding, refused.values, refused.reason),)
    return refused


def _passed(finding: str, **values: str) -> Step:
    return Step(0, "", Outcome.PASSED, finding, values)


def _skipped(finding: str, **values: str) -> Step:
    return Step(0, "", Outcome.SKIPPED, finding, values)


def _codes(codes: Iterable[str]) -> str:
    return ", ".join(codes)


def _among(codes: Iterable[str], prefixes: Sequence[str]) -> list[str]:
    return [code for code in codes if code.startswith(tuple(prefixes))]


def _signer(report: ManifestReport) -> str:
    known = (report.signature.name, report.signature.organisation)
    return ", ".join(dict.fromkeys(name for name in known if name)) or _UNNAMED


def _credentials(report: ManifestReport, asked: Asked) -> Step:
    if asked.service is not None:
        return _passed("file-manifest-recovered", id=report.manifest_id, service=asked.service)
    return _passed(f"file-manifest-{'inside' if report.is_embedded else 'beside'}", id=report.manifest_id)


def _integrity(report: ManifestReport, _: Asked) -> Step:
    altered = _among(report.failure, _ALTERED)
    if altered:
        raise refusal(ManifestAltered, "file-altered", codes=_codes(altered))
    elsewhere = (*_BYTES, *_SIGNATURE, *_EXPIRED, *_UNFIT, *_REVOKED, _UNTRUSTED)
    other = [code for code in report.failure if not code.startswith((*elsewhere, "timeStamp."))]
    if other or (report.state is ManifestState.INVALID and not report.failure):
        raise refusal(MalformedManifest, "file-malformed", codes=_codes(other))
    return _passed("file-whole")


def _claim(report: ManifestReport, _: Asked) -> Step:
    broken, late = _among(report.failure, _SIGNATURE), _among(report.failure, _EXPIRED)
    if broken:
        raise refusal(InvalidSignature, "file-signature-invalid", codes=_codes(broken))
    if late:
        hint = "with a time-stamp from before, and --tsa-anchors, it would still count"
        raise refusal(Expired, "file-signer-expired", hint=hint, codes=_codes(late))
    return _passed("file-signature-valid", signer=_signer(report))


def _trust(report: ManifestReport, asked: Asked) -> Step:
    unfit = _among(report.failure, _UNFIT)
    if unfit:
        raise refusal(UntrustedSigner, "file-signer-unfit", codes=_codes(unfit))
    if _TRUSTED in report.success:
        return _passed("file-trusted", signer=_signer(report))
    if not asked.anchors:
        return _skipped("file-nobody-named", signer=_signer(report))
    hint = "was another root meant? C2PA publishes a list of roots of its own, too"
    raise refusal(UntrustedSigner, "file-untrusted", hint=hint, signer=_signer(report))


def _stamp(report: ManifestReport, asked: Asked) -> Step:
    codes = [code for code in (*report.failure, *report.notes) if code.startswith("timeStamp.")]
    if _STAMP_TRUSTED in report.success:
        return _passed("file-stamp-trusted", time=_when(report))
    if not codes and _STAMP_VALIDATED not in report.success:
        return _skipped("file-no-stamp")
    if _STAMP_VALIDATED not in report.success or set(codes) - {_STAMP_UNTRUSTED}:
        raise refusal(InvalidTimestamp, "file-stamp-invalid", codes=_codes(codes))
    if asked.stamp_anchors:
        raise refusal(InvalidTimestamp, "file-stamp-untrusted", codes=_codes(codes))
    return _skipped("file-stamp-unknown", time=_when(report))


def _when(report: ManifestReport) -> str:
    return times.written(report.signature.time) if report.signature.time else _UNNAMED


def _revocation(report: ManifestReport, _: Asked) -> Step:
    revoked = _among(report.failure, _REVOKED)
    if revoked:
        raise refusal(Revoked, "file-revoked", codes=_codes(revoked))
    if _NOT_REVOKED in report.success:
        return _passed("file-not-revoked")
    return _skipped("file-no-ocsp" if _TRUSTED in report.success else "file-ocsp-unknown")


def _bytes(report: ManifestReport, asked: Asked) -> Step:
    if report.content_differs and asked.same_pixels:
        return _skipped("file-same-pixels")
    if report.content_differs:
        hint = "`check` finds out whether it shows a registered work"
        raise refusal(ContentMismatch, "file-bytes-differ", hint=hint)
    return _passed("file-bytes-match")


def _bindings(report: ManifestReport, _: Asked) -> Step:
    algorithms = dict.fromkeys(binding.alg for binding in report.soft_bindings)
    return _passed("file-bindings", algorithms=", ".join(algorithms)) if algorithms else _skipped("file-no-bindings")


def _labels(report: ManifestReport, asked: Asked) -> Step:
    try:
        readings = list(_readings(report, asked.xmp))
    except InvalidRequest:
        return _skipped("file-labels-unread")
    if len(readings) < 2:
        return _skipped("file-no-labels")
    try:
        consistent(readings)
    except ContradictoryLabels as error:
        raise refusal(ContradictoryLabels, "file-labels-contradict", detail=error.reason) from error
    return _passed("file-labels-agree", sources=", ".join(reading.source for reading in readings))


def _readings(report: ManifestReport, xmp: XmpProperties) -> Iterable[Reading]:
    """What says something, in the file's XMP and in its active manifest. Raises InvalidRequest."""
    manifests = report.crjson.get("manifests", ())
    active: Mapping[str, Any] = next((one for one in manifests if one.get("label") == report.manifest_id), {})
    assertions = active.get("assertions") or {}
    found = [read_xmp(xmp)]
    try:
        if "cawg.training-mining" in assertions:
            found.append(read_training_mining(assertions["cawg.training-mining"]["entries"]))
        if "cawg.metadata" in assertions:
            found.append(read_metadata(assertions["cawg.metadata"]))
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise InvalidRequest("an assertion is not in the form that CAWG gives it") from error
    return [reading for reading in found if reading.statements or reading.facts]


def _names(report: ManifestReport, asked: Asked) -> Step:
    certificate = asked.certificate
    if certificate is None:
        return _skipped("file-no-certificate")
    (link,) = certificate.get("relatedResource") or ({"id": "-"},)
    if link["id"] not in (report.manifest_id, *asked.history):
        raise refusal(ManifestMismatch, "file-names-differ", linked=link["id"], id=report.manifest_id)
    stated = {(one["alg"], one["value"]) for one in certificate["credentialSubject"].get("softBindings", ())}
    held = {(binding.alg, written_value(binding.value)) for binding in report.soft_bindings}
    shared = {alg for alg, _ in stated} & {alg for alg, _ in held}
    differing = sorted(alg for alg in shared if {v for a, v in stated if a == alg} != {v for a, v in held if a == alg})
    if differing:
        raise refusal(ManifestMismatch, "file-names-other-binding", algorithms=", ".join(differing))
    if link["id"] != report.manifest_id:
        return _passed("file-names-updated", id=link["id"])
    return _passed("file-names-agree")


_STEPS: Final[dict[str, Callable[[ManifestReport, Asked], Step]]] = {
    "credentials": _credentials,
    "integrity": _integrity,
    "claim": _claim,
    "trust": _trust,
    "stamp": _stamp,
    "revocation": _revocation,
    "bytes": _bytes,
    "bindings": _bindings,
    "labels": _labels,
    "names": _names,
}
