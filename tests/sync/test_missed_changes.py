"""I6: a reader beside concurrent commits misses no change, whatever the size of its pages."""

import random
import threading
from collections.abc import Callable, Iterator
from typing import Any

import orjson
import pytest
from sqlalchemy import Engine, create_engine

from server.database import keep_promises
from sync import feed
from tests.support.databases import DatabaseFactory
from tests.support.house import Desk, House, accept, create, delete, issue, update
from tests.sync.dossier import Dossier, Reader

WJ = "project:wj-01"
WRITERS, PUSHES = 4, 25


@pytest.fixture
def dossier(database: str, factories: Callable[[str], DatabaseFactory]) -> Iterator[Dossier]:
    """A dossier on an engine that opens a connection for each thread."""
    url = factories(database).fresh()
    engine: Engine = create_engine(url, pool_size=WRITERS + 2)
    keep_promises(engine)
    yield Dossier(engine)
    engine.dispose()
    factories(database).dispose(url)


def sheet(**more: Any) -> dict[str, Any]:
    return create("sheet", {"verdict": "a"}, **more)


def live(dossier: Dossier, audience: str) -> dict[str, int]:
    rows = dossier.records().values()
    return {r.record: r.version for r in rows if r.audience == audience and not r.deleted}


class Writer(threading.Thread):
    """Makes sheets, and changes and deletes its own and others', on a connection of its own."""

    def __init__(self, dossier: Dossier, number: int, made: list[str]) -> None:
        super().__init__(daemon=True)
        self.dossier, self.made, self.rnd = dossier, made, random.Random(number)
        self.device = f"phone-{number}"
        self.fault: BaseException | None = None

    def run(self) -> None:
        try:
            for _ in range(PUSHES):
                changes = [self._change() for _ in range(self.rnd.choice((1, 1, 3)))]
                self.dossier.push(self.device, changes, 1)
                self.made += [c["record"] for c in changes if c["op"] == "create"]
        except BaseException as fault:
            self.fault = fault

    def _change(self) -> dict[str, Any]:
        what = self.rnd.random()
        if what < 0.4 or not self.made:
            return sheet()
        record = self.rnd.choice(list(self.made))
        return (
            delete("sheet", record, 10**9) if what > 0.9 else update("sheet", record, 0, {"memo": str(what)})
        )


def test_a_reader_beside_committing_threads_ends_with_every_change(dossier: Dossier) -> None:
    writers = [Writer(dossier, n, []) for n in range(WRITERS)]
    for writer in writers[1:]:
        writer.made = writers[0].made  # all of them work on all sheets
    for writer in writers:
        writer.start()
    reader, rnd, pages, more = Reader("field"), random.Random(7), 0, True
    complete: list[tuple[int, dict[str, int]]] = []
    working = True
    while working or more:
        # Asked before the pull, in which nobody commits any more: the last one sees all.
        working = any(w.is_alive() for w in writers)
        more = dossier.pull(reader, rnd.choice((1, 2, 3, 7)), lambda: hurry(dossier, writers[0], rnd))
        pages += 1
        if not more:
            complete.append((reader.cursor.seq, versions(reader)))
    for writer in writers:
        writer.join()
        if writer.fault is not None:
            raise writer.fault
    assert versions(reader) == live(dossier, "field")
    assert pages > 5 and len(reader.rows) > 20
    entries = dossier.entries()
    assert [e.seq for e in entries] == list(range(1, len(entries) + 1))
    for seq, seen in complete:
        holds_all_up_to(seq, seen, entries)


def hurry(dossier: Dossier, writer: Writer, rnd: random.Random) -> None:
    """Now and then somebody commits between a reader's two questions, which threads alone seldom do."""
    if writer.made and writer.is_alive() and rnd.random() < 0.3:
        record = rnd.choice(list(writer.made)[-5:])
        dossier.push("phone-hurry", [update("sheet", record, 0, {"memo": str(rnd.random())})], 1)


def versions(reader: Reader) -> dict[str, int]:
    return {i: r["version"] for i, r in reader.rows.items()}


def holds_all_up_to(seq: int, seen: dict[str, int], entries: list[Any]) -> None:
    """Where a page said that nothing more follows, nothing up to its `until` was missing."""
    last: dict[str, int] = {}
    deleted = set()
    for entry in entries:
        header = orjson.loads(entry.bytes)
        if header["op"] == "delete":
            deleted.add(entry.record)
        elif entry.seq <= seq and orjson.loads(entry.payload)["after"]:
            last[entry.record] = entry.seq
    missing = {r: v for r, v in last.items() if r not in deleted and seen.get(r, 0) < v}
    assert not missing, f"complete up to {seq}, it was said, without {missing}"


def test_a_reader_that_asked_for_the_head_last_would_miss_changes(dossier: Dossier) -> None:
    """The check above can fail: the order of the two questions is what it rests on."""
    reader, late = Reader("field"), sheet()
    dossier.push("phone-li", [sheet()], 1)
    with dossier.reading() as conn:
        before = dossier.journal.heads(conn, [dossier.name])[dossier.name]
        page = feed.page(conn, dossier.name, "field", reader.cursor, before)
    dossier.push("phone-wang", [late], 1)
    with dossier.reading() as conn:
        after = dossier.journal.heads(conn, [dossier.name])[dossier.name]
    reader.take(page | {"until": after.seq, "more": False}, 1)
    while dossier.pull(reader, 7):
        pass
    assert late["record"] in live(dossier, "field") and late["record"] not in reader.rows


def office_pull(desk: Desk, seq: int, limit: int) -> Any:
    cursor = {"nonce": "n", "epoch": 1, "seq": seq, "floor": 1}
    answer = desk.exchange(pull={"limit": limit, "cursors": {WJ: {"office": cursor}}})
    return answer["pull"]["dossiers"][WJ]["audiences"]["office"]


@pytest.mark.parametrize("limit", [1, 2, 3, 4])
def test_work_taken_late_its_record_and_its_conflict_come_with_one_entry_and_nothing_after_is_skipped(
    site: House, limit: int
) -> None:
    li, wang, zhang = site.desk("li"), site.desk("wang"), site.desk("zhang")
    made, after = issue(audience="office"), issue(audience="office")
    [first] = li.push(WJ, made)
    [gone] = li.push(WJ, delete("issue", made["record"], first["version"]))
    wang.push(WJ, late := update("issue", made["record"], first["version"], {"title": "乙", "part": "A"}))
    zhang.push(WJ, delete("issue", made["record"], gone["version"]) | {"op": "undelete"})
    [seen] = zhang.push(WJ, update("issue", made["record"], gone["version"], {"title": "甲"}))
    [taken] = zhang.push(WJ, accept({"record": late["id"], "version": seen["version"]}))
    assert taken["status"] == "conflict"
    page = office_pull(zhang, seen["version"], 500)
    together = {made["record"], late["id"], taken["conflict"]}
    assert {i["record"] for i in page["items"] if i["version"] == taken["seq"]} == together
    li.push(WJ, after)
    got, since = set(), first["version"] - 1
    for _ in range(20):
        page = office_pull(zhang, since, limit)
        got |= {i["record"] for i in page["items"]}
        since = page["until"]
        if not page["more"]:
            break
    assert got == together | {after["record"]}
