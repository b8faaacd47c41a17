"""the queue: saved views, what measures count, exports

Revision: 0010, after 0009.
"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


# A state's issues in each order of the queue.
ORDERS = {
    "issues_state_found": ["state", "found_at", "dossier", "id", "gravity", "domain"],
    "issues_state_due": [
        *("state", "due_on", "dossier", "id", "gravity", "domain"),
        *("audience", "deleted", "paused_on"),
    ],
    "issues_state_gravity": ["state", "gravity", "dossier", "id", "domain"],
}


def upgrade() -> None:
    """Forward; the previous release knows nothing of these tables."""
    for name, columns in ORDERS.items():
        op.create_index(name, "issues", columns, unique=False)
    op.drop_index("issues_state", "issues")
    op.drop_index("issues_issued", "issues")
    op.create_table(
        "views",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("owner", sa.String(length=36), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("shared", sa.Boolean(), nullable=False),
        sa.Column("filter", sa.Text(), nullable=False),
        sa.Column("sort", sa.String(length=20), nullable=False),
        sa.Column("changed_at", sa.String(length=24), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("views_owner", "views", ["owner"], unique=False)
    op.create_index("views_shared", "views", ["shared"], unique=False)
    days = ("found_on", "issued_on", "failed_on", "passed_on", "closed_on", "void_on")
    op.create_table(
        "measured",
        sa.Column("dossier", sa.String(length=96), nullable=False),
        sa.Column("issue", sa.String(length=36), nullable=False),
        sa.Column("since_on", sa.Integer(), nullable=False),
        sa.Column("until_on", sa.Integer(), nullable=False),
        sa.Column("gravity", sa.SmallInteger(), nullable=False),
        sa.Column("due_on", sa.Integer(), nullable=False),
        sa.Column("paused", sa.Boolean(), nullable=False),
        sa.Column("away", sa.Boolean(), nullable=False),
        sa.Column("audience", sa.String(length=80), nullable=False),
        sa.Column("domain", sa.String(length=20), nullable=False),
        sa.Column("code", sa.String(length=40), nullable=True),
        sa.Column("contractor", sa.String(length=18), nullable=True),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in days),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in ("before_on", "after_on", "replied_on")),
        sa.PrimaryKeyConstraint("dossier", "issue", "since_on"),
    )
    op.create_index("measured_issued", "measured", ["issued_on"], unique=False)
    code = ["dossier", "code", "found_on", "void_on", "issue", "audience"]
    op.create_index("measured_code", "measured", code, unique=False)
    op.create_table(
        "exports",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("owner", sa.String(length=36), nullable=False),
        sa.Column("form", sa.String(length=4), nullable=False),
        sa.Column("filter", sa.Text(), nullable=False),
        sa.Column("sort", sa.String(length=20), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("why", sa.String(length=40), nullable=True),
        sa.Column("rows_done", sa.Integer(), nullable=False),
        sa.Column("rows_total", sa.Integer(), nullable=False),
        sa.Column("asked_at", sa.String(length=24), nullable=False),
        sa.Column("made_at", sa.String(length=24), nullable=True),
        sa.Column("expires_at", sa.String(length=24), nullable=True),
        sa.Column("sha256", sa.String(length=64), nullable=True),
        sa.Column("size", sa.BigInteger(), nullable=True),
        sa.Column("attempts", sa.SmallInteger(), nullable=False),
        sa.Column("claimed_by", sa.String(length=36), nullable=True),
        sa.Column("claimed_until", sa.String(length=24), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("exports_owner", "exports", ["owner", "asked_at"], unique=False)
    op.create_index("exports_state", "exports", ["state", "rows_total"], unique=False)


def downgrade() -> None:
    """Back; the journal is left, from which measures are counted again."""
    op.drop_table("exports")
    op.drop_table("measured")
    op.execute("DELETE FROM positions WHERE follower = 'measures'")
    op.drop_table("views")
    op.create_index("issues_issued", "issues", ["issued_at"], unique=False)
    op.create_index("issues_state", "issues", ["state", "found_at"], unique=False)
    for name in ORDERS:
        op.drop_index(name, "issues")
