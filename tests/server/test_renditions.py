"""Smaller versions: made once for all sizes, before or on the first question, for those who may see."""

import io

import pytest
from PIL import Image

from server.photos import jobs
from tests.server.test_photos import WJ, originals, photo, upload
from tests.support.house import Desk, House, jpeg


def taken(desk: Desk, data: bytes, **more: object) -> str:
    record = photo(data, **more)
    desk.push(WJ, record)
    assert upload(desk, record["record"], data).status_code == 204
    return str(record["record"])


def files(site: House, folder: str) -> list[str]:
    return sorted(p.name for p in (site.folder / "media").rglob(f"{folder}/**/*") if p.is_file())


def test_both_sizes_come_upright_and_bare_and_the_original_is_not_touched(site: House) -> None:
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = 6, "Secret Camera"
    li, data = site.desk("li"), jpeg(size=(2400, 1800), exif=exif)
    record = taken(li, data)
    for profile, size in (("320", (240, 320)), ("1600", (1200, 1600))):
        answer = li.call("GET", f"/api/v1/photos/{record}/rendition/{profile}")
        assert (answer.status_code, answer.mimetype) == (200, "image/jpeg")
        assert Image.open(io.BytesIO(answer.data)).size == size
        assert b"Secret" not in answer.data and b"Exif" not in answer.data
    assert li.call("GET", f"/api/v1/photos/{record}/original").data == data
    assert li.call("GET", f"/api/v1/photos/{record}/thumbnail").status_code == 200


def test_the_first_question_makes_every_size_and_the_second_is_answered_from_the_shelf(site: House) -> None:
    li = site.desk("li")
    record = taken(li, jpeg(size=(2000, 1500)))
    first = li.call("GET", f"/api/v1/photos/{record}/rendition/320")
    assert files(site, "r") == ["1600.jpg", "320.jpg"]
    again = li.call("GET", f"/api/v1/photos/{record}/rendition/320")
    assert again.data == first.data
    known = {"If-None-Match": first.headers["ETag"]}
    assert li.call("GET", f"/api/v1/photos/{record}/rendition/320", headers=known).status_code == 304


def test_the_scheduler_makes_them_before_anybody_asks(site: House) -> None:
    li = site.desk("li")
    taken(li, jpeg("blue", size=(2000, 1500)))
    taken(li, jpeg(size=(2000, 1500))[:700])
    with site.app.app_context():
        assert jobs.develop_all() == 2
        assert jobs.develop_all() == 0
    assert files(site, "r") == ["1600.jpg", "320.jpg"]


def test_an_original_that_is_gone_does_not_stand_in_the_way_of_the_others(site: House) -> None:
    li = site.desk("li")
    record = taken(li, jpeg("blue"))
    [path] = originals(site)
    data = path.read_bytes()
    path.unlink()
    taken(li, jpeg("green"))
    with site.app.app_context():
        assert jobs.develop_all() == 2
        assert jobs.develop_all() == 0
    assert files(site, "r") == ["1600.jpg", "320.jpg"]
    answer = li.call("GET", f"/api/v1/photos/{record}/rendition/320")
    assert (answer.status_code, answer.json["code"]) == (404, "evidence-missing")
    path.write_bytes(data)
    assert li.call("GET", f"/api/v1/photos/{record}/rendition/320").status_code == 200


def test_a_rendition_of_an_older_decoder_stays_and_the_lacking_one_is_added(site: House) -> None:
    li = site.desk("li")
    record = taken(li, jpeg(size=(2000, 1500)))
    li.call("GET", f"/api/v1/photos/{record}/thumbnail")
    old = next((site.folder / "media").rglob("320.jpg"))
    old.chmod(0o600)
    old.write_bytes(old.read_bytes() + b"older")
    next((site.folder / "media").rglob("1600.jpg")).unlink()
    assert li.call("GET", f"/api/v1/photos/{record}/rendition/1600").status_code == 200
    assert li.call("GET", f"/api/v1/photos/{record}/thumbnail").data.endswith(b"older")


def test_sizes_are_seen_by_audience_and_an_unknown_profile_is_not_found(site: House) -> None:
    record = taken(site.desk("li"), jpeg())
    for who in ("zhao", "stranger"):
        answer = site.desk(who).call("GET", f"/api/v1/photos/{record}/rendition/1600")
        assert (answer.status_code, answer.json["code"]) == (404, "not-found")
    for profile in ("9999", "..", "320.jpg"):
        answer = site.desk("li").call("GET", f"/api/v1/photos/{record}/rendition/{profile}")
        assert answer.status_code == 404


@pytest.mark.parametrize("profile", ["320", "1600"])
def test_no_size_is_there_while_the_bytes_are_awaited(site: House, profile: str) -> None:
    li, record = site.desk("li"), photo(jpeg())
    li.push(WJ, record)
    answer = li.call("GET", f"/api/v1/photos/{record['record']}/rendition/{profile}")
    assert (answer.status_code, answer.json["code"]) == (404, "not-found")
    assert li.get(f"/api/v1/photos/{record['record']}")["picture"] is None


def test_a_watermark_says_what_the_record_says_and_changes_with_it(site: House) -> None:
    from tests.support.house import issue, update

    li, data, finding = site.desk("li"), jpeg(size=(1600, 1200)), issue(part="三层东侧")
    li.push(WJ, finding)
    record = taken(
        li, data, subject=finding["record"], clock_offset_ms=1500, lat_e7=399042000, lon_e7=1164074000
    )
    path = f"/api/v1/photos/{record}/rendition/watermark"
    first = li.call("GET", path)
    assert (first.status_code, first.mimetype) == (200, "image/jpeg")
    assert first.headers["Cache-Control"] == "private, no-cache"
    assert Image.open(io.BytesIO(first.data)).size == (1600, 1200)
    again = li.call("GET", path, headers={"If-None-Match": first.headers["ETag"]})
    assert again.status_code == 304
    li.push(WJ, update("issue", finding["record"], 2, {"part": "四层西侧"}))
    changed = li.call("GET", path, headers={"If-None-Match": first.headers["ETag"]})
    assert changed.status_code == 200 and changed.data != first.data
    assert li.call("GET", f"/api/v1/photos/{record}/original").data == data
    assert site.desk("zhao").call("GET", path).status_code == 404


def test_the_words_of_a_watermark_come_from_the_record(site: House) -> None:
    from server.photos import rules

    said = {"taken_at": "2026-11-21T10:05:00+08:00", "sha256": "3f" * 32}
    words = {"project": "望京", "part": None, "taker": "李某", "record": "019a"}
    assert rules.watermark(said, **words) == [
        "望京",
        "2026-11-21 10:05:00 UTC+08:00  时钟偏差 未知",
        "拍摄 李某",
        "编号 019a",
        "摘要 SHA-256 3f3f3f3f3f3f3f3f",
    ]
    more = said | {"clock_offset_ms": -1500, "lat_e7": 399042000, "lon_e7": 1164074000, "accuracy_m": 8}
    assert rules.watermark(more, **words | {"part": "三层"})[1:4] == [
        "2026-11-21 10:05:00 UTC+08:00  时钟偏差 -1.5 秒",
        "部位 三层",
        "39.9042000, 116.4074000 ±8 m 坐标系未知",
    ]


def test_a_heic_picture_is_shown_once_the_extra_is_installed(
    site: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    from media import pictures
    from tests.media.test_heic import heic

    li = site.desk("li")
    with monkeypatch.context() as before:
        before.setattr(pictures, "HEIF_LEAST", (99, 0))  # what is installed counts as none
        record = taken(li, heic(Image.new("RGB", (800, 600), "red")), mime="image/heic")
        with site.app.app_context():
            assert (jobs.develop_all(), jobs.develop_all()) == (1, 0)
        answer = li.call("GET", f"/api/v1/photos/{record}/thumbnail")
        assert (answer.status_code, answer.json["code"]) == (404, "no-picture")
        assert answer.json["details"]["reason"] == "unsupported"
    with site.app.app_context():
        assert (jobs.develop_all(), jobs.develop_all()) == (1, 0)
    assert files(site, "r") == ["1600.jpg", "320.jpg"]
    assert li.call("GET", f"/api/v1/photos/{record}/thumbnail").status_code == 200
    assert li.get(f"/api/v1/photos/{record}")["server"]["width"] == 800


def test_a_heic_picture_comes_whole_too_and_what_is_too_much_of_it_costs_the_smaller_ones_nothing(
    site: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    from media import darkroom
    from tests.media.test_heic import heic

    li, size = site.desk("li"), (1700, 300)
    plain = taken(li, jpeg(size=size))
    answer = li.call("GET", f"/api/v1/photos/{plain}/rendition/full")
    assert (answer.status_code, answer.json["code"]) == (404, "not-found")
    noise = Image.effect_noise(size, 60).convert("RGB")
    record = taken(li, heic(noise), mime="image/heic")
    other = taken(li, heic(noise.rotate(180)), mime="image/heic")
    with site.app.app_context():
        jobs.develop_all()
    with monkeypatch.context() as narrow:
        narrow.setattr(darkroom, "MAX_REPLY", 1)  # what comes back is larger than the house takes
        answer = li.call("GET", f"/api/v1/photos/{record}/rendition/full")
        assert (answer.status_code, answer.json["code"]) == (404, "no-picture")
    again = li.call("GET", f"/api/v1/photos/{record}/rendition/full")
    assert (again.status_code, again.json["code"]) == (404, "no-picture"), "it is not decoded once more"
    assert li.call("GET", f"/api/v1/photos/{record}/rendition/1600").status_code == 200
    assert li.get(f"/api/v1/photos/{record}")["server"]["width"] == size[0]
    with site.app.app_context():
        assert jobs.develop_all() == 0
    answer = li.call("GET", f"/api/v1/photos/{other}/rendition/full")
    assert Image.open(io.BytesIO(answer.data)).size == size
    assert "full.jpg" in files(site, "r")
