"""Markups as whoever looks at a photograph is told of them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, cast

from sqlalchemy import Connection, Table, func, select

from server import access
from server.database import db
from server.endpoint import Actor
from sync import bulk, lookup
from sync.minutes import Touched

from .tables import MarkupRow

MOST = 100  # over one photograph, the newest; a picture under more than these shows nothing of itself


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


def over(actor: Actor, dossier: str, photos: Iterable[str]) -> tuple[list[MarkupRow], list[str]]:
    """What was drawn over these photographs of a dossier, as far as the actor may see it, in the order in
    which it was begun: over each the newest MOST; and those photographs over which there is more. One
    statement.

    Name only photographs that the actor sees: what lies over another one tells of it.
    """
    row, held = MarkupRow, {dossier: actor.held.get(dossier, ())}
    # Counted among what the actor may see: what is hidden from them takes nobody's place.
    newest = func.row_number().over(partition_by=row.photo, order_by=row.id.desc()).label("newest")
    ranked = (
        select(row.id, newest)
        .where(row.dossier == dossier, row.photo.in_(sorted(photos)), row.deleted.is_(False))
        .where(access.visible(replace(actor, held=held), "markup.read", row.dossier, row.audience))
        .subquery()
    )
    found = db.session.execute(
        select(row, ranked.c.newest)
        .join(ranked, row.id == ranked.c.id)
        .where(row.dossier == dossier, ranked.c.newest <= MOST + 1)
        .order_by(row.id)
    ).all()
    more = [one.photo for one, newest in found if newest > MOST]
    return [one for one, newest in found if newest <= MOST], sorted(more)


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
