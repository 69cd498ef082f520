"""The log's tree, read from tiles that are a cache of hashes: the entries in the database are the truth."""

import logging
from dataclasses import dataclass
from typing import Final

from provenance.core.errors import MalformedLogProof, Unavailable
from provenance.core.log_ports import TileCache
from provenance.core.ports import Store
from provenance.credentials.tlog.tiles import HEIGHT, WIDTH, Tile, TileNodes, grow
from provenance.credentials.tlog.tree import HASH_BYTES, leaf_hash, root

_SIZE: Final = "size"
_BATCH: Final = 4096  # entries read at once: bounds memory, whatever the log's size
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class LogTree:
    """A tile lies under the path of its full tile and grows there, so that one file answers for every width."""

    store: Store
    cache: TileCache

    def extend(self, size: int) -> None:
        """Bring the tiles up to the log's first `size` entries: O(new entries). Raises Unavailable."""
        if self._size() >= size:
            return
        with self.cache.alone():
            try:
                self._grow(self._size(), size)
            except MalformedLogProof:  # the right edge is gone
                self._make_again(size)

    def settle(self, size: int) -> None:
        """Bring them up, and see that they are tiles of this database: another past shows in the last entry of both,
        for what came after a difference is not the same either. Raises Unavailable."""
        shared = min(size, self._size())
        if shared and not self._ends_with(shared):
            self.rebuild(size)
        self.extend(size)

    def rebuild(self, size: int) -> None:
        """Make every tile again. What is there stays readable meanwhile: right tiles do not change."""
        with self.cache.alone():
            self._make_again(size)

    def tile(self, tile: Tile) -> bytes:
        """The tile's hashes: one file is read. `tile.width` of them have to be in the log. Raises Unavailable."""
        data = self._cached(tile)
        if len(data) == tile.width * HASH_BYTES:
            return data
        covered = (tile.start + tile.width) << HEIGHT * tile.level
        if self._size() < covered:
            self.extend(covered)
        else:
            self.rebuild(self._size())
        return self._cached(tile)

    def nodes(self, size: int) -> TileNodes:
        """For the proofs and roots of one tree of `size` leaves."""
        self.extend(size)
        return TileNodes(size, self.tile)

    def root(self, size: int) -> bytes:
        return root(size, self.nodes(size))

    def _ends_with(self, size: int) -> bool:
        """Whether the leaf of the last of `size` entries is the one in the tiles."""
        place, offset = divmod(size - 1, WIDTH)
        (leaf,) = self._leaves(size - 1, size)
        return self._cached(Tile(0, place, offset + 1))[offset * HASH_BYTES :] == leaf

    def _cached(self, tile: Tile) -> bytes:
        return (self.cache.get(tile.full.path) or b"")[: tile.width * HASH_BYTES]

    def _size(self) -> int:
        """How many entries the tiles hold. What is not a number counts as none: the tiles are made again."""
        text = self.cache.get(_SIZE) or b""
        return int(text) if text.isdigit() else 0

    def _make_again(self, size: int) -> None:
        _log.warning("the log's tiles are damaged or another log's, and are made again from its entries")
        self.cache.put(_SIZE, b"0")
        self._grow(0, size)

    def _grow(self, done: int, size: int) -> None:
        """Under the lock. A tile never gets shorter, so that a reader never misses what it could read before."""
        while done < size:
            end = min(size, done + _BATCH)
            for tile, data in grow(done, self._leaves(done, end), self._cached):
                known = self.cache.get(tile.full.path) or b""
                if not known.startswith(data):
                    self.cache.put(tile.full.path, data)
            done = end
            self.cache.put(_SIZE, str(done).encode())

    def _leaves(self, start: int, end: int) -> list[bytes]:
        with self.store.read() as unit:
            entries = unit.log.entries(start, end)
        if len(entries) != end - start:
            raise Unavailable(
                f"the database has no log entries {start} to {end}", hint="was it restored from a backup?"
            )
        return [leaf_hash(entry.data) for entry in entries]
