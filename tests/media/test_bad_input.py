"""Hostile and broken pictures: each gives renditions or a reason, and the room that decodes them stands."""

import io
import os
import random
import zipfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from PIL import Image

from media import pictures
from media.pictures import Undecodable, examined
from tests.media.test_picture_sizes import encoded, png_that_claims

KINDS = ("JPEG", "PNG", "WEBP")
MUTATIONS = int(os.environ.get("MUTATIONS", "60"))  # `make mutations` tries 2,000 a format
TRUNCATIONS = min(50, MUTATIONS)
FileOf = Callable[[bytes], Path]


@pytest.fixture(scope="module")
def sources(landscape: Image.Image) -> dict[str, bytes]:
    """A small picture of each format, with a camera's notes, so that those are damaged as well."""
    notes = Image.Exif()
    notes[0x0112], notes[0x010F] = 6, "Camera"
    notes.get_ifd(0x8769)[0x9003] = "2026:11:21 10:05:00"
    notes.get_ifd(0x8825).update({1: "N", 2: (39, 54, 15.12), 3: "E", 4: (116, 24, 26.64)})
    small = landscape.resize((96, 72)).effect_spread(5)
    return {kind: encoded(small, kind, exif=notes) for kind in KINDS}


def judged(path: Path) -> bool:
    """Whether there is a picture; the only other answer is a reason, anything else fails the test."""
    try:
        return bool(examined(path).renditions[320].data)
    except Undecodable as refusal:
        assert refusal.reason
        return False


def all_judged(tmp_path: Path, many: list[bytes]) -> list[bool]:
    examined_before = _server(tmp_path)

    def one(numbered: tuple[int, bytes]) -> bool:
        path = tmp_path / f"bad-{numbered[0]}"
        path.write_bytes(numbered[1])
        try:
            return judged(path)
        finally:
            path.unlink()

    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(one, enumerate(many)))
    assert _server(tmp_path) == examined_before, "the room's server died and was replaced"
    return found


def _server(tmp_path: Path) -> int:
    path = tmp_path / "good"
    path.write_bytes(encoded(Image.new("RGB", (20, 20), "red"), "PNG"))
    assert judged(path)
    server = pictures._darkroom._server
    assert server is not None and server.poll() is None
    return server.pid


@pytest.mark.parametrize("kind", KINDS)
def test_one_wrong_byte_gives_a_picture_or_a_reason(tmp_path: Path, sources, kind: str) -> None:
    chance, many = random.Random(kind), []
    for _ in range(MUTATIONS):
        damaged = bytearray(sources[kind])
        damaged[chance.randrange(len(damaged))] = chance.randrange(256)
        many.append(bytes(damaged))
    assert any(all_judged(tmp_path, many))


@pytest.mark.parametrize("kind", KINDS)
def test_a_picture_cut_short_gives_a_picture_or_a_reason(tmp_path: Path, sources, kind: str) -> None:
    whole = sources[kind]
    many = [whole[: len(whole) * n // TRUNCATIONS] for n in range(TRUNCATIONS)]
    assert not all(all_judged(tmp_path, many))


def test_two_files_in_one_are_shown_as_the_picture_alone(file_of: FileOf, sources) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("evil.html", "<script>alert(1)</script>")
    for whole in sources.values():
        for tail in (packed.getvalue(), b"<script>alert(1)</script>", b"%PDF-1.7", whole):
            data = examined(file_of(whole + tail)).renditions[320].data
            assert b"script" not in data and b"PK\x03\x04" not in data and b"%PDF" not in data


@pytest.mark.parametrize(
    "data",
    [
        *(b"", b"\xff\xd8\xff", b"<html><body>", b"GIF89a" + b"\0" * 99),
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        *(b"\x89PNG\r\n\x1a\n", b"RIFF\x10\0\0\0WEBP", b"\xff\xd8\xff" + b"<html><script>" * 50),
        *(png_that_claims(8_001, 8_000), png_that_claims(2**31 - 1, 1), png_that_claims(0, 0)),
    ],
    ids=lambda data: repr(data[:12]),
)  # fmt: skip
def test_what_only_looks_like_a_picture_is_refused_with_a_reason(file_of: FileOf, data: bytes) -> None:
    assert not judged(file_of(data))


@pytest.mark.parametrize("mode", ["CMYK", "L", "I;16", "1", "P", "RGBA"])
def test_rare_kinds_of_pixels_come_in_every_size(file_of: FileOf, landscape: Image.Image, mode: str) -> None:
    image = Image.new("I;16", (640, 480), 0x6000) if mode == "I;16" else landscape.convert(mode)
    made = examined(file_of(encoded(image, "JPEG" if mode == "CMYK" else "PNG")))
    assert {edge: r.width for edge, r in made.renditions.items()} == {320: 320, 1600: 640}
