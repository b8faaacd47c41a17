"""The one database handle, and what SQLite must be told so that it keeps its promises."""

import select
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flask_sqlalchemy import SQLAlchemy
from flask_sqlalchemy.session import Session
from sqlalchemy import BigInteger, Boolean, Connection, Engine, String, event
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

BUSY_TIMEOUT_S = 30  # another process (a command beside the server) may hold the write lock

# PostgreSQL's advisory lock of the node whose jobs lead. Any constant will do, as long as all ask for it.
LEADER_LOCK = 0x58756E4A

# The bind key of the standby, and where a session notes that it reads from it.
STANDBY = "standby"
# A standby that is off is known within seconds, also where nobody answers at all.
_SECONDS = {"connect_timeout": 2, "keepalives_idle": 2, "keepalives_interval": 1, "keepalives_count": 2}

# People's data stay out of errors and logs.
COMMON: dict[str, Any] = {"hide_parameters": True}


class Base(DeclarativeBase):
    """The base of all read models and tables of the office."""


class Sitting(Session):
    """A session that reads from the standby while it says so itself (transaction.py)."""

    def get_bind(self, *args: Any, **more: Any) -> Engine | Connection:
        """The standby, or what Flask-SQLAlchemy says."""
        standby: Engine | None = self.info.get(STANDBY)
        return standby if standby is not None else super().get_bind(*args, **more)


db = SQLAlchemy(model_class=Base, session_options={"class_": Sitting})
# Flask-SQLAlchemy makes the base class of models at run time; the type checker sees ours.
if TYPE_CHECKING:

    class Model(Base):
        """The base of all models."""

        __abstract__ = True
else:
    Model = db.Model


class RecordRow(Model):
    """What every read model of records that have an audience begins with.

    Rows are written in the order of the columns (sync/bulk.py), and these come first.
    """

    __abstract__ = True
    dossier: Mapped[str] = mapped_column(String(96), primary_key=True, sort_order=-1)
    id: Mapped[str] = mapped_column(String(36), primary_key=True, sort_order=-1)
    version: Mapped[int] = mapped_column(BigInteger, sort_order=-1)
    audience: Mapped[str] = mapped_column(String(80), sort_order=-1)
    deleted: Mapped[bool] = mapped_column(Boolean, sort_order=-1)


def engine_options(url: str) -> dict[str, Any]:
    """What the engine of `url` is made with."""
    if url.startswith("sqlite"):
        path = url.removeprefix("sqlite:///")
        if path and path != ":memory:":
            Path(path).parent.mkdir(parents=True, exist_ok=True)
        # The connection used last has its pages in its cache; the others need none.
        return COMMON | {"connect_args": {"timeout": BUSY_TIMEOUT_S}, "pool_size": 32, "pool_use_lifo": True}
    return COMMON | {"pool_size": 16, "max_overflow": 16, "pool_timeout": 10}


def standby_options(url: str) -> dict[str, Any]:
    """What the engine of the standby at `url` is made with: nobody waits for it, nobody writes to it."""
    read_only = {"options": "-c default_transaction_read_only=on"}
    line = {"connect_args": _SECONDS | read_only | {"tcp_user_timeout": 3_000}}
    return engine_options(url) | line | {"url": url, "pool_timeout": 1}


def _check_alive(connection: Any, _record: Any, _proxy: Any) -> None:
    """Find a dead connection before it is used, not by the request that needed it.

    A server that ended it has told the socket so: nobody speaks unasked on a live one. Asking the
    server itself (`pool_pre_ping`) would cost a round trip each time a connection is taken.
    """
    line = select.poll()  # select() knows no descriptor above 1,023
    if not connection.closed:
        line.register(connection.fileno(), select.POLLIN)
    if connection.closed or line.poll(0):
        raise DisconnectionError("the server has ended this connection")


def _write_lists_fast(connection: Any, _record: Any) -> None:
    """Send lists as PostgreSQL's binary arrays: as text the driver looks at each element with two regular
    expressions, which some thousand names take longer than to be found.
    """
    from psycopg.types.array import ListBinaryDumper  # a house on SQLite needs no driver for PostgreSQL

    connection.adapters.register_dumper(list, ListBinaryDumper)


def keep_promises(engine: Engine) -> None:
    """Make transactions of an SQLite engine real, and find PostgreSQL's dead connections."""
    if engine.dialect.name == "postgresql":
        event.listen(engine, "connect", _write_lists_fast)
        event.listen(engine, "checkout", _check_alive)
        return

    @event.listens_for(engine, "connect")
    def connect(connection: Any, _record: Any) -> None:
        # The driver's own implicit BEGIN would come too late and be DEFERRED.
        connection.isolation_level = None
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")  # an acknowledged change survives a power cut
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA secure_delete = ON")  # what is erased leaves no trace in free pages
        connection.execute("PRAGMA cache_size = -65536")
        # 16 MB: a push of 500 changes writes 5 MB, and at the usual 4 MB each commit would copy
        # the log back into the database, the same index pages again and again.
        connection.execute("PRAGMA wal_autocheckpoint = 4000")

    @event.listens_for(engine, "begin")
    def begin(conn: Connection) -> None:
        # A writer that began as a reader can be refused half-way (SQLITE_BUSY_SNAPSHOT): take
        # the write lock at the start.
        writes = conn.get_execution_options().get("writes", False)
        conn.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
