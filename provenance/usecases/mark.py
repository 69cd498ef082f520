"""Mark a picture, every frame of it, without registering it: what its owner receives is read back before it is handed
out."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import numpy as np

from provenance.core.errors import CannotHoldMark
from provenance.core.ports import Images, Watermarker
from provenance.core.types import Detection, Picture, WorkId

if TYPE_CHECKING:
    from provenance.core.types import Pixels

_ROWS: Final = 256  # a block of so many at a time: a picture of 50 megapixels must not become 600 MB of differences
_NAMED: Final = 10  # frames that a note counts off


@dataclass(frozen=True, slots=True)
class Marked:
    """`psnr`, dB: the file's pixels against the picture's, so that a lossy format's own loss is in it; inf where
    nothing changed. `notes` say in words in how many frames of an animation the mark is."""

    data: bytes = field(repr=False)
    media_type: str
    psnr: float
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkFrames:
    """All frames carry the same payload. A frame of an animation that can't hold it, such as an empty one between two
    scenes, stays as it is, as long as at least half of them carry it. The first
    frame and one more are held at a time."""

    images: Images
    watermarker: Watermarker

    def __call__(
        self, picture: Picture, payload: int, *, before: "Callable[[Pixels], Pixels] | None" = None
    ) -> tuple[bytes, str]:
        """(file, media type) with the payload in its pixels; `before` changes each frame first. Raises CannotHoldMark,
        TooLarge, Rejected."""
        return self.images.write_frames(picture, self._marked(picture, payload, before))

    def read_back(self, marked: Picture, payload: int) -> tuple[str, ...]:
        """What to say about the frames of a written file, in words; nothing for a still. Raises CannotHoldMark where
        too few of them carry the payload."""
        without: list[int] = []
        for frame in self.images.frames(marked):
            found = self.watermarker.detect(frame.pixels)
            if found is None or found.payload != payload:
                without.append(frame.index)
                if 2 * len(without) > marked.frames:
                    raise _not_read_back(found)
        if marked.frames == 1:
            return ()
        return (f"{marked.frames - len(without)} of {marked.frames} frames carry the mark", *_named(without))

    def _marked(
        self, picture: Picture, payload: int, before: "Callable[[Pixels], Pixels] | None"
    ) -> "Iterator[Pixels]":
        without = 0
        first: Pixels | None = None
        for frame in self.images.frames(picture):
            pixels = frame.pixels if before is None else before(frame.pixels)
            first = pixels if first is None else first
            try:
                yield self.watermarker.embed(pixels, payload, like=first)
            except CannotHoldMark:
                without += 1
                if 2 * without > picture.frames:
                    raise
                yield pixels


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkPicture:
    """Raises Rejected, CannotHoldMark."""

    images: Images
    watermarker: Watermarker

    def __call__(self, data: bytes, payload: int) -> Marked:
        picture = self.images.read(data)
        mark = MarkFrames(images=self.images, watermarker=self.watermarker)
        written, media_type = mark(picture, payload)
        kept = self.images.read(written)
        notes = mark.read_back(kept, payload)
        return Marked(written, media_type, self._psnr(picture, kept), notes)

    def _psnr(self, picture: Picture, kept: Picture) -> float:
        """Over all frames as if they were one picture."""
        pairs = zip(self.images.frames(picture), self.images.frames(kept), strict=True)
        error = sum(squared_error(one.pixels, other.pixels) for one, other in pairs)
        return psnr(error, picture.pixels.size * picture.frames)


def squared_error(one: "Pixels", other: "Pixels") -> int:
    """The sum over two arrays uint8[H, W, 3] of one shape."""
    error = 0
    for top in range(0, one.shape[0], _ROWS):
        difference = np.subtract(one[top : top + _ROWS], other[top : top + _ROWS], dtype=np.int32)
        error += int(np.square(difference).sum(dtype=np.int64))
    return error


def psnr(error: int, samples: int) -> float:
    """dB of a squared error over so many samples of 8 bits; inf where there is none."""
    return math.inf if error == 0 else 10 * math.log10(255**2 * samples / error)


def _not_read_back(found: Detection | None) -> CannotHoldMark:
    if found is None:
        return CannotHoldMark(
            "the mark could not be read back from the written file",
            hint="take a larger or less flat picture, or a format with less compression",
        )
    return CannotHoldMark(
        f"the picture carries the mark {WorkId(found.payload)}, which is read in place of the new one",
        hint="mark the original, unmarked picture",
    )


def _named(frames: list[int]) -> tuple[str, ...]:
    """Which frames, counted from 1 as people do."""
    if not frames:
        return ()
    shown = ", ".join(str(index + 1) for index in frames[:_NAMED])
    more = f" and {len(frames) - _NAMED} more" if len(frames) > _NAMED else ""
    return (f"frames that are too flat or too small for the mark: {shown}{more}",)
