"""Bodies of reviewers' decisions and of the calibration report."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from provenance.core.bulk import Decision
from provenance.core.calibration_report import CalibrationFindings, Counted, ObservedAlarms
from provenance.faces.api.schemas.fields import WORK_ID_EXAMPLE, Moment, WorkIdField
from provenance.usecases.review import MAX_NOTE

OpinionName = Literal["confirm", "reject", "unsure"]
Share = float


class DecisionIn(BaseModel):
    """What a reviewer says of one match."""

    model_config = ConfigDict(extra="forbid")

    work_id: str = Field(max_length=16, examples=[WORK_ID_EXAMPLE], description="A work that the check considered.")
    opinion: OpinionName = Field(description="confirm: the picture has content of the work; reject: it has not.")
    note: str = Field("", max_length=MAX_NOTE, description="For yourselves.", examples=["the same brush strokes"])


class DecisionOut(BaseModel):
    """A decision, with the match as it looked when it was decided on."""

    id: int = Field(examples=[17], description="Grows with time; the last one on a work counts.")
    work_id: WorkIdField
    opinion: OpinionName
    note: str
    reviewer: str = Field(examples=["ann"], description="The API key's owner.")
    created_at: Moment
    grade: str = Field(examples=["partial"])
    probability: float = Field(ge=0, le=1, examples=[0.9371], description="By looks, without the watermark.")
    calibration: str

    @classmethod
    def of(cls, decision: Decision) -> "DecisionOut":
        fields = {name: getattr(decision, name) for name in cls.model_fields}
        return cls.model_validate(fields | {"work_id": str(decision.work_id), "opinion": str(decision.opinion)})


class DecisionList(BaseModel):
    """Oldest first; none is ever changed."""

    items: list[DecisionOut]


class CountedOut(BaseModel):
    """Matches by what was decided on them last."""

    confirmed: int = Field(examples=[41])
    rejected: int = Field(examples=[2])
    unsure: int = Field(examples=[1])
    precision: float | None = Field(
        ge=0, le=1, examples=[0.9535], description="confirmed / (confirmed + rejected); null where nobody decided."
    )
    interval: tuple[Share, Share] = Field(examples=[[0.8454, 0.9871]], description="95 %, Wilson.")

    @classmethod
    def of(cls, counted: Counted) -> "CountedOut":
        return cls.model_validate(counted, from_attributes=True)


class BandOut(BaseModel):
    """Matches with a probability from `low` up to `high`."""

    low: float = Field(examples=[0.9])
    high: float = Field(examples=[0.99])
    counted: CountedOut


class ExpectedOut(BaseModel):
    """What the calibration file says of unrelated pictures."""

    rate: float = Field(examples=[0.005])
    upper: float = Field(examples=[0.0144], description="The end of its 95 % interval.")
    queries: int = Field(examples=[384])


class AlarmsOut(BaseModel):
    """False alarms at one threshold of the calibration file."""

    threshold: float = Field(examples=[0.9])
    expected: ExpectedOut
    unrelated: int = Field(examples=[812], description="Pictures checked, without those that have a confirmed match.")
    rejected: int = Field(examples=[3], description="Of them: with a rejected match at or above the threshold.")
    undecided: int = Field(examples=[5], description="Of them: at or above the threshold, and nobody decided.")
    rate: float | None = Field(examples=[0.0037], description="At least this: rejected / unrelated.")
    interval: tuple[Share, Share] = Field(examples=[[0.0013, 0.0108]], description="95 %, Wilson, of `rate`.")
    at_most: float | None = Field(examples=[0.0099], description="If every undecided alarm was false.")
    above_expected: bool = Field(description="The interval lies above the end of the expected one.")

    @classmethod
    def of(cls, alarms: ObservedAlarms) -> "AlarmsOut":
        fields = {name: getattr(alarms, name) for name in cls.model_fields if name != "expected"}
        expected = ExpectedOut.model_validate(alarms.expected, from_attributes=True)
        return cls(expected=expected, **fields)


class CalibrationOut(BaseModel):
    """What was decided under one calibration."""

    calibration: str = Field(examples=["logistic-1"])
    checks: int = Field(examples=[851], description="Made under it, reviewed or not.")
    reviewed: int = Field(examples=[44])
    bands: list[BandOut]
    grades: dict[str, CountedOut]
    alarms: list[AlarmsOut] = Field(description="Empty where what the calibration promised is not known any more.")

    @classmethod
    def of(cls, found: CalibrationFindings) -> "CalibrationOut":
        return cls(
            calibration=found.calibration,
            checks=found.checks,
            reviewed=found.reviewed,
            bands=[BandOut(low=band.low, high=band.high, counted=CountedOut.of(band.counted)) for band in found.bands],
            grades={grade: CountedOut.of(counted) for grade, counted in found.grades.items()},
            alarms=[AlarmsOut.of(row) for row in found.alarms],
        )


class CalibrationReportOut(BaseModel):
    """By calibration. It is a report, and nothing in the service learns from it."""

    items: list[CalibrationOut]
