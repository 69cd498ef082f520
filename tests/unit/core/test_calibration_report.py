"""The calibration report: precision by band and grade, and false alarms beside what was promised."""

from itertools import pairwise
from typing import Any

import pytest

from provenance.core.bulk import Decision, Opinion
from provenance.core.calibration_report import EDGES, CalibrationFindings, findings
from provenance.core.report import Calibrated, FalseAlarms
from provenance.core.statistics import wilson
from provenance.core.types import WorkId
from tests.records import NOON

PROMISED = Calibrated(
    strict=0.9, review=0.5, false_alarms=(FalseAlarms(threshold=0.5, rate=0.01, upper=0.03, queries=400),)
)


def decision(check: str, probability: float, opinion: Opinion, **changes: Any) -> Decision:
    values = {
        "id": 0,
        "check_id": check,
        "owner": "studio",
        "work_id": WorkId(1),
        "opinion": opinion,
        "note": "",
        "reviewer": "ann",
        "created_at": NOON,
        "grade": "partial",
        "probability": probability,
        "calibration": "logistic-1",
    }
    return Decision(**(values | changes))


class Scored:
    """So many checks, and so many of them that reach any threshold."""

    def __init__(self, checks: int, reaching: int) -> None:
        self._checks, self._reaching = checks, reaching

    def checks(self, _calibration: str) -> int:
        return self._checks

    def reaching(self, _calibration: str, _threshold: float) -> int:
        return self._reaching


def report(*decisions: Decision, checks: int = 100, reaching: int = 0, **promised: Calibrated) -> CalibrationFindings:
    (only,) = findings(decisions, Scored(checks, reaching), promised or {"logistic-1": PROMISED})
    return only


CONFIRM, REJECT, UNSURE = Opinion.CONFIRM, Opinion.REJECT, Opinion.UNSURE


@pytest.mark.parametrize(
    ("probability", "low"),
    [(0.0, 0.0), (0.0999, 0.0), (0.1, 0.1), (0.5, 0.5), (0.9899, 0.9), (0.99, 0.99), (0.9991, 0.999), (1.0, 0.999)],
)
def test_a_probability_is_in_one_band(probability: float, low: float) -> None:
    found = report(decision("c1", probability, CONFIRM))
    assert [band.low for band in found.bands if band.counted.confirmed] == [low]
    assert [(band.low, band.high) for band in found.bands] == list(pairwise(EDGES))


def test_precision_is_that_of_the_decided_ones() -> None:
    opinions = [CONFIRM] * 8 + [REJECT] * 2 + [UNSURE] * 5
    found = report(*(decision(f"c{n}", 0.95, opinion) for n, opinion in enumerate(opinions)))
    counted = found.grades["partial"]
    assert (counted.confirmed, counted.rejected, counted.unsure, counted.precision) == (8, 2, 5, 0.8)
    assert counted.interval == pytest.approx((0.4902, 0.9433), abs=1e-4)
    assert found.reviewed == 15
    assert [band.counted.precision for band in found.bands] == [None, None, None, 0.8, None, None]


def test_grades_are_whatever_grades_there_were() -> None:
    found = report(decision("c1", 0.9, CONFIRM, grade="a grade of later"), decision("c2", 0.2, REJECT, grade="similar"))
    assert set(found.grades) == {"a grade of later", "similar"}


def test_a_false_alarm_is_a_rejected_match_of_a_picture_that_has_no_confirmed_one() -> None:
    found = report(
        decision("alarm", 0.97, REJECT),
        decision("alarm", 0.98, REJECT, work_id=WorkId(2)),  # one picture, one alarm
        decision("low", 0.2, REJECT),  # under the threshold
        decision("copy", 0.99, CONFIRM),
        decision("copy", 0.7, REJECT, work_id=WorkId(2)),  # a sibling beside the right work
        decision("doubt", 0.8, UNSURE),
        checks=51,
        reaching=6,
    )
    (row,) = found.alarms
    assert (row.unrelated, row.rejected, row.undecided) == (50, 1, 4)  # alarm and copy of the six were decided
    assert (row.rate, row.at_most) == (0.02, 0.1)
    assert row.interval == wilson(1, 50)
    assert not row.above_expected  # one of fifty may well be one of a hundred
    assert row.expected == PROMISED.false_alarms[0]


def test_many_false_alarms_are_more_than_chance_explains() -> None:
    (row,) = report(*(decision(f"c{n}", 0.9, REJECT) for n in range(12)), checks=100, reaching=12).alarms
    assert (row.rate, row.undecided, row.above_expected) == (0.12, 0, True)


def test_where_nothing_is_left_to_be_unrelated_there_is_no_rate() -> None:
    (row,) = report(decision("c", 0.9, CONFIRM), checks=1, reaching=1).alarms
    assert (row.rate, row.at_most, row.above_expected) == (None, None, False)


def test_calibrations_are_told_apart_and_a_forgotten_one_promises_nothing() -> None:
    decisions = [decision("c1", 0.9, CONFIRM), decision("c2", 0.9, REJECT, calibration="logistic-0")]
    old, new = findings(decisions, Scored(10, 1), {"logistic-1": PROMISED})
    assert (old.calibration, old.alarms, new.calibration) == ("logistic-0", (), "logistic-1")
    assert len(new.alarms) == 1


@pytest.mark.parametrize(
    ("hits", "of", "interval"),
    [(0, 0, (0.0, 1.0)), (0, 10, (0.0, 0.2775)), (10, 10, (0.7225, 1.0)), (5, 10, (0.2366, 0.7634))],
)
def test_wilson(hits: int, of: int, interval: tuple[float, float]) -> None:
    assert wilson(hits, of) == pytest.approx(interval, abs=1e-4)
