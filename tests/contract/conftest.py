"""The stores that every test of the Store port runs against. Tables are made once; every test finds them empty."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from provenance.adapters.store import SqlStore
from tests.postgres import PostgresServer

_DATABASE = "contract"


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("store") / "template.db"
    store = SqlStore(f"sqlite:///{path}")
    store.migrate()
    store.close()  # the last connection moves the write-ahead log into the file
    return path


@pytest.fixture(scope="session")
def postgres_store(postgres_server: PostgresServer) -> Iterator[SqlStore]:
    postgres_server.execute(f"CREATE DATABASE {_DATABASE}")
    store = SqlStore(postgres_server.url(_DATABASE))
    store.migrate()
    yield store
    store.close()


def _memory(_request: pytest.FixtureRequest) -> Iterator[SqlStore]:
    store = SqlStore.memory()
    yield store
    store.close()


def _file(request: pytest.FixtureRequest) -> Iterator[SqlStore]:
    folder: Path = request.getfixturevalue("tmp_path")
    shutil.copy(request.getfixturevalue("sqlite_template"), folder / "provenance.db")
    store = SqlStore(f"sqlite:///{folder / 'provenance.db'}")
    yield store
    store.close()


def _postgres(request: pytest.FixtureRequest) -> Iterator[SqlStore]:
    yield request.getfixturevalue("postgres_store")
    server: PostgresServer = request.getfixturevalue("postgres_server")
    with psycopg.connect(server.url(_DATABASE), options="-c lock_timeout=5s") as connection:
        rows = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
        tables = ", ".join(name for (name,) in rows if name != "alembic_version")
        connection.execute(f"TRUNCATE {tables} RESTART IDENTITY")


@pytest.fixture(
    params=[
        pytest.param(_memory, id="memory"),
        pytest.param(_file, id="file"),
        pytest.param(_postgres, id="postgres", marks=pytest.mark.integration),
    ]
)
def store(request: pytest.FixtureRequest) -> Iterator[SqlStore]:
    """An empty store with its tables."""
    yield from request.param(request)
