"""体检: what `xunjian doctor` looks at, part by part; each says in words what is wrong and what to do."""

import hashlib
import os
import resource
import socket
import ssl
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
from cryptography import x509
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from media.address import S3Address
from media.errors import MediaError
from media.store import kept_key

from . import health
from .database import LEADER_LOCK, db
from .health import Standing
from .office import Office
from .signing import KeyTrouble

OTHERS = 0o077  # a key is its owner's alone
# Where containers are handed files of the host, with its owners and modes: that nobody else writes them is
# all that may be asked there.
HANDED_IN, WRITERS = Path("/run/secrets"), 0o022
FIRST_LOOK = "localhost"  # no phone comes by that name, and in a container it leads to nobody
_LEADERS = (
    "SELECT count(*) FROM pg_locks JOIN pg_database ON pg_database.oid = database"
    " WHERE locktype = 'advisory' AND granted AND objid = :lock AND datname = current_database()"
)
SKEW_S = 5.0  # two clocks that are looked after differ by less; captured_at stands on them (protocol.md §4)
LEAST_FILES = 4_096  # 1,000 connections a worker, with what each of them opens
LEAST_POSTGRES = 15  # what the tests run on is newer; below, nobody has tried
CERTIFICATE_DAYS = 14  # a renewal that failed twice is found before the phones find it
PATIENCE_S = 10.0
DURABLE = ("fsync", "full_page_writes", "synchronous_commit")
DEFAULT_ORIGIN = "xunjian.localhost"
Probe = Callable[[Office], Iterator[Standing]]


def examined(here: Office) -> Iterator[Standing]:
    """Every part of the deployment in turn; nothing is changed, and what is tried is cleared away."""
    yield health.database()
    yield health.schema()
    for probe in (engine, standby, clocks, files, store, keys, name, line, limits):
        try:
            yield from probe(here)
        except (DBAPIError, PoolTimeout):
            said = "无法检查 cannot be looked at while the database is away"
            yield Standing(
                name=probe.__name__, zh=(probe.__doc__ or "").split(" ")[0], fault=said, vital=True
            )


def engine(_here: Office) -> Iterator[Standing]:
    """数据库保证 What the database promises: versions, isolation, durability."""
    part = Standing(name="promises", zh="数据库保证", vital=True)
    with db.engine.connect() as conn:
        if conn.dialect.name == "sqlite":
            mode = conn.execute(text("PRAGMA journal_mode")).scalar()
            fault = (
                None if mode == "wal" else f"journal_mode 是 is {mode}, not wal; the file's disk bears no WAL"
            )
            yield replace(part, seen="one node, one writer", fault=fault)
            return
        told = {
            n: str(conn.execute(text(f"SHOW {n}")).scalar())
            for n in ("server_version_num", "transaction_isolation", "max_connections", *DURABLE)
        }
    version = int(told["server_version_num"]) // 10_000
    wrong = [f"{n}={told[n]}" for n in DURABLE if told[n] in ("off", "local")]
    if told["transaction_isolation"] != "read committed":
        wrong.append(f"default isolation {told['transaction_isolation']}, not read committed")
    if version < LEAST_POSTGRES:
        wrong.append(f"PostgreSQL {version}, not {LEAST_POSTGRES} or later")
    fault = f"须改正 put right: {', '.join(wrong)}" if wrong else None
    seen = f"PostgreSQL {version}, {told['max_connections']} connections"
    yield replace(part, seen=seen, fault=fault)


def standby(here: Office) -> Iterator[Standing]:
    """备库 Whether the standby, where there is one, can be read from, and how far it is behind."""
    if here.standby is not None:
        here.standby.look()
        seen = f"{here.standby.behind_bytes} bytes behind"
        yield Standing(name="standby", zh="备库", seen=seen, fault=here.standby.fault)


def clocks(here: Office) -> Iterator[Standing]:
    """时钟 This node's clock against the database's and the store's."""
    if db.engine.dialect.name == "postgresql":
        with db.engine.connect() as conn:
            ask: Callable[[], Any] = partial(conn.scalar, text("SELECT clock_timestamp()"))
            yield _apart("clock-database", "时钟与数据库", here.clock, ask)
    if isinstance(here.config.media, S3Address):
        try:
            ask = partial(_date, here.config.media.endpoint)
            yield _apart("clock-store", "时钟与对象存储", here.clock, ask)
        except (httpx.HTTPError, KeyError, ValueError):
            yield Standing(name="clock-store", zh="时钟与对象存储", fault="未知 the store tells no time")


def _apart(name: str, zh: str, ours: Callable[[], datetime], ask: Callable[[], Any]) -> Standing:
    """How far a clock is from ours at the least, for the answer may have been long on its way."""
    before, theirs, after = ours(), ask(), ours()
    seconds = max((before - theirs).total_seconds(), (theirs - after).total_seconds(), 0.0)
    fault = (
        f"相差 {seconds:.1f} s apart; have both follow one time server (NTP)" if seconds > SKEW_S else None
    )
    return Standing(name=name, zh=zh, vital=True, seen=f"{seconds:.1f} s", fault=fault)


def _date(url: str) -> datetime:
    """What a server says of the time (RFC 9110 §6.6.1), to the second."""
    with httpx.Client(trust_env=False, verify=_trust(), timeout=PATIENCE_S) as line:
        return parsedate_to_datetime(line.get(url).headers["Date"]).astimezone(UTC)


def _trust() -> ssl.SSLContext:
    """What this machine trusts: an authority of the office's own stands in SSL_CERT_FILE."""
    return ssl.create_default_context()


def files(here: Office) -> Iterator[Standing]:
    """目录 Folders that this node writes: room, and whether they may be written."""
    yield from health.disks(here)
    for name, zh in (("staging", "上传暂存"), ("scratch", "工作目录"), ("signed", "已签记忆")):
        folder: Path = getattr(here.config, name)
        fault = None
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=folder) as file:
                file.write(b"x")
                file.flush()
        except OSError as wrong:
            fault = f"不可写 {folder}: {wrong.strerror}; give it to the account of the server"
        yield Standing(name=f"{name}-writable", zh=zh, vital=True, seen=str(folder), fault=fault)


def store(here: Office) -> Iterator[Standing]:
    """对象存储 The verbs that the house uses: put, has, open, drop. `doctor s3` tries 55 promises more."""
    part = Standing(name="store", zh="对象存储", vital=True)
    data = f"doctor {here.new_id()}".encode()
    key = kept_key("doctor", here.config.office, hashlib.sha256(data).hexdigest())
    with tempfile.TemporaryDirectory(dir=here.config.scratch) as folder:
        source = Path(folder) / "probe"
        source.write_bytes(data)
        try:
            here.store.put(key, source, sha256=hashlib.sha256(data).hexdigest())
            with closing(here.store.open(key)) as stream:
                same = here.store.has(key) == len(data) and stream.read() == data
            here.store.drop(key)
        except (MediaError, OSError) as wrong:
            said = f"不可用 {getattr(wrong, 'code', type(wrong).__name__)}; uploads wait in staging"
            yield replace(part, fault=said)
            return
    fault = None if same else "读回不符 what was put is not what is read"
    yield replace(part, fault=fault)


def keys(here: Office) -> Iterator[Standing]:
    """密钥 Keys are there, and their owner's alone."""
    absent = "the first node makes it; then bring it to the others"
    yield _private("secret-key", "封存密钥", here.config.secret_key_file, absent)
    if here.signing.makes:
        yield _private("signing-key", "签名密钥", here.config.signing_key_file, absent)
    else:
        yield _given(here)
    if here.config.backup_passphrase_file is not None:
        path = here.config.backup_passphrase_file
        yield _private("backup-passphrase", "备份口令", path, "backups cannot close their keys")


def _private(name: str, zh: str, path: Path, absent: str) -> Standing:
    try:
        about = path.stat()
    except OSError:
        return Standing(name=name, zh=zh, fault=f"没有 {path} is not there: {absent}")
    wrong = None
    if path.is_relative_to(HANDED_IN):
        if about.st_mode & WRITERS:
            wrong = f"他人可写 {path} can be written by others: chmod 444 it where it comes from"
    elif about.st_mode & OTHERS:
        wrong = f"他人可读 {path} can be read by others: chmod 600 it"
    elif about.st_uid != os.geteuid():
        wrong = f"属主不符 {path} is another account's: chown it"
    return Standing(name=name, zh=zh, vital=True, seen=str(path), fault=wrong)


def _given(here: Office) -> Standing:
    """The signing key where the environment hands it out: it can be read, or why not."""
    part = Standing(name="signing-key", zh="签名密钥", vital=True, seen=here.signing.where)
    try:
        here.signing.held()
    except KeyTrouble as wrong:
        return replace(part, fault=f"不能使用 {wrong}")
    return part


def name(here: Office) -> Iterator[Standing]:
    """署名 The name under which journals are signed is this deployment's own."""
    taken = here.config.origin == DEFAULT_ORIGIN
    fault = "默认值 the default, which is everybody's: set XUNJIAN_ORIGIN before the first checkpoint"
    yield Standing(name="origin", zh="署名", seen=here.config.origin, fault=fault if taken else None)


def line(here: Office) -> Iterator[Standing]:
    """对外线路 TLS, the certificate, and whether the proxy's headers are believed."""
    url = here.config.public_url
    if url is None:
        fault = "未设置 set XUNJIAN_PUBLIC_URL: links on paper and codes in pictures lead there"
        yield Standing(name="tls", zh="对外线路", fault=fault)
        return
    if urlsplit(url).scheme != "https":
        yield Standing(name="tls", zh="对外线路", vital=True, fault="未加密 XUNJIAN_PUBLIC_URL is not https")
        return
    try:
        with httpx.Client(trust_env=False, verify=_trust(), timeout=PATIENCE_S) as client:
            answer = client.get(f"{url}/healthz")
            scraped = client.get(f"{url}/metrics").status_code
        left = _certificate(url) - here.clock()
    except (httpx.HTTPError, OSError, ValueError) as wrong:
        said = f"不通 {type(wrong).__name__}: {url} does not answer over TLS that this machine trusts"
        look = urlsplit(url).hostname == FIRST_LOOK
        said += "; name the host by which phones come" if look else ""
        yield Standing(name="tls", zh="对外线路", vital=not look, fault=said)
        return
    yield from _behind(url, answer, left, scraped)


def _behind(url: str, answer: httpx.Response, left: timedelta, scraped: int) -> Iterator[Standing]:
    """What an answer that came through the proxy tells of it; `left` is the certificate's time."""
    odd = None if answer.status_code == 200 else f"异常 /healthz answers {answer.status_code}"
    yield Standing(name="tls", zh="对外线路", vital=True, seen=url, fault=odd)
    late = left < timedelta(days=CERTIFICATE_DAYS)
    ends = f"即将到期 the certificate ends in {left.days} days; renew it" if late else None
    yield Standing(name="certificate", zh="证书", seen=f"{left.days} days", fault=ends)
    # Only a request that the house knows to have come over TLS is told so.
    heard = "Strict-Transport-Security" in answer.headers
    deaf = "不被采信 X-Forwarded-Proto is not believed: name the proxy in XUNJIAN_TRUSTED_PROXIES"
    yield Standing(name="proxy", zh="反向代理", vital=True, fault=None if heard else deaf)
    open_ = "可从外部读取 /metrics answers from outside without a token" if scraped == 200 else None
    yield Standing(name="metrics", zh="指标", vital=True, fault=open_)


def _certificate(url: str) -> datetime:
    """When the certificate of a server ends; whether it is trusted was asked before."""
    parts = urlsplit(url)
    trust = ssl.create_default_context()
    trust.check_hostname, trust.verify_mode = False, ssl.CERT_NONE
    with (
        socket.create_connection((parts.hostname or "", parts.port or 443), timeout=PATIENCE_S) as plain,
        trust.wrap_socket(plain, server_hostname=parts.hostname) as secured,
    ):
        shown = secured.getpeercert(binary_form=True)
    if shown is None:
        raise ValueError("no certificate")
    return x509.load_der_x509_certificate(shown).not_valid_after_utc


def limits(here: Office) -> Iterator[Standing]:
    """上限 How many files this account may open, and who runs the jobs."""
    files, _hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    few = files < LEAST_FILES
    fault = f"过少 {files} open files; LimitNOFILE={LEAST_FILES} or more" if few else None
    yield Standing(name="open-files", zh="打开文件数", seen=str(files), fault=fault)
    if here.config.embedded:
        return
    with db.engine.connect() as conn:
        held = conn.execute(
            text(_LEADERS),
            {"lock": LEADER_LOCK},
        ).scalar()
    fault = None if held else "无人值守 no node leads: periodic jobs do not run; start one"
    yield Standing(name="leader", zh="定时任务", fault=fault)
