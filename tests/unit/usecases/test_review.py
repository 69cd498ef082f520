"""Reviewers' decisions, and the calibration report over a whole service."""

from typing import Any

import numpy as np
import pytest

from provenance.core.bulk import Decision, Opinion
from provenance.core.errors import InvalidRequest, NotFound
from provenance.core.records import Check
from provenance.core.report import FalseAlarms
from provenance.core.types import WorkId
from provenance.usecases.kept import KeptChecks
from provenance.usecases.review import MAX_NOTE, Judgement, ReportCalibration, Review
from tests.unit.usecases.conftest import Studio, painting, png

CALIBRATION = "thumbnail-steps-1"


def review(studio: Studio) -> Review:
    return Review(store=studio.store, clock=studio.clock)


def brighter(seed: int, by: int) -> bytes:
    return png(np.clip(painting(seed).astype(int) + by, 0, 255).astype(np.uint8))


def decide(studio: Studio, check: Check, work_id: WorkId, opinion: Opinion, **changes: Any) -> Decision:
    judgement = Judgement(work_id=work_id, opinion=opinion, note=changes.pop("note", ""))
    return review(studio).decide(check.id, judgement, **({"reviewer": "ann", "owner": "studio"} | changes))


def test_a_decision_stands_with_what_it_was_about(studio: Studio) -> None:
    work = studio.registered(1)
    check = studio.ask(brighter(1, 3))
    made = decide(studio, check, work.id, Opinion.CONFIRM, note="the same sky\n看过了")
    assert (made.grade, made.probability, made.calibration) == ("copy", 0.99, CALIBRATION)
    assert (made.reviewer, made.owner, made.created_at) == ("ann", "studio", studio.clock())
    assert review(studio).decisions(check.id, owner="studio") == [made]


def test_a_later_decision_counts_and_the_earlier_one_stays(studio: Studio) -> None:
    work = studio.registered(1)
    check = studio.ask(brighter(1, 3))
    first = decide(studio, check, work.id, Opinion.CONFIRM)
    second = decide(studio, check, work.id, Opinion.REJECT, reviewer="bob")
    assert review(studio).decisions(check.id, owner=None) == [first, second]
    (found,) = report(studio)
    assert (found.grades["copy"].confirmed, found.grades["copy"].rejected) == (0, 1)


def test_a_match_that_was_missed_can_be_confirmed_too(studio: Studio) -> None:
    """It is in the explanation, graded none."""
    work = studio.registered(1)
    check = studio.ask(png(painting(2)))
    made = decide(studio, check, work.id, Opinion.CONFIRM)
    assert (made.grade, made.probability) == ("none", 0.0)


def test_what_a_digest_settled_is_decided_on_under_its_policy(studio: Studio) -> None:
    work = studio.registered(1)
    made = decide(studio, studio.ask(studio.file(work)), work.id, Opinion.CONFIRM)
    assert (made.grade, made.probability, made.calibration) == ("identical", 1.0, "policy-1")


def test_a_work_that_was_not_considered_is_not_decided_on(studio: Studio) -> None:
    studio.registered(1)
    check = studio.ask(png(painting(2)))
    with pytest.raises(NotFound, match="did not consider"):
        decide(studio, check, studio.registered(3).id, Opinion.CONFIRM)


@pytest.mark.parametrize("note", ["x" * (MAX_NOTE + 1), "\x1b[2J", "\u202e"])
def test_a_note_has_its_limits(studio: Studio, note: str) -> None:
    work = studio.registered(1)
    with pytest.raises(InvalidRequest, match="note"):
        decide(studio, studio.ask(brighter(1, 3)), work.id, Opinion.REJECT, note=note)


def test_others_decide_and_read_nothing(studio: Studio) -> None:
    work = studio.registered(1)
    check = studio.ask(brighter(1, 3))
    with pytest.raises(NotFound, match="of yours"):
        decide(studio, check, work.id, Opinion.CONFIRM, owner="another")
    with pytest.raises(NotFound, match="of yours"):
        review(studio).decisions(check.id, owner="another")
    by_admin = decide(studio, check, work.id, Opinion.REJECT, reviewer="root", owner=None)
    assert (by_admin.owner, by_admin.reviewer) == ("studio", "root")


# ---- the report


def report(studio: Studio, owner: str | None = "studio", calibrations: Any = None) -> Any:
    in_use = calibrations or studio.check.calibrations
    return ReportCalibration(store=studio.store, calibrations=in_use)(owner=owner)


def test_the_report_counts_checks_and_decisions(studio: Studio) -> None:
    studio.false_alarms = (FalseAlarms(threshold=0.9, rate=0.01, upper=0.04, queries=100),)
    work = studio.registered(1)
    right, wrong = studio.ask(brighter(1, 3)), studio.ask(brighter(1, 5))
    for _ in range(3):
        studio.ask(png(painting(2)))
    decide(studio, right, work.id, Opinion.CONFIRM)
    decide(studio, wrong, work.id, Opinion.REJECT)
    (found,) = report(studio)
    assert (found.calibration, found.checks, found.reviewed) == (CALIBRATION, 5, 2)
    (row,) = found.alarms
    assert (row.unrelated, row.rejected, row.undecided, row.expected.rate) == (4, 1, 0, 0.01)
    assert report(studio, owner="another") == []
    assert report(studio, owner=None) == [found]


def test_a_calibration_that_is_not_in_use_any_more_is_read_from_its_checks(studio: Studio) -> None:
    studio.false_alarms = (FalseAlarms(threshold=0.9, rate=0.01, upper=0.04, queries=100),)
    work = studio.registered(1)
    decide(studio, studio.ask(brighter(1, 3)), work.id, Opinion.CONFIRM)
    (found,) = report(studio, calibrations=dict)
    assert [row.expected.upper for row in found.alarms] == [0.04]


def test_a_deleted_check_is_counted_no_more(studio: Studio) -> None:
    work = studio.registered(1)
    check = studio.ask(brighter(1, 3))
    decide(studio, check, work.id, Opinion.CONFIRM)
    KeptChecks(store=studio.store, blobs=studio.blobs).delete(check.id, owner="studio")
    assert report(studio) == []


def test_no_decision_changes_what_a_check_answers(studio: Studio) -> None:
    work = studio.registered(1)
    before = studio.ask(brighter(1, 3)).report
    for _ in range(20):
        decide(studio, studio.ask(brighter(1, 3)), work.id, Opinion.REJECT)
    after = studio.ask(brighter(1, 3)).report
    assert after["matches"] == before["matches"]
