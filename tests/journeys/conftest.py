"""A living house: demo data, a real server on a real port, command lines as people type them."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from sync.line import HttpLine
from tests.support.databases import DatabaseFactory
from tests.support.house import UNHURRIED
from tests.support.live import REPOSITORY, LiveServer

PASSWORD = "demo right horse"
DOSSIER = "project:wj-01"


@dataclass
class Town:
    """The server with its environment; commands run in that same environment."""

    server: LiveServer
    env: Mapping[str, str]

    def xunjian(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """Run the command line against this town; raises CalledProcessError where it fails."""
        return run(self.env, *arguments)

    def line(self, username: str, device: str = "test") -> HttpLine:
        """A signed-in device."""
        line = HttpLine(self.server.url, timeout_s=20)
        line.sign_in(username, PASSWORD, device)
        return line


@pytest.fixture(scope="session")
def seeded(run_folder: Path, request: pytest.FixtureRequest) -> Callable[[str], tuple[DatabaseFactory, Path]]:
    """Databases with the demonstration in them, and the folder of its pictures; seeded once a run."""
    made: dict[str, tuple[DatabaseFactory, Path]] = {}

    def factory(kind: str) -> tuple[DatabaseFactory, Path]:
        if kind not in made:
            server = request.getfixturevalue("postgres_server") if kind == "postgresql" else None
            folder = run_folder / "seeded" / kind
            maker = DatabaseFactory(
                kind, lambda url: seed(url, folder), folder=folder, server=server, name="seeded"
            )  # type: ignore[arg-type]
            made[kind] = maker, folder
        return made[kind]

    return factory


def seed(url: str, folder: Path) -> None:
    """The newest schema and the demonstration."""
    for command in ("migrate", "demo"):
        run(
            {"XUNJIAN_VAR": str(folder), "XUNJIAN_DATABASE_URL": url, "XUNJIAN_DEMO_PASSWORD": PASSWORD},
            command,
        )


def run(env: Mapping[str, str], *arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run the command line as a person would."""
    return subprocess.run(
        [sys.executable, "-m", "server.cli", *arguments],
        cwd=REPOSITORY,
        env={**os.environ, "COLUMNS": "140", **env},
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )


@pytest.fixture
def town(
    database: str, seeded: Callable[[str], tuple[DatabaseFactory, Path]], tmp_path: Path
) -> Iterator[Town]:
    """The demonstration's district behind a real HTTP server; two workers where the database allows."""
    factory, folder = seeded(database)
    url = factory.fresh()
    shutil.copytree(folder / "media", tmp_path / "media")
    env = {
        "XUNJIAN_VAR": str(tmp_path),
        "XUNJIAN_DATABASE_URL": url,
        "XUNJIAN_DEMO_PASSWORD": PASSWORD,
        **UNHURRIED,
    }
    workers = "1" if database == "sqlite" else "2"
    command = [
        *(sys.executable, "-m", "gunicorn", "--workers", workers),
        *("--threads", "8", "--bind", "{bind}", "--graceful-timeout", "2", "--no-control-socket"),
        *("--config", "python:server.gunicorn", "server.gunicorn:application()"),
    ]
    with LiveServer(env, command, folder=tmp_path) as server:
        yield Town(server, env | {"XUNJIAN_BIND": server.url.removeprefix("http://")})
    factory.dispose(url)
