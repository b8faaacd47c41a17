"""Building sites by chance: as many different pictures as a measurement wants."""

import random

from PIL import Image, ImageDraw


def scene(seed: int, size: tuple[int, int] = (640, 480)) -> Image.Image:
    """A ground of soft patches at several scales, and sheds, masts and gables on it."""
    chance = random.Random(seed)
    width, height = size
    image = Image.new("RGB", size)
    for cells, weight in ((3, 1.0), (7, 0.33), (17, 0.23), (43, 0.15)):
        grid = (cells + 1, cells * 3 // 4 + 1)
        raw = Image.frombytes("RGB", grid, chance.randbytes(grid[0] * grid[1] * 3))
        image = Image.blend(image, raw.resize(size, Image.Resampling.BICUBIC), weight)
    pen = ImageDraw.Draw(image)
    for _ in range(chance.randrange(6, 16)):
        x, y = chance.randrange(width), chance.randrange(height)
        dx, dy = chance.randrange(20, width // 3), chance.randrange(20, height // 3)
        colour = (chance.randrange(256), chance.randrange(256), chance.randrange(256))
        shape = chance.randrange(3)
        if shape == 0:
            pen.rectangle((x, y, x + dx, y + dy), fill=colour)
        elif shape == 1:
            pen.line((x, y, x + dx, y + dy), fill=colour, width=chance.randrange(3, 14))
        else:
            pen.polygon(((x, y), (x + dx, y + dy // 2), (x + dx // 2, y + dy)), fill=colour)
    return image
