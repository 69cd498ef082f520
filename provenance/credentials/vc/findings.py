"""What a verification is given besides the document, and what it answers."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from provenance.core.records import StatusPurpose
from provenance.core.types import WorkId
from provenance.credentials.messages import message, step_title
from provenance.credentials.vc.receipts import MerkleReceipt

ConfirmAnchor = Callable[[MerkleReceipt], datetime]
"""Asks the ledger when it took the receipt's root. Raises ReceiptMismatch when it did not, Unavailable."""

CheckLog = Callable[[str, str, datetime], "LogFinding"]
"""Checks the text of a tlog-proof for a certificate's hash (hex) at a time. Raises a VerificationError."""

AskRegister = Callable[[str], StatusPurpose | None]
"""What the issuer's own register has against the credential with this id."""


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
class LogFinding:
    """Where the certificate stands in the transparency log `origin`: entry `index` of `size`."""

    origin: str
    index: int
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Supplied:
    """What the verifier brings besides keys: each thing makes one more step possible.

    `status_lists` are status list credentials as fetched; `manifest` is the bytes of a C2PA manifest store; `log_proof`
    is the text of a tlog-proof file, and counts instead of the one in a bundle.
    """

    confirm: ConfirmAnchor | None = None
    check_log: CheckLog | None = None
    log_proof: str | None = None
    manifest: bytes | None = None
    status_lists: Sequence[bytes] = ()
    register: AskRegister | None = None


@dataclass(frozen=True, slots=True)
class Verification:
    """What held. There is no "invalid" one: a failed verification raised.

    `certificate_hash` is the sha256 of the certificate's JCS bytes; of a `vc+jwt`, of its text.
    """

    kind: str  # "ArtworkCertificate" or "LicenceCertificate"
    certificate: Mapping[str, Any]
    certificate_hash: str
    key_id: str
    steps: tuple[Step, ...]
    content: ContentMatch | None
    anchored_since: datetime | None
    log: LogFinding | None

    @property
    def work_id(self) -> WorkId:
        return WorkId.parse(self.subject["work"])

    @property
    def issuer(self) -> str:
        return str(self.certificate["issuer"])

    @property
    def subject(self) -> Mapping[str, Any]:
        subject: Mapping[str, Any] = self.certificate["credentialSubject"]
        return subject
