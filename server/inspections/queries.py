"""Inspections as lists read them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, cast

from sqlalchemy import Connection, Table, select

from server import access, paging
from server.database import db
from server.endpoint import Actor
from sync import bulk
from sync.arrival import rfc3339
from sync.minutes import Touched

from .tables import InspectionRow


def project(conn: Connection, touched: Sequence[Touched]) -> None:
    """Bring the read model up to date, one statement."""
    rows = []
    for t in touched:
        b = t.body
        arrived = rfc3339(datetime.fromisoformat(b["arrived_at"]))
        rows.append(
            (
                *(t.dossier, t.record, t.version, t.audience, t.deleted),
                *(b["inspection_type"], arrived, b.get("conclusion"), b.get("part")),
            )
        )
    bulk.upsert(conn, cast(Table, InspectionRow.__table__), rows)


def listed(actor: Actor, dossier: list[str], page: str | None, limit: int) -> dict[str, Any]:
    """The newest visits first, keyset by arrival."""
    row = InspectionRow
    query = select(row).where(
        row.deleted.is_(False), access.visible(actor, "inspection.read", row.dossier, row.audience)
    )
    if dossier:
        query = query.where(row.dossier.in_(dossier))
    keyset = paging.Keyset("-arrived_at", (row.arrived_at, row.dossier, row.id), descending=True)
    found = db.session.execute(keyset.apply(query, page, limit)).scalars().all()
    kept, following = keyset.split(found, limit)
    names = ("dossier", "id", "version", "inspection_type", "arrived_at", "conclusion", "part")
    return {"items": [{n: getattr(r, n) for n in names} for r in kept], "next": following}
