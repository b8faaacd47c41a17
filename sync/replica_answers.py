"""How a device takes the server's answers in: two independent messages, each safe to get twice."""

import gzip
import hashlib
import io
import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import orjson

from . import trust

FINAL = ("applied", "merged", "noop", "conflict", "parked")
RETAINED = timedelta(days=30)  # protocol.md §5: kept for a restored server, but not for ever
BYTES = ("photo", "attachment")  # kinds of record whose bytes are kept beside


def take_push(db: sqlite3.Connection, group: Mapping[str, Any], epoch: int, at: str) -> None:
    """Mark answered changes; `at` is when. An answer from another epoch acknowledges nothing.

    A device that may no longer read the dossier has no cursor to learn a new epoch from: it takes
    the epoch from the refusal, and what it retained goes out again.
    """
    if group.get("error") == "epoch-changed":
        here = (group["dossier"],)
        reads = db.execute("SELECT 1 FROM cursors WHERE dossier=?", here).fetchone()
        if reads is None and group["epoch"] > epoch:
            _restored(db, group["dossier"], group["epoch"])
        return
    if "error" in group or group["epoch"] != epoch:
        return
    for outcome in group["outcomes"]:
        if outcome["status"] in FINAL:
            row: tuple[Any, ...] = ("acked", outcome["seq"], group["epoch"], at)
        elif outcome["status"] == "invalid":
            row = ("invalid", None, group["epoch"], None)  # stays for repair; nothing waits for it
        else:
            continue
        db.execute(
            "UPDATE outbox SET state=?, seq=?, epoch=?, acked=?, outcome=? WHERE id=? AND state='new'",
            (*row, orjson.dumps(outcome).decode(), outcome["id"]),
        )
        if outcome["why"] == "erased":  # nothing of it is kept anywhere
            db.execute("DELETE FROM outbox WHERE id=?", (outcome["id"],))
        if outcome.get("receipt"):
            told = outcome["receipt"]
            kept = (group["dossier"], told["seq"], outcome["id"], told["hash"], told["at"])
            db.execute("INSERT OR IGNORE INTO receipts VALUES (?,?,?,?,?)", kept)
    settle(db, at)


def heard(db: sqlite3.Connection, server_time: str | None) -> None:
    """The server has told its time (RFC 3339 UTC). What still waits was made before this device knew it: as
    long as anything does, the time that stands is the one that all of it had seen.
    """
    waits = db.execute("SELECT 1 FROM outbox WHERE state='new' LIMIT 1").fetchone()
    if server_time is None or waits is not None:
        return
    known = db.execute("SELECT value FROM meta WHERE key='seen'").fetchone()
    if known is None or known["value"] < server_time:
        db.execute("INSERT OR REPLACE INTO meta VALUES ('seen', ?)", (server_time,))


def settle(db: sqlite3.Connection, at: str) -> None:
    """Acknowledged changes leave the view once every cursor of the dossier has passed them, and are
    let go once a backup covers them, or RETAINED after: until then a restored server gets them again.
    """
    db.execute(
        """UPDATE outbox SET state='retained' WHERE state='acked' AND NOT EXISTS (
             SELECT 1 FROM cursors c WHERE c.dossier = outbox.dossier
             AND (c.epoch <> outbox.epoch OR c.seq < outbox.seq OR c.more))"""
    )
    db.execute(
        """DELETE FROM outbox WHERE state='retained' AND EXISTS (
             SELECT 1 FROM epochs e WHERE e.dossier = outbox.dossier
             AND e.epoch = outbox.epoch AND e.backed_up >= outbox.seq)"""
    )
    long_ago = (datetime.fromisoformat(at) - RETAINED).isoformat()
    db.execute("DELETE FROM outbox WHERE state='retained' AND julianday(acked) < julianday(?)", (long_ago,))


@dataclass(frozen=True, slots=True)
class Offer:
    """A ready-made first load for a cursor that had just begun."""

    dossier: str
    audience: str
    nonce: str
    url: str
    until: int
    sha256: str


def take_pull(
    db: sqlite3.Connection, pull: Mapping[str, Any], no: int, new_id: Callable[[], str], at: str
) -> list[Offer]:
    """Take granted dossiers, pages and cursors in; the caller holds the transaction. Returns what
    may be loaded as a file instead of page by page. Of a dossier whose history is not the one that
    was signed, nothing is taken in (trust.py); `at` is when.
    """
    trust.learn(db, pull.get("keys", ()))
    offers: list[Offer] = []
    latest = db.execute("SELECT value FROM meta WHERE key='latest'").fetchone()
    newest = latest is None or no > int(latest["value"])
    if newest:
        db.execute("INSERT OR REPLACE INTO meta VALUES ('latest', ?)", (str(no),))
        _grants(db, pull, new_id)
    for dossier, said in pull["dossiers"].items():
        known = db.execute("SELECT epoch FROM epochs WHERE dossier=?", (dossier,)).fetchone()
        if known is None or said["epoch"] < known["epoch"]:
            continue  # a late answer from before a restore
        doubted = trust.doubted(db, dossier)
        if not trust.believes(db, dossier, said["epoch"], said.get("checkpoint"), no, at):
            continue
        if doubted:
            _again(db, dossier)  # another history may have said that it took something in
        if said["epoch"] > known["epoch"]:
            _restored(db, dossier, said["epoch"])
        db.execute(
            "UPDATE epochs SET backed_up=max(backed_up, ?) WHERE dossier=?",
            (said["backed_up"], dossier),
        )
        for audience, page in said["audiences"].items():
            _page(db, dossier, audience, said["epoch"], page, new_id)
            if "snapshot" in page and page["more"]:
                file = page["snapshot"]
                there = (file["url"], file["until"], file["sha256"])
                offers.append(Offer(dossier, audience, page["nonce"], *there))
        if said.get("wanted"):
            _wanted(db, dossier, said["wanted"])
    settle(db, at)
    return offers


def take_snapshot(db: sqlite3.Connection, offer: Offer, data: bytes) -> bool:
    """Take a ready-made first load in, if the cursor it was offered to is still loading; the caller
    holds the transaction. Raises ValueError where the bytes are not the ones offered.

    Rows newer than the file stay: a page brought them, or they stood there before it all began anew.
    """
    if hashlib.sha256(data).hexdigest() != offer.sha256:
        raise ValueError("the first load is damaged")
    pair = (offer.dossier, offer.audience)
    held = db.execute("SELECT * FROM cursors WHERE dossier=? AND audience=?", pair).fetchone()
    if held is None or held["nonce"] != offer.nonce or held["seq"] != 0:
        return False
    newer = {
        row["record"]: row["version"]
        for row in db.execute(
            "SELECT record, version FROM shadow WHERE dossier=? AND audience=? AND epoch=?",
            (*pair, held["epoch"]),
        )
    }
    with gzip.open(io.BytesIO(data)) as lines:
        for line in lines:
            item = orjson.loads(line)
            if newer.get(item["record"], -1) <= item["version"]:
                _item(db, pair, held["epoch"], held["gen"], item)
    db.execute(
        "UPDATE cursors SET seq=?, floor=?, below=NULL, more=1 WHERE dossier=? AND audience=?",
        (offer.until, offer.until, *pair),
    )
    return True


def _restored(db: sqlite3.Connection, dossier: str, epoch: int) -> None:
    """The server came back from a backup: what it may lack is pushed again, in the old order."""
    db.execute("UPDATE epochs SET epoch=?, backed_up=0 WHERE dossier=?", (epoch, dossier))
    _again(db, dossier)


def _again(db: sqlite3.Connection, dossier: str) -> None:
    """What was answered and is still held goes out again; what is there already, its id tells."""
    db.execute(
        "UPDATE outbox SET state='new', seq=NULL, epoch=NULL, acked=NULL, outcome=NULL"
        " WHERE dossier=? AND state IN ('acked','retained','invalid')",
        (dossier,),
    )
    db.execute("DELETE FROM meta WHERE key='seen'")  # it was made before that


def _grants(db: sqlite3.Connection, pull: Mapping[str, Any], new_id: Callable[[], str]) -> None:
    granted: dict[str, Any] = pull["granted"]
    held = db.execute("SELECT dossier, audience FROM cursors").fetchall()
    for row in held:
        if row["audience"] not in granted.get(row["dossier"], {}).get("audiences", ()):
            pair = (row["dossier"], row["audience"])
            seen = db.execute(
                "SELECT record FROM shadow WHERE dossier=? AND audience=? AND kind IN (?,?)", (*pair, *BYTES)
            ).fetchall()
            db.execute("DELETE FROM cursors WHERE dossier=? AND audience=?", pair)
            db.execute("DELETE FROM shadow WHERE dossier=? AND audience=?", pair)
            _forget_bytes(db, [photo["record"] for photo in seen])
            if row["dossier"] not in granted:  # those too whose record had not come back yet
                gone = db.execute("SELECT photo FROM media WHERE dossier=?", (row["dossier"],)).fetchall()
                _forget_bytes(db, [photo["photo"] for photo in gone])
    for dossier, grant in granted.items():
        known = db.execute("SELECT epoch FROM epochs WHERE dossier=?", (dossier,)).fetchone()
        if known is None:
            db.execute("INSERT INTO epochs VALUES (?,?,0)", (dossier, grant["epoch"]))
        for audience in grant["audiences"]:
            row = (dossier, audience, new_id(), grant["epoch"])
            db.execute("INSERT OR IGNORE INTO cursors VALUES (?,?,?,?,0,0,NULL,1,0)", row)


def _forget_bytes(db: sqlite3.Connection, photos: list[str]) -> None:
    """Of photographs that are read here no more nothing is kept. What is not home yet stays, like the
    outbox: a reviewer decides on it.
    """
    for photo in photos:
        row = db.execute(
            "SELECT path FROM media m WHERE photo=? AND state='stored' AND NOT EXISTS"
            " (SELECT 1 FROM shadow s WHERE s.dossier = m.dossier AND s.record = m.photo)",
            (photo,),
        ).fetchone()
        if row is not None:
            Path(row["path"]).unlink(missing_ok=True)
            db.execute("DELETE FROM media WHERE photo=?", (photo,))


def _wanted(db: sqlite3.Connection, dossier: str, digests: list[str]) -> None:
    """Bytes that had arrived whole and are lacking all the same (a restored store): they go again."""
    sent = db.execute("SELECT * FROM media WHERE dossier=? AND state='stored'", (dossier,)).fetchall()
    for row in sent:
        if row["sha256"] in digests and Path(row["path"]).exists():
            db.execute("UPDATE media SET state='kept' WHERE photo=?", (row["photo"],))


def _page(
    db: sqlite3.Connection,
    dossier: str,
    audience: str,
    epoch: int,
    page: Mapping[str, Any],
    new_id: Callable[[], str],
) -> None:
    """Page and cursor together, only if nonce and `since` are the ones we hold."""
    pair = (dossier, audience)
    held = db.execute("SELECT * FROM cursors WHERE dossier=? AND audience=?", pair).fetchone()
    if held is None or held["nonce"] != page["nonce"]:
        return
    if "resync" in page:
        anew = (new_id(), epoch, page["floor"], held["gen"] + 1, *pair)
        db.execute(
            "UPDATE cursors SET nonce=?, epoch=?, seq=0, floor=?, below=NULL, more=1, gen=?"
            " WHERE dossier=? AND audience=?",
            anew,
        )
        return
    if (page["since"], page["since_below"]) != (held["seq"], held["below"]):
        return
    for item in page["items"]:
        _item(db, pair, epoch, held["gen"], item)
    db.execute(
        "UPDATE cursors SET seq=?, floor=?, below=?, more=? WHERE dossier=? AND audience=?",
        (page["until"], page["floor"], page["below"], page["more"], *pair),
    )
    if not page["more"]:
        db.execute("DELETE FROM shadow WHERE dossier=? AND audience=? AND gen<?", (*pair, held["gen"]))


def _forget(db: sqlite3.Connection, record: str, *, whole: bool) -> None:
    """Contents were erased by law: what was kept of them, in case of a restore, goes here as well."""
    db.execute("DELETE FROM outbox WHERE record=? AND state IN ('acked','retained')", (record,))
    if whole:
        for row in db.execute("SELECT path FROM media WHERE photo=?", (record,)).fetchall():
            Path(row["path"]).unlink(missing_ok=True)
        db.execute("DELETE FROM media WHERE photo=?", (record,))


def _item(
    db: sqlite3.Connection, pair: tuple[str, str], epoch: int, gen: int, item: Mapping[str, Any]
) -> None:
    dossier, audience = pair
    if item["op"] == "erase" or "erased" in item.get("body", ()):
        _forget(db, item["record"], whole=item["op"] == "erase")
    if item["op"] != "put":
        db.execute(
            "DELETE FROM shadow WHERE dossier=? AND record=? AND audience=?",
            (dossier, item["record"], audience),
        )
        return
    body = item["body"]
    row = (dossier, item["record"], audience, item["kind"], item["version"], epoch)
    texts = (orjson.dumps(body).decode(), orjson.dumps(item["written"]).decode())
    db.execute("INSERT OR REPLACE INTO shadow VALUES (?,?,?,?,?,?,?,?,?)", (*row, *texts, gen))
    if "sha256" in body and "stored_at" in body:
        # The server has verified these bytes at rest: only now may the phone free them.
        db.execute(
            "UPDATE media SET state='stored' WHERE photo=? AND sha256=?",
            (item["record"], body["sha256"]),
        )
