"""Put a codeword's pattern into a picture.

The pattern lives on canonical pixels: a picture whose long side is over 768 is reduced to 768, marked there, and the
difference is enlarged and added to the full picture. So the mark has the same size relative to the picture whatever its
resolution, and survives being scaled down to a screen.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
import scipy.fft
from numpy.typing import NDArray

from provenance.watermark.gauntlet import Choice
from provenance.watermark.layout import PERIOD, layout_of
from provenance.watermark.mask import Plane, luma, visibility_gain
from provenance.watermark.polar import Bits

CANONICAL_SIDE: Final = 768
"""Longest side of the canonical picture."""

_AMPLITUDE: Final = 0.58  # grey levels per unit of visibility gain, before the gauntlet
_PSNR_RANGE: Final = (39.2, 46.0)  # dB
_CLIP_RECOVERY: Final = 1.5  # how much stronger a residual may be for what clipping takes
_SAMPLED_ROWS: Final = 4  # every so many rows tell what clipping takes

Pixels = NDArray[np.uint8]


def canonical_size(height: int, width: int) -> tuple[int, int]:
    """(height, width) of the canonical picture."""
    reduction = min(1.0, CANONICAL_SIDE / max(height, width))
    return max(1, round(height * reduction)), max(1, round(width * reduction))


def to_canonical(pixels: Pixels) -> Pixels:
    """uint8[h, w, 3] of `canonical_size`; the same array where that is its size."""
    height, width = canonical_size(*pixels.shape[:2])
    if (height, width) == pixels.shape[:2]:
        return pixels
    return np.asarray(cv2.resize(pixels, (width, height), interpolation=cv2.INTER_AREA), np.uint8)


@dataclass(frozen=True, slots=True, eq=False)
class Shape:
    """A codeword's pattern under a picture's gain: the residual for a strength of 1 grey level RMS."""

    canonical: Pixels
    choice: Choice
    unit: Plane  # float32[h, w]
    start: float  # grey levels RMS that are equally visible in all pictures, within the PSNR range

    def residual(self, strength: float) -> Plane:
        """float32[h, w], added to every channel, so strong that `strength` grey levels RMS are left of it where white
        and black clip it."""
        rows = self.canonical[::_SAMPLED_ROWS]
        wanted = self.unit[::_SAMPLED_ROWS] * np.float32(strength)
        achieved = _rms(_add(rows, wanted).astype(np.float32) - rows)
        return self.unit * np.float32(strength * min(strength / max(achieved, 1e-6), _CLIP_RECOVERY))


class LatticeEmbedder:
    """Marks pictures under one key. Deterministic: the same pixels and payload give the same picture."""

    def __init__(self, key: bytes) -> None:
        self._layout = layout_of(key)

    def shape(self, canonical: Pixels, choice: Choice) -> Shape:
        """The pattern for uint8[h, w, 3], a canonical picture."""
        gain = visibility_gain(luma(canonical))
        unit = _tiled(self.pattern(choice.codeword), gain.shape, choice.origin)
        unit *= gain
        unit /= np.float32(max(_rms(unit), 1e-6))
        return Shape(canonical, choice, unit, clip_strength(_AMPLITUDE * _rms(gain)))

    def pattern(self, codeword: Bits) -> Plane:
        """float32[512, 512], variance 1: one period, its origin at (0, 0)."""
        layout = self._layout
        half = np.zeros((PERIOD, PERIOD // 2 + 1), np.complex64)
        message = layout.message_symbols(codeword)
        for points, symbols in ((layout.message, message), (layout.sync, layout.sync_symbols)):
            half[points[:, 1], points[:, 0]] = symbols
        return np.asarray(scipy.fft.irfft2(half, norm="forward"), np.float32) * np.float32(math.sqrt(0.5))


def _tiled(pattern: Plane, shape: tuple[int, ...], origin: tuple[int, int]) -> Plane:
    """The pattern over a picture [height, width], beginning at `origin` (x, y) from pixel (width // 2, height // 2)."""
    height, width = shape
    rolled = np.roll(pattern, (height // 2 + origin[1], width // 2 + origin[0]), (0, 1))
    repeats = -(-height // PERIOD), -(-width // PERIOD)
    return np.tile(rolled, repeats)[:height, :width].copy()


def clip_strength(strength: float) -> float:
    """Grey levels RMS, within the PSNR range."""
    quietest, loudest = (255 / 10 ** (psnr / 20) for psnr in reversed(_PSNR_RANGE))
    return min(max(strength, quietest), loudest)


def apply(pixels: Pixels, residual: Plane) -> Pixels:
    """The picture plus the residual, enlarged to its size, rounded and clipped: a new uint8[H, W, 3].

    Works in stripes: beyond input, output and one float32 plane of the picture's size it needs a few megabytes.
    """
    height, width = pixels.shape[:2]
    if residual.shape != (height, width):
        residual = np.asarray(cv2.resize(residual, (width, height), interpolation=cv2.INTER_CUBIC), np.float32)
    marked = np.empty_like(pixels)
    for stripe in _stripes(height, width):
        marked[stripe] = _add(pixels[stripe], residual[stripe])
    return marked


def _add(pixels: Pixels, residual: Plane) -> Pixels:
    """Rounded and saturated sum, the same change in every channel."""
    channels = cv2.merge([residual] * 3).reshape(pixels.shape)
    return np.asarray(cv2.add(pixels, channels, dtype=cv2.CV_8U), np.uint8).reshape(pixels.shape)


def _stripes(height: int, width: int) -> Iterator[slice]:
    rows = max(1, (1 << 20) // width)
    return (slice(top, top + rows) for top in range(0, height, rows))


def _rms(values: Plane) -> float:
    return math.sqrt(float(np.mean(np.square(values), dtype=np.float64)))
