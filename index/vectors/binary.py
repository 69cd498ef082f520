"""Exact Hamming search over perceptual hashes: fast enough to some millions (32 bytes each, a few ms per million)."""

from collections.abc import Mapping
from typing import Any, Final, Self

import faiss
import numpy as np
from numpy.typing import NDArray

from index.hashes import Hashes
from index.vectors.locks import ReadWriteLock
from index.vectors.openmp import openmp_threads
from index.vectors.rows import NO_ID, Ids, checked_codes, checked_ids, checked_k

FAR_AWAY: Final = np.iinfo(np.int32).max  # the distance that stands beside -1


class BinaryIndex:
    """`IndexBinaryIDMap2(IndexBinaryFlat)` under a read-write lock. `width` is the hash's length in bytes."""

    def __init__(self, width: int) -> None:
        if width < 1:
            raise ValueError("a hash has at least one byte")
        self._width = width
        self._index = faiss.IndexBinaryIDMap2(faiss.IndexBinaryFlat(width * 8))
        self._ids: set[int] = set()
        self._lock = ReadWriteLock()

    @property
    def width(self) -> int:
        return self._width

    def __len__(self) -> int:
        return len(self._ids)

    def add(self, ids: Ids, codes: Hashes) -> None:
        """Add int64[n] ids with uint8[n, width] hashes; an id that is there already gets the new hash.

        Raises ValueError, and changes nothing, on a negative or repeated id or a wrong shape or type.
        """
        codes = checked_codes(codes, self._width)
        ids = checked_ids(ids, len(codes))
        with self._lock.write(), openmp_threads():
            self._drop(ids)
            self._index.add_with_ids(codes, ids)
            self._ids.update(ids.tolist())

    def remove(self, ids: Ids) -> None:
        """Remove these ids; one that is not there is no error."""
        with self._lock.write(), openmp_threads():
            self._drop(np.asarray(ids, np.int64))

    def search(self, codes: Hashes, k: int) -> tuple[NDArray[np.int32], Ids]:
        """(differing bits int32[q, k], ids int64[q, k]) of each query, nearest first; FAR_AWAY and -1 for none."""
        codes = checked_codes(codes, self._width)
        checked_k(k)
        with self._lock.read(), openmp_threads():
            distances, ids = self._index.search(codes, k)
        return np.where(ids == NO_ID, FAR_AWAY, distances).astype(np.int32), ids

    def rows(self) -> tuple[Ids, Hashes]:
        """Copies of (ids int64[n], hashes uint8[n, width]), in the order in which they were added."""
        with self._lock.read():
            ids = faiss.vector_to_array(self._index.id_map)
            flat: Any = faiss.downcast_IndexBinary(self._index.index)
            return ids, faiss.vector_to_array(flat.xb).reshape(len(ids), self._width)

    def state(self) -> dict[str, NDArray[Any]]:
        """Arrays from which `restore` makes the same index: `ids`, `codes`."""
        ids, codes = self.rows()
        return {"ids": ids, "codes": codes}

    @classmethod
    def restore(cls, state: Mapping[str, NDArray[Any]]) -> Self:
        codes = np.asarray(state["codes"])
        index = cls(codes.shape[1])
        index.add(np.asarray(state["ids"], np.int64), codes)
        return index

    def _drop(self, ids: Ids) -> None:
        present = [id_ for id_ in ids.tolist() if id_ in self._ids]
        if present:
            self._index.remove_ids(faiss.IDSelectorBatch(np.array(present, np.int64)))
            self._ids.difference_update(present)
