"""The rows of what phones send: batches, one hot dossier, single changes, conflicting edits."""

import random
import time
from collections.abc import Sequence
from typing import Any

import orjson

from server import transaction
from server.access import SystemMay
from server.office import office
from sync.change import Author, read
from sync.exchange import rfc3339

from . import bare, records
from .client import together
from .house import CLIENTS, DOSSIERS, HOT, SENDERS, House, all_applied
from .measure import Size, Step, close, result, text
from .records import BATCH
from .results import Result

PUSH_GOAL = 8_000  # changes a second: 1,000 phones that come home with a day's work in 40 s
HOT_GOAL = 4_000
BARE_SHARE = 0.25  # of what the store alone inserts
SINGLE_GOAL, SPREAD_GOAL = 250, 400  # requests a second on one dossier, over twenty
MERGE_GOAL = 0.2  # ms of CPU for a conflicting record, from the lock to the rows
_chance = random.Random(26)


def push(house: House, size: Size, step: Step) -> list[Result]:
    """Changes a second: four phones, 500 changes a request, eight dossiers.

    Beside it: the same changes as rows of one table, 500 a transaction.
    """
    took, rows = _pushed(house, size, step, DOSSIERS[:8])
    step("bare insert")
    beside = bare.inserted(house.bare, rows)
    rate = len(rows) / took
    return [result("push", house, rate, "changes/s", beside, goal=PUSH_GOAL, ratio_goal=BARE_SHARE)]


def hot(house: House, size: Size, step: Step) -> list[Result]:
    """As `push`, all of it into one dossier: one lock, one chain."""
    took, rows = _pushed(house, size, step, (HOT,))
    step("bare insert")
    beside = bare.inserted(house.bare, rows)
    return [result("hot", house, len(rows) / took, "changes/s", beside, goal=HOT_GOAL)]


def _pushed(house: House, size: Size, step: Step, dossiers: Sequence[str]) -> tuple[float, list[bare.Row]]:
    step("bodies")
    warm = [_batches(house, c, 2, dossiers)[0] for c in range(CLIENTS)]
    work = [_batches(house, c, size.batches, dossiers) for c in range(CLIENTS)]
    step("push")
    clients = [house.client(n) for n in range(CLIENTS)]
    together(clients, warm)
    took, answers = together(clients, [bodies for bodies, _ in work])
    for answer in answers:
        all_applied(orjson.loads(answer)["push"][0]["outcomes"])
    close(clients)
    return took, [row for _, rows in work for row in rows]


def _batches(
    house: House, client: int, count: int, dossiers: Sequence[str]
) -> tuple[list[bytes], list[bare.Row]]:
    """A client's requests, turning about its own dossiers and its neighbour's; and bare rows."""
    bodies, rows = [], []
    for n in range(count):
        dossier = dossiers[(client * 2 + n) % len(dossiers)]
        batch = records.changes(BATCH, house.officers, seed=_chance.getrandbits(32))
        bodies.append(records.push(n, dossier, batch))
        rows += [(dossier, n * BATCH + i, c["id"], text(c)) for i, c in enumerate(batch)]
    return bodies, rows


def single(house: House, size: Size, step: Step) -> list[Result]:
    """One change a request. `single`: how long one phone waits, and how many a second eight phones
    send into one dossier; `single20`: eight phones over twenty dossiers.

    Beside it: a commit of one row.
    """
    step("one phone")
    count = size.singles
    made = records.changes(count, house.officers, seed=_chance.getrandbits(32))
    bodies = [records.push(n, DOSSIERS[0], [c]) for n, c in enumerate(made[: count // 4])]
    client = house.client(0)
    took = bare.median_ms(lambda n: client.exchange(bodies[n]), len(bodies))
    client.close()
    step("eight phones, one dossier")
    one = _singles(house, size, DOSSIERS[:1])
    step("eight phones, twenty dossiers")
    twenty = _singles(house, size, DOSSIERS)
    step("bare commit")
    rows = [("single", n, c["id"], text(c)) for n, c in enumerate(made)]
    began = time.perf_counter()
    beside = bare.median_ms(lambda n: house.bare.insert(rows[n : n + 1]), len(rows))
    bare_rate = len(rows) / (time.perf_counter() - began)
    return [
        result("single", house, took, "ms", beside),
        result("single", house, one, "req/s", bare_rate, goal=SINGLE_GOAL),
        result("single20", house, twenty, "req/s", bare_rate, goal=SPREAD_GOAL),
    ]


def _singles(house: House, size: Size, dossiers: Sequence[str]) -> float:
    """Requests a second of eight phones that send one change at a time."""
    made = records.changes(size.singles, house.officers, seed=_chance.getrandbits(32))
    bodies = [records.push(n, dossiers[n % len(dossiers)], [c]) for n, c in enumerate(made)]
    clients = [house.client(n) for n in range(SENDERS)]
    took, answers = together(clients, [bodies[n::SENDERS] for n in range(SENDERS)])
    for answer in answers:
        all_applied(orjson.loads(answer)["push"][0]["outcomes"])
    close(clients)
    return len(bodies) / took


def merge(house: House, _size: Size, step: Step) -> list[Result]:
    """Milliseconds of CPU for one edit that conflicts with another's: judged, both values kept,
    journalled and written. Beside it: the CPU of inserting one bare row.
    """
    step("merge")
    made = records.changes(BATCH, house.officers, seed=_chance.getrandbits(32))
    versions = [o["version"] for o in house.enter(DOSSIERS[0], made)]
    _edits(house, made, versions, "phone-a", "1#楼")
    spent, statuses = _edits(house, made, versions, "phone-b", "2#楼")
    if set(statuses) != {"conflict"}:
        raise RuntimeError(f"no conflicts: {set(statuses)}")
    rows = [("merge", n, c["id"], text(c)) for n, c in enumerate(made)]
    began = time.process_time()
    house.bare.insert(rows)
    beside = (time.process_time() - began) / BATCH * 1000
    return [result("merge", house, spent / BATCH * 1000, "ms", beside, goal=MERGE_GOAL)]


def _edits(
    house: House, made: list[dict[str, Any]], versions: list[int], device: str, word: str
) -> tuple[float, list[str]]:
    """One edit of each record; seconds of CPU, and what became of them."""
    with house.app.app_context():
        here = office()
        author = Author(house.officers[0], device, SystemMay())
        edits = [records.edit(c["record"], c["kind"], v, word) for c, v in zip(made, versions, strict=True)]
        understood = [read(c, here.journal.kinds) for c in edits]
        now = rfc3339(here.clock())
        began = time.process_time()
        pushed = transaction.submit(DOSSIERS[0], author, understood, received_at=now)
        return time.process_time() - began, [o["status"] for o in pushed.outcomes]
