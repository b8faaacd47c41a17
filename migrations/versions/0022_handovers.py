"""handovers: who answers for a project, and since when

Revision: 0022, after 0021.
"""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forward; the previous release knows neither the table nor the columns and leaves them alone."""
    op.create_table(
        "handovers",
        sa.Column("dossier", sa.String(length=96), nullable=False),
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("audience", sa.String(length=80), nullable=False),
        sa.Column("deleted", sa.Boolean(), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("giver", sa.String(length=36), nullable=True),
        sa.Column("taker", sa.String(length=36), nullable=False),
        sa.Column("proposed_at", sa.String(length=24), nullable=False),
        sa.Column("given_at", sa.String(length=24), nullable=True),
        sa.Column("taken_at", sa.String(length=24), nullable=True),
        sa.Column("since", sa.String(length=24), nullable=True),
        sa.PrimaryKeyConstraint("dossier", "id"),
    )
    op.create_index("handovers_proposed", "handovers", ["dossier", "proposed_at", "id"])
    op.create_index("handovers_state", "handovers", ["dossier", "state"])
    op.add_column("projects", sa.Column("officer", sa.String(length=36), nullable=True))
    op.add_column("projects", sa.Column("officer_since", sa.String(length=24), nullable=True))


def downgrade() -> None:
    """Back, for a release that has to be taken back before it holds data."""
    with op.batch_alter_table("projects") as projects:
        projects.drop_column("officer_since")
        projects.drop_column("officer")
    op.drop_table("handovers")
