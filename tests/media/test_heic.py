"""HEIC with the extra: upright, bare, and decoded in the darkroom's child alone; without it, unsupported."""

import io
import os
import subprocess
import sys
from pathlib import Path

import pillow_heif
import pytest
from PIL import Image, ImageChops, ImageStat

from media import pictures
from media.pictures import Undecodable, Unsupported, examined, thumbnail
from tests.media.test_picture_sizes import TURNS

PHOTOS = Path(os.environ.get("XUNJIAN_PHOTOS") or "/nowhere")
ROOT = Path(__file__).parents[2]


def heic(image: Image.Image, **save: object) -> bytes:
    """A HEIC file as a phone makes one: turned by its own boxes, with EXIF and XMP."""
    out = io.BytesIO()
    pillow_heif.from_pillow(image).save(out, quality=90, **save)
    return out.getvalue()


@pytest.fixture
def without_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    """An older version than the least that may be trusted is as good as none."""
    monkeypatch.setattr(pictures, "HEIF_LEAST", (99, 0))


@pytest.mark.parametrize("orientation", TURNS)
def test_both_sizes_stand_upright_and_tell_nothing(file_of, landscape, orientation):
    scene, turn = landscape.resize((2400, 1800)), TURNS[orientation]
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = orientation, "Secret Maker"
    exif.get_ifd(0x8825).update({1: "N", 2: (39.0, 54.0, 15.12), 3: "E", 4: (116.0, 24.0, 26.64)})
    lying = scene if turn is None else scene.transpose(turn)
    image = Image.new("RGB", lying.size)
    image.paste(lying)
    found = examined(file_of(heic(image, exif=exif.tobytes(), xmp=b"<x>Secret</x>")))
    for edge, size in ((320, (320, 240)), (1600, (1600, 1200))):
        made = found.renditions[edge]
        assert (made.width, made.height, made.source_width, made.source_height) == (*size, 2400, 1800)
        shown = Image.open(io.BytesIO(made.data))
        assert shown.format == "JPEG" and not shown.getexif() and b"Secret" not in made.data
        difference = ImageChops.difference(shown.convert("RGB"), scene.resize(size))
        assert max(ImageStat.Stat(difference).mean) < 8
    assert (found.hints.camera, found.hints.lat_e7) == ("Secret Maker", 399_042_000)


def test_without_the_extra_it_is_unsupported(file_of, landscape, without_the_extra):
    with pytest.raises(Unsupported):
        thumbnail(file_of(heic(landscape)))


def test_a_damaged_one_costs_itself_alone(file_of, landscape):
    data = heic(landscape)
    for end in range(16, len(data), max(1, len(data) // 12)):
        try:
            assert thumbnail(file_of(data[:end])).data
        except Undecodable as refused:
            assert refused.reason
    for at in range(24, len(data), max(1, len(data) // 40)):
        bad = bytearray(data)
        bad[at] ^= 0xFF
        try:
            assert thumbnail(file_of(bytes(bad))).data
        except Undecodable as refused:
            assert refused.reason
    assert thumbnail(file_of(data)).width == 320


def test_no_process_but_the_child_has_the_decoder_loaded(file_of, landscape):
    program = (
        "import sys; from pathlib import Path; from media.pictures import thumbnail\n"
        "assert thumbnail(Path(sys.argv[1])).width == 320\n"
        "assert 'pillow_heif' not in sys.modules and 'heif' not in Path('/proc/self/maps').read_text()"
    )
    source = file_of(heic(landscape))
    subprocess.run([sys.executable, "-c", program, str(source)], check=True, cwd=ROOT)


def test_it_stands_in_no_list_of_what_is_installed_by_itself():
    assert "heif" not in (ROOT / "requirements.txt").read_text()
    assert "heif" not in (ROOT / "requirements.in").read_text()


@pytest.mark.skipif(not PHOTOS.is_dir(), reason="XUNJIAN_PHOTOS names no folder of real photographs")
@pytest.mark.parametrize(
    ("name", "size"), [("IMG_5195.HEIC", (2566, 3313)), ("iphone_13_pro_max.HEIC", (3024, 4032))]
)
def test_real_ones_are_upright(name: str, size: tuple[int, int]) -> None:
    found = examined(PHOTOS / name)
    large = found.renditions[1600]
    assert (large.source_width, large.source_height) == size
    assert large.height == 1600 and large.width < large.height
    assert found.likeness is not None and found.hints.camera
