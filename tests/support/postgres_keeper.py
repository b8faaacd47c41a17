"""The keeper of one temporary PostgreSQL: starts it, counts its users, and ends it with the last.

A user is an open connection to the keeper's socket, and the kernel closes that when its process
ends, however it ends. So a `kill -9` of pytest leaves no server behind, and nobody counts by hand.
Runs as `python -S -m tests.support.postgres_keeper '<json>'`; standard input is the first user.
"""

import contextlib
import ctypes
import json
import os
import pwd
import secrets
import select
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from tests.support.keeping import in_background
from tests.support.ports import LOOPBACK, reserve_port

START_TIMEOUT_S = 30.0
STOP_TIMEOUT_S = 10.0
KEPT_TIMEOUT_S = 50.0  # a checkpoint of what is kept; who waits for us does so for 60 s
LOG = 2  # our own standard error, which the starter has pointed at the log
UNPRIVILEGED = "nobody"  # PostgreSQL refuses root; this account owns nothing else worth taking.

QUICK = {
    # A test database never outlives its run, so nothing here is worth a wait for the disk.
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "checkpoint_timeout": "1h",
    "log_checkpoints": "off",  # one for each copied or dropped database would bury the errors
    # Copying a template waits for whoever is connected to it, and autovacuum connects unasked.
    "autovacuum": "off",
}


def account() -> dict[str, Any]:
    """Return the `subprocess` arguments that leave root behind, or none for an ordinary user."""
    if os.geteuid() != 0:
        return {}
    entry = pwd.getpwnam(UNPRIVILEGED)
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}


def end_with_parent() -> None:
    """Ask the kernel to stop PostgreSQL if the keeper itself is killed."""
    # Runs after the change of user, because that change clears the request.
    if sys.platform == "linux":
        set_parent_death_signal = 1  # PR_SET_PDEATHSIG, prctl(2)
        ctypes.CDLL(None).prctl(set_parent_death_signal, signal.SIGQUIT)


def environment() -> dict[str, str]:
    """Return an environment without PG* variables, which would redirect initdb and postgres."""
    return {"LC_ALL": "C", "TZ": "UTC", "PATH": os.environ.get("PATH", os.defpath)}


def give_to_account(path: Path) -> None:
    """Hand a path to the account that PostgreSQL runs under."""
    if who := account():
        os.chown(path, who["user"], who["group"])


def make_cluster(binaries: Path, home: Path, password: str) -> Path:
    """Run initdb and return the data folder."""
    data = home / "data"
    data.mkdir(mode=0o700)
    give_to_account(data)
    secret = home / "password"
    secret.touch(mode=0o600)
    secret.write_text(password)
    give_to_account(secret)
    command = [str(binaries / "initdb"), f"--pgdata={data}", "--username=postgres"]
    # A password although it is only the loopback: a superuser may run programs as us, and on a
    # shared machine every account can reach the port. One round of hashing keeps connecting cheap.
    command += ["--auth=scram-sha-256", f"--pwfile={secret}", "--set=scram_iterations=1"]
    # Ordered by code point, like SQLite's BINARY, so that a sort cannot differ between the two.
    command += ["--encoding=UTF8", "--locale=C", "--locale-provider=builtin"]
    command += ["--builtin-locale=C.UTF-8", "--no-sync", "--no-instructions"]
    subprocess.run(command, check=True, cwd=home, env=environment(), stdout=LOG, **account())
    secret.unlink()
    return data


def cluster(binaries: Path, home: Path, kept: Path | None) -> tuple[Path, str]:
    """A data folder and its password: a new one in `home`, or the one in `kept` as it was left."""
    password = secrets.token_hex(16)
    if kept is None:
        return make_cluster(binaries, home, password), password
    known = kept / "known"  # written last: without it the data is half made
    if not known.exists():
        shutil.rmtree(kept, ignore_errors=True)
        kept.mkdir()
        kept.chmod(0o711)
        make_cluster(binaries, kept, password)
        known.touch(mode=0o600)
        known.write_text(password)
    return kept / "data", known.read_text()


def launch(binaries: Path, data: Path, port: int, settings: dict[str, str]) -> subprocess.Popen[bytes]:
    """Start the postmaster and return once it accepts connections."""
    settings = {
        "listen_addresses": LOOPBACK,
        "port": str(port),
        "unix_socket_directories": "",  # a test folder's path is often too long for one
        "max_connections": "200",  # some xdist workers, each with an application and its pool
        "timezone": "UTC",
        **settings,
    }
    command = [str(binaries / "postgres"), "-D", str(data)]
    command += [f"--{name}={value}" for name, value in settings.items()]
    postmaster = subprocess.Popen(
        command,
        cwd=data,
        env=environment(),
        stdin=subprocess.DEVNULL,
        stdout=LOG,
        preexec_fn=end_with_parent,
        **account(),
    )
    deadline = time.monotonic() + START_TIMEOUT_S
    while not is_ready(data, postmaster.pid):
        if postmaster.poll() is not None or time.monotonic() > deadline:
            end(postmaster)
            raise SystemExit("PostgreSQL did not start")
        time.sleep(0.01)
    return postmaster


def is_ready(data: Path, pid: int) -> bool:
    """Tell whether the postmaster has declared itself ready in its eighth line (miscadmin.h)."""
    try:
        lines = (data / "postmaster.pid").read_text().splitlines()
    except FileNotFoundError:
        return False
    # Kept data may still hold the file of a postmaster that was killed.
    return len(lines) >= 8 and lines[0] == str(pid) and lines[7].strip() == "ready"


def end(postmaster: subprocess.Popen[bytes], *, kept: bool = False) -> None:
    """End the server at once, open sessions included."""
    # Immediate where the data is deleted next: a checkpoint would be wasted.
    postmaster.send_signal(signal.SIGINT if kept else signal.SIGQUIT)
    try:
        postmaster.wait(KEPT_TIMEOUT_S if kept else STOP_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        postmaster.kill()
        postmaster.wait()


def serve(
    door: socket.socket, first: socket.socket, postmaster: subprocess.Popen[bytes], facts: bytes
) -> list[socket.socket]:
    """Tell every user the facts until all have left; return the last, who waits for the end."""
    users = [first]
    first.sendall(facts)
    while True:
        readable, _, _ = select.select([door, *users], [], [], 0.5)
        if postmaster.poll() is not None:
            return users
        if door in readable:
            user, _ = door.accept()
            users.append(user)
            with contextlib.suppress(OSError):  # gone already; the next round sees it
                user.sendall(facts)
        gone = [user for user in users if user in readable and has_left(user)]
        if len(gone) == len(users):
            return gone
        for user in gone:
            users.remove(user)
            user.close()


def has_left(user: socket.socket) -> bool:
    """Tell whether a readable user has closed its side."""
    try:
        return user.recv(64) == b""
    except OSError:
        return True


def keep(order: dict[str, Any], first: socket.socket) -> None:
    """Run one server in `home` from its first user to its last, then delete the folder.

    Data in the folder `kept`, where one is named, stay.
    """
    binaries, home, postmaster = Path(order["binaries"]), Path(order["home"]), None
    kept = Path(order["kept"]) if order["kept"] else None
    settings = {} if order["durable"] else QUICK
    leaving: list[socket.socket] = []
    try:
        data, password = cluster(binaries, home, kept)
        with reserve_port() as held, socket.socket(socket.AF_UNIX) as door:
            port = held.getsockname()[1]
            door.bind(str(home / "door.new"))
            door.listen(64)
            # Visible only once it listens: a door that refuses marks a folder that is left over.
            (home / "door.new").rename(home / "door")
            postmaster = launch(binaries, data, port, settings)
            facts = {"port": port, "password": password, "pid": postmaster.pid}
            leaving = serve(door, first, postmaster, json.dumps(facts).encode() + b"\n")
            # Before the server ends: who knocks from here on must be refused and start their own.
            (home / "door").unlink()
    finally:
        if postmaster is not None:
            end(postmaster, kept=kept is not None)
        shutil.rmtree(home, ignore_errors=True)
        for user in leaving:
            user.close()


if __name__ == "__main__":
    in_background(keep)
