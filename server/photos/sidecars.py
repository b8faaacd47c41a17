"""旁注: beside every original a note in plain JSON, so that the archive is readable without the database.

A store writes once, so a sidecar says only what is fixed about the bytes and what the records said
of them when it was written; `version` tells which state of each record that was. Later corrections,
and records that name the same bytes later, stand in the journal, which has the last word.
"""

import tempfile
from collections.abc import Collection, Iterable
from contextlib import suppress
from datetime import UTC
from pathlib import Path
from typing import Any

import structlog
from sqlalchemy import Connection

from media.erased import spoken_of
from media.errors import BytesDiffer, StoreUnavailable
from media.store import sidecar_key
from server import transaction
from server.office import office
from server.people import queries as people
from sync import followers, history, lookup
from sync.arrival import rfc3339
from sync.canonical import canonical, sha256

from . import queries

log = structlog.get_logger()
FORMAT = "xunjian-sidecar/1"
NAME = "sidecars"  # under which the journals are read
# What a reader without the database needs; names as they were given, in NFC or NFD.
SAID = (
    *("subject", "name", "caption", "phase", "taken_at", "clock_offset_ms"),
    *("lat_e7", "lon_e7", "accuracy_m", "datum"),
)


def write_new() -> int:
    """Write the sidecars of what has come to rest since this was asked last; how many.

    The scheduler calls it. It follows the journals (sync/followers.py), so that uploads do not wait for a
    second file each; a store that is away is asked again from where it went. What is missing for another
    reason, the daily job makes up (archive.py).
    """
    with transaction.reading() as conn:
        behind = followers.behind(conn, NAME)
    done = 0
    for dossier in behind:
        try:
            done += _write_new(dossier)
        except Exception:  # one site's trouble is not another's
            log.exception("sidecars are not written", dossier=dossier)
    return done


def _write_new(dossier: str) -> int:
    done = 0
    while True:
        with transaction.reading() as conn:
            found, seq = followers.records(conn, dossier, NAME, queries.KINDS)
        if not seq:
            return done
        rest = {t.body["sha256"] for t in found if t.body.get("stored_at") and not t.deleted}
        try:
            done += write(dossier, rest)
        except StoreUnavailable:
            return done
        with transaction.writing() as conn:
            followers.advance(conn, dossier, NAME, seq)


def write(dossier: str, digests: Collection[str]) -> int:
    """Write the sidecars of these bytes that are not there yet; how many. Idempotent. As many statements
    for many as for one.

    Raises StoreUnavailable.
    """
    lacking = _lacking(dossier, digests)
    if not lacking:
        return 0
    notes = _told(dossier, lacking)
    done = sum(_put(dossier, note) for note in notes)
    # Words that were erased in between must not stand in a note that was made before.
    later = _told(dossier, lacking)
    stale = [note["sha256"] for note in notes if note not in later]
    for digest in stale:
        office().store.drop(sidecar_key(dossier, digest))
    write(dossier, stale)
    return done


def _lacking(dossier: str, digests: Collection[str]) -> list[str]:
    """Those without a sidecar. One that says what was erased, because whoever wrote it died before the
    second look, is dropped.
    """
    store = office().store
    lacking = [digest for digest in digests if store.has(sidecar_key(dossier, digest)) is None]
    with transaction.reading() as conn:
        doubtful = spoken_of(conn, dossier, set(digests) - set(lacking))
    for note in _told(dossier, doubtful) if doubtful else ():
        key = sidecar_key(dossier, note["sha256"])
        with store.open(key) as resting:
            says_more = resting.read() != canonical(note)
        if says_more:
            store.drop(key)
            lacking.append(note["sha256"])
    return lacking


def _told(dossier: str, digests: Collection[str]) -> list[dict[str, Any]]:
    with transaction.reading() as conn:
        return told(conn, dossier, digests)


def _put(dossier: str, note: dict[str, Any]) -> bool:
    here, data = office(), canonical(note)
    with tempfile.TemporaryDirectory(dir=here.config.scratch) as folder:
        file = Path(folder) / "sidecar"
        file.write_bytes(data)
        with suppress(BytesDiffer):  # another node's, from when the records said less
            return here.store.put(sidecar_key(dossier, note["sha256"]), file, sha256=sha256(data))
    return False


def told(conn: Connection, dossier: str, digests: Iterable[str]) -> list[dict[str, Any]]:
    """What the sidecars of these bytes say, with times in RFC 3339, positions in degrees × 10⁷; nothing
    of bytes that no line calls at rest.
    """
    lines = queries.lines_of(conn, dossier, digests)
    named = queries.naming(conn, dossier, [line.sha256 for line in lines])
    bodies = lookup.bodies(conn, {dossier: [photo.id for photo in named]})
    takers = history.authors(conn, dossier, [photo.id for photo in named])
    names = people.names(takers.values())
    records: dict[str, list[dict[str, Any]]] = {line.sha256: [] for line in lines}
    for photo in named:
        body, taker = bodies[dossier, photo.id], takers[photo.id]
        said = {name: body[name] for name in SAID if name in body}
        note = {"id": photo.id, "version": photo.version, "taker": {"id": taker, "name": names.get(taker)}}
        records[photo.sha256].append(note | said)
    return [_note(dossier, line, records[line.sha256]) for line in lines]


def _note(dossier: str, line: Any, records: list[dict[str, Any]]) -> dict[str, Any]:
    stored = line.stored_at if line.stored_at.tzinfo else line.stored_at.replace(tzinfo=UTC)
    return {
        "format": FORMAT,
        "dossier": dossier,
        "sha256": line.sha256,
        "size": line.size,
        "mime": line.mime,
        "stored_at": rfc3339(stored),
        "records": records,
    }
