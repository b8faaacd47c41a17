"""videos and papers beside photographs; a second hash of what a picture looks like

Revision: 0006, after 0005.
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None
BANDS = ("band_0", "band_1", "band_2", "band_3")


def upgrade() -> None:
    """Forward; runs while the previous release still serves: what it writes are photographs, and always
    with the moment they were taken; pictures that it looks at are looked at again.
    """
    op.add_column("pictures", sa.Column("down", sa.String(length=16), nullable=True))
    for name in BANDS:
        op.drop_index(f"pictures_{name}", table_name="pictures")
        op.create_index(f"pictures_{name}", "pictures", [name, "likeness", "down"], unique=False)
    with op.batch_alter_table("photos") as photos:
        photos.add_column(sa.Column("kind", sa.String(length=12), nullable=False, server_default="photo"))
        photos.alter_column("taken_at", existing_type=sa.String(length=32), nullable=True)


def downgrade() -> None:
    """Back; the previous release knows no attachments, and reads them again from the journal later."""
    for name in BANDS:
        op.drop_index(f"pictures_{name}", table_name="pictures")
        op.create_index(f"pictures_{name}", "pictures", [name, "likeness"], unique=False)
    op.drop_column("pictures", "down")
    op.execute("DELETE FROM photos WHERE kind <> 'photo'")
    with op.batch_alter_table("photos") as photos:
        photos.alter_column("taken_at", existing_type=sa.String(length=32), nullable=False)
        photos.drop_column("kind")
