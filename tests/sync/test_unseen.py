"""What somebody has not seen, nobody removes: not by a deletion, not by rote."""

from typing import Any

import pytest

from server import transaction
from server.office import office
from tests.support.house import Desk, House, decide, delete, issue, new_id, update

WJ = "project:wj-01"


def body_of(desk: Desk, record: str) -> dict[str, Any]:
    return desk.get(f"/api/v1/issues/{record}")["body"]


def note(text: str) -> dict[str, Any]:
    return {"append": [{"id": new_id(), "text": text}]}


@pytest.mark.parametrize(
    ("theirs", "mine"),
    [
        ({"notes": note("他人所记")}, {"notes": note("自己所记")}),
        ({"tags": {"add": ["临边"], "remove": []}}, {"tags": {"add": ["洞口"], "remove": []}}),
        ({"state": {"do": "confirm"}}, {"state": {"do": "issue"}}),
    ],
    ids=["note", "tag", "step"],
)
def test_a_deletion_after_an_own_addition_does_not_take_what_others_added_unseen(
    site: House, theirs: dict[str, Any], mine: dict[str, Any]
) -> None:
    li, wang, made = site.desk("li"), site.desk("wang"), issue()
    [first] = li.push(WJ, made)
    li.push(WJ, update("issue", made["record"], first["version"], theirs))
    offline = update("issue", made["record"], first["version"], mine)
    gone = delete("issue", made["record"], first["version"])
    gone["base"]["after"] = offline["id"]
    [kept, parked] = wang.push(WJ, offline, gone)
    assert kept["status"] == "merged"
    assert (parked["status"], parked["why"]) == ("parked", "delete-vs-edit")


def test_a_tag_added_unseen_survives_a_later_removal_by_rote(site: House) -> None:
    li, wang, made = site.desk("li"), site.desk("wang"), issue()
    [first] = li.push(WJ, made)
    version = first["version"]
    li.push(WJ, update("issue", made["record"], version, {"tags": {"add": ["临边"], "remove": []}}))
    one = update("issue", made["record"], version, {"tags": {"add": ["洞口"], "remove": []}})
    by_rote = {"tags": {"add": [], "remove": ["临边", "洞口"]}}
    wang.push(WJ, one, update("issue", made["record"], version, by_rote, after=one["id"], n=3))
    assert body_of(li, made["record"])["tags"] == ["临边"]


def test_a_tag_added_and_removed_offline_is_gone_whether_sent_at_once_or_apart(site: House) -> None:
    li, wang = site.desk("li"), site.desk("wang")
    for apart in (False, True):
        made = issue()
        [first] = li.push(WJ, made)
        version = first["version"]
        li.push(WJ, update("issue", made["record"], version, {"tags": {"add": ["临边"], "remove": []}}))
        one = update("issue", made["record"], version, {"tags": {"add": ["洞口"], "remove": []}})
        undone = {"tags": {"add": ["高处"], "remove": ["洞口"]}}
        two = update("issue", made["record"], version, undone, after=one["id"], n=3)
        for batch in ([one], [two]) if apart else ([one, two],):
            wang.push(WJ, *batch)
        assert body_of(li, made["record"])["tags"] == ["临边", "高处"]


def test_a_tag_added_and_removed_offline_is_gone_though_a_restore_lost_what_they_had_seen(
    site: House,
) -> None:
    """Found by the simulator (seeds 1365, 1597): of a lost base one's own additions are still known."""
    li, wang, made = site.desk("li"), site.desk("wang"), issue()
    [first] = li.push(WJ, made)
    tagged = update("issue", made["record"], first["version"], {"tags": {"add": ["临边"], "remove": []}})
    [seen] = li.push(WJ, tagged)
    with site.app.app_context(), transaction.writing(WJ) as conn:
        at = "2026-11-22T02:00:00.000Z"
        office().journal.restore(conn, WJ, received_at=at, lineage=[(1, first["version"])])
    one = update("issue", made["record"], seen["version"], {"tags": {"add": ["洞口"], "remove": []}})
    undone = {"tags": {"add": ["高处"], "remove": ["洞口"]}}
    two = update("issue", made["record"], seen["version"], undone, after=one["id"], n=3)
    epoch = li.exchange(cursors={})["pull"]["granted"][WJ]["epoch"]
    wang.push(WJ, one, two, epoch=epoch)
    assert body_of(li, made["record"])["tags"] == ["临边", "高处"]


@pytest.mark.parametrize("apart", [False, True], ids=["at once", "apart"])
def test_a_text_is_merged_over_what_the_screen_showed_and_not_over_an_own_edit_that_had_lost(
    site: House, apart: bool
) -> None:
    """Found by the simulator (seed 28615): edits that wait mask the base, the screen shows more."""
    li, wang, zhang, made = site.desk("li"), site.desk("wang"), site.desk("zhang"), issue(description="原")
    [first] = li.push(WJ, made)
    version = first["version"]
    [theirs] = li.push(WJ, update("issue", made["record"], version, {"description": "甲"}))
    lost = update("issue", made["record"], version, {"description": "乙"})
    assert wang.push(WJ, lost)[0]["status"] == "conflict"
    waits = update("issue", made["record"], version, {"part": "东"}, after=lost["id"], n=3)
    shown = {"version": theirs["version"], "epoch": 1, "first": waits["id"]}
    mine = update("issue", made["record"], version, {"description": "甲好"}, after=waits["id"], n=4)
    mine["base"]["shown"] = shown
    [question] = zhang.get("/api/v1/conflicts")["items"]
    picks = {"description": {"pick": lost["id"]}}
    zhang.push(WJ, decide("conflict", question["record"], question["version"], picks))
    for batch in ([waits], [mine]) if apart else ([waits, mine],):
        outcome = wang.push(WJ, *batch)[-1]
    assert outcome["status"] == "conflict"
    assert body_of(li, made["record"])["description"] == "乙"


def test_a_text_edited_twice_offline_is_merged_over_both(site: House) -> None:
    li, wang, made = site.desk("li"), site.desk("wang"), issue(description="二层已拆除")
    [first] = li.push(WJ, made)
    version = first["version"]
    li.push(WJ, update("issue", made["record"], version, {"description": "二层东侧已拆除"}))
    one = update("issue", made["record"], version, {"description": "二层已拆除完"})
    two = update("issue", made["record"], version, {"description": "二层已拆除完毕"}, after=one["id"], n=3)
    two["base"]["shown"] = {"version": version, "epoch": 1, "first": one["id"]}
    assert [o["status"] for o in wang.push(WJ, one, two)] == ["merged", "merged"]
    assert body_of(li, made["record"])["description"] == "二层东侧已拆除完毕"
