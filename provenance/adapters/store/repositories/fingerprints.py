"""The append-only record that every vector index is rebuilt from."""

from zlib import crc32

from sqlalchemy import ColumnElement, or_
from sqlmodel import col, select

from provenance.adapters.store.models import FingerprintRow
from provenance.adapters.store.repositories.repository import Repository
from provenance.core.errors import Unavailable
from provenance.core.records import FingerprintOp
from provenance.core.types import WorkId

_ADVISORY_LOCK = 0x70762D666F70  # "pv-fop"


class SqlFingerprints(Repository):
    def append(self, work_id: WorkId, fingerprint: bytes | None, *, models: str = "") -> None:
        self.queue()
        self._insert(
            FingerprintRow,
            {
                "work_id": work_id,
                "fingerprint": fingerprint,
                "crc32": _checksum(work_id, fingerprint),
                "models": None if fingerprint is None else models,
            },
        )

    def since(self, sequence: int, limit: int, *, models: str | None = None) -> list[FingerprintOp]:
        query = select(FingerprintRow).where(col(FingerprintRow.sequence) > sequence, *_by(models))
        return [_read(row) for row in self._session.exec(query.order_by(col(FingerprintRow.sequence)).limit(limit))]

    def last(self, *, models: str | None = None) -> int:
        sequence = col(FingerprintRow.sequence)
        query = select(FingerprintRow.sequence).where(sequence > 0, *_by(models)).order_by(sequence.desc())
        return self._session.exec(query.limit(1)).first() or 0

    def queue(self) -> None:
        """Wait until nobody else appends, and let nobody else append until the transaction ends.

        Numbers must become visible in their order, or a reader that saw 8 would never come back for 7. PostgreSQL gives
        a number at the insert and shows it at the commit: this lock, held until then, keeps the two in one order.
        """
        self._alone(_ADVISORY_LOCK)


def _by(models: str | None) -> tuple[ColumnElement[bool], ...]:
    column = col(FingerprintRow.models)
    return () if models is None else (or_(column == models, column.is_(None)),)


def _checksum(work_id: WorkId, fingerprint: bytes | None) -> int:
    """Over both, so that an operation that lost its fingerprint does not pass for a withdrawal."""
    return crc32(str(work_id).encode() + (b"-" if fingerprint is None else b"+" + fingerprint))


def _read(row: FingerprintRow) -> FingerprintOp:
    if row.crc32 != _checksum(row.work_id, row.fingerprint):
        reason = f"the fingerprint of {row.work_id} (operation {row.sequence}) is damaged in the database"
        raise Unavailable(reason, hint="restore a backup (docs/store.md)")
    return row.to(FingerprintOp)
