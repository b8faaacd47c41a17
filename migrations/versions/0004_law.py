"""law as data: provisions with their dates, working days

Revision: 0004, after 0003.
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forward; the previous release knows nothing of these tables and of what fills them."""
    op.create_table(
        "provisions",
        sa.Column("dossier", sa.String(length=96), nullable=False),
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("deleted", sa.Boolean(), nullable=False),
        sa.Column("code", sa.String(length=80), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("title", sa.String(length=200), nullable=True),
        sa.Column("citation", sa.String(length=400), nullable=True),
        sa.Column("certainty", sa.String(length=20), nullable=True),
        sa.PrimaryKeyConstraint("dossier", "id"),
    )
    op.create_index("provisions_code", "provisions", ["dossier", "code", "valid_from"], unique=False)
    op.create_table(
        "calendars",
        sa.Column("dossier", sa.String(length=96), nullable=False),
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("deleted", sa.Boolean(), nullable=False),
        sa.Column("year", sa.SmallInteger(), nullable=False),
        sa.Column("holidays", sa.Text(), nullable=False),
        sa.Column("worked", sa.Text(), nullable=False),
        sa.Column("citation", sa.String(length=400), nullable=True),
        sa.PrimaryKeyConstraint("dossier", "id"),
    )
    op.create_index("calendars_year", "calendars", ["dossier", "year"], unique=False)


def downgrade() -> None:
    """Back."""
    op.drop_table("calendars")
    op.drop_table("provisions")
