"""The transparency log, C2PA manifests with their soft bindings, and the status lists.

Frozen, as every released script.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

TABLES = ("log_entries", "log_checkpoints", "manifests", "bindings", "credential_statuses")


def upgrade() -> None:
    _log()
    _manifests()
    _statuses()


def downgrade() -> None:
    for table in reversed(TABLES):
        op.drop_table(table)


def _time() -> sa.DateTime:
    return sa.DateTime(timezone=True)


def _log() -> None:
    op.create_table(
        "log_entries",
        sa.Column("index", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", _time(), nullable=False),
        sa.Column("work_id", sa.String(16), nullable=True),
        sa.PrimaryKeyConstraint("index", name=op.f("pk_log_entries")),
    )
    op.create_index(op.f("ix_log_entries_kind"), "log_entries", ["kind"])
    op.create_index(op.f("ix_log_entries_work_id"), "log_entries", ["work_id"])
    op.create_table(
        "log_checkpoints",
        sa.Column("size", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("root", sa.String(), nullable=False),
        sa.Column("note", sa.String(), nullable=False),
        sa.Column("created_at", _time(), nullable=False),
        sa.PrimaryKeyConstraint("size", name=op.f("pk_log_checkpoints")),
    )


def _manifests() -> None:
    op.create_table(
        "manifests",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("blob", sa.String(), nullable=False),
        sa.Column("owner", sa.String(), nullable=False),
        sa.Column("created_at", _time(), nullable=False),
        sa.Column("work_id", sa.String(16), nullable=True),
        sa.Column("embedded", sa.Boolean(), nullable=False),
        sa.Column("deleted_at", _time(), nullable=True),
        sa.Column("log_index", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["work_id"], ["works.id"], name=op.f("fk_manifests_work_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_manifests")),
    )
    op.create_index(op.f("ix_manifests_work_id"), "manifests", ["work_id"])
    op.create_table(
        "bindings",
        sa.Column("alg", sa.String(), nullable=False),
        sa.Column("value", sa.String(), nullable=False),
        sa.Column("manifest_id", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["manifest_id"], ["manifests.id"], name=op.f("fk_bindings_manifest_id")),
        sa.PrimaryKeyConstraint("alg", "value", "manifest_id", name=op.f("pk_bindings")),
    )
    op.create_index(op.f("ix_bindings_manifest_id"), "bindings", ["manifest_id"])
    op.create_index(op.f("ix_bindings_value"), "bindings", ["value"])


def _statuses() -> None:
    op.create_table(
        "credential_statuses",
        sa.Column("index", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("credential_id", sa.String(), nullable=False),
        sa.Column("created_at", _time(), nullable=False),
        sa.Column("work_id", sa.String(16), nullable=True),
        sa.Column("grant_id", sa.String(), nullable=True),
        sa.Column("suspended_at", _time(), nullable=True),
        sa.Column("revoked_at", _time(), nullable=True),
        sa.Column("reason", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("index", name=op.f("pk_credential_statuses")),
        sa.UniqueConstraint("credential_id", name=op.f("uq_credential_statuses_credential_id")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_credential_statuses_work_id"), "credential_statuses", ["work_id"])
