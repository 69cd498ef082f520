"""Migrations on SQLite: complete, reversible, and honest about where a database stands."""

import json
import sqlite3
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine, inspect

from provenance.adapters.store import Revision, SqlStore, engine, schema
from provenance.adapters.store.models import Row
from provenance.core.errors import Misconfigured, Unavailable
from provenance.core.models import models_key
from tests.records import a_work, keys_of


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Engine]:
    made = engine.connect(f"sqlite:///{tmp_path / '100%' / 'provenance.db'}", lock_timeout=1)
    (tmp_path / "100%").mkdir()
    yield made
    made.dispose()


def differences(database: Engine) -> list[object]:
    with database.connect() as connection:
        options = {"compare_type": True, "compare_server_default": True}
        return compare_metadata(MigrationContext.configure(connection, opts=options), Row.metadata)


def sql_of(database: Engine) -> dict[str, str]:
    with database.connect() as connection:
        rows = connection.exec_driver_sql("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL")
        return {name: " ".join(sql.replace('"', "").split()) for name, sql in rows if name != "alembic_version"}


def test_the_migrations_make_the_tables_of_the_models(database: Engine) -> None:
    schema.upgrade(database)
    assert differences(database) == []


def test_they_make_them_to_the_letter(database: Engine, tmp_path: Path) -> None:
    """Alembic's comparison does not look at CHECKs, AUTOINCREMENT or an index's WHERE; SQLite's own record does."""
    schema.upgrade(database)
    direct = engine.connect(f"sqlite:///{tmp_path / 'direct.db'}", lock_timeout=1)
    Row.metadata.create_all(direct)
    assert sql_of(database) == sql_of(direct)
    direct.dispose()


def test_the_comparison_notices_a_difference(database: Engine) -> None:
    schema.upgrade(database)
    with engine.writer(database).begin() as connection:
        connection.exec_driver_sql("DROP INDEX ix_works_created_at_id")
    assert len(differences(database)) == 1


def test_down_and_up_again(database: Engine) -> None:
    schema.upgrade(database)
    schema.downgrade(database, "base")
    assert inspect(database).get_table_names() == ["alembic_version"]
    schema.upgrade(database)
    assert differences(database) == []


def test_every_constraint_has_a_name() -> None:
    for table in Row.metadata.tables.values():
        names = [constraint.name for constraint in table.constraints] + [index.name for index in table.indexes]
        assert all(isinstance(name, str) and len(name) <= 63 for name in names), table.name  # PostgreSQL's limit


def test_every_reference_is_indexed() -> None:
    """A parent's delete or update would otherwise read the whole child table."""
    for table in Row.metadata.tables.values():
        leading = {next(iter(index.columns)).name for index in table.indexes} | {next(iter(table.primary_key)).name}
        assert {key.parent.name for key in table.foreign_keys} <= leading, table.name


def test_upgrading_twice_changes_nothing(database: Engine) -> None:
    schema.upgrade(database)
    before = sql_of(database)
    schema.upgrade(database)
    assert sql_of(database) == before


def test_an_upgrade_keeps_what_is_there(tmp_path: Path) -> None:
    store = SqlStore(f"sqlite:///{tmp_path / 'a.db'}")
    store.migrate()
    with store.unit() as unit:
        unit.works.add(a_work(1), keys_of(a_work(1)))
    store.migrate()
    with store.read() as unit:
        assert unit.works.count() == 1
    store.close()


def test_an_upgrade_that_fails_leaves_nothing_behind(database: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise Unavailable("stop")

    monkeypatch.setattr(schema, "_check_references", refuse)
    with pytest.raises(Unavailable, match="stop"):
        schema.upgrade(database)
    assert inspect(database).get_table_names() == []


def test_an_upgrade_refuses_dangling_references(database: Engine) -> None:
    schema.upgrade(database)
    with engine.migrator(database).begin() as connection:
        connection.exec_driver_sql("INSERT INTO content_keys VALUES ('d', 'marked-file', 'pv-0000000000001')")
    with pytest.raises(Unavailable, match="content_keys"):
        schema.upgrade(database)


def test_fingerprints_of_older_databases_are_named_by_what_they_say_of_themselves(database: Engine) -> None:
    def head(*names: str) -> bytes:
        text = "\n".join(names).encode()
        return b"PVFP\x01" + struct.pack("<H", len(text)) + text + bytes(3000)

    schema.upgrade(database, "0003")
    rows = [head("lite0/1", "图"), head("lite0/2", "图"), None, head("lite0/2", "图"), b"x"]
    with engine.migrator(database).begin() as connection:
        for sequence, fingerprint in enumerate([*rows, head("lite0/2", "图")], start=1):
            connection.exec_driver_sql(
                "INSERT INTO fingerprint_ops VALUES (?, 'pv-0000000000001', ?, 7)", (sequence, fingerprint)
            )
    with engine.migrator(database).begin() as connection:
        command.upgrade(schema._exclusive(connection), "0004")
    old, new, broken = (models_key(names) for names in (["lite0/1", "图"], ["lite0/2", "图"], ["unknown"]))
    with engine.reader(database).connect() as connection:
        named = connection.exec_driver_sql("SELECT models FROM fingerprint_ops ORDER BY sequence").scalars().all()
        sets = connection.exec_driver_sql('SELECT "key", models, sources, state FROM model_sets').all()
    assert named == [old, new, None, new, broken, new]
    assert {(key, tuple(json.loads(names)), sources, state) for key, names, sources, state in sets} == {
        (old, ("lite0/1", "图"), "[]", "retired"),
        (new, ("lite0/2", "图"), "[]", "serving"),
        (broken, ("unknown",), "[]", "retired"),
    }
    with engine.migrator(database).begin() as connection:
        command.downgrade(schema._exclusive(connection), "0003")
        left = connection.exec_driver_sql("SELECT sequence FROM fingerprint_ops ORDER BY sequence").scalars().all()
    assert left == [2, 3, 4, 6]


# where a database stands


def test_a_new_database_is_behind(database: Engine) -> None:
    found = schema.revision(database)
    assert (found.current, found.known) == (None, True)
    assert found.problem == "the database is behind: run `provenance db upgrade`"


def test_a_migrated_database_is_at_the_head(database: Engine) -> None:
    schema.upgrade(database)
    found = schema.revision(database)
    assert found.current == found.head
    assert found.problem is None


def test_a_database_of_a_newer_program_is_left_alone(tmp_path: Path) -> None:
    store = SqlStore(f"sqlite:///{tmp_path / 'a.db'}")
    store.migrate()
    with sqlite3.connect(tmp_path / "a.db") as other:
        other.execute("UPDATE alembic_version SET version_num = '9999'")
    other.close()
    assert store.revision() == Revision("9999", store.revision().head, known=False)
    assert "newer than this program" in str(store.revision().problem)
    with pytest.raises(Misconfigured, match="9999"):
        store.migrate()
    store.close()


def test_a_store_in_memory_is_at_the_head() -> None:
    store = SqlStore.memory()
    assert store.revision().problem is None
    store.close()
