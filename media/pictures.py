"""Smaller pictures of an original that is itself never touched; the only importer of Pillow."""

import io
import os
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image, ImageCms, ImageOps, JpegImagePlugin, PngImagePlugin, WebPImagePlugin

from media.darkroom import ChildDied, Darkroom
from media.intake import SNIFF, signature

FORMATS = ("JPEG", "PNG", "WEBP")
MAX_PIXELS = 64_000_000  # no phone on a site has more; a bomb of a few kB claims far more
QUALITY = 82
# Imported by name so that the darkroom's server has them loaded before the first fork.
PLUGINS = (JpegImagePlugin, PngImagePlugin, WebPImagePlugin)
PLAIN = ("L", "RGB")
ORIENTATION = 0x0112  # EXIF tag; 5 to 8 lie on their side
# Pillow's "I;16" modes hold 0…65535 and clip instead of scaling when made "L".
SIXTEEN_TO_EIGHT = 1 / 256


class Undecodable(Exception):
    """The picture is damaged, too large or made to do harm; `reason` says which, for the record."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


class Unsupported(Exception):
    """A sound format that is not decoded here: HEIC (media.md §3 says why)."""

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


def thumbnail(source: Path, *, edge: int = 320) -> Rendition:
    """A JPEG of `source` that fits a square of `edge` pixels; never larger than the source.

    Raises Undecodable, Unsupported, and DarkroomUnavailable where it is not the picture's fault.
    """
    with source.open("rb") as file:
        mime = signature(file.read(SNIFF))
    if mime is None:
        raise Undecodable("no picture's signature")
    if mime == "image/heic":
        raise Unsupported(mime)
    try:
        result, data = _darkroom.develop(source, {"edge": edge})
    except ChildDied:
        raise Undecodable("the decoder was killed or ran out of time or memory") from None
    if "fault" in result:
        raise Undecodable(str(result["fault"]))
    return Rendition(data=data, mime="image/jpeg", **result)


# -- runs in a darkroom's child -------------------------------------------------------------------


def develop(picture: int, request: dict[str, Any]) -> tuple[dict[str, Any], bytes]:
    """The work behind `thumbnail`, to be called in a confined process only."""
    Image.MAX_IMAGE_PIXELS = MAX_PIXELS
    warnings.simplefilter("error", Image.DecompressionBombWarning)
    with os.fdopen(picture, "rb") as file, Image.open(file, formats=FORMATS) as image:
        width, height = image.size
        if image.getexif().get(ORIENTATION) in (5, 6, 7, 8):
            width, height = height, width
        small = _shrunk(image, int(request["edge"]))
    out = io.BytesIO()
    small.save(out, "JPEG", quality=QUALITY, optimize=True)
    sizes = {"width": small.width, "height": small.height}
    return {**sizes, "source_width": width, "source_height": height}, out.getvalue()


def _shrunk(image: Image.Image, edge: int) -> Image.Image:
    """Upright, in eight bits of sRGB or grey, with nothing but its pixels."""
    profile = image.info.get("icc_profile")
    # Before the reduction, which knows neither sixteen bits nor palettes.
    if image.mode.startswith("I"):
        image = image.point(lambda value: value * SIXTEEN_TO_EIGHT).convert("L")
    elif image.mode in ("1", "P", "PA") or "transparency" in image.info:
        image = image.convert("RGBA" if image.has_transparency_data else "RGB")
    # First small, then upright: transposing first would decode and turn every pixel (media.md §3).
    image.thumbnail((edge, edge), Image.Resampling.BICUBIC, reducing_gap=1.01)
    image = ImageOps.exif_transpose(image)
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
