"""Photographs and places at the desk: what was drawn over a picture, drawing over it, where an issue lies."""

import base64
from collections.abc import Callable
from typing import Any

import orjson
import pytest
from PIL import Image
from playwright.sync_api import Page, Route

from server.markups.queries import MOST
from tests.media.test_heic import heic
from tests.server.test_photos import photo, upload
from tests.support.house import PASSWORD, create, issue, jpeg, update
from tests.web.browser import Handset, until
from tests.web.bureau import Bureau, found
from tests.web.desk import NARROW, WIDE, Desk
from tests.web.files import FILM

EDGES = """["img", "svg"].map((part) => {
  const { x, y, width, height } = document.querySelector(`.stage > ${part}`).getBoundingClientRect();
  return { x, y, width, height };
})"""
pytestmark = pytest.mark.journey


PIXELS = """(() => {
  const { naturalWidth, naturalHeight } = document.querySelector(".stage img");
  return [naturalWidth, naturalHeight];
})()"""
LATER = "2026-11-21T10:06:00+08:00"
NO_PICTURE = orjson.dumps(
    {
        "title": "无法显示缩略图",
        "code": "no-picture",
        "status": 404,
        "remedy": "drop",
        "details": {"reason": "unsupported"},
    }
)


def keep(bureau: Bureau, record: str, data: bytes, kind: str = "photo", **said: Any) -> str:
    """A photograph or a file of the issue, at rest; its id."""
    mime = {"mime": "image/heic"} if kind == "photo" else {}
    fields = {name: said_of["set"] for name, said_of in photo(data, record, **mime, **said)["fields"].items()}
    made = create(kind, fields)
    li = bureau.hand("li")
    [outcome] = li.push(bureau.dossier, made)
    assert outcome["status"] == "applied", outcome
    assert upload(li, made["record"], data, dossier=bureau.dossier).status_code == 204
    return str(made["record"])


def drawn_on(bureau: Bureau) -> tuple[str, str, bytes]:
    """An issue with a photograph over which its finder drew; its id, the photograph's, its bytes."""
    [record] = found(bureau, 1)
    li, data = bureau.hand("li"), jpeg("green", (800, 600))
    taken = photo(data, subject=record)
    said = {"photo": taken["record"], "width": 1000, "height": 750, "strokes": "M100 100L300 300 310 280"}
    li.push(bureau.dossier, taken, create("markup", said | {"caption": "此处无栏杆"}))
    upload(li, taken["record"], data, dossier=bureau.dossier)
    return record, taken["record"], data


def stroke(page: Page, *points: tuple[float, float]) -> None:
    """Draw over the picture with the mouse, through points in parts of its width and height."""
    box = page.locator(".pad").bounding_box()
    assert box is not None
    ways = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in points]
    page.mouse.move(*ways[0])
    page.mouse.down()
    for way in ways[1:]:
        page.mouse.move(*way, steps=3)
    page.mouse.up()


def test_what_the_phone_drew_is_seen_at_any_zoom_and_the_original_is_one_key_away(
    bureau: Bureau, desk: Desk
) -> None:
    record, picture, _ = drawn_on(bureau)
    page = desk.open(f"#/issue/{record}")
    assert "1 处标注" in page.locator(".pair figcaption").inner_text()
    page.locator(".frame").first.click()
    page.wait_for_selector(".stage .drawn")
    assert page.locator(".stage .line").get_attribute("d") == "M100 100L300 300 310 280"
    told = page.locator(".marks").inner_text()
    assert f"{bureau.people[0]}某" in told and "此处无栏杆" in told
    assert page.locator(".marks .quiet").count() == 0, "another one's mark is nobody else's to change"
    for _ in range(3):
        edges = page.evaluate(EDGES)  # at one moment: the picture may be growing
        assert edges[0] == pytest.approx(edges[1], abs=0.5)
        page.keyboard.press("+")
    page.keyboard.press("m")
    page.wait_for_selector(".stage .drawn", state="detached")
    assert "未改动的原图" in page.locator("dialog figcaption").inner_text()
    page.get_by_role("button", name="显示标注（1）").click()
    page.wait_for_selector(".stage .drawn")
    assert desk.judged() == []
    assert "标注过多" not in page.locator("dialog figcaption").inner_text()
    said = {"photo": picture, "width": 9, "height": 9, "strokes": "M1 1L2 2"}
    bureau.hand("li").push(bureau.dossier, *[create("markup", said) for _ in range(MOST)])
    page.reload()
    page.locator(".frame").first.click()
    page.wait_for_selector(f"dialog figcaption:has-text('标注过多，只显示最新的 {MOST} 处')")


def test_what_is_drawn_at_the_desk_outlives_refusals_lost_answers_and_reloads_and_arrives_once(
    bureau: Bureau, desk: Desk
) -> None:
    record, picture, data = drawn_on(bureau)
    page = desk.open(f"#/issue/{record}")
    page.locator(".frame").first.click()
    page.wait_for_selector(".stage .drawn")
    lines = drew(page)
    refused = '{"title": "存储空间不足", "code": "x", "status": 507, "remedy": "ask"}'
    page.route("**/api/v1/exchange", lambda route: route.fulfill(status=507, body=refused))
    page.get_by_role("button", name="保存标注").click()
    page.wait_for_selector("dialog .notice:has-text('存储空间不足')")
    assert page.locator(".pad .line").get_attribute("d") == lines

    page.unroute_all()
    sent: list[str] = []

    def lose(route: Route) -> None:
        sent.append(route.request.post_data or "")
        route.fetch()  # it arrives, and the answer does not
        route.abort()

    page.route("**/api/v1/exchange", lose)
    page.get_by_role("button", name="保存标注").click()
    until(lambda: page.locator(".pad").count() == 0 and len(marks(bureau, record)) == 2)
    page.reload()  # before the page has tried again by itself
    page.unroute_all()
    page.wait_for_selector(".pair .thin:has-text('有未保存的标注')")
    page.locator(".frame").first.click()
    page.wait_for_selector("dialog .notice:has-text('不知道标注是否已送达')")
    with page.expect_request("**/api/v1/exchange") as again:
        page.get_by_role("button", name="重试").click()
    page.wait_for_selector("dialog .notice.well")
    first, second = (orjson.loads(body)["push"] for body in (sent[0], again.value.post_data or ""))
    assert first == second, "the very same change"

    old, new = marks(bureau, record)
    zhang = bureau.building.house.people[bureau.people[2]]
    assert (new["strokes"], new["caption"], new["photo"]) == (lines, "箭头处缺挡脚板", picture)
    assert (new["width"], new["height"], new["audience"]) == (1000, 750, old["audience"])
    assert new["drawn_by"]["id"] == zhang
    alter_and_remove(page, bureau, record)
    [original] = [p["original"] for p in bureau.hand("zhang").get(f"/api/v1/issues/{record}")["photos"]]
    assert bureau.hand("zhang").call("GET", original).data == data, "nothing of it reached the original"


def drew(page: Page) -> str:
    """A line by the keys, an arrow by the mouse, a box that is taken back; the strokes."""
    page.keyboard.press("n")
    page.wait_for_selector(".pad")
    for key in ("ArrowLeft", " ", "ArrowRight", "ArrowRight", "ArrowDown", " "):
        page.keyboard.press(key)  # by the keys alone
    page.get_by_role("button", name="箭头").click()
    stroke(page, (0.8, 0.2), (0.6, 0.5))
    page.get_by_role("button", name="方框").click()
    stroke(page, (0.1, 0.1), (0.2, 0.3))
    page.get_by_role("button", name="撤销").click()
    page.fill("dialog input[name=caption]", "箭头处缺挡脚板")
    lines = page.locator(".pad .line").get_attribute("d") or ""
    assert lines.startswith("M480 375L500 375 520 375 520 395M800 150L600 375") and lines.count("M") == 2
    return lines


def marks(bureau: Bureau, record: str) -> list[Any]:
    """What lies over the issue's photographs, as the house tells it."""
    told: list[Any] = bureau.hand("zhang").get(f"/api/v1/issues/{record}")["markups"]
    return told


def alter_and_remove(page: Page, bureau: Bureau, record: str) -> None:
    """One's own mark is changed stroke by stroke, and taken away."""
    page.get_by_role("button", name="修改").click()
    page.wait_for_selector(".pad")
    page.get_by_role("button", name="撤销").click()
    page.get_by_role("button", name="保存标注").click()
    page.wait_for_selector("dialog .notice.well")
    until(lambda: marks(bureau, record)[1]["strokes"] == "M480 375L500 375 520 375 520 395")
    page.get_by_role("button", name="删除").click()
    page.locator("dialog .grave").click()
    until(lambda: len(marks(bureau, record)) == 1)
    until(lambda: page.locator(".stage .drawn").count() == 1)


def test_an_issue_shows_where_it_lies_or_says_that_nobody_knows(bureau: Bureau, desk: Desk) -> None:
    [nowhere] = found(bureau, 1)
    here = issue(lat_e7=399953120, lon_e7=1164772450, accuracy_m=6, datum="WGS-84")
    shifted = issue(lat_e7=399953120, lon_e7=1164772450, datum="GCJ-02")
    bureau.hand("li").push(bureau.dossier, here, shifted)
    house = bureau.building.house
    site = house.desk(bureau.people[2]).get("/api/v1/projects")["items"][0]
    place = {"lat_e7": 399953120, "lon_e7": 1164760000, "datum": "WGS-84"}
    house.submit(bureau.dossier, update("project", site["id"], site["version"], place))
    page = desk.open(f"#/issue/{nowhere}")
    page.wait_for_selector("text=记录中没有位置")
    page = desk.open(f"#/issue/{shifted['record']}")
    page.wait_for_selector("text=GCJ-02，与本图相差约 500 米")
    assert page.locator(".where button").count() == 0
    page = desk.open(f"#/issue/{here['record']}")
    page.wait_for_selector("text=39.995312°N 116.477245°E · 精度约 6 米 · WGS-84")
    page.get_by_role("button", name="在图上查看").click()
    page.wait_for_selector(".where .map canvas")
    page.wait_for_selector("text=在项目登记点以东约 106 米")
    page.get_by_role("button", name="收起地图").click()
    page.wait_for_selector(".where .map", state="detached")


def test_a_picture_can_be_closed_on_a_phone(bureau: Bureau, desk: Desk) -> None:
    [record] = found(bureau, 1)
    li = bureau.hand("li")
    for colour in ("red", "blue"):
        data = jpeg(colour)
        taken = photo(data, subject=record, caption="整改前：堆土裸露，挖掘机倒土起尘")
        li.push(bureau.dossier, taken)
        upload(li, taken["record"], data, dossier=bureau.dossier)
    page = desk.open(f"#/issue/{record}")
    page.set_viewport_size(NARROW)
    page.locator(".frame").first.click()
    page.wait_for_selector(".pane")
    for button in page.locator("dialog.viewer button").all():
        box = button.bounding_box()
        assert box is not None and box["x"] >= 0 and box["x"] + box["width"] <= NARROW["width"]
        assert box["y"] >= 0 and box["y"] + box["height"] <= NARROW["height"]
    page.get_by_role("button", name="关闭").click()
    page.set_viewport_size(WIDE)


def test_a_heic_original_is_shown_converted_and_saved_as_it_came_or_the_desk_says_why_not(
    bureau: Bureau, desk: Desk
) -> None:
    [record] = found(bureau, 1)
    lying = Image.Exif()
    lying[0x0112] = 6
    scene = Image.new("RGB", (1800, 900), "green")
    whole = heic(scene, exif=lying.tobytes())
    shown, torn = keep(bureau, record, whole), keep(bureau, record, whole[:-1] + b"?" * 9, taken_at=LATER)
    page = desk.open(f"#/issue/{record}")
    page.locator(".frame").first.click()
    page.wait_for_selector("dialog figcaption:has-text('与原图一样大')")
    assert page.evaluate(PIXELS) == [900, 1800], "upright, and whole"
    page.keyboard.press("n")
    stroke(page, (0.5, 0.25), (0.5, 0.75))
    page.get_by_role("button", name="保存标注").click()
    page.wait_for_selector("dialog .notice.well")
    [mark] = marks(bureau, record)
    assert (mark["photo"], mark["width"], mark["height"]) == (shown, 1000, 2000)
    with page.expect_download() as saving:
        page.get_by_role("button", name="下载原图").click()
    assert saving.value.path().read_bytes() == whole
    # Too large for the darkroom, it comes smaller; and where nothing can be made of it, the desk says so.
    page.route("**/rendition/full?*", lambda route: route.fulfill(status=404, body=NO_PICTURE))
    page.reload()
    page.locator(".frame").first.click()
    page.wait_for_selector("dialog figcaption:has-text('长边最多 1600 像素')")
    assert page.evaluate(PIXELS) == [800, 1600]
    page.route("**/rendition/1600?*", lambda route: route.fulfill(status=404, body=NO_PICTURE))
    page.reload()
    page.wait_for_selector(".frame:has-text('浏览器不能显示 HEIC 照片')")
    page.locator(".frame").first.click()
    page.wait_for_selector(".pane:has-text('可下载查看')")
    assert page.locator(".stage, dialog button[aria-keyshortcuts=n]").count() == 0
    assert page.get_by_role("button", name="下载原图").is_enabled()
    assert desk.judged() == []
    assert torn != shown


def test_what_was_filmed_or_said_is_played_in_its_place(bureau: Bureau, desk: Desk) -> None:
    [record] = found(bureau, 1)
    page = desk.open(f"#/issue/{record}")
    film = base64.b64decode(page.evaluate(FILM))
    keep(bureau, record, film, kind="attachment", mime="video/webm", name="渗漏.webm")
    keep(bureau, record, b"%PDF-1.7\n%%EOF", kind="attachment", mime="application/pdf", name="方案.pdf")
    page.reload()
    page.get_by_role("button", name="播放").click()
    page.wait_for_selector("video")
    assert until(lambda: page.evaluate("document.querySelector('video').videoWidth")) == 64
    assert desk.judged() == []
    paper = page.locator("li", has_text="方案.pdf")
    assert paper.get_by_role("button", name="打开").count() == page.evaluate(
        "Number(navigator.pdfViewerEnabled)"
    )
    with page.expect_download() as saving:
        paper.get_by_role("button", name="下载").click()
    assert saving.value.suggested_filename == "方案.pdf"


def test_on_a_phone_a_film_and_a_paper_are_shown_where_they_can_be_and_told_where_they_are_not(
    bureau: Bureau, phones: Callable[[str, str], Handset]
) -> None:
    [record] = found(bureau, 1)
    li = phones("li", bureau.building.server.url)
    li.sign_in(bureau.people[0], PASSWORD)
    li.sync()
    page = li.open(f"#/issues/{bureau.dossier.replace(':', '%3A')}/{record}")
    film, plan = base64.b64decode(page.evaluate(FILM)), b"%PDF-1.7\n%%EOF"
    keep(bureau, record, film, kind="attachment", mime="video/webm", name="渗漏.webm")
    paper = photo(plan, record, mime="application/pdf", name="方案.pdf") | {"kind": "attachment"}
    wang = bureau.hand("wang")
    wang.push(bureau.dossier, paper)
    li.sync()
    filmed, papered = (page.locator(".attached", has_text=name) for name in ("渗漏", "方案"))
    papered.get_by_text("附件尚未上传").wait_for()
    assert papered.get_by_role("button", name="下载").is_disabled()
    assert upload(wang, paper["record"], plan, dossier=bureau.dossier).status_code == 204
    li.sync()
    papered.get_by_text("附件尚未上传").wait_for(state="detached")

    li.context.set_offline(True)
    play = filmed.get_by_role("button", name="播放")
    for one in (filmed, papered):
        one.get_by_text("不在本机，联网后可查看").wait_for()
    play.click()  # the line may be back before the page has heard of it
    filmed.get_by_text("不在本机，联网后可查看").wait_for()
    li.context.set_offline(False)
    play.click()
    assert until(lambda: page.evaluate("document.querySelector('video')?.videoWidth")) == 64
    opens = bool(page.evaluate("navigator.pdfViewerEnabled"))
    assert papered.get_by_role("button", name="打开").count() == opens
    assert papered.get_by_text("本机浏览器不能直接显示").count() == (not opens)
    with page.expect_download() as saving:
        papered.get_by_role("button", name="下载").click()
    assert saving.value.suggested_filename == "方案.pdf" and saving.value.path().read_bytes() == plan

    # What was opened once is here from then on.
    li.context.set_offline(True)
    page.reload()
    play.click()
    assert until(lambda: page.evaluate("document.querySelector('video')?.videoWidth")) == 64
