"""公开页: whoever holds a watermark can see that it is on record, and learns nothing else."""

import hashlib
import io
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from media import pictures, watermark
from server import transaction
from server.app import create_app
from server.database import db
from server.endpoint import Actor
from server.photos import queries
from tests.server.test_photos import WJ, photo, stored, upload
from tests.server.test_renditions import taken
from tests.support.databases import DatabaseFactory
from tests.support.house import Clock, House, config_for, delete, issue, jpeg, new_id

DATA = jpeg(size=(1600, 1200))
DIGEST = hashlib.sha256(DATA).hexdigest()


def opened(site: House, record: str, head: str = DIGEST[:16]) -> Any:
    """Without a sign-in."""
    return site.app.test_client().get(f"/open/photos/{record}/{head}")


def test_number_digest_and_since_when_are_told_and_nothing_else(site: House) -> None:
    li, finding = site.desk("li"), issue(title="机密标题", part="三层东侧")
    li.push(WJ, finding)
    record = taken(
        li, DATA, subject=finding["record"], caption="说明", lat_e7=399_042_000, lon_e7=1_164_074_000
    )
    page = opened(site, record)
    assert page.status_code == 200 and page.mimetype == "text/html"
    text = page.text
    assert record in text and DIGEST in text and "原件已入库" in text and "At rest" in text
    assert "2026-11-22 09:00:00" in text  # 01:00 UTC, in Beijing
    for word in ("机密", "三层", "说明", "li某", "wj-01", "39.9", "图 1", "2026-11-21", WJ):
        assert word not in text
    assert text.index("照片核验") < text.index("Photograph verification")


def test_while_the_bytes_are_awaited_it_says_so(site: House) -> None:
    record = photo(DATA)
    site.desk("li").push(WJ, record)
    text = opened(site, record["record"]).text
    assert "原件尚未入库" in text and "Not at rest" in text and "原件已入库" not in text


def test_a_wrong_number_or_digest_a_deleted_record_and_an_attachment_are_all_not_found(site: House) -> None:
    from tests.server.test_attachments import VIDEO, attachment

    li = site.desk("li")
    record, video, gone = taken(li, DATA), attachment(VIDEO), photo(jpeg("blue"))
    [_, outcome] = li.push(WJ, video, gone)
    li.push(WJ, delete("photo", gone["record"], outcome["version"]))
    digest = hashlib.sha256(jpeg("blue")).hexdigest()
    pages = [
        opened(site, record, "0" * 16),
        opened(site, new_id()),
        opened(site, record, DIGEST[:15]),
        opened(site, record, DIGEST),
        opened(site, record, "%" * 16),
        opened(site, record, DIGEST[:16].upper()),
        opened(site, video["record"], hashlib.sha256(VIDEO).hexdigest()[:16]),
        opened(site, gone["record"], digest[:16]),
    ]
    assert {page.status_code for page in pages} == {404}
    assert len({page.data for page in pages}) == 1 and "没有查到" in pages[0].text


def test_the_page_runs_no_script_and_loads_from_nowhere_else(site: House) -> None:
    page = opened(site, taken(site.desk("li"), DATA))
    policy = page.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "script-src" not in policy and "unsafe" not in policy
    assert page.headers["X-Content-Type-Options"] == "nosniff"
    assert page.headers["Referrer-Policy"] == "no-referrer"
    assert not re.search(r"<script|style=|\son\w+=|https?://", page.text)
    assert re.findall(r'(?:src|href)="([^"]+)"', page.text) == ["/open/open.css"]
    style = site.app.test_client().get("/open/open.css")
    assert (style.status_code, style.mimetype) == (200, "text/css")


def drawn(answer: Any, site: House, actor: Actor, record: str, link: str) -> bool:
    """Whether the picture holds the code of `link`, module by module."""
    with site.app.app_context(), transaction.reading() as conn:
        row = queries.one(actor, record, None)
        texts = [watermark.printable(text) for text in queries.watermark(conn, actor, row)]
    rows, image = watermark.code(link), Image.open(io.BytesIO(answer.data)).convert("L")
    found = watermark.layout(*image.size, texts, pictures._measure, len(rows))
    assert found is not None and found.code is not None
    left, top, module = found.code
    return all(
        (image.getpixel((left + x * module + module // 2, top + y * module + module // 2)) < 128) == dark
        for y, row_ in enumerate(rows)
        for x, dark in enumerate(row_)
    )


def who(site: House, token: str) -> Actor:
    from server.office import office

    with site.app.app_context():
        return office().identify(token)


def test_a_watermark_s_code_leads_to_the_page_of_the_house_that_was_asked(site: House) -> None:
    li = site.desk("li")
    record = taken(li, DATA)
    answer = li.call("GET", f"/api/v1/photos/{record}/rendition/watermark")
    path = f"/open/photos/{record}/{DIGEST[:16]}"
    assert drawn(answer, site, who(site, li.token), record, f"http://localhost{path}")
    assert not drawn(answer, site, who(site, li.token), record, f"http://localhost{path[:-1]}x")
    assert opened(site, record).status_code == 200


@pytest.fixture
def known(factories: Callable[[str], DatabaseFactory], clock: Clock, tmp_path: Path) -> Iterator[House]:
    """A house that the public knows by a name of its own."""
    url = factories("sqlite").fresh()
    config = config_for(url, tmp_path, XUNJIAN_PUBLIC_URL="https://xunjian.example/")
    house = House(create_app(config, clock=clock, new_id=new_id), clock, tmp_path)
    house.person("li", "inspector", house.project("wj-01"))
    yield house
    with house.app.app_context():
        db.session.remove()
        db.engine.dispose()
    factories("sqlite").dispose(url)


def test_the_code_names_the_public_address_where_one_is_set(known: House) -> None:
    li, record = known.desk("li"), photo(DATA)
    li.push(WJ, record)
    upload(li, record["record"], DATA)
    assert stored(li, record["record"])
    answer = li.call("GET", f"/api/v1/photos/{record['record']}/rendition/watermark")
    link = f"https://xunjian.example/open/photos/{record['record']}/{DIGEST[:16]}"
    assert drawn(answer, known, who(known, li.token), record["record"], link)
