"""Joining a server that all processes of a run share, and letting go of it again.

A keeper (postgres_keeper.py, s3_keeper.py) runs one server in a folder of its own. A user is an
open connection to the keeper's socket; the first who wants the server starts the keeper, and with
the last user's end, however it comes, the keeper ends the server.
"""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from tests.support.ports import tail

REPOSITORY = Path(__file__).resolve().parents[2]
START_TIMEOUT_S = 60.0


def join(address: Path) -> tuple[socket.socket, dict[str, Any]] | None:
    """Become a user of the running server, or return None where none runs."""
    try:
        known = json.loads(address.read_text())
    except (FileNotFoundError, ValueError):
        return None
    link = socket.socket(socket.AF_UNIX)
    try:
        link.connect(str(Path(known["home"]) / "door"))
        return link, read_facts(link) | known
    except OSError:
        link.close()
        return None


def launch(
    keeper: str, order: Mapping[str, Any], log_path: Path, name: str
) -> tuple[socket.socket, dict[str, Any]]:
    """Start a keeper in its own session and wait until its server is ready."""
    link, theirs = socket.socketpair()
    command = [sys.executable, "-S", "-m", keeper, json.dumps(order)]
    with log_path.open("ab") as log, theirs:
        # A session of its own: Ctrl-C is for pytest, whose last tests still need the server.
        subprocess.run(
            command,
            check=True,
            cwd=REPOSITORY,
            stdin=theirs.fileno(),
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        return link, read_facts(link)
    except OSError as error:
        link.close()
        raise RuntimeError(f"{name} did not start:\n{tail(log_path)}") from error


def let_go(link: socket.socket) -> None:
    """Leave; whoever leaves last comes back once the server has ended and its data is gone."""
    with link, contextlib.suppress(OSError):
        link.shutdown(socket.SHUT_WR)
        while link.recv(64):
            pass


def read_facts(link: socket.socket) -> dict[str, Any]:
    """Read the keeper's one line; raises OSError where it ends or stays silent instead."""
    link.settimeout(START_TIMEOUT_S)
    line = b""
    while not line.endswith(b"\n"):
        part = link.recv(4096)
        if not part:
            raise ConnectionResetError("the keeper ended")
        line += part
    facts: dict[str, Any] = json.loads(line)
    return facts


def in_background(keep: Callable[[dict[str, Any], socket.socket], None]) -> None:
    """A keeper's own main: read the order from the command line and keep one server in the background.

    `keep(order, first)` returns with the last user; `first` is the one who asked.
    """
    # The one who asked must not be the parent: it may end first, and has no later use for us.
    if os.fork():
        os._exit(0)
    order = json.loads(sys.argv[1])
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    first = socket.socket(fileno=os.dup(sys.stdin.fileno()))
    os.dup2(os.open(os.devnull, os.O_RDONLY), sys.stdin.fileno())
    keep(order, first)
