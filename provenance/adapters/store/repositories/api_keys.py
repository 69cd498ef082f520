"""API keys, by the digest of the whole key."""

from datetime import datetime

from sqlmodel import col, select

from provenance.adapters.store.models import ApiKeyRow
from provenance.adapters.store.repositories.repository import Repository
from provenance.core.records import ApiKey


class SqlApiKeys(Repository):
    def add(self, key: ApiKey) -> None:
        with self._savepoint():
            self._insert(ApiKeyRow, ApiKeyRow.values(key))

    def by_digest(self, digest: str) -> ApiKey | None:
        """The lookup compares digests: how long it takes says nothing about the key."""
        row = self._session.exec(select(ApiKeyRow).where(col(ApiKeyRow.digest) == digest)).first()
        return None if row is None else row.to(ApiKey)

    def all(self) -> list[ApiKey]:
        query = select(ApiKeyRow).order_by(col(ApiKeyRow.created_at), col(ApiKeyRow.id))
        return [row.to(ApiKey) for row in self._session.exec(query)]

    def revoke(self, key_id: str, at: datetime) -> None:
        row = self._locked(ApiKeyRow, f"API key {key_id}", col(ApiKeyRow.id) == key_id)
        row.revoked_at = row.revoked_at or at
        self._update(row)
