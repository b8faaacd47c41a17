"""The archive's store: an S3 bucket with object lock, where nobody destroys what was put before its time."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from media.address import S3Address
from media.s3 import S3Store


class LockedStore(S3Store):
    """A store whose every object is under COMPLIANCE retention for `keep` from the moment it is put: not
    even the bucket's owner shortens that. The bucket must have been made with object lock.
    """

    def __init__(self, address: S3Address, clock: Callable[[], datetime], keep: timedelta) -> None:
        super().__init__(address)
        self._clock, self._keep = clock, keep

    def _placed(self, name: str) -> dict[str, Any]:
        until = self._clock().astimezone(UTC) + self._keep
        return self._named(name) | {"ObjectLockMode": "COMPLIANCE", "ObjectLockRetainUntilDate": until}
