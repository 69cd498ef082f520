"""Metrics of matching on cases that are small enough to work out by hand."""

import numpy as np
import pytest

from scripts.bench.matching_metrics import Row, Sample, box_overlap, by_kind, limit_at, wilson_upper


def row(
    owner: str,
    *answers: tuple[str, float],
    source: str = "",
    kinds: tuple[str, ...] = ("crop",),
    claimed: tuple[str, ...] = (),
    overlap: float = 0.0,
    milliseconds: float = 1.0,
) -> Row:
    group = ("single" if len(kinds) == 1 else "composed") if owner else "unrelated"
    return Row(source or owner or "none", group, kinds, owner, answers, overlap, milliseconds, claimed)


# Ranking: a .9 right, n .8 wrong, b .7 right, c found second (.6) after x (.65, wrong); d is not found at all.
ROWS = (
    row("a", ("a", 0.9), overlap=0.9, milliseconds=1, claimed=("a",)),
    row("b", ("b", 0.7), overlap=0.4, milliseconds=2, claimed=("b", "x")),
    row("c", ("x", 0.65), ("c", 0.6), overlap=0.6, milliseconds=3),
    row("d", milliseconds=4, kinds=("crop", "blur")),
    row("", ("n", 0.8), source="p", milliseconds=5, claimed=("n",)),
    row("", ("n", 0.1), source="q", milliseconds=6),
)
ONES = np.ones(len(ROWS))


def test_micro_average_precision_is_over_one_ranking_of_all_answers() -> None:
    # right ones at ranks 1, 3 and 5 of the ranking: precision 1, 2/3, 3/5; four were to be found
    assert Sample(ROWS).micro_average_precision(ONES) == pytest.approx((1 + 2 / 3 + 3 / 5) / 4)


def test_equal_scores_enter_the_ranking_together() -> None:
    tied = (row("a", ("a", 1.0)), row("", ("n", 1.0)))
    assert Sample(tied).micro_average_precision(np.ones(2)) == pytest.approx(0.5)
    assert Sample(tied[::-1]).micro_average_precision(np.ones(2)) == pytest.approx(0.5)


def test_recall_at_precision_takes_the_last_place_that_is_precise_enough() -> None:
    sample = Sample(ROWS)
    assert sample.recall_at_precision(ONES) == pytest.approx(1 / 4)
    assert sample.recall_at_precision(ONES, 0.6) == pytest.approx(3 / 4)
    assert sample.recall_at_precision(ONES, 0.66) == pytest.approx(2 / 4)


def test_rates_at_a_threshold() -> None:
    sample = Sample(ROWS)
    assert sample.first_is_right(ONES) == pytest.approx(2 / 4)
    assert sample.recall_above(ONES, 0.65) == pytest.approx(2 / 4)
    assert sample.recall_above(ONES, 0.7) == pytest.approx(1 / 4)  # at the limit is not above it
    assert sample.alarms_above(ONES, 0.5) == pytest.approx(1 / 2)
    assert sample.recall_without_alarms(ONES) == pytest.approx(1 / 4)
    assert sample.boxes(ONES) == pytest.approx(2 / 4)


def test_what_a_method_claims_by_itself() -> None:
    sample = Sample(ROWS)
    assert sample.claimed_recall(ONES) == pytest.approx(2 / 4)
    assert sample.claimed_alarms(ONES) == pytest.approx(1 / 2)
    assert sample.wrong_claims(ONES) == pytest.approx(1 / 4)


def test_weights_count_queries_as_often_as_copies_of_them_would() -> None:
    weights = np.array([2.0, 1, 0, 1, 3, 0])
    repeated = Sample([r for r, weight in zip(ROWS, weights, strict=True) for _ in range(int(weight))])
    ones = np.ones(len(repeated))
    for name in ("micro_average_precision", "recall_at_precision", "first_is_right", "recall_without_alarms", "boxes"):
        assert getattr(Sample(ROWS), name)(weights) == pytest.approx(getattr(repeated, name)(ones))
    assert Sample(ROWS).milliseconds(ONES) == 3
    assert Sample(ROWS).milliseconds(weights) == 4


def test_the_threshold_lets_at_most_that_share_of_the_negatives_through() -> None:
    negatives = [float(n) for n in range(200)]
    limit = limit_at(negatives, 0.01)
    assert sum(value > limit for value in negatives) == 2
    assert limit_at(negatives, 0.0) == 199
    assert limit_at([1.0, 1.0, 1.0, 0.0], 0.25) == 1.0  # a tie is not split
    with pytest.raises(ValueError, match="negatives"):
        limit_at([], 0.01)


def test_the_interval_resamples_source_pictures() -> None:
    # ten queries of one good picture and ten of one bad one: two pictures, so anything from 0 to 1 is possible
    two = [row("a", ("a", 1.0), source="a")] * 10 + [row("b", source="b")] * 10
    sample = Sample(two)
    wide = sample.measure(lambda w: sample.recall_above(w, 0.5))
    assert (wide.value, wide.low, wide.high, wide.count) == (0.5, 0.0, 1.0, 20)
    many = [row(f"a{n}", (f"a{n}", 1.0)) for n in range(100)] + [row(f"b{n}") for n in range(100)]
    sample = Sample(many)
    narrow = sample.measure(lambda w: sample.recall_above(w, 0.5))
    assert 0.40 < narrow.low < 0.5 < narrow.high < 0.60
    assert narrow == Sample(many).measure(lambda w: sample.recall_above(w, 0.5))


def test_no_alarm_in_ten_pictures_is_not_a_rate_of_nought_for_sure() -> None:
    quiet = [row("", ("n", 0.1), source=f"n{n % 10}") for n in range(40)] + [row("a", ("a", 1.0))]
    sample = Sample(quiet)
    bounded = sample.measure(lambda w: sample.alarms_above(w, 0.5), rate_of="negatives")
    assert (bounded.value, bounded.low) == (0.0, 0.0)
    assert bounded.high == pytest.approx(wilson_upper(0, 10))
    found = sample.measure(lambda w: sample.recall_above(w, 0.5), rate_of="positives")
    assert (found.low, found.high) == (pytest.approx(1 - wilson_upper(0, 1)), 1.0)
    assert sample.measure(lambda w: sample.alarms_above(w, 0.5)).high == 0.0


def test_overlap_of_boxes() -> None:
    assert box_overlap((0, 0, 1, 1), (0, 0, 1, 1)) == 1
    assert box_overlap((0, 0, 0.5, 1), (0.25, 0, 0.75, 1)) == pytest.approx(1 / 3)
    assert box_overlap((0, 0, 0.5, 1), (0.5, 0, 1, 1)) == 0


def test_kinds_are_counted_alone_and_within_chains() -> None:
    counted = by_kind(Sample(ROWS), 0.65)
    assert counted == {"crop": (2, 3), "+ crop": (0, 1), "+ blur": (0, 1)}


def test_the_wilson_bound_of_no_alarm() -> None:
    assert wilson_upper(0, 100) == pytest.approx(0.037, abs=1e-3)


def test_nothing_cannot_be_measured() -> None:
    with pytest.raises(ValueError, match="no rows"):
        Sample([])
    assert Sample(ROWS).only(lambda r: r.source == "nobody") is None
