"""Handovers as lists read them, what is open on a site, and what a signature is held against."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, cast

from sqlalchemy import Connection, Table, and_, or_, select

from server import access, paging
from server.endpoint import Actor
from server.inspections.tables import AssignmentRow, OfficerRow
from server.issues.records.issue import CLOCK_RUNS
from server.issues.tables import NO_DEADLINE, IssueRow
from server.notices.tables import NoticeRow
from server.office import office
from server.people import queries as people
from server.projects.queries import closed, names_of
from sync import bulk, lookup
from sync.arrival import rfc3339
from sync.change import Change
from sync.guards import Check, Guard
from sync.minutes import State, Touched
from sync.record import Body

from . import rules
from .records.handover import HANDOVER, LISTED, OPEN, TITLE
from .tables import HandoverRow

_h = cast(Table, HandoverRow.__table__)
_i, _n, _s, _o = (cast(Table, m.__table__) for m in (IssueRow, NoticeRow, AssignmentRow, OfficerRow))
ORDER = paging.Keyset("-handover", (_h.c.proposed_at, _h.c.id, _h.c.dossier), descending=True)
LEADERS = ("supervisor", "director")
PEOPLE = ("giver", "taker", "author", "given_by", "appointed_by", "taken_by", "recalled_by")
# In one dossier: each that is signed is completed under its lock, so that a push of hundreds would hold it.
MOST_WAITING = 5
WAITING, OVER = "proposed", ("closed", "voided")  # a handover that may be signed; papers that are done with


def project(conn: Connection, touched: Sequence[Touched]) -> None:
    """Bring the read model up to date, one statement."""
    rows = []
    for t in touched:
        b = t.body
        proposed = rfc3339(datetime.fromisoformat(b["proposed_at"]))
        said = (b["state"], b.get("giver"), b["taker"], proposed)
        signed = tuple(b.get(name) for name in (*rules.SIGNED, "since"))
        rows.append((*(t.dossier, t.record, t.version, t.audience, t.deleted), *said, *signed))
    bulk.upsert(conn, _h, rows)


# ---------------------------------------------------------------------------------------- the guard
def _facts(
    conn: Connection,
    dossier: str,
    bodies: Sequence[Body],
    changes: Sequence[Change],
    states: Mapping[str, State],
) -> Check:
    """The projects these are about, and whether those who are to take over are officers; at most three
    statements. A handover that an earlier change of the request completes counts.
    """
    made = [c.fields for c in changes if c.op == "create"]
    named = {str(b["project"]) for b in bodies} | {str(f["project"]["set"]) for f in made}
    beside = lookup.states(conn, dossier, named - states.keys())
    takers = {str(f["taker"]["set"]) for f in made} | {str(b["taker"]) for b in bodies}
    officers = people.officers(conn, takers, rfc3339(office().clock()))
    waiting = set(others_waiting(conn, dossier)) if made else set()
    created = {c.record for c in changes if c.op == "create"}

    def responsible(of: str, site: State) -> str | None:
        known = (s.body for s in states.values() if s.kind == HANDOVER.name and not s.deleted)
        completed = (b for b in known if b["project"] == of and b["state"] == WAITING and rules.signed(b))
        return rules.responsible(site.body.get("officer"), completed)

    def check(before: Body, after: Body) -> str | None:
        site = states.get(after["project"]) or beside.get(after["project"])
        if site is None or site.deleted or site.kind != "project":
            return "unknown-subject"
        reworded = {n for n in rules.SAID if before.get(n) != after.get(n)}
        if "given_at" in before and reworded & {"note", "absence"}:
            return "handover-signed"
        if reworded and rules.too_late(before, after, reworded):
            return "illegal-transition"
        if not before and after["taker"] == after.get("giver"):
            return "same-person"
        here = {n for n, s in states.items() if s.kind == HANDOVER.name and s.body["state"] == WAITING}
        # One that the request has ended leaves its place; those that it has made count, however they stand.
        left = {n for n in waiting if n not in states or n in here}
        if not before and len(left | here | created & states.keys()) >= MOST_WAITING:
            return "handovers-waiting"
        if after["state"] != WAITING:
            return None  # who refuses or withdraws needs to be right about nothing
        if after["taker"] not in officers:
            return "not-an-officer"
        return None if responsible(after["project"], site) == after.get("giver") else "not-responsible"

    return check


# 专人对接: a project is handed over by whoever answers for it now, to somebody of the office.
GUARD = Guard(
    codes=frozenset(
        {
            *("unknown-subject", "handover-signed", "same-person", "not-an-officer", "not-responsible"),
            *("handovers-waiting", "illegal-transition"),
        }
    ),
    watches=frozenset({"project", "state", *rules.SAID}),
    facts=_facts,
)


# ------------------------------------------------------------------------------- what goes along with it
def open_on_site(conn: Connection, dossier: str) -> dict[str, Any]:
    """What is open in a dossier, the first due first, as a handover keeps it (`open`, `open_count`). What
    leaders alone may see is not told. Three statements.
    """
    here = {"issue": _issues(conn, dossier), "notice": _notices(conn, dossier)}
    here["assignment"] = [
        _item("assignment", r.id, r.inspection_type, r.state, r.due_on.isoformat())
        for r in conn.execute(
            select(_s.c.id, _s.c.inspection_type, _s.c.state, _s.c.due_on).where(
                _s.c.dossier == dossier, _s.c.state == "open", _s.c.deleted.is_(False)
            )
        )
    ]
    every = [item for kind in OPEN for item in here[kind]]
    every.sort(key=lambda item: (item["due_on"] or "9999-12-31", item["kind"], item["record"]))
    return {"open": every[:LISTED], "open_count": {kind: len(here[kind]) for kind in OPEN}}


def _item(kind: str, record: str, title: str, state: str, due_on: str | None) -> dict[str, Any]:
    return {"kind": kind, "record": record, "title": title[:TITLE], "state": state, "due_on": due_on}


def _issues(conn: Connection, dossier: str) -> list[dict[str, Any]]:
    rows = conn.execute(
        select(_i.c.id, _i.c.title, _i.c.state, _i.c.due_on)
        .where(_i.c.dossier == dossier, _i.c.state.in_((*CLOCK_RUNS, "passed", "referred", "accepted")))
        .where(_i.c.deleted.is_(False), _i.c.audience != "confidential")
    )
    return [
        _item(*("issue", r.id, r.title, r.state), None if r.due_on == NO_DEADLINE else r.due_on.isoformat())
        for r in rows
    ]


def _notices(conn: Connection, dossier: str) -> list[dict[str, Any]]:
    rows = conn.execute(
        select(_n.c.id, _n.c.notice_kind, _n.c.number, _n.c.state, _n.c.reply_due_on)
        .where(_n.c.dossier == dossier, _n.c.state.not_in(OVER))
        .where(_n.c.deleted.is_(False), _n.c.audience != "confidential")
    )
    return [_item("notice", r.id, r.number or r.notice_kind, r.state, r.reply_due_on) for r in rows]


def duties_of(conn: Connection, dossier: str, officer: str) -> dict[str, list[str]]:
    """The open visits and issues here that are this officer's to do, by kind. Two statements."""
    visits = conn.execute(
        select(_s.c.id)
        .join(_o, (_o.c.dossier == _s.c.dossier) & (_o.c.record == _s.c.id))
        .where(_s.c.dossier == dossier, _s.c.state == "open", _s.c.deleted.is_(False))
        .where(_o.c.person == officer)
        .order_by(_s.c.id)
    ).scalars()
    issues = conn.execute(
        select(_i.c.id)
        .where(_i.c.dossier == dossier, _i.c.assignee == officer, _i.c.deleted.is_(False))
        .where(_i.c.state.in_((*CLOCK_RUNS, "passed")))
        .order_by(_i.c.id)
    ).scalars()
    return {"assignment": list(visits), "issue": list(issues)}


def others_waiting(conn: Connection, dossier: str, but: str | None = None) -> list[str]:
    """Handovers here that wait for a signature, without the one that is named. One statement."""
    here = (_h.c.dossier == dossier, _h.c.state == WAITING, _h.c.deleted.is_(False))
    found = conn.execute(select(_h.c.id).where(*here).order_by(_h.c.id)).scalars()
    return [name for name in found if name != but]


def let_in_for(conn: Connection, dossier: str, taker: str) -> list[str] | None:
    """Handovers by which somebody was to take over here, and will not; None while another of theirs waits
    that the giving side has signed. One statement.
    """
    theirs = select(_h.c.id, _h.c.state).where(_h.c.dossier == dossier, _h.c.taker == taker)
    rows = conn.execute(theirs.where(_h.c.given_at.is_not(None)).order_by(_h.c.id)).all()
    if any(row.state == WAITING for row in rows):
        return None
    return [row.id for row in rows if row.state != "done"]


# ------------------------------------------------------------------------------------------ for people
def waiting(conn: Connection, actor: Actor) -> list[dict[str, Any]]:
    """Handovers that wait for the caller, the oldest first: to sign as the one who hands over or who takes
    over; as a leader, where whoever should hand over is gone or nobody answers yet. At most four statements.
    """
    leads = {d for d, held in actor.held.items() if any(h.role in LEADERS for h in held)}
    mine = or_(
        and_(_h.c.giver == actor.id, _h.c.given_at.is_(None)),
        and_(_h.c.taker == actor.id, _h.c.taken_at.is_(None)),
        and_(_h.c.dossier.in_(sorted(leads)), _h.c.given_at.is_(None)),
    )
    rows = conn.execute(
        select(_h)
        .where(_h.c.state == WAITING, _h.c.deleted.is_(False), mine)
        .where(access.visible(actor, "handover.read", _h.c.dossier, _h.c.audience))
        .where(~closed(_h.c.dossier))  # a signature would wait there for a reviewer
        .order_by(_h.c.proposed_at, _h.c.dossier, _h.c.id)
        .limit(paging.MOST)
    ).all()
    gone = people.absent(conn, {r.giver for r in rows if r.giver}) if rows else set()
    mine_or_led = (r for r in rows if actor.id in (r.giver, r.taker) or r.giver is None or r.giver in gone)
    own = [r for r in mine_or_led if not (actor.id == r.taker and r.taken_at)]  # nobody appoints themselves
    if not own:
        return []
    called = people.names({p for r in own for p in (r.giver, r.taker) if p})
    sites = names_of(conn, {r.dossier for r in own})
    return [
        {n: getattr(r, n) for n in ("dossier", "id", "version", "proposed_at")}
        | {"project": sites.get(r.dossier), "as": _part(r, actor.id)}
        | {n: _named(getattr(r, n), called) for n in ("giver", "taker")}
        for r in own
    ]


def _part(row: Any, me: str) -> str:
    """As what the caller is to sign."""
    if me == row.taker and row.taken_at is None:
        return "taker"
    return "giver" if me == row.giver else "leader"


def _named(person: str | None, called: Mapping[str, str]) -> dict[str, Any] | None:
    return None if person is None else {"id": person, "name": called.get(person)}


def page(conn: Connection, actor: Actor, said: Mapping[str, Any]) -> dict[str, Any]:
    """Handovers that the actor may see, the newest first, narrowed by `dossier` and `state`: those of the
    dossiers they read, and those by which they themselves gave a project away and read it no more. Four
    statements. Raises Refusal `malformed` for another list's page.
    """
    known = sorted({*actor.held, *actor.formerly})
    query = select(_h).where(
        _h.c.dossier.in_(known),
        _h.c.deleted.is_(False),
        or_(
            access.visible(actor, "handover.read", _h.c.dossier, _h.c.audience),
            _h.c.giver == actor.id,
            and_(_h.c.taker == actor.id, _h.c.given_at.is_not(None)),
        ),
    )
    for name in ("dossier", "state"):
        if said[name] is not None:
            query = query.where(_h.c[name] == said[name])
    limit = said["limit"]
    rows, token = ORDER.split(conn.execute(ORDER.apply(query, said["page"], limit)).all(), limit)
    return {"items": _told(conn, rows), "next": token}


def _told(conn: Connection, rows: Sequence[Any]) -> list[dict[str, Any]]:
    named: dict[str, list[str]] = {}
    for row in rows:
        named.setdefault(row.dossier, []).append(row.id)
    bodies = lookup.bodies(conn, named)
    called = people.names({b[n] for b in bodies.values() for n in PEOPLE if n in b})
    sites = names_of(conn, named) if named else {}
    told = []
    for row in rows:
        body = bodies[row.dossier, row.id]
        who = {name: _named(body[name], called) for name in PEOPLE if name in body}
        plain = {name: getattr(row, name) for name in ("dossier", "id", "version", "state")}
        told.append(plain | {"project": sites.get(row.dossier), "body": body, "people": who})
    return told
