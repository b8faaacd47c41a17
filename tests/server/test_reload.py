"""HUP brings new code, and all of it: a worker that is half of the old house would not start, or worse."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.support.live import REPOSITORY

# What the master holds once it has started and a worker has ended; then the files change under it, as when
# an operator puts the next release there, and a worker is forked.
RELOADED = """
import importlib
from pathlib import Path
from server import gunicorn
importlib.import_module(gunicorn.worker_class.rpartition(".")[0])
class Gone: pid, age = 4194305, 1
gunicorn.child_exit(None, Gone)
names = ("endpoint", "gunicorn", "logs", "metrics", "office", "standby", "transaction")
for name in names:
    with Path("server", f"{name}.py").open("a") as source:
        source.write("NEW = True\\n")
gunicorn.post_fork(None, None)
for name in reversed(names):
    print(name, importlib.import_module(f"server.{name}").NEW)
"""

# A worker that is told to go while it still loads, with somebody standing in the door.
LEAVING = """
import os, signal, socket
from gunicorn.config import Config
from gunicorn.glogging import Logger
from gunicorn.sock import TCPSocket
from server.reception import Reception

def answer(environ, start_response):
    start_response("200 OK", [("Content-Length", "4")])
    return [b"here"]

class Loading:
    def wsgi(self):
        os.kill(os.getpid(), signal.SIGTERM)
        return answer

cfg = Config()
log = Logger(cfg)
door = TCPSocket(("127.0.0.1", 0), cfg, log)
client = socket.create_connection(door.getsockname(), timeout=20)
client.sendall(b"GET / HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n")
Reception(1, os.getppid(), [door], Loading(), 30, cfg, log).init_process()
print(client.recv(4096).splitlines()[0].decode())
"""


def test_a_worker_that_is_told_to_go_while_it_loads_answers_whoever_stands_in_the_door() -> None:
    """As on two reloads right after each other."""
    told = subprocess.run([sys.executable, "-c", LEAVING], cwd=REPOSITORY, capture_output=True, text=True)
    assert (told.returncode, told.stdout) == (0, "HTTP/1.1 200 OK\n"), told.stderr


def test_a_worker_that_a_reload_brings_is_of_the_new_code_throughout(tmp_path: Path) -> None:
    for part in ("server", "sync", "media"):
        shutil.copytree(REPOSITORY / part, tmp_path / part, ignore=shutil.ignore_patterns("__pycache__"))
    told = subprocess.run(
        [sys.executable, "-c", RELOADED],
        cwd=tmp_path,
        env=os.environ | {"PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
    )
    assert told.returncode == 0, told.stderr
    assert [line.split()[1] for line in told.stdout.splitlines()] == ["True"] * 7
