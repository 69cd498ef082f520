"""One query against one reference: every witness heard, and the alignment that explains most.

Nothing here depends on what else is in the index, so the same two pictures always get the same answer.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from index.describe import Query, is_two_tone
from index.fingerprint import Fingerprint
from index.hashes import ORIENTATIONS, PDQ_MIN_QUALITY, hamming
from index.local import dense
from index.local.codebook import Codebook
from index.local.verify import PLENTY, Geometry, align

PDQ_BITS: Final = 256
PHASH_BITS: Final = 64
PDQ_HYPOTHESIS: Final = 80  # bits: up to here the two may be one picture in one of eight orientations

# What makes the reference of a query whose PDQ agreed in that orientation: reference to query, both 0..1.
_TURNS: Final[dict[str, tuple[tuple[int, int, int], tuple[int, int, int]]]] = {
    "as-is": ((1, 0, 0), (0, 1, 0)),
    "90": ((0, -1, 1), (1, 0, 0)),
    "180": ((-1, 0, 1), (0, -1, 1)),
    "270": ((0, 1, 0), (-1, 0, 1)),
    "flip-vertical": ((1, 0, 0), (0, -1, 1)),
    "flip-horizontal": ((-1, 0, 1), (0, 1, 0)),
    "transpose": ((0, 1, 0), (1, 0, 0)),
    "anti-transpose": ((0, -1, 1), (-1, 0, 1)),
}
TURNS: Final = tuple(np.array([*_TURNS[name], (0, 0, 1)], np.float64) for name in ORIENTATIONS)


@dataclass(frozen=True, slots=True)
class Likeness:
    """What a descriptor beside the primary one says: the cosine, and from where its model calls two pictures alike."""

    model: str
    cosine: float
    threshold: float

    @property
    def speaks(self) -> bool:
        return self.cosine >= self.threshold


@dataclass(frozen=True, slots=True, eq=False)
class Pair:
    """What the witnesses say. `pdq` and `phash` are distances in bits (PDQ the best of eight orientations); `cosine` of
    the primary descriptors, `extras` what the others say; `transform` reference to query, both 0..1, None without a
    hypothesis; `geometry` None when keypoints found none, or when the orientation that PDQ names explains more. `parts`
    are the agreements of `geometry.parts`; `two_tone`: both pictures are nearly all black and white."""

    same_pixels: bool
    cosine: float
    pdq: int
    phash: int
    transform: NDArray[np.float64] | None
    geometry: Geometry | None
    agreement: dense.Agreement
    parts: tuple[dense.Agreement, ...] = ()
    extras: tuple[Likeness, ...] = ()
    two_tone: bool = False

    @property
    def inliers(self) -> int:
        return self.geometry.inliers if self.geometry else 0

    @property
    def mirrored(self) -> bool:
        return self.transform is not None and float(np.linalg.det(self.transform[:2, :2])) < 0


def compare(query: Query, reference: Fingerprint, codebook: Codebook) -> Pair:
    """Every witness on one pair: about 10-30 ms of one core."""
    hashed, quality = query.pdq
    distances = hamming(hashed, reference.pdq[None])
    meaningful = min(quality, reference.pdq_quality) >= PDQ_MIN_QUALITY
    pdq = int(distances.min()) if meaningful else PDQ_BITS // 2
    found = align(query.features, reference.features(codebook))
    transform = found.transform if found else None
    agreement = dense.NOTHING
    if found:
        agreement = dense.compare(query.luma, reference.luma, found.transform, found.hull)
    if pdq <= PDQ_HYPOTHESIS and (found is None or found.inliers < PLENTY):
        turn = TURNS[int(distances.argmin())]
        turned = dense.compare(query.luma, reference.luma, turn)
        if turned.agreeing > agreement.agreeing:
            transform, found, agreement = turn, None, turned
    return Pair(
        same_pixels=query.pixels_sha256 == reference.pixels_sha256,
        cosine=float(query.vector @ reference.vector.astype(np.float32)),
        pdq=pdq,
        phash=int(hamming(query.phash, reference.phash)),
        transform=transform,
        geometry=found,
        agreement=agreement,
        parts=tuple(
            dense.compare(query.luma, reference.luma, part.transform, part.hull)
            for part in (found.parts if found else ())
        ),
        extras=tuple(
            Likeness(extra.model, float(extra.vector @ reference.vectors[extra.model]), extra.threshold)
            for extra in query.extras
        ),
        two_tone=query.two_tone and is_two_tone(reference.luma),
    )
