"""The books held against what rests: exactly what is wrong is named, and nothing is dropped too early.

RECONCILE=5000 is the full size in an S3 store; in a folder it is always that.
"""

import hashlib
import json
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from media.files import FileStore
from media.reconcile import Held, Line, OutOfOrder, paired
from media.store import original_key, sidecar_key
from media.tables import blobs
from server import transaction
from server.app import create_app
from server.cli import main
from server.database import db
from server.office import office
from server.photos import actions, archive
from sync import bulk
from tests.server.test_photos import WJ, originals, photo, upload
from tests.support.house import Clock, House, config_for, delete, jpeg, new_id

IN_S3 = int(os.environ.get("RECONCILE", "200"))
pytestmark = pytest.mark.usefixtures("credentials")


@pytest.fixture
def clock() -> Clock:
    """The store's clock is the machine's; here it is two hours later."""
    return Clock(datetime.now(UTC) + timedelta(hours=2))


@pytest.fixture(params=["files", "s3"])
def kept(
    request: pytest.FixtureRequest, database_url: str, clock: Clock, tmp_path: Path
) -> Iterator[tuple[House, int]]:
    """A house with either store, and how many originals it shall hold."""
    settings = {}
    if request.param == "s3":
        port = request.getfixturevalue("seaweed").port
        settings["XUNJIAN_MEDIA_URL"] = f"s3://media?endpoint=http://127.0.0.1:{port}&prefix={new_id()}"
    app = create_app(config_for(database_url, tmp_path, **settings), clock=clock, new_id=new_id)
    yield House(app, clock, tmp_path), IN_S3 if settings else 5_000
    with app.app_context():
        db.session.remove()
        db.engine.dispose()


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def rest(house: House, dossier: str, contents: list[bytes]) -> None:
    """Bytes in the store, each under the digest of its content."""
    store = house.app.extensions["office"].store

    def put(data: bytes) -> None:
        key = original_key(dossier, sha256(data))
        if isinstance(store, FileStore):  # as `put` leaves it, without 5,000 times its syncs
            (store.root / key).parent.mkdir(parents=True, exist_ok=True)
            (store.root / key).write_bytes(data)
        else:
            source = house.folder / sha256(data)
            source.write_bytes(data)
            store.put(key, source, sha256=sha256(data))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(put, contents))


def book(house: House, dossier: str, contents: list[bytes]) -> None:
    now = house.clock.now
    rows = [(dossier, sha256(d), len(d), "image/jpeg", now, None, None, None) for d in contents]
    with house.app.app_context(), transaction.writing() as conn:
        bulk.upsert(conn, blobs, rows)


def reconciled(house: House, *options: str) -> tuple[Result, list[dict[str, Any]]]:
    runner = house.app.test_cli_runner()
    done = runner.invoke(main.commands["media"], ["reconcile", "--json", *options])
    return done, [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]


def named(told: list[dict[str, Any]]) -> set[tuple[str, str]]:
    return {(one["found"], one["sha256"]) for one in told if one["found"] != "sums"}


def test_of_five_thousand_exactly_the_missing_the_altered_and_the_orphan_are_named(kept: Any) -> None:
    house, count = kept
    contents = [b"photograph %d" % n for n in range(count)]
    rest(house, WJ, contents[1:])
    book(house, WJ, contents[:-1])
    store = house.app.extensions["office"].store
    altered = original_key(WJ, sha256(contents[7]))
    shorter = house.folder / "shorter"
    shorter.write_bytes(b"photograp")
    store.drop(altered)
    store.put(altered, shorter, sha256=sha256(b"photograp"))
    done, told = reconciled(house)
    assert done.exit_code == 1, done.output
    assert named(told) == {
        ("missing", sha256(contents[0])),
        ("altered", sha256(contents[7])),
        ("orphan", sha256(contents[-1])),
    }
    sums = {"found": "sums", "lines": count - 1, "missing": 1, "altered": 1, "orphan": 1, "dropped": 0}
    assert told[-1] == sums
    with house.app.app_context():
        assert archive.reconcile_all() == 3


def test_what_is_as_the_books_say_is_no_finding(kept: Any) -> None:
    house, _ = kept
    for dossier in (WJ, "project:wj", "project:wj-0"):
        rest(house, dossier, [b"a", b"b", b"c"])
        book(house, dossier, [b"a", b"b", b"c"])
    for options in ([], ["--read"], ["--dossier", WJ]):
        done, told = reconciled(house, *options)
        assert (done.exit_code, named(told)) == (0, set()), done.output
    assert reconciled(house, "--dossier", "project:none")[0].exit_code == 1


def test_bytes_of_the_right_size_and_another_content_are_found_by_reading(kept: Any) -> None:
    house, _ = kept
    rest(house, WJ, [b"a", b"b"])
    book(house, WJ, [b"a", b"b"])
    store, key = house.app.extensions["office"].store, original_key(WJ, sha256(b"a"))
    other = house.folder / "other"
    other.write_bytes(b"x")
    store.drop(key)
    store.put(key, other, sha256=sha256(b"x"))
    assert reconciled(house)[0].exit_code == 0
    done, told = reconciled(house, "--read")
    assert (done.exit_code, named(told)) == (1, {("altered", sha256(b"a"))})


def test_bytes_younger_than_an_hour_may_be_on_their_way_in(kept: Any) -> None:
    house, _ = kept
    house.project("wj-01")
    rest(house, WJ, [b"a"])
    house.clock.now = datetime.now(UTC) + timedelta(minutes=50)
    assert reconciled(house)[0].exit_code == 0
    house.clock.passes(minutes=20)
    done, told = reconciled(house, "--drop-orphans")
    assert (done.exit_code, named(told), told[-1]["dropped"]) == (1, {("orphan", sha256(b"a"))}, 0)
    house.clock.passes(hours=24)
    done, told = reconciled(house, "--drop-orphans")
    assert (done.exit_code, told[-1]["orphan"], told[-1]["dropped"]) == (0, 1, 1)
    assert reconciled(house)[1] == [told[-1] | {"orphan": 0, "dropped": 0}]


def test_a_photograph_that_comes_while_the_books_are_read_is_not_called_missing(
    site: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    early, late = sorted([b"one", b"another"], key=sha256)
    rest(site, WJ, [early])
    book(site, WJ, [early])
    monkeypatch.setattr(archive, "PAGE", 1)

    def comes() -> None:  # the store's names are read by now, the second page of the books is not
        rest(site, WJ, [late])
        book(site, WJ, [late])

    with site.app.app_context():
        assert list(archive.reconcile(WJ, seen=comes)) == []
        (originals(site)[1]).unlink()
        assert [f.found for f in archive.reconcile(WJ)] == ["missing"]


def age(path: Path, clock: Clock, **span: float) -> None:
    then = (clock.now - timedelta(**span)).timestamp()
    os.utime(path, (then, then))


def forget_line(site: House, digest: str) -> None:
    with site.app.app_context(), transaction.writing() as conn:
        conn.execute(blobs.delete().where(blobs.c.sha256 == digest))


@pytest.mark.parametrize("fate", ["standing", "deleted", "parked", "not understood"])
def test_an_orphan_that_a_record_once_named_is_never_dropped(site: House, fate: str) -> None:
    from server.people import actions as people

    li, data = site.desk("li"), jpeg()
    digest, record = sha256(data), photo(data)
    if fate == "parked":
        with site.app.app_context():
            people.end_post(li.person, WJ)
        site.clock.passes(seconds=1)
    if fate == "not understood":
        record["fields"]["mime"] = {"set": "image/x-of-tomorrow"}
    [outcome] = li.push(WJ, record)
    expected = {"parked": "parked", "not understood": "invalid"}
    assert outcome["status"] == expected.get(fate, "applied")
    rest(site, WJ, [data])
    [path] = originals(site)
    age(path, site.clock, days=30)
    if fate == "deleted":
        li.push(WJ, delete("photo", record["record"], outcome["version"]))
    _, told = reconciled(site, "--drop-orphans")
    assert (named(told), told[-1]["dropped"]) == ({("orphan", digest)}, 0)
    assert path.exists()


def test_an_orphan_goes_with_its_sidecar_and_a_stranger_in_the_folder_is_left_alone(site: House) -> None:
    rest(site, WJ, [b"a", b"b"])
    first, second = originals(site)
    stranger = first.parent / "Thumbs.db"
    for path in (first.with_suffix(".json"), stranger):
        path.write_bytes(b"{}")
    for path in (first, second, first.with_suffix(".json"), stranger):
        age(path, site.clock, days=2)
    done, told = reconciled(site, "--drop-orphans")
    assert done.exit_code == 1
    assert (told[-1]["orphan"], told[-1]["dropped"]) == (3, 2)
    assert [p.name for p in first.parents[1].rglob("*") if p.is_file()] == ["Thumbs.db"]


def test_an_upload_whose_orphan_is_dropped_meanwhile_gets_no_line_without_bytes(
    site: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Put finds the bytes there; then they are dropped; then the line would be written."""
    li, data = site.desk("li"), jpeg()
    rest(site, WJ, [data])
    [path] = originals(site)
    age(path, site.clock, days=2)
    rested = actions.intake.rest

    def slow(*said: Any) -> bool:
        created = rested(*said)
        assert reconciled(site, "--drop-orphans")[1][-1]["dropped"] == 1
        monkeypatch.undo()
        return created

    record = photo(data)
    monkeypatch.setattr(actions.intake, "rest", slow)
    answer = upload(li, record["record"], data)
    assert (answer.status_code, answer.json["code"]) == (503, "store-unavailable")
    with site.app.app_context():
        assert actions.drain() == 1
        assert actions.digest_at_rest(WJ, sha256(data)) == sha256(data)
    assert reconciled(site)[0].exit_code == 0


def test_missing_sidecars_are_made_up_and_one_without_a_record_waits_for_it(site: House) -> None:
    li, data, lone = site.desk("li"), jpeg(), jpeg("blue")
    record = photo(data)
    li.push(WJ, record)
    upload(li, record["record"], data)
    upload(li, new_id(), lone)

    def written() -> set[str]:
        return {p.stem for p in (site.folder / "media").rglob("*.json")}

    with site.app.app_context():
        office().store.drop(sidecar_key(WJ, sha256(data)))
        assert written() == set()
        assert archive.write_sidecars() == 1
        assert written() == {sha256(data)}
        assert archive.write_sidecars() == 0
        site.clock.passes(days=8)
        assert archive.write_sidecars() == 1
        assert written() == {sha256(data), sha256(lone)}


def test_superseded_watermarks_are_dropped_after_thirty_days(site: House) -> None:
    rest(site, WJ, [jpeg()])
    folder = site.folder / "media" / "media" / WJ / "r"
    days = {"a/watermark-1.jpg": 90, "a/watermark-2.jpg": 40, "a/watermark-3.jpg": 5, "a/320.jpg": 90}
    days |= {"b/watermark-1.jpg": 90, "c/watermark-2.jpg": 29, "c/watermark-1.jpg": 20}
    for name, old in days.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"x")
        age(folder / name, site.clock, days=old)
    with site.app.app_context():
        assert archive.sweep_watermarks() == 2
        assert archive.sweep_watermarks() == 0
    left = {p.relative_to(folder).as_posix() for p in folder.rglob("*.jpg")}
    assert left == set(days) - {"a/watermark-1.jpg", "a/watermark-2.jpg"}


def test_a_stream_that_is_out_of_order_is_refused_and_not_misread() -> None:
    for lines, held in (([Line("b", 1), Line("a", 1)], []), ([], [Held("b"), Held("a")])):
        with pytest.raises(OutOfOrder):
            list(paired(lines, held))
