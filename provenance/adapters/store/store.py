"""The Store port on SQLite or PostgreSQL."""

import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

from sqlalchemy import Engine
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlmodel import Session

from provenance.adapters.store import engine as engines
from provenance.adapters.store import schema
from provenance.adapters.store.schema import Revision
from provenance.adapters.store.unit import SqlUnit
from provenance.core.errors import Busy, Unavailable

LOCK_TIMEOUT = 10.0
"""Seconds that a writer waits for its turn."""


class SqlStore:
    """`url` is sqlite:////absolute/path.db or postgresql://user@host/name. Nothing connects before the first use.

    Safe to share between threads: each thread is in at most one transaction at a time.
    """

    def __init__(self, url: str, *, lock_timeout: float = LOCK_TIMEOUT) -> None:
        """Raises Misconfigured on a URL or a driver that is not there."""
        self._open(engines.connect(url, lock_timeout=lock_timeout))

    @classmethod
    def memory(cls) -> "SqlStore":
        """A store that has its tables and is gone with the process. Threads take turns: it has one connection."""
        store = cls.__new__(cls)
        store._open(engines.memory(), turns=_Turns(LOCK_TIMEOUT))
        store.migrate()
        return store

    def _open(self, engine: Engine, turns: AbstractContextManager[object] | None = None) -> None:
        self._engine = engine
        self._turns = turns or nullcontext()
        self._inside = threading.local()

    def unit(self) -> AbstractContextManager[SqlUnit]:
        """Raises Unavailable when the write lock does not come in time, Busy when all connections are in use."""
        return self._transaction(engines.writer(self._engine))

    def read(self) -> AbstractContextManager[SqlUnit]:
        return self._transaction(engines.reader(self._engine))

    def ping(self) -> None:
        with self._transaction(engines.reader(self._engine)) as unit:
            unit.works.page(after=None, limit=1)

    def migrate(self) -> None:
        """Bring the tables to this version's. Raises Misconfigured when they are newer, Unavailable."""
        with self._turns:
            schema.upgrade(self._engine)

    def revision(self) -> Revision:
        with self._turns:
            return schema.revision(self._engine)

    def close(self) -> None:
        """Close the connections that are not in use; the store opens new ones when it is used again."""
        self._engine.dispose()

    @contextmanager
    def _transaction(self, engine: Engine) -> Iterator[SqlUnit]:
        """Commits once when the block is left; an exception closes the session, which rolls back.

        `session.begin()` as a context manager would end a broken transaction without a word: `commit` raises then.
        """
        with self._alone(), self._turns, Session(engine, autoflush=False, expire_on_commit=False) as session:
            _begin(session)
            yield SqlUnit(session)
            session.commit()

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """A transaction inside another would wait for its own thread's lock, or not see what the outer one wrote."""
        if getattr(self._inside, "open", False):
            raise RuntimeError("this thread is in a transaction of the store already; pass its unit on")
        self._inside.open = True
        try:
            yield
        finally:
            self._inside.open = False


def _begin(session: Session) -> None:
    """Take the lock, or the connection, now: a session would wait until its first statement."""
    try:
        session.connection()
    except PoolTimeout as error:
        raise Busy("all connections to the database are in use", retry_after=1) from error


class _Turns:
    """A lock as a context manager that gives up in the end."""

    def __init__(self, timeout: float) -> None:
        self._lock = threading.Lock()
        self._timeout = timeout

    def __enter__(self) -> None:
        if not self._lock.acquire(timeout=self._timeout):
            raise Unavailable(
                "the database is locked by another writer", hint="another thread holds its transaction open"
            )

    def __exit__(self, *_: object) -> None:
        self._lock.release()
