"""On the site's ground: a scaffold's feet, a distribution box and a heap of soil (before, after)."""

import math
import random
from typing import Any

from tools.drawing.space import Colour, Point, Space, arc, curve, shade, sky, skyline, tree

SOIL = (158, 122, 84)
STEEL = (150, 158, 170)
RUST = (158, 92, 58)
HOARDING = (70, 130, 186)
RED, WHITE = (214, 58, 48), (244, 242, 236)


def scaffold_no_base(canvas: Any) -> None:
    """Standards on bare, wet soil, one on loose bricks; the lowest ledger is far too high."""
    space = Space(canvas, eye=(0.25, 1.4, 0), pitch=-3, focal=980)
    space.wall((-6, 6.2), (6, 6.2), (0, 8), (196, 188, 176), (214, 206, 192))
    for left in (-2.5, 0.75):
        space.box((left - 0.08, left + 1.58), (1.02, 2.88), (6.05, 6.2), (180, 172, 160))
        space.wall((left, 6.04), (left + 1.5, 6.04), (1.1, 2.8), (70, 84, 100), (104, 122, 138))
    space.floor((-7, 7), (0.5, 6.2), (136, 104, 74), (178, 140, 100))
    space.shadow((-6, 6), (5.5, 6.25), dark=80, soft=10)
    dice = random.Random(8)
    for _ in range(110):
        x, z = dice.uniform(-4, 4), dice.uniform(1.6, 5.9)
        spot, r = space.at((x, 0, z)), dice.uniform(0.01, 0.035) * space.size((x, 0, z))
        tone = shade(SOIL, dice.choice([0.72, 0.85, 1.15, 1.25]))
        canvas.poly(arc(*spot, r, r * 0.5, 0, 360), tone)
    for x, z, r in ((-0.9, 2.75, 0.5), (0.55, 4.5, 0.5), (-2.0, 4.2, 0.5)):
        _puddle(canvas, space, x, z, r)
    for z in (5.3, 3.7):
        for x in (-2.9, -1.5, -0.1, 1.3, 2.7):
            space.shadow((x, x + 1.0), (z - 0.05, z + 0.03), dark=80, soft=4)
    _bay(space, 5.3)
    _boards(space)
    _bay(space, 3.7)
    for x in (-2.9, -1.5, -0.1, 1.3, 2.7):
        space.tube((x, 2.0, 3.55), (x, 2.0, 5.45), 0.024, STEEL)
    net = space.outline([(-4, 2.5, 3.66), (4, 2.5, 3.66), (4, 6, 3.66), (-4, 6, 3.66)])
    canvas.poly(net, (38, 140, 92, 190))
    canvas.hatch(net, (26, 104, 68, 90), step=26, width=1.5)


def _puddle(canvas: Any, space: Space, x: float, z: float, r: float) -> None:
    spot, metre = space.at((x, 0, z)), space.size((x, 0, z))
    flat = 0.34 * r * metre
    canvas.poly(arc(*spot, r * metre, flat, 0, 360), (112, 84, 60))
    canvas.poly(arc(spot[0], spot[1] + 2, r * metre * 0.93, flat * 0.86, 0, 360), (128, 146, 158))
    canvas.poly(
        arc(spot[0] - r * metre * 0.2, spot[1] - 1, r * metre * 0.5, flat * 0.35, 0, 360), (176, 192, 200)
    )


def _bay(space: Space, z: float) -> None:
    """One row of standards with its ledgers; where the tubes meet the ground, nothing is under them."""
    for level in (2.05, 3.7):
        space.tube((-4.5, level, z), (4.5, level, z), 0.026, STEEL)
    for x in (-2.9, -1.5, -0.1, 1.3, 2.7):
        foot = space.at((x, 0, z))
        metre = space.size((x, 0, z))
        bricks = (x, z) == (1.3, 3.7)
        if bricks:
            for row, turn in enumerate((0, 0.05, -0.04)):
                left = x - 0.15 + turn
                space.box(
                    (left, left + 0.28),
                    (row * 0.075, row * 0.075 + 0.07),
                    (z - 0.09, z + 0.07),
                    (182, 88, 62),
                )
        else:
            space.canvas.poly(arc(*foot, 0.15 * metre, 0.06 * metre, 0, 360), (92, 66, 46))
            space.canvas.poly(arc(foot[0], foot[1] + 2, 0.1 * metre, 0.036 * metre, 0, 360), (58, 42, 32))
        space.tube((x, 0.22 if bricks else -0.02, z), (x, 6, z), 0.03, (190, 132, 60))
        space.box((x - 0.055, x + 0.055), (1.98, 2.1), (z - 0.05, z + 0.05), (96, 100, 108))


def _boards(space: Space) -> None:
    for i in range(4):
        near = 3.85 + i * 0.36
        space.box((-4, 4), (2.07, 2.12), (near, near + 0.3), (196, 152, 96))


def box_unlocked(canvas: Any) -> None:
    """A distribution box: door open, no lock, a tangle of cables down into a puddle."""
    _yard(canvas)
    canvas.soft(arc(620, 770, 330, 26, 0, 360), (30, 26, 24, 130), 14)
    _legs(canvas)
    canvas.poly(arc(640, 800, 250, 40, 0, 360), (116, 96, 76))
    canvas.poly(arc(640, 803, 236, 33, 0, 360), (132, 152, 166))
    canvas.poly(arc(580, 796, 120, 11, 0, 360), (178, 196, 206))
    _case(canvas)
    canvas.rect(412, 212, 728, 588, (84, 90, 98))
    canvas.wash([(424, 224), (716, 224), (716, 588), (424, 588)], (112, 118, 126), (176, 180, 184))
    _breakers(canvas)
    _tangle(canvas)
    _open_door(canvas)


def _yard(canvas: Any) -> None:
    """Sky, hoarding and trodden ground behind the box."""
    sky(canvas, 330, top=(128, 182, 226), low=(224, 234, 238), seed=2)
    skyline(canvas, 330, 210, (192, 206, 216), 3)
    for x, size in ((90, 210), (1090, 230)):
        tree(canvas, x, 345, size, (96, 150, 92))
    canvas.wash([(0, 300), (1200, 300), (1200, 610), (0, 610)], (84, 146, 200), (58, 112, 166))
    for x in range(0, 1200, 30):
        canvas.rect(x, 300, x + 11, 610, (255, 255, 255, 26))
        canvas.rect(x + 22, 300, x + 29, 610, (0, 20, 60, 26))
    canvas.rect(0, 292, 1200, 306, (236, 238, 240))
    canvas.rect(0, 588, 1200, 612, (206, 208, 206))
    canvas.wash([(0, 610), (1200, 610), (1200, 900), (0, 900)], (168, 146, 120), (196, 174, 144))
    dice = random.Random(6)
    for _ in range(90):
        left, y = dice.uniform(0, 1200), dice.uniform(625, 890)
        r = dice.uniform(1.5, 5) * (y - 500) / 260
        canvas.poly(arc(left, y, r, r * 0.5, 0, 360), shade((176, 152, 124), dice.choice([0.8, 0.88, 1.14])))


def _legs(canvas: Any) -> None:
    for x in (416, 708):
        canvas.rect(x, 600, x + 16, 778, (96, 102, 110))
        canvas.rect(x, 600, x + 5, 778, (134, 140, 148))
    canvas.rect(416, 690, 724, 700, (96, 102, 110))


def _case(canvas: Any) -> None:
    """The steel case with its sloping rain roof."""
    canvas.poly([(740, 200), (764, 212), (764, 612), (740, 606)], (176, 112, 30))
    canvas.round(400, 196, 742, 606, 6, (242, 170, 58))
    canvas.poly([(380, 200), (414, 166), (744, 166), (782, 200)], (222, 146, 40))
    canvas.poly([(380, 200), (782, 200), (782, 208), (380, 208)], (186, 116, 28))


def _breakers(canvas: Any) -> None:
    for top, count in ((250, 1), (350, 4), (468, 5)):
        canvas.rect(438, top + 34, 702, top + 44, (206, 210, 212))
        pitch = 252 / count
        for i in range(count):
            left = 444 + i * pitch + (70 if count == 1 else 6)
            wide = 112 if count == 1 else pitch - 14
            canvas.round(left, top, left + wide, top + 78, 4, (240, 240, 236))
            canvas.rect(left, top + 56, left + wide, top + 78, (206, 208, 208))
            canvas.round(left + wide / 2 - 8, top + 22, left + wide / 2 + 8, top + 50, 3, (46, 50, 58))
            dot = (220, 60, 50) if (i + count) % 3 == 0 else (60, 160, 92)
            canvas.rect(left + 6, top + 8, left + 16, top + 13, dot)


def _tangle(canvas: Any) -> None:
    """Cables hooked in anyhow, over the rim and down into the water."""
    dice = random.Random(21)
    tones: list[Colour] = [(214, 50, 44), (246, 200, 40), (44, 140, 76), (48, 92, 190), (40, 40, 44)]
    for i in range(12):
        x, tone = 452 + i * 21, tones[i % 5]
        start = (x, dice.choice([330, 428, 546]))
        sway = dice.uniform(-70, 70)
        inside = ((x + sway, 500 + dice.uniform(-60, 60)), (x - sway * 0.6, 566), (470 + i * 15, 612))
        end = (430 + i * 34, 786 + dice.uniform(-8, 24))
        path = curve(start, *inside, (440 + i * 24 + sway * 0.5, 700), end)
        canvas.line([(a + 3, b + 4) for a, b in path], (20, 20, 24, 70), 7)
        canvas.line(path, tone, 7)
        canvas.line([(a - 1.5, b - 1) for a, b in path], shade(tone, 1.35), 2)
    loose = curve((700, 330), (742, 420), (690, 520), (800, 640), (900, 800), (1040, 824), (1205, 800))
    canvas.line([(a + 4, b + 6) for a, b in loose], (20, 20, 24, 70), 11)
    canvas.line(loose, (40, 40, 46), 11)
    canvas.line([(a - 2, b - 2) for a, b in loose], (92, 92, 100), 3)
    frayed = curve((470, 428), (330, 470), (350, 640), (250, 772), (300, 800))
    canvas.line([(a + 4, b + 6) for a, b in frayed], (20, 20, 24, 70), 8)
    canvas.line(frayed, (214, 50, 44), 8)
    canvas.line([(296, 798), (322, 806)], (226, 160, 70), 5)


def _open_door(canvas: Any) -> None:
    """The door swung to the right; its hasp hangs empty."""
    canvas.soft([(770, 230), (960, 260), (960, 690), (770, 630)], (20, 20, 24, 80), 12)
    canvas.poly([(742, 206), (936, 166), (936, 668), (742, 602)], (226, 154, 48))
    canvas.poly([(756, 222), (922, 188), (922, 646), (756, 588)], (240, 172, 66))
    canvas.poly([(936, 166), (944, 168), (944, 666), (936, 668)], (176, 112, 30))
    _warning(canvas, 838, 330, 62)
    for y in (250, 540):
        canvas.rect(736, y, 748, y + 34, (110, 84, 40))
    canvas.round(898, 420, 916, 470, 5, (92, 98, 106))
    canvas.poly(arc(907, 446, 4, 5, 0, 360), (30, 32, 36))


def _warning(canvas: Any, x: float, y: float, r: float) -> None:
    """The triangle with the bolt; no lettering."""
    canvas.poly([(x, y - r), (x + r, y + r * 0.72), (x - r, y + r * 0.72)], (40, 38, 36))
    canvas.poly([(x, y - r * 0.78), (x + r * 0.8, y + r * 0.6), (x - r * 0.8, y + r * 0.6)], (252, 216, 54))
    bolt = [(0.12, -0.5), (-0.24, 0.12), (-0.02, 0.1), (-0.14, 0.5), (0.24, -0.06), (0.03, -0.04)]
    canvas.poly([(x + a * r, y + b * r + r * 0.06) for a, b in bolt], (40, 38, 36))


def box_locked(canvas: Any) -> None:
    """The same box put right: shut, a padlock, cables in a duct, a rail round it, an extinguisher."""
    _yard(canvas)
    canvas.soft(arc(580, 778, 330, 24, 0, 360), (30, 26, 24, 130), 14)
    canvas.poly([(300, 760), (860, 760), (900, 800), (260, 800)], (198, 196, 190))
    canvas.rect(260, 800, 900, 816, (160, 158, 152))
    _legs(canvas)
    for i, tone in enumerate(((40, 40, 46), (56, 56, 64), (40, 40, 46))):
        canvas.rect(520 + i * 34, 600, 544 + i * 34, 786, tone)
        canvas.rect(523 + i * 34, 600, 529 + i * 34, 786, (104, 104, 112))
    _case(canvas)
    canvas.round(416, 216, 726, 592, 5, (206, 136, 36))
    canvas.round(420, 220, 722, 588, 5, (246, 178, 70))
    canvas.poly([(420, 220), (560, 220), (440, 588), (420, 588)], (255, 255, 255, 36))
    _warning(canvas, 570, 356, 84)
    canvas.round(676, 452, 700, 508, 5, (96, 102, 110))
    canvas.line(arc(688, 512, 13, 18, 180, 360), (150, 156, 164), 6)
    canvas.round(668, 510, 708, 548, 6, (214, 166, 58))
    canvas.poly(arc(688, 526, 4, 4, 0, 360), (70, 52, 20))
    _rail(canvas)
    canvas.soft(arc(1000, 806, 44, 8, 0, 360), (30, 26, 24, 130), 6)
    canvas.round(970, 668, 1024, 806, 18, (212, 48, 42))
    canvas.round(977, 680, 987, 792, 5, (240, 112, 100))
    canvas.rect(986, 650, 1008, 672, (50, 52, 58))
    canvas.line(curve((1004, 656), (1040, 662), (1044, 716)), (40, 42, 46), 7)


def _rail(canvas: Any) -> None:
    for x in (196, 316, 824, 944):
        canvas.rect(x - 7, 560, x + 7, 836, RED)
        canvas.rect(x - 7, 560, x - 2, 836, (240, 110, 96))
        canvas.rect(x - 18, 830, x + 18, 840, (150, 40, 36))
    for y in (590, 700):
        for left, right in ((196, 316), (824, 944)):
            for i in range(6):
                step = (right - left) / 6
                canvas.rect(left + i * step, y, left + (i + 1) * step, y + 13, (RED, WHITE)[i % 2])


def _heap(seed: int) -> list[Point]:
    """The outline of the soil heap, lumpy, from left to right and closed along the ground."""
    dice = random.Random(seed)
    points = []
    for i in range(61):
        x = 60 + i * 14.5
        t = i / 60
        bulk = math.sin(math.pi * t) ** 0.8 * 330 + 70 * math.exp(-(((t - 0.3) / 0.13) ** 2))
        points.append((x, 706 - bulk + dice.uniform(-5, 5)))
    return [*points, (900, 732), (700, 748), (380, 744), (110, 726)]


def _plot(canvas: Any) -> None:
    sky(canvas, 420, top=(150, 186, 214), low=(232, 228, 212), seed=12, clouds=3)
    skyline(canvas, 440, 250, (196, 204, 208), 16)
    canvas.wash([(0, 430), (1200, 430), (1200, 570), (0, 570)], (84, 146, 200), (58, 112, 166))
    for x in range(0, 1200, 40):
        canvas.rect(x, 430, x + 3, 570, (30, 80, 130, 90))
    canvas.rect(0, 424, 1200, 434, (238, 240, 240))
    canvas.wash([(0, 566), (1200, 566), (1200, 900), (0, 900)], (190, 160, 120), (206, 176, 134))
    for y, slope in ((800, 18), (846, 26)):
        canvas.poly([(0, y), (1200, y - slope - 60), (1200, y - slope - 36), (0, y + 18)], (168, 138, 100))


def soil_uncovered(canvas: Any) -> None:
    """Bare soil heaped beside the digger; the wind takes it."""
    _plot(canvas)
    heap = _heap(4)
    canvas.soft([(120, 716), (1000, 716), (1090, 764), (240, 768)], (50, 34, 20, 130), 14)
    canvas.wash(heap, (186, 142, 96), (134, 96, 62))
    shadow = [(330, 330), (470, 420), (560, 560), (640, 748), (930, 730), (930, 706), *heap[25:60][::-1]]
    canvas.soft(shadow, (70, 44, 24, 62), 20)
    dice = random.Random(14)
    for _ in range(150):
        i = dice.randrange(4, 57)
        x, top = heap[i]
        y = dice.uniform(top + 12, 726)
        r = dice.uniform(2, 9)
        tone = dice.choice([(122, 88, 58), (196, 154, 108), (146, 108, 72)])
        lump = [(1, 0.2), (0.4, 0.7), (-0.7, 0.6), (-1, -0.1), (-0.3, -0.7), (0.6, -0.5)]
        canvas.poly([(x + a * r, y + b * r) for a, b in lump], tone)
    _digger(canvas)
    for x, y, wide, high, alpha in (
        (300, 330, 200, 50, 120),
        (560, 300, 260, 60, 110),
        (820, 262, 250, 60, 80),
        (960, 420, 200, 70, 90),
        (500, 700, 420, 40, 80),
    ):
        canvas.soft(arc(x, y, wide, high, 0, 360), (214, 184, 140, alpha), 36)
    for x, y in ((420, 268), (640, 232), (860, 300)):
        gust = curve((x, y), (x + 70, y - 16), (x + 150, y + 4), (x + 230, y - 12))
        canvas.line(gust, (255, 246, 224, 150), 5)


def _digger(canvas: Any) -> None:
    """An excavator at the right, its bucket over the heap."""
    body, dark = (246, 184, 40), (52, 52, 58)
    canvas.soft(arc(1010, 800, 190, 18, 0, 360), (40, 30, 20, 150), 10)
    canvas.round(880, 738, 1150, 802, 32, dark)
    for x in (914, 960, 1010, 1060, 1114):
        canvas.poly(arc(x, 770, 19, 19, 0, 360), (104, 106, 112))
        canvas.poly(arc(x, 770, 8, 8, 0, 360), dark)
    canvas.rect(960, 716, 1080, 742, (90, 92, 98))
    canvas.poly([(920, 722), (1166, 722), (1176, 634), (1050, 626), (920, 640)], body)
    canvas.poly([(1086, 628), (1176, 634), (1166, 722), (1110, 722)], shade(body, 0.82))
    canvas.poly([(928, 706), (928, 560), (948, 536), (1052, 536), (1052, 706)], shade(body, 0.94))
    canvas.poly([(940, 656), (940, 566), (954, 548), (1038, 548), (1038, 656)], (150, 192, 214))
    canvas.poly([(940, 656), (990, 548), (1018, 548), (968, 656)], (196, 222, 234))
    boom: list[Point] = [(950, 680), (900, 650), (850, 470), (740, 388), (716, 410), (812, 496), (862, 676)]
    canvas.poly(boom, shade(body, 0.96))
    canvas.line([(880, 640), (836, 500), (730, 400)], shade(body, 0.74), 6)
    canvas.line([(900, 600), (830, 470)], (176, 182, 190), 9)
    canvas.poly([(752, 382), (724, 376), (684, 500), (708, 512)], body)
    canvas.poly([(690, 490), (716, 510), (700, 556), (640, 562), (616, 524), (650, 530)], dark)
    canvas.poly(arc(650, 524, 34, 18, 180, 360), SOIL)
    for x, y in ((738, 390), (698, 502), (906, 664)):
        canvas.poly(arc(x, y, 9, 9, 0, 360), (96, 98, 104))


def soil_covered(canvas: Any) -> None:
    """The same heap under green netting, stones on its hem, and a mist gun beside it."""
    _plot(canvas)
    heap = _heap(4)
    canvas.soft([(120, 716), (1000, 716), (1090, 764), (240, 768)], (50, 34, 20, 130), 14)
    canvas.wash(heap, (86, 176, 112), (44, 122, 78))
    canvas.hatch(heap, (24, 92, 58, 110), step=24, width=1.5)
    shadow = [(330, 330), (470, 420), (560, 560), (640, 748), (930, 730), (930, 706), *heap[25:60][::-1]]
    canvas.soft(shadow, (8, 50, 34, 70), 20)
    for top in (14, 24, 34, 45):
        x, y = heap[top]
        seam = curve((x, y + 2), (x + (x - 480) * 0.14, (y + 728) / 2), (x + (x - 480) * 0.2, 734))
        canvas.line(seam, (28, 96, 60, 190), 4)
        canvas.line([(a - 3, b) for a, b in seam], (150, 214, 164, 130), 2)
    dice = random.Random(2)
    for i in range(17):
        x = 112 + i * 50
        y, r = 736 + 10 * math.sin(math.pi * i / 16) + dice.uniform(-3, 3), dice.uniform(12, 18)
        canvas.poly(arc(x, y + r * 0.5, r * 1.2, r * 0.4, 0, 360), (40, 30, 20, 110))
        tone = shade((166, 162, 156), dice.uniform(0.88, 1.1))
        canvas.poly(arc(x, y, r, r * 0.68, 0, 360), tone)
        canvas.poly(arc(x - r * 0.2, y - r * 0.2, r * 0.55, r * 0.32, 0, 360), shade(tone, 1.14))
    _mist_gun(canvas)


def _mist_gun(canvas: Any) -> None:
    for x, y, wide, high, alpha in (
        (860, 470, 90, 40, 150),
        (740, 400, 130, 60, 130),
        (590, 330, 150, 70, 100),
    ):
        canvas.soft(arc(x, y, wide, high, 0, 360), (246, 250, 255, alpha), 24)
    canvas.soft(arc(1030, 806, 130, 14, 0, 360), (40, 30, 20, 150), 8)
    for x in (964, 1100):
        canvas.poly(arc(x, 780, 28, 28, 0, 360), (46, 48, 54))
        canvas.poly(arc(x, 780, 12, 12, 0, 360), (168, 172, 178))
    canvas.round(930, 730, 1150, 768, 6, (232, 128, 40))
    canvas.round(1056, 640, 1146, 732, 8, (64, 140, 200))
    canvas.rect(996, 600, 1014, 734, (96, 100, 108))
    canvas.poly([(944, 506), (916, 556), (1056, 634), (1084, 574)], (236, 236, 232))
    canvas.poly([(944, 506), (930, 531), (1070, 604), (1084, 574)], (252, 252, 250))
    canvas.poly([(944, 506), (916, 556), (904, 548), (930, 498)], (64, 140, 200))
    canvas.poly([(1056, 634), (1084, 574), (1104, 588), (1078, 644)], (52, 56, 64))
