"""Batches and their items."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlmodel import col, delete, func, select, update

from provenance.adapters.store import cursors
from provenance.adapters.store.bulk_models import BatchItemRow, BatchRow, UploadPrintRow
from provenance.adapters.store.repositories.repository import Repository
from provenance.core.bulk import Batch, BatchItem, ItemState
from provenance.core.errors import Busy, Conflict

RETRY_AFTER = 30  # seconds: some items of a batch take about that long

_ADVISORY_LOCK = 0x70762D626174  # "pv-bat"


class SqlBatches(Repository):
    def add(self, batch: Batch, items: Sequence[BatchItem], *, most_open: int) -> None:
        self._alone(_ADVISORY_LOCK)  # or two requests would count the same open ones
        is_open = (col(BatchRow.owner) == batch.owner, col(BatchRow.finished_at).is_(None))
        count = self._session.exec(select(func.count()).select_from(BatchRow).where(*is_open)).one()
        if count >= most_open:
            hint = "wait until one is finished, or cancel one"
            raise Busy(f"{count} of your batches are being checked already", retry_after=RETRY_AFTER, hint=hint)
        try:
            with self._savepoint():
                self._insert(BatchRow, BatchRow.values(batch))
                self._insert(BatchItemRow, *map(BatchItemRow.values, items))
        except Conflict as conflict:
            raise Conflict(f"there is a batch {batch.id}") from conflict

    def get(self, batch_id: str) -> Batch:
        return self._one(BatchRow, f"batch {batch_id}", col(BatchRow.id) == batch_id).to(Batch)

    def page(self, *, after: str | None, limit: int, owner: str | None = None) -> tuple[list[Batch], str | None]:
        rows, more = cursors.newest(self._session, BatchRow, after=after, limit=limit, owner=owner)
        return [row.to(Batch) for row in rows], more

    def item(self, batch_id: str, position: int) -> BatchItem:
        return self._one(BatchItemRow, f"item {position} of {batch_id}", *_is(batch_id, position)).to(BatchItem)

    def items(self, batch_id: str, *, after: int = -1, limit: int, state: ItemState | None = None) -> list[BatchItem]:
        query = select(BatchItemRow).where(col(BatchItemRow.batch_id) == batch_id, col(BatchItemRow.position) > after)
        if state is not None:
            query = query.where(col(BatchItemRow.state) == state)
        rows = self._session.exec(query.order_by(col(BatchItemRow.position)).limit(limit))
        return [row.to(BatchItem) for row in rows]

    def tally(self, batch_id: str) -> dict[tuple[ItemState, str | None], int]:
        query = (
            select(BatchItemRow.state, BatchItemRow.grade, func.count())
            .where(col(BatchItemRow.batch_id) == batch_id)
            .group_by(col(BatchItemRow.state), col(BatchItemRow.grade))
        )
        return {(ItemState(state), grade): count for state, grade, count in self._session.exec(query)}

    def hold(self, batch_id: str) -> Batch:
        return self._held(batch_id).to(Batch)

    def settle(self, item: BatchItem, at: datetime) -> bool:
        batch = self._held(item.batch_id)
        row = self._locked(BatchItemRow, f"item {item.position} of {item.batch_id}", *_is(item.batch_id, item.position))
        if row.state is not ItemState.WAITING:
            return False
        for name, value in BatchItemRow.values(item).items():
            setattr(row, name, value)
        self._update(row)
        if not self.items(item.batch_id, limit=1, state=ItemState.WAITING):
            batch.finished_at = at
            self._update(batch)
        return True

    def cancel(self, batch_id: str, at: datetime) -> Batch:
        row = self._held(batch_id)
        if row.finished_at is None:
            waiting = (col(BatchItemRow.batch_id) == batch_id, col(BatchItemRow.state) == ItemState.WAITING)
            self._session.exec(update(BatchItemRow).where(*waiting).values(state=ItemState.CANCELLED))
            row.finished_at = row.cancelled_at = at
            self._update(row)
        return row.to(Batch)

    def delete(self, batch_id: str) -> None:
        row = self._held(batch_id)
        self._session.exec(delete(UploadPrintRow).where(col(UploadPrintRow.group) == batch_id))
        self._session.exec(delete(BatchItemRow).where(col(BatchItemRow.batch_id) == batch_id))
        self._session.delete(row)
        self._session.flush()

    def _held(self, batch_id: str) -> BatchRow:
        """Held until the transaction ends: of two workers with the last two items, the second sees the first's."""
        return self._locked(BatchRow, f"batch {batch_id}", col(BatchRow.id) == batch_id)


def _is(batch_id: str, position: int) -> tuple[Any, Any]:
    return col(BatchItemRow.batch_id) == batch_id, col(BatchItemRow.position) == position
