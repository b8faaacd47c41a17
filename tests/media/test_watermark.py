"""水印: every word has its glyphs and stands inside the picture, whatever its size and whatever is said."""

import io

import pytest
from PIL import Image, ImageChops

from media import pictures, watermark
from media.pictures import watermarked
from tests.media.test_picture_sizes import encoded

TEXTS = [
    "望京SOHO塔一装修改造项目(二期)施工总承包工程",
    "2026-11-21 10:05:00 UTC+08:00  时钟偏差 +1.5 秒",
    "部位 三层东侧临边防护",
    "39.9042000, 116.4074000 ±8 m WGS-84",
    "拍摄 李某",
    "编号 019abcde-1234-7abc-8def-0123456789ab",
    "摘要 SHA-256 3f2a9c0d1e5b7788",
]
LONG = [
    "朝阳区望京街道" * 14,
    *TEXTS[1:],
    "Residential complex at Wangjing, second phase, general contractor's site",
]
LINK = "http://127.0.0.1:8000/open/photos/019abcde-1234-7abc-8def-0123456789ab/3f2a9c0d1e5b7788"
# GB 2312, first level: the 3,755 characters in common use.
COMMON = [
    bytes((row, cell)).decode("gb2312", "ignore") for row in range(0xB0, 0xD8) for cell in range(0xA1, 0xFF)
]
SIZES = [(320, 240), (640, 480), (1600, 1200), (4000, 3000), (1600, 720), (1000, 1000)]


def test_the_font_has_every_common_character_and_knows_what_it_has_not() -> None:
    common = [c for c in COMMON if c]
    assert len(common) == 3_755
    assert [c for c in common if not pictures.has_glyph(c)] == []
    assert all(pictures.has_glyph(c) for c in "".join(TEXTS) + watermark.MISSING + "…")
    assert not pictures.has_glyph("\U0010fffd") and not pictures.has_glyph("\U0001f600")


@pytest.mark.parametrize("said", [TEXTS, LONG], ids=["short", "long"])
@pytest.mark.parametrize("size", [s for wide in SIZES for s in {wide, wide[::-1]}], ids=str)
def test_all_that_is_said_stands_inside_the_picture(size: tuple[int, int], said: list[str]) -> None:
    found = watermark.layout(*size, said, pictures._measure, len(watermark.code(LINK)))
    assert found is not None
    width, height = size
    assert "".join(line for *_, line in found.lines).replace(" ", "") == "".join(said).replace(" ", "")
    font = pictures._font(found.size)
    for x, y, line in found.lines:
        left, top, right, bottom = font.getbbox(line)
        assert x + left >= 0 and x + right <= width and y + top >= 0 and y + bottom <= height
    if found.code is not None:
        x, y, module = found.code
        side = module * len(watermark.code(LINK))
        assert x >= 0 and x + side <= width and y >= 0 and y + side <= height and module >= 2
        assert all(at + font.getlength(line) <= x for at, _, line in found.lines)
    assert found.panel[1] >= height * 0.5 - 1


def test_the_code_is_there_from_640_pixels_on() -> None:
    for size in [(640, 480), (480, 640), (1600, 1200), (4000, 3000)]:
        found = watermark.layout(*size, TEXTS, pictures._measure, len(watermark.code(LINK)))
        assert found is not None and found.code is not None


@pytest.mark.parametrize("size", [(800, 600), (320, 240), (240, 320), (4000, 3000), (3000, 4000)], ids=str)
def test_nothing_outside_the_panel_is_changed_and_something_inside_is(size: tuple[int, int]) -> None:
    plain = Image.new("RGB", size, "red")
    marked = pictures.lettered(plain, TEXTS, LINK)
    box = ImageChops.difference(plain, marked).getbbox()
    found = watermark.layout(*size, TEXTS, pictures._measure, len(watermark.code(LINK)))
    assert found is not None and box == found.panel


@pytest.mark.parametrize(
    "said",
    [
        "",
        "\0\x1b[2J\n\r\t",
        "\u202e反向",
        "字" * 5000,
        "W" * 5000,
        "😀🏗️",
        "\U0010fffd",
        "a" * 19 + " " + "b" * 300,
        "\ud800",
    ],
)
def test_whatever_a_record_says_can_be_drawn(file_of, landscape, said: str) -> None:
    shown = watermarked(file_of(encoded(landscape, "JPEG")), texts=["项目", said, "编号 1"], link=LINK)
    assert (shown.width, shown.height) == (640, 480)


def test_a_picture_too_small_for_any_word_is_left_alone(file_of) -> None:
    tiny = encoded(Image.new("RGB", (40, 30), "red"), "PNG")
    assert watermarked(file_of(tiny), texts=TEXTS, link=LINK).width == 40


def test_a_watermark_lies_on_the_upright_picture_and_tells_nothing_of_the_camera(file_of, landscape) -> None:
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = 6, "Secret Maker"
    source = file_of(encoded(landscape.resize((2400, 1800)), "JPEG", exif=exif))
    shown = watermarked(source, texts=TEXTS, link=LINK)
    assert (shown.width, shown.height) == (1200, 1600)
    assert b"Secret" not in shown.data and not Image.open(io.BytesIO(shown.data)).getexif()
