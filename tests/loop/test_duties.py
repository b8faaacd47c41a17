"""Separation of duties and who may (domain.md §1.4): who stands beside, who only reads, who judges whom."""

from typing import Any

import pytest

from server.access import AUDIENCES, TABLE
from server.catalogue import CATALOGUE
from tests.loop.conftest import FIRM, WJ
from tests.loop.test_steps import brought, take, told
from tests.support.house import House, accept, create, issue, update

AT = "2026-11-22T02:00:00Z"
WRITES = frozenset({"create", "update", "move", "delete", "undelete", "resolve"})


def review(record: str, **more: Any) -> dict[str, Any]:
    said = {"subject": record, "result": "pass", "at": AT} | more
    return create("review", said, audience=FIRM)


def push(office: House, who: str, *changes: dict[str, Any]) -> dict[str, Any]:
    return office.desk(who).push(WJ, *changes)[-1]


@pytest.mark.parametrize("who", ["jian", "jia"])
def test_who_stands_beside_countersigns_the_firms_answer_and_does_not_answer_for_it(
    office: House, who: str
) -> None:
    record = brought(office, "received")
    assert take(office, who, record, "reply")["why"] == "not-permitted"
    assert take(office, who, record, "countersign")["why"] == "illegal-transition"
    take(office, "zhao", record, "reply")
    assert take(office, who, record, "countersign")["status"] in ("applied", "merged")
    body = told(office, record)
    assert (body["state"], body["countersigned_by"]) == ("replied", office.people[who])
    assert body["countersigned_at"] == "2026-11-22T01:00:00.000Z"
    assert take(office, who, record, "pass")["why"] == "not-permitted"


def test_who_countersigned_does_not_re_inspect_even_with_a_post_of_the_office(office: House) -> None:
    office.person("jian", "inspector", WJ)
    record = brought(office, "replied")
    assert take(office, "jian", record, "countersign")["status"] in ("applied", "merged")
    for verb in ("pass", "fail"):
        refused = take(office, "jian", record, verb)
        assert (refused["why"], refused["remedy"]) == ("same-person", "ask")
    assert push(office, "jian", review(record))["why"] == "same-person"
    assert push(office, "wang", review(record))["status"] == "applied"
    assert take(office, "wang", record, "pass")["status"] in ("applied", "merged")


def test_who_put_it_right_writes_no_review_of_it_and_no_reviewer_can_let_them(office: House) -> None:
    record = brought(office, "received")
    assert take(office, "li", record, "reply")["status"] in ("applied", "merged")
    mine = review(record)
    refused = push(office, "li", mine)
    assert (refused["status"], refused["why"], refused["remedy"]) == ("parked", "same-person", "ask")
    [waiting] = office.desk("zhang").get("/api/v1/conflicts")["items"]
    push(office, "zhang", accept(waiting))
    papers = office.desk("zhang").get(f"/api/v1/issues/{record}")["papers"]
    assert [p["kind"] for p in papers] == []
    other = review(record)
    assert push(office, "wang", other)["status"] == "applied"
    assert push(office, "wang", update("review", other["record"], 10**6, {"result": "fail"}))["status"] in (
        "applied",
        "merged",
    )


def test_who_answers_and_reviews_in_one_request_is_found_out_too(office: House) -> None:
    record = brought(office, "received")
    li = office.desk("li")
    version = li.get(f"/api/v1/issues/{record}")["version"]
    answered, mine = li.push(WJ, update("issue", record, version, {"state": {"do": "reply"}}), review(record))
    assert answered["status"] in ("applied", "merged")
    assert (mine["status"], mine["why"]) == ("parked", "same-person")
    assert push(office, "wang", review(record))["status"] == "applied"


def test_the_guards_of_reviews_ask_once_however_many_there_are(office: House) -> None:
    records = [brought(office, "replied") for _ in range(2)]
    wang = office.desk("wang")
    counts = []
    for many in (1, 20):
        with office.statements() as said:
            outcomes = wang.push(WJ, *[review(records[n % 2]) for n in range(many)])
        assert {o["status"] for o in outcomes} == {"applied"}
        counts.append(len([s for s in said if "INSERT" not in s]))
    assert counts[0] == counts[1]


def test_who_stands_beside_sees_what_the_firms_see_and_nothing_of_the_office(office: House) -> None:
    shown, inside = brought(office, "issued"), issue(audience="office")
    office.desk("li").push(WJ, inside)
    for who in ("jian", "jia"):
        desk = office.desk(who)
        assert [i["id"] for i in desk.get("/api/v1/issues")["items"]] == [shown]
        assert desk.call("GET", f"/api/v1/issues/{inside['record']}").status_code == 404
        comment = create("comment", {"subject": shown, "text": "已督促", "said_at": AT}, audience=FIRM)
        assert desk.push(WJ, comment)[0]["status"] == "applied"
        for kind, fields in (
            ("issue", issue()["fields"]),
            ("reply", {"subject": shown, "measure": "已整改", "done_at": AT}),
            ("review", {"subject": shown, "result": "pass", "at": AT}),
        ):
            refused = desk.push(WJ, create(kind, fields, audience=FIRM))[0]
            assert (refused["why"], refused["remedy"]) == ("not-permitted", "ask"), kind


def test_an_auditor_reads_everything_and_writes_nothing(office: House) -> None:
    record = brought(office, "issued")
    office.desk("li").push(WJ, hidden := issue(audience="confidential"))
    shen = office.desk("shen")
    assert shen.get(f"/api/v1/issues/{record}")["steps"] == []
    assert shen.get("/api/v1/deliveries")["items"] == []
    assert shen.get(f"/api/v1/dossiers/{WJ}/verification")["fault"] is None
    comment = create("comment", {"subject": record, "text": "x", "said_at": AT})
    for change in (comment, update("issue", record, 10**6, {"part": "东侧"}), issue()):
        refused = push(office, "shen", change)
        assert (refused["status"], refused["why"]) == ("parked", "not-permitted")
    del hidden
    # All but the numbers of those whom the office calls (decision 0038).
    assert set(AUDIENCES["auditor"]) == set(AUDIENCES["director"]) - {"officers"}
    for line in CATALOGUE:
        assert not WRITES & TABLE["auditor"].get(line.kind.name, frozenset()), line.kind.name
        steps = line.kind.lifecycle.transitions if line.kind.lifecycle else {}
        assert not [v for v, step in steps.items() if "auditor" in step.by], line.kind.name


def test_the_administrator_takes_no_step_of_any_business_record() -> None:
    own = {"template"}
    for line in CATALOGUE:
        steps = line.kind.lifecycle.transitions if line.kind.lifecycle else {}
        taken = [v for v, step in steps.items() if "administrator" in step.by]
        assert not taken or line.kind.name in own, line.kind.name
