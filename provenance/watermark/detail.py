"""A picture as a witness: its fine luma, less what the rest of the picture foretells of it.

The mark is added to R, G and B alike, so it is in the luma and not in the chroma, and it is spread over all directions.
What a picture has there by itself is the noise of the reading, and much of it can be told apart:
1. detail of the luma that goes with detail of the chroma nearby is no mark (linear prediction);
2. busy places are worse witnesses than quiet ones (kernels.weigh_detail);
3. in each place, frequencies and directions in which there is much are worse witnesses than the others (whitening of
   short overlapping blocks, Griffin & Lim 1984).
"""

from typing import Final, NamedTuple

import cv2
import numpy as np
import scipy.fft
from numpy.typing import NDArray

from provenance.watermark import kernels
from provenance.watermark.mask import Plane, blur, luma

MAX_SIDE: Final = 1024
"""Longest side that is analysed; larger pictures are scaled down to it."""

_CHROMA: Final = np.array([[-0.168736, -0.331264, 0.5], [0.5, -0.418688, -0.081312]], np.float32)  # Cb, Cr of BT.601
_DETAIL_SIGMA: Final = 2.5
_CONTRAST_SIGMA: Final = 2.5
_CHROMA_NOISE: Final = np.float32(2.0**2)  # grey levels^2: chroma that moves less foretells nothing
_COLOURED: Final = 0.5  # grey levels; a picture that has less anywhere is grey
_BLOCK: Final = 16
_HOP: Final = _BLOCK // 2
_BLOCK_ROWS: Final = 8  # of blocks at a time, which the processor's caches hold
_BLOCK_FLOOR: Final = np.float32(0.1**2)  # power a pixel under which a block is not amplified further
_SINE: Final = np.sin(np.pi * (np.arange(_BLOCK) + 0.5) / _BLOCK).astype(np.float32)
_WINDOW: Final = np.outer(_SINE, _SINE)  # its squares add up to 1 over overlapping blocks


class View(NamedTuple):
    """What is analysed: `luma` float32[h, w] in 0..255, and at half of its size, rounded up, `chroma` float32[h/2, w/2,
    2], Cb and Cr around 0. Half is what most files hold of it."""

    luma: Plane
    chroma: NDArray[np.float32]


def view(pixels: NDArray[np.uint8]) -> View:
    """Of uint8[h, w, 3] at its own size."""
    return View(luma(pixels), _chroma(pixels, *pixels.shape[:2]))


def reduced(pixels: NDArray[np.uint8]) -> tuple[View, float]:
    """(view at the size that is analysed, that size as a share of the picture's)."""
    height, width = pixels.shape[:2]
    reduction = min(1.0, MAX_SIDE / max(height, width))
    if reduction == 1.0:
        return view(pixels), reduction
    size = (max(1, round(width * reduction)), max(1, round(height * reduction)))
    fine = np.asarray(cv2.resize(luma(pixels), size, interpolation=cv2.INTER_AREA), np.float32)
    return View(fine, _chroma(pixels, *fine.shape)), reduction


def _chroma(pixels: NDArray[np.uint8], height: int, width: int) -> NDArray[np.float32]:
    """For a luma of that height and width."""
    half = (width + 1) // 2, (height + 1) // 2
    small = cv2.resize(pixels, half, interpolation=cv2.INTER_AREA).astype(np.float32)
    return np.asarray(cv2.transform(small, _CHROMA).reshape(*half[::-1], 2), np.float32)


def normalise(seen: View) -> tuple[Plane, Plane]:
    """(float32[h, w]: the detail, each place and frequency weighted as a witness; float32[h, w]: how busy each place
    is, squared grey levels)."""
    detail = seen.luma - blur(seen.luma, _DETAIL_SIGMA)
    if np.abs(seen.chroma).max() > _COLOURED:
        detail -= _foretold(detail, seen.chroma)
    energy = blur(detail * detail, _CONTRAST_SIGMA)
    return _whitened(kernels.weigh_detail(detail, energy)), energy


def _foretold(detail: Plane, chroma: NDArray[np.float32]) -> Plane:
    """float32[h, w]: the luma's detail as far as that of both chroma channels tells it, by local least squares."""
    small = cv2.resize(detail, chroma.shape[1::-1], interpolation=cv2.INTER_AREA)
    fine = chroma - blur(chroma, _DETAIL_SIGMA / 2)
    told = kernels.predict(fine, blur(kernels.moments(small, fine), _CONTRAST_SIGMA / 2), _CHROMA_NOISE)
    return np.asarray(cv2.resize(told, detail.shape[::-1], interpolation=cv2.INTER_LINEAR), np.float32)


def _whitened(plane: Plane) -> Plane:
    """Blocks of 16 px that overlap by half, each frequency over the root of the power around it."""
    height, width = plane.shape
    grown = np.pad(plane, [(_HOP, _HOP + -side % _HOP) for side in plane.shape], mode="reflect")
    blocks = np.lib.stride_tricks.sliding_window_view(grown, _WINDOW.shape)[::_HOP, ::_HOP]
    floor = _BLOCK_FLOOR * np.float32((_WINDOW**2).sum())
    out = np.zeros_like(grown)
    for first in range(0, len(blocks), _BLOCK_ROWS):
        spectra = scipy.fft.rfft2(blocks[first : first + _BLOCK_ROWS] * _WINDOW, overwrite_x=True)
        kernels.whiten_blocks(spectra, floor)
        pieces = scipy.fft.irfft2(spectra, s=_WINDOW.shape, overwrite_x=True)
        kernels.overlap_add(out[first * _HOP :], pieces, _WINDOW)
    return out[_HOP : _HOP + height, _HOP : _HOP + width]
