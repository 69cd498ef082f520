"""What the store keeps: frozen records, one per table. The store's adapters translate them to rows."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from provenance.core.types import WorkId

Json = Mapping[str, Any]


class WorkStatus(StrEnum):
    ACTIVE = "active"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class Work:
    """One registered artwork. Digests are lower-case hex sha256; `marked_blob` is the digest of the marked file."""

    id: WorkId
    owner: str  # the API key's owner name, or "local"
    status: WorkStatus
    title: str
    media_type: str
    width: int
    height: int
    source_sha256: str
    marked_sha256: str
    marked_blob: str
    mark_alg: str
    mark_key_id: str
    digital_source_type: str
    terms_slug: str
    terms_hash: str
    certificate: Json  # the signed credential; never changed after registration
    certificate_hash: str  # sha256 of its JCS bytes
    created_at: datetime
    recipe_hash: str | None = None
    notes: tuple[str, ...] = ()
    look_alikes: tuple[Json, ...] = ()  # earlier works that looked like it when it was registered
    withdrawn_at: datetime | None = None


class ContentKind(StrEnum):
    """Why a digest points to a work. The digest is unique over all kinds: it decides races."""

    SOURCE_FILE = "source-file"
    SOURCE_PIXELS = "source-pixels"
    MARKED_FILE = "marked-file"
    MARKED_PIXELS = "marked-pixels"


@dataclass(frozen=True, slots=True)
class ContentKey:
    digest: str
    kind: ContentKind
    work_id: WorkId


@dataclass(frozen=True, slots=True)
class FingerprintOp:
    """One entry of the record that every vector index is rebuilt from. `fingerprint` None withdraws the work."""

    sequence: int  # given by the store, in commit order
    work_id: WorkId
    fingerprint: bytes | None

    @property
    def id(self) -> str:
        """The id by which the index knows the work."""
        return str(self.work_id)


@dataclass(frozen=True, slots=True)
class Check:
    """`probability` is the highest that the looks of any work gave, under `calibration`; None where a digest answered
    before any model was asked, or there was nothing to compare with."""

    id: str
    owner: str
    created_at: datetime
    report: Json
    calibration: str | None = None
    probability: float | None = None


class JobState(StrEnum):
    READY = "ready"
    DONE = "done"
    FAILED = "failed"  # gave up; stays for a person to look at


@dataclass(frozen=True, slots=True)
class Job:
    """An outbox row: written in the same transaction as the fact that it follows from."""

    id: int  # given by the store
    kind: str
    body: Json
    state: JobState
    attempts: int
    available_at: datetime
    last_error: str | None = None


@dataclass(frozen=True, slots=True)
class ApiKey:
    """`digest` is the sha256 of the whole key; the key itself is shown once and never stored."""

    id: str  # public prefix
    digest: str
    owner: str
    scopes: frozenset[str]
    created_at: datetime
    revoked_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class IdempotentResponse:
    """The stored answer to a request with an Idempotency-Key; `status` None while it is in flight."""

    owner: str
    key: str
    request_hash: str
    created_at: datetime
    status: int | None = None
    body: Json = field(default_factory=dict)


class AnchorState(StrEnum):
    SIGNED = "signed"
    SENT = "sent"
    MINED = "mined"
    FINAL = "final"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class AnchorBatch:
    """A Merkle batch and its transaction, stored before it is sent. `leaves` are (work id, certificate hash) pairs."""

    id: int  # given by the store
    root: str  # hex
    leaves: tuple[tuple[str, str], ...]
    state: AnchorState
    created_at: datetime
    chain_id: int
    contract: str
    sender: str
    nonce: int
    tx_hash: str
    raw_tx: bytes = field(repr=False)
    block_number: int | None = None
    block_hash: str | None = None


@dataclass(frozen=True, slots=True)
class Offer:
    """Terms at a price. Money is integer minor units of an ISO 4217 currency."""

    id: str
    work_id: WorkId
    terms_slug: str
    terms_hash: str
    price_minor: int
    currency: str
    created_at: datetime
    valid_until: datetime | None = None
    closed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Grant:
    """A licence given. `certificate` is the signed licence credential."""

    id: str
    offer_id: str
    work_id: WorkId
    licensee: str
    terms_slug: str
    terms_hash: str
    price_minor: int
    currency: str
    certificate: Json
    created_at: datetime
    valid_until: datetime | None = None
    revoked_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One leaf of the transparency log. `kind` and `work_id` are for finding it again; only `data` is in the tree."""

    index: int  # gapless, in commit order
    kind: str
    data: bytes = field(repr=False)
    created_at: datetime
    work_id: WorkId | None = None


@dataclass(frozen=True, slots=True)
class LogCheckpoint:
    """A tree head that was published. `note` is the signed note (C2SP signed-note) with all signatures so far."""

    size: int
    root: str  # hex
    note: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class ManifestRecord:
    """A C2PA manifest store that can be asked for by its active manifest's id; `blob` is the digest of its bytes."""

    id: str  # urn:c2pa:<uuid>
    blob: str
    owner: str
    created_at: datetime
    work_id: WorkId | None = None  # None: somebody stored it here, for a picture that is not registered
    embedded: bool = False
    deleted_at: datetime | None = None
    log_index: int | None = None  # the leaf of the transparency log that names its digest


@dataclass(frozen=True, slots=True)
class Binding:
    """A soft binding that leads to a manifest. `value` is padded standard base64 of the binding's bytes."""

    alg: str
    value: str
    manifest_id: str


class StatusPurpose(StrEnum):
    """Bitstring Status List v1.0, section 2.1."""

    REVOCATION = "revocation"  # for good
    SUSPENSION = "suspension"  # until it is lifted


@dataclass(frozen=True, slots=True)
class CredentialStatus:
    """A place in the status lists. A reserved place whose credential was never issued is harmless."""

    index: int  # given by the store
    credential_id: str  # urn:uuid:…
    created_at: datetime
    work_id: WorkId | None = None
    grant_id: str | None = None
    suspended_at: datetime | None = None
    revoked_at: datetime | None = None
    reason: str | None = None
