"""Near-duplicates: found again after what people do to a picture, and not between different ones."""

import io
from collections.abc import Callable
from functools import cache
from itertools import combinations
from pathlib import Path

import pytest
from PIL import Image, ImageDraw, ImageEnhance, ImageOps

from media import likeness, pictures

ROOT = Path(__file__).parents[2]
PHOTOS = ROOT.parent / "shared" / "photos"
DRAWN = ROOT / "server" / "demo" / "pictures"
TWICE = ("corrupted", *(f"landscape_{n}" for n in range(2, 9)), *(f"portrait_{n}" for n in (3, 6, 8)))


@cache
def distinct() -> list[tuple[str, Image.Image]]:
    """Every photograph and drawing once, and its quarters, which are pictures of their own."""
    found = []
    for path in sorted([*PHOTOS.glob("*.jpg"), *DRAWN.glob("*.jpg")]):
        if path.stem in TWICE:
            continue
        whole = ImageOps.exif_transpose(Image.open(path)).convert("RGB")
        whole.thumbnail((1000, 1000))
        w, h = whole.size
        quarters = [whole.crop((x, y, x + w // 2, y + h // 2)) for x in (0, w // 2) for y in (0, h // 2)]
        found += [(path.stem.split("-")[0], image) for image in (whole, *quarters)]
    return found


def seen(image: Image.Image) -> tuple[int, int] | None:
    """The child's own function, without a child for each of a thousand pictures."""
    small = image.copy()
    small.thumbnail((320, 320), Image.Resampling.BICUBIC, reducing_gap=1.01)
    return pictures._likeness(small)


def saved_again(image: Image.Image) -> Image.Image:
    out = io.BytesIO()
    image.save(out, "JPEG", quality=60)
    return Image.open(io.BytesIO(out.getvalue()))


def watermarked(image: Image.Image) -> Image.Image:
    w, h = image.size
    panel = Image.new("RGBA", image.size)
    ImageDraw.Draw(panel).rectangle((0, int(h * 0.8), w // 2, h), fill=(0, 0, 0, 110))
    return Image.alpha_composite(image.convert("RGBA"), panel).convert("RGB")


def cut(image: Image.Image) -> Image.Image:
    """3 % off the width and off the height, evenly round the edges."""
    w, h = image.size
    return image.crop((round(w * 0.015), round(h * 0.015), round(w * 0.985), round(h * 0.985)))


@pytest.mark.parametrize(
    "change",
    [
        saved_again,
        lambda image: image.resize((image.width // 3, image.height // 3)),
        lambda image: ImageEnhance.Brightness(image).enhance(1.25),
        lambda image: ImageEnhance.Brightness(image).enhance(0.75),
        watermarked,
        cut,
        ImageOps.mirror,
    ],
    ids=["saved again", "resized", "brighter", "darker", "watermarked", "cut", "mirrored"],
)
def test_a_picture_is_found_again_after(change: Callable[[Image.Image], Image.Image]) -> None:
    there = [(image, was) for _, image in distinct() if (was := seen(image))]
    again = [(was, seen(change(image))) for image, was in there]
    found = sum(1 for was, now in again if now and likeness.near(was, now[0]) is not None)
    assert found / len(again) >= 0.95


def test_different_pictures_are_seldom_taken_for_one() -> None:
    there = [(name, was) for name, image in distinct() if (was := seen(image))]
    pairs = [(a, b) for (one, a), (other, b) in combinations(there, 2) if one != other]
    hints = sum(1 for a, b in pairs if likeness.near(a, b[0]) is not None)
    assert len(pairs) > 1_000
    assert hints / len(pairs) <= 0.005


def test_what_shows_nothing_looks_like_nothing() -> None:
    assert seen(Image.new("RGB", (640, 480), "grey")) is None
    assert seen(Image.new("RGB", (640, 480), "black")) is None


def test_six_bits_apart_are_found_under_some_band_and_seven_are_not_near() -> None:
    bits = 0x0123456789ABCDEF
    for places in combinations(range(0, 64, 5), 6):
        other = bits
        for place in places:
            other ^= 1 << place
        assert likeness.near((bits,), other) == 6
        bands = zip(likeness.bands(bits), likeness.bands(other), strict=True)
        assert any(b in likeness.probes(a) for a, b in bands)
        assert likeness.near((bits,), other ^ 1 << 63) is None


def test_how_the_camera_was_held_makes_no_difference(file_of, landscape) -> None:
    from tests.media.test_picture_sizes import TURNS, encoded

    scene = distinct()[0][1]
    found = set()
    for orientation, turn in TURNS.items():
        exif = Image.Exif()
        exif[0x0112] = orientation
        stored = scene if turn is None else scene.transpose(turn)
        found.add(pictures.examined(file_of(encoded(stored, "PNG", exif=exif))).likeness)
    assert len(found) == 1 and None not in found
