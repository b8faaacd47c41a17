"""A PostgreSQL of the test's own, that it may stop and start again; durable, its data outlives both."""

import os
import secrets
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from tests.support import postgres_keeper as keeper
from tests.support.ports import LOOPBACK, reserve_port
from tests.support.postgres import binaries_for, wheel

STOP_TIMEOUT_S = 30.0


class OwnPostgres:
    """One server on one port of the loopback, the port kept while it is stopped; with `follows` it is a
    streaming standby of that one.
    """

    def __init__(self, home: Path, follows: "OwnPostgres | None" = None) -> None:
        if follows is None:
            self.password = secrets.token_hex(16)
            self.binaries = binaries_for(home, wheel())
            self.data = keeper.make_cluster(self.binaries, home, self.password)
        else:
            self.password, self.binaries = follows.password, follows.binaries
            self.data = self._copied(follows, home / "standby")
        self._held = reserve_port()
        self.port: int = self._held.getsockname()[1]
        self._process: subprocess.Popen[bytes] | None = None

    def _copied(self, primary: "OwnPostgres", data: Path) -> Path:
        """What pg_basebackup makes of a running server, with the settings to follow it (-R)."""
        data.mkdir(mode=0o700)
        keeper.give_to_account(data)
        copy = [
            str(self.binaries / "pg_basebackup"),
            f"--pgdata={data}",
            "--write-recovery-conf",
            "--no-sync",
        ]
        copy += ["--checkpoint=fast", f"--dbname={primary.url('postgres', driver='postgresql')}"]
        subprocess.run(copy, check=True, cwd=data.parent, env=keeper.environment(), **keeper.account())
        return data

    def run(self, statement: str) -> None:
        """A statement of the keeper of databases, outside every transaction."""
        with psycopg.connect(self.url("postgres", driver="postgresql"), autocommit=True) as connection:
            connection.execute(statement)  # type: ignore[arg-type]

    def url(self, database: str, *, driver: str = "postgresql+psycopg") -> str:
        return f"{driver}://postgres:{self.password}@{LOOPBACK}:{self.port}/{database}"

    def start(self) -> None:
        """Start where it does not run, and return once it accepts connections."""
        if self._process is None:
            self._process = keeper.launch(self.binaries, self.data, self.port, {})

    def stop(self) -> None:
        """As an operator would: open sessions are ended, the data is written out."""
        if self._process is not None:
            self._process.send_signal(signal.SIGINT)  # fast shutdown
            self._process.wait(STOP_TIMEOUT_S)
            self._process = None

    def create(self, database: str) -> None:
        self.run(f'CREATE DATABASE "{database}"')

    def kill(self) -> None:
        """As a machine that is gone: nothing is written out, nobody is told."""
        if self._process is not None:
            keeper.end(self._process)
            self._process = None

    def close(self) -> None:
        if self._process is not None:
            keeper.end(self._process)
        self._held.close()


@contextmanager
def own_postgres() -> Iterator[OwnPostgres]:
    """It runs when the block begins, and its data is gone after it."""
    home = Path(tempfile.mkdtemp(prefix="xunjian-own-pg-"))
    if os.geteuid() == 0:
        home.chmod(0o711)
    try:
        server = OwnPostgres(home)
        try:
            server.start()
            yield server
        finally:
            server.close()
    finally:
        shutil.rmtree(home, ignore_errors=True)
