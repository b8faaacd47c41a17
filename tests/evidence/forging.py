"""An administrator who knows every format and rewrites a journal so that it agrees with itself."""

from collections.abc import Callable
from typing import Any

import orjson
from sqlalchemy import Connection, text

from sync import growth
from sync.canonical import commitment, entry_hash, spell
from sync.journal import GENESIS
from sync.tree import Range

Forge = Callable[[int, dict[str, Any], dict[str, Any]], None]


def rebuild(conn: Connection, dossier: str, forge: Forge, *, tiles: bool = True) -> None:
    """Pass every entry's header and payload to `forge`, then link, commit, hash and head anew."""
    rows = conn.execute(
        text(
            "SELECT e.seq, e.bytes, p.salt, p.bytes AS payload FROM entries e JOIN payloads p"
            " ON p.dossier = e.dossier AND p.seq = e.seq WHERE e.dossier = :d ORDER BY e.seq"
        ),
        {"d": dossier},
    ).all()
    prev, whole = GENESIS, Range()
    for row in rows:
        header, payload = orjson.loads(row.bytes), orjson.loads(row.payload)
        forge(row.seq, header, payload)
        spelled = spell(payload)
        data = spell(header | {"prev": prev.hex(), "payload": commitment(row.salt, spelled)})
        prev = entry_hash(data)
        whole.extend([prev])
        here = {"d": dossier, "s": row.seq}
        conn.execute(
            text(
                "UPDATE entries SET bytes = :b, hash = :h, change = :c, record = :r"
                " WHERE dossier = :d AND seq = :s"
            ),
            here | {"b": data, "h": prev, "c": header["change"], "r": header["record"]},
        )
        update = text("UPDATE payloads SET bytes = :b WHERE dossier = :d AND seq = :s")
        conn.execute(update, here | {"b": spelled})
    conn.execute(
        text("UPDATE dossiers SET hash = :h, peaks = :p, size = :n WHERE dossier = :d"),
        {"h": prev, "p": whole.dump(), "n": whole.size, "d": dossier},
    )
    if tiles:
        conn.execute(text("DELETE FROM tiles WHERE dossier = :d"), {"d": dossier})
        conn.execute(text("UPDATE dossiers SET tiled = 0, tiled_seq = 0 WHERE dossier = :d"), {"d": dossier})
        while growth.integrate(conn, dossier, whole.size):
            pass
