import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from provenance.watermark.code import CODE_LENGTH, TaggedCode
from provenance.watermark.layout import SYNC_POINTS, layout_of
from tests.unit.watermark.conftest import KEY, OTHER_KEY

LAYOUT = layout_of(KEY)
keys = st.binary(min_size=16, max_size=48)


@settings(max_examples=15, deadline=None)
@given(keys)
def test_every_key_has_a_full_layout(key: bytes) -> None:
    layout = layout_of(key)
    assert layout.sync.shape == (SYNC_POINTS, 2)
    everything = np.concatenate([layout.sync, layout.message])
    assert (everything[:, 0] > 0).all(), "only one half plane, so that no point is another's conjugate"
    assert len(np.unique(everything, axis=0)) == len(everything)
    assert np.bincount(layout.bit_of_dimension, minlength=CODE_LENGTH).min() >= 3


@settings(max_examples=15, deadline=None)
@given(keys)
def test_energy_is_one_and_three_tenths_of_it_are_sync(key: bytes) -> None:
    layout = layout_of(key)
    sync = (np.abs(layout.sync_symbols) ** 2).sum()
    message = (np.abs(layout.message_symbols(np.zeros(CODE_LENGTH, np.uint8))) ** 2).sum()
    assert sync == pytest.approx(0.30)
    assert sync + message == pytest.approx(1.0)


def test_every_ring_has_seven_sync_points() -> None:
    """The jitter moves a point by at most 2 per axis, so rings are counted with that much room."""
    radius = np.sort(np.hypot(*LAYOUT.sync.T)) / 4
    for ring, (least, most) in enumerate([(7, 12), (12, 17), (17, 22), (22, 27)]):
        inside = radius[7 * ring : 7 * ring + 7]
        assert inside.min() > least - 0.8
        assert inside.max() < most + 0.8


def test_sync_points_are_off_the_axes_and_apart() -> None:
    assert np.abs(LAYOUT.sync).min() >= 2 * 4 - 2
    gaps = np.abs(LAYOUT.sync[:, None] - LAYOUT.sync[None]).max(-1) + 1000 * np.eye(SYNC_POINTS)
    assert gaps.min() >= 3 * 4 - 3


def test_message_points_keep_away_from_sync_points() -> None:
    gaps = np.hypot(*np.moveaxis(LAYOUT.message[:, None] - LAYOUT.sync[None], -1, 0))
    assert gaps.min() >= 2.4


def test_jitter_leaves_no_tile() -> None:
    """A 128 px tile would put every frequency on a multiple of 4; a quarter of them per axis is what chance leaves."""
    everything = np.concatenate([LAYOUT.sync, LAYOUT.message])
    for period in (2, 4):
        assert ((everything % period == 0).all(axis=1)).mean() < 0.3
    assert set((everything % 4).ravel().tolist()) == {0, 1, 2, 3}


def test_repeats_of_a_bit_lie_at_different_radii() -> None:
    squared = (LAYOUT.message**2).sum(axis=1).repeat(2)
    order = np.argsort(squared, kind="stable")
    for start in range(0, len(order) - CODE_LENGTH + 1, CODE_LENGTH):
        dealt = LAYOUT.bit_of_dimension[order[start : start + CODE_LENGTH]]
        assert sorted(dealt.tolist()) == list(range(CODE_LENGTH))


def test_layouts_differ_between_keys() -> None:
    mine = {tuple(point) for point in LAYOUT.sync.tolist()}
    theirs = {tuple(point) for point in layout_of(OTHER_KEY).sync.tolist()}
    assert len(mine & theirs) <= 3


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**64 - 1))
def test_soft_bits_undo_message_symbols(payload: int) -> None:
    codeword = TaggedCode(KEY).encode(payload)
    soft = LAYOUT.soft_bits(LAYOUT.message_symbols(codeword))
    assert np.array_equal(soft < 0, codeword.astype(bool))


def test_layouts_cannot_be_changed() -> None:
    with pytest.raises(ValueError, match="read-only"):
        LAYOUT.sync[0, 0] = 1
