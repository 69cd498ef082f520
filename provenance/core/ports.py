"""What the use cases ask of the world. Structural: `index/` and `generators/` satisfy these without importing them.

Every implementation passes the contract suite `tests/contract/test_<port>.py`.
"""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol

from provenance.core.manifests import ManifestReport, ManifestStatement, ManifestUpdate, SignedAsset, SoftBinding
from provenance.core.records import (
    AnchorBatch,
    ApiKey,
    Binding,
    Check,
    ContentKey,
    CredentialStatus,
    FingerprintOp,
    Grant,
    IdempotentResponse,
    Job,
    LogCheckpoint,
    LogEntry,
    ManifestRecord,
    Offer,
    StatusPurpose,
    Work,
)
from provenance.core.types import Detection, Picture, Region, WorkId, XmpProperties

if TYPE_CHECKING:
    from provenance.core.types import Pixels


class Clock(Protocol):
    """The time now, UTC, timezone-aware. Core has no clock of its own."""

    def __call__(self) -> datetime: ...


class Artwork(Protocol):
    """`pixels` uint8[H, W, 3] sRGB; `recipe_hash` sha256 hex of the recipe's canonical JSON with the seed."""

    @property
    def pixels(self) -> "Pixels": ...
    @property
    def recipe_hash(self) -> str: ...
    @property
    def digital_source_type(self) -> str: ...


class Generator(Protocol):
    """A recipe is complete: the same recipe and seed give the same artwork, bit for bit. Raises ValueError."""

    @property
    def name(self) -> str: ...
    @property
    def kinds(self) -> Sequence[str]:
        """The kinds of artwork that a recipe may name."""

    def make(self, recipe: Mapping[str, Any], *, seed: int) -> Artwork: ...


class Images(Protocol):
    """Untrusted bytes to a Picture and back, under limits. `read` raises Rejected."""

    def read(self, data: bytes) -> Picture: ...
    def write(self, picture: Picture, pixels: "Pixels") -> tuple[bytes, str]:
        """The picture's file with other pixels, its alpha and owner's metadata kept: (bytes, media type).

        A picture that never was a file has an empty `source`; it becomes a new file of its `format`.
        """

    def label(self, data: bytes, properties: XmpProperties) -> bytes:
        """The file with these properties in its XMP packet, every other byte of it unchanged. Raises Rejected."""

    def stamp(self, pixels: "Pixels", language: str) -> "Pixels":
        """The pixels with a label that people see, "en" or "zh". Raises Rejected where it has no room."""


class Watermarker(Protocol):
    """`embed` raises CannotHoldMark. `detect` answers only what a keyed tag verified."""

    @property
    def alg(self) -> str: ...
    @property
    def capacity_bits(self) -> int: ...
    @property
    def key_id(self) -> str:
        """The key that `embed` uses now."""

    def embed(self, pixels: "Pixels", payload: int) -> "Pixels": ...
    def detect(self, pixels: "Pixels") -> Detection | None: ...


class MatchEvidence(Protocol):
    @property
    def kind(self) -> str: ...
    @property
    def score(self) -> float: ...
    @property
    def threshold(self) -> float: ...
    @property
    def region(self) -> Region | None: ...
    @property
    def lower_is_closer(self) -> bool: ...


class Match(Protocol):
    """See `index.Match`."""

    @property
    def id(self) -> str: ...
    @property
    def grade(self) -> str: ...
    @property
    def probability(self) -> float: ...
    @property
    def evidence(self) -> Sequence[MatchEvidence]: ...
    @property
    def region_query(self) -> Region | None: ...
    @property
    def region_reference(self) -> Region | None: ...
    @property
    def calibration(self) -> str: ...


class Operation(Protocol):
    @property
    def sequence(self) -> int: ...
    @property
    def id(self) -> str: ...
    @property
    def fingerprint(self) -> bytes | None: ...


class Matcher(Protocol):
    """What `index/` offers as a whole. The database is the record; this is a cache that `apply` catches up."""

    @property
    def models(self) -> Sequence[str]: ...
    def describe(self, pictures: Sequence["Pixels"]) -> Sequence[bytes]:
        """One packed, versioned fingerprint a picture."""

    def apply(self, operations: Iterable[Operation]) -> None:
        """Add and remove, in the order of `sequence`; entries at or below `checkpoint()` are skipped."""

    def checkpoint(self) -> int: ...
    def match(self, picture: "Pixels", *, candidates: Sequence[str] = ()) -> Sequence[Match]:
        """Best first. `candidates` are compared and answered even where the shortlist would miss them."""

    def seal(self) -> None:
        """Write the state as a new generation on disk, where there is a disk."""


class Signer(Protocol):
    """An Ed25519 key. `key_id` is the verification method's full DID URL; `public_key` the 32 raw bytes."""

    @property
    def key_id(self) -> str: ...
    @property
    def public_key(self) -> bytes: ...
    def sign(self, body: bytes) -> bytes: ...


class ClaimSigner(Protocol):
    """The key and certificate that sign C2PA claims.

    `alg` is a C2PA algorithm name ("ES256", "ES384", "ES512", "Ed25519"); `chain` DER certificates, the leaf first,
    without the root. `sign` answers COSE's form: r || s for ECDSA. Raises Unavailable.
    """

    @property
    def alg(self) -> str: ...
    @property
    def chain(self) -> Sequence[bytes]: ...
    def sign(self, body: bytes) -> bytes: ...


class Timestamper(Protocol):
    """An RFC 3161 time-stamping authority."""

    def timestamp(self, imprint: bytes) -> bytes:
        """The DER TimeStampToken over a SHA-256 `imprint` (32 bytes), certificates included. Raises Unavailable."""


class RevocationSource(Protocol):
    """Where the OCSP response of the claim-signing certificate comes from."""

    def staple(self) -> bytes | None:
        """A fresh DER OCSPResponse; None where the certificate names no responder. Raises Unavailable."""


class ManifestSigner(Protocol):
    """Writes and signs C2PA manifests."""

    def sign(self, asset: bytes, media_type: str, statement: ManifestStatement) -> SignedAsset:
        """A standard manifest, embedded where the format holds one. Raises InvalidRequest, UnsupportedFormat."""

    def update(
        self, asset: bytes, media_type: str, change: ManifestUpdate, *, manifest: bytes | None = None
    ) -> SignedAsset:
        """An update manifest on a signed file; `manifest` is its store where it lies beside it.

        Raises InvalidRequest, NotFound when there is no manifest to update, MalformedManifest, and Unavailable when
        the time-stamp that was asked for is not to be had.
        """


class ContentCodes(Protocol):
    """`image` is the ISCC Image-Code in text; `binding` the soft binding that holds all codes of a file."""

    @property
    def image(self) -> str: ...
    @property
    def binding(self) -> SoftBinding: ...


class ContentCode(Protocol):
    def __call__(self, pixels: "Pixels", asset: bytes, alpha: "Pixels | None" = None) -> ContentCodes:
        """The codes of a picture, uint8[H, W, 3], and of its file's bytes before there is a manifest in them."""


class ManifestReader(Protocol):
    """Reads what others signed. It never fetches anything."""

    def read(self, asset: bytes, media_type: str, *, manifest: bytes | None = None) -> ManifestReport | None:
        """What the manifest store says and whether it holds; `manifest` is a store that lies beside the file.

        None: there is no manifest at all. Raises MalformedManifest, TooLarge, UnsupportedFormat.
        """


class Keyring(Protocol):
    """The public keys that a verifier trusts. Raises UntrustedSigner for an unknown key_id, else InvalidSignature."""

    def verify(self, key_id: str, body: bytes, signature: bytes) -> None: ...


class PreparedAnchor(Protocol):
    """A signed transaction that was not sent yet."""

    @property
    def chain_id(self) -> int: ...
    @property
    def contract(self) -> str: ...
    @property
    def sender(self) -> str: ...
    @property
    def nonce(self) -> int: ...
    @property
    def tx_hash(self) -> str: ...
    @property
    def raw_tx(self) -> bytes: ...


class LedgerReceipt(Protocol):
    @property
    def tx_hash(self) -> str: ...
    @property
    def block_number(self) -> int: ...
    @property
    def block_hash(self) -> str: ...
    @property
    def final(self) -> bool: ...


class Ledger(Protocol):
    """Prepare, store, send, look: a transaction is in the database before it is on the wire (docs/adr/0003)."""

    @property
    def name(self) -> str: ...
    def prepare(self, root: bytes, leaf_count: int, *, nonce: int | None = None) -> PreparedAnchor:
        """`nonce` None asks the node for the next free one.

        Raises Conflict when this root is anchored already, InvalidRequest for an impossible root or count, Unavailable.
        """

    def replace(self, raw_tx: bytes) -> PreparedAnchor:
        """The same anchor at the same nonce with higher fees, for a stuck transaction. Raises like `prepare`."""

    def send(self, raw_tx: bytes) -> None:
        """Idempotent for the same bytes. Raises Conflict when another transaction used up the nonce, Unavailable."""

    def receipt(self, tx_hash: str) -> LedgerReceipt | None:
        """None while it is not mined, or no longer (a reorganisation). Raises ReceiptMismatch when it reverted."""

    def locate(self, root: bytes) -> LedgerReceipt | None:
        """The transaction that anchored this root, whichever it was; None where none did."""

    def recover(self, root: bytes) -> PreparedAnchor | None:
        """That transaction as `prepare` answered it, for a store that has lost it; None where there is none."""

    def confirm(self, root: bytes) -> datetime:
        """When the contract anchored this root. Raises ReceiptMismatch when it did not."""


class Blobs(Protocol):
    """Content-addressed files: `put` answers the sha256 hex digest. An orphan is harmless; `get` raises NotFound."""

    def put(self, data: bytes) -> str: ...
    def get(self, digest: str) -> bytes: ...


class Fetcher(Protocol):
    """The only way to a URL. Raises InvalidRequest for a forbidden address, TooLarge, Unavailable."""

    def fetch(self, url: str) -> bytes: ...


class Works(Protocol):
    def add(self, work: Work, keys: Sequence[ContentKey]) -> None:
        """Raises Conflict (naming the existing work) when a digest or the id is taken."""

    def get(self, work_id: WorkId) -> Work:
        """Raises NotFound."""

    def find(self, ids: Sequence[WorkId]) -> dict[WorkId, Work]: ...
    def by_digest(self, digest: str) -> ContentKey | None: ...
    def page(self, *, after: str | None, limit: int, owner: str | None = None) -> tuple[list[Work], str | None]:
        """Newest first, and the next opaque cursor. Raises InvalidRequest on a cursor that is not ours."""

    def withdraw(self, work_id: WorkId, at: datetime) -> Work:
        """Marks it withdrawn and frees its digests. Withdrawing twice is the same as once."""

    def count(self) -> int:
        """The withdrawn ones too."""

    def without_anchor(self, limit: int) -> list[Work]:
        """Active works in no batch, or in failed ones only; oldest first."""


class Fingerprints(Protocol):
    def append(self, work_id: WorkId, fingerprint: bytes | None) -> None: ...
    def since(self, sequence: int, limit: int) -> list[FingerprintOp]: ...
    def last(self) -> int: ...


class Checks(Protocol):
    def add(self, check: Check) -> None: ...
    def get(self, check_id: str) -> Check: ...


class Outbox(Protocol):
    def add(self, kind: str, body: Mapping[str, Any], *, available_at: datetime) -> None: ...
    def claim(self, now: datetime, *, limit: int, lease_seconds: int) -> list[Job]:
        """Ready jobs whose time has come; they stay invisible to others until the lease ends."""

    def done(self, job_id: int) -> None: ...
    def retry(self, job_id: int, *, error: str, available_at: datetime) -> None: ...
    def fail(self, job_id: int, *, error: str) -> None: ...
    def pending(self) -> int: ...


class ApiKeys(Protocol):
    def add(self, key: ApiKey) -> None: ...
    def by_digest(self, digest: str) -> ApiKey | None: ...
    def all(self) -> list[ApiKey]: ...
    def revoke(self, key_id: str, at: datetime) -> None:
        """Raises NotFound."""


class Idempotency(Protocol):
    def begin(self, record: IdempotentResponse) -> IdempotentResponse | None:
        """None: it is ours now. Otherwise the record that was there first.

        One that is still in flight ten minutes later died with its process: the same request takes it over.
        """

    def finish(self, owner: str, key: str, *, status: int, body: Mapping[str, Any]) -> None:
        """The first answer stands. Raises NotFound when it was never begun."""

    def forget(self, owner: str, key: str) -> None: ...
    def expire(self, before: datetime) -> int: ...


class Anchors(Protocol):
    def add(self, batch: AnchorBatch) -> AnchorBatch:
        """Raises Conflict when (chain, sender, nonce) or (chain, root) is taken.

        A failed batch gives its root free again, and its nonce unless it has a block number: then a block used it up.
        """

    def update(self, batch: AnchorBatch) -> None:
        """State, nonce, transaction and block; the root and the leaves never change. Raises NotFound, Conflict."""

    def unfinished(self) -> list[AnchorBatch]: ...
    def next_nonce(self, chain_id: int, sender: str) -> int | None:
        """One above the highest nonce in use here; None when none is."""

    def of_work(self, work_id: WorkId) -> list[AnchorBatch]: ...


class Licences(Protocol):
    def add_offer(self, offer: Offer) -> None: ...
    def offer(self, offer_id: str) -> Offer: ...
    def offers(self, work_id: WorkId) -> list[Offer]: ...
    def add_grant(self, grant: Grant) -> None: ...
    def grant(self, grant_id: str) -> Grant: ...
    def grants(self, work_id: WorkId, licensee: str) -> list[Grant]: ...
    def stop(self, grant_id: str, since: datetime | None) -> None:
        """From then on it does not hold; None lets it hold again. Raises NotFound."""


class Log(Protocol):
    """The transparency log's leaves, appended in the transaction of the fact that they record, and its tree heads."""

    def append(self, kind: str, data: bytes, *, at: datetime, work_id: WorkId | None = None) -> int:
        """The leaf's index: gapless, in commit order. Raises InvalidRequest over 65,535 bytes."""

    def size(self) -> int: ...
    def entries(self, start: int, end: int) -> list[LogEntry]:
        """Those with start <= index < end, in order."""

    def of_work(self, work_id: WorkId) -> list[LogEntry]: ...
    def of_service(self) -> list[LogEntry]:
        """Those about no work, such as the service's own keys; in order."""

    def put_checkpoint(self, checkpoint: LogCheckpoint) -> None:
        """The same tree head again replaces the note. Raises Conflict for another root of the same size."""

    def checkpoint(self, size: int | None = None) -> LogCheckpoint | None:
        """The one of that size, or the newest."""


class Manifests(Protocol):
    """C2PA manifest stores and the soft bindings that lead to them. A deleted one is found by nothing but its id."""

    def add(self, manifest: ManifestRecord, bindings: Sequence[Binding]) -> None:
        """Raises Conflict when the id is taken."""

    def get(self, manifest_id: str) -> ManifestRecord:
        """The deleted ones too. Raises NotFound."""

    def of_work(self, work_id: WorkId) -> list[ManifestRecord]:
        """Newest first."""

    def bind(self, binding: Binding) -> None:
        """Binding twice is the same as once. Raises NotFound for a manifest that is not here or deleted."""

    def unbind(self, binding: Binding) -> None:
        """Nothing happens where it is not bound."""

    def bindings(self, manifest_id: str) -> list[Binding]: ...
    def bindings_of(self, owner: str | None, value: str) -> list[Binding]:
        """Under any algorithm, to manifests of this owner (None: of anybody) that are not deleted."""

    def by_binding(self, alg: str, value: str, limit: int) -> list[ManifestRecord]:
        """Newest first."""

    def values(self, alg: str, *, after: str, limit: int, works: bool = True) -> list[str]:
        """What is bound under an algorithm, each value once, ascending from the one after `after`; to deleted manifests
        too. `works` False leaves out the manifests of works."""

    def delete(self, manifest_id: str, at: datetime) -> None:
        """Deleting twice is the same as once. Raises NotFound."""


class Statuses(Protocol):
    """The places of credentials in the status lists."""

    def reserve(
        self, credential_id: str, *, at: datetime, work_id: WorkId | None = None, grant_id: str | None = None
    ) -> int:
        """An index that nothing else has. Raises Conflict when the credential has one."""

    def by_credential(self, credential_id: str) -> CredentialStatus | None: ...
    def update(self, status: CredentialStatus) -> None:
        """Writes the times and the reason. Raises NotFound."""

    def marked(self, purpose: StatusPurpose) -> list[int]:
        """The indices whose bit is set, ascending."""

    def last(self) -> int:
        """The highest index in use; -1 when there is none."""


class Unit(Protocol):
    """One transaction. Leaving the `with` block commits once; an exception rolls back.

    After a Conflict that was caught the unit goes on as if the call had not been made.
    """

    @property
    def works(self) -> Works: ...
    @property
    def fingerprints(self) -> Fingerprints: ...
    @property
    def checks(self) -> Checks: ...
    @property
    def outbox(self) -> Outbox: ...
    @property
    def api_keys(self) -> ApiKeys: ...
    @property
    def idempotency(self) -> Idempotency: ...
    @property
    def anchors(self) -> Anchors: ...
    @property
    def licences(self) -> Licences: ...
    @property
    def log(self) -> Log: ...
    @property
    def manifests(self) -> Manifests: ...
    @property
    def statuses(self) -> Statuses: ...


class Store(Protocol):
    """`read` never takes the write lock; `unit` takes it at once, so that two writers queue instead of failing.

    A thread is in one transaction at a time. Both raise Unavailable and Busy.
    """

    def unit(self) -> AbstractContextManager[Unit]: ...
    def read(self) -> AbstractContextManager[Unit]: ...
    def ping(self) -> None:
        """Raises Unavailable."""
