"""What the mark has to survive, and what `Detection` then says about the geometry. Rates are measured by
scripts/bench/watermark.py; these are the floor."""

from collections.abc import Callable

import cv2
import numpy as np
import pytest

from provenance.watermark import LatticeWatermarker
from tests.unit.watermark.conftest import PAYLOAD, jpeg, load

Marked = Callable[[str], np.ndarray]
Change = Callable[[np.ndarray], np.ndarray]


def resized(pixels: np.ndarray, x: float, y: float | None = None) -> np.ndarray:
    return cv2.resize(pixels, None, fx=x, fy=y or x, interpolation=cv2.INTER_AREA if x < 1 else cv2.INTER_CUBIC)


def cropped(pixels: np.ndarray, side: float) -> np.ndarray:
    height, width = pixels.shape[:2]
    top, left = round(height * (1 - side) / 2), round(width * (1 - side) / 2)
    return pixels[top : height - top, left : width - left].copy()


def rotated(pixels: np.ndarray, degrees: float) -> np.ndarray:
    """Counter-clockwise, on a grey canvas that holds all of it."""
    height, width = pixels.shape[:2]
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1)
    cos, sin = np.abs(matrix[0, :2])
    size = (int(height * sin + width * cos), int(height * cos + width * sin))
    matrix[:, 2] += (size[0] - width) / 2, (size[1] - height) / 2
    return cv2.warpAffine(pixels, matrix, size, flags=cv2.INTER_CUBIC, borderValue=(128, 128, 128))


def screenshot(pixels: np.ndarray) -> np.ndarray:
    small = resized(pixels, 0.8)
    framed = cv2.copyMakeBorder(small, 60, 25, 25, 25, cv2.BORDER_CONSTANT, value=(240, 240, 240))
    framed[:30] = 50
    return jpeg(framed, 80)


CHANGES: dict[str, Change] = {
    "jpeg-50": lambda p: jpeg(p, 50),
    "jpeg-30": lambda p: jpeg(p, 30),
    "half-size": lambda p: resized(p, 0.5),
    "double-size": lambda p: resized(p, 2.0),
    "crop-70": lambda p: cropped(p, 0.7),
    "rotate-10": lambda p: rotated(p, 10),
    "rotate-45": lambda p: rotated(p, 45),
    "rotate-90": lambda p: np.rot90(p).copy(),
    "mirror": lambda p: p[:, ::-1].copy(),
    "flip": lambda p: p[::-1].copy(),
    "screenshot": screenshot,
    "grey": lambda p: cv2.cvtColor(cv2.cvtColor(p, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB),
    "darker": lambda p: (p * 0.6).astype(np.uint8),
    "blur": lambda p: cv2.GaussianBlur(p, (0, 0), 1.5),
    "aspect": lambda p: resized(p, 1.25, 1.0),
}


@pytest.mark.parametrize("name", ["photo-canyon.jpg", "flat-camp.png"])
@pytest.mark.parametrize("change", sorted(CHANGES))
def test_the_payload_survives(marker: LatticeWatermarker, marked_of: Marked, name: str, change: str) -> None:
    found = marker.detect(CHANGES[change](marked_of(name)))
    assert found is not None
    assert found.payload == PAYLOAD


@pytest.mark.parametrize("name", ["photo-canyon.jpg", "painting-wave.jpg", "ai-car.jpg"])
def test_a_crop_to_half_the_sides_survives(marker: LatticeWatermarker, marked_of: Marked, name: str) -> None:
    assert marker.detect(cropped(marked_of(name), 0.5)).payload == PAYLOAD


@pytest.mark.parametrize("change", ["half-size", "rotate-45", "mirror", "screenshot"])
def test_the_same_changes_of_an_unmarked_picture_say_nothing(marker: LatticeWatermarker, change: str) -> None:
    assert marker.detect(CHANGES[change](load("ai-car.jpg"))) is None


def test_a_shape_pasted_over_does_not_matter(marker: LatticeWatermarker, marked_of: Marked) -> None:
    pixels = marked_of("ai-car.jpg").copy()
    cv2.rectangle(pixels, (200, 200), (440, 440), (250, 20, 20), -1)
    assert marker.detect(pixels).payload == PAYLOAD


def test_a_copy_inside_another_picture_is_found(marker: LatticeWatermarker, marked_of: Marked) -> None:
    canvas = load("photo-alps.jpg")
    canvas[5:355, 340:690] = resized(marked_of("ai-car.jpg"), 350 / 640)
    found = marker.detect(canvas)
    assert found is not None
    assert found.payload == PAYLOAD
    assert found.scale == pytest.approx(350 / 640, rel=0.02)


GEOMETRY: dict[str, tuple[Change, float, float, bool]] = {
    "unchanged": (lambda p: p, 1.0, 0.0, False),
    "rot90": (lambda p: np.rot90(p).copy(), 1.0, 90.0, False),
    "rot180": (lambda p: np.rot90(p, 2).copy(), 1.0, 180.0, False),
    "rot270": (lambda p: np.rot90(p, 3).copy(), 1.0, -90.0, False),
    "mirror": (lambda p: p[:, ::-1].copy(), 1.0, 0.0, True),
    "flip": (lambda p: p[::-1].copy(), 1.0, 180.0, True),
    "mirror-rot90": (lambda p: np.rot90(p[:, ::-1]).copy(), 1.0, 90.0, True),
    "rotate-20": (lambda p: rotated(p, 20), 1.0, 20.0, False),
    "rotate-120": (lambda p: rotated(p, -120), 1.0, -120.0, False),
    "mirror-rotate-33": (lambda p: rotated(p[:, ::-1].copy(), 33), 1.0, 33.0, True),
    "half": (lambda p: resized(p, 0.5), 0.5, 0.0, False),
    "double": (lambda p: resized(p, 2.0), 2.0, 0.0, False),
    "half-rotate-15": (lambda p: rotated(resized(p, 0.6), 15), 0.6, 15.0, False),
}


@pytest.mark.parametrize("case", sorted(GEOMETRY))
def test_the_geometry_is_reported(marker: LatticeWatermarker, marked_of: Marked, case: str) -> None:
    change, scale, rotation, mirrored = GEOMETRY[case]
    found = marker.detect(change(marked_of("ai-car.jpg")))
    assert found is not None
    assert found.payload == PAYLOAD
    assert found.scale == pytest.approx(scale, rel=0.01)
    assert (found.rotation - rotation + 180) % 360 - 180 == pytest.approx(0, abs=0.5)
    assert -180 < found.rotation <= 180
    assert found.mirrored is mirrored


def test_scale_is_relative_to_the_canonical_size(marker: LatticeWatermarker) -> None:
    """A picture of 1536 px is marked as one of 768."""
    large = cv2.resize(load("painting-wave.jpg"), (1536, 1032), interpolation=cv2.INTER_CUBIC)
    marked = marker.embed(large, 9)
    assert marker.detect(marked).scale == pytest.approx(2, rel=0.01)
    assert marker.detect(resized(marked, 0.25)).scale == pytest.approx(0.5, rel=0.01)
