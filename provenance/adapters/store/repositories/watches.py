"""Watched uploads and their hits."""

from datetime import datetime

from sqlmodel import col, delete, func, select

from provenance.adapters.store import cursors
from provenance.adapters.store.bulk_models import WatchHitRow, WatchRow
from provenance.adapters.store.models import WorkRow
from provenance.adapters.store.repositories.repository import Repository
from provenance.core.bulk import Watch, WatchHit
from provenance.core.errors import Conflict, InvalidRequest
from provenance.core.records import WorkStatus
from provenance.core.types import WorkId

_COUNT_LOCK = 0x70762D777463  # "pv-wtc"
_HIT_LOCK = 0x70762D686974  # "pv-hit"


class SqlWatches(Repository):
    def add(self, watch: Watch, *, most: int) -> None:
        self._alone(_COUNT_LOCK)
        mine = col(WatchRow.owner) == watch.owner
        count = self._session.exec(select(func.count()).select_from(WatchRow).where(mine)).one()
        if count >= most:
            raise InvalidRequest(f"you watch {count} uploads already, which is the limit", hint="delete some of them")
        try:
            with self._savepoint():
                self._insert(WatchRow, WatchRow.values(watch))
        except Conflict as conflict:
            raise Conflict(f"there is a watch {watch.id}") from conflict

    def get(self, watch_id: str) -> Watch:
        return self._one(WatchRow, f"watch {watch_id}", col(WatchRow.id) == watch_id).to(Watch)

    def page(self, *, after: str | None, limit: int, owner: str | None = None) -> tuple[list[Watch], str | None]:
        rows, more = cursors.newest(self._session, WatchRow, after=after, limit=limit, owner=owner)
        return [row.to(Watch) for row in rows], more

    def checked(self, watch_id: str, at: datetime) -> None:
        row = self._held(watch_id)
        row.checked_at = at
        self._update(row)

    def delete(self, watch_id: str) -> None:
        row = self._held(watch_id)
        self._session.exec(delete(WatchHitRow).where(col(WatchHitRow.watch_id) == watch_id))
        self._session.delete(row)
        self._session.flush()

    def add_hit(self, hit: WatchHit) -> bool:
        self._held(hit.watch_id)
        self._alone(_HIT_LOCK)  # numbers must become visible in their order, as those of fingerprint operations
        values = WatchHitRow.values(hit)
        del values["id"]
        try:
            with self._savepoint():
                self._insert(WatchHitRow, values)
        except Conflict:
            return False
        return True

    def hit_works(self, watch_id: str) -> set[WorkId]:
        return set(self._session.exec(select(col(WatchHitRow.work_id)).where(col(WatchHitRow.watch_id) == watch_id)))

    def hits(
        self, *, owner: str | None = None, watch_id: str | None = None, after: int = 0, limit: int
    ) -> list[WatchHit]:
        query = (
            select(WatchHitRow)
            .join(WorkRow, col(WorkRow.id) == col(WatchHitRow.work_id))
            .where(col(WatchHitRow.id) > after, col(WorkRow.status) == WorkStatus.ACTIVE)
        )
        if owner is not None:
            query = query.where(col(WatchHitRow.owner) == owner)
        if watch_id is not None:
            query = query.where(col(WatchHitRow.watch_id) == watch_id)
        return [row.to(WatchHit) for row in self._session.exec(query.order_by(col(WatchHitRow.id)).limit(limit))]

    def checks_of(self, watch_id: str) -> list[str]:
        query = select(WatchHitRow.check_id).where(col(WatchHitRow.watch_id) == watch_id).distinct()
        return list(self._session.exec(query.order_by(col(WatchHitRow.check_id))))

    def _held(self, watch_id: str) -> WatchRow:
        """Held until the transaction ends, so that a watch that is being deleted gets no hit."""
        return self._locked(WatchRow, f"watch {watch_id}", col(WatchRow.id) == watch_id)
