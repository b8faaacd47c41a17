"""What is ordered to go, and what stands against it."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, cast

from sqlalchemy import Connection, Table, or_, select

from sync import bulk
from sync.arrival import rfc3339
from sync.change import Change
from sync.guards import Check, Guard
from sync.minutes import State, Touched
from sync.record import Body

from .tables import ErasureRow, HoldRow

_e, _h = (cast(Table, model.__table__) for model in (ErasureRow, HoldRow))


def project_erasures(conn: Connection, touched: Sequence[Touched]) -> None:
    """Bring the read model up to date, one statement."""
    bulk.upsert(
        conn,
        _e,
        [
            (
                *(t.dossier, t.record, t.version, t.audience, t.deleted),
                *(t.body["state"], t.body["subject"]),
                rfc3339(datetime.fromisoformat(t.body["asked_at"])),
            )
            for t in touched
        ],
    )


def project_holds(conn: Connection, touched: Sequence[Touched]) -> None:
    """Bring the read model up to date, one statement."""
    head = ("dossier", "record", "version", "audience", "deleted")
    bulk.upsert(
        conn,
        _h,
        [(*(getattr(t, n) for n in head), t.body["state"], t.body.get("subject")) for t in touched],
    )


def held(conn: Connection, dossier: str, records: Sequence[str]) -> set[str]:
    """Which of these records may not be touched at present. One statement."""
    rows = conn.execute(
        select(_h.c.subject)
        .where(_h.c.dossier == dossier, _h.c.state == "held", _h.c.deleted.is_(False))
        .where(or_(_h.c.subject.is_(None), bulk.among(conn, _h.c.subject, records)))
    ).scalars()
    found = set(rows)
    return set(records) if None in found else {one for one in found if one is not None}


def _facts(
    conn: Connection,
    dossier: str,
    bodies: Sequence[Body],
    _changes: Sequence[Change],
    _states: Mapping[str, State],
) -> Check:
    stopped = held(conn, dossier, [str(body["subject"]) for body in bodies if "subject" in body])

    def check(before: Body, after: Body) -> str | None:
        granting = after.get("state") == "granted" and before.get("state") != "granted"
        return "legal-hold" if granting and after["subject"] in stopped else None

    return check


GUARD = Guard(codes=frozenset({"legal-hold"}), watches=frozenset({"state"}), facts=_facts)


def granted(conn: Connection) -> list[Any]:
    """(dossier, id, subject) of orders that are to be carried out."""
    found = select(_e.c.dossier, _e.c.id, _e.c.subject).where(
        _e.c.state == "granted", _e.c.deleted.is_(False)
    )
    return list(conn.execute(found.order_by(_e.c.dossier, _e.c.asked_at)))


def listed(conn: Connection) -> list[Any]:
    """Every order, the oldest first."""
    return list(conn.execute(select(_e).where(_e.c.deleted.is_(False)).order_by(_e.c.asked_at, _e.c.id)))
