"""What is ordered to go, and what stands against it."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, cast

from sqlalchemy import Connection, Table, or_, select

from server import access, paging
from server.endpoint import Actor
from server.people.queries import names
from sync import bulk, lookup
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
    named = {str(body["subject"]) for body in bodies if "subject" in body}
    stopped = held(conn, dossier, sorted(named))

    def check(before: Body, after: Body) -> str | None:
        if after.get("state") != "granted" or before.get("state") == "granted":
            return None
        subject = str(after["subject"])
        # An order that was made, or taken by a reviewer, in this very request is not among those read.
        stands = stopped if subject in named else held(conn, dossier, [subject])
        return "legal-hold" if subject in stands else None

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


# ------------------------------------------------------------------------------------- for the desk
TABLES = {"erasure": _e, "hold": _h}
# Ids are made in the order of time (UUIDv7), and a hold's read model has no moment of its own.
ORDERS = {
    name: paging.Keyset(f"-{name}", (table.c.id, table.c.dossier), descending=True)
    for name, table in TABLES.items()
}
PEOPLE = ("author", "decided_by", "lifted_by")


def page(conn: Connection, actor: Actor, kind: str, said: Mapping[str, Any]) -> dict[str, Any]:
    """Orders, or holds, that the actor may see, the newest first, narrowed by `dossier`, `state` and
    `subject`. Three statements. Raises Refusal `malformed` for another list's page.
    """
    table, limit = TABLES[kind], said["limit"]
    query = select(table).where(table.c.deleted.is_(False))
    query = query.where(access.visible(actor, f"{kind}.read", table.c.dossier, table.c.audience))
    for name in ("dossier", "state", "subject"):
        if said[name] is not None:
            query = query.where(table.c[name] == str(said[name]))
    rows, token = ORDERS[kind].split(
        conn.execute(ORDERS[kind].apply(query, said["page"], limit)).all(), limit
    )
    return {"items": _told(conn, rows), "next": token}


def one(conn: Connection, actor: Actor, kind: str, record: str, dossier: str | None) -> dict[str, Any]:
    """One of them; of an order, whether a hold stands against it. Raises Refusal `not-found`, `ambiguous`."""
    table = TABLES[kind]
    query = select(table).where(table.c.deleted.is_(False))
    query = query.where(access.visible(actor, f"{kind}.read", table.c.dossier, table.c.audience))
    row = access.only(conn.execute(access.under(query, table.c, record, dossier)).all())
    told = _told(conn, [row])[0]
    if kind == "hold":
        return told
    return told | {"held": bool(held(conn, row.dossier, [told["body"]["subject"]]))}


def _told(conn: Connection, rows: Sequence[Any]) -> list[dict[str, Any]]:
    named: dict[str, list[str]] = {}
    for row in rows:
        named.setdefault(row.dossier, []).append(row.id)
    bodies = lookup.bodies(conn, named)
    people = names(
        {body[name] for body in bodies.values() for name in PEOPLE if isinstance(body.get(name), str)}
    )
    told = []
    for row in rows:
        body = bodies[row.dossier, row.id]
        who = {name: {"id": body[name], "name": people.get(body[name])} for name in PEOPLE if body.get(name)}
        plain = {name: getattr(row, name) for name in ("dossier", "id", "version", "audience", "state")}
        told.append(plain | {"body": body, "people": who})
    return told
