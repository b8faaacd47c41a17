"""What a code is called: the one place where names are looked up, and the register that people read."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any, cast

import orjson
from sqlalchemy import Connection, Table, select

from server.office import office
from server.paging import Keyset
from sync import bulk, lookup
from sync.change import Change
from sync.guards import Check, Guard
from sync.minutes import State, Touched
from sync.record import Body

from . import rules
from .tables import OrganisationRow

_o = cast(Table, OrganisationRow.__table__)
BY_CODE = Keyset("organisations", [_o.c.code, _o.c.id], descending=False)
_SHOWN = ("id", "version", "code", "sort", "name", "qualification", "qualified_until")


def project(conn: Connection, touched: Sequence[Touched]) -> None:
    """Bring the read model up to date, one statement."""
    rows = []
    for t in touched:
        b = t.body
        until = date.fromisoformat(b["qualified_until"]) if "qualified_until" in b else None
        lists = (orjson.dumps(sorted(b.get(name, ()))).decode() for name in ("parties", "duties"))
        parties, duties = lists
        what = (b["code"], rules.sort_of(b["code"]) or rules.DEPARTMENT, b["name"], parties)
        words = f"{b['name']}\n{b['code']}".lower()
        here = (t.dossier, t.record, t.version, t.audience, t.deleted)
        rows.append((*here, *what, b.get("qualification"), until, duties, words))
    bulk.upsert(conn, _o, rows)


def names_of(conn: Connection, codes: Iterable[str | None]) -> dict[str, str]:
    """What these codes are called, as far as it is known; names are everybody's, so whoever asks. One
    statement, none where there is no code.
    """
    wanted = {code for code in codes if code}
    if not wanted:
        return {}
    rows = conn.execute(
        select(_o.c.code, _o.c.name)
        .where(_o.c.dossier == office().config.office, bulk.among(conn, _o.c.code, sorted(wanted)))
        .where(_o.c.deleted.is_(False))
        .order_by(_o.c.version)
    )
    return {row.code: row.name for row in rows}


def listed(conn: Connection, wanted: Mapping[str, Any]) -> dict[str, Any]:
    """One page of the register by code: `items`, `next`. One statement. Raises Refusal `malformed`."""
    query = select(_o).where(_o.c.dossier == office().config.office, _o.c.deleted.is_(False))
    if wanted["sort"]:
        query = query.where(_o.c.sort == wanted["sort"])
    for word in (wanted["text"] or "").lower().split():
        query = query.where(_o.c.words.contains(word, autoescape=True))
    rows = conn.execute(BY_CODE.apply(query, wanted["page"], wanted["limit"])).all()
    kept, following = BY_CODE.split(rows, wanted["limit"])
    return {"items": [_told(row) for row in kept], "next": following}


def standing(conn: Connection, codes: Iterable[str]) -> dict[str, State]:
    """The records of these codes as they stand, by code, deleted ones too. One statement."""
    records = {rules.record_of(code): code for code in codes}
    states = lookup.states(conn, office().config.office, records)
    return {records[record]: state for record, state in states.items()}


def _told(row: Any) -> dict[str, Any]:
    lists = {name: orjson.loads(getattr(row, name)) for name in ("parties", "duties")}
    return {name: getattr(row, name) for name in _SHOWN} | lists


def _codes(
    _conn: Connection,
    _dossier: str,
    _bodies: Sequence[Body],
    _changes: Sequence[Change],
    _states: Mapping[str, State],
) -> Check:
    return rules.nobodys


# GB 32100-2015: a code whose check digit is wrong names nobody, whichever door it comes by.
GUARD = Guard(codes=frozenset({"code-invalid"}), watches=frozenset({"code"}), facts=_codes)
