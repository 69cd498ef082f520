"""Merkle batches and their transactions."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import String, type_coerce
from sqlmodel import col, func, insert, or_, select

from provenance.adapters.store.models import AnchorBatchRow, AnchorLeafRow
from provenance.adapters.store.repositories.repository import Repository
from provenance.core.errors import Conflict
from provenance.core.records import AnchorBatch, AnchorState
from provenance.core.types import WorkId

_ENDED = (AnchorState.FINAL, AnchorState.FAILED)


class SqlAnchors(Repository):
    def add(self, batch: AnchorBatch) -> AnchorBatch:
        values = AnchorBatchRow.values(batch)
        del values["id"]
        query = insert(AnchorBatchRow).values(values).returning(col(AnchorBatchRow.id))
        try:
            with self._savepoint():
                given = self._session.connection().execute(query).scalar_one()
        except Conflict as conflict:
            raise Conflict("this root or this nonce is in a batch already") from conflict
        leaves = (
            {"batch_id": given, "position": position, "work_id": WorkId.parse(work), "certificate_hash": digest}
            for position, (work, digest) in enumerate(batch.leaves)
        )
        self._insert(AnchorLeafRow, *leaves)
        return replace(batch, id=given)

    def update(self, batch: AnchorBatch) -> None:
        row = self._locked(AnchorBatchRow, f"anchor batch {batch.id}", col(AnchorBatchRow.id) == batch.id)
        for name in ("state", "nonce", "tx_hash", "raw_tx", "block_number", "block_hash"):
            setattr(row, name, getattr(batch, name))
        self._update(row)

    def unfinished(self) -> list[AnchorBatch]:
        query = select(AnchorBatchRow).where(col(AnchorBatchRow.state).not_in(_ENDED))
        return self._batches(self._session.exec(query.order_by(col(AnchorBatchRow.id))).all())

    def next_nonce(self, chain_id: int, sender: str) -> int | None:
        used = or_(col(AnchorBatchRow.state) != AnchorState.FAILED, col(AnchorBatchRow.block_number).is_not(None))
        query = select(func.max(AnchorBatchRow.nonce)).where(
            col(AnchorBatchRow.chain_id) == chain_id, col(AnchorBatchRow.sender) == sender, used
        )
        highest = self._session.exec(query).one()
        return None if highest is None else highest + 1

    def of_work(self, work_id: WorkId) -> list[AnchorBatch]:
        ids = select(AnchorLeafRow.batch_id).where(col(AnchorLeafRow.work_id) == work_id)
        query = select(AnchorBatchRow).where(col(AnchorBatchRow.id).in_(ids)).order_by(col(AnchorBatchRow.id))
        return self._batches(self._session.exec(query).all())

    def _batches(self, rows: Sequence[AnchorBatchRow]) -> list[AnchorBatch]:
        if not rows:
            return []
        leaves: defaultdict[int, list[tuple[str, str]]] = defaultdict(list)
        query = (
            select(
                col(AnchorLeafRow.batch_id),
                type_coerce(AnchorLeafRow.work_id, String),
                col(AnchorLeafRow.certificate_hash),
            )
            .where(col(AnchorLeafRow.batch_id).in_([row.id for row in rows]))
            .order_by(col(AnchorLeafRow.batch_id), col(AnchorLeafRow.position))
        )
        for batch_id, work_id, digest in self._session.exec(query):
            leaves[batch_id].append((work_id, digest))
        return [row.to(AnchorBatch, leaves=tuple(leaves[row.id])) for row in rows]
