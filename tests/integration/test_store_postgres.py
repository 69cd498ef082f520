"""What only PostgreSQL does: writers side by side, and a server that can go away."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine, inspect

from provenance.adapters.store import SqlStore, engine, schema
from provenance.adapters.store.models import Row
from provenance.core.errors import Busy, InvalidRequest, Unavailable
from provenance.core.types import WorkId
from tests.postgres import PostgresServer
from tests.records import NOON, a_work, an_api_key, keys_of

pytestmark = pytest.mark.integration


@pytest.fixture
def database(postgres_url: str) -> Iterator[Engine]:
    made = engine.connect(postgres_url, lock_timeout=5)
    yield made
    made.dispose()


@pytest.fixture
def store(postgres_url: str) -> Iterator[SqlStore]:
    """With the work 1. Locks are waited for briefly."""
    store = SqlStore(postgres_url, lock_timeout=0.2)
    store.migrate()
    with store.unit() as unit:
        unit.works.add(a_work(1), keys_of(a_work(1)))
    yield store
    store.close()


# tables


def indexes(database: Engine) -> dict[str, str]:
    with database.connect() as connection:
        query = (
            "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public' AND tablename <> 'alembic_version'"
        )
        return dict(connection.exec_driver_sql(query).all())


def constraints(database: Engine) -> dict[str, str]:
    with database.connect() as connection:
        query = (
            "SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint WHERE connamespace = 'public'::regnamespace"
        )
        return {name: text for name, text in connection.exec_driver_sql(query) if not name.startswith("alembic")}


def test_the_migrations_make_the_tables_of_the_models_and_unmake_them(database: Engine) -> None:
    schema.upgrade(database)
    with database.connect() as connection:
        options = {"compare_type": True, "compare_server_default": True}
        assert compare_metadata(MigrationContext.configure(connection, opts=options), Row.metadata) == []
    migrated = indexes(database), constraints(database)
    schema.downgrade(database, "base")
    assert inspect(database).get_table_names() == ["alembic_version"]
    with engine.writer(database).begin() as connection:
        connection.exec_driver_sql("DROP TABLE alembic_version")
        Row.metadata.create_all(connection)
    assert (indexes(database), constraints(database)) == migrated  # WHERE and CHECK too, which Alembic does not compare


def test_two_processes_migrate_at_once(postgres_url: str) -> None:
    stores = [SqlStore(postgres_url) for _ in range(3)]
    with ThreadPoolExecutor() as pool:
        list(pool.map(SqlStore.migrate, stores))
    assert stores[0].revision().problem is None
    for store in stores:
        store.close()


# side by side


def test_operations_become_visible_in_the_order_of_their_numbers(store: SqlStore) -> None:
    """Without the lock the second writer would show 2 before 1, and an index that saw 2 would never read 1."""
    patient = SqlStore(store._engine.url.render_as_string(hide_password=False))
    appended = threading.Event()

    def second() -> None:
        with patient.unit() as unit:
            unit.fingerprints.append(WorkId(1), b"second")
            appended.set()

    with store.unit() as unit:
        unit.fingerprints.append(WorkId(1), b"first")
        thread = threading.Thread(target=second)
        thread.start()
        assert not appended.wait(0.2)
    thread.join()
    with store.read() as unit:
        assert [operation.fingerprint for operation in unit.fingerprints.since(0, 9)] == [b"first", b"second"]
    patient.close()


def test_a_writer_that_waits_too_long_says_so(store: SqlStore) -> None:
    def late() -> str:
        with pytest.raises(Unavailable) as caught, store.unit() as unit:
            unit.fingerprints.append(WorkId(1), b"late")
        return caught.value.reason

    with store.unit() as unit, ThreadPoolExecutor() as pool:
        unit.fingerprints.append(WorkId(1), b"first")
        assert "locked by another writer" in pool.submit(late).result()


def test_a_worker_takes_the_jobs_that_no_other_holds(store: SqlStore) -> None:
    with store.unit() as unit:
        for kind in ("a", "b", "c"):
            unit.outbox.add(kind, {}, available_at=NOON)

    def claim(limit: int) -> list[str]:
        with store.unit() as unit:
            return [job.kind for job in unit.outbox.claim(NOON, limit=limit, lease_seconds=60)]

    with store.unit() as unit, ThreadPoolExecutor() as pool:
        held = unit.outbox.claim(NOON, limit=2, lease_seconds=60)
        assert [job.kind for job in held] == ["a", "b"]
        assert pool.submit(claim, 3).result() == ["c"]


def test_two_that_wait_for_each_other_are_told_to_try_again(postgres_url: str, store: SqlStore) -> None:
    patient = SqlStore(postgres_url, lock_timeout=30)  # longer than PostgreSQL's deadlock_timeout of one second
    gate = threading.Barrier(2)

    def add(names: tuple[str, str]) -> type[Busy] | None:
        try:
            with patient.unit() as unit:
                unit.api_keys.add(an_api_key(names[0]))
                gate.wait()
                unit.api_keys.add(an_api_key(names[1]))
        except Busy:
            return Busy
        return None

    with ThreadPoolExecutor() as pool:
        outcomes = list(pool.map(add, [("x", "y"), ("y", "x")]))
    assert set(outcomes) == {None, Busy}
    with store.read() as unit:
        assert len(unit.api_keys.all()) == 2
    patient.close()


def test_a_read_sees_one_moment(store: SqlStore) -> None:
    def register() -> None:
        with store.unit() as unit:
            unit.works.add(a_work(2), [])

    with store.read() as unit, ThreadPoolExecutor() as pool:
        assert unit.works.count() == 1
        pool.submit(register).result()
        assert unit.works.count() == 1
    with store.read() as unit:
        assert unit.works.count() == 2


# what goes wrong


def test_text_that_postgres_cannot_hold(store: SqlStore) -> None:
    with pytest.raises(InvalidRequest, match="cannot be stored"), store.unit() as unit:
        unit.works.add(a_work(2, title="nul \0 byte"), [])


@pytest.mark.parametrize("what", ["server", "database"])
def test_nobody_answers(postgres_server: PostgresServer, what: str) -> None:
    url = "postgresql://u@/d?host=/nowhere" if what == "server" else postgres_server.url("nowhere")
    store = SqlStore(url)
    with pytest.raises(Unavailable, match="does not answer") as caught:
        store.ping()
    assert "nowhere" not in f"{caught.value} {caught.value.hint}"


def break_connections(server: PostgresServer, store: SqlStore) -> None:
    database = store._engine.url.database
    server.execute(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{database}'")


def test_a_connection_that_broke_while_idle_is_replaced(postgres_server: PostgresServer, store: SqlStore) -> None:
    break_connections(postgres_server, store)
    with store.unit() as unit:
        assert unit.works.count() == 1


def test_a_connection_that_breaks_undoes_its_unit(postgres_server: PostgresServer, store: SqlStore) -> None:
    def broken() -> None:
        with store.unit() as unit:
            unit.works.add(a_work(2), [])
            break_connections(postgres_server, store)
            unit.works.count()

    with pytest.raises(Unavailable, match="does not answer"):
        broken()
    with store.read() as unit:
        assert unit.works.count() == 1


def test_a_database_without_tables_says_what_to_run(postgres_url: str) -> None:
    store = SqlStore(postgres_url)
    with pytest.raises(Unavailable, match="tables") as caught:
        store.ping()
    assert caught.value.hint == "run `provenance db upgrade`"
    assert store.revision().problem == "the database is behind: run `provenance db upgrade`"
    store.close()
