"""The rows of what phones fetch: the first pull, ten changed records among many, a worker's memory."""

import random
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
from sqlalchemy import text as sql

from server import transaction

from . import bare, records
from .client import Client
from .house import AUDIENCE, LARGE, MILLION, House
from .measure import Size, Step, result, text
from .records import BATCH
from .results import Result

PULL_GOAL = 60_000  # records a second: a new phone is ready within a second of server time
DELTA_GOAL = 5  # ms, however many records stand beside
MEMORY_GOAL = 16  # MB that a worker may grow over a million records: noise of the allocator, no leak
DELTA = 10
SEED = 10_000  # records made by the engine, of which the million are copies
_CURSOR = re.compile(rb'"until":(\d+),"below":(\d+|null),"floor":(\d+),"more":(true|false),"items":')
_chance = random.Random()  # a kept house knows what was done to it in earlier runs


def pull(house: House, size: Size, step: Step) -> list[Result]:
    """Records a second of a first pull, page by page; what a phone makes of a page is not timed.

    Beside it: the same bodies out of one table, in pages of the same length.
    """
    _fill(house, size, step)
    step("pull")
    client = house.client(0)
    client.exchange(_request(LARGE, start()))
    began = time.perf_counter()
    answers = [answer for answer, _ in _pages(client, LARGE)]
    took = time.perf_counter() - began
    client.close()
    items = [item for answer in answers for item in _page(answer, LARGE)["items"]]
    if len(items) != size.pulled:
        raise RuntimeError(f"{len(items)} records came instead of {size.pulled}")
    step("bare select")
    texts = [orjson.dumps([i["body"], i["written"]]).decode() for i in items]
    key = f"pull-{_chance.getrandbits(32)}"
    rows = [(key, n + 1, f"{key}{i['record']}", t) for n, (i, t) in enumerate(zip(items, texts, strict=True))]
    bare.inserted(house.bare, rows)
    bare.paged(house.bare, key)
    beside = bare.paged(house.bare, key)
    return [result("pull", house, len(items) / took, "records/s", beside, goal=PULL_GOAL)]


def delta(house: House, size: Size, step: Step) -> list[Result]:
    """Milliseconds of a pull that finds 10 changed records among `pulled`."""
    return [_delta("delta", LARGE, _fill(house, size, step), house, size, step)]


def delta_million(house: House, size: Size, step: Step) -> list[Result]:
    """As `delta`, among a million."""
    _fill_million(house, size, step)
    with house.app.app_context(), transaction.reading() as conn:
        rows = conn.execute(
            sql(
                "SELECT record, kind, version FROM records"
                " WHERE dossier = :d AND kind <> 'project' LIMIT 1000"
            ),
            {"d": MILLION},
        ).all()
    return [_delta("delta1m", MILLION, [tuple(r) for r in rows], house, size, step)]


def _delta(
    row: str, dossier: str, filled: list[tuple[str, str, int]], house: House, size: Size, step: Step
) -> Result:
    """Beside it: ten rows by the index."""
    step("delta")
    client = house.client(0)
    cursor = start() | head(house, dossier)
    edits = [
        records.edit(*filled[n], f"{_chance.getrandbits(32)}#楼")
        for n in _chance.sample(range(len(filled)), DELTA)
    ]
    answer = orjson.loads(client.exchange(records.push(1, dossier, edits)))
    if {o["status"] for o in answer["push"][0]["outcomes"]} - {"applied", "conflict"}:
        raise RuntimeError(f"not applied: {answer['push'][0]['outcomes'][0]}")
    body = _request(dossier, cursor)
    if len(_page(client.exchange(body), dossier)["items"]) < DELTA:
        raise RuntimeError("the pull did not find what was changed")
    took = bare.median_ms(lambda _n: client.exchange(body), size.deltas)
    client.close()
    step("bare select")
    key = f"delta-{_chance.getrandbits(32)}"
    house.bare.insert([(key, n, c["id"], text(c)) for n, c in enumerate(edits)])
    beside = bare.median_ms(lambda _n: house.bare.page(key, -1, DELTA), size.deltas)
    return result(row, house, took, "ms", beside, goal=DELTA_GOAL)


def memory(house: House, size: Size, step: Step) -> list[Result]:
    """By how many MB the largest worker has grown when one phone has pulled a million records.

    Counted from the first twentieth on: until then caches fill and pages reach their usual size.
    """
    _fill_million(house, size, step)
    client = house.client(0)
    count, before = 0, 0.0
    for answer, _ in _pages(client, MILLION):
        count += answer.count(b'"op":"put"')
        if not before and count >= size.million // 20:
            before = _resident_mb(house)
        step(f"{count:,} records, worker {_resident_mb(house):.0f} MB")
    client.close()
    if count < size.million:
        raise RuntimeError(f"{count} records came instead of {size.million}")
    return [result("memory", house, _resident_mb(house) - before, "MB", 0, goal=MEMORY_GOAL)]


def _resident_mb(house: House) -> float:
    """The resident memory of the largest worker."""
    sizes = [0]
    for pid in house.workers():
        found = re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
        sizes.append(int(found[1]) if found else 0)
    return max(sizes) / 1024


def _fill(house: House, size: Size, step: Step) -> list[tuple[str, str, int]]:
    """Fill the large dossier once; (record, kind, version) of all that was entered."""
    if not house.large:
        with house.filling():
            house.large = _entered(house, LARGE, size.pulled, step)
    return house.large


def _entered(house: House, dossier: str, count: int, step: Step) -> list[tuple[str, str, int]]:
    filled = []
    for at in range(0, count, BATCH):
        step(f"filling {at:,} of {count:,}")
        batch = records.changes(min(BATCH, count - at), house.officers, seed=_chance.getrandbits(32))
        outcomes = house.enter(dossier, batch)
        filled += [(c["record"], c["kind"], o["version"]) for c, o in zip(batch, outcomes, strict=True)]
    return filled


def _fill_million(house: House, size: Size, step: Step) -> None:
    """Fill the dossier of a million once."""
    if not house.millions:
        grow(house, size.million, step)


def grow(house: House, to: int, step: Step) -> None:
    """Bring the large dossier to so many records: some through the engine, the others as copies of them,
    in the tables that a pull reads. Its journal has gaps there; nothing here reads it.
    """
    if house.millions >= to:
        return
    with house.filling():
        if not house.millions:
            _entered(house, MILLION, SEED, step)
        for n in range(max(1, house.millions // SEED), to // SEED):
            step(f"copying {n * SEED:,} of {to:,}")
            _copy(house, n)
        house.millions = to // SEED * SEED
    if house.database == "postgresql":
        step("analyze")
        with house.app.app_context(), transaction.writing() as conn:
            conn.execute(sql("ANALYZE records"))
            conn.execute(sql("ANALYZE feed"))


def _copy(house: House, n: int) -> None:
    behind = head(house, MILLION)["seq"]
    with house.app.app_context(), transaction.writing() as conn:
        name = {"d": MILLION, "n": f"{n:08x}", "by": behind, "most": SEED + 1}
        conn.execute(sql(_COPY_RECORDS), name)
        conn.execute(sql(_COPY_FEED), name)
        conn.execute(
            sql("UPDATE dossiers SET seq = seq + :by WHERE dossier = :d"), {"d": MILLION, "by": SEED + 1}
        )


_COPY_RECORDS = """
INSERT INTO records SELECT dossier, CAST(:n AS VARCHAR) || substr(record, 9), kind, audience,
version + :by, deleted, body, written, devices
FROM records WHERE dossier = :d AND kind <> 'project' AND version <= :most
"""
_COPY_FEED = """
INSERT INTO feed SELECT dossier, audience, CAST(:n AS VARCHAR) || substr(record, 9), seq + :by, op
FROM feed WHERE dossier = :d AND audience = 'field' AND seq <= :most
"""


def head(house: House, dossier: str) -> dict[str, int]:
    """A cursor that has everything that stands now."""
    with house.app.app_context(), transaction.reading() as conn:
        seq = conn.execute(sql("SELECT seq FROM dossiers WHERE dossier = :d"), {"d": dossier}).scalar_one()
    return {"seq": seq, "floor": seq}


def start() -> dict[str, Any]:
    return {"nonce": "bench", "epoch": 1, "seq": 0, "floor": 0}


def _request(dossier: str, cursor: dict[str, Any]) -> bytes:
    return records.pull(0, dossier, AUDIENCE, cursor)


def _page(answer: bytes, dossier: str) -> dict[str, Any]:
    page: dict[str, Any] = orjson.loads(answer)["pull"]["dossiers"][dossier]["audiences"][AUDIENCE]
    return page


def _pages(client: Client, dossier: str) -> Iterator[tuple[bytes, dict[str, Any]]]:
    """Every answer from the beginning, with the cursor after it.

    Only the cursor is read out of them: parsing would be a third of the time, and ours.
    """
    cursor, more = start(), True
    while more:
        answer = client.exchange(_request(dossier, cursor))
        found = _CURSOR.search(answer)
        if found is None:
            raise RuntimeError(f"no cursor in {answer[:500].decode(errors='replace')}")
        below = None if found[2] == b"null" else int(found[2])
        cursor |= {"seq": int(found[1]), "below": below, "floor": int(found[3])}
        more = found[4] == b"true"
        yield answer, cursor
