"""What speaks against a photograph: its record, its camera and its bytes side by side; look-alikes."""

import io
from typing import Any

import pytest
from PIL import Image, ImageOps

from server.photos import jobs, rules
from tests.media.test_likeness import DRAWN, saved_again
from tests.server.test_photos import WJ, photo, upload
from tests.server.test_renditions import taken
from tests.support.house import Desk, House, jpeg


def noted(
    taken_at: str = "2026:11:21 10:05:00", lat: Any = (39, 54, 15.12), lon: Any = (116, 24, 26.64)
) -> bytes:
    """A photograph whose camera noted time and place."""
    exif = Image.Exif()
    exif[0x010F] = "Camera"
    exif.get_ifd(0x8769)[0x9003] = taken_at
    exif.get_ifd(0x8825).update({1: "N", 2: lat, 3: "E", 4: lon})
    return jpeg(exif=exif)


HERE = {"lat_e7": 399_042_000, "lon_e7": 1_164_074_000, "accuracy_m": 8, "datum": "WGS-84"}


def looked_at(site: House, desk: Desk, data: bytes, **said: Any) -> Any:
    record = taken(desk, data, **said)
    with site.app.app_context():
        jobs.develop_all()
    return desk.get(f"/api/v1/photos/{record}")


def test_record_camera_and_server_stand_side_by_side(site: House) -> None:
    data = noted()
    told = looked_at(site, site.desk("li"), data, clock_offset_ms=1500, **HERE)
    assert told["record"] == HERE | {
        "taken_at": "2026-11-21T10:05:00+08:00",
        "clock_offset_ms": 1500,
        "mime": "image/jpeg",
        "size": len(data),
    }
    assert told["exif"] == {
        "taken_at": "2026-11-21T10:05:00",
        "lat_e7": 399_042_000,
        "lon_e7": 1_164_074_000,
        "orientation": None,
        "camera": "Camera",
    }
    server = told["server"]
    assert (server["mime"], server["size"], server["width"], server["height"]) == (
        "image/jpeg",
        len(data),
        640,
        480,
    )
    assert server["stored_at"] and told["flags"] == []


@pytest.mark.parametrize(
    ("notes", "said", "flags"),
    [
        ({"taken_at": "2026:11:21 10:10:00"}, HERE, []),
        ({"taken_at": "2026:11:21 10:10:01"}, HERE, ["time-differs"]),
        ({"taken_at": "2026:11:21 09:59:59"}, HERE, ["time-differs"]),
        ({"lat": (39, 54, 21)}, HERE, []),
        ({"lat": (39, 54, 22)}, HERE, ["position-differs"]),
        ({"lat": (39, 54, 22)}, {}, []),
        ({"lat": (39, 54, 22)}, HERE | {"datum": "GCJ-02"}, []),
        ({"taken_at": "2020:01:01 00:00:00", "lat": (31, 0, 0)}, HERE, ["time-differs", "position-differs"]),
        ({}, HERE | {"mime": "image/png"}, ["mime-differs"]),
    ],
)
def test_what_differs_by_more_than_five_minutes_or_two_hundred_metres_is_flagged(
    site: House, notes: dict[str, Any], said: dict[str, Any], flags: list[str]
) -> None:
    assert looked_at(site, site.desk("li"), noted(**notes), **said)["flags"] == flags


def test_before_anybody_looked_and_before_the_bytes_came_nothing_is_said(site: House) -> None:
    li, data = site.desk("li"), noted(taken_at="2020:01:01 00:00:00")
    record = photo(data)
    li.push(WJ, record)
    told = li.get(f"/api/v1/photos/{record['record']}")
    assert (told["exif"], told["server"], told["flags"]) == (None, None, [])
    upload(li, record["record"], data)
    assert li.get(f"/api/v1/photos/{record['record']}")["exif"] is None
    li.call("GET", f"/api/v1/photos/{record['record']}/thumbnail")
    assert li.get(f"/api/v1/photos/{record['record']}")["flags"] == ["time-differs"]


def test_a_metre_is_a_metre_in_both_directions() -> None:
    assert rules.distance_m((0, 0), (0, 10_000_000)) == pytest.approx(111_195, abs=1)
    assert rules.distance_m((600_000_000, 0), (600_000_000, 10_000_000)) == pytest.approx(55_597, abs=5)
    assert rules.distance_m((0, 1_799_999_999), (0, -1_799_999_999)) < 1


def scene(name: str, change: Any = None) -> bytes:
    image = Image.open(DRAWN / f"{name}.jpg").convert("RGB")
    out = io.BytesIO()
    (change(image) if change else image).save(out, "JPEG", quality=88)
    return out.getvalue()


def test_a_supervisor_is_told_of_last_week_s_picture_in_another_dossier(site: House) -> None:
    site.person("zhang", "supervisor", "project:wj-02")
    li, other = site.desk("li"), site.desk("stranger")
    first = taken(li, scene("pit-crack"))
    changed = photo(data := scene("pit-crack", lambda image: ImageOps.mirror(saved_again(image))))
    other.push("project:wj-02", changed)
    assert upload(other, changed["record"], data, dossier="project:wj-02").status_code == 204
    taken(li, scene("tower-crane"))
    with site.app.app_context():
        jobs.develop_all()
    for asked, answer in ((first, changed["record"]), (changed["record"], first)):
        [found] = site.desk("zhang").get(f"/api/v1/photos/{asked}/alike")["items"]
        assert found["id"] == answer and 0 <= found["distance"] <= 20


def test_nobody_is_told_of_a_photograph_that_is_not_theirs_to_compare(site: House) -> None:
    li, other, zhang = site.desk("li"), site.desk("stranger"), site.desk("zhang")
    mine, theirs = taken(li, scene("pit-crack")), photo(scene("pit-crack", saved_again))
    other.push("project:wj-02", theirs)
    upload(other, theirs["record"], scene("pit-crack", saved_again), dossier="project:wj-02")
    with site.app.app_context():
        jobs.develop_all()
    assert zhang.get(f"/api/v1/photos/{mine}/alike")["items"] == []
    assert zhang.call("GET", f"/api/v1/photos/{theirs['record']}/alike").status_code == 404
    for who in ("li", "zhao", "stranger"):
        answer = site.desk(who).call("GET", f"/api/v1/photos/{mine}/alike")
        assert (answer.status_code, answer.json["code"]) == (403, "not-permitted")
    # Who supervises the other project, and only inspects this one, compares there and not here.
    site.person("zhang", "inspector", "project:wj-02")
    assert site.desk("zhang").get(f"/api/v1/photos/{mine}/alike")["items"] == []


def test_the_same_bytes_in_two_records_are_alike_and_a_deleted_record_is_not_told_of(site: House) -> None:
    from tests.support.house import delete

    li, zhang, data = site.desk("li"), site.desk("zhang"), scene("pit-crack")
    one, two = taken(li, data), photo(data)
    [outcome] = li.push(WJ, two)
    with site.app.app_context():
        jobs.develop_all()
    [found] = zhang.get(f"/api/v1/photos/{one}/alike")["items"]
    assert (found["id"], found["distance"]) == (two["record"], 0)
    li.push(WJ, delete("photo", two["record"], outcome["version"] + 1))
    assert zhang.get(f"/api/v1/photos/{one}/alike")["items"] == []


def test_a_picture_that_an_earlier_release_looked_at_is_looked_at_again(site: House) -> None:
    from sqlalchemy import update

    from media.tables import pictures
    from server import transaction

    li, zhang = site.desk("li"), site.desk("zhang")
    one, two = taken(li, scene("pit-crack")), taken(li, scene("pit-crack", saved_again))
    with site.app.app_context():
        jobs.develop_all()
        with transaction.writing() as conn:
            conn.execute(update(pictures).values(down=None))
    assert zhang.get(f"/api/v1/photos/{one}/alike")["items"] == []
    with site.app.app_context():
        assert (jobs.develop_all(), jobs.develop_all()) == (2, 0)
    assert [found["id"] for found in zhang.get(f"/api/v1/photos/{one}/alike")["items"]] == [two]
