"""Several sizes from one decode: upright, bare, sharp enough, and sound whatever the child says."""

import io
from pathlib import Path

import pytest
from PIL import Image, ImageChops, ImageStat

from media import pictures
from media.pictures import Undecodable, renditions, thumbnail
from tests.media.test_picture_sizes import TURNS, encoded

PHOTOS = Path(__file__).parents[3] / "shared" / "photos"


def opened(data: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(data))
    image.load()
    return image


@pytest.fixture(scope="module")
def scene(landscape: Image.Image) -> Image.Image:
    """2400 × 1800 with an edge in every corner."""
    return landscape.resize((2400, 1800))


@pytest.mark.parametrize("orientation", TURNS)
def test_both_sizes_stand_upright_and_know_the_size_of_their_source(file_of, scene, orientation):
    turn = TURNS[orientation]
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored = scene if turn is None else scene.transpose(turn)
    made = renditions(file_of(encoded(stored, "JPEG", exif=exif)), [320, 1600])
    assert {edge: (r.width, r.height) for edge, r in made.items()} == {320: (320, 240), 1600: (1600, 1200)}
    for rendition in made.values():
        assert (rendition.source_width, rendition.source_height) == (2400, 1800)
        shown = opened(rendition.data)
        wanted = scene.resize(shown.size)
        assert max(ImageStat.Stat(ImageChops.difference(shown, wanted)).mean) < 6


def test_neither_size_is_blown_up(file_of, landscape):
    made = renditions(file_of(encoded(landscape, "JPEG")))
    assert {edge: r.width for edge, r in made.items()} == {320: 320, 1600: 640}


def test_no_size_tells_anything_of_the_camera_or_the_place(file_of, scene):
    exif = Image.Exif()
    exif[0x010F] = "Secret Maker"
    exif.get_ifd(0x8825).update({1: "N", 2: (39.0, 54.0, 15.12)})
    secrets = {"exif": exif, "comment": b"Secret comment", "xmp": b"<x>Secret</x>"}
    for rendition in renditions(file_of(encoded(scene, "JPEG", **secrets))).values():
        for mark in (b"Secret", b"Exif", b"http://ns.adobe.com", b"ICC_PROFILE"):
            assert mark not in rendition.data
        assert not opened(rendition.data).getexif()


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_a_picture_whose_camera_notes_are_broken_is_shown_all_the_same(file_of, landscape, kind):
    for broken in (
        b"no TIFF at all",
        b"II+\0\x08",
        b"II*\0\xff\xff\xff\xff",
        b"MM\0*\0\0\0\x08" + b"\xff" * 40,
    ):
        assert thumbnail(file_of(encoded(landscape, kind, exif=b"Exif\0\0" + broken))).width == 320


def test_what_the_child_says_is_not_believed():
    for said in (
        {},
        {"source": [1], "made": []},
        {"source": "x", "made": [[320, 1, 1, 3]]},
        {"source": [9, 9], "made": [[320, "x", 1, 3]]},
        {"source": [9, 9], "made": [7]},
        {"source": [9, 9], "made": [], "likeness": [1, 1 << 64]},
        {"source": [9, 9], "made": [], "hints": {"camera": ["x"]}},
        {"source": [9, 9], "made": [], "hints": {"camera": "x" * 81}},
        {"source": [9, 9], "made": [], "hints": {"owner": "x"}},
    ):
        with pytest.raises((KeyError, TypeError, ValueError)):
            pictures._unpacked({"hints": {}, "likeness": None} | said, b"xxx")


def test_a_child_that_comes_back_with_nonsense_costs_its_picture_alone(file_of, photo, monkeypatch):
    from media.darkroom import Darkroom

    room = Darkroom("tests.media.rogue_decoders:rogue")
    monkeypatch.setattr(pictures, "_darkroom", room)  # the real confinement round a taken-over decoder
    with pytest.raises(Undecodable):
        renditions(file_of(photo), [320])
    room.close()


@pytest.mark.skipif(not PHOTOS.is_dir(), reason="the collection of real photographs is not here")
def test_real_photographs_come_in_both_sizes():
    for path in sorted(PHOTOS.glob("*.jpg")):
        made = renditions(path)
        assert max(made[320].width, made[320].height) == 320
        assert max(made[1600].width, made[1600].height) == min(
            1600, max(made[320].source_width, made[320].source_height)
        )
