"""What somebody who knows the code, but not the key, can do. docs/watermark.md says what is open."""

from collections.abc import Callable

import numpy as np
import pytest

from provenance.watermark import LatticeWatermarker
from provenance.watermark.detail import normalise, view
from provenance.watermark.mask import visibility_gain
from tests.unit.watermark.conftest import OTHER_KEY, PAYLOAD, load, psnr

Marked = Callable[[str], np.ndarray]


def folded(plane: np.ndarray, period: int) -> np.ndarray:
    """The mean tile of a plane, tiled back to its size."""
    height, width = (-(-side // period) * period for side in plane.shape)
    padded, seen = np.zeros((height, width)), np.zeros((height, width))
    padded[: plane.shape[0], : plane.shape[1]] = plane
    seen[: plane.shape[0], : plane.shape[1]] = 1
    tiles = (height // period, period, width // period, period)
    mean = padded.reshape(tiles).sum((0, 2)) / np.maximum(seen.reshape(tiles).sum((0, 2)), 1)
    return np.tile(mean, (tiles[0], tiles[2]))[: plane.shape[0], : plane.shape[1]]


def less(marked: np.ndarray, estimate: np.ndarray, *, gain: float) -> np.ndarray:
    """The picture less an estimate of the mark, `gain` times as strong as marks are: 3 grey levels RMS."""
    return np.clip(np.rint(marked - (gain * 3 / estimate.std() * estimate)[..., None]), 0, 255).astype(np.uint8)


@pytest.mark.parametrize("period", [64, 128, 256])
def test_averaging_tiles_does_not_remove_the_mark(marker: LatticeWatermarker, marked_of: Marked, period: int) -> None:
    """The estimate, shaped by the public mask and 1.5 times as strong as the mark itself, is subtracted."""
    marked = marked_of("ai-car.jpg")
    seen = view(marked)
    attacked = less(marked, folded(normalise(seen)[0], period) * visibility_gain(seen.luma), gain=1.5)
    assert psnr(attacked, load("ai-car.jpg")) > 33
    found = marker.detect(attacked)
    assert found is not None
    assert found.payload == PAYLOAD


@pytest.mark.parametrize("gain", [1.0, 1.5, 2.0])
@pytest.mark.parametrize("name", ["ai-car.jpg", "photo-canyon.jpg"])
def test_subtracting_an_estimate_turns_the_mark_over_only_where_the_picture_is_quiet(
    marker: LatticeWatermarker, marked_of: Marked, name: str, gain: float
) -> None:
    marked = marked_of(name)
    seen = view(marked)
    attacked = less(marked, normalise(seen)[0] * visibility_gain(seen.luma), gain=gain)
    found = marker.detect(attacked)
    assert found is not None
    assert found.payload == PAYLOAD


def test_marking_again_with_another_key_does_not_remove_the_mark(marker: LatticeWatermarker, marked_of: Marked) -> None:
    again = marked_of("painting-wave.jpg")
    for payload in range(2):
        again = LatticeWatermarker(OTHER_KEY).embed(again, payload)
    assert marker.detect(again).payload == PAYLOAD


def test_the_same_picture_under_two_keys_shares_no_mark(marked_of: Marked) -> None:
    original = load("photo-canyon.jpg").astype(float)
    mine = marked_of("photo-canyon.jpg") - original
    theirs = LatticeWatermarker(OTHER_KEY).embed(load("photo-canyon.jpg"), PAYLOAD) - original
    assert abs(np.corrcoef(mine.ravel(), theirs.ravel())[0, 1]) < 0.15
