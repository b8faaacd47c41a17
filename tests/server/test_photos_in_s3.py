"""The house with its photographs in an S3 store: the same to everybody, also while the store is away."""

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from media.s3 import S3Store
from server import scheduler
from server.app import create_app
from server.database import db
from server.office import office
from tests.server.test_photos import WJ, begin, photo, stored, upload
from tests.support.bad_line import BadLine
from tests.support.databases import DatabaseFactory
from tests.support.house import Clock, House, config_for, jpeg, new_id
from tests.support.seaweed import SeaweedServer

pytestmark = pytest.mark.usefixtures("credentials")


@pytest.fixture
def line(seaweed: SeaweedServer) -> Iterator[BadLine]:
    made = BadLine(seaweed.port)
    yield made
    made.close()


@pytest.fixture
def house(
    factories: Callable[[str], DatabaseFactory], line: BadLine, clock: Clock, tmp_path: Path
) -> Iterator[House]:
    """On SQLite: what the database does is the same as with files."""
    url = factories("sqlite").fresh()
    where = f"s3://media?endpoint={line.url}&prefix={tmp_path.name}"
    app = create_app(config_for(url, tmp_path, XUNJIAN_MEDIA_URL=where), clock=clock, new_id=new_id)
    yield House(app, clock, tmp_path)
    with app.app_context():
        db.session.remove()
        db.engine.dispose()
    factories("sqlite").dispose(url)


def after_the_pause(site: House) -> None:
    """Five seconds later: the store is asked again."""
    with site.app.app_context():
        store = office().store
    assert isinstance(store, S3Store)
    store._breaker.worked()


def test_a_photo_comes_to_rest_and_is_shown_as_from_a_folder(site: House) -> None:
    li, data = site.desk("li"), jpeg(size=(1200, 900))
    record = photo(data)
    li.push(WJ, record)
    assert upload(li, record["record"], data).status_code == 204
    assert stored(li, record["record"])
    path = f"/api/v1/photos/{record['record']}"
    whole = li.call("GET", f"{path}/original")
    assert whole.data == data
    assert whole.headers["ETag"] == f'"{hashlib.sha256(data).hexdigest()}"'
    part = li.call("GET", f"{path}/original", headers={"Range": "bytes=10-19"})
    assert (part.status_code, part.data) == (206, data[10:20])
    for _ in range(2):  # made, and found
        small = li.call("GET", f"{path}/thumbnail")
        assert small.status_code == 200 and small.data.startswith(b"\xff\xd8\xff")
    assert not (site.folder / "media").exists()


def test_bytes_that_come_while_the_store_is_away_wait_and_rest_when_it_is_back(
    site: House, line: BadLine
) -> None:
    li = site.desk("li")
    pictures = [jpeg(colour) for colour in ("red", "green", "blue")]
    records = [photo(data) for data in pictures]
    line.turns("cut")
    for record, data in zip(records, pictures, strict=True):
        answer = upload(li, record["record"], data)
        assert (answer.status_code, answer.json["code"]) == (503, "store-unavailable")
        assert answer.headers["Upload-Offset"] == str(len(data))
    li.push(WJ, *records)  # everything else goes on
    jobs = scheduler.jobs(site.app)
    with site.app.app_context():
        assert jobs["drain uploads"]() == 0
        line.turns("good")
        after_the_pause(site)
        assert jobs["drain uploads"]() == 3
        assert jobs["drain uploads"]() == 0
    assert all(stored(li, r["record"]) for r in records)
    again = begin(li, records[0]["record"], pictures[0])  # the phone asks, and has nothing to send
    assert again.headers["Upload-Offset"] == str(len(pictures[0]))
    for record, data in zip(records, pictures, strict=True):
        assert li.call("GET", f"/api/v1/photos/{record['record']}/original").data == data


def test_a_store_that_is_away_for_a_month_loses_nothing_of_what_was_acknowledged(
    site: House, line: BadLine
) -> None:
    li, data = site.desk("li"), jpeg()
    record = photo(data)
    li.push(WJ, record)
    line.turns("cut")
    upload(li, record["record"], data)
    jobs = scheduler.jobs(site.app)
    with site.app.app_context():
        site.clock.passes(days=30)
        assert jobs["sweep uploads"]() == 0
        line.turns("good")
        after_the_pause(site)
        assert jobs["drain uploads"]() == 1
    assert stored(site.desk("zhang"), record["record"])


def test_while_the_store_is_away_what_it_holds_is_asked_for_later_and_not_called_lost(
    site: House, line: BadLine
) -> None:
    li, data = site.desk("li"), jpeg()
    record = photo(data)
    li.push(WJ, record)
    upload(li, record["record"], data)
    line.turns("cut")
    for face in ("original", "thumbnail"):
        answer = li.call("GET", f"/api/v1/photos/{record['record']}/{face}")
        assert (answer.status_code, answer.json["code"]) == (503, "store-unavailable")
        assert answer.json["remedy"] == "retry"
    assert stored(li, record["record"])  # the records go on


def test_a_damaged_upload_does_not_stop_those_behind_it(site: House, line: BadLine) -> None:
    li, good, bad = site.desk("li"), jpeg("green"), jpeg("red")
    record = photo(good)
    li.push(WJ, record)
    line.turns("cut")
    for name, data in ((new_id(), bad), (record["record"], good)):
        upload(li, name, data)
    [part] = [p for p in (site.folder / "staging").rglob("*.part") if p.read_bytes() == bad]
    part.write_bytes(bad[:-1] + b"\x00")
    line.turns("good")
    after_the_pause(site)
    with site.app.app_context():
        assert scheduler.jobs(site.app)["drain uploads"]() == 1
    assert stored(li, record["record"]) and not part.exists()
