"""升级: overdue and grave issues climb the ladder, each step once, whatever restarts meanwhile."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any, cast

import structlog
from sqlalchemy import Connection, Table, bindparam, update

from server import transaction
from server.access import SYSTEM
from server.consequences import derived, said
from server.errors import Refusal
from server.law import queries as law
from server.law.rules import Calendar, NoCalendar, local_day
from server.notifications.actions import tell
from server.notifications.rules import Firm, Role, TheOffice, Unit, Whom
from server.office import office
from server.projects import queries as projects
from server.words import queries as words
from server.words.rules import plain
from sync import followers, history
from sync.arrival import Arrival, rfc3339
from sync.change import read

from . import queries, rules
from .records.escalation import STEPS
from .records.issue import LIFECYCLE, SEVERITIES
from .tables import NO_DEADLINE, IssueRow

log = structlog.get_logger()
Change = dict[str, Any]
Ladders = dict[tuple[str, date], law.Provision | None]  # by code and day
Step = tuple[Any, Change]  # the issue's row, and the step as it is entered
# Which words go out; a step of another name is told as an escalation.
WORDS = {"at-once": "issue.major", "remind": "issue.due-soon", "overdue": "issue.overdue"}
WORDS |= {"systemic": "issue.repeated", "daily": "issue.daily"}
# Firms that a step may name → their place in the project's record.
FIRMS = {"contractor": "contractor", "client": "client", "supervision": "supervision_firm"}
POSTS = ("inspector", "supervisor", "director")
AT_ONCE = 500  # steps in one transaction of a dossier
# What the supervisors are told earlier than the deadline: the ladder's first rungs lie before it.
AHEAD = timedelta(days=7)


def escalate_all() -> int:
    """Enter the steps of the ladder that are due and not entered yet; how many there were.

    Each is a record with an id made of issue, deadline and step: whoever enters it again, on whatever
    node, repeats a change that is known.
    """
    now = office().clock()
    with transaction.snapshot() as conn:
        changes = _steps(conn, now)
        for dossier, found in _repeated(conn, now).items():
            changes.setdefault(dossier, []).extend(found)
    done = 0
    for dossier, steps in changes.items():
        for start in range(0, len(steps), AT_ONCE):
            done += _enter(dossier, steps[start : start + AT_ONCE])
    return done


def _steps(conn: Connection, now: datetime) -> dict[str, list[Step]]:
    """The steps that are due and not entered yet, by dossier. In memory are these and some issues, however
    many are open.
    """
    today = local_day(now)
    calendar = law.calendar(conn, today - timedelta(days=366))
    found: dict[str, list[Step]] = {}
    ladders: Ladders = {}
    for waiting in queries.to_escalate(conn, today + AHEAD):
        climbed = queries.climbed(conn, [(row.dossier, row.id) for row in waiting])
        for row in waiting:
            for change in _due(conn, row, ladders, calendar, now):
                if change["record"] not in climbed:
                    found.setdefault(row.dossier, []).append((row, change))
    return found


def _due(
    conn: Connection, row: IssueRow, ladders: Ladders, calendar: Calendar, now: datetime
) -> list[Change]:
    """The steps of an issue that are due, entered or not."""
    ladder, today = _ladder(conn, row, ladders), local_day(now)
    if ladder is None:
        return []
    try:
        rungs = list(_rungs(ladder.value, row, today, calendar))
    except NoCalendar as gap:
        log.warning("the ladder cannot be climbed", dossier=row.dossier, issue=row.id, why=str(gap))
        return []
    return [_change(row, rung, today, ladder.version, now) for rung in rungs]


def _ladder(conn: Connection, row: IssueRow, known: Ladders) -> law.Provision | None:
    """The ladder that held on the day the issue was found; None, and said once, where none did."""
    name = "escalation.major" if row.gravity == queries.MAJOR else "escalation.general"
    found_on = local_day(datetime.fromisoformat(row.found_at))
    if (name, found_on) not in known:
        try:
            known[name, found_on] = law.provision(conn, name, found_on)
        except Refusal as gap:
            log.warning("no ladder holds", code=name, on=found_on.isoformat(), why=str(gap))
            known[name, found_on] = None
    return known[name, found_on]


def _rungs(ladder: Any, row: IssueRow, today: date, calendar: Calendar) -> Iterator[rules.Rung]:
    due = None if row.due_on == NO_DEADLINE else row.due_on
    found_on = local_day(datetime.fromisoformat(row.found_at))
    return rules.rungs(ladder, due, today, calendar, found=found_on)


def _change(row: IssueRow, rung: rules.Rung, today: date, provision: str, now: datetime) -> Change:
    due = None if row.due_on == NO_DEADLINE else row.due_on
    fields: dict[str, Any] = {"subject": row.id, "step": rung.step, "tells": list(rung.tells)}
    fields |= {"provision": provision, "at": rfc3339(now)}
    if due is not None:
        fields |= {"due_on": due.isoformat(), "overdue_days": rules.overdue_days(due, today)}
    if rung.does is not None:
        fields["does"] = rung.does
    # An extended deadline is climbed anew, what is due at once only once, a daily report each day.
    since = {"at-once": "", "daily": today.isoformat()}.get(rung.step, fields.get("due_on", ""))
    return _create(row.dossier, row.audience, fields, row.id, since, rung.step)


def _repeated(conn: Connection, now: datetime) -> dict[str, list[Step]]:
    """同类隐患反复: the same code so often on one site within so many months (domain.md §7.5), unless the
    systemic issue that stands for them is open already. Four statements.
    """
    today = local_day(now)
    try:
        rule = law.provision(conn, "systemic", today)
    except Refusal:
        return {}
    since = rfc3339(now - timedelta(days=30 * int(rule.value["months"])))
    rows = queries.repeated(conn, since, int(rule.value["times"]))
    waiting = queries.open_codes(conn, {rules.systemic_code(row.code) for row in rows})
    climbed = queries.climbed(conn, [(row.dossier, row.id) for row in rows])
    found: dict[str, list[Step]] = {}
    for row in rows:
        fields = {"subject": row.id, "step": "systemic", "tells": ["supervisor"]}
        fields |= {"provision": rule.version, "at": rfc3339(now)}
        change = _create(row.dossier, row.audience, fields, row.id, row.code, "systemic")
        known = (row.dossier, rules.systemic_code(row.code)) in waiting or change["record"] in climbed
        if not known:
            found.setdefault(row.dossier, []).append((row, change))
    return found


def _create(dossier: str, audience: str, fields: dict[str, Any], *key: str) -> Change:
    record = derived(dossier, "escalation", *key)
    return {
        "id": derived(record, "made"),
        "n": 0,
        "op": "create",
        "kind": "escalation",
        "record": record,
        "audience": audience,
        "fields": {name: {"set": value} for name, value in fields.items()},
        "at": fields["at"],
    }


def _enter(dossier: str, steps: Sequence[Step]) -> int:
    """Enter those that are not known yet, and tell whom each names, in one transaction."""
    here = office()
    now = rfc3339(here.clock())
    with transaction.writing(dossier) as conn:
        here.journal.lock(conn, dossier)
        known = here.journal.known(conn, dossier, [c["id"] for _row, c in steps])
        fresh = [(row, c) for row, c in steps if c["id"] not in known]
        if fresh:
            changes = [read(c, here.journal.kinds) for _row, c in [*fresh, *_systemic(conn, fresh, now)]]
            transaction.push(conn, dossier, SYSTEM, changes, arrival=Arrival(now))
            parties = projects.parties(conn, dossier)
            for row, change in fresh:
                _tell(conn, row, change, parties)
    return len(fresh)


def _systemic(conn: Connection, fresh: Sequence[Step], now: str) -> Iterator[Step]:
    """系统性问题: an issue of its own that stands for those of one code, one at a time, for the office to
    confirm and to issue like any other.
    """
    again = {row.code: (row, c) for row, c in fresh if c["fields"]["step"]["set"] == "systemic"}
    waiting = queries.open_codes(conn, {rules.systemic_code(code) for code in again})
    for code, (row, step) in sorted(again.items()):
        if (row.dossier, rules.systemic_code(code)) in waiting:
            continue  # entered by another node since we looked
        fields: dict[str, Any] = {
            "title": f"同类隐患反复：{row.title}"[:200],
            "description": f"编码 {code} 的隐患近期出现 {row.times} 次，请查明管理原因，按系统性问题整改。",
            "domain": row.domain,
            "severity": list(SEVERITIES)[row.gravity],
            "code": rules.systemic_code(code),
            "term": "systemic",
            "found_at": now,
        }
        fields |= {n: getattr(row, n) for n in ("contractor", "assignee") if getattr(row, n)}
        record = derived(step["record"], "issue")
        made = {"kind": "issue", "record": record, "id": derived(record, "made"), "audience": "field"}
        yield row, step | made | {"fields": said(fields)}


def _tell(conn: Connection, row: Any, change: Change, parties: Mapping[str, str]) -> None:
    step = {name: value["set"] for name, value in change["fields"].items()}
    template = WORDS.get(step["step"], "notice.escalated")
    found_on, today = (local_day(datetime.fromisoformat(at)) for at in (row.found_at, step["at"]))
    facts: dict[str, str | int] = {
        "project": parties.get("name", row.dossier),
        "title": row.title,
        "due_on": step.get("due_on", "—"),
        "days": step.get("overdue_days", 0),
        "level": STEPS.get(step["step"], step["step"]),
        "state": LIFECYCLE.states[row.state],
        "open_days": (today - found_on).days,
    }
    for whom in step["tells"]:
        one = _addressed(whom, row, parties)
        if one is not None:
            tell(conn, one, template, facts, change["id"], home=row.dossier, record=row.id)


def _addressed(whom: str, row: Any, parties: Mapping[str, str]) -> Whom | None:
    """Who is meant: a firm of this site, a post on it, another authority; None where nobody is known."""
    if whom in FIRMS:
        firm = parties.get(FIRMS[whom])
        if whom == "contractor":
            firm = row.contractor or firm
        return Firm(firm, row.dossier) if firm else None
    if whom in POSTS:
        return Role(whom, row.dossier)
    if whom == "street":
        return Unit(parties["street"]) if "street" in parties else TheOffice()
    return Unit(whom)


def enter_words() -> int:
    """Make issues findable by what they say since the last time; how many were looked at.

    Some entries at a time: writers of the dossier wait behind a transaction, for what the release before
    wrote is written anew in its one spelling.
    """
    with transaction.reading() as conn:
        behind = followers.behind(conn, words.FOLLOWER)
    return sum(_enter_words(dossier) for dossier in behind)


def enter_words_anew() -> int:
    """As if none had been entered, one dossier after the other; as `enter_words`."""
    with transaction.reading() as conn:
        dossiers = [d for d in history.all_heads(conn) if not d.startswith("person:")]
    done = 0
    for dossier in dossiers:
        with transaction.writing() as conn:
            words.forget(conn, dossier)
        done += _enter_words(dossier)
    return done


def _enter_words(dossier: str) -> int:
    done = 0
    while True:
        with transaction.writing() as conn:
            office().journal.lock(conn, dossier)  # before the hold: who erases takes them in this order
            seq = followers.hold(conn, dossier, words.FOLLOWER)
            names, upto = followers.named(conn, dossier, seq, AT_ONCE)
            texts = _spelled(conn, dossier, queries.texts(conn, dossier, names))
            words.enter(conn, dossier, texts)
            followers.advance(conn, dossier, words.FOLLOWER, upto)
        if upto == seq:
            return done
        done += len(texts)


def _spelled(conn: Connection, dossier: str, texts: Mapping[str, str]) -> dict[str, str]:
    """These texts as they are compared, and written back where they stood otherwise; under the dossier's
    lock, for what was said since they were read would be lost. One statement at most.
    """
    after = {name: plain(text) for name, text in texts.items()}
    changed = [{"name": name, "said": said} for name, said in after.items() if said != texts[name]]
    if changed:
        row = cast(Table, IssueRow.__table__)
        write = update(row).where(row.c.dossier == dossier, row.c.id == bindparam("name"))
        conn.execute(write.values(words=bindparam("said")), changed)
    return after
