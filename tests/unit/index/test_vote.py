from dataclasses import replace

import numpy as np
import pytest

from index.fingerprint import quantise
from index.local.codebook import VOTE_PARTS, bundled
from index.local.features import LocalFeatures, extract, working_gray
from index.local.vote import KEYPOINTS, Entries, InvertedFile
from tests.unit.index.scenes import jpeg, scene

WORKS = 8


def entries(picture: np.ndarray) -> Entries:
    book, found = bundled(), extract(working_gray(picture), KEYPOINTS)
    cells = book.assign(found.descriptors)[1][:, 0].astype(np.uint16)
    return Entries(np.zeros(len(found), np.int64), cells, book.encode(found.descriptors), *quantise(found))


def together(parts: list[Entries]) -> Entries:
    names = ("slots", "cells", "codes", "points", "scales", "angles")
    return Entries(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))


def owned(coded: Entries, slot: int) -> Entries:
    return replace(coded, slots=np.full(len(coded.slots), slot, np.int64))


@pytest.fixture(scope="module")
def coded() -> list[Entries]:
    return [entries(scene(seed)) for seed in range(WORKS)]


def filled(coded: list[Entries], slots: list[int]) -> InvertedFile:
    file = InvertedFile(bundled())
    for slot in slots:
        file.add(owned(coded[slot % WORKS], slot))
    return file


def ask(seed: int) -> LocalFeatures:
    """A crop of a work, recompressed."""
    return extract(working_gray(jpeg(np.ascontiguousarray(scene(seed)[80:320, 100:460]), 50)), 300)


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
    assert len(file) == KEYPOINTS * (WORKS - 1)


def test_compaction_keeps_what_is_left(coded: list):
    file = filled(coded, list(range(WORKS)))
    before = file.vote(ask(7))[7]
    file.remove(np.arange(6))  # three quarters: rewritten

    assert file.vote(ask(7))[7] >= before * 0.99  # fewer others stand in between
    assert set(file.vote(ask(0))) <= {6, 7}
    assert len(file) == 2 * KEYPOINTS


def test_everything_may_be_removed_and_added_again(coded: list):
    file = filled(coded, [0])
    file.remove(np.array([0]))
    assert file.vote(ask(0)) == {}

    file.add(owned(coded[0], 8))
    assert set(file.vote(ask(0))) == {8}


def test_removing_what_is_not_there_changes_nothing(coded: list):
    file = filled(coded, [0, 1])
    file.remove(np.array([77]))

    assert len(file) == 2 * KEYPOINTS


def test_a_detail_that_many_works_share_says_little(coded: list):
    alone = filled(coded, [0, 1]).vote(ask(0))[0]
    shared = filled(coded, [0, *range(8, 64, 8), 1]).vote(ask(0))[0]  # seven more registrations of the same picture

    assert 0 < shared < 0.3 * alone  # but something: or eight registrations would hide each other


def test_nothing_asked_or_nothing_there_is_no_vote(coded: list):
    assert filled(coded, [0]).vote(extract(np.zeros((64, 64), np.uint8), 300)) == {}
    assert InvertedFile(bundled()).vote(ask(0)) == {}


def test_adding_in_one_go_or_one_by_one_is_the_same(coded: list):
    file = InvertedFile(bundled())
    file.add(together([owned(coded[slot], slot) for slot in range(3)]))

    assert file.vote(ask(1)) == pytest.approx(filled(coded, [0, 1, 2]).vote(ask(1)))


def test_a_work_takes_four_kilobytes_at_most(coded: list[Entries]):
    file = filled(coded, list(range(WORKS)))

    assert file.nbytes == WORKS * KEYPOINTS * (VOTE_PARTS + 8)
    assert file.nbytes / WORKS <= 4096


def test_details_in_another_arrangement_count_little(coded: list[Entries]):
    """The same descriptors at places that were shuffled: each pair proposes another transform."""
    rng = np.random.default_rng(0)
    order = rng.permutation(KEYPOINTS)
    shuffled = replace(owned(coded[0], 0), points=coded[0].points[order], angles=coded[0].angles[order])
    file = InvertedFile(bundled())
    file.add(shuffled)

    assert file.vote(ask(0))[0] < 0.3 * filled(coded, [0]).vote(ask(0))[0]


@pytest.mark.parametrize("copies", [2, 12])
def test_a_work_registered_many_times_is_still_found(coded: list[Entries], copies: int):
    same = [8 * (place + 1) for place in range(copies)]
    votes = filled(coded, [*range(1, WORKS), *same]).vote(ask(0))

    assert max(votes, key=lambda slot: votes[slot]) in same


def test_what_300_works_share_does_not_hide_what_only_one_has(coded: list[Entries]):
    """The frame of a template: 40 keypoints that all have, and 60 of each work's own."""
    frame = _rows(coded[0], slice(0, 40))
    rng = np.random.default_rng(1)
    file = InvertedFile(bundled())
    own = _rows(coded[1], slice(0, 60))
    file.add(owned(together([frame, own]), 500))
    for slot in range(300):
        strangers = _rows(coded[2 + slot % 6], rng.permutation(KEYPOINTS)[:60])
        moved = rng.integers(0, 60000, (60, 2)).astype(np.uint16)
        file.add(owned(together([frame, replace(strangers, points=moved)]), slot))
    votes = file.vote(extract(working_gray(scene(1)), 300))

    assert max(votes, key=lambda slot: votes[slot]) == 500


def _rows(coded: Entries, rows: slice | np.ndarray) -> Entries:
    names = ("slots", "cells", "codes", "points", "scales", "angles")
    return Entries(*(getattr(coded, name)[rows] for name in names))
