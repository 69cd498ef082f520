"""Evidence to grade: what the witnesses together say about one registered work.

The index grades what it sees. On top of that, two witnesses live outside the index: the file's digests, which settle
the question, and the watermark, which settles *whose* id is in the picture but never stands alone: a mark can be copied
onto another picture, so its work must also look at least a little like the query (docs/matching.md, docs/watermark.md).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from provenance.core.ports import Match
from provenance.core.records import ContentKind
from provenance.core.types import Detection, Evidence, Grade, Region

POLICY: Final = "policy-1"

WHOLE: Final[Region] = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0))

MARK_AGREEMENT: Final = 0.1
"""Least content probability at which a decoded mark is believed. Unrelated pictures stay well under it, copies that are
too damaged for the index alone do not: `scripts/bench/marks_and_content.py` prints both sides."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a check says about one work. `copied_mark`: the mark names this work, but the picture shows another."""

    work_id: str
    grade: Grade
    probability: float
    evidence: tuple[Evidence, ...]
    region_query: Region | None
    region_reference: Region | None
    copied_mark: bool = False
    calibration: str = ""

    @property
    def sort_key(self) -> tuple[int, float]:
        return (self.grade.rank, -self.probability)


def identical(work_id: str, kind: ContentKind) -> Verdict:
    """The query's own digest is in the register: the same file, or the same pixels in another container."""
    witness = "file" if kind in (ContentKind.SOURCE_FILE, ContentKind.MARKED_FILE) else "pixels"
    return Verdict(work_id, Grade.IDENTICAL, 1.0, (Evidence(witness, 1.0, 1.0),), WHOLE, WHOLE, calibration=POLICY)


def judge(matches: Sequence[Match], mark: Detection | None, marked_id: str | None) -> list[Verdict]:
    """One verdict a work, strongest first. `marked_id` is the text id that `mark` decodes to; it must be among
    `matches` (the use case passes it to the index as a candidate) wherever the work is known."""
    verdicts = [
        _with_mark(match, mark) if match.id == marked_id and mark else _content_only(match) for match in matches
    ]
    return sorted(verdicts, key=lambda verdict: verdict.sort_key)


def best(verdicts: Iterable[Verdict]) -> Grade:
    """The strongest grade, `none` where there is no verdict."""
    return min((verdict.grade for verdict in verdicts), key=lambda grade: grade.rank, default=Grade.NONE)


def _evidence(match: Match) -> tuple[Evidence, ...]:
    return tuple(Evidence(e.kind, e.score, e.threshold, e.region, e.lower_is_closer) for e in match.evidence)


def _content_only(match: Match) -> Verdict:
    return Verdict(
        match.id,
        Grade(match.grade),
        match.probability,
        _evidence(match),
        match.region_query,
        match.region_reference,
        calibration=match.calibration,
    )


def _with_mark(match: Match, mark: Detection) -> Verdict:
    content = _content_only(match)
    evidence = (Evidence("mark", mark.confidence, mark.confidence), *content.evidence)
    if not _agrees(content):
        return replace(content, evidence=evidence, copied_mark=True)
    grade = content.grade if content.grade.is_match else Grade.EDITED
    probability = 1 - (1 - content.probability) * (1 - mark.confidence)
    return replace(content, grade=grade, probability=probability, evidence=evidence)


def seen_in_another_frame(verdict: Verdict, mark: Detection, evidence: Evidence) -> Verdict:
    """What is left of a copied mark where the picture is another frame of the animated work: it was not copied."""
    probability = 1 - (1 - verdict.probability) * (1 - mark.confidence)
    found = (*verdict.evidence, evidence)
    return replace(verdict, grade=Grade.EDITED, probability=probability, evidence=found, copied_mark=False)


def _agrees(content: Verdict) -> bool:
    return content.grade.is_match or content.probability >= MARK_AGREEMENT
