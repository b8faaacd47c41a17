"""web/sync against the real house: work comes home once, photographs by their digests, replicas agree."""

import hashlib
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from server.catalogue import journal
from sync.line import HttpLine
from sync.replica import Replica
from tests.faults.serving import WJ, Office, serving
from tests.support.faulty_line import Fault, FaultyLine, lots
from tests.support.house import ISSUE, Clock, jpeg, new_id
from tests.web.node import Device, Refused

pytestmark = pytest.mark.journey
NEW = {name: {"set": value} for name, value in ISSUE.items()}


@pytest.fixture
def office(database_url: str, tmp_path: Path) -> Iterator[Office]:
    with serving(database_url, tmp_path, "--workers", "1") as opened:
        yield opened


def phone(office: Office, username: str, name: str, url: str | None = None) -> Device:
    return Device(url or office.server.url, office.token(username, name), name)


def python_device(office: Office, username: str, folder: Path) -> tuple[Replica, HttpLine]:
    clock = Clock()
    replica = Replica(folder / f"{username}.db", kinds=journal().kinds, clock=clock, new_id=new_id)
    return replica, office.line(username, f"python-{username}")


def stored(view: dict[str, Any]) -> dict[str, Any]:
    """What stands in a view, without what only a device knows."""
    return {
        record: (seen["kind"], seen["audience"], seen["version"], seen["body"])
        for record, seen in view.items()
    }


def home(unsent: dict[str, Any]) -> bool:
    return not unsent["records"] and not unsent["photos"] and not unsent["invalid"]


def test_a_morning_without_a_line_comes_home_whole(office: Office, tmp_path: Path) -> None:
    with (
        FaultyLine(office.server.port, Fault) as line,
        phone(office, "li", "phone-li", line.url) as li,
    ):
        li.order("sync")
        record = li.order("create", dossier=WJ, kind="issue", fields=NEW)
        li.order("update", dossier=WJ, record=record, fields={"part": {"set": "二层"}})
        data = jpeg("green") + random.Random(1).randbytes(300_000)
        digest = li.photo(WJ, record, new_id(), data)
        assert digest == hashlib.sha256(data).hexdigest()
        assert li.photo(WJ, record, new_id(), data) == digest  # the same picture, for a second record
        assert li.order("unsent")["records"] == {"issue": 1, "photo": 2}
        assert home(li.order("sync"))
        assert li.order("media")["bytes"] == 0
        assert len(data) < line.carried < 1.5 * len(data)  # the bytes go once
    with office.line("zhang", "desk") as desk:
        [shown] = desk.request("GET", "/api/v1/issues").json()["items"]
        assert (shown["id"], shown["part"], shown["evidence"]) == (record, "二层", {"stored": 2, "total": 2})
        original = desk.request("GET", shown["photos"][0]["original"]).content
        assert hashlib.sha256(original).hexdigest() == digest
    (tmp_path / "again.jpg").write_bytes(data)
    said = {"dossier": WJ, "photo": shown["photos"][1]["id"], "sha256": digest}
    with FaultyLine(office.server.port, Fault) as other, HttpLine(other.url) as wang:
        wang._client.headers["Authorization"] = f"Bearer {office.token('wang', 'phone-wang')}"
        wang.upload(tmp_path / "again.jpg", **said, mime="image/jpeg", name="again.jpg")
    assert 0 < other.carried < len(data) / 10


def test_text_never_waits_for_the_bytes_of_all_photographs(office: Office) -> None:
    with phone(office, "li", "phone-li") as li:
        li.order("sync")
        record = li.order("create", dossier=WJ, kind="issue", fields=NEW)
        for i in range(3):
            li.photo(WJ, record, new_id(), jpeg() + random.Random(i).randbytes(200_000))
        waits = li.order("write_meanwhile", dossier=WJ, kind="issue", fields=NEW)
        assert waits[0] and not waits[-1], waits
        assert home(li.order("sync"))


def test_a_line_that_fails_by_lot_brings_everything_once(office: Office) -> None:
    with (
        FaultyLine(office.server.port, lots(7, lost=0.2, cut=0.6)) as bad,
        phone(office, "li", "phone-li", bad.url) as li,
    ):
        titles, digests = [f"问题 {i}" for i in range(12)], set()
        persist(li)
        for i, title in enumerate(titles):
            record = li.order("create", dossier=WJ, kind="issue", fields=NEW | {"title": {"set": title}})
            digests.add(li.photo(WJ, record, new_id(), jpeg() + random.Random(i).randbytes(200_000)))
            if i % 3 == 0:
                attempt(li)
        persist(li)
        assert sum(bad.faults.values()) > 3, bad.faults
    with office.line("zhang", "desk") as desk:
        items = desk.request("GET", "/api/v1/issues", params={"limit": 100}).json()["items"]
        assert sorted(i["title"] for i in items) == sorted(titles)
        photos = [p for i in items for p in i["photos"]]
        assert {p["sha256"] for p in photos} == digests and all(p["stored"] for p in photos)
    assert "0 faults" in office.xunjian("verify")


def attempt(device: Device) -> bool:
    try:
        return home(device.order("sync"))
    except Refused as fault:
        assert fault.code in (None, "busy"), fault
        return False


def persist(device: Device) -> None:
    for _ in range(60):
        if attempt(device):
            return
    raise AssertionError(device.order("unsent"))


def test_two_phones_conflict_and_a_person_decides(office: Office) -> None:
    with phone(office, "li", "phone-li") as li, phone(office, "wang", "phone-wang") as wang:
        li.order("sync")
        record = li.order("create", dossier=WJ, kind="issue", fields=NEW)
        li.order("sync")
        wang.order("sync")
        li.order("update", dossier=WJ, record=record, fields={"severity": {"set": "major"}})
        wang.order("update", dossier=WJ, record=record, fields={"severity": {"set": "serious"}})
        for device in (li, wang, li):
            device.order("sync")
        view = li.order("view", dossier=WJ)
        [question] = [r for r, seen in view.items() if seen["kind"] == "conflict"]
        assert view[record]["body"]["severity"] == "major"  # the graver one holds meanwhile
        asked = view[question]["body"]["fields"]["severity"]
        picked = asked["candidates"][0]["change"]
        li.order(
            "decide", dossier=WJ, record=question, fields={"severity": {"pick": picked}}, reason="现场核实"
        )
        for device in (li, wang):
            device.order("sync")
        seen = wang.order("view", dossier=WJ)
        assert seen[record]["body"]["severity"] == "serious"
        assert seen[question]["body"]["open"] is False


def test_late_work_is_parked_and_the_phone_is_told(office: Office) -> None:
    with phone(office, "li", "phone-li") as li:
        li.order("sync")
        li.order("create", dossier=WJ, kind="issue", fields=NEW)
        office.xunjian("user", "end", "li", WJ, "--why", "access-revoked")
        assert home(li.order("sync"))
        li.order("sync")
        own = f"person:{office.house.people['li']}"
        [told] = [s["body"] for s in li.order("view", dossier=own).values() if s["kind"] == "parked"]
        assert (told["why"], told["open"]) == ("access-revoked", True)
        assert li.order("view", dossier=WJ) == {}


WORDS = ("临边", "洞口", "未封闭", "二层", "𠮷", "已拆除", "。")


def act(rnd: random.Random, records: list[str], seen: dict[str, Any]) -> dict[str, Any] | None:
    """A change that some inspector might make of what is on the screen."""
    standing = [r for r in records if r in seen]
    if not standing or rnd.random() < 0.2:
        return None
    record = rnd.choice(standing)
    text = seen[record]["body"].get("description", "")
    place = rnd.randrange(len(text) + 1)
    fields = rnd.choice(
        (
            {"title": {"set": "".join(rnd.choices(WORDS, k=3))}},
            {"severity": {"set": rnd.choice(("general", "serious", "major"))}},
            {"description": {"set": text[:place] + rnd.choice(WORDS) + text[place:]}},
            {"tags": {"add": rnd.sample(WORDS[:4], 2)}},
            {"tags": {"remove": rnd.sample(WORDS[:4], 1)}},
            {"notes": {"append": [{"id": new_id(), "text": rnd.choice(WORDS)}]}},
            {"lat_e7": {"set": rnd.randrange(9 * 10**8)}, "lon_e7": {"set": rnd.randrange(10**9)}},
            {"state": {"do": rnd.choice(("confirm", "issue", "receive"))}},
        )
    )
    return {"record": record, "fields": fields}


@pytest.mark.parametrize("seed", range(3))
def test_a_device_of_each_language_sees_the_same_in_the_end(
    office: Office, tmp_path: Path, seed: int
) -> None:
    rnd, records = random.Random(seed), list[str]()
    python, line = python_device(office, "wang", tmp_path)
    with phone(office, "li", "phone-li") as typescript:
        typescript.order("sync")
        python.sync(line)
        for _ in range(60):
            if rnd.random() < 0.5:
                made = act(rnd, records, typescript.order("view", dossier=WJ))
                if made is None:
                    records.append(typescript.order("create", dossier=WJ, kind="issue", fields=NEW))
                else:
                    typescript.order("update", dossier=WJ, **made)
            else:
                made = act(rnd, records, python.view(WJ))
                if made is None:
                    records.append(python.create(WJ, "issue", NEW))
                else:
                    python.update(WJ, made["record"], made["fields"])
            if rnd.random() < 0.15:
                typescript.order("sync")
            if rnd.random() < 0.15:
                python.sync(line)
        for _ in range(3):
            assert home(typescript.order("sync"))
            python.sync(line)
        mine, theirs = stored(typescript.order("view", dossier=WJ)), stored(python.view(WJ))
        assert mine == theirs
        assert len([kind for kind, *_ in mine.values() if kind == "issue"]) == len(records)
        assert python.unsent() == {}
    with office.line("li", "fresh") as fresh:
        said = {"protocol": 1, "schema": 1, "no": 1, "pull": {"cursors": {}}}
        granted = orjson.loads(fresh.exchange(orjson.dumps(said)))["pull"]["granted"]
        assert "field" in granted[WJ]["audiences"]
    line.close()
    python.close()
    assert "0 faults" in office.xunjian("verify")
