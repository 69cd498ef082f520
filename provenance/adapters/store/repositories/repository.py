"""What all repositories share: a session inside a transaction that somebody else commits."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import text
from sqlmodel import Session, insert, select

from provenance.adapters.store.models import AnyRow, Row
from provenance.core.errors import NotFound


class Repository:
    def __init__(self, session: Session) -> None:
        self._session = session

    def _insert(self, table: type[Row], *values: dict[str, Any]) -> None:
        """Straight to the table: the ORM's unit of work would cost several times the insert."""
        if values:
            self._session.connection().execute(insert(table), list(values))

    @contextmanager
    def _savepoint(self) -> Iterator[None]:
        """For inserts whose unique keys may be taken: a Conflict undoes these alone, and the transaction goes on."""
        with self._session.connection().begin_nested():
            yield

    def _update(self, *rows: Row) -> None:
        """Now, so that the database's refusal is raised here and not at the commit."""
        self._session.add_all(rows)
        self._session.flush()

    def _one(self, table: type[AnyRow], name: str, *where: Any) -> AnyRow:
        """The row, or NotFound: "there is no <name>"."""
        row = self._session.exec(select(table).where(*where)).first()
        if row is None:
            raise NotFound(f"there is no {name}")
        return row

    def _locked(self, table: type[AnyRow], name: str, *where: Any) -> AnyRow:
        """The row as it is now, held until the transaction ends (PostgreSQL; SQLite holds the whole database)."""
        query = select(table).where(*where).with_for_update().execution_options(populate_existing=True)
        row = self._session.exec(query).first()
        if row is None:
            raise NotFound(f"there is no {name}")
        return row

    def _alone(self, lock: int) -> None:
        """Hold an advisory lock until the transaction ends (PostgreSQL; SQLite has one writer at a time anyway)."""
        if self._session.get_bind().dialect.name == "postgresql":
            self._session.connection().execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": lock})
