"""Every registered fingerprint, findable in four ways: by pixels, by hash, by global descriptor, by local votes."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from index.describe import Query
from index.fingerprint import Fingerprint, unpack
from index.hashes import PDQ_BYTES, PDQ_MIN_QUALITY
from index.local.codebook import Codebook
from index.local.vote import KEYPOINTS, Entries, InvertedFile
from index.vectors.binary import BinaryIndex
from index.vectors.layered import LayeredIndex
from index.vectors.locks import ReadWriteLock

Packed = bytes | memoryview

_BY_DESCRIPTOR: Final = 6  # references that each way may put on the shortlist
_BY_HASH: Final = 4
_BY_VOTES: Final = 10


@dataclass(frozen=True, slots=True)
class Candidate:
    """A reference that deserves a look. `votes` is None where the local index was not asked. `proposed_by` is why it
    does: named, pixels, pdq, votes, descriptor (`descriptor:<model>` beside the primary one), the last ones perhaps
    together."""

    id: str
    fingerprint: Fingerprint
    proposed_by: tuple[str, ...]
    votes: float | None = None


class Catalogue:
    """Many threads may look up while one thread changes. A work gets a new slot each time it is added."""

    def __init__(self, dims: Mapping[str, int], codebook: Codebook) -> None:
        """`dims` are the dimensions of each global descriptor, by the name of its model."""
        self._lock = ReadWriteLock()
        self._slots: dict[str, int] = {}
        self._ids: dict[int, str] = {}
        self._packed: dict[int, Packed] = {}
        self._pixels: dict[bytes, set[int]] = {}
        self._next = 0
        self._vectors = {model: LayeredIndex(dim) for model, dim in dims.items()}
        self._hashes = BinaryIndex(PDQ_BYTES)
        self._votes = InvertedFile(codebook)

    def __len__(self) -> int:
        return len(self._slots)

    def __contains__(self, id_: str) -> bool:
        return id_ in self._slots

    def change(self, removed: Iterable[str], added: Sequence[tuple[str, Fingerprint, Packed]]) -> None:
        """First remove, then add; an id that is there already is replaced, one that is not is no error."""
        last = {id_: (fingerprint, packed) for id_, fingerprint, packed in added}
        with self._lock.write():
            self._remove([*removed, *last])
            if last:
                self._add(last)
        self._settle()

    def _settle(self) -> None:
        """Seal descriptors that have become many. It takes seconds per million, and lookups go on meanwhile."""
        for model, vectors in self._vectors.items():
            if vectors.stale:
                sealed = vectors.compacted()
                with self._lock.write():
                    self._vectors[model] = sealed

    def _remove(self, ids: Iterable[str]) -> None:
        gone = [self._slots.pop(id_) for id_ in dict.fromkeys(ids) if id_ in self._slots]
        for slot in gone:
            del self._ids[slot]
            digest = unpack(self._packed.pop(slot)).pixels_sha256
            self._pixels[digest].discard(slot)
            if not self._pixels[digest]:
                del self._pixels[digest]
        if gone:
            slots = np.array(gone, np.int64)
            for vectors in self._vectors.values():
                vectors.remove(slots)
            self._hashes.remove(slots)
            self._votes.remove(slots)

    def _add(self, works: dict[str, tuple[Fingerprint, Packed]]) -> None:
        slots = np.arange(self._next, self._next + len(works), dtype=np.int64)
        self._next += len(works)
        prints = [fingerprint for fingerprint, _ in works.values()]
        for slot, (id_, (fingerprint, packed)) in zip(slots.tolist(), works.items(), strict=True):
            self._slots[id_], self._ids[slot], self._packed[slot] = slot, id_, packed
            self._pixels.setdefault(fingerprint.pixels_sha256, set()).add(slot)
        for model, vectors in self._vectors.items():
            vectors.add(slots, np.stack([p.vectors[model] for p in prints]).astype(np.float32))
        hashed = np.array([p.pdq_quality >= PDQ_MIN_QUALITY for p in prints])
        if hashed.any():  # what has no structure is near to everything else that has none
            self._hashes.add(slots[hashed], np.stack([p.pdq for p in prints])[hashed])
        shown = [min(KEYPOINTS, len(p.codes)) for p in prints]
        columns = (
            np.concatenate([getattr(p, part)[:KEYPOINTS] for p in prints])
            for part in ("cells", "codes", "points", "scales", "angles")
        )
        self._votes.add(Entries(np.repeat(slots, shown), *columns))

    def with_pixels(self, digest: bytes) -> list[Candidate]:
        """References with exactly these pixels."""
        with self._lock.read():
            return self._candidates(dict.fromkeys(sorted(self._pixels.get(digest, ())), ("pixels",)))

    def named(self, ids: Iterable[str]) -> list[Candidate]:
        """The references with these ids, those that are there."""
        with self._lock.read():
            return self._candidates({self._slots[id_]: ("named",) for id_ in ids if id_ in self._slots})

    def near_hash(self, query: Query, radius: int) -> list[Candidate]:
        """References whose PDQ differs in at most `radius` bits in one of eight orientations, nearest first."""
        hashes, quality = query.pdq
        if quality < PDQ_MIN_QUALITY:
            return []
        with self._lock.read():
            if not len(self._hashes):
                return []
            distances, slots = self._hashes.search(hashes, _BY_HASH)
            order = np.argsort(distances, axis=None, kind="stable")
            near = [int(slots.flat[i]) for i in order if slots.flat[i] >= 0 and distances.flat[i] <= radius]
            return self._candidates(dict.fromkeys(list(dict.fromkeys(near))[:_BY_HASH], ("pdq",)))

    def shortlist(self, query: Query) -> list[Candidate]:
        """The best by local votes (of the query or of its mirror image), then by each global descriptor."""
        vectors = [query.vector, *(extra.vector for extra in query.extras)]
        features = query.features  # before the lock, as the vectors: they take long
        with self._lock.read():
            votes = self._votes.vote(features)
            for slot, share in self._votes.vote(features.mirrored).items():
                votes[slot] = max(votes.get(slot, 0.0), share)
            voted = sorted(votes, key=lambda slot: (-votes[slot], slot))[:_BY_VOTES]
            ways = dict.fromkeys(voted, ("votes",))
            for way, index, vector in zip(_ways(self._vectors), self._vectors.values(), vectors, strict=True):
                for slot in (int(slot) for slot in index.search(vector[None], _BY_DESCRIPTOR)[1][0] if slot >= 0):
                    ways[slot] = (*ways.get(slot, ()), way)
            return self._candidates(ways, votes)

    def packed(self) -> list[tuple[str, Packed]]:
        """Everything, in the order of adding: what a generation is written from."""
        with self._lock.read():
            return [(self._ids[slot], packed) for slot, packed in self._packed.items()]

    def rebind(self, packed: dict[str, tuple[Packed, Packed]]) -> None:
        """Keep other bytes of equal content: id -> (what it is now, what takes its place). Others stay as they are."""
        with self._lock.write():
            for id_, (before, after) in packed.items():
                slot = self._slots.get(id_)
                if slot is not None and self._packed[slot] is before:
                    self._packed[slot] = after

    def _candidates(
        self, ways: Mapping[int, tuple[str, ...]], votes: dict[int, float] | None = None
    ) -> list[Candidate]:
        """`ways` has by slot what proposed it."""
        return [
            Candidate(
                self._ids[slot],
                unpack(self._packed[slot]),
                proposed_by,
                None if votes is None else votes.get(slot, 0.0),
            )
            for slot, proposed_by in ways.items()
        ]


def _ways(models: Iterable[str]) -> list[str]:
    """What a descriptor's proposals are called: the primary one comes first, the others name their model."""
    return ["descriptor" if place == 0 else f"descriptor:{model}" for place, model in enumerate(models)]
