"""The watchbook becomes entries of the office's journal: each line once, whatever is killed when."""

from collections.abc import Sequence
from typing import Any

import orjson
from sqlalchemy import Connection, delete, select

from server import transaction
from server.access import SYSTEM
from server.office import office
from server.watchbook import lines
from sync.arrival import Arrival, rfc3339
from sync.change import read
from sync.followers import derived
from sync.protocol import CHANGE_BYTES

from .records.watch import MOST

LINES_BYTES = CHANGE_BYTES - 4_096  # the rest of the change is a few hundred bytes


def enter_all() -> int:
    """Enter what stands in the watchbook; how many lines. Lines go in the transaction that enters them."""
    done = 0
    while count := _enter():
        done += count
    return done


def _enter() -> int:
    with transaction.reading() as conn:
        if conn.execute(select(lines.c.id).limit(1)).first() is None:
            return 0
    home = office().config.office
    with transaction.writing(home) as conn:
        here = office()
        here.journal.open(conn, home)
        here.journal.lock(conn, home)
        return _enter_page(conn, home)


def _enter_page(conn: Connection, home: str) -> int:
    here = office()
    page = conn.execute(select(lines).order_by(lines.c.id).limit(MOST)).all()
    if not page:
        return 0
    told = _fitting(page)
    page = page[: len(told)]
    values = {"since": page[0].at, "until": page[-1].at, "count": len(page), "lines": told}
    now = rfc3339(here.clock())
    change = {
        "id": derived("watch", page[0].id, "entered"),
        "n": 0,
        "op": "create",
        "kind": "watch",
        "record": derived("watch", page[0].id),
        "audience": "confidential",
        "fields": {name: {"set": value} for name, value in values.items()},
        "at": now,
    }
    pushed = transaction.push(conn, home, SYSTEM, [read(change, here.journal.kinds)], arrival=Arrival(now))
    if pushed.outcomes[0]["status"] != "applied":  # no line goes for an entry that is not there
        raise RuntimeError(f"the watchbook was not entered: {pushed.outcomes[0]['faults']}")
    conn.execute(delete(lines).where(lines.c.id.in_([row.id for row in page])))
    return len(page)


def _fitting(page: Sequence[Any]) -> list[dict[str, Any]]:
    """As many of these lines as one change may hold, and at least one: a stranger chooses how long the
    name is that they try.
    """
    told: list[dict[str, Any]] = []
    room = LINES_BYTES
    for row in page:
        line = {"at": row.at, "what": row.what, "actor": row.actor, "told": orjson.loads(row.told)}
        room -= len(orjson.dumps(line)) + 1
        if room < 0 and told:
            break
        told.append(line)
    return told
