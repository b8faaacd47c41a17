"""Ask for a file, and give one up."""

from collections.abc import Mapping
from datetime import datetime
from functools import partial
from typing import Any

import orjson
from sqlalchemy import Connection, delete, select, update

from media.store import export_key
from server.endpoint import Actor
from server.errors import Refusal
from server.office import office
from server.tallies.queries import counts
from server.transaction import after_commit, writing
from sync.arrival import rfc3339

from . import queries
from .queries import x
from .rules import OPEN, PDF_ROWS


def ask(
    actor: Actor,
    export: str,
    form: str,
    narrow: Mapping[str, Any],
    wanted: Mapping[str, Any],
    sort: str,
    now: datetime,
) -> dict[str, Any]:
    """Enter the wish; said again under its id it is the same wish. `narrow` is kept as it was said,
    `wanted` is the same as the queue reads it.

    Raises Refusal `not-found` where the id is another's, `too-many-exports`, `export-too-large`.
    """
    total = counts(actor, wanted, now)["total"]
    with writing() as conn:
        owner = queries.owner_of(conn, export)
        if owner == actor.id:
            return queries.told(queries.one(conn, export, actor))
        if owner is not None:
            raise Refusal("not-found")
        if form == "pdf" and total > PDF_ROWS:
            raise Refusal("export-too-large", rows=total, most=PDF_ROWS)
        if queries.under_way(conn, actor.id) >= OPEN:
            raise Refusal("too-many-exports", most=OPEN)
        said = {
            "id": export,
            "owner": actor.id,
            "form": form,
            "filter": orjson.dumps(dict(narrow), option=orjson.OPT_SORT_KEYS).decode(),
            "sort": sort,
            "state": "waiting",
            "rows_done": 0,
            "rows_total": total,
            "asked_at": rfc3339(now),
            "attempts": 0,
        }
        conn.execute(x.insert().values(said))
        return queries.told(queries.one(conn, export, actor))


def give_up(actor: Actor, export: str) -> None:
    """No more of it: who makes it just now stops, the file goes. Raises Refusal `not-found`."""
    with writing() as conn:
        row = queries.one(conn, export, actor)
        conn.execute(delete(x).where(x.c.id == export))
        if row.sha256 is not None:
            key = export_key(export, row.sha256, row.form)
            after_commit(lambda: office().store.drop(key))


def forget(conn: Connection) -> None:
    """Something of an issue is erased: files that were made before cannot be fetched any more, and who
    makes one begins again. In the transaction of `conn`; what the store keeps is cleared by the hour.
    """
    ready = x.c.state == "ready"
    made = conn.execute(select(x.c.id, x.c.sha256, x.c.form).where(ready)).all()
    conn.execute(update(x).where(ready).values(state="expired", sha256=None, size=None))
    begun = {"state": "waiting", "claimed_by": None, "claimed_until": None}
    conn.execute(update(x).where(x.c.state == "working").values(begun))
    for row in made:
        after_commit(partial(office().store.drop, export_key(row.id, row.sha256, row.form)))
