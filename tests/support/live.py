"""The real application behind a real port, to be killed and started again as a machine would be."""

import contextlib
import http.client
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.support.ports import LOOPBACK, reserve_port, tail

REPOSITORY = Path(__file__).resolve().parents[2]
START_TIMEOUT_S = 30.0
STOP_TIMEOUT_S = 10.0

APPLICATION = (
    *(sys.executable, "-m", "gunicorn", "--worker-class", "gthread"),
    *("--workers", "1", "--threads", "16", "--bind", "{bind}", "--graceful-timeout", "2"),
    "--no-control-socket",  # it lies in the home folder, and the servers of a run would share it
    "server.app:create_app()",
)

# Waits on its standard input. Silence and then the end of it mean that our process died without a
# word, and then the server's whole group goes too; a word means that the server was ended already.
GUARD = "import os, sys\nif not sys.stdin.read(): os.killpg(int(sys.argv[1]), 9)"


class LiveServer:
    """One server process group on one port of 127.0.0.1, the port kept over restarts.

    `env` is laid over our own environment. In `command`, `{bind}` and `{port}` stand for the
    address; the program must set SO_REUSEADDR on its socket, as gunicorn and http.server do.
    """

    def __init__(
        self,
        env: Mapping[str, str],
        command: Sequence[str] | None = None,
        *,
        folder: Path | None = None,
        health: str = "/healthz",
    ) -> None:
        self._held = reserve_port()
        self.port: int = self._held.getsockname()[1]
        self.url = f"http://{LOOPBACK}:{self.port}"
        bind = f"{LOOPBACK}:{self.port}"
        self._command = [
            part.replace("{bind}", bind).replace("{port}", str(self.port)) for part in command or APPLICATION
        ]
        self._env = {**os.environ, "PYTHONUNBUFFERED": "1", "XUNJIAN_BIND": bind, **env}
        folder = folder or Path(tempfile.mkdtemp(prefix="xunjian-live-"))
        self.log_path = folder / f"live-{self.port}.log"
        self._health = health
        self._process: subprocess.Popen[bytes] | None = None
        self._guard: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """Return the process id of the group's leader, or None while it does not run."""
        return self._process.pid if self._process else None

    def start(self) -> "LiveServer":
        """Start and wait until the health page answers 200; RuntimeError with the log if not."""
        if self._process is not None:
            raise RuntimeError("it runs already")
        with self.log_path.open("ab") as log:
            self._process = subprocess.Popen(
                self._command,
                cwd=REPOSITORY,
                env=self._env,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        guard = [sys.executable, "-I", "-S", "-c", GUARD, str(self._process.pid)]
        self._guard = subprocess.Popen(guard, stdin=subprocess.PIPE, start_new_session=True)
        deadline = time.monotonic() + START_TIMEOUT_S
        while not self._is_healthy():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.kill()
                raise RuntimeError(f"{self._command} did not start:\n{tail(self.log_path)}")
            time.sleep(0.02)
        return self

    def kill(self) -> None:
        """Kill the whole group at once, as a power cut would; nothing is flushed or answered."""
        if self._process is not None:
            self._end_group()

    def stop(self) -> None:
        """Ask the server to finish its requests and end; kill it where it does not."""
        if self._process is None:
            return
        self._process.send_signal(signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(STOP_TIMEOUT_S)
        self._end_group()

    def restart(self) -> "LiveServer":
        """Stop where it runs, and start on the same port."""
        self.stop()
        return self.start()

    def log(self) -> str:
        """Return everything that was logged, over all starts."""
        return self.log_path.read_text("utf-8", errors="replace")

    def close(self) -> None:
        """Stop and give the port back."""
        self.stop()
        self._held.close()

    def __enter__(self) -> "LiveServer":
        try:
            return self.start()
        except RuntimeError:
            self.close()
            raise

    def __exit__(self, *_: object) -> None:
        self.close()

    def _end_group(self) -> None:
        assert self._process is not None
        assert self._guard is not None
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._process = None
        self._guard.communicate(b"ended")
        self._guard = None
        # Workers are not our children and cannot be waited for, but while one of them is still
        # being taken down the port answers, and a restart could not bind it.
        deadline = time.monotonic() + STOP_TIMEOUT_S
        while self._is_open():
            if time.monotonic() > deadline:
                raise RuntimeError(f"somebody still listens on {self.url}")
            time.sleep(0.005)

    def _is_open(self) -> bool:
        with socket.socket() as client:
            return client.connect_ex((LOOPBACK, self.port)) == 0

    def _is_healthy(self) -> bool:
        # Not urllib: a proxy from the environment would come between us and the loopback.
        connection = http.client.HTTPConnection(LOOPBACK, self.port, timeout=5)
        try:
            connection.request("GET", self._health)
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()
