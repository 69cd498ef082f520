"""Logs for tests: keys from numbers, and trees small enough to be computed by the definition."""

import hashlib
from datetime import UTC, datetime

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from provenance.credentials.tlog.checkpoints import Checkpoint
from provenance.credentials.tlog.notes import COSIGNATURE, ED25519, Note, VerifierKey, cosign, sign
from provenance.credentials.tlog.tiles import Tile, tiles_of
from provenance.credentials.tlog.tree import Nodes, complete, leaf_hash

ORIGIN = "art.example/log"
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


class Key:
    """An Ed25519 key that a number makes."""

    def __init__(self, number: int, name: str, kind: int) -> None:
        self._private = Ed25519PrivateKey.from_private_bytes(hashlib.sha256(f"key {number}".encode()).digest())
        self.public = VerifierKey(name, kind, self._private.public_key().public_bytes_raw())

    def sign(self, body: bytes) -> bytes:
        return self._private.sign(body)


LOG = Key(1, ORIGIN, ED25519)
WITNESSES = [Key(10 + number, f"w{number}.example/witness", COSIGNATURE) for number in range(3)]


def entries(count: int) -> list[bytes]:
    return [f"entry {number}".encode() for number in range(count)]


def leaves(count: int) -> list[bytes]:
    return [leaf_hash(entry) for entry in entries(count)]


def nodes_of(hashes: list[bytes]) -> Nodes:
    return lambda height, index: complete(hashes[index << height : (index + 1) << height])


def by_definition(hashes: list[bytes]) -> bytes:
    """MTH of RFC 6962, section 2.1, as it is written there."""
    if not hashes:
        return hashlib.sha256(b"").digest()
    if len(hashes) == 1:
        return hashes[0]
    split = 1
    while split * 2 < len(hashes):
        split *= 2
    return hashlib.sha256(b"\x01" + by_definition(hashes[:split]) + by_definition(hashes[split:])).digest()


def tiled(hashes: list[bytes]) -> dict[Tile, bytes]:
    """Every tile, by its definition in tlog-tiles: number i of level l is the hash over 256^l leaves."""
    found = {}
    for tile in tiles_of(len(hashes)):
        span = 256**tile.level
        places = range(tile.start, tile.start + tile.width)
        found[tile] = b"".join(by_definition(hashes[place * span : (place + 1) * span]) for place in places)
    return found


def checkpoint_note(size: int, root: bytes, *, key: Key = LOG, origin: str = ORIGIN, witnesses: int = 0) -> Note:
    body = Checkpoint(origin, size, root).body
    lines = [cosign(body, witness.public, witness.sign, at=NOON) for witness in WITNESSES[:witnesses]]
    return Note(body, (sign(body, key.public, key.sign), *lines))
