"""备库: a streaming standby of the database; what is only shown is read from it (decision 0031).

Nobody is shown anything older than what stood when they asked: the primary says how far its log is flushed
(everything that anybody has been answered is in it), and the standby is read once it has replayed as far.
Where it does not in time, or is away, the primary is read.
"""

import threading
import time
from typing import Any

import structlog
from flask import Flask
from sqlalchemy import Connection, text
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
_POSITION = text("SELECT pg_current_wal_flush_lsn()::text")
_HISTORY = (
    "(SELECT system_identifier FROM pg_control_system()), (SELECT timeline_id FROM pg_control_checkpoint())"
)
_PRIMARY = text(f"SELECT pg_current_wal_flush_lsn()::text, {_HISTORY}, current_database()")
_REPLAYED = text("SELECT pg_is_in_recovery() AND pg_last_wal_replay_lsn() >= CAST(:position AS pg_lsn)")
_STANDS = text(
    f"SELECT pg_is_in_recovery(), {_HISTORY}, current_database(),"  # noqa: S608  # nosec B608  # our own words
    " greatest(0, pg_wal_lsn_diff(CAST(:position AS pg_lsn), pg_last_wal_replay_lsn())),"
    " extract(epoch FROM clock_timestamp() - pg_last_xact_replay_timestamp())"
)


class Standby:
    """What this process knows of it; `fault` says why it is not read from, None while it is."""

    def __init__(self) -> None:
        self.fault: str | None = UNSEEN
        self.behind_bytes = 0

    def holds(self, conn: Connection, position: str) -> bool:
        """Whether the standby behind `conn` shows all that stood at `position`; waits a little for it."""
        if _reached(conn, position, PATIENCE_S):
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
        try:
            with db.engine.connect() as conn:
                primary = conn.execute(_PRIMARY).one()
        except (DBAPIError, PoolTimeout):
            return
        try:
            with db.engines[STANDBY].connect() as conn:
                fault = self._fault(conn.execution_options(isolation_level="AUTOCOMMIT"), tuple(primary))
        except (DBAPIError, PoolTimeout):
            fault = AWAY
        if fault != self.fault:
            log.warning("standby", fault=fault, before=self.fault)
        self.fault = fault

    def _fault(self, conn: Connection, primary: tuple[Any, ...]) -> str | None:
        position, cluster, timeline, database = primary
        follows, *its, behind, age_s = conn.execute(_STANDS, {"position": position}).one()
        if its[0] != cluster or its[2] != database:
            return "不是本库的备库 it is no standby of this database: put XUNJIAN_STANDBY_URL right"
        if not follows or its[1] > timeline:
            return "已另立 it has left this primary (promoted?): make it anew, or point the house at it"
        self.behind_bytes = int(behind or 0)
        metrics.STANDBY_BEHIND_BYTES.set(self.behind_bytes)
        metrics.STANDBY_BEHIND_S.set(max(0.0, float(age_s or 0)) if self.behind_bytes else 0.0)
        if _reached(conn, position, CATCHING_UP_S):
            return None
        return f"落后 {self.behind_bytes} bytes behind; everything is read from the primary"


def position() -> str | None:
    """How far the primary's log is flushed at this moment; None where it does not say."""
    try:
        with db.engine.connect() as conn:
            found: str = conn.execution_options(isolation_level="AUTOCOMMIT").execute(_POSITION).scalar_one()
    except (DBAPIError, PoolTimeout):
        return None  # whoever reads from it is told why
    return found


def _reached(conn: Connection, position: str, patience_s: float) -> bool:
    ends, pause_s = time.monotonic() + patience_s, 0.001
    while not conn.execute(_REPLAYED, {"position": position}).scalar_one():
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
