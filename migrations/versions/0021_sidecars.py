"""sidecars: written by a follower of the journals, which begins where they end now

Revision: 0021, after 0020.
"""

from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

FOLLOWER = "sidecars"


def upgrade() -> None:
    """Forward; the previous release writes a sidecar with each upload, and both make up missing ones daily."""
    op.execute(
        "INSERT INTO positions (dossier, follower, seq)"  # noqa: S608  # our own word
        f" SELECT dossier, '{FOLLOWER}', seq FROM dossiers"
    )


def downgrade() -> None:
    """Back."""
    op.execute(f"DELETE FROM positions WHERE follower = '{FOLLOWER}'")  # noqa: S608  # our own word
