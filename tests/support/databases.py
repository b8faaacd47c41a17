"""A migrated database of its own for every test, copied from a template made once per run.

In conftest: `from tests.support.databases import postgres_server, run_folder`.
"""

import shutil
import sqlite3
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

import pytest
from filelock import FileLock

from tests.support.postgres import PostgresServer

TEMPLATE = "xunjian_template"

Kind = Literal["sqlite", "postgresql"]
Migrate = Callable[[str], None]


def shared_folder(config: pytest.Config, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the one folder that all xdist workers of this run share, and no other run."""
    base = tmp_path_factory.getbasetemp()
    # A worker's own folder lies inside the run's; without xdist the base is the run's already.
    return base.parent if hasattr(config, "workerinput") else base


@pytest.fixture(scope="session")
def run_folder(pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder that belongs to this run and to all its workers."""
    return shared_folder(pytestconfig, tmp_path_factory)


@pytest.fixture(scope="session")
def postgres_server(run_folder: Path) -> Iterator[PostgresServer]:
    """Yield this worker's hold on the run's PostgreSQL."""
    with PostgresServer.start(run_folder / "postgres") as server:
        yield server


def sqlite_url(folder: Path, name: str = "xunjian.sqlite") -> str:
    """Return the URL of a SQLite file in a folder."""
    return f"sqlite:///{folder / name}"


class DatabaseFactory:
    """Makes databases of one kind. `folder` must be the same for all that share the template.

    `name` tells templates apart that share a server.
    `migrate` gets the URL of an empty database and brings it to the current schema. It runs once
    per folder, so two schemas need two folders.
    """

    def __init__(
        self,
        kind: Kind,
        migrate: Migrate,
        *,
        folder: Path,
        server: PostgresServer | None = None,
        name: str = TEMPLATE,
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.kind = kind
        self._maker: _SqliteMaker | _PostgresMaker
        if kind == "sqlite":
            self._maker = _SqliteMaker(migrate, folder, name)
        elif server is not None:
            self._maker = _PostgresMaker(migrate, server, name)
        else:
            raise ValueError("a factory for postgresql needs a server")
        self._lock = FileLock(folder / f"template-{kind}.lock")
        self._ready = False
        self._thread_lock = threading.Lock()

    def fresh(self) -> str:
        """Return the URL of a new migrated database that nobody else uses."""
        with self._thread_lock:
            if not self._ready:
                # Between workers: the first one migrates, the others wait and find it done.
                with self._lock:
                    self._maker.ensure_template()
                self._ready = True
        return self._maker.copy(f"test_{uuid.uuid4().hex}")

    def dispose(self, url: str) -> None:
        """Give a database up; its open sessions fail from here on."""
        self._maker.remove(url)


class _SqliteMaker:
    def __init__(self, migrate: Migrate, folder: Path, name: str) -> None:
        self._migrate = migrate
        self._folder = folder
        self._template = folder / f"{name}.sqlite"

    def ensure_template(self) -> None:
        if self._template.exists():
            return
        raw = self._folder / "building.sqlite"
        _unlink_sqlite(raw)  # from a worker that was killed while it migrated
        self._migrate(f"sqlite:///{raw}")
        # A backup rather than a rename: what still stands in the write-ahead log comes along.
        whole = self._folder / "whole.sqlite"
        _unlink_sqlite(whole)
        with closing(sqlite3.connect(raw)) as source, closing(sqlite3.connect(whole)) as target:
            source.backup(target)
        whole.replace(self._template)
        _unlink_sqlite(raw)

    def copy(self, name: str) -> str:
        path = self._folder / f"{name}.sqlite"
        shutil.copyfile(self._template, path)
        return f"sqlite:///{path}"

    def remove(self, url: str) -> None:
        _unlink_sqlite(Path(url.removeprefix("sqlite:///")))


class _PostgresMaker:
    def __init__(self, migrate: Migrate, server: PostgresServer, name: str) -> None:
        self._migrate = migrate
        self._server = server
        self._template = name
        self._leaving: str | None = None

    def ensure_template(self) -> None:
        # Asked of the server and not of a file: a server that was restarted has no template.
        if self._server.has(self._template):
            return
        building = f"{self._template}_building"
        self._server.drop(building)  # from a worker that was killed while it migrated
        self._server.create(building)
        self._migrate(self._server.url(building))
        self._server.seal(building, name=self._template)

    def copy(self, name: str) -> str:
        self._server.create(name, template=self._template)
        return self._server.url(name)

    def remove(self, url: str) -> None:
        # Dropping waits 0.1 s where a session has not quite ended, as it has not right after a
        # test. So its sessions are ended now, and it is dropped when the next one comes.
        name = urlsplit(url).path.removeprefix("/")
        self._server.end_sessions(name)
        if self._leaving is not None:
            self._server.drop(self._leaving)
        self._leaving = name


def _unlink_sqlite(path: Path) -> None:
    for suffix in ("", "-wal", "-shm", "-journal", "-writer"):
        Path(f"{path}{suffix}").unlink(missing_ok=True)
