"""Photographs to take, and what the house has of them in the end."""

import hashlib
import random
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tests.faults.serving import Office
from tests.support.house import jpeg


def album(folder: Path, many: int, *, size: int = 200_000) -> list[Path]:
    """Photographs, no two alike, each of some `size` bytes."""
    paths = []
    for i in range(many):
        path = folder / f"现场 {i}.jpg"
        path.write_bytes(jpeg(f"hsl({i * 36},60%,50%)", (1200, 900)) + random.Random(i).randbytes(size))
        paths.append(path)
    return paths


def digests(pictures: Iterable[Path]) -> list[str]:
    """Their SHA-256, in order."""
    return sorted(hashlib.sha256(picture.read_bytes()).hexdigest() for picture in pictures)


def queue(office: Office) -> list[dict[str, Any]]:
    """The issues that the house has."""
    with office.line("zhang", "desk") as desk:
        items: list[dict[str, Any]] = desk.request("GET", "/api/v1/issues", params={"limit": 100}).json()[
            "items"
        ]
        return items


def originals(office: Office, items: Iterable[dict[str, Any]]) -> list[str]:
    """The SHA-256 of every photograph's bytes as the house hands them out now, in order."""
    with office.line("zhang", "desk") as desk:
        addresses = [photo["original"] for item in items for photo in item["photos"]]
        return sorted(
            hashlib.sha256(desk.request("GET", address).content).hexdigest() for address in addresses
        )
