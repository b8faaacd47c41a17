"""What a device believes of the past: it keeps the newest checkpoint, and takes in nothing that breaks it.

A server that shows another history (a fork) or a shorter one (a roll-back) is in *doubt* for that dossier:
the device takes nothing from it and sends nothing to it until it shows the history again that was signed,
or a signed explanation of why an epoch began. What is unsent stays, and can be carried out as a file.
The caller holds the local transaction (replica.py).
"""

import sqlite3
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import orjson

from . import notes, statements
from .notes import Checkpoint, NotANote, NotTrusted
from .tree import verify_consistency

# Why a dossier is in doubt, as a person reads it.
WORDS = {
    "forked": ("服务器给出的历史与本机所存检查点不一致", "The server shows another history than it signed."),
    "rolled-back": (
        "服务器的历史比已签署的短，可能恢复了旧备份",
        "The server has gone back behind what it signed.",
    ),
    "withheld": ("服务器不再出示检查点", "The server shows no checkpoint any more."),
    "unknown-key": ("检查点的签名密钥未知", "The checkpoint is signed by a key that nobody introduced."),
    "unexplained": ("服务器恢复了备份，但没有签署的说明", "A backup was put back without a signed reason."),
}


class Doubt(Exception):
    """What a device does not believe, by a code of WORDS."""


def keys(db: sqlite3.Connection) -> list[statements.Key]:
    """The house's keys that the device knows, in their order; the first was taken on first use."""
    return statements.keys(row["note"] for row in db.execute("SELECT note FROM house_keys ORDER BY no"))


def known(db: sqlite3.Connection) -> int:
    """How many of the house's keys the device knows."""
    return int(db.execute("SELECT count(*) FROM house_keys").fetchone()[0])


def learn(db: sqlite3.Connection, introductions: Iterable[str]) -> None:
    """Take in keys that the ones known introduce; others are not believed, and change nothing."""
    chain, told = keys(db), list(introductions)
    try:
        statements.keys(told, chain)
    except (NotANote, NotTrusted):
        return
    rows = enumerate(told, len(chain) + 1)
    db.executemany("INSERT OR IGNORE INTO house_keys VALUES (?,?)", rows)


def held(db: sqlite3.Connection) -> dict[str, dict[str, Any]]:
    """The newest checkpoint of each dossier, as a request tells of it."""
    return {
        row["dossier"]: {"epoch": row["epoch"], "size": row["size"], "root": notes.spelled([row["root"]])[0]}
        for row in db.execute("SELECT * FROM held ORDER BY dossier")
    }


def doubted(db: sqlite3.Connection, dossier: str) -> bool:
    """Whether the dossier's server is not believed now."""
    return db.execute("SELECT 1 FROM doubts WHERE dossier=?", (dossier,)).fetchone() is not None


def believes(
    db: sqlite3.Connection, dossier: str, epoch: int, shown: Mapping[str, Any] | None, no: int, at: str
) -> bool:
    """Judge what answer `no` shows of a dossier that it says is in `epoch`; whether to take the rest in.

    An answer that was asked for before the checkpoint was taken may well show an older one.
    """
    row = db.execute("SELECT * FROM held WHERE dossier=?", (dossier,)).fetchone()
    try:
        _judge(db, dossier, epoch, shown, row, late=row is not None and no <= row["no"])
    except Doubt as doubt:
        note = (shown or {}).get("note")
        said = (dossier, str(doubt), row and row["note"], note, at)
        db.execute("INSERT OR IGNORE INTO doubts VALUES (?,?,?,?,?)", said)
        return False
    db.execute("DELETE FROM doubts WHERE dossier=?", (dossier,))
    return True


def _judge(
    db: sqlite3.Connection,
    dossier: str,
    epoch: int,
    shown: Mapping[str, Any] | None,
    row: Any,
    *,
    late: bool,
) -> None:
    """Take the checkpoint in, or raise Doubt."""
    note = (shown or {}).get("note")
    if note is None:
        if row is not None and not late:
            if shown is None:
                raise Doubt("withheld")
            if row["epoch"] < epoch:
                raise Doubt("unexplained")
        return
    signed, told = _read(db, dossier, note)
    if row is None:
        _keep(db, dossier, signed, told, note)
        return
    held, here = (row["epoch"], row["size"]), (signed, told.size)
    if here == held:
        if told.root != row["root"]:
            raise Doubt("forked")
    elif late:
        return  # it continues, or comes before, an older one than the one held now
    elif here < held:
        raise Doubt("rolled-back")
    else:
        _take(db, dossier, row, signed, told, shown or {})
    if signed < epoch and not late:
        raise Doubt("unexplained")


def _take(
    db: sqlite3.Connection, dossier: str, row: Any, epoch: int, told: Checkpoint, shown: Mapping[str, Any]
) -> None:
    """A checkpoint beyond the one held: it continues that one, or an explanation says why not."""
    proof = _hashes(shown.get("proof", ()))
    continued = verify_consistency(row["size"], row["root"], told.size, told.root, proof)
    if epoch > row["epoch"]:
        reason = _explained(db, dossier, epoch, shown.get("restores", ()))
        said = (dossier, epoch, reason, row["note"], not continued)
        db.execute("INSERT OR REPLACE INTO restores VALUES (?,?,?,?,?)", said)
    elif not continued:
        raise Doubt("forked")
    _keep(db, dossier, epoch, told, shown["note"])


def _read(db: sqlite3.Connection, dossier: str, note: str) -> tuple[int, Checkpoint]:
    """The epoch and the checkpoint, signed under this dossier's name by a key that is known."""
    chain = keys(db)
    try:
        _, _, epoch = notes.checkpoint(notes.parse(note).text).origin.rpartition("/")
        origin = statements.origin(chain[0].deployment, dossier, notes.decimal(epoch)) if chain else ""
        told = notes.verified_checkpoint(note, origin, [key.verifier for key in chain])
    except (NotANote, NotTrusted):
        raise Doubt("unknown-key") from None
    return notes.decimal(epoch), told


def _explained(db: sqlite3.Connection, dossier: str, epoch: int, restores: Iterable[str]) -> str:
    """The signed note that says why this epoch began."""
    chain = keys(db)
    origin = statements.origin(chain[0].deployment, dossier, epoch)
    for note in restores:
        try:
            if statements.restore(note, [key.verifier for key in chain]).origin == origin:
                return note
        except (NotANote, NotTrusted):
            continue
    raise Doubt("unexplained")


def _hashes(listed: Iterable[str]) -> list[bytes]:
    try:
        return notes.hashes(list(listed))
    except NotANote:
        return [b""]  # no proof of anything


def _keep(db: sqlite3.Connection, dossier: str, epoch: int, told: Checkpoint, note: str) -> None:
    # Requests numbered later than this were made by a device that held it: their answers show no less.
    last = db.execute("SELECT value FROM meta WHERE key='no'").fetchone()
    row = (dossier, epoch, told.size, told.root, note, int(last["value"]) if last else 0)
    db.execute("INSERT OR REPLACE INTO held VALUES (?,?,?,?,?,?)", row)


# ------------------------------------------------------------------------------------ for people, for others
def doubts(db: sqlite3.Connection) -> list[dict[str, Any]]:
    """The dossiers whose server is not believed, with words; both notes prove it to others."""
    rows = db.execute("SELECT * FROM doubts ORDER BY dossier")
    return [dict(row) | dict(zip(("zh", "en"), WORDS[row["why"]], strict=True)) for row in rows]


def restores(db: sqlite3.Connection) -> list[dict[str, Any]]:
    """The restores that the house has explained; `lost` where this device had seen more than came back."""
    return [dict(row) for row in db.execute("SELECT * FROM restores ORDER BY dossier, epoch")]


def evidence(db: sqlite3.Connection) -> dict[str, Any]:
    """What this device can witness: keys, checkpoints (also superseded ones), receipts, doubts."""
    receipts = db.execute("SELECT dossier, seq, hash FROM receipts ORDER BY dossier, seq")
    superseded = db.execute("SELECT dossier, held AS note FROM restores ORDER BY dossier, epoch")
    newest = db.execute("SELECT dossier, note FROM held ORDER BY dossier")
    return {
        "keys": [row["note"] for row in db.execute("SELECT note FROM house_keys ORDER BY no")],
        "checkpoints": [dict(row) for row in (*superseded, *newest)],
        "receipts": [dict(row) for row in receipts],
        "doubts": doubts(db),
    }


def unsent(db: sqlite3.Connection) -> bytes:
    """Everything that is not home for certain, as JSON lines: what the device would push, and its doubts.

    Whoever is handed the file can see it, and a server that is believed again can take the changes in:
    their ids make that harmless.
    """
    rows = db.execute("SELECT dossier, state, change, schema FROM outbox ORDER BY n")
    lines = [dict(row) | {"change": orjson.loads(row["change"])} for row in rows]
    return b"".join(orjson.dumps(line) + b"\n" for line in [*lines, *({"doubt": d} for d in doubts(db))])


def compare(
    db: sqlite3.Connection, others: Iterable[str], ask: Callable[[str, int, int, int], list[str]], at: str
) -> list[str]:
    """Hold another device's checkpoints against the own: both must lie on one line.

    `ask(dossier, epoch, first, second)` has the server prove that they do; it may raise OSError. Returns
    the dossiers that are in doubt now.
    """
    found = []
    for note in others:
        try:
            name = notes.checkpoint(notes.parse(note).text).origin.split("/")
            dossier = name[-2]
            epoch, theirs = _read(db, dossier, note)
        except (NotANote, Doubt, IndexError):
            continue  # nothing that this house has signed
        mine = db.execute("SELECT * FROM held WHERE dossier=? AND epoch=?", (dossier, epoch)).fetchone()
        if mine is None:
            continue
        trees = sorted([(theirs.size, theirs.root), (mine["size"], mine["root"])])
        proof = [] if trees[0][0] == trees[1][0] else _hashes(ask(dossier, epoch, trees[0][0], trees[1][0]))
        if not verify_consistency(*trees[0], *trees[1], proof):
            said = (dossier, "forked", mine["note"], note, at)
            db.execute("INSERT OR REPLACE INTO doubts VALUES (?,?,?,?,?)", said)
            found.append(dossier)
    return found
