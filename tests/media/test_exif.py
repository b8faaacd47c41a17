"""The camera's notes: read as a hint, bounded, and never a reason to refuse a picture."""

from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from media import exif
from media.pictures import examined
from tests.media.test_picture_sizes import encoded

PHOTOS = Path(__file__).parents[3] / "shared" / "photos"


def gps(**more: Any) -> dict[int, Any]:
    said = {"lat_ref": "N", "lat": (39, 54, 15.12), "lon_ref": "E", "lon": (116, 24, 26.64)} | more
    return dict(zip((1, 2, 3, 4), said.values(), strict=True))


def test_the_time_keeps_the_offset_that_the_camera_noted_and_gets_none_that_it_did_not() -> None:
    assert exif.read({}, {0x9003: "2026:11:21 10:05:00"}, {})["taken_at"] == "2026-11-21T10:05:00"
    offset = {0x9003: "2026:11:21 10:05:00", 0x9011: "+08:00"}
    assert exif.read({}, offset, {})["taken_at"] == "2026-11-21T10:05:00+08:00"
    odd = {0x9003: "2026:11:21 10:05:00", 0x9011: "somewhere"}
    assert exif.read({}, odd, {})["taken_at"] == "2026-11-21T10:05:00"


@pytest.mark.parametrize(
    "said", ["", "0000:00:00 00:00:00", "2026-11-21", b"\xff\xfe", 7, None, ("a",), "x" * 9999]
)
def test_a_time_that_is_none_is_no_time(said: Any) -> None:
    assert exif.read({}, {0x9003: said}, {}).get("taken_at") is None


def test_a_position_is_degrees_times_ten_million_with_its_sign() -> None:
    here = exif.read({}, {}, gps())
    assert (here["lat_e7"], here["lon_e7"]) == (399_042_000, 1_164_074_000)
    there = exif.read({}, {}, gps(lat_ref="S", lon_ref="W"))
    assert (there["lat_e7"], there["lon_e7"]) == (-399_042_000, -1_164_074_000)


@pytest.mark.parametrize(
    "more",
    [
        {"lat": (91, 0, 0)},
        {"lat": (float("nan"), 0, 0)},
        {"lon": (float("inf"), 0, 0)},
        {"lat": (1, 2)},
        {"lat": "north"},
        {"lat": None},
        {"lat_ref": "X"},
        {"lat_ref": ""},
        {"lat": (0, 0, 0), "lon": (0, 0, 0)},
        {"lat": (-1, 0, 0)},
        {"lat": (Fraction(10**400), 0, 0)},
    ],
)
def test_half_a_position_or_an_impossible_one_is_none(more: dict[str, Any]) -> None:
    found = exif.read({}, {}, gps(**more))
    assert found.get("lat_e7") is None and found.get("lon_e7") is None


def test_the_camera_s_name_is_one_short_printable_line() -> None:
    assert exif.read({0x010F: "NIKON", 0x0110: "NIKON D70"}, {}, {})["camera"] == "NIKON D70"
    assert exif.read({0x010F: "Jolla\0", 0x0110: b"Jolla\n"}, {}, {})["camera"] == "Jolla"
    assert exif.read({0x010F: "a\0<b>\x1b[2J", 0x0110: 5}, {}, {})["camera"] == "a<b>[2J"
    assert len(exif.read({0x0110: "m" * 10_000}, {}, {})["camera"] or "") == exif.LONGEST
    assert exif.read({0x0112: 9, 0x010F: ""}, {}, {})["orientation"] is None


def test_hints_come_out_of_the_darkroom_with_the_renditions(file_of, landscape) -> None:
    notes = Image.Exif()
    notes[0x0112], notes[0x010F], notes[0x0110] = 6, "Made", "Up"
    notes.get_ifd(0x8769)[0x9003] = "2026:11:21 10:05:00"
    notes.get_ifd(0x8825).update(gps())
    for kind in ("JPEG", "PNG", "WEBP"):
        hints = examined(file_of(encoded(landscape, kind, exif=notes))).hints
        assert hints == exif.Hints("2026-11-21T10:05:00", 399_042_000, 1_164_074_000, 6, "Made Up")
    assert examined(file_of(encoded(landscape, "JPEG"))).hints == exif.Hints()


@pytest.mark.skipif(not PHOTOS.is_dir(), reason="the collection of real photographs is not here")
def test_real_cameras_say_where_and_when() -> None:
    hints = examined(PHOTOS / "DSCN0010.jpg").hints
    assert hints.camera == "NIKON COOLPIX P6000" and hints.taken_at == "2008-10-22T16:28:39"
    assert hints.lat_e7 is not None and 434_000_000 < hints.lat_e7 < 435_000_000
    assert examined(PHOTOS / "no_exif.jpg").hints.taken_at is None
