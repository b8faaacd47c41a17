"""Values that two people touched: whichever way they meet, each is applied, or listed for a person."""

from typing import Any

import orjson

from sync.protocol import RECORD_BYTES
from tests.support.house import Desk, House, create, delete, issue, new_id, update

WJ = "project:wj-01"


def body(desk: Desk, record: str) -> dict[str, Any]:
    return desk.get(f"/api/v1/issues/{record}")["body"]


def inbox(site: House, who: str = "zhang") -> list[dict[str, Any]]:
    return site.desk(who).get("/api/v1/conflicts")["items"]


def test_the_next_offline_edit_of_a_merged_text_does_not_delete_the_others_words(site: House) -> None:
    li, wang, made = site.desk("li"), site.desk("wang"), issue(description="甲。乙。丙。")
    [first] = li.push(WJ, made)
    seen = first["version"]
    wang.push(WJ, update("issue", made["record"], seen, {"description": "甲。乙。丙。王：已拆除。"}))
    one = update("issue", made["record"], seen, {"description": "李甲。乙。丙。"})
    two = update("issue", made["record"], seen, {"description": "李二甲。乙。丙。"}, after=one["id"])
    outcomes = li.push(WJ, one, two)
    assert outcomes[0]["status"] == "merged"
    text = body(li, made["record"])["description"]
    assert "王：已拆除" in text or outcomes[1]["status"] == "conflict"
    assert "王：已拆除" in text


def test_the_graver_value_is_not_lowered_by_its_own_authors_next_offline_edit(site: House) -> None:
    li, wang, made = site.desk("li"), site.desk("wang"), issue(severity="general")
    [first] = li.push(WJ, made)
    wang.push(WJ, update("issue", made["record"], first["version"], {"severity": "serious"}))
    one = update("issue", made["record"], first["version"], {"severity": "major"})
    two = update("issue", made["record"], first["version"], {"severity": "general"}, after=one["id"])
    outcomes = li.push(WJ, one, two)
    assert [o["status"] for o in outcomes] == ["conflict", "conflict"]
    assert body(li, made["record"])["severity"] == "major"


def test_a_value_overwritten_while_a_conflict_is_open_stays_listed(site: House) -> None:
    li, wang, zhang = site.desk("li"), site.desk("wang"), site.desk("zhang")
    visit = create(
        "inspection", {"inspection_type": "routine", "arrived_at": "2026-11-21T09:00:00Z", "weather": "晴"}
    )
    [first] = li.push(WJ, visit)
    for desk, weather in ((wang, "王：阴"), (li, "李：雨"), (zhang, "张：雪")):
        desk.push(WJ, update("inspection", visit["record"], first["version"], {"weather": weather}))
    [waiting] = inbox(site)
    field = waiting["body"]["fields"]["weather"]
    kept = [c["value"] for c in field["candidates"]] + [o["value"] for o in field["overwritten"]]
    assert {"王：阴", "李：雨", "张：雪"} <= {*kept, field["current"]["value"]}


def test_what_was_lost_by_an_atomic_change_is_called_unapplied(site: House) -> None:
    li, wang = site.desk("li"), site.desk("wang")
    visit = create(
        "inspection", {"inspection_type": "routine", "arrived_at": "2026-11-21T09:00:00Z", "weather": "晴"}
    )
    [first] = li.push(WJ, visit)
    wang.push(WJ, update("inspection", visit["record"], first["version"], {"weather": "王", "part": "A"}))
    mine = update(
        "inspection", visit["record"], first["version"], {"weather": "李", "part": "B"}, atomic=True
    )
    li.push(WJ, mine)
    [waiting] = inbox(site)
    assert {f["mode"] for f in waiting["body"]["fields"].values()} == {"review"}


def test_a_tag_that_somebody_added_since_is_not_the_removers_to_remove(site: House) -> None:
    li, wang, made = site.desk("li"), site.desk("wang"), issue(tags={"add": ["旧"]})
    [first] = li.push(WJ, made)
    wang.push(WJ, update("issue", made["record"], first["version"], {"tags": {"add": ["紧急"]}}))
    mine = {"tags": {"add": [], "remove": ["紧急", "旧"]}}
    li.push(WJ, update("issue", made["record"], first["version"], mine))
    assert body(li, made["record"])["tags"] == ["紧急"]


def test_a_note_whose_id_is_known_with_another_text_is_kept_as_a_conflict(site: House) -> None:
    li, made, note = site.desk("li"), issue(), new_id()
    first = update("issue", made["record"], 0, {"notes": {"append": [{"id": note, "text": "一"}]}})
    other = update("issue", made["record"], 0, {"notes": {"append": [{"id": note, "text": "二"}]}})
    outcomes = li.push(WJ, made, first, other)
    assert outcomes[2]["status"] == "conflict"
    [waiting] = inbox(site)
    assert waiting["body"]["fields"]["notes"]["candidates"][0]["value"] == "二"


def test_a_text_merge_that_would_outgrow_its_field_is_a_conflict(site: House) -> None:
    li, wang = site.desk("li"), site.desk("wang")
    made = issue(description="中" + "文" * 3_000)
    [first] = li.push(WJ, made)
    base = made["fields"]["description"]["set"]
    wang.push(WJ, update("issue", made["record"], first["version"], {"description": base + "后" * 900}))
    late = update("issue", made["record"], first["version"], {"description": "前" * 900 + base})
    [outcome] = li.push(WJ, late)
    assert outcome["status"] == "conflict"
    assert len(body(li, made["record"])["description"]) <= 4_000


def test_a_record_is_bounded_in_bytes_and_what_is_above_is_parked(site: House) -> None:
    li, made = site.desk("li"), issue()
    li.push(WJ, made)
    statuses = []
    for _ in range(20):
        text = [{"id": new_id(), "text": "字" * 2_000} for _ in range(9)]
        [outcome] = li.push(WJ, update("issue", made["record"], 0, {"notes": {"append": text}}))
        statuses.append(outcome["status"])
    assert "parked" in statuses
    assert len(orjson.dumps(body(li, made["record"]))) <= RECORD_BYTES * 1.2


def test_a_conflict_is_bounded_too_and_no_loser_is_dropped(site: House) -> None:
    li, wang, made = site.desk("li"), site.desk("wang"), issue(part="原", description="原文")
    [first] = li.push(WJ, made)
    li.push(WJ, update("issue", made["record"], first["version"], {"legal_basis": "新"}))
    losers = [
        update("issue", made["record"], 10**6, {"title": "字" * 198 + str(i), "description": "字" * 3_900})
        for i in range(40)
    ]
    wang.push(WJ, *losers)
    conflicts = inbox(site)
    assert len(conflicts) > 1
    assert all(len(orjson.dumps(c["body"])) <= RECORD_BYTES * 1.1 for c in conflicts)
    kept = {v["value"] for c in conflicts for v in c["body"]["fields"]["title"]["candidates"]}
    assert kept == {c["fields"]["title"]["set"] for c in losers}
    moved = update("issue", made["record"], 10**6, {}) | {"audience": "confidential"}
    assert site.desk("zhang").push(WJ, moved)[0]["status"] == "applied"
    assert inbox(site, "li") == [], "all of them go where their record goes"


def test_the_servers_note_on_a_photo_is_no_edit_that_forbids_its_deletion(site: House) -> None:
    li = site.desk("li")
    values = {"subject": new_id(), "sha256": "a" * 64, "size": 9, "mime": "image/jpeg"}
    photo = create("photo", values | {"taken_at": "2026-11-21T10:00:00Z"})
    [first] = li.push(WJ, photo)
    noted = update("photo", photo["record"], first["version"], {"stored_at": "2026-11-21T10:01:00Z"})
    site.submit(WJ, noted)
    [outcome] = li.push(WJ, delete("photo", photo["record"], first["version"]))
    assert outcome["status"] == "applied"


def test_a_photos_digest_is_said_once(site: House) -> None:
    li = site.desk("li")
    values = {"subject": new_id(), "sha256": "a" * 64, "size": 9, "mime": "image/jpeg"}
    photo = create("photo", values | {"taken_at": "2026-11-21T10:00:00Z"})
    li.push(WJ, photo)
    for field, value in (("sha256", "b" * 64), ("size", 10), ("mime", "image/png")):
        [outcome] = li.push(WJ, update("photo", photo["record"], 2, {field: value}))
        assert (outcome["status"], outcome["why"]) == ("invalid", "invalid-fields")


def test_a_first_value_of_a_field_conflicts_with_nobody(site: House) -> None:
    li, wang, made = site.desk("li"), site.desk("wang"), issue()
    li.push(WJ, made)
    [outcome] = wang.push(WJ, update("issue", made["record"], 10**6, {"due_on": "2026-12-01"}))
    assert outcome["status"] in ("applied", "merged")


def test_a_change_nested_without_end_is_one_invalid_change_and_no_more(site: House) -> None:
    deep: Any = "x"
    for _ in range(900):
        deep = [deep]
    good, poison = issue(), issue() | {"fields": {"title": deep}}
    outcomes = site.desk("li").push(WJ, poison, good)
    assert [(o["status"], o["why"]) for o in outcomes] == [
        ("invalid", "not-canonical"),
        ("applied", None),
    ]
    [again] = site.desk("li").push(WJ, poison)
    assert again["status"] == "invalid" and again["why"] == "not-canonical"


def test_somebody_elses_change_id_tells_nothing(site: House) -> None:
    made = issue()
    site.desk("li").push(WJ, made)
    [outcome] = site.desk("zhao").push(WJ, made)
    assert outcome["status"] == "invalid" and outcome["receipt"] is None and outcome["seq"] is None


def test_a_text_of_an_unknown_base_is_never_merged_over_what_stands(site: House) -> None:
    li, wang, made = site.desk("li"), site.desk("wang"), issue(description="现有描述")
    li.push(WJ, made)
    [outcome] = wang.push(WJ, update("issue", made["record"], 10**6, {"description": "另一描述"}))
    assert outcome["status"] == "conflict"
    assert body(li, made["record"])["description"] == "现有描述"
