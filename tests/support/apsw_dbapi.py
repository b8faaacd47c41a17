"""PEP 249 over apsw, as far as SQLAlchemy's SQLite dialect asks for it: apsw lets a test write the VFS.

`create_engine("sqlite://", module=apsw_dbapi, creator=…)`; transactions are begun by the engine's
own `begin` event, as on the server.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import apsw

apilevel, threadsafety, paramstyle = "2.0", 1, "qmark"
sqlite_version = apsw.sqlite_lib_version()
sqlite_version_info = tuple(int(part) for part in sqlite_version.split("."))
Binary = bytes

Error = DatabaseError = apsw.Error
IntegrityError = apsw.ConstraintError
OperationalError = apsw.SQLError


class InterfaceError(Exception):
    """Named by SQLAlchemy, never raised."""


class Cursor:
    """One statement's rows; read whole at once, so that none keeps a transaction open."""

    arraysize = 1
    lastrowid = None

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection
        self._rows: list[tuple[Any, ...]] = []
        self.description: list[tuple[Any, ...]] | None = None
        self.rowcount = -1

    def execute(self, statement: str, parameters: Sequence[Any] = ()) -> "Cursor":
        """Run one statement."""
        cursor, before = self._connection.cursor(), self._connection.total_changes()
        cursor.exec_trace = self._describe  # once a statement has ended, apsw names no columns
        self._rows = list(cursor.execute(statement, tuple(parameters)))
        self.rowcount = self._connection.total_changes() - before
        return self

    def _describe(self, cursor: apsw.Cursor, _statement: str, _parameters: Any) -> bool:
        told = cursor.get_description()
        self.description = [(name, *[None] * 6) for name, _ in told] or None
        return True

    def executemany(self, statement: str, many: Iterable[Sequence[Any]]) -> "Cursor":
        """Run one statement for each row of parameters."""
        before = self._connection.total_changes()
        self._connection.cursor().executemany(statement, [tuple(p) for p in many])
        self._rows, self.description = [], None
        self.rowcount = self._connection.total_changes() - before
        return self

    def fetchone(self) -> tuple[Any, ...] | None:
        """The next row."""
        return self._rows.pop(0) if self._rows else None

    def fetchmany(self, size: int = 1) -> list[tuple[Any, ...]]:
        """The next rows."""
        taken, self._rows = self._rows[:size], self._rows[size:]
        return taken

    def fetchall(self) -> list[tuple[Any, ...]]:
        """All rows that are left."""
        taken, self._rows = self._rows, []
        return taken

    def close(self) -> None:
        """Let the rows go."""
        self._rows = []


class Connection:
    """One connection; `raw` is apsw's."""

    def __init__(self, raw: apsw.Connection) -> None:
        self.raw = raw

    def cursor(self) -> Cursor:
        """A new cursor."""
        return Cursor(self.raw)

    def execute(self, statement: str, parameters: Sequence[Any] = ()) -> Cursor:
        """As sqlite3 offers it."""
        return self.cursor().execute(statement, parameters)

    def commit(self) -> None:
        """End the transaction, if one is open."""
        if self.raw.in_transaction:
            self.raw.cursor().execute("COMMIT")

    def rollback(self) -> None:
        """Undo the transaction, if one is open."""
        if self.raw.in_transaction:
            self.raw.cursor().execute("ROLLBACK")

    def close(self) -> None:
        """Give the connection up."""
        self.raw.close()

    def create_function(self, name: str, args: int, function: Any, **more: Any) -> None:
        """SQLAlchemy registers REGEXP."""
        self.raw.create_scalar_function(name, function, args, **more)
