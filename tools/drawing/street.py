"""Seen from the street: a tower crane, mud on the carriageway, a blocked fire lane."""

import random
from itertools import pairwise
from typing import Any

from tools.drawing.space import Colour, Point, Space, arc, curve, shade, sky, skyline, tree, worker

YELLOW = (248, 188, 36)
HOARDING = (70, 130, 186)
MUD = (128, 92, 60)
ASPHALT = (104, 108, 114)


def tower_crane(canvas: Any) -> None:
    """A crane lifts a bundle of bars on one sling, aslant, above people at work."""
    sky(canvas, 1000, top=(92, 160, 220), low=(232, 238, 236), seed=33, clouds=6)
    skyline(canvas, 1010, 180, (186, 204, 218), 29)
    _shell(canvas)
    canvas.wash([(0, 1010), (900, 1010), (900, 1200), (0, 1200)], (178, 158, 128), (204, 182, 148))
    canvas.rect(0, 966, 900, 1016, HOARDING)
    canvas.rect(0, 960, 900, 970, (238, 240, 240))
    for x in range(0, 900, 36):
        canvas.rect(x, 970, x + 3, 1016, (36, 86, 136))
    _crane(canvas)
    _load(canvas)
    for x, tone in ((250, (250, 214, 60)), (334, (242, 120, 36))):
        worker(canvas, (x, 1128), 74, vest=tone, hat=(240, 240, 240) if x == 250 else (220, 60, 50))
    canvas.soft(arc(300, 1142, 150, 14, 0, 360), (40, 30, 20, 60), 10)


def _shell(canvas: Any) -> None:
    """The building under the crane, behind green net; the top floors are still bare."""
    canvas.poly([(500, 520), (900, 520), (900, 1010), (500, 1010)], (150, 152, 154))
    for i in range(8):
        y = 560 + i * 58
        canvas.rect(500, y, 900, y + 12, (196, 194, 188))
        for x in range(520, 900, 76):
            canvas.rect(x, y + 12, x + 16, y + 58, (172, 170, 166))
    net = [(484, 676), (900, 676), (900, 1010), (484, 1010)]
    canvas.wash(net, (74, 168, 116), (44, 128, 86))
    canvas.hatch(net, (24, 98, 64, 90), step=28, width=1.5)
    for y in range(676, 1010, 56):
        canvas.rect(480, y, 900, y + 5, (190, 196, 204))
    for x in range(484, 900, 60):
        canvas.rect(x, 640, x + 5, 1010, (176, 182, 190))
    for x in range(528, 900, 38):
        canvas.rect(x, 494, x + 3, 522, (150, 92, 62))
    canvas.rect(494, 516, 900, 532, (204, 202, 196))


def _lattice(canvas: Any, a: Point, b: Point, wide: tuple[float, float], cells: int, tone: Colour) -> None:
    """A truss from a to b: two chords and a zigzag between them."""
    length = ((b[0] - a[0]) ** 2 + (b[1] - a[1]) ** 2) ** 0.5
    nx, ny = (b[1] - a[1]) / length, (a[0] - b[0]) / length
    rails: list[list[Point]] = [[], []]
    for i in range(cells + 1):
        t = i / cells
        half = (wide[0] + (wide[1] - wide[0]) * t) / 2
        x, y = a[0] + (b[0] - a[0]) * t, a[1] + (b[1] - a[1]) * t
        rails[0].append((x + nx * half, y + ny * half))
        rails[1].append((x - nx * half, y - ny * half))
    zigzag = [rails[i % 2][i] for i in range(cells + 1)]
    counter = [rails[(i + 1) % 2][i] for i in range(cells + 1)]
    canvas.line(counter, shade(tone, 0.7), 2.5)
    canvas.line(zigzag, shade(tone, 0.86), 3)
    canvas.line(rails[1], shade(tone, 0.8), 6)
    canvas.line(rails[0], tone, 6)


def _crane(canvas: Any) -> None:
    x = 640
    _lattice(canvas, (x, 1010), (x, 300), (54, 54), 18, YELLOW)
    canvas.rect(x - 60, 990, x + 60, 1016, (176, 174, 168))
    for y in (700, 860):
        canvas.line([(x + 28, y), (x + 130, y + 12)], shade(YELLOW, 0.8), 7)
        canvas.line([(x + 28, y + 34), (x + 130, y + 12)], shade(YELLOW, 0.7), 5)
    _lattice(canvas, (x, 282), (x, 120), (48, 10), 6, YELLOW)
    for end in ((190, 268), (380, 268), (850, 272)):
        canvas.line([(x, 122), end], (70, 74, 82), 3)
    _lattice(canvas, (x - 20, 284), (40, 284), (34, 20), 22, YELLOW)
    _lattice(canvas, (x + 20, 284), (872, 284), (26, 26), 8, YELLOW)
    for left in (800, 832):
        canvas.round(left, 286, left + 28, 356, 3, (170, 172, 174))
        canvas.rect(left, 286, left + 8, 356, (196, 198, 200))
    canvas.round(x - 36, 294, x + 36, 322, 5, (70, 76, 86))
    canvas.round(x - 92, 302, x - 30, 372, 7, (236, 238, 240))
    canvas.poly([(x - 88, 310), (x - 44, 310), (x - 44, 346), (x - 84, 352)], (104, 156, 190))
    canvas.poly([(x - 88, 310), (x - 72, 310), (x - 84, 346)], (176, 212, 230))
    canvas.poly(arc(x, 118, 7, 7, 0, 360), (220, 54, 46))


def _load(canvas: Any) -> None:
    """One sling round the middle: the bundle tips, bars slide out."""
    canvas.round(272, 296, 318, 312, 4, (70, 76, 86))
    for dx in (-8, 8):
        canvas.line([(295 + dx, 312), (295 + dx * 0.4, 700)], (60, 62, 68), 2.5)
    canvas.round(284, 696, 306, 728, 5, (232, 170, 40))
    canvas.line(arc(295, 738, 8, 10, -90, 150), (60, 62, 68), 5)
    canvas.line([(295, 746), (282, 800)], (206, 60, 50), 5)
    canvas.line([(295, 746), (312, 806)], (206, 60, 50), 5)
    dice = random.Random(9)
    for i in range(11):
        slip = dice.uniform(-14, 14)
        if i in (8, 9):
            slip = 46 - (i - 8) * 18
        y = 774 + i * 4.6
        tone = shade((158, 92, 58), dice.uniform(0.75, 1.25))
        canvas.line([(140 + slip, y - 30 + slip * 0.28), (452 + slip, y + 56 + slip * 0.28)], tone, 4.5)
    canvas.line([(281, 798), (288, 862)], (206, 60, 50), 6)
    canvas.line([(312, 802), (304, 866)], (206, 60, 50), 6)


def _avenue(canvas: Any, space: Space) -> None:
    """Sky, far town, carriageway with its lanes, pavement and hoarding on the left."""
    sky(canvas, space.horizon(), top=(122, 178, 226), low=(230, 236, 236), seed=41, clouds=5)
    skyline(canvas, space.horizon() + 3, 130, (184, 200, 212), 13)
    space.floor((-300, 300), (1, 400), (158, 176, 132), (140, 168, 112))
    space.floor((-4, 8), (1, 300), (132, 136, 142), ASPHALT)
    for x in (0.4, 4.3):
        for z in range(2, 90, 6):
            space.floor((x - 0.07, x + 0.07), (z, z + 3), (240, 240, 236))
    for x in (-3.7, 7.6):
        space.floor((x - 0.07, x + 0.07), (1, 200), (236, 236, 230))
    space.floor((-7, -4.2), (1, 300), (196, 190, 182), (206, 198, 190))
    space.box((-4.25, -4.0), (0, 0.16), (1.2, 200), (214, 212, 206))
    space.box((8.0, 8.25), (0, 0.16), (1.2, 200), (214, 212, 206))


def mud_on_road(canvas: Any) -> None:
    """Wheels that nobody washed carry the site's mud from the gate down the street."""
    space = Space(canvas, eye=(-0.6, 2.3, 0), yaw=-4, pitch=-9, focal=820)
    _avenue(canvas, space)
    space.box((-24, -7.2), (0, 3), (60, 60.3), HOARDING)
    for z in (54.0, 42.0, 33.0):
        foot = (9.6, 0, z)
        tree(canvas, *space.at(foot), space.size(foot) * 5.5, (104, 156, 88))
    _site_front(space)
    _mud(canvas, space)
    _hoarding(space, 1.2, 13)
    _pillar(space, 12.4)
    _truck(space)
    for z in (25.0, 18.5, 13.0):
        foot = (9.6, 0, z)
        tree(canvas, *space.at(foot), space.size(foot) * 5.5, (96, 150, 84))


def _site_front(space: Space) -> None:
    """The hoarding with the gap of the gate between z = 13 and 20."""
    space.floor((-30, -7.0), (12, 21), (150, 114, 78), (160, 122, 84))
    space.tower((-24, -13), (0, 26), (24, 40), (176, 178, 180), (92, 116, 140))
    _hoarding(space, 20, 80)
    _pillar(space, 20)


def _hoarding(space: Space, near: float, far: float) -> None:
    space.box((-7.3, -7.1), (0, 2.5), (near, far), HOARDING)
    z = far
    while z > near:
        space.wall((-7.09, z), (-7.09, z - 0.08), (0, 2.5), (40, 92, 144))
        z -= 1.5
    space.box((-7.32, -7.06), (2.5, 2.62), (near, far), (240, 242, 242))


def _pillar(space: Space, z: float) -> None:
    space.box((-7.6, -6.9), (0, 3.6), (z, z + 0.6), (196, 60, 50))
    space.box((-7.7, -6.8), (3.6, 3.8), (z - 0.1, z + 0.7), (238, 238, 234))


def _mud(canvas: Any, space: Space) -> None:
    centre = curve((-10, 16.5), (-6, 16.2), (-3.2, 14.6), (-1.9, 11.2), (-1.7, 7), (-2.0, 3.6), (-2.2, 1.4))
    dice = random.Random(19)
    left, right = [], []
    for i, (x, z) in enumerate(centre):
        wide = 1.55 + 0.22 * dice.uniform(-1, 1) - i * 0.004
        across = (0, 1) if z > 14.8 else (1, 0) if z < 12 else (0.75, 0.66)
        left.append((x - across[0] * wide, 0, z - across[1] * wide))
        right.append((x + across[0] * wide, 0, z + across[1] * wide))
    space.face([*left, *right[::-1]], (150, 116, 82), (138, 102, 68))
    for offset in (-0.85, 0.85):
        for k, ((x, z), (nx, nz)) in enumerate(pairwise(centre)):
            across = (0, 1) if z > 14.8 else (1, 0) if z < 12 else (0.75, 0.66)
            track = []
            for px, pz, half in ((x, z, -0.3), (x, z, 0.3), (nx, nz, 0.3), (nx, nz, -0.3)):
                shift = offset + half
                track.append((px + across[0] * shift, 0, pz + across[1] * shift))
            space.face(track, shade(MUD, 0.84 if k % 2 else 0.96))
    for _ in range(150):
        x, z = dice.choice(centre[18:])
        x, z = x + dice.gauss(0.2, 1.5), z + dice.uniform(-0.6, 0.6)
        if x > -3.9 and z > 1.5:
            spot, metre = space.at((x, 0, z)), space.size((x, 0, z))
            r = dice.uniform(0.03, 0.16) * metre
            canvas.poly(arc(*spot, r, r * 0.36, 0, 360), shade(MUD, dice.choice([0.85, 1.0, 1.15])))
    for x, z, r in ((-0.1, 6.2, 0.5), (-3.1, 4.6, 0.4), (0.9, 9.5, 0.6)):
        spot, metre = space.at((x, 0, z)), space.size((x, 0, z))
        canvas.poly(arc(*spot, r * metre, r * 0.36 * metre, 0, 360), shade(MUD, 0.92))
        canvas.poly(
            arc(spot[0] - 4, spot[1] - 2, r * 0.6 * metre, r * 0.16 * metre, 0, 360), shade(MUD, 1.15)
        )


def _truck(space: Space) -> None:
    """A tipper driving off, earth above its sides, no cover."""
    space.shadow((1.0, 4.4), (16.2, 23), dark=130, soft=8)
    for x in (1.15, 3.15):
        for z in (22, 17.2):
            space.box((x, x + 0.5), (0, 1.0), (z, z + 1.0), (40, 40, 44))
    space.box((1.2, 3.6), (0.8, 3.1), (20.8, 22.8), (52, 132, 92))
    heap = [
        space.at((x, y, 17))
        for x, y in ((1.2, 2.9), (1.6, 3.3), (2.1, 3.55), (2.7, 3.45), (3.2, 3.2), (3.6, 2.9))
    ]
    space.box((1.1, 3.7), (1.0, 2.9), (16.4, 20.6), (62, 150, 104))
    space.canvas.poly(heap, (140, 104, 70))
    for x in (1.5, 2.2, 2.9):
        space.wall((x, 16.38), (x + 0.12, 16.38), (1.05, 2.85), (44, 112, 78))
    space.box((1.1, 3.7), (0.72, 0.98), (16.3, 16.5), (60, 62, 68))
    for x in (1.2, 3.3):
        space.wall((x, 16.28), (x + 0.3, 16.28), (0.76, 0.94), (224, 54, 44))
    for x in (1.2, 3.2):
        space.wall((x, 16.35), (x + 0.45, 16.35), (0, 0.75), (44, 44, 48))
    for x in (1.9, 2.5):
        space.wall((x, 16.27), (x + 0.4, 16.27), (0.78, 0.92), (244, 206, 60))


def fire_lane_blocked(canvas: Any) -> None:
    """The fire lane between two old blocks, closed by pallets of bricks, pipes and a van."""
    space = Space(canvas, eye=(0.2, 1.95, 0), pitch=-6, focal=800)
    sky(canvas, space.horizon(), top=(126, 182, 228), low=(230, 236, 238), seed=52)
    skyline(canvas, space.horizon() + 4, 90, (188, 202, 212), 31)
    space.floor((-60, 60), (1, 150), (150, 172, 128), (132, 160, 108))
    for z in (46, 27, 9):
        for side in (-1, 1):
            _block(space, side, z)
    space.floor((-3.6, 3.6), (1, 120), (158, 160, 162), (138, 140, 144))
    for side in (-1, 1):
        space.box(
            (min(3.6 * side, 3.8 * side), max(3.6 * side, 3.8 * side)), (0, 0.15), (1.2, 120), (214, 212, 206)
        )
    _markings(space)
    for z, side in ((30, -1), (30, 1), (20, -1), (19, 1)):
        foot = (side * 4.9, 0, z)
        tree(canvas, *space.at(foot), space.size(foot) * 4.2, (98, 148, 86))
    _van(space)
    _pallets(space)
    _pipes(space)
    _hydrant(canvas, space)


def _block(space: Space, side: int, z: float) -> None:
    """A six-storey block of the nineties along the lane, gable towards us."""
    near, far = 7.2, 18
    x = (near, far) if side > 0 else (-far, -near)
    tone = (206, 172, 142) if z != 27 else (216, 196, 166)
    space.tower(x, (0, 18), (z, z + 14), tone, (112, 136, 156))
    edge = x[0] if side > 0 else x[1]
    for floor in range(6):
        for k in range(4):
            deep = z + 1.6 + k * 3.4
            level = floor * 3 + 0.5
            out = (edge - 0.45, edge) if side > 0 else (edge, edge + 0.45)
            if (floor + k) % 2:
                space.box(out, (level, level + 0.55), (deep, deep + 0.8), (232, 232, 228))


def _markings(space: Space) -> None:
    yellow = (246, 200, 48)
    for x in (-3.2, 3.05):
        space.floor((x, x + 0.15), (1.5, 70), yellow)
    for i in range(18):
        z = 2 + i * 3.4
        for run in (1, -1):
            left, right = (-3.0, 3.0) if run > 0 else (3.0, -3.0)
            band = [(left, 0, z), (left, 0, z + 0.22), (right, 0, z + 3.6), (right, 0, z + 3.38)]
            space.face(band, yellow)


def _van(space: Space) -> None:
    white = (238, 240, 242)
    space.shadow((-0.2, 3.2), (13.6, 18.6), dark=130, soft=7)
    for x in (0.35, 1.95):
        space.box((x, x + 0.3), (0, 0.7), (14.4, 15.1), (40, 40, 44))
    space.box((0.3, 2.3), (0.4, 2.1), (14, 18.4), white)
    space.wall((0.5, 13.98), (2.1, 13.98), (1.3, 1.95), (92, 122, 146))
    space.wall((1.28, 13.97), (1.32, 13.97), (0.5, 2.0), (190, 194, 198))
    for x in (0.36, 2.06):
        space.wall((x, 13.97), (x + 0.18, 13.97), (0.8, 1.2), (220, 56, 46))
    space.wall((1.05, 13.96), (1.55, 13.96), (0.62, 0.78), (60, 110, 190))
    space.box((0.28, 2.32), (0.38, 0.56), (13.9, 14.05), (80, 84, 90))


def _pallets(space: Space) -> None:
    dice = random.Random(44)
    for left, z, rows in ((-2.9, 10.2, 8), (-1.5, 10.0, 6), (-2.5, 7.4, 7)):
        space.shadow((left, left + 1.9), (z - 0.1, z + 1.1), dark=130, soft=6)
        space.box((left - 0.05, left + 1.25), (0, 0.13), (z - 0.05, z + 1.05), (176, 136, 86))
        for row in range(rows):
            low = 0.13 + row * 0.15
            space.box((left, left + 1.2), (low, low + 0.15), (z, z + 1), (186, 88, 62))
            for k in range(5):
                start = left + k * 0.24 + 0.012
                tone = shade((192, 92, 66), dice.uniform(0.86, 1.1))
                space.wall((start, z - 0.01), (start + 0.215, z - 0.01), (low + 0.015, low + 0.14), tone)
    for row in range(4):
        for k in range(3 - row // 2):
            left = 0.1 + k * 0.62 + (row % 2) * 0.2
            space.box((left, left + 0.58), (row * 0.17, row * 0.17 + 0.16), (8.6, 9.1), (206, 202, 190))


def _pipes(space: Space) -> None:
    """Pipes laid straight across what is left of the lane."""
    space.shadow((-0.9, 3.4), (5.1, 6.2), dark=120, soft=6)
    for layer, count in enumerate((5, 4, 3)):
        for i in range(count):
            z, y = 6.1 - layer * 0.1 - i * 0.2, 0.1 + layer * 0.17
            space.tube((-0.8, y, z), (3.5, y, z), 0.1, (70, 128, 176))
            spot, r = space.at((-0.8, y, z)), 0.1 * space.size((-0.8, y, z))
            space.canvas.poly(arc(*spot, r * 0.5, r, 0, 360), (150, 190, 220))
            space.canvas.poly(arc(*spot, r * 0.36, r * 0.74, 0, 360), (36, 52, 70))


def _hydrant(canvas: Any, space: Space) -> None:
    (x, y), m = space.at((-4.1, 0, 6.6)), space.size((-4.1, 0, 6.6))
    red = (214, 44, 38)
    canvas.soft(arc(x + 0.1 * m, y, 0.3 * m, 0.06 * m, 0, 360), (20, 20, 30, 130), 5)
    canvas.round(x - 0.17 * m, y - 0.1 * m, x + 0.17 * m, y, 4, shade(red, 0.8))
    canvas.round(x - 0.11 * m, y - 0.72 * m, x + 0.11 * m, y - 0.06 * m, 8, red)
    canvas.rect(x - 0.08 * m, y - 0.66 * m, x - 0.04 * m, y - 0.1 * m, (240, 110, 96))
    for side in (-1, 1):
        canvas.round(
            x + side * 0.16 * m - 0.07 * m,
            y - 0.54 * m,
            x + side * 0.16 * m + 0.07 * m,
            y - 0.4 * m,
            4,
            shade(red, 0.86),
        )
    canvas.poly(arc(x, y - 0.7 * m, 0.14 * m, 0.13 * m, 180, 360), red)
    canvas.round(x - 0.15 * m, y - 0.72 * m, x + 0.15 * m, y - 0.67 * m, 3, shade(red, 0.84))
    canvas.rect(x - 0.03 * m, y - 0.88 * m, x + 0.03 * m, y - 0.8 * m, shade(red, 0.8))
