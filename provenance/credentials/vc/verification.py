"""Verification as numbered steps. Each step that fails raises its own typed error, which carries the trail so far.

    1 parse      bytes to one JSON object, or to a JWS          MalformedCertificate
    2 shape      known type and version, no unknown member      MalformedCertificate, UnsupportedVersion
    3 suite      eddsa-jcs-2022 or vc+jwt                       UnsupportedVersion, MalformedCertificate
    4 signer     the key is the issuer's, trusted, in its time  UntrustedSigner
    5 signature  Ed25519 over what was read                     InvalidSignature
    6 time       the validity period holds `now`                NotYetValid, Expired
    7 content    the file is the certified one                  ContentMismatch
    8 receipts   Merkle path to the root, root on the ledger    ReceiptMismatch
    9 manifest   the C2PA manifest store is the linked one      ManifestMismatch
    10 log       the transparency log holds the certificate     what the given check raises
    11 status    the issuer did not take it back                Revoked, Suspended, InvalidStatusList

Steps 7 to 11 are skipped, and say so, where there is nothing to compare. Nothing here reads a clock, disk or network.
"""

import base64
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final

from provenance.core.errors import (
    ContentMismatch,
    Expired,
    InvalidSignature,
    InvalidStatusList,
    ManifestMismatch,
    NotYetValid,
    ReceiptMismatch,
    Revoked,
    Suspended,
    VerificationError,
)
from provenance.core.ports import Keyring
from provenance.core.records import StatusPurpose
from provenance.core.types import WorkId
from provenance.credentials import times
from provenance.credentials.canonical import certificate_hash, parse
from provenance.credentials.messages import refusal
from provenance.credentials.vc import jwt, proofs, shapes
from provenance.credentials.vc.findings import (
    ConfirmAnchor,
    Content,
    ContentMatch,
    LogFinding,
    Outcome,
    Step,
    Supplied,
    Verification,
)
from provenance.credentials.vc.proofs import CLOCK_SKEW, Proof
from provenance.credentials.vc.receipts import MerkleReceipt
from provenance.credentials.vc.statuslist import read_status_list

_NOTHING: Final = Supplied()


def verify(
    document: bytes | Mapping[str, Any],
    *,
    keyring: Keyring,
    now: datetime,
    content: Content | bytes | None = None,
    supplied: Supplied = _NOTHING,
) -> Verification:
    """Verify a certificate or licence (JSON or `vc+jwt`), or a bundle of one with its receipts.

    `now` is timezone-aware. Raises the VerificationError of the first step that fails, with `step` and `trail` set;
    whatever else the functions in `supplied` raise passes through.
    """
    content = Content(content) if isinstance(content, bytes | bytearray) else content
    run = _Run(keyring=keyring, now=now, content=content, supplied=supplied)
    for number, (code, step) in enumerate(_STEPS.items(), start=1):
        try:
            done = step(run, document)
        except VerificationError as error:
            failed = Step(number, code, Outcome.FAILED, error.finding, error.values, error.reason)
            error.step, error.trail = number, (*run.trail, failed)
            raise
        run.trail.append(replace(done, number=number, code=code))
    return run.verified()


@dataclass(slots=True)
class _Run:
    """What the steps hand to each other."""

    keyring: Keyring
    now: datetime
    content: Content | None
    supplied: Supplied
    document: dict[str, Any] = field(default_factory=dict)
    jws: jwt.Jws | None = None
    certificate: dict[str, Any] = field(default_factory=dict)
    hash: str = ""
    receipts: list[dict[str, Any]] = field(default_factory=list)
    log_proof: str | None = None
    kind: str = ""
    proof: Proof | None = None
    bad_signature: InvalidSignature | None = None
    match: ContentMatch | None = None
    anchored_since: datetime | None = None
    log: LogFinding | None = None
    trail: list[Step] = field(default_factory=list)

    @property
    def checked_proof(self) -> Proof:
        if self.proof is None:
            raise RuntimeError("the suite is checked before the signer")
        return self.proof

    def verified(self) -> Verification:
        return Verification(
            kind=self.kind,
            certificate=self.certificate,
            certificate_hash=self.hash,
            key_id=self.checked_proof.key_id,
            steps=tuple(self.trail),
            content=self.match,
            anchored_since=self.anchored_since,
            log=self.log,
        )


def _passed(finding: str, **values: str) -> Step:
    return Step(0, "", Outcome.PASSED, finding, values)


def _skipped(finding: str) -> Step:
    return Step(0, "", Outcome.SKIPPED, finding)


def _parse(run: _Run, document: bytes | Mapping[str, Any]) -> Step:
    if isinstance(document, bytes | bytearray) and jwt.is_compact(document):
        run.jws = jwt.read_compact(document)
        run.hash = hashlib.sha256(document.strip()).hexdigest()
        return _passed("parsed-jws")
    run.document = parse(document)
    return _passed("parsed")


def _shape(run: _Run, _: object) -> Step:
    if run.jws is None:
        run.certificate, run.receipts, run.log_proof = shapes.split_bundle(run.document)
        run.kind = shapes.check_credential(run.certificate)
    else:
        run.kind = shapes.check_credential(run.jws.payload, as_jwt=True)
        run.certificate = run.jws.credential
    return _passed("known-shape", type=run.kind, version=run.certificate["certificateVersion"])


def _suite(run: _Run, _: object) -> Step:
    run.proof = proofs.of_document(run.certificate) if run.jws is None else proofs.of_jws(run.jws)
    return _passed("known-suite", suite=run.proof.suite)


def _signer(run: _Run, _: object) -> Step:
    proof = run.checked_proof
    run.bad_signature = proof.judged(run.keyring, run.certificate["issuer"])
    return _passed("trusted-signer", key=proof.key_id)


def _signature(run: _Run, _: object) -> Step:
    if run.bad_signature is not None:
        raise run.bad_signature
    run.hash = run.hash or certificate_hash(run.certificate)
    return _passed("signature-valid")


def _time(run: _Run, _: object) -> Step:
    start, end = run.certificate["validFrom"], run.certificate.get("validUntil")
    if times.read(start) > run.now + CLOCK_SKEW:
        raise refusal(NotYetValid, "not-yet-valid", start=start)
    if run.checked_proof.dated > run.now + CLOCK_SKEW:
        raise refusal(NotYetValid, "proof-from-future", start=times.written(run.checked_proof.dated))
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
    leaf = (work_id, bytes.fromhex(run.hash))
    receipts = [MerkleReceipt.read(entry) for entry in run.receipts]
    for index, receipt in enumerate(receipts, start=1):
        receipt.check(leaf, index=index)
    confirm = run.supplied.confirm
    if confirm is None:
        return _passed("receipts-linked", count=str(len(receipts)))
    run.anchored_since = min(_confirmed(confirm, receipt, index) for index, receipt in enumerate(receipts, start=1))
    return _passed("receipts-confirmed", count=str(len(receipts)), since=times.written(run.anchored_since))


def _confirmed(confirm: ConfirmAnchor, receipt: MerkleReceipt, index: int) -> datetime:
    try:
        return confirm(receipt)
    except ReceiptMismatch as error:
        raise refusal(
            ReceiptMismatch, "not-anchored", hint=error.hint, index=str(index), detail=error.reason
        ) from error


def _manifest(run: _Run, _: object) -> Step:
    if "relatedResource" not in run.certificate:
        return _skipped("no-manifest-link")
    if run.supplied.manifest is None:
        return _skipped("no-manifest")
    (link,) = run.certificate["relatedResource"]
    algorithm, _, expected = link["digestSRI"].partition("-")
    digest = hashlib.new(algorithm, run.supplied.manifest).digest()
    if base64.b64encode(digest).decode() != expected:
        raise refusal(ManifestMismatch, "manifest-differs", id=link["id"])
    return _passed("manifest-linked")


def _log(run: _Run, _: object) -> Step:
    proof = run.log_proof if run.supplied.log_proof is None else run.supplied.log_proof
    if proof is None:
        return _skipped("no-log-proof")
    if run.supplied.check_log is None:
        return _skipped("log-not-checked")
    run.log = run.supplied.check_log(proof, run.hash, run.now)
    return _passed("log-included", origin=run.log.origin, index=str(run.log.index), size=str(run.log.size))


def _status(run: _Run, _: object) -> Step:
    if run.supplied.register is not None:
        against = run.supplied.register(run.certificate["id"])
        if against is not None:
            raise _taken_back(against)
        return _passed("status-register")
    if "credentialStatus" not in run.certificate:
        return _skipped("no-status-entry")
    if not run.supplied.status_lists:
        return _skipped("no-status-list")
    return _listed(run)


def _listed(run: _Run) -> Step:
    """Every list that was given has to be usable: one that is not might be the one that says "revoked"."""
    issuer = run.certificate["issuer"]
    lists = [
        read_status_list(document, issuer=issuer, keyring=run.keyring, now=run.now)
        for document in run.supplied.status_lists
    ]
    found = {(known.url, known.purpose.value): known for known in lists}
    asked = []
    for entry in run.certificate["credentialStatus"]:
        known = found.get((entry["statusListCredential"], entry["statusPurpose"]))
        if known is None:
            continue
        if known.marks(int(entry["statusListIndex"])):
            raise _taken_back(known.purpose)
        asked.append(known)
    if not asked:
        raise refusal(InvalidStatusList, "list-of-others")
    purposes = ", ".join(known.purpose.value for known in asked)
    return _passed("status-clear", since=times.written(min(known.since for known in asked)), purposes=purposes)


def _taken_back(purpose: StatusPurpose) -> VerificationError:
    if purpose is StatusPurpose.REVOCATION:
        return refusal(Revoked, "revoked")
    return refusal(Suspended, "suspended", hint="ask again later: a suspension may be lifted")


_STEPS: Final[dict[str, Callable[[_Run, bytes | Mapping[str, Any]], Step]]] = {
    "parse": _parse,
    "shape": _shape,
    "suite": _suite,
    "signer": _signer,
    "signature": _signature,
    "time": _time,
    "content": _content,
    "receipts": _receipts,
    "manifest": _manifest,
    "log": _log,
    "status": _status,
}
