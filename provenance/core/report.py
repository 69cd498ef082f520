"""What a report on a check says, whatever it is rendered as. Frozen values; `as_json` is the report in JSON."""

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, Literal

from provenance.core.types import Grade, Region

VERSION: Final = "report-1"
"""Changes whenever a field changes its name or meaning."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shot:
    """A small picture inside the report: a file of `width` x `height` pixels."""

    media_type: str
    width: int
    height: int
    data: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class FalseAlarms:
    """Of `queries` unrelated pictures, the share `rate` that got a probability of `threshold` or more for any work;
    `upper` is the end of the 95 % interval. All shares 0..1."""

    threshold: float
    rate: float
    upper: float
    queries: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibrated:
    """What one calibration says of its probabilities, 0..1: from `strict` on content counts as found, from `review` on
    a person should look; `false_alarms` by rising threshold."""

    strict: float
    review: float
    false_alarms: tuple[FalseAlarms, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Witness:
    """One witness, as `core.types.Evidence`, and whether it speaks for the match."""

    kind: str
    score: float
    threshold: float
    lower_is_closer: bool
    speaks: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """As in `Calibrated`."""

    strict: float
    review: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """How the work lies in the query: as `index.Aligned`, without its regions."""

    transform: tuple[tuple[float, float, float], ...]
    mirrored: bool
    inliers: int
    share: float
    heat: tuple[tuple[int, ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LogPlace:
    """An entry of the transparency log about the work."""

    kind: str
    index: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """A block of a public ledger that holds the work's certificate."""

    chain_id: int
    block: int
    transaction: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Licence:
    """`status` is not-asked, not-licensed or licensed, for the `licensee` that the check named."""

    status: str
    licensee: str | None = None
    grant_id: str | None = None
    terms: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What the register says of a work. `standing` of its certificate is valid, suspended or revoked; `address` where
    the certificate lies, for a service that has a public address."""

    work_id: str
    title: str
    registered_at: datetime
    width: int
    height: int
    source_sha256: str
    marked_sha256: str
    certificate_id: str
    certificate_hash: str
    issuer: str
    standing: str
    address: str | None
    manifests: tuple[str, ...]
    log: tuple[LogPlace, ...]
    receipts: tuple[Receipt, ...]
    terms: str
    terms_hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What the query has in common with one work. Regions are there where the grade says that content is shared, with
    the share 0..1 of the whole picture that they cover. `picture` is the work, `overlay` the work warped onto the
    query, in the query's frame; `shown` tells whether they may be there: yes, owner-only, or not-drawn, as of further
    findings."""

    record: Record
    licence: Licence
    grade: Grade
    probability: float
    copied_mark: bool
    evidence: tuple[Witness, ...]
    calibration: str
    limits: Limits | None
    false_alarms: FalseAlarms | None
    region_query: Region | None
    region_reference: Region | None
    covers_query: float | None
    covers_reference: float | None
    placement: Placement | None
    picture: Shot | None
    overlay: Shot | None
    shown: Literal["yes", "owner-only", "not-drawn"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The picture that was asked about; `picture` None where it was not kept, the first frame of an animation."""

    sha256: str
    pixels_sha256: str
    media_type: str
    width: int
    height: int
    frames: int
    notes: tuple[str, ...]
    picture: Shot | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """The watermark that was read. `work_id` None: its work is withdrawn, or never was here. `rotation` in degrees
    counter-clockwise; `region` is the part of the query that carries it. What the scheme can't tell is
    None."""

    work_id: str | None
    key_id: str | None
    confidence: float
    scale: float | None
    rotation: float
    mirrored: bool | None
    region: Region | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """`grade` is the best finding's. `withdrawn` counts works that the check found and that left the register since:
    they are in no answer."""

    check_id: str
    created_at: datetime
    grade: Grade
    asked: Asked
    mark: Mark | None
    findings: tuple[Finding, ...]
    withdrawn: int
    policy: str
    models: tuple[str, ...]
    version: str = VERSION


def as_json(value: Report | Calibrated) -> dict[str, Any]:
    """The value in JSON's own types: times in ISO 8601, bytes in base64."""
    plain: dict[str, Any] = _plain(value)
    return plain


def json_file(report: Report) -> bytes:
    """The report as a JSON file. Its sha256 stands in every other form, so that they can be seen to say the same."""
    return json.dumps(as_json(report), indent=1, ensure_ascii=False).encode() + b"\n"


def _plain(value: Any) -> Any:
    if is_dataclass(value):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    match value:
        case bytes():
            return base64.b64encode(value).decode()
        case datetime():
            return value.isoformat()
        case StrEnum():
            return value.value
        case str():
            return value
        case Mapping():
            return {key: _plain(item) for key, item in value.items()}
        case Sequence():
            return [_plain(item) for item in value]
    return value
