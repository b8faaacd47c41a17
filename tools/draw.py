"""Draws the pictures of the demonstration: `python -m tools.draw`.

A developer's script, never run by the server and therefore free to import Pillow. The same code
and the same Pillow give the same bytes; the pictures are committed, so nobody has to run it.
"""

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from PIL import Image, ImageDraw, ImageFilter

from tools.drawing import building, pit, street, yard
from tools.drawing.space import Colour, Point

HERE = Path(__file__).resolve().parent.parent / "server" / "demo" / "pictures"
FINE, FINEST = 2, 4  # drawn this many times larger, then reduced: Pillow's own edges are jagged
LIMIT = 60_000  # bytes a picture; all of them travel with the package
ORIENTATION, MAKE, MODEL, SOFTWARE, CHANGED, EXIF_IFD = 0x0112, 0x010F, 0x0110, 0x0131, 0x0132, 0x8769
TAKEN, TAKEN_OFFSET = 0x9003, 0x9011
NEAR = (960, 720)  # a close-up's size
Window = tuple[float, float, float, float]
TURNED = 6  # the camera was held upright: a viewer must turn the stored pixels 90° clockwise


class Canvas:
    """A sheet of width x height; a colour's fourth part, if there is one, is its alpha."""

    def __init__(self, width: int, height: int, fine: int = FINE) -> None:
        self.width, self.height, self._fine = width, height, fine
        self.image = Image.new("RGB", (width * fine, height * fine), (255, 255, 255))
        self._pen = ImageDraw.Draw(self.image, "RGBA")

    def poly(self, points: Sequence[Point], fill: Colour) -> None:
        self._pen.polygon(self._larger(points), fill=fill)

    def line(self, points: Sequence[Point], fill: Colour, width: float = 2) -> None:
        # By way of a mask: joints of a half-transparent line would be painted twice.
        box, mask = self._mask(points, width, stroke=max(1, round(width * self._fine)))
        if box is not None:
            alpha = fill[3] if len(fill) > 3 else 255
            levels = [level * alpha // 255 for level in range(256)]
            self.image.paste(fill[:3], box, mask.crop(box).point(levels))

    def rect(self, left: float, top: float, right: float, low: float, fill: Colour) -> None:
        self._pen.rectangle(self._larger([(left, top), (right, low)]), fill=fill)

    def round(self, left: float, top: float, right: float, low: float, radius: float, fill: Colour) -> None:
        self._pen.rounded_rectangle(self._larger([(left, top), (right, low)]), radius * self._fine, fill=fill)

    def wash(self, points: Sequence[Point], top: Colour, low: Colour) -> None:
        """A polygon with an upright gradient."""
        box, mask = self._mask(points)
        if box is None:
            return
        size = (box[2] - box[0], box[3] - box[1])
        ramp = Image.linear_gradient("L").resize(size)
        paint = Image.composite(Image.new("RGB", size, low), Image.new("RGB", size, top), ramp)
        self.image.paste(paint, box[:2], mask.crop(box))

    def soft(self, points: Sequence[Point], fill: Colour, radius: float) -> None:
        """A polygon with blurred edges: shadows, light, dust."""
        margin = radius * 3
        box, mask = self._mask(points, margin)
        if box is None:
            return
        part = mask.crop(box).filter(ImageFilter.GaussianBlur(radius * self._fine))
        alpha = fill[3]
        self.image.paste(fill[:3], box, part.point([level * alpha // 255 for level in range(256)]))

    def hatch(self, points: Sequence[Point], fill: Colour, *, step: float, width: float) -> None:
        """A net of slanting lines inside a polygon."""
        box, mask = self._mask(points)
        if box is None:
            return
        net = Image.new("L", self.image.size)
        pen = ImageDraw.Draw(net)
        reach = box[3] - box[1]
        for x in range(box[0] - reach, box[2] + reach, round(step * self._fine)):
            pen.line([(x, box[1]), (x + reach, box[3])], fill=fill[3], width=round(width * self._fine))
            pen.line([(x, box[1]), (x - reach, box[3])], fill=fill[3], width=round(width * self._fine))
        inside = Image.composite(net, Image.new("L", net.size), mask).crop(box)
        self.image.paste(fill[:3], box, inside)

    def _mask(
        self, points: Sequence[Point], margin: float = 0, *, stroke: int = 0
    ) -> tuple[tuple[int, int, int, int] | None, Image.Image]:
        """Where the polygon (or the stroke along it) lies on the sheet, and its mask."""
        spots, rim = self._larger(points), margin * self._fine
        xs, ys = [x for x, _ in spots], [y for _, y in spots]
        left, top = max(0, int(min(xs) - rim)), max(0, int(min(ys) - rim))
        right = min(self.image.width, int(max(xs) + rim) + 1)
        low = min(self.image.height, int(max(ys) + rim) + 1)
        mask = Image.new("L", self.image.size)
        if left >= right or top >= low:
            return None, mask
        pen = ImageDraw.Draw(mask)
        if stroke:
            pen.line(spots, fill=255, width=stroke, joint="curve")
        else:
            pen.polygon(spots, fill=255)
        return (left, top, right, low), mask

    def _larger(self, points: Sequence[Point]) -> list[Point]:
        return [(x * self._fine, y * self._fine) for x, y in points]

    def finished(self, window: Window | None = None) -> Image.Image:
        """The whole sheet at its size, or a window of it enlarged."""
        left, top, right, low = window or (0, 0, self.width, self.height)
        box = (left * self._fine, top * self._fine, right * self._fine, low * self._fine)
        size = NEAR if window else (self.width, self.height)
        return self.image.resize(size, Image.Resampling.LANCZOS, box=box)


@dataclass(frozen=True)
class Picture:
    name: str
    scene: Callable[[Canvas], None]
    taken: str  # local time in Beijing, as a camera writes it
    upright: bool = False  # 900 x 1200 instead of 1200 x 900
    turned: bool = False  # stored lying, with the orientation in the EXIF
    window: Window | None = None  # only this part of the scene: a step closer


PICTURES = [
    Picture("edge-unguarded", building.edge_unguarded, "2026:11:03 09:41:12"),
    Picture("bars-at-edge", building.edge_unguarded, "2026:11:03 09:46:30", window=(0, 480, 560, 900)),
    Picture("shaft-open", building.shaft_open, "2026:11:03 10:05:37", upright=True, turned=True),
    Picture("helmet-off", building.shaft_open, "2026:11:03 10:09:02", upright=True, window=(0, 60, 480, 420)),
    Picture("scaffold-no-base", yard.scaffold_no_base, "2026:11:05 14:22:08", upright=True),
    Picture(
        "standard-on-bricks",
        yard.scaffold_no_base,
        "2026:11:05 14:23:25",
        upright=True,
        window=(480, 690, 900, 1005),
    ),
    Picture("box-unlocked", yard.box_unlocked, "2026:11:05 14:48:51"),
    Picture("cable-in-water", yard.box_unlocked, "2026:11:05 14:52:17", window=(400, 525, 900, 900)),
    Picture("soil-uncovered", yard.soil_uncovered, "2026:11:09 10:12:30"),
    Picture("tower-crane", street.tower_crane, "2026:11:10 15:33:05", upright=True, turned=True),
    Picture(
        "single-sling", street.tower_crane, "2026:11:10 15:36:48", upright=True, window=(70, 640, 550, 1000)
    ),
    Picture("pit-edge-loaded", pit.pit_edge_loaded, "2026:11:11 09:26:44"),
    Picture("pit-rail-down", pit.pit_edge_loaded, "2026:11:11 09:31:20", window=(150, 480, 590, 810)),
    Picture("pit-crack", pit.pit_edge_loaded, "2026:11:11 09:38:09", window=(440, 585, 860, 900)),
    Picture("mud-on-road", street.mud_on_road, "2026:11:12 08:57:19"),
    Picture("truck-uncovered", street.mud_on_road, "2026:11:12 09:03:41", window=(600, 200, 1000, 500)),
    Picture("fire-lane-blocked", street.fire_lane_blocked, "2026:11:13 15:08:26"),
    Picture("pipes-on-lane", street.fire_lane_blocked, "2026:11:13 15:10:55", window=(400, 430, 960, 850)),
    Picture("props-too-far", building.props_too_far, "2026:11:16 10:37:55"),
    Picture("prop-leaning", building.props_too_far, "2026:11:16 10:44:13", window=(640, 330, 1060, 645)),
    Picture("edge-guarded-after", building.edge_guarded, "2026:11:05 16:20:40"),
    Picture("soil-covered-after", yard.soil_covered, "2026:11:10 11:02:15"),
    Picture("box-locked-after", yard.box_locked, "2026:11:06 17:15:09"),
]


def exif(picture: Picture) -> Image.Exif:
    tags = Image.Exif()
    tags[MAKE], tags[MODEL], tags[SOFTWARE] = "Xunjian", "Demo", "tools.draw"
    tags[ORIENTATION] = TURNED if picture.turned else 1
    tags[CHANGED] = picture.taken
    tags.get_ifd(EXIF_IFD).update({TAKEN: picture.taken, TAKEN_OFFSET: "+08:00"})
    return tags


def encode(picture: Picture) -> bytes:
    """The picture as JPEG, at the best quality that stays within the limit."""
    size = (900, 1200) if picture.upright else (1200, 900)
    canvas = Canvas(*size, fine=FINEST if picture.window else FINE)
    picture.scene(canvas)
    image = canvas.finished(picture.window)
    if picture.turned:
        image = image.transpose(Image.Transpose.ROTATE_90)
    for quality in range(88, 40, -4):
        out = BytesIO()
        image.save(out, "JPEG", quality=quality, optimize=True, progressive=True, exif=exif(picture))
        if out.tell() <= LIMIT:
            return out.getvalue()
    raise ValueError(f"{picture.name} does not fit into {LIMIT} bytes")


def main(wanted: Sequence[str]) -> None:
    for picture in PICTURES:
        if not wanted or picture.name in wanted:
            data = encode(picture)
            (HERE / f"{picture.name}.jpg").write_bytes(data)
            sys.stdout.write(f"{picture.name}.jpg {len(data)} bytes\n")


if __name__ == "__main__":
    main(sys.argv[1:])
