import numpy as np
import pytest

from index.local.codebook import bundled
from index.local.features import extract, working_gray
from index.local.vote import InvertedFile
from tests.unit.index.scenes import jpeg, scene

WORKS = 8


@pytest.fixture(scope="module")
def coded() -> list[tuple[np.ndarray, np.ndarray]]:
    """Cells and codes of each work."""
    book = bundled()
    found = [extract(working_gray(scene(seed)), 200).descriptors for seed in range(WORKS)]
    return [(book.assign(d)[1][:, 0].astype(np.uint16), book.encode(d)) for d in found]


def filled(coded: list[tuple[np.ndarray, np.ndarray]], slots: list[int]) -> InvertedFile:
    file = InvertedFile(bundled())
    for slot in slots:
        cells, codes = coded[slot % WORKS]
        file.add(np.full(len(cells), slot, np.int64), cells, codes)
    return file


def ask(seed: int) -> np.ndarray:
    """Descriptors of a crop of a work, recompressed."""
    return extract(working_gray(jpeg(np.ascontiguousarray(scene(seed)[80:320, 100:460]), 50)), 300).descriptors


@pytest.mark.parametrize("seed", range(WORKS))
def test_a_part_of_a_work_votes_for_it(coded: list, seed: int):
    votes = filled(coded, list(range(WORKS))).vote(ask(seed))

    best = max(votes, key=lambda slot: votes[slot])
    assert best == seed
    assert votes[seed] > 1.5 * max(share for slot, share in votes.items() if slot != seed)


def test_an_unknown_picture_votes_for_nobody_much(coded: list):
    file = filled(coded, list(range(WORKS)))

    assert max(file.vote(ask(99)).values(), default=0) < 0.6 * file.vote(ask(0))[0]


def test_removed_works_get_no_votes_at_once(coded: list):
    file = filled(coded, list(range(WORKS)))
    file.remove(np.array([3]))

    assert 3 not in file.vote(ask(3))
    assert file.vote(ask(4))[4] > 0
    assert len(file) == 200 * (WORKS - 1)


def test_compaction_keeps_what_is_left(coded: list):
    file = filled(coded, list(range(WORKS)))
    before = file.vote(ask(7))[7]
    file.remove(np.arange(6))  # three quarters: rewritten

    assert file.vote(ask(7))[7] >= before * 0.99  # fewer others stand in between
    assert set(file.vote(ask(0))) <= {6, 7}
    assert len(file) == 400


def test_everything_may_be_removed_and_added_again(coded: list):
    file = filled(coded, [0])
    file.remove(np.array([0]))
    assert file.vote(ask(0)) == {}

    cells, codes = coded[0]
    file.add(np.full(len(cells), 8, np.int64), cells, codes)
    assert set(file.vote(ask(0))) == {8}


def test_removing_what_is_not_there_changes_nothing(coded: list):
    file = filled(coded, [0, 1])
    file.remove(np.array([77]))

    assert len(file) == 400


def test_a_detail_that_many_works_share_says_little(coded: list):
    alone = filled(coded, [0, 1]).vote(ask(0))[0]
    shared = filled(coded, [0, *range(8, 64, 8), 1]).vote(ask(0))[0]  # seven more registrations of the same picture

    assert 0 < shared < 0.3 * alone  # but something: or eight registrations would hide each other


def test_nothing_asked_or_nothing_there_is_no_vote(coded: list):
    assert filled(coded, [0]).vote(np.zeros((0, 128), np.uint8)) == {}
    assert InvertedFile(bundled()).vote(ask(0)) == {}


def test_adding_in_one_go_or_one_by_one_is_the_same(coded: list):
    together = InvertedFile(bundled())
    owners = np.repeat(np.arange(3), [len(coded[i][0]) for i in range(3)])
    together.add(owners, *(np.concatenate([coded[i][part] for i in range(3)]) for part in (0, 1)))

    assert together.vote(ask(1)) == pytest.approx(filled(coded, [0, 1, 2]).vote(ask(1)))
