"""Contacts as lists tell them, with stars in the number; one of them whole; what a change is held against."""

from collections.abc import Mapping, Sequence
from datetime import date
from functools import cache
from typing import Any, cast

from sqlalchemy import Connection, Table, select

from server import access, paging, single
from server.endpoint import Actor
from server.law import queries as law
from server.organisations import queries as organisations
from server.organisations.rules import sort_of
from server.projects import queries as projects
from sync import bulk, history
from sync.change import Change
from sync.guards import Check, Guard
from sync.minutes import State, Touched
from sync.record import Body

from . import rules
from .tables import ContactRow

_c = cast(Table, ContactRow.__table__)
BY_SITE = paging.Keyset("contacts", (_c.c.dossier, _c.c.id), descending=False)
ROLES = "contact.roles"  # the provision that names the posts
_SHOWN = ("dossier", "id", "version", "name", "organisation", "role", "hint", "valid_from", "valid_to")


def project(conn: Connection, touched: Sequence[Touched]) -> None:
    """Bring the read model up to date, one statement; of the number only what everybody may be told."""
    rows = []
    for t in touched:
        b = t.body
        days = (date.fromisoformat(b[n]) if n in b else None for n in ("valid_from", "valid_to"))
        said = (rules.bare(b["name"]), b["organisation"], b["role"], rules.mask(b["telephone"]))
        rows.append((t.dossier, t.record, t.version, t.audience, t.deleted, *said, *days))
    bulk.upsert(conn, _c, rows)


def page(conn: Connection, actor: Actor, said: Mapping[str, Any]) -> dict[str, Any]:
    """Contacts of the projects that the actor sees, by project: `items`, `next`. Two statements.
    Raises Refusal `malformed` for another list's page.
    """
    here = access.where(actor, "contact.list") & ({said["dossier"]} if said["dossier"] else actor.held.keys())
    query = (
        select(_c)
        .where(_c.c.dossier.in_(sorted(here)), _c.c.dossier.in_(projects.seen_by(actor)))
        .where(_c.c.deleted.is_(False))
    )
    rows = conn.execute(BY_SITE.apply(query, said["page"], said["limit"])).all()
    kept, following = BY_SITE.split(rows, said["limit"])
    return {"items": _told(conn, kept), "next": following}


def one(conn: Connection, actor: Actor, contact: str, dossier: str | None) -> dict[str, Any]:
    """One of them with its whole number and its note, for who may have them. Three statements. Raises
    Refusal `not-found`, `ambiguous`.
    """
    query = select(_c).where(_c.c.deleted.is_(False))
    query = query.where(access.visible(actor, "contact.read", _c.c.dossier, _c.c.audience))
    row = single.only(conn.execute(single.under(query, _c.c, contact, dossier)).all())
    body = history.body(conn, row.dossier, contact)
    whole = {"name": body["name"], "telephone": body["telephone"], "note": body.get("note")}
    return _told(conn, [row])[0] | whole


def roles(conn: Connection, on: date) -> list[dict[str, Any]]:
    """The posts that a contact may have on a day: `code`, `name`, `en`; none where the house names none.
    One statement.
    """
    held = (p for p in law.editions(conn, ROLES) if p.valid_from <= on <= (p.valid_to or date.max))
    return next((p.value["roles"] for p in held), [])


def _told(conn: Connection, rows: Sequence[Any]) -> list[dict[str, Any]]:
    called = organisations.names_of(conn, (row.organisation for row in rows))
    return [
        {name: getattr(row, name) for name in _SHOWN}
        | {"organisation_name": called.get(row.organisation)}
        | {name: day.isoformat() if (day := getattr(row, name)) else None for name in _SHOWN[-2:]}
        for row in rows
    ]


def _facts(
    conn: Connection,
    _dossier: str,
    _bodies: Sequence[Body],
    _changes: Sequence[Change],
    _states: Mapping[str, State],
) -> Check:
    @cache
    def named() -> frozenset[str]:
        # All that ever held: a phone without a line goes by the list that it has.
        return frozenset(role["code"] for p in law.editions(conn, ROLES) for role in p.value["roles"])

    return lambda before, after: rules.refusal(before, after, lambda code: sort_of(code) is not None, named)


GUARD = Guard(
    codes=frozenset({"telephone-invalid", "code-invalid", "dates-reversed", "role-unknown", "no-provision"}),
    watches=frozenset({"telephone", "organisation", "role", "valid_from", "valid_to"}),
    facts=_facts,
)
