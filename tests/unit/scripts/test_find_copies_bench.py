"""Which pairs of a folder count as right, as wrong, and as neither; and PDQ's pairs on real files."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from scripts.bench.find_copies import by_pdq, judge

# Two originals, then two copies of the first and one of the second.
SOURCES = {"0.jpg": "a", "1.jpg": "b", "2.jpg": "a", "3.jpg": "a", "4.jpg": "b"}

MIXED = {"3.jpg", "4.jpg"}  # with a second picture


def pair(left: int, right: int) -> frozenset[str]:
    return frozenset((f"{left}.jpg", f"{right}.jpg"))


@pytest.mark.parametrize(
    ("pairs", "found", "wrong", "precision"),
    [
        ([], "0 of 3", 0, None),
        ([pair(0, 2), pair(3, 0), pair(4, 1)], "3 of 3", 0, 1.0),
        ([pair(2, 3)], "0 of 3", 0, None),  # two copies of one original: neither
        ([pair(3, 4)], "0 of 3", 0, None),  # they may share the second picture
        ([pair(0, 1), pair(2, 4), pair(0, 2)], "1 of 3", 2, 0.333),
    ],
)
def test_pairs_are_judged(pairs: list[frozenset[str]], found: str, wrong: int, precision: float | None) -> None:
    told = judge(pairs, SOURCES, MIXED, 2)
    assert (told["copies found"], told["wrong pairs"], told["precision"]) == (found, wrong, precision)


def test_pdq_names_the_pairs_of_a_folder(tmp_path: Path) -> None:
    rng = np.random.default_rng(5)
    first, second = (
        cv2.resize(rng.integers(0, 256, (12, 16, 3)).astype(np.uint8), (320, 240), interpolation=cv2.INTER_CUBIC)
        for _ in range(2)
    )
    pictures = (first, second, cv2.resize(first, (200, 150)), np.ascontiguousarray(second[:, ::-1]))
    for number, picture in enumerate(pictures):
        cv2.imwrite(str(tmp_path / f"{number}.jpg"), picture)
    assert by_pdq(tmp_path, orientations=False) == {pair(0, 2)}
    assert by_pdq(tmp_path, orientations=True) == {pair(0, 2), pair(1, 3)}
