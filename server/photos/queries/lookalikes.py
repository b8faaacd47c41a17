"""疑似重复: photographs that look like another one, wherever they were taken; hints for people."""

from functools import cache
from typing import Any, cast

from sqlalchemy import (
    CompoundSelect,
    Connection,
    Integer,
    Table,
    and_,
    false,
    func,
    or_,
    select,
    union_all,
)

from media import likeness
from media.tables import pictures
from server import access
from server.database import db
from server.endpoint import Actor
from sync import bulk

from ..tables import PhotoRow
from . import told

# Hints, not proofs: beyond this many, what is shown is no photograph but a habit of the camera.
ALIKE, NEAREST, MOST_IN_BAND = 50, 500, 5_000
HASH = likeness.DIGITS // 2


def alike(conn: Connection, actor: Actor, row: PhotoRow) -> list[dict[str, Any]]:
    """Photographs that look like this one or its mirror, in every dossier where the actor may compare
    them; the nearest first, at most ALIKE. Four statements.
    """
    seen = conn.execute(
        select(pictures.c.likeness, pictures.c.down, pictures.c.mirror).where(
            pictures.c.dossier == row.dossier, pictures.c.sha256 == row.sha256
        )
    ).one_or_none()
    if seen is None or seen.down is None:
        return []
    distances = near(conn, *(int(bits, 16) for bits in seen))
    names: dict[str, list[str]] = {}
    for dossier, digest in distances:
        names.setdefault(dossier, []).append(digest)
    t = PhotoRow
    same_bytes = (
        and_(t.dossier == d, bulk.among(conn, cast(Table, t.__table__).c.sha256, found))
        for d, found in names.items()
    )
    rows = db.session.execute(
        select(t)
        .where(or_(false(), *same_bytes), t.kind == "photo", t.deleted.is_(False))
        .where(access.visible(actor, "photo.compare", t.dossier, t.audience))
    ).scalars()
    others = [r for r in rows if (r.dossier, r.id) != (row.dossier, row.id)]
    told_of = [told(r) | {"distance": distances[r.dossier, r.sha256]} for r in others]
    return sorted(told_of, key=lambda p: (p["distance"], p["taken_at"], p["id"]))[:ALIKE]


def near(conn: Connection, across: int, down: int, mirror: int) -> dict[tuple[str, str], int]:
    """(dossier, digest) → distance of what is near a picture with these hashes or near its mirror, the
    nearest first; over one index a band. Two statements.
    """
    p, looks = pictures.c, dict[str, int]()
    asked = ((across, down), (mirror, likeness.mirrored(down)))
    bands = zip(likeness.bands(across), likeness.bands(mirror), strict=True)
    probes = [{value for band in pair for value in likeness.probes(band)} for pair in bands]
    named = {f"band_{n}": bulk.listed(conn, values) for n, values in enumerate(probes)}
    for found in conn.execute(_looks(conn.dialect.name), named).scalars():
        looks |= likeness.near(*asked, found or "")
    nearest = sorted(looks.items(), key=lambda item: item[1])[:NEAREST]
    if not nearest:
        return {}
    wanted = [(likeness.bands(int(k[:HASH], 16))[0], k[:HASH], k[HASH:], far) for k, far in nearest]
    columns = {"band": p.band_0.type, "one": p.likeness.type, "fall": p.down.type, "far": Integer()}
    few = bulk.given(conn, columns, wanted).subquery()
    same = and_(p.band_0 == few.c.band, p.likeness == few.c.one, p.down == few.c.fall)
    query = select(p.dossier, p.sha256, few.c.far).select_from(bulk.Led(few, pictures, same))
    rows = conn.execute(query.order_by(few.c.far).limit(NEAREST))
    return {(row.dossier, row.sha256): row.far for row in rows}


@cache
def _looks(dialect: str) -> CompoundSelect[Any]:
    """What lies under some values of each band, a text a band: thousands of rows cost the driver more than
    reading and comparing them does.
    """
    p, texts = pictures.c, []
    for n in range(likeness.BANDS):
        # Out of the index alone: whose they are is asked of the few that are near.
        under = (bulk.named(dialect, p[f"band_{n}"], f"band_{n}"), p.down.is_not(None))
        look = select(p.likeness.concat(p.down).label("look")).where(*under).limit(MOST_IN_BAND).subquery()
        texts.append(select(func.aggregate_strings(look.c.look, "")))
    return union_all(*texts)
