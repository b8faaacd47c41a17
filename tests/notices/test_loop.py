"""A paper from its draft to its closing: who may do what, and what each step leaves."""

import itertools
from typing import Any

import pytest

from server.errors import CODES
from server.notices.records.notice import ANSWERED, BY_RIGHT, LIFECYCLE
from server.numbers.records.block import KINDS
from tests.notices.conftest import DIRECT, FIRM, Bureau, done
from tests.support.house import new_id

PEOPLE = {"li": "inspector", "zhang": "supervisor", "zhao": "contractor"}


def test_a_paper_goes_from_draft_to_closing(bureau: Bureau) -> None:
    issue = bureau.issue()
    notice = bureau.draft("stop_work", issues=[issue])
    assert done(bureau.step("zhang", notice, "approve"))["state"] == "approved"
    told = done(bureau.step("li", notice, "issue"))
    assert told["number"] == "京朝建停字〔2026〕1号"
    assert told["audience"] == f"party:{FIRM}"
    [item] = told["body"]["paper"]["items"]
    assert (item["issue"], item["grade"], item["due"]) == (issue, "一般", "2026年11月25日")
    told = done(bureau.step("wang", notice, "serve", service=DIRECT))
    assert (told["served_on"], told["reply_due_on"]) == ("2026-11-22", "2026-11-26")
    reply = {"text": "已整改，照片附后", "change": new_id(), "at": "2026-11-22T08:55:00.000+08:00"}
    answer = bureau.desk("zhao").call(
        "POST",
        f"/api/v1/notices/{notice}/answer",
        json=reply,
        headers={"If-Match": f'"{told["version"]}"'},
    )
    assert done(answer)["state"] == "answered"
    assert done(bureau.step("zhang", notice, "close"))["state"] == "closed"
    proof = bureau.desk("zhang").get(f"/api/v1/dossiers/{bureau.dossier}/verification")
    assert proof["fault"] is None


def test_what_was_issued_stays_as_it_was_whatever_becomes_of_the_issue(bureau: Bureau) -> None:
    issue = bureau.issue()
    told = bureau.issued(issues=[issue])
    before = bureau.desk("li").call("GET", f"/api/v1/notices/{told['id']}/pdf").data
    shown = bureau.desk("zhang").get(f"/api/v1/issues/{issue}")
    sent = {"fields": {"description": {"set": "另有其他"}, "due_on": {"set": "2026-12-31"}}}
    headers = {"If-Match": f'"{shown["version"]}"'}
    assert (
        bureau.desk("zhang").call("PATCH", f"/api/v1/issues/{issue}", json=sent, headers=headers).status_code
        == 200
    )
    assert bureau.show(told["id"])["body"]["paper"] == told["body"]["paper"]
    assert bureau.desk("li").call("GET", f"/api/v1/notices/{told['id']}/pdf").data == before


def reach(bureau: Bureau, state: str) -> str:
    """A stop-work paper in `state`, drafted and issued by wang, approved by qian."""
    notice = bureau.draft("stop_work", by="wang")
    steps: dict[str, list[tuple[str, str, dict[str, Any]]]] = {
        "draft": [],
        "approved": [("qian", "approve", {})],
        "issued": [("qian", "approve", {}), ("wang", "issue", {})],
    }
    steps["served"] = [*steps["issued"], ("wang", "serve", {"service": DIRECT})]
    steps["answered"] = [*steps["served"], ("zhao", "answer", {})]
    steps["closed"] = [*steps["answered"], ("qian", "close", {})]
    steps["voided"] = [*steps["issued"], ("qian", "void", {"void_reason": "文号有误"})]
    for who, verb, fields in steps[state]:
        done(bureau.step(who, notice, verb, **fields))
    assert bureau.show(notice)["state"] == state
    return notice


# The table of the office, said once more and by itself: verb → from where, to where, by whom.
TABLE = {
    "approve": ("draft", "approved", "supervisor"),
    "return": ("approved", "draft", "supervisor"),
    "issue": ("draft approved", "issued", "inspector supervisor"),
    "hold": ("issued", "draft", ""),
    "serve": ("issued", "served", "inspector supervisor"),
    "answer": ("served", "answered", "contractor inspector"),
    "reject": ("answered", "served", "inspector supervisor"),
    "close": ("served answered", "closed", "supervisor"),
    "void": ("draft approved issued served answered", "voided", "supervisor"),
}
FIELDS: dict[str, dict[str, Any]] = {"serve": {"service": DIRECT}, "void": {"void_reason": "文号有误"}}
# Steps that the table allows and another rule forbids a stop-work paper (they have tests of their own).
OBJECTED = {("draft", "issue"), ("served", "close")}


@pytest.mark.parametrize("state", list(LIFECYCLE.states))
def test_every_step_is_for_its_state_and_its_roles_and_for_nobody_else(bureau: Bureau, state: str) -> None:
    """Exhaustive: every state × verb × role. What is forbidden changes nothing and says why."""
    assert set(TABLE) == set(LIFECYCLE.transitions)
    notice = reach(bureau, state)
    for verb, (name, role) in itertools.product(TABLE, PEOPLE.items()):
        sources, _target, roles = TABLE[verb]
        before = bureau.show(notice)
        if role in roles.split() and state in sources.split():
            continue
        answer = bureau.amend(name, notice, {"state": {"do": verb}}, before["version"])
        if role == "contractor" and state in ("draft", "approved"):
            assert (answer.status_code, answer.json["code"]) == (404, "not-found")
        elif role not in roles.split():
            assert (answer.status_code, answer.json["code"]) == (403, "not-permitted"), (verb, name)
            assert answer.json["remedy"] == "ask"
        else:
            outcome = answer.json["outcome"]
            assert (outcome["status"], outcome["why"]) == ("conflict", "illegal-transition"), (verb, name)
            assert outcome["remedy"] == "ask"
        after = bureau.show(notice)
        assert (after["state"], after["number"]) == (state, before["number"]), (verb, name)


@pytest.mark.parametrize("state", list(LIFECYCLE.states))
def test_every_permitted_step_leads_where_the_table_says(bureau: Bureau, state: str) -> None:
    for verb, (sources, target, roles) in TABLE.items():
        if state not in sources.split() or (state, verb) in OBJECTED:
            continue
        for name, role in PEOPLE.items():
            if role in roles.split():
                told = done(bureau.step(name, reach(bureau, state), verb, **FIELDS.get(verb, {})))
                assert told["state"] == target, (verb, name)


def test_who_approved_does_not_issue_and_who_issued_does_not_void(bureau: Bureau) -> None:
    notice = bureau.draft("interview")
    done(bureau.step("zhang", notice, "approve"))
    answer = bureau.step("zhang", notice, "issue")
    assert answer.json["outcome"]["why"] == "approver-is-issuer"
    assert bureau.show(notice)["number"] is None
    done(bureau.step("qian", notice, "issue"))
    answer = bureau.step("qian", notice, "void", void_reason="文号有误")
    assert answer.json["outcome"]["why"] == "issuer-voids"
    assert done(bureau.step("zhang", notice, "void", void_reason="文号有误"))["state"] == "voided"


def test_only_what_is_issued_by_right_needs_no_approval(bureau: Bureau) -> None:
    for kind in KINDS:
        notice = bureau.draft(kind)
        answer = bureau.step("li", notice, "issue")
        if kind in BY_RIGHT:
            assert done(answer)["state"] == "issued"
        else:
            assert answer.json["outcome"]["why"] == "approval-missing", kind
            assert answer.json["outcome"]["remedy"] == CODES["approval-missing"].remedy


def test_what_was_changed_after_its_approval_is_approved_again(bureau: Bureau) -> None:
    notice = bureau.draft("listing")
    told = done(bureau.step("zhang", notice, "approve"))
    done(bureau.amend("li", notice, {"demand": {"set": "另一要求"}}, told["version"]))
    answer = bureau.step("li", notice, "issue")
    assert (answer.status_code, answer.json["code"]) == (409, "approval-stale")
    assert answer.json["details"]["fields"] == ["demand"]
    assert bureau.show(notice)["state"] == "approved"
    done(bureau.step("zhang", notice, "return"))
    done(bureau.step("zhang", notice, "approve"))
    assert done(bureau.step("li", notice, "issue"))["number"] == "京朝建督字〔2026〕1号"


def test_a_paper_that_demands_something_is_closed_upon_an_answer(bureau: Bureau) -> None:
    for kind in KINDS:
        fields = {"refers_to": bureau.issued("stop_work")["id"]} if kind == "resume" else {}
        notice = bureau.served(kind, **fields)["id"]
        answer = bureau.step("zhang", notice, "close")
        if kind in ANSWERED:
            assert answer.json["outcome"]["why"] == "answer-missing", kind
        else:
            assert done(answer)["state"] == "closed"


def test_a_void_wants_its_reason(bureau: Bureau) -> None:
    told = bureau.issued()
    assert bureau.step("zhang", told["id"], "void").json["outcome"]["why"] == "reason-missing"
    done(bureau.step("zhang", told["id"], "void", void_reason="印错"))
    [number] = bureau.register()["items"]
    assert (number["state"], number["reason"]) == ("void", "印错")


def test_foreign_is_absent_and_a_draft_is_the_offices_own(bureau: Bureau) -> None:
    draft, issued = bureau.draft(), bureau.issued()["id"]
    for who, notice in (
        *(("zhao", draft), ("rival", draft), ("rival", issued), ("stranger", draft), ("stranger", issued)),
    ):
        for path in (f"/api/v1/notices/{notice}", f"/api/v1/notices/{notice}/pdf"):
            answer = bureau.desk(who).call("GET", path)
            assert (answer.status_code, answer.json["code"]) == (404, "not-found"), (who, path)
        assert bureau.amend(who, notice, {"state": {"do": "answer"}}, 1).status_code == 404
    assert [n["id"] for n in bureau.desk("zhao").get("/api/v1/notices")["items"]] == [issued]
    assert bureau.desk("rival").get("/api/v1/notices")["items"] == []
    assert bureau.desk("zhao").call("GET", f"/api/v1/notices/{issued}/pdf").status_code == 200
    assert bureau.desk("chen").call("GET", "/api/v1/notices").status_code == 403


def test_the_addressee_answers_and_changes_nothing_else(bureau: Bureau) -> None:
    told = bureau.served()
    answer = bureau.amend("zhao", told["id"], {"demand": {"set": "无需整改"}}, told["version"])
    assert (answer.status_code, answer.json["code"]) == (403, "not-permitted")
    assert done(bureau.step("zhao", told["id"], "answer"))["body"]["demand"] == told["body"]["demand"]


def test_lists_are_filtered_and_paged_and_miss_nothing(bureau: Bureau) -> None:
    issue = bureau.issue()
    made = [bureau.draft(drafted_at=f"2026-11-2{n % 2}T0{n}:00:00Z") for n in range(7)]
    issued = bureau.issued(issues=[issue])
    desk, found, page = bureau.desk("li"), [], ""
    while True:
        told = desk.get(f"/api/v1/notices?limit=3{page}")
        found += [n["id"] for n in told["items"]]
        if not told["next"]:
            break
        page = f"&page={told['next']}"
    assert sorted(found) == sorted([*made, issued["id"]]) and len(found) == 8
    for asked in (
        *("state=issued", f"issue={issue}", f"number={issued['number']}"),
        f"notice_kind=rectification&state=issued&addressee={FIRM}&faulty=false&dossier={bureau.dossier}",
    ):
        assert [n["id"] for n in desk.get(f"/api/v1/notices?{asked}")["items"]] == [issued["id"]], asked
    assert desk.get("/api/v1/notices?notice_kind=referral")["items"] == []
