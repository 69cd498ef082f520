"""Dense check: once aligned, do the two pictures agree everywhere, or only where the keypoints are?

Both are brought to the frame and resolution of the coarser one; windowed normalised correlation of intensity and of
gradient magnitude, with one pixel of slack, tells for every textured window whether the content is the same. A shared
logo or frame agrees in its own place alone; a copy agrees all over its overlap.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from index.local.geometry import UNIT, as_region, clip, project
from index.ports import Region

SIDE: Final = 240  # px: the long side of the reference; the query is brought to the area of a square of this side
AGREES: Final = 0.6  # correlation of a window from which it counts as the same
_WINDOW: Final = (21, 21)  # px
_TEXTURE: Final = 16.0  # variance of 8-bit luma under which a window has nothing to compare
_DIRECTIONS: Final = 0.1  # of the energy of its gradients that a window must have across their main direction
_NOISE: Final = 9.0  # variance added to both sides, so that near-flat windows don't correlate by chance
_BLUR: Final = 1.2  # px: forgives compression and half a pixel of misalignment
_RAMP: Final = (31, 31)  # px: the mean around is taken away from every px
_FEWEST: Final = 100  # textured px under which there is no answer
_COARSEST: Final = 0.25  # how far the query may be shrunk to the resolution of an enlarged reference
_CORE: Final = 0.13  # the reference without this border is its core
_MOST: Final = 0.6  # of the overlap, or of what has contrast there: the region is all of it
_SPARSE: Final = 0.1  # share of a cell of the heat map that must be textured for it to say anything

_HERE: Final = (0, 0)
_AROUND: Final = tuple((dy, dx) for dy in (-1, 0, 1) for dx in (-1, 0, 1))  # px
_FURTHEST: Final = 27  # px: more than a window
_ASLANT: Final = 19  # px down and across: as far
_BESIDE: Final = (
    *((0, _FURTHEST), (_FURTHEST, 0), (0, -_FURTHEST), (-_FURTHEST, 0)),
    *((_ASLANT, _ASLANT), (_ASLANT, -_ASLANT), (-_ASLANT, _ASLANT), (-_ASLANT, -_ASLANT)),
)

_Image = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Agreement:
    """`share` 0..1 of the textured overlap agrees; `correlation` -1..1 its mean; `core` as `share`, without the
    border of the reference; `hull` as `share`, inside the hull of the keypoints alone; `textured` and `agreeing` are
    shares of the query, `agreeing_hull` what of it lies in that hull. `region` is where it agrees in the query.
    `chance` as `share`, with the reference laid beside its place, the worst of eight: what textures that repeat agree
    in wherever they lie, or, half a wave off, are the opposite of. `crossed` as `share`, of the windows alone that hold
    contrast in more than one direction; `crossing` is the share of the query that these are."""

    share: float
    correlation: float
    core: float
    textured: float
    agreeing: float
    region: Region
    hull: float = 0.0
    agreeing_hull: float = 0.0
    chance: float = 0.0
    crossed: float = 0.0
    crossing: float = 0.0


NOTHING: Final = Agreement(0.0, 0.0, 0.0, 0.0, 0.0, ())


def compare(
    query: NDArray[np.uint8], reference: NDArray[np.uint8], transform: NDArray[np.float64], hull: Region = ()
) -> Agreement:
    """Compare luma uint8[h, w] of two pictures under `transform`, float64[3, 3] reference to query, both 0..1; `hull`
    is that of the keypoints in the query."""
    found = _maps(query, reference, transform)
    if found is None:
        return NOTHING
    textured, agrees, correlation = found.textured, found.agrees, found.correlation
    in_core = textured & found.core
    in_hull = textured & _filled(hull, textured.shape)
    crossing = found.crossing.sum()
    return Agreement(
        share=float(agrees.sum() / textured.sum()),
        correlation=float(correlation[textured].mean()),
        core=float((agrees & found.core).sum() / in_core.sum()) if in_core.sum() >= _FEWEST else 0.0,
        textured=float(textured.mean()),
        agreeing=float(agrees.mean()),
        region=_region(agrees, transform, float(agrees.sum() / found.contrast.sum())),
        hull=float((agrees & in_hull).sum() / in_hull.sum()) if in_hull.sum() >= _FEWEST else 0.0,
        agreeing_hull=float((agrees & in_hull).mean()),
        chance=found.chance,
        crossed=float((agrees & found.crossing).sum() / crossing) if crossing >= _FEWEST else 0.0,
        crossing=float(crossing / textured.size),
    )


def _filled(hull: Region, shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """The hull and half a window around it."""
    mask = np.zeros(shape, np.uint8)
    if len(hull) >= 3:
        corners = np.rint(np.array(hull) * [shape[1], shape[0]]).astype(np.int32)
        cv2.fillConvexPoly(mask, corners, 1)
        cv2.polylines(mask, [corners], True, 1, _WINDOW[0])
    return mask > 0


def heat(
    query: NDArray[np.uint8], reference: NDArray[np.uint8], transform: NDArray[np.float64], longest: int
) -> NDArray[np.int8]:
    """Where in the query the two agree, for people: int8[rows, columns], cells of equal size over the whole query, the
    longer side `longest` of them. 0..100 percent of a cell's textured px agree; -1 where there is nothing to compare.

    Arguments as for `compare`.
    """
    rows, columns = _cells(query.shape, longest)
    found = _maps(query, reference, transform)
    if found is None:
        return np.full((rows, columns), -1, np.int8)
    size = (columns, rows)
    textured = cv2.resize(found.textured.astype(np.float32), size, interpolation=cv2.INTER_AREA)
    agrees = cv2.resize(found.agrees.astype(np.float32), size, interpolation=cv2.INTER_AREA)
    percent = np.rint(100 * agrees / np.maximum(textured, 1e-6)).clip(0, 100)
    return np.where(textured >= _SPARSE, percent, -1).astype(np.int8)


def _cells(shape: tuple[int, ...], longest: int) -> tuple[int, int]:
    """Rows and columns."""
    scale = longest / max(shape)
    return max(1, round(shape[0] * scale)), max(1, round(shape[1] * scale))


@dataclass(frozen=True, slots=True, eq=False)
class _Maps:
    """One value a px of the common frame: `correlation` -1..1; what can be compared, what of it agrees; where either
    picture has `contrast`; where the reference's core lies; what holds contrast in more than one direction."""

    correlation: _Image
    textured: NDArray[np.bool_]
    contrast: NDArray[np.bool_]
    agrees: NDArray[np.bool_]
    core: NDArray[np.bool_]
    crossing: NDArray[np.bool_]
    chance: float


def _maps(query: NDArray[np.uint8], reference: NDArray[np.uint8], transform: NDArray[np.float64]) -> _Maps | None:
    """None where there is too little to compare."""
    ours, warped, inside, core = _common_frame(query, reference, transform)
    if inside.sum() < 2 * _FEWEST:
        return None
    textured = inside & (_variance(warped) > _TEXTURE)
    if textured.sum() < _FEWEST:
        return None
    near, beside = _best_correlations(ours, warped, inside)
    contrast = textured | (inside & (_variance(ours) > _TEXTURE))
    crossing = textured & _is_crossing(warped)
    return _Maps(near, textured, contrast, textured & (near > AGREES), core, crossing, _chance(beside, textured))


def _chance(beside: Mapping[tuple[int, int], _Image], textured: NDArray[np.bool_]) -> float:
    """The largest share that correlates where both the reference and the reference moved by a shift are textured."""
    shares = [0.0]
    height, width = textured.shape
    around = np.pad(textured, _FURTHEST)
    for (down, across), correlation in beside.items():
        top, left = _FURTHEST - down, _FURTHEST - across
        both = textured & around[top : top + height, left : left + width]
        if both.sum() >= _FEWEST:
            shares.append(float((both & (correlation > AGREES)).sum() / both.sum()))
    return max(shares)


def _common_frame(
    query: NDArray[np.uint8], reference: NDArray[np.uint8], transform: NDArray[np.float64]
) -> tuple[_Image, _Image, NDArray[np.bool_], NDArray[np.bool_]]:
    """Both as float32 in the query's frame, where the reference lies in it, and where its core lies."""
    theirs = _resized(reference, SIDE / max(reference.shape))
    scale = min(1.0, SIDE / float(np.prod(query.shape)) ** 0.5)
    zoom = _zoom(transform, (query.shape[1] * scale, query.shape[0] * scale), theirs.shape)
    ours = _resized(query, scale * min(1.0, max(_COARSEST, 1 / zoom)))
    height, width = ours.shape
    pixel = np.diag([width, height, 1.0]) @ transform @ np.diag([1 / theirs.shape[1], 1 / theirs.shape[0], 1.0])
    edges = cv2.BORDER_REPLICATE  # so that no false edge is blurred into what lies inside
    warped = cv2.warpPerspective(theirs, pixel, (width, height), flags=cv2.INTER_AREA, borderMode=edges)
    inside = _warped_mask(theirs.shape, pixel, (width, height), 0.0)
    core = _warped_mask(theirs.shape, pixel, (width, height), _CORE)
    return _detail(ours, inside), _detail(warped, inside), inside, core


def _detail(image: _Image, inside: NDArray[np.bool_]) -> _Image:
    """Without what varies as slowly as a ramp, because any two ramps in one direction agree; 0 outside."""
    there = inside.astype(np.float32)
    slow = cv2.boxFilter(image * there, -1, _RAMP) / np.maximum(cv2.boxFilter(there, -1, _RAMP), 1e-3)
    return np.asarray((cv2.GaussianBlur(image, (0, 0), _BLUR) - slow) * there, np.float32)


def _resized(picture: NDArray[np.uint8], scale: float) -> _Image:
    """As float32, shrunk by `scale`; never enlarged."""
    height, width = picture.shape
    scale = min(1.0, scale)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.float32)


def _zoom(transform: NDArray[np.float64], query: tuple[float, float], reference: tuple[int, ...]) -> float:
    """How many px of a query of this (width, height) one px of the reference covers, at the middle of the reference."""
    moved = project(transform, np.array([[0.5, 0.5], [0.51, 0.5], [0.5, 0.51]])) * query
    steps = np.linalg.norm(moved[1:] - moved[0], axis=1) / (np.array([reference[1], reference[0]]) * 0.01)
    return float(max(steps.mean(), 1e-3))


def _warped_mask(
    shape: tuple[int, ...], pixel: NDArray[np.float64], size: tuple[int, int], margin: float
) -> NDArray[np.bool_]:
    mask = np.zeros(shape, np.uint8)
    top, left = round(shape[0] * margin), round(shape[1] * margin)
    mask[top : shape[0] - top, left : shape[1] - left] = 255
    warped = cv2.warpPerspective(mask, pixel, size, flags=cv2.INTER_NEAREST)
    return np.asarray(cv2.erode(warped, np.ones((5, 5), np.uint8), borderType=cv2.BORDER_REPLICATE) > 0)


def _mean(image: _Image) -> _Image:
    return np.asarray(cv2.boxFilter(image, -1, _WINDOW, borderType=cv2.BORDER_REFLECT), np.float32)


def _variance(image: _Image) -> _Image:
    return np.asarray(np.maximum(_mean(image * image) - _mean(image) ** 2, 0), np.float32)


def _is_crossing(image: _Image) -> NDArray[np.bool_]:
    """Where a window holds contrast in more than one direction. One edge, or stripes, agree with any other that run the
    same way: the aperture problem, told by the structure tensor (Bigun & Granlund 1987)."""
    across, down = cv2.Sobel(image, -1, 1, 0, scale=0.125), cv2.Sobel(image, -1, 0, 1, scale=0.125)
    xx, yy, xy = _mean(across * across), _mean(down * down), _mean(across * down)
    middle, spread = (xx + yy) / 2, np.hypot((xx - yy) / 2, xy)
    return np.asarray(middle - spread > _DIRECTIONS * (middle + spread))


def _gradient(image: _Image) -> _Image:
    return np.asarray(cv2.magnitude(cv2.Sobel(image, -1, 1, 0), cv2.Sobel(image, -1, 0, 1)), np.float32)


def _best_correlations(
    ours: _Image, theirs: _Image, inside: NDArray[np.bool_]
) -> tuple[_Image, dict[tuple[int, int], _Image]]:
    """Per pixel the best of nine shifts and two channels, and the strongest of two channels, of either sign, for each
    shift of `_BESIDE`. A picture turned negative counts: its sign is taken once."""
    a, b = ours[inside], theirs[inside]
    sign = -1.0 if float((a * b).mean() - a.mean() * b.mean()) < 0 else 1.0
    # A margin as wide as window and shift: no window that is looked at reaches the edge, where sums would not fit.
    margin = _WINDOW[0] // 2 + 1
    ours, theirs = (np.pad(x, margin, mode="symmetric") for x in (ours, theirs))
    best = {shift: np.full(ours.shape, -1.0, np.float32) for shift in (_HERE, *_BESIDE)}
    for factor, one, other in ((sign, ours, theirs), (1.0, _gradient(ours), _gradient(theirs))):
        for shift, correlation in _correlations(one, other):
            place = best[shift if shift in _BESIDE else _HERE]
            np.maximum(place, np.abs(correlation) if shift in _BESIDE else factor * correlation, out=place)
    inner = (slice(margin, -margin), slice(margin, -margin))
    return best[_HERE][inner], {shift: best[shift][inner] for shift in _BESIDE}


def _correlations(ours: _Image, theirs: _Image) -> Iterator[tuple[tuple[int, int], _Image]]:
    """Windowed correlation, theirs moved by each of `_AROUND` and `_BESIDE`. Right except at the edge."""
    mean, ours_scale = _mean(ours), 1 / np.sqrt(_variance(ours) + _NOISE)
    others = [np.pad(x, _FURTHEST) for x in (theirs, _mean(theirs), 1 / np.sqrt(_variance(theirs) + _NOISE))]
    height, width = ours.shape
    for down, across in (*_AROUND, *_BESIDE):
        rows = slice(_FURTHEST - down, _FURTHEST - down + height)
        columns = slice(_FURTHEST - across, _FURTHEST - across + width)
        moved, other_mean, other_scale = (x[rows, columns] for x in others)
        correlation = _mean(ours * moved)
        correlation -= mean * other_mean
        correlation *= ours_scale
        correlation *= other_scale
        yield (down, across), correlation


def _region(agrees: NDArray[np.bool_], transform: NDArray[np.float64], share: float) -> Region:
    """The whole overlap where most of it agrees, or most (`share`) of what has contrast in either picture: sky and
    paper around a motif say nothing. Else the convex hull of the windows that do, cut to the overlap's box."""
    outline = clip(project(transform, UNIT))
    height, width = agrees.shape
    solid = cv2.morphologyEx(agrees.astype(np.uint8), cv2.MORPH_OPEN, np.ones((5, 5), np.uint8))
    if solid.sum() < _FEWEST:
        return ()
    rows = np.flatnonzero(solid.any(axis=1))
    ends = np.concatenate([solid[rows].argmax(axis=1), width - 1 - solid[rows, ::-1].argmax(axis=1)])  # of each row
    points = np.column_stack([(ends + 0.5) / width, (np.tile(rows, 2) + 0.5) / height]).astype(np.float32)
    hull = cv2.convexHull(points)
    if share > _MOST or cv2.contourArea(hull) > _MOST * cv2.contourArea(outline.astype(np.float32)):
        return as_region(outline)
    simple = cv2.approxPolyDP(hull, 0.01, closed=True)[:, 0]
    return as_region(np.clip(simple, 0.0, 1.0))
