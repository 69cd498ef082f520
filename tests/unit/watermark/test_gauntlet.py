"""What the embedder knows about its own mark before it hands a picture out."""

import numpy as np
import pytest

from provenance.watermark import LatticeWatermarker
from provenance.watermark.code import TaggedCode
from provenance.watermark.detail import view
from provenance.watermark.embedder import LatticeEmbedder, apply
from provenance.watermark.gauntlet import Choice, Gauntlet, compressed, fold
from provenance.watermark.layout import PERIOD
from provenance.watermark.locator import overlay
from tests.unit.watermark.conftest import KEY, OTHER_KEY, PAYLOAD, load, texture

GAUNTLET = Gauntlet(KEY)


def chosen(pixels: np.ndarray, payload: int = PAYLOAD) -> Choice:
    return next(iter(GAUNTLET.choices(view(pixels), payload, 1)))


def marked(name: str = "photo-canyon.jpg", factor: float = 1.0) -> tuple[np.ndarray, Choice]:
    pixels = load(name)
    choice = chosen(pixels)
    shape = LatticeEmbedder(KEY).shape(pixels, choice)
    return apply(pixels, shape.residual(factor * shape.start)), choice


@pytest.mark.parametrize("shape", [(40, 70), (512, 512), (513, 1100), (700, 300)])
def test_folding_adds_up_what_lies_periods_apart(shape: tuple[int, int]) -> None:
    plane = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    expected = np.zeros((PERIOD, PERIOD))
    y, x = np.indices(shape)
    np.add.at(expected, ((y - shape[0] // 2) % PERIOD, (x - shape[1] // 2) % PERIOD), plane)
    assert np.allclose(fold(plane), expected, atol=1e-4)


def test_a_marked_picture_has_a_margin_and_an_unmarked_one_has_none() -> None:
    pixels, choice = marked()
    assert GAUNTLET.margin(view(pixels), choice) > 8
    assert GAUNTLET.reads(view(pixels), PAYLOAD, choice.origin)
    for other in (load("photo-canyon.jpg"), marked("ai-car.jpg")[0][::-1].copy()):
        assert GAUNTLET.margin(view(other), choice) < -5
        assert not GAUNTLET.reads(view(other), PAYLOAD, choice.origin)


def test_the_margin_is_that_of_one_codeword_at_one_place_under_one_key() -> None:
    pixels, choice = marked()
    seen = view(pixels)
    elsewhere = Choice(((choice.origin[0] + 100) % PERIOD, choice.origin[1]), choice.codeword)
    assert GAUNTLET.margin(seen, elsewhere) < -5
    another = Choice(choice.origin, TaggedCode(KEY).encode(PAYLOAD + 1))
    assert GAUNTLET.margin(seen, another) < GAUNTLET.margin(seen, choice) - 6
    assert not GAUNTLET.reads(seen, PAYLOAD + 1, choice.origin)
    assert Gauntlet(OTHER_KEY).margin(seen, choice) < -5


def test_margins_grow_with_strength_and_fall_with_quality() -> None:
    (weak, choice), (strong, _) = (marked(factor=factor) for factor in (0.5, 1.0))
    assert GAUNTLET.margin(view(strong), choice) > GAUNTLET.margin(view(weak), choice) + 2
    by_quality = [GAUNTLET.margin(view(compressed(strong, quality)), choice) for quality in (50, 20, 10, 5)]
    assert by_quality == sorted(by_quality, reverse=True)


def test_nothing_is_read_from_a_flat_picture() -> None:
    flat = np.full((300, 300, 3), 77, np.uint8)
    choice = chosen(flat)
    assert not GAUNTLET.reads(view(flat), PAYLOAD, choice.origin)
    assert GAUNTLET.margin(view(flat), choice) < -5


def test_a_margin_over_zero_is_read_and_one_far_below_is_not() -> None:
    """The threshold is the decoder's: around it the margin says what `reads` does."""
    seen = set()
    for factor in (0.03, 0.05, 0.1, 0.15, 0.2, 0.3, 0.5):
        pixels, choice = marked("painting-wave.jpg", factor)
        margin = GAUNTLET.margin(view(pixels), choice)
        read = GAUNTLET.reads(view(pixels), PAYLOAD, choice.origin)
        assert read or margin < 1.5
        assert not read or margin > -1.5
        seen.add(read)
    assert seen == {True, False}


def test_choices_are_what_the_unmarked_picture_agrees_with_most() -> None:
    """A choice's pattern goes with the picture's own detail better than at other places and with other codewords."""
    pixels = load("painting-wave.jpg")
    ranked = list(GAUNTLET.choices(view(pixels), PAYLOAD, 5))
    assert len({choice.origin for choice in ranked}) == 5
    chance = [Choice((10 + 77 * i, 300 - 31 * i), chosen(pixels, PAYLOAD + i).codeword) for i in range(1, 6)]
    ours, theirs = (np.mean([_sync_energy(pixels, one) for one in some]) for some in (ranked, chance))
    assert ours > theirs
    assert GAUNTLET.margin(view(pixels), ranked[0]) > GAUNTLET.margin(view(pixels), chance[0])


def _sync_energy(pixels: np.ndarray, choice: Choice) -> float:
    """How the picture's luma goes with the pattern, both as they are."""
    pattern = LatticeEmbedder(KEY).pattern(choice.codeword)
    centre = np.array([pixels.shape[1] // 2, pixels.shape[0] // 2]) + choice.origin
    laid = overlay(pattern, pixels.shape[:2], np.array([[1.0, 0, -centre[0]], [0, 1.0, -centre[1]]]))
    luma = view(pixels).luma
    return float(np.corrcoef((luma - luma.mean()).ravel(), laid.ravel())[0, 1])


def test_the_gauntlet_agrees_with_the_blind_detector() -> None:
    marker = LatticeWatermarker(KEY)
    pixels = texture(400, 500)
    result = marker.embed(pixels, 77)
    assert GAUNTLET.reads(view(result), 77, chosen(pixels, 77).origin)
    assert marker.detect(result).payload == 77
