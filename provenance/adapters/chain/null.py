"""A ledger that nobody else can read: for trying the service without a chain."""

import hashlib
import logging
import struct
from datetime import datetime
from typing import Final

from provenance.adapters.chain.registry import require_leaves, require_root
from provenance.adapters.chain.transactions import MinedAnchor, SignedAnchor
from provenance.core.errors import Conflict, InvalidRequest, Misconfigured, ReceiptMismatch
from provenance.core.ports import Clock

_log = logging.getLogger(__name__)
_FORMAT: Final = struct.Struct(">8sQIH32s")  # magic, nonce, leaf count, attempt, root
_MAGIC: Final = b"nullanch"
_NOBODY: Final = "0x" + "00" * 20


class NullLedger:
    """Satisfies `core.ports.Ledger`, keeps anchors in memory, and proves nothing to anybody.

    It behaves as a chain does that mines and finalises each transaction at once; after a restart it has forgotten, and
    the stored transactions can be sent again. Raises Misconfigured in production.
    """

    def __init__(self, *, production: bool, clock: Clock) -> None:
        if production:
            raise Misconfigured(
                "the null ledger anchors nothing and is refused in production",
                hint="configure a chain, or switch the ledger off",
            )
        _log.warning("the null ledger is in use: anchors are kept in memory and prove nothing")
        self._clock = clock
        self._sent: dict[int, str] = {}  # nonce -> tx hash
        self._anchors: dict[bytes, tuple[datetime, MinedAnchor]] = {}
        self._reverted: set[str] = set()
        self._raw: dict[str, bytes] = {}  # tx hash -> signed bytes

    @property
    def name(self) -> str:
        return "null"

    def prepare(self, root: bytes, leaf_count: int, *, nonce: int | None = None) -> SignedAnchor:
        """Raises Conflict, InvalidRequest."""
        require_root(root)
        require_leaves(leaf_count)
        if root in self._anchors:
            raise Conflict("this root is anchored already", hint="nothing has to be done; look it up on the ledger")
        free = max(self._sent, default=-1) + 1
        return _signed(free if nonce is None else nonce, leaf_count, 0, root)

    def replace(self, raw_tx: bytes) -> SignedAnchor:
        """Raises InvalidRequest."""
        nonce, leaf_count, attempt, root = _fields(raw_tx)
        return _signed(nonce, leaf_count, attempt + 1, root)

    def send(self, raw_tx: bytes) -> None:
        """A second transaction for an anchored root reverts, as on a chain. Raises Conflict, InvalidRequest."""
        nonce, _, _, root = _fields(raw_tx)
        tx_hash = _hash(raw_tx)
        if self._sent.get(nonce) == tx_hash:
            return
        if nonce in self._sent:
            raise Conflict(f"another transaction used the nonce {nonce}")
        self._sent[nonce] = tx_hash
        self._raw[tx_hash] = raw_tx
        if root in self._anchors:
            self._reverted.add(tx_hash)
            return
        block = len(self._sent)
        mined = MinedAnchor(tx_hash, block, "0x" + hashlib.sha256(b"null block %d" % block).hexdigest(), final=True)
        self._anchors[root] = self._clock(), mined
        _log.warning("root %s went to the null ledger: nobody else can confirm it", root.hex())

    def receipt(self, tx_hash: str) -> MinedAnchor | None:
        """Raises ReceiptMismatch when it reverted."""
        if tx_hash in self._reverted:
            raise ReceiptMismatch(f"the transaction {tx_hash} reverted: it anchored nothing")
        return next((mined for _, mined in self._anchors.values() if mined.tx_hash == tx_hash), None)

    def locate(self, root: bytes) -> MinedAnchor | None:
        require_root(root)
        return self._anchors[root][1] if root in self._anchors else None

    def recover(self, root: bytes) -> SignedAnchor | None:
        found = self.locate(root)
        return None if found is None else _signed(*_fields(self._raw[found.tx_hash]))

    def confirm(self, root: bytes) -> datetime:
        """Raises ReceiptMismatch, InvalidRequest."""
        require_root(root)
        if root not in self._anchors:
            raise ReceiptMismatch(f"the null ledger of this process never saw the root {root.hex()}")
        return self._anchors[root][0]


def _signed(nonce: int, leaf_count: int, attempt: int, root: bytes) -> SignedAnchor:
    raw = _FORMAT.pack(_MAGIC, nonce, leaf_count, attempt, root)
    return SignedAnchor(chain_id=0, contract=_NOBODY, sender=_NOBODY, nonce=nonce, tx_hash=_hash(raw), raw_tx=raw)


def _hash(raw_tx: bytes) -> str:
    return "0x" + hashlib.sha256(raw_tx).hexdigest()


def _fields(raw_tx: bytes) -> tuple[int, int, int, bytes]:
    if len(raw_tx) != _FORMAT.size or not raw_tx.startswith(_MAGIC):
        raise InvalidRequest("these bytes are not a transaction of the null ledger")
    _, nonce, leaf_count, attempt, root = _FORMAT.unpack(raw_tx)
    return nonce, leaf_count, attempt, root
