"""The inverted file of local descriptors: which references share unusual details with a query?

A query descriptor votes for its nearest neighbours with the gap between their distance and the sixth's, so that a
detail that many references have (or one has many times) says little. Votes are divided by the square root of the
reference's keypoint count. The file is FAISS's; cells and codes come from the universal codebook, so that adding is
copying bytes.
"""

from typing import Any, Final

import faiss
import numpy as np
from numpy.typing import NDArray

from index.local.codebook import PARTS, Codebook
from index.local.features import DIMENSIONS

NEIGHBOURS: Final = 5
_PROBES: Final = 4  # cells looked at for each query descriptor
_FAR: Final = 200.0  # distance (unit length is 512) from which a neighbour is no evidence, however alone it stands
_ANYWAY: Final = 0.1  # of a vote for nearness alone: works registered many times over must not silence each other
_FEWEST: Final = 20  # a reference with fewer keypoints gains nothing from having few
_COMPACT: Final = 0.2  # share of removed entries from which the file is rewritten


class InvertedFile:
    """Slots are numbers chosen by the caller, never used twice. Not thread-safe: the caller holds a lock."""

    def __init__(self, codebook: Codebook) -> None:
        self._codebook = codebook
        self._sizes: dict[int, int] = {}
        self._dead = 0
        self._clear()

    def __len__(self) -> int:
        """Descriptors of the references that are there."""
        return sum(self._sizes.values())

    def _clear(self) -> None:
        coarse = self._codebook.quantizer
        self._file: Any = faiss.IndexIVFPQ(coarse, DIMENSIONS, len(self._codebook.cells), PARTS, 8)
        self._file.by_residual = False
        faiss.copy_array_to_vector(self._codebook.parts.ravel(), self._file.pq.centroids)
        self._file.is_trained = True
        self._file.use_precomputed_table = -1
        self._file.nprobe = _PROBES

    def add(self, slots: NDArray[np.int64], cells: NDArray[np.uint16], codes: NDArray[np.uint8]) -> None:
        """One row per descriptor: its reference's slot int64[n], its cell uint16[n] and its code uint8[n, 32]."""
        if not len(cells):
            return
        order = np.argsort(cells, kind="stable")
        codes, slots = np.ascontiguousarray(codes[order]), np.ascontiguousarray(slots[order])
        present, starts = np.unique(cells[order], return_index=True)
        for cell, start, stop in zip(present, starts, [*starts[1:], len(order)], strict=True):
            self._file.invlists.add_entries(
                int(cell), int(stop - start), faiss.swig_ptr(slots[start:]), faiss.swig_ptr(codes[start:])
            )
        self._file.ntotal += len(order)
        for slot, count in zip(*np.unique(slots, return_counts=True), strict=True):
            self._sizes[int(slot)] = self._sizes.get(int(slot), 0) + int(count)

    def remove(self, slots: NDArray[np.int64]) -> None:
        """Unknown slots are ignored. Votes for removed slots stop at once; their bytes go at the next compaction."""
        self._dead += sum(self._sizes.pop(int(slot), 0) for slot in slots)
        if self._dead > _COMPACT * max(1, self._file.ntotal):
            self._compact()

    def _compact(self) -> None:
        old = self._file.invlists
        kept: list[tuple[NDArray[np.int64], NDArray[np.uint16], NDArray[np.uint8]]] = []
        alive = np.array(sorted(self._sizes), np.int64)
        for cell in range(old.nlist):
            size = old.list_size(cell)
            if not size:
                continue
            slots = faiss.rev_swig_ptr(old.get_ids(cell), size).copy()
            codes = faiss.rev_swig_ptr(old.get_codes(cell), size * PARTS).reshape(size, PARTS).copy()
            keep = np.isin(slots, alive)
            kept.append((slots[keep], np.full(int(keep.sum()), cell, np.uint16), codes[keep]))
        self._clear()
        self._sizes, self._dead = {}, 0
        if kept:
            self.add(*(np.concatenate(column) for column in zip(*kept, strict=True)))

    def vote(self, descriptors: NDArray[np.uint8]) -> dict[int, float]:
        """Votes of query descriptors uint8[n, 128] for each slot that has any."""
        if not self._sizes or not len(descriptors):
            return {}
        squared, slots = self._file.search(descriptors.astype(np.float32), NEIGHBOURS + 1)
        distance = np.where(slots < 0, np.inf, np.sqrt(np.maximum(squared, 0)))
        background = np.minimum(distance[:, -1:], _FAR)
        weight = np.maximum(0, background - distance[:, :-1]) / background.clip(min=1)
        weight += _ANYWAY * np.maximum(0, 1 - distance[:, :-1] / _FAR)
        voted = weight > 0
        present, where = np.unique(slots[:, :-1][voted], return_inverse=True)
        sums = np.bincount(where, weights=weight[voted], minlength=len(present))
        return {
            int(slot): float(total) / max(_FEWEST, self._sizes[int(slot)]) ** 0.5
            for slot, total in zip(present, sums, strict=True)
            if int(slot) in self._sizes
        }
