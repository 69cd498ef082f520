"""The transparency log: leaves, and the tree heads that were published."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from sqlmodel import col, func, select

from provenance.adapters.store.models import LogCheckpointRow, LogEntryRow
from provenance.adapters.store.repositories.repository import Repository
from provenance.core.errors import Conflict, InvalidRequest
from provenance.core.records import LogCheckpoint, LogEntry
from provenance.core.types import WorkId

MAX_ENTRY: Final = 0xFFFF
"""Bytes: C2SP tlog-tiles writes an entry's length in 16 bits."""

_ADVISORY_LOCK = 0x70762D6C6F67  # "pv-log"


class SqlLog(Repository):
    def append(self, kind: str, data: bytes, *, at: datetime, work_id: WorkId | None = None) -> int:
        if len(data) > MAX_ENTRY:
            raise InvalidRequest(f"a log entry has at most {MAX_ENTRY} bytes")
        self._alone(_ADVISORY_LOCK)  # from here to the commit nobody else counts
        index = self.size()
        self._insert(LogEntryRow, {"index": index, "kind": kind, "data": data, "created_at": at, "work_id": work_id})
        return index

    def size(self) -> int:
        highest = self._session.exec(select(func.max(LogEntryRow.index))).one()
        return 0 if highest is None else highest + 1

    def entries(self, start: int, end: int) -> list[LogEntry]:
        query = select(LogEntryRow).where(col(LogEntryRow.index) >= start, col(LogEntryRow.index) < end)
        return [row.to(LogEntry) for row in self._session.exec(query.order_by(col(LogEntryRow.index)))]

    def of_work(self, work_id: WorkId) -> list[LogEntry]:
        query = select(LogEntryRow).where(col(LogEntryRow.work_id) == work_id)
        return [row.to(LogEntry) for row in self._session.exec(query.order_by(col(LogEntryRow.index)))]

    def of_kinds(self, kinds: Sequence[str]) -> list[LogEntry]:
        query = select(LogEntryRow).where(col(LogEntryRow.kind).in_(kinds))
        return [row.to(LogEntry) for row in self._session.exec(query.order_by(col(LogEntryRow.index)))]

    def put_checkpoint(self, checkpoint: LogCheckpoint) -> None:
        self._alone(_ADVISORY_LOCK)
        known = self._session.get(LogCheckpointRow, checkpoint.size)
        if known is None:
            self._insert(LogCheckpointRow, LogCheckpointRow.values(checkpoint))
            return
        if known.root != checkpoint.root:
            raise Conflict(f"a tree head of size {checkpoint.size} with another root was published")
        known.note = checkpoint.note
        self._update(known)

    def checkpoint(self, size: int | None = None) -> LogCheckpoint | None:
        query = select(LogCheckpointRow).order_by(col(LogCheckpointRow.size).desc()).limit(1)
        if size is not None:
            query = query.where(col(LogCheckpointRow.size) == size)
        row = self._session.exec(query).first()
        return None if row is None else row.to(LogCheckpoint)
