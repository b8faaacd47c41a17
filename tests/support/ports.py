"""A TCP port on the loopback that stays ours while the server behind it comes and goes."""

import socket
from pathlib import Path

LOOPBACK = "127.0.0.1"


def reserve_port() -> socket.socket:
    """Return a bound socket that never listens; its port is `getsockname()[1]`.

    Asking for a free port and closing it again would let another process take the number, and the
    test would then talk to a stranger. A bound socket that does not listen keeps the number, while
    clients are still refused, as they would be by a machine whose server is down. Linux lets a
    server that sets SO_REUSEADDR (gunicorn, PostgreSQL and http.server do) bind beside it.
    """
    held = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    held.bind((LOOPBACK, 0))
    return held


def tail(path: Path, *, lines: int = 40) -> str:
    """Return the last lines of a log, or a remark where it was never written."""
    if not path.exists():
        return f"({path} was never written)"
    return "\n".join(path.read_text("utf-8", errors="replace").splitlines()[-lines:])
