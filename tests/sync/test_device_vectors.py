"""What a device makes of pages and outcomes, and what a server makes of cursors: vectors for all clients."""

from typing import Any

import orjson
import pytest
from sqlalchemy import create_engine, insert

from sync import feed, tables
from sync.feed import Cursor
from sync.minutes import Head
from sync.replica import Replica
from sync.replica_answers import take_pull, take_push

from .test_vectors import vectors

HERE = "project:a"
CURSORS, OUTCOMES = vectors("cursors"), vectors("outcomes")


def device() -> Replica:
    return Replica(":memory:", kinds={}, clock=lambda: None, new_id=lambda: "new")  # type: ignore[arg-type, return-value]


def hold(phone: Replica, audience: str, held: dict[str, Any]) -> None:
    named = {"nonce": "a", "floor": 0, "below": None} | held
    row = [named[k] for k in ("nonce", "epoch", "seq", "floor", "below", "more")]
    phone.db.execute("INSERT INTO cursors VALUES (?,?,?,?,?,?,?,?,0)", (HERE, audience, *row))


@pytest.mark.parametrize("case", CURSORS["cases"], ids=lambda c: c["name"])
def test_a_page_and_its_cursor(case: dict[str, Any]) -> None:
    phone, held = device(), case["held"]
    phone.db.execute("INSERT INTO epochs VALUES (?,?,0)", (HERE, held["epoch"]))
    hold(phone, "field", held)
    for record, version in case["shadow"].items():
        row = (HERE, record, "field", "thing", version, held["epoch"], "{}", "{}", 0)
        phone.db.execute("INSERT INTO shadow VALUES (?,?,?,?,?,?,?,?,?)", row)
    said = {"epoch": case["epoch"], "head": 99, "backed_up": 0, "audiences": {"field": case["page"]}}
    granted = {HERE: {"epoch": case["epoch"], "audiences": ["field"]}}
    take_pull(
        phone.db, {"granted": granted, "dossiers": {HERE: said}}, 7, lambda: "*", "2026-11-22T01:00:00.000Z"
    )
    row = phone.db.execute("SELECT * FROM cursors").fetchone()
    assert {k: row[k] for k in held} | {"more": bool(row["more"])} == case["after"]
    shadow = phone.db.execute("SELECT record, version FROM shadow")
    assert {r["record"]: r["version"] for r in shadow} == case["shadow_after"]


@pytest.mark.parametrize("case", OUTCOMES["cases"], ids=lambda c: c["name"])
def test_an_outcome_and_the_outbox(case: dict[str, Any]) -> None:
    phone = device()
    phone.db.execute("INSERT INTO epochs VALUES (?,?,?)", (HERE, case["epoch"], case["backed_up"]))
    for held in case["cursors"]:
        hold(phone, held["audience"], held)
    for n, c in enumerate(case["outbox"], 1):
        row = (n, c["id"], HERE, "r", c["state"], "{}", c["seq"], c["epoch"], None, 1, None)
        phone.db.execute("INSERT INTO outbox VALUES (?,?,?,?,?,?,?,?,?,?,?)", row)
    take_push(phone.db, case["group"], case["epoch"], "2026-11-22T01:00:00.000Z")
    left = {r["id"]: r["state"] for r in phone.db.execute("SELECT id, state FROM outbox")}
    assert left == case["after"]


@pytest.mark.parametrize("case", CURSORS["served"], ids=lambda c: c["name"])
def test_what_a_cursor_is_answered(case: dict[str, Any]) -> None:
    engine = create_engine("sqlite://")
    with engine.begin() as conn:
        tables.metadata.create_all(conn)
        for record, seq, op in case["rows"]:
            row = {"dossier": HERE, "audience": "field", "record": record, "seq": seq, "op": op}
            conn.execute(insert(tables.feed).values(row))
            texts = {"body": "{}", "written": "{}", "devices": "{}", "kind": "thing", "deleted": op != "put"}
            where = {"dossier": HERE, "record": record, "audience": "field", "version": seq}
            conn.execute(insert(tables.records).values(where | texts))
        head = Head(case["head"]["epoch"], case["head"]["seq"], b"")
        page = feed.page(
            conn,
            HERE,
            "field",
            Cursor(**case["cursor"]),
            head,
            limit=case["limit"],
            collected=case["collected"],
        )
    told = orjson.loads(orjson.dumps(page))
    if "items" in told:
        told["items"] = [[i["record"], i["version"], i["op"]] for i in told["items"]]
    assert told == {"nonce": "a"} | case["page"]
