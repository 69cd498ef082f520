"""Reports of checks."""

from sqlmodel import col

from provenance.adapters.store.models import CheckRow
from provenance.adapters.store.repositories.repository import Repository
from provenance.core.records import Check


class SqlChecks(Repository):
    def add(self, check: Check) -> None:
        with self._savepoint():
            self._insert(CheckRow, CheckRow.values(check))

    def get(self, check_id: str) -> Check:
        return self._one(CheckRow, f"check {check_id}", col(CheckRow.id) == check_id).to(Check)

    def delete(self, check_id: str) -> None:
        self._session.delete(self._locked(CheckRow, f"check {check_id}", col(CheckRow.id) == check_id))
