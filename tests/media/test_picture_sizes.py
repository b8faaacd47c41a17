"""Smaller pictures: upright, bare of metadata, in true colours, and never at the worker's risk."""

import io
import struct
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from PIL import Image, ImageCms
from PIL.PngImagePlugin import PngInfo

from media.pictures import Rendition, Undecodable, thumbnail

PHOTOS = Path(__file__).parents[3] / "shared" / "photos"
TURNS = {  # what turns an upright picture into what a camera with this orientation stores
    1: None,
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}


def encoded(image: Image.Image, kind: str, **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def opened(rendition: Rendition) -> Image.Image:
    image = Image.open(io.BytesIO(rendition.data))
    image.load()
    return image


def near(pixel: object, colour: tuple[int, ...], within: int = 40) -> bool:
    assert isinstance(pixel, tuple)
    return all(abs(a - b) <= within for a, b in zip(pixel, colour, strict=True))


def is_the_landscape(rendition: Rendition) -> bool:
    image = opened(rendition).convert("RGB")
    corners = [(60, 60), (260, 60), (60, 180), (260, 180)]
    colours = [(255, 0, 0), (0, 128, 0), (0, 0, 255), (255, 255, 255)]
    return image.size == (320, 240) and all(
        near(image.getpixel(at), colour) for at, colour in zip(corners, colours, strict=True)
    )


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("orientation", TURNS)
def test_a_picture_stands_upright_however_the_camera_was_held(file_of, landscape, orientation, kind):
    turn = TURNS[orientation]
    stored = landscape if turn is None else landscape.transpose(turn)
    exif = Image.Exif()
    exif[0x0112] = orientation
    rendition = thumbnail(file_of(encoded(stored, kind, exif=exif)))
    assert is_the_landscape(rendition)
    assert (rendition.source_width, rendition.source_height) == (640, 480)
    assert (rendition.width, rendition.height, rendition.mime) == (320, 240, "image/jpeg")


def test_a_rendition_carries_nothing_but_pixels(file_of, landscape):
    exif = Image.Exif()
    exif[0x010F] = "Secret Maker"
    exif.get_ifd(0x8825)[1] = "N"
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    secrets = {"exif": exif, "comment": b"Secret comment", "xmp": b"<x>Secret</x>"}
    bare = encoded(landscape, "JPEG", **secrets)
    profiled = encoded(landscape, "JPEG", icc_profile=profile, **secrets)
    text = PngInfo()
    text.add_text("Secret", "Secret")
    for source in (bare, profiled, encoded(landscape, "PNG", pnginfo=text, exif=exif)):
        assert b"Secret" in source
        data = thumbnail(file_of(source)).data
        assert b"Secret" not in data and b"Exif" not in data and b"ICC_PROFILE" not in data
        assert set(opened(thumbnail(file_of(source))).info) <= {
            "jfif", "jfif_version", "jfif_unit", "jfif_density"
        }  # fmt: skip


def test_the_original_is_not_touched_and_a_small_one_is_not_blown_up(file_of, landscape):
    data = encoded(landscape.resize((100, 50)), "JPEG")
    path = file_of(data)
    rendition = thumbnail(path)
    assert (rendition.width, rendition.height) == (100, 50)
    assert path.read_bytes() == data


def test_cmyk_becomes_what_a_screen_can_show(file_of, landscape):
    assert is_the_landscape(thumbnail(file_of(encoded(landscape.convert("CMYK"), "JPEG"))))


def test_sixteen_bits_are_scaled_and_not_clipped(file_of):
    grey = thumbnail(file_of(encoded(Image.new("I;16", (400, 300), 0x6000), "PNG")))
    assert abs(opened(grey).getpixel((50, 50)) - 0x60) <= 2


def test_a_palette_with_transparency_lies_on_white_paper(file_of, landscape):
    image = landscape.convert("RGBA")
    mask = Image.new("L", image.size, 255)
    mask.paste(0, (0, 0, 320, 240))
    image.putalpha(mask)
    for source in (
        encoded(image, "PNG"),
        encoded(image.quantize(16), "PNG"),
        encoded(image, "WEBP", lossless=True),
        encoded(image.convert("LA"), "PNG"),
    ):
        shown = opened(thumbnail(file_of(source))).convert("RGB")
        assert near(shown.getpixel((60, 60)), (255, 255, 255))
        assert not near(shown.getpixel((60, 180)), (255, 255, 255))


@pytest.mark.parametrize("mode", ["1", "L", "P", "LA", "RGB", "RGBA"])
def test_every_mode_of_a_png_is_shown(file_of, landscape, mode):
    assert thumbnail(file_of(encoded(landscape.convert(mode), "PNG"))).width == 320


def test_a_camera_s_colour_profile_is_applied_and_a_broken_one_forgiven(file_of, landscape):
    assert is_the_landscape(thumbnail(file_of(encoded(landscape, "JPEG", icc_profile=b"no profile at all"))))


def png_that_claims(width: int, height: int) -> bytes:
    def chunk(kind: bytes, body: bytes) -> bytes:
        check = zlib.crc32(kind + body)
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", check)

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    data = zlib.compress(b"\0" * 100_000)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


@pytest.mark.parametrize("size", [(8_001, 8_000), (50_000, 50_000), (2**31 - 1, 2**31 - 1)])
def test_a_bomb_is_refused_before_it_is_decoded(file_of, size):
    with pytest.raises(Undecodable) as refusal:
        thumbnail(file_of(png_that_claims(*size)))
    assert "DecompressionBomb" in refusal.value.reason


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_a_truncated_picture_is_undecodable_with_a_reason(file_of, landscape, kind):
    whole = encoded(landscape.effect_spread(20), kind)
    for share in (0.02, 0.3, 0.6, 0.9):
        with pytest.raises(Undecodable) as refusal:
            thumbnail(file_of(whole[: int(len(whole) * share)]))
        assert refusal.value.reason


def test_flipped_bytes_give_a_picture_or_a_reason_and_nothing_else(file_of, photo):
    def try_one(position: int) -> bool:
        damaged = bytearray(photo)
        damaged[position] ^= 0xFF
        try:
            return bool(thumbnail(file_of(bytes(damaged))).data)
        except Undecodable as refusal:
            return bool(refusal.reason)

    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(try_one, range(0, len(photo), len(photo) // 60)))


def test_what_is_no_picture_is_undecodable(file_of):
    for data in (b"", b"%PDF-1.7", b"GIF89a" + b"\0" * 50, b"\xff\xd8\xff", b"\0\0\0\x14ftypmp42"):
        with pytest.raises(Undecodable):
            thumbnail(file_of(data))


@pytest.mark.skipif(not PHOTOS.is_dir(), reason="the collection of real photographs is not here")
def test_real_photographs_are_shown():
    for path in sorted(PHOTOS.iterdir()):
        if path.suffix == ".jpg":
            rendition = thumbnail(path)
            assert max(rendition.width, rendition.height) == 320
            if path.stem.startswith(("landscape", "portrait")):
                wide = rendition.width > rendition.height
                assert wide == path.stem.startswith("landscape")
