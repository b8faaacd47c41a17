"""The journal keeps every change once, in order, and nothing is silently overwritten."""

import orjson
from sqlalchemy import text

from server import transaction
from server.access import SYSTEM
from server.office import office
from sync import history
from sync.arrival import Arrival
from sync.change import read
from tests.support.house import House, create, delete, issue, new_id, update

WJ = "project:wj-01"


def history_of(site: House, record: str) -> list[dict]:
    with site.app.app_context(), transaction.reading() as conn:
        return history.of_record(conn, WJ, record)


def body_of(site: House, desk, record: str) -> dict:
    return desk.get(f"/api/v1/issues/{record}")["body"]


def test_a_change_is_applied_numbered_and_receipted(site: House) -> None:
    made = issue()
    [outcome] = site.desk("li").push(WJ, made)
    assert outcome["status"] == "applied"
    assert outcome["version"] == outcome["seq"] == 2  # the project was entry 1
    assert outcome["receipt"]["seq"] == 2 and len(outcome["receipt"]["hash"]) == 64
    assert outcome["replay"] is False


def test_a_lost_reply_is_answered_again_with_the_same_outcome(site: House) -> None:
    li, made = site.desk("li"), issue()
    [first] = li.push(WJ, made)
    [again] = li.push(WJ, made)
    assert again.pop("replay") is True and first.pop("replay") is False
    assert again == first
    assert len(history_of(site, made["record"])) == 1


def test_a_change_twice_in_one_request_is_entered_once(site: House) -> None:
    made = issue()
    first, second = site.desk("li").push(WJ, made, made)
    assert (first["replay"], second["replay"]) == (False, True)
    assert first["seq"] == second["seq"]


def test_a_reused_change_id_with_other_contents_is_invalid_and_its_bytes_are_kept(site: House) -> None:
    li, made = site.desk("li"), issue()
    li.push(WJ, made)
    [outcome] = li.push(WJ, made | {"at": "2026-11-21T16:02:12.000+08:00"})
    assert (outcome["status"], outcome["why"]) == ("invalid", "change-id-reused")
    with site.app.app_context(), transaction.reading() as conn:
        kept = conn.execute(text("SELECT bytes FROM invalid")).scalar_one()
    assert orjson.loads(bytes(kept))["at"] == "2026-11-21T16:02:12.000+08:00"


def test_edits_of_different_fields_merge(site: House) -> None:
    li, wang, made = site.desk("li"), site.desk("wang"), issue()
    [first] = li.push(WJ, made)
    li.push(WJ, update("issue", made["record"], first["version"], {"part": "3号楼"}))
    [outcome] = wang.push(WJ, update("issue", made["record"], first["version"], {"demand": "立即整改"}))
    assert outcome["status"] == "merged"
    body = body_of(site, li, made["record"])
    assert (body["part"], body["demand"]) == ("3号楼", "立即整改")


def test_the_later_of_two_edits_of_one_field_becomes_a_conflict_with_both_values(site: House) -> None:
    li, wang, made = site.desk("li"), site.desk("wang"), issue()
    [first] = li.push(WJ, made)
    li.push(WJ, update("issue", made["record"], first["version"], {"title": "有裂缝"}))
    late = update("issue", made["record"], first["version"], {"title": "完好"})
    [outcome] = wang.push(WJ, late)
    assert (outcome["status"], outcome["conflict"]) == ("conflict", late["id"])
    assert body_of(site, li, made["record"])["title"] == "有裂缝"
    [waiting] = site.desk("zhang").get("/api/v1/conflicts")["items"]
    field = waiting["body"]["fields"]["title"]
    assert field["current"]["value"] == "有裂缝"
    assert field["candidates"][0]["value"] == "完好"
    assert field["candidates"][0]["actor"] == wang.person


def test_two_edits_of_one_text_are_merged_by_character_on_what_both_had_seen(site: House) -> None:
    li, wang, made = site.desk("li"), site.desk("wang"), issue(description="二层已拆除")
    [first] = li.push(WJ, made)
    li.push(WJ, update("issue", made["record"], first["version"], {"description": "二层已全部拆除"}))
    [outcome] = wang.push(
        WJ, update("issue", made["record"], first["version"], {"description": "三层已拆除"})
    )
    assert outcome["status"] == "merged"
    assert body_of(site, li, made["record"])["description"] == "三层已全部拆除"


def test_edits_of_one_text_that_touch_each_other_are_a_conflict(site: House) -> None:
    li, wang, made = site.desk("li"), site.desk("wang"), issue(description="二层已拆除")
    [first] = li.push(WJ, made)
    li.push(WJ, update("issue", made["record"], first["version"], {"description": "二层未拆除"}))
    [outcome] = wang.push(
        WJ, update("issue", made["record"], first["version"], {"description": "二层不已拆除"})
    )
    assert outcome["status"] == "conflict"
    assert body_of(site, li, made["record"])["description"] == "二层未拆除"


def test_a_third_loser_joins_the_open_conflict(site: House) -> None:
    li, wang, made = site.desk("li"), site.desk("wang"), issue()
    [first] = li.push(WJ, made)
    li.push(WJ, update("issue", made["record"], first["version"], {"title": "一"}))
    [second] = wang.push(WJ, update("issue", made["record"], first["version"], {"title": "二"}))
    zhang = site.desk("zhang")
    [third] = zhang.push(WJ, update("issue", made["record"], first["version"], {"title": "三"}))
    assert third["conflict"] == second["conflict"]
    [waiting] = zhang.get("/api/v1/conflicts")["items"]
    assert [c["value"] for c in waiting["body"]["fields"]["title"]["candidates"]] == ["二", "三"]


def test_of_two_severities_the_worse_shows_until_somebody_decides(site: House) -> None:
    li, wang, made = site.desk("li"), site.desk("wang"), issue()
    [first] = li.push(WJ, made)
    li.push(WJ, update("issue", made["record"], first["version"], {"severity": "serious"}))
    [outcome] = wang.push(WJ, update("issue", made["record"], first["version"], {"severity": "major"}))
    assert outcome["status"] == "conflict"
    assert body_of(site, li, made["record"])["severity"] == "major"


def test_own_earlier_edits_never_conflict_with_each_other(site: House) -> None:
    li, made = site.desk("li"), issue()
    one = update("issue", made["record"], 0, {"title": "一"}, after=made["id"])
    two = update("issue", made["record"], 0, {"title": "二"}, after=one["id"])
    outcomes = li.push(WJ, made, one, two)
    assert [o["status"] for o in outcomes] == ["applied"] * 3
    assert body_of(site, li, made["record"])["title"] == "二"


def test_two_people_whose_phones_share_a_name_still_conflict(site: House) -> None:
    li, wang = site.desk("li", device="phone-1"), site.desk("wang", device="phone-1")
    made = issue()
    [first] = li.push(WJ, made)
    li.push(WJ, update("issue", made["record"], first["version"], {"title": "一"}))
    [outcome] = wang.push(WJ, update("issue", made["record"], first["version"], {"title": "二"}))
    assert outcome["status"] == "conflict"


def test_a_version_that_never_was_proves_nothing_seen(site: House) -> None:
    li, wang, made = site.desk("li"), site.desk("wang"), issue()
    li.push(WJ, made)
    [outcome] = wang.push(WJ, update("issue", made["record"], 10**6, {"title": "二"}))
    assert outcome["status"] == "conflict"


def test_a_group_of_fields_is_won_or_lost_together(site: House) -> None:
    li, wang = site.desk("li"), site.desk("wang")
    fix = {"lat_e7": 399961000, "lon_e7": 1164747000, "accuracy_m": 5, "datum": "WGS-84"}
    made = issue(**fix)
    [first] = li.push(WJ, made)
    li.push(WJ, update("issue", made["record"], first["version"], {"lat_e7": 399961001}))
    [outcome] = wang.push(WJ, update("issue", made["record"], first["version"], {"lon_e7": 1164747999}))
    assert outcome["status"] == "conflict"
    assert body_of(site, li, made["record"])["lon_e7"] == 1164747000


def test_an_atomic_change_is_applied_whole_or_not_at_all(site: House) -> None:
    li, wang, made = site.desk("li"), site.desk("wang"), issue()
    [first] = li.push(WJ, made)
    li.push(WJ, update("issue", made["record"], first["version"], {"title": "一"}))
    late = update("issue", made["record"], first["version"], {"title": "二", "part": "B区"}, atomic=True)
    [outcome] = wang.push(WJ, late)
    assert outcome["status"] == "conflict"
    assert "part" not in body_of(site, li, made["record"])
    [waiting] = site.desk("zhang").get("/api/v1/conflicts")["items"]
    assert set(waiting["body"]["fields"]) == {"title", "part"}


def test_the_first_valid_transition_wins_and_the_later_is_a_visible_conflict(site: House) -> None:
    li, zhang, made = site.desk("li"), site.desk("zhang"), issue()
    [first] = li.push(WJ, made)
    [done] = zhang.push(WJ, update("issue", made["record"], first["version"], {"state": {"do": "dismiss"}}))
    [late] = li.push(WJ, update("issue", made["record"], first["version"], {"state": {"do": "confirm"}}))
    assert done["status"] == "applied"
    assert (late["status"], late["why"]) == ("conflict", "illegal-transition")
    assert body_of(site, li, made["record"])["state"] == "dismissed"


def test_the_fixer_may_not_confirm(site: House) -> None:
    li, wang, made = site.desk("li"), site.desk("wang"), issue()
    steps = ("confirm", "issue", "receive", "reply", "pass")
    changes = [update("issue", made["record"], 0, {"state": {"do": s}}) for s in steps]
    outcomes = li.push(WJ, made, *changes)
    assert [o["status"] for o in outcomes] == ["applied"] * 5 + ["conflict"]
    assert outcomes[-1]["why"] == "same-person"
    [other] = wang.push(WJ, update("issue", made["record"], 0, {"state": {"do": "pass"}}))
    assert other["status"] in ("applied", "merged")


def test_an_edit_after_a_delete_is_parked_whole_and_the_record_stays_deleted(site: House) -> None:
    li, wang, made = site.desk("li"), site.desk("wang"), issue()
    [first] = li.push(WJ, made)
    li.push(WJ, delete("issue", made["record"], first["version"]))
    late = update("issue", made["record"], first["version"], {"title": "二"})
    [outcome] = wang.push(WJ, late)
    assert (outcome["status"], outcome["why"]) == ("parked", "edit-vs-delete")
    assert li.call("GET", f"/api/v1/issues/{made['record']}").status_code == 404
    [waiting] = site.desk("zhang").get("/api/v1/conflicts")["items"]
    assert waiting["body"]["change"]["fields"] == {"title": {"set": "二"}}


def test_a_delete_after_an_unseen_edit_is_parked_and_the_record_stays(site: House) -> None:
    li, wang, made = site.desk("li"), site.desk("wang"), issue()
    [first] = li.push(WJ, made)
    li.push(WJ, update("issue", made["record"], first["version"], {"title": "一"}))
    [outcome] = wang.push(WJ, delete("issue", made["record"], first["version"]))
    assert (outcome["status"], outcome["why"]) == ("parked", "delete-vs-edit")
    assert body_of(site, li, made["record"])["title"] == "一"


def test_deleting_what_is_deleted_changes_nothing(site: House) -> None:
    li, made = site.desk("li"), issue()
    [first] = li.push(WJ, made)
    li.push(WJ, delete("issue", made["record"], first["version"]))
    [again] = li.push(WJ, delete("issue", made["record"], first["version"]))
    assert again["status"] == "noop"


def test_a_known_record_id_cannot_be_created_again(site: House) -> None:
    li, made = site.desk("li"), issue()
    li.push(WJ, made)
    [outcome] = li.push(WJ, issue(record=made["record"], title="另一条"))
    assert (outcome["status"], outcome["why"]) == ("parked", "id-collision")
    assert body_of(site, li, made["record"])["title"] == made["fields"]["title"]["set"]


def test_parked_work_cannot_overwrite_a_record_by_taking_its_id(site: House) -> None:
    li, made = site.desk("li"), issue()
    li.push(WJ, made)
    evil = update("issue", new_id(), 1, {"title": "x"}) | {"id": made["record"]}
    [outcome] = li.push(WJ, evil)
    assert outcome["status"] == "invalid"
    assert body_of(site, li, made["record"])["title"] == made["fields"]["title"]["set"]


def test_one_poison_change_among_others_harms_none_of_them(site: House) -> None:
    good = [issue(title=f"问题 {i}") for i in range(20)]
    poison = [
        {"id": 7},
        "not even an object",
        issue(title=["not text"]),
        issue(severity="catastrophic"),
        issue() | {"kind": "no-such-kind"},
        issue(no_such_field="x"),
        issue(lat_e7=39.9),
        issue(title="x" * 70_000),
        issue(due_on="2026-02-30"),
        issue() | {"at": "yesterday"},
        issue() | {"id": "not-a-uuid"},
    ]
    mixed = [*good[:10], *poison, *good[10:]]
    outcomes = site.desk("li").push(WJ, *mixed)
    statuses = [o["status"] for o in outcomes]
    assert statuses == ["applied"] * 10 + ["invalid"] * len(poison) + ["applied"] * 10
    assert all(o["why"] and o["remedy"] == "repair" for o in outcomes[10 : 10 + len(poison)])
    with site.app.app_context(), transaction.reading() as conn:
        assert conn.execute(text("SELECT count(*) FROM invalid")).scalar_one() == len(poison)


def test_invalid_outcomes_name_the_field_that_is_wrong(site: House) -> None:
    [outcome] = site.desk("li").push(WJ, issue(severity="catastrophic"))
    assert outcome["faults"][0]["field"] == "severity/set"


def test_a_change_whose_predecessor_has_not_arrived_is_not_judged(site: House) -> None:
    li, made = site.desk("li"), issue()
    orphan = update("issue", made["record"], 0, {"title": "二"}, after=made["id"])
    [early] = li.push(WJ, orphan)
    assert (early["status"], early["why"]) == ("retry", "missing-base")
    outcomes = li.push(WJ, made, orphan)
    assert [o["status"] for o in outcomes] == ["applied", "applied"]


def test_where_there_is_no_time_one_that_is_new_is_judged_and_nothing_of_the_rest_entered(
    site: House,
) -> None:
    """Whoever comes again gets further, also behind what only waits for what went before it."""
    made = [issue(), issue()]
    orphan = update("issue", made[0]["record"], 0, {"title": "二"}, after=new_id())
    statuses = []
    for _ in range(3):
        with site.app.app_context(), transaction.writing(WJ) as conn:
            changes = [read(change, office().journal.kinds) for change in (orphan, *made)]
            arrival = Arrival("2026-11-22T01:00:00.000Z")
            said = office().journal.push(conn, WJ, SYSTEM, changes, arrival=arrival, still=lambda: False)
        statuses.append([(o["status"], o["replay"]) for o in said.outcomes[1:]])
        assert said.outcomes[0]["why"] == "missing-base"
    assert statuses == [
        [("applied", False), ("retry", False)],
        [("applied", True), ("applied", False)],
        [("applied", True), ("applied", True)],
    ]
    assert [len(history_of(site, m["record"])) for m in made] == [1, 1]


def test_people_cannot_write_what_only_the_server_writes(site: House) -> None:
    li, made = site.desk("li"), issue()
    forged = update("issue", made["record"], 0, {"rectified_by": li.person})
    outcomes = li.push(WJ, made, forged, create("conflict", {"target": "x"}))
    assert [(o["status"], o["why"]) for o in outcomes[1:]] == [
        ("parked", "server-field"),
        ("parked", "not-permitted"),
    ]


def test_a_group_of_another_epoch_is_not_applied(site: House) -> None:
    made = issue()
    answer = site.desk("li").exchange({WJ: [made]}, epoch=2)["push"][0]
    assert (answer["error"], answer["epoch"], answer["outcomes"]) == ("epoch-changed", 1, [])
    assert history_of(site, made["record"]) == []


def test_history_tells_who_when_with_what_before_and_after(site: House) -> None:
    li, zhang, made = site.desk("li"), site.desk("zhang"), issue()
    [first] = li.push(WJ, made)
    site.clock.passes(minutes=5)
    zhang.push(WJ, update("issue", made["record"], first["version"], {"title": "改"}))
    told = zhang.get(f"/api/v1/dossiers/{WJ}/records/{made['record']}/history")
    newest, oldest = told["items"]
    assert newest["before"] == {"title": "临边防护缺失"} and newest["after"] == {"title": "改"}
    assert newest["who"] == {"id": zhang.person, "name": "zhang某"}
    assert newest["device"].startswith("phone-zhang/")
    assert newest["received_at"] == "2026-11-22T01:05:00.000Z"
    assert oldest["op"] == "create" and oldest["after"]["found_by"] == li.person


def test_the_statement_count_does_not_depend_on_how_many_changes_there_are(site: House) -> None:
    li = site.desk("li")
    counts = []
    for size in (2, 200):
        with site.statements() as said:
            li.push(WJ, *[issue() for _ in range(size)])
        counts.append(len(said))
    assert counts[0] == counts[1]


def test_a_new_record_takes_six_round_trips_on_postgresql(site: House, database: str) -> None:
    """Who is calling, the lock, what there is of the change and of the record, all tables, the queue."""
    li = site.desk("li")
    li.push(WJ, issue())
    with site.statements() as said:
        assert li.push(WJ, issue())[0]["status"] == "applied"
    assert len([s for s in said if not s.startswith("BEGIN")]) == {"postgresql": 6, "sqlite": 12}[database]


def test_read_models_are_rebuilt_from_the_records(site: House) -> None:
    li = site.desk("li")
    li.push(WJ, *[issue(title=f"问题 {i}") for i in range(7)])
    before = li.get("/api/v1/issues")
    with site.app.app_context():
        with transaction.writing() as conn:
            conn.execute(text("DELETE FROM issues"))
        with transaction.writing() as conn:
            for batch in history.standing_records(conn, WJ, size=3):
                office().journal.project(conn, batch)
    assert li.get("/api/v1/issues") == before
