"""What a device keeps, in SQLite: shadow, cursors, outbox, bytes, and whom it trusts about the past."""

import sqlite3

TABLES = """
CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS shadow (
  dossier TEXT, record TEXT, audience TEXT, kind TEXT NOT NULL, version INTEGER NOT NULL,
  epoch INTEGER NOT NULL, body TEXT NOT NULL, written TEXT NOT NULL, gen INTEGER NOT NULL,
  PRIMARY KEY (dossier, record, audience));
CREATE TABLE IF NOT EXISTS cursors (
  dossier TEXT, audience TEXT, nonce TEXT NOT NULL, epoch INTEGER NOT NULL, seq INTEGER NOT NULL,
  floor INTEGER NOT NULL, below INTEGER, more INTEGER NOT NULL, gen INTEGER NOT NULL,
  PRIMARY KEY (dossier, audience));
CREATE TABLE IF NOT EXISTS epochs (
  dossier TEXT PRIMARY KEY, epoch INTEGER NOT NULL, backed_up INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS outbox (
  n INTEGER PRIMARY KEY, id TEXT UNIQUE NOT NULL, dossier TEXT NOT NULL, record TEXT NOT NULL,
  state TEXT NOT NULL, change TEXT NOT NULL, seq INTEGER, epoch INTEGER, outcome TEXT,
  schema INTEGER NOT NULL DEFAULT 1, acked TEXT);
CREATE INDEX IF NOT EXISTS outbox_record ON outbox (dossier, record, n);
CREATE TABLE IF NOT EXISTS media (
  photo TEXT PRIMARY KEY, dossier TEXT NOT NULL, sha256 TEXT NOT NULL, size INTEGER NOT NULL,
  mime TEXT NOT NULL, name TEXT NOT NULL, path TEXT NOT NULL, state TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS house_keys (no INTEGER PRIMARY KEY, note TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS held (
  dossier TEXT PRIMARY KEY, epoch INTEGER NOT NULL, size INTEGER NOT NULL, root BLOB NOT NULL,
  note TEXT NOT NULL, no INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS doubts (
  dossier TEXT PRIMARY KEY, why TEXT NOT NULL, held TEXT, shown TEXT, at TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS restores (
  dossier TEXT, epoch INTEGER, note TEXT NOT NULL, held TEXT NOT NULL, lost INTEGER NOT NULL,
  PRIMARY KEY (dossier, epoch));
CREATE TABLE IF NOT EXISTS receipts (
  dossier TEXT, seq INTEGER, change TEXT NOT NULL, hash TEXT NOT NULL, at TEXT NOT NULL,
  PRIMARY KEY (dossier, seq, hash));
"""


def prepare(db: sqlite3.Connection) -> None:
    """Lay the tables out, or bring those of an older release up to date: what is unsent stays."""
    db.executescript(TABLES)
    columns = {row[1] for row in db.execute("PRAGMA table_info(outbox)")}
    if "acked" not in columns:
        db.execute("ALTER TABLE outbox ADD COLUMN acked TEXT")
