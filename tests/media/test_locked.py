"""What lies in the archive's bucket is neither destroyed nor replaced before its time, by anybody."""

import hashlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from media.errors import BytesDiffer, LockIgnored, StoreUnavailable
from media.locked import LockedStore
from media.s3 import ONE_PUT
from media.store import archive_key
from tests.support.forgetful_door import forgetful_door
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


def test_a_store_that_forgets_what_it_is_told_of_locks_is_refused_and_stays_refused(
    seaweed: SeaweedServer, vault: LockedStore, tmp_path: Path
) -> None:
    with forgetful_door(seaweed.port) as door:
        forgets = LockedStore(replace(vault.address, endpoint=door), vault._clock, LOCK_DAYS)
        for name in ("0001.note", "0002.note", "0001.note"):  # the last one is there already
            with pytest.raises(LockIgnored) as refused:
                put(forgets, tmp_path, archive_key("keys", name), b"one")
            assert (refused.value.code, refused.value.remedy) == ("lock-ignored", "ask")
            assert refused.value.details == {"key": f"keys/{name}", "mode": None}
    # The same words at the bucket's own door are kept, and looked at once.
    put(vault, tmp_path, archive_key("keys", "0003.note"), b"one")
    assert vault._holds


def test_a_retention_that_ends_too_soon_is_no_retention(
    seaweed: SeaweedServer, vault: LockedStore, tmp_path: Path
) -> None:
    until = vault._until() + timedelta(days=1)
    put(vault, tmp_path, archive_key("keys", "0001.note"), b"one")
    with pytest.raises(LockIgnored):
        vault._check(archive_key("keys", "0001.note"), until)


def test_an_object_that_is_there_already_proves_nothing_of_the_next_one(
    vault: LockedStore, tmp_path: Path
) -> None:
    put(vault, tmp_path, archive_key("keys", "0001.note"), b"one")
    later = LockedStore(vault.address, lambda: vault._clock() + 2 * LOCK_DAYS, LOCK_DAYS)
    assert not put(later, tmp_path, archive_key("keys", "0001.note"), b"one")  # though its time is over
    assert not later._holds
