"""The row of the years: what an exchange, a pull and a page of the queue cost as the house fills up."""

import random
from collections.abc import Sequence
from typing import Any

import orjson
from sqlalchemy import text as sql

from server import transaction

from . import bare, queueing, reading, records
from .client import Client
from .house import AUDIENCE, MILLION, House
from .measure import Size, Step, result
from .results import Result

DELTA = 10  # records changed since the phone last came
_chance = random.Random()  # a kept house knows what was done to it in earlier runs


def growth(house: House, size: Size, step: Step) -> list[Result]:
    """Milliseconds of each at every size of `grown`: records of one dossier, and issues in the queue.

    Where nothing is O(history), the rows of one kind stay beside each other.
    """
    measured = []
    for many in size.grown:
        reading.grow(house, many, step)
        desk = queueing.supervisor(house, many, step)
        phone = house.client(0)
        step(f"measuring among {many:,}")
        times = {
            "exchange": _exchange(house, phone, size),
            "pull": _pull(house, phone, size),
            "queue": queueing.slowest(desk, queueing.PAGES, size),
        }
        measured += [result(f"growth {what} {many:,}", house, ms, "ms", 0) for what, ms in times.items()]
        phone.close()
        desk.close()
    return measured


def _exchange(house: House, phone: Client, size: Size) -> float:
    """One edit and the pull after it in one request, the median."""
    edits = iter(_edits(house, size.deltas + 1))
    cursor = reading.start() | reading.head(house, MILLION)

    def once(_n: int) -> None:
        body = orjson.loads(records.push(1, MILLION, [next(edits)]))
        body |= {"pull": orjson.loads(records.pull(1, MILLION, AUDIENCE, cursor))["pull"]}
        answer = orjson.loads(phone.exchange(orjson.dumps(body)))
        status = answer["push"][0]["outcomes"][0]["status"]
        if status not in ("applied", "conflict"):
            raise RuntimeError(f"not applied: {status}")
        page = answer["pull"]["dossiers"][MILLION]["audiences"][AUDIENCE]
        cursor.update({"seq": page["until"], "floor": page["floor"]})

    once(0)
    return bare.median_ms(once, size.deltas)


def _pull(house: House, phone: Client, size: Size) -> float:
    """The pull that finds ten changed records, the median."""
    cursor = reading.start() | reading.head(house, MILLION)
    phone.exchange(records.push(1, MILLION, _edits(house, DELTA)))
    body = records.pull(0, MILLION, AUDIENCE, cursor)
    found = orjson.loads(phone.exchange(body))["pull"]["dossiers"][MILLION]["audiences"][AUDIENCE]["items"]
    if len(found) < DELTA:
        raise RuntimeError("the pull did not find what was changed")
    return bare.median_ms(lambda _n: phone.exchange(body), size.deltas)


def _edits(house: House, count: int) -> Sequence[dict[str, Any]]:
    """Edits of different records by somebody who has seen them as they stand."""
    with house.app.app_context(), transaction.reading() as conn:
        rows = conn.execute(
            sql(
                "SELECT record, kind, version FROM records"
                " WHERE dossier = :d AND kind = 'issue' AND record > :from ORDER BY record LIMIT :n"
            ),
            {"d": MILLION, "from": f"{_chance.randrange(16**4):08x}", "n": count},
        ).all()
    if len(rows) < count:
        return _edits(house, count)
    return [records.edit(*row, f"{_chance.getrandbits(32)}#楼") for row in rows]
