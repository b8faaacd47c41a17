"""notices: papers, their numbers, blocks of numbers

Revision: 0009, after 0008.
"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forward; the previous release knows nothing of these tables and of what fills them."""
    op.create_table(
        "notices",
        sa.Column("dossier", sa.String(length=96), nullable=False),
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("audience", sa.String(length=80), nullable=False),
        sa.Column("deleted", sa.Boolean(), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("notice_kind", sa.String(length=20), nullable=False),
        sa.Column("drafted_at", sa.String(length=24), nullable=False),
        sa.Column("addressee", sa.String(length=18), nullable=True),
        sa.Column("addressee_name", sa.String(length=120), nullable=True),
        sa.Column("number", sa.String(length=60), nullable=True),
        sa.Column("temporary_no", sa.String(length=24), nullable=True),
        sa.Column("issued_at", sa.String(length=24), nullable=True),
        sa.Column("served_at", sa.String(length=24), nullable=True),
        sa.Column("served_on", sa.String(length=10), nullable=True),
        sa.Column("reply_due_on", sa.String(length=10), nullable=True),
        sa.Column("token", sa.String(length=40), nullable=True),
        sa.Column("pdf_sha256", sa.String(length=64), nullable=True),
        sa.Column("faulty", sa.Boolean(), nullable=False),
        sa.Column("unsettled", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("dossier", "id"),
    )
    op.create_index("notices_drafted", "notices", ["drafted_at", "dossier", "id"], unique=False)
    op.create_index("notices_state", "notices", ["state", "drafted_at"], unique=False)
    op.create_index("notices_token", "notices", ["token"], unique=True)
    op.create_index("notices_id", "notices", ["id"], unique=False)
    op.create_index("notices_unsettled", "notices", ["unsettled"], unique=False)
    op.create_table(
        "notice_items",
        sa.Column("dossier", sa.String(length=96), nullable=False),
        sa.Column("issue", sa.String(length=36), nullable=False),
        sa.Column("notice", sa.String(length=36), nullable=False),
        sa.PrimaryKeyConstraint("dossier", "issue", "notice"),
    )
    op.create_table(
        "number_blocks",
        sa.Column("dossier", sa.String(length=96), nullable=False),
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("audience", sa.String(length=80), nullable=False),
        sa.Column("deleted", sa.Boolean(), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("officer", sa.String(length=36), nullable=False),
        sa.Column("authority", sa.String(length=40), nullable=False),
        sa.Column("notice_kind", sa.String(length=20), nullable=False),
        sa.Column("year", sa.SmallInteger(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("first", sa.Integer(), nullable=True),
        sa.Column("last", sa.Integer(), nullable=True),
        sa.Column("format", sa.String(length=60), nullable=True),
        sa.PrimaryKeyConstraint("dossier", "id"),
    )
    op.create_index(
        "number_blocks_register", "number_blocks", ["authority", "notice_kind", "year", "first"], unique=False
    )
    op.create_index("number_blocks_id", "number_blocks", ["id"], unique=False)
    op.create_table(
        "numbers",
        sa.Column("authority", sa.String(length=40), nullable=False),
        sa.Column("notice_kind", sa.String(length=20), nullable=False),
        sa.Column("year", sa.SmallInteger(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("number", sa.String(length=60), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("reason", sa.String(length=400), nullable=True),
        sa.Column("home", sa.String(length=96), nullable=True),
        sa.Column("notice", sa.String(length=36), nullable=True),
        sa.Column("block", sa.String(length=36), nullable=True),
        sa.PrimaryKeyConstraint("authority", "notice_kind", "year", "seq"),
    )


def downgrade() -> None:
    """Back."""
    for table in ("numbers", "number_blocks", "notice_items", "notices"):
        op.drop_table(table)
