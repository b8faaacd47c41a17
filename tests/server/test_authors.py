"""What became of one's work reaches its author in their own dossier, whatever posts they still hold."""

from typing import Any

from server import transaction
from server.people import actions as people
from server.traces.followers import catch_up
from sync import history
from tests.support.house import Desk, House, issue, new_id, update

WJ = "project:wj-01"
CURSOR = {"nonce": "n", "epoch": 1, "seq": 0, "floor": 0}


def told(desk: Desk) -> list[Any]:
    """What stands in the person's own dossier."""
    mine = f"person:{desk.person}"
    answer = desk.exchange(cursors={mine: {"field": CURSOR}})["pull"]
    page = answer["dossiers"].get(mine, {"audiences": {"field": {"items": []}}})["audiences"]["field"]
    return [item["body"] for item in page["items"]]


def lose(site: House) -> tuple[Desk, dict[str, Any], str]:
    """Wang's title loses against Li's."""
    li, wang, made = site.desk("li"), site.desk("wang"), issue()
    [first] = li.push(WJ, made)
    li.push(WJ, update("issue", made["record"], first["version"], {"title": "有裂缝"}))
    late = update("issue", made["record"], first["version"], {"title": "完好"})
    [outcome] = wang.push(WJ, late)
    assert outcome["status"] == "conflict"
    return wang, late, outcome["conflict"]


def decided(conflict: str, version: int, **more: Any) -> dict[str, Any]:
    return {
        "id": new_id(),
        "n": 1,
        "op": "resolve",
        "record": conflict,
        "base": {"version": version, "epoch": 1},
        "at": "2026-11-22T01:00:00.000Z",
    } | more


def test_who_lost_is_told_at_once_and_again_when_it_is_decided(site: House) -> None:
    wang, late, conflict = lose(site)
    [mirror] = told(wang)
    assert mirror["open"] and mirror["home"] == WJ and mirror["home_record"] == conflict
    assert mirror["fields"]["title"]["current"]["value"] == "有裂缝"
    fields = {"title": {"pick": late["id"]}}
    decision = decided(conflict, mirror["home_version"], kind="conflict", fields=fields, reason="现场核实")
    assert site.desk("zhang").push(WJ, decision)[0]["status"] == "applied"
    [mirror] = told(wang)
    assert not mirror["open"] and mirror["decision"]["reason"] == "现场核实"
    assert told(site.desk("zhao")) == []


def test_whose_work_was_returned_is_told_why_though_they_hold_nothing_any_more(site: House) -> None:
    li = site.desk("li")
    with site.app.app_context():
        people.end_post(li.person, WJ)
    site.clock.passes(seconds=1)
    made = issue()
    [outcome] = li.push(WJ, made)
    assert outcome["status"] == "parked"
    [mirror] = told(li)
    assert mirror["why"] == "access-revoked" and mirror["change"] == made
    fields = {"decision": {"set": "return"}}
    back = decided(made["id"], mirror["home_version"], kind="parked", fields=fields, reason="不属本所")
    assert site.desk("zhang").push(WJ, back)[0]["status"] == "applied"
    [mirror] = told(li)
    assert mirror["decision"]["reason"] == "不属本所" and mirror["decision"]["what"] == {"decision": "return"}


def test_who_may_no_longer_read_the_record_sees_only_their_own_value(site: House) -> None:
    wang, _late, conflict = lose(site)
    with site.app.app_context():
        people.end_post(wang.person, WJ)
    site.clock.passes(seconds=1)
    version = told(wang)[0]["home_version"]
    fields = {"title": {"set": "一条细裂缝"}}
    decision = decided(conflict, version, kind="conflict", fields=fields, reason="复核")
    site.desk("zhang").push(WJ, decision)
    [mirror] = told(wang)
    assert [c["value"] for c in mirror["fields"]["title"]["candidates"]] == ["完好"]
    assert "current" not in mirror["fields"]["title"] and mirror["decision"]["reason"] == "复核"
    assert mirror["decision"]["what"] == {} and "一条细裂缝" not in str(mirror), "it is not theirs"


def test_what_a_crash_left_untold_is_told_later_and_once(site: House, monkeypatch: Any) -> None:
    monkeypatch.setattr(site.app.extensions["office"], "followers", {})  # the process died after the commit
    wang, _late, _conflict = lose(site)
    assert told(wang) == []
    with site.app.app_context():
        assert catch_up() == 1
        assert catch_up() == 0
    [mirror] = told(wang)
    assert mirror["open"]
    with site.app.app_context(), transaction.reading() as conn:
        proof = history.verify(conn, f"person:{wang.person}")
    assert proof.fault is None and proof.entries == 1


def test_ones_own_dossier_is_written_by_nobody_and_read_by_nobody_else(site: House) -> None:
    wang, _late, _conflict = lose(site)
    mine = f"person:{wang.person}"
    for desk in (wang, site.desk("zhang")):
        group = desk.exchange({mine: [issue()]})["push"][0]
        assert group["error"] == "unknown-dossier"
    answer = site.desk("zhang").exchange(cursors={mine: {"field": CURSOR}})["pull"]
    assert answer["gone"] == [mine]
    assert len(site.desk("zhang").get("/api/v1/conflicts")["items"]) == 1  # the mirror is no second one
