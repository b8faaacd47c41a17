"""What follows from a step: a deadline without a paper, what speaks against more time, days that pause."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta

import structlog
from sqlalchemy import Connection

from server.consequences import Follow, enter, said
from server.errors import Refusal
from server.law import queries as law
from server.law.rules import NoCalendar, Term, local_day
from sync import history
from sync.minutes import State, Touched
from sync.record import Body

from . import queries, rules

log = structlog.get_logger()


def follow_issues(dossier: str, touched: Sequence[Touched]) -> None:
    """The deadline of an issue that the firm has signed for without a paper, by its term and the law of
    that day. Where a paper holds it, the paper's service starts the clock (server/notices/followers.py).
    """
    waiting = [t.record for t in touched if not t.deleted and _waits(t.body)]
    if waiting:
        enter(dossier, waiting, _deadline)


def _waits(body: Body) -> bool:
    signed = bool(body.get("term") and body.get("received_at"))
    return signed and not {"due_on", "due_basis", "notice"} & body.keys()


def _deadline(conn: Connection, dossier: str, issue: str, state: State) -> Iterator[Follow]:
    body = state.body
    if not _waits(body):
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
    # A paper that was voided gives the clock back: then the firm's signature counts again, once more.
    cause = ("deadline", str(state.version))
    fields = said({"due_on": ends.isoformat(), "due_basis": basis[:400]})
    yield Follow(kind="issue", record=issue, cause=cause, fields=fields)


def follow_extensions(dossier: str, touched: Sequence[Touched]) -> None:
    """A request is looked at when it comes in; a grant moves the deadline."""
    asked = [t.record for t in touched if not t.deleted]
    if asked:
        enter(dossier, asked, _extended)


def _extended(conn: Connection, dossier: str, request: str, state: State) -> Iterator[Follow]:
    body = state.body
    found = history.present(conn, dossier, body["subject"])
    if found is None or "due_on" not in found[1]:
        return  # the issue has not come yet, or has no deadline that could be moved
    issue = found[1]
    if "flags" not in body:
        asked_on = local_day(datetime.fromisoformat(body["asked_at"]))
        try:
            limits = law.provision(conn, "extension", asked_on).value
        except Refusal as gap:
            log.warning("a request cannot be looked at", dossier=dossier, record=request, why=str(gap))
            return
        flags = rules.against_extension(
            asked_on,
            date.fromisoformat(body["until"]),
            due=date.fromisoformat(issue["due_on"]),
            issued_on=local_day(datetime.fromisoformat(issue.get("issued_at") or issue["found_at"])),
            severity=issue["severity"],
            granted_before=queries.granted(conn, dossier, body["subject"]),
            limits=limits,
        )
        yield Follow(kind="extension", record=request, cause=("flags",), fields=said({"flags": flags}))
    if body["state"] == "granted":
        fields = said({"due_on": body["until"], "due_basis": f"extension {request}"})
        yield Follow(kind="issue", record=body["subject"], cause=(request,), fields=fields)


def follow_pauses(dossier: str, touched: Sequence[Touched]) -> None:
    """The clock of an issue stands still, and goes on with so many days more."""
    pauses = [t.record for t in touched if not t.deleted]
    if pauses:
        enter(dossier, pauses, _paused)


def _paused(conn: Connection, dossier: str, pause: str, state: State) -> Iterator[Follow]:
    body = state.body
    issue = str(body["subject"])
    found = history.present(conn, dossier, issue)
    if found is None:
        return
    if "until" not in body:
        fields: Body = {"paused_on": body["since"]}
        yield Follow(kind="issue", record=issue, cause=(pause, "since"), fields=said(fields))
        return
    fields = {"paused_on": None}
    if "due_on" in found[1]:
        days = rules.days_paused(date.fromisoformat(body["since"]), date.fromisoformat(body["until"]))
        due = date.fromisoformat(found[1]["due_on"]) + timedelta(days=days)
        fields |= {"due_on": due.isoformat(), "due_basis": f"pause {pause} +{days}"}
    # One end of a pause moves the deadline once, whatever is said of it later.
    yield Follow(kind="issue", record=issue, cause=(pause, "until"), fields=said(fields))
