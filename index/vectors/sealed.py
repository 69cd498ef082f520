"""An immutable index in two stages: short codes in memory find candidates, the vectors on disk rank them exactly."""

from collections.abc import Mapping
from typing import Any, Final, Protocol, Self

import faiss
import numpy as np
from numpy.typing import NDArray

from index.ports import Vectors
from index.vectors.choice import Choice
from index.vectors.openmp import openmp_threads
from index.vectors.rows import NO_ID, Ids, checked_ids

_CHUNK: Final = 65_536  # rows that are float32 in memory at a time
_TRAIN: Final = 65_536  # rows that a code is trained on
_LIST_TRAIN: Final = 40  # rows per inverted list that its centroids are trained on
_QUERIES: Final = 32  # queries whose candidates are in memory at a time

Rows = NDArray[np.float16]


class Coarse(Protocol):
    """Finds candidates: (scores, positions), -1 where there are no more."""

    def search(self, vectors: Vectors, k: int, /) -> tuple[NDArray[np.float32], Ids]: ...


class Accelerator(Coarse, Protocol):
    """A second coarse stage for the same positions, for fetches of up to `max_k`; see `index.vectors.gpu`."""

    @property
    def max_k(self) -> int: ...


class SealedIndex:
    """Rows that never change, found by position; which of them still count is the caller's (`LayeredIndex`).

    `rows` float16[n, dim] may be a memory map. FAISS's fast-scan indexes take no ID selector and shift positions on
    `remove_ids`, so deletion is a mask: more candidates are fetched and dead ones dropped.
    """

    def __init__(self, coarse: Any, ids: Ids, rows: Rows, *, rerank: int) -> None:
        if not len(ids) == len(rows) == coarse.ntotal:
            raise ValueError(f"{coarse.ntotal} codes, {len(ids)} ids and {len(rows)} vectors are out of step")
        self._coarse = coarse
        self._accelerator: Accelerator | None = None
        self._order = np.argsort(ids, kind="stable")
        self._rerank = rerank
        self.ids = ids
        self.rows = rows

    @property
    def dim(self) -> int:
        return int(self.rows.shape[1])

    def __len__(self) -> int:
        return len(self.ids)

    @classmethod
    def build(
        cls, ids: Ids, rows: NDArray[np.floating[Any]], choice: Choice, *, seed: int = 0, threads: int = 1
    ) -> Self:
        """Train and fill the index that `choice` names. `rows` are unit vectors [n, dim], kept as float16.

        Training draws a sample by `seed`. Raises ValueError on duplicate ids and for an exact choice.
        """
        if choice.factory is None:
            raise ValueError("an exact choice has nothing to seal")
        ids = checked_ids(ids, len(rows))
        rows = np.asarray(rows, np.float16)
        coarse = faiss.index_factory(int(rows.shape[1]), choice.factory, faiss.METRIC_INNER_PRODUCT)
        lists = faiss.try_extract_index_ivf(coarse)
        sample = max(_TRAIN, _LIST_TRAIN * lists.nlist) if lists is not None else _TRAIN
        chosen = np.sort(np.random.default_rng(seed).permutation(len(rows))[:sample])
        with openmp_threads(threads):
            coarse.train(rows[chosen].astype(np.float32))
            for start in range(0, len(rows), _CHUNK):
                coarse.add(rows[start : start + _CHUNK].astype(np.float32))
        if lists is not None:
            lists.nprobe = choice.nprobe
        return cls(coarse, ids, rows, rerank=choice.rerank)

    def accelerate(self, accelerator: Accelerator) -> None:
        """Let this find candidates from now on, as far as it can; the CPU's codes stay the master."""
        self._accelerator = accelerator

    def positions(self, ids: Ids) -> NDArray[np.intp]:
        """Positions of those of the ids that are here, in no particular order."""
        if not len(self.ids) or not len(ids):
            return np.empty(0, np.intp)
        places = np.searchsorted(self.ids, ids, sorter=self._order)
        found = self._order[np.minimum(places, len(self.ids) - 1)]
        return np.asarray(found[self.ids[found] == ids])

    def search(
        self, vectors: Vectors, k: int, alive: NDArray[np.bool_] | None = None
    ) -> tuple[NDArray[np.float32], Ids]:
        """(scores float32[q, k], ids int64[q, k]), best first, among `alive`; -inf and -1 for none."""
        parts = [
            self._search(vectors[start : start + _QUERIES], k, alive) for start in range(0, len(vectors), _QUERIES)
        ]
        if not parts:
            return np.empty((0, k), np.float32), np.empty((0, k), np.int64)
        scores, ids = zip(*parts, strict=True)
        return np.concatenate(scores), np.concatenate(ids)

    def state(self) -> dict[str, NDArray[Any]]:
        """Arrays from which `restore` makes the same index: `codes` (in FAISS's format), `ids`, `rows`, `rerank`."""
        codes = faiss.serialize_index(self._coarse)
        return {"codes": codes, "ids": self.ids, "rows": self.rows, "rerank": np.array(self._rerank, np.int64)}

    @classmethod
    def restore(cls, state: Mapping[str, NDArray[Any]]) -> Self:
        """`rows` may stay a memory map: only candidates are read. Raises ValueError when the parts don't fit."""
        coarse = faiss.deserialize_index(np.array(state["codes"], np.uint8))
        return cls(coarse, np.array(state["ids"], np.int64), state["rows"], rerank=int(state["rerank"]))

    def _search(self, vectors: Vectors, k: int, alive: NDArray[np.bool_] | None) -> tuple[NDArray[np.float32], Ids]:
        positions = self._candidates(vectors, k, alive)
        missing = positions == NO_ID
        candidates = self.rows[np.where(missing, 0, positions)].astype(np.float32)
        scores = np.einsum("qcd,qd->qc", candidates, vectors, dtype=np.float32)
        scores = np.where(missing, -np.inf, scores).astype(np.float32)
        best = np.argsort(-scores, axis=1, kind="stable")[:, :k]
        scores, positions = np.take_along_axis(scores, best, 1), np.take_along_axis(positions, best, 1)
        ids = np.where(positions == NO_ID, NO_ID, self.ids[positions])
        return _pad(scores, k, -np.inf), _pad(ids, k, NO_ID)

    def _candidates(self, vectors: Vectors, k: int, alive: NDArray[np.bool_] | None) -> Ids:
        """int64[q, c] positions with at least max(k, rerank) live ones where there are as many; dead ones are -1."""
        living = len(self) if alive is None else int(np.count_nonzero(alive))
        wanted = min(max(k, self._rerank), living)
        fetch = min(len(self), wanted + min(len(self) - living, wanted))
        if not fetch:
            return np.full((len(vectors), 1), NO_ID, np.int64)
        while True:
            with openmp_threads():
                positions = self._stage(fetch).search(vectors, fetch)[1]
            exhausted = fetch == len(self) or (positions == NO_ID).any(axis=1)
            if alive is not None:
                positions = np.where((positions != NO_ID) & alive[positions], positions, NO_ID)
            enough = (positions != NO_ID).sum(axis=1) >= wanted
            if (enough | exhausted).all():
                return np.asarray(positions, np.int64)
            fetch = min(len(self), fetch * 4)

    def _stage(self, fetch: int) -> Coarse:
        if self._accelerator is not None and fetch <= self._accelerator.max_k:
            return self._accelerator
        coarse: Coarse = self._coarse
        return coarse


def _pad(found: NDArray[Any], k: int, filler: float) -> NDArray[Any]:
    return np.pad(found, ((0, 0), (0, k - found.shape[1])), constant_values=filler)
