"""A named person decides: which value stands, whether late work is taken, what is undeleted."""

from typing import Any

from server.people import actions as people
from tests.support.house import Desk, House, accept, decide, delete, issue, new_id, update

WJ = "project:wj-01"


def body(desk: Desk, record: str) -> dict[str, Any]:
    return desk.get(f"/api/v1/issues/{record}")["body"]


def inbox(site: House) -> list[dict[str, Any]]:
    return site.desk("zhang").get("/api/v1/conflicts")["items"]


def conflict(site: House, **fields: tuple[Any, Any]) -> tuple[str, dict[str, Any], str]:
    """An issue on which Li and Wang disagree; its id, the conflict, and Wang's change."""
    li, wang, made = site.desk("li"), site.desk("wang"), issue()
    [first] = li.push(WJ, made)
    li.push(WJ, update("issue", made["record"], first["version"], {n: v[0] for n, v in fields.items()}))
    late = update("issue", made["record"], first["version"], {n: v[1] for n, v in fields.items()})
    wang.push(WJ, late)
    return made["record"], inbox(site)[0], late["id"]


def test_a_reviewer_picks_a_candidate_keeps_the_current_or_writes_a_third(site: House) -> None:
    record, found, late = conflict(site, title=("甲", "乙"), part=("A", "B"), code=("1", "2"))
    fields = {"title": {"pick": late}, "part": {"pick": "current"}, "code": {"set": "3"}}
    zhang = site.desk("zhang")
    [outcome] = zhang.push(WJ, decide("conflict", found["record"], found["version"], fields))
    assert (outcome["status"], outcome["conflict"]) == ("applied", found["record"])
    told = body(zhang, record)
    assert (told["title"], told["part"], told["code"]) == ("乙", "A", "3")
    assert inbox(site) == []
    newest = zhang.get(f"/api/v1/dossiers/{WJ}/records/{record}/history")["items"][0]
    assert (newest["op"], newest["after"]) == ("resolve", {"title": "乙", "code": "3"})
    assert newest["reason"] == "现场核实" and newest["decision"]["part"] == {"pick": "current"}
    proof = zhang.get(f"/api/v1/dossiers/{WJ}/verification")
    assert proof["fault"] is None


def test_a_graver_value_stands_is_called_current_and_may_be_confirmed_or_lowered(site: House) -> None:
    record, found, _late = conflict(site, severity=("serious", "major"))
    field = found["body"]["fields"]["severity"]
    assert field["current"]["value"] == "major"
    [outranked] = field["overwritten"]
    assert outranked["value"] == "serious"
    zhang = site.desk("zhang")
    assert body(zhang, record)["severity"] == "major"
    lower = {"severity": {"pick": str(outranked["seq"])}}
    zhang.push(WJ, decide("conflict", found["record"], found["version"], lower))
    assert body(zhang, record)["severity"] == "serious"


def test_the_decided_conflict_and_its_values_stay_for_ever(site: House) -> None:
    _record, found, late = conflict(site, title=("甲", "乙"))
    zhang = site.desk("zhang")
    zhang.push(WJ, decide("conflict", found["record"], found["version"], {"title": {"pick": late}}))
    cursor = {"nonce": "n", "epoch": 1, "seq": 0, "floor": 0}
    page = zhang.exchange(cursors={WJ: {"field": cursor}})["pull"]["dossiers"][WJ]["audiences"]["field"]
    [kept] = [i["body"] for i in page["items"] if i["record"] == found["record"]]
    assert kept["open"] is False and kept["decision"]["reason"] == "现场核实"
    assert kept["fields"]["title"]["candidates"][0]["value"] == "乙"
    assert kept["decision"]["by"] == zhang.person


def test_if_the_record_moved_since_the_reviewer_looked_the_question_stands_with_the_new_value(
    site: House,
) -> None:
    record, found, late = conflict(site, title=("甲", "乙"))
    li = site.desk("li")
    li.push(WJ, update("issue", record, found["version"], {"title": "丙"}))
    decision = decide("conflict", found["record"], found["version"], {"title": {"pick": late}})
    [outcome] = site.desk("zhang").push(WJ, decision)
    assert (outcome["status"], outcome["why"]) == ("conflict", "moved-meanwhile")
    assert body(li, record)["title"] == "丙"
    [still] = inbox(site)
    field = still["body"]["fields"]["title"]
    assert field["current"]["value"] == "丙" and field["overwritten"][0]["value"] == "甲"


def test_a_decision_must_answer_every_field_with_a_value_the_kind_can_take(site: House) -> None:
    _record, found, late = conflict(site, title=("甲", "乙"), severity=("serious", "general"))
    zhang = site.desk("zhang")
    for fields, why in (
        ({"title": {"pick": late}}, "undecided-fields"),
        ({"title": {"pick": late}, "severity": {"set": "terrible"}}, "invalid-fields"),
        ({"title": {"pick": new_id()}, "severity": {"pick": "current"}}, "no-such-candidate"),
    ):
        [outcome] = zhang.push(WJ, decide("conflict", found["record"], found["version"], fields))
        assert (outcome["status"], outcome["why"], outcome["remedy"]) == ("invalid", why, "repair")
    assert any(i["record"] == found["record"] for i in inbox(site))


def test_a_contractor_decides_nothing_and_an_inspector_reviews_no_parked_work(site: House) -> None:
    _record, found, late = conflict(site, title=("甲", "乙"))
    decision = decide("conflict", found["record"], found["version"], {"title": {"pick": late}})
    [outcome] = site.desk("zhao").push(WJ, decision)
    assert outcome["status"] == "parked"
    [parked] = [i for i in inbox(site) if i["kind"] == "parked"]
    assert site.desk("li").push(WJ, accept(parked))[0]["why"] == "not-permitted"


def ghost(site: House) -> tuple[dict[str, Any], dict[str, Any]]:
    """Li loses the post with a finding in the pocket; the change and the parked record."""
    li, late = site.desk("li"), issue(title="地下室渗水")
    with site.app.app_context():
        people.end_post(li.person, WJ)
    site.clock.passes(seconds=1)
    assert li.push(WJ, late)[0]["why"] == "access-revoked"
    [parked] = inbox(site)
    return late, parked


def test_late_work_that_is_accepted_counts_as_its_authors(site: House) -> None:
    late, parked = ghost(site)
    zhang = site.desk("zhang")
    taken = accept(parked)
    assert zhang.push(WJ, taken)[0]["status"] == "applied"
    told = body(zhang, late["record"])
    assert told["title"] == "地下室渗水" and told["found_by"] == site.people["li"]
    assert inbox(site) == []
    assert zhang.push(WJ, taken | {"id": new_id()})[0]["status"] == "noop"
    assert zhang.get(f"/api/v1/dossiers/{WJ}/verification")["fault"] is None


def test_late_work_that_is_returned_stays_with_the_reason(site: House) -> None:
    late, parked = ghost(site)
    back = decide("parked", parked["record"], parked["version"], {"decision": {"set": "return"}})
    zhang = site.desk("zhang")
    assert zhang.push(WJ, back)[0]["status"] == "applied"
    assert inbox(site) == []
    assert zhang.call("GET", f"/api/v1/issues/{late['record']}").status_code == 404


def test_a_deleted_record_comes_back_only_by_a_supervisor(site: House) -> None:
    li, made = site.desk("li"), issue(title="误删")
    [first] = li.push(WJ, made)
    li.push(WJ, delete("issue", made["record"], first["version"]))
    back = delete("issue", made["record"], 3) | {"op": "undelete"}
    assert li.push(WJ, back)[0]["why"] == "not-permitted"
    zhang = site.desk("zhang")
    assert zhang.push(WJ, back | {"id": new_id()})[0]["status"] == "applied"
    assert body(li, made["record"])["title"] == "误删"
    assert zhang.get(f"/api/v1/dossiers/{WJ}/verification")["fault"] is None


def accepted(site: House, parked: dict[str, Any]) -> dict[str, Any]:
    return site.desk("zhang").push(WJ, accept(parked))[0]


def parked_edit(site: House, fields: dict[str, Any], theirs: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """Li's edit of an issue of the office comes after Li has lost the post, and after Wang's edit."""
    site.person("li", "inspector", WJ)
    li, wang, made = site.desk("li"), site.desk("wang"), issue(audience="office", tags={"add": ["临边"]})
    [first] = li.push(WJ, made)
    wang.push(WJ, update("issue", made["record"], first["version"], theirs))
    with site.app.app_context():
        people.end_post(li.person, WJ)
    site.clock.passes(seconds=1)
    li.push(WJ, update("issue", made["record"], first["version"], fields))
    return made["record"], next(i for i in inbox(site) if i["kind"] == "parked")


def test_what_was_taken_reaches_every_device_in_one_seq_and_no_page_splits_it(site: House) -> None:
    record, parked = parked_edit(site, {"title": "乙", "part": "A"}, {"title": "甲"})
    outcome = accepted(site, parked)
    assert outcome["status"] == "conflict"
    site.desk("wang").push(WJ, issue(audience="office"))
    cursor = {"nonce": "n", "epoch": 1, "seq": parked["version"], "floor": 1}
    pull = {"limit": 1, "cursors": {WJ: {"office": cursor}}}
    page = site.desk("zhang").exchange(pull=pull)["pull"]["dossiers"][WJ]["audiences"]["office"]
    versions = {i["record"]: i["version"] for i in page["items"]}
    assert page["more"] is True
    assert versions == dict.fromkeys((record, outcome["conflict"], parked["record"]), outcome["seq"])


def test_late_work_that_loses_joins_the_question_that_is_open(site: House) -> None:
    record, parked = parked_edit(site, {"title": "乙"}, {"title": "甲"})
    site.desk("zhang").push(WJ, update("issue", record, 2, {"title": "丙"}))
    accepted(site, parked)
    [question] = inbox(site)
    values = [c["value"] for c in question["body"]["fields"]["title"]["candidates"]]
    assert values == ["丙", "乙"]


def test_late_work_takes_off_the_tags_that_its_author_had_seen(site: House) -> None:
    gone = {"tags": {"add": [], "remove": ["临边", "洞口"]}}
    record, parked = parked_edit(site, gone, {"tags": {"add": ["洞口"], "remove": []}})
    accepted(site, parked)
    assert body(site.desk("zhang"), record)["tags"] == ["洞口"]


def test_a_decision_that_was_parked_is_made_anew(site: House) -> None:
    record, found, late = conflict(site, title=("甲", "乙"))
    zhang = site.desk("zhang")
    zhang.push(WJ, delete("issue", record, found["version"] - 1))
    decision = decide("conflict", found["record"], found["version"], {"title": {"pick": late}})
    assert zhang.push(WJ, decision)[0]["why"] == "edit-vs-delete"
    outcome = accepted(site, next(i for i in inbox(site) if i["kind"] == "parked"))
    assert (outcome["status"], outcome["why"], outcome["remedy"]) == ("invalid", "undecided-fields", "repair")


def test_late_work_that_brings_something_back_brings_it_back(site: House) -> None:
    li, made = site.desk("li"), issue()
    [first] = li.push(WJ, made)
    li.push(WJ, delete("issue", made["record"], first["version"]))
    li.push(WJ, delete("issue", made["record"], 3) | {"op": "undelete"})
    [parked] = inbox(site)
    assert accepted(site, parked)["status"] == "applied"
    assert body(li, made["record"])["title"] == made["fields"]["title"]["set"]


def test_one_request_may_open_a_question_and_decide_it(site: House) -> None:
    li, zhang, made = site.desk("li"), site.desk("zhang"), issue()
    [first] = li.push(WJ, made)
    li.push(WJ, update("issue", made["record"], first["version"], {"title": "甲"}))
    late = update("issue", made["record"], first["version"], {"title": "乙"})
    mine = decide("conflict", late["id"], 4, {"title": {"pick": late["id"]}})
    assert [o["status"] for o in zhang.push(WJ, late, mine)] == ["conflict", "applied"]
    assert inbox(site) == [] and body(li, made["record"])["title"] == "乙"


def test_late_work_on_a_deleted_record_is_taken_once_the_record_is_back(site: House) -> None:
    li, zhang, made = site.desk("li"), site.desk("zhang"), issue()
    [first] = li.push(WJ, made)
    zhang.push(WJ, delete("issue", made["record"], first["version"]))
    li.push(WJ, update("issue", made["record"], first["version"], {"part": "东侧"}))
    [parked] = inbox(site)
    too_soon = accepted(site, parked)
    assert (too_soon["status"], too_soon["why"], too_soon["remedy"]) == ("parked", "edit-vs-delete", "ask")
    assert too_soon["conflict"] == parked["record"]
    assert [i["record"] for i in inbox(site)] == [parked["record"]], "the question stands, and only once"
    back = decide("issue", made["record"], parked["version"], {}) | {"op": "undelete"}
    del back["fields"]
    assert zhang.push(WJ, back)[0]["status"] == "applied"
    assert accepted(site, parked)["status"] in ("applied", "merged")
    assert body(zhang, made["record"])["part"] == "东侧" and inbox(site) == []


def test_of_a_chain_of_parked_edits_the_one_that_is_taken_brings_only_what_it_did(site: House) -> None:
    """Found by the simulator (seed 102054): the author's earlier edit waits for its own decision."""
    li, wang, zhang = site.desk("li"), site.desk("wang"), site.desk("zhang")
    made = issue(description="二层已拆除")
    [first] = li.push(WJ, made)
    wang.push(WJ, update("issue", made["record"], first["version"], {"description": "二层已氇除"}))
    with site.app.app_context():
        people.end_post(li.person, WJ)
    site.clock.passes(seconds=1)
    one = update("issue", made["record"], first["version"], {"description": "二恩层已拆除"})
    two = update(
        "issue", made["record"], first["version"], {"description": "二恩层已拆除薔"}, after=one["id"]
    )
    li.push(WJ, one, two)
    parked = {i["record"]: i for i in inbox(site)}
    accepted(site, parked[two["id"]])
    assert body(zhang, made["record"])["description"] == "二层已氇除薔"
    accepted(site, parked[one["id"]])
    assert body(zhang, made["record"])["description"] == "二恩层已氇除薔"
