"""Taking parked work is no way round: what a push may not do, no reviewer's word does. It stays one piece."""

from typing import Any

import orjson
import pytest

from server import transaction
from server.people import actions as people
from sync import history
from tests.support.house import Desk, House, accept, create, decide, delete, issue, new_id, update

WJ = "project:wj-01"
HOLD = {"reason": "诉讼", "held_at": "2026-11-22T08:00:00+08:00"}
COMMENT = {"text": "已核对", "said_at": "2026-11-21T10:00:00+08:00"}


def inbox(site: House) -> list[dict[str, Any]]:
    return site.desk("zhang").get("/api/v1/conflicts")["items"]


def leave(site: House, name: str, why: str = "access-revoked") -> None:
    """Their post here ends."""
    with site.app.app_context():
        people.end_post(site.people[name], WJ, why)
    site.clock.passes(seconds=1)


def head(site: House, change: str) -> dict[str, Any]:
    """The entry of a change, after the whole journal has proved itself."""
    with site.app.app_context(), transaction.reading() as conn:
        assert history.verify(conn, WJ).fault is None
        headers = [orjson.loads(e.bytes) for e in history.entries(conn, WJ)]
    return next(h for h in headers if h["change"] == change)


def refused(site: House, why: str) -> dict[str, Any]:
    """Zhang takes the one piece that waits, and is told why not; the piece as it waits on."""
    [before] = inbox(site)
    [outcome] = site.desk("zhang").push(WJ, accept(before))
    told = {n: outcome[n] for n in ("status", "why", "remedy", "conflict")}
    assert told == {"status": "parked", "why": why, "remedy": "ask", "conflict": before["record"]}
    [after] = inbox(site)
    assert (after["record"], after["version"]) == (before["record"], outcome["seq"])
    assert after["body"]["change"] == before["body"]["change"]
    return after["body"]


def test_work_that_cannot_be_taken_waits_on_as_one_piece_with_the_newest_reason(site: House) -> None:
    li, zhang, made = site.desk("li"), site.desk("zhang"), issue()
    [first] = li.push(WJ, made)
    leave(site, "li")
    late = update("issue", made["record"], first["version"], {"part": "东侧"})
    assert li.push(WJ, late)[0]["why"] == "access-revoked"
    [gone] = zhang.push(WJ, delete("issue", made["record"], first["version"]))
    [parked] = inbox(site)
    taken = accept(parked)
    [outcome] = zhang.push(WJ, taken)
    assert (outcome["status"], outcome["why"]) == ("parked", "edit-vs-delete")
    [waits] = inbox(site)
    assert (waits["record"], waits["body"]["why"]) == (late["id"], "edit-vs-delete")
    assert waits["body"]["first_why"] == "access-revoked"
    # The reply was lost: the same again is the same answer, and nothing more is entered.
    assert zhang.push(WJ, taken) == [outcome | {"replay": True}]
    entry = head(site, taken["id"])
    assert (entry["op"], entry["record"], entry["actor"]) == ("resolve", late["id"], site.people["zhang"])
    assert inbox(site) == [waits]
    back = delete("issue", made["record"], gone["version"]) | {"op": "undelete"}
    again = [accept(waits), accept(waits)]
    assert [o["status"] for o in zhang.push(WJ, back, *again)] == ["applied", "applied", "noop"]
    assert zhang.get(f"/api/v1/issues/{made['record']}")["body"]["part"] == "东侧" and inbox(site) == []


def test_its_author_is_told_the_newest_reason(site: House) -> None:
    li, made = site.desk("li"), issue()
    [first] = li.push(WJ, made)
    leave(site, "li")
    li.push(WJ, update("issue", made["record"], first["version"], {"part": "东侧"}))
    site.desk("zhang").push(WJ, delete("issue", made["record"], first["version"]))
    refused(site, "edit-vs-delete")
    own = f"person:{li.person}"
    told = li.exchange(cursors={own: {"field": {"nonce": "n", "epoch": 1, "seq": 0, "floor": 0}}})
    items = told["pull"]["dossiers"][own]["audiences"]["field"]["items"]
    assert [(i["body"]["why"], i["body"]["open"]) for i in items] == [("edit-vs-delete", True)]


def forged(site: House) -> dict[str, Any]:
    """Parked work that nobody sent, in Wang's name."""
    body = {"target": new_id(), "target_kind": "issue", "why": "access-revoked", "open": True}
    body |= {
        "change": {"set": issue(title="冒名")},
        "actor": site.people["wang"],
        "device": "x",
        "grants": [],
    }
    return create(
        "parked", body | {"captured_at": "2026-11-21T08:00:00.000Z", "flags": []}, audience="office"
    )


def test_no_reviewer_lets_somebody_write_what_the_house_alone_writes(site: House) -> None:
    assert site.desk("li").push(WJ, forged(site))[0]["why"] == "not-permitted"
    refused(site, "not-permitted")


def test_no_reviewer_lets_somebody_change_what_another_said(site: House) -> None:
    said = create("comment", COMMENT | {"subject": new_id()})
    [first] = site.desk("wang").push(WJ, said)
    edit = update("comment", said["record"], first["version"], {"text": "未核对"})
    assert site.desk("li").push(WJ, edit)[0]["why"] == "not-permitted"
    refused(site, "not-permitted")


def test_a_right_that_has_ended_hides_none_that_there_never_was(site: House) -> None:
    """A change of two verbs, of which the first was once allowed: a reviewer goes by the graver reason."""
    made = issue(audience="party:91110105MA0XD00162")
    [first] = site.desk("wang").push(WJ, made)
    site.person("he", "contractor", WJ, firm="91110105MA0XD00162")
    he = site.desk("he")
    leave(site, "he")
    both = {"state": {"do": "reply"}, "title": "已整改"}
    [outcome] = he.push(WJ, update("issue", made["record"], first["version"], both))
    assert (outcome["status"], outcome["why"]) == ("parked", "not-permitted")


def test_taken_work_keeps_the_time_at_which_it_was_done(site: House) -> None:
    """The reviewer's clock is two hours slow, and says nothing about the author's."""
    li, zhang, late = site.desk("li"), site.desk("zhang"), issue()
    leave(site, "li")
    li.push(WJ, late)
    [parked] = inbox(site)
    taken = accept(parked)
    slow = zhang.exchange({WJ: [taken]}, sent_at="2026-11-21T23:00:00.000Z")
    assert slow["push"][0]["outcomes"][0]["status"] == "applied"
    told = head(site, taken["id"])
    assert (told["captured_at"], told["flags"]) == (parked["body"]["captured_at"], parked["body"]["flags"])


@pytest.mark.parametrize("deed", ["resolve", "undelete"])
def test_a_slow_clock_gives_no_reviewer_a_right_that_has_ended(site: House, deed: str) -> None:
    """The moment that counts is the estimate of when it was decided, not what the device claims."""
    li, made = site.desk("li"), issue()
    site.person("he", "supervisor", WJ)
    he = site.desk("he")
    [first] = li.push(WJ, made)
    site.clock.passes(hours=1)
    claimed = "2026-11-22T01:30:00.000Z"
    gone = delete("issue", made["record"], first["version"])
    [one] = li.push(WJ, gone)
    assert one["status"] == "applied"
    leave(site, "li")
    li.push(WJ, issue())
    [parked] = inbox(site)
    leave(site, "he", "re-assigned")  # at two o'clock
    site.clock.passes(hours=1)
    changes = {
        "resolve": accept(parked) | {"at": claimed},
        "undelete": delete("issue", made["record"], one["version"]) | {"op": "undelete", "at": claimed},
    }
    sent = "2026-11-22T01:30:00.000Z"  # it is three: the clock is an hour and a half slow
    [outcome] = he.exchange({WJ: [changes[deed]]}, sent_at=sent)["push"][0]["outcomes"]
    assert (outcome["status"], outcome["why"]) == ("parked", "re-assigned")


def disputed(site: House, one: Desk, other: Desk, change: dict[str, Any], values: tuple[Any, Any]) -> Any:
    """Two people say different things of `change`'s record; the conflict."""
    record, fields = change["record"], [v if isinstance(v, dict) else {"name": v} for v in values]
    version = change["base"]["version"]
    for desk, said in ((one, fields[0]), (other, fields[1])):
        desk.push(WJ, update(change["kind"], record, version, said, atomic=True))
    return next(i for i in inbox(site) if i["kind"] == "conflict")


def test_a_third_value_needs_the_right_to_write_the_record(site: House) -> None:
    """Inspectors decide conflicts, and only read projects: they choose, and do not write."""
    site.person("he", "supervisor", WJ)
    li, zhang = site.desk("li"), site.desk("zhang")
    [project] = [p for p in zhang.get("/api/v1/projects")["items"] if p["dossier"] == WJ]
    about = update("project", project["id"], project["version"], {})
    found = disputed(site, zhang, site.desk("he"), about, ("望京一期", "望京二期"))
    ask = (found["record"], found["version"])
    [own] = li.push(WJ, decide("conflict", *ask, {"name": {"set": "李的工程"}}))
    assert (own["status"], own["why"]) == ("parked", "not-permitted")
    [picked] = li.push(WJ, decide("conflict", *ask, {"name": {"pick": "current"}}))
    assert picked["status"] == "applied"


def test_a_note_that_lost_is_taken_as_its_authors_and_nothing_else_becomes_one(site: House) -> None:
    li, wang, zhang, made = site.desk("li"), site.desk("wang"), site.desk("zhang"), issue()
    [first] = li.push(WJ, made)
    note = {"notes": {"append": [{"id": new_id(), "text": "夜间复看"}]}}
    about = update("issue", made["record"], first["version"], {})
    found = disputed(site, li, wang, about, ({"title": "甲"}, {"title": "乙"} | note))
    [late] = found["body"]["fields"]["notes"]["candidates"]
    ask, stands = (found["record"], found["version"]), {"title": {"pick": "current"}}
    for wrong in ({"text": "不是文字"}, 7, "", None):
        [outcome] = zhang.push(WJ, decide("conflict", *ask, stands | {"notes": {"set": wrong}}))
        assert (outcome["status"], outcome["why"]) == ("invalid", "invalid-fields"), wrong
    [outcome] = zhang.push(WJ, decide("conflict", *ask, stands | {"notes": {"pick": late["change"]}}))
    assert outcome["status"] == "applied"
    [kept] = zhang.get(f"/api/v1/issues/{made['record']}")["body"]["notes"]
    assert (kept["text"], kept["by"]) == ("夜间复看", wang.person)


def test_taking_one_piece_leaves_the_next_change_its_own_facts(site: House) -> None:
    li, zhang, made = site.desk("li"), site.desk("zhang"), issue()
    li.push(WJ, made)
    leave(site, "li")
    asked = {"until": "2026-12-01", "reason": "雨", "asked_at": "2026-11-22T01:00:00Z"}
    li.push(WJ, create("extension", asked | {"subject": made["record"]}))
    [parked] = inbox(site)
    stray = create("extension", asked | {"subject": new_id()})
    outcomes = zhang.push(WJ, accept(parked), stray)
    assert [(o["status"], o["why"]) for o in outcomes] == [("applied", None), ("parked", "unknown-subject")]


def test_a_decision_makes_no_record_larger_than_a_push_may(site: House, monkeypatch: Any) -> None:
    li, zhang, made = site.desk("li"), site.desk("zhang"), issue()
    [first] = li.push(WJ, made)
    about = update("issue", made["record"], first["version"], {})
    found = disputed(site, li, site.desk("wang"), about, ({"title": "甲"}, {"title": "乙"}))
    monkeypatch.setattr("sync.decisions.RECORD_BYTES", 100)
    third = {"title": {"set": "丙" * 20}}
    [outcome] = zhang.push(WJ, decide("conflict", found["record"], found["version"], third))
    assert (outcome["status"], outcome["why"]) == ("parked", "cap-reached")
    assert zhang.get(f"/api/v1/issues/{made['record']}")["title"] == "甲"


def test_what_somebody_does_not_see_is_unknown_to_them_in_a_closed_project_too(site: House) -> None:
    zhang, inner = site.desk("zhang"), issue(title="内部")
    [first] = zhang.push(WJ, inner)
    [project] = [p for p in zhang.get("/api/v1/projects")["items"] if p["dossier"] == WJ]
    zhang.push(WJ, update("project", project["id"], project["version"], {"stage": "ended"}))
    site.clock.passes(hours=1)
    edit = update("issue", inner["record"], first["version"], {"title": "改"}, at="2026-11-22T01:30:00.000Z")
    [outcome] = site.desk("zhao").push(WJ, edit)
    assert (outcome["status"], outcome["why"]) == ("parked", "unknown-record")


def test_what_the_house_sent_is_taken_as_the_houses(site: House) -> None:
    zhang, made = site.desk("zhang"), issue()
    [first] = zhang.push(WJ, made)
    [gone] = zhang.push(WJ, delete("issue", made["record"], first["version"]))
    noted = update("issue", made["record"], first["version"], {"issued_by": zhang.person})
    assert site.submit(WJ, noted)[0]["why"] == "edit-vs-delete"
    [parked] = inbox(site)
    back = delete("issue", made["record"], gone["version"]) | {"op": "undelete"}
    assert [o["status"] for o in zhang.push(WJ, back, accept(parked))] == ["applied", "applied"]
    assert zhang.get(f"/api/v1/issues/{made['record']}")["body"]["issued_by"] == zhang.person


def test_a_closed_project_hides_no_right_that_there_never_was(site: House) -> None:
    """Nobody had been asked whether the author might; so the reviewer's word asks it."""
    zhang = site.desk("zhang")
    [project] = [p for p in zhang.get("/api/v1/projects")["items"] if p["dossier"] == WJ]
    zhang.push(WJ, update("project", project["id"], project["version"], {"stage": "ended"}))
    site.clock.passes(hours=1)
    said = create("comment", COMMENT | {"subject": new_id()}, at="2026-11-22T01:30:00.000Z")
    outcome = site.desk("zhao").push(WJ, said | {"audience": "confidential"})[0]
    assert outcome["why"] == "project-closed"
    [parked] = inbox(site)
    assert site.desk("zhang").push(WJ, accept(parked))[0]["status"] == "applied", "as Zhang might write it"
    both = [issue(audience="party:91110105MA0XD00162"), create("hold", HOLD, audience="office")]
    late = [one | {"at": "2026-11-22T01:30:00.000Z"} for one in both]
    assert {o["why"] for o in site.desk("zhao").push(WJ, *late)} == {"project-closed"}
    taken = zhang.push(WJ, *[accept(one) for one in inbox(site)])
    assert {(o["status"], o["why"]) for o in taken} == {("applied", None), ("parked", "unknown-audience")}
