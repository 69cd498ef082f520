"""Migrations, run by the program itself: no alembic.ini, and the scripts lie in the installed package."""

from dataclasses import dataclass
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, Engine, text

from provenance.adapters.store import engine as engines
from provenance.adapters.store.errors import UPGRADE_HINT
from provenance.core.errors import Misconfigured, Unavailable

_SCRIPTS = Path(__file__).parent / "migrations"
_ADVISORY_LOCK = (
    0x70762D6D6967  # "pv-mig": one migration at a time on PostgreSQL; SQLite's BEGIN IMMEDIATE does the same
)


@dataclass(frozen=True, slots=True)
class Revision:
    """Which tables the database has (`current`, None: none yet) and which this program needs (`head`)."""

    current: str | None
    head: str
    known: bool  # False: written by a newer version of the program

    @property
    def problem(self) -> str | None:
        """One sentence for a person, or None when all is well."""
        if self.current == self.head:
            return None
        if not self.known:
            return f"the database is newer than this program (revision {self.current}): install a newer version"
        return f"the database is behind: {UPGRADE_HINT}"


def revision(engine: Engine) -> Revision:
    """Raises Unavailable."""
    scripts = ScriptDirectory.from_config(_config())
    with engines.reader(engine).connect() as connection:
        current = MigrationContext.configure(connection).get_current_revision()
    known = {script.revision for script in scripts.walk_revisions()}
    return Revision(current, scripts.get_current_head() or "", known=current is None or current in known)


def upgrade(engine: Engine, target: str = "head") -> None:
    """All of it or nothing: one transaction. Raises Misconfigured when the database is the newer one; Unavailable."""
    with engines.migrator(engine).begin() as connection:
        config = _exclusive(connection)
        try:
            command.upgrade(config, target)
        except CommandError as error:
            hint = "install the version of the program that wrote it, or a newer one"
            raise Misconfigured(f"the database cannot be migrated: {error}", hint=hint) from error
        _check_references(connection)


def downgrade(engine: Engine, target: str) -> None:
    """Back to the revision `target`; "base" drops every table. Loses what the later tables and columns held."""
    with engines.migrator(engine).begin() as connection:
        command.downgrade(_exclusive(connection), target)
        _check_references(connection)


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(_SCRIPTS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


def _exclusive(connection: Connection) -> Config:
    """The configuration for this connection, once no other process migrates."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _ADVISORY_LOCK})
    config = _config()
    config.attributes["connection"] = connection
    return config


def _check_references(connection: Connection) -> None:
    """SQLite rebuilds a table to alter it, with foreign keys off; they must hold again before the commit."""
    if connection.dialect.name != "sqlite":
        return
    broken = connection.exec_driver_sql("PRAGMA foreign_key_check").first()
    if broken is not None:
        raise Unavailable(f"a migration would leave rows of {broken[0]} without the rows that they refer to")
