"""issues counted beforehand

Revision: 0013, after 0012.
"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forward; the previous release knows nothing of this table, and the first job fills it."""
    op.create_table(
        "tallies",
        sa.Column("dossier", sa.String(length=96), nullable=False),
        sa.Column("audience", sa.String(length=80), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("gravity", sa.SmallInteger(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("dossier", "audience", "state", "gravity", "due_on"),
    )


def downgrade() -> None:
    """Back, for a release that has to be taken back before it holds data."""
    op.drop_table("tallies")
