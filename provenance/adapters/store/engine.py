"""How the store talks to its database: drivers, pragmas, and what BEGIN means.

SQLite: WAL, so that readers and the writer do not wait for each other; synchronous=FULL, so that a commit is on disk
before it is acknowledged; foreign keys on; BEGIN IMMEDIATE for a unit, so that writers queue for the lock instead of
failing halfway.
PostgreSQL: READ COMMITTED for a unit, a REPEATABLE READ snapshot, read-only, for a read.
"""

import json
from functools import partial
from typing import Any, Final

from sqlalchemy import Connection, Engine, create_engine
from sqlalchemy.engine import URL, make_url
from sqlalchemy.event import listen
from sqlalchemy.exc import ArgumentError, NoSuchModuleError
from sqlalchemy.pool import StaticPool

from provenance.adapters.store.errors import WRITES, watch
from provenance.core.errors import Misconfigured, Unavailable

MIGRATES = "store_migrates"
"""Execution option of an engine: True while Alembic rebuilds tables, which foreign keys would forbid."""

_MEMORY: Final = "sqlite+pysqlite://"
_SQLITE_POOL: Final[dict[str, Any]] = {"pool_size": 8, "max_overflow": 32, "pool_timeout": 10.0}
_POSTGRES_POOL: Final[dict[str, Any]] = {"pool_size": 8, "max_overflow": 8, "pool_timeout": 10.0, "pool_pre_ping": True}
_DRIVERS: Final = {
    "sqlite": "sqlite+pysqlite",
    "sqlite+pysqlite": "sqlite+pysqlite",
    "postgres": "postgresql+psycopg",
    "postgresql": "postgresql+psycopg",
    "postgresql+psycopg": "postgresql+psycopg",
}


def connect(url: str, *, lock_timeout: float) -> Engine:
    """An engine that has not connected yet; `lock_timeout` in seconds. Raises Misconfigured on a foreign URL."""
    parsed = _parse(url)
    create = _sqlite if parsed.get_backend_name() == "sqlite" else _postgres
    engine = create(parsed, lock_timeout)
    watch(engine)
    return engine


def memory() -> Engine:
    """SQLite in memory: one connection, shared by all threads; the store lets one in at a time."""
    engine = _create(make_url(_MEMORY), poolclass=StaticPool, connect_args={"check_same_thread": False})
    _listen_sqlite(engine)
    watch(engine)
    return engine


def is_sqlite(engine: Engine) -> bool:
    return engine.dialect.name == "sqlite"


def _parse(url: str) -> URL:
    try:
        parsed = make_url(url)
        driver = _DRIVERS[parsed.drivername]
    except (ArgumentError, KeyError):  # the URL may hold a password: it is not repeated
        hint = "use sqlite:////absolute/path.db or postgresql://user@host/name"
        raise Misconfigured("the database URL is not one that this program knows", hint=hint) from None
    if driver.startswith("sqlite") and parsed.database in (None, "", ":memory:"):
        raise Misconfigured("the database URL names no file", hint="an in-memory store is SqlStore.memory()")
    return parsed.set(drivername=driver)


def _create(url: URL, **options: Any) -> Engine:
    # NaN is no JSON. hide_parameters: a statement's values are owners' data and don't belong into a log.
    to_json = partial(json.dumps, allow_nan=False, separators=(",", ":"))
    try:
        return create_engine(url, json_serializer=to_json, hide_parameters=True, **options)
    except (ImportError, NoSuchModuleError) as error:
        hint = "pip install 'provenance-art[postgres]'"
        raise Misconfigured("the driver of this database is not installed", hint=hint) from error


def _sqlite(url: URL, lock_timeout: float) -> Engine:
    engine = _create(url, connect_args={"timeout": lock_timeout, "check_same_thread": False}, **_SQLITE_POOL)
    _listen_sqlite(engine)
    return engine


def _postgres(url: URL, lock_timeout: float) -> Engine:
    milliseconds = max(1, round(lock_timeout * 1000))  # 0 would wait for ever
    arguments = {
        "options": f"-c lock_timeout={milliseconds} -c timezone=UTC",
        "connect_timeout": 10,
        "application_name": "provenance",
    }
    return _create(url, connect_args=arguments, **_POSTGRES_POOL)


def _listen_sqlite(engine: Engine) -> None:
    listen(engine, "connect", _on_connect)
    listen(engine, "begin", _on_begin)
    listen(engine, "commit", _on_commit)
    listen(engine, "checkin", _on_checkin)


def _on_connect(connection: Any, _record: object) -> None:
    """Settle a new sqlite3.Connection. `isolation_level` None: the module must not begin transactions of its own."""
    connection.isolation_level = None
    (mode,) = connection.execute("PRAGMA journal_mode").fetchone()
    if mode not in ("wal", "memory"):
        (mode,) = connection.execute("PRAGMA journal_mode=WAL").fetchone()
    if mode not in ("wal", "memory"):
        hint = "keep it on a local disk: WAL does not work on a network file system"
        raise Unavailable("the database cannot be switched to write-ahead logging", hint=hint)
    connection.execute("PRAGMA synchronous=FULL")


def _on_begin(connection: Connection) -> None:
    """Pragmas are the connection's, and connections are pooled: every transaction states its own, before it begins."""
    options = connection.get_execution_options()
    writes = options.get(WRITES, True)
    connection.exec_driver_sql(f"PRAGMA foreign_keys={'OFF' if options.get(MIGRATES) else 'ON'}")
    connection.exec_driver_sql(f"PRAGMA query_only={'OFF' if writes else 'ON'}")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _on_commit(connection: Connection) -> None:
    """SQLite ends a transaction by itself when the disk fails; a COMMIT would then succeed, and acknowledge nothing."""
    if not connection.connection.driver_connection.in_transaction:  # type: ignore[union-attr]
        raise Unavailable("the database gave this transaction up", hint="the error before this one says why")


def _on_checkin(connection: Any, _record: object) -> None:
    """A COMMIT that fails leaves SQLite's transaction open, and SQLAlchemy takes it for ended: the lock would stay."""
    if connection is not None and connection.in_transaction:
        connection.rollback()


def writer(engine: Engine) -> Engine:
    """The same pool, for `unit()`."""
    return engine.execution_options(**{WRITES: True})


def reader(engine: Engine) -> Engine:
    """The same pool, for `read()`: one snapshot, no writes."""
    snapshot: dict[str, Any] = (
        {} if is_sqlite(engine) else {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
    )
    return engine.execution_options(**{WRITES: False}, **snapshot)


def migrator(engine: Engine) -> Engine:
    """The same pool, for Alembic."""
    return engine.execution_options(**{WRITES: True, MIGRATES: True})
