"""The first tables.

Frozen: it spells its types out and imports nothing that a later version of the models could change.
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

TABLES = (
    "works",
    "content_keys",
    "fingerprint_ops",
    "checks",
    "jobs",
    "api_keys",
    "idempotency",
    "anchor_batches",
    "anchor_leaves",
    "offers",
    "grants",
)


def upgrade() -> None:
    _works()
    _content_keys()
    _fingerprint_ops()
    _checks()
    _jobs()
    _api_keys()
    _idempotency()
    _anchor_batches()
    _anchor_leaves()
    _offers()
    _grants()


def downgrade() -> None:
    for table in reversed(TABLES):
        op.drop_table(table)


def _key() -> sa.types.TypeEngine[int]:
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _time() -> sa.DateTime:
    return sa.DateTime(timezone=True)


def _works() -> None:
    op.create_table(
        "works",
        sa.Column("id", sa.String(16), nullable=False),
        sa.Column("owner", sa.String(), nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("media_type", sa.String(), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("source_sha256", sa.String(), nullable=False),
        sa.Column("marked_sha256", sa.String(), nullable=False),
        sa.Column("marked_blob", sa.String(), nullable=False),
        sa.Column("mark_alg", sa.String(), nullable=False),
        sa.Column("mark_key_id", sa.String(), nullable=False),
        sa.Column("digital_source_type", sa.String(), nullable=False),
        sa.Column("terms_slug", sa.String(), nullable=False),
        sa.Column("terms_hash", sa.String(), nullable=False),
        sa.Column("certificate", sa.JSON(), nullable=False),
        sa.Column("certificate_hash", sa.String(), nullable=False),
        sa.Column("created_at", _time(), nullable=False),
        sa.Column("recipe_hash", sa.String(), nullable=True),
        sa.Column("notes", sa.JSON(), nullable=False),
        sa.Column("look_alikes", sa.JSON(), nullable=False),
        sa.Column("withdrawn_at", _time(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_works")),
    )
    op.create_index(op.f("ix_works_created_at_id"), "works", ["created_at", "id"])
    op.create_index(op.f("ix_works_owner_created_at_id"), "works", ["owner", "created_at", "id"])


def _content_keys() -> None:
    op.create_table(
        "content_keys",
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("work_id", sa.String(16), nullable=False),
        sa.ForeignKeyConstraint(["work_id"], ["works.id"], name=op.f("fk_content_keys_work_id")),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_content_keys")),
    )
    op.create_index(op.f("ix_content_keys_work_id"), "content_keys", ["work_id"])


def _fingerprint_ops() -> None:
    op.create_table(
        "fingerprint_ops",
        sa.Column("sequence", _key(), nullable=False),
        sa.Column("work_id", sa.String(16), nullable=False),
        sa.Column("fingerprint", sa.LargeBinary(), nullable=True),
        sa.Column("crc32", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["work_id"], ["works.id"], name=op.f("fk_fingerprint_ops_work_id")),
        sa.PrimaryKeyConstraint("sequence", name=op.f("pk_fingerprint_ops")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_fingerprint_ops_work_id"), "fingerprint_ops", ["work_id"])


def _checks() -> None:
    op.create_table(
        "checks",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("owner", sa.String(), nullable=False),
        sa.Column("created_at", _time(), nullable=False),
        sa.Column("report", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_checks")),
    )


def _jobs() -> None:
    op.create_table(
        "jobs",
        sa.Column("id", _key(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("available_at", _time(), nullable=False),
        sa.Column("last_error", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_jobs")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_jobs_state_available_at_id"), "jobs", ["state", "available_at", "id"])


def _api_keys() -> None:
    op.create_table(
        "api_keys",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("owner", sa.String(), nullable=False),
        sa.Column("scopes", sa.JSON(), nullable=False),
        sa.Column("created_at", _time(), nullable=False),
        sa.Column("revoked_at", _time(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_keys")),
        sa.UniqueConstraint("digest", name=op.f("uq_api_keys_digest")),
    )


def _idempotency() -> None:
    op.create_table(
        "idempotency",
        sa.Column("owner", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("request_hash", sa.String(), nullable=False),
        sa.Column("created_at", _time(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("owner", "key", name=op.f("pk_idempotency")),
    )
    op.create_index(op.f("ix_idempotency_created_at"), "idempotency", ["created_at"])


def _anchor_batches() -> None:
    live = sa.text("state <> 'failed'")
    used = sa.text("state <> 'failed' OR block_number IS NOT NULL")
    op.create_table(
        "anchor_batches",
        sa.Column("id", _key(), nullable=False),
        sa.Column("root", sa.String(), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("created_at", _time(), nullable=False),
        sa.Column("chain_id", sa.BigInteger(), nullable=False),
        sa.Column("contract", sa.String(), nullable=False),
        sa.Column("sender", sa.String(), nullable=False),
        sa.Column("nonce", sa.BigInteger(), nullable=False),
        sa.Column("tx_hash", sa.String(), nullable=False),
        sa.Column("raw_tx", sa.LargeBinary(), nullable=False),
        sa.Column("block_number", sa.BigInteger(), nullable=True),
        sa.Column("block_hash", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_anchor_batches")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_anchor_batches_state"), "anchor_batches", ["state"])
    op.create_index(
        "uq_anchor_batches_nonce",
        "anchor_batches",
        ["chain_id", "sender", "nonce"],
        unique=True,
        sqlite_where=used,
        postgresql_where=used,
    )
    op.create_index(
        "uq_anchor_batches_root",
        "anchor_batches",
        ["chain_id", "root"],
        unique=True,
        sqlite_where=live,
        postgresql_where=live,
    )


def _anchor_leaves() -> None:
    op.create_table(
        "anchor_leaves",
        sa.Column("batch_id", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("work_id", sa.String(16), nullable=False),
        sa.Column("certificate_hash", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["batch_id"], ["anchor_batches.id"], name=op.f("fk_anchor_leaves_batch_id")),
        sa.ForeignKeyConstraint(["work_id"], ["works.id"], name=op.f("fk_anchor_leaves_work_id")),
        sa.PrimaryKeyConstraint("batch_id", "position", name=op.f("pk_anchor_leaves")),
    )
    op.create_index(op.f("ix_anchor_leaves_work_id"), "anchor_leaves", ["work_id"])


def _offers() -> None:
    op.create_table(
        "offers",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("work_id", sa.String(16), nullable=False),
        sa.Column("terms_slug", sa.String(), nullable=False),
        sa.Column("terms_hash", sa.String(), nullable=False),
        sa.Column("price_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("created_at", _time(), nullable=False),
        sa.Column("valid_until", _time(), nullable=True),
        sa.Column("closed_at", _time(), nullable=True),
        sa.CheckConstraint("price_minor >= 0", name=op.f("ck_offers_price")),
        sa.ForeignKeyConstraint(["work_id"], ["works.id"], name=op.f("fk_offers_work_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_offers")),
    )
    op.create_index(op.f("ix_offers_work_id"), "offers", ["work_id"])


def _grants() -> None:
    op.create_table(
        "grants",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("offer_id", sa.String(), nullable=False),
        sa.Column("work_id", sa.String(16), nullable=False),
        sa.Column("licensee", sa.String(), nullable=False),
        sa.Column("terms_slug", sa.String(), nullable=False),
        sa.Column("terms_hash", sa.String(), nullable=False),
        sa.Column("price_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("certificate", sa.JSON(), nullable=False),
        sa.Column("created_at", _time(), nullable=False),
        sa.Column("valid_until", _time(), nullable=True),
        sa.Column("revoked_at", _time(), nullable=True),
        sa.CheckConstraint("price_minor >= 0", name=op.f("ck_grants_price")),
        sa.ForeignKeyConstraint(["offer_id"], ["offers.id"], name=op.f("fk_grants_offer_id")),
        sa.ForeignKeyConstraint(["work_id"], ["works.id"], name=op.f("fk_grants_work_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_grants")),
    )
    op.create_index(op.f("ix_grants_offer_id"), "grants", ["offer_id"])
    op.create_index(op.f("ix_grants_work_id_licensee"), "grants", ["work_id", "licensee"])
