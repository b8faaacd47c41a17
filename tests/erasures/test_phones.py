"""Phones let go of what was erased, and neither they nor an old backup bring it back."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sync.erasure import MARK
from sync.replica import Replica
from tests.server.test_photos import originals, photo, upload
from tests.support.house import Clock, House, issue, jpeg, new_id, update
from tests.sync.test_replica import DeskLine

from .conftest import WJ, erase
from .test_erasing import KINDS, SECRET, body, comment, everywhere, verified


@pytest.fixture
def phone(tmp_path: Path, clock: Clock) -> Replica:
    return Replica(tmp_path / "phone.db", kinds=KINDS, clock=clock, new_id=new_id, device="phone-li")


def fields(values: dict[str, Any]) -> dict[str, Any]:
    return {name: {"set": value} for name, value in values.items()}


def test_a_phone_is_told_and_lets_go_of_all_it_kept(bureau: House, phone: Replica, tmp_path: Path) -> None:
    line = DeskLine(bureau.desk("li"))
    phone.sync(line)
    data, kept = jpeg("red"), tmp_path / "kept.jpg"
    kept.write_bytes(data)
    record = photo(data, caption=SECRET)
    name = phone.create(WJ, "photo", record["fields"])
    phone.attach(WJ, name, kept, record["fields"]["sha256"]["set"], "image/jpeg")
    said = phone.create(WJ, "comment", comment(new_id())["fields"])
    phone.sync(line)
    upload(bureau.desk("li"), name, data)
    phone.sync(line)
    assert SECRET in held_by(phone)
    erase(bureau, name, whole=True)
    erase(bureau, said)
    phone.sync(line)
    assert SECRET not in held_by(phone) and not kept.exists()
    assert name not in phone.view(WJ) and phone.view(WJ)[said]["body"]["text"] == MARK


def held_by(phone: Replica) -> str:
    """All that its tables hold."""
    names = [r[0] for r in phone.db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    return "".join(str(tuple(row)) for name in names for row in phone.db.execute(f"SELECT * FROM {name}"))


def test_a_late_edit_by_one_who_had_not_seen_it_brings_nothing_back(bureau: House, phone: Replica) -> None:
    finding = issue()
    bureau.desk("wang").push(WJ, finding)
    line = DeskLine(bureau.desk("li"))
    phone.sync(line)
    said = phone.create(WJ, "comment", comment(finding["record"])["fields"])
    phone.sync(line)
    phone.update(WJ, said, {"text": {"set": f"{SECRET}，还有"}})
    phone.update(
        WJ, said, {"text": {"set": f"{SECRET}，再有"}, "said_at": {"set": "2026-11-21T11:00:00+08:00"}}
    )
    erase(bureau, said)
    phone.sync(line)
    assert everywhere(bureau, SECRET.encode()) == [] and SECRET not in held_by(phone)
    left = body(bureau, said)
    assert (left["text"], left["said_at"]) == (MARK, "2026-11-21T11:00:00+08:00")
    assert phone.unsent() == {} and verified(bureau).fault is None
    phone.update(WJ, said, {"text": {"set": "现在的话"}})  # who has seen it may write anew
    phone.sync(line)
    assert body(bureau, said)["text"] == "现在的话"


def test_what_is_erased_whole_cannot_be_edited_undeleted_or_made_again(bureau: House) -> None:
    li, said = bureau.desk("li"), comment(new_id())
    [first] = li.push(WJ, said)
    erase(bureau, said["record"], whole=True)
    version = li.get(f"/api/v1/dossiers/{WJ}/records/{said['record']}/history")["record"]["version"]
    undelete = update("comment", said["record"], version, {}) | {"op": "undelete"}
    late = [
        update("comment", said["record"], first["version"], {"text": SECRET}),
        undelete,
        comment(said["record"]) | {"record": said["record"]},
    ]
    del late[1]["fields"]
    outcomes = li.push(WJ, *late)
    assert [(o["status"], o["why"]) for o in outcomes] == [("noop", "erased")] * 3
    assert everywhere(bureau, SECRET.encode()) == [] and verified(bureau).fault is None


def test_later_backups_do_not_hold_it_and_an_older_one_put_back_erases_it_again(
    bureau: House, operator: Any, fresh: Callable[[], str], phone: Replica
) -> None:
    """A6, end to end: database, store, phone, later backup, and the older backup put back."""
    line = DeskLine(bureau.desk("li"))
    phone.sync(line)
    old = phone.create(WJ, "comment", comment(new_id())["fields"])
    data = jpeg("red")
    taken = photo(data, caption=SECRET)
    phone.create(WJ, "photo", taken["fields"], record=taken["record"])
    phone.sync(line)
    upload(bureau.desk("li"), taken["record"], data)
    first = operator.backup("--bytes")
    assert holds(first, SECRET)
    bureau.clock.passes(seconds=1)
    young = bureau.desk("wang")
    said = comment(new_id())
    young.push(WJ, said)  # no backup knows this one
    erase(bureau, old)
    erase(bureau, taken["record"], whole=True)
    erase(bureau, said["record"])
    later = operator.backup("--bytes")
    assert not holds(later, SECRET)
    assert [p for p in (operator.to / "bytes").rglob("*") if p.is_file()] == []

    other = operator.elsewhere(fresh())
    done = operator.run("restore", str(first), "--explain", "误操作", house=other)
    assert done.exit_code == 0, done.output
    assert everywhere(other, SECRET.encode()) == [] and verified(other).fault is None
    assert originals(other) == []
    other.desk("wang").push(WJ, said, epoch=2)  # a phone that was not told pushes what it had retained
    phone.sync(DeskLine(other.desk("li", device="phone-li")))
    assert everywhere(other, SECRET.encode()) == []
    assert SECRET not in held_by(phone) and verified(other).fault is None


def holds(backup: Path, words: str) -> bool:
    import base64
    import zipfile

    with zipfile.ZipFile(backup) as book:
        inside = [book.read(name) for name in book.namelist()]
    # Payloads stand in base64: at one of three offsets.
    spelled = [base64.b64encode(b"x" * n + words.encode())[4:-4] for n in range(3)]
    return any(needle in data for data in inside for needle in [words.encode(), *spelled])
