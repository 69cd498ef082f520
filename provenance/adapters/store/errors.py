"""Where a driver's error becomes one of ours: the only such place, for every statement, commit and connection.

SQLite speaks by result code (https://www.sqlite.org/rescode.html), PostgreSQL by SQLSTATE (its manual, appendix A).
The driver's own message may name hosts, users and paths: it stays in `__cause__`, for the log.
"""

import sqlite3
from typing import Final

from sqlalchemy.engine import Engine, ExceptionContext
from sqlalchemy.event import listen

from provenance.core.errors import Busy, Conflict, InvalidRequest, Misconfigured, NotFound, ProvenanceError, Unavailable

WRITES = "store_writes"
"""Execution option of an engine: False inside `read()`."""

UPGRADE_HINT: Final = "run `provenance db upgrade`"

_LOCKED = ("the database is locked by another writer", "try again; see which process holds a transaction open")
_READ_ONLY = ("the database is read-only", "check the permissions of its file and folder")
_IO = ("the database's disk does not read or write", "check the disk and its free space")
_DAMAGED = ("the database is damaged", "stop the service and restore a backup (docs/store.md)")
_FULL = ("the database's disk is full", "free some space; nothing acknowledged was lost")
_NO_FILE = ("the database file cannot be opened", "its folder must exist and be writable")
_SCHEMA = ("the database's tables are not the ones that this version needs", UPGRADE_HINT)
_CROWDED = ("the database has no resources left for this connection", "raise max_connections or run fewer workers")
_GONE = ("the database does not answer", "check that it runs and that PROVENANCE's database URL is right")

_SQLITE: Final = {
    sqlite3.SQLITE_BUSY: _LOCKED,
    sqlite3.SQLITE_LOCKED: _LOCKED,
    sqlite3.SQLITE_PERM: _READ_ONLY,
    sqlite3.SQLITE_READONLY: _READ_ONLY,
    sqlite3.SQLITE_IOERR: _IO,
    sqlite3.SQLITE_CORRUPT: _DAMAGED,
    sqlite3.SQLITE_NOTADB: _DAMAGED,
    sqlite3.SQLITE_FULL: _FULL,
    sqlite3.SQLITE_CANTOPEN: _NO_FILE,
}
_SQLITE_UNIQUE: Final = {sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY}

_POSTGRES: Final = {  # longest prefix of the SQLSTATE first
    "25006": _READ_ONLY,
    "42P01": _SCHEMA,
    "42703": _SCHEMA,
    "53100": _FULL,
    "55P03": _LOCKED,
    "53": _CROWDED,
    "58": _IO,
    "XX": _DAMAGED,
    "08": _GONE,
    "57": _GONE,
}
_CLIENT_SIDE: Final = {  # psycopg's own errors have no state: it could not connect, or not encode a value
    "OperationalError": "08000",
    "DataError": "22000",
}


def watch(engine: Engine) -> None:
    """Translate every error that this engine's drivers raise from now on."""
    listen(engine, "handle_error", _on_error)


def _on_error(context: ExceptionContext) -> BaseException | None:
    if context.is_pre_ping:  # an idle connection broke: the pool replaces it, and nobody needs to know
        return None
    error = context.original_exception
    connection = context.connection
    writes = connection is None or connection.get_execution_options().get(WRITES, True)
    if not writes and _is_read_only(error):
        return RuntimeError(
            "store.read() was asked to write; open store.unit()"
        )  # a mistake in our code, not an outage
    if context.is_disconnect:
        return Unavailable(_GONE[0], hint=_GONE[1])
    return translate(error)


def translate(error: BaseException) -> ProvenanceError | None:
    """The error to raise in place of a driver's; None leaves it as it is, because it would be a mistake in our code."""
    if isinstance(error, UnicodeError):
        return InvalidRequest("a text has characters that cannot be stored", hint="send well-formed Unicode")
    if isinstance(error, sqlite3.Error):
        return _before_the_savepoint(error) or _of_sqlite(error)
    if hasattr(error, "sqlstate"):  # psycopg, which need not be installed
        return _of_postgres(error, error.sqlstate)
    return None


def _is_read_only(error: BaseException) -> bool:
    if isinstance(error, sqlite3.Error):
        return _code(error) == sqlite3.SQLITE_READONLY
    return getattr(error, "sqlstate", None) == "25006"


def _code(error: sqlite3.Error) -> int:
    """SQLite's extended result code; 0 where the error is the Python module's own."""
    return getattr(error, "sqlite_errorcode", 0)


def _before_the_savepoint(error: sqlite3.Error) -> ProvenanceError | None:
    """What really happened, when a savepoint is missing.

    On a full disk or a failing one SQLite rolls the whole transaction back by itself, the savepoint with it
    (https://www.sqlite.org/lang_transaction.html#response_to_errors_within_a_transaction). SQLAlchemy's way back to
    the savepoint then fails too, and would hide the reason.
    """
    cause = error.__context__
    return cause if str(error).startswith("no such savepoint") and isinstance(cause, ProvenanceError) else None


def _of_sqlite(error: sqlite3.Error) -> ProvenanceError | None:
    code = _code(error)
    if code in _SQLITE_UNIQUE:
        return _taken()
    if code == sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY:
        return _dangling()
    if known := _SQLITE.get(code & 0xFF):
        return Unavailable(known[0], hint=known[1])
    if code == sqlite3.SQLITE_ERROR and str(error).startswith(("no such table", "no such column")):
        return Unavailable(_SCHEMA[0], hint=_SCHEMA[1])
    return None


def _of_postgres(error: BaseException, state: str | None) -> ProvenanceError | None:
    state = state or _CLIENT_SIDE.get(type(error).__name__, "")
    if state == "23505":
        return _taken()
    if state == "23503":
        return _dangling()
    if state in ("40001", "40P01"):
        return Busy("two transactions wanted the same rows", retry_after=1)
    if state.startswith("22"):
        return InvalidRequest("a value cannot be stored", hint="texts must not contain NUL; numbers must fit 64 bits")
    if state.startswith(("28", "3D")):
        return Misconfigured("the database refused the user, the password or the name in its URL")
    for prefix, known in _POSTGRES.items():
        if state.startswith(prefix):
            return Unavailable(known[0], hint=known[1])
    return None


def _taken() -> Conflict:
    return Conflict("a record with the same unique key exists already")


def _dangling() -> NotFound:
    return NotFound("the record that this one belongs to does not exist")
