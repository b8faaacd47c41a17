"""Whether this node lives (/healthz), whether it can serve (/readyz, in words), its figures (/metrics)."""

import hmac
import shutil
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache

from alembic.script import ScriptDirectory
from flask import Flask, Response, request
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from media.errors import MediaError
from media.store import kept_key

from . import metrics
from .config import ROOT
from .database import db
from .errors import Refusal
from .office import Office, office

ROOM_BYTES = 512 * 1024 * 1024  # some twenty photographs on their way in, and a log that grows
STORE_S = 10.0  # how old an answer about the store may be: a dead one takes a thread for seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How one part stands: `fault` is None where all is well, else what is wrong and what to do, in both
    tongues. Without a part that is `vital` this node can answer nobody.
    """

    name: str
    zh: str
    seen: str = ""
    fault: str | None = None
    vital: bool = False


def answer(app: Flask) -> None:
    """Offer the three pages. Open to anyone: the first two tell nothing, the third wants a token."""
    remembered = Remembered(_store)

    @app.get("/healthz")
    def healthz() -> Response:
        return Response("ok\n", mimetype="text/plain")

    @app.get("/readyz")
    def readyz() -> Response:
        here = office()
        found = [database(), schema(), *disks(here), remembered.standing(here)]
        unfit = any(one.vital and one.fault for one in found)
        lines = ["not ready" if unfit else "ready"]
        lines += [f"{one.zh} {one.name}: {one.fault or 'ok'}" for one in found]
        return Response("\n".join([*lines, ""]), status=503 if unfit else 200, mimetype="text/plain")

    @app.get("/metrics")
    def figures() -> Response:
        here = office()
        token = here.config.metrics_token
        given = request.headers.get("Authorization", "").removeprefix("Bearer ").strip()
        if token is None or not hmac.compare_digest(given.encode(), token.encode()):
            raise Refusal("not-found")
        for name, folder in (("staging", here.config.staging), ("scratch", here.config.scratch)):
            metrics.FREE.labels(name).set(shutil.disk_usage(folder).free)
        told, kind = metrics.told()
        return Response(told, content_type=kind)

    for view in (healthz, readyz, figures):
        view.declared = True  # type: ignore[attr-defined]


def database() -> Standing:
    """Whether the database answers."""
    part = Standing(name="database", zh="数据库", vital=True)
    try:
        db.session.execute(text("SELECT 1")).all()
    except (DBAPIError, PoolTimeout):
        return replace(part, fault="不可用 it does not answer; nothing can be entered")
    finally:
        db.session.rollback()
    return replace(part, seen=db.engine.dialect.name)


def schema() -> Standing:
    """Whether the tables are those of this release, or of a later one, which it bears too."""
    part = Standing(name="schema", zh="数据库结构", vital=True)
    try:
        rows = db.session.execute(text("SELECT version_num FROM alembic_version")).scalars().all()
    except (DBAPIError, PoolTimeout):
        return replace(part, fault="未知 not there; run `xunjian migrate`")
    finally:
        db.session.rollback()
    stands, (newest, known) = (rows[0] if rows else "none"), revisions()
    if stands == newest:
        return replace(part, seen=stands)
    if stands in known or stands == "none":
        return replace(part, fault=f"落后 {stands}, not {newest}; run `xunjian migrate`")
    return replace(part, seen=f"{stands}, newer than this release")


@cache
def revisions() -> tuple[str, frozenset[str]]:
    """The newest revision of this release, and all that it knows."""
    scripts = ScriptDirectory(str(ROOT / "migrations"))
    newest = scripts.get_current_head()
    assert newest is not None
    return newest, frozenset(script.revision for script in scripts.walk_revisions())


def disks(here: Office) -> list[Standing]:
    """Room for what is on its way in. A full disk takes no node out: the exchange needs none of it."""
    found = []
    for name, zh, folder in (
        ("staging", "上传暂存", here.config.staging),
        ("scratch", "工作目录", here.config.scratch),
    ):
        free = shutil.disk_usage(folder).free
        low = free < ROOM_BYTES
        fault = f"空间不足 {free >> 20} MiB are left; photographs wait on the phones" if low else None
        found.append(Standing(name=name, zh=zh, seen=f"{free >> 20} MiB free", fault=fault))
    return found


def _store(here: Office) -> Standing:
    part = Standing(name="store", zh="对象存储")
    try:
        # Any name will do: what is asked is whether there is an answer.
        here.store.has(kept_key("readiness", here.config.office, "none"))
    except (MediaError, OSError):
        return replace(part, fault="不可用 it does not answer; uploads wait in staging")
    return part


class Remembered:
    """A standing that is asked for anew when it is old, by one at a time; the others get the last one."""

    def __init__(
        self, ask: Callable[[Office], Standing], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._ask, self._clock = ask, clock
        self._lock = threading.Lock()
        self._last: Standing | None = None
        self._since = 0.0

    def standing(self, here: Office) -> Standing:
        """At most STORE_S old, unless somebody is asking at this moment."""
        last = self._last
        if last is not None and (self._clock() - self._since < STORE_S or self._lock.locked()):
            return last
        with self._lock:
            self._last, self._since = self._ask(here), self._clock()
            return self._last
