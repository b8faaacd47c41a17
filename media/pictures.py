"""Smaller pictures of an original that is itself never touched; the only importer of Pillow."""

import io
import os
import re
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

from PIL import (
    ExifTags,
    Image,
    ImageCms,
    ImageDraw,
    ImageFont,
    JpegImagePlugin,
    PngImagePlugin,
    WebPImagePlugin,
)

from media import exif, watermark
from media.darkroom import ChildDied, Darkroom
from media.exif import LONGEST, ORIENTATION, Hints
from media.intake import HEIC, IMAGES, SNIFF, signature
from media.likeness import BITS, LONG, SHORT, across, down

FORMATS = ("JPEG", "PNG", "WEBP")
# The extra `heic`. Its wheel holds GPL parts, so it does not come with the house; and before 1.8 its
# libheif runs code that a picture brings along (CVE-2026-84383), so an older one counts as none.
HEIF_PACKAGE, HEIF_LEAST = "pillow-heif", (1, 8)
MAX_PIXELS = 64_000_000  # no phone on a site has more; a bomb of a few kB claims far more
QUALITY = 82
# Imported by name so that the darkroom's server has them loaded before the first fork.
PLUGINS = (JpegImagePlugin, PngImagePlugin, WebPImagePlugin)
PLAIN = ("L", "RGB")
EDGES = (1600, 320)  # pixels: what a desk shows, what a list shows
LONGEST_EDGE = 65_535  # pixels; a JPEG cannot say more of its size (ISO/IEC 10918-1, B.2.2)
TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
SIDEWAYS = tuple(TURNS[n] for n in (5, 6, 7, 8))
# Pillow's "I;16" modes hold 0…65535 and clip instead of scaling when made "L".
SIXTEEN_TO_EIGHT = 1 / 256


class Undecodable(Exception):
    """The picture is damaged, too large or made to do harm; `reason` says which, for the record."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


class Unsupported(Exception):
    """A sound format that is not decoded here: HEIC without the extra `heic`."""

    def __init__(self, mime: str) -> None:
        self.mime = mime
        super().__init__(mime)


@dataclass(frozen=True, slots=True)
class Rendition:
    """A smaller picture without metadata; sizes in pixels, upright, as a viewer sees them."""

    data: bytes
    mime: str
    width: int
    height: int
    source_width: int
    source_height: int


_darkroom = Darkroom("media.pictures:develop")


@dataclass(frozen=True, slots=True)
class Developed:
    """What one decode gave: JPEGs by their longest edge, what the camera noted, and the picture's
    hashes (across, down, across in the mirror; media/likeness.py), where enough is to be seen for one.
    """

    renditions: dict[int, Rendition]
    hints: Hints
    likeness: tuple[int, int, int] | None


def examined(source: Path, edges: Sequence[int] = EDGES) -> Developed:
    """`source` decoded once: JPEGs that each fit a square of so many pixels, and what it tells.

    No JPEG is larger than the source. Raises Undecodable, Unsupported, and DarkroomUnavailable
    where it is not the picture's fault.
    """
    return _answered(source, {"edges": sorted(edges, reverse=True)})


def shows_heic() -> bool:
    """Whether HEIC pictures can be developed: the extra is installed, in a version that may be trusted."""
    try:
        told = metadata.version(HEIF_PACKAGE)
    except metadata.PackageNotFoundError:
        return False
    return tuple(int(n) for n in re.findall(r"\d+", told)[:2]) >= HEIF_LEAST


def renditions(source: Path, edges: Sequence[int] = EDGES) -> dict[int, Rendition]:
    """The JPEGs alone; raises as `examined` does."""
    return examined(source, edges).renditions


def thumbnail(source: Path, *, edge: int = 320) -> Rendition:
    """One JPEG alone; raises as `examined` does."""
    return renditions(source, [edge])[edge]


def whole(source: Path) -> Rendition:
    """One JPEG as large as the source, for who cannot show the source's own format; raises as
    `examined` does.
    """
    return thumbnail(source, edge=LONGEST_EDGE)


def watermarked(source: Path, *, texts: Sequence[str], link: str, edge: int = EDGES[0]) -> Rendition:
    """A JPEG with `texts`, a line or more each, and the QR code of `link` in its lower left corner.

    Raises as `examined` does.
    """
    request = {"edges": [edge], "texts": [watermark.printable(text) for text in texts], "link": link}
    return _answered(source, request).renditions[edge]


def _answered(source: Path, request: dict[str, Any]) -> Developed:
    with source.open("rb") as file:
        mime = signature(file.read(SNIFF))
    if mime not in IMAGES:
        raise Undecodable("no picture's signature")
    if mime == HEIC and not shows_heic():
        raise Unsupported(mime)
    try:
        result, data = _darkroom.develop(source, request | {"heic": mime == HEIC})
    except ChildDied:
        raise Undecodable("the decoder was killed or ran out of time or memory") from None
    if "fault" in result:
        raise Undecodable(str(result["fault"]))
    try:
        return _unpacked(result, data)
    except (KeyError, TypeError, ValueError):
        raise Undecodable("the decoder came back with nonsense") from None


def _unpacked(result: dict[str, Any], data: bytes) -> Developed:
    """The child's answer taken apart; it may be under a stranger's control, so nothing is believed."""
    whole_width, whole_height = (int(n) for n in result["source"])
    found, start = {}, 0
    for edge, width, height, size in result["made"]:
        piece = data[start : start + int(size)]
        start += int(size)
        found[int(edge)] = Rendition(piece, "image/jpeg", int(width), int(height), whole_width, whole_height)
    seen = result["likeness"]
    likeness = None
    if seen is not None:
        one, fall, mirror = (_hash(bits) for bits in seen)
        likeness = one, fall, mirror
    return Developed(found, Hints(**{k: _plain(v) for k, v in result["hints"].items()}), likeness)


def _hash(said: Any) -> int:
    bits = int(said)
    if not 0 <= bits < 1 << BITS:
        raise ValueError(said)
    return bits


def _plain(said: Any) -> Any:
    if said is None or (isinstance(said, int) and abs(said) < 1 << 31):
        return said
    if isinstance(said, str) and len(said) <= LONGEST and "\0" not in said:
        return said
    raise ValueError(said)


# -- runs in a darkroom's child -------------------------------------------------------------------


def develop(picture: int, request: dict[str, Any]) -> tuple[dict[str, Any], bytes]:
    """The work behind `examined`, to be called in a confined process only."""
    Image.MAX_IMAGE_PIXELS = MAX_PIXELS
    warnings.simplefilter("error", Image.DecompressionBombWarning)
    edges = [int(edge) for edge in request["edges"]]  # the largest first
    formats = _heif() if request["heic"] else FORMATS
    with os.fdopen(picture, "rb") as file, Image.open(file, formats=formats) as image:
        notes = _exif(image)
        turn = TURNS.get(notes.get(ORIENTATION, 1))
        source = image.size[::-1] if turn in SIDEWAYS else image.size
        small = _shrunk(image, edges[0], turn)
    seen = None if "texts" in request else _likeness(small)
    made, data = [], b""
    for edge in edges:
        # Each from the one before it: the original is decoded once, whatever is made of it.
        small.thumbnail((edge, edge), Image.Resampling.BICUBIC, reducing_gap=1.01)
        if "texts" in request:
            small = lettered(small, request["texts"], request["link"])
        out = io.BytesIO()
        small.save(out, "JPEG", quality=QUALITY, optimize=True)
        made.append([edge, *small.size, out.tell()])
        data += out.getvalue()
    told = {"source": source, "made": made, "hints": _hints(notes), "likeness": seen}
    return told, data


def _heif() -> tuple[str, ...]:
    """Loaded in the child that needs it and nowhere else: no other process has that code in it."""
    import pillow_heif

    pillow_heif.register_heif_opener()  # it turns pictures upright itself, and says so in their EXIF
    return ("HEIF",)


def _hints(notes: Image.Exif) -> dict[str, Any]:
    """A broken block costs the hints, not the picture."""
    try:
        return exif.read(notes, notes.get_ifd(ExifTags.IFD.Exif), notes.get_ifd(ExifTags.IFD.GPSInfo))
    except Exception:
        return {}


def _likeness(small: Image.Image) -> tuple[int, int, int] | None:
    """From the upright picture, so that a photograph is the same however its camera was held."""
    grey = small.convert("L")
    mirror = grey.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    one, other = across(_values(grey, LONG, SHORT)), across(_values(mirror, LONG, SHORT))
    return None if one is None or other is None else (one, down(_values(grey, SHORT, LONG)), other)


def _values(grey: Image.Image, width: int, height: int) -> bytes:
    return grey.resize((width, height), Image.Resampling.BILINEAR).tobytes()


def _exif(image: Image.Image) -> Image.Exif:
    """What the camera noted; a broken note costs the note, not the picture."""
    try:
        return image.getexif()
    except Exception:
        return Image.Exif()


def _shrunk(image: Image.Image, edge: int, turn: Image.Transpose | None) -> Image.Image:
    """Upright, in eight bits of sRGB or grey, with nothing but its pixels."""
    profile = image.info.get("icc_profile")
    # Before the reduction, which knows neither sixteen bits nor palettes.
    if image.mode.startswith("I"):
        image = image.point(lambda value: value * SIXTEEN_TO_EIGHT).convert("L")
    elif image.mode in ("1", "P", "PA") or "transparency" in image.info:
        image = image.convert("RGBA" if image.has_transparency_data else "RGB")
    # First small, then upright: transposing first would decode and turn every pixel (media.md §3).
    image.thumbnail((edge, edge), Image.Resampling.BICUBIC, reducing_gap=1.01)
    # By hand: ImageOps.exif_transpose writes the EXIF anew, and fails where that is broken.
    image = image if turn is None else image.transpose(turn)
    if image.has_transparency_data:
        paper = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(paper, image.convert("RGBA")).convert("RGB")
    image = _in_srgb(image, profile)
    # A new picture: EXIF, GPS, XMP and comments all travel along with the old object.
    bare = Image.new(image.mode, image.size)
    bare.paste(image)
    return bare


def _in_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """Colours as the camera meant them, because the rendition leaves its profile behind."""
    if profile:
        try:
            camera = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            srgb = ImageCms.createProfile("sRGB")
            converted = ImageCms.profileToProfile(image, camera, srgb, outputMode="RGB")
            assert converted is not None
            return converted
        except (ImageCms.PyCMSError, OSError):
            pass  # a broken or foreign profile costs the shade, not the picture
    return image if image.mode in PLAIN else image.convert("RGB")


def lettered(picture: Image.Image, texts: Sequence[str], link: str) -> Image.Image:
    """The picture with its watermark; too small for any, as it is."""
    texts = [_with_glyphs(text) for text in texts]
    rows = watermark.code(link)
    found = watermark.layout(*picture.size, texts, _measure, len(rows))
    if found is None:
        return picture
    picture = picture.convert("RGB")
    left, top, _right, _bottom = found.panel
    # Darkened and not painted over: what lies under the words can still be seen.
    picture.paste(picture.crop(found.panel).point(lambda value: value * 0.4), (left, top))
    pen = ImageDraw.Draw(picture)
    for x, y, line in found.lines:
        pen.text((x, y), line, fill="white", font=_font(found.size))
    if found.code is not None:
        x, y, module = found.code
        code = Image.new("L", (len(rows), len(rows)))
        code.putdata([0 if dark else 255 for row in rows for dark in row])
        side = len(rows) * module
        picture.paste(code.resize((side, side), Image.Resampling.NEAREST).convert("RGB"), (x, y))
    return picture


@cache
def _font(size: int) -> ImageFont.FreeTypeFont:
    # BASIC: no shaping engine between strangers' text and the glyphs, and the same everywhere.
    return ImageFont.truetype(
        watermark.font_path(), size, watermark.FONT_SIMPLIFIED, layout_engine=ImageFont.Layout.BASIC
    )


def _measure(text: str, size: int) -> float:
    return _font(size).getlength(text)


def _with_glyphs(text: str) -> str:
    return "".join(c if has_glyph(c) else watermark.MISSING for c in text)


@cache
def has_glyph(character: str) -> bool:
    """Whether the font knows it: one that it does not know looks like U+10FFFF, which nobody has."""
    return character == " " or _mask(character) != _mask("\U0010ffff")


@cache
def _mask(character: str) -> tuple[tuple[int, int], bytes]:
    mask = _font(24).getmask(character)
    return mask.size, bytes(mask)
