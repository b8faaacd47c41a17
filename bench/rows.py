"""The rows of the table: what each promise is measured by, and what stands beside it."""

import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from . import bare, records
from .client import Client, together
from .house import AUDIENCE, CLIENTS, DOSSIERS, LARGE, House, all_applied
from .records import BATCH
from .results import Result

Step = Callable[[str], None]
PUSH_GOAL = 3_000  # changes a second: 1,000 phones that come home with a day's work in 100 s
PULL_GOAL = 20_000  # records a second: a new phone is ready within a second of server time
DELTA = 10
_CURSOR = re.compile(rb'"until":(\d+),"floor":(\d+),"more":(true|false),"items":')


@dataclass(frozen=True, slots=True)
class Size:
    """How much is measured: `batches` each client, `singles`, records `pulled`, `deltas` repeated."""

    batches: int
    singles: int
    pulled: int
    deltas: int


SIZES = {"full": Size(24, 300, 20_000, 200), "ci": Size(6, 60, 5_000, 40)}


def push(house: House, size: Size, step: Step) -> list[Result]:
    """Changes a second: four phones, 500 changes a request, eight dossiers.

    Beside it: the same changes as rows of one table, 500 a transaction.
    """
    step("bodies")
    warm = [_batches(house, c, 2, seed=90 + c)[0] for c in range(CLIENTS)]
    work = [_batches(house, c, size.batches, seed=c) for c in range(CLIENTS)]
    step("push")
    # Only now: the server hangs up on a line that was silent for two seconds.
    clients = [house.client(n) for n in range(CLIENTS)]
    together(clients, warm)
    took, answers = together(clients, [bodies for bodies, _ in work])
    for answer in answers:
        all_applied(orjson.loads(answer)["push"][0]["outcomes"])
    _close(clients)
    step("bare insert")
    beside = bare.inserted(house.bare, [row for _, rows in work for row in rows])
    count = CLIENTS * size.batches * BATCH
    return [_result("push", house, count / took, "changes/s", beside, PUSH_GOAL)]


def _batches(house: House, client: int, count: int, *, seed: int) -> tuple[list[bytes], list[bare.Row]]:
    """A client's requests, turning about its own dossiers and its neighbour's; and bare rows."""
    bodies, rows = [], []
    for n in range(count):
        dossier = DOSSIERS[(client * 2 + n) % len(DOSSIERS)]
        batch = records.changes(BATCH, house.officers, seed=seed * 1_000 + n)
        bodies.append(records.push(n, dossier, batch))
        rows += [(dossier, n * BATCH + i, c["id"], _text(c)) for i, c in enumerate(batch)]
    return bodies, rows


def single(house: House, size: Size, step: Step) -> list[Result]:
    """One change a request, one phone: how long a person waits, and how many a second.

    Beside it: a commit of one row.
    """
    step("single")
    made = records.changes(size.singles, house.officers, seed=7_000)
    bodies = [records.push(n, DOSSIERS[0], [c]) for n, c in enumerate(made)]
    client = house.client(0)
    answers: list[bytes] = []
    began = time.perf_counter()
    took = bare.median_ms(lambda n: answers.append(client.exchange(bodies[n])), len(bodies))
    rate = len(bodies) / (time.perf_counter() - began)
    for answer in answers:
        all_applied(orjson.loads(answer)["push"][0]["outcomes"])
    client.close()
    step("bare commit")
    rows = [("single", n, c["id"], _text(c)) for n, c in enumerate(made)]
    began = time.perf_counter()
    beside = bare.median_ms(lambda n: house.bare.insert(rows[n : n + 1]), len(rows))
    bare_rate = len(rows) / (time.perf_counter() - began)
    return [
        _result("single", house, took, "ms", beside),
        _result("single", house, rate, "req/s", bare_rate),
    ]


def pull(house: House, size: Size, step: Step) -> list[Result]:
    """Records a second of a first pull, page by page; what a phone makes of a page is not timed.

    Beside it: the same bodies out of one table, in pages of the same length.
    """
    _fill(house, size, step)
    step("pull")
    client = house.client(0)
    client.exchange(_request(_start()))
    began = time.perf_counter()
    answers, _ = _pull_all(client)
    took = time.perf_counter() - began
    client.close()
    items = [item for answer in answers for item in _page(answer)["items"]]
    if len(items) != size.pulled:
        raise RuntimeError(f"{len(items)} records came instead of {size.pulled}")
    step("bare select")
    texts = [orjson.dumps([i["body"], i["written"]]).decode() for i in items]
    rows = [("pull", n + 1, i["record"], t) for n, (i, t) in enumerate(zip(items, texts, strict=True))]
    bare.inserted(house.bare, rows)
    bare.paged(house.bare, "pull")
    beside = bare.paged(house.bare, "pull")
    return [_result("pull", house, len(items) / took, "records/s", beside, PULL_GOAL)]


def delta(house: House, size: Size, step: Step) -> list[Result]:
    """Milliseconds of a pull that finds 10 changed records among many.

    Beside it: ten rows by the index.
    """
    filled = _fill(house, size, step)
    step("delta")
    client = house.client(0)
    _, cursor = _pull_all(client)
    every = len(filled) // DELTA
    edits = [records.edit(*filled[n * every], f"{n}#楼") for n in range(DELTA)]
    answer = orjson.loads(client.exchange(records.push(1, LARGE, edits)))
    all_applied(answer["push"][0]["outcomes"])
    body = _request(cursor)
    if len(_page(client.exchange(body))["items"]) != DELTA:
        raise RuntimeError("the pull did not find what was changed")
    took = bare.median_ms(lambda _n: client.exchange(body), size.deltas)
    client.close()
    step("bare select")
    house.bare.insert([("delta", n, c["id"], _text(c)) for n, c in enumerate(edits)])
    beside = bare.median_ms(lambda _n: house.bare.page("delta", -1, DELTA), size.deltas)
    return [_result("delta", house, took, "ms", beside)]


def _fill(house: House, size: Size, step: Step) -> list[tuple[str, str, int]]:
    """Fill the large dossier once; (record, kind, version) of all that was entered."""
    if not house.large:
        for at in range(0, size.pulled, BATCH):
            step(f"filling {at:,} of {size.pulled:,}")
            batch = records.changes(min(BATCH, size.pulled - at), house.officers, seed=50_000 + at)
            outcomes = house.enter(LARGE, batch)
            known = zip(batch, outcomes, strict=True)
            house.large += [(c["record"], c["kind"], o["version"]) for c, o in known]
    return house.large


def _start() -> dict[str, Any]:
    return {"nonce": "bench", "epoch": 1, "seq": 0, "floor": 0}


def _request(cursor: dict[str, Any]) -> bytes:
    return records.pull(1, LARGE, AUDIENCE, cursor)


def _page(answer: bytes) -> dict[str, Any]:
    page: dict[str, Any] = orjson.loads(answer)["pull"]["dossiers"][LARGE]["audiences"][AUDIENCE]
    return page


def _pull_all(client: Client) -> tuple[list[bytes], dict[str, Any]]:
    """Every answer from the beginning, and the cursor after the last.

    Only the cursor is read out of them: parsing would be a third of the time, and ours.
    """
    answers: list[bytes] = []
    cursor, more = _start(), True
    while more:
        answers.append(client.exchange(_request(cursor)))
        found = _CURSOR.search(answers[-1])
        if found is None:
            raise RuntimeError(f"no cursor in {answers[-1][:500].decode(errors='replace')}")
        cursor |= {"seq": int(found[1]), "floor": int(found[2])}
        more = found[3] == b"true"
    return answers, cursor


def _result(
    row: str, house: House, value: float, unit: str, beside: float, goal: float | None = None
) -> Result:
    return Result(row=row, database=house.database, value=value, unit=unit, beside=beside, goal=goal)


def _text(change: dict[str, Any]) -> str:
    return orjson.dumps(change).decode()


def _close(clients: Sequence[Client]) -> None:
    for client in clients:
        client.close()


ROWS: dict[str, Callable[[House, Size, Step], list[Result]]] = {
    "push": push,
    "single": single,
    "pull": pull,
    "delta": delta,
}
