"""What the rooms of `index/` ask of each other. `provenance` satisfies and consumes these by structure alone."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

Pixels: TypeAlias = NDArray[np.uint8]  # uint8[H, W, 3] sRGB
Vectors: TypeAlias = NDArray[np.float32]  # float32[n, dim], rows of unit length
Region: TypeAlias = tuple[tuple[float, float], ...]  # polygon of (x, y), each 0..1 of width and height


@dataclass(frozen=True, slots=True)
class Evidence:
    """One witness: `score` speaks for the match when it reaches `threshold` (for a distance: stays at or under it)."""

    kind: str
    score: float
    threshold: float
    region: Region | None = None
    lower_is_closer: bool = False


@dataclass(frozen=True, slots=True)
class Match:
    """One registered picture that the query resembles.

    `grade` is one of `index.grading.GRADES`; `probability` 0..1 that the query holds content of the
    reference, from the calibration named by `calibration`; regions are polygons in the query and in the reference.
    `proposed_by` names every stage that put it forward, in their order: named (the caller did), pixels, pdq, votes,
    descriptor. `decisive`: it made certain, so that no further stage was begun.
    """

    id: str
    grade: str
    probability: float
    evidence: tuple[Evidence, ...]
    region_query: Region | None = None
    region_reference: Region | None = None
    calibration: str = ""
    proposed_by: tuple[str, ...] = ()
    decisive: bool = False


@dataclass(frozen=True, slots=True)
class Operation:
    """One entry of the record that an index is built from: `fingerprint` (packed by `Matcher.describe`) adds the id,
    None removes it. `sequence` grows by the order of commits; an index that has seen it skips it."""

    sequence: int
    id: str
    fingerprint: bytes | None


class Recorded(Protocol):
    """What an index is built from has this shape, whoever keeps the record; `Operation` is one such entry."""

    @property
    def sequence(self) -> int: ...
    @property
    def id(self) -> str: ...
    @property
    def fingerprint(self) -> bytes | None: ...


@dataclass(frozen=True, slots=True, eq=False)
class Alignment:
    """Which part of one picture is which part of the other.

    `homography` float64[3, 3] maps reference to query, both in 0..1 coordinates of their pictures; `inliers` counts
    matched keypoints that are unique on both sides; `agreement` 0..1 is the share of the overlap that truly agrees.
    """

    homography: NDArray[np.float64]
    inliers: int
    agreement: float
    mirrored: bool
    region_query: Region
    region_reference: Region


@dataclass(frozen=True, slots=True)
class Aligned:
    """How a registered picture lies in a query, in plain values.

    `transform` has the rows of the 3x3 matrix that maps reference to query, both 0..1; `inliers` counts keypoints that
    are unique on both sides, 0 where a hash named the orientation; `share` 0..1 of the textured overlap agrees. `heat`
    has rows of equal cells over the whole query: 0..100 percent of a cell agree, -1 where nothing can be compared.
    """

    transform: tuple[tuple[float, float, float], ...]
    mirrored: bool
    inliers: int
    share: float
    region_query: Region
    region_reference: Region
    heat: tuple[tuple[int, ...], ...]


class Verifier(Protocol):
    """Which part of one picture is which part of the other; None where nothing shows that they share any."""

    def compare(self, query: Pixels, reference: Pixels) -> Alignment | None: ...


class Embedder(Protocol):
    """A global descriptor. `model` names architecture, weights and preprocessing; it changes whenever a vector
    would. `threshold` is the cosine from which two pictures count as alike, where no calibration was fitted with this
    model."""

    @property
    def model(self) -> str: ...
    @property
    def dim(self) -> int: ...
    @property
    def threshold(self) -> float: ...
    def embed(self, pictures: Sequence[Pixels]) -> Vectors: ...


class VectorIndex(Protocol):
    """Inner-product search over unit vectors. Ids are int64 chosen by the caller; searching while adding is the
    caller's to prevent. `search` returns (scores float32[q, k], ids int64[q, k]), best first, -1 where there are
    fewer than k."""

    @property
    def dim(self) -> int: ...
    def __len__(self) -> int: ...
    def add(self, ids: NDArray[np.int64], vectors: Vectors) -> None: ...
    def remove(self, ids: NDArray[np.int64]) -> None: ...
    def search(self, vectors: Vectors, k: int) -> tuple[NDArray[np.float32], NDArray[np.int64]]: ...
