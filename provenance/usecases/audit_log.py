"""Replay a log as a monitor does: every entry, every tile, one root, and nothing that was there before may be gone.

Works on any C2SP log, ours or another's: what an entry says is the caller's business.
"""

import json
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from provenance.core.errors import (
    InvalidRequest,
    LogInconsistent,
    LogProofInvalid,
    LogRootMismatch,
    Misconfigured,
    ProvenanceError,
    SourceRefused,
)
from provenance.core.ports import Fetcher
from provenance.credentials.tlog import Policy
from provenance.credentials.tlog.policies import Checked
from provenance.credentials.tlog.proofs import check_fresh
from provenance.credentials.tlog.tiles import WIDTH, Tile, bundle, bundles, split_bundle, split_hashes, tiles_of
from provenance.credentials.tlog.tree import HASH_BYTES, Frontier, complete, leaf_hash

_VERSION: Final = 1

OnEntry = Callable[[int, bytes], None]
"""Called with the index and the bytes of each new entry, in order, before the log's root is known to be right."""


@dataclass(frozen=True, slots=True)
class AuditState:
    """Where an audit stopped: the next one goes on from here, and refuses any other past."""

    origin: str
    size: int
    nodes: tuple[bytes, ...]
    note: str

    def dump(self) -> bytes:
        nodes = [node.hex() for node in self.nodes]
        document = {"version": _VERSION, "origin": self.origin, "size": self.size, "nodes": nodes, "note": self.note}
        return json.dumps(document, indent=1, ensure_ascii=False).encode() + b"\n"

    @classmethod
    def load(cls, data: bytes) -> "AuditState":
        """Raises Misconfigured on anything that `dump` did not write."""
        try:
            document = json.loads(data)
            nodes = tuple(bytes.fromhex(node) for node in document["nodes"])
            state = cls(str(document["origin"]), document["size"], nodes, str(document["note"]))
            if document["version"] != _VERSION or type(state.size) is not int:
                raise ValueError("another form")
            state.frontier()
        except (ValueError, KeyError, TypeError, ProvenanceError):
            raise Misconfigured("this is no state of an audit", hint="name another file with --state") from None
        return state

    def frontier(self) -> Frontier:
        return Frontier(self.size, self.nodes)


@dataclass(frozen=True, slots=True)
class Audited:
    """`first` is the index of the first entry that was read. `tiles` counts what was compared."""

    checked: Checked
    first: int
    tiles: int
    state: AuditState


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditLog:
    """`prefix` is the log's URL; its checkpoint has to satisfy the policy."""

    fetcher: Fetcher
    prefix: str
    policy: Policy

    def __call__(self, known: AuditState | None, *, full: bool = False, on_entry: OnEntry) -> Audited:
        """Read what is new since `known`, or (`full`) all of it again.

        Raises InvalidRequest (the state is another log's), LogRootMismatch (entries, tiles and checkpoint differ),
        LogInconsistent (history was rewritten), StaleCheckpoint (smaller than what is known), LogProofInvalid (the log
        withholds what its checkpoint promises), as `Policy.check` does, Unavailable.
        """
        checked = self.policy.check(self.fetcher.fetch(f"{self.prefix}/checkpoint"))
        size = checked.checkpoint.size
        if known and known.origin != checked.checkpoint.origin:
            raise InvalidRequest(f"the state is that of another log, {known.origin}", hint="name another --state")
        check_fresh(checked.checkpoint, {}, smallest=known.size if known else 0, not_before=None)
        frontier = known.frontier() if known and not full else Frontier()
        first = frontier.size
        full_tiles = self._replay(frontier, size, known, on_entry)
        if frontier.root != checked.checkpoint.root:
            kind = LogInconsistent if first else LogRootMismatch
            raise kind(f"the log's {size} entries do not have the root that its checkpoint says")
        tiles = len(range(first // WIDTH, -(-size // WIDTH))) + self._compare_above(full_tiles, first // WIDTH, size)
        state = AuditState(checked.checkpoint.origin, size, frontier.nodes, checked.note.text)
        return Audited(checked, first, tiles, state)

    def _replay(self, frontier: Frontier, size: int, known: AuditState | None, on_entry: OnEntry) -> list[bytes]:
        """Append every entry to the frontier, and compare the tiles of level 0 on the way. Answers the hashes of the
        full ones, the first of which is the one in which the frontier ended."""
        full_tiles = []
        for tile in bundles(frontier.size, size):
            entries = split_bundle(self._fetch(tile), tile.width)
            hashes = [leaf_hash(entry) for entry in entries]
            self._compare_tile(Tile(0, tile.index, tile.width), hashes, tile.start)
            for index in range(max(frontier.size, tile.start), tile.start + tile.width):
                _same_past(frontier, known)
                frontier.append(hashes[index - tile.start])
                on_entry(index, entries[index - tile.start])
            if tile.width == WIDTH:
                full_tiles.append(complete(hashes))
        _same_past(frontier, known)
        return full_tiles

    def _compare_above(self, hashes: Sequence[bytes], first: int, size: int) -> int:
        """Every tile from level 1 on that holds something new. `hashes` start at number `first` of level 1."""
        compared, level = 0, 1
        while hashes:
            for tile in tiles_of(size):
                if tile.level == level and tile.start + tile.width > first:
                    self._compare_tile(tile, hashes, first)
                    compared += 1
            first, hashes = _above(first, hashes)
            level += 1
        return compared

    def _compare_tile(self, tile: Tile, hashes: Sequence[bytes], first: int) -> None:
        served = split_hashes(self._fetch(tile), tile.width)
        skipped = max(0, first - tile.start)
        start = tile.start + skipped - first
        if served[skipped:] != list(hashes[start : start + tile.width - skipped]):
            raise LogRootMismatch(f"{tile.path} is not the tile of the log's entries")

    def _fetch(self, tile: Tile) -> bytes:
        """A partial one may have become full meanwhile, and the log need not keep the old one."""
        for path in dict.fromkeys((tile.path, tile.full.path)):
            with suppress(SourceRefused):
                data = self.fetcher.fetch(f"{self.prefix}/{path}")
                return data if path == tile.path else _cut(tile, data)
        raise LogProofInvalid(f"the log does not serve {tile.path}, which its checkpoint promises")


def _same_past(frontier: Frontier, known: AuditState | None) -> None:
    """When the replay reaches the size that was audited before, its root has to be the one of then."""
    if known and frontier.size == known.size and frontier.root != known.frontier().root:
        raise LogInconsistent(f"the log's first {known.size} entries are not the ones that were there before")


def _above(first: int, hashes: Sequence[bytes]) -> tuple[int, list[bytes]]:
    """The hashes of the next level that follow from these, and the number of the first of them."""
    start = -(-first // WIDTH)
    places = range(start * WIDTH - first, len(hashes) - WIDTH + 1, WIDTH)
    return start, [complete(hashes[place : place + WIDTH]) for place in places]


def _cut(tile: Tile, whole: bytes) -> bytes:
    if tile.level >= 0:
        return whole[: tile.width * HASH_BYTES]
    return bundle(split_bundle(whole, WIDTH)[: tile.width])
