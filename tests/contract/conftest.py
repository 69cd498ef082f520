"""The stores that every test of the Store port runs against."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from provenance.adapters.store import SqlStore


def _file(request: pytest.FixtureRequest) -> SqlStore:
    folder: Path = request.getfixturevalue("tmp_path")
    return SqlStore(f"sqlite:///{folder / 'provenance.db'}")


def _postgres(request: pytest.FixtureRequest) -> SqlStore:
    return SqlStore(request.getfixturevalue("postgres_url"))


def _memory(request: pytest.FixtureRequest) -> SqlStore:
    return SqlStore.memory()


@pytest.fixture(
    params=[
        pytest.param(_memory, id="memory"),
        pytest.param(_file, id="file"),
        pytest.param(_postgres, id="postgres", marks=pytest.mark.integration),
    ]
)
def store(request: pytest.FixtureRequest) -> Iterator[SqlStore]:
    """An empty store with its tables."""
    store = request.param(request)
    store.migrate()
    yield store
    store.close()
