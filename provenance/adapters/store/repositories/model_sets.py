"""Which models described the works, and which works a set of them still has to see."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, and_, case, exists
from sqlmodel import Session, col, delete, func, select

from provenance.adapters.store.models import FingerprintRow, ModelSetRow, UndescribedRow, WorkRow
from provenance.adapters.store.repositories.fingerprints import SqlFingerprints
from provenance.adapters.store.repositories.repository import Repository
from provenance.core.errors import Conflict
from provenance.core.models import ModelSet, ModelSetState, Undescribed
from provenance.core.records import Work, WorkStatus
from provenance.core.types import WorkId

_ACTIVE = col(WorkRow.status) == WorkStatus.ACTIVE


class SqlModelSets(Repository):
    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._fingerprints = SqlFingerprints(session)

    def put(self, model_set: ModelSet) -> None:
        self._fingerprints.queue()  # two processes that start at once
        row = self._row(model_set.key)
        if row is None:
            self._insert(ModelSetRow, ModelSetRow.values(model_set))
            return
        for name, value in ModelSetRow.values(model_set).items():
            setattr(row, name, value)
        self._update(row)

    def get(self, key: str) -> ModelSet | None:
        row = self._row(key)
        return None if row is None else row.to(ModelSet)

    def serving(self) -> ModelSet | None:
        row = self._serving()
        return None if row is None else row.to(ModelSet)

    def all(self) -> list[ModelSet]:
        query = select(ModelSetRow).order_by(col(ModelSetRow.created_at), col(ModelSetRow.key))
        return [row.to(ModelSet) for row in self._session.exec(query)]

    def lacking(self, key: str, *, after: WorkId | None, limit: int) -> list[Work]:
        query = select(WorkRow).where(_ACTIVE, ~_described(key), ~_noted(key))
        if after is not None:
            query = query.where(col(WorkRow.id) > after)
        return [row.to(Work) for row in self._session.exec(query.order_by(col(WorkRow.id)).limit(limit))]

    def tally(self, key: str) -> tuple[int, int, int]:
        described, noted = _described(key), _noted(key)
        query = select(
            func.count(),
            func.count(case((described, 1))),
            func.count(case((and_(~described, noted), 1))),
        )
        return self._session.exec(query.select_from(WorkRow).where(_ACTIVE)).one()

    def move(self, key: str, cursor: WorkId | None) -> None:
        row = self._one(ModelSetRow, f"set of models {key}", col(ModelSetRow.key) == key)
        row.cursor = cursor
        self._update(row)

    def describe(self, work_id: WorkId, fingerprint: bytes, *, key: str) -> bool:
        self._fingerprints.queue()  # a withdrawal waits, or has committed: this one must not come behind it
        if not self._count(_ACTIVE, col(WorkRow.id) == work_id, ~_described(key)):
            return False
        self._fingerprints.append(work_id, fingerprint, models=key)
        note = (col(UndescribedRow.models) == key, col(UndescribedRow.work_id) == work_id)
        self._session.exec(delete(UndescribedRow).where(*note))
        return True

    def note(self, undescribed: Undescribed) -> None:
        place = (undescribed.models, undescribed.work_id)
        row = self._session.get(UndescribedRow, place)
        if row is None:
            self._insert(UndescribedRow, UndescribedRow.values(undescribed))
        else:
            row.error, row.at = undescribed.error, undescribed.at
            self._update(row)

    def notes(self, key: str, limit: int) -> list[Undescribed]:
        query = select(UndescribedRow).join(WorkRow, col(WorkRow.id) == col(UndescribedRow.work_id))
        query = query.where(_ACTIVE, col(UndescribedRow.models) == key).order_by(col(UndescribedRow.work_id))
        return [row.to(Undescribed) for row in self._session.exec(query.limit(limit))]

    def forget_notes(self, key: str) -> int:
        return self._session.exec(delete(UndescribedRow).where(col(UndescribedRow.models) == key)).rowcount

    def serve(self, key: str, *, without_noted: bool) -> bool:
        self._fingerprints.queue()  # whoever registers now is counted, or hears in its own transaction who serves
        lacking = [_ACTIVE, ~_described(key)] + ([~_noted(key)] if without_noted else [])
        row = self._row(key)
        if row is None or self._count(*lacking):
            return False
        before = self._serving()
        if before is not None and before.key != key:
            before.state = ModelSetState.RETIRED
            self._update(before)
        row.state = ModelSetState.SERVING
        self._update(row)
        return True

    def prune(self, keys: Sequence[str], limit: int) -> int:
        serving = self._serving()
        if serving is not None and serving.key in keys:
            raise Conflict("searches go to these models: their fingerprints stay", existing=serving.key)
        some = select(FingerprintRow.sequence).where(col(FingerprintRow.models).in_(keys)).limit(limit)
        deleted = self._session.exec(delete(FingerprintRow).where(col(FingerprintRow.sequence).in_(some))).rowcount
        if deleted < limit:
            self._session.exec(delete(UndescribedRow).where(col(UndescribedRow.models).in_(keys)))
            self._session.exec(delete(ModelSetRow).where(col(ModelSetRow.key).in_(keys)))
        return deleted

    def _row(self, key: str) -> ModelSetRow | None:
        return self._session.get(ModelSetRow, key)

    def _serving(self) -> ModelSetRow | None:
        query = select(ModelSetRow).where(col(ModelSetRow.state) == ModelSetState.SERVING)
        return self._session.exec(query.execution_options(populate_existing=True)).first()

    def _count(self, *where: ColumnElement[bool]) -> int:
        return self._session.exec(select(func.count()).select_from(WorkRow).where(*where)).one()


def _described(key: str) -> ColumnElement[bool]:
    row = FingerprintRow
    return exists().where(col(row.work_id) == col(WorkRow.id), col(row.models) == key)


def _noted(key: str) -> ColumnElement[bool]:
    row = UndescribedRow
    return exists().where(col(row.work_id) == col(WorkRow.id), col(row.models) == key)
