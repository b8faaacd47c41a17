"""The keeper of one temporary S3 store: starts it, counts its users, and ends it with the last.

Like postgres_keeper.py, which says why. Runs as `python -S -m tests.support.s3_keeper '<json>'`; which
store that is, the order says (s3_server.py: Recipe).
"""

import http.client
import json
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from tests.support.keeping import in_background
from tests.support.ports import LOOPBACK, reserve_port
from tests.support.postgres_keeper import LOG, end_with_parent, serve

START_TIMEOUT_S = 30.0
DOOR = "s3"  # every store has a port of this name


def hold_ports(held: ExitStack, names: Iterable[str]) -> dict[str, int]:
    """A port for each name, ours until `held` is closed."""
    return {name: held.enter_context(reserve_port()).getsockname()[1] for name in names}


def filled(line: Iterable[str], data: Path, ports: Mapping[str, int]) -> list[str]:
    """A command line with the data folder and the ports in their places."""
    places = {"{data}": str(data)} | {f"{{{name}}}": str(port) for name, port in ports.items()}
    out = []
    for part in line:
        for place, value in places.items():
            part = part.replace(place, value)
        out.append(part)
    return out


def is_ready(port: int, health: str) -> bool:
    """Whether the S3 door answers; it is the last part that starts."""
    connection = http.client.HTTPConnection(LOOPBACK, port, timeout=2)
    try:
        connection.request("GET", health)
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def launch(order: Mapping[str, Any], data: Path, ports: Mapping[str, int]) -> "subprocess.Popen[bytes]":
    """Start the server and return once it answers."""
    env = {"PATH": os.environ.get("PATH", os.defpath), "HOME": str(data), **order["env"]}
    for line in order["prepare"]:
        subprocess.run(filled(line, data, ports), check=True, cwd=data, env=env, stdout=LOG)
    process = subprocess.Popen(
        filled(order["command"], data, ports),
        cwd=data,
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=LOG,
        preexec_fn=end_with_parent,
    )
    deadline = time.monotonic() + START_TIMEOUT_S
    while not is_ready(ports[DOOR], order["health"]):
        if process.poll() is not None or time.monotonic() > deadline:
            end(process)
            raise SystemExit(f"{order['title']} did not start")
        time.sleep(0.05)
    return process


def end(process: "subprocess.Popen[bytes]") -> None:
    """End the server at once; its data is deleted next."""
    process.kill()  # SIGQUIT, which PostgreSQL obeys, makes a Go program print every goroutine
    process.wait()


def keep(order: Mapping[str, Any], first: socket.socket) -> None:
    """Run one server in a folder of its own from its first user to its last, then delete the folder."""
    home, process = Path(order["home"]), None
    leaving: list[socket.socket] = []
    try:
        data = home / "data"
        data.mkdir()
        with ExitStack() as held, socket.socket(socket.AF_UNIX) as door:
            ports = hold_ports(held, order["ports"])
            door.bind(str(home / "door.new"))
            door.listen(64)
            (home / "door.new").rename(home / "door")
            process = launch(order, data, ports)
            facts = {"port": ports[DOOR], "pid": process.pid}
            leaving = serve(door, first, process, json.dumps(facts).encode() + b"\n")
            (home / "door").unlink()
    finally:
        if process is not None:
            end(process)
        shutil.rmtree(home, ignore_errors=True)
        for user in leaving:
            user.close()


if __name__ == "__main__":
    in_background(keep)
