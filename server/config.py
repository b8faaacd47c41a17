"""Settings, all from the environment, each documented where it stands."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from media.address import S3Address

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """What a node needs to know. `from_environment` is the only way settings come in."""

    database_url: str
    media: Path | S3Address
    staging: Path
    scratch: Path
    bind: str
    demo_password: str | None
    late_work_hours: int
    office: str
    public_url: str | None

    @classmethod
    def from_environment(cls, env: Mapping[str, str] | None = None) -> "Config":
        """Read the settings; raises ValueError with the variable's name where one is wrong.

        XUNJIAN_VAR            folder for everything kept locally; default `var/` of the checkout
        XUNJIAN_DATABASE_URL   sqlite:///path or postgresql+psycopg://…; default `<var>/xunjian.db`
        XUNJIAN_MEDIA_URL      file:///folder, or an S3 store: s3://bucket?endpoint=https://host[:port]
                               with region=, prefix=, checksums=when_required|when_supported where
                               the store wants them; default `<var>/media`. Its credentials come from
                               AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY or from the usual files
                               (AWS_SHARED_CREDENTIALS_FILE), never from this URL
        XUNJIAN_STAGING        folder for unfinished uploads, per node; default `<var>/staging`
        XUNJIAN_SCRATCH        folder for work in hand, cleared of leftovers; default `<var>/scratch`
        XUNJIAN_BIND           address:port; default 127.0.0.1:8000
        XUNJIAN_DEMO_PASSWORD  password of the demo sign-ins; random and printed once where unset
        XUNJIAN_LATE_WORK_HOURS  how long after a post ran out or was given to another, or a project
                               closed, what was done before that is taken in without a reviewer;
                               default 72, 0 for never
        XUNJIAN_OFFICE         the office's own dossier: law, working days, checklists, plans;
                               default office:cy
        XUNJIAN_PUBLIC_URL     http(s)://host[:port][/path] under which the public reaches this house, for
                               the links in QR codes; default: the address it is bound to
        """
        env = os.environ if env is None else env
        var = Path(env.get("XUNJIAN_VAR") or ROOT / "var").resolve()
        return cls(
            database_url=env.get("XUNJIAN_DATABASE_URL") or f"sqlite:///{var / 'xunjian.db'}",
            media=_media(env.get("XUNJIAN_MEDIA_URL") or (var / "media").as_uri()),
            staging=Path(env.get("XUNJIAN_STAGING") or var / "staging").resolve(),
            scratch=Path(env.get("XUNJIAN_SCRATCH") or var / "scratch").resolve(),
            bind=env.get("XUNJIAN_BIND") or "127.0.0.1:8000",
            demo_password=env.get("XUNJIAN_DEMO_PASSWORD") or None,
            late_work_hours=_hours(env, "XUNJIAN_LATE_WORK_HOURS", 72),
            office=_office(env.get("XUNJIAN_OFFICE") or "office:cy"),
            public_url=_public_url(env.get("XUNJIAN_PUBLIC_URL")),
        )

    @property
    def embedded(self) -> bool:
        """Whether the database is SQLite: one node, one writer."""
        return self.database_url.startswith("sqlite")


def _office(given: str) -> str:
    if not re.fullmatch(r"office:[a-z0-9-]{1,40}", given):
        raise ValueError(f"XUNJIAN_OFFICE: expected office:name in lower case, got {given!r}")
    return given


def _public_url(given: str | None) -> str | None:
    if not given:
        return None
    parts = urlsplit(given)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise ValueError(f"XUNJIAN_PUBLIC_URL: expected http(s)://host[:port][/path], got {given!r}")
    return given.rstrip("/")


def _hours(env: Mapping[str, str], name: str, usual: int) -> int:
    given = env.get(name) or str(usual)
    if not given.isdecimal() or int(given) > 24 * 365:
        raise ValueError(f"{name}: expected a whole number of hours up to a year, got {given!r}")
    return int(given)


def _media(url: str) -> Path | S3Address:
    parts = urlsplit(url)
    if parts.scheme == "s3":
        try:
            return S3Address.from_url(url)
        except ValueError as wrong:
            raise ValueError(f"XUNJIAN_MEDIA_URL: {wrong}") from None
    if parts.scheme != "file" or not parts.path.startswith("/"):
        raise ValueError(f"XUNJIAN_MEDIA_URL: expected file:///folder or s3://…, got {parts.scheme}://…")
    return Path(unquote(parts.path))
