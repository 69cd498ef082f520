"""Geometric verification: do the keypoints of two pictures agree on one plane transform?

Tentative pairs are mutual nearest neighbours that pass Lowe's ratio test. Each pair, having a scale and an angle,
proposes a similarity transform by itself; the one with most followers is grown into an affine transform by least
squares (Philbin et al., CVPR 2007), then into a homography by MAGSAC++ where that explains more. Nothing is random.
"""

from dataclasses import dataclass, replace
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from index.local.distances import squared_distances
from index.local.features import LocalFeatures, ReferenceFeatures
from index.local.geometry import FLIP, is_plausible, normalise
from index.local.guided import Found, rematch
from index.ports import Region

RATIO: Final = 0.88
TOLERANCE: Final = 6.0  # px of the working size
FEWEST: Final = 4  # pairs under which a transform says nothing
PLENTY: Final = 15  # inliers from which no other hypothesis is tried
_WIDE: Final = 0.05  # of the reference: plenty in a smaller place may be lettering, in a mirrored copy too
_CELL: Final = 4  # px: inliers that share a cell are one inlier
_RING: Final = 0.13  # outer share of the reference where frames and lettering live
_COARSE: Final = 3.0  # tolerances that a one-pair hypothesis is allowed: its angle is only good to some degrees
_MAX_TURN: Final = 0.6  # radians between a pair's own turn and the hypothesis
_MAX_ZOOM: Final = 0.7  # natural logarithm of the same for scales
_HYPOTHESES: Final = 3
_PARTS: Final = 4  # places of one reference in a query (shuffled blocks, a picture shown twice) that are looked for
_FEWEST_OF_PART: Final = 7  # unique inliers of a further one: chance reaches six


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """One place of the reference in the query: `transform` float64[3, 3], reference to query, both 0..1; `inliers` that
    are unique in both pictures; `hull` is their convex hull in the query."""

    transform: NDArray[np.float64]
    inliers: int
    hull: Region


@dataclass(frozen=True, slots=True, eq=False)
class Geometry:
    """The transform that most pairs support, and who supports it. `transform` float64[3, 3], reference to query, both
    0..1.

    `inliers` are unique in both pictures; `tentative` pairs were tried; hulls are convex hulls of the inliers as shares
    of their picture; `ring` 0..1 is the share of inliers in the outer 13 % of the reference. Of the `expected`
    keypoints of the reference (those that fall inside the query) `guided` were found again; `possible` could have been;
    `exact` and `steady` as in `guided.Found`. `hull` is that of the query; `parts` are further places of the reference,
    by other transforms, strongest first.
    """

    transform: NDArray[np.float64]
    inliers: int
    tentative: int
    hull_reference: float
    hull_query: float
    ring: float
    guided: int = 0
    expected: int = 0
    possible: int = 0
    exact: float = 0.0
    steady: float = 0.0
    hull: Region = ()
    parts: tuple[Part, ...] = ()

    @property
    def all_inliers(self) -> int:
        return self.inliers + sum(part.inliers for part in self.parts)


@dataclass(frozen=True, slots=True, eq=False)
class _Pairs:
    """Row i of each array belongs to tentative pair i; points in px."""

    reference: NDArray[np.float64]
    query: NDArray[np.float64]
    turn: NDArray[np.float64]
    zoom: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.reference)

    def only(self, rows: NDArray[np.intp]) -> "_Pairs":
        return _Pairs(self.reference[rows], self.query[rows], self.turn[rows], self.zoom[rows])


def align(query: LocalFeatures, reference: ReferenceFeatures) -> Geometry | None:
    """As `verify`, for the query or its mirror image, whichever more inliers speak for. The transform leads to the
    query as it is, so its determinant is negative for a mirrored copy."""
    found = verify(query, reference)
    if found is not None and found.inliers >= PLENTY and found.hull_reference >= _WIDE:
        return found
    mirrored = verify(query.mirrored, reference)
    if mirrored is not None and (found is None or mirrored.inliers > found.inliers):
        return _flipped(mirrored)
    return found


def _flipped(found: Geometry) -> Geometry:
    """What was found in the mirror image of the query, in the query."""
    parts = [replace(part, transform=FLIP @ part.transform, hull=_mirrored(part.hull)) for part in found.parts]
    return replace(found, transform=FLIP @ found.transform, hull=_mirrored(found.hull), parts=tuple(parts))


def _mirrored(region: Region) -> Region:
    return tuple((1 - x, y) for x, y in reversed(region))


def verify(query: LocalFeatures, reference: ReferenceFeatures) -> Geometry | None:
    """The transform that most pairs agree on, or None when fewer than four do or it is no transform a person makes."""
    if len(query) < FEWEST or len(reference.points) < FEWEST:
        return None
    squared = squared_distances(query.descriptors.astype(np.float32), reference.descriptors)
    pairs = _pairs(query, reference, *_nearest(squared))
    best = _best(pairs, reference.shape)
    if best is None or best.unique < FEWEST:
        return None
    best, again = _refined(query, reference, squared, pairs, best)
    guided = _pairs(query, reference, again.ours, again.theirs)
    return replace(
        _describe(pairs, best, reference.shape, query.shape),
        guided=_unique(guided, np.ones(len(guided), bool)),
        expected=again.expected,
        possible=again.possible,
        exact=again.exact,
        steady=again.steady,
        parts=_parts(pairs, best, reference.shape, query.shape),
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Support:
    """`transform` px of the reference to px of the query; `inliers` bool[pairs], of which `unique` count."""

    transform: NDArray[np.float64]
    inliers: NDArray[np.bool_]
    unique: int


def _best(pairs: _Pairs, shape: tuple[int, int]) -> _Support | None:
    best: _Support | None = None
    if len(pairs) < FEWEST:
        return None
    for seed in _hypotheses(pairs):
        found = _grow(pairs, seed, shape)
        if found is None:
            continue
        unique = _unique(pairs, found[1])
        if best is None or unique > best.unique:
            best = _Support(*found, unique)
    return best


def _refined(
    query: LocalFeatures, reference: ReferenceFeatures, squared: NDArray[np.float32], pairs: _Pairs, best: _Support
) -> tuple[_Support, Found]:
    """The transform fitted again to all that is found under it, where the pairs don't speak against that; and what is
    found under the one that is answered."""
    again = rematch(query, reference, squared, best.transform)
    if len(again.ours) < max(FEWEST, best.unique):
        return best, again
    guided = _pairs(query, reference, again.ours, again.theirs)
    fitted = _grow(guided, np.ones(len(guided), bool), reference.shape)
    if fitted is None:
        return best, again
    followers = _errors(pairs, fitted[0]) < TOLERANCE
    unique = _unique(pairs, followers)
    if unique < best.unique:
        return best, again
    return _Support(fitted[0], followers, unique), rematch(query, reference, squared, fitted[0])


def _parts(pairs: _Pairs, best: _Support, reference: tuple[int, int], query: tuple[int, int]) -> tuple[Part, ...]:
    """Further transforms among the pairs that no found one explains."""
    left = np.flatnonzero(_errors(pairs, best.transform) >= 2 * TOLERANCE)
    found: list[Part] = []
    while len(left) >= _FEWEST_OF_PART and len(found) < _PARTS:
        rest = pairs.only(left)
        support = _best(rest, reference)
        if support is None or support.unique < _FEWEST_OF_PART:
            break
        size = np.array([query[1], query[0]])
        found.append(
            Part(
                normalise(support.transform, reference, query),
                support.unique,
                _outline(rest.query[support.inliers] / size),
            )
        )
        left = left[_errors(rest, support.transform) >= 2 * TOLERANCE]
    return tuple(found)


def _pairs(
    query: LocalFeatures, reference: ReferenceFeatures, ours: NDArray[np.intp], theirs: NDArray[np.intp]
) -> _Pairs:
    return _Pairs(
        reference.points[theirs].astype(np.float64),
        query.points[ours].astype(np.float64),
        (query.angles[ours] - reference.angles[theirs]).astype(np.float64),
        np.log(np.maximum(query.scales[ours], 0.1) / np.maximum(reference.scales[theirs], 0.1)).astype(np.float64),
    )


def _nearest(squared: NDArray[np.float32]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Rows of mutual nearest neighbours whose distance is clearly under the second's."""
    row = np.arange(len(squared))
    first = squared.argmin(axis=1)
    mutual = squared.argmin(axis=0)[first] == row
    nearest = squared[row, first]
    squared[row, first] = np.inf
    good = mutual & (nearest < RATIO * RATIO * squared.min(axis=1))
    squared[row, first] = nearest
    return row[good], first[good]


def _hypotheses(pairs: _Pairs) -> list[NDArray[np.bool_]]:
    """Followers of the most followed one-pair similarity transforms, best first."""
    cos, sin, size = np.cos(pairs.turn), np.sin(pairs.turn), np.exp(pairs.zoom)
    linear = np.stack([np.stack([cos, -sin], -1), np.stack([sin, cos], -1)], -2) * size[:, None, None]
    moved = np.einsum("hij,pj->hpi", linear, pairs.reference)
    shift = pairs.query - moved[np.arange(len(pairs)), np.arange(len(pairs))]
    error = np.linalg.norm(moved + shift[:, None] - pairs.query[None], axis=2)
    turn = np.abs((pairs.turn[:, None] - pairs.turn[None] + np.pi) % (2 * np.pi) - np.pi)
    near = (
        (error < _COARSE * TOLERANCE * np.maximum(1.0, size)[:, None])
        & (turn < _MAX_TURN)
        & (np.abs(pairs.zoom[:, None] - pairs.zoom[None]) < _MAX_ZOOM)
    )
    chosen: list[NDArray[np.bool_]] = []
    for row in np.argsort(-near.sum(axis=1), kind="stable"):
        if near[row].sum() < FEWEST or len(chosen) == _HYPOTHESES:
            break
        if all((near[row] & other).sum() < 0.5 * near[row].sum() for other in chosen):
            chosen.append(near[row])
    return chosen


def _grow(
    pairs: _Pairs, inliers: NDArray[np.bool_], shape: tuple[int, int]
) -> tuple[NDArray[np.float64], NDArray[np.bool_]] | None:
    """Fit an affine transform to its followers, count again, until it settles; then try a homography."""
    transform: NDArray[np.float64] | None = None
    for tolerance in (2.5 * TOLERANCE, 2 * TOLERANCE, 1.5 * TOLERANCE, TOLERANCE, TOLERANCE):
        fitted = _affine(pairs, inliers)
        if fitted is None:
            break
        followers = _errors(pairs, fitted) < tolerance
        if followers.sum() < FEWEST:
            break
        transform, inliers = fitted, followers
    if transform is None or not is_plausible(transform, shape):
        return None
    return _homography(pairs, transform, inliers, shape) or (transform, inliers)


def _affine(pairs: _Pairs, rows: NDArray[np.bool_]) -> NDArray[np.float64] | None:
    """Least squares; a similarity transform where there are too few pairs to tell shear from noise."""
    p, q = pairs.reference[rows], pairs.query[rows]
    if len(p) < FEWEST:
        return None
    if len(p) < 7:
        return _similarity(p, q)
    design = np.column_stack([p, np.ones(len(p))])
    solution, _, rank, _ = np.linalg.lstsq(design, q, rcond=1e-6)
    return np.vstack([solution.T, [0, 0, 1]]) if rank == 3 else None


def _similarity(p: NDArray[np.float64], q: NDArray[np.float64]) -> NDArray[np.float64] | None:
    """Least squares in the complex plane: q = a p + b turns, scales and shifts."""
    x, y = p @ [1, 1j], q @ [1, 1j]
    spread = x - x.mean()
    if np.abs(spread).max() < 2 * _CELL:
        return None
    a = np.vdot(spread, y - y.mean()) / np.vdot(spread, spread).real
    b = y.mean() - a * x.mean()
    return np.array([[a.real, -a.imag, b.real], [a.imag, a.real, b.imag], [0, 0, 1]])


def _homography(
    pairs: _Pairs, affine: NDArray[np.float64], inliers: NDArray[np.bool_], shape: tuple[int, int]
) -> tuple[NDArray[np.float64], NDArray[np.bool_]] | None:
    """MAGSAC++ (Barath et al., CVPR 2020) among the pairs near the affine transform; kept when a tenth more agree."""
    near = np.flatnonzero(_errors(pairs, affine) < 5 * TOLERANCE)
    if inliers.sum() < 8 or len(near) <= 1.1 * inliers.sum():
        return None
    fitted, _ = cv2.findHomography(
        pairs.reference[near], pairs.query[near], cv2.USAC_MAGSAC, TOLERANCE * 0.8, maxIters=1000, confidence=0.995
    )
    if fitted is None or not is_plausible(fitted, shape):
        return None
    followers = _errors(pairs, fitted) < TOLERANCE
    return (fitted, followers) if followers.sum() > 1.1 * inliers.sum() else None


def _errors(pairs: _Pairs, transform: NDArray[np.float64]) -> NDArray[np.float64]:
    """Distance in the query, px."""
    moved = np.column_stack([pairs.reference, np.ones(len(pairs))]) @ transform.T
    depth = np.where(np.abs(moved[:, 2:]) < 1e-9, 1e-9, moved[:, 2:])
    return np.asarray(np.linalg.norm(moved[:, :2] / depth - pairs.query, axis=1), np.float64)


def _unique(pairs: _Pairs, inliers: NDArray[np.bool_]) -> int:
    """Inliers that are alone in their 4 px cell in both pictures: repeated texture piles up in one place."""
    sides = ((side[inliers] // _CELL).astype(np.int64) for side in (pairs.reference, pairs.query))
    return min(len(np.unique(cells[:, 0] << 20 | cells[:, 1])) for cells in sides)


def _describe(pairs: _Pairs, best: _Support, reference: tuple[int, int], query: tuple[int, int]) -> Geometry:
    p, q = pairs.reference[best.inliers], pairs.query[best.inliers]
    size = np.array([reference[1], reference[0]])
    edge = np.minimum(p / size, 1 - p / size).min(axis=1)
    return Geometry(
        transform=normalise(best.transform, reference, query),
        inliers=best.unique,
        tentative=len(pairs),
        hull_reference=_hull(p) / (reference[0] * reference[1]),
        hull_query=_hull(q) / (query[0] * query[1]),
        ring=float((edge < _RING).mean()),
        hull=_outline(q / np.array([query[1], query[0]])),
    )


def _outline(points: NDArray[np.float64]) -> Region:
    hull = cv2.convexHull(points.astype(np.float32))[:, 0]
    return tuple((float(x), float(y)) for x, y in hull)


def _hull(points: NDArray[np.float64]) -> float:
    return float(cv2.contourArea(cv2.convexHull(points.astype(np.float32))))
