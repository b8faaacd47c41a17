"""Erasures and holds at the desk: asked, decided, seen, by whom it concerns and by nobody else."""

from typing import Any

import pytest
from werkzeug.test import TestResponse

from tests.support.house import Desk, House, issue, new_id

from .conftest import WJ
from .test_erasing import SECRET, body, comment, everywhere

AT = "2026-11-22T09:00:00.000+08:00"
WHY = {
    "ground": "withdrawn",
    "asked_by": "person",
    "asked_at": AT,
    "reason": "本人撤回同意",
    "whole": False,
}


def post(desk: Desk, path: str, values: dict[str, Any], **more: Any) -> TestResponse:
    fields = {name: {"set": value} for name, value in values.items()}
    said = {"dossier": WJ, "record": new_id(), "change": new_id(), "at": AT, "fields": fields}
    return desk.call("POST", f"/api/v1/{path}", json=said | more)


def step(desk: Desk, path: str, seen: dict[str, Any], do: str, **more: Any) -> TestResponse:
    fields = {"state": {"do": do}} | {name: {"set": value} for name, value in more.items()}
    headers = {"If-Match": f'"{seen["version"]}"'}
    return desk.call("PATCH", f"/api/v1/{path}/{seen['id']}", json={"fields": fields}, headers=headers)


def asked(house: House, subject: str, **more: Any) -> dict[str, Any]:
    answer = post(house.desk("zhang"), "erasures", WHY | {"subject": subject} | more)
    assert answer.status_code == 200, answer.text
    assert answer.json["outcome"]["status"] == "applied"
    return dict(answer.json["erasure"])


@pytest.fixture
def said(bureau: House) -> str:
    """A comment with a person's name and number in it."""
    finding = issue()
    words = comment(finding["record"])
    bureau.desk("li").push(WJ, finding, words)
    return str(words["record"])


def test_it_is_asked_granted_and_done(bureau: House, said: str) -> None:
    order = asked(bureau, said)
    assert (order["state"], order["held"]) == ("asked", False)
    assert order["people"]["author"]["name"] == "zhang某"
    answer = step(bureau.desk("qian"), "erasures", order, "grant")
    assert answer.status_code == 200 and answer.json["outcome"]["status"] == "applied", answer.text
    told = bureau.desk("zhang").get(f"/api/v1/erasures/{order['id']}")
    assert told["state"] == "done" and told["people"]["decided_by"]["name"] == "qian某"
    assert everywhere(bureau, SECRET.encode()) == []


def test_it_is_refused_with_a_note(bureau: House, said: str) -> None:
    order = asked(bureau, said)
    bare = step(bureau.desk("qian"), "erasures", order, "refuse")
    assert bare.json["outcome"]["why"] == "step-incomplete"
    order = bureau.desk("qian").get(f"/api/v1/erasures/{order['id']}")
    done = step(bureau.desk("qian"), "erasures", order, "refuse", note="法定保存期限未届满")
    assert done.json["erasure"]["state"] == "refused"
    assert body(bureau, said)["text"] == SECRET


def test_who_may_not_decide_does_not(bureau: House, said: str) -> None:
    order = asked(bureau, said)
    mine = step(bureau.desk("zhang"), "erasures", order, "grant")
    assert (mine.status_code, mine.json["code"]) == (403, "not-permitted"), mine.text
    by = bureau.desk("qian")
    own = post(by, "erasures", WHY | {"subject": said}).json["erasure"]
    assert step(by, "erasures", own, "grant").json["outcome"]["why"] == "same-person"
    bureau.person("ji", "auditor", WJ)
    looked = bureau.desk("ji").get("/api/v1/erasures")["items"]
    assert {one["id"] for one in looked} == {order["id"], own["id"]}
    refused = step(bureau.desk("ji"), "erasures", order, "grant")
    assert (refused.status_code, refused.json["code"]) == (403, "not-permitted")
    assert body(bureau, said)["text"] == SECRET


def test_a_lost_reply_is_asked_for_again_and_nothing_is_entered_twice(bureau: House, said: str) -> None:
    names = {"record": new_id(), "change": new_id()}
    one, two = (
        post(bureau.desk("zhang"), "erasures", WHY | {"subject": said}, **names).json for _ in range(2)
    )
    assert one["erasure"] == two["erasure"] and two["outcome"]["replay"]
    assert len(bureau.desk("zhang").get("/api/v1/erasures")["items"]) == 1


def test_under_a_hold_nothing_is_granted_until_it_is_lifted(bureau: House, said: str) -> None:
    zhang, qian = bureau.desk("zhang"), bureau.desk("qian")
    held = post(zhang, "holds", {"reason": "行政诉讼", "case_no": "(2026)京0105行初1号", "held_at": AT})
    assert held.status_code == 200, held.text
    order = asked(bureau, said)
    assert order["held"] is True
    stopped = step(qian, "erasures", order, "grant").json["outcome"]
    assert (stopped["status"], stopped["why"]) == ("parked", "legal-hold")
    assert body(bureau, said)["text"] == SECRET
    lifted = step(qian, "holds", held.json["hold"], "lift", note="判决已生效")
    assert lifted.json["hold"]["state"] == "lifted", lifted.text
    assert zhang.get("/api/v1/holds", query_string={"state": "held"})["items"] == []
    assert zhang.get(f"/api/v1/erasures/{order['id']}")["held"] is False
    order = qian.get(f"/api/v1/erasures/{order['id']}")
    assert step(qian, "erasures", order, "grant").json["outcome"]["status"] == "applied"
    assert everywhere(bureau, SECRET.encode()) == []


def test_lists_are_narrowed_paged_and_cost_the_same_however_long(bureau: House) -> None:
    li, findings = bureau.desk("li"), [issue() for _ in range(12)]
    li.push(WJ, *findings)
    for finding in findings:
        asked(bureau, finding["record"])
    desk, counted = bureau.desk("zhang"), []
    for limit in (2, 12):
        with bureau.statements() as statements:
            page = desk.get("/api/v1/erasures", query_string={"limit": limit})
        counted.append(len(statements))
    assert counted[0] == counted[1], counted
    seen, token = [], None
    while True:
        where = {"limit": 5, "dossier": WJ} | ({"page": token} if token else {})
        page = desk.get("/api/v1/erasures", query_string=where)
        seen += [one["id"] for one in page["items"]]
        token = page["next"]
        if token is None:
            break
    assert len(seen) == len(set(seen)) == 12 and seen == sorted(seen, reverse=True)
    about = desk.get("/api/v1/erasures", query_string={"subject": findings[3]["record"]})["items"]
    assert [one["body"]["subject"] for one in about] == [findings[3]["record"]]
    assert desk.get("/api/v1/erasures", query_string={"state": "done"})["items"] == []


def test_foreign_is_the_same_as_absent(bureau: House, said: str) -> None:
    order = asked(bureau, said)
    bureau.person("song", "supervisor", "project:wj-02")
    other = bureau.desk("song")
    assert other.get("/api/v1/erasures")["items"] == []
    for answer in (
        other.call("GET", f"/api/v1/erasures/{order['id']}"),
        step(other, "erasures", order, "grant"),
        post(bureau.desk("zhang"), "erasures", WHY | {"subject": new_id()}),
    ):
        assert (answer.status_code, answer.json["code"]) == (404, "not-found"), answer.text
    foreign = post(other, "erasures", WHY | {"subject": said})
    assert (foreign.status_code, foreign.json["code"]) == (404, "unknown-dossier")
    for who in ("li", "zhao"):  # an inspector, and who comes for a firm
        assert bureau.desk(who).call("GET", "/api/v1/erasures").status_code == 403
        assert bureau.desk(who).call("GET", "/api/v1/holds").status_code == 403


@pytest.mark.parametrize(
    "wrong", [{"subject": "x"}, {"subject": 7}, {"ground": {"set": "whim"}}, {"names": {"set": 3}}, {}]
)
def test_what_cannot_be_read_is_said_and_nothing_entered(
    bureau: House, said: str, wrong: dict[str, Any]
) -> None:
    fields = {name: {"set": value} for name, value in WHY.items()}
    fields |= {"subject": {"set": said}} if wrong else {}
    answer = post(bureau.desk("zhang"), "erasures", {}, fields=fields | wrong)
    assert (answer.status_code, answer.json["code"]) == (400, "malformed"), answer.text
    order = asked(bureau, said)
    blind = bureau.desk("qian").call(
        "PATCH", f"/api/v1/erasures/{order['id']}", json={"fields": {"state": {"do": "grant"}}}
    )
    assert (blind.status_code, blind.json["code"]) == (428, "version-required")
    assert [one["id"] for one in bureau.desk("zhang").get("/api/v1/erasures")["items"]] == [order["id"]]
