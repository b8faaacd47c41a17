"""What lies in the archive's bucket is neither destroyed nor replaced before its time, by anybody."""

import hashlib
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from media.errors import BytesDiffer, StoreUnavailable
from media.locked import LockedStore
from media.s3 import ONE_PUT
from media.store import archive_key
from tests.support.house import new_id
from tests.support.seaweed import SeaweedServer, client

pytestmark = pytest.mark.usefixtures("credentials")
LOCK_DAYS = timedelta(days=3650)


@pytest.fixture
def bucket(seaweed: SeaweedServer) -> str:
    name = f"vault-{new_id()[-12:]}"
    client(seaweed.port).create_bucket(Bucket=name, ObjectLockEnabledForBucket=True)
    return name


@pytest.fixture
def vault(seaweed: SeaweedServer, bucket: str) -> LockedStore:
    return LockedStore(seaweed.address(bucket=bucket), lambda: datetime.now(UTC), LOCK_DAYS)


def put(vault: LockedStore, folder: Path, key: str, data: bytes) -> bool:
    file = folder / "file"
    file.write_bytes(data)
    return vault.put(key, file, sha256=hashlib.sha256(data).hexdigest())


@pytest.mark.parametrize("size", [10, ONE_PUT + 1], ids=["small", "in parts"])
def test_it_is_kept_for_its_time_and_nobody_deletes_or_shortens_it(
    seaweed: SeaweedServer, vault: LockedStore, bucket: str, tmp_path: Path, size: int
) -> None:
    key = archive_key("journals", "project:wj-01", "0001", "x.ckpt")
    assert put(vault, tmp_path, key, b"x" * size)
    s3 = client(seaweed.port)
    head = s3.head_object(Bucket=bucket, Key=key)
    left = head["ObjectLockRetainUntilDate"] - datetime.now(UTC)
    assert head["ObjectLockMode"] == "COMPLIANCE" and left > LOCK_DAYS - timedelta(hours=1)
    with pytest.raises(ClientError):
        s3.delete_object(Bucket=bucket, Key=key, VersionId=head["VersionId"])
    sooner = {"Mode": "COMPLIANCE", "RetainUntilDate": datetime.now(UTC) + timedelta(days=1)}
    with pytest.raises(ClientError):
        s3.put_object_retention(Bucket=bucket, Key=key, VersionId=head["VersionId"], Retention=sooner)
    assert vault.open(key).read(4) == b"xxxx"


def test_what_is_there_is_not_put_again_and_other_bytes_are_refused(
    vault: LockedStore, tmp_path: Path
) -> None:
    key = archive_key("keys", "0001.note")
    assert put(vault, tmp_path, key, b"one") and not put(vault, tmp_path, key, b"one")
    with pytest.raises(BytesDiffer):
        put(vault, tmp_path, key, b"two")


def test_a_bucket_without_object_lock_takes_nothing(seaweed: SeaweedServer, tmp_path: Path) -> None:
    """Silence would be worse: an archive that anybody may delete looks like one that nobody can."""
    open_one = LockedStore(seaweed.address(f"{new_id()}/"), lambda: datetime.now(UTC), LOCK_DAYS)
    with pytest.raises(StoreUnavailable):
        put(open_one, tmp_path, archive_key("keys", "0001.note"), b"one")
