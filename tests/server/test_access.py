"""Who may do what: foreign is absent, roles end where they end, nothing is open by accident."""

import re

import pytest

from server.endpoint import ANYONE, OPERATIONS
from server.people import actions as people
from tests.support.house import House, accept, create, delete, issue, new_id, update

WJ = "project:wj-01"
FIRM = "party:91110105MA0XD00162"


@pytest.mark.parametrize("operation", [o for o in OPERATIONS if o.may != ANYONE], ids=lambda o: o.name)
def test_no_route_answers_without_a_token(house: House, operation) -> None:
    path = re.sub(r"<uuid:\w+>|<record>", new_id(), operation.rule)
    path = path.replace("<dossier>", WJ).replace("<upload>", "0" * 32)
    answer = house.app.test_client().open(path, method=operation.method)
    assert answer.status_code == 401
    forged = {"Authorization": "Bearer forged"}
    assert house.app.test_client().open(path, method=operation.method, headers=forged).status_code == 401


def test_a_push_to_a_foreign_dossier_is_answered_like_one_to_an_absent_one(site: House) -> None:
    stranger = site.desk("stranger")
    answers = stranger.exchange({WJ: [issue()], "project:none": [issue()]})["push"]
    for answer in answers:
        assert answer.pop("dossier")
        assert answer == {"error": "unknown-dossier", "status": 404, "remedy": "ask", "outcomes": []}


def test_a_foreign_issue_is_absent_on_every_door(site: House) -> None:
    made = issue()
    site.desk("li").push(WJ, made)
    stranger = site.desk("stranger")
    for record in (made["record"], new_id()):
        assert stranger.call("GET", f"/api/v1/issues/{record}").json["code"] == "not-found"
        patch = {"json": {"fields": {"title": {"set": "x"}}}, "headers": {"If-Match": '"2"'}}
        assert stranger.call("PATCH", f"/api/v1/issues/{record}", **patch).json["code"] == "not-found"
        history = f"/api/v1/dossiers/{WJ}/records/{record}/history"
        assert stranger.call("GET", history).json["code"] == "not-found"
    assert stranger.get("/api/v1/issues")["items"] == []
    verification = stranger.call("GET", f"/api/v1/dossiers/{WJ}/verification")
    absent = stranger.call("GET", "/api/v1/dossiers/project:none/verification")
    assert verification.status_code == absent.status_code == 404


def test_a_contractor_sees_only_what_was_told_to_the_firm(site: House) -> None:
    inner, told = issue(title="未下达"), issue(title="已下达", audience=FIRM)
    site.desk("li").push(WJ, inner, told)
    zhao = site.desk("zhao")
    assert [i["title"] for i in zhao.get("/api/v1/issues")["items"]] == ["已下达"]
    assert zhao.call("GET", f"/api/v1/issues/{inner['record']}").status_code == 404
    history = f"/api/v1/dossiers/{WJ}/records/{inner['record']}/history"
    assert zhao.call("GET", history).status_code == 404


def test_a_contractor_answers_but_does_not_confirm(site: House) -> None:
    told = issue(audience=FIRM)
    steps = [update("issue", told["record"], 0, {"state": {"do": s}}) for s in ("confirm", "issue")]
    site.desk("li").push(WJ, told, *steps)
    zhao = site.desk("zhao")
    receive, reply, passing = (
        update("issue", told["record"], 4, {"state": {"do": s}}) for s in ("receive", "reply", "pass")
    )
    outcomes = zhao.push(WJ, receive, reply, passing)
    assert [(o["status"], o["why"]) for o in outcomes[2:]] == [("parked", "not-permitted")]
    assert all(o["status"] in ("applied", "merged") for o in outcomes[:2])
    edit = update("issue", told["record"], 4, {"title": {"set": "已整改，请销号"}})
    [edited] = zhao.push(WJ, edit)
    assert (edited["status"], edited["why"]) == ("parked", "not-permitted")


def test_a_permitted_step_smuggles_no_forbidden_edit(site: House) -> None:
    told = issue(audience=FIRM)
    steps = [update("issue", told["record"], 0, {"state": {"do": s}}) for s in ("confirm", "issue")]
    site.desk("li").push(WJ, told, *steps)
    fields = {"state": {"do": "receive"}, "severity": {"set": "general"}, "due_on": {"set": "2030-01-01"}}
    [outcome] = site.desk("zhao").push(WJ, update("issue", told["record"], 4, fields))
    assert (outcome["status"], outcome["why"]) == ("parked", "not-permitted")
    assert "due_on" not in site.desk("li").get(f"/api/v1/issues/{told['record']}")["body"]


def test_a_record_that_is_not_seen_cannot_be_written_and_does_not_show_itself(site: House) -> None:
    inner = issue()
    site.desk("li").push(WJ, inner)
    zhao = site.desk("zhao")
    outcomes = zhao.push(
        WJ,
        update("issue", inner["record"], 2, {"state": {"do": "receive"}}),
        update("issue", new_id(), 2, {"state": {"do": "receive"}}),
    )
    assert [(o["status"], o["why"]) for o in outcomes] == [("parked", "unknown-record")] * 2


def test_no_reviewer_takes_for_a_firm_what_it_did_to_a_record_that_it_does_not_see(site: House) -> None:
    inner = issue(title="内部")
    site.desk("li").push(WJ, inner)
    changes = [update("issue", one, 2, {"title": {"set": "改"}}) for one in (inner["record"], new_id())]
    changes.append(update("extension", new_id(), 2, {"state": {"do": "grant"}}))
    site.desk("zhao").push(WJ, *changes)
    zhang = site.desk("zhang")
    waiting = zhang.get("/api/v1/conflicts")["items"]
    outcomes = zhang.push(WJ, *[accept(one) for one in waiting])
    assert [(o["status"], o["why"]) for o in outcomes] == [("invalid", "undecided-fields")] * 3
    assert zhang.get("/api/v1/conflicts")["items"] == waiting, "and nothing more waits than did"
    assert zhang.get(f"/api/v1/issues/{inner['record']}")["title"] == "内部"


def test_an_audience_must_be_one_of_the_kind_and_one_that_is_seen(site: House) -> None:
    li = site.desk("li")
    outcomes = li.push(WJ, issue(audience="public"), issue(audience="confidential"))
    assert [o["why"] for o in outcomes] == ["unknown-audience", "not-permitted"]


def test_an_administrator_holds_no_business_data(site: House) -> None:
    with pytest.raises(ValueError, match="office:cy alone"):
        site.person("chen", "administrator", WJ)
    site.person("chen", "administrator", "office:cy")
    chen = site.desk("chen")
    assert WJ not in chen.exchange(cursors={})["pull"]["granted"]
    for path in ("/api/v1/issues", "/api/v1/projects"):
        answer = chen.call("GET", path)
        assert (answer.status_code, answer.json["code"]) == (403, "not-permitted")
    assert chen.get("/api/v1/conflicts")["items"] == []
    saying = create("comment", {"subject": new_id(), "text": "x", "said_at": "2026-11-21T10:00:00Z"})
    [group] = chen.exchange({WJ: [saying]})["push"]
    assert group["error"] == "unknown-dossier"


def test_a_former_role_lends_nothing_to_the_present_one(site: House) -> None:
    """Once inspector, now contractor: what the inspector saw is not the contractor's to write."""
    inner = issue()
    steps = [update("issue", inner["record"], 0, {"state": {"do": s}}) for s in ("confirm", "issue")]
    site.desk("wang").push(WJ, inner, *steps)
    with site.app.app_context():
        people.end_post(site.people["li"], WJ)
    site.person("li", "contractor", WJ, firm="91110105MA0XD00162")
    site.clock.passes(seconds=1)
    saying = {"subject": inner["record"], "text": "x", "said_at": "2026-11-21T10:00:00Z"}
    outcomes = site.desk("li").push(
        WJ,
        create("comment", saying, audience="office"),
        update("issue", inner["record"], 4, {"state": {"do": "receive"}}),
    )
    assert [o["status"] for o in outcomes] == ["parked", "parked"]
    assert {o["why"] for o in outcomes} <= {"access-revoked", "not-permitted"}


def test_parked_work_on_a_confidential_record_stays_confidential(site: House) -> None:
    zhang, secret = site.desk("zhang"), issue(audience="confidential", title="举报线索")
    [first] = zhang.push(WJ, secret)
    zhang.push(WJ, delete("issue", secret["record"], first["version"]))
    late = update("issue", secret["record"], first["version"], {"title": "举报人姓名"})
    assert zhang.push(WJ, late)[0]["status"] == "parked"
    assert [i["body"]["why"] for i in zhang.get("/api/v1/conflicts")["items"]] == ["edit-vs-delete"]
    li = site.desk("li")
    assert li.get("/api/v1/conflicts")["items"] == []
    cursor = {"nonce": "n", "epoch": 1, "seq": 0, "floor": 0}
    answer = li.exchange(cursors={WJ: {"office": cursor}})["pull"]["dossiers"][WJ]
    assert answer["audiences"]["office"]["items"] == []


def test_projects_are_listed_by_audience(site: House) -> None:
    site.submit(WJ, create("project", {"name": "内部风险档案", "stage": "tender"}))
    assert [p["name"] for p in site.desk("zhao").get("/api/v1/projects")["items"]] == ["项目 wj-01"]
    assert len(site.desk("li").get("/api/v1/projects")["items"]) == 2


def test_one_id_in_two_dossiers_is_never_taken_for_the_other(site: House) -> None:
    mine, theirs = issue(title="我的"), issue(title="别人的")
    theirs["record"] = mine["record"]
    site.desk("stranger").push("project:wj-02", theirs)
    site.desk("li").push(WJ, mine)
    path = f"/api/v1/issues/{mine['record']}"
    assert site.desk("li").get(path)["title"] == "我的"
    site.person("both", "supervisor", WJ, "project:wj-02")
    both = site.desk("both")
    unclear = both.call("GET", path)
    assert (unclear.status_code, unclear.json["code"]) == (409, "ambiguous")
    assert unclear.json["details"]["dossiers"] == [WJ, "project:wj-02"]
    assert both.get(f"{path}?dossier={WJ}")["title"] == "我的"
    assert both.get(f"{path}?dossier=project:wj-02")["title"] == "别人的"
    patch = {"json": {"fields": {"part": {"set": "A"}}}, "headers": {"If-Match": '"2"'}}
    assert both.call("PATCH", path, **patch).json["code"] == "ambiguous"
    assert both.call("PATCH", f"{path}?dossier={WJ}", **patch).json["issue"]["title"] == "我的"


def test_the_history_that_a_contractor_reads_holds_no_office_work(site: House) -> None:
    told = issue(audience=FIRM)
    site.desk("li").push(WJ, told)
    zhang = site.desk("zhang")
    assert zhang.push(WJ, delete("comment", told["record"], 2))[0]["why"] == "kind-mismatch"
    path = f"/api/v1/dossiers/{WJ}/records/{told['record']}/history"
    assert [e["status"] for e in zhang.get(path)["items"]] == ["parked", "applied"]
    assert [e["status"] for e in site.desk("zhao").get(path)["items"]] == ["applied"]


def test_what_somebody_said_is_changed_by_nobody_else(site: House) -> None:
    saying = {"subject": new_id(), "text": "不同意", "said_at": "2026-11-21T10:00:00Z"}
    said = create("comment", saying)
    wang, li = site.desk("wang"), site.desk("li")
    wang.push(WJ, said)
    outcomes = li.push(
        WJ, update("comment", said["record"], 2, {"text": "同意"}), delete("comment", said["record"], 2)
    )
    assert [(o["status"], o["why"]) for o in outcomes] == [("parked", "not-permitted")] * 2
    assert wang.push(WJ, update("comment", said["record"], 2, {"text": "改口"}))[0]["status"] == "applied"


def test_a_contractor_writes_nothing_public(site: House) -> None:
    values = {"subject": new_id(), "sha256": "a" * 64, "size": 9, "mime": "image/jpeg"}
    photo = create("photo", values | {"taken_at": "2026-11-21T10:00:00Z"}, audience="public")
    [outcome] = site.desk("zhao").push(WJ, photo)
    assert (outcome["status"], outcome["why"]) == ("parked", "not-permitted")


def test_a_person_may_come_for_two_firms(site: House) -> None:
    site.person("zhao", "contractor", WJ, firm="91110105MA0XD06731")
    audiences = site.desk("zhao").exchange(cursors={})["pull"]["granted"][WJ]["audiences"]
    assert audiences == ["party:91110105MA0XD00162", "party:91110105MA0XD06731", "public"]
