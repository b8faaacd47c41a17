"""Near-duplicates: found again after what people do to a picture, and not between different ones."""

import io
from collections.abc import Callable
from functools import cache
from itertools import combinations
from pathlib import Path

import pytest
from PIL import Image, ImageDraw, ImageEnhance, ImageOps

from media import likeness, pictures
from tests.media.scenes import scene

ROOT = Path(__file__).parents[2]
PHOTOS = ROOT.parent / "shared" / "photos"
DRAWN = ROOT / "server" / "demo" / "pictures"
SCENES = 300
TWICE = ("corrupted", *(f"landscape_{n}" for n in range(2, 9)), *(f"portrait_{n}" for n in (3, 6, 8)))


@cache
def distinct() -> list[tuple[str, Image.Image]]:
    """Every photograph and drawing once, and its quarters, which are pictures of their own; and scenes
    made by chance.
    """
    found = []
    for path in sorted([*PHOTOS.glob("*.jpg"), *DRAWN.glob("*.jpg")]):
        if path.stem in TWICE:
            continue
        whole = ImageOps.exif_transpose(Image.open(path)).convert("RGB")
        whole.thumbnail((1000, 1000))
        w, h = whole.size
        quarters = [whole.crop((x, y, x + w // 2, y + h // 2)) for x in (0, w // 2) for y in (0, h // 2)]
        found += [(path.stem.split("-")[0], image) for image in (whole, *quarters)]
    return found + [(f"scene {n}", scene(n)) for n in range(SCENES)]


def seen(image: Image.Image) -> tuple[int, int, int] | None:
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


def cut(left: float, top: float, right: float, bottom: float) -> Callable[[Image.Image], Image.Image]:
    """So many hundredths off each side."""

    def cropped(image: Image.Image) -> Image.Image:
        w, h = image.size
        box = (w * left / 100, h * top / 100, w * (1 - right / 100), h * (1 - bottom / 100))
        return image.crop(tuple(round(side) for side in box))

    return cropped


def hashes(found: tuple[int, int, int]) -> tuple[tuple[int, int], tuple[int, int]]:
    """Of the picture and of its mirror, as a look-up asks."""
    across, down, mirror = found
    return (across, down), (mirror, likeness.mirrored(down))


def spelled(found: tuple[int, int, int]) -> str:
    return f"{found[0]:016x}{found[1]:016x}"


def looked_up(asked: tuple[int, int, int], there: tuple[int, int, int]) -> bool:
    """As the database does it: under some band of the picture or its mirror, and near enough."""
    shelves = likeness.bands(there[0])
    under = (zip(likeness.bands(one), shelves, strict=True) for one, _ in hashes(asked))
    reached = any(band in likeness.probes(wanted) for pairs in under for wanted, band in pairs)
    return reached and bool(likeness.near(*hashes(asked), spelled(there)))


@pytest.mark.parametrize(
    "change",
    [
        saved_again,
        lambda image: image.resize((image.width // 3, image.height // 3)),
        lambda image: ImageEnhance.Brightness(image).enhance(1.25),
        lambda image: ImageEnhance.Brightness(image).enhance(0.75),
        watermarked,
        cut(1.5, 1.5, 1.5, 1.5),
        cut(3, 3, 0, 0),
        cut(0, 3, 3, 0),
        cut(3, 0, 0, 3),
        cut(0, 0, 3, 3),
        ImageOps.mirror,
    ],
    ids=[
        *("saved again", "resized", "brighter", "darker", "watermarked", "cut evenly", "cut top left"),
        *("cut top right", "cut bottom left", "cut bottom right", "mirrored"),
    ],
)
def test_a_picture_is_found_again_after(change: Callable[[Image.Image], Image.Image]) -> None:
    there = [(image, was) for _, image in distinct() if (was := seen(image))]
    again = [(was, seen(change(image))) for image, was in there]
    for asks in (0, 1):  # the copy asks for the original, and the original for its copy
        found = sum(1 for pair in again if pair[1] and looked_up(pair[asks], pair[1 - asks]))
        assert found / len(again) >= 0.95
    assert len(again) >= 300


def test_different_pictures_are_seldom_taken_for_one() -> None:
    there = [(name, was) for name, image in distinct() if (was := seen(image))]
    pairs = [(a, b) for (one, a), (other, b) in combinations(there, 2) if one != other]
    hints = sum(1 for a, b in pairs if likeness.near(*hashes(a), spelled(b)))
    assert len(pairs) > 40_000
    assert hints / len(pairs) <= 0.001  # media.md asks for 0.005


def test_what_shows_nothing_looks_like_nothing() -> None:
    assert seen(Image.new("RGB", (640, 480), "grey")) is None
    assert seen(Image.new("RGB", (640, 480), "black")) is None


def test_seven_bits_apart_are_found_under_some_band() -> None:
    bits = 0x0123456789ABCDEF
    for places in combinations(range(0, 64, 5), 7):
        other = bits
        for place in places:
            other ^= 1 << place
        bands = zip(likeness.bands(bits), likeness.bands(other), strict=True)
        assert any(b in likeness.probes(a) for a, b in bands)


def test_twenty_bits_of_both_hashes_together_are_near_and_twenty_one_are_not() -> None:
    ten, eleven = (1 << 10) - 1, (1 << 11) - 1
    nothing, twenty, more = (0, 0), (ten, ten), (ten, eleven)
    asked = [spelled((*one, 0)) for one in (nothing, twenty, more)]
    assert likeness.near(nothing, nothing, "".join(asked)) == {asked[0]: 0, asked[1]: 20}
    assert likeness.near(more, twenty, asked[0]) == {asked[0]: 20}, "the mirror is nearer"
    assert likeness.near(more, more, asked[0]) == {}


def test_the_mirror_s_second_hash_follows_from_the_first_s() -> None:
    for _, image in distinct()[:40]:
        one, other = seen(image), seen(ImageOps.mirror(image))
        if one and other:
            assert (likeness.mirrored(one[1]) ^ other[1]).bit_count() <= 2


def test_how_the_camera_was_held_makes_no_difference(file_of, landscape) -> None:
    from tests.media.test_picture_sizes import TURNS, encoded

    scenery = distinct()[0][1]
    found = set()
    for orientation, turn in TURNS.items():
        exif = Image.Exif()
        exif[0x0112] = orientation
        stored = scenery if turn is None else scenery.transpose(turn)
        found.add(pictures.examined(file_of(encoded(stored, "PNG", exif=exif))).likeness)
    assert len(found) == 1 and None not in found
