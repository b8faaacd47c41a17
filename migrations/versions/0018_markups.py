"""markups: what was drawn over photographs, as the desk reads it

Revision: 0018, after 0017.
"""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forward; the previous release does not know the table. What it drew, `xunjian rebuild` brings in."""
    op.create_table(
        "markups",
        sa.Column("dossier", sa.String(length=96), nullable=False),
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("audience", sa.String(length=80), nullable=False),
        sa.Column("deleted", sa.Boolean(), nullable=False),
        sa.Column("photo", sa.String(length=36), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("strokes", sa.Text(), nullable=False),
        sa.Column("caption", sa.String(length=400), nullable=True),
        sa.Column("drawn_by", sa.String(length=36), nullable=False),
        sa.PrimaryKeyConstraint("dossier", "id"),
    )
    op.create_index("markups_photo", "markups", ["dossier", "photo"], unique=False)


def downgrade() -> None:
    """Back."""
    op.drop_table("markups")
