"""What must hold of the loop whatever people do (domain.md §16.1), tried on any course of events."""

from datetime import date
from typing import Any, cast

from hypothesis import given, settings
from hypothesis import strategies as st

from server.inspections.queries.officers import Facts
from server.inspections.records.inspection import TYPES
from server.issues.records.issue import ISSUE, LIFECYCLE, SEVERITIES
from server.issues.rules import deadline_moved_by_hand
from server.law.queries import Provision
from server.law.rules import Calendar, Term, Year, working_days_between
from server.notices.records.notice import BY_RIGHT, NOTICE
from server.notices.records.notice import LIFECYCLE as PAPER
from server.numbers.records.block import KINDS
from sync.merge import Written, merge
from sync.record import Kind

PEOPLE = ["li", "wang", "zhang", "sun", "zhao", "jian"]
ROLES = ["inspector", "supervisor", "director", "contractor", "supervision", "client"]
EVENT = st.tuples(st.sampled_from(sorted(LIFECYCLE.transitions)), st.sampled_from(PEOPLE))
NEEDED = {"duplicate_of": {"set": "x"}, "referred_to": {"set": "urban"}, "receipt": {"set": "r"}}


def after(kind: Kind, body: dict[str, Any], verb: str, actor: str, **more: Any) -> dict[str, Any]:
    """The record as a step leaves it, by the engine's own judgement: who may is asked elsewhere."""
    said = {"state": {"do": verb}} | {n: v for n, v in more.items() if n in kind.fields}
    judged = merge(
        kind, body, Written({}, {}), said, trunk=9, device="d", actor=actor, at="2026-11-22T00:00:00Z"
    )
    return body | judged.after | judged.stamps


@settings(max_examples=400)
@given(st.lists(EVENT, max_size=25), st.sampled_from(sorted(SEVERITIES)), st.sampled_from(PEOPLE))
def test_no_issue_closes_without_a_passed_re_inspection_by_another(
    events: list[tuple[str, str]], severity: str, finder: str
) -> None:
    """Invariant 1, and the duties of §1.4, on any course of steps by anybody."""
    body: dict[str, Any] = {"state": "submitted", "severity": severity, "found_by": finder}
    course = []
    for verb, actor in events:
        was = body["state"]
        body = after(ISSUE, body, verb, actor, **NEEDED)
        moved = (body["state"] != was) or verb == "countersign"
        if moved:
            course.append((verb, actor))
        if moved and verb in ("pass", "fail"):
            assert actor not in (body.get("rectified_by"), body.get("countersigned_by"))
        if moved and verb == "dismiss":
            assert actor != finder
        if moved and verb == "withdraw":
            assert actor != body["issued_by"]
    if body["state"] == "closed":
        verbs = [verb for verb, _actor in course]
        assert "pass" in verbs and body["passed_by"] not in (body.get("rectified_by"),)
        assert verbs[-1] == ("close_major" if severity == "major" else verbs[-1])


@settings(max_examples=300)
@given(
    st.lists(st.sampled_from(PEOPLE), unique=True, max_size=5),
    st.dictionaries(st.sampled_from(PEOPLE), st.dates(date(2026, 1, 1), date(2027, 1, 1))),
    st.dates(date(2026, 1, 1), date(2026, 12, 31)),
    st.sampled_from(sorted(TYPES)),
    st.none() | st.sampled_from(PEOPLE),
)
def test_no_enforcement_inspection_is_finished_by_fewer_than_two_licensed_none_recused(
    officers: list[str], licences: dict[str, date], day: date, sort: str, recused: str | None
) -> None:
    """Invariant 2, whatever licences and recusals there are."""
    value = {"least": 2, "licensed": True, "types": ["routine", "campaign", "reinspection"]}
    rule = Provision("officers", value, date(2021, 7, 15), None, None, None, None, "v")

    class Recusal:
        officer, project, firm = recused, None, "F"
        valid_from, valid_to = date(2026, 1, 1), None

    facts = Facts(
        conn=cast(Any, None), dossier="project:p", officers=frozenset(officers), checklists=frozenset()
    )
    # As if read: what it would ask the database for.
    vars(facts).update(rules=[rule], firms=frozenset({"F"}), licensed_until=licences)
    vars(facts).update(published=frozenset(), recusals=[Recusal] if recused else [])
    before = {"state": "draft"}
    said = {
        "state": "finished",
        "officers": officers,
        "inspection_type": sort,
        "arrived_at": f"{day}T09:00:00+08:00",
    }
    broken = facts.check(before, said)
    if sort in value["types"]:
        fit = [o for o in officers if licences.get(o, date(2000, 1, 1)) >= day]
        assert (broken is None) == (len(fit) >= 2 and recused not in officers)
    else:
        assert broken is None


@settings(max_examples=300)
@given(
    st.lists(st.tuples(st.sampled_from(sorted(PAPER.transitions)), st.sampled_from(PEOPLE)), max_size=20),
    st.sampled_from(sorted(KINDS)),
)
def test_no_paper_is_issued_by_who_approved_it_nor_voided_by_who_issued_it(
    events: list[tuple[str, str]], sort: str
) -> None:
    body: dict[str, Any] = {"state": "draft", "notice_kind": sort, "void_reason": "误"}
    for verb, actor in events:
        was = body["state"]
        body = after(NOTICE, body, verb, actor)
        if body["state"] == was:
            continue
        if verb == "issue":
            assert was == "approved" or sort in BY_RIGHT
            assert was != "approved" or body["approved_by"] != actor
        if verb == "void":
            assert body.get("issued_by") != actor


WEEKENDS = st.sets(st.dates(date(2026, 1, 1), date(2026, 12, 31)), max_size=40)


@given(st.dates(date(2026, 1, 1), date(2026, 6, 1)), st.integers(0, 40), WEEKENDS, WEEKENDS)
def test_a_deadline_follows_from_the_calendar_that_it_names(
    served: date, count: int, off: set[date], on: set[date]
) -> None:
    """Invariant 10: under the stored version of the calendar the same term gives the same day."""
    calendar = Calendar({2026: Year(frozenset(off - on), frozenset(on), "c@1")})
    due = Term(count, "working").after(served, calendar)
    assert due == Term(count, "working").after(served, calendar)
    assert working_days_between(served, due, calendar) == count
    assert due == served or calendar.works(due)
    assert calendar.version(served, due) == "c@1"


DATES = st.none() | st.dates(date(2026, 11, 1), date(2026, 12, 1)).map(date.isoformat)


@given(DATES, DATES, st.booleans(), st.booleans(), st.sampled_from(sorted(LIFECYCLE.states)))
def test_what_a_paper_set_moves_for_a_named_reason_alone(
    due: str | None, other: str | None, under: bool, reason: bool, state: str
) -> None:
    before = {"state": state, "due_basis": "notice n"} | ({"due_on": due} if due else {})
    before |= {"notice": "n"} if under else {}
    now = {n: v for n, v in before.items() if n != "due_on"} | ({"due_on": other} if other else {})
    now |= {"due_basis": "extension e"} if reason else {}
    refused = deadline_moved_by_hand(before, now)
    assert (refused == "deadline-fixed") == (under and due != other and not reason and state != "failed")
