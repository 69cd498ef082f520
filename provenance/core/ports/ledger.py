"""The public ledger that anchors Merkle roots."""

from datetime import datetime
from typing import Protocol


class PreparedAnchor(Protocol):
    """A signed transaction that was not sent yet."""

    @property
    def chain_id(self) -> int: ...
    @property
    def contract(self) -> str: ...
    @property
    def sender(self) -> str: ...
    @property
    def nonce(self) -> int: ...
    @property
    def tx_hash(self) -> str: ...
    @property
    def raw_tx(self) -> bytes: ...


class LedgerReceipt(Protocol):
    @property
    def tx_hash(self) -> str: ...
    @property
    def block_number(self) -> int: ...
    @property
    def block_hash(self) -> str: ...
    @property
    def final(self) -> bool: ...


class Ledger(Protocol):
    """Prepare, store, send, look: a transaction is in the database before it is on the wire (docs/adr/0003)."""

    @property
    def name(self) -> str: ...
    def prepare(self, root: bytes, leaf_count: int, *, nonce: int | None = None) -> PreparedAnchor:
        """`nonce` None asks the node for the next free one.

        Raises Conflict when this root is anchored already, InvalidRequest for an impossible root or count, Unavailable.
        """

    def replace(self, raw_tx: bytes) -> PreparedAnchor:
        """The same anchor at the same nonce with higher fees, for a stuck transaction. Raises like `prepare`."""

    def send(self, raw_tx: bytes) -> None:
        """Idempotent for the same bytes. Raises Conflict when another transaction used up the nonce, Unavailable."""

    def receipt(self, tx_hash: str) -> LedgerReceipt | None:
        """None while it is not mined, or no longer (a reorganisation). Raises ReceiptMismatch when it reverted."""

    def locate(self, root: bytes) -> LedgerReceipt | None:
        """The transaction that anchored this root, whichever it was; None where none did."""

    def recover(self, root: bytes) -> PreparedAnchor | None:
        """That transaction as `prepare` answered it, for a store that has lost it; None where there is none."""

    def confirm(self, root: bytes) -> datetime:
        """When the contract anchored this root. Raises ReceiptMismatch when it did not."""
