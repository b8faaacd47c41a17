"""Settings, all from the environment, each documented where it stands."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from media.address import S3Address, checked_endpoint
from media.stores import address

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """What a node needs to know. `from_environment` is the only way settings come in."""

    database_url: str
    media: Path | S3Address
    media_public_url: str | None
    public_url: str | None
    staging: Path
    scratch: Path
    bind: str
    demo_password: str | None
    late_work_hours: int
    office: str

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
        XUNJIAN_MEDIA_PUBLIC_URL  https://host[:port] under which phones and browsers reach the S3 store;
                               originals are then fetched from it, by an address that is good for five
                               minutes. A proxy there must pass Host and path on as they come, for
                               both are signed. Unset: everything comes through this server
        XUNJIAN_PUBLIC_URL     https://host[:port] under which the public reaches this server, for links
                               on paper and in pictures; default: the one that the request came by
        XUNJIAN_STAGING        folder for unfinished uploads, per node; default `<var>/staging`
        XUNJIAN_SCRATCH        folder for work in hand, cleared of leftovers; default `<var>/scratch`
        XUNJIAN_BIND           address:port; default 127.0.0.1:8000
        XUNJIAN_DEMO_PASSWORD  password of the demo sign-ins; random and printed once where unset
        XUNJIAN_LATE_WORK_HOURS  how long after a post ran out or was given to another, or a project
                               closed, what was done before that is taken in without a reviewer;
                               default 72, 0 for never
        XUNJIAN_OFFICE         the office's own dossier: law, working days, checklists, plans;
                               default office:cy
        """
        env = os.environ if env is None else env
        var = Path(env.get("XUNJIAN_VAR") or ROOT / "var").resolve()
        return cls(
            database_url=env.get("XUNJIAN_DATABASE_URL") or f"sqlite:///{var / 'xunjian.db'}",
            media=_media(env.get("XUNJIAN_MEDIA_URL") or (var / "media").as_uri()),
            media_public_url=_url(env, "XUNJIAN_MEDIA_PUBLIC_URL"),
            public_url=_url(env, "XUNJIAN_PUBLIC_URL"),
            staging=Path(env.get("XUNJIAN_STAGING") or var / "staging").resolve(),
            scratch=Path(env.get("XUNJIAN_SCRATCH") or var / "scratch").resolve(),
            bind=env.get("XUNJIAN_BIND") or "127.0.0.1:8000",
            demo_password=env.get("XUNJIAN_DEMO_PASSWORD") or None,
            late_work_hours=_hours(env, "XUNJIAN_LATE_WORK_HOURS", 72),
            office=_office(env.get("XUNJIAN_OFFICE") or "office:cy"),
        )

    @property
    def embedded(self) -> bool:
        """Whether the database is SQLite: one node, one writer."""
        return self.database_url.startswith("sqlite")


def _office(given: str) -> str:
    if not re.fullmatch(r"office:[a-z0-9-]{1,40}", given):
        raise ValueError(f"XUNJIAN_OFFICE: expected office:name in lower case, got {given!r}")
    return given


def _url(env: Mapping[str, str], name: str) -> str | None:
    try:
        return checked_endpoint(env[name]) if env.get(name) else None
    except ValueError as wrong:
        raise ValueError(f"{name}: {wrong}") from None


def _hours(env: Mapping[str, str], name: str, usual: int) -> int:
    given = env.get(name) or str(usual)
    if not given.isdecimal() or int(given) > 24 * 365:
        raise ValueError(f"{name}: expected a whole number of hours up to a year, got {given!r}")
    return int(given)


def _media(url: str) -> Path | S3Address:
    try:
        return address(url)
    except ValueError as wrong:
        raise ValueError(f"XUNJIAN_MEDIA_URL: {wrong}") from None
