"""How well a mark will be read, and where and with which codeword it is read best, told at embedding time.

Nothing has to be searched then: on canonical pixels the keyed frequencies are multiples of 1/512 cycle, so the
normalised picture folded to 512 x 512 has them as bins of one small FFT. The margin is the soft bits' mean, counted
along the true codeword, over their deviation, in dB over what the list decoder needs.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
import scipy.fft
from numpy.typing import NDArray

from provenance.watermark.code import TaggedCode
from provenance.watermark.demodulator import Demodulator, Samples
from provenance.watermark.detail import View, normalise
from provenance.watermark.layout import PERIOD, layout_of
from provenance.watermark.mask import Plane
from provenance.watermark.polar import Bits
from provenance.watermark.synchroniser import Synchroniser, moved

_NEEDED: Final = -7.6  # dB: half of the pictures are read at this ratio
_BACKGROUND_BINS: Final = 9
_LIST: Final = 8

Origin = tuple[int, int]
"""(x, y) of the pattern's origin, canonical pixels from the picture's centre, 0..511."""


@dataclass(frozen=True, slots=True, eq=False)
class Choice:
    """What the embedder is free to choose: where the pattern begins, and one of the payload's codewords uint8[1024]."""

    origin: Origin
    codeword: Bits


class Gauntlet:
    """One key's reader at a known place."""

    def __init__(self, key: bytes) -> None:
        self._layout = layout_of(key)
        self._code = TaggedCode(key)
        self._demodulator = Demodulator(self._layout)
        self._synchroniser = Synchroniser(self._layout, self._demodulator)

    def choices(self, seen: View, payload: int, count: int) -> Iterator[Choice]:
        """The `count` origins with which the unmarked picture already agrees most, best first, each with the codeword
        that suits it. What the picture has of them by itself adds to the mark, in every part of it."""
        message, sync = self._samples(seen)
        for x, y in self._synchroniser.likeliest_origins(sync, count).astype(int).tolist():
            yield Choice((x, y), self._code.nearest(payload, self._soft_bits(message, sync, (x, y))))

    def margin(self, seen: View, choice: Choice) -> float:
        """dB by which a marked picture of canonical size clears the decoder's threshold."""
        along = self._soft_bits(*self._samples(seen), choice.origin) * (1.0 - 2.0 * choice.codeword)
        ratio = float(along.mean()) / (float(along.std()) + 1e-12)
        return 20 * math.log10(max(ratio, 1e-3)) - _NEEDED

    def reads(self, seen: View, payload: int, origin: Origin) -> bool:
        """Whether the payload is decoded from it."""
        return self._code.decode(self._soft_bits(*self._samples(seen), origin), _LIST) == payload

    def _samples(self, seen: View) -> tuple[Samples, Samples]:
        """The message and the sync points, as if the pattern began at the picture's centre."""
        values = scipy.fft.rfft2(fold(normalise(seen)[0]))
        background = _background(values.real**2 + values.imag**2, seen.luma.shape)
        message, sync = (
            Samples(values[y % PERIOD, x].astype(np.complex128), background[y % PERIOD, x].astype(np.float64))
            for x, y in (self._layout.message.T, self._layout.sync.T)
        )
        return message, sync

    def _soft_bits(self, message: Samples, sync: Samples, origin: Origin) -> NDArray[np.float64]:
        offset = np.array(origin, float)
        return self._demodulator.soft_bits(
            moved(message, self._layout.message / PERIOD, offset), moved(sync, self._layout.sync / PERIOD, offset)
        )


def fold(plane: Plane) -> Plane:
    """float32[512, 512]: the sum of all pixels that lie whole periods apart, the picture's centre at (0, 0)."""
    folded = np.zeros((PERIOD, PERIOD), np.float32)
    for rows, folded_rows in _runs(plane.shape[0]):
        for columns, folded_columns in _runs(plane.shape[1]):
            folded[folded_rows, folded_columns] += plane[rows, columns]
    return folded


def _runs(length: int) -> list[tuple[slice, slice]]:
    """(slice of an axis, slice of the period that it falls on), the origin being at length // 2."""
    runs, start = [], 0
    while start < length:
        place = (start - length // 2) % PERIOD
        stop = min(length, start + PERIOD - place)
        runs.append((slice(start, stop), slice(place, place + stop - start)))
        start = stop
    return runs


def compressed(pixels: NDArray[np.uint8], quality: int, codec: str = ".jpg") -> NDArray[np.uint8]:
    """uint8[h, w, 3] after JPEG (or `.webp`) of that quality, colours at half the resolution."""
    parameter = cv2.IMWRITE_WEBP_QUALITY if codec == ".webp" else cv2.IMWRITE_JPEG_QUALITY
    data = cv2.imencode(codec, pixels[..., ::-1], [parameter, quality])[1]
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)[..., ::-1]


def _background(energy: Plane, shape: tuple[int, ...]) -> Plane:
    """Mean energy around every bin, as wide as the detector's whitening window."""
    box = [round(_BACKGROUND_BINS * max(1.0, PERIOD / max(shape))) | 1] * 2
    margin = box[0]
    wrapped = np.concatenate([energy[-margin:], energy, energy[:margin]])
    mean = cv2.blur(wrapped, box, borderType=cv2.BORDER_REFLECT)[margin:-margin]
    return np.asarray(mean + np.float32(1e-9), np.float32)
