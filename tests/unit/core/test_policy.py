from dataclasses import dataclass

import pytest

from provenance.core.policy import best, identical, judge
from provenance.core.records import ContentKind
from provenance.core.types import Detection, Evidence, Grade

MARK = Detection(payload=1, confidence=1 - 4.5e-8, scale=1.0, rotation=0.0, mirrored=False)


@dataclass(frozen=True)
class FakeMatch:
    id: str
    grade: str
    probability: float
    evidence: tuple = ()
    region_query: tuple | None = None
    region_reference: tuple | None = None
    calibration: str = "test"


def test_content_alone_keeps_the_grade_of_the_index():
    [verdict] = judge([FakeMatch("a", "partial", 0.9)], None, None)
    assert (verdict.grade, verdict.probability, verdict.copied_mark) == (Grade.PARTIAL, 0.9, False)


def test_a_mark_that_the_content_supports_lifts_a_weak_match():
    [verdict] = judge([FakeMatch("a", "none", 0.3)], MARK, "a")
    assert verdict.grade is Grade.EDITED
    assert verdict.probability > 0.999
    assert verdict.evidence[0].kind == "mark"


def test_a_mark_keeps_a_stronger_grade():
    [verdict] = judge([FakeMatch("a", "copy", 0.99)], MARK, "a")
    assert verdict.grade is Grade.COPY


def test_a_witness_that_speaks_by_chance_is_no_agreement():
    chance = FakeMatch("a", "similar", 0.001, (Evidence("descriptor", 0.8, 0.5),))
    [verdict] = judge([chance], MARK, "a")
    assert verdict.copied_mark


@pytest.mark.parametrize("grade", ["similar", "none"])
def test_a_mark_on_another_picture_is_a_copied_mark_and_no_match(grade):
    stranger = FakeMatch("a", grade, 0.001, (Evidence("descriptor", 0.1, 0.5), Evidence("votes", 9, 1)))
    [verdict] = judge([stranger], MARK, "a")
    assert verdict.copied_mark
    assert not verdict.grade.is_match
    assert verdict.probability == 0.001


def test_a_mark_speaks_only_for_its_own_work():
    verdicts = judge([FakeMatch("a", "none", 0.3), FakeMatch("b", "similar", 0.4)], MARK, "a")
    assert [(v.work_id, v.grade) for v in verdicts] == [("a", Grade.EDITED), ("b", Grade.SIMILAR)]


def test_the_strongest_comes_first():
    matches = [FakeMatch("a", "partial", 0.99), FakeMatch("b", "copy", 0.8), FakeMatch("c", "copy", 0.9)]
    verdicts = judge(matches, None, None)
    assert [v.work_id for v in verdicts] == ["c", "b", "a"]
    assert best(verdicts) is Grade.COPY


def test_nothing_found_is_none():
    assert judge([], MARK, "a") == []
    assert best([]) is Grade.NONE


def test_the_register_itself_settles_identity():
    assert identical("a", ContentKind.MARKED_FILE).evidence[0].kind == "file"
    assert identical("a", ContentKind.SOURCE_PIXELS).evidence[0].kind == "pixels"
    assert identical("a", ContentKind.SOURCE_FILE).grade is Grade.IDENTICAL
