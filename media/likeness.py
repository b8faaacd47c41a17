"""Whether two photographs show the same: a difference hash of 64 bits, and how to look up near ones.

dHash: shrunk to 9 × 8 grey values, one bit for each pair of neighbours, set where it grows brighter
to the right by more than noise. A hint for people, never a proof.
"""

from collections.abc import Iterable, Sequence

WIDTH, HEIGHT = 9, 8  # what `dhash` wants
BITS, BANDS, BAND_BITS = 64, 4, 16
NEAR = 6  # bits that may differ (media.md §3)
NOISE = 1  # a step of one grey value in 255 is made by re-saving, and says nothing
# A wall or a night has hardly a step: everything plain would look like everything else plain.
LEAST_STEPS = 20


def dhash(grey: Sequence[int]) -> int | None:
    """The hash of WIDTH × HEIGHT grey values, row by row; None where too little is to be seen."""
    bits, steps = 0, 0
    for row in range(HEIGHT):
        for column in range(WIDTH - 1):
            left, right = grey[row * WIDTH + column], grey[row * WIDTH + column + 1]
            bits = bits << 1 | (right - left > NOISE)
            steps += abs(right - left) > NOISE
    return bits if steps >= LEAST_STEPS else None


def distance(one: int, other: int) -> int:
    """In how many bits they differ."""
    return (one ^ other).bit_count()


def bands(bits: int) -> tuple[int, ...]:
    """Four numbers of 16 bits; each takes every fourth bit, so that a plain sky, whose bits are alike
    in thousands of pictures, thins out each band a little and fills none.
    """
    found = [0] * BANDS
    for place in range(BITS):
        found[place % BANDS] = found[place % BANDS] << 1 | (bits >> place & 1)
    return tuple(found)


def probes(band: int) -> list[int]:
    """The values of one band to look under: six differing bits leave one of four bands with one at
    most (the pigeonhole), so nothing near is missed.
    """
    return [band, *(band ^ 1 << place for place in range(BAND_BITS))]


def near(bits: Iterable[int], other: int) -> int | None:
    """The smallest distance from any of `bits` (a picture and its mirror), None beyond NEAR."""
    least = min(distance(one, other) for one in bits)
    return least if least <= NEAR else None
