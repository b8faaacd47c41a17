"""what pictures tell of themselves: the camera's notes, and what they look like

Revision: 0003, after 0002.
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None
BANDS = ("band_0", "band_1", "band_2", "band_3")


def upgrade() -> None:
    """Forward; runs while the previous release still serves: it knows nothing of this table, and the
    photographs that it takes in meanwhile are looked at by the next release's job.
    """
    op.create_table(
        "pictures",
        sa.Column("dossier", sa.String(length=96), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("taken_at", sa.String(length=32), nullable=True),
        sa.Column("lat_e7", sa.Integer(), nullable=True),
        sa.Column("lon_e7", sa.Integer(), nullable=True),
        sa.Column("orientation", sa.Integer(), nullable=True),
        sa.Column("camera", sa.String(length=80), nullable=True),
        sa.Column("likeness", sa.String(length=16), nullable=True),
        sa.Column("mirror", sa.String(length=16), nullable=True),
        *(sa.Column(name, sa.Integer(), nullable=True) for name in BANDS),
        sa.PrimaryKeyConstraint("dossier", "sha256"),
    )
    for name in BANDS:
        op.create_index(f"pictures_{name}", "pictures", [name, "likeness"], unique=False)


def downgrade() -> None:
    """Back."""
    op.drop_table("pictures")
