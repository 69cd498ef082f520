import numpy as np
import pytest

from provenance.watermark.code import TaggedCode
from provenance.watermark.embedder import CANONICAL_SIDE, LatticeEmbedder, apply, canonical_size, to_canonical
from provenance.watermark.gauntlet import Choice
from provenance.watermark.layout import PERIOD
from tests.unit.watermark.conftest import KEY, PAYLOAD, psnr, texture


def residual(pixels: np.ndarray, payload: int = PAYLOAD, *, key: bytes = KEY) -> np.ndarray:
    choice = Choice((0, 0), TaggedCode(key).encode(payload))
    shape = LatticeEmbedder(key).shape(pixels, choice)
    return shape.residual(shape.start)


@pytest.mark.parametrize(
    ("size", "expected"),
    [((500, 700), (500, 700)), ((768, 768), (768, 768)), ((1536, 1000), (768, 500)), ((8000, 12500), (492, 768))],
)
def test_canonical_size(size: tuple[int, int], expected: tuple[int, int]) -> None:
    assert canonical_size(*size) == expected
    assert max(expected) <= CANONICAL_SIDE


def test_a_canonical_picture_is_not_copied() -> None:
    pixels = texture(200, 300)
    assert to_canonical(pixels) is pixels


def test_the_pattern_repeats_after_its_period_and_not_after_a_tile() -> None:
    inner = residual(np.full((700, 700, 3), 128, np.uint8))[40:640, 40:640]
    assert np.allclose(inner[:, : 600 - PERIOD], inner[:, PERIOD:], atol=0.05)
    for tile in (64, 128, 256):
        assert abs(np.corrcoef(inner[:, tile:].ravel(), inner[:, :-tile].ravel())[0, 1]) < 0.3


@pytest.mark.parametrize("contrast", [0.0, 0.3, 1.0, 3.0])
def test_strength_floats_between_its_limits(contrast: float) -> None:
    pixels = np.clip((texture(300, 400).astype(float) - 128) * contrast + 128, 0, 255).astype(np.uint8)
    assert 39 < psnr(pixels, apply(pixels, residual(pixels))) < 46.3


def test_the_pattern_begins_where_it_is_told() -> None:
    grey = np.full((500, 600, 3), 128, np.uint8)
    shapes = [
        LatticeEmbedder(KEY).shape(grey, Choice(origin, TaggedCode(KEY).encode(1))) for origin in ((0, 0), (30, 90))
    ]
    here, there = (shape.unit for shape in shapes)
    assert np.corrcoef(here[:-90, :-30].ravel(), there[90:, 30:].ravel())[0, 1] > 0.99
    assert abs(np.corrcoef(here.ravel(), there.ravel())[0, 1]) < 0.3


def test_texture_gets_more_than_flat_ground() -> None:
    pixels = texture(300, 600)
    pixels[:, :300] = 128
    added = residual(pixels)
    assert added[:, 330:].std() > 1.5 * added[:, :270].std()


def test_clipping_is_made_up_for() -> None:
    """On white the upward half of the change is lost; what is left is made stronger."""
    white = np.full((300, 300, 3), 255, np.uint8)
    grey = np.full((300, 300, 3), 200, np.uint8)
    assert residual(white).std() > 1.15 * residual(grey).std()
    assert psnr(white, apply(white, residual(white))) == pytest.approx(46, abs=0.6)


def test_every_channel_gets_the_same_change() -> None:
    pixels = np.clip(texture(200, 200), 40, 210)
    change = apply(pixels, residual(pixels)).astype(int) - pixels
    assert (change == change[..., :1]).all()


def test_apply_rounds_clips_and_leaves_its_input_alone() -> None:
    pixels = np.array([[[0, 254, 128]] * 3], np.uint8)
    marked = apply(pixels, np.array([[1.6, -3.0, 0.4]], np.float32))
    assert marked.tolist() == [[[2, 255, 130], [0, 251, 125], [0, 254, 128]]]
    assert pixels.tolist() == [[[0, 254, 128]] * 3]


def test_apply_enlarges_the_residual_smoothly_and_in_stripes() -> None:
    small = np.tile(np.linspace(-8, 8, 50, dtype=np.float32), (40, 1))
    pixels = np.full((1600, 2000, 3), 128, np.uint8)
    change = apply(pixels, small).astype(int)[..., 0] - 128
    assert change.shape == (1600, 2000)
    assert np.abs(np.diff(change, axis=1)).max() <= 1
    assert not np.diff(change, axis=0).any()


def test_payloads_and_keys_give_unrelated_residuals() -> None:
    grey = np.full((512, 512, 3), 128, np.uint8)
    mine = residual(grey)
    another = residual(grey, PAYLOAD + 1)
    foreign = residual(grey, key=b"another key, as long")
    assert np.corrcoef(mine.ravel(), another.ravel())[0, 1] == pytest.approx(0.30, abs=0.1)  # the sync energy
    assert abs(np.corrcoef(mine.ravel(), foreign.ravel())[0, 1]) < 0.1
