"""doors: enrolled devices, their codes and proofs; sessions that are renewed

Revision: 0015, after 0014.
"""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

SESSION = (
    ("id", sa.String(36)),
    ("key", sa.String(16)),
    ("until", sa.String(24)),
    ("renewal", sa.String(64)),
    ("renewed_at", sa.String(24)),
    ("place", sa.String(43)),
    ("agent", sa.String(120)),
)


def upgrade() -> None:
    """Forward; sessions that the previous release begins meanwhile have no id and end by themselves."""
    with op.batch_alter_table("sessions") as table:
        for name, kind in SESSION:
            table.add_column(sa.Column(name, kind, nullable=True))
        table.add_column(sa.Column("factors", sa.SmallInteger(), nullable=False, server_default="1"))
        table.create_unique_constraint("sessions_id_key", ["id"])
        table.create_index("sessions_device", ["device"])
    with op.batch_alter_table("people") as table:
        table.add_column(sa.Column("once_until", sa.String(24), nullable=True))
    op.create_table(
        "devices",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("key", sa.String(length=16), nullable=False),
        sa.Column("public", sa.String(length=88), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("person", sa.String(length=36), nullable=True),
        sa.Column("enrolled_at", sa.String(length=24), nullable=False),
        sa.Column("enrolled_by", sa.String(length=36), nullable=False),
        sa.Column("seen_at", sa.String(length=24), nullable=True),
        sa.Column("revoked_at", sa.String(length=24), nullable=True),
        sa.Column("wipe", sa.String(length=36), nullable=True),
        sa.Column("wipe_at", sa.String(length=24), nullable=True),
        sa.Column("push_first", sa.Boolean(), nullable=False),
        sa.Column("wiped_at", sa.String(length=24), nullable=True),
        sa.Column("unsent", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["person"], ["people.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("key"),
    )
    op.create_index("devices_person", "devices", ["person"], unique=False)
    op.create_table(
        "enrolments",
        sa.Column("code", sa.String(length=64), nullable=False),
        sa.Column("person", sa.String(length=36), nullable=True),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("made_by", sa.String(length=36), nullable=False),
        sa.Column("expires_at", sa.String(length=24), nullable=False),
        sa.Column("device", sa.String(length=64), nullable=True),
        sa.Column("session", sa.String(length=36), nullable=True),
        sa.ForeignKeyConstraint(["person"], ["people.id"]),
        sa.PrimaryKeyConstraint("code"),
    )
    op.create_table(
        "proofs",
        sa.Column("key", sa.String(length=16), nullable=False),
        sa.Column("jti", sa.String(length=64), nullable=False),
        sa.Column("at", sa.String(length=24), nullable=False),
        sa.PrimaryKeyConstraint("key", "jti"),
    )
    op.create_index("proofs_at", "proofs", ["at"], unique=False)
    op.create_table(
        "attempts",
        sa.Column("lane", sa.String(length=43), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("last_at", sa.String(length=24), nullable=False),
        sa.Column("closed_until", sa.String(length=24), nullable=True),
        sa.PrimaryKeyConstraint("lane"),
    )
    op.create_table(
        "factors",
        sa.Column("person", sa.String(length=36), nullable=False),
        sa.Column("secret", sa.Text(), nullable=False),
        sa.Column("confirmed_at", sa.String(length=24), nullable=True),
        sa.Column("last_step", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["person"], ["people.id"]),
        sa.PrimaryKeyConstraint("person"),
    )
    op.create_table(
        "recovery_codes",
        sa.Column("person", sa.String(length=36), nullable=False),
        sa.Column("mark", sa.String(length=43), nullable=False),
        sa.ForeignKeyConstraint(["person"], ["people.id"]),
        sa.PrimaryKeyConstraint("person", "mark"),
    )


def downgrade() -> None:
    """Back."""
    for table in ("recovery_codes", "factors", "attempts", "proofs", "enrolments", "devices"):
        op.drop_table(table)
    with op.batch_alter_table("people") as table:
        table.drop_column("once_until")
    with op.batch_alter_table("sessions") as table:
        table.drop_index("sessions_device")
        table.drop_constraint("sessions_id_key", type_="unique")
        for name in ("factors", *(name for name, _ in SESSION)):
            table.drop_column(name)
