"""A picture as the detector sees it: normalised, Fourier transformed once, whitened. Holds nothing of any key."""

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import cv2
import numpy as np
import scipy.fft
from numpy.typing import NDArray

from provenance.watermark.detail import View, normalise, reduced
from provenance.watermark.mask import Plane

MIN_SIDE: Final = 32
"""Shortest side that is analysed, after scaling down."""

_PADDED_SIDE: Final = 1440  # zero padding, so that values between the bins can be interpolated: up to this size,
_PADDING: Final = (1.4, 2.6)  # but by these factors; finer bins also keep the dilated map of the search sharp
_BACKGROUND_BINS: Final = 9  # width of the whitening window in unpadded bins
_POWER_CAP: Final = 9.0  # a single strong line, a frame or a raster, must not win a hypothesis
_SAMPLED: Final = 4  # every so many rows and columns tell where the thirds lie
_LEVEL: Final = 25  # whitened power to uint8


@dataclass(frozen=True, slots=True, eq=False)
class Spectrum:
    """Half spectrum of the normalised luma; frequencies are cycles per analysed pixel, the origin is the centre.

    Rows are fy = 0, 1/rows .. wrapping to negative, columns fx = 0 .. 1/2 in steps of 1/columns.
    """

    values: NDArray[np.complex64]  # complex64[rows, columns/2 + 1]
    background: Plane  # float32, local mean of |values|^2
    power: Plane  # float32, |values|^2 / background, capped at 9
    levels: NDArray[np.uint8]  # `power` dilated by one bin, times 25: the coarse search's map
    mean_level: float
    reduction: float  # analysed size / picture size, <= 1
    shape: tuple[int, int]  # of the analysed picture

    @property
    def length(self) -> int:
        """Longest analysed side, pixels."""
        return max(self.shape)


class Analysis:
    """A picture's spectra, each computed when it is first asked for. For one thread.

    Whoever subtracts an estimate of the mark takes most of it from the quiet places, where the estimate is good, and
    often too much: there the mark is gone, or turned over. Where the picture is busy it is left.
    """

    def __init__(self, seen: View, reduction: float = 1.0) -> None:
        self._plane, self._energy = normalise(seen)
        self._reduction = reduction

    @cached_property
    def whole(self) -> Spectrum:
        """Of all of the picture."""
        return transform(self._plane, self._reduction)

    @cached_property
    def textured(self) -> Spectrum:
        """Without its quietest third."""
        return transform(np.where(self._energy < self._thirds[0], np.float32(0), self._plane), self._reduction)

    @cached_property
    def busiest(self) -> Spectrum:
        """Of its busiest third alone."""
        return transform(np.where(self._energy < self._thirds[1], np.float32(0), self._plane), self._reduction)

    @cached_property
    def contrary(self) -> Spectrum:
        """Its quietest third turned over against the rest."""
        return transform(np.where(self._energy < self._thirds[0], -self._plane, self._plane), self._reduction)

    @cached_property
    def _thirds(self) -> NDArray[np.float32]:
        return np.quantile(self._energy[::_SAMPLED, ::_SAMPLED], [1 / 3, 2 / 3]).astype(np.float32)


def analyse(pixels: NDArray[np.uint8]) -> Analysis | None:
    """The analysis of uint8[H, W, 3]; None where the picture is too thin to hold anything (short side under 32)."""
    seen, reduction = reduced(pixels)
    return None if min(seen.luma.shape) < MIN_SIDE else Analysis(seen, reduction)


def transform(plane: Plane, reduction: float = 1.0) -> Spectrum:
    """The spectrum of a picture's normalised detail float32[h, w]."""
    height, width = plane.shape
    length, rows, columns = max(height, width), _padded(height), _padded(width)
    values = scipy.fft.rfft2(_centred(plane, rows, columns))
    energy = values.real**2 + values.imag**2
    background = _background(energy, length)
    power = np.minimum(energy / background, np.float32(_POWER_CAP))
    wrapped = np.concatenate([power[-1:], power, power[:1]])
    levels = np.minimum(cv2.dilate(wrapped, np.ones((3, 3), np.uint8))[1:-1] * _LEVEL, 255).astype(np.uint8)
    return Spectrum(values, background, power, levels, float(levels.mean()), reduction, (height, width))


def _centred(plane: Plane, rows: int, columns: int) -> Plane:
    """Zero-padded to float32[rows, columns] with the centre pixel (w // 2, h // 2) at the origin, the rest wrapped: the
    phase then turns slowly from bin to bin, which interpolation needs. No taper: its loss is larger than what leaks."""
    middle, centre = plane.shape[0] // 2, plane.shape[1] // 2
    padded = np.zeros((rows, columns), np.float32)
    lower = slice(plane.shape[0] - middle), slice(middle, None)
    upper = slice(rows - middle, None), slice(middle)
    for target_rows, source_rows in (lower, upper):
        padded[target_rows, : plane.shape[1] - centre] = plane[source_rows, centre:]
        padded[target_rows, columns - centre :] = plane[source_rows, :centre]
    return padded


def _padded(length: int) -> int:
    """An even, FFT-friendly size."""
    padding = min(max(_PADDED_SIDE / length, _PADDING[0]), _PADDING[1])
    return 2 * int(scipy.fft.next_fast_len(math.ceil(length * padding / 2), real=True))


def _background(energy: Plane, length: int) -> Plane:
    """Mean of the energy over a square of frequencies, 9 unpadded bins of the long side wide."""
    rows, columns = energy.shape[0], 2 * (energy.shape[1] - 1)
    box = (_odd(columns / length * _BACKGROUND_BINS), _odd(rows / length * _BACKGROUND_BINS))
    margin = box[1]
    wrapped = np.concatenate([energy[-margin:], energy, energy[:margin]])
    mean = cv2.blur(wrapped, box, borderType=cv2.BORDER_REFLECT)[margin:-margin]
    return np.asarray(mean + np.float32(1e-9), np.float32)


def _odd(value: float) -> int:
    return round(value) | 1
