"""evidence: the tree in the head, tiles, checkpoints, the house's keys, devices' keys

Revision: 0011, after 0010.
"""

import hashlib

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

HEAD = ("size", "grown", "tiled", "tiled_seq", "sealed")
BATCH = 10_000


def upgrade() -> None:
    """Forward; what the previous release appends meanwhile, the next append under this one catches up."""
    with op.batch_alter_table("dossiers") as table:
        for name in HEAD:
            table.add_column(sa.Column(name, sa.BigInteger(), nullable=False, server_default="0"))
        table.add_column(sa.Column("peaks", sa.LargeBinary(), nullable=True))
    with op.batch_alter_table("lineage") as table:
        for name, kind in (("size", sa.BigInteger()), ("root", sa.LargeBinary()), ("actor", sa.String(96))):
            table.add_column(sa.Column(name, kind, nullable=True))
        for name, kind in (("at", sa.String(24)), ("reason", sa.Text()), ("note", sa.Text())):
            table.add_column(sa.Column(name, kind, nullable=True))
    op.create_table(
        "tiles",
        sa.Column("dossier", sa.String(length=96), nullable=False),
        sa.Column("level", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("tile", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("last", sa.BigInteger(), nullable=False),
        sa.Column("hashes", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("dossier", "level", "tile"),
    )
    level_0 = sa.text("level = 0")
    op.create_index(
        "tiles_last", "tiles", ["dossier", "last"], sqlite_where=level_0, postgresql_where=level_0
    )
    op.create_table(
        "checkpoints",
        sa.Column("dossier", sa.String(length=96), nullable=False),
        sa.Column("epoch", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("size", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("root", sa.LargeBinary(), nullable=False),
        sa.Column("made_at", sa.String(length=24), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("dossier", "epoch", "size"),
    )
    op.create_table(
        "house_keys",
        sa.Column("no", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("no"),
    )
    op.create_table(
        "device_keys",
        sa.Column("dossier", sa.String(length=96), nullable=False),
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("audience", sa.String(length=80), nullable=False),
        sa.Column("deleted", sa.Boolean(), nullable=False),
        sa.Column("key", sa.String(length=16), nullable=False),
        sa.Column("person", sa.String(length=36), nullable=False),
        sa.Column("device", sa.String(length=64), nullable=False),
        sa.Column("public", sa.String(length=88), nullable=False),
        sa.Column("since", sa.String(length=24), nullable=False),
        sa.Column("until", sa.String(length=24), nullable=True),
        sa.PrimaryKeyConstraint("dossier", "id"),
    )
    op.create_index("device_keys_person", "device_keys", ["person"], unique=False)
    op.create_index("device_keys_key", "device_keys", ["key"], unique=False)
    grow(op.get_bind())


def grow(conn: sa.Connection) -> None:
    """The compact range of every journal that is there: one pass over the entries' hashes."""
    for (dossier,) in conn.execute(sa.text("SELECT dossier FROM dossiers WHERE seq > 0")).all():
        size, peaks, since = 0, [], 0
        rows = True
        while rows:
            rows = conn.execute(
                sa.text(
                    "SELECT seq, hash FROM entries WHERE dossier = :d AND seq > :s ORDER BY seq LIMIT :n"
                ),
                {"d": dossier, "s": since, "n": BATCH},
            ).all()
            for seq, leaf in rows:
                peak, rest = bytes(leaf), size
                while rest & 1:
                    peak = hashlib.sha256(b"\x01" + peaks.pop() + peak).digest()
                    rest >>= 1
                peaks.append(peak)
                size, since = size + 1, seq
        conn.execute(
            sa.text("UPDATE dossiers SET size = :n, peaks = :p, grown = :s WHERE dossier = :d"),
            {"n": size, "p": b"".join(peaks), "s": since, "d": dossier},
        )


def downgrade() -> None:
    """Back."""
    for table in ("device_keys", "house_keys", "checkpoints", "tiles"):
        op.drop_table(table)
    with op.batch_alter_table("lineage") as table:
        for name in ("size", "root", "actor", "at", "reason", "note"):
            table.drop_column(name)
    with op.batch_alter_table("dossiers") as table:
        for name in (*HEAD, "peaks"):
            table.drop_column(name)
