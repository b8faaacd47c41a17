"""The archive moves from one store to another: proven, whole, and to be killed at any moment."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from click.testing import Result

from media.errors import StoreUnavailable
from media.files import FileStore
from media.move import Moved, Mover
from media.reconcile import Held, Line
from media.s3 import S3Store
from media.store import Store, original_key
from server.cli import main
from server.photos import sidecars
from tests.server.test_photos import WJ, originals, photo, stored, upload
from tests.server.test_reconcile import book, rest, sha256
from tests.support.house import House, jpeg, new_id
from tests.support.live import REPOSITORY
from tests.support.seaweed import SeaweedServer

pytestmark = pytest.mark.usefixtures("credentials")


@pytest.fixture
def here(site: House) -> str:
    return (site.folder / "media").as_uri()


@pytest.fixture
def far(seaweed: SeaweedServer) -> S3Store:
    return S3Store(seaweed.address(f"{new_id()}/"))


@pytest.fixture
def bucket(far: S3Store) -> str:
    return f"s3://media?endpoint={far.address.endpoint}&prefix={far.address.prefix}"


def move(house: House, *arguments: str) -> Result:
    return house.app.test_cli_runner().invoke(main.commands["media"], ["move", *arguments])


def count(done: Result, fate: str) -> int:
    [found] = re.findall(rf"{fate}\s*│\s*(\d+)", done.output)
    return int(found)


def contents(store: Store) -> dict[str, str]:
    """Every key at rest, and the digest of what rests there."""
    return {one.key: sha256(store.open(one.key).read()) for one in store.walk("media")}


def note(site: House) -> None:
    """Have the scheduler write the sidecars of what has come."""
    with site.app.app_context():
        sidecars.write_new()


def test_originals_and_sidecars_go_to_s3_and_come_back_the_same(
    site: House, here: str, bucket: str, far: S3Store
) -> None:
    li = site.desk("li")
    for colour in ("red", "green", "blue"):
        data = jpeg(colour, size=(1200, 900))
        record = photo(data)
        li.push(WJ, record)
        upload(li, record["record"], data)
    note(site)
    assert li.call("GET", f"/api/v1/photos/{record['record']}/thumbnail").status_code == 200
    whole = contents(FileStore(site.folder / "media"))
    archive = {key: digest for key, digest in whole.items() if "/o/" in key}
    assert (len(whole), len(archive)) == (8, 6)
    done = move(site, here, bucket)
    assert (done.exit_code, count(done, "copied"), count(done, "missing")) == (0, 6, 0), done.output
    assert contents(far) == archive and "again until 0" in done.output
    again = move(site, here, bucket)
    assert (count(again, "copied"), count(again, "already there")) == (0, 6)
    assert "XUNJIAN_MEDIA_URL" in again.output
    with_small = move(site, here, bucket, "--renditions")
    assert (count(with_small, "copied"), contents(far)) == (2, whole)
    back = move(site, bucket, (site.folder / "back").as_uri(), "--renditions")
    assert (back.exit_code, contents(FileStore(site.folder / "back"))) == (0, whole)
    assert contents(FileStore(site.folder / "media")) == whole  # nothing is removed


def killed_half_way(house: House, url: str, arguments: list[str], resting: FileStore | S3Store) -> int:
    """Run the real command, kill it -9 in the middle; how many originals rest then."""
    env = os.environ | {"XUNJIAN_VAR": str(house.folder), "XUNJIAN_DATABASE_URL": url}
    line = [sys.executable, "-m", "server.cli", "media", "move", *arguments]
    process = subprocess.Popen(
        line, cwd=REPOSITORY, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    deadline = time.monotonic() + 180
    while not any(resting.walk("media")):
        assert process.poll() is None and time.monotonic() < deadline, "nothing is moved"
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL, "it was too quick to be killed"
    before = -1
    while before != (found := sum(1 for _ in resting.walk("media"))):
        before = found
        time.sleep(0.3)  # what the store had received whole may still come to rest
    return found


def test_a_move_that_was_killed_is_finished_by_the_next_one_and_sends_nothing_twice(
    site: House, database_url: str, here: str, bucket: str, far: S3Store
) -> None:
    data = [os.urandom(1 << 16) for _ in range(400)]
    rest(site, WJ, data)
    book(site, WJ, data)
    back = FileStore(site.folder / "back")
    for arguments, target in (([here, bucket], far), ([bucket, back.root.as_uri()], back)):
        half = killed_half_way(site, database_url, arguments, target)
        assert 0 < half < len(data)
        done = move(site, *arguments)
        assert done.exit_code == 0, done.output
        assert (count(done, "already there"), count(done, "copied")) == (half, len(data) - half)
        assert contents(target) == {original_key(WJ, sha256(d)): sha256(d) for d in data}


def test_what_cannot_be_moved_is_named_and_the_rest_is_moved(
    site: House, here: str, bucket: str, far: S3Store
) -> None:
    good, altered, torn, gone, lone = (b"%d" % n * 1000 for n in range(5))
    rest(site, WJ, [good, altered, torn, lone])
    book(site, WJ, [good, altered, torn, gone])
    root = site.folder / "media"
    (root / original_key(WJ, sha256(altered))).write_bytes(b"x" * len(altered))
    (root / original_key(WJ, sha256(torn))).write_bytes(torn[:-1])
    (root / original_key(WJ, sha256(good))).with_name("Thumbs.db").write_bytes(b"x")
    done = move(site, here, bucket)
    assert done.exit_code == 1
    for data, fate in ((altered, "altered"), (torn, "altered"), (gone, "missing")):
        assert re.search(rf"{fate}\S* ?.*{sha256(data)}", done.output), done.output
    assert (count(done, "altered at the source"), count(done, "missing"), count(done, "left")) == (2, 1, 1)
    assert contents(far) == {original_key(WJ, sha256(d)): sha256(d) for d in (good, lone)}


def test_what_rests_at_the_target_is_not_read_again(site: House, here: str, bucket: str) -> None:
    rest(site, WJ, [b"right"])
    book(site, WJ, [b"right"])
    assert count(move(site, here, bucket), "copied") == 1
    (site.folder / "media" / original_key(WJ, sha256(b"right"))).write_bytes(b"wrong")
    done = move(site, here, bucket)
    assert (done.exit_code, count(done, "already there"), count(done, "source")) == (0, 1, 0)


def test_other_bytes_at_the_target_are_named_and_stay(site: House, here: str) -> None:
    rest(site, WJ, [b"right"])
    book(site, WJ, [b"right"])
    target = FileStore(site.folder / "target")
    wrong = site.folder / "wrong"
    wrong.write_bytes(b"wrong bytes")
    key = original_key(WJ, sha256(b"right"))
    target.put(key, wrong, sha256=sha256(b"wrong bytes"))
    done = move(site, here, target.root.as_uri())
    assert (done.exit_code, count(done, "at the target")) == (1, 1)
    assert target.open(key).read() == b"wrong bytes"


def test_a_photograph_that_comes_during_the_move_comes_with_the_next_run_and_the_house_moves_on(
    site: House, here: str, bucket: str, far: S3Store
) -> None:
    li, first, second = site.desk("li"), jpeg("red"), jpeg("blue")
    one, two = photo(first), photo(second)
    li.push(WJ, one, two)
    upload(li, one["record"], first)
    note(site)
    assert count(move(site, here, bucket), "copied") == 2
    upload(li, two["record"], second)
    note(site)
    assert count(move(site, here, bucket), "copied") == 2
    assert count(move(site, here, bucket), "copied") == 0
    office = site.app.extensions["office"]
    office.store = far  # XUNJIAN_MEDIA_URL, and a restart
    for path in originals(site):
        path.unlink()
    for record, data in ((one, first), (two, second)):
        assert stored(li, record["record"])
        assert li.call("GET", f"/api/v1/photos/{record['record']}/original").data == data
    assert site.app.test_cli_runner().invoke(main.commands["media"], ["reconcile", "--read"]).exit_code == 0


def test_a_hiccup_of_a_store_is_waited_for(tmp_path: Path) -> None:
    source, target = FileStore(tmp_path / "a"), FileStore(tmp_path / "b")
    file = tmp_path / "file"
    file.write_bytes(b"a")
    key = original_key(WJ, sha256(b"a"))
    source.put(key, file, sha256=sha256(b"a"))
    waits: list[float] = []

    def comes_back(seconds: float) -> None:
        waits.append(seconds)
        target.root.unlink()

    target.root.write_bytes(b"")  # a disk that is not there
    mover = Mover(source, target, tmp_path, comes_back)
    held = Held(sha256(b"a"), next(source.walk("media")))
    assert mover.original(WJ, None, held) == [Moved("copied", key, 1)] and len(waits) == 1
    target.drop(key)
    (tmp_path / "b").rename(tmp_path / "c")
    target.root.write_bytes(b"")
    with pytest.raises(StoreUnavailable):
        Mover(source, target, tmp_path, waits.append).original(WJ, None, held)


def test_bytes_that_came_after_the_listing_are_not_called_missing(tmp_path: Path) -> None:
    source, target = FileStore(tmp_path / "a"), FileStore(tmp_path / "b")
    file = tmp_path / "file"
    file.write_bytes(b"a")
    line, key = Line(sha256(b"a"), 1), original_key(WJ, sha256(b"a"))
    assert Mover(source, target, tmp_path).original(WJ, line, None) == [Moved("missing", key)]
    source.put(key, file, sha256=sha256(b"a"))
    assert Mover(source, target, tmp_path).original(WJ, line, None) == [Moved("copied", key, 1)]


@pytest.mark.parametrize("url", ["ftp://x/y", "file://folder/media", "s3://key:hush@media?endpoint=http://a"])
def test_a_wrong_address_is_refused_without_repeating_it(site: House, here: str, url: str) -> None:
    for arguments in ((here, url), (url, here)):
        done = move(site, *arguments)
        assert done.exit_code == 1 and "expected" in done.output and "hush" not in done.output
    assert "same store" in move(site, here, here).output
