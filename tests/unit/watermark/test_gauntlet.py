"""What the embedder knows about its own mark before it hands a picture out."""

import numpy as np
import pytest

from provenance.watermark import LatticeWatermarker
from provenance.watermark.embedder import LatticeEmbedder, apply
from provenance.watermark.gauntlet import Gauntlet, compressed, fold
from provenance.watermark.layout import PERIOD
from provenance.watermark.mask import luma
from tests.unit.watermark.conftest import KEY, OTHER_KEY, PAYLOAD, load, texture

GAUNTLET = Gauntlet(KEY)


def marked_plane(name: str = "photo-canyon.jpg", factor: float = 1.0) -> np.ndarray:
    pixels = load(name)
    shape = LatticeEmbedder(KEY).shape(pixels, PAYLOAD)
    return luma(apply(pixels, shape.residual(factor * shape.start)))


@pytest.mark.parametrize("shape", [(40, 70), (512, 512), (513, 1100), (700, 300)])
def test_folding_adds_up_what_lies_periods_apart(shape: tuple[int, int]) -> None:
    plane = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    expected = np.zeros((PERIOD, PERIOD))
    y, x = np.indices(shape)
    np.add.at(expected, ((y - shape[0] // 2) % PERIOD, (x - shape[1] // 2) % PERIOD), plane)
    assert np.allclose(fold(plane), expected, atol=1e-4)


def test_a_marked_picture_has_a_margin_and_an_unmarked_one_has_none() -> None:
    assert GAUNTLET.margin(marked_plane(), PAYLOAD) > 8
    assert GAUNTLET.reads(marked_plane(), PAYLOAD)
    for plane in (luma(load("photo-canyon.jpg")), marked_plane("ai-car.jpg")[::-1].copy()):
        assert GAUNTLET.margin(plane, PAYLOAD) < -5
        assert not GAUNTLET.reads(plane, PAYLOAD)


def test_the_margin_is_that_of_one_payload_under_one_key() -> None:
    assert GAUNTLET.margin(marked_plane(), PAYLOAD + 1) < -5
    assert not GAUNTLET.reads(marked_plane(), PAYLOAD + 1)
    assert Gauntlet(OTHER_KEY).margin(marked_plane(), PAYLOAD) < -5


def test_margins_grow_with_strength_and_fall_with_quality() -> None:
    weak, strong = (marked_plane(factor=factor) for factor in (0.5, 1.0))
    assert GAUNTLET.margin(strong, PAYLOAD) > GAUNTLET.margin(weak, PAYLOAD) + 2
    by_quality = [GAUNTLET.margin(compressed(strong, quality), PAYLOAD) for quality in (50, 20, 10, 5)]
    assert by_quality == sorted(by_quality, reverse=True)


def test_nothing_is_read_from_a_flat_plane() -> None:
    flat = np.full((300, 300), 77, np.float32)
    assert not GAUNTLET.reads(flat, PAYLOAD)
    assert GAUNTLET.margin(flat, PAYLOAD) < -40


def test_a_margin_over_zero_is_read_and_one_far_below_is_not() -> None:
    """The threshold is the decoder's: around it the margin says what `reads` does."""
    seen = set()
    for factor in (0.05, 0.1, 0.15, 0.2, 0.3, 0.5):
        plane = marked_plane("painting-wave.jpg", factor)
        margin, read = GAUNTLET.margin(plane, PAYLOAD), GAUNTLET.reads(plane, PAYLOAD)
        assert read or margin < 1.5
        assert not read or margin > -1.5
        seen.add(read)
    assert seen == {True, False}


def test_the_gauntlet_agrees_with_the_blind_detector() -> None:
    marker = LatticeWatermarker(KEY)
    marked = marker.embed(texture(400, 500), 77)
    assert GAUNTLET.reads(luma(marked), 77)
    assert marker.detect(marked).payload == 77
