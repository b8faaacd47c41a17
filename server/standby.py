"""备库: a streaming standby of the database; what is only shown is read from it (decision 0031).

Nobody is shown anything older than what stood when they asked: the primary says how far its log is flushed
(everything that anybody has been answered is in it), and the standby is read once it has replayed as far.
Where it does not in time, or is away, the primary is read.
"""

import threading
import time
from typing import Any, NamedTuple

import structlog
from flask import Flask
from sqlalchemy import Connection, Engine, Row, TextClause, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from . import metrics
from .database import STANDBY, db

log = structlog.get_logger()
LOOK_S = 1.0
PATIENCE_S = 0.05  # on a line of our own a standby is behind by a millisecond or two
CATCHING_UP_S = 0.5  # before it is read from again
UNSEEN = "尚未检查 not looked at yet"
AWAY = "不可用 it does not answer; everything is read from the primary"
# The primary's timeline is that of its log; a standby says which it has made its own, by a restartpoint.
_POSITION = text(
    "SELECT pg_current_wal_flush_lsn()::text AS lsn,"
    " ('x' || left(pg_walfile_name(pg_current_wal_flush_lsn()), 8))::bit(32)::int AS timeline"
)
_REPLAYED = text(
    "SELECT pg_is_in_recovery() AND pg_last_wal_replay_lsn() >= CAST(:lsn AS pg_lsn)"
    " AND (SELECT timeline_id FROM pg_control_checkpoint()) = :timeline"
)
_PRIMARY = text(
    "SELECT (SELECT system_identifier FROM pg_control_system()) AS cluster, current_database() AS database,"
    " pg_wal_lsn_diff(pg_current_wal_flush_lsn(), '0/0') AS flushed"
)
_STANDS = text(
    "SELECT (SELECT system_identifier FROM pg_control_system()) AS cluster, current_database() AS database,"
    " (SELECT timeline_id FROM pg_control_checkpoint()) AS timeline, pg_is_in_recovery() AS follows,"
    " pg_wal_lsn_diff(pg_last_wal_replay_lsn(), '0/0') AS replayed,"
    " extract(epoch FROM clock_timestamp() - pg_last_xact_replay_timestamp()) AS age_s"
)

_PLAIN: dict[str, Any] = {"isolation_level": "AUTOCOMMIT"}


class Position(NamedTuple):
    """Where a primary's log stands: its LSN, in PostgreSQL's own words, and its timeline."""

    lsn: str
    timeline: int


class Standby:
    """What this process knows of it; `fault` says why it is not read from, None while it is."""

    def __init__(self) -> None:
        self.fault: str | None = UNSEEN
        self.behind_bytes = 0

    def holds(self, conn: Connection, where: Position) -> bool:
        """Whether the standby behind `conn` shows all that stood at `where`; waits a little for it."""
        if _reached(conn, where, PATIENCE_S):
            return True
        self.give_up("落后 it is behind; everything is read from the primary")
        return False

    def give_up(self, fault: str) -> None:
        """Leave it alone until the next look."""
        if self.fault is None:
            log.warning("the standby is left alone", why=fault)
        self.fault = fault

    def look(self) -> None:
        """Learn how it stands. A primary that is away tells nothing of it."""
        # In this order: what a standby has replayed, its primary had flushed before.
        its = _told(db.engines[STANDBY], _STANDS)
        primary, where = _told(db.engine, _PRIMARY), position()
        if primary is None or where is None:
            return
        fault = AWAY if its is None else self._fault(its, primary, where)
        if fault != self.fault:
            log.warning("standby", fault=fault, before=self.fault)
        self.fault = fault

    def _fault(self, its: Row[Any], primary: Row[Any], where: Position) -> str | None:
        if (its.cluster, its.database) != (primary.cluster, primary.database):
            return "不是本库的备库 it is no standby of this database: put XUNJIAN_STANDBY_URL right"
        if not its.follows or its.timeline > where.timeline or its.replayed > primary.flushed:
            return (
                "已另立 it has left this primary (promoted? ahead?): make it anew, or point the house at it"
            )
        self.behind_bytes = int(primary.flushed - its.replayed)
        metrics.STANDBY_BEHIND_BYTES.set(self.behind_bytes)
        metrics.STANDBY_BEHIND_S.set(max(0.0, float(its.age_s or 0)) if self.behind_bytes else 0.0)
        if its.timeline < where.timeline:
            return "旧时间线 it is on an older timeline: CHECKPOINT on it; where it stays there, make it anew"
        try:
            with db.engines[STANDBY].connect() as conn:
                if _reached(conn.execution_options(**_PLAIN), where, CATCHING_UP_S):
                    return None
        except (DBAPIError, PoolTimeout):
            return AWAY
        return f"落后 {self.behind_bytes} bytes behind; everything is read from the primary"


def position() -> Position | None:
    """How far the primary's log is flushed at this moment; None where it does not say."""
    found = _told(db.engine, _POSITION)
    return None if found is None else Position(found.lsn, found.timeline)  # whoever reads from it is told why


def _told(engine: Engine, question: TextClause) -> Row[Any] | None:
    try:
        with engine.connect() as conn:
            return conn.execution_options(**_PLAIN).execute(question).one()
    except (DBAPIError, PoolTimeout):
        return None


def _reached(conn: Connection, where: Position, patience_s: float) -> bool:
    ends, pause_s = time.monotonic() + patience_s, 0.001
    while not conn.execute(_REPLAYED, where._asdict()).scalar_one():
        if time.monotonic() >= ends:
            return False
        time.sleep(pause_s)
        pause_s = min(2 * pause_s, patience_s / 5)
    return True


def watch(app: Flask, standby: Standby | None) -> None:
    """Have this process look at its standby, where there is one, for as long as it lives."""
    if standby is not None:
        threading.Thread(target=_watch, args=(app, standby), name="standby", daemon=True).start()


def _watch(app: Flask, standby: Standby) -> None:
    with app.app_context():
        while True:
            try:
                standby.look()
            except Exception:
                log.exception("how the standby stands is unknown")
            time.sleep(LOOK_S)
