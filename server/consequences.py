"""What follows from a change: the house's own changes, each entered once whatever dies meanwhile.

A follower runs after the commit of what it follows (transaction.py) and again from the journal where a
crash came between (`catch_up`). It reads under the dossier's lock what stands now and says what follows;
every change has an id made of its cause, so at least once and idempotent is exactly once.
"""

import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import structlog
from sqlalchemy import Connection

from sync import followers, lookup
from sync.arrival import Arrival, rfc3339
from sync.change import Author, read
from sync.minutes import State, Touched

from . import transaction
from .access import SYSTEM, SystemMay
from .office import office

log = structlog.get_logger()
NAMESPACE = uuid.UUID("7a2f6f0e-52c4-5a6e-9d1b-0a4b5a1f7c33")
POSITION = "loop"  # the name under which the journals are read
DONE = ("applied", "merged", "noop")
Operations = Mapping[str, Mapping[str, Any]]
Derive = Callable[[Connection, str, str, State], Iterator["Follow"]]


def derived(*key: str) -> str:
    """The id that belongs to a cause: the same cause makes the same change."""
    return str(uuid.uuid5(NAMESPACE, "|".join(key)))


def said(values: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Plain values as a change says them."""
    return {name: {"set": value} for name, value in values.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Follow:
    """A change that follows: of which record, from what cause, with which operations.

    With `makes` the record is created in that audience; with `audience` it is moved there. `by` names the
    person whose deed it completes (a step is theirs: separation of duties counts it as theirs), `at`
    when that was; without them it is the system's own, now.
    """

    kind: str
    record: str
    cause: tuple[str, ...]
    fields: Operations
    makes: str | None = None
    audience: str | None = None
    by: str | None = None
    at: str | None = None


def enter(dossier: str, records: Sequence[str], derive: Derive) -> int:
    """In one transaction of the dossier: read what stands under the lock, and write what follows; how
    many changes that were.
    """
    here, entered = office(), 0
    now = rfc3339(here.clock())
    with transaction.writing(dossier) as conn:
        epoch = here.journal.lock(conn, dossier).epoch
        for record in records:
            state = lookup.states(conn, dossier, [record]).get(record)
            if state is None or state.deleted:
                continue
            follows = {derived(dossier, f.record, *f.cause): f for f in derive(conn, dossier, record, state)}
            for known in here.journal.known(conn, dossier, follows):
                del follows[known]
            # One after another: a record's version moves with each.
            for name, follow in follows.items():
                entered += _push(conn, dossier, epoch, name, follow, now)
    return entered


def _push(conn: Connection, dossier: str, epoch: int, name: str, follow: Follow, now: str) -> bool:
    change: dict[str, Any] = {"id": name, "n": 0, "kind": follow.kind, "record": follow.record}
    change |= {"fields": dict(follow.fields), "at": follow.at or now}
    standing = lookup.states(conn, dossier, [follow.record]).get(follow.record)
    if follow.makes is not None:
        if standing is not None:
            return False
        change |= {"op": "create", "audience": follow.makes}
    elif standing is None or standing.deleted:
        return False  # named before it came, or taken away: nothing to write on
    else:
        change |= {"op": "update", "base": {"version": standing.version, "epoch": epoch}}
        change |= {"audience": follow.audience} if follow.audience else {}
    author = Author(follow.by, f"server/{follow.by[-12:]}", SystemMay()) if follow.by else SYSTEM
    understood = [read(change, office().journal.kinds)]
    [outcome] = transaction.push(conn, dossier, author, understood, arrival=Arrival(now)).outcomes
    if outcome["status"] not in DONE:  # kept for a reviewer like anybody's; our own rule should have known
        log.warning("what follows was not entered", dossier=dossier, record=follow.record, why=outcome["why"])
    return outcome["status"] in DONE


def catch_up(follow: Mapping[str, Callable[[str, Sequence[Touched]], None]]) -> int:
    """What a crash left between a commit and what follows from it, by the kinds in `follow`; the
    scheduler calls it. Returns how many records were looked at.
    """
    with transaction.reading() as conn:
        behind = followers.behind(conn, POSITION)
    done = 0
    for dossier in behind:
        while True:
            with transaction.reading() as conn:
                found, seq = followers.records(conn, dossier, POSITION, follow)
            if not seq:
                break
            for kind, after in follow.items():
                touched = [t for t in found if t.kind == kind]
                if touched:
                    after(dossier, touched)
            done += len(found)
            with transaction.writing() as conn:
                followers.advance(conn, dossier, POSITION, seq)
    return done
