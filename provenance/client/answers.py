"""What the service is told, and what it answers."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, TypeVar

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """How a file was made, and by whom, as its labels shall say it: all of it is public, and nothing is written that
    is not given. `digital_source_type` is an IPTC term, trainedAlgorithmicMedia where it is left out.
    """

    digital_source_type: str | None = None
    ai_system: str | None = None
    ai_system_version: str | None = None
    prompt: str | None = None
    creators: tuple[str, ...] = ()

    def form(self) -> dict[str, Any]:
        """The fields of `POST /v1/works`."""
        return {field.name: getattr(self, field.name) or None for field in fields(self)}


@dataclass(frozen=True, slots=True)
class Work:
    """A registered artwork; digests are lower-case hex sha256, times UTC."""

    id: str
    status: str
    title: str
    owner: str
    media_type: str
    width: int
    height: int
    source_sha256: str
    marked_sha256: str
    mark_alg: str
    digital_source_type: str
    terms: str
    terms_hash: str
    recipe_hash: str | None
    certificate_hash: str
    created_at: datetime
    withdrawn_at: datetime | None
    notes: list[str]
    look_alikes: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Match:
    """What a picture has in common with one work. Regions are polygons of (x, y), each 0 to 1."""

    work_id: str
    title: str
    registered_at: datetime
    grade: str
    probability: float
    copied_mark: bool
    evidence: list[dict[str, Any]]
    region_query: list[list[float]] | None
    region_reference: list[list[float]] | None
    calibration: str
    terms: str
    licence: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Decision:
    """What a reviewer said of one match; `opinion` is confirm, reject or unsure. The rest is the match as it was."""

    id: int
    work_id: str
    opinion: str
    note: str
    reviewer: str
    created_at: datetime
    grade: str
    probability: float
    calibration: str


@dataclass(frozen=True, slots=True)
class Report:
    """The answer to a check; `matches` are best first and `grade` is the first one's. `decisions` are what reviewers
    said since, oldest first."""

    id: str
    created_at: datetime
    grade: str
    matches: list[Match]
    query: dict[str, Any]
    licensee: str | None
    mark: dict[str, Any] | None
    policy: str
    models: list[str]
    milliseconds: dict[str, float]
    decisions: list[Decision]


@dataclass(frozen=True, slots=True)
class Batch:
    """Pictures that are checked in the background. `state` is running, finished or cancelled; `states` and `grades`
    count its pictures; `duplicates` are groups of positions that show the same."""

    id: str
    state: str
    created_at: datetime
    finished_at: datetime | None
    size: int
    licensee: str | None
    keep: bool
    states: dict[str, int]
    grades: dict[str, int]
    duplicates: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class BatchItem:
    """One picture of a batch. `state` is waiting, checked, failed or cancelled; `error` has a code and a reason."""

    position: int
    name: str
    state: str
    check_id: str | None
    grade: str | None
    sha256: str | None
    error: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class Watch:
    """An upload that is compared with every new work. `checked_at` None: not yet compared with those of before."""

    id: str
    created_at: datetime
    title: str
    sha256: str
    media_type: str
    width: int
    height: int
    licensee: str | None
    checked_at: datetime | None


@dataclass(frozen=True, slots=True)
class WatchHit:
    """A watched upload has content of a work; `check_id` is the check that found it."""

    id: int
    watch_id: str
    work_id: str
    check_id: str
    grade: str
    probability: float
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Verification:
    """`result` is verified or refused; `error` names the step that refused."""

    result: str
    steps: list[dict[str, Any]]
    error: dict[str, Any] | None
    register_status: str | None
    credential_status: str | None


@dataclass(frozen=True, slots=True)
class Offer:
    """Terms at a price: integer minor units of an ISO 4217 currency."""

    id: str
    work_id: str
    terms: str
    terms_hash: str
    price_minor: int
    currency: str
    created_at: datetime
    valid_until: datetime | None


@dataclass(frozen=True, slots=True)
class Grant:
    """A licence; `certificate` is its signed credential, which `provenance verify` accepts."""

    id: str
    offer_id: str
    work_id: str
    licensee: str
    terms: str
    terms_hash: str
    price_minor: int
    currency: str
    created_at: datetime
    valid_until: datetime | None
    certificate: dict[str, Any]


def read_as(kind: type[_T], body: Mapping[str, Any]) -> _T:
    """Only the fields that this version knows: a newer service may say more."""
    values = {field.name: body.get(field.name) for field in fields(kind)}  # type: ignore[arg-type]
    for name in ("created_at", "withdrawn_at", "registered_at", "valid_until", "finished_at", "checked_at"):
        if isinstance(values.get(name), str):
            values[name] = datetime.fromisoformat(str(values[name]))
    return kind(**values)


def report(body: Mapping[str, Any]) -> Report:
    matches = [read_as(Match, match) for match in body["matches"]]
    decisions = [read_as(Decision, decision) for decision in body.get("decisions", ())]
    return read_as(Report, {**body, "matches": matches, "decisions": decisions})
