"""words that are found by their characters, in one spelling

Revision: 0020, after 0019.
"""

import unicodedata

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

AT_ONCE = 5_000


def upgrade() -> None:
    """Forward; what the previous release writes meanwhile is found as it spells it. The first job enters
    what stands.
    """
    op.create_table(
        "grams",
        sa.Column("dossier", sa.String(length=96), nullable=False),
        sa.Column("gram", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("part", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("places", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("dossier", "gram", "part"),
    )
    op.create_table(
        "places",
        sa.Column("dossier", sa.String(length=96), nullable=False),
        sa.Column("place", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("record", sa.String(length=36), nullable=False),
        sa.Column("digest", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("dossier", "place"),
    )
    op.create_index("places_record", "places", ["dossier", "record"], unique=True)
    _spell()


def _spell() -> None:
    """The issues' words in the spelling of server/words/rules.py, as it was when this was written."""
    issues = sa.table("issues", *(sa.column(n, sa.Text()) for n in ("dossier", "id", "words")))
    key = sa.tuple_(issues.c.dossier, issues.c.id)
    write = (
        sa.update(issues)
        .where(issues.c.dossier == sa.bindparam("d"), issues.c.id == sa.bindparam("i"))
        .values(words=sa.bindparam("w"))
    )
    conn, last = op.get_bind(), None
    while True:
        query = sa.select(issues).order_by(issues.c.dossier, issues.c.id).limit(AT_ONCE)
        rows = conn.execute(query if last is None else query.where(key > sa.tuple_(*last))).all()
        if not rows:
            return
        spelled = [(row, _plain(row.words)) for row in rows]
        changed = [{"d": r.dossier, "i": r.id, "w": w} for r, w in spelled if w != r.words]
        if changed:
            conn.execute(write, changed)
        last = (rows[-1].dossier, rows[-1].id)


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())


def downgrade() -> None:
    """Back, for a release that has to be taken back before it holds data."""
    op.drop_table("places")
    op.drop_table("grams")
