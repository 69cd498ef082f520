"""Works and the digests of their content."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import literal, tuple_
from sqlmodel import col, delete, func, select

from provenance.adapters.store import cursors
from provenance.adapters.store.columns import UtcTime, WorkIdText
from provenance.adapters.store.models import AnchorBatchRow, AnchorLeafRow, ContentKeyRow, WorkRow
from provenance.adapters.store.repositories.repository import Repository
from provenance.core.errors import Conflict, InvalidRequest
from provenance.core.records import AnchorState, ContentKey, Work, WorkStatus
from provenance.core.types import WorkId

_MANY = 500  # ids in one IN list; SQLite takes 32766 variables


class SqlWorks(Repository):
    def add(self, work: Work, keys: Sequence[ContentKey]) -> None:
        in_order = sorted(keys, key=lambda key: key.digest)  # everybody's order: no deadlocks
        try:
            with self._savepoint():
                self._insert(WorkRow, WorkRow.values(work))  # first, for the keys refer to it
                self._insert(ContentKeyRow, *map(ContentKeyRow.values, in_order))
        except Conflict as conflict:
            raise self._conflict(work, keys) from conflict

    def _conflict(self, work: Work, keys: Sequence[ContentKey]) -> Conflict:
        """Which work is in the way. Content says more than an id: it comes first."""
        digests = [key.digest for key in keys]
        found = self._session.exec(select(ContentKeyRow).where(col(ContentKeyRow.digest).in_(digests))).all()
        if found:
            winner = min(found, key=lambda row: digests.index(row.digest))
            return Conflict(f"this content is registered already ({winner.kind.value})", existing=str(winner.work_id))
        return Conflict("this work id is taken", existing=str(work.id))

    def get(self, work_id: WorkId) -> Work:
        return self._one(WorkRow, f"work {work_id}", col(WorkRow.id) == work_id).to(Work)

    def find(self, ids: Sequence[WorkId]) -> dict[WorkId, Work]:
        found: dict[WorkId, Work] = {}
        for start in range(0, len(ids), _MANY):
            query = select(WorkRow).where(col(WorkRow.id).in_(ids[start : start + _MANY]))
            found |= {row.id: row.to(Work) for row in self._session.exec(query)}
        return found

    def by_digest(self, digest: str) -> ContentKey | None:
        row = self._session.exec(select(ContentKeyRow).where(col(ContentKeyRow.digest) == digest)).first()
        return None if row is None else row.to(ContentKey)

    def page(self, *, after: str | None, limit: int, owner: str | None = None) -> tuple[list[Work], str | None]:
        if limit < 1:
            raise InvalidRequest("a page has at least one work")
        query = select(WorkRow).order_by(col(WorkRow.created_at).desc(), col(WorkRow.id).desc())
        if owner is not None:
            query = query.where(col(WorkRow.owner) == owner)
        if after is not None:
            created_at, work_id = cursors.decode(after)
            last = tuple_(literal(created_at, UtcTime), literal(work_id, WorkIdText))
            query = query.where(tuple_(col(WorkRow.created_at), col(WorkRow.id)) < last)
        rows = self._session.exec(query.limit(limit + 1)).all()  # one more tells whether a next page exists
        works = [row.to(Work) for row in rows[:limit]]
        more = len(rows) > limit
        return works, cursors.encode(works[-1].created_at, works[-1].id) if more else None

    def withdraw(self, work_id: WorkId, at: datetime) -> Work:
        row = self._locked(WorkRow, f"work {work_id}", col(WorkRow.id) == work_id)
        if row.status is WorkStatus.ACTIVE:
            row.status, row.withdrawn_at = WorkStatus.WITHDRAWN, at
            self._update(row)
            self._session.exec(delete(ContentKeyRow).where(col(ContentKeyRow.work_id) == work_id))
        return row.to(Work)

    def count(self) -> int:
        return self._session.exec(select(func.count()).select_from(WorkRow)).one()

    def without_anchor(self, limit: int) -> list[Work]:
        anchored = (
            select(col(AnchorLeafRow.work_id))
            .join(AnchorBatchRow, col(AnchorBatchRow.id) == col(AnchorLeafRow.batch_id))
            .where(col(AnchorLeafRow.work_id) == col(WorkRow.id), col(AnchorBatchRow.state) != AnchorState.FAILED)
        )
        query = (
            select(WorkRow)
            .where(col(WorkRow.status) == WorkStatus.ACTIVE, ~anchored.exists())
            .order_by(col(WorkRow.created_at), col(WorkRow.id))
            .limit(limit)
        )
        return [row.to(Work) for row in self._session.exec(query)]
