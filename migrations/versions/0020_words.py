"""words that are found by their characters

Revision: 0020, after 0019.
"""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forward; the first job spells what stands, and what the previous release still writes, and enters it:
    here its writers would wait for the last row, or lose to what was read before they wrote.
    """
    op.create_table(
        "grams",
        sa.Column("dossier", sa.String(length=96), nullable=False),
        sa.Column("gram", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("part", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("places", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("dossier", "gram", "part"),
    )
    op.create_table(
        "places",
        sa.Column("dossier", sa.String(length=96), nullable=False),
        sa.Column("place", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("record", sa.String(length=36), nullable=False),
        sa.Column("digest", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("dossier", "place"),
    )
    op.create_index("places_record", "places", ["dossier", "record"], unique=True)


def downgrade() -> None:
    """Back, for a release that has to be taken back before it holds data."""
    op.drop_table("places")
    op.drop_table("grams")
