"""The only importer of APScheduler: the jobs that features offer, run by one leader among the nodes."""

import fcntl
import os
import shutil
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import structlog
from apscheduler.schedulers.blocking import BlockingScheduler
from flask import Flask
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from sync.arrival import rfc3339

from . import consequences, metrics, readonly, standby, transaction
from .archives.jobs import archive_all, archive_closed
from .cases.jobs import make_all as make_cases
from .catalogue import AFTERMATH, followers
from .database import LEADER_LOCK, db
from .devices.jobs import forget_deletions, prepare_first_loads
from .enrolments.jobs import forget_all as forget_sign_ins
from .enrolments.jobs import note_ends
from .erasures.actions import carry_out_all as erase_all
from .evidence.actions import look_back, seal_all
from .exports import jobs as exports
from .issues.jobs import enter_words, escalate_all
from .measures.followers import catch_up as count
from .notices.actions import settle_all as settle_notices
from .notifications.jobs import forget_all, send_all
from .numbers.actions import allot_all
from .office import Office, office
from .openid.jobs import forget_journeys
from .photos import archive, sidecars
from .photos.actions import drain, settle_all
from .photos.jobs import develop_all
from .security.jobs import enter_all
from .tallies.jobs import count_all
from .traces.followers import catch_up
from .webhooks.jobs import deliver_all

log = structlog.get_logger()
INTERVAL_S = 60
DAY_S = 86_400
INTERVALS_S = {
    # A store that is back lets one caller try first; where that is another job, the backlog waits a turn
    # more.
    "drain uploads": 20,
    "prepare first loads": 3_600,
    "archive closed": 3_600,
    "note ended devices": 3_600,
    "archive": DAY_S,
    "forget deletions": DAY_S,
    "send notifications": 10,
    "tell subscribers": 10,
    "make exports": 3,
    "make cases": 3,
    # What has changed since is counted issue by issue.
    "count issues": 10,
    # What was written since is compared one by one.
    "enter words": 10,
    "clear exports": 3_600,
}
# These walk over all that rests.
INTERVALS_S |= dict.fromkeys(("look back", "reconcile media", "make up sidecars", "sweep watermarks"), DAY_S)
INTERVALS_S |= {"forget notifications": DAY_S, "forget sign-ins": 3_600, "forget journeys": 3_600}
# Whether the database is behind what was signed is said as soon as the jobs begin; figures are asked for at
# once.
AT_START = frozenset({"look back", "count for measures", "count issues", "enter words"})
SCRATCH_S = 3_600
# About a node's own disk: a leader elsewhere cannot see it.
ON_EVERY_NODE = frozenset({"look back", "drain uploads", "sweep uploads", "clear scratch"})
# A file that takes minutes must not hold the small ones up: as many are made at once as there are nodes.
ON_EVERY_NODE |= {"make exports", "make cases"}
INVALID_DAYS = 90  # protocol.md §1


def run(app: Flask) -> None:
    """Run the periodic jobs in this process whenever it is the leader; does not return."""
    readonly.watch(app, app.extensions["office"].readonly)
    standby.watch(app, app.extensions["office"].standby)
    planned(app).start()


def planned(app: Flask) -> BlockingScheduler:
    """The jobs and when each is due, not begun yet."""
    scheduler = BlockingScheduler(timezone="Asia/Shanghai")
    leader = Leader(app)
    for name, job in jobs(app).items():
        scheduler.add_job(
            _guarded(app, leader, name, job),
            "interval",
            seconds=INTERVALS_S.get(name, INTERVAL_S),
            id=name,
            coalesce=True,
            max_instances=1,
            # APScheduler leaves out what is a second late; what is due once a day then waits for tomorrow.
            misfire_grace_time=None,
            **({"next_run_time": app.extensions["office"].clock()} if name in AT_START else {}),
        )
    return scheduler


def jobs(app: Flask) -> dict[str, Callable[[], Any]]:
    """What is to be done once a minute, or at its own interval; each is idempotent, for a leader may
    die half-way.
    """
    here: Office = app.extensions["office"]
    return {
        "sign checkpoints": seal_all,
        "look back": look_back,
        "settle photographs": settle_all,
        "develop photographs": develop_all,
        "reconcile media": archive.reconcile_all,
        "write sidecars": sidecars.write_new,
        "make up sidecars": archive.write_sidecars,
        "sweep watermarks": archive.sweep_watermarks,
        "settle notices": settle_notices,
        "erase": erase_all,
        "enter watchbook": enter_all,
        "archive": archive_all,
        "archive closed": archive_closed,
        "allot numbers": allot_all,
        "tell authors": catch_up,
        "follow steps": follow_up,
        "escalate": escalate_all,
        "count for measures": count,
        "count issues": count_all,
        "enter words": enter_words,
        "make exports": exports.make_all,
        "make cases": make_cases,
        "clear exports": exports.clear,
        "send notifications": send_all,
        "forget notifications": forget_all,
        "tell subscribers": deliver_all,
        "prepare first loads": prepare_first_loads,
        "forget sign-ins": forget_sign_ins,
        "forget journeys": forget_journeys,
        "note ended devices": note_ends,
        "forget deletions": forget_deletions,
        "drain uploads": drain,
        "sweep uploads": lambda: here.uploads.sweep(here.clock()),
        "forget invalid": lambda: forget_invalid(here),
        "clear scratch": lambda: clear_scratch(here.config.scratch, here.clock().timestamp()),
    }


def follow_up() -> int:
    """What a crash left between a step and what follows from it."""
    follow = followers()
    return consequences.catch_up({kind: follow[kind] for kind in AFTERMATH})


def clear_scratch(scratch: Path, now: float) -> int:
    """Remove what a killed process left in hand: pictures half-developed, an hour old or more."""
    left = [p for p in scratch.iterdir() if p.is_dir() and now - p.stat().st_mtime > SCRATCH_S]
    for folder in left:
        shutil.rmtree(folder, ignore_errors=True)
    return len(left)


def forget_invalid(here: Office) -> int:
    """Let go of undecodable bytes after their 90 days."""
    before = here.clock() - timedelta(days=INVALID_DAYS)
    with transaction.writing() as conn:
        return here.journal.forget_invalid(conn, rfc3339(before))


def _guarded(app: Flask, leader: "Leader", name: str, job: Callable[[], Any]) -> Callable[[], None]:
    here: Office = app.extensions["office"]

    def run() -> None:
        with app.app_context():
            leads = leader.leads_node() if name in ON_EVERY_NODE else leader.leads()
            if not leads or here.readonly.why is not None:
                return
            with structlog.contextvars.bound_contextvars(job=name):
                _do(name, job)

    return run


def _do(name: str, job: Callable[[], Any]) -> None:
    """Do a job, and tell how it ended and how long it took."""
    began = time.perf_counter()
    try:
        done = job()
    except Exception:
        log.exception("job failed")
        metrics.JOB_RUNS.labels(name, "badly").inc()
        return
    finally:
        metrics.JOB_S.labels(name).set(time.perf_counter() - began)
    metrics.JOB_DONE.labels(name).set(office().clock().timestamp())
    metrics.JOB_RUNS.labels(name, "well").inc()
    if done:
        log.info("job done", count=done)


class Leader:
    """Holds the office of leader as long as its lock: a database session or an open file.

    The file says which process leads on this node, and where the database is embedded that is all. Jobs ask
    from threads of their own, one after another: two that tried at once would each stand in the other's way,
    and one would hear that nobody leads here.
    """

    def __init__(self, app: Flask) -> None:
        here: Office = app.extensions["office"]
        self._path: Path = here.config.scratch / "leader.lock"
        self._file: int | None = None
        self._connection: Any = None
        self._asking = threading.Lock()

    def leads(self) -> bool:
        """Whether this process leads now; it tries to where nobody does."""
        with self._asking:
            embedded = db.engine.dialect.name != "postgresql"
            leads = self._holds_file() if embedded else self._holds_session()
            metrics.LEADS.set(leads)
        return leads

    def leads_node(self) -> bool:
        """Whether this process is the one of its node that looks after the node's own disk."""
        with self._asking:
            return self._holds_file()

    def _holds_file(self) -> bool:
        if self._file is None:
            file = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(file)
                return False
            self._file = file
        return True

    def _holds_session(self) -> bool:
        """A session lock: it ends with its connection, so a dead leader is followed at once."""
        try:
            if self._connection is not None:
                self._connection.execute(text("SELECT 1"))
                return True
            connection = db.engine.connect().execution_options(isolation_level="AUTOCOMMIT")
            if connection.execute(text(f"SELECT pg_try_advisory_lock({LEADER_LOCK})")).scalar():
                self._connection = connection
                return True
            connection.close()
        except Exception:
            log.exception("leader's lock is lost")
            self._connection = None
        return False

    def resign(self) -> None:
        """Give the office up, as the end of the process would."""
        if self._connection is not None:
            # Said and not only hung up: the server may notice a closed line later than the follower asks.
            with suppress(DBAPIError):
                self._connection.execute(text(f"SELECT pg_advisory_unlock({LEADER_LOCK})"))
            self._connection.invalidate()  # close() would keep the session, and its lock, in the pool
            self._connection.close()
            self._connection = None
        if self._file is not None:
            os.close(self._file)
            self._file = None
