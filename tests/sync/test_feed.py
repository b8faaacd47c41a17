"""The feed: what a device must have, page by page, and nothing that it must not."""

import random
import threading
from typing import Any

import orjson
import pytest

from server import transaction
from server.office import office
from sync import feed
from sync.feed import Cursor
from tests.support.house import Desk, House, delete, issue, update

WJ = "project:wj-01"
FIRM = "party:91110105MA0XD00162"


def cursor(seq: int = 0, floor: int = 0, epoch: int = 1) -> dict[str, Any]:
    return {"nonce": "n", "epoch": epoch, "seq": seq, "floor": floor}


def pull(desk: Desk, last: Any = None, limit: int = 500, audience: str = "field") -> Any:
    """The page after `last`, or the first one."""
    held = cursor() if last is None else cursor(last["until"], last["floor"]) | {"below": last["below"]}
    body = {"limit": limit, "cursors": {WJ: {audience: held}}}
    answer = desk.exchange(pull=body)["pull"]
    return answer["dossiers"][WJ]["audiences"][audience]


def read_all(desk: Desk, limit: int) -> dict[str, Any]:
    """Everything by pages; later items replace earlier ones, as a device does."""
    seen: dict[str, Any] = {}
    page = pull(desk, limit=limit)
    while True:
        for item in page["items"]:
            seen[item["record"]] = item
        if not page["more"]:
            return seen
        page = pull(desk, page, limit)


def test_first_contact_tells_what_is_granted_and_nothing_of_the_rest(site: House) -> None:
    granted = site.desk("li").exchange(cursors={})["pull"]["granted"]
    assert granted == {WJ: {"epoch": 1, "audiences": ["field", "office", "officers", "public"]}}
    contractor = site.desk("zhao").exchange(cursors={})["pull"]["granted"]
    assert contractor[WJ]["audiences"] == [FIRM, "public"]


def test_staff_are_granted_a_firms_audience_with_its_first_record(site: House) -> None:
    li = site.desk("li")
    told = issue(audience="party:91110105MA0XD06731")
    li.push(WJ, told)
    assert "party:91110105MA0XD06731" in li.exchange(cursors={})["pull"]["granted"][WJ]["audiences"]
    [item] = pull(li, audience="party:91110105MA0XD06731")["items"]
    assert item["record"] == told["record"]
    assert [i["id"] for i in li.get("/api/v1/issues")["items"]] == [told["record"]]
    assert site.desk("zhao").get("/api/v1/issues")["items"] == []


def test_a_foreign_and_an_absent_dossier_look_alike_in_a_pull(site: House) -> None:
    held = {"project:wj-02": {"field": cursor()}, "project:none": {"field": cursor()}}
    answer = site.desk("li").exchange(cursors=held)["pull"]
    assert sorted(answer["gone"]) == ["project:none", "project:wj-02"]
    assert answer["dossiers"] == {}


def test_an_audience_not_held_is_purged_not_served(site: House) -> None:
    answer = site.desk("zhao").exchange(cursors={WJ: {"field": cursor()}})["pull"]
    assert answer["purge"] == {WJ: ["field"]}
    assert answer["dossiers"][WJ]["audiences"] == {}


@pytest.mark.parametrize("limit", [1, 2, 7, 500])
def test_pages_of_any_size_hold_every_record_once(site: House, limit: int) -> None:
    li = site.desk("li")
    made = [issue(title=f"问题 {i}") for i in range(23)]
    li.push(WJ, *made)
    seen = read_all(li, limit)
    assert {r for r in seen if seen[r]["kind"] == "issue"} == {m["record"] for m in made}
    item = seen[made[0]["record"]]
    assert item["op"] == "put" and item["body"]["title"] == "问题 0"
    assert item["written"]["title"] == item["version"]


@pytest.mark.parametrize("limit", [1, 2, 3])
def test_a_page_never_parts_a_record_from_the_conflict_of_the_same_entry(site: House, limit: int) -> None:
    li, wang, made = site.desk("li"), site.desk("wang"), issue(severity="general")
    [first] = li.push(WJ, made)
    li.push(WJ, update("issue", made["record"], first["version"], {"severity": "serious"}))
    late, after = update("issue", made["record"], first["version"], {"severity": "major"}), issue()
    wang.push(WJ, late, after)
    seen = read_all(li, limit)
    assert {made["record"], late["id"], after["record"]} <= set(seen)


def test_a_delta_holds_only_what_changed(site: House) -> None:
    li, made = site.desk("li"), [issue() for _ in range(9)]
    li.push(WJ, *made)
    page = pull(li)
    li.push(WJ, update("issue", made[3]["record"], 5, {"part": "B区"}))
    later = pull(li, page)
    assert [i["record"] for i in later["items"]] == [made[3]["record"]]


def test_a_deletion_reaches_who_had_the_record_and_not_who_starts_later(site: House) -> None:
    li, made = site.desk("li"), issue()
    [first] = li.push(WJ, made)
    page = pull(li)
    li.push(WJ, delete("issue", made["record"], first["version"]))
    [item] = pull(li, page)["items"]
    assert (item["record"], item["op"]) == (made["record"], "delete")
    assert made["record"] not in read_all(site.desk("wang"), 500)


def test_a_first_load_brings_the_newest_first_and_is_of_use_after_its_first_page(site: House) -> None:
    li, made = site.desk("li"), [issue() for _ in range(9)]
    li.push(WJ, *made)
    newest = [m["record"] for m in reversed(made)]
    page, seen = pull(li, limit=4), []
    assert page["more"] and (page["until"], page["below"]) == (0, page["items"][-1]["version"])
    while True:
        seen += [i["record"] for i in page["items"] if i["kind"] == "issue"]
        if not page["more"]:
            break
        page = pull(li, page, limit=4)
    assert seen == newest


def test_what_happens_during_a_first_load_comes_after_it(site: House) -> None:
    """Loaded and then deleted, changed before its turn, moved away, made meanwhile: all of it."""
    li, made = site.desk("li"), [issue() for _ in range(9)]
    versions = {m["record"]: o["version"] for m, o in zip(made, li.push(WJ, *made), strict=True)}
    page = pull(li, limit=2)
    loaded = {i["record"] for i in page["items"]}
    early, waiting, moving = made[-1]["record"], made[0]["record"], made[1]["record"]
    assert early in loaded and waiting not in loaded
    new = issue()
    li.push(
        WJ,
        delete("issue", early, versions[early]),
        update("issue", waiting, versions[waiting], {"part": "后改"}),
        update("issue", moving, versions[moving], {}, audience="office") | {"fields": {}},
        new,
    )
    held = {i["record"]: i for i in page["items"]}
    while page["more"]:
        page = pull(li, page, limit=2)
        for item in page["items"]:
            held[item["record"]] = item
    live = {r for r, item in held.items() if item["op"] == "put" and item["kind"] == "issue"}
    assert live == set(versions) - {early, moving} | {new["record"]}
    assert held[waiting]["body"]["part"] == "后改"


def test_a_first_load_that_was_overtaken_by_collected_deletions_starts_anew(site: House) -> None:
    li, made = site.desk("li"), [issue() for _ in range(9)]
    outcomes = li.push(WJ, *made)
    page = pull(li, limit=2)
    li.push(WJ, delete("issue", made[-1]["record"], outcomes[-1]["version"]))
    with site.app.app_context(), transaction.writing(WJ) as conn:
        office().journal.collect(conn, WJ, "field", 1_000)
    assert pull(li, page, limit=2)["resync"] == "tombstones"


def test_a_cursor_of_another_epoch_or_from_the_future_starts_anew(site: House) -> None:
    li = site.desk("li")
    held = {WJ: {"field": cursor(1, 1, epoch=9), "office": cursor(10**6, 1)}}
    pages = li.exchange(cursors=held)["pull"]["dossiers"][WJ]["audiences"]
    assert (pages["field"]["resync"], pages["office"]["resync"]) == ("epoch", "cursor-ahead")


def test_a_reader_beside_many_writers_misses_no_change(site: House) -> None:
    """I6: seq is gap-free and commit-ordered, because the head row is the lock."""
    writers = [site.desk("li"), site.desk("wang"), site.desk("zhang")]
    made = [[issue(title=f"{w}-{i}") for i in range(30)] for w in range(len(writers))]
    faults: list[BaseException] = []

    def write(desk: Desk, changes: list[dict[str, Any]]) -> None:
        try:
            for start in range(0, len(changes), 3):
                outcomes = desk.push(WJ, *changes[start : start + 3])
                assert [o["status"] for o in outcomes] == ["applied"] * 3
        except BaseException as fault:
            faults.append(fault)

    threads = [threading.Thread(target=write, args=pair) for pair in zip(writers, made, strict=True)]
    for thread in threads:
        thread.start()
    reader, rnd, seen = site.desk("li", device="tablet"), random.Random(7), set()
    page: dict[str, Any] = {"until": 0, "floor": 0, "below": None, "more": True}
    working = True
    while working or page["more"]:
        working = any(t.is_alive() for t in threads)  # asked before the pull: the last one sees all
        page = pull(reader, page, limit=rnd.choice((1, 2, 5, 50)))
        seen |= {i["record"] for i in page["items"]}
    for thread in threads:
        thread.join()
    assert not faults
    assert {c["record"] for changes in made for c in changes} <= seen


def test_a_page_says_that_more_follows_if_one_of_its_rows_was_written_again_meanwhile(site: House) -> None:
    """The heads are read, another request commits, the feed is read: as PostgreSQL may order it."""
    li, made = site.desk("li"), issue()
    [first] = li.push(WJ, made)
    with site.app.app_context(), transaction.reading() as conn:
        head = office().journal.heads(conn, [WJ])[WJ]
    li.push(WJ, update("issue", made["record"], first["version"], {"title": "又改了"}))
    with site.app.app_context(), transaction.reading() as conn:
        page = feed.page(conn, WJ, "field", Cursor("n", 1, 1, 1), head)
    assert orjson.loads(orjson.dumps(page["items"])) == [] and page["until"] == head.seq
    assert page["more"] is True, "a device would let go of its own change and show what was before it"
