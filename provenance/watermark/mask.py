"""How much change a place hides: a gain for constant visibility instead of constant PSNR."""

import math
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

Plane = NDArray[np.float32]

LUMA: Final = np.array([0.299, 0.587, 0.114], np.float32)
"""ITU-R BT.601 weights: the plane that JPEG, WebP and this mark work in."""

_BASE: Final = 2.0  # what a flat area still hides, grey levels
_ACTIVITY_CAP: Final = 14.0
_EXPONENT: Final = 0.5  # contrast masking: visibility grows slower than activity
_EDGE_REACH: Final = 2  # of every second pixel


def luma(pixels: NDArray[np.uint8]) -> Plane:
    """float32[H, W], 0..255. In stripes, so that a 100-megapixel picture costs its luma and little more."""
    height, width = pixels.shape[:2]
    plane = np.empty((height, width), np.float32)
    rows = max(1, (1 << 20) // width)
    for top in range(0, height, rows):
        stripe = pixels[top : top + rows].astype(np.float32)
        plane[top : top + rows] = cv2.transform(stripe, LUMA[None]).reshape(-1, width)
    return plane


def visibility_gain(plane: Plane) -> Plane:
    """float32[H, W] >= 1: the amplitude that stays equally visible everywhere, for a luma plane at canonical size.

    It changes slowly, so all but the detail is measured on every second pixel.
    """
    size = (plane.shape[1], plane.shape[0])
    half = (-(-size[0] // 2), -(-size[1] // 2))
    detail = plane - blur(plane, 2.5)
    energy = np.asarray(cv2.resize(detail * detail, half, interpolation=cv2.INTER_AREA), np.float32)
    brightness = np.asarray(cv2.resize(plane, half, interpolation=cv2.INTER_AREA), np.float32)
    gain = (_BASE + _activity(energy)) ** np.float32(_EXPONENT) * _luminance_term(brightness)
    return np.asarray(cv2.resize(blur(gain, 0.75), size, interpolation=cv2.INTER_LINEAR), np.float32)


def _activity(energy: Plane) -> Plane:
    """Local standard deviation of the detail, the least of four diagonal neighbours: the texture of an edge must not
    leak into the flat side of it, where it hides nothing."""
    spread = np.sqrt(np.maximum(blur(energy, 1.0), 0))
    size = (energy.shape[1], energy.shape[0])
    least = np.full_like(spread, _ACTIVITY_CAP)
    for dy in (-_EDGE_REACH, _EDGE_REACH):
        for dx in (-_EDGE_REACH, _EDGE_REACH):
            shift = np.array([[1, 0, dx], [0, 1, dy]], np.float32)
            moved = cv2.warpAffine(spread, shift, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
            np.minimum(least, moved, out=least)
    return least


def _luminance_term(plane: Plane) -> Plane:
    """Weber-Fechner at both ends: more is hidden in the dark and in the bright than in the middle."""
    local = blur(plane, 1.5)
    return np.asarray(1 + 0.4 * np.clip((60 - local) / 60, 0, 1) + 0.3 * np.clip((local - 160) / 95, 0, 1), np.float32)


def blur(plane: Plane, sigma: float) -> Plane:
    """Gaussian, cut off at three sigma; float32[H, W] or with channels behind."""
    width = 2 * math.ceil(3 * sigma) + 1
    return np.asarray(cv2.GaussianBlur(plane, (width, width), sigma), np.float32)
