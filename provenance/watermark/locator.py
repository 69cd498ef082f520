"""Which part of a picture carries a mark that was read.

The payload and the geometry are known then, so the whole pattern is: it is laid over the picture and compared with the
normalised detail, place by place. Where the picture is something else, or was painted over, the two have nothing to do
with each other.
"""

import math
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from provenance.core.types import Region
from provenance.watermark.detail import View, normalise
from provenance.watermark.mask import Plane, blur

_WINDOW: Final = 24.0  # canonical pixels, sigma of the window that is compared; a shorter one hears its own noise
_STEP: Final = 8  # analysed pixels between two places that are compared
_ELSEWHERE: Final = 197  # pixels; the pattern moved by this much has nothing to do with the picture
_SIGNIFICANT: Final = 2.5  # deviations of the correlation with the moved pattern
_LEAST_SHARE: Final = 0.4  # of the strongest correlation nearby; at a straight edge half of it is left
_NEARBY: Final = 1.5  # sigmas of the window
_SMALLEST: Final = 0.2  # of the largest connected part; smaller ones are noise
_MOST_CORNERS: Final = 12


def overlay(pattern: Plane, shape: tuple[int, int], grid: NDArray[np.float64]) -> Plane:
    """float32[h, w]: the pattern float32[512, 512] as it lies in a picture of that shape. `grid` float64[2, 3] takes
    the picture's pixels to the pattern's."""
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    laid = cv2.warpAffine(pattern, grid, shape[::-1], flags=flags, borderMode=cv2.BORDER_WRAP)
    return np.asarray(laid, np.float32)


def carriers(seen: View, pattern: Plane, grid: NDArray[np.float64], scale: float) -> NDArray[np.bool_]:
    """bool[h / 8, w / 8]: where a picture's normalised detail correlates with the pattern that `grid` lays over it.

    `scale` in picture pixels per canonical pixel.
    """
    detail, _ = normalise(seen)
    shape = (detail.shape[0], detail.shape[1])
    sigma = _WINDOW * scale / _STEP
    moved = np.roll(pattern, (_ELSEWHERE, _ELSEWHERE), (0, 1))
    found, chance = (_correlation(detail, overlay(one, shape, grid), sigma) for one in (pattern, moved))
    reach = 2 * math.ceil(_NEARBY * sigma) + 1
    strongest = cv2.dilate(found, np.ones((reach, reach), np.uint8))
    return np.asarray(found > np.maximum(_SIGNIFICANT * chance.std(), _LEAST_SHARE * strongest), np.bool_)


def _correlation(detail: Plane, laid: Plane, sigma: float) -> Plane:
    size = (max(1, detail.shape[1] // _STEP), max(1, detail.shape[0] // _STEP))
    product, power, energy = (
        blur(np.asarray(cv2.resize(values, size, interpolation=cv2.INTER_AREA), np.float32), sigma)
        for values in (detail * laid, detail * detail, laid * laid)
    )
    return np.asarray(product / np.sqrt(power * energy + np.float32(1e-6)), np.float32)


def outline(places: NDArray[np.bool_]) -> Region | None:
    """The hull of the places, specks aside: (x, y) in 0..1, clockwise from its top left; None where there are none."""
    mask = places.astype(np.uint8)
    _, labels, stats, _ = cv2.connectedComponentsWithStats(mask)
    areas = stats[1:, cv2.CC_STAT_AREA]
    if not areas.size:
        return None
    kept = 1 + np.flatnonzero(areas >= _SMALLEST * areas.max())
    y, x = np.nonzero(np.isin(labels, kept))
    cells = np.concatenate([np.stack([x + dx, y + dy], 1) for dx in (0, 1) for dy in (0, 1)]).astype(np.float32)
    hull = cv2.convexHull(cells, clockwise=False)[:, 0]
    tolerance = 0.5
    while len(corners := cv2.approxPolyDP(hull[:, None], tolerance, True)[:, 0]) > _MOST_CORNERS:
        tolerance *= 1.5
    return _from_top_left(corners / np.array(places.shape[::-1], np.float32))


def _from_top_left(corners: NDArray[np.float32]) -> Region:
    first = int(np.argmin(corners.sum(axis=1)))
    turned = np.roll(corners, -first, axis=0)
    x, y = turned.T.astype(float)
    if float(np.sum(x * np.roll(y, -1) - np.roll(x, -1) * y)) < 0:  # y points down: clockwise is positive
        turned = np.concatenate([turned[:1], turned[:0:-1]])
    return tuple((min(max(float(px), 0.0), 1.0), min(max(float(py), 0.0), 1.0)) for px, py in turned)
