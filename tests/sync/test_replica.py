"""A device in Python: works offline, syncs over a bad line, resumes, and loses nothing."""

import random
from pathlib import Path
from typing import Any

import orjson
import pytest

from server import transaction
from server.catalogue import journal
from server.office import office
from server.people import actions as people
from sync.replica import Replica
from tests.support.house import ISSUE, Desk, House, issue, new_id, update

WJ = "project:wj-01"
KINDS = journal().kinds


class DeskLine:
    """A line without a socket: the signed-in desk's client."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk

    def exchange(self, body: bytes) -> bytes:
        headers = {"Content-Type": "application/json"}
        answer = self.desk.call("POST", "/api/v1/exchange", data=body, headers=headers)
        assert answer.status_code == 200, answer.text
        return answer.data

    def fetch(self, url: str) -> bytes:
        answer = self.desk.call("GET", url)
        if answer.status_code != 200:
            raise OSError(answer.text)
        return answer.data


class BadLine(DeskLine):
    """Loses requests, loses replies, delivers twice, and delivers old answers late."""

    def __init__(self, desk: Desk, rnd: random.Random) -> None:
        super().__init__(desk)
        self.rnd, self.old = rnd, [b""]

    def exchange(self, body: bytes) -> bytes:
        fate = self.rnd.random()
        if fate < 0.2:
            raise OSError("the request was lost")
        answer = super().exchange(body)
        self.old.append(answer)
        if fate < 0.4:
            raise OSError("the reply was lost")
        if fate < 0.5:
            super().exchange(body)
        if fate < 0.6:
            return self.rnd.choice(self.old[1:])
        return answer


def said(**values: Any) -> dict[str, Any]:
    return {n: {"set": v} for n, v in (ISSUE | values).items()}


def sync_all(*pairs: tuple[Replica, Any]) -> None:
    for _ in range(3):
        for replica, line in pairs:
            replica.sync(line)


def test_work_done_offline_is_in_view_at_once_and_home_after_one_sync(site: House, device: Any) -> None:
    phone, line = device("a"), DeskLine(site.desk("li"))
    record = phone.create(WJ, "issue", said(title="离线发现"))
    phone.update(WJ, record, {"part": {"set": "3号楼"}})
    assert phone.view(WJ)[record]["body"]["part"] == "3号楼"
    assert phone.unsent() == {"issue": 2}
    phone.sync(line)
    assert phone.unsent() == {}
    assert line.desk.get(f"/api/v1/issues/{record}")["body"]["part"] == "3号楼"


def test_two_devices_converge(site: House, device: Any) -> None:
    a, b = device("a"), device("b")
    lines = DeskLine(site.desk("li")), DeskLine(site.desk("wang"))
    a.sync(lines[0])
    record = a.create(WJ, "issue", said())
    sync_all((a, lines[0]), (b, lines[1]))
    a.update(WJ, record, {"title": {"set": "甲"}})
    b.update(WJ, record, {"part": {"set": "乙"}})
    sync_all((a, lines[0]), (b, lines[1]))
    assert a.view(WJ) == b.view(WJ)
    assert a.view(WJ)[record]["body"]["title"] == "甲" and a.view(WJ)[record]["body"]["part"] == "乙"


def test_a_chain_of_offline_edits_by_one_person_is_no_conflict(site: House, device: Any) -> None:
    phone, line = device("a"), DeskLine(site.desk("li"))
    phone.sync(line)
    record = phone.create(WJ, "issue", said())
    for i in range(5):
        phone.update(WJ, record, {"title": {"set": f"第{i}稿"}})
    phone.sync(line)
    assert {o["status"] for o in phone.outcomes().values()} <= {"applied"}
    assert line.desk.get(f"/api/v1/issues/{record}")["title"] == "第4稿"


def test_what_was_saved_survives_the_death_of_the_app(site: House, device: Any, tmp_path: Path) -> None:
    phone = device("a")
    record = phone.create(WJ, "issue", said())
    phone.close()
    again = device("a")
    assert record in again.view(WJ)
    again.sync(DeskLine(site.desk("li")))
    assert again.unsent() == {}


def test_an_answer_taken_twice_or_late_does_no_harm(site: House, device: Any) -> None:
    phone, line = device("a"), DeskLine(site.desk("li"))
    phone.sync(line)
    phone.create(WJ, "issue", said())
    body = phone.request()
    answer = orjson.loads(line.exchange(body))
    phone.sync(line)
    view = phone.view(WJ)
    phone.receive(answer)
    phone.receive(answer)
    assert phone.view(WJ) == view and phone.unsent() == {}


def test_a_late_page_never_takes_the_shadow_back(site: House, device: Any) -> None:
    phone, line = device("a"), DeskLine(site.desk("li"))
    record = phone.create(WJ, "issue", said(title="旧"))
    phone.sync(line)
    desk = site.desk("wang")
    version = desk.get(f"/api/v1/issues/{record}")["version"]
    desk.push(WJ, update("issue", record, version, {"part": "一"}))
    late = orjson.loads(line.exchange(phone.request()))
    desk.push(WJ, update("issue", record, version, {"demand": "二"}))
    phone.sync(line)
    assert phone.view(WJ)[record]["body"]["demand"] == "二"
    phone.receive(late)
    assert phone.view(WJ)[record]["body"]["demand"] == "二"


def test_an_answer_from_another_epoch_acknowledges_nothing(site: House, device: Any) -> None:
    phone, line = device("a"), DeskLine(site.desk("li"))
    phone.sync(line)
    phone.create(WJ, "issue", said())
    answer = orjson.loads(line.exchange(phone.request()))
    answer["push"][0]["epoch"] = 2
    phone.receive({"no": answer["no"], "push": answer["push"]})
    assert phone.unsent() == {"issue": 1}


def test_an_acknowledged_edit_stays_in_view_until_the_feed_has_passed_it(site: House, device: Any) -> None:
    phone, line = device("a"), DeskLine(site.desk("li"))
    phone.sync(line)
    record = phone.create(WJ, "issue", said(title="我的"))
    answer = orjson.loads(line.exchange(phone.request()))
    phone.receive({"no": answer["no"], "push": answer["push"]})
    assert phone.unsent() == {} and phone.view(WJ)[record]["body"]["title"] == "我的"
    phone.receive(answer)
    assert phone.view(WJ)[record]["body"]["title"] == "我的"


def test_a_dossier_that_is_no_longer_granted_leaves_the_device_but_its_work_does_not(
    site: House, device: Any
) -> None:
    phone, desk = device("a"), site.desk("li")
    phone.sync(DeskLine(desk))
    assert phone.view(WJ)
    late = phone.create(WJ, "issue", said(title="地下室里的一天"))
    with site.app.app_context():
        people.end_post(desk.person, WJ)
    site.clock.passes(seconds=1)
    phone.sync(DeskLine(desk))
    assert phone.view(WJ) == {}
    assert phone.unsent() == {}
    [waiting] = site.desk("zhang").get("/api/v1/conflicts")["items"]
    assert waiting["body"]["why"] == "access-revoked"
    assert waiting["body"]["target"] == late
    assert waiting["body"]["change"]["fields"]["title"]["set"] == "地下室里的一天"


def test_a_device_that_may_no_longer_read_learns_of_a_restore_and_pushes_again(
    site: House, device: Any
) -> None:
    """Found by the simulator: without a cursor nothing told it of the new epoch."""
    phone, desk = device("a"), site.desk("li")
    phone.sync(DeskLine(desk))
    kept = phone.create(WJ, "issue", said())
    phone.sync(DeskLine(desk))
    with site.app.app_context():
        people.end_post(desk.person, WJ)
    site.clock.passes(seconds=1)
    phone.sync(DeskLine(desk))
    late = phone.create(WJ, "issue", said(title="补报"))
    with site.app.app_context(), transaction.writing() as conn:
        office().journal.restore(conn, WJ, received_at="2026-11-22T02:00:00.000Z")
    phone.sync(DeskLine(desk))
    phone.sync(DeskLine(desk))
    assert phone.unsent() == {}
    epochs = {r["record"]: r["epoch"] for r in phone.db.execute("SELECT record, epoch FROM outbox")}
    assert epochs == {kept: 2, late: 2}


def test_an_edit_of_a_moving_record_is_based_on_what_the_screen_shows(site: House, device: Any) -> None:
    """Found by the simulator: of two audiences' rows the older was shown and the newer named as base."""
    phone, desk = device("a"), site.desk("li")
    phone.sync(DeskLine(desk))
    record = phone.create(WJ, "issue", said(), audience="office")
    phone.sync(DeskLine(desk))
    phone.db.execute("UPDATE cursors SET more=0")
    [outcome] = phone.outcomes().values()
    moved = update("issue", record, outcome["version"], {"title": "移到现场"}, audience="field")
    [placed] = site.desk("wang").push(WJ, moved)
    cursors = {WJ: {"field": _held(phone, "field")}}  # the line breaks before `office` is asked for
    answer = desk.exchange(cursors=cursors, no=99)
    phone.receive(answer)
    assert phone.view(WJ)[record]["body"]["title"] == "移到现场"
    phone.update(WJ, record, {"part": {"set": "东侧"}})
    [change] = [c for (c,) in phone.db.execute("SELECT change FROM outbox WHERE state='new'")]
    assert orjson.loads(change)["base"]["version"] == placed["version"]


def _held(phone: Replica, audience: str) -> dict[str, Any]:
    row = phone.db.execute("SELECT * FROM cursors WHERE audience=?", (audience,)).fetchone()
    return {k: row[k] for k in ("nonce", "epoch", "seq", "floor", "below")}


def test_an_edit_over_a_row_from_before_a_restore_says_of_which_epoch_it_was(
    site: House, device: Any
) -> None:
    """The server must not take the old number for one of its new history (protocol.md §3)."""
    phone, line = device("a"), DeskLine(site.desk("li"))
    phone.sync(line)
    record = phone.create(WJ, "issue", said())
    phone.sync(line)
    version = phone.view(WJ)[record]["version"]
    with site.app.app_context(), transaction.writing(WJ) as conn:
        office().journal.restore(conn, WJ, received_at="2026-11-22T02:00:00.000Z")
    phone.receive(orjson.loads(line.exchange(phone.request())))  # learns of it; nothing is reloaded yet
    assert phone.db.execute("SELECT epoch FROM epochs WHERE dossier=?", (WJ,)).fetchone()[0] == 2
    phone.db.execute("DELETE FROM outbox")  # as if a backup had covered what it made
    phone.update(WJ, record, {"part": {"set": "东侧"}})
    [(change,)] = [tuple(r) for r in phone.db.execute("SELECT change FROM outbox")]
    base = orjson.loads(change)["base"]
    assert (base["version"], base["epoch"]) == (version, 1)


def test_the_server_names_the_digests_it_still_lacks(site: House, device: Any) -> None:
    phone, line = device("a"), DeskLine(site.desk("li"))
    phone.sync(line)
    photo = {"subject": new_id(), "sha256": "b" * 64, "size": 9, "mime": "image/jpeg"}
    values = photo | {"taken_at": ISSUE["found_at"]}
    phone.create(WJ, "photo", {n: {"set": v} for n, v in values.items()})
    phone.sync(line)
    pulled = orjson.loads(line.exchange(phone.request()))["pull"]["dossiers"][WJ]
    assert pulled["wanted"] == ["b" * 64]


def test_a_device_lets_go_of_a_video_when_its_record_says_that_it_is_stored(
    site: House, device: Any, tmp_path: Path
) -> None:
    from tests.server.test_attachments import VIDEO, attachment
    from tests.server.test_photos import upload

    phone, desk = device("a"), site.desk("li")
    phone.sync(DeskLine(desk))
    said = attachment(VIDEO)["fields"]
    record = phone.create(WJ, "attachment", said)
    (tmp_path / "v.mp4").write_bytes(VIDEO)
    phone.attach(WJ, record, tmp_path / "v.mp4", said["sha256"]["set"], "video/mp4")
    phone.sync(DeskLine(desk))
    assert phone.unsent() == {"photo bytes": 1}
    assert upload(desk, record, VIDEO, mime="video/mp4").status_code == 204
    phone.sync(DeskLine(desk))
    assert phone.unsent() == {}


def test_what_the_server_could_never_take_is_refused_when_it_is_saved(device: Any) -> None:
    with pytest.raises(ValueError, match="severity"):
        device("a").create(WJ, "issue", said(severity="catastrophic"))


def test_more_than_a_request_holds_goes_in_several(site: House, device: Any) -> None:
    phone, line = device("a"), DeskLine(site.desk("li"))
    phone.sync(line)
    for i in range(620):
        phone.create(
            WJ,
            "comment",
            {"subject": {"set": new_id()}, "text": {"set": str(i)}, "said_at": {"set": ISSUE["found_at"]}},
        )
    phone.sync(line)
    assert phone.unsent() == {}
    assert len(phone.view(WJ)) == 621  # and the project


@pytest.mark.parametrize("seed", range(6))
def test_over_a_hostile_line_every_saved_change_arrives_once_and_devices_converge(
    site: House, device: Any, seed: int
) -> None:
    rnd = random.Random(seed)
    desks = [site.desk("li"), site.desk("wang"), site.desk("zhang")]
    phones = [device(f"p{i}") for i in range(3)]
    lines = [BadLine(desk, rnd) for desk in desks]
    saved: set[str] = set()
    for phone, desk in zip(phones, desks, strict=True):
        phone.sync(DeskLine(desk))
    for _ in range(60):
        i = rnd.randrange(3)
        records = [r for r, v in phones[i].view(WJ).items() if v["kind"] == "issue"]
        deed = rnd.random()
        if deed < 0.3 or not records:
            phones[i].create(WJ, "issue", said(title=f"{rnd.random()}"))
        elif deed < 0.7:
            field = rnd.choice(("title", "part", "demand"))
            saved.add(phones[i].update(WJ, rnd.choice(records), {field: {"set": f"{rnd.random()}"}}))
        elif deed < 0.75:
            saved.add(phones[i].delete(WJ, rnd.choice(records)))
        else:
            try:
                phones[i].receive(orjson.loads(lines[i].exchange(phones[i].request())))
            except OSError:
                continue
    sync_all(*[(p, DeskLine(d)) for p, d in zip(phones, desks, strict=True)])
    views = [shared(p) for p in phones]
    assert views[0] == views[1] == views[2]
    assert all(p.unsent() == {} for p in phones)
    entered = entered_changes(site)
    assert saved <= set(entered) and len(entered) == len(set(entered))
    proof = desks[0].get(f"/api/v1/dossiers/{WJ}/verification")
    assert proof["fault"] is None


def shared(phone: Replica) -> dict[str, Any]:
    """The view without what only some of the three may see."""
    return {r: v for r, v in phone.view(WJ).items() if v["audience"] != "confidential"}


def entered_changes(site: House) -> list[str]:
    from sync import history

    with site.app.app_context(), transaction.reading() as conn:
        return [row.change for row in history.entries(conn, WJ)]


def test_between_two_pages_the_screen_and_the_base_of_an_edit_are_of_one_version(
    site: House, device: Any
) -> None:
    """A record that changed audience stands in both until the page of the old one has come."""
    li = site.desk("li")
    phone = device("a")

    def exchange(*, without: str | None = None) -> None:
        answer = orjson.loads(DeskLine(li).exchange(phone.request()))
        for said in answer["pull"]["dossiers"].values():
            said["audiences"].pop(without, None)
        phone.receive(answer)

    made = issue(audience="office")
    [first] = li.push(WJ, made)
    exchange(), exchange()
    assert phone.view(WJ)[made["record"]]["body"]["title"] == ISSUE["title"]
    moved = update("issue", made["record"], first["version"], {"title": "移交"}, audience="field")
    [second] = site.desk("zhang").push(WJ, moved)
    exchange(without="office")
    shown = phone.view(WJ)[made["record"]]
    phone.update(WJ, made["record"], {"part": {"set": "3号楼"}})
    change = orjson.loads(phone.db.execute("SELECT change FROM outbox").fetchone()[0])
    assert (shown["version"], shown["body"]["title"]) == (second["version"], "移交")
    assert change["base"]["version"] == second["version"]
