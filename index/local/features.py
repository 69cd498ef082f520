"""RootSIFT keypoints (Lowe, IJCV 2004; Arandjelovic and Zisserman, CVPR 2012), spread over the picture, and their
mirror image."""

from dataclasses import dataclass
from functools import cached_property
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from index.ports import Pixels

WORKING_SIDE: Final = 480  # px: the long side that every picture is brought to
DIMENSIONS: Final = 128
_LONGEST: Final = 2.5
_SMALLEST_SIDE: Final = 16  # px: below this the short side holds no 4 x 4 descriptor grid
_CONTRAST: Final = 0.02  # half of Lowe's default: blurred and filtered copies keep weak keypoints
_GRID: Final = 8  # the picture is cut into 8 x 8 fields that take turns in keeping keypoints
SELECTION: Final = "mixed"  # how keypoints are chosen; another way is another name
_NORM: Final = 512.0  # a RootSIFT vector has length 1; stored times 512, each number fits a byte

# A mirrored patch has its rows reversed across the keypoint's axis and its gradient angles negated.
_MIRROR: Final = np.array(
    [(3 - row) * 32 + col * 8 + (-bin_) % 8 for row in range(4) for col in range(4) for bin_ in range(8)]
)


@dataclass(frozen=True, slots=False, eq=False)
class LocalFeatures:
    """Keypoints of one picture at working size.

    `points` float32[n, 2] x, y in px of the working size; `scales` float32[n] px; `angles` float32[n] radians,
    clockwise as y points down; `descriptors` uint8[n, 128] RootSIFT times 512; `shape` height, width of the working
    size.
    """

    points: NDArray[np.float32]
    scales: NDArray[np.float32]
    angles: NDArray[np.float32]
    descriptors: NDArray[np.uint8]
    shape: tuple[int, int]

    def __len__(self) -> int:
        return len(self.points)

    @cached_property
    def mirrored(self) -> "LocalFeatures":
        """The features that the picture flipped left to right would have, without looking at it again."""
        points = self.points.copy()
        points[:, 0] = self.shape[1] - 1 - points[:, 0]
        angles = (np.pi - self.angles) % (2 * np.pi)
        return LocalFeatures(points, self.scales, angles.astype(np.float32), self.descriptors[:, _MIRROR], self.shape)


@dataclass(frozen=True, slots=True, eq=False)
class ReferenceFeatures:
    """What is stored of a reference: as `LocalFeatures`, with descriptors float32[n, 128] decoded from their codes."""

    points: NDArray[np.float32]
    scales: NDArray[np.float32]
    angles: NDArray[np.float32]
    descriptors: NDArray[np.float32]
    shape: tuple[int, int]


def working_gray(picture: Pixels, side: int = WORKING_SIDE, *, by_area: bool = False) -> NDArray[np.uint8]:
    """Luma uint8[h, w] of an sRGB picture, its long side brought to `side` px (at least one px stays on the other).

    `by_area` brings it to the area of a square of `side` instead (the long side to 2.5 times `side` at most): for
    queries, which may be strips of several works.
    """
    gray = cv2.cvtColor(np.ascontiguousarray(picture), cv2.COLOR_RGB2GRAY)
    height, width = gray.shape
    scale = side / max(height, width)
    if by_area:
        scale = min(side / (height * width) ** 0.5, _LONGEST * scale)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    resized = cv2.resize(gray, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    return np.asarray(resized, np.uint8)


def extract(gray: NDArray[np.uint8], limit: int) -> LocalFeatures:
    """At most `limit` keypoints of a picture of luma uint8[h, w] at working size. A flat or tiny picture has none."""
    if min(gray.shape) < _SMALLEST_SIDE:
        return _nothing(gray.shape)
    # A detector is made for each call: cv2 objects hold the last pyramid and are not safe to share between threads.
    detector = cv2.SIFT.create(contrastThreshold=_CONTRAST)
    found = detector.detect(gray, None)
    if not found:
        return _nothing(gray.shape)
    points = np.array([k.pt for k in found], np.float32)
    response = np.array([k.response for k in found], np.float32)
    size = np.array([k.size for k in found], np.float32)
    chosen = _mixed(points, response, size, gray.shape)[:limit]
    keypoints, raw = detector.compute(gray, [found[i] for i in chosen])
    if raw is None:
        return _nothing(gray.shape)
    total = np.maximum(raw.sum(axis=1, keepdims=True), 1e-6)
    descriptors = np.clip(np.sqrt(raw / total) * _NORM, 0, 255).astype(np.uint8)
    return LocalFeatures(
        np.array([k.pt for k in keypoints], np.float32),
        np.array([k.size for k in keypoints], np.float32),
        np.radians([k.angle for k in keypoints]).astype(np.float32),
        descriptors,
        gray.shape,
    )


def _mixed(
    points: NDArray[np.float32], response: NDArray[np.float32], size: NDArray[np.float32], shape: tuple[int, int]
) -> NDArray[np.intp]:
    """Indices of all keypoints, in turn the next by contrast and the next by contrast times size: small ones are many
    and exact, large ones outlive blur, noise, screens and compression."""
    both = np.stack([_spread(points, response, shape), _spread(points, response * size, shape)], axis=1).ravel()
    _, first = np.unique(both, return_index=True)
    return np.asarray(both[np.sort(first)], np.intp)


def _spread(points: NDArray[np.float32], response: NDArray[np.float32], shape: tuple[int, int]) -> NDArray[np.intp]:
    """Indices of all keypoints: each field of the grid gives its strongest, then its second, and so on.

    The crop that is registered content may be any part of the picture; the strongest 400 overall may all lie elsewhere.
    """
    order = np.lexsort((points[:, 0], points[:, 1], -response))
    column = np.minimum(points[:, 0] * _GRID / shape[1], _GRID - 1).astype(int)
    row = np.minimum(points[:, 1] * _GRID / shape[0], _GRID - 1).astype(int)
    field = (row * _GRID + column)[order]
    by_field = np.argsort(field, kind="stable")
    starts = np.searchsorted(field[by_field], np.arange(_GRID * _GRID))
    turn = np.empty(len(order), np.intp)
    turn[by_field] = np.arange(len(order)) - starts[field[by_field]]
    return np.asarray(order[np.argsort(turn, kind="stable")], np.intp)


def _nothing(shape: tuple[int, ...]) -> LocalFeatures:
    empty = np.zeros(0, np.float32)
    return LocalFeatures(
        np.zeros((0, 2), np.float32), empty, empty, np.zeros((0, DIMENSIONS), np.uint8), (shape[0], shape[1])
    )
