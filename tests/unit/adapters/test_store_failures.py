"""What goes wrong with a database, and what a person is told. SQLite's failures here are real ones."""

import contextlib
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import Connection, Engine, event

from provenance.adapters.store import SqlStore
from provenance.adapters.store.errors import translate
from provenance.core.errors import (
    Busy,
    Conflict,
    InvalidRequest,
    Misconfigured,
    NotFound,
    ProvenanceError,
    Unavailable,
)
from provenance.core.types import WorkId
from tests.records import NOON, a_work, keys_of


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A database with the work 1 and its fingerprint."""
    path = tmp_path / "provenance.db"
    store = SqlStore(f"sqlite:///{path}")
    store.migrate()
    with store.unit() as unit:
        unit.works.add(a_work(1), keys_of(a_work(1)))
        unit.fingerprints.append(WorkId(1), b"fingerprint")
    store.close()
    return path


@pytest.fixture
def store(path: Path) -> Iterator[SqlStore]:
    store = SqlStore(f"sqlite:///{path}", lock_timeout=0.05)
    yield store
    store.close()


def write(store: SqlStore, number: int = 2, **changes: object) -> None:
    with store.unit() as unit:
        unit.works.add(a_work(number, **changes), keys_of(a_work(number, **changes)))


def test_a_locked_database_says_so_and_reads_go_on(store: SqlStore, path: Path) -> None:
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(Unavailable, match="locked by another writer") as caught:
        write(store)
    assert isinstance(caught.value.__cause__, sqlite3.OperationalError)
    with store.read() as unit:
        assert unit.works.count() == 1
    other.close()
    write(store)


@pytest.fixture
def full_disk() -> Iterator[None]:
    """SQLite's own limit on a file's pages gives the same error as a full disk."""

    def fill(connection: sqlite3.Connection, _record: object) -> None:
        (used,) = connection.execute("PRAGMA page_count").fetchone()
        connection.execute(f"PRAGMA max_page_count={used}")

    event.listen(Engine, "connect", fill)
    yield
    event.remove(Engine, "connect", fill)


def test_a_full_disk_undoes_the_unit_and_nothing_else(store: SqlStore, full_disk: None) -> None:
    with pytest.raises(Unavailable, match="disk is full") as caught:
        write(store, 2, title="x" * 100_000)
    assert "free some space" in str(caught.value.hint)
    with store.read() as unit:
        assert (unit.works.count(), unit.fingerprints.last()) == (1, 1)


@pytest.mark.parametrize("first", ["works", "outbox"])  # with a savepoint and without
def test_a_unit_that_hides_a_full_disk_is_not_acknowledged(store: SqlStore, full_disk: None, first: str) -> None:
    def careless() -> None:
        with store.unit() as unit:
            unit.outbox.add("registered", {}, available_at=NOON)
            with contextlib.suppress(Unavailable):
                if first == "works":
                    unit.works.add(a_work(2, title="x" * 100_000), [])
                else:
                    unit.outbox.add("x" * 100_000, {}, available_at=NOON)

    with pytest.raises(Exception, match=r"gave this transaction up|rolled back"):
        careless()
    with store.read() as unit:
        assert (unit.works.count(), unit.outbox.pending()) == (1, 0)


def test_a_read_only_database_says_so(path: Path) -> None:
    store = SqlStore(f"sqlite:///file:{path}?mode=ro&uri=true")
    with pytest.raises(Unavailable, match="read-only"):
        write(store)
    store.close()


def test_a_missing_folder_says_so(tmp_path: Path) -> None:
    store = SqlStore(f"sqlite:///{tmp_path / 'nowhere' / 'provenance.db'}")
    with pytest.raises(Unavailable, match="cannot be opened") as caught:
        store.ping()
    assert "folder" in str(caught.value.hint)


def test_a_file_that_is_no_database_says_so(tmp_path: Path) -> None:
    (tmp_path / "provenance.db").write_bytes(b"this is not a database " * 400)
    store = SqlStore(f"sqlite:///{tmp_path / 'provenance.db'}")
    with pytest.raises(Unavailable, match="damaged") as caught:
        store.ping()
    assert "backup" in str(caught.value.hint)


def test_damaged_pages_say_so(store: SqlStore, path: Path) -> None:
    with path.open("r+b") as file:  # every page after the first, which holds the list of tables
        file.seek(4096)
        file.write(b"\xff" * (path.stat().st_size - 4096))
    with pytest.raises(Unavailable, match="damaged"):
        store.ping()


@pytest.mark.parametrize("damage", ["fingerprint = x'00'", "fingerprint = NULL", "work_id = 'pv-0000000000002'"])
def test_a_damaged_fingerprint_is_not_given_to_an_index(store: SqlStore, path: Path, damage: str) -> None:
    with sqlite3.connect(path) as other:
        other.execute(f"UPDATE fingerprint_ops SET {damage}")
    other.close()
    with store.read() as unit, pytest.raises(Unavailable, match="operation 1") as caught:
        unit.fingerprints.since(0, 10)
    assert "backup" in str(caught.value.hint)


def test_a_database_without_tables_says_what_to_run(tmp_path: Path) -> None:
    store = SqlStore(f"sqlite:///{tmp_path / 'provenance.db'}")
    with pytest.raises(Unavailable, match="tables") as caught:
        store.ping()
    assert caught.value.hint == "run `provenance db upgrade`"
    store.migrate()
    store.ping()
    store.close()


def test_a_database_with_older_tables_says_what_to_run(store: SqlStore, path: Path) -> None:
    with sqlite3.connect(path) as other:
        other.execute("ALTER TABLE works DROP COLUMN notes")
    other.close()
    with pytest.raises(Unavailable, match="tables"):
        store.ping()


def test_a_commit_that_fails_is_an_error_of_the_unit(store: SqlStore) -> None:
    """SQLite keeps the transaction open after a COMMIT that failed. Deferred foreign keys make it fail."""

    def defer(connection: Connection) -> None:
        connection.exec_driver_sql("PRAGMA defer_foreign_keys=ON")

    event.listen(Engine, "begin", defer)
    try:
        with pytest.raises(NotFound), store.unit() as unit:
            unit.fingerprints.append(WorkId(404), b"f")
    finally:
        event.remove(Engine, "begin", defer)
    write(store)  # the lock is free
    with store.read() as unit:
        assert (unit.works.count(), unit.fingerprints.last()) == (2, 1)


def test_no_value_of_a_statement_reaches_an_error_text(store: SqlStore) -> None:
    with pytest.raises(Exception, match="JSON compliant") as caught, store.unit() as unit:
        unit.outbox.add("private title", {"score": float("inf")}, available_at=NOON)
    assert "private title" not in str(caught.value)


def test_the_database_survives_its_folder_being_copied_back(store: SqlStore, path: Path, tmp_path: Path) -> None:
    store.close()
    shutil.copy(path, tmp_path / "backup.db")
    write(store)
    store.close()
    shutil.move(tmp_path / "backup.db", path)
    with store.read() as unit:
        assert unit.works.count() == 1


# codes that need a disk or a server to fail in its own way


@pytest.mark.parametrize(
    ("state", "kind", "words"),
    [
        ("23505", Conflict, "unique"),
        ("23503", NotFound, "belongs to"),
        ("40P01", Busy, "same rows"),
        ("40001", Busy, "same rows"),
        ("55P03", Unavailable, "locked"),
        ("25006", Unavailable, "read-only"),
        ("53100", Unavailable, "full"),
        ("53300", Unavailable, "resources"),
        ("57P01", Unavailable, "does not answer"),
        ("08006", Unavailable, "does not answer"),
        ("58030", Unavailable, "does not read or write"),
        ("XX001", Unavailable, "damaged"),
        ("42P01", Unavailable, "tables"),
        ("22021", InvalidRequest, "cannot be stored"),
        ("28P01", Misconfigured, "refused"),
        ("3D000", Misconfigured, "refused"),
    ],
)
def test_what_postgres_says(state: str, kind: type[ProvenanceError], words: str) -> None:
    error = translate(psycopg.errors.lookup(state)("secret host name"))
    assert type(error) is kind
    assert words in error.reason
    assert "secret" not in f"{error.reason} {error.hint}"


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (sqlite3.SQLITE_IOERR_FSYNC, "does not read or write"),
        (sqlite3.SQLITE_CORRUPT_INDEX, "damaged"),
        (sqlite3.SQLITE_BUSY_SNAPSHOT, "locked"),
        (sqlite3.SQLITE_READONLY_DIRECTORY, "read-only"),
    ],
)
def test_what_sqlite_says(code: int, words: str) -> None:
    error = sqlite3.OperationalError("driver's words")
    error.sqlite_errorcode = code
    translated = translate(error)
    assert isinstance(translated, Unavailable)
    assert words in translated.reason


@pytest.mark.parametrize(
    "mistake",
    [
        psycopg.errors.SyntaxError(),
        psycopg.errors.NotNullViolation(),
        psycopg.ProgrammingError("the query has 1 placeholder"),
        sqlite3.ProgrammingError("Cannot operate on a closed database."),
        sqlite3.OperationalError('near "SELEC": syntax error'),
        KeyError("x"),
    ],
)
def test_our_own_mistakes_stay_what_they_are(mistake: Exception) -> None:
    assert translate(mistake) is None


def test_a_lost_connection_has_no_state() -> None:
    error = translate(psycopg.OperationalError("server closed the connection unexpectedly"))
    assert isinstance(error, Unavailable)
    assert "does not answer" in error.reason
