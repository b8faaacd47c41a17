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
    String,
    Table,
    Text,
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
)

lineage = Table(
    "lineage",
    metadata,
    Column("dossier", DOSSIER, primary_key=True),
    Column("epoch", Integer, primary_key=True, autoincrement=False),
    Column("fork", BigInteger, nullable=False),
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
