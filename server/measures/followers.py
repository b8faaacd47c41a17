"""Reads the journal for the measures: what became of each issue, and on which day.

A follower and not a projection, because a projection sees only how a record stands when its
transaction ends, and a figure as of a day needs what stood before (decision 0015).
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any, cast

from sqlalchemy import Connection, Table, delete, select

from server import transaction
from server.issues.queries import GRAVITY
from server.issues.tables import PaperRow
from server.law.rules import local_day
from server.office import office
from server.photos.tables import PhotoRow
from sync import bulk, followers, lookup
from sync.followers import Deed

from .queries import FOLLOWER, m
from .tables import NEVER

BATCH = 500  # entries in one transaction
VOID = ("dismissed", "merged", "withdrawn")
AWAY = ("referred", "accepted", "settled")
# What begins a new row where it changes.
LASTING = ("gravity", "due_on", "paused", "away")
STEPS = {"passed_at": "passed_on", "closed_at": "closed_on"}
FIRST = {"issued_at": "issued_on", "failed_at": "failed_on"}
PROOF = ("before_on", "after_on", "replied_on")
EVIDENCE = ("photo", "attachment", "reply", "review")
_photo, _paper = (cast(Table, model.__table__) for model in (PhotoRow, PaperRow))
Row = dict[str, Any]


def catch_up() -> int:
    """Count what was entered since the last time; the scheduler calls it. Returns how many deeds were
    looked at.
    """
    with transaction.reading() as conn:
        behind = followers.behind(conn, FOLLOWER)
    done = 0
    for dossier in behind:
        while True:
            with transaction.writing() as conn:
                seq = followers.hold(conn, dossier, FOLLOWER)
                deeds, upto = followers.deeds(conn, dossier, seq, None, BATCH, office().journal.kinds)
                _count(conn, dossier, deeds)
                followers.advance(conn, dossier, FOLLOWER, upto)
            done += len(deeds)
            if upto == seq:
                break
    return done


def begin_anew() -> int:
    """Forget all and read the journals from their first entries; as `catch_up`."""
    with transaction.writing() as conn:
        followers.forget(conn, FOLLOWER)
        conn.execute(delete(m))
    return catch_up()


def _count(conn: Connection, dossier: str, deeds: Sequence[Deed]) -> None:
    """Seven statements at most, however many deeds."""
    own = {d.header["record"] for d in deeds if d.header["kind"] == "issue"}
    proofs = [d for d in deeds if d.header["kind"] in EVIDENCE and d.record is not None]
    shown = _issues_of(conn, dossier, proofs)
    rows: dict[str, list[Row]] = {}
    if own | shown:
        wanted = bulk.among(conn, m.c.issue, own | shown)
        found = conn.execute(select(m).where(m.c.dossier == dossier, wanted).order_by(m.c.since_on))
        for one in found:
            rows.setdefault(one.issue, []).append(dict(one._mapping))
    for deed in deeds:
        if deed.header["kind"] == "issue":
            _tell(rows.setdefault(deed.header["record"], []), dossier, deed)
    proven = _proofs(conn, dossier, {name for name, known in rows.items() if known})
    for name, known in rows.items():
        for row in known:
            row.update(proven.get(name, dict.fromkeys(PROOF, NEVER)))
    names = [c.name for c in m.columns]
    bulk.upsert(conn, m, [[row[n] for n in names] for known in rows.values() for row in known])


def _tell(rows: list[Row], dossier: str, deed: Deed) -> None:
    """Bring one deed into the rows of its issue, the newest of which is the last."""
    header, after = deed.header, deed.after
    # A phone whose clock is ahead has done nothing tomorrow.
    latest = _day(header["received_at"])
    on = min(_day(header["captured_at"]), latest)
    if header["op"] == "delete":
        if rows:
            rows[-1]["until_on"] = max(on, rows[-1]["since_on"])
        return
    if after is None:
        return  # erased by law: the issue is counted as it was
    if not rows:
        rows.append(_new(dossier, header["record"], on))
    now = rows[-1]
    if now["until_on"] != NEVER:  # restored
        now = _next(rows, on)
    lasting = _lasting(after)
    if any(now[name] != value for name, value in lasting.items()):
        now = _next(rows, on)
        now.update(lasting)
    facts = _facts(now, after, on, latest) | {"audience": header["audience"]}
    for row in rows:
        row.update(facts)


def _new(dossier: str, issue: str, on: int) -> Row:
    days = dict.fromkeys(("found_on", "issued_on", "failed_on", "passed_on", "closed_on", "void_on"), NEVER)
    row: Row = {"dossier": dossier, "issue": issue, "since_on": on, "until_on": NEVER, "gravity": 0}
    row |= {"due_on": NEVER, "paused": False, "away": False, "audience": "", "domain": ""}
    return row | {"code": None, "contractor": None} | days | dict.fromkeys(PROOF, NEVER)


def _next(rows: list[Row], on: int) -> Row:
    """The row that holds from a day on. What changes twice on one day, or is entered late, is the
    same row: as of the day's end the last one counts.
    """
    last = rows[-1]
    if on <= last["since_on"]:
        last["until_on"] = NEVER
        return last
    fresh = last | {"since_on": on, "until_on": NEVER}
    last["until_on"] = min(last["until_on"], on)
    rows.append(fresh)
    return fresh


def _lasting(after: Mapping[str, Any]) -> Row:
    said: Row = {}
    if "severity" in after:
        said["gravity"] = GRAVITY[after["severity"]]
    if "due_on" in after:
        said["due_on"] = date.fromisoformat(after["due_on"]).toordinal() if after["due_on"] else NEVER
    if "paused_on" in after:
        said["paused"] = after["paused_on"] is not None
    if "state" in after:
        said["away"] = after["state"] in AWAY
    return said


def _facts(now: Row, after: Mapping[str, Any], on: int, latest: int) -> Row:
    said: Row = {name: after[name] for name in ("domain", "code", "contractor") if name in after}
    if after.get("found_at"):
        said["found_on"] = min(_day(after["found_at"]), latest)
    if after.get("state") in VOID:
        said["void_on"] = on
    for name, column in STEPS.items():
        if after.get(name):
            said[column] = min(_day(after[name]), latest)
    for name, column in FIRST.items():
        if after.get(name) and now[column] == NEVER:
            said[column] = min(_day(after[name]), latest)
    return said


def _day(instant: str) -> int:
    return local_day(datetime.fromisoformat(instant)).toordinal()


def _issues_of(conn: Connection, dossier: str, proofs: Iterable[Deed]) -> set[str]:
    """The issues that these pictures and papers may prove something of: their subjects, and the issues
    of the papers that pictures belong to.
    """
    subjects = {str(d.record.body["subject"]) for d in proofs if d.record is not None}
    if not subjects:
        return set()
    wanted = bulk.among(conn, _paper.c.id, subjects)
    papers = conn.execute(select(_paper.c.subject).where(_paper.c.dossier == dossier, wanted)).scalars()
    return subjects | set(papers)


def _proofs(conn: Connection, dossier: str, issues: set[str]) -> dict[str, Row]:
    """Since when each issue's proof rests, by what the books say now; three statements."""
    if not issues:
        return {}
    p = _paper.c
    papers = conn.execute(
        select(p.id, p.subject, p.kind, p.at)
        .where(p.dossier == dossier, p.deleted.is_(False), p.kind.in_(("reply", "review")))
        .where(bulk.among(conn, p.subject, issues))
    ).all()
    found: dict[str, Row] = {}

    def note(issue: str, what: str, day: int) -> None:
        row = found.setdefault(issue, dict.fromkeys(PROOF, NEVER))
        row[what] = min(row[what], day)

    for paper in papers:
        if paper.kind == "reply":
            note(paper.subject, "replied_on", _day(paper.at))
    under = {paper.id: paper.subject for paper in papers}
    for subject, phase, day in _pictures(conn, dossier, issues | set(under)):
        later = subject in under or phase == "after"
        note(under.get(subject, subject), "after_on" if later else "before_on", day)
    return found


def _pictures(conn: Connection, dossier: str, subjects: set[str]) -> Iterable[tuple[str, str | None, int]]:
    """Of each picture or file at rest: what it belongs to, before or after, since which day it rests."""
    p = _photo.c
    rows = conn.execute(
        select(p.id, p.subject, p.phase)
        .where(p.dossier == dossier, p.stored.is_(True), p.deleted.is_(False))
        .where(bulk.among(conn, p.subject, subjects))
    ).all()
    states = lookup.states(conn, dossier, [row.id for row in rows]) if rows else {}
    for row in rows:
        at = states[row.id].body.get("stored_at")
        if at:
            yield row.subject, row.phase, _day(at)
