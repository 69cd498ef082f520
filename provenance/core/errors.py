"""The one error tree. Faces translate it once: `faces/api/problems.py` to HTTP, `faces/cli/exits.py` to exit codes.

ProvenanceError
├── Rejected                 the input can't be accepted, and the reason says why
│   ├── UnsupportedFormat        not an image format we read
│   ├── UnreadableImage          truncated or corrupt
│   ├── TooLarge                 over a limit on bytes, pixels or side
│   │   └── UriTooLong               a value that belongs into a body, not into an address
│   ├── CannotHoldMark           too small or too flat for the watermark
│   └── InvalidRequest           a field, recipe, cursor or URL is wrong
│       └── SourceRefused            the URL that the caller named answers with an error
├── Conflict                 the work is already here; `existing` names it
│   └── InProgress               the first request with this Idempotency-Key has no answer yet
├── NotFound
├── Unauthenticated          no valid credentials
├── Forbidden                valid credentials, missing scope
├── Busy                     over capacity; `retry_after` seconds
├── Unavailable              a part we depend on (disk, database, node) does not answer
│   └── SourceFailed             nothing could be had from the URL that the caller named
├── Misconfigured            settings, keys or models are wrong; nothing was started
└── VerificationError        a certificate or file does not verify; `step` says where
    ├── MalformedCertificate     not JSON, duplicate keys, missing or wrong fields
    ├── UnsupportedVersion       a version or proof suite that we don't know
    ├── UntrustedSigner          signed, but by nobody whom the verifier trusts
    ├── InvalidSignature
    ├── NotYetValid
    ├── Expired
    ├── ContentMismatch          the file is not the certified file
    ├── ContradictoryLabels      two labels, headers or documents about one work can not both be true
    ├── ReceiptMismatch          a ledger receipt does not lead to its root
    ├── ManifestMismatch         the C2PA manifest store is not the one that the certificate links to
    ├── MalformedManifest        a C2PA manifest store that nothing can be read from
    ├── ManifestAltered          a statement of the C2PA manifest is not the one that was signed
    ├── InvalidTimestamp         an RFC 3161 token over other bytes, by nobody entitled, or not readable
    ├── InvalidOcspResponse      an OCSP response that is stale, somebody else's, or not readable: it says nothing
    ├── InvalidStatusList        a status list that is stale, somebody else's, or not readable: it says nothing
    ├── Revoked                  the issuer took the certificate back, for good
    ├── Suspended                the issuer does not stand by it at the moment
    └── LogProofInvalid          what a transparency log says does not hold together
        ├── MalformedLogProof        truncated, or not in the form that its specification gives it
        ├── LogRootMismatch          entry, path or tiles lead to another root than the checkpoint's
        ├── LogInconsistent          two checkpoints that no single append-only log can have
        ├── StaleCheckpoint          older or smaller than the verifier asks for
        └── NotWitnessed             too few of the policy's witnesses cosigned the checkpoint
"""

from typing import Any, ClassVar


class ProvenanceError(Exception):
    """Base of every error raised on purpose.

    `code` is stable and machine-readable; `str(error)` is one sentence for a person; `hint` says what to do about it.
    """

    code: ClassVar[str] = "error"

    def __init__(self, reason: str, *, hint: str | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.hint = hint


class Rejected(ProvenanceError):
    code = "rejected"


class UnsupportedFormat(Rejected):
    code = "unsupported-format"


class UnreadableImage(Rejected):
    code = "unreadable-image"


class TooLarge(Rejected):
    code = "too-large"


class UriTooLong(TooLarge):
    code = "uri-too-long"


class CannotHoldMark(Rejected):
    code = "cannot-hold-mark"


class InvalidRequest(Rejected):
    code = "invalid-request"


class SourceRefused(InvalidRequest):
    code = "source-refused"


class Conflict(ProvenanceError):
    """The same file, the same pixels or the same mark is registered already; `existing` is that work's id."""

    code = "conflict"

    def __init__(self, reason: str, *, existing: str | None = None, hint: str | None = None) -> None:
        super().__init__(reason, hint=hint)
        self.existing = existing


class InProgress(Conflict):
    code = "in-progress"


class NotFound(ProvenanceError):
    code = "not-found"


class Unauthenticated(ProvenanceError):
    code = "unauthenticated"


class Forbidden(ProvenanceError):
    code = "forbidden"


class Busy(ProvenanceError):
    code = "busy"

    def __init__(self, reason: str, *, retry_after: int, hint: str | None = None) -> None:
        super().__init__(reason, hint=hint)
        self.retry_after = retry_after


class Unavailable(ProvenanceError):
    code = "unavailable"


class SourceFailed(Unavailable):
    code = "source-failed"


class Misconfigured(ProvenanceError):
    code = "misconfigured"


class VerificationError(ProvenanceError):
    """A verification stopped. `step` is the number of the step that failed (see `credentials.verify`).

    `finding` and `values` name the reason in the message catalogue, for other languages; `trail` holds the steps that
    ran, the failed one last.
    """

    code = "invalid"

    def __init__(self, reason: str, *, step: int = 0, hint: str | None = None, finding: str = "") -> None:
        super().__init__(reason, hint=hint)
        self.step = step
        self.finding = finding
        self.values: dict[str, str] = {}
        self.trail: tuple[Any, ...] = ()


class MalformedCertificate(VerificationError):
    code = "malformed-certificate"


class UnsupportedVersion(VerificationError):
    code = "unsupported-version"


class UntrustedSigner(VerificationError):
    code = "untrusted-signer"


class InvalidSignature(VerificationError):
    code = "invalid-signature"


class NotYetValid(VerificationError):
    code = "not-yet-valid"


class Expired(VerificationError):
    code = "expired"


class ContentMismatch(VerificationError):
    code = "content-mismatch"


class ContradictoryLabels(VerificationError):
    code = "contradictory-labels"


class ReceiptMismatch(VerificationError):
    code = "receipt-mismatch"


class ManifestMismatch(VerificationError):
    code = "manifest-mismatch"


class MalformedManifest(VerificationError):
    code = "malformed-manifest"


class ManifestAltered(VerificationError):
    code = "manifest-altered"


class InvalidTimestamp(VerificationError):
    code = "invalid-timestamp"


class InvalidOcspResponse(VerificationError):
    code = "invalid-ocsp-response"


class InvalidStatusList(VerificationError):
    code = "invalid-status-list"


class Revoked(VerificationError):
    code = "revoked"


class Suspended(VerificationError):
    code = "suspended"


class LogProofInvalid(VerificationError):
    code = "log-proof-invalid"


class MalformedLogProof(LogProofInvalid):
    code = "malformed-log-proof"


class LogRootMismatch(LogProofInvalid):
    code = "log-root-mismatch"


class LogInconsistent(LogProofInvalid):
    code = "log-inconsistent"


class StaleCheckpoint(LogProofInvalid):
    code = "stale-checkpoint"


class NotWitnessed(LogProofInvalid):
    code = "not-witnessed"
