"""Exact inner-product search: right up to some 20,000 rows, and the tail of every larger index."""

from collections.abc import Mapping
from typing import Self

import faiss
import numpy as np
from numpy.typing import NDArray

from index.ports import Vectors
from index.vectors.locks import ReadWriteLock
from index.vectors.openmp import openmp_threads
from index.vectors.rows import NO_ID, Ids, checked_ids, checked_k, checked_vectors


class FlatIndex:
    """`IndexIDMap2(IndexFlatIP)` under a read-write lock: threads may search, add and remove at the same time."""

    def __init__(self, dim: int) -> None:
        if dim < 1:
            raise ValueError("a vector has at least one dimension")
        self._dim = dim
        self._index = faiss.IndexIDMap2(faiss.IndexFlatIP(dim))
        self._ids: set[int] = set()
        self._lock = ReadWriteLock()

    @property
    def dim(self) -> int:
        return self._dim

    def __len__(self) -> int:
        return len(self._ids)

    def __contains__(self, id_: int) -> bool:
        return id_ in self._ids

    def add(self, ids: Ids, vectors: Vectors) -> None:
        """Add int64[n] ids with float32[n, dim] unit vectors; an id that is there already gets the new vector.

        Raises ValueError, and changes nothing, on a negative or repeated id, a wrong shape, NaN or infinity.
        """
        vectors = checked_vectors(vectors, self._dim)
        ids = checked_ids(ids, len(vectors))
        with self._lock.write(), openmp_threads():
            self._drop(ids)
            self._index.add_with_ids(vectors, ids)
            self._ids.update(ids.tolist())

    def remove(self, ids: Ids) -> None:
        """Remove these ids; one that is not there is no error."""
        with self._lock.write(), openmp_threads():
            self._drop(np.asarray(ids, np.int64))

    def search(self, vectors: Vectors, k: int) -> tuple[NDArray[np.float32], Ids]:
        """(scores float32[q, k], ids int64[q, k]) of each query, best first; -inf and -1 where fewer exist."""
        vectors = checked_vectors(vectors, self._dim)
        checked_k(k)
        with self._lock.read(), openmp_threads():
            scores, ids = self._index.search(vectors, k)
        return np.where(ids == NO_ID, -np.inf, scores).astype(np.float32), ids

    def rows(self) -> tuple[Ids, Vectors]:
        """Copies of (ids int64[n], vectors float32[n, dim]), in the order in which they were added."""
        with self._lock.read():
            ids = faiss.vector_to_array(self._index.id_map)
            flat = faiss.downcast_index(self._index.index)
            return ids, flat.reconstruct_n(0, len(ids)).reshape(len(ids), self._dim)

    def state(self) -> dict[str, NDArray[np.generic]]:
        """Arrays from which `restore` makes the same index: `ids`, `vectors`."""
        ids, vectors = self.rows()
        return {"ids": ids, "vectors": vectors}

    @classmethod
    def restore(cls, state: Mapping[str, NDArray[np.generic]]) -> Self:
        vectors = np.asarray(state["vectors"], np.float32)
        index = cls(vectors.shape[1])
        index.add(np.asarray(state["ids"], np.int64), vectors)
        return index

    def _drop(self, ids: Ids) -> None:
        present = [id_ for id_ in ids.tolist() if id_ in self._ids]
        if present:
            self._index.remove_ids(faiss.IDSelectorBatch(np.array(present, np.int64)))
            self._ids.difference_update(present)
