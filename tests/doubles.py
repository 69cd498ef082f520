"""Small in-memory parts that keep the ports' promises, for tests that are about something else.

Not mocks: each works on any input, so a use case that is tested with them is tested whole. `PixelWatermarker` writes
its payload where a lossless file keeps it and any compression loses it; `ThumbnailMatcher` compares 16 x 16 thumbnails;
`ScriptedLedger` is a chain whose blocks, reorganisations and outages a test dictates.
"""

import hashlib
import itertools
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from provenance.core.errors import CannotHoldMark, Conflict, ReceiptMismatch, Unavailable
from provenance.core.ports import Operation
from provenance.core.types import Detection, Region

Pixels = NDArray[np.uint8]


@dataclass
class SteppingClock:
    """Stands still until a test moves it."""

    now: datetime = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **by: float) -> None:
        self.now += timedelta(**by)


# ---- watermarker

_PAYLOAD_BYTES: Final = 8
_TAG_BYTES: Final = 8
_BITS: Final = 8 * (_PAYLOAD_BYTES + _TAG_BYTES)


class PixelWatermarker:
    """The lowest bits of the first 128 blue values: the payload and a keyed tag over it."""

    alg = "pixel-1"
    capacity_bits = 64

    def __init__(self, key: bytes = b"a key for tests", key_id: str = "wm-test") -> None:
        self._key = key
        self.key_id = key_id

    def embed(self, pixels: Pixels, payload: int, *, like: Pixels | None = None) -> Pixels:
        if pixels.shape[0] * pixels.shape[1] < _BITS:
            raise CannotHoldMark(f"the picture has less than {_BITS} pixels")
        body = payload.to_bytes(_PAYLOAD_BYTES, "big")
        bits = np.unpackbits(np.frombuffer(body + self._tag(body), np.uint8))
        marked = pixels.copy()
        blue = marked.reshape(-1, 3)[:_BITS, 2]
        blue[:] = blue & 0xFE | bits
        return marked

    def detect(self, pixels: Pixels) -> Detection | None:
        bits = pixels.reshape(-1, 3)[:_BITS, 2] & 1
        if len(bits) < _BITS:
            return None
        data = np.packbits(bits).tobytes()
        body, tag = data[:_PAYLOAD_BYTES], data[_PAYLOAD_BYTES:]
        if tag != self._tag(body):
            return None
        payload = int.from_bytes(body, "big")
        return Detection(payload, 1 - 2.0**-64, 1.0, 0.0, mirrored=False, key_id=self.key_id)

    def locate(self, pixels: Pixels, detection: Detection) -> Region | None:
        return ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)) if self.detect(pixels) == detection else None

    def _tag(self, body: bytes) -> bytes:
        return hashlib.blake2b(body, key=self._key, digest_size=_TAG_BYTES).digest()


def copy_mark(marked: Pixels, onto: Pixels) -> Pixels:
    """What a forger does: the bits that hold the mark, put into another picture."""
    forged = onto.copy()
    forged.reshape(-1, 3)[:_BITS, 2] = forged.reshape(-1, 3)[:_BITS, 2] & 0xFE | marked.reshape(-1, 3)[:_BITS, 2] & 1
    return forged


# ---- matcher

_SIDE: Final = 16
_MAGIC: Final = b"thumb-1\n"
_STEPS: Final = ((0.0, "identical", 1.0), (4.0, "copy", 0.99), (12.0, "edited", 0.9), (30.0, "similar", 0.3))
"""Mean distance of the thumbnails, in grey levels, up to which a grade and its probability hold."""


@dataclass(frozen=True)
class Witness:
    kind: str
    score: float
    threshold: float
    region: Any = None
    lower_is_closer: bool = True


@dataclass(frozen=True)
class Resemblance:
    id: str
    grade: str
    probability: float
    evidence: tuple[Witness, ...]
    region_query: Any = None
    region_reference: Any = None
    calibration: str = "thumbnail-steps-1"
    proposed_by: tuple[str, ...] = ("descriptor",)
    decisive: bool = False


_FRAME: Final = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0))


@dataclass(frozen=True)
class Lying:
    """Satisfies `core.ports.Aligned`."""

    share: float
    transform: Any = ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0))
    mirrored: bool = False
    inliers: int = 0
    region_query: Any = _FRAME
    region_reference: Any = _FRAME
    heat: Any = ((100, 50), (-1, 0))


class ThumbnailMatcher:
    """Pictures are as alike as their thumbnails."""

    models = ("thumbnail-16",)

    def __init__(self) -> None:
        self._prints: dict[str, NDArray[np.float64]] = {}
        self._checkpoint = 0
        self.seals = 0

    def describe(self, pictures: Sequence[Pixels]) -> list[bytes]:
        return [_MAGIC + self._thumbnail(picture).astype(np.uint8).tobytes() for picture in pictures]

    def apply(self, operations: Iterable[Operation]) -> None:
        for operation in operations:
            if operation.sequence <= self._checkpoint:
                continue
            if operation.fingerprint is None:
                self._prints.pop(operation.id, None)
            else:
                data = operation.fingerprint.removeprefix(_MAGIC)
                self._prints[operation.id] = np.frombuffer(data, np.uint8).astype(float).reshape(_SIDE, _SIDE, 3)
            self._checkpoint = operation.sequence

    def checkpoint(self) -> int:
        return self._checkpoint

    def match(self, picture: Pixels, *, candidates: Sequence[str] = ()) -> list[Resemblance]:
        return [match for match in self.explain(picture) if match.grade != "none" or match.id in candidates]

    def explain(self, picture: Pixels, *, candidates: Sequence[str] = ()) -> list[Resemblance]:
        query = self._thumbnail(picture)
        found = [self._judge(id_, float(np.abs(print_ - query).mean())) for id_, print_ in self._prints.items()]
        return sorted(found, key=lambda match: -match.probability)

    def align(self, picture: Pixels, id_: str, /) -> Lying | None:
        """Found pictures lie on the whole query, or nowhere."""
        if id_ not in self._prints:
            return None
        found = self._judge(id_, float(np.abs(self._prints[id_] - self._thumbnail(picture)).mean()))
        return Lying(share=found.probability) if found.region_query else None

    def fresh(self) -> "ThumbnailMatcher":
        return ThumbnailMatcher()

    def seal(self) -> None:
        self.seals += 1

    def __contains__(self, id_: str) -> bool:
        return id_ in self._prints

    @staticmethod
    def _thumbnail(picture: Pixels) -> NDArray[np.float64]:
        small = Image.fromarray(picture).resize((_SIDE, _SIDE), Image.Resampling.BOX)
        return np.asarray(small).astype(float)

    @staticmethod
    def _judge(id_: str, distance: float) -> Resemblance:
        witness = Witness("descriptor", distance, 12.0)
        for limit, grade, probability in _STEPS:
            if distance <= limit:
                region = _FRAME if grade in ("identical", "copy", "edited") else None
                return Resemblance(id_, grade, probability, (witness,), region, region)
        return Resemblance(id_, "none", 0.0, (witness,))


# ---- ledger


@dataclass(frozen=True)
class SignedTx:
    """Satisfies `core.ports.PreparedAnchor`."""

    nonce: int
    root: bytes
    tip: int = 1
    chain_id: int = 31337
    contract: str = "0x" + "c0" * 20
    sender: str = "0x" + "5e" * 20

    @property
    def raw_tx(self) -> bytes:
        return b"%d %d %s" % (self.nonce, self.tip, self.root.hex().encode())

    @property
    def tx_hash(self) -> str:
        return "0x" + hashlib.sha256(self.raw_tx).hexdigest()

    @classmethod
    def read(cls, raw_tx: bytes) -> "SignedTx":
        nonce, tip, root = raw_tx.split(b" ")
        return cls(int(nonce), bytes.fromhex(root.decode()), int(tip))


@dataclass(frozen=True)
class Mined:
    """Satisfies `core.ports.LedgerReceipt`."""

    tx_hash: str
    block_number: int
    block_hash: str
    final: bool


@dataclass
class ScriptedLedger:
    """One account on a chain that mines when it is told to. `down_in` counts the calls until the node is gone."""

    depth: int = 3  # blocks that make an anchor final
    down_in: int | None = None
    name: str = "scripted"
    pool: dict[int, SignedTx] = field(default_factory=dict)  # by nonce
    blocks: list[list[SignedTx]] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    on_send: Callable[[bytes], None] = lambda _raw: None
    refused: set[str] = field(default_factory=set)  # hashes of transactions that revert
    _forks: "itertools.count[int]" = field(default_factory=itertools.count)
    _hashes: list[str] = field(default_factory=list)

    # -- the port

    def prepare(self, root: bytes, leaf_count: int, *, nonce: int | None = None) -> SignedTx:
        self._call("prepare")
        if self._anchoring(root) is not None:
            raise Conflict("this root is anchored already")
        assert leaf_count > 0
        return SignedTx(self.nonce if nonce is None else nonce, root)

    def replace(self, raw_tx: bytes) -> SignedTx:
        self._call("replace")
        old = SignedTx.read(raw_tx)
        return SignedTx(old.nonce, old.root, old.tip + 1)

    def send(self, raw_tx: bytes) -> None:
        self._call("send")
        self.on_send(raw_tx)
        tx = SignedTx.read(raw_tx)
        if any(tx == known for block in self.blocks for known in block):
            return
        if tx.nonce < self._mined_nonce or self.pool.get(tx.nonce, tx).tip > tx.tip:
            raise Conflict(f"another transaction used the nonce {tx.nonce}")
        self.pool[tx.nonce] = tx

    def receipt(self, tx_hash: str) -> Mined | None:
        self._call("receipt")
        place = self._place(lambda tx: tx.tx_hash == tx_hash)
        if place is None:
            return None
        tx, number = place
        first = self._anchoring(tx.root)
        if first is None or first[0] != tx:
            raise ReceiptMismatch(f"the transaction {tx_hash} reverted: it anchored nothing")
        return self._mined(tx, number)

    def locate(self, root: bytes) -> Mined | None:
        self._call("locate")
        found = self._anchoring(root)
        return None if found is None else self._mined(*found)

    def recover(self, root: bytes) -> SignedTx | None:
        self._call("recover")
        found = self._anchoring(root)
        return None if found is None else found[0]

    def confirm(self, root: bytes) -> datetime:
        self._call("confirm")
        found = self._anchoring(root)
        if found is None:
            raise ReceiptMismatch("the contract never saw this root")
        return datetime(2026, 3, 1, tzinfo=UTC) + timedelta(seconds=12 * found[1])

    # -- the script

    @property
    def nonce(self) -> int:
        """The next free one, as a node counts it: mined and waiting without a gap."""
        nonce = self._mined_nonce
        while nonce in self.pool:
            nonce += 1
        return nonce

    def mine(self, blocks: int = 1) -> None:
        for _ in range(blocks):
            taken = []
            while self._mined_nonce + len(taken) in self.pool:
                taken.append(self.pool.pop(self._mined_nonce + len(taken)))
            self.blocks.append(taken)
            self._hashes.append("0x" + hashlib.sha256(b"block %d" % next(self._forks)).hexdigest())

    def reorganise(self, blocks: int, *, keep_pool: bool = False) -> None:
        """The last blocks vanish, and what was in them, unless the nodes kept it for the next block."""
        for _ in range(blocks):
            gone = self.blocks.pop()
            self._hashes.pop()
            if keep_pool:
                self.pool |= {tx.nonce: tx for tx in gone}

    def forget_pool(self) -> None:
        """The node restarted."""
        self.pool.clear()

    def refuse(self, tx_hash: str) -> None:
        """The contract will revert this transaction, for a reason of its own."""
        self.refused.add(tx_hash)

    def use_nonce(self, root: bytes = b"\x11" * 32) -> None:
        """Another program of the same account gets its own transaction mined at the next nonce."""
        self.pool[self._mined_nonce] = SignedTx(self._mined_nonce, root, tip=99)
        self.mine()

    def _call(self, name: str) -> None:
        if self.down_in is not None:
            if self.down_in <= 0:
                raise Unavailable("the node does not answer")
            self.down_in -= 1
        self.calls.append(name)

    @property
    def _mined_nonce(self) -> int:
        return sum(len(block) for block in self.blocks)

    def _place(self, wanted: Callable[[SignedTx], bool]) -> tuple[SignedTx, int] | None:
        for number, block in enumerate(self.blocks, start=1):
            for tx in block:
                if wanted(tx):
                    return tx, number
        return None

    def _anchoring(self, root: bytes) -> tuple[SignedTx, int] | None:
        return self._place(lambda tx: tx.root == root and tx.tx_hash not in self.refused)

    def _mined(self, tx: SignedTx, number: int) -> Mined:
        return Mined(tx.tx_hash, number, self._hashes[number - 1], len(self.blocks) - number + 1 >= self.depth)
