"""The engine's own tables (protocol.md §1). Private to sync: everybody else asks the engine.

Every key starts with the dossier, so that PostgreSQL can partition or distribute by it.
JSON stands as text in its canonical spelling: it is hashed, concatenated and sent, never queried.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    String,
    Table,
    Text,
    text,
)

metadata = MetaData()
DOSSIER = String(96)
ID = String(36)

dossiers = Table(
    "dossiers",
    metadata,
    Column("dossier", DOSSIER, primary_key=True),
    Column("epoch", Integer, nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    Column("backed_up", BigInteger, nullable=False),
    Column("closed_at", String(24)),  # since when the dossier is closed; late work waits for a reviewer
    # The Merkle tree as a compact range (tree.py): its leaves, its peaks, the seq of its last leaf.
    # What the release before this one appends during an update is caught up by `grown`.
    Column("size", BigInteger, nullable=False, server_default="0"),
    Column("peaks", LargeBinary),
    Column("grown", BigInteger, nullable=False, server_default="0"),
    # How many leaves stand in tiles, the seq of the last of them, how many the newest checkpoint covers.
    Column("tiled", BigInteger, nullable=False, server_default="0"),
    Column("tiled_seq", BigInteger, nullable=False, server_default="0"),
    Column("sealed", BigInteger, nullable=False, server_default="0"),
)

lineage = Table(
    "lineage",
    metadata,
    Column("dossier", DOSSIER, primary_key=True),
    Column("epoch", Integer, primary_key=True, autoincrement=False),
    Column("fork", BigInteger, nullable=False),
    # The tree as it came back, who restored it, when and why; and the note that says so, once signed.
    Column("size", BigInteger),
    Column("root", LargeBinary),
    Column("actor", String(96)),
    Column("at", String(24)),
    Column("reason", Text),
    Column("note", Text),
)

# Hashes of the tree, 256 a row (C2SP tlog-tiles): level 0 are entries' hashes, level L the roots of full
# rows of level L-1. Grown with each checkpoint; `last` is the seq of the last entry under the row.
tiles = Table(
    "tiles",
    metadata,
    Column("dossier", DOSSIER, primary_key=True),
    Column("level", SmallInteger, primary_key=True, autoincrement=False),
    Column("tile", BigInteger, primary_key=True, autoincrement=False),
    Column("last", BigInteger, nullable=False),
    Column("hashes", LargeBinary, nullable=False),
    # Of level 0 alone: a planner that knows nothing of the table yet must not take it for the key.
    Index(
        "tiles_last",
        *("dossier", "last"),
        sqlite_where=text("level = 0"),
        postgresql_where=text("level = 0"),
    ),
)

# Signed notes about the tree (notes.py), never altered; `seq` is the last entry that each covers.
checkpoints = Table(
    "checkpoints",
    metadata,
    Column("dossier", DOSSIER, primary_key=True),
    Column("epoch", Integer, primary_key=True, autoincrement=False),
    Column("size", BigInteger, primary_key=True, autoincrement=False),
    Column("seq", BigInteger, nullable=False),
    Column("root", LargeBinary, nullable=False),
    Column("made_at", String(24), nullable=False),
    Column("note", Text, nullable=False),
)

entries = Table(
    "entries",
    metadata,
    Column("dossier", DOSSIER, primary_key=True),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("change", ID, nullable=False),
    Column("record", ID, nullable=False),
    Column("bytes", LargeBinary, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    Index("entries_change", "dossier", "change", unique=True),
    Index("entries_record", "dossier", "record", "seq"),
)

payloads = Table(
    "payloads",
    metadata,
    Column("dossier", DOSSIER, primary_key=True),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("salt", LargeBinary),
    Column("bytes", LargeBinary),
)

records = Table(
    "records",
    metadata,
    Column("dossier", DOSSIER, primary_key=True),
    Column("record", ID, primary_key=True),
    Column("kind", String(40), nullable=False),
    Column("audience", String(80), nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("deleted", Boolean, nullable=False),
    Column("body", Text, nullable=False),
    Column("written", Text, nullable=False),
    Column("devices", Text, nullable=False),
)

feed = Table(
    "feed",
    metadata,
    Column("dossier", DOSSIER, primary_key=True),
    Column("audience", String(80), primary_key=True),
    Column("record", ID, primary_key=True),
    Column("seq", BigInteger, nullable=False),
    Column("op", String(8), nullable=False),
    Index("feed_seq", "dossier", "audience", "seq"),
)

# The keys that the house signs with, each introduced by a note that the key before has signed.
house_keys = Table(
    "house_keys",
    metadata,
    Column("no", Integer, primary_key=True, autoincrement=False),
    Column("note", Text, nullable=False),
)

# How far the deletions of an audience have been let go: an older cursor must start anew.
collected = Table(
    "collected",
    metadata,
    Column("dossier", DOSSIER, primary_key=True),
    Column("audience", String(80), primary_key=True),
    Column("seq", BigInteger, nullable=False),
)

# Which audiences a dossier has had: a firm's is known by its first record, not by a list of firms.
audiences = Table(
    "audiences",
    metadata,
    Column("dossier", DOSSIER, primary_key=True),
    Column("audience", String(80), primary_key=True),
)

# Ready-made first loads that are offered (sync/snapshots.py); the bytes rest in the office's store.
snapshots = Table(
    "snapshots",
    metadata,
    Column("dossier", DOSSIER, primary_key=True),
    Column("audience", String(80), primary_key=True),
    Column("epoch", Integer, nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("items", BigInteger, nullable=False),
    Column("made_at", String(24), nullable=False),
)

# How far each follower has read a dossier's entries (sync/followers.py).
positions = Table(
    "positions",
    metadata,
    Column("dossier", DOSSIER, primary_key=True),
    Column("follower", String(40), primary_key=True),
    Column("seq", BigInteger, nullable=False),
)

outcomes = Table(
    "outcomes",
    metadata,
    Column("dossier", DOSSIER, primary_key=True),
    Column("change", ID, primary_key=True),
    Column("digest", String(64), nullable=False),
    Column("author", String(96), nullable=False),
    Column("outcome", Text, nullable=False),
)

conflicts = Table(
    "conflicts",
    metadata,
    Column("dossier", DOSSIER, primary_key=True),
    Column("conflict", ID, primary_key=True),
    Column("record", ID, nullable=False),
    Column("kind", String(40), nullable=False),
    Column("open", Boolean, nullable=False),
    Index("conflicts_record", "dossier", "record", "kind", "open"),
)

invalid = Table(
    "invalid",
    metadata,
    Column("dossier", DOSSIER, primary_key=True),
    Column("digest", String(64), primary_key=True),
    Column("change", String(80)),
    Column("actor", String(96), nullable=False),
    Column("device", String(96), nullable=False),
    Column("received_at", String(24), nullable=False),
    Column("why", String(40), nullable=False),
    Column("bytes", LargeBinary, nullable=False),
    Index("invalid_age", "received_at"),
)
