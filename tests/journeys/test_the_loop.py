"""闭环: from the checklist to the closing of what it found, each by their own hand, mostly without signal."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from server.inspections.rules import answer_id
from server.issues.rules import issue_id
from sync.line import Refused
from tests.journeys.district import BUILDER, OFFICE, District, Phone, members, opened, values
from tests.support.house import House, new_id

pytestmark = pytest.mark.journey
REGISTER = "/api/v1/numbers?authority=cy-zjw&year=2026&limit=1000&kind="


@pytest.fixture
def district(house: House, tmp_path: Path) -> Iterator[District]:
    with opened(house, tmp_path) as one:
        yield one


def test_the_offices_daily_loop(district: District) -> None:
    template, plan = agreed(district)
    blocks = prepared(district, template, plan)
    found = inspected(district, template)
    first, second = ordered(district, found, blocks)
    served(district, found, first, second)
    answered(district, found)
    re_inspected(district, found)
    third = a_second_deadline(district, found["hole"])
    overdue(district, found["hole"])
    closed(district, found)
    elsewhere(district, found)
    accounted(district, blocks, [first, second, third])


def agreed(district: District) -> tuple[str, str]:
    """The administrator publishes the checklist; one supervisor drafts the plan, the other approves it."""
    chen, zhang, qian = (district.phone(n) for n in ("chen", "zhang", "qian"))
    [template] = [r for r, b in chen.sees("template", OFFICE).items() if b["code"] == "jgj59"]
    chen.step(template, "publish", OFFICE)
    chen.sync()
    said = values(title="年度计划", sort="recurring", valid_from="2026-01-01", checklist=template)
    plan = zhang.create("plan", said, OFFICE, audience="public")
    zhang.sync()
    qian.sync()
    qian.step(plan, "approve", OFFICE)
    qian.sync()
    zhang.sync()
    assert zhang.sees("plan", OFFICE)[plan]["state"] == "approved"
    return template, plan


def prepared(district: District, template: str, plan: str) -> dict[str, str]:
    """Li and Wang are sent to the site, each with a block of numbers; it stands in their day."""
    zhang, blocks = district.phone("zhang"), {}
    for name in ("li", "wang"):
        said = {"authority": "cy-zjw", "notice_kind": "rectification", "year": 2026, "size": 3}
        said |= {"officer": district.house.people[name], "at": district.now()}
        blocks[name] = new_id()
        district.ask(
            "zhang", "POST", "/api/v1/blocks", json=said | {"record": blocks[name], "change": new_id()}
        )
    task = values(due_on="2026-11-22", inspection_type="routine", checklist=template, plan=plan)
    officers = members(*(district.house.people[n] for n in ("li", "wang")))
    task_id = zhang.create("assignment", task | {"officers": officers})
    zhang.sync()
    for name in ("li", "wang"):
        [waiting] = district.ask(name, "GET", "/api/v1/my-day")["assignments"]
        assert (waiting["id"], waiting["plan"], waiting["checklist"]) == (task_id, plan, template)
    return blocks


def inspected(district: District, template: str) -> dict[str, str]:
    """No signal: Li answers and photographs, both make issues of what they found; two of them are one."""
    li, wang = district.phone("li"), district.phone("wang")
    for phone in (li, wang):
        phone.sync()
    visit = li.create(
        "inspection",
        values(
            inspection_type="routine",
            arrived_at=district.now(),
            checklist=template,
            part="3号楼",
            firm=BUILDER,
        )
        | {"officers": members(li.id, wang.id)},
    )
    found = {}
    for name, item in (("edge", "B.13.4"), ("hole", "B.13.5"), ("box", "B.14.4")):
        form = item.rpartition(".")[0]
        about = values(inspection=visit, template=template, form=form, instance="", item=item)
        answer = answer_id(visit, form, "", item)
        li.create("answer", about | values(result="fault", deduct=5, note="12层东侧"), record=answer)
        if name != "box":
            li.photograph(answer, "before", "red")
        found[name] = finding(li, answer, visit)
    # Wang, who has not heard of Li's work, makes an issue of the same answer, and one more of his own.
    assert finding(wang, answer_id(visit, "B.13", "", "B.13.4"), visit) == found["edge"]
    own = values(title="东侧临边无防护", domain="edge", severity="general", found_at=district.now())
    found["again"] = wang.create("issue", own)
    [task] = li.sees("assignment")
    li.step(visit, "finish")
    li.step(task, "complete")
    for phone in (li, wang, li):
        phone.sync()
    assert li.sees("inspection")[visit]["state"] == "finished"
    assert [b["issue"] for b in li.sees("answer").values()].count(found["edge"]) == 1
    body = li.sees("issue")[found["edge"]]
    assert (body["code"], body["legal_basis"], body["contractor"]) == ("AQ-LB-01", "JGJ 80-2016", BUILDER)
    photos = district.ask("zhang", "GET", f"/api/v1/issues/{found['hole']}")
    assert photos["evidence"] == {"stored": 1, "total": 1}
    assert district.ask("zhang", "GET", "/api/v1/issues/counts")["total"] == 4
    return found


def finding(phone: Phone, answer: str, visit: str) -> str:
    """The change by which a phone makes an issue of an answer, with no more than it must say."""
    said = values(
        title="防护不符合要求", domain="safety", severity="general", answer=answer, inspection=visit
    )
    record = issue_id(answer)
    phone.create("issue", said | values(found_at="2026-11-22T01:00:00Z"), record=record)
    return record


def ordered(district: District, found: dict[str, str], blocks: dict[str, str]) -> tuple[str, str]:
    """No signal again: each writes an order on a number of the own block; with signal they are formal."""
    li, wang = district.phone("li"), district.phone("wang")
    for phone in (li, wang):
        phone.sync()
    for name in ("edge", "hole"):
        li.step(found[name], "confirm")
    wang.step(found["box"], "confirm")
    first = order(li, blocks["li"], found["edge"], found["hole"])
    second = order(wang, blocks["wang"], found["box"])
    for phone in (li, wang, li):
        phone.sync()
    numbers = [li.sees("notice")[n].get("number") for n in (first, second)]
    assert numbers == ["京朝建改字〔2026〕1号", "京朝建改字〔2026〕4号"]
    for name, notice in (("edge", first), ("hole", first), ("box", second)):
        body = li.sees("issue")[found[name]]
        assert (body["state"], body["notice"]) == ("issued", notice)
        assert "due_on" not in body, "nothing runs before the paper is served"
    for name in ("zhang", "shen", "zhao"):
        paper = district.ask(name, "GET", f"/api/v1/notices/{first}/pdf")
        assert paper.content.startswith(b"%PDF")
    token = district.ask("zhang", "GET", f"/api/v1/notices/{first}")["body"]["token"]
    page = httpx.get(f"{district.url}/open/n/{token}", trust_env=False)
    assert (page.status_code, numbers[0] in page.text) == (200, True)
    return first, second


def order(phone: Phone, block: str, *issues: str) -> str:
    """An order to rectify, drafted and issued on the phone."""
    now, people = phone.district.now(), phone.district.house.people
    said = values(
        notice_kind="rectification",
        drafted_at=now,
        inspected_at=now,
        addressee=BUILDER,
        addressee_name="北京示例筑安建设集团有限公司",
        author_org="cy-gls",
        authority="cy-zjw",
        demand="立即恢复防护。",
        block=block,
        block_no=phone.sees("block", OFFICE)[block]["first"],
    )
    said |= {"issues": members(*issues), "legal_basis": members("安全生产法 第六十五条")}
    notice = phone.create("notice", said | {"officers": members(people["li"], people["wang"])})
    phone.step(notice, "issue")
    return notice


def served(district: District, found: dict[str, str], *notices: str) -> None:
    """Handed over on the site; from that day the terms run, and the firm sees what is its own."""
    li = district.phone("li")
    service = {"mode": "direct", "at": district.now(), "to": "赵某", "signature": "a" * 64}
    for notice in notices:
        li.update(notice, service={"set": service})
        li.step(notice, "serve")
    li.sync()
    zhao = district.phone("zhao")
    zhao.sync()
    seen = zhao.sees("issue")
    assert set(seen) == {found[n] for n in ("edge", "hole", "box")}
    assert {(b["state"], b["due_on"]) for b in seen.values()} == {("received", "2026-11-25")}
    assert len(zhao.sees("photo")) == 2
    rival = district.phone("rival")
    assert not rival.sees("issue") and not rival.sees("notice")


def answered(district: District, found: dict[str, str]) -> None:
    """The firm asks for more time, gets it, and answers with photographs; who supervises stands by it."""
    zhao, party = district.phone("zhao"), f"party:{BUILDER}"
    asked = values(subject=found["edge"], until="2026-11-27", reason="材料未到场", asked_at=district.now())
    request = zhao.create("extension", asked, audience=party)
    zhao.sync()
    zhang = district.phone("zhang")
    zhang.sync()
    assert zhang.sees("extension")[request]["flags"] == []
    zhang.step(request, "grant")
    zhang.sync()
    district.house.clock.passes(days=2)
    zhao.sync()
    assert zhao.sees("issue")[found["edge"]]["due_on"] == "2026-11-27"
    for name in ("edge", "hole"):
        replied(zhao, found[name])
    zhao.sync()
    jian = district.phone("jian")
    jian.sync()
    for name in ("edge", "hole"):
        jian.step(found[name], "countersign")
    jian.sync()
    assert jian.sees("issue")[found["edge"]]["countersigned_by"] == jian.id
    with pytest.raises(Refused):
        district.ask("rival", "GET", f"/api/v1/issues/{found['edge']}")


def replied(zhao: Phone, issue: str) -> None:
    said = values(subject=issue, measure="已恢复防护", person="赵立新", done_at=zhao.district.now())
    party = f"party:{BUILDER}"
    zhao.create("reply", said, audience=party)
    zhao.photograph(issue, "after", "green", party)
    zhao.step(issue, "reply")


def re_inspected(district: District, found: dict[str, str]) -> None:
    """Wang looks again: one item passes, the other does not."""
    wang = district.phone("wang")
    wang.sync()
    waiting = district.ask("li", "GET", "/api/v1/my-day")
    assert waiting["assignments"] == []
    party = f"party:{BUILDER}"
    for name, result, verb in (("edge", "pass", "pass"), ("hole", "partly", "fail")):
        items = [{"item": "盖板", "result": "fail"}, {"item": "栏杆", "result": "pass"}]
        said = values(subject=found[name], result=result, at=district.now(), items=items)
        wang.create(
            "review",
            said if result == "partly" else {k: v for k, v in said.items() if k != "items"},
            audience=party,
        )
        wang.step(found[name], verb)
    wang.sync()
    states = {n: wang.sees("issue")[found[n]]["state"] for n in ("edge", "hole")}
    assert states == {"edge": "passed", "hole": "failed"}


def a_second_deadline(district: District, issue: str) -> str:
    """The supervisor sets it, a second order states it, and it is served at the desk."""
    whole = district.ask("zhang", "GET", f"/api/v1/issues/{issue}")
    amended(district, "zhang", f"/api/v1/issues/{issue}", whole["version"], values(due_on="2026-11-26"))
    people = district.house.people
    said = values(
        notice_kind="rectification",
        drafted_at=district.now(),
        inspected_at=district.now(),
        addressee=BUILDER,
        addressee_name="北京示例筑安建设集团有限公司",
        author_org="cy-gls",
        authority="cy-zjw",
    )
    said |= {"issues": members(issue), "legal_basis": members("安全生产法 第六十五条")}
    said |= {"officers": members(people["li"], people["wang"])}
    notice = new_id()
    draft = {"dossier": district.site, "record": notice, "change": new_id(), "at": district.now()}
    made = district.ask("li", "POST", "/api/v1/notices", json=draft | {"fields": said})["notice"]
    for fields in (
        {"state": {"do": "issue"}},
        values(service={"mode": "left", "at": district.now(), "witness": "社区 陈某"})
        | {"state": {"do": "serve"}},
    ):
        made = amended(district, "li", f"/api/v1/notices/{notice}", made["version"], fields)["notice"]
    assert (made["state"], made["number"]) == ("served", "京朝建改字〔2026〕7号")
    whole = district.ask("zhang", "GET", f"/api/v1/issues/{issue}")
    assert (whole["due_on"], whole["body"]["notice"]) == ("2026-11-26", notice)
    return notice


def amended(district: District, who: str, path: str, version: int, fields: dict[str, Any]) -> Any:
    said = {"fields": fields, "change": new_id(), "at": district.now()}
    done = district.ask(who, "PATCH", path, json=said, headers={"If-Match": f'"{version}"'})
    assert done["outcome"]["status"] in ("applied", "merged"), done["outcome"]
    return done


def overdue(district: District, issue: str) -> None:
    """Nobody does anything: two nodes climb the ladder, and each step is entered and told once."""
    for _day in range(6):
        district.work("escalate", "follow steps")
        district.house.clock.passes(days=1)
    papers = district.ask("zhang", "GET", f"/api/v1/issues/{issue}")["papers"]
    steps = [p["body"]["step"] for p in papers if p["kind"] == "escalation"]
    assert steps == ["remind", "overdue", "section", "leader"]
    told = district.ask("jian", "GET", "/api/v1/notifications")["items"]
    assert [t["template"] for t in told if t["record"] == issue] == ["issue.overdue"]
    day = district.ask("sun", "GET", "/api/v1/my-day")
    assert [(e["id"], e["does"]) for e in day["escalated"] if e["id"] == issue] == [(issue, "interview")]
    drafts = [p for p in day["papers"] if p["notice_kind"] == "interview"]
    bodies = [district.ask("sun", "GET", f"/api/v1/notices/{p['id']}")["body"] for p in drafts]
    assert [b["issues"] for b in bodies].count([issue]) == 1


def closed(district: District, found: dict[str, str]) -> None:
    """The firm puts it right after all; another than who did looks at it, a supervisor closes both."""
    zhao, li, zhang = (district.phone(n) for n in ("zhao", "li", "zhang"))
    zhao.sync()
    replied(zhao, found["hole"])
    for phone in (zhao, li):
        phone.sync()
    li.step(found["hole"], "pass")
    for phone in (li, zhang):
        phone.sync()
    for name in ("edge", "hole"):
        zhang.step(found[name], "close")
    zhang.sync()
    for name in ("edge", "hole"):
        body = zhang.sees("issue")[found[name]]
        assert body["state"] == "closed"
        assert body["passed_by"] != body["rectified_by"]
        assert body["notice"] and body["due_on"] and body["served_on"]


def elsewhere(district: District, found: dict[str, str]) -> None:
    """One was found twice and is merged; one is another department's, with its receipt."""
    wang, zhang = district.phone("wang"), district.phone("zhang")
    wang.sync()
    wang.step(found["again"], "merge", **values(duplicate_of=found["edge"]))
    wang.sync()
    for verb, more in (
        ("refer", values(referred_to="urban")),
        ("accept", {}),
        ("settle", values(receipt="京朝城管〔2026〕7号")),
    ):
        zhang.sync()
        zhang.step(found["box"], verb, **more)
    zhang.sync()
    states = {n: zhang.sees("issue")[found[n]]["state"] for n in ("again", "box")}
    assert states == {"again": "merged", "box": "settled"}


def accounted(district: District, blocks: dict[str, str], notices: list[str]) -> None:
    """What is left of the blocks goes back; every number is used or void, and every journal proves itself."""
    for name, block in blocks.items():
        phone = district.phone(name)
        phone.sync()
        phone.step(block, "give_back", OFFICE)
        phone.sync()
    register = district.ask("zhang", "GET", REGISTER + "rectification")
    assert [i["seq"] for i in register["items"]] == list(range(1, register["last"] + 1))
    assert {i["notice"]: i["seq"] for i in register["items"] if i["notice"]} == dict(
        zip(notices, (1, 4, 7), strict=True)
    )
    assert [i["state"] for i in register["items"]] == ["used", "void", "void", "used", "void", "void", "used"]
    assert all(i["reason"] for i in register["items"] if i["state"] == "void")
    assert district.ask("zhang", "GET", REGISTER + "interview")["items"] == [], "a draft takes no number"
    for dossier in (district.site, OFFICE):
        proof = district.ask("shen", "GET", f"/api/v1/dossiers/{dossier}/verification")
        assert proof["fault"] is None
    waiting = district.ask("zhang", "GET", "/api/v1/conflicts")["items"]
    assert [w["kind"] for w in waiting if w["body"]["open"]] == [], waiting
