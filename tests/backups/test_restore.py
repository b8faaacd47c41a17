"""A backup that is put back is a new epoch that says why; phones bring home what it lacks."""

import hashlib
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import flask_migrate
import pytest
from sqlalchemy import text

from media.errors import StoreUnavailable
from media.files import FileStore
from server import keepsakes, transaction
from server.backups import queries, rules
from server.catalogue import journal
from server.database import db
from server.scheduler import jobs
from sync import epochs, history
from sync.replica import Replica
from tests.doors.conftest import OFFICE, Handset, admin, code, handset
from tests.server.test_photos import originals, photo, stored, upload
from tests.support.house import ISSUE, Clock, Desk, House, issue, jpeg, new_id
from tests.sync.test_replica import DeskLine

from .conftest import Office
from .test_backup import phrase, rewritten, unzipped

__all__ = ["admin", "handset"]

WJ = "project:wj-01"
KINDS = journal().kinds


def said(**more: Any) -> dict[str, Any]:
    return {name: {"set": value} for name, value in (ISSUE | more).items()}


@pytest.fixture
def device(tmp_path: Path, clock: Clock) -> Callable[[str], Replica]:
    """Phones by name; one that is asked for again is the same phone."""
    made: dict[str, Replica] = {}

    def phone(name: str) -> Replica:
        if name not in made:
            made[name] = Replica(
                tmp_path / f"{name}.db", kinds=KINDS, clock=clock, new_id=new_id, device=f"phone-{name}"
            )
        return made[name]

    return phone


def records(house: House, dossier: str = WJ) -> dict[str, Any]:
    with house.app.app_context(), transaction.reading() as conn:
        found = [r for batch in history.standing_records(conn, dossier) for r in batch]
    return {r.record: (r.kind, r.audience, r.deleted, r.body) for r in found}


def test_everything_stands_as_it_stood_and_proves_itself(
    operator: Office, site: House, fresh: Callable[[], str]
) -> None:
    li = site.desk("li")
    li.push(WJ, *[issue(title=f"隐患 {n}") for n in range(20)])
    before = records(site)
    operator.backup()
    li.push(WJ, issue(title="备份之后"))
    other = operator.restored(fresh())
    assert records(other) == before
    listed = {i["title"] for i in other.desk("li").get("/api/v1/issues")["items"]}
    assert listed == {f"隐患 {n}" for n in range(20)}
    with other.app.app_context(), transaction.reading() as conn:
        assert all(history.verify(conn, d, KINDS).fault is None for d in history.all_heads(conn))


def test_a_device_that_was_ended_after_the_backup_stays_out(
    operator: Office, site: House, fresh: Callable[[], str], handset: Handset, admin: Desk
) -> None:
    lost, left, later = Handset(site), Handset(site), Handset(site)
    for one in (lost, left):
        one.enrol(code(site.desk("li")))
    operator.backup()
    later.enrol(code(site.desk("li")))
    store = site.app.extensions["office"].store
    for path, away in (
        (f"{lost.id}/wipe", False),
        (f"{lost.id}/revoke", True),
        (f"{later.id}/revoke", False),
    ):
        with monkey(store, "put", away):
            answer = admin.call("POST", f"/api/v1/devices/{path}", json={"why": "丢失"})
            assert answer.status_code == 204, "whether the store is there or not"
    admin.call("POST", f"/api/v1/devices/{left.id}/wipe", json={"why": "换机"})
    left.wiped(left.renew().json["wipe"]["order"], unsent=2)
    with site.app.app_context():
        note = jobs(site.app)["note ended devices"]
        assert (note(), note()) == (1, 0), "what the store did not take then, it takes with the next turn"
    other = operator.restored(fresh())
    for one in (handset, lost, left, later):
        one.house = other
        said = one.sign_in("li")
        wanted = {handset.key: 200, later.key: 403}.get(one.key, 403)
        assert said.status_code == wanted, said.text
        if one in (lost, left):
            assert said.json["code"] == "device-revoked"
    other.person("admin", "administrator", OFFICE)
    listed = {d["id"]: d for d in other.desk("admin", shown=2).get("/api/v1/devices")["items"]}
    assert listed[left.id]["wiped_at"] and listed[left.id]["unsent"] == 2 and later.id not in listed
    assert listed[lost.id]["wipe"]["push_first"] is False


@contextmanager
def monkey(store: Any, name: str, away: bool) -> Iterator[None]:
    """The store does not answer for a while, if it is away."""
    with pytest.MonkeyPatch.context() as patch:
        if away:
            patch.setattr(type(store), name, _gone)
        yield


def _gone(*_: Any, **__: Any) -> None:
    raise StoreUnavailable("away")


def test_a_sqlite_backup_goes_into_postgresql_and_back(
    operator: Office, site: House, database: str, factories: Any
) -> None:
    site.desk("li").push(WJ, *[issue() for _ in range(3)])
    data = jpeg()
    record = photo(data)
    site.desk("li").push(WJ, record)
    upload(site.desk("li"), record["record"], data)
    before = records(site)
    operator.backup()
    factory = factories("postgresql" if database == "sqlite" else "sqlite")
    url = factory.fresh()
    other = operator.restored(url)
    assert records(other) == before and stored(other.desk("li"), record["record"])
    with other.app.app_context():
        db.session.remove()
        db.engine.dispose()
    factory.dispose(url)


def test_the_first_entry_of_the_epoch_says_why_by_whom_and_from_what(
    operator: Office, site: House, fresh: Callable[[], str]
) -> None:
    made = operator.backup()
    other = operator.restored(fresh(), why="机房进水")
    with other.app.app_context(), transaction.reading() as conn:
        *_, last = history.entries(conn, WJ)
        told = history.of_record(conn, WJ, last.record)
        payload = json.loads(last.payload)
    assert (told[0]["op"], told[0]["reason"]) == ("epoch", "机房进水")
    assert payload["fields"]["by"] == "信息中心 周某" and payload["fields"]["backup"] == made.name


def test_it_wants_an_explanation_and_an_empty_database(
    operator: Office, site: House, fresh: Callable[[], str]
) -> None:
    operator.backup()
    other = operator.elsewhere(fresh())
    assert operator.run("restore", str(operator.to), house=other).exit_code == 2
    assert operator.run("restore", str(operator.to), "--explain", " ", house=other).exit_code == 1
    before = records(site)
    done = operator.run("restore", str(operator.to), "--explain", "试一试")
    assert done.exit_code == 1 and "not empty" in done.output
    assert records(site) == before and site.desk("li").push(WJ, issue())[0]["status"] == "applied"


def test_a_damaged_backup_is_refused_before_anything_is_touched(
    operator: Office, site: House, fresh: Callable[[], str]
) -> None:
    made = operator.backup()
    forged = rewritten(made, {"tables/people.ndjson": lambda data: data.replace(b"li", b"lo", 1)})
    other = operator.elsewhere(fresh())
    done = operator.run("restore", str(forged), "--explain", "试", house=other)
    assert done.exit_code == 1 and "people" in done.output
    with other.app.app_context(), transaction.reading() as conn:
        assert conn.execute(text("SELECT count(*) FROM people")).scalar() == 0


def test_phones_push_again_what_the_backup_lacks_and_nothing_is_lost(
    operator: Office, site: House, fresh: Callable[[], str], device: Callable[[str], Replica]
) -> None:
    a, b = device("a"), device("b")
    for phone, who in ((a, "li"), (b, "wang")):
        phone.sync(DeskLine(site.desk(who, device=phone.device)))
    covered = [a.create(WJ, "issue", said(title=f"已备份 {n}")) for n in range(3)]
    a.sync(DeskLine(site.desk("li", device=a.device)))
    operator.backup()
    lost = [a.create(WJ, "issue", said(title=f"备份之后 {n}")) for n in range(3)]
    a.update(WJ, covered[0], {"part": {"set": "3 层"}})
    a.sync(DeskLine(site.desk("li", device=a.device)))
    b.sync(DeskLine(site.desk("wang", device=b.device)))
    b.update(WJ, lost[0], {"title": {"set": "改过的标题"}})
    b.sync(DeskLine(site.desk("wang", device=b.device)))
    unsent = b.create(WJ, "issue", said(title="没有信号时写的"))
    before = records(site)

    other = operator.restored(fresh())
    assert set(lost).isdisjoint(records(other))
    for _ in range(2):
        a.sync(DeskLine(other.desk("li", device=a.device)))
        b.sync(DeskLine(other.desk("wang", device=b.device)))
    a.sync(DeskLine(other.desk("li", device=a.device)))
    after = records(other)
    assert {*covered, *lost, unsent} <= after.keys()
    assert all(after[r][3]["title"] == before[r][3]["title"] for r in [*covered, *lost[1:]])
    assert after[covered[0]][3]["part"] == "3 层"
    # What wang had looked at was lost with the database, so the edit is a question, and neither is lost.
    [(*_, asked)] = [row for row in after.values() if row[0] == "conflict"]
    title = asked["fields"]["title"]
    assert (title["current"]["value"], title["candidates"][0]["value"]) == ("备份之后 0", "改过的标题")
    assert "parked" not in {kind for kind, *_ in after.values()}
    for phone in (a, b):
        assert phone.unsent() == {}
        assert {r for r, row in phone.view(WJ).items() if row["kind"] == "issue"} == {
            r for r, (kind, *_) in after.items() if kind == "issue"
        }
    with other.app.app_context(), transaction.reading() as conn:
        assert history.verify(conn, WJ, KINDS).fault is None


def test_the_same_backup_put_back_twice_opens_two_epochs(
    operator: Office, site: House, fresh: Callable[[], str], device: Callable[[str], Replica]
) -> None:
    """The second restore knows of the first although no backup does: from the store, or from beside it."""
    a = device("a")
    a.sync(DeskLine(site.desk("li", device=a.device)))
    operator.backup()
    first = operator.restored(fresh())
    kept = a.create(WJ, "issue", said(title="第一次恢复之后"))
    a.sync(DeskLine(first.desk("li", device=a.device)))
    second = operator.restored(fresh())
    with second.app.app_context(), transaction.reading() as conn:
        assert [epoch for epoch, _ in epochs.lineage(conn, WJ)] == [1, 2]
    a.sync(DeskLine(second.desk("li", device=a.device)))
    assert kept in records(second)


def test_a_store_lost_with_the_database_does_not_make_it_forget(
    operator: Office, site: House, fresh: Callable[[], str], tmp_path: Path
) -> None:
    operator.backup()
    operator.restored(fresh(), folder=tmp_path / "second house")
    third = operator.restored(fresh(), folder=tmp_path / "third house")
    with third.app.app_context():
        noted = [fact for fact in keepsakes.noted("lineage") if fact["dossier"] == WJ]
    assert [fact["epoch"] for fact in noted] == [1, 2]


def test_whoever_was_signed_in_signs_in_again(
    operator: Office, site: House, fresh: Callable[[], str]
) -> None:
    li = site.desk("li")
    operator.backup()
    other = operator.restored(fresh())
    old = other.app.test_client().get("/api/v1/issues", headers={"Authorization": f"Bearer {li.token}"})
    assert (old.status_code, old.json["code"]) == (401, "token-expired")
    assert other.desk("li").get("/api/v1/issues")["items"] == []


def test_originals_and_keys_come_back_into_an_empty_house(
    operator: Office, site: House, fresh: Callable[[], str], tmp_path: Path
) -> None:
    phrase(site, tmp_path)
    with site.app.app_context():
        sealed = site.app.extensions["office"].seal.close("喂")
    li, data = site.desk("li"), jpeg()
    record = photo(data)
    li.push(WJ, record)
    upload(li, record["record"], data)
    operator.backup("--bytes")
    folder = tmp_path / "new house"
    other = operator.elsewhere(fresh(), folder)
    phrase(other, tmp_path)
    done = operator.run("restore", str(operator.to), "--explain", "搬家", house=other)
    assert done.exit_code == 0, done.output
    assert [p.read_bytes() for p in originals(other)] == [data]
    again = operator.elsewhere(fresh(), folder)  # a process that starts with the keys put back
    assert again.app.extensions["office"].seal.open(sealed) == "喂"
    answer = other.desk("li").call("GET", f"/api/v1/photos/{record['record']}/original")
    assert answer.data == data
    assert (folder / "secret.key").stat().st_mode & 0o777 == 0o600


def test_a_restore_that_fails_half_way_leaves_the_database_empty(
    operator: Office, site: House, fresh: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    site.desk("li").push(WJ, issue())
    operator.backup()
    url = fresh()
    other = operator.elsewhere(url)

    def away(*_: Any, **__: Any) -> None:
        raise FileStore.put.__globals__["StoreUnavailable"](errno=28)

    monkeypatch.setattr(keepsakes, "note", away)  # the store dies after all rows were loaded
    done = operator.run("restore", str(operator.to), "--explain", "试", house=other)
    assert done.exit_code == 1 and "Traceback" not in done.output
    monkeypatch.undo()
    with other.app.app_context():
        db.session.remove()
        db.engine.dispose()
    restored = operator.restored(url)
    assert records(restored) == records(site)


def test_an_older_schema_is_brought_up_to_today_in_the_same_act(
    operator: Office, site: House, fresh: Callable[[], str]
) -> None:
    made = operator.backup()
    other = operator.elsewhere(fresh())
    old = as_of(made, other, "0008")
    done = operator.run("restore", str(old), "--explain", "旧备份", house=other)
    assert done.exit_code == 0, done.output
    assert other.desk("li").push(WJ, issue(), epoch=2)[0]["status"] == "applied"


def test_a_backup_of_a_later_release_is_refused(
    operator: Office, site: House, fresh: Callable[[], str]
) -> None:
    made = operator.backup()
    unknown = rewritten(made, {rules.MANIFEST: lambda d: d.replace(b'"schema": "', b'"schema": "9')})
    done = operator.run("restore", str(unknown), "--explain", "试", house=operator.elsewhere(fresh()))
    assert done.exit_code == 1 and "which this release does not know" in done.output


def as_of(made: Path, house: House, revision: str) -> Path:
    """The backup as a release at this revision would have made it: without later tables and columns."""
    with house.app.app_context():
        flask_migrate.downgrade(revision=revision)
        with transaction.reading() as conn:
            there = {t.name: [c.name for c in t.columns] for t in queries.kept(conn)}
        db.session.remove()
        db.engine.dispose()
    manifest = json.loads(unzipped(made, rules.MANIFEST))
    changes: dict[str, Any] = {}
    for name, said in list(manifest["tables"].items()):
        if name not in there:
            del manifest["tables"][name]
            continue
        keep = [i for i, (column, _) in enumerate(said["columns"]) if column in there[name]]
        if len(keep) < len(said["columns"]):
            said["columns"] = [said["columns"][i] for i in keep]
            lines = unzipped(made, rules.table_member(name)).splitlines()
            short = b"".join(
                json.dumps([json.loads(line)[i] for i in keep]).encode() + b"\n" for line in lines
            )
            said["sha256"] = hashlib.sha256(short).hexdigest()
            if lines:
                changes[rules.table_member(name)] = lambda _, data=short: data
    manifest["schema"] = revision
    return rewritten(made, changes | {rules.MANIFEST: lambda _: json.dumps(manifest).encode()})


def test_a_wrong_passphrase_is_said_before_anything_is_put_back(
    operator: Office, site: House, fresh: Callable[[], str], tmp_path: Path
) -> None:
    phrase(site, tmp_path)
    with site.app.app_context():
        site.app.extensions["office"].seal.close("喂")
    operator.backup()
    url, folder = fresh(), tmp_path / "new house"
    other = operator.elsewhere(url, folder)
    phrase(other, tmp_path)
    (tmp_path / "phrase.txt").write_text("some other phrase\n", encoding="utf-8")
    done = operator.run("restore", str(operator.to), "--explain", "搬家", house=other)
    assert done.exit_code == 1 and "passphrase does not open" in done.output
    phrase(other, tmp_path)
    done = operator.run("restore", str(operator.to), "--explain", "搬家", house=other)
    assert done.exit_code == 0 and "secret_key_file" in done.output, done.output
