"""Bodies of `/v1/checks`: a question, and a report that was stored as it was answered."""

from collections.abc import Sequence
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from provenance.core.bulk import Decision
from provenance.core.records import Check
from provenance.faces.api.schemas.fields import GradeName, Moment, OptionalUpload, Polygon, Sha256, WorkIdField
from provenance.faces.api.schemas.reviews import DecisionOut


class CheckForm(BaseModel):
    """Either a `file` or a `url`."""

    model_config = ConfigDict(extra="forbid")

    file: OptionalUpload = Field(None, description="The picture in question.")
    url: str | None = Field(
        None,
        max_length=2000,
        description="In place of a file: a public http(s) address.",
        examples=["https://example.org/picture.jpg"],
    )
    licensee: str | None = Field(
        None,
        max_length=200,
        description="Who uses the picture; a copy licensed to them says so.",
        examples=["did:web:buyer.example"],
    )
    keep: bool = Field(
        False, description="Keep the picture with the check, for a report that shows it, until the check is deleted."
    )


class QueryOut(BaseModel):
    """The picture that was asked about."""

    sha256: Sha256
    pixels_sha256: Sha256 = Field(description="Of the decoded pixels, whatever the container (docs/certificate.md).")
    media_type: str = Field(examples=["image/jpeg"])
    width: int = Field(examples=[640])
    height: int = Field(examples=[480])
    frames: int = Field(1, examples=[1], description="More than 1 for an animation.")
    notes: list[str] = Field(description="What decoding had to change, in plain words.")


class MarkOut(BaseModel):
    """A watermark whose keyed tag was verified."""

    work_id: WorkIdField | None = Field(description="Null where no active work has this mark.")
    key_id: str | None
    confidence: float = Field(examples=[0.999999])
    scale: float | None = Field(
        examples=[0.5],
        description="Size relative to the marked original's; null where the scheme can't tell.",
    )
    rotation: float = Field(examples=[10.0], description="Degrees counter-clockwise.")
    mirrored: bool | None = Field(description="Null where the scheme can't tell.")
    region: Polygon | None = Field(None, description="The part of the picture that carries the mark.")


class EvidenceOut(BaseModel):
    """One witness: it speaks for the match when `score` reaches `threshold`, or stays under it for a distance."""

    kind: str = Field(examples=["geometry"])
    score: float = Field(examples=[84.0])
    threshold: float = Field(examples=[12.0])
    lower_is_closer: bool
    speaks: bool
    region: Polygon | None


class LicenceOut(BaseModel):
    status: Literal["not-asked", "not-licensed", "licensed"]
    grant_id: str | None = Field(None, examples=["lic_0f3c5a9d1e7b2f4c6a8e0d2b4f6a8c"])
    terms: str | None = Field(None, examples=["commercial"])


class MatchOut(BaseModel):
    """What the picture has in common with one registered work."""

    work_id: WorkIdField
    title: str
    registered_at: Moment
    grade: GradeName
    probability: float = Field(
        ge=0, le=1, examples=[0.9998], description="Calibrated: that the picture holds content of the work."
    )
    copied_mark: bool = Field(description="The mark names this work, but the picture shows something else.")
    evidence: list[EvidenceOut]
    region_query: Polygon | None
    region_reference: Polygon | None
    calibration: str
    terms: str
    licence: LicenceOut


class ConsideredOut(BaseModel):
    """One work that the search looked at."""

    work_id: WorkIdField
    grade: GradeName
    probability: float = Field(ge=0, le=1, examples=[0.0012], description="By looks alone, without the watermark.")
    calibration: str
    proposed_by: list[str] = Field(
        [],
        examples=[["votes", "descriptor"]],
        description="Every stage that put the work forward: `named` (by the watermark in the picture), equal `pixels`, "
        "a near hash (`pdq`), `votes` of local details, the global `descriptor`.",
    )
    decisive: bool = Field(False, description="It made certain, so that no further stage was begun.")
    evidence: list[EvidenceOut]


class FalseAlarmsOut(BaseModel):
    """Of `queries` unrelated pictures, the share `rate` that got a probability of `threshold` or more for any work;
    `upper` is the end of the 95 % interval."""

    threshold: float = Field(ge=0, le=1, examples=[0.8596])
    rate: float = Field(ge=0, le=1, examples=[0.0025])
    upper: float = Field(ge=0, le=1, examples=[0.014])
    queries: int = Field(examples=[400])


class CalibratedOut(BaseModel):
    """What a calibration said of its probabilities when the check was made."""

    strict: float = Field(ge=0, le=1, examples=[0.8596], description="From here on content counts as found.")
    review: float = Field(ge=0, le=1, examples=[0.3863], description="From here on a person should look.")
    false_alarms: list[FalseAlarmsOut] = Field(description="By rising threshold.")


class ExplanationOut(BaseModel):
    """Why a check answered what it did."""

    check_id: str = Field(examples=["chk_0f3c5a9d1e7b2f4c6a8e0d2b4f6a8c"])
    policy: str = Field(examples=["policy-1"])
    models: list[str]
    milliseconds: dict[str, float] = Field(description="Wall time by stage.")
    stopped: str = Field(
        examples=["exhausted"],
        description="What ended the search: a `digest` in the register, equal `pixels`, a near hash (`pdq`) that "
        "proved a copy, or the end of the shortlist (`exhausted`).",
    )
    calibrations: dict[str, CalibratedOut] = Field({}, description="Those by which the works were judged, by name.")
    count: int = Field(description="Works that were considered when the check was made; the closest 100 are stored.")
    considered: list[ConsideredOut]


class CheckOut(BaseModel):
    """What a check found; `matches` are best first. It says what was found and how sure that is, and nothing more."""

    id: str = Field(examples=["chk_0f3c5a9d1e7b2f4c6a8e0d2b4f6a8c"])
    created_at: Moment
    grade: GradeName = Field(examples=["copy"], description="The best match's.")
    matches: list[MatchOut]
    query: QueryOut
    licensee: str | None
    mark: MarkOut | None
    policy: str = Field(examples=["policy-1"])
    models: list[str]
    milliseconds: dict[str, float] = Field(
        examples=[{"decode": 11.4, "mark": 182.0, "match": 240.3}], description="Wall time by stage."
    )
    decisions: list[DecisionOut] = Field(description="What reviewers said of its matches, oldest first.")

    @classmethod
    def of(cls, check: Check, decisions: Sequence[Decision] = ()) -> "CheckOut":
        told = [DecisionOut.of(decision) for decision in decisions]
        return cls.model_validate({**check.report, "decisions": told})
