"""Markups as whoever looks at a photograph is told of them."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, cast

from sqlalchemy import Connection, Table, select

from server import access
from server.database import db
from server.endpoint import Actor
from sync import bulk, lookup
from sync.minutes import Touched

from .tables import MarkupRow

MOST = 200  # the newest; a picture under more than these shows nothing of itself


def project(conn: Connection, touched: Sequence[Touched]) -> None:
    """Bring the read model up to date, one statement."""
    rows = []
    for t in touched:
        b = t.body
        where = (t.dossier, t.record, t.version, t.audience, t.deleted)
        rows.append(
            (*where, b["photo"], b["width"], b["height"], b["strokes"], b.get("caption"), b["drawn_by"])
        )
    bulk.upsert(conn, cast(Table, MarkupRow.__table__), rows)


def over(actor: Actor, dossier: str, photos: Iterable[str]) -> list[MarkupRow]:
    """What was drawn over these photographs of a dossier, as far as the actor may see it, in the order in
    which it was begun. One statement.

    Name only photographs that the actor sees: what lies over another one tells of it.
    """
    row = MarkupRow
    found = db.session.execute(
        select(row)
        .where(row.dossier == dossier, row.photo.in_(sorted(photos)), row.deleted.is_(False))
        .order_by(row.id.desc())
        .limit(MOST)
    ).scalars()
    # Asked here and not there, so that the statement stays one look into an index a photograph.
    return [one for one in found if access.may_read(actor, dossier, "markup", one.audience)][::-1]


def told(conn: Connection, dossier: str, rows: Sequence[MarkupRow], names: Mapping[str, str]) -> list[Any]:
    """Markups as the API tells them; `names`: display names by person's id. One statement."""
    drawn_at = lookup.captured(conn, dossier, [row.version for row in rows])
    plain = ("id", "version", "audience", "photo", "width", "height", "strokes", "caption")
    return [
        {name: getattr(row, name) for name in plain}
        | {
            "drawn_by": {"id": row.drawn_by, "name": names.get(row.drawn_by)},
            "drawn_at": drawn_at[row.version],
        }
        for row in rows
    ]
