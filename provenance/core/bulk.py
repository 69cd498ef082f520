"""Batches of pictures, watched uploads and reviewers' decisions: frozen records, one per table."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from provenance.core.records import Json
from provenance.core.types import WorkId


class ItemState(StrEnum):
    WAITING = "waiting"
    CHECKED = "checked"
    FAILED = "failed"  # `error` says why; the others go on
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Batch:
    """Pictures that were handed in together. It is open until `finished_at`: then nothing waits any more."""

    id: str
    owner: str
    created_at: datetime
    size: int  # items
    licensee: str | None = None
    keep: bool = False  # the pictures stay with their checks
    finished_at: datetime | None = None
    cancelled_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class BatchItem:
    """One picture of a batch: a stored `blob`, or a `url` that the worker fetches. Its check has an id before it is
    made, so that a worker that was killed makes no second one. `links` are pictures of the batch that show the same."""

    batch_id: str
    position: int  # from 0, in the order in which they came
    check_id: str
    name: str
    state: ItemState = ItemState.WAITING
    url: str | None = None
    blob: str | None = None
    sha256: str | None = None
    pixels_sha256: str | None = None
    grade: str | None = None
    error: Json | None = None
    links: tuple[Json, ...] = ()


@dataclass(frozen=True, slots=True)
class UploadPrint:
    """The fingerprint of an upload, for the small index of its group: a batch, or all watched uploads. `models` made
    it."""

    group: str
    member: str
    models: str
    fingerprint: bytes


@dataclass(frozen=True, slots=True)
class Watch:
    """An upload that is checked again whenever a work is registered. `blob` is the kept picture."""

    id: str
    owner: str
    created_at: datetime
    title: str
    blob: str
    sha256: str
    pixels_sha256: str
    media_type: str
    width: int
    height: int
    licensee: str | None = None
    checked_at: datetime | None = None  # when it was last compared with the whole register


@dataclass(frozen=True, slots=True)
class WatchHit:
    """An event: a work whose content is in a watched upload. A pair of them has one hit for ever."""

    id: int  # given by the store, in commit order
    watch_id: str
    owner: str
    work_id: WorkId
    check_id: str
    grade: str
    probability: float
    created_at: datetime


class Opinion(StrEnum):
    """What a reviewer says of one match."""

    CONFIRM = "confirm"
    REJECT = "reject"
    UNSURE = "unsure"


@dataclass(frozen=True, slots=True)
class Decision:
    """Append-only: a later one on the same check and work takes the place of an earlier one, which stays on record.

    `grade`, `probability` and `calibration` are those of the match by its looks, as they were when it was decided on.
    """

    id: int  # given by the store
    check_id: str
    owner: str  # of the check
    work_id: WorkId
    opinion: Opinion
    note: str
    reviewer: str
    created_at: datetime
    grade: str
    probability: float
    calibration: str
