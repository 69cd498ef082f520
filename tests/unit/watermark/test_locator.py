"""Which part of an upload came from the work."""

from collections.abc import Callable
from dataclasses import replace

import cv2
import numpy as np
import pytest

from provenance.core.types import Region
from provenance.watermark import LatticeWatermarker, RotatingWatermarker
from provenance.watermark.locator import outline, overlay
from tests.unit.watermark.conftest import KEY, OTHER_KEY, jpeg, load, texture

Marked = Callable[[str], np.ndarray]
WHOLE = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0))


def mask(region: Region, shape: tuple[int, int]) -> np.ndarray:
    drawn = np.zeros(shape, np.uint8)
    corners = np.round(np.array(region) * np.array(shape[::-1])).astype(np.int32)
    return cv2.fillPoly(drawn, [corners], 1)


def overlap(one: Region, two: Region) -> float:
    """Intersection over union."""
    first, second = mask(one, (500, 500)), mask(two, (500, 500))
    return float((first & second).sum() / (first | second).sum())


def test_an_unchanged_picture_carries_the_mark_everywhere(marker: LatticeWatermarker, marked_of: Marked) -> None:
    marked = marked_of("ai-car.jpg")
    region = marker.locate(marked, marker.detect(marked))
    assert overlap(region, WHOLE) > 0.85


@pytest.mark.parametrize("turned", [0, 1, 2])
@pytest.mark.parametrize(("top", "left"), [(10, 20), (150, 330)])
def test_a_part_of_a_collage_is_located(
    marker: LatticeWatermarker, marked_of: Marked, top: int, left: int, turned: int
) -> None:
    collage = cv2.resize(load("photo-alps.jpg"), (800, 600))
    part = np.rot90(cv2.resize(marked_of("ai-car.jpg"), (440, 440), interpolation=cv2.INTER_AREA), turned)
    collage[top : top + 440, left : left + 440] = part
    collage = jpeg(collage, 85)
    region = marker.locate(collage, marker.detect(collage))
    x, y, right, bottom = left / 800, top / 600, (left + 440) / 800, (top + 440) / 600
    assert overlap(region, ((x, y), (right, y), (right, bottom), (x, bottom))) > 0.75


def test_what_was_painted_over_is_not_part_of_it(marker: LatticeWatermarker, marked_of: Marked) -> None:
    marked = marked_of("photo-canyon.jpg").copy()
    marked[:, : marked.shape[1] // 2] = texture(marked.shape[0], marked.shape[1] // 2)
    region = marker.locate(marked, marker.detect(marked))
    assert min(x for x, _ in region) > 0.4
    assert max(x for x, _ in region) > 0.9


def test_large_pictures_are_located_too(marker: LatticeWatermarker) -> None:
    marked = marker.embed(cv2.resize(load("painting-wave.jpg"), (1500, 1000), interpolation=cv2.INTER_CUBIC), 5)
    canvas = np.full((1000, 2200, 3), 90, np.uint8)
    canvas[:, 700:] = marked
    region = marker.locate(canvas, marker.detect(canvas))
    assert overlap(region, ((700 / 2200, 0), (1, 0), (1, 1), (700 / 2200, 1))) > 0.85


def test_the_grid_takes_the_picture_to_the_original(marker: LatticeWatermarker, marked_of: Marked) -> None:
    """Pixel (x, y) of a half-size copy is (2x + 0.5, 2y + 0.5) of the original: the same place of the pattern."""
    marked = marked_of("ai-car.jpg")
    half = cv2.resize(marked, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    (a, b, c), (d, e, f) = np.reshape(marker.detect(half).grid, (2, 3))
    assert (a, b, d, e) == pytest.approx((2, 0, 0, 2), abs=0.02)
    x, y = half.shape[1] // 2, half.shape[0] // 2
    there = np.reshape(marker.detect(marked).grid, (2, 3)) @ [2 * x + 0.5, 2 * y + 0.5, 1]
    assert np.abs((np.array([a * x + b * y + c, d * x + e * y + f]) - there + 256) % 512 - 256).max() < 1.5


def test_a_ring_asks_the_key_that_read(marked_of: Marked) -> None:
    ring = RotatingWatermarker({"old": KEY, "new": OTHER_KEY}, "new")
    found = ring.detect(marked_of("ai-car.jpg"))
    assert overlap(ring.locate(marked_of("ai-car.jpg"), found), WHOLE) > 0.85
    assert ring.locate(marked_of("ai-car.jpg"), replace(found, key_id="retired")) is None


def test_a_detection_without_a_grid_cannot_be_located(marker: LatticeWatermarker, marked_of: Marked) -> None:
    found = replace(marker.detect(marked_of("ai-car.jpg")), grid=None)
    assert marker.locate(marked_of("ai-car.jpg"), found) is None


def test_an_overlay_repeats_the_pattern() -> None:
    pattern = np.random.default_rng(0).normal(size=(512, 512)).astype(np.float32)
    laid = overlay(pattern, (600, 1100), np.array([[1.0, 0, -20], [0, 1.0, 30]]))
    assert np.allclose(laid[10, 20:1000], pattern[40, np.arange(980) % 512], atol=1e-5)


def test_outlines_are_clockwise_from_the_top_left_and_forget_specks() -> None:
    places = np.zeros((40, 60), np.bool_)
    places[10:30, 20:50] = True
    places[2:4, 2:4] = True
    region = outline(places)
    expected = [(20 / 60, 0.25), (50 / 60, 0.25), (50 / 60, 0.75), (20 / 60, 0.75)]
    assert np.allclose(region, expected, atol=1e-6)


def test_nothing_has_no_outline() -> None:
    assert outline(np.zeros((20, 20), np.bool_)) is None
