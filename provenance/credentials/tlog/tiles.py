"""C2SP tlog-tiles: how a tree and its entries are cut into static resources of 256 hashes or entries."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from provenance.core.errors import InvalidRequest, MalformedLogProof
from provenance.credentials.messages import refusal
from provenance.credentials.tlog.tree import HASH_BYTES, complete

WIDTH: Final = 256
HEIGHT: Final = 8
ENTRIES: Final = -1
"""The `level` of an entry bundle."""

MAX_ENTRY: Final = 0xFFFF
MAX_BUNDLE: Final = WIDTH * (MAX_ENTRY + 2)
"""Bytes of the largest entry bundle."""

_PATH: Final = re.compile(r"tile/(entries|[0-9]{1,2})/((?:x[0-9]{3}/){0,6}[0-9]{3})(?:\.p/([1-9][0-9]{0,2}))?")
_TOP: Final = 7  # 256^8 leaves are more than any tree has


@dataclass(frozen=True, slots=True, order=True)
class Tile:
    """`width` hashes (or entries) from number `256 * index` of its level on; 256 of them are a full tile."""

    level: int
    index: int
    width: int = WIDTH

    @property
    def path(self) -> str:
        """Relative to the log's prefix: `tile/0/x001/234` or `tile/entries/000.p/7`."""
        level = "entries" if self.level == ENTRIES else str(self.level)
        partial = "" if self.width == WIDTH else f".p/{self.width}"
        return f"tile/{level}/{_index_path(self.index)}{partial}"

    @property
    def full(self) -> "Tile":
        """The full tile at the same place."""
        return Tile(self.level, self.index)

    @property
    def start(self) -> int:
        """The number, in its level, of its first hash or entry."""
        return self.index * WIDTH

    @classmethod
    def parse(cls, path: str) -> "Tile":
        """Read a path; only the one canonical form is one. Raises InvalidRequest."""
        found = _PATH.fullmatch(path)
        if found is not None:
            level, digits, width = found.groups()
            index = int(re.sub("[x/]", "", digits))
            tile = cls(ENTRIES if level == "entries" else int(level), index, int(width or WIDTH))
            if tile.path == path and tile.level < 64 and tile.width <= WIDTH:
                return tile
        raise InvalidRequest("this is no path of a tile", hint="paths look like tile/0/x001/234 or tile/0/000.p/7")

    def exists(self, size: int) -> bool:
        """Whether a log of `size` entries has it."""
        return self.level <= _TOP and self.start + self.width <= _count(self.level, size)


ReadTile = Callable[[Tile], bytes]
"""A tile's hashes, exactly `32 * tile.width` bytes."""


class TileNodes:
    """The `Nodes` of a tree of `size` leaves, read from its tiles: two tiles a level are enough for any proof.

    Each tile is read once in the life of an instance, so make one for each question.
    """

    def __init__(self, size: int, read: ReadTile) -> None:
        self._size = size
        self._read = read
        self._tiles: dict[tuple[int, int], list[bytes]] = {}

    def __call__(self, height: int, index: int) -> bytes:
        """Raises MalformedLogProof when a tile has not as many hashes as it should."""
        level, inner = divmod(height, HEIGHT)
        tile, offset = divmod(index << inner, WIDTH)
        return complete(self._hashes(level, tile)[offset : offset + (1 << inner)])

    def _hashes(self, level: int, index: int) -> list[bytes]:
        known = self._tiles.get((level, index))
        if known is None:
            tile = Tile(level, index, min(WIDTH, _count(level, self._size) - index * WIDTH))
            known = self._tiles[level, index] = split_hashes(self._read(tile), tile.width)
        return known


def split_hashes(data: bytes, width: int) -> list[bytes]:
    """Raises MalformedLogProof unless `data` is `width` hashes."""
    if len(data) != width * HASH_BYTES:
        raise refusal(MalformedLogProof, "log-tile-length", given=str(len(data)), wanted=str(width * HASH_BYTES))
    return [data[at : at + HASH_BYTES] for at in range(0, len(data), HASH_BYTES)]


def grow(size: int, leaves: Sequence[bytes], read: ReadTile) -> Iterator[tuple[Tile, bytes]]:
    """The tiles that change when a tree of `size` leaves gets more, level by level. `leaves` are their hashes.

    Reads one partial tile a level, the old right edge. Holds one batch of leaves in memory, not the tree.
    """
    level, fresh = 0, list(leaves)
    while fresh:
        first, kept = divmod(_count(level, size), WIDTH)
        hashes = split_hashes(read(Tile(level, first, kept)), kept) if kept else []
        hashes += fresh
        fresh = []
        for index, at in enumerate(range(0, len(hashes), WIDTH), start=first):
            part = hashes[at : at + WIDTH]
            yield Tile(level, index, len(part)), b"".join(part)
            if len(part) == WIDTH:
                fresh.append(complete(part))
        level += 1


def tiles_of(size: int) -> Iterator[Tile]:
    """Every tile of hashes of a log of `size` entries, level by level."""
    level = 0
    while count := _count(level, size):
        for start in range(0, count, WIDTH):
            yield Tile(level, start // WIDTH, min(WIDTH, count - start))
        level += 1


def bundles(start: int, end: int) -> Iterator[Tile]:
    """The entry bundles that together hold the entries [start, end) of a log of `end` entries."""
    for index in range(start // WIDTH, -(-end // WIDTH)):
        yield Tile(ENTRIES, index, min(WIDTH, end - index * WIDTH))


def bundle(entries: Sequence[bytes]) -> bytes:
    """Each entry behind its length as two big-endian bytes. Raises ValueError on an entry over 65,535 bytes."""
    if any(len(entry) > MAX_ENTRY for entry in entries):
        raise ValueError("an entry has at most 65,535 bytes")
    return b"".join(len(entry).to_bytes(2, "big") + entry for entry in entries)


def split_bundle(data: bytes, width: int) -> list[bytes]:
    """Raises MalformedLogProof unless `data` is exactly `width` entries."""
    entries: list[bytes] = []
    at = 0
    while at + 2 <= len(data) and len(entries) < width:
        end = at + 2 + int.from_bytes(data[at : at + 2], "big")
        entries.append(data[at + 2 : end])
        at = end
    if at != len(data) or len(entries) != width:
        raise refusal(MalformedLogProof, "log-bundle", wanted=str(width))
    return entries


def _count(level: int, size: int) -> int:
    """How many hashes a level has; bundles count as level 0."""
    return size >> HEIGHT * max(level, 0)


def _index_path(index: int) -> str:
    groups = [f"{index % 1000:03d}"]
    while index := index // 1000:
        groups.append(f"x{index % 1000:03d}")
    return "/".join(reversed(groups))
