"""Reviewers' decisions, and how the checks that they are about were scored."""

from dataclasses import replace

from sqlmodel import col, func, insert, select

from provenance.adapters.store.bulk_models import CheckScoreRow, DecisionRow
from provenance.adapters.store.repositories.repository import Repository
from provenance.core.bulk import Decision


class SqlDecisions(Repository):
    def add(self, decision: Decision) -> Decision:
        values = DecisionRow.values(decision)
        del values["id"]
        query = insert(DecisionRow).values(values).returning(col(DecisionRow.id))
        return replace(decision, id=self._session.connection().execute(query).scalar_one())

    def of_check(self, check_id: str) -> list[Decision]:
        query = select(DecisionRow).where(col(DecisionRow.check_id) == check_id).order_by(col(DecisionRow.id))
        return [row.to(Decision) for row in self._session.exec(query)]

    def standing(self, owner: str | None = None, *, after: int = 0, limit: int) -> list[Decision]:
        last = select(func.max(DecisionRow.id)).group_by(col(DecisionRow.check_id), col(DecisionRow.work_id))
        query = select(DecisionRow).where(col(DecisionRow.id) > after)
        if owner is not None:
            last, query = last.where(col(DecisionRow.owner) == owner), query.where(col(DecisionRow.owner) == owner)
        query = query.where(col(DecisionRow.id).in_(last)).order_by(col(DecisionRow.id)).limit(limit)
        return [row.to(Decision) for row in self._session.exec(query)]

    def scored(self, owner: str | None = None) -> dict[str, int]:
        query = select(CheckScoreRow.calibration, func.count()).group_by(col(CheckScoreRow.calibration))
        if owner is not None:
            query = query.where(col(CheckScoreRow.owner) == owner)
        return dict(self._session.exec(query).all())

    def reaching(self, calibration: str, threshold: float, owner: str | None = None) -> int:
        query = (
            select(func.count())
            .select_from(CheckScoreRow)
            .where(col(CheckScoreRow.calibration) == calibration, col(CheckScoreRow.probability) >= threshold)
        )
        return self._session.exec(query if owner is None else query.where(col(CheckScoreRow.owner) == owner)).one()
