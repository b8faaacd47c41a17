"""发现问题: what fails on a checklist becomes an issue in one step, once, whoever is first."""

import threading
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.findings import rules
from server.inspections.rules import answer_id
from server.issues.rules import FINDINGS, issue_id
from server.scheduler import follow_up
from tests.inspections.conftest import FIRM, WJ, checklist, visit
from tests.support.house import Desk, House, create, new_id, update
from tests.sync.test_vectors import vectors

AT = "2026-11-22T08:30:00.000+08:00"
PLACE = {"lat_e7": 399087000, "lon_e7": 1164714000, "accuracy_m": 8, "datum": "WGS-84"}
DIGEST = "c" * 64


def answered(
    house: House, item: str = "B.13.4", *, result: str = "fault", by: str = "li", **more: Any
) -> tuple[str, str]:
    """A visit with one answered item: the ids of inspection and answer."""
    made = visit(house, "li", "wang", part="3号楼", firm=FIRM, **PLACE)
    form, instance = item.rpartition(".")[0], more.pop("instance", "")
    record = answer_id(made["record"], form, instance, item)
    said = {"inspection": made["record"], "form": form, "instance": instance, "item": item}
    said |= {"template": checklist(house), "result": result} | ({"deduct": 5} if result == "fault" else {})
    answer = create("answer", said | more, record=record)
    outcomes = house.desk(by).push(WJ, made, answer)
    assert {o["status"] for o in outcomes} == {"applied"}, outcomes
    return made["record"], record


def photograph(house: House, answer: str, digest: str = DIGEST, by: str = "li") -> dict[str, Any]:
    said = {"subject": answer, "sha256": digest, "size": 9, "mime": "image/jpeg", "taken_at": AT} | PLACE
    change = create("photo", said)
    assert house.desk(by).push(WJ, change)[0]["status"] == "applied"
    return change


def ask(desk: Desk, answer: str, **more: Any) -> Any:
    said = {"change": new_id(), "at": AT} | more
    return desk.call("POST", f"/api/v1/answers/{answer}/issue", json=said)


def shown(house: House, issue: str) -> dict[str, Any]:
    told: dict[str, Any] = house.desk("zhang").get(f"/api/v1/issues/{issue}")
    return told


def link(house: House, answer: str) -> str | None:
    """The issue that the answer shows, as phones read it."""
    cursor = {"nonce": "n", "epoch": 1, "seq": 0, "floor": 0}
    page = house.desk("li").exchange(cursors={WJ: {"field": cursor}})["pull"]["dossiers"][WJ]
    [one] = [i for i in page["audiences"]["field"]["items"] if i["record"] == answer]
    found: str | None = one["body"].get("issue")
    return found


def on_a_phone(house: House, answer: str, inspection: str, **more: Any) -> dict[str, Any]:
    """The change by which a phone makes the issue, with no more than it must say."""
    said = {"title": "临边防护缺失", "domain": "edge", "severity": "general", "found_at": AT} | more
    return create("issue", said | {"answer": answer, "inspection": inspection}, record=issue_id(answer))


@pytest.mark.parametrize("case", vectors("findings")["cases"], ids=lambda c: c["name"])
def test_an_issues_id_is_derived_from_its_answers(case: dict[str, Any]) -> None:
    assert vectors("findings")["namespace"] == str(FINDINGS)
    assert issue_id(case["answer"]) == case["issue"]


def test_one_call_takes_everything_over(office: House) -> None:
    inspection, answer = answered(office, note="12层东侧缺两跨")
    photograph(office, answer)
    done = ask(office.desk("li"), answer)
    assert done.status_code == 200, done.text
    assert (done.json["issue"], done.json["outcome"]["status"]) == (issue_id(answer), "applied")
    whole = shown(office, done.json["issue"])
    body = whole["body"]
    assert (body["title"], body["code"], body["severity"]) == ("临边防护缺失", "AQ-LB-01", "general")
    assert (body["domain"], body["term"], body["legal_basis"]) == ("edge", "general", "JGJ 80-2016")
    assert body["demand"] == "设置防护栏杆、挡脚板和密目网。"
    assert body["description"] == "临边防护不符合要求。\n12层东侧缺两跨"
    assert (body["part"], body["contractor"], body["inspection"]) == ("3号楼", FIRM, inspection)
    assert (body["found_at"], body["assignee"]) == ("2026-11-21T09:00:00+08:00", office.people["li"])
    assert {n: body[n] for n in PLACE} == PLACE
    assert [(p["sha256"], p["phase"]) for p in whole["photos"]] == [(DIGEST, "before")]
    assert link(office, answer) == done.json["issue"]


def test_where_no_hazard_is_known_the_checklists_own_words_stand(office: House) -> None:
    _, answer = answered(office, "B.17.9", instance="1号塔吊", measurement="6.2", unit="‰")
    body = shown(office, ask(office.desk("li"), answer).json["issue"])["body"]
    assert (body["title"], body["code"]) == ("结构设施（1号塔吊）", "B.17.9")
    assert (body["part"], body["legal_basis"]) == ("1号塔吊", "JGJ 59-2011 表B.17")
    assert (body["domain"], body["severity"], body["term"]) == ("safety", "general", "general")
    assert body["description"].endswith("实测6.2‰。")


def test_asked_again_by_whomever_it_stays_one(office: House) -> None:
    _, answer = answered(office)
    first = ask(office.desk("li"), answer).json
    for who in ("li", "wang", "zhang"):
        again = ask(office.desk(who), answer, fields={"severity": {"set": "major"}}).json
        assert (again["issue"], again["outcome"]) == (first["issue"], None)
    assert len(office.desk("zhang").get("/api/v1/issues")["items"]) == 1
    assert shown(office, first["issue"])["severity"] == "general"


def test_asked_by_several_at_once_it_is_one(office: House) -> None:
    _, answer = answered(office)
    desks = [office.desk(who) for who in ("li", "wang", "zhang", "li")]
    answers: list[Any] = []
    threads = [threading.Thread(target=lambda d=d: answers.append(ask(d, answer))) for d in desks]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {a.status_code for a in answers} == {200}
    assert [bool(a.json["outcome"]) for a in answers].count(True) == 1
    assert len(office.desk("zhang").get("/api/v1/issues")["items"]) == 1
    assert office.desk("zhang").get("/api/v1/conflicts")["items"] == []


def test_what_the_officer_says_stands_instead_of_the_usual(office: House) -> None:
    _, answer = answered(office)
    said = {"severity": {"set": "major"}, "title": {"set": "12层临边无防护"}}
    body = shown(office, ask(office.desk("li"), answer, fields=said).json["issue"])["body"]
    assert (body["severity"], body["title"], body["code"]) == ("major", "12层临边无防护", "AQ-LB-01")


@pytest.mark.parametrize(
    ("who", "result", "status", "code"),
    [
        ("li", "ok", 409, "no-finding"),
        ("zhao", "fault", 403, "not-permitted"),
        ("stranger", "fault", 404, "not-found"),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_is_made(
    office: House, who: str, result: str, status: int, code: str
) -> None:
    _, answer = answered(office, result=result)
    refused = ask(office.desk(who), answer)
    assert (refused.status_code, refused.json["code"]) == (status, code)
    assert office.desk("zhang").get("/api/v1/issues")["items"] == []
    assert refused.json["remedy"] in ("repair", "ask", "drop")


def test_bad_input_is_told_by_field_and_makes_nothing(office: House) -> None:
    _, answer = answered(office)
    for fields in (
        {"severity": {"set": "terrible"}},
        {"state": {"do": "close"}},
        {"issued_by": {"set": "x"}},
    ):
        refused = ask(office.desk("li"), answer, fields=fields)
        assert refused.status_code in (400, 403), refused.text
    assert ask(office.desk("li"), new_id()).status_code == 404
    assert office.desk("zhang").get("/api/v1/issues")["items"] == []


def test_a_phone_says_little_and_the_house_adds_what_it_knows(office: House) -> None:
    inspection, answer = answered(office)
    [outcome] = office.desk("li").push(WJ, on_a_phone(office, answer, inspection, part="东侧"))
    assert outcome["status"] == "applied"
    body = shown(office, issue_id(answer))["body"]
    assert (body["code"], body["term"], body["contractor"], body["part"]) == (
        *("AQ-LB-01", "general", FIRM, "东侧"),
    )
    assert body["demand"].startswith("设置防护栏杆")
    assert link(office, answer) == issue_id(answer)
    # What somebody takes out again is not put back.
    version = shown(office, issue_id(answer))["version"]
    gone = update("issue", issue_id(answer), version, {"demand": {"set": None}})
    assert office.desk("li").push(WJ, gone)[0]["status"] == "applied"
    with office.app.app_context():
        follow_up()
    assert "demand" not in shown(office, issue_id(answer))["body"]


def test_two_phones_make_one_issue_and_what_they_say_otherwise_waits_for_a_person(office: House) -> None:
    inspection, answer = answered(office)
    one = on_a_phone(office, answer, inspection)
    other = on_a_phone(office, answer, inspection, severity="serious", part="西侧")
    assert office.desk("li").push(WJ, one)[0]["status"] == "applied"
    assert office.desk("wang").push(WJ, other)[0]["status"] == "conflict"
    assert len(office.desk("zhang").get("/api/v1/issues")["items"]) == 1
    assert shown(office, issue_id(answer))["severity"] == "serious", "the graver one shows meanwhile"


def test_an_issue_without_an_answer_never_meets_another(office: House) -> None:
    li = office.desk("li")
    made = create("issue", {"title": "x", "domain": "edge", "severity": "general", "found_at": AT})
    assert li.push(WJ, made)[0]["status"] == "applied"
    again = made | {"id": new_id()}
    refused = office.desk("wang").push(WJ, again)[0]
    assert (refused["status"], refused["why"]) == ("parked", "id-collision")


@pytest.mark.parametrize("kind", ["issue", "answer"])
def test_a_record_under_another_id_than_its_own_is_refused_with_the_right_one(
    office: House, kind: str
) -> None:
    """By hand, or by a device that does not know the rule: the checklist's item would have two of them."""
    inspection, answer = answered(office)
    right = on_a_phone(office, answer, inspection)
    if kind == "answer":
        about = {"inspection": inspection, "form": "B.13", "instance": "2号塔吊", "item": "B.13.4"}
        said = about | {"template": checklist(office), "result": "fault"}
        right = create("answer", said, record=answer_id(*about.values()))
    wrong = right | {"id": new_id(), "record": new_id()}
    li = office.desk("li")
    [refused] = li.push(WJ, wrong)
    assert (refused["status"], refused["why"], refused["remedy"]) == ("invalid", "id-not-derived", "repair")
    [fault] = refused["faults"]
    assert fault["field"] == "record" and right["record"] in fault["message"]
    assert li.push(WJ, wrong)[0] == refused | {"replay": True}
    assert li.call("GET", f"/api/v1/issues/{wrong['record']}").status_code == 404
    assert li.push(WJ, right)[0]["status"] == "applied"


def test_an_issue_that_names_no_answer_may_bear_any_id(office: House) -> None:
    made = create("issue", {"title": "x", "domain": "edge", "severity": "general", "found_at": AT})
    made["fields"]["answer"] = {"set": None}
    assert office.desk("li").push(WJ, made)[0]["status"] == "applied"


@pytest.mark.parametrize("order", ["issue first", "photo first", "answer last"])
def test_in_whatever_order_they_come_the_issue_has_the_photographs(office: House, order: str) -> None:
    inspection, template = visit(office, "li", "wang"), checklist(office)
    answer = answer_id(inspection["record"], "B.13", "", "B.13.4")
    about = {"inspection": inspection["record"], "form": "B.13", "instance": "", "item": "B.13.4"}
    said = create("answer", about | {"template": template, "result": "fault"}, record=answer)
    issue = on_a_phone(office, answer, inspection["record"])
    li = office.desk("li")
    li.push(WJ, inspection)
    if order == "issue first":
        li.push(WJ, said)
        li.push(WJ, issue)
        photograph(office, answer)
    elif order == "photo first":
        li.push(WJ, said)
        photograph(office, answer)
        li.push(WJ, issue)
    else:
        photograph(office, answer)
        li.push(WJ, issue)
        li.push(WJ, said)
    whole = shown(office, issue_id(answer))
    assert [p["sha256"] for p in whole["photos"]] == [DIGEST]
    assert whole["body"]["code"] == "AQ-LB-01"
    assert link(office, answer) == issue_id(answer)


def test_a_photograph_that_comes_after_the_issue_was_issued_reaches_the_firm_too(office: House) -> None:
    inspection, answer = answered(office)
    made = on_a_phone(office, answer, inspection) | {"audience": f"party:{FIRM}"}
    office.desk("li").push(WJ, made)
    photograph(office, answer)
    seen = office.desk("zhao").get(f"/api/v1/issues/{issue_id(answer)}")
    assert [p["sha256"] for p in seen["photos"]] == [DIGEST]


def test_what_a_crash_left_is_found_again_and_once(office: House, monkeypatch: pytest.MonkeyPatch) -> None:
    inspection, answer = answered(office)
    with monkeypatch.context() as died:
        died.setattr(office.app.extensions["office"], "followers", {})
        photograph(office, answer)
        office.desk("li").push(WJ, on_a_phone(office, answer, inspection))
    assert link(office, answer) is None
    with office.app.app_context():
        assert follow_up() > 0
        follow_up()
    assert link(office, answer) == issue_id(answer)
    whole = shown(office, issue_id(answer))
    assert len(whole["photos"]) == 1
    proof = office.desk("zhang").get(f"/api/v1/dossiers/{WJ}/verification")
    assert proof["fault"] is None


def test_a_push_of_answers_costs_one_look_whether_they_became_issues(office: House) -> None:
    made = visit(office, "li", "wang")
    li, template = office.desk("li"), checklist(office)
    li.push(WJ, made)
    counts = []
    for many, instance in ((1, "1号"), (10, "2号")):
        answers = []
        for n in range(1, many + 1):
            item = f"B.17.{n}"
            about = {"inspection": made["record"], "form": "B.17", "instance": instance, "item": item}
            record = answer_id(made["record"], "B.17", instance, item)
            said = about | {"template": template, "result": "fault", "deduct": 3}
            answers.append(create("answer", said, record=record))
        with office.statements() as told:
            li.push(WJ, *answers)
        counts.append(len([s for s in told if "INSERT" not in s]))
    assert counts[0] == counts[1]


TEXTS = st.text(max_size=500)


@given(TEXTS, TEXTS, st.text(max_size=60), st.sampled_from([None, {"title": "x" * 300, "items": []}]))
def test_whatever_was_noted_fits_into_an_issue(
    note: str, part: str, instance: str, hazard: dict[str, Any] | None
) -> None:
    answer = {"form": "F", "item": "I", "instance": instance, "note": note * 8}
    template = {"title": "t" * 120, "sections": []}
    inspection = {"arrived_at": AT, "part": part}
    fields = rules.taken_over(answer, inspection, template, hazard, firm=None)
    for name, most in (("title", 200), ("description", 2_000), ("part", 200), ("legal_basis", 400)):
        assert len(fields.get(name, "")) <= most
    assert {"title", "domain", "severity", "found_at"} <= fields.keys()
    assert "" not in fields.values() and None not in fields.values()
