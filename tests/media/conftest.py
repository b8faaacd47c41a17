"""A clock that stands still until it is told, a staging folder, and pictures made on the spot."""

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from PIL import Image

from media.files import FileStore
from media.uploads import Limits, Uploads


@dataclass
class Clock:
    now: datetime = datetime(2026, 5, 4, 8, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def passes(self, **span: float) -> None:
        self.now += timedelta(**span)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def make_uploads(tmp_path: Path, clock: Clock) -> Callable[..., Uploads]:
    """A second call opens the same folder again, as a restarted process would."""

    def make(**limits: object) -> Uploads:
        return Uploads(tmp_path / "staging", clock, Limits(**limits))  # type: ignore[arg-type]

    return make


@pytest.fixture
def uploads(make_uploads: Callable[..., Uploads]) -> Uploads:
    return make_uploads()


@pytest.fixture
def store(tmp_path: Path) -> FileStore:
    return FileStore(tmp_path / "store")


@pytest.fixture
def file_of(tmp_path: Path) -> Iterator[Callable[[bytes], Path]]:
    count = iter(range(1000))

    def make(data: bytes) -> Path:
        path = tmp_path / f"source-{next(count)}"
        path.write_bytes(data)
        return path

    return make


@pytest.fixture(scope="session")
def landscape() -> Image.Image:
    """640 × 480; its quarters are red, green / blue, white, so that a turn cannot go unseen."""
    image = Image.new("RGB", (640, 480), "red")
    image.paste("green", (320, 0, 640, 240))
    image.paste("blue", (0, 240, 320, 480))
    image.paste("white", (320, 240, 640, 480))
    return image


@pytest.fixture(scope="session")
def photo(landscape: Image.Image) -> bytes:
    out = io.BytesIO()
    landscape.save(out, "JPEG", quality=90)
    return out.getvalue()
