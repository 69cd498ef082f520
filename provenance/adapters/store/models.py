"""The tables. A row's columns carry the names and the values of its record; rows never leave this room."""

from collections.abc import Mapping
from dataclasses import fields
from datetime import datetime
from typing import Any, ClassVar, TypeVar

from sqlalchemy import BigInteger, CheckConstraint, Column, Index, LargeBinary, MetaData, text
from sqlmodel import Field, SQLModel

from provenance.adapters.store.columns import BigKey, JsonObject, JsonSet, JsonTuple, UtcTime, WorkIdText, choice
from provenance.core.models import ModelSetState
from provenance.core.records import AnchorState, ContentKind, JobState, WorkStatus
from provenance.core.types import WorkId

_NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}
_LIVE_NONCE = text("state <> 'failed' OR block_number IS NOT NULL")
_LIVE = text("state <> 'failed'")


class Row(SQLModel):
    """The base of every table: one MetaData whose constraints have the same names on every database."""

    metadata: ClassVar[MetaData] = MetaData(naming_convention=_NAMES)

    @classmethod
    def values(cls, record: Any, **extra: Any) -> dict[str, Any]:
        """What to insert for a record: its fields that are columns of this table, and `extra` ones."""
        return {name: getattr(record, name) for name in _shared(cls, type(record))} | extra

    def to(self, record: type["AnyRecord"], **extra: Any) -> "AnyRecord":
        """The record of a row; `extra` are fields of the record that are no columns of this table."""
        return record(**{name: getattr(self, name) for name in _shared(type(self), record)} | extra)


def _shared(row: type[Row], record: type[Any]) -> tuple[str, ...]:
    """The columns that are fields of the record."""
    return tuple(field.name for field in fields(record) if field.name in row.model_fields)


AnyRow = TypeVar("AnyRow", bound=Row)
AnyRecord = TypeVar("AnyRecord")


class WorkRow(Row, table=True):
    __tablename__ = "works"
    __table_args__ = (
        Index(None, "created_at", "id"),
        Index(None, "owner", "created_at", "id"),
    )

    id: WorkId = Field(sa_type=WorkIdText, primary_key=True)
    owner: str
    status: WorkStatus = Field(sa_type=choice(WorkStatus))
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
    certificate: Mapping[str, Any] = Field(sa_type=JsonObject)
    certificate_hash: str
    created_at: datetime = Field(sa_type=UtcTime)
    recipe_hash: str | None
    notes: tuple[str, ...] = Field(sa_type=JsonTuple)
    look_alikes: tuple[Mapping[str, Any], ...] = Field(sa_type=JsonTuple)
    withdrawn_at: datetime | None = Field(sa_type=UtcTime, nullable=True)


class ContentKeyRow(Row, table=True):
    """The primary key over all kinds is what decides a race between two registrations of the same content."""

    __tablename__ = "content_keys"

    digest: str = Field(primary_key=True)
    kind: ContentKind = Field(sa_type=choice(ContentKind))
    work_id: WorkId = Field(sa_type=WorkIdText, foreign_key="works.id", index=True)


class FingerprintRow(Row, table=True):
    """Append-only, but for pruned models. AUTOINCREMENT: SQLite would otherwise give a deleted last number again.
    `models` is NULL for a withdrawal."""

    __tablename__ = "fingerprint_ops"
    __table_args__ = (Index(None, "work_id", "models"), {"sqlite_autoincrement": True})

    sequence: int = Field(default=None, sa_column=Column(BigKey, primary_key=True))
    work_id: WorkId = Field(sa_type=WorkIdText, foreign_key="works.id")
    fingerprint: bytes | None = Field(sa_type=LargeBinary, nullable=True)
    crc32: int = Field(sa_type=BigInteger)
    models: str | None


class ModelSetRow(Row, table=True):
    __tablename__ = "model_sets"

    key: str = Field(primary_key=True)
    models: tuple[str, ...] = Field(sa_type=JsonTuple)
    sources: tuple[Mapping[str, Any], ...] = Field(sa_type=JsonTuple)
    state: ModelSetState = Field(sa_type=choice(ModelSetState))
    created_at: datetime = Field(sa_type=UtcTime)
    cursor: WorkId | None = Field(sa_type=WorkIdText, nullable=True)


class UndescribedRow(Row, table=True):
    __tablename__ = "undescribed"

    models: str = Field(foreign_key="model_sets.key", primary_key=True)
    work_id: WorkId = Field(sa_type=WorkIdText, foreign_key="works.id", primary_key=True, index=True)
    error: str
    at: datetime = Field(sa_type=UtcTime)


class CheckRow(Row, table=True):
    __tablename__ = "checks"

    id: str = Field(primary_key=True)
    owner: str
    created_at: datetime = Field(sa_type=UtcTime)
    report: Mapping[str, Any] = Field(sa_type=JsonObject)


class JobRow(Row, table=True):
    """`available_at` is also the end of the lease of a claimed job."""

    __tablename__ = "jobs"
    __table_args__ = (Index(None, "state", "available_at", "id"), {"sqlite_autoincrement": True})

    id: int = Field(default=None, sa_column=Column(BigKey, primary_key=True))
    kind: str
    body: Mapping[str, Any] = Field(sa_type=JsonObject)
    state: JobState = Field(sa_type=choice(JobState))
    attempts: int
    available_at: datetime = Field(sa_type=UtcTime)
    last_error: str | None


class ApiKeyRow(Row, table=True):
    __tablename__ = "api_keys"

    id: str = Field(primary_key=True)
    digest: str = Field(unique=True)
    owner: str
    scopes: frozenset[str] = Field(sa_type=JsonSet)
    created_at: datetime = Field(sa_type=UtcTime)
    revoked_at: datetime | None = Field(sa_type=UtcTime, nullable=True)


class IdempotencyRow(Row, table=True):
    __tablename__ = "idempotency"

    owner: str = Field(primary_key=True)
    key: str = Field(primary_key=True)
    request_hash: str
    created_at: datetime = Field(sa_type=UtcTime, index=True)
    status: int | None
    body: Mapping[str, Any] = Field(sa_type=JsonObject)


class AnchorBatchRow(Row, table=True):
    """A failed batch gives its root free again, and its nonce unless a block used it up."""

    __tablename__ = "anchor_batches"
    __table_args__ = (
        Index("uq_anchor_batches_nonce", "chain_id", "sender", "nonce", unique=True,
              sqlite_where=_LIVE_NONCE, postgresql_where=_LIVE_NONCE),
        Index("uq_anchor_batches_root", "chain_id", "root", unique=True, sqlite_where=_LIVE, postgresql_where=_LIVE),
        Index(None, "state"),
        {"sqlite_autoincrement": True},
    )  # fmt: skip

    id: int = Field(default=None, sa_column=Column(BigKey, primary_key=True))
    root: str
    state: AnchorState = Field(sa_type=choice(AnchorState))
    created_at: datetime = Field(sa_type=UtcTime)
    chain_id: int = Field(sa_type=BigInteger)
    contract: str
    sender: str
    nonce: int = Field(sa_type=BigInteger)
    tx_hash: str
    raw_tx: bytes
    block_number: int | None = Field(sa_type=BigInteger, nullable=True)
    block_hash: str | None


class AnchorLeafRow(Row, table=True):
    __tablename__ = "anchor_leaves"

    batch_id: int = Field(sa_type=BigInteger, foreign_key="anchor_batches.id", primary_key=True)
    position: int = Field(primary_key=True)
    work_id: WorkId = Field(sa_type=WorkIdText, foreign_key="works.id", index=True)
    certificate_hash: str


class OfferRow(Row, table=True):
    __tablename__ = "offers"
    __table_args__ = (CheckConstraint("price_minor >= 0", name="price"),)

    id: str = Field(primary_key=True)
    work_id: WorkId = Field(sa_type=WorkIdText, foreign_key="works.id", index=True)
    terms_slug: str
    terms_hash: str
    price_minor: int = Field(sa_type=BigInteger)
    currency: str
    created_at: datetime = Field(sa_type=UtcTime)
    valid_until: datetime | None = Field(sa_type=UtcTime, nullable=True)
    closed_at: datetime | None = Field(sa_type=UtcTime, nullable=True)


class GrantRow(Row, table=True):
    __tablename__ = "grants"
    __table_args__ = (Index(None, "work_id", "licensee"), CheckConstraint("price_minor >= 0", name="price"))

    id: str = Field(primary_key=True)
    offer_id: str = Field(foreign_key="offers.id", index=True)
    work_id: WorkId = Field(sa_type=WorkIdText, foreign_key="works.id")
    licensee: str
    terms_slug: str
    terms_hash: str
    price_minor: int = Field(sa_type=BigInteger)
    currency: str
    certificate: Mapping[str, Any] = Field(sa_type=JsonObject)
    created_at: datetime = Field(sa_type=UtcTime)
    valid_until: datetime | None = Field(sa_type=UtcTime, nullable=True)
    revoked_at: datetime | None = Field(sa_type=UtcTime, nullable=True)


class LogEntryRow(Row, table=True):
    """Append-only; the repository gives the indices, without a gap."""

    __tablename__ = "log_entries"

    index: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    kind: str = Field(index=True)
    data: bytes
    created_at: datetime = Field(sa_type=UtcTime)
    work_id: WorkId | None = Field(sa_type=WorkIdText, nullable=True, index=True)


class LogCheckpointRow(Row, table=True):
    __tablename__ = "log_checkpoints"

    size: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    root: str
    note: str
    created_at: datetime = Field(sa_type=UtcTime)


class ManifestRow(Row, table=True):
    __tablename__ = "manifests"

    id: str = Field(primary_key=True)
    blob: str
    owner: str
    created_at: datetime = Field(sa_type=UtcTime)
    work_id: WorkId | None = Field(sa_type=WorkIdText, foreign_key="works.id", nullable=True, index=True)
    embedded: bool
    deleted_at: datetime | None = Field(sa_type=UtcTime, nullable=True)
    log_index: int | None = Field(sa_type=BigInteger, nullable=True)


class BindingRow(Row, table=True):
    __tablename__ = "bindings"

    alg: str = Field(primary_key=True)
    value: str = Field(primary_key=True, index=True)
    manifest_id: str = Field(foreign_key="manifests.id", primary_key=True, index=True)


class CredentialStatusRow(Row, table=True):
    """The indices start at 1 and grow; a place is never given again."""

    __tablename__ = "credential_statuses"
    __table_args__ = ({"sqlite_autoincrement": True},)

    index: int = Field(default=None, sa_column=Column(BigKey, primary_key=True))
    credential_id: str = Field(unique=True)
    created_at: datetime = Field(sa_type=UtcTime)
    work_id: WorkId | None = Field(sa_type=WorkIdText, nullable=True, index=True)
    grant_id: str | None
    suspended_at: datetime | None = Field(sa_type=UtcTime, nullable=True)
    revoked_at: datetime | None = Field(sa_type=UtcTime, nullable=True)
    reason: str | None
