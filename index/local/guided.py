"""A second look under a transform: which keypoints of the reference are found again where it says they should be?

The ratio test asks whether a pair is better than every other; here only keypoints at the right place, scale and angle
compete, so weak but right pairs count. A copy finds most of what can be found; a transform that a few chance pairs made
finds only them.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from index.local.features import LocalFeatures, ReferenceFeatures

_NEAR: Final = 6.0  # px of the query, for a reference that is not enlarged
_ENLARGED: Final = 3.0  # up to this zoom the tolerance grows with it
_ZOOM: Final = 0.45  # natural logarithm
_TURN: Final = 0.45  # radians
_EXACT: Final = 2.0  # px of the query
_STEADY: Final = 0.12  # radians, and of the logarithm of the scale
_ALIKE: Final = 290.0  # distance of descriptors; unit length is 512, unrelated patches are some 400 apart


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """Row i of `ours` (query) goes with row i of `theirs` (reference). `expected` keypoints of the reference fall
    inside the query, `possible` of them near some keypoint of the query of that scale and angle. `exact` 0..1 is the
    share of pairs that lie within two px, `steady` of those whose own scale and angle are those of the transform: in a
    copy most do, in another picture of the same scene few."""

    ours: NDArray[np.intp]
    theirs: NDArray[np.intp]
    expected: int
    possible: int
    exact: float
    steady: float


def rematch(
    query: LocalFeatures, reference: ReferenceFeatures, squared: NDArray[np.float32], transform: NDArray[np.float64]
) -> Found:
    """`squared` float32[query, reference] are squared distances of descriptors; `transform` leads from px of the
    reference to px of the query."""
    moved, zoom, turn = _expected(transform, reference)
    height, width = query.shape
    inside = (moved >= 0).all(axis=1) & (moved[:, 0] < width) & (moved[:, 1] < height)
    wanted = np.flatnonzero(inside)
    reach = _NEAR * np.clip(zoom[wanted], 1.0, _ENLARGED)
    gap = query.points[:, None, :] - moved[wanted][None]
    gaps = np.einsum("qrc,qrc->qr", gap, gap)
    rows, columns = np.nonzero(gaps < reach**2)
    step = np.log(np.maximum(query.scales[rows], 0.1) / np.maximum(reference.scales[wanted[columns]], 0.1))
    step = np.abs(step - np.log(zoom[wanted[columns]]))
    turned = query.angles[rows] - reference.angles[wanted[columns]] - turn[wanted[columns]]
    turned = np.abs((turned + np.pi) % (2 * np.pi) - np.pi)
    keep = (step < _ZOOM) & (turned < _TURN)
    rows, columns = rows[keep], columns[keep]
    distance = np.full(gaps.shape, np.inf, np.float32)
    distance[rows, columns] = squared[rows, wanted[columns]]
    ours, place = _mutual(distance)
    is_steady = np.zeros(gaps.shape, np.bool_)
    is_steady[rows, columns] = np.maximum(step[keep], turned[keep]) < _STEADY
    exact = gaps[ours, place] < (_EXACT * np.clip(zoom[wanted[place]], 1.0, _ENLARGED)) ** 2
    return Found(
        ours=ours,
        theirs=wanted[place],
        expected=len(wanted),
        possible=int(np.isfinite(distance).any(axis=0).sum()),
        exact=float(exact.mean()) if len(ours) else 0.0,
        steady=float(is_steady[ours, place].mean()) if len(ours) else 0.0,
    )


def _expected(
    transform: NDArray[np.float64], reference: ReferenceFeatures
) -> tuple[NDArray[np.float32], NDArray[np.float64], NDArray[np.float64]]:
    """Where each keypoint of the reference should be, float32[n, 2], and the zoom and turn there."""
    points = reference.points.astype(np.float64)
    places = []
    for step in (np.zeros(2), np.array([1.0, 0.0]), np.array([0.0, 1.0])):
        rows = np.column_stack([points + step, np.ones(len(points))]) @ transform.T
        places.append(rows[:, :2] / np.where(np.abs(rows[:, 2:]) < 1e-9, 1e-9, rows[:, 2:]))
    across, down = places[1] - places[0], places[2] - places[0]
    zoom = np.sqrt(np.maximum(np.abs(across[:, 0] * down[:, 1] - across[:, 1] * down[:, 0]), 1e-6))
    turn = np.arctan2(across[:, 1] - down[:, 0], across[:, 0] + down[:, 1])
    return places[0].astype(np.float32), zoom, turn


def _mutual(distance: NDArray[np.float32]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Rows and columns of mutual nearest neighbours that are alike."""
    if not distance.size:
        return np.zeros(0, np.intp), np.zeros(0, np.intp)
    column = np.arange(distance.shape[1])
    ours = distance.argmin(axis=0)
    good = (distance[ours, column] < _ALIKE**2) & (distance.argmin(axis=1)[ours] == column)
    return ours[good], column[good]
