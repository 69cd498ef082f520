"""How good a matcher's answers were, with 95 % intervals.

muAP and R@P90 are those of DISC21 (Douze et al. 2021): all answers of all queries in one ranking, the negatives' too.
Intervals are percentiles of a bootstrap over source pictures, not over queries: queries made of one picture succeed
and fail together.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

ROUNDS: Final = 1000
Weights = NDArray[np.float64]  # how often each query counts


@dataclass(frozen=True, slots=True)
class Row:
    """One query and what one method answered: `answers` best first, (id, score), larger is closer. `owner` is "" for a
    negative. `overlap` is the IoU of the true box and the box that the method drew for the owner, 0 where it drew
    none; `claimed` are the ids that the method itself, at its own threshold, calls content."""

    source: str
    group: str
    kinds: tuple[str, ...]
    owner: str
    answers: tuple[tuple[str, float], ...]
    overlap: float
    milliseconds: float
    claimed: tuple[str, ...] = ()

    @property
    def best(self) -> float:
        return max((score for _, score in self.answers), default=-np.inf)

    @property
    def of_owner(self) -> float:
        return max((score for id_, score in self.answers if id_ == self.owner), default=-np.inf)


@dataclass(frozen=True, slots=True)
class Measure:
    """A value with its 95 % interval; NaN where there was nothing to measure."""

    value: float
    low: float
    high: float
    count: int = field(default=0, compare=False)  # queries that it is of


class Sample:
    """The rows of one method, and metrics on them. Raises ValueError where there are none."""

    def __init__(self, rows: Sequence[Row], *, seed: int = 0, rounds: int = ROUNDS) -> None:
        if not rows:
            raise ValueError("no rows to measure")
        self.rows = tuple(rows)
        self._seed, self._rounds = seed, rounds
        self._positive = np.array([bool(row.owner) for row in rows])
        self._owner = np.array([row.of_owner for row in rows])
        self._best = np.array([row.best for row in rows])
        self._first = np.array([bool(row.answers) and row.answers[0][0] == row.owner for row in rows])
        pairs = [(n, score, id_ == row.owner) for n, row in enumerate(rows) for id_, score in row.answers]
        order = sorted(range(len(pairs)), key=lambda i: -pairs[i][1])
        self._query = np.array([pairs[i][0] for i in order], np.int64)
        self._right = np.array([pairs[i][2] for i in order], np.float64)
        self._last_of_tie = np.array(
            [k + 1 == len(order) or pairs[order[k + 1]][1] < pairs[i][1] for k, i in enumerate(order)], bool
        )

    def __len__(self) -> int:
        return len(self.rows)

    def only(self, keep: Callable[[Row], bool]) -> "Sample | None":
        rows = [row for row in self.rows if keep(row)]
        return Sample(rows, seed=self._seed, rounds=self._rounds) if rows else None

    # Each takes weights float64[queries] and returns one number.

    def micro_average_precision(self, weights: Weights) -> float:
        recall, precision = self._curve(weights)
        return float(np.sum(np.diff(recall, prepend=0.0) * precision))

    def recall_at_precision(self, weights: Weights, least: float = 0.9) -> float:
        recall, precision = self._curve(weights)
        return float(recall[precision >= least].max(initial=0.0))

    def _curve(self, weights: Weights) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Recall and precision after every score that occurs; equal scores enter together."""
        wanted = weights[self._positive].sum()
        if wanted == 0 or not len(self._query):
            return np.zeros(1), np.ones(1)
        entered = weights[self._query]
        hits, all_ = (np.cumsum(values)[self._last_of_tie] for values in (entered * self._right, entered))
        return hits / wanted, hits / np.maximum(all_, 1e-12)

    def first_is_right(self, weights: Weights) -> float:
        return _share(self._first[self._positive], weights[self._positive])

    def recall_above(self, weights: Weights, limit: float) -> float:
        """Share of positives whose work scores above `limit`."""
        return _share((self._owner > limit)[self._positive], weights[self._positive])

    def alarms_above(self, weights: Weights, limit: float) -> float:
        """FAR: share of negatives with any answer above `limit`."""
        return _share((self._best > limit)[~self._positive], weights[~self._positive])

    def recall_without_alarms(self, weights: Weights) -> float:
        """Recall above the highest score of any negative."""
        drawn = ~self._positive & (weights > 0)
        return self.recall_above(weights, float(self._best[drawn].max(initial=-np.inf)))

    def boxes(self, weights: Weights) -> float:
        """Share of all positives whose box overlaps the true one by more than half."""
        return _share(np.array([row.overlap > 0.5 for row in self.rows])[self._positive], weights[self._positive])

    def claimed_recall(self, weights: Weights) -> float:
        found = np.array([row.owner in row.claimed for row in self.rows])
        return _share(found[self._positive], weights[self._positive])

    def claimed_alarms(self, weights: Weights) -> float:
        alarm = np.array([bool(row.claimed) for row in self.rows])
        return _share(alarm[~self._positive], weights[~self._positive])

    def wrong_claims(self, weights: Weights) -> float:
        """Share of positives for which another work than the right one is claimed, too or only."""
        wrong = np.array([bool(set(row.claimed) - {row.owner}) for row in self.rows])
        return _share(wrong[self._positive], weights[self._positive])

    def milliseconds(self, weights: Weights) -> float:
        """Weighted median."""
        times = np.array([row.milliseconds for row in self.rows])
        order = np.argsort(times, kind="stable")
        reached = np.cumsum(weights[order])
        return float(times[order][np.searchsorted(reached, reached[-1] / 2)])

    def measure(self, metric: Callable[[Weights], float], *, rate_of: str = "") -> Measure:
        """The metric on all rows, and on `rounds` draws of as many source pictures with replacement.

        A rate of 0 or 1 is the same in every draw. With `rate_of` ("positives" or "negatives") its interval ends at
        Wilson's bound for as many trials as there are source pictures of these.
        """
        value = metric(np.ones(len(self.rows)))
        names = sorted({row.source for row in self.rows})
        number = {name: n for n, name in enumerate(names)}
        of_row = np.array([number[row.source] for row in self.rows])
        rng = np.random.default_rng(self._seed)
        draws = rng.multinomial(len(names), np.full(len(names), 1 / len(names)), self._rounds).astype(np.float64)
        values = np.array([metric(draw[of_row]) for draw in draws])
        values = values[~np.isnan(values)]
        low, high = np.percentile(values, [2.5, 97.5]) if len(values) else (np.nan, np.nan)
        sources = {row.source for row in self.rows if bool(row.owner) == (rate_of == "positives")}
        if rate_of and sources and low == high == value and value in (0.0, 1.0):
            bound = wilson_upper(0, len(sources))
            low, high = (0.0, bound) if value == 0 else (1 - bound, 1.0)
        return Measure(value, float(low), float(high), len(self.rows))


def _share(hits: NDArray[np.bool_], weights: Weights) -> float:
    total = weights.sum()
    return float((hits * weights).sum() / total) if total else float("nan")


def limit_at(negatives: Sequence[float], rate: float) -> float:
    """The score above which at most the share `rate` of these negatives' best answers lies. Raises ValueError for no
    negatives."""
    if not negatives:
        raise ValueError("a threshold needs negatives")
    return sorted(negatives, reverse=True)[int(rate * len(negatives))]


def box_overlap(left: Sequence[float], right: Sequence[float]) -> float:
    """IoU of two boxes (left, top, right, bottom)."""
    width = min(left[2], right[2]) - max(left[0], right[0])
    height = min(left[3], right[3]) - max(left[1], right[1])
    if width <= 0 or height <= 0:
        return 0.0
    areas = sum((box[2] - box[0]) * (box[3] - box[1]) for box in (left, right))
    return width * height / (areas - width * height)


def wilson_upper(hits: int, of: int) -> float:
    """Upper end of the 95 % Wilson interval of a rate."""
    z, rate = 1.96, hits / of
    middle = rate + z * z / (2 * of)
    return float((middle + z * np.sqrt(rate * (1 - rate) / of + z * z / (4 * of * of))) / (1 + z * z / of))


def by_kind(sample: Sample, limit: float) -> Mapping[str, tuple[int, int]]:
    """Kind of attack -> (positives above `limit`, positives): alone under its name, within a chain under "+ name"."""
    counted: dict[str, tuple[int, int]] = {}
    for row in sample.rows:
        for kind in row.kinds if row.owner else ():
            name = kind if len(row.kinds) == 1 else f"+ {kind}"
            hits, of = counted.get(name, (0, 0))
            counted[name] = hits + (row.of_owner > limit), of + 1
    return dict(sorted(counted.items()))
