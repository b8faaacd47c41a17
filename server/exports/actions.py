"""Ask for a file, and give one up."""

from collections.abc import Mapping
from datetime import datetime
from functools import partial
from typing import Any

import orjson
from sqlalchemy import Connection, Row, and_, delete, or_, select, update

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
        there = queries.known(conn, export, actor)
        if there is None:
            if form == "pdf" and total > PDF_ROWS:
                raise Refusal("export-too-large", rows=total, most=PDF_ROWS)
            said = orjson.dumps(dict(narrow), option=orjson.OPT_SORT_KEYS).decode()
            there = enter(conn, actor, export, now, form=form, filter=said, sort=sort, rows_total=total)
        return queries.told(there)


def enter(conn: Connection, actor: Actor, export: str, now: datetime, **said: Any) -> Row[Any]:
    """A wish that is not known yet; `said` are columns. Raises Refusal `too-many-exports`."""
    if queries.under_way(conn, actor.id) >= OPEN:
        raise Refusal("too-many-exports", most=OPEN)
    begun = {"id": export, "owner": actor.id, "state": "waiting", "rows_done": 0, "attempts": 0}
    conn.execute(x.insert().values(begun | {"asked_at": rfc3339(now)} | said))
    return conn.execute(select(x).where(x.c.id == export)).one()


def give_up(actor: Actor, export: str, *, case: bool = False) -> None:
    """No more of it: who makes it just now stops, the file goes. Raises Refusal `not-found`."""
    with writing() as conn:
        row = queries.one(conn, export, actor, case=case)
        conn.execute(delete(x).where(x.c.id == export))
        if row.sha256 is not None:
            key = export_key(export, row.sha256, row.form)
            after_commit(lambda: office().store.drop(key))


def forget(conn: Connection, dossier: str, *, queue: bool) -> None:
    """Something of a dossier is erased, with `queue` of an issue: cases of it, and files of the queue, that
    were made before cannot be fetched any more, and who makes one begins again. In the transaction of
    `conn`; what the store keeps is cleared by the hour.
    """
    stale = x.c.case_of == dossier
    stale = or_(stale, x.c.case_of.is_(None)) if queue else stale
    ready = and_(x.c.state == "ready", stale)
    made = conn.execute(select(x.c.id, x.c.sha256, x.c.form).where(ready)).all()
    conn.execute(update(x).where(ready).values(state="expired", sha256=None, size=None))
    begun = {"state": "waiting", "claimed_by": None, "claimed_until": None}
    conn.execute(update(x).where(x.c.state == "working", stale).values(begun))
    for row in made:
        after_commit(partial(office().store.drop, export_key(row.id, row.sha256, row.form)))
