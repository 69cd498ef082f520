"""Alembic runs this file. The connection, its transaction and its locks come from `schema.py`."""

from alembic import context

from provenance.adapters.store.models import Row

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Row.metadata,
    render_as_batch=True,  # SQLite cannot alter a column: the table is rebuilt
)
context.run_migrations()
