"""late work: why posts end, who has left, since when a dossier is closed, who was
told of it, which first loads stand ready

Revision: 0002, after 0001.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forward; runs while the previous release still serves: it reads and writes none of these."""
    op.add_column("dossiers", sa.Column("closed_at", sa.String(length=24), nullable=True))
    op.add_column("people", sa.Column("left_at", sa.String(length=24), nullable=True))
    op.add_column("posts", sa.Column("ended", sa.String(length=20), nullable=True))
    op.create_table(
        "positions",
        sa.Column("dossier", sa.String(length=96), nullable=False),
        sa.Column("follower", sa.String(length=40), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("dossier", "follower"),
    )
    op.create_table(
        "snapshots",
        sa.Column("dossier", sa.String(length=96), nullable=False),
        sa.Column("audience", sa.String(length=80), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("items", sa.BigInteger(), nullable=False),
        sa.Column("made_at", sa.String(length=24), nullable=False),
        sa.PrimaryKeyConstraint("dossier", "audience"),
    )


def downgrade() -> None:
    """Back."""
    op.drop_table("snapshots")
    op.drop_table("positions")
    op.drop_column("posts", "ended")
    op.drop_column("people", "left_at")
    op.drop_column("dossiers", "closed_at")
