"""Inside a building: an unguarded floor edge (before, after), an open shaft, sparse props."""

import math
import random
from itertools import pairwise
from typing import Any

from tools.drawing.space import Colour, Point, Space, arc, curve, mix, shade, sky, skyline, worker

CONCRETE = (186, 184, 178)
HAZE = (206, 220, 232)
RED, WHITE = (214, 58, 48), (244, 242, 236)
TIMBER = (206, 160, 98)
RUST = (150, 92, 62)


def edge_unguarded(canvas: Any) -> None:
    space = _open_floor(canvas)
    _columns(space)
    _left_lying(space)
    place = (-1.55, 0, 6.6)
    worker(canvas, space.at(place), space.size(place))


def edge_guarded(canvas: Any) -> None:
    space = _open_floor(canvas)
    _guard_rail(space)
    _columns(space)


def _open_floor(canvas: Any) -> Space:
    """The twelfth floor of a frame, open to the left; the town lies deep below."""
    space = Space(canvas, eye=(0.9, 1.65, 0), yaw=-16, pitch=-5, focal=860)
    sky(canvas, space.horizon(), top=(112, 170, 222), low=(222, 234, 240), seed=4)
    skyline(canvas, space.horizon() + 4, 60, (190, 208, 224), 7)
    space.floor((-900, 900), (4, 2500), (196, 210, 212), (150, 172, 160), y=-38)
    dice = random.Random(11)
    for distance in (420, 330, 250, 180, 125):
        far = min(0.75, distance / 480)
        x = -distance * 0.95 - 40
        while x < distance * 0.3:
            wide, high = dice.uniform(14, 26), dice.uniform(10, 40)
            tone = dice.choice([(208, 178, 150), (176, 190, 204), (222, 214, 198), (190, 150, 130)])
            space.tower(
                (x, x + wide), (-38, -38 + high), (distance, distance + 18),
                mix(tone, HAZE, far), mix((84, 112, 140), HAZE, far),
            )  # fmt: skip
            x += wide + dice.uniform(10, 34)
    space.floor((-2.2, 14), (-1, 17), (172, 170, 165), (206, 203, 196))
    space.floor((-2.2, 14), (-1, 17), (150, 149, 147), (120, 119, 119), y=3.15)
    canvas.soft(
        space.outline([(-2.2, 0, 1), (-0.6, 0, 1), (-0.2, 0, 16), (-2.2, 0, 16)]), (255, 250, 228, 120), 14
    )
    for z in range(1, 17, 4):
        space.face([(-2.2, 0, z), (14, 0, z), (14, 0, z + 0.03), (-2.2, 0, z + 0.03)], (158, 156, 152))
    space.box((-2.2, -1.75), (2.65, 3.15), (-1, 17), (160, 158, 154))
    return space


def _columns(space: Space) -> None:
    """The inner row and the outer row, far to near."""
    for z in (16.0, 11.0, 6.0):
        space.shadow((4.4, 6.0), (z - 0.4, z + 0.6), dark=70)
        space.box((3.7, 4.4), (0, 3.15), (z, z + 0.7), CONCRETE)
    for z in (15.4, 9.6, 3.8):
        space.shadow((-1.6, 0.3), (z - 0.1, z + 0.6), dark=80)
        space.box((-2.2, -1.55), (0, 2.7), (z, z + 0.65), shade(CONCRETE, 1.04))


def _left_lying(space: Space) -> None:
    """What lies at the edge and can fall: bars, planks, broken bricks, a bucket."""
    dice = random.Random(5)
    space.shadow((-2.15, -1.1), (4.9, 6.0), dark=60, soft=5)
    for _ in range(26):
        x, z, s = dice.uniform(-2.1, -0.9), dice.uniform(4.6, 6.6), dice.uniform(0.03, 0.09)
        tone = dice.choice([(176, 96, 70), (160, 156, 150), (190, 116, 84)])
        space.box((x, x + s * 1.6), (0, s), (z, z + s), tone)
    for i in range(4):
        space.box((-0.2 + i * 0.02, 1.9), (i * 0.045, i * 0.045 + 0.04), (4.2 + i * 0.05, 4.45), TIMBER)
    for i in range(5):
        space.tube((-2.5, 0.05, 2.75 + i * 0.09), (0.1, 0.05, 3.0 + i * 0.13), 0.016, RUST)
    space.shadow((0.55, 1.0), (3.1, 3.45), dark=80, soft=4)
    space.can((0.5, 0, 3.25), 0.15, 0.3, (70, 104, 140))


def _guard_rail(space: Space) -> None:
    """Two rails, posts every two metres, a striped toe board, green net."""
    net = space.outline([(-2.12, 0.15, 0.6), (-2.12, 1.2, 0.6), (-2.12, 1.2, 17), (-2.12, 0.15, 17)])
    space.canvas.poly(net, (40, 150, 96, 96))
    space.canvas.hatch(net, (24, 110, 70, 150), step=13, width=1)
    _far_rail(space)
    for z in range(17, 0, -2):
        space.tube((-2.1, 0, z), (-2.1, 1.3, z), 0.03, RED)
        space.box((-2.18, -2.02), (0, 0.02), (z - 0.08, z + 0.08), (150, 46, 40))
    for level in (1.2, 0.62):
        space.stripes((-2.08, level, 17), (-2.08, level, 0.6), 0.03, RED, WHITE, 33)
    for i in range(41):
        far = 17 - i * 0.4
        tone = ((246, 196, 44), (46, 44, 44))[i % 2]
        lean = [(-2.06, 0, far), (-2.06, 0, far - 0.4), (-2.06, 0.2, far - 0.55), (-2.06, 0.2, far - 0.15)]
        space.face(lean, tone)


def _far_rail(space: Space) -> None:
    net = space.outline([(-2.1, 0.15, 17), (-2.1, 1.2, 17), (14, 1.2, 17), (14, 0.15, 17)])
    space.canvas.poly(net, (40, 150, 96, 96))
    space.box((-2.2, 14), (0, 0.2), (16.95, 17), (246, 196, 44))
    for x in range(-2, 14, 2):
        space.tube((x, 0, 17), (x, 1.3, 17), 0.03, RED)
    for level in (1.2, 0.62):
        space.stripes((-2.1, level, 17), (14, level, 17), 0.03, RED, WHITE, 32)


def shaft_open(canvas: Any) -> None:
    """A lift shaft's opening in the floor, its cover thrown aside, the tape torn."""
    space = Space(canvas, eye=(0.05, 1.75, 0.15), pitch=-42, focal=900)
    space.floor((-5, 5), (-1, 6), (176, 174, 169), (206, 203, 197))
    _block_wall(space, 5.2)
    _hole(space, (-0.95, 0.75), (1.4, 2.95))
    _cover(space)
    _torn_tape(canvas, space)
    dice = random.Random(3)
    for _ in range(40):
        x, z, s = dice.uniform(-1.9, 1.9), dice.choice([1.05, 3.2]) + dice.uniform(-0.2, 0.7), 0.05
        if not (-1.0 < x < 0.8 and 1.3 < z < 3.0):
            size = s * dice.uniform(0.3, 1)
            space.box((x, x + size * 1.5), (0, size), (z, z + size), (164, 150, 140))


def _block_wall(space: Space, z: float) -> None:
    space.wall((-5, z), (5, z), (0, 4), (150, 152, 156), (178, 178, 176))
    for row in range(14):
        for i in range(-9, 10):
            left = i * 0.6 + (row % 2) * 0.3
            tone = shade((190, 190, 188), 0.96 + ((i * 7 + row * 3) % 5) * 0.018)
            space.wall((left, z), (left + 0.57, z), (row * 0.25, row * 0.25 + 0.225), tone)
    space.shadow((-5, 5), (z - 0.35, z), dark=70, soft=12)


def _hole(space: Space, x: Point, z: Point) -> None:
    dark, deep, low = (104, 102, 102), (8, 8, 14), -4.2
    space.floor(x, z, deep)
    space.face([(x[0], 0, z[1]), (x[1], 0, z[1]), (x[1], low, z[1]), (x[0], low, z[1])], dark, deep)
    for left in x:
        side = [(left, 0, z[0]), (left, 0, z[1]), (left, low, z[1]), (left, low, z[0])]
        space.face(side, shade(dark, 0.8 if left > 0 else 1.1), deep)
    for level in (0.0, -2.2):
        tone = mix((158, 155, 150), deep, min(1, -level / 4.2))
        space.wall((x[0], z[1]), (x[1], z[1]), (level - 0.17, level), tone)
        for left, light in ((x[0], 1.08), (x[1], 0.8)):
            space.wall((left, z[0]), (left, z[1]), (level - 0.17, level), shade(tone, light))
    for i in range(7):
        left = x[0] + 0.14 + i * 0.23
        space.tube((left, -0.09, z[1]), (left + 0.02, -0.07, z[1] - 0.16 - (i % 3) * 0.05), 0.01, RUST)
    space.floor((-5, 5), (-1, z[0]), (199, 196, 190), (208, 205, 199))
    for i in range(6):
        left = x[0] + 0.2 + i * 0.25
        space.tube((left, -0.02, z[0]), (left - 0.02, 0.0, z[0] + 0.13 + (i % 2) * 0.07), 0.011, RUST)
    rim = [(x[0], 0, z[0]), (x[1], 0, z[0]), (x[1], 0, z[0] - 0.025), (x[0], 0, z[0] - 0.025)]
    space.face(rim, (226, 223, 216))


def _cover(space: Space) -> None:
    """The plywood cover leans against the wall; the beam that held it lies in front."""
    shadow = space.outline([(0.95, 0, 5.1), (2.6, 0, 5.1), (2.7, 0, 4.1), (1.2, 0, 4.1)])
    space.canvas.soft(shadow, (25, 22, 30, 110), 10)
    board = [(0.85, 0, 4.45), (2.35, 0, 4.45), (2.35, 1.35, 5.15), (0.85, 1.35, 5.15)]
    space.face(board, (186, 138, 80), (222, 178, 116))
    space.face([(0.85, 0, 4.45), (2.35, 0, 4.45), (2.35, 0.0, 4.4), (0.85, 0.0, 4.4)], (150, 108, 60))
    for share in (0.25, 0.72):
        left = 0.85 + 1.5 * share
        slat = [(left, 0.04, 4.44), (left + 0.1, 0.04, 4.44), (left + 0.1, 1.3, 5.1), (left, 1.3, 5.1)]
        space.face(slat, (170, 122, 70))
    space.shadow((-2.0, -0.9), (3.85, 4.0), dark=80, soft=4)
    space.box((-2.0, -0.7), (0, 0.08), (3.9, 4.0), TIMBER)


def _torn_tape(canvas: Any, space: Space) -> None:
    """Yellow and black tape that once closed the place, now on the floor."""
    path = curve((-1.5, 0.9), (-0.9, 1.24), (-0.35, 0.96), (0.3, 1.18), (0.75, 0.9), (1.2, 1.08))
    for i, ((ax, az), (bx, bz)) in enumerate(pairwise(path)):
        tone: Colour = ((248, 204, 48), (44, 42, 42))[(i // 2) % 2]
        corners = [(ax, 0.01, az), (bx, 0.01, bz), (bx, 0.01, bz + 0.055), (ax, 0.01, az + 0.055)]
        space.face(corners, tone)
    spot = space.at((-0.9, 0, 4.45))
    metre = space.size((-0.9, 0, 4.45))
    canvas.soft(arc(spot[0] + 8, spot[1], 0.2 * metre, 0.1 * metre, 0, 360), (20, 20, 30, 110), 6)
    for level, size in ((0, 0.17), (0.03, 0.14)):
        y = spot[1] - level * metre
        canvas.poly(arc(spot[0], y, size * metre, size * 0.62 * metre, 0, 360), (240, 190, 40))
    canvas.poly(arc(spot[0], spot[1] - 0.02 * metre, 0.135 * metre, 0.17 * metre, 180, 360), (250, 208, 66))


def props_too_far(canvas: Any) -> None:
    """Under a slab's formwork: few props, no ties, the deck sags; a tape shows the gap."""
    space = Space(canvas, eye=(0.1, 1.5, 0), pitch=1, focal=760)
    sky(canvas, space.horizon() + 30, top=(170, 204, 232), low=(232, 238, 238), seed=9, clouds=0)
    skyline(canvas, space.horizon() + 14, 150, (178, 196, 208), 5)
    space.floor((-9, 9), (0.2, 15), (168, 165, 160), (198, 194, 186))
    glow = space.outline([(-9, 0, 10), (9, 0, 10), (9, 0, 15), (-9, 0, 15)])
    canvas.soft(glow, (255, 248, 226, 150), 16)
    for side in (-7.4, 6.8):
        for z in (14.0, 9.0, 4.5):
            space.box((side, side + 0.6), (0, 3), (z, z + 0.6), CONCRETE)
    _deck(space)
    for z, row in (
        (13.2, (-4.6, -1.6, 1.7, 4.7)),
        (10.4, (-4.7, -1.5, 1.8, 4.8)),
        (7.6, (-4.6, 1.9, 4.7)),
        (4.9, (-4.0, -1.7, 1.9, 4.1)),
    ):
        for x in row:
            _prop(space, x, z, lean=0.28 if (x, z) == (1.9, 7.6) else 0.03)
    _tape(canvas, space, -1.7, 1.9, 4.9)


def _sag(x: float, z: float) -> float:
    """Height of the deck's underside: it hangs where the props are missing."""
    return 2.95 - 0.2 * math.exp(-((x / 1.6) ** 2) - ((z - 7.2) / 2.6) ** 2)


def _deck(space: Space) -> None:
    for step in range(28, 0, -1):
        z = 0.6 + step * 0.5
        for i in range(-12, 12):
            x = i * 0.75
            tone = shade((178, 128, 74), 0.78 + 0.1 * ((i // 2 + step // 4) % 2) + (28 - step) * 0.004)
            corners = ((x, z), (x + 0.75, z), (x + 0.75, z - 0.5), (x, z - 0.5))
            space.face([(a, _sag(a, b), b) for a, b in corners], tone)
        for i in range(-12, 12):
            x = i * 0.75
            one, two = _sag(x, z), _sag(x + 0.75, z)
            beam = [(x, one, z), (x + 0.75, two, z), (x + 0.75, two - 0.1, z), (x, one - 0.1, z)]
            space.face(beam, shade(TIMBER, 0.86))
            under = [
                (x, one - 0.1, z),
                (x + 0.75, two - 0.1, z),
                (x + 0.75, two - 0.1, z + 0.06),
                (x, one - 0.1, z + 0.06),
            ]
            space.face(under, shade(TIMBER, 0.62))


def _prop(space: Space, x: float, z: float, lean: float) -> None:
    top = _sag(x + lean, z) - 0.1
    space.shadow((x - 0.1, x + 1.1), (z - 0.06, z + 0.14), dark=80, soft=5)
    space.box((x - 0.1, x + 0.1), (0, 0.015), (z - 0.1, z + 0.1), (120, 122, 128))
    space.tube((x, 0, z), (x + lean * 0.55, top * 0.55, z), 0.034, (226, 112, 46))
    space.tube((x + lean * 0.53, top * 0.53, z), (x + lean, top, z), 0.025, (150, 156, 166))
    space.tube((x + lean * 0.52, top * 0.52, z), (x + lean * 0.57, top * 0.57, z), 0.055, (92, 98, 110))
    space.box((x + lean - 0.11, x + lean + 0.11), (top - 0.02, top), (z - 0.1, z + 0.1), (120, 122, 128))


def _tape(canvas: Any, space: Space, left: float, right: float, z: float) -> None:
    """A yellow tape measure from foot to foot, a mark every decimetre."""
    band = [(left, 0.02, z - 0.25), (right, 0.02, z - 0.25), (right, 0.02, z - 0.33), (left, 0.02, z - 0.33)]
    space.face(band, (252, 214, 60))
    for i in range(1, 36):
        x, deep = left + i * 0.1, 0.08 if i % 5 == 0 else 0.045
        mark = [
            (x, 0.021, z - 0.25),
            (x + 0.012, 0.021, z - 0.25),
            (x + 0.012, 0.021, z - 0.25 - deep),
            (x, 0.021, z - 0.25 - deep),
        ]
        space.face(mark, (60, 50, 30))
    spot, metre = space.at((right, 0.05, z - 0.3)), space.size((right, 0, z - 0.3))
    canvas.round(
        spot[0] - 4, spot[1] - 0.14 * metre, spot[0] + 0.2 * metre, spot[1] + 0.06 * metre, 6, (52, 58, 70)
    )
    canvas.round(
        spot[0] + 4, spot[1] - 0.1 * metre, spot[0] + 0.14 * metre, spot[1] + 0.02 * metre, 5, (240, 120, 40)
    )
