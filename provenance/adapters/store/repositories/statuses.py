"""The places of credentials in the status lists."""

from datetime import datetime

from sqlmodel import col, func, insert, select

from provenance.adapters.store.models import CredentialStatusRow
from provenance.adapters.store.repositories.repository import Repository
from provenance.core.errors import Conflict
from provenance.core.records import CredentialStatus, StatusPurpose
from provenance.core.types import WorkId

_MARK = {
    StatusPurpose.REVOCATION: col(CredentialStatusRow.revoked_at),
    StatusPurpose.SUSPENSION: col(CredentialStatusRow.suspended_at),
}


class SqlStatuses(Repository):
    def reserve(
        self, credential_id: str, *, at: datetime, work_id: WorkId | None = None, grant_id: str | None = None
    ) -> int:
        values = {"credential_id": credential_id, "created_at": at, "work_id": work_id, "grant_id": grant_id}
        query = insert(CredentialStatusRow).values(values).returning(col(CredentialStatusRow.index))
        try:
            with self._savepoint():
                return int(self._session.connection().execute(query).scalar_one())
        except Conflict as conflict:
            raise Conflict(f"{credential_id} has a place in the status lists") from conflict

    def by_credential(self, credential_id: str) -> CredentialStatus | None:
        query = select(CredentialStatusRow).where(col(CredentialStatusRow.credential_id) == credential_id)
        row = self._session.exec(query).first()
        return None if row is None else row.to(CredentialStatus)

    def update(self, status: CredentialStatus) -> None:
        where = col(CredentialStatusRow.index) == status.index
        row = self._locked(CredentialStatusRow, f"place {status.index} in the status lists", where)
        row.suspended_at, row.revoked_at, row.reason = status.suspended_at, status.revoked_at, status.reason
        self._update(row)

    def marked(self, purpose: StatusPurpose) -> list[int]:
        query = select(CredentialStatusRow.index).where(_MARK[purpose].is_not(None))
        return list(self._session.exec(query.order_by(col(CredentialStatusRow.index))))

    def last(self) -> int:
        highest = self._session.exec(select(func.max(CredentialStatusRow.index))).one()
        return -1 if highest is None else highest
