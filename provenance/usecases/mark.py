"""Mark a picture without registering it: what its owner receives is read back before it is handed out."""

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import numpy as np

from provenance.core.errors import CannotHoldMark
from provenance.core.ports import Images, Watermarker
from provenance.core.types import WorkId

if TYPE_CHECKING:
    from provenance.core.types import Pixels

_ROWS: Final = 256  # a block of so many at a time: a picture of 50 megapixels must not become 600 MB of differences


@dataclass(frozen=True, slots=True)
class Marked:
    """`psnr`, dB: the file's pixels against the picture's, so that a lossy format's own loss is in it; inf where
    nothing changed."""

    data: bytes = field(repr=False)
    media_type: str
    psnr: float


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkPicture:
    """Raises Rejected, CannotHoldMark."""

    images: Images
    watermarker: Watermarker

    def __call__(self, data: bytes, payload: int) -> Marked:
        picture = self.images.read(data)
        written, media_type = self.images.write(picture, self.watermarker.embed(picture.pixels, payload))
        kept = self.images.read(written)
        read_back(self.watermarker, kept.pixels, payload)
        return Marked(written, media_type, psnr(picture.pixels, kept.pixels))


def read_back(watermarker: Watermarker, pixels: "Pixels", payload: int) -> None:
    """Raises CannotHoldMark unless the mark is found in the pixels of the written file, uint8[H, W, 3]."""
    found = watermarker.detect(pixels)
    if found is None:
        raise CannotHoldMark(
            "the mark could not be read back from the written file",
            hint="take a larger or less flat picture, or a format with less compression",
        )
    if found.payload != payload:
        raise CannotHoldMark(
            f"the picture carries the mark {WorkId(found.payload)}, which is read in place of the new one",
            hint="mark the original, unmarked picture",
        )


def psnr(one: "Pixels", other: "Pixels") -> float:
    """dB, of two arrays uint8[H, W, 3] of one shape; inf where they are equal."""
    error = 0
    for top in range(0, one.shape[0], _ROWS):
        difference = np.subtract(one[top : top + _ROWS], other[top : top + _ROWS], dtype=np.int32)
        error += int(np.square(difference).sum(dtype=np.int64))
    return math.inf if error == 0 else 10 * math.log10(255**2 * one.size / error)
