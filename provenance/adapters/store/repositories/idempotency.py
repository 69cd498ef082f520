"""Stored answers (draft-ietf-httpapi-idempotency-key-header-07)."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import col, delete

from provenance.adapters.store.models import IdempotencyRow
from provenance.adapters.store.repositories.repository import Repository
from provenance.core.errors import Conflict
from provenance.core.records import IdempotentResponse

IN_FLIGHT = timedelta(minutes=10)
"""A request that has not answered after this long died with its process; the next one with its key takes over."""


class SqlIdempotency(Repository):
    def begin(self, record: IdempotentResponse) -> IdempotentResponse | None:
        try:
            with self._savepoint():
                self._insert(IdempotencyRow, IdempotencyRow.values(record))
        except Conflict:
            return self._take_over(record)
        return None

    def _take_over(self, record: IdempotentResponse) -> IdempotentResponse | None:
        row = self._row(record.owner, record.key)
        dead = row.status is None and row.created_at <= record.created_at - IN_FLIGHT
        if not dead or row.request_hash != record.request_hash:
            return row.to(IdempotentResponse)
        row.created_at = record.created_at
        self._update(row)
        return None

    def finish(self, owner: str, key: str, *, status: int, body: Mapping[str, Any]) -> None:
        row = self._row(owner, key)
        if row.status is None:  # a slow request that was taken over: what the first one answered stands
            row.status, row.body = status, body
            self._update(row)

    def forget(self, owner: str, key: str) -> None:
        self._session.exec(delete(IdempotencyRow).where(*_is(owner, key)))

    def expire(self, before: datetime) -> int:
        return self._session.exec(delete(IdempotencyRow).where(col(IdempotencyRow.created_at) < before)).rowcount

    def _row(self, owner: str, key: str) -> IdempotencyRow:
        return self._locked(IdempotencyRow, "request with this Idempotency-Key", *_is(owner, key))


def _is(owner: str, key: str) -> tuple[Any, Any]:
    return col(IdempotencyRow.owner) == owner, col(IdempotencyRow.key) == key
