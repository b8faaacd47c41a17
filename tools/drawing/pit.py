"""A pit whose edge is loaded with reinforcing bars."""

import random
from typing import Any

from tools.drawing.space import Space, arc, mix, shade, sky, skyline, worker

HOARDING = (70, 130, 186)
RUST = (158, 92, 58)
RED, WHITE = (214, 58, 48), (244, 242, 236)


def pit_edge_loaded(canvas: Any) -> None:
    """Bundles of bars stacked at the very edge of a pit: the rail pushed down, the ground cracked."""
    space = Space(canvas, eye=(0.4, 4.3, -1.2), pitch=-23, focal=840)
    sky(canvas, space.horizon() + 6, top=(132, 184, 226), low=(228, 236, 240), seed=18)
    space.floor((-80, 80), (15, 200), (196, 186, 164), (190, 168, 132))
    skyline(canvas, space.at((0, 0, 60))[1], 120, (190, 204, 214), 22)
    space.box((-40, 40), (0, 2.2), (23, 23.1), HOARDING)
    space.wall((-40, 22.95), (40, 22.95), (2.05, 2.25), (240, 242, 242))
    for i in range(-16, 17):
        space.wall((i * 1.6, 22.96), (i * 1.6 + 0.12, 22.96), (0, 2.05), (44, 92, 142))
    for side in ((-80, -9), (11, 80)):
        space.floor(side, (3, 23), (194, 166, 128), (204, 176, 136))
    _pit(space)
    space.floor((-40, 40), (-0.5, 4.3), (188, 158, 118), (206, 178, 136))
    space.box((-9, 11), (0, 0.16), (3.95, 4.3), (206, 204, 198))
    _crack(canvas, space)
    _pit_rail(space)
    _bars(space)
    spot = (-2.2, 0, 3.3)
    worker(canvas, space.at(spot), space.size(spot), vest=(250, 214, 60), hat=(240, 240, 240))


def _pit(space: Space) -> None:
    left, right, near, far, deep = -9, 11, 4.3, 15, -7
    space.floor((left, right), (near, far), (150, 118, 84), (170, 136, 98), y=deep)
    for x, z, r in ((-3.5, 10.5, 1.7), (5.5, 12.4, 1.3)):
        spot, metre = space.at((x, deep, z)), space.size((x, deep, z))
        space.canvas.poly(arc(*spot, r * metre, r * 0.42 * metre, 0, 360), (128, 148, 160))
        space.canvas.poly(
            arc(spot[0], spot[1] - 3, r * 0.6 * metre, r * 0.14 * metre, 0, 360), (176, 194, 202)
        )
    space.wall((left, far), (right, far), (deep, 0), (186, 182, 174), (142, 138, 132))
    space.wall((left, near), (left, far), (deep, 0), (166, 162, 154), (120, 116, 110))
    space.wall((right, near), (right, far), (deep, 0), (196, 192, 184), (152, 148, 140))
    for i in range(21):
        x = left + i
        space.wall((x, far - 0.01), (x + 0.16, far - 0.01), (deep, 0), (120, 116, 112, 110))
        if i < 11:
            for side in (left + 0.01, right - 0.01):
                space.wall((side, near + i), (side, near + i + 0.16), (deep, 0), (104, 100, 96, 110))
    for level in (-1.8, -4.4):
        space.box((left, right), (level - 0.35, level), (far - 0.4, far), (96, 116, 140))
        space.box((left, left + 0.4), (level - 0.35, level), (near, far), (96, 116, 140))
        space.box((right - 0.4, right), (level - 0.35, level), (near, far), (96, 116, 140))
        for i in range(9):
            x = left + 1.2 + i * 2.2
            space.box((x, x + 0.3), (level - 0.32, level - 0.03), (far - 0.5, far - 0.4), (222, 180, 60))
    space.box((left - 0.4, right + 0.4), (0, 0.2), (far, far + 0.5), (206, 204, 198))
    for x in range(left, right + 1, 2):
        space.tube((x, 0.2, far + 0.3), (x, 1.4, far + 0.3), 0.05, RED)
    for level in (0.8, 1.35):
        space.stripes((left, level, far + 0.3), (right, level, far + 0.3), 0.05, RED, WHITE, 20)


def _crack(canvas: Any, space: Space) -> None:
    """The ground opens along the edge, as it does before it slides."""
    dice = random.Random(30)
    x, path = -3.2, []
    while x < 6:
        path.append((x, 2.72 + dice.uniform(-0.07, 0.07)))
        x += dice.uniform(0.16, 0.34)
    upper = [space.at((a, 0, b)) for a, b in path]
    lower = [space.at((a + 0.03, 0, b - dice.uniform(0.02, 0.06))) for a, b in path[::-1]]
    canvas.poly([*upper, *lower], (74, 50, 32))
    for a, b in path[2::4]:
        twig = [space.at((a, 0, b)), space.at((a + 0.12, 0, b - 0.2)), space.at((a + 0.08, 0, b - 0.34))]
        canvas.line(twig, (92, 64, 42), 2.5)


def _pit_rail(space: Space) -> None:
    for x in (-8.0, -6.0, -4.0, -2.0):
        space.tube((x, 0.16, 4.1), (x, 1.36, 4.1), 0.035, RED)
    for level in (0.76, 1.3):
        space.stripes((-9, level, 4.1), (-2, level, 4.1), 0.035, RED, WHITE, 14)
        space.stripes((-2, level, 4.1), (-0.3, level * 0.25, 4.3), 0.035, RED, WHITE, 4)
    space.tube((-0.2, 0.16, 4.15), (0.5, 0.3, 4.6), 0.035, RED)


def _bars(space: Space) -> None:
    """Three layers of bundles across timbers, the front one sticking out over the pit."""
    space.shadow((-0.4, 7.2), (2.95, 4.3), dark=110, soft=8)
    for x in (0.2, 2.4, 4.6):
        space.box((x, x + 0.16), (0, 0.14), (3.1, 4.4), (150, 110, 66))
    dice = random.Random(17)
    for layer, (first, last) in enumerate(((3.2, 4.5), (3.35, 4.3))):
        z = last
        while z > first:
            tone = mix(RUST, (116, 96, 90), dice.uniform(0, 0.8))
            for row in range(3):
                y = 0.19 + layer * 0.27 + row * 0.08
                start = -0.15 + dice.uniform(-0.12, 0.12)
                space.tube((start, y, z), (8, y, z), 0.042, shade(tone, 0.85 + row * 0.12))
                spot, r = space.at((start, y, z)), 0.042 * space.size((start, y, z))
                space.canvas.poly(arc(*spot, r * 0.7, r, 0, 360), (206, 158, 126))
            z -= 0.1
        for x in (0.9, 3.2):
            band = [(x, 0.14 + layer * 0.27, first), (x + 0.05, 0.14 + layer * 0.27, first),
                    (x + 0.05, 0.42 + layer * 0.27, first), (x, 0.42 + layer * 0.27, first)]  # fmt: skip
            space.face(band, (60, 54, 52))
