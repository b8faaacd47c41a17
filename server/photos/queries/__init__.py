"""Photographs and attachments as lists read them, and which of them still wait for their bytes."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import astuple
from datetime import datetime
from functools import cache
from itertools import product
from typing import Any, cast

from sqlalchemy import Connection, Select, Table, and_, bindparam, func, or_, select

from media import likeness
from media.exif import Hints
from media.tables import blobs, pictures
from server import access, single
from server.database import db
from server.endpoint import Actor
from server.people import queries as people
from server.projects import queries as projects
from sync import bulk, history
from sync.arrival import rfc3339
from sync.minutes import Touched

from .. import rules
from ..tables import PhotoRow

_p = cast(Table, PhotoRow.__table__)
KINDS = ("photo", "attachment")
SAID = ("taken_at", "clock_offset_ms", "lat_e7", "lon_e7", "accuracy_m", "datum", "mime", "size")
NOTED = ("taken_at", "lat_e7", "lon_e7", "orientation", "camera")
WANTED = 1_000  # digests in one answer; the next pull names the rest


def project(conn: Connection, touched: Sequence[Touched]) -> None:
    """Bring the read model up to date, one statement."""
    rows = []
    for t in touched:
        b = t.body
        taken = b.get("taken_at")  # an attachment may have none
        taken = taken and rfc3339(datetime.fromisoformat(taken))
        rows.append(
            (
                *(t.dossier, t.record, t.kind, t.version, t.audience, t.deleted, b["subject"], b["sha256"]),
                *(b["size"], b["mime"], b.get("name"), b.get("caption"), b.get("phase"), taken),
                "stored_at" in b,
            )
        )
    bulk.upsert(conn, cast(Table, PhotoRow.__table__), rows)


def told(row: PhotoRow) -> dict[str, Any]:
    """One photograph or attachment as the API tells it."""
    here = f"/api/v1/{row.kind}s/{row.id}"
    names = ("dossier", "id", "audience", "subject", "sha256", "size", "mime", "name", "caption")
    said = {n: getattr(row, n) for n in (*names, "taken_at", "stored")}
    faces = {"original": "original"}
    if row.kind == "photo":
        said["phase"] = row.phase
        faces |= {"thumbnail": "thumbnail", "picture": "rendition/1600"}
    return said | {
        name: f"{here}/{face}?dossier={row.dossier}" if row.stored else None for name, face in faces.items()
    }


def of_record(conn: Connection, dossier: str, subject: str) -> Sequence[Any]:
    """The photographs and attachments of one record, whoever asks, in the order they were taken."""
    row = cast(Table, PhotoRow.__table__)
    here = (row.c.dossier == dossier, row.c.subject == subject, row.c.deleted.is_(False))
    return conn.execute(select(row).where(*here).order_by(row.c.taken_at.nulls_last(), row.c.id)).all()


def of_subjects(actor: Actor, subjects: Iterable[tuple[str, str]]) -> dict[tuple[str, str], list[PhotoRow]]:
    """The photographs and attachments of records named by (dossier, id), in the order they were taken.
    One statement.
    """
    wanted: dict[str, list[str]] = {}
    for dossier, subject in subjects:
        wanted.setdefault(dossier, []).append(subject)
    if not wanted:
        return {}
    row = PhotoRow
    mine = or_(*(and_(row.dossier == d, row.subject.in_(ids)) for d, ids in wanted.items()))
    query = select(row).where(mine, row.deleted.is_(False)).order_by(row.taken_at.nulls_last(), row.id)
    # Who may see them is asked here and not there: beside a list of all dossiers that somebody reads,
    # the planner no longer sees that each subject is one look into an index.
    photos: dict[tuple[str, str], list[PhotoRow]] = {}
    for photo in db.session.execute(query).scalars():
        if access.may_read(actor, photo.dossier, photo.kind, photo.audience):
            photos.setdefault((photo.dossier, photo.subject), []).append(photo)
    return photos


@cache
def _wanted(dialect: str) -> Select[Any]:
    place = _p.c.dossier + " " + _p.c.kind + " " + _p.c.audience
    return (
        select(_p.c.dossier, _p.c.sha256)
        .where(_p.c.stored.is_(False), _p.c.deleted.is_(False))
        .where(bulk.named(dialect, _p.c.dossier, "dossiers"), bulk.named(dialect, place, "places"))
        .order_by(_p.c.taken_at.nulls_last(), _p.c.id)
        .limit(WANTED)
    )


def wanted(
    conn: Connection, actor: Actor, granted: Mapping[str, Iterable[str]], dossiers: Iterable[str]
) -> dict[str, list[str]]:
    """Digests whose bytes these dossiers still lack, of photographs and attachments that the actor
    sees in what is `granted`; the oldest first, at most WANTED. One statement, none without a dossier.
    """
    places = []
    asked = [d for d in dossiers if d in granted]
    for dossier, kind in product(asked, KINDS):
        seen = access.audiences(access.allowing(actor.held.get(dossier, ()), f"{kind}.read"))
        places += [f"{dossier} {kind} {a}" for a in granted[dossier] if access.sees(seen, a)]
    if not places:
        return {}
    named = {"dossiers": bulk.listed(conn, asked), "places": bulk.listed(conn, places)}
    lacking: dict[str, list[str]] = {}
    for photo in conn.execute(_wanted(conn.dialect.name), named):
        lacking.setdefault(photo.dossier, []).append(photo.sha256)
    return lacking


def evidence(photos: Sequence[PhotoRow]) -> dict[str, int]:
    """How many of the named photographs and attachments are verified at rest: "evidence 14/17"."""
    return {"stored": sum(p.stored for p in photos), "total": len(photos)}


def one(actor: Actor, photo: str, dossier: str | None, verb: str = "photo.read") -> PhotoRow:
    """The record of the verb's kind, if the actor may do that with it. Raises Refusal `not-found`,
    `ambiguous`.
    """
    row = PhotoRow
    seen = access.visible(actor, verb, row.dossier, row.audience)
    query = select(row).where(row.kind == verb.partition(".")[0], row.deleted.is_(False), seen)
    return single.only(db.session.execute(single.under(query, row, photo, dossier)).scalars().all())


def declared(conn: Connection, dossier: str, record: str) -> str | None:
    """The type that a record declares, if it is here."""
    t = cast(Table, PhotoRow.__table__)
    found: str | None = conn.execute(
        select(t.c.mime).where(t.c.dossier == dossier, t.c.id == record)
    ).scalar()
    return found


def rests_for(conn: Connection, actor: Actor, said: Mapping[str, str], size: int) -> bool:
    """Whether the office calls these bytes of a dossier stored, and the actor sees the record that an
    upload's metadata names for them. One statement.
    """
    seen = or_(
        *(
            and_(_p.c.kind == kind, access.visible(actor, f"{kind}.read", _p.c.dossier, _p.c.audience))
            for kind in KINDS
        )
    )
    same = and_(blobs.c.dossier == _p.c.dossier, blobs.c.sha256 == _p.c.sha256, blobs.c.size == size)
    named = and_(
        *(_p.c.dossier == said["dossier"], _p.c.id == said["record"], _p.c.sha256 == said["sha256"]),
        _p.c.deleted.is_(False),
    )
    return conn.execute(select(_p.c.id).join(blobs, same).where(named, seen)).first() is not None


def mime(photo: PhotoRow) -> str:
    """The type that the bytes themselves declared; the record's word only until they are here."""
    found = db.session.execute(
        select(blobs.c.mime).where(blobs.c.dossier == photo.dossier, blobs.c.sha256 == photo.sha256)
    ).scalar()
    return found or photo.mime


def on_record(conn: Connection, photo: str, head: str) -> Any:
    """What anybody may know who names a photograph's id and its digest's first hex digits: `sha256`,
    and `stored_at` of its bytes (None while they are awaited); None where there is no such one.
    """
    t = cast(Table, PhotoRow.__table__)
    return conn.execute(
        select(t.c.sha256, blobs.c.stored_at)
        .join_from(t, blobs, and_(blobs.c.dossier == t.c.dossier, blobs.c.sha256 == t.c.sha256), isouter=True)
        .where(t.c.id == photo, t.c.kind == "photo", t.c.deleted.is_(False), t.c.sha256.startswith(head))
        .order_by(blobs.c.stored_at.nulls_last())
    ).first()


def awaited(conn: Connection, dossier: str, digests: Iterable[str] | None = None) -> list[Any]:
    """Records that do not say `stored` although their bytes are at rest."""
    named: dict[str, Any] = {"dossier": dossier}
    if digests is not None:
        named["digests"] = bulk.listed(conn, digests)
    return list(conn.execute(_awaited(conn.dialect.name, digests is not None), named))


@cache
def _awaited(dialect: str, by_digest: bool) -> Select[Any]:
    """Built once: it is asked for each photograph that comes in."""
    t = cast(Table, PhotoRow.__table__)
    query = (
        select(t.c.id, t.c.kind, t.c.sha256, t.c.version, blobs.c.stored_at)
        .join_from(t, blobs, and_(blobs.c.dossier == t.c.dossier, blobs.c.sha256 == t.c.sha256))
        .where(t.c.dossier == bindparam("dossier"), t.c.stored.is_(False), t.c.deleted.is_(False))
        .order_by(t.c.id)
        .limit(500)
    )
    return query.where(bulk.named(dialect, t.c.sha256, "digests")) if by_digest else query


def lines(conn: Connection, dossier: str, after: str, most: int) -> list[Any]:
    """(sha256, size) of the next originals at rest, by digest."""
    mine = (blobs.c.dossier == dossier, blobs.c.sha256 > after)
    return list(
        conn.execute(select(blobs.c.sha256, blobs.c.size).where(*mine).order_by(blobs.c.sha256).limit(most))
    )


def counts(conn: Connection) -> dict[str, int]:
    """Every dossier that has originals at rest, and how many."""
    found = conn.execute(select(blobs.c.dossier, func.count()).group_by(blobs.c.dossier))
    return {row[0]: row[1] for row in found}


def known(conn: Connection, dossier: str, digests: Iterable[str]) -> set[str]:
    """Which of these are called stored, or named by a photograph, also a deleted one."""
    found: set[str] = set()
    for t in (blobs, cast(Table, PhotoRow.__table__)):
        mine = (t.c.dossier == dossier, bulk.among(conn, t.c.sha256, digests))
        found.update(conn.execute(select(t.c.sha256).where(*mine)).scalars())
    return found


def stored_after(conn: Connection, dossier: str, digests: Iterable[str], moment: datetime) -> set[str]:
    """Which of these came to rest after `moment`."""
    mine = (blobs.c.dossier == dossier, bulk.among(conn, blobs.c.sha256, digests))
    return set(conn.execute(select(blobs.c.sha256).where(*mine, blobs.c.stored_at > moment)).scalars())


def lines_of(conn: Connection, dossier: str, digests: Iterable[str]) -> list[Any]:
    """What is noted of these bytes, those that are at rest, by digest."""
    mine = (blobs.c.dossier == dossier, bulk.among(conn, blobs.c.sha256, digests))
    return list(conn.execute(select(blobs).where(*mine).order_by(blobs.c.sha256)))


def naming(conn: Connection, dossier: str, digests: Iterable[str]) -> list[Any]:
    """(id, version, sha256) of the photographs and attachments that name these bytes, by id."""
    t = cast(Table, PhotoRow.__table__)
    mine = (t.c.dossier == dossier, bulk.among(conn, t.c.sha256, digests), t.c.deleted.is_(False))
    return list(conn.execute(select(t.c.id, t.c.version, t.c.sha256).where(*mine).order_by(t.c.id)))


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
    """(dossier, digest) of all bytes that are called stored."""
    rows = conn.execute(select(blobs.c.dossier, blobs.c.sha256).order_by(blobs.c.dossier, blobs.c.sha256))
    return [(row.dossier, row.sha256) for row in rows]


def undeveloped(conn: Connection, most: int, states: Sequence[str] = ("ok",)) -> list[tuple[str, str]]:
    """(dossier, digest) of pictures that nobody has looked at yet, the newest first; also those in
    `states` of which nothing was noted: "ok" where an earlier release made the thumbnails. And those
    whose second hash is missing, because an earlier release knew only one.
    """
    same = and_(pictures.c.dossier == blobs.c.dossier, pictures.c.sha256 == blobs.c.sha256)
    rows = conn.execute(
        select(blobs.c.dossier, blobs.c.sha256)
        .join_from(blobs, pictures, same, isouter=True)
        .where(blobs.c.mime.startswith("image/"))
        .where(
            or_(
                pictures.c.sha256.is_(None), and_(pictures.c.likeness.is_not(None), pictures.c.down.is_(None))
            )
        )
        .where(or_(blobs.c.picture.is_(None), blobs.c.picture.in_(states)))
        .order_by(blobs.c.stored_at.desc(), blobs.c.sha256)
        .limit(most)
    )
    return [(row.dossier, row.sha256) for row in rows]


def note_picture(
    conn: Connection, dossier: str, digest: str, hints: Hints, seen: tuple[int, int, int] | None
) -> None:
    """Keep what a picture told of itself."""
    row: tuple[Any, ...] = (dossier, digest, *astuple(hints))
    if seen is None:
        row += (None,) * (3 + likeness.BANDS)
    else:
        across, down, mirror = seen
        row += (f"{across:016x}", f"{mirror:016x}", f"{down:016x}", *likeness.bands(across))
    bulk.upsert(conn, pictures, [row])


def three_views(conn: Connection, row: PhotoRow) -> dict[str, Any]:
    """What the record says, what the camera noted (None until it was looked at), what the server
    found, side by side, and where they differ.
    """
    said = history.body(conn, row.dossier, row.id)
    same = and_(pictures.c.dossier == blobs.c.dossier, pictures.c.sha256 == blobs.c.sha256)
    found = conn.execute(
        select(blobs.c.mime, blobs.c.size, blobs.c.stored_at, blobs.c.width, blobs.c.height)
        .add_columns(*(pictures.c[name] for name in NOTED), pictures.c.sha256.label("looked_at"))
        .join_from(blobs, pictures, same, isouter=True)
        .where(blobs.c.dossier == row.dossier, blobs.c.sha256 == row.sha256)
    ).one_or_none()
    record = {name: said.get(name) for name in SAID}
    noted = {n: getattr(found, n) for n in NOTED} if found is not None and found.looked_at else None
    server = None
    if found is not None:
        server = {n: getattr(found, n) for n in ("mime", "size", "width", "height")}
        server["stored_at"] = said.get("stored_at")
    flags = rules.differences(record, noted, server)
    return {"record": record, "exif": noted, "server": server, "flags": flags}


def _part(conn: Connection, actor: Actor, row: PhotoRow) -> Any:
    """Where it was taken, by its subject; None where that has not come yet, or is not the actor's to see."""
    about = history.standing(conn, row.dossier, row.subject)
    if about is None or not access.may_read(actor, row.dossier, about["kind"], about["audience"]):
        return None
    return history.body(conn, row.dossier, row.subject).get("part")


def watermark(conn: Connection, actor: Actor, row: PhotoRow) -> list[str]:
    """The lines of its watermark, from the records as they stand now."""
    part = _part(conn, actor, row)
    entries, before = [], None
    while page := history.of_record(conn, row.dossier, row.id, before=before):
        entries, before = page, page[-1]["seq"]
    taker = entries[-1]["actor"]
    return rules.watermark(
        history.body(conn, row.dossier, row.id),
        project=projects.names(actor, [row.dossier]).get(row.dossier, row.dossier),
        part=part if isinstance(part, str) else None,
        taker=people.names([taker]).get(taker, taker),
        record=row.id,
    )
