"""Alembic's scripts. `provenance.adapters.store.schema` runs them."""
