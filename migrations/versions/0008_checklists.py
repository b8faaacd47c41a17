"""checklists and their answers, who is on an inspection, recusals, plans, assignments, licences

Revision: 0008, after 0007.
"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def _key(kind: str, *columns: sa.Column, audience: bool = False) -> None:
    """A read model: where the record stands, then what it says."""
    seen = [sa.Column("audience", sa.String(length=80), nullable=False)] if audience else []
    op.create_table(
        kind,
        sa.Column("dossier", sa.String(length=96), nullable=False),
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        *seen,
        sa.Column("deleted", sa.Boolean(), nullable=False),
        *columns,
        sa.PrimaryKeyConstraint("dossier", "id"),
    )


def upgrade() -> None:
    """Forward; the previous release writes inspections and people without the new columns."""
    op.add_column("people", sa.Column("licence_no", sa.String(length=40), nullable=True))
    op.add_column("people", sa.Column("licence_until", sa.Date(), nullable=True))
    state = sa.Column("state", sa.String(length=20), nullable=False, server_default="draft")
    op.add_column("inspections", state)
    op.add_column("inspections", sa.Column("checklist", sa.String(length=36), nullable=True))
    op.add_column("inspections", sa.Column("firm", sa.String(length=18), nullable=True))
    op.add_column("inspections", sa.Column("above_cap", sa.String(length=20), nullable=True))
    op.create_index("inspections_id", "inspections", ["id"], unique=False)
    op.create_table(
        "officers",
        sa.Column("dossier", sa.String(length=96), nullable=False),
        sa.Column("record", sa.String(length=36), nullable=False),
        sa.Column("person", sa.String(length=36), nullable=False),
        sa.PrimaryKeyConstraint("dossier", "record", "person"),
    )
    op.create_index("officers_person", "officers", ["person", "dossier"], unique=False)
    _key(
        "templates",
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("edition", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(length=120), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("content", sa.Text(), nullable=False),
    )
    op.create_index("templates_code", "templates", ["dossier", "code", "edition"], unique=False)
    _key(
        "answers",
        sa.Column("inspection", sa.String(length=36), nullable=False),
        sa.Column("form", sa.String(length=40), nullable=False),
        sa.Column("instance", sa.String(length=60), nullable=False),
        sa.Column("item", sa.String(length=40), nullable=False),
        sa.Column("result", sa.String(length=10), nullable=False),
        sa.Column("deduct", sa.Integer(), nullable=True),
        sa.Column("measurement", sa.String(length=20), nullable=True),
        audience=True,
    )
    op.create_index("answers_inspection", "answers", ["dossier", "inspection"], unique=False)
    _key(
        "recusals",
        sa.Column("officer", sa.String(length=36), nullable=False),
        sa.Column("firm", sa.String(length=18), nullable=True),
        sa.Column("project", sa.String(length=96), nullable=True),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
    )
    op.create_index("recusals_officer", "recusals", ["officer"], unique=False)
    _plans()


def _plans() -> None:
    _key(
        "plans",
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("sort", sa.String(length=20), nullable=False),
        sa.Column("title", sa.String(length=120), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("cap_per_firm", sa.Integer(), nullable=True),
        sa.Column("frequency", sa.Text(), nullable=True),
        audience=True,
    )
    _key(
        "assignments",
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("inspection_type", sa.String(length=40), nullable=False),
        sa.Column("checklist", sa.String(length=36), nullable=True),
        sa.Column("plan", sa.String(length=36), nullable=True),
        audience=True,
    )
    op.create_index("assignments_due", "assignments", ["state", "due_on"], unique=False)


def downgrade() -> None:
    """Back."""
    for table in ("assignments", "plans", "recusals", "answers", "templates", "officers"):
        op.drop_table(table)
    op.drop_index("inspections_id", "inspections")
    for column in ("above_cap", "firm", "checklist", "state"):
        op.drop_column("inspections", column)
    op.drop_column("people", "licence_until")
    op.drop_column("people", "licence_no")
