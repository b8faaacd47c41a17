"""Whatever is sent, the answer is a refusal with a code and a remedy, and never our own fault."""

import random
from typing import Any

import pytest

from server.errors import CODES, REMEDIES
from tests.notices.conftest import AT, OFFICE, Bureau, done
from tests.support.house import create, issue, new_id

ODD: list[Any] = [
    *(
        None,
        True,
        0,
        -1,
        2**63,
        1.5,
        "",
        "x",
        "\0",
        "\ud800",
        "𠮷" * 50,
        "2026-02-30",
        "9999-99-99T99:99:99Z",
    ),
    *(
        [],
        {},
        [None],
        {"set": None},
        {"set": {"set": 1}},
        {"do": "issue"},
        {"add": [1]},
        {"append": []},
        [[[]]],
    ),
]


def refused(answer: Any) -> None:
    assert answer.status_code < 500, answer.text
    if answer.status_code >= 400 and answer.is_json:
        assert answer.json["code"] in CODES and answer.json["remedy"] in REMEDIES


def test_bad_fields_are_refused_in_words(bureau: Bureau) -> None:
    notice, desk, chance = bureau.draft(), bureau.desk("li"), random.Random(7)
    names = [*bureau.fields(), "service", "block", "block_no", "void_reason", "state", "number", "nothing"]
    for value in ODD:
        fields: Any = {chance.choice(names): value, chance.choice(names): {"set": value}}
        try:
            answer = bureau.amend("li", notice, fields, bureau.show(notice)["version"])
        except UnicodeEncodeError:
            continue  # the client cannot even send it
        refused(answer)
        for sent in (value, {"fields": value}, {"fields": {}, "change": value, "at": value}):
            for path in (f"/api/v1/notices/{notice}/answer", "/api/v1/notices", "/api/v1/blocks"):
                refused(desk.call("POST", path, json=sent, headers={"If-Match": "1"}))
            refused(desk.call("PATCH", f"/api/v1/notices/{notice}", json=sent, headers={"If-Match": "1"}))
    proof = desk.get(f"/api/v1/dossiers/{bureau.dossier}/verification")
    assert proof["fault"] is None


@pytest.mark.parametrize(
    "asked",
    [
        *("notices?limit=0", "notices?limit=x", "notices?page=zzz", "notices?page=W10", "notices?state=none"),
        *("notices?issue=1", "notices?addressee=1", "notices?number=%00", "notices?unknown=1"),
        *("numbers", "numbers?authority=cy-zjw", "numbers?authority=A&kind=resume&year=2026"),
        *("numbers?authority=a&kind=x&year=2026", "numbers?authority=a&kind=resume&year=99999"),
        *("numbers?authority=a&kind=resume&year=2026&after=-1", "blocks?officer=x"),
    ],
)
def test_bad_questions_are_refused(bureau: Bureau, asked: str) -> None:
    answer = bureau.desk("zhang").call("GET", f"/api/v1/{asked}")
    assert (answer.status_code, answer.json["code"], answer.json["remedy"]) == (400, "malformed", "repair")


def test_an_empty_register_is_an_answer(bureau: Bureau) -> None:
    told = bureau.desk("zhang").get("/api/v1/numbers?authority=nobody&kind=resume&year=1999&after=999999")
    assert told == {"items": [], "next": None, "last": 0, "used": 0, "void": 0, "unused": 0}


def test_an_issue_says_what_is_missing_or_wrong(bureau: Bureau) -> None:
    for fields, lacking in (
        ({"addressee": "91110105MA0XD00163"}, "addressee"),
        ({"officers": {"add": [bureau.house.people["li"]], "remove": []}}, "officers"),
        ({"issues": [new_id()]}, "unknown"),
        ({"issues": [bureau.issue(due_on=None)]}, "due_on"),
        ({"issues": [bureau.issue(legal_basis=None)]}, "legal_basis"),
        ({"inspected_at": None}, "inspected_at"),
    ):
        answer = bureau.step("li", bureau.draft(**fields), "issue")
        assert (answer.status_code, answer.json["code"]) == (409, "notice-incomplete"), fields
        assert any(lacking in name for name in answer.json["details"]["lacking"]), answer.json
    answer = bureau.step("li", bureau.draft(authority="nobody"), "issue")
    assert (answer.status_code, answer.json["code"]) == (409, "no-provision")
    assert bureau.register()["last"] == 0


def test_every_citation_was_in_force_on_the_papers_day(bureau: Bureau) -> None:
    """Invariant no. 15: of the paper and of each item, by the day on which it is issued."""
    old = bureau.issue(legal_basis="安全生产法 第六十五条；GB 12523-2011 第4条")
    for fields in ({"issues": [old]}, {"legal_basis": {"add": ["消防法 第一条"], "remove": []}}):
        answer = bureau.step("li", bureau.draft(**fields), "issue")
        assert (answer.status_code, answer.json["code"]) == (409, "citation-not-in-force")
        assert answer.json["details"]["citations"][0] in ("GB 12523-2011 第4条", "消防法 第一条")
    stop = bureau.draft("stop_work", legal_basis={"add": ["消防法 第一条"], "remove": []})
    assert bureau.step("zhang", stop, "approve").json["code"] == "citation-not-in-force"
    law = {"code": "instrument.xff", "value": {"set": {"names": ["消防法"]}}, "valid_from": "2026-11-23"}
    bureau.desk("chen").push(OFFICE, create("provision", law, audience="public"))
    assert bureau.step("zhang", stop, "approve").json["code"] == "citation-not-in-force"
    bureau.house.clock.passes(days=1)
    assert done(bureau.step("zhang", stop, "approve"))["state"] == "approved"


def test_a_paper_too_long_for_one_change_is_refused_and_not_cut(bureau: Bureau) -> None:
    long = [bureau.issue(description="长" * 3_900) for _ in range(5)]
    answer = bureau.step("li", bureau.draft(issues=long), "issue")
    assert (answer.status_code, answer.json["code"]) == (413, "notice-too-large")
    many = [bureau.issue(description=f"第{n}处临边防护栏杆缺失") for n in range(40)]
    told = done(bureau.step("li", bureau.draft(issues=many), "issue"))
    assert len(told["body"]["paper"]["items"]) == 40


def test_a_draft_goes_into_a_dossier_of_ones_own(bureau: Bureau) -> None:
    sent = {"dossier": "project:wj-02", "fields": bureau.fields(), "at": AT}
    sent |= {"record": new_id(), "change": new_id()}
    for who, code in (("li", 404), ("zhao", 403), ("chen", 403)):
        answer = bureau.desk(who).call("POST", "/api/v1/notices", json=sent)
        assert answer.status_code == code, answer.text
    mine = sent | {"dossier": bureau.dossier}
    told = done(bureau.desk("li").call("POST", "/api/v1/notices", json=mine))
    again = bureau.desk("li").call("POST", "/api/v1/notices", json=mine).json
    assert (again["notice"]["version"], again["outcome"]["replay"]) == (told["version"], True)


def test_what_only_the_server_writes_is_written_by_nobody_else(bureau: Bureau) -> None:
    notice = bureau.draft()
    for name, value in (
        ("number", "京朝建改字〔2026〕99号"),
        ("token", "x"),
        ("paper", {}),
        ("served_on", "x"),
    ):
        answer = bureau.amend("li", notice, {name: {"set": value}}, bureau.show(notice)["version"])
        outcome = answer.json.get("outcome", {})
        assert answer.status_code in (400, 403) or outcome["why"] == "server-field", answer.text
    shown = bureau.show(notice)
    assert shown["number"] is None and "token" not in shown["body"]


def test_a_paper_lists_photographs_and_no_attachments(bureau: Bureau) -> None:
    """A PDF has no moment at which it was taken; a paper could not be issued over an issue that had one."""
    found = bureau.issue()
    about = {"subject": found, "sha256": "b" * 64, "size": 9}
    picture = create("photo", about | {"mime": "image/jpeg", "taken_at": AT})
    kept = create(
        "photo", about | {"mime": "image/jpeg", "taken_at": AT, "sha256": "c" * 64}, audience="office"
    )
    paper = create("attachment", about | {"mime": "application/pdf"})
    bureau.desk("li").push(bureau.dossier, picture, kept, paper)
    told = bureau.issued(issues=[found])["body"]["paper"]["photographs"]
    assert [one["digest"] for one in told] == ["b" * 8], "what the office keeps to itself is not on it either"


def test_a_paper_tells_nobody_what_is_confidential(bureau: Bureau) -> None:
    """Whoever drafts may know a tip's id without being allowed to see the tip."""
    asked = {"legal_basis": "JGJ 80-2016 第4.1.1条", "due_on": "2026-11-25"}
    tip = issue(title="举报线索", audience="confidential", **asked)
    bureau.desk("zhang").push(bureau.dossier, tip)
    notice = bureau.draft(issues=[tip["record"], bureau.issue()])
    answer = bureau.step("li", notice, "issue")
    assert (answer.status_code, answer.json["code"]) == (409, "notice-incomplete")
    assert answer.json["details"]["lacking"] == [f"{tip['record']}/unknown"]
    assert bureau.desk("zhang").get(f"/api/v1/issues/{tip['record']}")["audience"] == "confidential"
