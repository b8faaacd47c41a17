"""A house of its own for measuring: an empty database, its people and projects, a live server."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import flask_migrate
import orjson
import psycopg
from flask import Flask

from server import transaction
from server.access import SystemMay
from server.app import create_app
from server.config import Config
from server.database import db
from server.office import office
from server.people import actions as people
from sync.arrival import rfc3339
from sync.change import Author, read
from tests.support.house import UNHURRIED
from tests.support.live import LiveServer
from tests.support.postgres import PostgresServer

from .bare import Bare, BarePostgres, BareSqlite
from .client import Client

PASSWORD = "measured-not-guarded"  # guards data that is gone in a minute
CLIENTS = 4
SENDERS = 8  # phones that send single changes: as many as may wait for one dossier
DOSSIERS = tuple(f"project:wangjing-{n}" for n in range(20))
HOT = "project:wangjing-hot"  # the dossier that all push into
LARGE = "project:wangjing-large"  # the dossier that is pulled
MILLION = "project:wangjing-million"
AUDIENCE = "field"
NOTE, KEPT = "filled.json", ("officers", "large", "millions", "pictured", "queued", "worded")
WORKERS, THREADS = 2, 8  # a process for each core


@dataclass(kw_only=True)
class House:
    """One database with a server in front of it; `large`, `millions`, `pictured` and `queued` are filled
    by the first who needs them.
    """

    database: str
    url: str
    folder: Path
    app: Flask
    port: int
    pid: int
    officers: list[str]
    bare_at: str
    peer_at: str
    env: dict[str, str]
    large: list[tuple[str, str, int]] = field(default_factory=list)
    millions: int = 0
    pictured: int = 0
    queued: int = 0
    worded: int = 0

    @contextmanager
    def filling(self) -> Iterator[None]:
        """While this lasts the house cannot be kept: it is neither as it was nor as it is going to be."""
        note = self.folder / NOTE
        note.unlink(missing_ok=True)
        yield
        note.write_bytes(orjson.dumps({name: getattr(self, name) for name in KEPT}))

    def client(self, number: int) -> Client:
        """A signed-in inspector's phone."""
        return Client(self.port, f"inspector{number}", PASSWORD, f"phone-{number}")

    @cached_property
    def bare(self) -> Bare:
        """The same kind of database with nothing but one table."""
        if self.database == "sqlite":
            return BareSqlite(Path(self.bare_at))
        return BarePostgres(self.bare_at)

    def enter(self, dossier: str, changes: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
        """Write changes without HTTP, for what must stand before something is measured."""
        with self.app.app_context():
            here = office()
            author = Author(self.officers[0], "seed", SystemMay())
            understood = [read(c, here.journal.kinds) for c in changes]
            now = rfc3339(here.clock())
            outcomes = transaction.submit(dossier, author, understood, received_at=now, begin=True).outcomes
        all_applied(outcomes)
        return outcomes

    def workers(self) -> list[int]:
        """The process ids of the server's workers."""
        children = Path(f"/proc/{self.pid}/task/{self.pid}/children")
        return [int(pid) for pid in children.read_text().split()]


def all_applied(outcomes: Sequence[dict[str, Any]]) -> None:
    """Raise RuntimeError unless everything was done as asked: a refused change costs nothing."""
    for outcome in outcomes:
        if outcome["status"] != "applied":
            raise RuntimeError(f"not applied: {orjson.dumps(outcome).decode()[:500]}")


@contextmanager
def sqlite_house(folder: Path) -> Iterator[House]:
    """A house on a SQLite file in `folder`."""
    (folder / "bare.db").unlink(missing_ok=True)
    url = f"sqlite:///{folder / 'xunjian.db'}"
    with _house("sqlite", url, folder, bare_at=str(folder / "bare.db")) as house:
        yield house


@contextmanager
def postgres_house(folder: Path) -> Iterator[House]:
    """A house on a durable PostgreSQL whose data lies in `folder`, on the same disk as SQLite's."""
    with PostgresServer.start(folder, durable=True, kept=True) as server:
        _check_honest(server, folder)
        if not server.has("xunjian"):
            server.create("xunjian")
        for name in ("bare", "peer"):
            server.drop(name)
            server.create(name)
        bare_at = server.url("bare", driver="postgresql")
        peer_at = server.url("peer", driver="postgresql")
        with _house("postgresql", server.url("xunjian"), folder, bare_at=bare_at, peer_at=peer_at) as house:
            yield house


def _check_honest(server: PostgresServer, folder: Path) -> None:
    """Raise RuntimeError where the server would be faster, or slower, than a real one."""
    with psycopg.connect(server.url("postgres", driver="postgresql")) as conn:
        told = {
            name: conn.execute(f"SHOW {name}").fetchone()[0]  # type: ignore[index]
            for name in ("fsync", "synchronous_commit", "full_page_writes", "data_directory")
        }
    data = Path(told.pop("data_directory"))
    if set(told.values()) != {"on"}:
        raise RuntimeError(f"PostgreSQL is not durable: {told}")
    if data.stat().st_dev != folder.stat().st_dev:
        raise RuntimeError(f"PostgreSQL's data lies on another disk: {data}")


@contextmanager
def _house(database: str, url: str, folder: Path, *, bare_at: str, peer_at: str = "") -> Iterator[House]:
    env = {"XUNJIAN_VAR": str(folder / "var"), "XUNJIAN_DATABASE_URL": url, **UNHURRIED}
    note = folder / NOTE
    if not note.exists() and (folder / "var").exists():
        raise RuntimeError(f"{folder} was left while it was being filled: delete it")
    app = create_app(Config.from_environment(env))
    with app.app_context():
        flask_migrate.upgrade()
        known = orjson.loads(note.read_bytes()) if note.exists() else {"officers": _staff()}
    with LiveServer(env, command(WORKERS, THREADS), folder=folder) as server:
        house = House(
            database=database,
            url=url,
            folder=folder,
            app=app,
            port=server.port,
            pid=server.pid or 0,
            bare_at=bare_at,
            peer_at=peer_at,
            env=env,
            **known,
        )
        if not note.exists():
            with house.filling():
                for number, dossier in enumerate((*DOSSIERS, HOT, LARGE, MILLION)):
                    house.enter(dossier, [project(number)])
        try:
            yield house
        finally:
            if "bare" in house.__dict__:
                house.bare.close()
            with app.app_context():
                db.engine.dispose()


def _staff() -> list[str]:
    officers = [people.take_on(f"inspector{n}", f"检查员{n}", PASSWORD) for n in range(SENDERS)]
    for officer in officers:
        for dossier in (*DOSSIERS, HOT, LARGE, MILLION):
            people.give_post(officer, dossier, "inspector")
    return officers


def project(number: int) -> dict[str, Any]:
    """A change that begins a dossier."""
    made = office_id(number)
    fields = {"name": "望京街道住宅楼工程", "project_type": "housing", "stage": "under_construction"}
    return {
        "id": made,
        "n": 0,
        "op": "create",
        "kind": "project",
        "record": office_id(number + 100),
        "audience": "public",
        "fields": {n: {"set": v} for n, v in fields.items()},
        "at": "2026-03-01T00:00:00+08:00",
    }


def office_id(number: int) -> str:
    """An id that is known beforehand."""
    return f"00000000-0000-7000-8000-{number:012d}"


def command(workers: int, threads: int) -> tuple[str, ...]:
    """How a server is started for measuring: as `xunjian serve` does it."""
    return (
        *(sys.executable, "-m", "gunicorn"),
        *("--workers", str(workers), "--threads", str(threads), "--bind", "{bind}"),
        *("--graceful-timeout", "2", "--no-control-socket"),
        *("--config", "python:server.gunicorn", "server.gunicorn:application()"),
    )
