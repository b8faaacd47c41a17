"""旁注: beside every original a note in plain JSON, so that the archive is readable without the database.

A store writes once, so a sidecar says only what is fixed about the bytes and what the records said
of them when it was written; `version` tells which state of each record that was. Later corrections,
and records that name the same bytes later, stand in the journal, which has the last word.
"""

import tempfile
from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from media.errors import BytesDiffer
from media.store import sidecar_key
from server import transaction
from server.office import office
from server.people import queries as people
from sync import history
from sync.arrival import rfc3339
from sync.canonical import canonical, sha256

from . import queries

FORMAT = "xunjian-sidecar/1"
# What a reader without the database needs; names as they were given, in NFC or NFD.
SAID = (
    *("subject", "name", "caption", "phase", "taken_at", "clock_offset_ms"),
    *("lat_e7", "lon_e7", "accuracy_m", "datum"),
)


def told(conn: Connection, dossier: str, digest: str) -> dict[str, Any] | None:
    """What the sidecar of these bytes says, with times in RFC 3339, positions in degrees × 10⁷;
    None where no line says that they are at rest.
    """
    line = queries.line(conn, dossier, digest)
    if line is None:
        return None
    stored = line.stored_at if line.stored_at.tzinfo else line.stored_at.replace(tzinfo=UTC)
    return {
        "format": FORMAT,
        "dossier": dossier,
        "sha256": digest,
        "size": line.size,
        "mime": line.mime,
        "stored_at": rfc3339(stored),
        "records": [
            _record(conn, dossier, photo.id, photo.version) for photo in queries.naming(conn, dossier, digest)
        ],
    }


def _record(conn: Connection, dossier: str, record: str, version: int) -> dict[str, Any]:
    body = history.body(conn, dossier, record)
    taker = history.author(conn, dossier, record)
    return {
        "id": record,
        "version": version,
        "taker": {"id": taker, "name": people.names([taker]).get(taker)},
        **{name: body[name] for name in SAID if name in body},
    }


def write(dossier: str, digests: Iterable[str]) -> int:
    """Write the sidecars of these bytes; how many were not there before. Idempotent.

    Raises StoreUnavailable; the daily job writes then what is missing.
    """
    here, done = office(), 0
    for digest in digests:
        with transaction.reading() as conn:
            note = told(conn, dossier, digest)
        if note is None:
            continue
        data = canonical(note)
        with tempfile.TemporaryDirectory(dir=here.config.scratch) as folder:
            file = Path(folder) / "sidecar"
            file.write_bytes(data)
            with suppress(BytesDiffer):  # an earlier one, from when the records said less
                done += here.store.put(sidecar_key(dossier, digest), file, sha256=sha256(data))
    return done
