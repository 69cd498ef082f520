"""Which models made each fingerprint, the sets of models, and works that a set could not describe.

Frozen, as every released script. What is in the database was made by one set of models; each fingerprint names them in
its head (magic, version, length, names), whatever its version.
"""

import hashlib
import json
import struct
from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_PAGE = 500
_HEAD = 2048  # bytes: more than any list of names


def upgrade() -> None:
    op.drop_index(op.f("ix_fingerprint_ops_work_id"), table_name="fingerprint_ops")
    with op.batch_alter_table("fingerprint_ops", recreate="auto", table_kwargs={"sqlite_autoincrement": True}) as table:
        table.add_column(sa.Column("models", sa.String(), nullable=True))
    op.create_index(op.f("ix_fingerprint_ops_work_id_models"), "fingerprint_ops", ["work_id", "models"])
    op.create_table(
        "model_sets",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("models", sa.JSON(), nullable=False),
        sa.Column("sources", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("cursor", sa.String(16), nullable=True),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_model_sets")),
    )
    op.create_table(
        "undescribed",
        sa.Column("models", sa.String(), nullable=False),
        sa.Column("work_id", sa.String(16), nullable=False),
        sa.Column("error", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["models"], ["model_sets.key"], name=op.f("fk_undescribed_models")),
        sa.ForeignKeyConstraint(["work_id"], ["works.id"], name=op.f("fk_undescribed_work_id")),
        sa.PrimaryKeyConstraint("models", "work_id", name=op.f("pk_undescribed")),
    )
    op.create_index(op.f("ix_undescribed_work_id"), "undescribed", ["work_id"])
    _name_what_is_there()


def downgrade() -> None:
    op.drop_table("undescribed")
    connection = op.get_bind()
    serving = sa.text("SELECT key FROM model_sets WHERE state = 'serving'")
    connection.execute(
        sa.text("DELETE FROM fingerprint_ops WHERE models IS NOT NULL AND models <> :key"),
        {"key": connection.execute(serving).scalar() or ""},
    )
    op.drop_table("model_sets")
    op.drop_index(op.f("ix_fingerprint_ops_work_id_models"), table_name="fingerprint_ops")
    with op.batch_alter_table("fingerprint_ops", table_kwargs={"sqlite_autoincrement": True}) as table:
        table.drop_column("models")
    op.create_index(op.f("ix_fingerprint_ops_work_id"), "fingerprint_ops", ["work_id"])


def _name_what_is_there() -> None:
    """The set of the last fingerprint serves; nothing says how to load its embedders, so `sources` is empty."""
    connection, sequence, sets = op.get_bind(), 0, {}
    query = sa.text(
        "SELECT sequence, substr(fingerprint, 1, :head) FROM fingerprint_ops"
        " WHERE sequence > :sequence AND fingerprint IS NOT NULL ORDER BY sequence LIMIT :page"
    )
    change = sa.text("UPDATE fingerprint_ops SET models = :models WHERE sequence = :sequence")
    last = ""
    while page := connection.execute(query, {"head": _HEAD, "sequence": sequence, "page": _PAGE}).all():
        rows = []
        for sequence, head in page:
            names = _names(bytes(head))
            last = hashlib.sha256("\n".join(names).encode()).hexdigest()[:16]
            sets[last] = names
            rows.append({"models": last, "sequence": sequence})
        connection.execute(change, rows)
    for key, names in sets.items():
        _add_set(connection, key, names, "serving" if key == last else "retired")


def _add_set(connection: sa.Connection, key: str, names: list[str], state: str) -> None:
    insert = sa.text(
        "INSERT INTO model_sets (key, models, sources, state, created_at) VALUES (:key, :models, '[]', :state, :at)"
    ).bindparams(sa.bindparam("at", type_=sa.DateTime(timezone=True)))
    connection.execute(insert, {"key": key, "models": json.dumps(names), "state": state, "at": datetime.now(UTC)})


def _names(head: bytes) -> list[str]:
    """What the fingerprint says of itself; where it is none, a name that no model has."""
    try:
        (length,) = struct.unpack_from("<H", head, 5)
        return head[7 : 7 + length].decode().split("\n")
    except (struct.error, UnicodeDecodeError):
        return ["unknown"]
