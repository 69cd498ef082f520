"""The universal codebook of local descriptors: which cell of the inverted file, and 32 bytes that stand for 128.

Coarse cells are k-means centroids; the code is a product quantiser of the descriptor itself, not of its residual
(Jegou et al., PAMI 2011), so that one code serves voting and verification and can be moved between indexes. Both were
trained once, by `scripts/models/train_codebook.py`: nothing is trained at run time, and the same picture has the same
code everywhere.
"""

import hashlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

import faiss
import numpy as np
from numpy.typing import NDArray

from index.local.distances import squared_distances
from index.local.features import DIMENSIONS

PATH: Final = Path(__file__).parent.parent / "models" / "rootsift-codebook.npz"
VOTES_PATH: Final = PATH.with_name("rootsift-votes.npz")
PARTS: Final = 32  # bytes a descriptor: 32 sub-vectors of 4 numbers, one of 256 centroids each
VOTE_PARTS: Final = 16  # bytes a descriptor in the inverted file, where more must fit


@dataclass(frozen=True, slots=True, eq=False)
class Codebook:
    """`cells` float32[cells, 128]; `parts` float32[32, 256, 4]; `name` changes whenever a code would. `votes`
    float32[16, 256, 8] are of the inverted file alone, which is made from codes: they are no part of the name."""

    name: str
    cells: NDArray[np.float32]
    parts: NDArray[np.float32]
    quantizer: Any  # faiss.IndexFlatL2 over `cells`: what an inverted file is made of
    coder: Any  # faiss.ProductQuantizer
    votes: NDArray[np.float32]
    voter: Any  # faiss.ProductQuantizer

    @classmethod
    def from_arrays(
        cls, cells: NDArray[np.uint8], parts: NDArray[np.float16], votes: NDArray[np.float16]
    ) -> "Codebook":
        """Raises ValueError when the shapes are not those of a codebook."""
        if cells.ndim != 2 or cells.shape[1] != DIMENSIONS:
            raise ValueError(f"not a codebook of RootSIFT descriptors: cells {cells.shape}")
        wide = np.ascontiguousarray(cells, np.float32)
        quantizer = faiss.IndexFlatL2(DIMENSIONS)
        quantizer.add(wide)
        narrow, coder = _coder(parts, PARTS)
        coarse, voter = _coder(votes, VOTE_PARTS)
        digest = hashlib.sha256(cells.tobytes() + parts.tobytes()).hexdigest()[:8]
        return cls(f"rootsift-pq32-{len(cells)}-{digest}", wide, narrow, quantizer, coder, coarse, voter)

    def assign(self, descriptors: NDArray[np.uint8], probes: int = 1) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """The nearest cells of each descriptor: squared distances float32[n, probes] and cells int64[n, probes]."""
        squared = squared_distances(descriptors.astype(np.float32), self.cells)
        row = np.arange(len(squared))
        distances = np.empty((len(squared), probes), np.float32)
        cells = np.empty((len(squared), probes), np.int64)
        for probe in range(probes):  # a few times the smallest is sooner found than sorted
            cells[:, probe] = squared.argmin(axis=1)
            distances[:, probe] = squared[row, cells[:, probe]]
            squared[row, cells[:, probe]] = np.inf
        return distances, cells

    def encode(self, descriptors: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Codes uint8[n, 32] of descriptors uint8[n, 128]."""
        if not len(descriptors):
            return np.zeros((0, PARTS), np.uint8)
        return np.asarray(self.coder.compute_codes(descriptors.astype(np.float32)), np.uint8)

    def decode(self, codes: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Descriptors float32[n, 128] that the codes stand for, in the unit of `LocalFeatures.descriptors`."""
        return self.parts[np.arange(PARTS), codes].reshape(-1, DIMENSIONS)

    def encode_votes(self, codes: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Codes uint8[n, 16] of the inverted file for codes uint8[n, 32]."""
        return np.asarray(self.voter.compute_codes(self.decode(codes)), np.uint8)


def _coder(parts: NDArray[np.float16], count: int) -> tuple[NDArray[np.float32], Any]:
    """The centroids as float32, and FAISS's quantiser of them. Raises ValueError when they are not of `count` parts."""
    if parts.shape != (count, 256, DIMENSIONS // count):
        raise ValueError(f"not a codebook of RootSIFT descriptors: {count} parts expected, not {parts.shape}")
    wide = np.ascontiguousarray(parts, np.float32)
    coder = faiss.ProductQuantizer(DIMENSIONS, count, 8)
    faiss.copy_array_to_vector(wide.ravel(), coder.centroids)
    return wide, coder


@cache
def bundled() -> Codebook:
    """The codebook that comes with the package, read once."""
    with np.load(PATH, allow_pickle=False) as arrays, np.load(VOTES_PATH, allow_pickle=False) as voting:
        return Codebook.from_arrays(arrays["cells"], arrays["parts"], voting["parts"])
