"""The index of a running service: a sealed base, tombstones over it, and an exact tail for what came since."""

from collections.abc import Mapping
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from index.ports import Vectors
from index.vectors.choice import FLAT_LIMIT, Choice, choose
from index.vectors.flat import FlatIndex
from index.vectors.locks import ReadWriteLock
from index.vectors.rows import Ids, checked_ids, checked_k, checked_vectors
from index.vectors.sealed import SealedIndex

MAX_DEAD: Final = 0.1  # share of the base; beyond it searches fetch too much that they drop


class LayeredIndex:
    """A `VectorIndex` of any size up to one machine's. Threads may search, add and remove at the same time.

    Adding goes to the tail, removing buries in the base: the base itself never changes. When `stale`, `compacted()`
    builds the next index from the living rows; it costs seconds per million, so it is the owner's to schedule, and the
    owner replays into the new index what came meanwhile.
    """

    def __init__(self, dim: int, *, base: SealedIndex | None = None) -> None:
        if base is not None and base.dim != dim:
            raise ValueError(f"the base has {base.dim} dimensions, not {dim}")
        self._base = base
        self._alive = np.ones(len(base) if base is not None else 0, bool)
        self._tail = FlatIndex(dim)
        self._lock = ReadWriteLock()

    @property
    def dim(self) -> int:
        return self._tail.dim

    @property
    def base(self) -> SealedIndex | None:
        return self._base

    @property
    def stale(self) -> bool:
        """True when the tail or the dead share of the base has grown over its limit."""
        dead = len(self._alive) - int(np.count_nonzero(self._alive))
        return len(self._tail) > FLAT_LIMIT or dead > MAX_DEAD * len(self._alive)

    def __len__(self) -> int:
        with self._lock.read():
            return int(np.count_nonzero(self._alive)) + len(self._tail)

    def add(self, ids: Ids, vectors: Vectors) -> None:
        """As `FlatIndex.add`: an id that is there already, in the tail or the base, gets the new vector."""
        vectors = checked_vectors(vectors, self.dim)
        ids = checked_ids(ids, len(vectors))
        with self._lock.write():
            self._bury(ids)
            self._tail.add(ids, vectors)

    def remove(self, ids: Ids) -> None:
        """Remove these ids; one that is not there is no error."""
        ids = np.asarray(ids, np.int64)
        with self._lock.write():
            self._bury(ids)
            self._tail.remove(ids)

    def search(self, vectors: Vectors, k: int) -> tuple[NDArray[np.float32], Ids]:
        """(scores float32[q, k], ids int64[q, k]) of each query, best first; -inf and -1 where fewer exist."""
        vectors = checked_vectors(vectors, self.dim)
        checked_k(k)
        with self._lock.read():
            scores, ids = self._tail.search(vectors, k)
            if self._base is None:
                return scores, ids
            base_scores, base_ids = self._base.search(vectors, k, self._alive)
        scores, ids = np.concatenate([scores, base_scores], axis=1), np.concatenate([ids, base_ids], axis=1)
        best = np.argsort(-scores, axis=1, kind="stable")[:, :k]
        return np.take_along_axis(scores, best, 1), np.take_along_axis(ids, best, 1)

    def rows(self) -> tuple[Ids, NDArray[np.floating[Any]]]:
        """(ids, vectors) of all that lives; float16 for what comes from the base."""
        with self._lock.read():
            ids, vectors = self._tail.rows()
            if self._base is None:
                return ids, vectors
            ids = np.concatenate([self._base.ids[self._alive], ids])
            return ids, np.concatenate([self._base.rows[self._alive], vectors.astype(np.float16)])

    def compacted(self, choice: Choice | None = None, *, threads: int = 1) -> "LayeredIndex":
        """A new index of the living rows, in the form that `choice` (by default `choose(...)`) gives them."""
        ids, vectors = self.rows()
        choice = choose(len(ids), self.dim) if choice is None else choice
        if choice.factory is None or not len(ids):
            flat = LayeredIndex(self.dim)
            flat.add(ids, vectors.astype(np.float32))
            return flat
        return LayeredIndex(self.dim, base=SealedIndex.build(ids, vectors, choice, threads=threads))

    def state(self) -> dict[str, NDArray[Any]]:
        """Arrays from which `restore` makes the same index: `tail.*`; with a base also `base.*` and `alive`."""
        with self._lock.read():
            state = {f"tail.{name}": array for name, array in self._tail.state().items()}
            if self._base is not None:
                state |= {f"base.{name}": array for name, array in self._base.state().items()}
                state["alive"] = np.packbits(self._alive)
            return state

    @classmethod
    def restore(cls, state: Mapping[str, NDArray[Any]]) -> Self:
        """From the arrays of `state`, memory maps too. Raises ValueError or KeyError when they don't fit together."""
        tail = FlatIndex.restore(_under("tail.", state))
        base = SealedIndex.restore(_under("base.", state)) if "alive" in state else None
        index = cls(tail.dim, base=base)
        index._tail = tail
        if base is not None:
            index._alive = np.unpackbits(state["alive"], count=len(base)).astype(bool)
        return index

    def _bury(self, ids: Ids) -> None:
        if self._base is not None:
            self._alive[self._base.positions(ids)] = False


def _under(prefix: str, state: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    return {name.removeprefix(prefix): array for name, array in state.items() if name.startswith(prefix)}
