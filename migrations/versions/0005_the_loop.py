"""the loop: when an issue took its steps, and the papers under it

Revision: 0005, after 0004.
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None
TIMES = ("issued_at", "replied_at", "passed_at", "closed_at")


def upgrade() -> None:
    """Forward; the previous release writes issues without these columns, `xunjian rebuild` fills them."""
    with op.batch_alter_table("issues") as issues:
        issues.add_column(sa.Column("code", sa.String(length=40), nullable=True))
        for name in TIMES:
            issues.add_column(sa.Column(name, sa.String(length=24), nullable=True))
        issues.add_column(sa.Column("failed", sa.Boolean(), nullable=False, server_default=sa.false()))
        issues.add_column(sa.Column("paused_on", sa.Date(), nullable=True))
        issues.create_index("issues_issued", ["issued_at"], unique=False)
        issues.create_index("issues_code", ["dossier", "code", "found_at"], unique=False)
    op.create_table(
        "papers",
        sa.Column("dossier", sa.String(length=96), nullable=False),
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("audience", sa.String(length=80), nullable=False),
        sa.Column("deleted", sa.Boolean(), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("subject", sa.String(length=36), nullable=False),
        sa.Column("at", sa.String(length=24), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=True),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("dossier", "id"),
    )
    op.create_index("papers_subject", "papers", ["dossier", "subject", "at"], unique=False)
    op.create_index("papers_kind", "papers", ["kind", "at", "dossier"], unique=False)


def downgrade() -> None:
    """Back."""
    op.drop_table("papers")
    with op.batch_alter_table("issues") as issues:
        issues.drop_index("issues_code")
        issues.drop_index("issues_issued")
        for name in ("paused_on", "failed", *reversed(TIMES), "code"):
            issues.drop_column(name)
