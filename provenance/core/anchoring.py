"""The life of an anchor as pure rules: signed -> sent -> mined -> final (docs/adr/0003-prepare-store-send.md).

The use case asks the ledger, calls these, and stores what they answer. No rule looks at a clock or a node.
"""

from dataclasses import replace

from provenance.core.errors import ReceiptMismatch
from provenance.core.ports import LedgerReceipt, PreparedAnchor
from provenance.core.records import AnchorBatch, AnchorState

_ENDED = (AnchorState.FINAL, AnchorState.FAILED)


def must_send(batch: AnchorBatch) -> bool:
    """True while the transaction may be missing from the network. Sending the same bytes again is harmless."""
    return batch.state in (AnchorState.SIGNED, AnchorState.SENT)


def sent(batch: AnchorBatch) -> AnchorBatch:
    """The node took the transaction."""
    return replace(batch, state=AnchorState.SENT) if batch.state is AnchorState.SIGNED else batch


def next_state(batch: AnchorBatch, receipt: LedgerReceipt | None) -> AnchorBatch:
    """The batch after looking for its transaction. `receipt` None: no block on the node's chain has it.

    A mined transaction that vanished in a reorganisation goes back to SIGNED, so that the stored bytes are sent again.
    One that moved to another block stays MINED, with the new block. FINAL and FAILED are ends.
    Raises ReceiptMismatch when the receipt is another transaction's.
    """
    if batch.state in _ENDED:
        return batch
    if receipt is not None:
        return _placed(batch, receipt)
    if batch.state is AnchorState.MINED:
        return replace(batch, state=AnchorState.SIGNED, block_number=None, block_hash=None)
    return batch


def adopted(batch: AnchorBatch, receipt: LedgerReceipt) -> AnchorBatch:
    """The batch whose root another transaction than the stored one anchored, found by `Ledger.locate`.

    It happens when a transaction was replaced with higher fees and the first one was mined after all. Before that one
    is final nothing changes: while it can still vanish, the stored bytes are the ones to send.
    """
    if batch.state is AnchorState.FINAL or not receipt.final:
        return batch
    return _placed(replace(batch, tx_hash=receipt.tx_hash), receipt)


def resigned(batch: AnchorBatch, prepared: PreparedAnchor) -> AnchorBatch:
    """The batch with another transaction for the same root: higher fees, or a new nonce after losing one."""
    if batch.state is AnchorState.FINAL:
        return batch
    return replace(
        batch,
        state=AnchorState.SIGNED,
        chain_id=prepared.chain_id,
        contract=prepared.contract,
        sender=prepared.sender,
        nonce=prepared.nonce,
        tx_hash=prepared.tx_hash,
        raw_tx=prepared.raw_tx,
        block_number=None,
        block_hash=None,
    )


def failed(batch: AnchorBatch) -> AnchorBatch:
    """Given up: the transaction reverted or can't be sent, and the root is not anchored. A person has to look."""
    return batch if batch.state is AnchorState.FINAL else replace(batch, state=AnchorState.FAILED)


def _placed(batch: AnchorBatch, receipt: LedgerReceipt) -> AnchorBatch:
    if receipt.tx_hash != batch.tx_hash:
        raise ReceiptMismatch(f"the receipt is for {receipt.tx_hash}, not for {batch.tx_hash}")
    state = AnchorState.FINAL if receipt.final else AnchorState.MINED
    return replace(batch, state=state, block_number=receipt.block_number, block_hash=receipt.block_hash)
