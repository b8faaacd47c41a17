"""The keeper of one temporary SeaweedFS: starts it, counts its users, and ends it with the last.

Like postgres_keeper.py, which says why. Runs as `python -S -m tests.support.seaweed_keeper '<json>'`.
"""

import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path

from tests.support.ports import LOOPBACK, reserve_port
from tests.support.postgres_keeper import LOG, end_with_parent, serve

START_TIMEOUT_S = 30.0
SERVICES = ("s3", "filer", "master", "volume", "admin")
BUCKETS = ("media", "audit")  # each wants 7 volumes


def command(weed: str, data: Path, ports: Mapping[str, int]) -> list[str]:
    """The command line of one SeaweedFS; `ports` names one for each service and its grpc twin."""
    line = [weed, "mini", f"-dir={data}", f"-ip={LOOPBACK}", f"-ip.bind={LOOPBACK}"]
    line += [
        f"-{name.removesuffix('.grpc')}.port{'.grpc' * name.endswith('.grpc')}={port}"
        for name, port in ports.items()
    ]
    # A misspelled bucket must fail as it would at home, and a test tells nobody on the internet.
    line += ["-s3.autoCreateBucket=false", "-master.telemetry=false", f"-bucket={','.join(BUCKETS)}"]
    return [*line, "-admin.ui=false", "-webdav=false", "-s3.port.iceberg=0", "-s3.port.lance=0"]


def hold_ports(held: ExitStack) -> dict[str, int]:
    """A port for each service, ours until `held` is closed."""
    names = [name + twin for name in SERVICES for twin in ("", ".grpc")]
    return {name: held.enter_context(reserve_port()).getsockname()[1] for name in names}


def is_ready(port: int) -> bool:
    """Whether the S3 door answers; it is the last part that starts."""
    connection = http.client.HTTPConnection(LOOPBACK, port, timeout=2)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def launch(order: Mapping[str, str], data: Path, ports: Mapping[str, int]) -> "subprocess.Popen[bytes]":
    """Start the server and return once it answers."""
    secrets = {"AWS_ACCESS_KEY_ID": order["key"], "AWS_SECRET_ACCESS_KEY": order["secret"]}
    process = subprocess.Popen(
        command(order["weed"], data, ports),
        cwd=data,
        env={"PATH": os.environ.get("PATH", os.defpath), "HOME": str(data), **secrets},
        stdin=subprocess.DEVNULL,
        stdout=LOG,
        preexec_fn=end_with_parent,
    )
    deadline = time.monotonic() + START_TIMEOUT_S
    while not is_ready(ports["s3"]):
        if process.poll() is not None or time.monotonic() > deadline:
            end(process)
            raise SystemExit("SeaweedFS did not start")
        time.sleep(0.05)
    return process


def end(process: "subprocess.Popen[bytes]") -> None:
    """End the server at once; its data is deleted next."""
    process.kill()  # SIGQUIT, which PostgreSQL obeys, makes a Go program print every goroutine
    process.wait()


def keep(order: Mapping[str, str], first: socket.socket) -> None:
    """Run one server in a folder of its own from its first user to its last, then delete the folder."""
    home, process = Path(order["home"]), None
    leaving: list[socket.socket] = []
    try:
        data = home / "data"
        data.mkdir()
        with ExitStack() as held, socket.socket(socket.AF_UNIX) as door:
            ports = hold_ports(held)
            door.bind(str(home / "door.new"))
            door.listen(64)
            (home / "door.new").rename(home / "door")
            process = launch(order, data, ports)
            facts = {"port": ports["s3"], "pid": process.pid}
            leaving = serve(door, first, process, json.dumps(facts).encode() + b"\n")
            (home / "door").unlink()
    finally:
        if process is not None:
            end(process)
        shutil.rmtree(home, ignore_errors=True)
        for user in leaving:
            user.close()


def main() -> None:
    """Read the order from the command line and keep one server in the background."""
    if os.fork():
        os._exit(0)
    order = json.loads(sys.argv[1])
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    first = socket.socket(fileno=os.dup(sys.stdin.fileno()))
    os.dup2(os.open(os.devnull, os.O_RDONLY), sys.stdin.fileno())
    keep(order, first)


if __name__ == "__main__":
    main()
