"""Moves between audiences, deletions let go, and the new epoch after a restore."""

from typing import Any

from server import transaction
from server.office import office
from sync import epochs, history
from tests.support.house import Desk, House, delete, issue, update

WJ = "project:wj-01"
FIRM = "party:91110105MA0XD00162"


def pull(desk: Desk, audience: str, seq: int = 0, floor: int = 0, epoch: int = 1) -> Any:
    cursor = {"nonce": "n", "epoch": epoch, "seq": seq, "floor": floor}
    answer = desk.exchange(cursors={WJ: {audience: cursor}})["pull"]
    return answer["dossiers"][WJ]["audiences"][audience]


def test_an_issue_that_is_told_to_the_firm_leaves_the_one_audience_and_enters_the_other(site: House) -> None:
    li, made = site.desk("li"), issue()
    [first] = li.push(WJ, made)
    before = pull(li, "field")
    [outcome] = li.push(WJ, update("issue", made["record"], first["version"], {}, audience=FIRM))
    assert outcome["status"] == "applied"
    [gone] = pull(li, "field", before["until"], before["floor"])["items"]
    assert (gone["op"], gone["record"]) == ("leave", made["record"])
    assert [i["record"] for i in pull(site.desk("zhao"), FIRM)["items"]] == [made["record"]]
    assert [i["id"] for i in site.desk("zhao").get("/api/v1/issues")["items"]] == [made["record"]]
    told = li.get(f"/api/v1/dossiers/{WJ}/records/{made['record']}/history")["items"]
    assert told[0]["left"] == "field"


def test_its_open_conflict_moves_along(site: House) -> None:
    li, wang, made = site.desk("li"), site.desk("wang"), issue()
    [first] = li.push(WJ, made)
    li.push(WJ, update("issue", made["record"], first["version"], {"title": "一"}))
    late = update("issue", made["record"], first["version"], {"title": "二"})
    wang.push(WJ, late)
    li.push(WJ, update("issue", made["record"], first["version"], {}, audience=FIRM))
    seen = {i["record"] for i in pull(site.desk("zhao"), FIRM)["items"]}
    assert seen == {made["record"], late["id"]}
    assert {i["record"] for i in pull(li, "field")["items"]} == set()


def test_parked_work_follows_its_record_into_confidence_and_stays_there(site: House) -> None:
    li, zhang, made = site.desk("li"), site.desk("zhang"), issue()
    [first] = li.push(WJ, made)
    li.push(WJ, update("issue", made["record"], first["version"], {"title": "一"}))
    late = delete("issue", made["record"], first["version"])
    [waits] = site.desk("wang").push(WJ, late)
    assert (waits["status"], waits["why"]) == ("parked", "delete-vs-edit")
    assert late["id"] in {i["record"] for i in pull(li, "office")["items"]}
    newest = zhang.push(WJ, update("issue", made["record"], 99, {}, audience="confidential"))[0]
    assert newest["status"] == "applied"
    assert late["id"] not in {i["record"] for i in pull(li, "office")["items"] if not i.get("deleted")}
    assert late["id"] in {i["record"] for i in pull(zhang, "confidential")["items"]}
    zhang.push(WJ, update("issue", made["record"], newest["version"], {}, audience="field"))
    assert late["id"] in {i["record"] for i in pull(zhang, "confidential")["items"]}


def test_a_contractor_moves_nothing(site: House) -> None:
    told = issue(audience=FIRM)
    site.desk("li").push(WJ, told)
    [outcome] = site.desk("zhao").push(WJ, update("issue", told["record"], 2, {}, audience="public"))
    assert outcome["status"] == "parked"


def test_two_moves_do_not_overwrite_each_other(site: House) -> None:
    li, wang, made = site.desk("li"), site.desk("wang"), issue()
    [first] = li.push(WJ, made)
    li.push(WJ, update("issue", made["record"], first["version"], {}, audience=FIRM))
    late = update("issue", made["record"], first["version"], {}, audience="office")
    [outcome] = wang.push(WJ, late)
    assert (outcome["status"], outcome["why"]) == ("parked", "moved-meanwhile")


def test_deletions_that_were_let_go_make_an_older_cursor_start_anew(site: House) -> None:
    li, made, other = site.desk("li"), issue(), issue()
    [first, _] = li.push(WJ, made, other)
    page = pull(li, "field")
    li.push(WJ, delete("issue", made["record"], first["version"]))
    with site.app.app_context(), transaction.writing() as conn:
        assert office().journal.collect(conn, WJ, "field", 100) == 1
        assert office().journal.collect(conn, WJ, "field", 100) == 0
    late = pull(li, "field", page["until"], page["floor"])
    assert (late["resync"], late["floor"]) == ("tombstones", 4)
    assert [i["record"] for i in pull(li, "field", 0, late["floor"])["items"]] == [other["record"]]


def test_a_new_epoch_jumps_ahead_keeps_the_chain_and_refuses_groups_of_the_old_one(site: House) -> None:
    li, made = site.desk("li"), issue()
    [first] = li.push(WJ, made)
    with site.app.app_context(), transaction.writing() as conn:
        head = office().journal.restore(conn, WJ, received_at="2026-11-22T02:00:00.000Z")
    assert (head.epoch, head.seq) == (2, first["seq"] + epochs.JUMP + 1)
    with site.app.app_context(), transaction.reading() as conn:
        assert history.verify(conn, WJ).fault is None
        assert epochs.lineage(conn, WJ) == [(1, first["seq"])]
    answer = li.exchange({WJ: [issue()]}, epoch=1)["push"][0]
    assert (answer["error"], answer["epoch"]) == ("epoch-changed", 2)
    assert li.push(WJ, issue(), epoch=2)[0]["seq"] == head.seq + 1
    assert pull(li, "field", first["seq"], 1)["resync"] == "epoch"


def test_a_base_of_the_lost_history_counts_as_unseen(site: House) -> None:
    li, wang, made = site.desk("li"), site.desk("wang"), issue()
    [first] = li.push(WJ, made)
    with site.app.app_context(), transaction.writing() as conn:
        office().journal.restore(conn, WJ, received_at="2026-11-22T02:00:00.000Z")
    # Wang's phone had seen version 500 of epoch 1, which no backup holds.
    lost = update("issue", made["record"], 500, {"title": "二"})
    [outcome] = wang.push(WJ, lost, epoch=2)
    assert outcome["status"] == "conflict"
    kept = update("issue", made["record"], first["version"], {"part": "A"})
    assert wang.push(WJ, kept, epoch=2)[0]["status"] in ("applied", "merged")


def test_a_lineage_kept_outside_outlives_a_second_restore_of_the_same_backup(site: House) -> None:
    with site.app.app_context():
        with transaction.writing() as conn:
            head = office().journal.restore(
                conn, WJ, received_at="2026-11-22T02:00:00.000Z", lineage=[(1, 1), (2, 900)]
            )
        assert head.epoch == 4
        with transaction.reading() as conn:
            assert epochs.lineage(conn, WJ) == [(1, 1), (2, 900), (3, 1)]


def test_a_backup_lets_devices_let_go(site: House) -> None:
    with site.app.app_context(), transaction.writing() as conn:
        office().journal.note_backup(conn, WJ, 1)
        office().journal.note_backup(conn, WJ, 0)
    answer = site.desk("li").exchange(cursors={WJ: {}})["pull"]
    assert answer["dossiers"][WJ]["backed_up"] == 1


def test_a_dossier_younger_than_the_backup_begins_again_in_an_epoch_it_cannot_have_had(site: House) -> None:
    """Found by the simulator (house seed 65): begun anew in epoch 1, devices would not notice."""
    with site.app.app_context(), transaction.writing() as conn:
        journal = office().journal
        for dossier in ("project:wj-01", "project:wj-02"):
            journal.restore(conn, dossier, received_at="2026-11-22T02:00:00.000Z")
        assert journal.open(conn, "project:lost")
        assert journal.heads(conn, ["project:lost"])["project:lost"].epoch == 2
        assert epochs.lineage(conn, "project:lost") == [(1, 0)]
