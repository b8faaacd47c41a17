"""Places in which what was erased could go on: other copies, older backups, acts that were cut short."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import text

from server import keepsakes, transaction
from server.devices.jobs import prepare_first_loads
from server.erasures import actions
from server.scheduler import jobs
from sync import snapshots
from tests.server.test_photos import originals, photo, upload
from tests.support.house import House, create, issue, jpeg, new_id, update

from .conftest import WJ, ask, erase, grant
from .test_erasing import SECRET, body, comment, everywhere, verified

NAME = "王淑芬"


def resting(house: House, needle: str) -> list[str]:
    """Names of files in the store that hold these words, packed or not."""
    import gzip

    found = []
    for path in (house.folder / "media").rglob("*"):
        if path.is_file():
            data = path.read_bytes()
            data = gzip.decompress(data) if path.suffix == ".gz" else data
            if needle.encode() in data:
                found.append(path.name)
    return found


def test_whole_is_whole_also_where_no_field_is_declared_personal(bureau: House) -> None:
    finding = issue(title=f"住户{NAME}家窗户", part=f"{NAME}家")
    bureau.desk("li").push(WJ, finding)
    erase(bureau, finding["record"], whole=True)
    assert everywhere(bureau, NAME.encode()) == [] and resting(bureau, NAME) == []
    assert verified(bureau).fault is None


def contested(house: House) -> str:
    li, wang, zhao = house.desk("li"), house.desk("wang"), house.desk("zhao")
    finding = issue(title="起初")
    [first] = li.push(WJ, finding)
    v = first["version"]
    li.push(WJ, update("issue", finding["record"], v, {"title": f"住户{NAME}家窗户"}))
    wang.push(WJ, update("issue", finding["record"], v, {"title": f"{NAME}家"}))
    zhao.push(WJ, update("issue", finding["record"], v, {"title": f"与{NAME}无关"}))
    return str(finding["record"])


def test_an_older_backup_put_back_loses_also_what_authors_were_told(
    bureau: House, operator: Any, fresh: Callable[[], str]
) -> None:
    record = contested(bureau)
    made = operator.backup()
    erase(bureau, record, names={"add": ["title"]})
    other = operator.elsewhere(fresh())
    done = operator.run("restore", str(made), "--explain", "误操作", house=other)
    assert done.exit_code == 0, done.output
    assert everywhere(other, NAME.encode()) == [] and verified(other).fault is None


def test_an_original_that_only_the_backup_still_has_is_not_brought_back(
    bureau: House, operator: Any, fresh: Callable[[], str]
) -> None:
    data = jpeg("red")
    taken = photo(data)
    bureau.desk("li").push(WJ, taken)
    upload(bureau.desk("li"), taken["record"], data)
    made = operator.backup("--bytes")
    erase(bureau, taken["record"], whole=True)
    assert originals(bureau) == []
    other = operator.elsewhere(fresh())
    done = operator.run("restore", str(made), "--explain", "误操作", house=other)
    assert done.exit_code == 0, done.output
    assert originals(other) == []


def test_what_authors_were_told_stays_while_the_record_is_held(bureau: House) -> None:
    zhang, qian = bureau.desk("zhang"), bureau.desk("qian")
    record = contested(bureau)
    asked = ask(zhang, record, names={"add": ["title"]})
    here = bureau.app.extensions["office"]
    follow = dict(here.followers)
    here.followers = {k: v for k, v in follow.items() if k != "erasure"}  # the process dies after the grant
    grant(qian, asked)
    hold = create("hold", {"reason": "诉讼", "held_at": "2026-11-22T08:00:00+08:00"}, audience="confidential")
    zhang.push(WJ, hold)
    here.followers = follow
    told = bureau.desk("wang").get("/api/v1/conflicts")["items"]
    with bureau.app.app_context():
        before = verified(bureau).entries
        assert actions.carry_out(WJ, asked["record"]) is False
        with transaction.reading() as conn:
            gone = conn.execute(text("SELECT count(*) FROM feed WHERE op = 'erase'")).scalar()
    assert gone == 0 and verified(bureau).entries == before
    assert bureau.desk("wang").get("/api/v1/conflicts")["items"] == told


def test_an_erasure_that_died_before_its_commit_is_carried_out_later(
    bureau: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = comment(new_id())
    bureau.desk("li").push(WJ, said)
    noted = keepsakes.note

    def dies(*of: Any) -> None:
        noted(*of)
        raise OSError("killed")

    monkeypatch.setattr(actions.keepsakes, "note", dies)
    erase(bureau, said["record"])
    assert SECRET in body(bureau, said["record"])["text"]
    monkeypatch.undo()
    bureau.desk("li").push(
        WJ, update("comment", said["record"], 2, {"said_at": "2026-11-21T11:00:00.5+08:00"})
    )
    with bureau.app.app_context():
        assert jobs(bureau.app)["erase"]() == 1
    assert everywhere(bureau, SECRET.encode()) == []


def test_first_loads_go_whether_they_are_still_offered_or_not(bureau: House) -> None:
    li, said, other = bureau.desk("li"), comment(new_id()), comment(new_id(), "别的")
    [_, second] = li.push(WJ, said, other)
    with bureau.app.app_context():
        prepare_first_loads(least=1)
    assert resting(bureau, SECRET)
    deletion = update("comment", other["record"], second["version"], {}) | {"op": "delete"}
    del deletion["fields"]
    li.push(WJ, deletion)  # from here on the file is not offered any more
    erase(bureau, said["record"])
    assert resting(bureau, SECRET) == []


def test_first_loads_of_other_audiences_stay_where_they_are_offered(bureau: House) -> None:
    bureau.desk("li").push(WJ, said := comment(new_id()))
    with bureau.app.app_context():
        prepare_first_loads(least=1)
    erase(bureau, said["record"])
    with bureau.app.app_context(), transaction.reading() as conn:
        left = snapshots.offered(conn, [WJ])
    names = {p.name for p in (bureau.folder / "media" / "snapshots").rglob("*") if p.is_file()}
    assert {f"{one.sha256}.ndjson.gz" for one in left.values()} <= names


def test_files_of_the_queue_that_were_made_before_go_too(bureau: House) -> None:
    finding = issue(title=f"住户{NAME}家窗户")
    bureau.desk("li").push(WJ, finding)
    zhang = bureau.desk("zhang")
    asked = zhang.call("POST", "/api/v1/exports", json={"form": "csv"})
    assert asked.status_code < 300, asked.json
    with bureau.app.app_context():
        assert jobs(bureau.app)["make exports"]() == 1
    assert resting(bureau, NAME)
    erase(bureau, finding["record"], names={"add": ["title"]})
    assert resting(bureau, NAME) == []


def test_nobody_widens_an_order_that_a_leader_has_read(bureau: House) -> None:
    zhang, finding = bureau.desk("zhang"), issue(title="标题")
    bureau.desk("li").push(WJ, finding)
    asked = ask(zhang, finding["record"])
    zhang.push(WJ, update("erasure", asked["record"], asked["version"], {"names": {"add": ["title"]}}))
    assert grant(bureau.desk("qian"), asked)["status"] == "applied"
    assert body(bureau, finding["record"])["title"] == "标题"


def test_bytes_stay_refused_when_another_record_that_names_them_loses_its_caption(bureau: House) -> None:
    li, data = bureau.desk("li"), jpeg("red")
    one, later = photo(data), photo(data, caption=SECRET)
    li.push(WJ, one)
    upload(li, one["record"], data)
    erase(bureau, one["record"], whole=True)
    li.push(WJ, later)
    erase(bureau, later["record"])
    assert upload(li, later["record"], data).status_code == 410
