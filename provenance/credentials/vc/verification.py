"""Verification as numbered steps. Each step that fails raises its own typed error, which carries the trail so far.

    1 parse      bytes to one JSON object                       MalformedCertificate
    2 shape      known type and version, no unknown member      MalformedCertificate, UnsupportedVersion
    3 suite      DataIntegrityProof, eddsa-jcs-2022             UnsupportedVersion, MalformedCertificate
    4 signer     the key is the issuer's, trusted, in its time  UntrustedSigner
    5 signature  Ed25519 over both hashes                       InvalidSignature
    6 time       the validity period holds `now`                NotYetValid, Expired
    7 content    the file is the certified one                  ContentMismatch
    8 receipts   Merkle path to the root, root on the ledger    ReceiptMismatch

Steps 7 and 8 are skipped, and say so, where there is nothing to compare. Nothing here reads a clock, disk or network.
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from provenance.core.errors import (
    ContentMismatch,
    Expired,
    InvalidSignature,
    MalformedCertificate,
    NotYetValid,
    ReceiptMismatch,
    UnsupportedVersion,
    UntrustedSigner,
    VerificationError,
)
from provenance.core.ports import Keyring
from provenance.core.types import WorkId
from provenance.credentials import times
from provenance.credentials.canonical import certificate_hash, parse
from provenance.credentials.messages import message, refusal, step_title
from provenance.credentials.vc import shapes
from provenance.credentials.vc.integrity import PROOF_TYPE, PURPOSE, SUITE, signed_parts
from provenance.credentials.vc.receipts import MerkleReceipt
from provenance.credentials.vc.trust import DatedKeyring

CLOCK_SKEW: Final = timedelta(minutes=5)
"""How far the issuer's clock may be ahead of the verifier's."""

ConfirmAnchor = Callable[[MerkleReceipt], datetime]
"""Asks the ledger when it took the receipt's root. Raises ReceiptMismatch when it did not, Unavailable."""


class Outcome(StrEnum):
    PASSED = "passed"
    SKIPPED = "skipped"
    FAILED = "failed"


class ContentMatch(StrEnum):
    """What of the certified artwork the given file is."""

    MARKED_FILE = "marked-file"
    SOURCE_FILE = "source-file"
    MARKED_PIXELS = "marked-pixels"
    SOURCE_PIXELS = "source-pixels"


@dataclass(frozen=True, slots=True)
class Step:
    """One line of the protocol. `finding` names its sentence in the catalogue, `reason` is that sentence in English."""

    number: int
    code: str
    outcome: Outcome
    finding: str
    values: Mapping[str, str] = field(default_factory=dict)
    reason: str = ""

    def title(self, language: str = "en") -> str:
        return step_title(self.code, language)

    def text(self, language: str = "en") -> str:
        return message(self.finding, language, {**self.values, "reason": self.reason})


@dataclass(frozen=True, slots=True)
class Content:
    """The file to compare; `pixels_sha256` is `core.digests.pixels_digest` of its picture, where it was decoded."""

    data: bytes
    pixels_sha256: str | None = None


@dataclass(frozen=True, slots=True)
class Verification:
    """What held. There is no "invalid" one: a failed verification raised."""

    kind: str  # "ArtworkCertificate" or "LicenceCertificate"
    certificate: Mapping[str, Any]
    certificate_hash: str
    steps: tuple[Step, ...]
    content: ContentMatch | None
    anchored_since: datetime | None

    @property
    def work_id(self) -> WorkId:
        return WorkId.parse(self.subject["work"])

    @property
    def issuer(self) -> str:
        return str(self.certificate["issuer"])

    @property
    def key_id(self) -> str:
        return str(self.certificate["proof"]["verificationMethod"])

    @property
    def subject(self) -> Mapping[str, Any]:
        subject: Mapping[str, Any] = self.certificate["credentialSubject"]
        return subject


def verify(
    document: bytes | Mapping[str, Any],
    *,
    keyring: Keyring,
    now: datetime,
    content: Content | bytes | None = None,
    confirm: ConfirmAnchor | None = None,
) -> Verification:
    """Verify a certificate, a licence, or a bundle of one with its receipts.

    `now` is timezone-aware. Raises the VerificationError of the first step that fails, with `step` and `trail` set;
    whatever `confirm` raises when the ledger can't be asked passes through.
    """
    content = Content(content) if isinstance(content, bytes | bytearray) else content
    run = _Run(keyring=keyring, now=now, content=content, confirm=confirm)
    for number, (code, step) in enumerate(_STEPS.items(), start=1):
        try:
            done = step(run, document)
        except VerificationError as error:
            failed = Step(number, code, Outcome.FAILED, error.finding, error.values, error.reason)
            error.step, error.trail = number, (*run.trail, failed)
            raise
        run.trail.append(replace(done, number=number, code=code))
    return Verification(
        run.kind, run.certificate, certificate_hash(run.certificate), tuple(run.trail), run.match, run.anchored_since
    )


@dataclass(slots=True)
class _Run:
    """What the steps hand to each other."""

    keyring: Keyring
    now: datetime
    content: Content | None
    confirm: ConfirmAnchor | None
    document: dict[str, Any] = field(default_factory=dict)
    certificate: dict[str, Any] = field(default_factory=dict)
    receipts: list[dict[str, Any]] = field(default_factory=list)
    kind: str = ""
    bad_signature: InvalidSignature | None = None
    match: ContentMatch | None = None
    anchored_since: datetime | None = None
    trail: list[Step] = field(default_factory=list)


def _passed(finding: str, **values: str) -> Step:
    return Step(0, "", Outcome.PASSED, finding, values)


def _skipped(finding: str) -> Step:
    return Step(0, "", Outcome.SKIPPED, finding)


def _parse(run: _Run, document: bytes | Mapping[str, Any]) -> Step:
    run.document = parse(document)
    return _passed("parsed")


def _shape(run: _Run, _: object) -> Step:
    run.certificate, run.receipts = shapes.split_bundle(run.document)
    run.kind = shapes.check_credential(run.certificate)
    return _passed("known-shape", type=run.kind, version=shapes.VERSION)


def _suite(run: _Run, _: object) -> Step:
    proof = run.certificate["proof"]
    if (proof["type"], proof["cryptosuite"]) != (PROOF_TYPE, SUITE):
        raise refusal(UnsupportedVersion, "unknown-suite", suite=f"{proof['type']} {proof['cryptosuite']}")
    if proof["proofPurpose"] != PURPOSE:
        raise refusal(MalformedCertificate, "wrong-purpose", purpose=proof["proofPurpose"])
    if proof["@context"] != run.certificate["@context"]:
        raise refusal(MalformedCertificate, "proof-context")
    return _passed("known-suite", suite=SUITE)


def _signer(run: _Run, _: object) -> Step:
    """The keyring answers trust and signature in one call; a bad signature is kept for its own step."""
    proof = run.certificate["proof"]
    key_id = proof["verificationMethod"]
    if not key_id.startswith(f"{run.certificate['issuer']}#"):
        raise refusal(UntrustedSigner, "issuer-mismatch", key=key_id, issuer=run.certificate["issuer"])
    try:
        body, signature = signed_parts(run.certificate)
        if isinstance(run.keyring, DatedKeyring):
            run.keyring.verify_at(key_id, body, signature, at=times.read(proof["created"]))
        else:
            run.keyring.verify(key_id, body, signature)
    except InvalidSignature as error:
        run.bad_signature = error
    except ValueError:
        run.bad_signature = refusal(InvalidSignature, "signature-invalid")
    return _passed("trusted-signer", key=key_id)


def _signature(run: _Run, _: object) -> Step:
    if run.bad_signature is not None:
        raise run.bad_signature
    return _passed("signature-valid")


def _time(run: _Run, _: object) -> Step:
    start, end = run.certificate["validFrom"], run.certificate.get("validUntil")
    created = run.certificate["proof"]["created"]
    if times.read(start) > run.now + CLOCK_SKEW:
        raise refusal(NotYetValid, "not-yet-valid", start=start)
    if times.read(created) > run.now + CLOCK_SKEW:
        raise refusal(NotYetValid, "proof-from-future", start=created)
    if end is None:
        return _passed("valid-since", start=start)
    if run.now > times.read(end):
        raise refusal(Expired, "expired", end=end)
    return _passed("valid-until", start=start, end=end)


def _content(run: _Run, _: object) -> Step:
    if run.content is None:
        return _skipped("no-content")
    subject = run.certificate["credentialSubject"]
    if "contentHash" not in subject:
        return _skipped("licence-names-no-file")
    run.match = _compare(run.content, subject)
    return _passed(f"content-{run.match}")


def _compare(content: Content, subject: Mapping[str, Any]) -> ContentMatch:
    files, pixels = subject["contentHash"], subject.get("pixelHash", {})
    digest = hashlib.sha256(content.data).hexdigest()
    if digest == files["marked"]:
        return ContentMatch.MARKED_FILE
    if digest == files.get("source"):
        return ContentMatch.SOURCE_FILE
    if content.pixels_sha256 is None or not pixels:
        raise refusal(ContentMismatch, "bytes-differ", hint="`check` finds out whether it shows a registered work")
    if content.pixels_sha256 == pixels["marked"]:
        return ContentMatch.MARKED_PIXELS
    if content.pixels_sha256 == pixels["source"]:
        return ContentMatch.SOURCE_PIXELS
    raise refusal(ContentMismatch, "content-differs", hint="`check` finds out whether it shows a registered work")


def _receipts(run: _Run, _: object) -> Step:
    if not run.receipts:
        return _skipped("no-receipts")
    work_id = WorkId.parse(run.certificate["credentialSubject"]["work"])
    leaf = (work_id, bytes.fromhex(certificate_hash(run.certificate)))
    receipts = [MerkleReceipt.read(entry) for entry in run.receipts]
    for index, receipt in enumerate(receipts, start=1):
        receipt.check(leaf, index=index)
    if run.confirm is None:
        return _passed("receipts-linked", count=str(len(receipts)))
    run.anchored_since = min(_confirmed(run.confirm, receipt, index) for index, receipt in enumerate(receipts, start=1))
    return _passed("receipts-confirmed", count=str(len(receipts)), since=times.written(run.anchored_since))


def _confirmed(confirm: ConfirmAnchor, receipt: MerkleReceipt, index: int) -> datetime:
    try:
        return confirm(receipt)
    except ReceiptMismatch as error:
        raise refusal(
            ReceiptMismatch, "not-anchored", hint=error.hint, index=str(index), detail=error.reason
        ) from error


_STEPS: Final[dict[str, Callable[[_Run, bytes | Mapping[str, Any]], Step]]] = {
    "parse": _parse,
    "shape": _shape,
    "suite": _suite,
    "signer": _signer,
    "signature": _signature,
    "time": _time,
    "content": _content,
    "receipts": _receipts,
}
