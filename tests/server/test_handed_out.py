"""Originals that the S3 store hands out itself: the same bytes, for a while, to who may have them."""

import hashlib
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from structlog.testing import capture_logs

from media.s3 import S3Store
from media.store import original_key
from server.app import create_app
from server.database import db
from server.office import office
from tests.server.test_attachments import VIDEO, attachment
from tests.server.test_photos import WJ, photo, upload
from tests.support.databases import DatabaseFactory
from tests.support.house import Clock, House, config_for, jpeg, new_id
from tests.support.seaweed import KEY, SECRET, SeaweedServer

pytestmark = pytest.mark.usefixtures("credentials")
DATA = jpeg()


@pytest.fixture
def house(
    factories: Callable[[str], DatabaseFactory], seaweed: SeaweedServer, clock: Clock, tmp_path: Path
) -> Iterator[House]:
    """Its store is known to the public by another name than to us."""
    url = factories("sqlite").fresh()
    settings = {
        "XUNJIAN_MEDIA_URL": f"s3://media?endpoint=http://127.0.0.1:{seaweed.port}&prefix={tmp_path.name}",
        "XUNJIAN_MEDIA_PUBLIC_URL": f"http://localhost:{seaweed.port}",
    }
    app = create_app(config_for(url, tmp_path, **settings), clock=clock, new_id=new_id)
    yield House(app, clock, tmp_path)
    with app.app_context():
        db.session.remove()
        db.engine.dispose()
    factories("sqlite").dispose(url)


@pytest.fixture
def path(site: House) -> str:
    """Where the house tells of a photograph at rest."""
    li, record = site.desk("li"), photo(DATA, name="图 1（复查）.jpg")
    li.push(WJ, record)
    assert upload(li, record["record"], DATA).status_code == 204
    return f"/api/v1/photos/{record['record']}/original"


def fetched(url: str, **more: str) -> httpx.Response:
    return httpx.get(url, headers=more, trust_env=False)


def test_the_store_gives_the_same_bytes_under_the_name_they_came_with(site: House, path: str) -> None:
    answer = site.desk("li").call("GET", path)
    assert (answer.status_code, answer.data) == (307, b"")
    assert answer.headers["Cache-Control"] == "no-store"
    where = urlsplit(answer.headers["Location"])
    assert where.hostname == "localhost"
    asked = {name: value for name, [value] in parse_qs(where.query).items()}
    assert asked["X-Amz-Algorithm"] == "AWS4-HMAC-SHA256" and int(asked["X-Amz-Expires"]) <= 300
    got = fetched(answer.headers["Location"])
    assert (got.status_code, got.content) == (200, DATA)
    said = got.headers["Content-Disposition"]
    assert said.startswith("attachment;")
    assert "filename*=UTF-8''%E5%9B%BE%201%EF%BC%88%E5%A4%8D%E6%9F%A5%EF%BC%89.jpg" in said
    assert got.headers["Content-Type"] == "image/jpeg"
    part = fetched(answer.headers["Location"], Range="bytes=10-19")
    assert (part.status_code, part.content) == (206, DATA[10:20])


def test_an_attachment_goes_the_same_way(site: House) -> None:
    li, record = site.desk("li"), attachment(VIDEO)
    li.push(WJ, record)
    upload(li, record["record"], VIDEO, mime="video/mp4")
    answer = li.call("GET", f"/api/v1/attachments/{record['record']}/original")
    got = fetched(answer.headers["Location"])
    assert (got.content, got.headers["Content-Type"]) == (VIDEO, "video/mp4")
    assert got.headers["Content-Disposition"].startswith("attachment;")


def test_a_page_s_script_and_whoever_asks_for_the_head_are_answered_by_us(site: House, path: str) -> None:
    li = site.desk("li")
    here = li.call("GET", f"{path}?via=server")
    assert (here.status_code, here.data) == (200, DATA)
    head = li.call("HEAD", path)
    assert (head.status_code, head.headers["Content-Length"]) == (200, str(len(DATA)))
    known = li.call("GET", path, headers={"If-None-Match": f'"{hashlib.sha256(DATA).hexdigest()}"'})
    assert known.status_code == 304
    assert li.call("GET", path.replace("original", "thumbnail")).status_code == 200
    assert li.call("GET", f"{path}?via=elsewhere").status_code == 400


def test_who_may_not_see_it_gets_no_address(site: House, path: str) -> None:
    for who in ("zhao", "stranger"):
        answer = site.desk(who).call("GET", path)
        assert (answer.status_code, answer.json["code"]) == (404, "not-found")
        assert "Location" not in answer.headers and b"X-Amz" not in answer.data


def test_what_is_not_at_rest_gets_no_address(site: House) -> None:
    li, record = site.desk("li"), photo(jpeg("blue"))
    li.push(WJ, record)
    answer = li.call("GET", f"/api/v1/photos/{record['record']}/original")
    assert (answer.status_code, answer.json["code"]) == (404, "not-found")


def test_an_address_opens_nothing_else_and_nothing_after_its_time(site: House, path: str) -> None:
    li, other = site.desk("li"), photo(jpeg("green"))
    li.push(WJ, other)
    upload(li, other["record"], jpeg("green"))
    mine = hashlib.sha256(DATA).hexdigest()
    theirs = hashlib.sha256(jpeg("green")).hexdigest()
    with site.app.app_context():
        store = office().store
        short = store.address_for(original_key(WJ, mine), name="a", mime="image/jpeg", seconds=1)
        good = store.address_for(original_key(WJ, mine), name="a", mime="image/jpeg", seconds=60)
    assert short is not None and good is not None and fetched(good).status_code == 200
    swapped = good.replace(f"{mine[:2]}/{mine}", f"{theirs[:2]}/{theirs}")
    assert swapped != good and fetched(swapped).status_code == 403
    for name, value in (("X-Amz-Expires=60", "X-Amz-Expires=600"), ("image%2Fjpeg", "text%2Fhtml")):
        assert name in good and fetched(good.replace(name, value)).status_code == 403
    time.sleep(2.1)
    assert fetched(short).status_code == 403


def test_an_address_is_written_into_no_log_and_holds_no_secret(
    site: House, path: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(0)  # the libraries' own lines, all of them
    with capture_logs() as said:
        where = site.desk("li").call("GET", path).headers["Location"]
    signature = parse_qs(urlsplit(where).query)["X-Amz-Signature"][0]
    assert [line["status"] for line in said] == [307] and "botocore" in caplog.text
    assert signature not in f"{said}{caplog.text}"
    assert SECRET not in where and KEY in where


def test_a_folder_and_a_store_that_is_not_public_give_no_address(
    seaweed: SeaweedServer, tmp_path: Path
) -> None:
    from media.files import FileStore

    for store in (FileStore(tmp_path), S3Store(seaweed.address())):
        key = original_key(WJ, "a" * 64)
        assert store.address_for(key, name="a", mime="image/jpeg", seconds=60) is None


@pytest.mark.parametrize("url", ["localhost:1", "ftp://x", "https://key:secret@host", "https://host?x=1"])
def test_a_public_address_that_is_none_is_refused_at_the_start_and_not_repeated(
    url: str, tmp_path: Path
) -> None:
    for name in ("XUNJIAN_MEDIA_PUBLIC_URL", "XUNJIAN_PUBLIC_URL"):
        with pytest.raises(ValueError, match=name) as refused:
            config_for("sqlite://", tmp_path, **{name: url})
        assert "secret" not in str(refused.value)
