"""Reports of checks."""

from sqlmodel import col, delete

from provenance.adapters.store.bulk_models import CheckScoreRow, DecisionRow
from provenance.adapters.store.models import CheckRow
from provenance.adapters.store.repositories.repository import Repository
from provenance.core.records import Check


class SqlChecks(Repository):
    def add(self, check: Check) -> None:
        with self._savepoint():
            self._insert(CheckRow, CheckRow.values(check))
            if check.calibration is not None:
                self._insert(CheckScoreRow, CheckScoreRow.values(check, check_id=check.id))

    def get(self, check_id: str) -> Check:
        row = self._one(CheckRow, f"check {check_id}", col(CheckRow.id) == check_id)
        score = self._session.get(CheckScoreRow, check_id)
        if score is None:
            return row.to(Check)
        return row.to(Check, calibration=score.calibration, probability=score.probability)

    def delete(self, check_id: str) -> None:
        row = self._locked(CheckRow, f"check {check_id}", col(CheckRow.id) == check_id)
        self._session.exec(delete(DecisionRow).where(col(DecisionRow.check_id) == check_id))
        self._session.exec(delete(CheckScoreRow).where(col(CheckScoreRow.check_id) == check_id))
        self._session.delete(row)
        self._session.flush()
