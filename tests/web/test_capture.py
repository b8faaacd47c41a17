"""What is captured with more than the system's camera: viewfinder, mark-up, signature, voice, code, place."""

import hashlib
import io
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import segno
from PIL import Image
from playwright.sync_api import Playwright

from server.access import SYSTEM
from server.enrolments.actions import make_code
from server.inspections.actions import checklists
from sync.arrival import rfc3339
from tests.faults.serving import WJ, Office, serving
from tests.media.test_heic import heic
from tests.support.databases import DatabaseFactory
from tests.support.house import PASSWORD
from tests.web.browser import DEVICES, HERE, Handset, stored, until
from tests.web.evidence import album, queue

pytestmark = pytest.mark.journey
SITE = WJ.replace(":", "%3A")


@pytest.fixture(scope="module")
def office(
    factories: Callable[[str], DatabaseFactory], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Office]:
    factory = factories("sqlite")
    url = factory.fresh()
    with serving(url, tmp_path_factory.mktemp("capture"), "--workers", "1") as opened:
        yield opened
    factory.dispose(url)


@pytest.fixture(scope="module")
def li(office: Office, playwright: Playwright, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Handset]:
    folder = tmp_path_factory.mktemp("li")
    handset = Handset(playwright, office.server.url, folder / "profile", DEVICES)
    handset.sign_in("li", PASSWORD)
    # One issue with its photograph is there, whichever of the tests run here.
    handset.shoot(*album(folder, 1))
    handset.save()
    handset.sync()
    yield handset
    handset.stop()
    assert handset.faults == []


PIXELS = (
    "Array.from(document.querySelectorAll('.canvas img'), (one) => [one.naturalWidth, one.naturalHeight])[0]"
)


def draw(li: Handset, pad: str, *ways: list[tuple[float, float]]) -> None:
    """With a finger, by shares of the pad's width and height."""
    surface = li.page.locator(pad)
    surface.scroll_into_view_if_needed()
    box = surface.bounding_box()
    assert box is not None
    for [first, *others] in ways:
        li.page.mouse.move(box["x"] + first[0] * box["width"], box["y"] + first[1] * box["height"])
        li.page.mouse.down()
        for x, y in others:
            li.page.mouse.move(box["x"] + x * box["width"], box["y"] + y * box["height"], steps=4)
        li.page.mouse.up()


def here(office: Office, li: Handset) -> dict[str, Any]:
    """The issue that the phone shows, as the house has it."""
    record = li.page.evaluate("location.hash").split("/")[-1]
    [found] = [item for item in queue(office) if item["id"] == record]
    return found


def held(office: Office, kind: str) -> list[dict[str, Any]]:
    """The records of a kind that the house has."""
    view = office.house.desk("zhang", device="reader").exchange(cursors={WJ: {"field": CURSOR}})
    items = view["pull"]["dossiers"][WJ]["audiences"]["field"]["items"]
    return [item["body"] | {"id": item["record"]} for item in items if item["kind"] == kind]


CURSOR = {"nonce": "n", "epoch": 1, "seq": 0, "floor": 0}


def test_three_taps_through_the_viewfinder_make_an_issue_with_its_photograph(
    office: Office, li: Handset
) -> None:
    before = {item["id"] for item in queue(office)}
    li.open("#/")
    li.page.locator("nav .shutter").tap()
    until(lambda: li.page.evaluate("document.querySelector('.viewfinder video')?.videoWidth"))
    li.page.locator(".release").tap()
    li.page.wait_for_selector("main.form .strip figure img")
    li.page.locator("main.form .acts .main").tap()
    li.page.wait_for_selector(".filters")
    assert li.page.evaluate("document.querySelector('video')") is None, "the camera is let go"
    li.sync()
    [found] = [item for item in queue(office) if item["id"] not in before]
    assert found["evidence"] == {"stored": 1, "total": 1}
    with office.line("zhang", "desk") as desk:
        taken = desk.request("GET", found["photos"][0]["original"]).content
    assert Image.open(io.BytesIO(taken)).format == "JPEG"
    assert hashlib.sha256(taken).hexdigest() == found["photos"][0]["sha256"]
    [said] = [one for one in held(office, "issue") if one["id"] == found["id"]]
    assert said["lat_e7"] == round(HERE["latitude"] * 1e7)


def test_a_viewfinder_that_is_not_allowed_leads_to_the_phones_own_camera(li: Handset, tmp_path: Path) -> None:
    li.page.evaluate("() => { navigator.mediaDevices.getUserMedia = () => Promise.reject(new Error('no')); }")
    li.page.locator("nav .shutter").tap()
    li.page.wait_for_selector("text=无法使用取景器")
    [picture] = album(tmp_path, 1)
    li.page.set_input_files(".viewfinder input", picture)
    li.page.wait_for_selector("main.form .strip figure")
    li.page.get_by_role("button", name="删除草稿").click()
    li.page.locator("dialog .main").click()
    li.page.wait_for_selector("main .cards, main .empty, main .rows")
    li.open("?anew")  # a new page asks for the camera anew


def marked_offline(li: Handset) -> None:
    """A line by hand, a dot that is taken back, an arrow, a box; the page is killed before it is saved."""
    li.context.set_offline(True)
    li.page.locator(".strip .frame").first.click()
    li.page.get_by_role("button", name="标注", exact=True).click()
    draw(
        li,
        ".canvas .pad",
        [(0.2, 0.2), (0.6, 0.2), (0.6, 0.6), (0.2, 0.6), (0.2, 0.2)],
        [(0.8, 0.8), (0.9, 0.9)],
    )
    li.page.get_by_role("button", name="撤销一笔").click()
    for tool, ways in (("箭头", [(0.9, 0.9), (0.7, 0.65)]), ("方框", [(0.1, 0.7), (0.3, 0.9)])):
        button = li.page.get_by_role("button", name=tool)
        size = button.bounding_box()
        assert size is not None and min(size["width"], size["height"]) >= 48, "for a gloved finger"
        button.tap()
        draw(li, ".canvas .pad", ways)
    li.page.get_by_label("标注说明").fill("此处无栏杆")
    li.kill_page()  # what was drawn is there again
    li.page.locator(".strip .frame").first.click()
    li.page.wait_for_selector(".pad .line")
    li.page.get_by_role("button", name="保存").click()
    li.page.wait_for_selector(".canvas .drawn path")
    assert "此处无栏杆" in li.page.inner_text("dialog")
    li.context.set_offline(False)
    li.sync()


def test_what_is_drawn_over_a_photograph_is_a_record_and_the_original_stays(
    office: Office, li: Handset
) -> None:
    li.open("#/issues").locator(".issue").first.click()
    li.page.wait_for_selector(".strip .take")
    before = here(office, li)
    marked_offline(li)
    [mark] = [one for one in held(office, "markup") if one["photo"] == before["photos"][0]["id"]]
    assert mark["photo"] == before["photos"][0]["id"] and mark["caption"] == "此处无栏杆"
    freehand, arrow, box = (one.replace("L", " ").split() for one in mark["strokes"].split("M")[1:])
    assert freehand[0] == "200" and (arrow[0], arrow[2]) == ("900", "700"), mark["strokes"]
    assert len(arrow) == 10 and box[::2] == ["100", "300", "300", "100", "100"], mark["strokes"]
    with office.line("zhang", "desk") as desk:
        picture = Image.open(io.BytesIO(desk.request("GET", before["photos"][0]["original"]).content))
    assert mark["width"] == 1000
    assert mark["height"] == pytest.approx(1000 * picture.height / picture.width, abs=1)
    after = here(office, li)
    assert [p["sha256"] for p in after["photos"]] == [p["sha256"] for p in before["photos"]]
    with office.line("zhang", "desk") as desk:
        seen = desk.request("GET", f"/api/v1/issues/{before['id']}").json()["markups"]
    assert [(one["id"], one["drawn_by"]["name"]) for one in seen] == [(mark["id"], "li某")]
    li.page.get_by_role("button", name="删除标注").click()
    li.page.locator("dialog .grave").click()
    li.sync()
    assert held(office, "markup") == []


def test_a_photograph_that_the_browser_cannot_show_is_said_so_saved_and_shown_converted(
    office: Office, li: Handset, tmp_path: Path
) -> None:
    lying = Image.Exif()
    lying[0x0112] = 6
    data = heic(Image.new("RGB", (1000, 500), "green"), exif=lying.tobytes())
    picture = tmp_path / "IMG_0001.HEIC"
    picture.write_bytes(data)
    li.open("#/issues").locator(".issue").first.click()
    li.page.wait_for_selector(".strip .take")
    before = here(office, li)["evidence"]["total"]
    frames = li.page.locator(".strip .frame")
    many = frames.count()
    li.context.set_offline(True)
    li.page.locator(".strip .take").first.click()
    li.page.set_input_files(".viewfinder input", picture)
    until(lambda: frames.count() == many + 1)
    newest = li.page.locator(".strip").first.locator(".frame").last
    newest.click()
    li.page.wait_for_selector("text=本机浏览器不能显示这张照片（HEIC）")
    assert li.page.get_by_role("button", name="标注", exact=True).is_disabled()
    with li.page.expect_download() as saving:
        li.page.get_by_role("button", name="下载原图").click()
    assert saving.value.path().read_bytes() == data
    li.page.get_by_role("button", name="关闭").click()
    li.context.set_offline(False)
    li.sync()
    assert here(office, li)["evidence"]["total"] == before + 1
    newest.click()
    li.page.wait_for_selector("text=现在显示的是缩放图")
    until(lambda: li.page.evaluate(PIXELS) == [500, 1000])  # upright, and no larger than it is
    li.page.get_by_role("button", name="标注", exact=True).click()
    draw(li, ".canvas .pad", [(0.2, 0.2), (0.6, 0.3)])
    li.page.get_by_role("button", name="保存").click()
    li.page.wait_for_selector(".canvas .drawn path")
    li.sync()
    [mark] = held(office, "markup")
    assert (mark["width"], mark["height"]) == (1000, 2000)
    [taken] = [one for one in held(office, "photo") if one["id"] == mark["photo"]]
    assert taken["mime"] == "image/heic"


def test_a_signature_is_kept_as_strokes_and_as_a_picture_and_a_refusal_wants_a_witness(
    office: Office, li: Handset
) -> None:
    page = li.open(f"#/projects/{SITE}")
    page.get_by_role("button", name="新建检查").click()
    page.wait_for_selector("h2:text('签名')")
    page.get_by_role("button", name="签名").click()
    page.locator("dialog").get_by_label("姓名").fill("赵立新")
    page.locator("dialog .menu .main").click()
    page.wait_for_selector("text=请在框内签名")
    draw(li, "dialog .pad", [(0.1, 0.5), (0.3, 0.2), (0.5, 0.8), (0.9, 0.4)])
    page.locator("dialog .menu .main").click()
    page.wait_for_selector(".card .drawn path")
    page.get_by_role("button", name="签名").click()
    page.locator("dialog").get_by_label("姓名").fill("钱某")
    page.get_by_text("拒绝签名").click()
    page.locator("dialog .menu .main").click()
    page.wait_for_selector("text=请写明情况和见证人")
    page.get_by_label("情况和见证人").fill("当事人离场，王海燕见证")
    page.locator("dialog .menu .main").click()
    page.wait_for_selector(".card b:text('钱某')")
    li.sync()
    by_name = {one["name"]: one for one in held(office, "signature")}
    assert by_name["赵立新"]["mode"] == "signed" and by_name["赵立新"]["strokes"].startswith("M60 ")
    assert by_name["钱某"]["mode"] == "refused" and "strokes" not in by_name["钱某"]
    [photo] = [p for p in held(office, "photo") if p["subject"] == by_name["赵立新"]["id"]]
    assert photo["id"] == by_name["赵立新"]["photo"] and photo["mime"] == "image/png" and photo["stored_at"]


USED = stored(
    "0",
    """found += (await all(db, "shadow"))
    .filter(({ kind, body }) => kind === "template" && body.state === "published").length;""",
)


def published(office: Office, code: str, title: str, edition: int) -> None:
    content = checklists.given() | {"code": code, "title": title, "edition": edition}
    with office.house.app.app_context():
        record, _ = checklists.enter(SYSTEM, content, at=rfc3339(datetime.now(UTC)))
        assert checklists.publish(record)


def test_of_several_checklists_the_person_chooses_and_finds_the_last_one_first(
    office: Office, li: Handset
) -> None:
    office.house.person("li", "inspector", "office:cy")  # where the checklists are
    published(office, "zz-safety", "安全检查表", 1)
    published(office, "aa-flood", "防汛检查表", 7)
    until(lambda: li.heard() and li.page.evaluate(USED) == 2)
    for offered in (["防汛检查表", "安全检查表"], ["安全检查表", "防汛检查表"]):
        page = li.open(f"#/projects/{SITE}")
        page.get_by_role("button", name="新建检查").click()
        shown = page.locator("dialog .card")
        shown.first.wait_for()
        assert shown.locator("b").all_inner_texts() == offered
        assert ("上次使用" in shown.first.inner_text()) is (offered[0] == "安全检查表")
        assert all(box and box["height"] >= 64 for box in (one.bounding_box() for one in shown.all()))
        shown.filter(has_text="安全检查表").click()
        page.wait_for_selector("h2:text('签名')")
    li.sync()
    used = [one["checklist"] for one in held(office, "inspection") if one.get("checklist")]
    assert len(used) == 2 and len(set(used)) == 1, "by the one that was chosen, both times"


def test_a_spoken_note_is_kept_sent_and_heard_again(office: Office, li: Handset) -> None:
    li.open("#/issues").locator(".issue").first.click()
    li.page.get_by_role("button", name="录音").click()
    before = here(office, li)["evidence"]["total"]
    until(lambda: li.page.get_by_role("button", name="停止并保存").is_enabled())
    li.page.get_by_role("button", name="停止并保存").click()
    li.page.wait_for_selector("audio")
    li.sync()
    [told] = held(office, "attachment")
    assert told["mime"] == "audio/webm" and told["stored_at"] and told["size"] > 500
    assert here(office, li)["evidence"] == {"stored": before + 1, "total": before + 1}
    # Its bytes are let go once they rest; they come again with a line, and play.
    li.page.reload()
    li.page.get_by_role("button", name="播放").click()
    li.page.wait_for_selector("audio")
    assert until(lambda: li.page.evaluate("document.querySelector('audio').readyState")) >= 1


def test_an_issue_is_put_on_the_sites_plan_among_the_others(
    office: Office, li: Handset, tmp_path: Path
) -> None:
    [picture] = album(tmp_path, 1)
    li.shoot(picture)
    li.page.get_by_role("button", name="在图上标注").click()
    li.page.wait_for_selector(".plan .spot")
    box = li.page.locator(".plan svg").bounding_box()
    assert box is not None
    li.page.mouse.click(box["x"] + 0.75 * box["width"], box["y"] + 0.5 * box["height"])
    li.page.wait_for_selector(".plan .pin")
    li.page.get_by_role("button", name="确定位置").click()
    li.page.wait_for_selector("text=位置已在图上标注")
    li.kill_page()  # the place is part of the draft
    li.page.wait_for_selector("text=位置已在图上标注")
    li.save()
    li.sync()
    by_age = sorted(held(office, "issue"), key=lambda one: one["found_at"])
    old, new = by_age[0], by_age[-1]
    assert new["lat_e7"] == pytest.approx(old["lat_e7"], abs=200)
    assert 100 < new["lon_e7"] - old["lon_e7"] < 20_000  # east of it, by some metres
    page = li.open(f"#/projects/{SITE}")
    page.locator(".plan [role=button]").first.press("Enter")
    page.wait_for_selector(".lead .badge")
    assert page.evaluate("location.hash").startswith(f"#/issues/{SITE}/")


def test_a_sites_code_opens_the_project_by_camera_and_by_picture(
    office: Office, li: Handset, tmp_path: Path
) -> None:
    page = li.open(f"#/projects/{SITE}")
    page.get_by_role("button", name="现场二维码").click()
    code = tmp_path / "code.png"
    code.write_bytes(page.locator("svg.qr").screenshot())
    page.keyboard.press("Escape")
    page.goto(f"{li.url}/phone/#/scan")
    page.set_input_files("main input[type=file]", code)
    page.wait_for_selector("h1")
    assert page.evaluate("location.hash") == f"#/projects/{SITE}"
    # The same code before the camera, on a board of another size.
    before_the_camera(li, Image.open(code), tmp_path / "board.mjpeg")
    li.open("#/scan")
    li.unlock()
    li.page.wait_for_selector("h1")
    assert li.page.evaluate("location.hash") == f"#/projects/{SITE}"
    # And the code that the desk shows for this phone: nothing is touched, it is enrolled.
    with office.house.app.app_context():
        made = make_code("test", office.house.people["li"], "李的手机")["code"]
    drawn = io.BytesIO()
    segno.make(f"{li.url}/phone/#enrol={made}", error="m").save(drawn, kind="png", scale=8, border=4)
    before_the_camera(li, Image.open(drawn), tmp_path / "code.mjpeg")
    li.open("#/outbox")
    li.unlock()
    li.page.get_by_role("button", name="登记本机").click()
    li.page.wait_for_selector("input[name=pin]")
    [device] = [one for one in devices(office) if one["name"] == "李的手机"]
    assert device["person"] == office.house.people["li"]


def before_the_camera(li: Handset, code: Image.Image, film: Path) -> None:
    """Switched off and on, it looks at a board with this code."""
    board = Image.new("RGB", (640, 480), "#889")
    board.paste(code.convert("RGB").resize((300, 300)), (150, 90))
    frame = io.BytesIO()
    board.save(frame, "JPEG", quality=80)
    film.write_bytes(frame.getvalue() * 4)
    li.stop()
    li.flags = (*DEVICES, f"--use-file-for-fake-video-capture={film}")
    li.start()


def devices(office: Office) -> list[dict[str, Any]]:
    with office.line("li", "desk") as desk:
        items: list[dict[str, Any]] = desk.request("GET", "/api/v1/devices").json()["items"]
        return items
