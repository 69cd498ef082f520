"""Marking without a registration: the file that is handed out is the one that was read back."""

import math

import numpy as np
import pytest

from provenance.core.errors import CannotHoldMark, UnsupportedFormat
from provenance.usecases.mark import MarkPicture, psnr
from tests.doubles import PixelWatermarker
from tests.unit.usecases.conftest import Studio, decoded, encoded, painting, png


def marking(studio: Studio) -> MarkPicture:
    return MarkPicture(images=studio.images, watermarker=studio.watermarker)


def test_the_file_carries_the_payload(studio: Studio) -> None:
    made = marking(studio)(png(painting(1)), 99)
    assert made.media_type == "image/png"
    assert studio.watermarker.detect(decoded(made.data)).payload == 99
    assert made.psnr == pytest.approx(psnr(painting(1), decoded(made.data)))


def test_a_format_that_loses_the_mark_is_refused(studio: Studio) -> None:
    with pytest.raises(CannotHoldMark, match="could not be read back"):
        marking(studio)(encoded(painting(1), "JPEG"), 99)


def test_a_mark_that_is_read_in_place_of_the_new_one_is_named(studio: Studio) -> None:
    class Stubborn(PixelWatermarker):
        """Once marked, always marked so."""

        def embed(self, pixels, payload):
            return pixels if self.detect(pixels) else super().embed(pixels, payload)

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
    assert psnr(one, other) == pytest.approx(10 * math.log10(255**2 / error))
    assert psnr(one, one) == math.inf
    assert psnr(np.zeros((1, 1, 3), np.uint8), np.full((1, 1, 3), 255, np.uint8)) == 0
