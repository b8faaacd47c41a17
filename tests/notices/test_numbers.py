"""Every formal number is used once or void with its reason, whoever takes them and however often."""

import random
import threading
import time
from typing import Any

import pytest
from sqlalchemy import text

from server import transaction
from server.commands import rebuild
from server.notices.actions import settle_all
from sync.protocol import PROTOCOL, SCHEMA
from tests.notices.conftest import AT, OFFICE, Bureau, done
from tests.support.house import Desk, create, issue, new_id, update


def accounted(register: dict[str, Any]) -> list[str]:
    """The states of a register's numbers, which must run from 1 on without a gap."""
    assert [i["seq"] for i in register["items"]] == list(range(1, register["last"] + 1))
    states = [i["state"] for i in register["items"]]
    assert set(states) <= {"used", "void", "unused"}, states
    assert all(i["reason"] for i in register["items"] if i["state"] == "void")
    assert register["used"] + register["void"] + register["unused"] == register["last"]
    return states


def papers_in(bureau: Bureau, dossiers: int, count: int) -> list[tuple[str, str]]:
    """Drafts that want nothing but to be issued, spread over dossiers: (dossier, id)."""
    house, found = bureau.house, {}
    for dossier in (house.project(f"hammer-{n}") for n in range(dossiers)):
        for name, role in (("li", "inspector"), ("zhang", "supervisor")):
            house.person(name, role, dossier)
        made = issue(legal_basis="JGJ 80-2016", due_on="2026-11-25", part="临边")
        assert house.desk("li").push(dossier, made)[0]["status"] == "applied"
        found[dossier] = made["record"]
    names = sorted(found)
    spread = [names[n % dossiers] for n in range(count)]
    return [(d, bureau.draft(dossier=d, issues=[found[d]])) for d in spread]


def at_the_desk(desk: Desk, dossier: str, notice: str, change: str) -> Any:
    sent = {"fields": {"state": {"do": "issue"}}, "change": change, "at": AT}
    path = f"/api/v1/notices/{notice}?dossier={dossier}"
    return desk.call("PATCH", path, json=sent, headers={"If-Match": '"1"'})


def by_phone(desk: Desk, dossier: str, notice: str, change: str) -> Any:
    said = update("notice", notice, 1, {"state": {"do": "issue"}}, id=change, at=AT)
    push = [{"dossier": dossier, "epoch": 1, "changes": [said]}]
    body = {"protocol": PROTOCOL, "schema": SCHEMA, "no": 1, "push": push}
    answer = desk.call("POST", "/api/v1/exchange", json=body)
    if answer.status_code == 200 and "error" in answer.json["push"][0]:
        answer.status_code = 503
    return answer


def test_forty_who_issue_at_once_get_forty_numbers_without_double_or_gap(bureau: Bureau) -> None:
    """Half of them at the desk, half by phones; in eight dossiers; each sent twice."""
    work, refused, start = papers_in(bureau, 8, 40), [], threading.Barrier(40)

    def issue_it(n: int, dossier: str, notice: str) -> None:
        desk, change = bureau.house.desk("li", device=f"phone-{n}"), new_id()
        send = at_the_desk if n % 2 else by_phone
        start.wait()
        for _again in range(2):
            answer = send(desk, dossier, notice, change)
            for _wait in range(200):
                if answer.status_code != 503:
                    break
                time.sleep(0.05)
                answer = send(desk, dossier, notice, change)
            if answer.status_code != 200:
                refused.append(answer.text)

    threads = [threading.Thread(target=issue_it, args=(n, *item)) for n, item in enumerate(work)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert refused == []
    with bureau.house.app.app_context():
        settle_all()
    register = bureau.register()
    assert accounted(register) == ["used"] * 40
    assert {i["number"] for i in register["items"]} == {f"京朝建改字〔2026〕{n}号" for n in range(1, 41)}
    shown = [bureau.desk("zhang").get(f"/api/v1/notices/{n}?dossier={d}") for d, n in work]
    assert {n["number"] for n in shown} == {i["number"] for i in register["items"]}


def test_a_repetition_after_a_lost_reply_gives_the_same_number(bureau: Bureau) -> None:
    notice = bureau.draft()
    version = bureau.show(notice)["version"]
    change = new_id()
    first = bureau.amend("li", notice, {"state": {"do": "issue"}}, version, change=change)
    again = bureau.amend("li", notice, {"state": {"do": "issue"}}, version, change=change)
    assert done(first)["number"] == done(again)["number"] == "京朝建改字〔2026〕1号"
    assert again.json["outcome"]["replay"] is True
    assert accounted(bureau.register()) == ["used"]


def test_a_refused_issue_takes_no_number(bureau: Bureau) -> None:
    bad = bureau.draft(legal_basis=None)
    answer = bureau.step("li", bad, "issue")
    assert (answer.status_code, answer.json["code"]) == (409, "notice-incomplete")
    assert "legal_basis" in answer.json["details"]["lacking"]
    assert bureau.issued()["number"] == "京朝建改字〔2026〕1号"
    assert accounted(bureau.register()) == ["used"]


def test_each_authority_kind_and_year_counts_for_itself(bureau: Bureau) -> None:
    assert bureau.issued()["number"] == "京朝建改字〔2026〕1号"
    assert bureau.issued("stop_work")["number"] == "京朝建停字〔2026〕1号"
    bureau.house.clock.passes(days=40)
    assert bureau.issued()["number"] == "京朝建改字〔2027〕1号"
    assert bureau.register()["last"] == 1 and bureau.register(year=2027)["last"] == 1


def test_what_a_phone_issued_gets_its_number_when_it_comes_in(bureau: Bureau) -> None:
    notice = bureau.draft(temporary_no="临-A1B2-3")
    said = update("notice", notice, bureau.show(notice)["version"], {"state": {"do": "issue"}}, at=AT)
    [outcome] = bureau.desk("li").push(bureau.dossier, said)
    assert outcome["status"] == "applied"
    told = bureau.show(notice, by="zhao")
    assert (told["number"], told["temporary_no"]) == ("京朝建改字〔2026〕1号", "临-A1B2-3")
    assert told["body"]["paper"]["temporary"] == "临-A1B2-3" and told["pdf_sha256"]


def test_what_a_phone_could_not_issue_goes_back_to_its_draft_and_says_why(bureau: Bureau) -> None:
    notice = bureau.draft(legal_basis={"add": ["GB 12523-2011 第4条"], "remove": []})
    said = update("notice", notice, bureau.show(notice)["version"], {"state": {"do": "issue"}}, at=AT)
    assert bureau.desk("li").push(bureau.dossier, said)[0]["status"] == "applied"
    told = bureau.show(notice)
    assert (told["state"], told["number"], told["faulty"]) == ("draft", None, True)
    [fault] = told["body"]["faults"]
    assert fault["code"] == "citation-not-in-force"
    assert [n["id"] for n in bureau.desk("zhang").get("/api/v1/notices?faulty=true")["items"]] == [notice]
    basis = {"legal_basis": {"add": ["GB 12523-2025 第4条"], "remove": ["GB 12523-2011 第4条"]}}
    told = done(bureau.amend("li", notice, basis, told["version"]))
    told = done(bureau.step("li", notice, "issue"))
    assert told["number"] == "京朝建改字〔2026〕1号" and "faults" not in told["body"]


def offline(bureau: Bureau, notice: str, block: str, no: int, *, by: str = "li", at: str = AT) -> None:
    """A phone hands the paper over under a number of a block, and comes in with it later."""
    version = bureau.show(notice)["version"]
    claim = update("notice", notice, version, {"block": block, "block_no": no}, at=at)
    step = update("notice", notice, version, {"state": {"do": "issue"}}, at=at)
    for outcome in bureau.desk(by).push(bureau.dossier, claim, step):
        assert outcome["status"] in ("applied", "merged"), outcome


def test_a_phone_uses_the_numbers_of_its_block_and_the_rest_becomes_void(bureau: Bureau) -> None:
    assert bureau.issued()["number"] == "京朝建改字〔2026〕1号"
    block = bureau.block(size=4)
    assert (block["first"], block["last"]) == (2, 5)
    assert bureau.issued()["number"] == "京朝建改字〔2026〕6号"
    notice = bureau.draft()
    offline(bureau, notice, block["id"], 3)
    assert bureau.show(notice)["number"] == "京朝建改字〔2026〕3号"
    assert accounted(bureau.register()) == ["used", "unused", "used", "unused", "unused", "used"]
    sent = {"fields": {"state": {"do": "give_back"}}}
    headers = {"If-Match": f'"{block["version"]}"'}
    answer = bureau.desk("li").call("PATCH", f"/api/v1/blocks/{block['id']}", json=sent, headers=headers)
    assert answer.json["block"]["state"] == "returned", answer.text
    register = bureau.register()
    assert accounted(register) == ["used", "void", "used", "void", "void", "used"]
    assert register["items"][1]["reason"] == "号段交回，未使用"
    assert register["items"][1]["block"] == block["id"]


@pytest.mark.parametrize(
    ("no", "by", "code"),
    [(9, "li", "number-outside-block"), (1, "wang", "number-outside-block"), (2, "li", "number-used")],
)
def test_a_number_outside_the_block_or_used_twice_is_refused_and_nothing_is_lost(
    bureau: Bureau, no: int, by: str, code: str
) -> None:
    block, first = bureau.block(size=3), bureau.draft()
    offline(bureau, first, block["id"], 2)
    notice = bureau.draft(by=by)
    offline(bureau, notice, block["id"], no, by=by)
    told = bureau.show(notice)
    assert (told["state"], told["number"], told["body"]["block_no"]) == ("draft", None, no)
    assert told["body"]["faults"][0]["code"] == code
    assert bureau.show(first)["number"] == "京朝建改字〔2026〕2号"
    told = done(
        bureau.amend(by, notice, {"block": {"set": None}, "block_no": {"set": None}}, told["version"])
    )
    assert done(bureau.step(by, notice, "issue"))["number"] == "京朝建改字〔2026〕4号"
    accounted(bureau.register())


def test_numbers_of_an_ended_block_another_kind_or_another_year_are_refused(bureau: Bureau) -> None:
    block = bureau.block(size=3)
    sent = {"fields": {"void_reason": {"set": "手机丢失"}, "state": {"do": "void"}}}
    headers = {"If-Match": f'"{block["version"]}"'}
    answer = bureau.desk("zhang").call("PATCH", f"/api/v1/blocks/{block['id']}", json=sent, headers=headers)
    assert answer.json["block"]["state"] == "voided", answer.text
    late = bureau.draft()
    offline(bureau, late, block["id"], 2)
    assert bureau.show(late)["body"]["faults"][0]["code"] == "number-void"
    old = bureau.block(size=2, year=2025)
    notice = bureau.draft()
    offline(bureau, notice, old["id"], old["first"])
    assert bureau.show(notice)["body"]["faults"][0]["code"] == "number-outside-block"
    register = bureau.register()
    assert accounted(register) == ["void"] * 3
    assert {i["reason"] for i in register["items"]} == {"手机丢失"}


def test_a_block_that_cannot_be_voided_keeps_no_reason_either(bureau: Bureau) -> None:
    block = bureau.block(size=3)
    path, headers = f"/api/v1/blocks/{block['id']}", {"If-Match": f'"{block["version"]}"'}
    give_back = {"fields": {"state": {"do": "give_back"}}}
    bureau.desk("li").call("PATCH", path, json=give_back, headers=headers)
    said = {"void_reason": {"set": "手机丢失"}, "state": {"do": "void"}}
    sent = {"fields": said, "change": new_id(), "at": AT, "atomic": True}
    told = [bureau.desk("zhang").call("PATCH", path, json=sent, headers=headers).json for _ in range(2)]
    assert told[1]["outcome"] == told[0]["outcome"] | {"replay": True}
    assert (told[0]["outcome"]["status"], told[0]["outcome"]["why"]) == ("conflict", "illegal-transition")
    [waits] = bureau.desk("zhang").get("/api/v1/conflicts")["items"]
    assert sorted(waits["body"]["fields"]) == sorted(said), "the reason waits with its step"
    again = bureau.block(size=1)
    sent |= {"change": new_id()}
    headers = {"If-Match": f'"{again["version"]}"'}
    answer = bureau.desk("zhang").call("PATCH", f"/api/v1/blocks/{again['id']}", json=sent, headers=headers)
    assert answer.json["block"]["state"] == "voided", answer.text


def test_a_spoilt_paper_voids_its_number_with_the_reason(bureau: Bureau) -> None:
    block, notice = bureau.block(size=2), bureau.draft()
    version = bureau.show(notice)["version"]
    told = done(bureau.amend("li", notice, {"block": {"set": block["id"]}, "block_no": {"set": 1}}, version))
    done(bureau.step("zhang", told["id"], "void", void_reason="淋湿"))
    register = bureau.register()
    assert accounted(register) == ["void", "unused"]
    assert register["items"][0]["reason"] == "淋湿"


def test_only_the_officer_gives_a_block_back_and_only_a_supervisor_hands_one_out(bureau: Bureau) -> None:
    block = bureau.block()
    headers = {"If-Match": f'"{block["version"]}"'}
    path, sent = f"/api/v1/blocks/{block['id']}", {"fields": {"state": {"do": "give_back"}}}
    answer = bureau.desk("wang").call("PATCH", path, json=sent, headers=headers)
    assert answer.json["outcome"]["why"] == "not-your-block"
    sent = {"fields": {"state": {"do": "void"}}}
    answer = bureau.desk("li").call("PATCH", path, json=sent, headers=headers)
    assert (answer.status_code, answer.json["code"]) == (403, "not-permitted")
    assert (
        bureau.desk("zhang").call("PATCH", path, json=sent, headers=headers).json["outcome"]["why"]
        == "reason-missing"
    )
    give = {"officer": bureau.house.people["li"], "authority": "cy-zjw", "notice_kind": "rectification"}
    give |= {"year": 2026, "size": 1, "record": new_id(), "change": new_id(), "at": AT}
    assert bureau.desk("li").call("POST", "/api/v1/blocks", json=give).status_code == 403
    assert bureau.desk("chen").call("GET", "/api/v1/blocks").status_code == 403
    assert (
        bureau.desk("zhao").call("GET", "/api/v1/numbers?authority=cy-zjw&kind=resume&year=2026").status_code
        == 403
    )
    assert [b["id"] for b in bureau.desk("li").get("/api/v1/blocks")["items"]] == [block["id"]]


def test_a_block_that_is_asked_for_twice_is_one_block_and_phones_carry_it(bureau: Bureau) -> None:
    record, change = new_id(), new_id()
    first = bureau.block(size=3, record=record, change=change)
    assert bureau.block(size=3, record=record, change=change) == first
    assert bureau.register()["last"] == 3
    made = bureau.desk("zhang").push(
        OFFICE,
        create(
            "block",
            {
                "officer": bureau.house.people["wang"],
                "authority": "cy-zjw",
                "notice_kind": "rectification",
                "year": 2026,
                "size": 2,
            },
        ),
    )
    assert made[0]["status"] == "applied"
    cursor = {"nonce": "n", "epoch": 1, "seq": 0, "floor": 0}
    page = bureau.desk("wang").exchange(cursors={OFFICE: {"field": cursor}})["pull"]["dossiers"][OFFICE]
    told = [i["body"] for i in page["audiences"]["field"]["items"] if i["kind"] == "block"]
    assert sorted((b["first"], b["last"]) for b in told) == [(1, 3), (4, 5)]


def test_any_history_of_issues_blocks_and_voids_leaves_every_number_accounted_for(bureau: Bureau) -> None:
    """Invariant no. 3 (domain.md §16.1), over random histories with a seed each."""
    found = bureau.issue()
    for seed in range(3):
        chance = random.Random(seed)
        blocks: list[dict[str, Any]] = []
        papers: list[str] = []
        for _step in range(14):
            deed = chance.choice(["issue", "issue", "offline", "block", "void", "end"])
            if deed == "issue":
                papers.append(bureau.issued(issues=[found])["id"])
            elif deed == "block":
                blocks.append(bureau.block(size=chance.randint(1, 4)))
            elif deed == "offline" and blocks:
                pad, notice = chance.choice(blocks), bureau.draft(issues=[found])
                offline(bureau, notice, pad["id"], chance.randint(1, (pad["last"] or 1) + 2))
                papers.append(notice)
            elif deed == "void" and papers:
                bureau.step("zhang", chance.choice(papers), "void", void_reason="试")
            elif deed == "end" and blocks:
                pad = chance.choice(blocks)
                sent = {"fields": {"state": {"do": "give_back"}}}
                headers = {"If-Match": f'"{pad["version"]}"'}
                bureau.desk("li").call("PATCH", f"/api/v1/blocks/{pad['id']}", json=sent, headers=headers)
        register = bureau.register()
        accounted(register)
        borne = [
            n["number"] for n in bureau.desk("zhang").get("/api/v1/notices?limit=200")["items"] if n["number"]
        ]
        assert len(borne) == len(set(borne))
        taken = {i["number"] for i in register["items"] if i["notice"]}
        assert taken == set(borne)


def test_the_register_is_built_anew_from_the_journal(bureau: Bureau) -> None:
    block = bureau.block(size=3)
    notice = bureau.draft()
    offline(bureau, notice, block["id"], 2)
    told = bureau.issued()
    done(bureau.step("zhang", told["id"], "void", void_reason="印错"))
    sent, headers = {"fields": {"state": {"do": "give_back"}}}, {"If-Match": f'"{block["version"]}"'}
    bureau.desk("li").call("PATCH", f"/api/v1/blocks/{block['id']}", json=sent, headers=headers)
    before = bureau.register()
    with bureau.house.app.app_context(), transaction.writing() as conn:
        for table in ("numbers", "number_blocks", "notices", "notice_items"):
            conn.execute(text(f"DELETE FROM {table}"))
    runner = bureau.house.app.test_cli_runner()
    result = runner.invoke(rebuild)
    assert result.exit_code == 0, result.output
    assert bureau.register() == before
    assert accounted(before) == ["void", "used", "void", "void"]


def test_a_crash_between_the_step_and_its_number_is_made_good(bureau: Bureau) -> None:
    """The node dies after the phone's commit: the scheduler of another gives the number, once."""
    notice = bureau.draft()
    version = bureau.show(notice)["version"]
    followers = dict(bureau.house.app.extensions["office"].followers)
    bureau.house.app.extensions["office"].followers = {}
    said = update("notice", notice, version, {"state": {"do": "issue"}}, at=AT)
    bureau.desk("li").push(bureau.dossier, said)
    assert bureau.show(notice)["number"] is None
    bureau.house.app.extensions["office"].followers = followers
    with bureau.house.app.app_context():
        assert settle_all() == 1
        assert settle_all() == 0
    assert bureau.show(notice)["number"] == "京朝建改字〔2026〕1号"
    assert bureau.show(notice)["pdf_sha256"]
