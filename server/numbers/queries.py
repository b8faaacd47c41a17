"""The register of formal numbers: what is used, what is void, what a block still holds."""

import hashlib
from collections.abc import Sequence
from typing import Any, cast

from sqlalchemy import Connection, Table, func, select, text

from server.office import office
from sync import bulk
from sync.minutes import Touched

from .rules import Register, spelled
from .tables import BlockRow, NumberRow

_b, _n = (cast(Table, model.__table__) for model in (BlockRow, NumberRow))
RETURNED = "号段交回，未使用"
PAGE = 200


def project(conn: Connection, touched: Sequence[Touched]) -> None:
    """Bring the blocks' read model up to date; what an ended block had left becomes void."""
    rows = []
    for t in touched:
        b = t.body
        here = (t.dossier, t.record, t.version, t.audience, t.deleted, b["state"], b["officer"])
        what = (b["authority"], b["notice_kind"], b["year"], b["size"])
        rows.append((*here, *what, b.get("first"), b.get("last"), b.get("format")))
    bulk.upsert(conn, _b, rows)
    for t in touched:
        if t.body["state"] != "open" and "first" in t.body:
            _void_rest(conn, t)


def _void_rest(conn: Connection, ended: Touched) -> None:
    b = ended.body
    register = Register(b["authority"], b["notice_kind"], b["year"])
    span = range(b["first"], b["last"] + 1)
    known = set(
        conn.scalars(select(_n.c.seq).where(*_of(register), _n.c.seq.between(span.start, span.stop - 1)))
    )
    why = b.get("void_reason") if b["state"] == "voided" else RETURNED
    rest = [
        (*_key(register, seq), spelled(b["format"], b["year"], seq), "void", why, None, None, ended.record)
        for seq in span
        if seq not in known
    ]
    bulk.upsert(conn, _n, rest)


def enter(conn: Connection, rows: Sequence[tuple[Register, int, tuple[Any, ...]]]) -> None:
    """Enter numbers that papers bear: (register, seq, (number, state, reason, home, notice, block))."""
    bulk.upsert(conn, _n, [(*_key(register, seq), *said) for register, seq, said in rows])


def lock(conn: Connection, register: Register) -> None:
    """Hold the register until the transaction ends: whoever else wants a number of it waits.

    It is taken after the dossier's lock and only one a transaction, so nobody waits in a circle.
    SQLite has one writer, who holds everything since BEGIN IMMEDIATE.
    """
    if conn.dialect.name == "postgresql":
        name = f"numbers|{register.authority}|{register.notice_kind}|{register.year}"
        key = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big", signed=True)
        conn.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": key})


def last(conn: Connection, register: Register) -> int:
    """The highest number that is used, void or in a block; 0 in an empty register. Under `lock`."""
    numbers = select(func.max(_n.c.seq)).where(*_of(register)).scalar_subquery()
    blocks = select(func.max(_b.c.last)).where(*_blocks_of(register)).scalar_subquery()
    row = conn.execute(select(numbers.label("numbers"), blocks.label("blocks"))).one()
    return max(row.numbers or 0, row.blocks or 0)


def taken(conn: Connection, register: Register, seq: int) -> dict[str, Any] | None:
    """The number's row, where it is used or void."""
    row = conn.execute(select(_n).where(*_of(register), _n.c.seq == seq)).one_or_none()
    return _plain(row) if row else None


def block(conn: Connection, office: str, name: str) -> dict[str, Any] | None:
    """A block of the office's; None where there is none."""
    row = conn.execute(
        select(_b).where(_b.c.dossier == office, _b.c.id == name, _b.c.deleted.is_(False))
    ).one_or_none()
    return _plain(row) if row else None


def blocks(conn: Connection, office: str, officer: str | None) -> list[dict[str, Any]]:
    """The office's blocks, the newest number first; with `officer`, theirs."""
    query = select(_b).where(_b.c.dossier == office, _b.c.deleted.is_(False))
    if officer:
        query = query.where(_b.c.officer == officer)
    order = (_b.c.year.desc(), _b.c.authority, _b.c.notice_kind, _b.c.first.desc(), _b.c.id)
    return [_plain(row) for row in conn.execute(query.order_by(*order).limit(PAGE))]


def unallotted(conn: Connection, office: str) -> list[str]:
    """Blocks that wait for their numbers."""
    return list(
        conn.scalars(
            select(_b.c.id).where(_b.c.dossier == office, _b.c.first.is_(None), _b.c.deleted.is_(False))
        )
    )


def page(conn: Connection, register: Register, after: int, limit: int) -> dict[str, Any]:
    """Every number of the register after `after`, each with its state: used, void or unused.

    `gap` would be a number that nobody accounts for; there is none (domain.md §16.1 no. 3).
    """
    end = last(conn, register)
    upto = min(after + limit, end)
    inside = _n.c.seq.between(after + 1, upto)
    known = {r.seq: _plain(r) for r in conn.execute(select(_n).where(*_of(register), inside))}
    reach = (_b.c.first <= upto, _b.c.last > after)
    held = conn.execute(select(_b).where(*_blocks_of(register), *reach)).all()
    items = []
    for seq in range(after + 1, upto + 1):
        item = known.get(seq)
        if item is None:
            pad = next((b for b in held if b.first <= seq <= b.last), None)
            blank = {"seq": seq, "number": None, "state": "gap", "reason": None, "home": None, "notice": None}
            item = blank | {"block": pad.id if pad else None}
            if pad:
                item |= {"state": "unused", "number": spelled(pad.format, register.year, seq)}
        items.append(item)
    return {"items": items, "next": upto if upto < end else None, "last": end} | _counts(conn, register, end)


def _counts(conn: Connection, register: Register, end: int) -> dict[str, int]:
    rows = conn.execute(select(_n.c.state, func.count()).where(*_of(register)).group_by(_n.c.state))
    found = {row[0]: row[1] for row in rows}
    used, void = found.get("used", 0), found.get("void", 0)
    return {"used": used, "void": void, "unused": end - used - void}


def _of(register: Register) -> tuple[Any, ...]:
    here = (_n.c.authority == register.authority, _n.c.notice_kind == register.notice_kind)
    return (*here, _n.c.year == register.year)


def _blocks_of(register: Register) -> tuple[Any, ...]:
    where, what = _b.c.dossier == office().config.office, _b.c.notice_kind == register.notice_kind
    return (
        where,
        _b.c.authority == register.authority,
        what,
        _b.c.year == register.year,
        _b.c.first.is_not(None),
    )


def _key(register: Register, seq: int) -> tuple[Any, ...]:
    return (register.authority, register.notice_kind, register.year, seq)


def _plain(row: Any) -> dict[str, Any]:
    return {"".join(key): value for key, value in row._mapping.items()}
