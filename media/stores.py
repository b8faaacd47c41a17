"""A store by its address: a folder (file:///…) or an S3 bucket (s3://…)."""

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import unquote, urlsplit

from media.address import S3Address
from media.files import FileStore
from media.store import Store


def address(url: str) -> Path | S3Address:
    """Read where a store is; raises ValueError without a word of the URL in it (see S3Address)."""
    parts = urlsplit(url)
    if parts.scheme == "s3":
        return S3Address.from_url(url)
    # file://folder/media, a slash too few, would quietly mean /media.
    if parts.scheme != "file" or parts.netloc not in ("", "localhost") or not parts.path.startswith("/"):
        raise ValueError(f"expected file:///folder or s3://…, got {parts.scheme}://…")
    return Path(unquote(parts.path))


def store_at(where: Path | S3Address, *, public: str | None = None) -> Store:
    """The store at an address, and under which endpoint others reach it. Nothing is asked of it yet."""
    if isinstance(where, Path):
        return FileStore(where)
    from media.s3 import S3Store  # boto3 takes a quarter of a second that a house with files need not pay

    return S3Store(where, public=public)


def archive_at(where: Path | S3Address, clock: Callable[[], datetime], keep: timedelta) -> Store:
    """As `store_at`, for what must stay as it is: in a bucket, under retention for so long."""
    if isinstance(where, Path):
        return FileStore(where)
    from media.locked import LockedStore

    return LockedStore(where, clock, keep)
