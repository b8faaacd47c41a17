"""The state table of domain.md §7.2: who may take which step from where, and what speaks against it."""

from typing import Any

import pytest

from server.access import TABLE
from server.issues.records.issue import ISSUE, LIFECYCLE, objection
from sync.arrival import rfc3339
from sync.lifecycle import Transition
from sync.merge import Written, merge
from tests.loop.conftest import FIRM, WJ
from tests.support.house import House, create, decide, issue, new_id, update

NAMES = {"inspector": "li", "supervisor": "zhang", "director": "sun", "contractor": "zhao"}
NAMES |= {"supervision": "jian", "client": "jia", "auditor": "shen"}
NEEDED = {"duplicate_of": new_id(), "referred_to": "urban", "receipt": "已受理，京朝城管〔2026〕7号"}
# How an issue gets into each state: (who, verb) in order.
ISSUED = [("li", "confirm"), ("zhang", "issue")]
REPLIED = [*ISSUED, ("zhao", "receive"), ("zhao", "begin"), ("zhao", "reply")]
WAYS: dict[str, list[tuple[str, str]]] = {
    "submitted": [],
    "confirmed": ISSUED[:1],
    "issued": ISSUED,
    "received": REPLIED[:3],
    "rectifying": REPLIED[:4],
    "replied": REPLIED,
    "on_spot": [*ISSUED[:1], ("li", "on_spot")],
    "failed": [*REPLIED, ("wang", "fail")],
    "passed": [*REPLIED, ("wang", "pass")],
    "closed": [*REPLIED, ("wang", "pass"), ("zhang", "close")],
    "dismissed": [("zhang", "dismiss")],
    "merged": [("zhang", "merge")],
    "referred": [*ISSUED[:1], ("zhang", "refer")],
    "accepted": [*ISSUED[:1], ("zhang", "refer"), ("zhang", "accept")],
    "settled": [*ISSUED[:1], ("zhang", "refer"), ("zhang", "accept"), ("zhang", "settle")],
    "withdrawn": [*ISSUED, ("sun", "withdraw")],
}


def take(office: House, who: str, record: str, verb: str, **said: Any) -> dict[str, Any]:
    """The person takes a step, with what it needs."""
    return office.desk(who).push(WJ, the_step(office, who, record, verb, **said))[0]


def the_step(office: House, who: str, record: str, verb: str, **said: Any) -> dict[str, Any]:
    """The change that takes a step, with what it needs."""
    outside = ("zhao", "jian", "jia", "shen")
    needs = {n: NEEDED[n] for n in LIFECYCLE.transitions[verb].needs if who not in outside}
    fields = {"state": {"do": verb}} | needs | said
    return update("issue", record, 10**6, fields, at=rfc3339(office.clock()))


def brought(office: House, state: str, **fields: Any) -> str:
    """An issue that has come into a state by the steps of those whose steps they are."""
    made = issue(audience=FIRM, **fields)
    office.desk("li").push(WJ, made)
    for who, verb in WAYS[state]:
        outcome = take(office, who, made["record"], verb)
        assert outcome["status"] in ("applied", "merged"), (verb, outcome)
    assert told(office, made["record"])["state"] == state
    return made["record"]


def told(office: House, record: str) -> dict[str, Any]:
    return office.desk("zhang").get(f"/api/v1/issues/{record}")["body"]


def test_every_state_has_a_way_into_it_and_every_role_is_asked() -> None:
    assert set(WAYS) == set(LIFECYCLE.states)
    assert set(NAMES) | {"self", "administrator"} == set(TABLE), "the administrator holds no business data"


@pytest.mark.parametrize("state", sorted(WAYS))
def test_every_step_from_every_state_by_every_role_is_the_tables(office: House, state: str) -> None:
    """Each allowed one is offered, each forbidden one is refused with code and remedy, and changes
    nothing.
    """
    record = brought(office, state)
    body = told(office, record)
    for role, who in NAMES.items():
        desk = office.desk(who)
        offered = {s["do"] for s in desk.get(f"/api/v1/issues/{record}")["steps"]}
        against = {verb: objection(verb, body, office.people[who]) for verb in LIFECYCLE.transitions}
        allowed = {
            verb
            for verb, step in LIFECYCLE.transitions.items()
            if state in step.sources and role in step.by and against[verb] is None
        }
        assert offered == allowed, role
        forbidden = [verb for verb in LIFECYCLE.transitions if verb not in allowed]
        # One exchange for all of them: each is judged by itself, on the record as those before it left it.
        outcomes = desk.push(WJ, *(the_step(office, who, record, verb) for verb in forbidden))
        for verb, outcome in zip(forbidden, outcomes, strict=True):
            expected = refusal(LIFECYCLE.transitions[verb], state, role, against[verb])
            assert (outcome["why"], outcome["remedy"]) == (expected, "ask"), (role, verb)
        body = told(office, record)
        assert body["state"] == state, role


def refusal(step: Transition, state: str, role: str, against: str | None) -> str:
    """What is said of a step that is not the table's."""
    if role not in step.by:
        return "not-permitted"
    return "illegal-transition" if state not in step.sources else against or "illegal-transition"


def test_a_step_that_needs_something_is_not_taken_without_it(office: House) -> None:
    record = brought(office, "confirmed")
    bare = update("issue", record, 10**6, {"state": {"do": "refer"}})
    outcome = office.desk("zhang").push(WJ, bare)[0]
    assert (outcome["status"], outcome["why"]) == ("conflict", "step-incomplete")
    assert told(office, record)["state"] == "confirmed"
    assert take(office, "zhang", record, "refer")["status"] in ("applied", "merged")
    assert told(office, record)["referred_to"] == "urban"


def test_a_step_is_judged_on_the_record_as_its_own_change_leaves_it() -> None:
    said = {"state": {"do": "refer"}, "referred_to": {"set": "fire"}}
    body = {"state": "confirmed", "severity": "general"}
    asked: dict[str, Any] = {"trunk": 9, "device": "d", "actor": "p", "at": "t"}
    judged = merge(ISSUE, body, Written({}, {}), said, **asked)
    assert judged.after == {"state": "referred", "referred_to": "fire"}


def test_who_issued_does_not_withdraw_and_who_found_does_not_dismiss(office: House) -> None:
    record = brought(office, "issued")
    assert take(office, "zhang", record, "withdraw")["why"] == "same-person"
    assert take(office, "sun", record, "withdraw")["status"] in ("applied", "merged")
    own = issue(audience="office")
    office.desk("zhang").push(WJ, own)
    assert take(office, "zhang", own["record"], "dismiss")["why"] == "same-person"
    assert take(office, "sun", own["record"], "dismiss")["status"] in ("applied", "merged")


def test_no_issue_is_closed_without_a_passed_re_inspection_by_another_than_the_rectifier(
    office: House,
) -> None:
    """domain.md §16.1 no. 1: an inspector who puts it right himself cannot pass it."""
    record = brought(office, "received")
    assert take(office, "li", record, "reply")["status"] in ("applied", "merged")
    assert take(office, "li", record, "pass")["why"] == "same-person"
    assert take(office, "zhang", record, "close")["why"] == "illegal-transition"
    assert take(office, "wang", record, "pass")["status"] in ("applied", "merged")
    assert take(office, "zhang", record, "close")["status"] in ("applied", "merged")
    body = told(office, record)
    assert body["passed_by"] == office.people["wang"] != body["rectified_by"]


def test_a_major_one_is_closed_by_a_leader_alone(office: House) -> None:
    record = brought(office, "passed", severity="major")
    assert take(office, "zhang", record, "close")["why"] == "leader-needed"
    assert take(office, "zhang", record, "close_major")["why"] == "not-permitted"
    assert take(office, "sun", record, "close_major")["status"] in ("applied", "merged")


def test_a_step_keeps_who_took_it_and_when_by_the_servers_estimate(office: House) -> None:
    made = issue(audience=FIRM)
    li = office.desk("li")
    li.push(WJ, made, update("issue", made["record"], 10**6, {"state": {"do": "confirm"}}))
    late = update("issue", made["record"], 10**6, {"state": {"do": "issue"}})
    late["at"] = "2026-11-20T00:50:00.000Z"
    li.exchange({WJ: [late]}, sent_at="2026-11-20T01:00:00.000Z")  # two days behind the server
    body = told(office, made["record"])
    assert body["issued_by"] == office.people["li"]
    assert body["issued_at"] == "2026-11-22T00:50:00.000Z"


def test_two_who_take_a_step_offline_the_first_counts_and_the_second_sees_it(office: House) -> None:
    record = brought(office, "replied")
    version = office.desk("li").get(f"/api/v1/issues/{record}")["version"]
    passes, fails = (update("issue", record, version, {"state": {"do": verb}}) for verb in ("pass", "fail"))
    assert office.desk("wang").push(WJ, passes)[0]["status"] == "applied"
    late = office.desk("zhang").push(WJ, fails)[0]
    assert (late["status"], late["why"]) == ("conflict", "illegal-transition")
    assert told(office, record)["state"] == "passed"


def test_a_firm_writes_its_reply_with_the_step_and_sees_nothing_of_others(office: House) -> None:
    record = brought(office, "received")
    said = {"subject": record, "measure": "已加设护栏", "person": "赵立新", "done_at": "2026-11-22T02:00:00Z"}
    reply = create("reply", said, audience=FIRM)
    step = update("issue", record, 10**6, {"state": {"do": "reply"}})
    outcomes = office.desk("zhao").push(WJ, reply, step)
    assert [o["status"] for o in outcomes] == ["applied", "merged"]
    [paper] = office.desk("zhang").get(f"/api/v1/issues/{record}")["papers"]
    assert (paper["kind"], paper["body"]["measure"]) == ("reply", "已加设护栏")
    assert paper["body"]["author"] == office.people["zhao"]
    edit = update("reply", reply["record"], 10**6, {"measure": "改写他人回复"})
    assert office.desk("wang").push(WJ, edit)[0]["why"] == "not-permitted"


def test_separation_of_duties_is_not_got_round_by_losing_first(office: House) -> None:
    """A step that was refused to its author is refused to whoever picks it as the author's."""
    record = brought(office, "received")
    li, zhang = office.desk("li"), office.desk("zhang")
    take(office, "li", record, "reply")
    lost = update("issue", record, 10**6, {"state": {"do": "pass"}})
    [refused] = li.push(WJ, lost)
    assert refused["why"] == "same-person"
    [question] = zhang.get("/api/v1/conflicts")["items"]
    pick = decide("conflict", question["record"], question["version"], {"state": {"pick": lost["id"]}})
    assert zhang.push(WJ, pick)[0]["why"] == "same-person"
    assert told(office, record)["state"] == "replied"
    own = decide("conflict", question["record"], question["version"], {"state": {"set": "pass"}})
    assert zhang.push(WJ, own)[0]["status"] == "applied"
    body = told(office, record)
    assert (body["state"], body["passed_by"]) == ("passed", office.people["zhang"])


def test_a_reviewer_takes_no_step_that_is_not_a_reviewers(office: House) -> None:
    record = brought(office, "passed", severity="major")
    refused = take(office, "zhang", record, "close")
    assert refused["why"] == "leader-needed"
    [question] = office.desk("zhang").get("/api/v1/conflicts")["items"]
    for verb in ("close", "close_major"):
        own = decide("conflict", question["record"], question["version"], {"state": {"set": verb}})
        assert office.desk("zhang").push(WJ, own)[0]["status"] in ("parked", "invalid")
    assert told(office, record)["state"] == "passed"
