"""organisations: what codes are called

Revision: 0019, after 0018.
"""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forward; the previous release does not know the table."""
    op.create_table(
        "organisations",
        sa.Column("dossier", sa.String(length=96), nullable=False),
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("audience", sa.String(length=80), nullable=False),
        sa.Column("deleted", sa.Boolean(), nullable=False),
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("sort", sa.String(length=10), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("parties", sa.Text(), nullable=False),
        sa.Column("qualification", sa.String(length=400), nullable=True),
        sa.Column("qualified_until", sa.Date(), nullable=True),
        sa.Column("duties", sa.Text(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("dossier", "id"),
    )
    op.create_index("organisations_code", "organisations", ["dossier", "code"])


def downgrade() -> None:
    """Back."""
    op.drop_table("organisations")
