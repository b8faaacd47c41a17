"""Tell somebody something; read, acknowledge; keep the channels.

Whoever decides that somebody must be told calls `tell` in the transaction of what caused it:

    with transaction.writing(dossier) as conn:
        transaction.push(conn, dossier, SYSTEM, changes, arrival=Arrival(now))
        tell(conn, Firm(uscc, dossier), "issue.overdue",
             {"project": "望京一号", "title": "临边防护缺失", "due_on": "2026-11-25", "days": 1},
             key=f"overdue|{dossier}|{issue}|T+0", home=dossier, record=issue)

Both stand or neither. The scheduler sends (jobs.py), at least once, under an id that never changes.
"""

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

import orjson
from sqlalchemy import Connection, Table, delete, select, update
from sqlalchemy.dialects import postgresql, sqlite

from server.errors import Refusal
from server.office import office
from server.outgoing import Forbidden
from server.transaction import reading, writing
from sync.arrival import rfc3339

from . import queries
from .queries import c, d, n, p
from .rules import LANGUAGES, Person, Whom, missing, next_hour

NAMESPACE = uuid.UUID("6a3f3c0e-0a55-5d0a-9b0e-2f7c1d9e4b10")
ROWS = 500  # in one statement
OWN_CHANNELS = 10  # that a person may give themselves


def derived(*parts: object) -> str:
    """The id of what is made of these parts: the same on every node and at every repetition."""
    return str(uuid.uuid5(NAMESPACE, "|".join(str(part) for part in parts)))


def tell(
    conn: Connection,
    whom: Whom,
    template: str,
    facts: Mapping[str, str | int],
    key: str,
    *,
    home: str | None = None,
    record: str | None = None,
) -> list[str]:
    """Tell `whom` (Person, Firm, Role, Unit, TheOffice of rules.py), in the write transaction of `conn`.

    `key` names event and step; each owner is told once a key, whoever asks how often. `home` is the
    dossier and `record` the record that it is about; whoever supervises there sees the deliveries.
    Returns the ids of the notifications that are new. The statements do not grow with the number of
    people. Raises ValueError for an unknown template or missing facts: our own fault.
    """
    known = queries.templates().get(template)
    if known is None:
        raise ValueError(f"no such template: {template}")
    lacking = missing(known, facts)
    if lacking:
        raise ValueError(f"{template} wants {', '.join(sorted(lacking))}")
    now, urgent = office().clock(), bool(known.get("urgent", False))
    told = queries.owners(conn, whom)
    common = (template, orjson.dumps(dict(facts)).decode(), urgent, home, record, rfc3339(now), None)
    rows = [(derived(key, owner), key, owner, *common) for owner in told]
    new = _insert_new(conn, n, rows)
    fresh = {row[2]: row[0] for row in rows if row[0] in new}
    if fresh:
        settings = queries.preferences(conn, fresh)
        later = rfc3339(next_hour(now))
        sent = [
            (
                derived(fresh[ch.owner], ch.id),
                fresh[ch.owner],
                ch.id,
                ch.kind,
                ch.owner,
                template,
                urgent,
                home,
            )
            + ("waiting", 0, rfc3339(now))
            + (later if settings[ch.owner].digest and not urgent else rfc3339(now),)
            + (None,) * 6
            for ch in queries.channels(conn, fresh)
        ]
        _insert_new(conn, d, sent)
    return sorted(fresh.values())


def _insert_new(conn: Connection, table: Table, rows: Sequence[tuple[Any, ...]]) -> set[str]:
    """Insert those that are not there yet, in the order of their ids (two who tell the same do not wait
    for each other crosswise); the ids of the new ones.
    """
    into = postgresql.insert if conn.dialect.name == "postgresql" else sqlite.insert
    names, new = table.columns.keys(), set[str]()
    ordered = sorted(rows)
    for start in range(0, len(ordered), ROWS):
        values = [dict(zip(names, row, strict=True)) for row in ordered[start : start + ROWS]]
        statement = into(table).values(values).on_conflict_do_nothing().returning(table.c.id)
        new.update(conn.execute(statement).scalars())
    return new


def mark_read(person: str, notification: str) -> dict[str, Any]:
    """The person has read it; the first time counts. Raises Refusal `not-found`."""
    now = rfc3339(office().clock())
    with writing() as conn:
        own = (n.c.id == notification, n.c.owner == queries.person(person))
        conn.execute(update(n).where(*own, n.c.read_at.is_(None)).values(read_at=now))
        read_at = conn.execute(select(n.c.read_at).where(*own)).scalar_one_or_none()
    if read_at is None:
        raise Refusal("not-found")
    return {"id": notification, "read_at": read_at}


def add_channel(owner: str, kind: str, address: str) -> str:
    """A channel for an owner; its id. The address is sealed. Raises Refusal `forbidden-address`."""
    here = office()
    try:
        here.carriers.check(kind, address)
    except Forbidden as wrong:
        raise Refusal("forbidden-address", why=wrong.why) from None
    made = here.new_id()
    row = {"id": made, "owner": owner, "kind": kind, "address": here.seal.close(address), "active": True}
    with writing() as conn:
        conn.execute(c.insert().values(row | {"hint": hint(kind, address), "made_at": rfc3339(here.clock())}))
    return made


def own_channel(person: str, kind: str, address: str) -> str:
    """A channel that a person gives themselves; its id. Raises Refusal `too-many-channels`,
    `forbidden-address`.
    """
    owner = queries.person(person)
    with reading() as conn:
        if len(queries.channels(conn, [owner])) >= OWN_CHANNELS:
            raise Refusal("too-many-channels", limit=OWN_CHANNELS)
    return add_channel(owner, kind, address)


def drop_channel(channel: str, *, owner: str | None = None) -> bool:
    """Use it no more; what waits for it is cancelled. Whether there was one (of that owner)."""
    here = (c.c.id == channel, c.c.active.is_(True), *((c.c.owner == owner,) if owner else ()))
    with writing() as conn:
        done = conn.execute(update(c).where(*here).values(active=False))
        if not done.rowcount:
            return False
        conn.execute(
            update(d).where(d.c.channel == channel, d.c.state == "waiting").values(state="cancelled")
        )
    return True


def prefer(owner: str, *, language: str, quiet_from: int, quiet_to: int, digest: bool) -> None:
    """How an owner wants to be told; `office` says it for all who have not said it themselves."""
    if language not in LANGUAGES:
        raise ValueError(f"no such language: {language}")
    said = {"language": language, "quiet_from": quiet_from, "quiet_to": quiet_to, "digest": digest}
    with writing() as conn:
        into = postgresql.insert if conn.dialect.name == "postgresql" else sqlite.insert
        row = into(p).values(owner=owner, **said)
        conn.execute(row.on_conflict_do_update(index_elements=[p.c.owner], set_=said))


def test(person: str, name: str) -> list[str]:
    """A test message to all channels of a person; the ids of its deliveries."""
    with writing() as conn:
        [made] = tell(conn, Person(person), "test", {"name": name}, key=f"test|{office().new_id()}")
        return list(conn.execute(select(d.c.id).where(d.c.notification == made)).scalars())


def hint(kind: str, address: str) -> str:
    """What may be shown of an address: of a mailbox enough to know it again, of a URL its host."""
    if kind == "mail":
        local, _, domain = address.rpartition("@")
        return f"{local[:2]}…@{domain}"[:80]
    if kind == "webhook":
        return address.split("/")[2][:80]
    return f"…{address.rstrip('/')[-4:]}"


def forget(conn: Connection, home: str, record: str) -> None:
    """What was told of a record that is erased goes, with whatever of it was still to be sent."""
    about = select(n.c.id).where(n.c.home == home, n.c.home_record == record)
    conn.execute(delete(d).where(d.c.notification.in_(about)))
    conn.execute(delete(n).where(n.c.home == home, n.c.home_record == record))
