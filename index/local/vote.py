"""The inverted file of local descriptors: which references share unusual details with a query, in one arrangement?

A query descriptor votes for its nearest neighbours with the gap between their distance and the sixth's, so that a
detail that many references have (or one has many times) says little: a frame that a thousand works share silences
itself. Every vote also proposes how the reference lies in the query (turn, zoom, place), and only votes that propose
the same count together (Jegou, Douze and Schmid, "Improving bag-of-features for large scale image search", IJCV 2010).
The file is FAISS's; cells come from the universal codebook and codes from codes, so that adding trains nothing.

An entry is 24 bytes: 16 of code, and in FAISS's 8-byte id the slot (32 bits) and the keypoint's x, y, scale and angle
(8 bits each, in the units of the fingerprint). `KEYPOINTS` entries a work are under 4 kB.
"""

from dataclasses import dataclass
from typing import Any, Final

import faiss
import numpy as np
from numpy.typing import NDArray

from index.local.codebook import VOTE_PARTS, Codebook
from index.local.features import DIMENSIONS, LocalFeatures

KEYPOINTS: Final = 166  # of a work: the first ones, which cover all of the picture
NEIGHBOURS: Final = 5
_PROBES: Final = 4  # cells looked at for each query descriptor
_FAR: Final = 230.0  # distance (unit length is 512) from which a neighbour is no evidence, however alone it stands
_ANYWAY: Final = 0.1  # of a vote for nearness alone: works registered many times over must not silence each other
_FEWEST: Final = 20  # a reference with fewer keypoints gains nothing from having few
_COMPACT: Final = 0.2  # share of removed entries from which the file is rewritten
_TURNS: Final = 12  # bins of the turn between the two pictures
_PLACE: Final = 0.4  # bin of the place where the middle of the reference falls, in long sides of the reference
_MIDDLE: Final = 120.0  # about the middle of any reference, in units of 2 px
_OCTAVE: Final = 16.0  # units of a stored scale in an octave
_TURN: Final = 256.0  # units of a stored angle in a turn


@dataclass(frozen=True, slots=True, eq=False)
class Entries:
    """Keypoints of works. Row i: `slots` int64, `cells` uint16, `codes` uint8[n, 32] and `points` uint16[n, 2],
    `scales` uint8, `angles` uint8 as in a fingerprint."""

    slots: NDArray[np.int64]
    cells: NDArray[np.uint16]
    codes: NDArray[np.uint8]
    points: NDArray[np.uint16]
    scales: NDArray[np.uint8]
    angles: NDArray[np.uint8]


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

    @property
    def nbytes(self) -> int:
        """Bytes of all entries, those of removed references included until the next compaction."""
        return int(self._file.ntotal) * (VOTE_PARTS + 8)

    def _clear(self) -> None:
        coarse = self._codebook.quantizer
        self._file: Any = faiss.IndexIVFPQ(coarse, DIMENSIONS, len(self._codebook.cells), VOTE_PARTS, 8)
        self._file.by_residual = False
        faiss.copy_array_to_vector(self._codebook.votes.ravel(), self._file.pq.centroids)
        self._file.is_trained = True
        self._file.use_precomputed_table = -1
        self._file.nprobe = _PROBES

    def add(self, entries: Entries) -> None:
        """References whose slots are new."""
        place = (entries.points >> 8).astype(np.int64)
        ids = (entries.slots << 32) | (place[:, 0] << 24) | (place[:, 1] << 16)
        ids |= (entries.scales.astype(np.int64) << 8) | entries.angles
        self._append(ids, entries.cells, self._codebook.encode_votes(entries.codes))

    def _append(self, ids: NDArray[np.int64], cells: NDArray[np.uint16], codes: NDArray[np.uint8]) -> None:
        if not len(ids):
            return
        order = np.argsort(cells, kind="stable")
        codes, ids = np.ascontiguousarray(codes[order]), np.ascontiguousarray(ids[order])
        present, starts = np.unique(cells[order], return_index=True)
        for cell, start, stop in zip(present, starts, [*starts[1:], len(order)], strict=True):
            self._file.invlists.add_entries(
                int(cell), int(stop - start), faiss.swig_ptr(ids[start:]), faiss.swig_ptr(codes[start:])
            )
        self._file.ntotal += len(order)
        for slot, count in zip(*np.unique(ids >> 32, return_counts=True), strict=True):
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
            ids = faiss.rev_swig_ptr(old.get_ids(cell), size).copy()
            codes = faiss.rev_swig_ptr(old.get_codes(cell), size * VOTE_PARTS).reshape(size, VOTE_PARTS).copy()
            keep = np.isin(ids >> 32, alive)
            kept.append((ids[keep], np.full(int(keep.sum()), cell, np.uint16), codes[keep]))
        self._clear()
        self._sizes, self._dead = {}, 0
        if kept:
            self._append(*(np.concatenate(column) for column in zip(*kept, strict=True)))

    def vote(self, query: LocalFeatures) -> dict[int, float]:
        """Votes of all keypoints for each slot that has any."""
        if not self._sizes or not len(query):
            return {}
        nearness, cells = self._codebook.assign(query.descriptors, _PROBES)
        squared, ids = self._file.search_preassigned(
            query.descriptors.astype(np.float32), NEIGHBOURS + 1, cells, nearness
        )
        distance = np.where(ids < 0, np.inf, np.sqrt(np.maximum(squared, 0)))
        background = np.minimum(distance[:, -1:], _FAR)
        weight = np.maximum(0, background - distance[:, :-1]) / background.clip(min=1)
        weight += _ANYWAY * np.maximum(0, 1 - distance[:, :-1] / _FAR)
        row, column = np.nonzero(weight > 0)
        slots, sums = _strongest(query, row, ids[row, column], weight[row, column])
        return {
            int(slot): float(total) / max(_FEWEST, self._sizes[int(slot)]) ** 0.5
            for slot, total in zip(slots, sums, strict=True)
            if int(slot) in self._sizes
        }


def _strongest(
    query: LocalFeatures, row: NDArray[np.intp], ids: NDArray[np.int64], weight: NDArray[np.float64]
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Slots, and the votes for the arrangement of each that has most; `row` is the keypoint of each vote."""
    slots, first = np.unique(ids >> 32, return_inverse=True)
    best = np.zeros(len(slots))
    pose = _poses(query, row, ids)
    for shift in (0.0, 0.5):  # what falls on the edge of a bin is well inside it in the other grid
        bins = np.floor(pose + shift).astype(np.int64)
        bins[:, 0] %= _TURNS
        bins[:, 1:] = np.clip(bins[:, 1:], -512, 511) + 512
        key = ((((first * _TURNS + bins[:, 0]) << 10 | bins[:, 1]) << 10 | bins[:, 2]) << 10) | bins[:, 3]
        present, where = np.unique(key, return_inverse=True)
        sums = np.bincount(where, weights=weight, minlength=len(present))
        np.maximum.at(best, (present >> 30) // _TURNS, sums)
    return slots, best


def _poses(query: LocalFeatures, row: NDArray[np.intp], ids: NDArray[np.int64]) -> NDArray[np.float64]:
    """float64[n, 4] turn, zoom, and place of the middle of the reference that each vote proposes, in bins."""
    fields = np.stack([(ids >> shift) & 255 for shift in (24, 16, 8, 0)], axis=1).astype(np.float64)
    turn = query.angles[row] - fields[:, 3] * (2 * np.pi / _TURN)
    zoom = np.log2(np.maximum(query.scales[row], 1.0)) - fields[:, 2] / _OCTAVE
    arm = (_MIDDLE - fields[:, :2]) * 2 * np.exp2(zoom)[:, None]
    cos, sin = np.cos(turn), np.sin(turn)
    x = query.points[row, 0] + cos * arm[:, 0] - sin * arm[:, 1]
    y = query.points[row, 1] + sin * arm[:, 0] + cos * arm[:, 1]
    size = _PLACE * 4 * _MIDDLE * np.exp2(np.rint(zoom))
    return np.column_stack([turn * (_TURNS / (2 * np.pi)), zoom, x / size, y / size])
