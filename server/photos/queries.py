"""Photographs as lists read them, and which of them still wait for their bytes."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, cast

from sqlalchemy import Connection, Table, and_, or_, select

from media.tables import blobs
from server import access
from server.database import db
from server.endpoint import Actor
from server.errors import Refusal
from sync import bulk
from sync.arrival import rfc3339
from sync.minutes import Touched

from .tables import PhotoRow

WANTED = 1_000  # digests in one answer; the next pull names the rest


def project(conn: Connection, touched: Sequence[Touched]) -> None:
    """Bring the read model up to date, one statement."""
    rows = []
    for t in touched:
        b = t.body
        taken = rfc3339(datetime.fromisoformat(b["taken_at"]))
        rows.append(
            (
                *(t.dossier, t.record, t.version, t.audience, t.deleted, b["subject"], b["sha256"]),
                *(b["size"], b["mime"], b.get("name"), b.get("caption"), b.get("phase"), taken),
                "stored_at" in b,
            )
        )
    bulk.upsert(conn, cast(Table, PhotoRow.__table__), rows)


def told(row: PhotoRow) -> dict[str, Any]:
    """One photograph as the API tells it."""
    here = f"/api/v1/photos/{row.id}"
    names = ("dossier", "id", "subject", "sha256", "size", "mime", "name", "caption", "phase")
    return {n: getattr(row, n) for n in names} | {
        "taken_at": row.taken_at,
        "stored": row.stored,
        "original": f"{here}/original?dossier={row.dossier}" if row.stored else None,
        "thumbnail": f"{here}/thumbnail?dossier={row.dossier}" if row.stored else None,
        "picture": f"{here}/rendition/1600?dossier={row.dossier}" if row.stored else None,
    }


def of_subjects(actor: Actor, subjects: Iterable[tuple[str, str]]) -> dict[tuple[str, str], list[PhotoRow]]:
    """The photographs of records named by (dossier, id), in the order they were taken. One statement."""
    wanted: dict[str, list[str]] = {}
    for dossier, subject in subjects:
        wanted.setdefault(dossier, []).append(subject)
    if not wanted:
        return {}
    row = PhotoRow
    mine = or_(*(and_(row.dossier == d, row.subject.in_(ids)) for d, ids in wanted.items()))
    found = db.session.execute(
        select(row)
        .where(mine, row.deleted.is_(False))
        .where(access.visible(actor, "photo.read", row.dossier, row.audience))
        .order_by(row.taken_at, row.id)
    ).scalars()
    photos: dict[tuple[str, str], list[PhotoRow]] = {}
    for photo in found:
        photos.setdefault((photo.dossier, photo.subject), []).append(photo)
    return photos


def wanted(actor: Actor, dossiers: list[str]) -> dict[str, list[str]]:
    """Digests whose bytes these dossiers still lack, of photographs that the actor sees; the oldest
    first, at most WANTED. One statement, none without a dossier.
    """
    if not dossiers:
        return {}
    row = PhotoRow
    found: Any = db.session.execute(
        select(row.dossier, row.sha256)
        .where(row.stored.is_(False), row.dossier.in_(dossiers), row.deleted.is_(False))
        .where(access.visible(actor, "photo.read", row.dossier, row.audience))
        .order_by(row.taken_at, row.id)
        .limit(WANTED)
    )
    lacking: dict[str, list[str]] = {}
    for photo in found:
        lacking.setdefault(photo.dossier, []).append(photo.sha256)
    return lacking


def evidence(photos: Sequence[PhotoRow]) -> dict[str, int]:
    """How many of the named photographs are verified at rest: "evidence 14/17"."""
    return {"stored": sum(p.stored for p in photos), "total": len(photos)}


def one(actor: Actor, photo: str, dossier: str | None) -> PhotoRow:
    """The photograph, if the actor may see it; ids are unique inside a dossier only.

    Raises Refusal `not-found`, `ambiguous` where two dossiers have this id and none was named.
    """
    row = PhotoRow
    query = (
        select(row)
        .where(row.id == photo, row.deleted.is_(False))
        .where(access.visible(actor, "photo.read", row.dossier, row.audience))
        .limit(2)
    )
    if dossier is not None:
        query = query.where(row.dossier == dossier)
    rows = db.session.execute(query).scalars().all()
    if not rows:
        raise Refusal("not-found")
    if len(rows) > 1:
        raise Refusal("ambiguous", dossiers=sorted(r.dossier for r in rows))
    return rows[0]


def mime(photo: PhotoRow) -> str:
    """The type that the bytes themselves declared; the record's word only until they are here."""
    found = db.session.execute(
        select(blobs.c.mime).where(blobs.c.dossier == photo.dossier, blobs.c.sha256 == photo.sha256)
    ).scalar()
    return found or photo.mime


def awaited(conn: Connection, dossier: str, digests: Iterable[str] | None = None) -> list[Any]:
    """Photographs whose record does not say `stored` although their bytes are at rest."""
    t = cast(Table, PhotoRow.__table__)
    query = (
        select(t.c.id, t.c.sha256, t.c.version, blobs.c.stored_at)
        .join_from(t, blobs, and_(blobs.c.dossier == t.c.dossier, blobs.c.sha256 == t.c.sha256))
        .where(t.c.dossier == dossier, t.c.stored.is_(False), t.c.deleted.is_(False))
        .order_by(t.c.id)
        .limit(500)
    )
    if digests is not None:
        query = query.where(bulk.among(conn, t.c.sha256, digests))
    return list(conn.execute(query))


def unsettled(conn: Connection) -> list[str]:
    """Dossiers that hold such photographs: what a crash between two commits leaves behind."""
    t = cast(Table, PhotoRow.__table__)
    return list(
        conn.execute(
            select(t.c.dossier)
            .join_from(t, blobs, and_(blobs.c.dossier == t.c.dossier, blobs.c.sha256 == t.c.sha256))
            .where(t.c.stored.is_(False), t.c.deleted.is_(False))
            .distinct()
        ).scalars()
    )


def at_rest(conn: Connection) -> list[tuple[str, str]]:
    """(dossier, digest) of every photograph's bytes that are called stored."""
    rows = conn.execute(select(blobs.c.dossier, blobs.c.sha256).order_by(blobs.c.dossier, blobs.c.sha256))
    return [(row.dossier, row.sha256) for row in rows]


def undeveloped(conn: Connection, most: int) -> list[tuple[str, str]]:
    """(dossier, digest) of originals of which nothing was made yet, the newest first."""
    rows = conn.execute(
        select(blobs.c.dossier, blobs.c.sha256)
        .where(blobs.c.picture.is_(None))
        .order_by(blobs.c.stored_at.desc(), blobs.c.sha256)
        .limit(most)
    )
    return [(row.dossier, row.sha256) for row in rows]
