"""What follows from a paper for the issues on it, and from a step of the ladder for the papers.

After a commit that touched either (server/consequences.py).
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

import structlog
from sqlalchemy import Connection

from server.access import SYSTEM
from server.consequences import Follow, derived, enter, said
from server.errors import Refusal
from server.inspections.queries.plans import officers_of
from server.issues import queries as issues
from server.issues.records.issue import CLOCK_RUNS, LIFECYCLE
from server.issues.rules import days_paused
from server.law import queries as law
from server.law.rules import NoCalendar, local_day
from server.office import office
from server.organisations.queries import names_of
from server.photos import queries as photos
from server.projects import queries as projects
from sync import history, lookup
from sync.arrival import rfc3339
from sync.minutes import State, Touched

from . import actions, queries, rules
from .records.notice import ANSWERED

log = structlog.get_logger()
Body = dict[str, Any]


def follow(dossier: str, touched: Sequence[Touched]) -> None:
    """Papers that came in from elsewhere than the desk get their number or their clock, each issued one
    its PDF, and the issues on it what follows from its issue, its service or its voiding.
    """
    for t in touched:
        if not t.deleted and rules.unsettled(t.body):
            actions.complete(dossier, t.record)
    demand = [t.body for t in touched if t.body["notice_kind"] in ANSWERED]
    on_paper = {item["issue"] for body in demand for item in body.get("paper", {}).get("items", ())}
    if on_paper:
        enter(dossier, sorted(on_paper), _under_paper)


def _under_paper(conn: Connection, dossier: str, issue: str, state: State) -> Iterator[Follow]:
    """Bring an issue into keeping with the paper over it, or with there being none any more."""
    over = queries.paper_over(conn, dossier, issue)
    if over is None:
        if "notice" in state.body:
            yield _given_back(conn, dossier, issue, state)
        return
    notice, paper = over
    fields = _clock(conn, dossier, issue, state.body, notice, paper)
    if fields:
        cause = ("paper", notice, str(state.version))
        yield Follow(kind="issue", record=issue, cause=cause, fields=said(fields))
    yield from _steps(conn, dossier, issue, state, paper)


def _clock(
    conn: Connection, dossier: str, issue: str, body: Body, notice: str, paper: Mapping[str, Any]
) -> Body:
    """The paper, the day of its service, and the deadline that runs from it (domain.md §7.2, §7.4).

    A date that the paper states stands in the issue already. A term runs from service; a corrected
    service moves it, days of pauses included, but not past an extension, which names its own date.
    """
    fields: Body = {} if body.get("notice") == notice else {"notice": notice}
    served_on = paper.get("served_on")
    if served_on == body.get("served_on") and (served_on is None or not fields):
        return fields
    item = next(i for i in paper["paper"]["items"] if i["issue"] == issue)
    extended = not fields and body.get("due_basis", "").startswith("extension ")
    if served_on and item.get("term") and not item["due_on"] and not extended:
        served = date.fromisoformat(served_on)
        calendar = law.calendar(conn, served)
        try:
            due = rules.due_on(item, served, calendar)
        except NoCalendar as gap:
            log.warning("no deadline can be computed", dossier=dossier, record=issue, why=str(gap))
            return fields
        assert due is not None, "the item has a term"
        basis = (
            f"notice {notice} {served_on} {item['term']['version']} {calendar.version(served, due)}".strip()
        )
        due += timedelta(days=_days_paused(conn, dossier, issue, after=served))
        fields |= {"due_on": due.isoformat(), "due_basis": basis[:400]}
    return fields | {"served_on": served_on}


def _days_paused(conn: Connection, dossier: str, issue: str, *, after: date) -> int:
    first = after + timedelta(days=1)
    return sum(days_paused(max(since, first), until) for since, until in issues.pauses(conn, dossier, issue))


def _steps(
    conn: Connection, dossier: str, issue: str, state: State, paper: Mapping[str, Any]
) -> Iterator[Follow]:
    """Who issues a paper confirms and issues what is on it, and who serves it has it received: one deed.

    With the paper the addressee sees the issue and its photographs.
    """
    step, version = state.body["state"], str(state.version)
    party = f"party:{paper['addressee']}"
    if step in LIFECYCLE.transitions["confirm"].sources:
        yield Follow(
            kind="issue",
            record=issue,
            cause=("confirm", version),
            fields={"state": {"do": "confirm"}},
            by=paper["issued_by"],
            at=paper["issued_at"],
        )
        step = LIFECYCLE.transitions["confirm"].target
    if step in LIFECYCLE.transitions["issue"].sources:
        shown = party if state.audience == "field" else None
        yield Follow(
            kind="issue",
            record=issue,
            cause=("issue", version),
            fields={"state": {"do": "issue"}},
            audience=shown,
            by=paper["issued_by"],
            at=paper["issued_at"],
        )
        for photo in photos.of_record(conn, dossier, issue) if shown else ():
            if photo.audience == "field":
                cause = ("shown", party)
                yield Follow(kind=photo.kind, record=photo.id, cause=cause, fields={}, audience=party)
        step = LIFECYCLE.transitions["issue"].target
    if "served_on" in paper and step in LIFECYCLE.transitions["receive"].sources:
        yield Follow(
            kind="issue",
            record=issue,
            cause=("receive", version),
            fields={"state": {"do": "receive"}},
            by=paper["served_by"],
            at=paper["served_at"],
        )


def _given_back(conn: Connection, dossier: str, issue: str, state: State) -> Follow:
    """The last paper over an issue was voided: a deadline that ran from its service falls, and what the
    firm has not answered is to be issued anew.
    """
    void = history.body(conn, dossier, state.body["notice"])
    item = next(i for i in void["paper"]["items"] if i["issue"] == issue)
    fields: Body = {"notice": None, "served_on": None, "due_basis": None}
    if item.get("term") and not item["due_on"]:
        fields["due_on"] = None
    operations = said(fields)
    if state.body["state"] in LIFECYCLE.transitions["recall"].sources:
        operations |= said({"issued_at": None, "received_at": None}) | {"state": {"do": "recall"}}
    cause = ("voided", state.body["notice"], str(state.version))
    return Follow(kind="issue", record=issue, cause=cause, fields=operations)


def follow_escalations(dossier: str, touched: Sequence[Touched]) -> None:
    """约谈, 挂牌督办, 移送: a step of the ladder that does something leaves a draft of the paper for it."""
    asked = [t.record for t in touched if not t.deleted and t.body.get("does") in rules.DEMANDS]
    if asked:
        enter(dossier, asked, _drafted)


def _drafted(conn: Connection, dossier: str, escalation: str, state: State) -> Iterator[Follow]:
    """The paper that this step asks for, as far as the house knows what it says; people complete it."""
    step, now = state.body, office().clock()
    subject, kind = str(step["subject"]), step["does"]
    issue = lookup.states(conn, dossier, [subject]).get(subject)
    if issue is None or issue.deleted or issue.body["state"] not in CLOCK_RUNS:
        return
    if queries.lies_under(conn, dossier, subject, kind):
        return
    try:
        issuer = law.provision(conn, "issuer", local_day(now)).value
    except Refusal as gap:
        log.warning("no paper can be drafted", dossier=dossier, record=escalation, why=str(gap))
        return
    over = queries.paper_over(conn, dossier, subject)
    builder = projects.parties(conn, dossier).get("contractor")
    fields = rules.drafted(step, issue.body, over[1] if over else {}, issuer, builder=builder)
    if "addressee" in fields and "addressee_name" not in fields:
        called = names_of(conn, [fields["addressee"]]).get(fields["addressee"])
        fields |= {"addressee_name": called} if called else {}
    officers = fields.pop("officers") or _officers(conn, dossier, issue.body)
    sets = {"issues": [subject], "officers": officers, "legal_basis": fields.pop("legal_basis")}
    operations = said(fields | {"notice_kind": kind, "drafted_at": rfc3339(now), "escalation": escalation})
    operations |= {name: {"add": sorted(values), "remove": []} for name, values in sets.items() if values}
    draft = derived(dossier, escalation, "draft")
    yield Follow(kind="notice", record=draft, cause=("drafted",), makes="field", fields=operations)


def _officers(conn: Connection, dossier: str, issue: Body) -> list[str]:
    """Who knows the issue: the officers of its inspection, else who has it or found it."""
    found = officers_of(conn, dossier, issue["inspection"]) if "inspection" in issue else []
    known = found or [issue[name] for name in ("assignee", "found_by") if name in issue]
    return [one for one in dict.fromkeys(known) if one != SYSTEM.actor]
