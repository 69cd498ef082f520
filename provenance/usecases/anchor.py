"""Anchor the works that wait: one Merkle root a batch, its transaction in the database before it is on the wire."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from provenance.core.anchoring import adopted, failed, must_send, next_state, resigned, sent
from provenance.core.errors import Conflict, ReceiptMismatch, Unavailable
from provenance.core.ports import Clock, Ledger, PreparedAnchor, Store
from provenance.core.records import AnchorBatch, AnchorState, Work
from provenance.core.types import WorkId
from provenance.credentials.vc.merkle import MerkleBatch
from provenance.credentials.vc.receipts import receipt

MAX_BATCH: Final = 10_000
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Anchor:
    """Raises Unavailable when the node does not answer; what was stored is sent by the next run."""

    store: Store
    ledger: Ledger
    clock: Clock

    def __call__(self, *, progress: Callable[[AnchorBatch], None] = lambda _batch: None) -> list[AnchorBatch]:
        """Follow up every unfinished batch, then batch what waits. Returns the batches that were touched."""
        touched = self.follow_up()
        fresh = self._prepare()
        if fresh is not None:
            touched.append(self._advance(fresh))
        for batch in touched:
            progress(batch)
        return touched

    def follow_up(self) -> list[AnchorBatch]:
        """Send what was not sent, look for what was, notice what a reorganisation took away."""
        with self.store.read() as unit:
            unfinished = unit.anchors.unfinished()
        return [self._advance(batch) for batch in unfinished]

    def replace(self) -> list[AnchorBatch]:
        """Sign again, with higher fees, every transaction that no block has, and send it. Returns those batches.

        At most one of the two will be mined; the ones that follow find out which.
        """
        with self.store.read() as unit:
            unfinished = unit.anchors.unfinished()
        waiting = [batch for batch in map(self._look, unfinished) if must_send(batch)]
        return [self._advance(self._save(resigned(batch, self.ledger.replace(batch.raw_tx)))) for batch in waiting]

    def _prepare(self) -> AnchorBatch | None:
        with self.store.read() as unit:
            works = unit.works.without_anchor(MAX_BATCH)
        if not works:
            return None
        leaves = [_leaf(work) for work in works]
        root = MerkleBatch(leaves).root
        try:
            prepared, state = self._sign(root, len(leaves)), AnchorState.SIGNED
        except Conflict:  # anchored before: this database was restored from a backup that is older than the anchor
            prepared, state = self._recover(root), AnchorState.SENT
        batch = AnchorBatch(
            id=0,
            root=root.hex(),
            leaves=tuple((str(work.id), work.certificate_hash) for work in works),
            state=state,
            created_at=self.clock(),
            chain_id=prepared.chain_id,
            contract=prepared.contract,
            sender=prepared.sender,
            nonce=prepared.nonce,
            tx_hash=prepared.tx_hash,
            raw_tx=prepared.raw_tx,
        )
        with self.store.unit() as unit:
            return unit.anchors.add(batch)

    def _sign(self, root: bytes, leaf_count: int) -> PreparedAnchor:
        """Under a nonce that neither the node nor an earlier batch of ours has used. Raises Conflict."""
        first = self.ledger.prepare(root, leaf_count)
        with self.store.read() as unit:
            nonce = unit.anchors.next_nonce(first.chain_id, first.sender)
        return first if nonce is None or nonce <= first.nonce else self.ledger.prepare(root, leaf_count, nonce=nonce)

    def _recover(self, root: bytes) -> PreparedAnchor:
        found = self.ledger.recover(root)
        if found is None:  # a reorganisation took it away between two questions
            raise Unavailable("the ledger changed its mind about this root", hint="anchor again in a moment")
        return found

    def _advance(self, batch: AnchorBatch) -> AnchorBatch:
        batch = self._look(batch)
        if must_send(batch):
            batch = self._look(self._send(batch))
        return batch

    def _look(self, batch: AnchorBatch) -> AnchorBatch:
        try:
            return self._save(next_state(batch, self.ledger.receipt(batch.tx_hash)))
        except ReceiptMismatch as error:  # it reverted: another of our transactions may have anchored the root
            found = self.ledger.locate(bytes.fromhex(batch.root))
            if found is not None:
                return self._save(adopted(batch, found))
            _log.error("anchor batch %s failed: %s", batch.id, error.reason)
            return self._save(failed(batch))

    def _send(self, batch: AnchorBatch) -> AnchorBatch:
        try:
            self.ledger.send(batch.raw_tx)
        except Conflict:  # another transaction used up the nonce: it was our own replacement, or somebody else's
            found = self.ledger.locate(bytes.fromhex(batch.root))
            if found is not None:
                return self._save(adopted(batch, found))
            batch = self._save(resigned(batch, self._sign(bytes.fromhex(batch.root), len(batch.leaves))))
            self.ledger.send(batch.raw_tx)
        return self._save(sent(batch))

    def _save(self, batch: AnchorBatch) -> AnchorBatch:
        with self.store.unit() as unit:
            unit.anchors.update(batch)
        return batch


def receipts(batches: list[AnchorBatch], work: Work) -> list[dict[str, Any]]:
    """The receipts of one work: root, Merkle path and where the root stands on chain. Only final anchors count: a block
    that is merely mined can still vanish."""
    return [_receipt(batch, work) for batch in batches if batch.state is AnchorState.FINAL]


def _receipt(batch: AnchorBatch, work: Work) -> dict[str, Any]:
    tree = MerkleBatch([(WorkId.parse(work_id), bytes.fromhex(digest)) for work_id, digest in batch.leaves])
    return receipt(batch, path=tree.path(_leaf(work)))


def _leaf(work: Work) -> tuple[WorkId, bytes]:
    return work.id, bytes.fromhex(work.certificate_hash)
