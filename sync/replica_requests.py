"""What a device says of itself in a request, beside its work: where it stands, and what it asks for."""

import sqlite3
from typing import Any

from . import trust


def standing(db: sqlite3.Connection) -> dict[str, Any]:
    """Where the cursors stand, and what the device knows of the house's signatures."""
    cursors: dict[str, dict[str, Any]] = {}
    for c in db.execute("SELECT * FROM cursors"):
        held = {k: c[k] for k in ("nonce", "epoch", "seq", "floor", "below")}
        cursors.setdefault(c["dossier"], {})[c["audience"]] = held
    return {"cursors": cursors, "checkpoints": trust.held(db), "keys": trust.known(db)}


def seen(db: sqlite3.Connection) -> dict[str, str]:
    """The last server time that was seen here before any of the unsent work was made, where it is known."""
    row = db.execute("SELECT value FROM meta WHERE key='seen'").fetchone()
    return {"seen_at": row["value"]} if row else {}


def unread(db: sqlite3.Connection, no: int, room: int) -> list[str]:
    """Dossiers from which there is nothing to pull and of which something is retained: an empty group asks
    whether the epoch is still the same. Where there are more than `room`, they take turns by `no`.
    """
    rows = db.execute(
        "SELECT DISTINCT dossier FROM outbox WHERE state='retained'"
        " AND dossier NOT IN (SELECT dossier FROM cursors)"
    ).fetchall()
    found = [str(row["dossier"]) for row in rows]
    first = no * room % len(found) if len(found) > room else 0
    return (found[first:] + found[:first])[:room]
