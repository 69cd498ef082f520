import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from provenance.watermark.mask import luma, visibility_gain


def flat(level: float, size: int = 96) -> np.ndarray:
    return np.full((size, size), level, np.float32)


def test_luma_weighs_like_bt_601() -> None:
    primaries = np.array([[[255, 0, 0], [0, 255, 0], [0, 0, 255], [255, 255, 255]]], np.uint8)
    assert np.allclose(luma(primaries), [[76.245, 149.685, 29.07, 255]], atol=1e-3)


def test_luma_is_the_same_in_stripes() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (3, 700_000, 3), dtype=np.uint8)
    assert np.allclose(luma(pixels)[:, ::1000], pixels[:, ::1000] @ np.array([0.299, 0.587, 0.114]), atol=1e-3)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 255))
def test_gain_is_even_on_flat_grounds_and_at_least_one(level: int) -> None:
    gain = visibility_gain(flat(level))
    assert gain.min() >= 1
    assert np.ptp(gain) < 1e-3


def test_dark_and_bright_grounds_hide_more_than_middle_ones() -> None:
    dark, middle, bright = (visibility_gain(flat(level)).mean() for level in (10, 110, 245))
    assert dark > middle
    assert bright > middle


def test_texture_hides_more_and_saturates() -> None:
    rng = np.random.default_rng(1)
    gains = [
        visibility_gain(flat(110) + rng.normal(0, sigma, (96, 96)).astype(np.float32)).mean() for sigma in (0, 6, 60)
    ]
    assert gains[0] < gains[1] < gains[2]
    assert gains[2] < 16**0.5 + 0.1


def test_an_edge_does_not_lift_the_flat_ground_beside_it() -> None:
    step = flat(80)
    step[:, 48:] = 170
    gain = visibility_gain(step)
    assert gain[48, 40] < 1.15 * gain[48, 10], "eight pixels from the edge there is nothing to hide in"


def test_gain_does_not_depend_on_orientation() -> None:
    plane = np.random.default_rng(2).normal(110, 20, (80, 96)).astype(np.float32)
    assert np.allclose(visibility_gain(plane.T.copy()), visibility_gain(plane).T, rtol=1e-3)
