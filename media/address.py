"""Where an S3 store is and how it is spoken to, in one URL without a secret in it."""

import re
from dataclasses import dataclass
from typing import Literal
from urllib.parse import parse_qsl, unquote, urlsplit

BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
REGION = re.compile(r"[a-z0-9-]{1,40}")
PREFIX = re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]{0,62}/){0,8}")
NAMES = frozenset({"endpoint", "region", "prefix", "checksums"})

Checksums = Literal["when_supported", "when_required"]


@dataclass(frozen=True, slots=True, kw_only=True)
class S3Address:
    """A bucket at an endpoint; `prefix` is empty or ends with a slash. Credentials are not in it."""

    bucket: str
    endpoint: str
    region: str = "us-east-1"
    prefix: str = ""
    checksums: Checksums = "when_required"

    @classmethod
    def from_url(cls, url: str) -> "S3Address":
        """Read `s3://bucket?endpoint=https://…&region=…&prefix=…&checksums=…`.

        Raises ValueError without a word of the URL in it: somebody will write a password there.
        """
        parts = urlsplit(url)
        if parts.scheme != "s3" or parts.path not in ("", "/") or not BUCKET.fullmatch(parts.netloc):
            raise ValueError("expected s3://bucket?endpoint=…, the bucket in lower case, no sign-in")
        said = dict(parse_qsl(parts.query, keep_blank_values=True))
        if unknown := len(set(said) - NAMES):
            raise ValueError(f"{unknown} unknown settings; there are {', '.join(sorted(NAMES))}")
        region, prefix = said.get("region") or "us-east-1", _prefix(said.get("prefix", ""))
        if not REGION.fullmatch(region):
            raise ValueError("region: lower-case letters, digits and hyphens")
        return cls(
            bucket=parts.netloc,
            endpoint=checked_endpoint(said.get("endpoint", "")),
            region=region,
            prefix=prefix,
            checksums=_checksums(said.get("checksums") or "when_required"),
        )

    @property
    def on_loopback(self) -> bool:
        """Whether the endpoint is this machine itself."""
        return urlsplit(self.endpoint).hostname in ("127.0.0.1", "::1", "localhost")


def checked_endpoint(given: str) -> str:
    """`given` without a slash at its end; raises ValueError where it is no plain http(s) address."""
    parts = urlsplit(given)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("endpoint: expected http://host:port or https://host")
    if "@" in parts.netloc or parts.query or parts.fragment:
        raise ValueError("endpoint: credentials come from the environment or from files, never from the URL")
    return f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}"


def _prefix(given: str) -> str:
    prefix = unquote(given).strip("/")
    prefix = f"{prefix}/" if prefix else ""
    if not PREFIX.fullmatch(prefix):
        raise ValueError("prefix: letters, digits, dots, hyphens and slashes")
    return prefix


def _checksums(given: str) -> Checksums:
    if given == "when_supported":
        return "when_supported"
    if given == "when_required":
        return "when_required"
    raise ValueError("checksums: when_supported or when_required")
