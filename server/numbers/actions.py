"""Numbers are taken under the register's lock: one for a paper, a range for an officer's block."""

import uuid
from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import Connection

from server import access, transaction
from server.access import SYSTEM
from server.endpoint import Actor
from server.errors import Refusal
from server.law import queries as law
from server.law.rules import local_day
from server.office import office
from sync import lookup
from sync.arrival import Arrival, rfc3339
from sync.change import Author, read
from sync.minutes import Outcome, Touched

from . import queries
from .rules import Claim, Register, claim_fault, spelled

NAMESPACE = uuid.UUID("8f0b4c1e-2c7e-5d0a-9b66-0d5c6d1f4a31")
MOST = 999_999


def pattern(conn: Connection, register: Register, on: date) -> str:
    """How the register's numbers are spelled on a day. Raises Refusal `no-provision`."""
    said = law.provision(conn, f"numbering.{register.authority}.{register.notice_kind}", on).value
    return str(said["format"])


def take(conn: Connection, register: Register, on: date) -> tuple[int, str]:
    """The register's next number and how it is spelled; it is taken once the paper that bears it is
    entered in this transaction, and free again if that is rolled back. Raises Refusal `no-provision`.
    """
    how = pattern(conn, register, on)
    queries.lock(conn, register)
    seq = queries.last(conn, register) + 1
    return seq, spelled(how, register.year, seq)


def take_claimed(conn: Connection, register: Register, claim: Claim) -> tuple[int, str] | str:
    """The number that stands on the paper already, or the code of what speaks against it."""
    queries.lock(conn, register)
    pad = queries.block(conn, office().config.office, claim.block)
    fault = claim_fault(claim, register, pad, queries.taken(conn, register, claim.seq))
    if fault or pad is None:
        return fault or "number-outside-block"
    return claim.seq, spelled(pad["format"], register.year, claim.seq)


def give(actor: Actor, fields: dict[str, Any], *, record: str, change: str, at: str) -> Outcome:
    """Hand a block to an officer. The same change again gives the same block.

    Raises Refusal `malformed`, `not-permitted`, `no-provision`.
    """
    said = {"op": "create", "audience": "field", "fields": {n: {"set": v} for n, v in fields.items()}}
    return _enter(actor, record, {"id": change, "at": at} | said)


def amend(
    actor: Actor,
    block: str,
    fields: dict[str, Any],
    *,
    version: int,
    change: str,
    at: str,
    atomic: bool = False,
) -> Sequence[Outcome]:
    """What is done with a block at the desk: a reason, a step, or the one and then the other; with `atomic`
    they are one change, all of it or nothing.

    Raises Refusal `malformed`, `not-permitted`.
    """
    with transaction.reading() as conn:
        home = office().config.office
        epoch = office().journal.heads(conn, [home])[home].epoch
    rest = {n: v for n, v in fields.items() if n != "state"}
    base: dict[str, Any] = {"op": "update", "base": {"version": version, "epoch": epoch}, "at": at}
    base |= {"atomic": True} if atomic else {}
    outcomes = []
    if rest and len(rest) < len(fields) and not atomic:
        first = str(uuid.uuid5(NAMESPACE, f"{change}|fields"))
        outcomes.append(_enter(actor, block, base | {"id": first, "fields": rest}))
        fields = {"state": fields["state"]}
    return [*outcomes, _enter(actor, block, base | {"id": change, "fields": fields})]


def _enter(actor: Actor, record: str, said: dict[str, Any]) -> Outcome:
    here = office()
    home, now = here.config.office, rfc3339(here.clock())
    may = access.in_dossier(actor, home, here.journal.kinds)
    if may is None:
        raise Refusal("not-permitted")
    sent = {"n": 0, "kind": "block", "record": record} | said
    with transaction.writing(home) as conn:
        author = Author(actor.id, actor.writer, may)
        understood = [read(sent, here.journal.kinds)]
        [outcome] = transaction.push(conn, home, author, understood, arrival=Arrival(now)).outcomes
        if outcome["status"] == "invalid":
            raise Refusal("malformed", "Some fields are wrong.", why=outcome["why"], faults=outcome["faults"])
        if outcome["status"] == "parked" and not outcome["replay"]:
            raise Refusal("not-permitted", why=outcome["why"])
        if outcome["status"] in ("applied", "merged"):
            allot(conn, record)
    return outcome


def allot(conn: Connection, block: str) -> None:
    """Give a block its numbers, unless it has them. In the transaction of `conn`, under the lock of
    the office's dossier. Raises Refusal `no-provision`.
    """
    here = office()
    home, now = here.config.office, here.clock()
    epoch = here.journal.lock(conn, home).epoch
    state = lookup.states(conn, home, [block]).get(block)
    if state is None or state.deleted or state.kind != "block" or "first" in state.body:
        return
    body = state.body
    register = Register(body["authority"], body["notice_kind"], body["year"])
    how = pattern(conn, register, _day_of(body["year"], local_day(now)))
    queries.lock(conn, register)
    first = queries.last(conn, register) + 1
    if first + body["size"] - 1 > MOST:
        raise Refusal("malformed", "The register has no room for so many numbers.")
    numbers = {"first": first, "last": first + body["size"] - 1, "format": how}
    change = {
        "id": str(uuid.uuid5(NAMESPACE, f"{home}|{block}|allotted")),
        "n": 0,
        "op": "update",
        "kind": "block",
        "record": block,
        "base": {"version": state.version, "epoch": epoch},
        "fields": {name: {"set": value} for name, value in numbers.items()},
        "at": rfc3339(now),
    }
    understood = [read(change, here.journal.kinds)]
    transaction.push(conn, home, SYSTEM, understood, arrival=Arrival(rfc3339(now)))


def _day_of(year: int, today: date) -> date:
    """The day by whose rule a block is spelled: today, or the year's nearest to it."""
    return max(date(year, 1, 1), min(today, date(year, 12, 31)))


def follow(dossier: str, touched: Sequence[Touched]) -> None:
    """After blocks came in from elsewhere than the desk: they get their numbers."""
    if dossier != office().config.office:
        return
    for t in touched:
        if "first" not in t.body and not t.deleted:
            _allot_later(t.record)


def allot_all() -> int:
    """What a crash left without its numbers; the scheduler calls it. Returns how many there were."""
    with transaction.reading() as conn:
        waiting = queries.unallotted(conn, office().config.office)
    return sum(_allot_later(block) for block in waiting)


def _allot_later(block: str) -> bool:
    """A block that no provision spells waits until there is one, and is of no use meanwhile."""
    try:
        with transaction.writing(office().config.office) as conn:
            allot(conn, block)
    except Refusal as refused:
        if refused.code not in ("no-provision", "malformed"):
            raise
        return False
    return True
