"""How reviewers' decisions lie over probabilities and grades, beside what the calibration promised.

It is arithmetic over what people decided. Nothing reads it back: no threshold and no weight ever changes by it.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final, Protocol

from provenance.core.bulk import Decision, Opinion
from provenance.core.report import Calibrated, FalseAlarms
from provenance.core.statistics import wilson

EDGES: Final = (0.0, 0.1, 0.5, 0.9, 0.99, 0.999, 1.0)
"""Of the bands of probability: each from one edge up to the next, the last one with its end."""


@dataclass(slots=True)
class Counted:
    """Matches by what was decided on them last. The precision is that of the decided ones; `unsure` ones are none."""

    confirmed: int = 0
    rejected: int = 0
    unsure: int = 0

    def count(self, opinion: Opinion) -> None:
        self.confirmed += opinion is Opinion.CONFIRM
        self.rejected += opinion is Opinion.REJECT
        self.unsure += opinion is Opinion.UNSURE

    @property
    def decided(self) -> int:
        return self.confirmed + self.rejected

    @property
    def precision(self) -> float | None:
        return self.confirmed / self.decided if self.decided else None

    @property
    def interval(self) -> tuple[float, float]:
        """95 %, Wilson."""
        return wilson(self.confirmed, self.decided)


@dataclass(frozen=True, slots=True)
class Band:
    low: float
    high: float
    counted: Counted = field(default_factory=Counted)


@dataclass(frozen=True, slots=True, kw_only=True)
class ObservedAlarms:
    """False alarms at one `threshold` of the calibration file, among `unrelated` pictures: those that were checked
    under the calibration and of which nobody confirmed a match.

    `rejected` of them reached the threshold with a match that was rejected; `undecided` reached it and nobody decided.
    """

    threshold: float
    expected: FalseAlarms
    unrelated: int
    rejected: int
    undecided: int

    @property
    def rate(self) -> float | None:
        """At least this much."""
        return self.rejected / self.unrelated if self.unrelated else None

    @property
    def interval(self) -> tuple[float, float]:
        """95 %, Wilson, of `rate`."""
        return wilson(self.rejected, self.unrelated)

    @property
    def at_most(self) -> float | None:
        """If every alarm that nobody decided on was false."""
        return min(1.0, (self.rejected + self.undecided) / self.unrelated) if self.unrelated else None

    @property
    def above_expected(self) -> bool:
        """More than chance explains: the whole interval lies above the end of the file's own interval."""
        return self.unrelated > 0 and self.interval[0] > self.expected.upper


@dataclass(frozen=True, slots=True, kw_only=True)
class CalibrationFindings:
    """Of one calibration. `alarms` is empty where its file is not known any more."""

    calibration: str
    checks: int
    reviewed: int
    bands: tuple[Band, ...]
    grades: Mapping[str, Counted]
    alarms: tuple[ObservedAlarms, ...]


class Scores(Protocol):
    """How many checks there are, whether or not somebody reviewed them."""

    def checks(self, calibration: str) -> int: ...
    def reaching(self, calibration: str, threshold: float) -> int:
        """Those in which some work got that probability or more."""


def findings(
    decisions: Iterable[Decision], scores: Scores, promised: Mapping[str, Calibrated]
) -> list[CalibrationFindings]:
    """`decisions` are those that stand: the last one on each check and work. One entry a calibration, by its name."""
    by_calibration: dict[str, list[Decision]] = defaultdict(list)
    for decision in decisions:
        by_calibration[decision.calibration].append(decision)
    return [_of_one(name, by_calibration[name], scores, promised.get(name)) for name in sorted(by_calibration)]


def _of_one(
    name: str, decisions: Sequence[Decision], scores: Scores, promised: Calibrated | None
) -> CalibrationFindings:
    bands = tuple(Band(low, high) for low, high in pairwise(EDGES))
    grades: dict[str, Counted] = defaultdict(Counted)
    for decision in decisions:
        band = next(band for band in reversed(bands) if decision.probability >= band.low)
        band.counted.count(decision.opinion)
        grades[decision.grade].count(decision.opinion)
    checks = scores.checks(name)
    return CalibrationFindings(
        calibration=name,
        checks=checks,
        reviewed=len({decision.check_id for decision in decisions}),
        bands=bands,
        grades=dict(grades),
        alarms=tuple(
            _observed(decisions, row, checks, scores.reaching(name, row.threshold))
            for row in (promised.false_alarms if promised else ())
        ),
    )


def _observed(decisions: Sequence[Decision], row: FalseAlarms, checks: int, reached: int) -> ObservedAlarms:
    related = {decision.check_id for decision in decisions if decision.opinion is Opinion.CONFIRM}
    over = [decision for decision in decisions if decision.probability >= row.threshold]
    decided = {decision.check_id for decision in over if decision.opinion is not Opinion.UNSURE}
    rejected = {decision.check_id for decision in over if decision.opinion is Opinion.REJECT} - related
    return ObservedAlarms(
        threshold=row.threshold,
        expected=row,
        unrelated=max(0, checks - len(related)),
        rejected=len(rejected),
        undecided=max(0, reached - len(decided)),
    )
