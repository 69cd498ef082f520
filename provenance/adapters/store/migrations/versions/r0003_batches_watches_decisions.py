"""Batches, watched uploads, reviewers' decisions, and the scores of checks that a calibration report counts.

Frozen, as every released script.
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

TABLES = ("check_scores", "decisions", "batches", "batch_items", "upload_prints", "watches", "watch_hits")


def upgrade() -> None:
    _check_scores()
    _decisions()
    _batches()
    _upload_prints()
    _watches()


def downgrade() -> None:
    for table in reversed(TABLES):
        op.drop_table(table)


def _key() -> sa.types.TypeEngine[int]:
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _time() -> sa.DateTime:
    return sa.DateTime(timezone=True)


def _check_scores() -> None:
    op.create_table(
        "check_scores",
        sa.Column("check_id", sa.String(), nullable=False),
        sa.Column("owner", sa.String(), nullable=False),
        sa.Column("calibration", sa.String(), nullable=False),
        sa.Column("probability", sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(["check_id"], ["checks.id"], name=op.f("fk_check_scores_check_id")),
        sa.PrimaryKeyConstraint("check_id", name=op.f("pk_check_scores")),
    )
    columns = ["calibration", "owner", "probability"]
    op.create_index(op.f("ix_check_scores_calibration_owner_probability"), "check_scores", columns)


def _decisions() -> None:
    op.create_table(
        "decisions",
        sa.Column("id", _key(), nullable=False),
        sa.Column("check_id", sa.String(), nullable=False),
        sa.Column("owner", sa.String(), nullable=False),
        sa.Column("work_id", sa.String(16), nullable=False),
        sa.Column("opinion", sa.String(16), nullable=False),
        sa.Column("note", sa.String(), nullable=False),
        sa.Column("reviewer", sa.String(), nullable=False),
        sa.Column("created_at", _time(), nullable=False),
        sa.Column("grade", sa.String(), nullable=False),
        sa.Column("probability", sa.Float(), nullable=False),
        sa.Column("calibration", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["check_id"], ["checks.id"], name=op.f("fk_decisions_check_id")),
        sa.ForeignKeyConstraint(["work_id"], ["works.id"], name=op.f("fk_decisions_work_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_decisions")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_decisions_check_id_work_id_id"), "decisions", ["check_id", "work_id", "id"])
    op.create_index(op.f("ix_decisions_owner"), "decisions", ["owner"])
    op.create_index(op.f("ix_decisions_work_id"), "decisions", ["work_id"])


def _batches() -> None:
    op.create_table(
        "batches",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("owner", sa.String(), nullable=False),
        sa.Column("created_at", _time(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("licensee", sa.String(), nullable=True),
        sa.Column("keep", sa.Boolean(), nullable=False),
        sa.Column("finished_at", _time(), nullable=True),
        sa.Column("cancelled_at", _time(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_batches")),
    )
    op.create_index(op.f("ix_batches_created_at_id"), "batches", ["created_at", "id"])
    op.create_index(op.f("ix_batches_owner_created_at_id"), "batches", ["owner", "created_at", "id"])
    op.create_table(
        "batch_items",
        sa.Column("batch_id", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("check_id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("url", sa.String(), nullable=True),
        sa.Column("blob", sa.String(), nullable=True),
        sa.Column("sha256", sa.String(), nullable=True),
        sa.Column("pixels_sha256", sa.String(), nullable=True),
        sa.Column("grade", sa.String(), nullable=True),
        sa.Column("error", sa.JSON(), nullable=True),
        sa.Column("links", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["batch_id"], ["batches.id"], name=op.f("fk_batch_items_batch_id")),
        sa.PrimaryKeyConstraint("batch_id", "position", name=op.f("pk_batch_items")),
    )
    op.create_index(op.f("ix_batch_items_batch_id_state_position"), "batch_items", ["batch_id", "state", "position"])


def _upload_prints() -> None:
    op.create_table(
        "upload_prints",
        sa.Column("group", sa.String(), nullable=False),
        sa.Column("member", sa.String(), nullable=False),
        sa.Column("models", sa.String(), nullable=False),
        sa.Column("fingerprint", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("group", "member", name=op.f("pk_upload_prints")),
    )


def _watches() -> None:
    op.create_table(
        "watches",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("owner", sa.String(), nullable=False),
        sa.Column("created_at", _time(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("blob", sa.String(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("pixels_sha256", sa.String(), nullable=False),
        sa.Column("media_type", sa.String(), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("licensee", sa.String(), nullable=True),
        sa.Column("checked_at", _time(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_watches")),
    )
    op.create_index(op.f("ix_watches_created_at_id"), "watches", ["created_at", "id"])
    op.create_index(op.f("ix_watches_owner_created_at_id"), "watches", ["owner", "created_at", "id"])
    op.create_table(
        "watch_hits",
        sa.Column("id", _key(), nullable=False),
        sa.Column("watch_id", sa.String(), nullable=False),
        sa.Column("owner", sa.String(), nullable=False),
        sa.Column("work_id", sa.String(16), nullable=False),
        sa.Column("check_id", sa.String(), nullable=False),
        sa.Column("grade", sa.String(), nullable=False),
        sa.Column("probability", sa.Float(), nullable=False),
        sa.Column("created_at", _time(), nullable=False),
        sa.ForeignKeyConstraint(["watch_id"], ["watches.id"], name=op.f("fk_watch_hits_watch_id")),
        sa.ForeignKeyConstraint(["work_id"], ["works.id"], name=op.f("fk_watch_hits_work_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_watch_hits")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_watch_hits_owner_id"), "watch_hits", ["owner", "id"])
    op.create_index(op.f("ix_watch_hits_work_id"), "watch_hits", ["work_id"])
    op.create_index("uq_watch_hits_watch_id_work_id", "watch_hits", ["watch_id", "work_id"], unique=True)
