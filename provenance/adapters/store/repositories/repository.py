"""What all repositories share: a session inside a transaction that somebody else commits."""

from typing import Any

from sqlmodel import Session, select

from provenance.adapters.store.models import AnyRow, Row
from provenance.core.errors import NotFound


class Repository:
    def __init__(self, session: Session) -> None:
        self._session = session

    def _write(self, *rows: Row) -> None:
        """Insert or update now, so that the database's refusal is raised here and not at the commit."""
        self._session.add_all(rows)
        self._session.flush()

    def _claim(self, *rows: Row) -> None:
        """Insert rows whose unique keys may be taken: Conflict then, and the transaction stays usable (a savepoint)."""
        with self._session.begin_nested():
            self._session.add_all(rows)

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
