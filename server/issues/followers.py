"""What follows from a step: the deadline from service, what speaks against more time, days that pause.

Each is the system's own change with a derived id: at least once and idempotent is exactly once.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import Connection

from server import transaction
from server.access import SYSTEM
from server.errors import Refusal
from server.law import queries as law
from server.law.rules import NoCalendar, Term, local_day
from server.office import office
from sync import followers, history
from sync.arrival import Arrival, rfc3339
from sync.change import read
from sync.minutes import Touched

from . import queries, rules
from .actions import derived

log = structlog.get_logger()
NAME = "loop"
Body = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Follow:
    """A change that follows: of which record, from what cause, with which values."""

    kind: str
    record: str
    cause: tuple[str, ...]
    fields: Body


def catch_up() -> int:
    """What a crash left between a commit and what follows from it; the scheduler calls it. Returns how
    many records were looked at.
    """
    with transaction.reading() as conn:
        behind = followers.behind(conn, NAME)
    done = 0
    for dossier in behind:
        while True:
            with transaction.reading() as conn:
                found, seq = followers.records(conn, dossier, NAME, FOLLOW)
            if not seq:
                break
            for kind, follow in FOLLOW.items():
                follow(dossier, [t for t in found if t.kind == kind])
            done += len(found)
            with transaction.writing() as conn:
                followers.advance(conn, dossier, NAME, seq)
    return done


def follow_issues(dossier: str, touched: Sequence[Touched]) -> None:
    """The deadline of an issue whose notice has been served, by its term and the law of that day."""
    served = [t for t in touched if not t.deleted and t.body.get("term") and t.body.get("received_at")]
    waiting = [t.record for t in served if "due_basis" not in t.body]
    if waiting:
        _write(dossier, waiting, _deadline)


def _deadline(conn: Connection, dossier: str, issue: str, body: Body) -> Iterator[Follow]:
    if "due_basis" in body:
        return
    served = local_day(datetime.fromisoformat(body["received_at"]))
    calendar = law.calendar(conn, served)
    try:
        found = law.provision(conn, f"term.{body['term']}", served)
        ends = Term.of(found.value).after(served, calendar)
    except (Refusal, NoCalendar) as gap:
        log.warning("no deadline can be computed", dossier=dossier, record=issue, why=str(gap))
        return
    basis = f"{found.code} {found.version} {calendar.version(served, ends)}".strip()
    yield Follow("issue", issue, ("deadline",), {"due_on": ends.isoformat(), "due_basis": basis[:400]})


def follow_extensions(dossier: str, touched: Sequence[Touched]) -> None:
    """A request is looked at when it comes in; a grant moves the deadline."""
    asked = [t.record for t in touched if not t.deleted]
    if asked:
        _write(dossier, asked, _extended)


def _extended(conn: Connection, dossier: str, request: str, body: Body) -> Iterator[Follow]:
    found = history.present(conn, dossier, body["subject"])
    if found is None or "due_on" not in found[1]:
        return  # the issue has not come yet, or has no deadline that could be moved
    issue = found[1]
    if "flags" not in body:
        asked_on = local_day(datetime.fromisoformat(body["asked_at"]))
        flags = rules.against_extension(
            asked_on,
            date.fromisoformat(body["until"]),
            due=date.fromisoformat(issue["due_on"]),
            issued_on=local_day(datetime.fromisoformat(issue.get("issued_at") or issue["found_at"])),
            severity=issue["severity"],
            granted_before=queries.granted(conn, dossier, body["subject"]),
            limits=law.provision(conn, "extension", asked_on).value,
        )
        yield Follow("extension", request, ("flags",), {"flags": flags})
    if body["state"] == "granted":
        basis = f"extension {request}"
        yield Follow("issue", body["subject"], (request,), {"due_on": body["until"], "due_basis": basis})


def follow_pauses(dossier: str, touched: Sequence[Touched]) -> None:
    """The clock of an issue stands still, and goes on with so many days more."""
    pauses = [t.record for t in touched if not t.deleted]
    if pauses:
        _write(dossier, pauses, _paused)


def _paused(conn: Connection, dossier: str, pause: str, body: Body) -> Iterator[Follow]:
    found = history.present(conn, dossier, body["subject"])
    if found is None:
        return
    if "until" not in body:
        yield Follow("issue", body["subject"], (pause, "since"), {"paused_on": body["since"]})
        return
    fields: Body = {"paused_on": None}
    if "due_on" in found[1]:
        days = rules.days_paused(date.fromisoformat(body["since"]), date.fromisoformat(body["until"]))
        due = date.fromisoformat(found[1]["due_on"]) + timedelta(days=days)
        fields |= {"due_on": due.isoformat(), "due_basis": f"pause {pause} +{days}"}
    # One end of a pause moves the deadline once, whatever is said of it later.
    yield Follow("issue", body["subject"], (pause, "until"), fields)


def _write(
    dossier: str, records: Sequence[str], derive: Callable[[Connection, str, str, Body], Iterator[Follow]]
) -> None:
    """In one transaction of the dossier: read what stands under the lock, and write what follows."""
    here = office()
    now = rfc3339(here.clock())
    with transaction.writing(dossier) as conn:
        epoch = here.journal.lock(conn, dossier).epoch
        for record in records:
            found = history.present(conn, dossier, record)
            follows = list(derive(conn, dossier, record, found[1])) if found else []
            changes = {derived(dossier, f.record, *f.cause): f for f in follows}
            for known in here.journal.known(conn, dossier, changes):
                del changes[known]
            # One after another: a record's version moves with each.
            for name, follow in changes.items():
                change = _change(conn, dossier, epoch, name, follow, now)
                transaction.push(
                    conn, dossier, SYSTEM, [read(change, here.journal.kinds)], arrival=Arrival(now)
                )


def _change(conn: Connection, dossier: str, epoch: int, name: str, follow: Follow, now: str) -> Body:
    found = history.present(conn, dossier, follow.record)
    assert found is not None, "it was read under the same lock"
    return {
        "id": name,
        "n": 0,
        "op": "update",
        "kind": follow.kind,
        "record": follow.record,
        "base": {"version": found[0], "epoch": epoch},
        "fields": {field: {"set": value} for field, value in follow.fields.items()},
        "at": now,
    }


FOLLOW: Mapping[str, Callable[[str, Sequence[Touched]], None]] = {
    "issue": follow_issues,
    "extension": follow_extensions,
    "pause": follow_pauses,
}
