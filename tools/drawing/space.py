"""A room to draw in: a pinhole camera, and solids that it shows as flat, shaded faces.

Metres; x to the right, y up, z away from the viewer. Whoever calls draws from far to near.
"""

import math
import random
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

NEAR = 0.2  # metres; what is closer than this is cut off, or the division would turn it over

Colour = tuple[int, ...]
Point = tuple[float, float]
Point3 = tuple[float, float, float]


def shade(colour: Colour, factor: float) -> Colour:
    """The colour in more (factor > 1) or less light; an alpha, if there is one, stays."""
    lit = tuple(max(0, min(255, round(part * factor))) for part in colour[:3])
    return lit + tuple(colour[3:])


def mix(one: Colour, other: Colour, share: float) -> Colour:
    return tuple(round(a + (b - a) * share) for a, b in zip(one[:3], other[:3], strict=True))


def arc(cx: float, cy: float, rx: float, ry: float, start: float, end: float) -> list[Point]:
    """Points of an ellipse's arc; degrees, clockwise from the right as on the screen."""
    steps = [math.radians(start + (end - start) * i / 40) for i in range(41)]
    return [(cx + rx * math.cos(a), cy + ry * math.sin(a)) for a in steps]


def curve(*knots: Point) -> list[Point]:
    """A smooth line through the knots (Catmull-Rom)."""
    padded = [knots[0], *knots, knots[-1]]
    points = []
    for a, b, c, d in zip(padded, padded[1:], padded[2:], padded[3:], strict=False):
        for step in range(12):
            t = step / 12
            points.append(tuple(_catmull(*part, t) for part in zip(a, b, c, d, strict=True)))
    return [*points, knots[-1]]  # type: ignore[list-item]


def _catmull(a: float, b: float, c: float, d: float, t: float) -> float:
    bend = (2 * a - 5 * b + 4 * c - d) * t * t + (3 * b - a - 3 * c + d) * t**3
    return 0.5 * (2 * b + (c - a) * t + bend)


class Space:
    """A canvas seen through a camera."""

    def __init__(
        self, canvas: Any, *, eye: Point3, yaw: float = 0, pitch: float = 0, focal: float = 900
    ) -> None:
        self.canvas, self.eye, self.focal = canvas, eye, focal
        self._turn, self._tilt = math.radians(yaw), math.radians(pitch)

    def horizon(self) -> float:
        middle: float = self.canvas.height / 2
        return middle + self.focal * math.tan(self._tilt)

    def _seen(self, point: Point3) -> Point3:
        x, y, z = (a - b for a, b in zip(point, self.eye, strict=True))
        x, z = (
            x * math.cos(self._turn) - z * math.sin(self._turn),
            x * math.sin(self._turn) + z * math.cos(self._turn),
        )
        return (
            x,
            y * math.cos(self._tilt) - z * math.sin(self._tilt),
            y * math.sin(self._tilt) + z * math.cos(self._tilt),
        )

    def _flat(self, seen: Point3) -> Point:
        x, y, z = seen
        return (
            self.canvas.width / 2 + self.focal * x / z,
            self.canvas.height / 2 - self.focal * y / z,
        )

    def at(self, point: Point3) -> Point:
        return self._flat(self._seen(point))

    def size(self, point: Point3) -> float:
        """Pixels per metre at this place."""
        return self.focal / max(NEAR, self._seen(point)[2])

    def outline(self, points: Sequence[Point3]) -> list[Point]:
        """The polygon on the screen, cut where it would pass behind the viewer."""
        seen = [self._seen(point) for point in points]
        kept: list[Point3] = []
        for here, there in zip(seen, [*seen[1:], seen[0]], strict=True):
            if here[2] >= NEAR:
                kept.append(here)
            if (here[2] >= NEAR) != (there[2] >= NEAR):
                t = (NEAR - here[2]) / (there[2] - here[2])
                kept.append(tuple(a + (b - a) * t for a, b in zip(here, there, strict=True)))  # type: ignore[arg-type]
        return [self._flat(point) for point in kept]

    def face(self, points: Sequence[Point3], fill: Colour, foot: Colour | None = None) -> None:
        """A flat face; with `foot`, a gradient from the top of the screen to its foot."""
        outline = self.outline(points)
        if len(outline) < 3:
            return
        if foot is None:
            self.canvas.poly(outline, fill)
        else:
            self.canvas.wash(outline, fill, foot)

    def floor(self, x: Point, z: Point, fill: Colour, foot: Colour | None = None, *, y: float = 0) -> None:
        corners = [(x[0], y, z[0]), (x[1], y, z[0]), (x[1], y, z[1]), (x[0], y, z[1])]
        self.face(corners, fill, foot)

    def shadow(self, x: Point, z: Point, *, y: float = 0, dark: int = 90, soft: float = 8) -> None:
        corners = [(x[0], y, z[0]), (x[1], y, z[0]), (x[1], y, z[1]), (x[0], y, z[1])]
        outline = self.outline(corners)
        if len(outline) > 2:
            self.canvas.soft(outline, (25, 22, 30, dark), soft)

    def wall(self, a: Point, b: Point, y: Point, fill: Colour, foot: Colour | None = None) -> None:
        """An upright face over the ground line from a to b, each (x, z)."""
        corners = [(a[0], y[0], a[1]), (b[0], y[0], b[1]), (b[0], y[1], b[1]), (a[0], y[1], a[1])]
        self.face(corners, fill, foot)

    def box(self, x: Point, y: Point, z: Point, fill: Colour) -> None:
        """A block; the sun stands high on the left, so the right flank is dark."""
        ex, ey, ez = self.eye
        if ez > z[1]:
            self.wall((x[0], z[1]), (x[1], z[1]), y, shade(fill, 0.8))
        if ex < x[0]:
            self.wall((x[0], z[0]), (x[0], z[1]), y, shade(fill, 1.0))
        if ex > x[1]:
            self.wall((x[1], z[0]), (x[1], z[1]), y, shade(fill, 0.72))
        if ey > y[1]:
            self.floor(x, z, shade(fill, 1.12), y=y[1])
        if ey < y[0]:
            self.floor(x, z, shade(fill, 0.55), y=y[0])
        if ez < z[0]:
            self.wall((x[0], z[0]), (x[1], z[0]), y, shade(fill, 0.88))

    def tube(self, a: Point3, b: Point3, radius: float, fill: Colour) -> None:
        """A round bar with a lit and a dark side."""
        (ax, ay), (bx, by) = self.at(a), self.at(b)
        length = math.hypot(bx - ax, by - ay) or 1
        nx, ny = (by - ay) / length, (ax - bx) / length
        if nx + ny > 0:
            nx, ny = -nx, -ny
        ra, rb = radius * self.size(a), radius * self.size(b)
        for start, end, light in ((-1, 1, 0.95), (0.35, 1, 0.66), (-0.7, -0.25, 1.28)):
            edge = [(ax + nx * ra * -k, ay + ny * ra * -k) for k in (start, end)]
            far = [(bx + nx * rb * -k, by + ny * rb * -k) for k in (end, start)]
            self.canvas.poly([*edge, *far], shade(fill, light))

    def can(self, foot: Point3, radius: float, high: float, fill: Colour) -> None:
        """An open bucket."""
        metre, (x, y) = self.size(foot), self.at(foot)
        top, r = self.at((foot[0], foot[1] + high, foot[2]))[1], radius * metre
        flat = r * 0.34
        outline = [*arc(x, y, r * 0.8, flat * 0.8, 0, 180), *arc(x, top, r, flat, 180, 360)]
        self.canvas.poly(outline, fill)
        middle = arc(x, y, r * 0.8, flat * 0.8, 0, 70)
        self.canvas.poly([*middle, (x + r * 0.35, top), (x + r, top)], shade(fill, 0.74))
        self.canvas.poly(arc(x, top, r, flat, 0, 360), shade(fill, 1.3))
        self.canvas.poly(arc(x, top + 1, r * 0.86, flat * 0.82, 0, 360), shade(fill, 0.5))

    def stripes(self, a: Point3, b: Point3, radius: float, one: Colour, other: Colour, n: int) -> None:
        """A bar in two alternating colours, as guard rails are painted."""
        knots = [tuple(p + (q - p) * i / n for p, q in zip(a, b, strict=True)) for i in range(n + 1)]
        for i, (start, end) in enumerate(pairwise(knots)):
            self.tube(start, end, radius, (one, other)[i % 2])  # type: ignore[arg-type]

    def tower(self, x: Point, y: Point, z: Point, fill: Colour, glass: Colour) -> None:
        """A house with rows of windows on the faces that are seen."""
        self.box(x, y, z, fill)
        rows = max(2, round((y[1] - y[0]) / 3.4))
        step = (y[1] - y[0]) / rows
        sides = [((x[0], z[0]), (x[1], z[0]), 0.92)]
        if self.eye[0] > x[1]:
            sides.append(((x[1], z[0]), (x[1], z[1]), 0.75))
        if self.eye[0] < x[0]:
            sides.append(((x[0], z[0]), (x[0], z[1]), 1.0))
        for a, b, light in sides:
            columns = max(2, round(math.dist(a, b) / 4))
            for row in range(rows):
                level = (y[0] + step * (row + 0.3), y[0] + step * (row + 0.8))
                for column in range(columns):
                    ends = [
                        tuple(p + (q - p) * (column + k) / columns for p, q in zip(a, b, strict=True))
                        for k in (0.2, 0.8)
                    ]
                    self.wall(ends[0], ends[1], level, shade(glass, light))  # type: ignore[arg-type]


def sky(canvas: Any, foot: float, *, top: Colour, low: Colour, seed: int, clouds: int = 4) -> None:
    """Sky from the top edge down to `foot`, with some flat clouds."""
    w = canvas.width
    canvas.wash([(0, 0), (w, 0), (w, foot), (0, foot)], top, low)
    canvas.rect(0, foot, w, canvas.height, shade(low, 0.9))
    dice = random.Random(seed)
    for _ in range(clouds):
        x, y, r = dice.uniform(0, w), dice.uniform(0.1, 0.7) * foot, dice.uniform(18, 34)
        for k in range(-3, 4):
            lift = r * (1.15 - abs(k) * 0.28) * dice.uniform(0.8, 1.15)
            canvas.poly(arc(x + k * r * 1.1, y, r * 1.5, lift, 180, 360), (255, 255, 255, 120))


def skyline(canvas: Any, foot: float, height: float, tint: Colour, seed: int) -> None:
    """A row of far houses in one tint, standing on the line `foot`."""
    dice = random.Random(seed)
    x = -20.0
    while x < canvas.width:
        w, h = dice.uniform(45, 120), height * dice.uniform(0.35, 1)
        body = shade(tint, dice.uniform(0.94, 1.06))
        canvas.rect(x, foot - h, x + w, foot, body)
        for row in range(int((h - 12) // 20)):
            level = foot - h + 12 + row * 20
            canvas.rect(x + 8, level, x + w - 8, level + 8, shade(body, 0.93))
        x += w + dice.uniform(-4, 16)


def tree(canvas: Any, x: float, foot: float, size: float, leaf: Colour) -> None:
    canvas.poly(arc(x + size * 0.2, foot, size * 0.5, size * 0.07, 0, 360), (20, 25, 20, 70))
    canvas.rect(x - size * 0.045, foot - size * 0.7, x + size * 0.045, foot, (104, 78, 58))
    for dx, dy, r, light in (
        (-0.22, 0.78, 0.27, 0.86), (0.24, 0.76, 0.26, 0.78), (0, 1.0, 0.33, 1.0), (-0.1, 1.1, 0.18, 1.15)
    ):  # fmt: skip
        centre = (x + dx * size, foot - dy * size)
        canvas.poly(arc(*centre, r * size, r * size * 0.95, 0, 360), shade(leaf, light))


def worker(
    canvas: Any, foot: Point, metre: float, *, vest: Colour = (242, 120, 36), hat: Colour = (250, 205, 50)
) -> None:
    """A person of 1.75 m seen from behind: helmet, vest, boots. `metre` is pixels per metre."""
    x, y = foot
    m = metre

    def block(left: float, top: float, right: float, low: float, fill: Colour, r: float) -> None:
        canvas.round(x + left * m, y - top * m, x + right * m, y - low * m, r * m, fill)

    canvas.soft(arc(x + 0.12 * m, y, 0.42 * m, 0.09 * m, 0, 360), (20, 20, 30, 110), 0.04 * m)
    for side in (-1, 1):
        block(side * 0.1 - 0.085, 0.86, side * 0.1 + 0.085, 0.06, (44, 58, 92), 0.05)
        block(side * 0.1 - 0.095, 0.1, side * 0.1 + 0.1, 0, (46, 40, 38), 0.04)
        block(side * 0.285 - 0.06, 1.4, side * 0.285 + 0.06, 0.82, (58, 74, 112), 0.06)
        block(side * 0.285 - 0.055, 0.86, side * 0.285 + 0.055, 0.74, (224, 172, 136), 0.05)
    block(-0.25, 1.46, 0.25, 0.78, vest, 0.1)
    for level in (0.92, 1.1):
        block(-0.25, level + 0.06, 0.25, level, (236, 240, 216), 0.005)
    for side in (-1, 1):
        block(side * 0.14 - 0.03, 1.45, side * 0.14 + 0.03, 1.1, (236, 240, 216), 0.005)
    block(-0.06, 1.52, 0.06, 1.42, (206, 154, 118), 0.02)
    canvas.poly(arc(x, y - 1.58 * m, 0.115 * m, 0.13 * m, 0, 360), (224, 172, 136))
    canvas.poly(arc(x, y - 1.61 * m, 0.145 * m, 0.16 * m, 180, 360), hat)
    block(-0.165, 1.63, 0.165, 1.59, shade(hat, 0.88), 0.015)
