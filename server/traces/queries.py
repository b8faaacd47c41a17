"""The history of a record, and the inbox of conflicts and parked work."""

from typing import Any

import orjson
from sqlalchemy import Connection

from server import access
from server.endpoint import Actor
from server.errors import Refusal
from server.office import office
from server.people.queries import names
from server.projects import queries as projects
from sync import history

SYSTEM = "system"


def of_record(
    conn: Connection, actor: Actor, dossier: str, record: str, before: int | None, limit: int
) -> dict[str, Any]:
    """A record's entries, newest first, with the names of who made them.

    Raises Refusal `not-found` where the actor may not see the record: the same as where it is absent.
    """
    seen = access.in_dossier(actor, dossier, office().journal.kinds)
    found = history.standing(conn, dossier, record) if seen is not None else None
    if found is None or not access.may_read(actor, dossier, found["kind"], found["audience"]):
        raise Refusal("not-found")
    told = history.of_record(conn, dossier, record, before=before, limit=limit + 1)
    page = told[:limit]
    # Parked work about this record may be the office's own business.
    seen_here = access.audiences(actor.held.get(dossier, ()))
    kept = [entry for entry in page if access.sees(seen_here, entry.pop("audience"))]
    people = names(entry["actor"] for entry in kept if entry["actor"] != SYSTEM)
    for entry in kept:
        entry["who"] = {"id": entry.pop("actor"), "name": None}
        entry["who"]["name"] = people.get(entry["who"]["id"])
    return {"record": found, "items": kept, "next": page[-1]["seq"] if len(told) > limit else None}


def waiting(conn: Connection, actor: Actor, limit: int) -> list[dict[str, Any]]:
    """Open conflicts and parked work in the dossiers and audiences that the actor sees."""
    seen = access.granted(actor, conn)
    mine = {d: a for d, a in seen.items() if access.may(actor, "conflict.read", d)}
    found = history.waiting(conn, mine, limit)
    allowed = [f for f in found if access.may_read(actor, f["dossier"], f["kind"], f["audience"])]
    called = projects.names(actor, {f["dossier"] for f in allowed})
    return [_told(actor, one, called.get(one["dossier"])) for one in allowed]


def _told(actor: Actor, one: dict[str, Any], project: str | None) -> dict[str, Any]:
    """With the title of what it speaks of, where the actor may read that."""
    kind, audience, body = (one.pop(f"about_{n}") for n in ("kind", "audience", "body"))
    seen = kind is not None and access.may_read(actor, one["dossier"], kind, audience)
    title = orjson.loads(body).get("title") if seen and body else None
    return one | {"body": orjson.loads(one["body"]), "title": title, "project": project}
