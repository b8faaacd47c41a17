"""The house as `xunjian serve` starts it, for clients that others have written."""

import hashlib
import itertools
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.clients.node import tus_js
from tests.faults.serving import WJ, Office, serving
from tests.support.databases import DatabaseFactory
from tests.support.house import jpeg, new_id

PIECE = 64 * 1024


@pytest.fixture(scope="package", params=["sqlite", "postgresql"])
def camera(
    request: pytest.FixtureRequest,
    factories: Callable[[str], DatabaseFactory],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator["Camera"]:
    """One office for all of them: a start costs more than what is asked of it."""
    folder, url = tmp_path_factory.mktemp("office"), factories(request.param).fresh()
    with serving(url, folder, "--workers", "1" if request.param == "sqlite" else "2") as served:
        yield Camera(served, folder)
    factories(request.param).dispose(url)


class Camera:
    """One photograph after the other, each with its own bytes, and where to send them."""

    def __init__(self, office: Office, folder: Path) -> None:
        self.folder, self.seeds = folder, itertools.count()
        token = office.token("li", "browser")
        self.where = {
            "endpoint": f"{office.server.url}/api/v1/uploads",
            "headers": {"Authorization": f"Bearer {token}"},
        }

    def take(self, size: int = 200_000) -> tuple[Path, dict[str, str]]:
        seed = next(self.seeds)
        data = jpeg("red", (64, 48)) + random.Random(seed).randbytes(size)
        path = self.folder / f"照片 {seed}.jpg"
        path.write_bytes(data)
        said = {"dossier": WJ, "record": new_id(), "sha256": hashlib.sha256(data).hexdigest()}
        return path, said | {"filename": path.name}

    def send(self, path: Path, **order: Any) -> dict[str, Any]:
        """By tus-js-client."""
        return tus_js(path, **self.where | order)

    def rests(self, path: Path) -> bool:
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        found = [p for p in (self.folder / "media").rglob(digest) if p.is_file()]
        return [p.read_bytes() for p in found] == [path.read_bytes()]
