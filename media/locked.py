"""The archive's store: an S3 bucket with object lock, where nobody destroys what was put before its time."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from media.address import S3Address
from media.errors import LockIgnored
from media.s3 import S3Store

SLACK = timedelta(minutes=1)  # stores keep whole seconds, and a large object is a while on its way


class LockedStore(S3Store):
    """A store whose every object is under COMPLIANCE retention for `keep` from the moment it is put: not
    even the bucket's owner shortens that. The bucket must have been made with object lock.

    A store that does not know what a retention is may take the words and forget them. So the first object
    that each process puts is looked at; raises LockIgnored, and again at the next, until one is held.
    """

    def __init__(self, address: S3Address, clock: Callable[[], datetime], keep: timedelta) -> None:
        super().__init__(address)
        self._clock, self._keep = clock, keep
        self._holds = False

    def put(self, key: str, source: Path, *, sha256: str) -> bool:
        """As `Store.put`; raises LockIgnored too."""
        until = self._until()
        created = super().put(key, source, sha256=sha256)
        if not self._holds:
            self._check(key, until if created else None)
        return created

    def _placed(self, name: str) -> dict[str, Any]:
        return self._named(name) | {
            "ObjectLockMode": "COMPLIANCE",
            "ObjectLockRetainUntilDate": self._until(),
        }

    def _until(self) -> datetime:
        return self._clock().astimezone(UTC) + self._keep

    def _check(self, key: str, until: datetime | None) -> None:
        """Read back how the object is held. One that was there before says nothing of its date: its time
        may be over.
        """
        with self._asking():
            head = self._head(self._name(key)) or {}
        mode, seen = head.get("ObjectLockMode"), head.get("ObjectLockRetainUntilDate")
        if mode != "COMPLIANCE" or seen is None or (until is not None and seen < until - SLACK):
            raise LockIgnored(key=key, mode=mode)
        self._holds = until is not None
