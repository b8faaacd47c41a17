"""keeping: orders to erase, holds, bytes that were erased, the watchbook

Revision: 0012, after 0011.
"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def _records(*more: sa.Column) -> list[sa.Column]:
    return [
        sa.Column("dossier", sa.String(length=96), nullable=False),
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("audience", sa.String(length=80), nullable=False),
        sa.Column("deleted", sa.Boolean(), nullable=False),
        *more,
    ]


def upgrade() -> None:
    """Forward; the previous release knows nothing of these tables."""
    op.create_table(
        "erasures",
        *_records(
            sa.Column("state", sa.String(length=10), nullable=False),
            sa.Column("subject", sa.String(length=36), nullable=False),
            sa.Column("asked_at", sa.String(length=24), nullable=False),
        ),
        sa.PrimaryKeyConstraint("dossier", "id"),
    )
    op.create_index("erasures_state", "erasures", ["state"], unique=False)
    op.create_table(
        "holds",
        *_records(
            sa.Column("state", sa.String(length=10), nullable=False),
            sa.Column("subject", sa.String(length=36), nullable=True),
        ),
        sa.PrimaryKeyConstraint("dossier", "id"),
    )
    op.create_table(
        "forgotten",
        sa.Column("dossier", sa.String(length=96), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("original", sa.Boolean(), nullable=False),
        sa.Column("left", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("dossier", "sha256"),
    )
    op.create_index("forgotten_left", "forgotten", ["left"], unique=False)
    op.create_table(
        "watchbook",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("at", sa.String(length=24), nullable=False),
        sa.Column("what", sa.String(length=40), nullable=False),
        sa.Column("actor", sa.String(length=36), nullable=True),
        sa.Column("told", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )


def downgrade() -> None:
    """Back, for a release that has to be taken back before it holds data."""
    for table in ("watchbook", "forgotten", "holds", "erasures"):
        op.drop_table(table)
