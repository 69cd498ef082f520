"""How well a mark will be read, told at embedding time, when the place and the payload are known.

Nothing has to be searched then: on canonical pixels the keyed frequencies are multiples of 1/512 cycle, so the
normalised picture folded to 512 x 512 has them as bins of one small FFT. The margin is the soft bits' mean, counted
along the true codeword, over their deviation, in dB over what the list decoder needs.
"""

import math
from typing import Final

import cv2
import numpy as np
import scipy.fft
from numpy.typing import NDArray

from provenance.watermark.code import TaggedCode
from provenance.watermark.demodulator import Demodulator, Samples
from provenance.watermark.layout import PERIOD, layout_of
from provenance.watermark.mask import Plane
from provenance.watermark.spectrum import normalise

_NEEDED: Final = -8.3  # dB: half of the pictures are read at this ratio
_BACKGROUND_BINS: Final = 9
_LIST: Final = 8


class Gauntlet:
    """One key's reader at a known place."""

    def __init__(self, key: bytes) -> None:
        self._layout = layout_of(key)
        self._code = TaggedCode(key)
        self._demodulator = Demodulator(self._layout)

    def margin(self, plane: Plane, payload: int) -> float:
        """dB by which float32[h, w], the luma of a marked picture at canonical size, clears the decoder's threshold."""
        along = self._soft_bits(plane) * (1.0 - 2.0 * self._code.encode(payload))
        ratio = float(along.mean()) / (float(along.std()) + 1e-12)
        return 20 * math.log10(max(ratio, 1e-3)) - _NEEDED

    def reads(self, plane: Plane, payload: int) -> bool:
        """Whether the payload is decoded from it."""
        return self._code.decode(self._soft_bits(plane), _LIST) == payload

    def _soft_bits(self, plane: Plane) -> NDArray[np.float64]:
        values = scipy.fft.rfft2(fold(normalise(plane)))
        background = _background(values.real**2 + values.imag**2, plane.shape)
        message, sync = (
            Samples(values[y % PERIOD, x].astype(np.complex128), background[y % PERIOD, x].astype(np.float64))
            for x, y in (self._layout.message.T, self._layout.sync.T)
        )
        return self._demodulator.soft_bits(message, sync)


def fold(plane: Plane) -> Plane:
    """float32[512, 512]: the sum of all pixels that lie whole periods apart, with the pattern's origin at (0, 0)."""
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


def compressed(plane: Plane, quality: int) -> Plane:
    """float32[h, w]: the luma after JPEG of that quality."""
    pixels = np.clip(np.rint(plane), 0, 255).astype(np.uint8)
    data = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_GRAYSCALE), np.float32)


def _background(energy: Plane, shape: tuple[int, ...]) -> Plane:
    """Mean energy around every bin, as wide as the detector's whitening window."""
    box = [round(_BACKGROUND_BINS * max(1.0, PERIOD / max(shape))) | 1] * 2
    margin = box[0]
    wrapped = np.concatenate([energy[-margin:], energy, energy[:margin]])
    mean = cv2.blur(wrapped, box, borderType=cv2.BORDER_REFLECT)[margin:-margin]
    return np.asarray(mean + np.float32(1e-9), np.float32)
