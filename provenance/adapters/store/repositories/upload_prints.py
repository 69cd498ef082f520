"""Fingerprints of uploads, by the group whose small index they are for."""

from collections.abc import Iterable

from sqlmodel import col, delete, select

from provenance.adapters.store.bulk_models import UploadPrintRow
from provenance.adapters.store.repositories.repository import Repository
from provenance.core.bulk import UploadPrint

_MANY = 500  # members in one IN list


class SqlUploadPrints(Repository):
    def add(self, print_: UploadPrint) -> None:
        self.drop(print_.group, print_.member)
        self._insert(UploadPrintRow, UploadPrintRow.values(print_))

    def members(self, group: str, models: str) -> set[str]:
        query = select(UploadPrintRow.member).where(
            col(UploadPrintRow.group) == group, col(UploadPrintRow.models) == models
        )
        return set(self._session.exec(query))

    def others(self, group: str, models: str) -> list[str]:
        query = select(UploadPrintRow.member).where(
            col(UploadPrintRow.group) == group, col(UploadPrintRow.models) != models
        )
        return list(self._session.exec(query.order_by(col(UploadPrintRow.member))))

    def find(self, group: str, members: Iterable[str]) -> list[UploadPrint]:
        wanted, found = sorted(members), []
        for start in range(0, len(wanted), _MANY):
            some = col(UploadPrintRow.member).in_(wanted[start : start + _MANY])
            query = select(UploadPrintRow).where(col(UploadPrintRow.group) == group, some)
            found += [row.to(UploadPrint) for row in self._session.exec(query.order_by(col(UploadPrintRow.member)))]
        return found

    def drop(self, group: str, member: str | None = None) -> None:
        query = delete(UploadPrintRow).where(col(UploadPrintRow.group) == group)
        self._session.exec(query if member is None else query.where(col(UploadPrintRow.member) == member))
