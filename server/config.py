"""Settings, all from the environment, each documented here.

XUNJIAN_VAR            folder for everything kept locally; default `var/` of the checkout
XUNJIAN_DATABASE_URL   sqlite:///path or postgresql+psycopg://…; default `<var>/xunjian.db`. It may hold
                       a password: then better the name of a file, in XUNJIAN_DATABASE_URL_FILE
XUNJIAN_STANDBY_URL    postgresql+psycopg://… of a streaming standby of that database, from which lists,
                       pulls, figures and exports are read, never older than what stood when they were
                       asked for; also in a file, named by XUNJIAN_STANDBY_URL_FILE. Unset: none
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
XUNJIAN_TILES_URL      where the desk's maps get their ground: tiles of the office's own, XYZ in Web
                       Mercator, as /path/{z}/{x}/{y}.png that a proxy answers on this very host, or
                       https://host[:port]/…; anybody may read it, so that a service's key belongs
                       into that proxy. Unset: a grid (decision 0047)
XUNJIAN_STAGING        folder for unfinished uploads, per node; default `<var>/staging`
XUNJIAN_SCRATCH        folder for work in hand, cleared of leftovers; default `<var>/scratch`
XUNJIAN_BIND           address:port; default 127.0.0.1:8000
XUNJIAN_TRUSTED_PROXIES  networks (CIDR, with commas) of the proxies before this server, whose
                       X-Forwarded-For, -Proto and -Host are believed; default none
XUNJIAN_RATE_PERSON    how many requests of one person each process answers a minute; default 1200,
                       0 for any number
XUNJIAN_RATE_ADDRESS   as before, of one address (an IPv6 network of 64 bits); many phones may share
                       one; default 12000
XUNJIAN_RATE_SIGN_IN   as before, attempts to sign in from one address; default 120
XUNJIAN_METRICS_TOKEN  who shows it as a bearer token reads /metrics; also in a file, named by
                       XUNJIAN_METRICS_TOKEN_FILE. Unset: there is no such page
XUNJIAN_DEMO_PASSWORD  password of the demo sign-ins; random and printed once where unset; also in a
                       file, named by XUNJIAN_DEMO_PASSWORD_FILE
XUNJIAN_LOCKED_MS      for how long the changes of phones are judged in one transaction, while others wait
                       for the dossier; what is left is asked for again. Default 250 milliseconds
XUNJIAN_LATE_WORK_HOURS  how long after a post ran out or was given to another, or a project
                       closed, what was done before that is taken in without a reviewer;
                       default 72, 0 for never
XUNJIAN_OPENID_ISSUER  the OpenID provider by which people may sign in, spelled as it spells itself;
                       unset: none. In a closed network name it in XUNJIAN_OUTGOING_ALLOW. Of us
                       it knows XUNJIAN_OPENID_CLIENT, the secret in the file
                       XUNJIAN_OPENID_SECRET_FILE, and <XUNJIAN_PUBLIC_URL>/desk/ to come back to
XUNJIAN_OPENID_CLAIM   the claim that says the user name; default preferred_username
XUNJIAN_OPENID_SCOPE   what is asked for; default openid profile
XUNJIAN_SECOND_FACTOR  who shows a code beside the password before they keep accounts and devices:
                       administrators (default), or optional: nobody has to
XUNJIAN_OFFLINE_HOURS  how long an enrolled device may be out of touch before it locks itself and
                       its sign-in is over; default 72
XUNJIAN_OFFICE         the office's own dossier: law, working days, checklists, plans;
                       default office:cy
XUNJIAN_SECRET_KEY_FILE  the keys that seal channels' addresses and webhooks' secrets in the
                       database, one a line, the first seals and all open; the same on every
                       node, kept apart from the database's backups; made where there is none;
                       default `<var>/secret.key`
XUNJIAN_ARCHIVE_URL    where journals are archived: file:///folder, or a bucket that was made with
                       object lock, spelled as XUNJIAN_MEDIA_URL; default `<var>/archive`
XUNJIAN_ARCHIVE_DAYS   how long nobody may destroy what is put into that bucket; default 3650
XUNJIAN_TSA_URL        a time authority (RFC 3161, https) that stamps each dossier's newest archived
                       checkpoint; default none. By plain http, or in a network of our own, only
                       where XUNJIAN_OUTGOING_ALLOW says so
XUNJIAN_TSA_ROOTS_FILE certificates (PEM) under which that authority signs: no other stamp is taken,
                       and `xunjian verify --archive` checks stamps by them
XUNJIAN_BACKUP_PASSPHRASE_FILE  its first line closes the keys that a backup holds, and opens them
                       again; keep it where no backup lies. Unset: backups hold no keys
XUNJIAN_ORIGIN         the name under which this deployment signs its journals, for ever: a host name
                       of its own, with a path if it likes; default xunjian.localhost
XUNJIAN_SIGNING_KEY_FILE  the private key that signs checkpoints (Ed25519, PEM, mode 0600), the same on
                       every node, kept apart from the database and its backups; made with the first
                       checkpoint where the house has none; default `<var>/signing.key`. A new key
                       may lie in it, below the old, until `xunjian keys rotate` introduces it
XUNJIAN_SIGNING_KEY    the same, as text, where a keeper of secrets hands them out in the environment;
                       then no file is read or made, and backups do not hold it
XUNJIAN_SIGNED         folder in which a node remembers the newest checkpoint it signed of each
                       dossier, so that a database put back from a backup is noticed; kept apart
                       from the database and its backups; default `<var>/signed`
XUNJIAN_OUTGOING_ALLOW networks of our own (CIDR, with commas) that notifications and webhooks
                       may reach, also by plain http; default none: the public internet by https
XUNJIAN_MAIL_URL       smtps://, smtp:// (STARTTLS) or smtp+plain:// [user@]host[:port]?from=address;
                       unset: no mail. Its password stands in the file
                       XUNJIAN_MAIL_PASSWORD_FILE
"""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

from media.address import S3Address, checked_endpoint
from media.stores import address

ROOT = Path(__file__).resolve().parent.parent
# How many of one process may wait for one dossier, and so how many threads it has for requests.
WAITING_FOR_DOSSIER = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class MailServer:
    """Who takes our mail: `scheme` is smtps (TLS), smtp (STARTTLS) or smtp+plain (neither)."""

    scheme: str
    host: str
    port: int
    sender: str
    user: str = ""
    password: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenId:
    """The authority's OpenID provider: `claim` is the one that says the user name here."""

    issuer: str
    client: str
    claim: str
    scope: str
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """What a node needs to know. `from_environment` is the only way settings come in."""

    database_url: str = field(repr=False)
    standby_url: str | None = field(repr=False)
    media: Path | S3Address
    media_public_url: str | None
    public_url: str | None
    tiles_url: str | None
    staging: Path
    scratch: Path
    bind: str
    trusted_proxies: tuple[IPv4Network | IPv6Network, ...]
    rate_person: int
    rate_address: int
    rate_sign_in: int
    metrics_token: str | None = field(repr=False)
    demo_password: str | None = field(repr=False)
    locked_ms: int
    late_work_hours: int
    openid: OpenId | None
    second_factor: str
    offline_hours: int
    office: str
    secret_key_file: Path
    archive: Path | S3Address
    archive_days: int
    tsa_url: str | None
    tsa_roots_file: Path | None
    backup_passphrase_file: Path | None
    origin: str
    signing_key_file: Path
    signing_key: str | None = field(repr=False)
    signed: Path
    outgoing_allow: tuple[IPv4Network | IPv6Network, ...]
    mail: MailServer | None

    @classmethod
    def from_environment(cls, env: Mapping[str, str] | None = None) -> "Config":
        """Read the settings; raises ValueError with the variable's name where one is wrong."""
        env = os.environ if env is None else env
        var = Path(env.get("XUNJIAN_VAR") or ROOT / "var").resolve()
        database_url = _secret(env, "XUNJIAN_DATABASE_URL") or f"sqlite:///{var / 'xunjian.db'}"
        return cls(
            database_url=database_url,
            standby_url=_standby(_secret(env, "XUNJIAN_STANDBY_URL"), database_url),
            media=_store(env, "XUNJIAN_MEDIA_URL", (var / "media").as_uri()),
            media_public_url=_url(env, "XUNJIAN_MEDIA_PUBLIC_URL"),
            public_url=_url(env, "XUNJIAN_PUBLIC_URL"),
            tiles_url=_tiles(env.get("XUNJIAN_TILES_URL")),
            staging=Path(env.get("XUNJIAN_STAGING") or var / "staging").resolve(),
            scratch=Path(env.get("XUNJIAN_SCRATCH") or var / "scratch").resolve(),
            bind=env.get("XUNJIAN_BIND") or "127.0.0.1:8000",
            trusted_proxies=_networks(env, "XUNJIAN_TRUSTED_PROXIES"),
            rate_person=_count(env, "XUNJIAN_RATE_PERSON", 1_200, "requests", 0, 10**9),
            rate_address=_count(env, "XUNJIAN_RATE_ADDRESS", 12_000, "requests", 0, 10**9),
            rate_sign_in=_count(env, "XUNJIAN_RATE_SIGN_IN", 120, "requests", 0, 10**9),
            metrics_token=_secret(env, "XUNJIAN_METRICS_TOKEN"),
            demo_password=_secret(env, "XUNJIAN_DEMO_PASSWORD"),
            locked_ms=_count(env, "XUNJIAN_LOCKED_MS", 250, "milliseconds", 10, 60_000),
            late_work_hours=_count(env, "XUNJIAN_LATE_WORK_HOURS", 72, "hours", 0, 24 * 365),
            openid=_openid(env),
            second_factor=_one_of(env, "XUNJIAN_SECOND_FACTOR", ("administrators", "optional")),
            offline_hours=_count(env, "XUNJIAN_OFFLINE_HOURS", 72, "hours", 1, 24 * 30),
            office=_office(env.get("XUNJIAN_OFFICE") or "office:cy"),
            secret_key_file=Path(env.get("XUNJIAN_SECRET_KEY_FILE") or var / "secret.key").resolve(),
            archive=_store(env, "XUNJIAN_ARCHIVE_URL", (var / "archive").as_uri()),
            archive_days=_count(env, "XUNJIAN_ARCHIVE_DAYS", 3_650, "days", 1, 36_500),
            tsa_url=_authority(env),
            tsa_roots_file=_path(env, "XUNJIAN_TSA_ROOTS_FILE"),
            backup_passphrase_file=_path(env, "XUNJIAN_BACKUP_PASSPHRASE_FILE"),
            origin=_origin(env.get("XUNJIAN_ORIGIN") or "xunjian.localhost"),
            signing_key_file=Path(env.get("XUNJIAN_SIGNING_KEY_FILE") or var / "signing.key").resolve(),
            signing_key=env.get("XUNJIAN_SIGNING_KEY") or None,
            signed=Path(env.get("XUNJIAN_SIGNED") or var / "signed").resolve(),
            outgoing_allow=_networks(env, "XUNJIAN_OUTGOING_ALLOW"),
            mail=_mail(env.get("XUNJIAN_MAIL_URL") or "", _secret(env, "XUNJIAN_MAIL_PASSWORD") or ""),
        )

    @property
    def embedded(self) -> bool:
        """Whether the database is SQLite: one node, one writer."""
        return self.database_url.startswith("sqlite")


def _standby(given: str | None, database_url: str) -> str | None:
    if given is not None and not (given.startswith("postgresql") and database_url.startswith("postgresql")):
        raise ValueError("XUNJIAN_STANDBY_URL: both it and XUNJIAN_DATABASE_URL are postgresql+psycopg://…")
    return given


def _office(given: str) -> str:
    if not re.fullmatch(r"office:[a-z0-9-]{1,40}", given):
        raise ValueError(f"XUNJIAN_OFFICE: expected office:name in lower case, got {given!r}")
    return given


def _openid(env: Mapping[str, str]) -> OpenId | None:
    issuer = env.get("XUNJIAN_OPENID_ISSUER")
    if not issuer:
        return None
    parts = urlsplit(issuer)
    if parts.scheme not in ("https", "http") or not parts.hostname or parts.query or parts.fragment:
        raise ValueError(f"XUNJIAN_OPENID_ISSUER: expected https://host[:port][/path], got {issuer!r}")
    client, secret = env.get("XUNJIAN_OPENID_CLIENT"), env.get("XUNJIAN_OPENID_SECRET_FILE")
    if not client or not secret:
        raise ValueError("XUNJIAN_OPENID_ISSUER wants XUNJIAN_OPENID_CLIENT and XUNJIAN_OPENID_SECRET_FILE")
    return OpenId(
        issuer=issuer,
        client=client,
        claim=env.get("XUNJIAN_OPENID_CLAIM") or "preferred_username",
        scope=env.get("XUNJIAN_OPENID_SCOPE") or "openid profile",
        secret=Path(secret).read_text(encoding="utf-8").strip(),
    )


def _one_of(env: Mapping[str, str], name: str, words: tuple[str, ...]) -> str:
    given = env.get(name) or words[0]
    if given not in words:
        raise ValueError(f"{name}: expected {' or '.join(words)}, got {given!r}")
    return given


def _path(env: Mapping[str, str], name: str) -> Path | None:
    return Path(env[name]).resolve() if env.get(name) else None


def _authority(env: Mapping[str, str]) -> str | None:
    url = env.get("XUNJIAN_TSA_URL") or None
    if url is not None and not url.startswith(("https://", "http://")):
        raise ValueError(f"XUNJIAN_TSA_URL: expected https://host/path, got {url!r}")
    if url is not None and not env.get("XUNJIAN_TSA_ROOTS_FILE"):
        raise ValueError("XUNJIAN_TSA_URL wants XUNJIAN_TSA_ROOTS_FILE: whose stamps are to be trusted")
    return url


def _origin(given: str) -> str:
    if len(given) > 80 or not re.fullmatch(r"[a-z0-9.-]+(/[a-z0-9.-]+)*", given):
        raise ValueError(f"XUNJIAN_ORIGIN: expected a host name, with a path if need be, got {given!r}")
    return given


def _url(env: Mapping[str, str], name: str) -> str | None:
    try:
        return checked_endpoint(env[name]) if env.get(name) else None
    except ValueError as wrong:
        raise ValueError(f"{name}: {wrong}") from None


def _tiles(given: str | None) -> str | None:
    # It becomes part of a page's policy: what would end a directive there, or begin another, is none.
    host = r"(https://[A-Za-z0-9.-]+(:[0-9]{1,5})?)?"
    if given and not (
        re.fullmatch(host + r"/[A-Za-z0-9._~/{}?&=%-]*", given)
        and not given.startswith("//")
        and all(given.count(part) == 1 for part in ("{z}", "{x}", "{y}"))
    ):
        raise ValueError(
            f"XUNJIAN_TILES_URL: expected https://host/…{{z}}/{{x}}/{{y}} or /path, got {given!r}"
        )
    return given or None


def _count(env: Mapping[str, str], name: str, usual: int, unit: str, least: int, most: int) -> int:
    given = env.get(name) or str(usual)
    if not given.isdecimal() or not least <= int(given) <= most:
        raise ValueError(f"{name}: expected a whole number of {unit} up to {most}, got {given!r}")
    return int(given)


def _networks(env: Mapping[str, str], name: str) -> tuple[IPv4Network | IPv6Network, ...]:
    try:
        return tuple(ip_network(net.strip()) for net in (env.get(name) or "").split(",") if net.strip())
    except ValueError as wrong:
        raise ValueError(f"{name}: {wrong}") from None


def _secret(env: Mapping[str, str], name: str) -> str | None:
    """A secret out of the environment, or the first line of the file that `<name>_FILE` names."""
    path = env.get(f"{name}_FILE")
    if not path:
        return env.get(name) or None
    if env.get(name):
        raise ValueError(f"{name}: give it, or {name}_FILE, and not both")
    try:
        said = Path(path).read_text(encoding="utf-8").partition("\n")[0].strip()
    except (OSError, UnicodeDecodeError) as wrong:
        raise ValueError(f"{name}_FILE: {wrong}") from None
    if not said:
        raise ValueError(f"{name}_FILE: nothing stands in the first line of {path}")
    return said


MAIL_PORTS = {"smtps": 465, "smtp": 587, "smtp+plain": 25}


def _mail(url: str, password: str) -> MailServer | None:
    if not url:
        return None
    parts = urlsplit(url)
    sender = parse_qs(parts.query).get("from", [""])[-1]
    if parts.scheme not in MAIL_PORTS or not parts.hostname or "@" not in sender or parts.password:
        raise ValueError("XUNJIAN_MAIL_URL: expected smtps://[user@]host[:port]?from=address")
    return MailServer(
        scheme=parts.scheme,
        host=parts.hostname,
        port=parts.port or MAIL_PORTS[parts.scheme],
        sender=sender,
        user=unquote(parts.username or ""),
        password=password,
    )


def _store(env: Mapping[str, str], name: str, usual: str) -> Path | S3Address:
    try:
        return address(env.get(name) or usual)
    except ValueError as wrong:
        raise ValueError(f"{name}: {wrong}") from None
