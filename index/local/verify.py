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

from index.local.features import LocalFeatures
from index.local.geometry import FLIP, is_plausible, normalise

RATIO: Final = 0.88
TOLERANCE: Final = 6.0  # px of the working size
FEWEST: Final = 4  # pairs under which a transform says nothing
PLENTY: Final = 15  # inliers from which no other hypothesis is tried
_CELL: Final = 4  # px: inliers that share a cell are one inlier
_RING: Final = 0.13  # outer share of the reference where frames and lettering live
_COARSE: Final = 3.0  # tolerances that a one-pair hypothesis is allowed: its angle is only good to some degrees
_MAX_TURN: Final = 0.6  # radians between a pair's own turn and the hypothesis
_MAX_ZOOM: Final = 0.7  # natural logarithm of the same for scales
_HYPOTHESES: Final = 3


@dataclass(frozen=True, slots=True, eq=False)
class Geometry:
    """One transform and who supports it. `transform` float64[3, 3], reference to query, both 0..1.

    `inliers` are unique in both pictures; `tentative` pairs were tried; hulls are convex hulls of the inliers as
    shares of their picture; `ring` 0..1 is the share of inliers in the outer 13 % of the reference.
    """

    transform: NDArray[np.float64]
    inliers: int
    tentative: int
    hull_reference: float
    hull_query: float
    ring: float


@dataclass(frozen=True, slots=True, eq=False)
class _Pairs:
    """Row i of each array belongs to tentative pair i; points in px."""

    reference: NDArray[np.float64]
    query: NDArray[np.float64]
    turn: NDArray[np.float64]
    zoom: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.reference)


@dataclass(frozen=True, slots=True, eq=False)
class ReferenceFeatures:
    """What is stored of a reference: as `LocalFeatures`, with descriptors float32[n, 128] decoded from their codes."""

    points: NDArray[np.float32]
    scales: NDArray[np.float32]
    angles: NDArray[np.float32]
    descriptors: NDArray[np.float32]
    shape: tuple[int, int]


def align(query: LocalFeatures, reference: ReferenceFeatures) -> Geometry | None:
    """As `verify`, for the query or its mirror image, whichever more inliers speak for. The transform leads to the
    query as it is, so its determinant is negative for a mirrored copy."""
    found = verify(query, reference)
    if found is not None and found.inliers >= PLENTY:
        return found
    mirrored = verify(query.mirrored, reference)
    if mirrored is not None and (found is None or mirrored.inliers > found.inliers):
        return replace(mirrored, transform=FLIP @ mirrored.transform)
    return found


def verify(query: LocalFeatures, reference: ReferenceFeatures) -> Geometry | None:
    """The transform that most pairs agree on, or None when fewer than four do or it is no transform a person makes."""
    pairs = _tentative(query, reference)
    if len(pairs) < FEWEST:
        return None
    best: tuple[int, NDArray[np.float64], NDArray[np.bool_]] | None = None
    for seed in _hypotheses(pairs):
        found = _grow(pairs, seed, reference.shape)
        if found is None:
            continue
        transform, inliers = found
        unique = _unique(pairs, inliers)
        if best is None or unique > best[0]:
            best = unique, transform, inliers
    if best is None or best[0] < FEWEST:
        return None
    return _describe(pairs, best, reference.shape, query.shape)


def _tentative(query: LocalFeatures, reference: ReferenceFeatures) -> _Pairs:
    ours, theirs = _nearest(query.descriptors.astype(np.float32), reference.descriptors)
    return _Pairs(
        reference.points[theirs].astype(np.float64),
        query.points[ours].astype(np.float64),
        (query.angles[ours] - reference.angles[theirs]).astype(np.float64),
        np.log(np.maximum(query.scales[ours], 0.1) / np.maximum(reference.scales[theirs], 0.1)).astype(np.float64),
    )


def _nearest(query: NDArray[np.float32], reference: NDArray[np.float32]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Rows of mutual nearest neighbours whose distance is clearly under the second's."""
    if len(query) < FEWEST or len(reference) < FEWEST:
        return np.zeros(0, np.intp), np.zeros(0, np.intp)
    squared = (query * query).sum(1)[:, None] + (reference * reference).sum(1)[None] - 2 * (query @ reference.T)
    row = np.arange(len(query))
    first = squared.argmin(axis=1)
    mutual = squared.argmin(axis=0)[first] == row
    nearest = squared[row, first]
    squared[row, first] = np.inf
    good = mutual & (nearest < RATIO * RATIO * squared.min(axis=1))
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
    sides = ((side[inliers] // _CELL).astype(int) for side in (pairs.reference, pairs.query))
    return min(len(np.unique(cells, axis=0)) for cells in sides)


def _describe(
    pairs: _Pairs,
    best: tuple[int, NDArray[np.float64], NDArray[np.bool_]],
    reference: tuple[int, int],
    query: tuple[int, int],
) -> Geometry:
    unique, transform, inliers = best
    p, q = pairs.reference[inliers], pairs.query[inliers]
    size = np.array([reference[1], reference[0]])
    edge = np.minimum(p / size, 1 - p / size).min(axis=1)
    return Geometry(
        transform=normalise(transform, reference, query),
        inliers=unique,
        tentative=len(pairs),
        hull_reference=_hull(p) / (reference[0] * reference[1]),
        hull_query=_hull(q) / (query[0] * query[1]),
        ring=float((edge < _RING).mean()),
    )


def _hull(points: NDArray[np.float64]) -> float:
    return float(cv2.contourArea(cv2.convexHull(points.astype(np.float32))))
