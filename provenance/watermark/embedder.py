"""Put a codeword's pattern into a picture.

The pattern lives on canonical pixels: a picture whose long side is over 768 is reduced to 768, marked there, and the
difference is enlarged and added to the full picture. So the mark has the same size relative to the picture whatever its
resolution, and survives being scaled down to a screen.
"""

import math
from collections.abc import Iterator
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from provenance.watermark.code import TaggedCode
from provenance.watermark.layout import PERIOD, layout_of
from provenance.watermark.mask import LUMA, Plane, visibility_gain

CANONICAL_SIDE: Final = 768
"""Longest side of the canonical picture."""

_AMPLITUDE: Final = 0.62  # grey levels per unit of visibility gain
_PSNR_RANGE: Final = (38.0, 46.0)  # dB; strength floats with the texture between them
_CLIP_RECOVERY: Final = 0.9  # exponent: how much of what clipping and rounding took is put back

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


class LatticeEmbedder:
    """Marks pictures under one key. Deterministic: the same pixels and payload give the same picture."""

    def __init__(self, key: bytes) -> None:
        self._layout = layout_of(key)
        self._code = TaggedCode(key)

    def residual(self, canonical: Pixels, payload: int) -> Plane:
        """float32[h, w]: what is added to every channel of a canonical picture, in grey levels."""
        gain = visibility_gain(canonical.astype(np.float32) @ LUMA)
        pattern = self._pattern(payload)
        height, width = gain.shape
        rows = (np.arange(height) - height // 2) % PERIOD
        columns = (np.arange(width) - width // 2) % PERIOD
        residual = pattern[np.ix_(rows, columns)] * gain
        target = _target_rms(gain)
        residual *= np.float32(target / max(_rms(residual), 1e-6))
        achieved = _rms(_add(canonical, residual).astype(np.float32) - canonical)
        if achieved > 0:
            residual *= np.float32((target / achieved) ** _CLIP_RECOVERY)
        return residual

    def _pattern(self, payload: int) -> Plane:
        """float32[512, 512], variance 1."""
        layout = self._layout
        grid = np.zeros((PERIOD, PERIOD), np.complex128)
        message = layout.message_symbols(self._code.encode(payload))
        for points, symbols in ((layout.message, message), (layout.sync, layout.sync_symbols)):
            x, y = points.T
            grid[y, x] = symbols
            grid[-y, -x] = symbols.conj()
        return (np.fft.ifft2(grid, norm="forward").real / math.sqrt(2)).astype(np.float32)


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


def _target_rms(gain: Plane) -> float:
    quietest, loudest = (255 / 10 ** (psnr / 20) for psnr in reversed(_PSNR_RANGE))
    return min(max(_AMPLITUDE * _rms(gain), quietest), loudest)


def _rms(values: Plane) -> float:
    return math.sqrt(float(np.mean(np.square(values), dtype=np.float64)))
