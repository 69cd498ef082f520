"""Marking without a registration: the file that is handed out is the one that was read back."""

import math

import numpy as np
import pytest

from provenance.core.errors import CannotHoldMark, UnsupportedFormat
from provenance.usecases.mark import MarkPicture, psnr, squared_error
from tests.doubles import PixelWatermarker
from tests.unit.adapters.animations import by_pillow, seen_by_pillow
from tests.unit.usecases.conftest import Studio, decoded, encoded, painting, png


def psnr_of(one: np.ndarray, other: np.ndarray) -> float:
    return psnr(squared_error(one, other), one.size)


def marking(studio: Studio) -> MarkPicture:
    return MarkPicture(images=studio.images, watermarker=studio.watermarker)


def test_the_file_carries_the_payload(studio: Studio) -> None:
    made = marking(studio)(png(painting(1)), 99)
    assert made.media_type == "image/png"
    assert studio.watermarker.detect(decoded(made.data)).payload == 99
    assert made.psnr == pytest.approx(psnr_of(painting(1), decoded(made.data)))


def test_a_format_that_loses_the_mark_is_refused(studio: Studio) -> None:
    with pytest.raises(CannotHoldMark, match="could not be read back"):
        marking(studio)(encoded(painting(1), "JPEG"), 99)


def test_a_mark_that_is_read_in_place_of_the_new_one_is_named(studio: Studio) -> None:
    class Stubborn(PixelWatermarker):
        """Once marked, always marked so."""

        def embed(self, pixels, payload, **like):
            return pixels if self.detect(pixels) else super().embed(pixels, payload, **like)

    studio.watermarker = Stubborn()
    first = marking(studio)(png(painting(1)), 1)
    with pytest.raises(CannotHoldMark, match="pv-0000000000001") as refused:
        marking(studio)(first.data, 2)
    assert "unmarked" in refused.value.hint


def test_what_is_no_picture(studio: Studio) -> None:
    with pytest.raises(UnsupportedFormat):
        marking(studio)(b"text", 1)


def test_psnr_is_that_of_the_definition_over_all_blocks() -> None:
    """10 log10(255^2 / mean squared error), of a picture higher than one block."""
    rng = np.random.default_rng(1)
    one, other = rng.integers(0, 256, (2, 700, 30, 3), np.uint8)
    error = np.mean((one.astype(float) - other) ** 2)
    assert psnr_of(one, other) == pytest.approx(10 * math.log10(255**2 / error))
    assert psnr_of(one, one) == math.inf
    assert psnr_of(np.zeros((1, 1, 3), np.uint8), np.full((1, 1, 3), 255, np.uint8)) == 0


def test_an_animations_psnr_is_over_all_its_frames(studio: Studio) -> None:
    frames = [painting(seed) for seed in (1, 2, 3)]
    made = marking(studio)(by_pillow(frames, "PNG"), 99)
    marked = [frame[..., :3] for frame in seen_by_pillow(made.data)]
    assert made.psnr == pytest.approx(psnr_of(np.concatenate(frames), np.concatenate(marked)))
    assert made.notes == ("3 of 3 frames carry the mark",)
