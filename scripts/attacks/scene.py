"""A picture that knows, pixel by pixel, which part of the work it shows; geometry changes both in step."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]  # uint8[H, W, 3] sRGB
Colour = tuple[int, int, int]
Point = tuple[float, float]

_NOWHERE: Final = -1.0
_GRID: Final = 48  # the visible share of a work is counted in cells of this grid
_LINES: Final = 512  # on which the outline of what is visible is looked for


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """`origin` float32[H, W, 2]: for every pixel the place (x, y) in the work, 0..1, that it shows; -1 where it shows
    something else."""

    pixels: Pixels
    origin: NDArray[np.float32]

    @property
    def width(self) -> int:
        return int(self.pixels.shape[1])

    @property
    def height(self) -> int:
        return int(self.pixels.shape[0])

    @property
    def mask(self) -> NDArray[np.bool_]:
        """bool[H, W]: the work is here."""
        return np.asarray(self.origin[..., 0] >= 0)


@dataclass(frozen=True, slots=True)
class Truth:
    """`box` (left, top, right, bottom) and `polygon` (convex hull) of the work in the query, `seen` the hull of what
    can be seen of it in the work's own frame, all 0..1. `seen_share` is how much of the work is there (0..1),
    `query_share` how much of the query it fills."""

    box: tuple[float, float, float, float]
    polygon: tuple[Point, ...]
    seen: tuple[Point, ...]
    seen_share: float
    query_share: float


def whole(picture: Pixels) -> Scene:
    height, width = picture.shape[:2]
    x = (np.arange(width, dtype=np.float32) + 0.5) / width
    y = (np.arange(height, dtype=np.float32) + 0.5) / height
    return Scene(np.ascontiguousarray(picture), np.ascontiguousarray(np.dstack(np.meshgrid(x, y)), np.float32))


def painted(scene: Scene, pixels: Pixels) -> Scene:
    """Other colours at the same places."""
    return Scene(np.ascontiguousarray(pixels), scene.origin)


def rearranged(scene: Scene, change: Callable[[NDArray[np.generic]], NDArray[np.generic]]) -> Scene:
    """Pixels that only change their places: cuts, flips, quarter turns, blocks."""
    pixels, origin = change(scene.pixels), change(scene.origin)
    return Scene(np.ascontiguousarray(pixels, np.uint8), np.ascontiguousarray(origin, np.float32))


def cut(scene: Scene, left: int, top: int, width: int, height: int) -> Scene:
    return rearranged(scene, lambda values: values[top : top + height, left : left + width])


def resized(scene: Scene, width: int, height: int) -> Scene:
    size = (max(1, width), max(1, height))
    smaller = size[0] * size[1] < scene.width * scene.height
    pixels = cv2.resize(scene.pixels, size, interpolation=cv2.INTER_AREA if smaller else cv2.INTER_CUBIC)
    origin = cv2.resize(scene.origin, size, interpolation=cv2.INTER_NEAREST_EXACT)
    return Scene(np.asarray(pixels, np.uint8), np.asarray(origin, np.float32))


def scaled(scene: Scene, factor: float) -> Scene:
    return resized(scene, round(scene.width * factor), round(scene.height * factor))


def warped(scene: Scene, matrix: NDArray[np.float64], size: tuple[int, int], backdrop: Colour | Pixels) -> Scene:
    """By the 3 x 3 matrix from old to new pixels, onto a colour or onto a picture of the new `size` (width, height)."""
    origin = cv2.warpPerspective(
        scene.origin, matrix, size, flags=cv2.INTER_NEAREST, borderValue=(_NOWHERE, _NOWHERE, 0, 0)
    )
    if not isinstance(backdrop, tuple):
        layer = cv2.warpPerspective(scene.pixels, matrix, size, flags=cv2.INTER_LINEAR)
        everywhere = np.full(scene.pixels.shape[:2], 255, np.uint8)
        there = cv2.warpPerspective(everywhere, matrix, size, flags=cv2.INTER_NEAREST) > 0
        return Scene(np.where(there[..., None], layer, backdrop).astype(np.uint8), np.asarray(origin, np.float32))
    pixels = cv2.warpPerspective(scene.pixels, matrix, size, flags=cv2.INTER_LINEAR, borderValue=backdrop)
    return Scene(np.asarray(pixels, np.uint8), np.asarray(origin, np.float32))


def laid_on(scene: Scene, backdrop: Pixels, left: int, top: int) -> Scene:
    """Pasted on another picture at that place; what reaches beyond its edges is lost."""
    height, width = backdrop.shape[:2]
    pixels, origin = backdrop.copy(), np.full((height, width, 2), _NOWHERE, np.float32)
    bottom, right = min(height, top + scene.height), min(width, left + scene.width)
    pixels[top:bottom, left:right] = scene.pixels[: bottom - top, : right - left]
    origin[top:bottom, left:right] = scene.origin[: bottom - top, : right - left]
    return Scene(pixels, origin)


def covered(scene: Scene, layer: Pixels, left: int, top: int) -> Scene:
    """An opaque picture laid over it, wholly inside."""
    pixels, origin = scene.pixels.copy(), scene.origin.copy()
    height, width = layer.shape[:2]
    pixels[top : top + height, left : left + width] = layer
    origin[top : top + height, left : left + width] = _NOWHERE
    return Scene(pixels, origin)


def plain(width: int, height: int, colour: Colour) -> Pixels:
    return np.full((height, width, 3), colour, np.uint8)


def truth(scene: Scene) -> Truth | None:
    """None where nothing of the work is left."""
    mask = scene.mask
    shown = scene.origin[mask]
    if len(shown) == 0:
        return None
    edges = _ends_of_rows(mask)
    cells = np.unique((shown * _GRID).astype(np.int64).clip(0, _GRID - 1) @ [1, _GRID])
    return Truth(
        box=(*edges.min(axis=0).tolist(), *edges.max(axis=0).tolist()),
        polygon=_hull(edges),
        seen=_hull(_ends_of_lines(shown)),
        seen_share=min(1.0, len(cells) / _GRID**2),
        query_share=len(shown) / (scene.width * scene.height),
    )


def _ends_of_rows(mask: NDArray[np.bool_]) -> NDArray[np.float64]:
    """float64[n, 2], 0..1: the corners of the first and the last pixel of every row that has any. Their hull is the
    mask's."""
    height, width = mask.shape
    rows = np.nonzero(mask.any(axis=1))[0]
    first = mask[rows].argmax(axis=1)
    last = width - mask[rows][:, ::-1].argmax(axis=1)
    points = [np.column_stack([x, y]) for x in (first, last) for y in (rows, rows + 1)]
    return np.concatenate(points) / np.array([width, height], np.float64)


def _ends_of_lines(places: NDArray[np.float32]) -> NDArray[np.float64]:
    """float64[n, 2]: the leftmost and the rightmost of the places on each of `_LINES` lines of the work."""
    line = (places[:, 1] * _LINES).astype(np.int64).clip(0, _LINES - 1)
    left, right = np.full(_LINES, np.inf), np.full(_LINES, -np.inf)
    np.minimum.at(left, line, places[:, 0])
    np.maximum.at(right, line, places[:, 0])
    some = np.isfinite(left)
    y = (np.nonzero(some)[0] + 0.5) / _LINES
    return np.concatenate([np.column_stack([x[some], y]) for x in (left, right)])


def _hull(points: NDArray[np.float64]) -> tuple[Point, ...]:
    """The convex hull with no more corners than show at 1/400 of the frame."""
    hull = cv2.convexHull(points.astype(np.float32))
    simple = cv2.approxPolyDP(hull, 0.0025, True).reshape(-1, 2)
    return tuple((round(float(x), 4), round(float(y), 4)) for x, y in simple)
