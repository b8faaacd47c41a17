"""What a device says of itself beside its work: where it stands, and what it had been told."""

from typing import Any

import orjson

from server import transaction
from server.catalogue import journal
from server.office import office
from sync.protocol import REQUEST_GROUPS
from sync.replica import Replica
from tests.support.house import Clock, House, new_id
from tests.sync.test_replica import WJ, DeskLine, said

KINDS = journal().kinds


def test_a_device_says_which_time_it_had_been_told_before_its_work_was_made(site: House, device: Any) -> None:
    """What is still waiting was made before the device was told a later time: it is not held against it."""
    phone, line = device("a"), DeskLine(site.desk("li"))
    assert "seen_at" not in orjson.loads(phone.request())
    phone.sync(line)
    assert orjson.loads(phone.request())["seen_at"] == "2026-11-22T01:00:00.000Z"
    phone.create(WJ, "issue", said())
    site.clock.passes(hours=1)
    lost = orjson.loads(line.exchange(phone.request()))
    phone.receive(lost | {"push": []})
    assert orjson.loads(phone.request())["seen_at"] == "2026-11-22T01:00:00.000Z"
    phone.sync(line)
    assert phone.unsent() == {}
    assert orjson.loads(phone.request())["seen_at"] == "2026-11-22T02:00:00.000Z"
    phone.receive({"no": lost["no"], "server_time": "2026-11-22T00:59:00.000Z"})
    assert orjson.loads(phone.request())["seen_at"] == "2026-11-22T02:00:00.000Z"
    with site.app.app_context(), transaction.writing() as conn:
        office().journal.restore(conn, WJ, received_at="2026-11-22T02:00:00.000Z")
    phone.receive(orjson.loads(line.exchange(phone.request())))
    again = orjson.loads(phone.request())
    assert len(again["push"][0]["changes"]) == 1 and "seen_at" not in again


def holding(cursors: int, nonce: str) -> Replica:
    """A device by itself that may read so many audiences."""
    phone = Replica(":memory:", kinds=KINDS, clock=Clock(), new_id=new_id)
    rows = ((WJ, f"party:{n}", nonce, 1, 0, 0, None, 0, 0) for n in range(cursors))
    phone.db.executemany("INSERT INTO cursors VALUES (?,?,?,?,?,?,?,?,?)", rows)
    return phone


def test_however_many_cursors_a_device_holds_its_work_goes_with_them() -> None:
    """There is room for one change beside them, and always for one."""
    phone = holding(6_000, "n" * 800)
    for _ in range(3):
        phone.create(WJ, "issue", said(description="字" * 4_000, demand="字" * 2_000))
        phone.create(WJ, "comment", said_of("字" * 4_000))
    pushed = orjson.loads(phone.request())["push"]
    assert 1 <= len(pushed[0]["changes"]) < 6
    phone.db.execute("DELETE FROM cursors")
    assert len(orjson.loads(phone.request())["push"][0]["changes"]) == 6


def said_of(text: str) -> dict[str, Any]:
    """A comment of so much text."""
    told = {"subject": new_id(), "text": text, "said_at": "2026-11-22T08:00:00+08:00"}
    return {name: {"set": value} for name, value in told.items()}


def test_more_dossiers_that_wait_for_an_epoch_than_a_request_holds_take_turns() -> None:
    phone = holding(0, "")
    rows = ((n, f"c{n}", f"project:n-{n}") for n in range(1_000))
    kept = "INSERT INTO outbox (n, id, dossier, record, state, change) VALUES (?,?,?,'r','retained','{}')"
    phone.db.executemany(kept, rows)
    phone.create(WJ, "issue", said())
    asked = [[g["dossier"] for g in orjson.loads(phone.request())["push"]] for _ in range(2)]
    assert [len(groups) for groups in asked] == [REQUEST_GROUPS] * 2
    assert all(groups[0] == WJ for groups in asked) and len({*asked[0], *asked[1]}) == 1_001
