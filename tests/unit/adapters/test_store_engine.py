"""URLs, pragmas and what BEGIN means on SQLite."""

import sqlite3
import sys
import threading
from pathlib import Path

import pytest
from sqlalchemy import Engine, event
from sqlmodel import text

from provenance.adapters.store import SqlStore, engine
from provenance.core.errors import Busy, Misconfigured, Unavailable
from tests.records import NOON, a_work, keys_of


def pragma(connection, name: str) -> object:
    return connection.execute(text(f"PRAGMA {name}")).scalar_one()


@pytest.fixture
def on_file(tmp_path: Path):
    made = engine.connect(f"sqlite:///{tmp_path / 'a.db'}", lock_timeout=2.5)
    yield made
    made.dispose()


def test_every_connection_is_durable_and_checks_references(on_file: Engine) -> None:
    with engine.writer(on_file).connect() as connection:
        names = ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        assert [pragma(connection, name) for name in names] == ["wal", 2, 1, 2500]  # synchronous 2 is FULL


def test_one_connection_serves_reads_units_and_migrations_by_turns() -> None:
    made = engine.memory()
    for mode, expected in [
        (engine.reader, (1, 1)),
        (engine.migrator, (0, 0)),
        (engine.reader, (1, 1)),
        (engine.writer, (0, 1)),
        (engine.writer, (0, 1)),
    ]:
        with mode(made).connect() as connection:
            assert (pragma(connection, "query_only"), pragma(connection, "foreign_keys")) == expected
    made.dispose()


def test_a_unit_has_the_write_lock_at_once_and_a_read_never(on_file: Engine) -> None:
    other = sqlite3.connect(on_file.url.database, timeout=0, isolation_level=None)
    with engine.reader(on_file).connect() as connection:
        connection.execute(text("SELECT 1"))
        other.execute("BEGIN IMMEDIATE")
        other.execute("ROLLBACK")
    with engine.writer(on_file).connect() as connection:
        connection.begin()
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            other.execute("BEGIN IMMEDIATE")
    other.close()


def test_a_read_sees_one_moment(tmp_path: Path) -> None:
    store = SqlStore(f"sqlite:///{tmp_path / 'a.db'}")
    store.migrate()

    def register() -> None:
        with store.unit() as unit:
            unit.works.add(a_work(1), keys_of(a_work(1)))

    with store.read() as unit:
        assert unit.works.count() == 0
        thread = threading.Thread(target=register)
        thread.start()
        thread.join()  # a writer does not wait for a reader
        assert unit.works.count() == 0
    with store.read() as unit:
        assert unit.works.count() == 1
    store.close()


def test_threads_take_turns_in_memory() -> None:
    store = SqlStore.memory()
    inside = threading.Event()

    def register() -> None:
        with store.unit() as unit:
            inside.set()
            unit.works.add(a_work(1), [])

    with store.unit() as unit:
        thread = threading.Thread(target=register)
        thread.start()
        assert not inside.wait(0.05)
        unit.works.add(a_work(2), [])
    thread.join()
    with store.read() as unit:
        assert unit.works.count() == 2
    store.close()


def test_a_thread_that_waits_too_long_for_its_turn_gives_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("provenance.adapters.store.store.LOCK_TIMEOUT", 0.01)
    store = SqlStore.memory()
    caught: list[BaseException] = []

    def late() -> None:
        try:
            store.ping()
        except Unavailable as error:
            caught.append(error)

    with store.unit():
        thread = threading.Thread(target=late)
        thread.start()
        thread.join()
    assert "locked" in str(caught[0])
    store.close()


def test_connections_run_out_with_a_clear_error(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(engine, "_SQLITE_POOL", {"pool_size": 1, "max_overflow": 0, "pool_timeout": 0.01})
    store = SqlStore(f"sqlite:///{tmp_path / 'a.db'}")
    store.migrate()
    caught: list[Busy] = []

    def second() -> None:
        try:
            store.ping()
        except Busy as error:
            caught.append(error)

    with store.read():
        thread = threading.Thread(target=second)
        thread.start()
        thread.join()
    assert caught[0].retry_after == 1
    store.close()


@pytest.mark.parametrize(
    "url",
    [
        "",
        "nonsense",
        "mysql://u:secret@h/d",
        "oracle:secret",
        "postgresql+psycopg2://u:secret@h/d",
        "sqlite+aiosqlite:///x",
    ],
)
def test_a_foreign_url_is_refused_and_its_password_not_repeated(url: str) -> None:
    with pytest.raises(Misconfigured, match="database URL") as caught:
        SqlStore(url)
    assert "secret" not in f"{caught.value} {caught.value.hint}"


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:"])
def test_a_url_without_a_file_points_to_memory(url: str) -> None:
    with pytest.raises(Misconfigured, match="no file") as caught:
        SqlStore(url)
    assert "SqlStore.memory()" in str(caught.value.hint)


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_every_name_of_postgres_means_psycopg_3(scheme: str) -> None:
    made = engine.connect(f"{scheme}://u:p@host/name", lock_timeout=10)
    assert (made.dialect.name, made.dialect.driver) == ("postgresql", "psycopg")


def test_a_missing_driver_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(Misconfigured, match="not installed") as caught:
        SqlStore("postgresql://u@h/d")
    assert "provenance-art[postgres]" in str(caught.value.hint)


def test_a_folder_that_cannot_do_wal_is_refused(tmp_path: Path) -> None:
    class NoWal(sqlite3.Connection):
        def execute(self, statement: str, *arguments):
            return super().execute(statement.replace("=WAL", "=DELETE"), *arguments)

    made = engine.connect(f"sqlite:///{tmp_path / 'a.db'}", lock_timeout=1)

    @event.listens_for(made, "do_connect")
    def connect(_dialect, _record, arguments, keywords):
        return sqlite3.connect(*arguments, **keywords, factory=NoWal)

    with pytest.raises(Unavailable, match="write-ahead"):
        made.connect()


def test_a_naive_time_is_refused() -> None:
    store = SqlStore.memory()
    with pytest.raises(Exception, match="time zone"), store.unit() as unit:
        unit.outbox.add("registered", {}, available_at=NOON.replace(tzinfo=None))
    store.close()


def test_not_a_number_is_no_json() -> None:
    store = SqlStore.memory()
    with pytest.raises(Exception, match="not JSON compliant"), store.unit() as unit:
        unit.outbox.add("registered", {"score": float("nan")}, available_at=NOON)
    store.close()
