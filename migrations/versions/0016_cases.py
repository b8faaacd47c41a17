"""keeping: cases are asked for at the desk, and made like files of the queue

Revision: 0016, after 0015.
"""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forward; the previous release writes files of the queue, which have none."""
    op.add_column("exports", sa.Column("case_of", sa.String(length=96), nullable=True))


def downgrade() -> None:
    """Back, for a release that has to be taken back before it holds data."""
    with op.batch_alter_table("exports") as batch:
        batch.drop_column("case_of")
