"""What a device does besides edits: decisions, moves and steps made offline; what it keeps, and how long."""

import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from server.catalogue import journal
from server.people import actions as people
from sync.replica import Replica
from sync.replica_tables import TABLES
from tests.support.house import Desk, House, new_id, update
from tests.sync.test_replica import DeskLine, said

WJ = "project:wj-01"


def test_a_conflict_is_decided_offline_and_the_decision_goes_home(site: House, device: Any) -> None:
    phone, boss = device("a"), device("b")
    li, zhang = DeskLine(site.desk("li")), DeskLine(site.desk("zhang"))
    phone.sync(li)
    record = phone.create(WJ, "issue", said(title="原"))
    phone.sync(li)
    phone.update(WJ, record, {"title": {"set": "手机"}})
    wang = site.desk("wang")
    wang.push(WJ, update("issue", record, site_version(wang, record), {"title": "他人"}))
    phone.sync(li)
    boss.sync(zhang)
    [question] = [r for r, row in boss.view(WJ).items() if row["kind"] == "conflict"]
    [candidate] = boss.view(WJ)[question]["body"]["fields"]["title"]["candidates"]
    boss.decide(WJ, question, {"title": {"pick": candidate["change"]}}, "以现场为准")
    assert boss.view(WJ)[question]["body"]["open"] is False
    boss.sync(zhang)
    phone.sync(li)
    assert {o["status"] for o in boss.outcomes().values()} <= {"applied"} and boss.unsent() == {}
    assert phone.view(WJ)[record]["body"]["title"] == "手机"


def test_a_record_is_moved_offline(site: House, device: Any) -> None:
    phone, line = device("a"), DeskLine(site.desk("li"))
    phone.sync(line)
    record = phone.create(WJ, "issue", said())
    phone.sync(line)
    phone.update(WJ, record, {}, audience="office")
    assert phone.view(WJ)[record]["audience"] == "office"
    phone.sync(line)
    assert phone.view(WJ)[record]["audience"] == "office" and phone.unsent() == {}


def test_what_is_said_as_one_deed_is_taken_whole_or_not_at_all(site: House, device: Any) -> None:
    phone, line = device("a"), DeskLine(site.desk("li"))
    record = phone.create(WJ, "issue", said(title="原"))
    phone.sync(line)
    wang = site.desk("wang")
    wang.push(WJ, update("issue", record, site_version(wang, record), {"title": "他人"}))
    deed = phone.update(WJ, record, {"title": {"set": "手机"}, "part": {"set": "顶板"}}, atomic=True)
    phone.sync(line)
    assert phone.outcomes()[deed]["status"] == "conflict"
    assert "part" not in line.desk.get(f"/api/v1/issues/{record}")["body"]
    assert "part" not in phone.view(WJ)[record]["body"]


def test_a_running_clock_gives_the_time_though_somebody_set_the_wall_clock(
    site: House, tmp_path: Path
) -> None:
    began, ahead = site.clock(), [timedelta(0)]
    phone = Replica(
        tmp_path / "phone.db",
        kinds=journal().kinds,
        clock=lambda: site.clock() + ahead[0],
        new_id=new_id,
        running=lambda: {"boot": "b", "ms": int((site.clock() - began) / timedelta(milliseconds=1))},
    )
    line = DeskLine(site.desk("li"))
    site.clock.passes(hours=1)
    ahead[0] = timedelta(days=3)  # set wrong before the capture, and right again before it goes home
    record = phone.create(WJ, "issue", said())
    site.clock.passes(hours=4)
    ahead[0] = timedelta(0)
    phone.sync(line)
    phone.close()
    [entry] = line.desk.get(f"/api/v1/dossiers/{WJ}/records/{record}/history")["items"]
    assert entry["captured_at"] == (began + timedelta(hours=1)).isoformat(timespec="milliseconds").replace(
        "+00:00", "Z"
    )
    assert "monotonic" in entry["flags"]


@pytest.mark.parametrize(("days", "left"), [(29, 1), (31, 0)])
def test_what_is_home_is_kept_for_a_restore_for_thirty_days(
    site: House, device: Any, days: int, left: int
) -> None:
    phone, line = device("a"), DeskLine(site.desk("li"))
    phone.create(WJ, "issue", said())
    phone.sync(line)
    assert held(phone) == 1
    site.clock.passes(days=days)
    phone.sync(DeskLine(site.desk("li")))
    assert held(phone) == left


def held(phone: Replica) -> int:
    count: int = phone.db.execute("SELECT count(*) FROM outbox").fetchone()[0]
    return count


def photographed(phone: Replica, folder: Path, name: str, *, home: bool) -> Path:
    """A photograph whose record the phone holds, and its bytes; `home`: the house has them."""
    path = folder / name
    path.write_bytes(b"jpeg")
    phone.attach(WJ, name, path, sha256=f"{name:0>64}", mime="image/jpeg")
    row = (WJ, name, "field", "photo", 1, 1, "{}", "{}", 0)
    phone.db.execute("INSERT INTO shadow VALUES (?,?,?,?,?,?,?,?,?)", row)
    if home:
        phone.note_stored(name)
    return path


def test_with_an_audience_go_its_photographs_but_not_what_is_not_home(
    site: House, device: Any, tmp_path: Path
) -> None:
    phone = device("a")
    phone.sync(DeskLine(site.desk("li")))
    home, unsent = (photographed(phone, tmp_path, name, home=name == "b1") for name in ("b1", "b2"))
    told = {"no": 0, "pull": {"granted": {WJ: {"epoch": 1, "audiences": ["public"]}}, "dossiers": {}}}
    phone.receive(told | {"no": 10_000})
    assert (home.exists(), unsent.exists()) == (False, True)
    assert [row["photo"] for row in phone.db.execute("SELECT photo FROM media")] == ["b2"]


def test_with_a_post_go_photographs_whose_record_never_came_back(
    site: House, device: Any, tmp_path: Path
) -> None:
    phone, line = device("a"), DeskLine(site.desk("li"))
    phone.sync(line)
    home = photographed(phone, tmp_path, "b1", home=True)
    phone.db.execute("DELETE FROM shadow WHERE record = 'b1'")
    with site.app.app_context():
        people.end_post(site.people["li"], WJ)
    phone.sync(line)
    assert not home.exists() and phone.db.execute("SELECT count(*) FROM media").fetchone()[0] == 0


def test_bytes_that_the_house_lacks_after_all_go_again(site: House, device: Any, tmp_path: Path) -> None:
    phone = device("a")
    phone.sync(DeskLine(site.desk("li")))
    for name in ("b1", "b2", "b3"):
        photographed(phone, tmp_path, name, home=True)
    (tmp_path / "b3").unlink()
    standing = {"epoch": 1, "backed_up": 0, "audiences": {}, "wanted": [f"{n:0>64}" for n in ("b1", "b3")]}
    granted = {WJ: {"epoch": 1, "audiences": ["field", "public"]}}
    phone.receive({"no": 10_000, "pull": {"granted": granted, "dossiers": {WJ: standing}}})
    assert [photo["photo"] for photo in phone.awaiting_bytes()] == ["b1"], "what is not here cannot go"


def test_a_file_of_an_older_release_opens_with_all_that_was_unsent(tmp_path: Path) -> None:
    old = sqlite3.connect(tmp_path / "old.db")
    old.executescript(TABLES.replace(", acked TEXT", ""))
    old.execute(
        "INSERT INTO outbox VALUES (1,'c1',?,'r1','new','{\"kind\":\"issue\"}',NULL,NULL,NULL,1)", (WJ,)
    )
    old.commit()
    old.close()
    phone = Replica(tmp_path / "old.db", kinds={}, clock=lambda: datetime.now(UTC), new_id=new_id)
    assert phone.unsent() == {"issue": 1}
    outcome = {"id": "c1", "status": "applied", "seq": 1, "why": None}
    phone.receive({"no": 1, "push": [{"dossier": WJ, "epoch": 1, "outcomes": [outcome]}]})
    assert phone.unsent() == {}
    phone.close()


def site_version(desk: Desk, record: str) -> int:
    version: int = desk.get(f"/api/v1/issues/{record}")["version"]
    return version
