"""Attacks on the watermark by somebody who has the source code and marked pictures, but no key.

They work where the mark lives: on the luma of the canonical picture, with the public visibility gain; their estimates
of the mark are enlarged and subtracted with the embedder's own code, so that nothing is lost to bad interpolation.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from provenance.watermark.detail import normalise, view
from provenance.watermark.embedder import apply, to_canonical
from provenance.watermark.layout import PERIOD
from provenance.watermark.mask import luma, visibility_gain
from scripts.bench.watermark_attacks import Pixels

Plane = NDArray[np.float32]
BAND: Final = (6 / 128, 34 / 128)
"""Radii between which the scheme puts its points, cycles per canonical pixel; public."""
GRID: Final = 2 * PERIOD
"""Side of the padded spectrum on which peaks of many pictures are compared: half a step of the scheme's raster."""
_PEAK_GUARD: Final = 2  # bins of GRID around a peak that belong to it


def _seen(pixels: Pixels) -> tuple[Plane, Plane]:
    """(luma, normalised detail) of the canonical picture: the detector's own view."""
    seen = view(to_canonical(pixels))
    return seen.luma, normalise(seen)[0]


def averaged_tile(pixels: Pixels, period: int) -> Plane:
    """The mark as the mean over all tiles of that period, under the public gain. Unit RMS, canonical size."""
    plane, detail = _seen(pixels)
    height, width = (-(-side // period) * period for side in plane.shape)
    total, seen = np.zeros((height, width), np.float32), np.zeros((height, width), np.float32)
    total[: plane.shape[0], : plane.shape[1]] = detail
    seen[: plane.shape[0], : plane.shape[1]] = 1
    tiles = (height // period, period, width // period, period)
    mean = total.reshape(tiles).sum((0, 2)) / np.maximum(seen.reshape(tiles).sum((0, 2)), 1)
    tiled = np.tile(mean, (tiles[0], tiles[2]))[: plane.shape[0], : plane.shape[1]]
    return _unit(tiled * visibility_gain(plane))


def denoised_residual(pixels: Pixels, noise: float) -> Plane:
    """What Wiener's filter (5 x 5, local statistics) takes for noise of that RMS, in grey levels, canonical size."""
    plane = luma(to_canonical(pixels))
    mean, square = (cv2.blur(p, (5, 5), borderType=cv2.BORDER_REFLECT) for p in (plane, plane * plane))
    variance = np.maximum(square - mean * mean, 0)
    share = np.minimum(noise**2 / np.maximum(variance, 1e-9), 1)
    return np.asarray(share * (plane - mean), np.float32)


def whitened_residual(pixels: Pixels) -> Plane:
    """The normalised detail within the scheme's band, under the public gain: the best guess for one picture.
    Unit RMS, canonical size."""
    plane, detail = _seen(pixels)
    spectrum = np.fft.rfft2(detail)
    radius = _radii(*plane.shape)
    spectrum[(radius < BAND[0]) | (radius > BAND[1])] = 0
    return _unit(np.fft.irfft2(spectrum, s=plane.shape) * visibility_gain(plane))


def subtract(pixels: Pixels, estimate: Plane) -> Pixels:
    """The picture less an estimate of its mark, float32 at canonical size in grey levels."""
    return apply(pixels, np.asarray(-estimate, np.float32))


def notch(pixels: Pixels, frequencies: NDArray[np.float64]) -> Pixels:
    """The picture with nothing at those (fy, fx) and within one period of the picture around them."""
    plane = luma(to_canonical(pixels))
    height, width = plane.shape
    spectrum = np.fft.rfft2(plane)
    wanted = np.zeros(spectrum.shape, bool)
    for fy, fx in frequencies:
        row, column = round(fy * height), round(fx * width)
        columns = slice(max(column - 1, 0), column + 2)
        wanted[[(row + step) % height for step in (-1, 0, 1)], columns] = True
    return subtract(pixels, np.fft.irfft2(np.where(wanted, spectrum, 0), s=plane.shape).astype(np.float32))


def whitened_power(works: Sequence[Pixels]) -> Plane:
    """float32[GRID, GRID/2 + 1]: mean over the works of the spectral power over its local mean.

    Payloads change phases, not power: all works of one key share their peaks.
    """
    total = np.zeros((GRID, GRID // 2 + 1), np.float32)
    for pixels in works:
        plane = _seen(pixels)[1]
        taper = np.outer(np.hanning(plane.shape[0]), np.hanning(plane.shape[1]))
        power = np.abs(np.fft.rfft2(plane * taper, s=(GRID, GRID))) ** 2
        total += (power / (cv2.blur(power, (31, 31)) + 1e-9)).astype(np.float32)
    return total / max(len(works), 1)


def strongest(power: Plane, count: int) -> NDArray[np.float64]:
    """float64[<= count, 2]: (fy, fx) in cycles per pixel of the highest local maxima in the band."""
    radius = _radii(GRID, GRID)
    around = cv2.dilate(power, np.ones((2 * _PEAK_GUARD + 1,) * 2, np.uint8))
    rows, columns = np.nonzero((power >= around) & (radius >= BAND[0]) & (radius <= BAND[1]))
    order = np.argsort(-power[rows, columns], kind="stable")[:count]
    return np.stack([np.fft.fftfreq(GRID)[rows[order]], columns[order] / GRID], axis=1)


def transplanted(marked: Pixels, target: Pixels, decibels: float) -> Pixels:
    """The target with another picture's mark, as far as `whitened_residual` shows it, at that PSNR.

    The residual is centred on the target, repeated or cut to its canonical size.
    """
    estimate = whitened_residual(marked) / visibility_gain(luma(to_canonical(marked)))
    plane = luma(to_canonical(target))
    placed = _placed(estimate, plane.shape) * visibility_gain(plane)
    return apply(target, (_unit(placed) * (255 / 10 ** (decibels / 20))).astype(np.float32))


def _placed(plane: Plane, shape: tuple[int, ...]) -> Plane:
    """Cut or repeated to another shape around the centre."""
    for axis, side in enumerate(shape):
        grown = max(0, side - plane.shape[axis])
        before = grown // 2
        widths = [(0, 0), (0, 0)]
        widths[axis] = (before, grown - before)
        plane = np.pad(plane, widths, mode="wrap")
        start = plane.shape[axis] // 2 - side // 2
        plane = np.take(plane, range(start, start + side), axis=axis)
    return plane


def _radii(height: int, width: int) -> NDArray[np.float64]:
    return np.hypot(np.fft.fftfreq(height)[:, None], np.fft.rfftfreq(width)[None])


def _unit(plane: NDArray[np.floating]) -> Plane:
    return np.asarray(plane / max(float(np.sqrt(np.mean(np.square(plane, dtype=np.float64)))), 1e-9), np.float32)


Removal = Callable[[Pixels, float, Plane], Pixels]
"""`f(marked, RMS of the mark in grey levels at canonical size, colluded power) -> attacked`."""

_RASTER: Final = 128  # the points lie near the lattice of this period; the jitter stretches the true one to PERIOD
_GAINS: Final = (1.0, 1.5, 2.0)


def removals() -> dict[str, Removal]:
    """Every removal attack, `family: setting`. The attacker is told how strong the mark is."""
    attacks: dict[str, Removal] = {}
    for gain in _GAINS:
        for period in (_RASTER, PERIOD):
            attacks[f"tile averaging: period {period}, gain {gain}"] = partial(_less_tile, period=period, gain=gain)
        attacks[f"estimate subtraction: Wiener residual, gain {gain}"] = partial(_less_noise, gain=gain)
        attacks[f"estimate subtraction: whitened residual, gain {gain}"] = partial(_less_detail, gain=gain)
    for peaks in (100, 300, 1000):
        attacks[f"notching: {peaks} peaks"] = partial(_less_peaks, peaks=peaks)
    for peaks in (28, 300, 1700):
        attacks[f"collusion of 10: {peaks} peaks"] = partial(_less_shared_peaks, peaks=peaks)
    return attacks


def _less_tile(marked: Pixels, rms: float, _power: Plane, *, period: int, gain: float) -> Pixels:
    return subtract(marked, averaged_tile(marked, period) * np.float32(gain * rms))


def _less_noise(marked: Pixels, rms: float, _power: Plane, *, gain: float) -> Pixels:
    return subtract(marked, denoised_residual(marked, rms) * np.float32(gain))


def _less_detail(marked: Pixels, rms: float, _power: Plane, *, gain: float) -> Pixels:
    return subtract(marked, whitened_residual(marked) * np.float32(gain * rms))


def _less_peaks(marked: Pixels, _rms: float, _power: Plane, *, peaks: int) -> Pixels:
    return notch(marked, strongest(whitened_power([marked]), peaks))


def _less_shared_peaks(marked: Pixels, _rms: float, power: Plane, *, peaks: int) -> Pixels:
    return notch(marked, strongest(power, peaks))
