"""The tables of batches, watched uploads and decisions."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Column, Index
from sqlmodel import Field

from provenance.adapters.store.columns import BigKey, JsonObject, JsonTuple, UtcTime, WorkIdText, choice
from provenance.adapters.store.models import Row
from provenance.core.bulk import ItemState, Opinion
from provenance.core.types import WorkId


class CheckScoreRow(Row, table=True):
    """What a check's report says of looks, where the calibration report counts it. None for one that a digest ended."""

    __tablename__ = "check_scores"
    __table_args__ = (Index(None, "calibration", "owner", "probability"),)

    check_id: str = Field(foreign_key="checks.id", primary_key=True)
    owner: str
    calibration: str
    probability: float


class DecisionRow(Row, table=True):
    """Append-only."""

    __tablename__ = "decisions"
    __table_args__ = (Index(None, "check_id", "work_id", "id"), {"sqlite_autoincrement": True})

    id: int = Field(default=None, sa_column=Column(BigKey, primary_key=True))
    check_id: str = Field(foreign_key="checks.id")
    owner: str = Field(index=True)
    work_id: WorkId = Field(sa_type=WorkIdText, foreign_key="works.id", index=True)
    opinion: Opinion = Field(sa_type=choice(Opinion))
    note: str
    reviewer: str
    created_at: datetime = Field(sa_type=UtcTime)
    grade: str
    probability: float
    calibration: str


class BatchRow(Row, table=True):
    __tablename__ = "batches"
    __table_args__ = (
        Index(None, "created_at", "id"),
        Index(None, "owner", "created_at", "id"),
    )

    id: str = Field(primary_key=True)
    owner: str
    created_at: datetime = Field(sa_type=UtcTime)
    size: int
    licensee: str | None
    keep: bool
    finished_at: datetime | None = Field(sa_type=UtcTime, nullable=True)
    cancelled_at: datetime | None = Field(sa_type=UtcTime, nullable=True)


class BatchItemRow(Row, table=True):
    __tablename__ = "batch_items"
    __table_args__ = (Index(None, "batch_id", "state", "position"),)

    batch_id: str = Field(foreign_key="batches.id", primary_key=True)
    position: int = Field(primary_key=True)
    check_id: str
    name: str
    state: ItemState = Field(sa_type=choice(ItemState))
    url: str | None
    blob: str | None
    sha256: str | None
    pixels_sha256: str | None
    grade: str | None
    error: Mapping[str, Any] | None = Field(sa_type=JsonObject, nullable=True)
    links: tuple[Mapping[str, Any], ...] = Field(sa_type=JsonTuple)


class UploadPrintRow(Row, table=True):
    __tablename__ = "upload_prints"

    group: str = Field(primary_key=True)
    member: str = Field(primary_key=True)
    models: str
    fingerprint: bytes


class WatchRow(Row, table=True):
    __tablename__ = "watches"
    __table_args__ = (
        Index(None, "created_at", "id"),
        Index(None, "owner", "created_at", "id"),
    )

    id: str = Field(primary_key=True)
    owner: str
    created_at: datetime = Field(sa_type=UtcTime)
    title: str
    blob: str
    sha256: str
    pixels_sha256: str
    media_type: str
    width: int
    height: int
    licensee: str | None
    checked_at: datetime | None = Field(sa_type=UtcTime, nullable=True)


class WatchHitRow(Row, table=True):
    """A pair of upload and work has one hit. The numbers appear in their order, so that a reader may go on behind the
    last one that it saw."""

    __tablename__ = "watch_hits"
    __table_args__ = (
        Index("uq_watch_hits_watch_id_work_id", "watch_id", "work_id", unique=True),
        Index(None, "owner", "id"),
        {"sqlite_autoincrement": True},
    )

    id: int = Field(default=None, sa_column=Column(BigKey, primary_key=True))
    watch_id: str = Field(foreign_key="watches.id")
    owner: str
    work_id: WorkId = Field(sa_type=WorkIdText, foreign_key="works.id", index=True)
    check_id: str
    grade: str
    probability: float
    created_at: datetime = Field(sa_type=UtcTime)
