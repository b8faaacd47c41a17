"""The newest migration runs while the release before it serves and its clients write: nobody is refused.

The release before it is taken out of the history: the newest commit without the migration.
"""

import io
import os
import subprocess
import sys
import tarfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest
from alembic.script import ScriptDirectory

from sync.line import HttpLine
from tests.support.databases import DatabaseFactory
from tests.support.house import PASSWORD, UNHURRIED, issue
from tests.support.live import REPOSITORY, LiveServer
from tests.support.postgres import PostgresServer

ROOMS = ("server", "sync", "media", "migrations", "web/desk", "web/open")
WRITERS, ENOUGH = 3, 4
PATIENCE_S = 90.0

pytestmark = pytest.mark.journey


def git(*arguments: str) -> bytes:
    return subprocess.run(["git", *arguments], cwd=REPOSITORY, capture_output=True, check=True).stdout


def migrations(commit: str) -> set[str]:
    """The names of the migrations that a commit knows."""
    there = git("ls-tree", "--name-only", commit, "migrations/versions/").decode().split()
    return {name.rpartition("/")[2] for name in there if name.endswith(".py")}


def release_before() -> str:
    """The newest commit that knows every migration but the newest, under the names that they have now:
    of the main line, or, on a branch whose migrations were given other numbers, of any line.
    """
    scripts = ScriptDirectory(str(REPOSITORY / "migrations"))
    head = scripts.get_current_head()
    assert head is not None
    known = {Path(script.path).name for script in scripts.walk_revisions()}
    wanted = known - {Path(scripts.get_revision(head).path).name}
    for line in (["--first-parent"], []):
        for commit in git("rev-list", *line, "HEAD").decode().split():
            if migrations(commit) == wanted:
                return commit
    pytest.skip("no commit knows just the migrations before the newest: two came at once")


@pytest.fixture
def before(tmp_path: Path) -> Path:
    """A checkout of the release before the newest migration."""
    try:
        if git("rev-parse", "--is-shallow-repository").strip() == b"true":
            pytest.skip("the history is cut off: fetch it whole to try the migration")
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("not a git checkout: there is no earlier release to run")
    folder = tmp_path / "before"
    with tarfile.open(fileobj=io.BytesIO(git("archive", release_before(), *ROOMS))) as packed:
        packed.extractall(folder, filter="data")
    return folder


@pytest.fixture
def empty(postgres_server: PostgresServer, run_folder: Path) -> Iterator[str]:
    """A PostgreSQL database with nothing in it, for the earlier release to make its tables."""
    folder = run_folder / "databases"
    factory = DatabaseFactory(
        "postgresql", lambda _url: None, folder=folder, server=postgres_server, name="empty"
    )
    url = factory.fresh()
    yield url
    factory.dispose(url)


def run(folder: Path, env: dict[str, str], *arguments: str) -> None:
    """A command of the release in `folder`."""
    done = subprocess.run(
        [sys.executable, "-m", "server.cli", *arguments],
        cwd=folder,
        env=os.environ | env,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
    )
    assert done.returncode == 0, done.stderr[-2_000:]


def serve(folder: Path, env: dict[str, str], logs: Path) -> LiveServer:
    """The release in `folder` behind a port."""
    command = f"cd '{folder}' && exec '{sys.executable}' -m server.cli serve --workers 1"
    return LiveServer(env, ["/bin/sh", "-c", command], folder=logs)


class Writer(threading.Thread):
    """Pushes one issue after the other, and reads the queue between; any refusal is a fault."""

    def __init__(self, url: str, number: int) -> None:
        super().__init__(daemon=True)
        self.line = HttpLine(url, timeout_s=PATIENCE_S)
        self.line.sign_in("inspector", PASSWORD, f"phone-{number}")
        self.told: list[str] = []
        self.fault: BaseException | None = None
        self.ends = threading.Event()
        listed = self.line.request("GET", "/api/v1/issues").json()["items"]
        self.dossier = listed[0]["dossier"]
        self.seen = {item["id"] for item in listed}

    def run(self) -> None:
        try:
            while not self.ends.is_set():
                self._write()
        except BaseException as fault:
            self.fault = fault
        finally:
            self.line.close()

    def _write(self) -> None:
        change = issue()
        group = {"dossier": self.dossier, "epoch": 1, "changes": [change]}
        body = orjson.dumps({"protocol": 1, "schema": 1, "no": 1, "push": [group]})
        [answer] = orjson.loads(self.line.exchange(body))["push"]
        assert answer["outcomes"][0]["status"] == "applied", answer
        self.told.append(change["record"])
        shown = self.line.request("GET", f"/api/v1/issues/{change['record']}").json()
        assert shown["title"] == change["fields"]["title"]["set"]
        self.line.request("GET", "/api/v1/issues")


def work_on(writers: list[Writer]) -> None:
    """Wait until each has been acknowledged some times more."""
    goal, deadline = [len(w.told) + ENOUGH for w in writers], time.monotonic() + PATIENCE_S
    while any(len(w.told) < n for w, n in zip(writers, goal, strict=True)):
        faults = [w.fault for w in writers if w.fault is not None]
        assert not faults, faults
        assert time.monotonic() < deadline, "they stand still"
        time.sleep(0.02)


def test_the_newest_migration_runs_under_the_release_before_it(
    before: Path, empty: str, tmp_path: Path
) -> None:
    env = {"XUNJIAN_VAR": str(tmp_path / "var"), "XUNJIAN_DATABASE_URL": empty}
    env |= {"XUNJIAN_DEMO_PASSWORD": PASSWORD, **UNHURRIED}
    for command in ("migrate", "demo"):  # rows in its tables, of every kind
        run(before, env, command)
    with serve(before, env, tmp_path) as old:
        writers = [Writer(old.url, number) for number in range(WRITERS)]
        for writer in writers:
            writer.start()
        work_on(writers)
        run(REPOSITORY, env, "migrate")
        work_on(writers)  # the release before goes on, on the new tables
        with serve(REPOSITORY, env, tmp_path) as new:  # node by node: for a while both serve
            readers = [Writer(new.url, WRITERS)]
            readers[0].start()
            work_on([*writers, *readers])
            for writer in [*writers, *readers]:
                writer.ends.set()
                writer.join(PATIENCE_S)
            assert [w.fault for w in [*writers, *readers]] == [None] * (WRITERS + 1)
            told = {record for writer in [*writers, *readers] for record in writer.told}
            with HttpLine(new.url) as line:
                line.sign_in("inspector", PASSWORD, "tablet")
                known, page = set(), {"items": [], "next": ""}
                while page["next"] is not None:
                    asked = {"limit": "200"} | ({"page": page["next"]} if page["next"] else {})
                    page = line.request("GET", "/api/v1/issues", params=asked).json()
                    known |= {item["id"] for item in page["items"]}
            assert told <= known
