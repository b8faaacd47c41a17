"""A look-up among many pictures names what somebody finds who compares them one by one."""

import random

from media import likeness
from media.tables import pictures
from server import transaction
from server.photos.queries import lookalikes
from sync import bulk
from tests.support.house import House

WJ = "project:wj-01"
Hashes = tuple[int, int, int]  # across, down, mirror


def altered(chance: random.Random, bits: int, most: int) -> int:
    for place in chance.sample(range(likeness.BITS), chance.randint(0, most)):
        bits ^= 1 << place
    return bits


def looks_like(one: Hashes, other: Hashes) -> int | None:
    """How far apart, by the picture or its mirror; None where it is not reached or not near."""
    sides = ((one[0], one[1]), (one[2], likeness.mirrored(one[1])))
    shelves = likeness.bands(other[0])
    reached = any(
        shelf in likeness.probes(band)
        for side, _ in sides
        for band, shelf in zip(likeness.bands(side), shelves, strict=True)
    )
    far = min((a ^ other[0]).bit_count() + (d ^ other[1]).bit_count() for a, d in sides)
    return far if reached and far <= likeness.NEAR else None


def test_what_is_near_is_what_comparing_one_by_one_finds(site: House) -> None:
    chance = random.Random(17)
    seeds = [(chance.getrandbits(64), chance.getrandbits(64), chance.getrandbits(64)) for _ in range(12)]
    there: dict[tuple[str, str], Hashes] = {}
    for n in range(240):
        across, down, mirror = chance.choice(seeds)
        if n % 5 == 0:  # of the mirror image
            across, down, mirror = mirror, likeness.mirrored(down), across
        there[WJ, f"{n:064x}"] = (altered(chance, across, 12), altered(chance, down, 12), mirror)
    there[WJ, "f" * 64] = there[WJ, "0" * 64]  # other bytes of the same looks
    rows = [
        (*name, *(None,) * 5, f"{across:016x}", f"{mirror:016x}", f"{down:016x}", *likeness.bands(across))
        for name, (across, down, mirror) in there.items()
    ]
    found = missed = 0
    with site.app.app_context():
        with transaction.writing() as conn:
            bulk.insert(conn, pictures, rows)
        with transaction.reading() as conn:
            for one in (*seeds, *list(there.values())[:20], (1, 2, 3)):
                expected = {name: far for name, o in there.items() if (far := looks_like(one, o)) is not None}
                said = lookalikes.near(conn, *one)
                assert said == expected
                assert list(said.values()) == sorted(said.values()), "the nearest first"
                found, missed = found + len(said), missed + len(there) - len(said)
    assert found > 200
    assert missed > 2_000
