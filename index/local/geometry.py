"""Plane geometry of an alignment: transforms between pictures, and the polygons where they overlap. All coordinates
0..1 of width and height unless said otherwise."""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from index.ports import Region

UNIT: Final[NDArray[np.float64]] = np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]])
FLIP: Final[NDArray[np.float64]] = np.array([[-1.0, 0.0, 1.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]])
_MAX_ANISOTROPY: Final = 4.0  # stretched more than this between its axes: nobody republishes a picture so
_AREA: Final = (0.002, 400.0)  # change of area in px, from a work in a corner of a collage to a small crop of a work
_MAX_PERSPECTIVE: Final = 0.6  # |w - 1| at the far corner of the picture


def normalise(pixel: NDArray[np.float64], reference: tuple[int, int], query: tuple[int, int]) -> NDArray[np.float64]:
    """The 3x3 transform reference px -> query px, rewritten for 0..1 coordinates. Shapes are (height, width)."""
    into = np.diag([float(reference[1]), float(reference[0]), 1.0])
    out = np.diag([1.0 / query[1], 1.0 / query[0], 1.0])
    result = out @ pixel @ into
    return np.asarray(result / result[2, 2], np.float64)


def project(transform: NDArray[Any], points: NDArray[Any]) -> NDArray[np.float64]:
    """Points float[n, 2] through a 3x3 transform."""
    rows = np.column_stack([points, np.ones(len(points))]) @ transform.T
    return np.asarray(rows[:, :2] / rows[:, 2:], np.float64)


def is_plausible(pixel: NDArray[np.float64], reference: tuple[int, int]) -> bool:
    """Could a person have made this of a picture? `pixel` maps px of the reference, whose shape is (height, width)."""
    if not np.isfinite(pixel).all():
        return False
    determinant = float(np.linalg.det(pixel[:2, :2]))
    if not _AREA[0] < determinant < _AREA[1]:
        return False
    singular = np.linalg.svd(pixel[:2, :2], compute_uv=False)
    if singular[0] > _MAX_ANISOTROPY * singular[1]:
        return False
    corners = UNIT * [reference[1], reference[0]]
    depth = corners @ pixel[2, :2] + pixel[2, 2]
    return bool((np.abs(depth / pixel[2, 2] - 1) < _MAX_PERSPECTIVE).all())


def overlap(transform: NDArray[np.float64]) -> tuple[Region, Region]:
    """Where a reference lies in a query, and what part of the reference that is: two polygons, each clipped to its
    picture. `transform` maps reference to query, both 0..1. Empty regions when they do not meet."""
    in_query = clip(project(transform, UNIT))
    if len(in_query) < 3:
        return (), ()
    in_reference = clip(project(np.linalg.inv(transform), in_query))
    return as_region(in_query), as_region(in_reference)


def clip(polygon: NDArray[np.float64]) -> NDArray[np.float64]:
    """A convex polygon float64[n, 2] cut to the unit square (Sutherland and Hodgman, CACM 1974); [0, 2] outside of
    it."""
    for axis, sign, limit in ((0, 1.0, 0.0), (0, -1.0, -1.0), (1, 1.0, 0.0), (1, -1.0, -1.0)):
        if not len(polygon):
            break
        polygon = _cut(polygon, sign * polygon[:, axis] - limit)
    return np.clip(polygon, 0.0, 1.0)


def _cut(polygon: NDArray[np.float64], inside: NDArray[np.float64]) -> NDArray[np.float64]:
    """The part of a polygon where `inside`, given at its corners and linear between them, is not negative."""
    corners: list[NDArray[np.float64]] = []
    for i in range(len(polygon)):
        before, here = inside[i - 1], inside[i]
        if (before < 0) != (here < 0):
            corners.append(polygon[i - 1] + (polygon[i] - polygon[i - 1]) * (before / (before - here)))
        if here >= 0:
            corners.append(polygon[i])
    return np.array(corners).reshape(-1, 2)


def area(region: Region | NDArray[np.float64]) -> float:
    """Area of a simple polygon, as a share of the picture."""
    points = np.asarray(region, np.float64).reshape(-1, 2)
    if len(points) < 3:
        return 0.0
    x, y = points[:, 0], points[:, 1]
    return abs(float(x @ np.roll(y, -1) - y @ np.roll(x, -1))) / 2


def as_region(points: NDArray[Any]) -> Region:
    """Corners rounded to 1e-4 of the picture, clockwise as seen, the one nearest to the top left first."""
    if len(points) < 3:
        return ()
    x, y = points[:, 0], points[:, 1]
    if float(x @ np.roll(y, -1) - y @ np.roll(x, -1)) < 0:  # y points down: positive is clockwise
        points = points[::-1]
    points = np.roll(points, -int(np.argmin(points.sum(axis=1))), axis=0)
    return tuple((round(float(px), 4), round(float(py), 4)) for px, py in points)
