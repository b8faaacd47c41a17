"""The bare database's speed for the same bytes: what a sync server cannot beat.

One table, one index, no judging and no journal, and as durable as the server is.
"""

import sqlite3
import statistics
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

import psycopg

from .records import BATCH

Row = tuple[str, int, str, str]  # dossier, seq, id, body
_TABLE = "CREATE TABLE bare (dossier TEXT, seq BIGINT, id TEXT PRIMARY KEY, body TEXT)"
_INDEX = "CREATE INDEX bare_seq ON bare (dossier, seq)"
_PAGE = "SELECT seq, body FROM bare WHERE dossier = {0} AND seq > {0} ORDER BY seq LIMIT {0}"


class Bare(Protocol):
    """One table of a database."""

    def insert(self, rows: Sequence[Row]) -> None:
        """Commit `rows` durably in one transaction, in the fastest way there is."""

    def page(self, dossier: str, since: int, limit: int) -> list[tuple[int, str]]:
        """(seq, body) of the next rows after `since`."""

    def close(self) -> None:
        """Let go of the database."""


class BareSqlite:
    """SQLite in WAL mode that syncs each commit."""

    def __init__(self, path: Path) -> None:
        self._db = sqlite3.connect(path, isolation_level=None)
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = FULL")
        self._db.execute(_TABLE)
        self._db.execute(_INDEX)
        self._page = _PAGE.format("?")

    def insert(self, rows: Sequence[Row]) -> None:
        """`executemany` inside one BEGIN IMMEDIATE."""
        self._db.execute("BEGIN IMMEDIATE")
        self._db.executemany("INSERT INTO bare VALUES (?, ?, ?, ?)", rows)
        self._db.execute("COMMIT")

    def page(self, dossier: str, since: int, limit: int) -> list[tuple[int, str]]:
        """One indexed select."""
        return self._db.execute(self._page, (dossier, since, limit)).fetchall()

    def close(self) -> None:
        """Close the file."""
        self._db.close()


class BarePostgres:
    """PostgreSQL with its own defaults; `url` is libpq's."""

    def __init__(self, url: str) -> None:
        self._db = psycopg.connect(url, autocommit=True)
        self._db.execute("DROP TABLE IF EXISTS bare")
        self._db.execute(_TABLE)
        self._db.execute(_INDEX)
        self._page = _PAGE.format("%s")

    def insert(self, rows: Sequence[Row]) -> None:
        """COPY for many rows, INSERT for one."""
        if len(rows) == 1:
            self._db.execute("INSERT INTO bare VALUES (%s, %s, %s, %s)", rows[0])
            return
        with self._db.transaction(), self._db.cursor().copy("COPY bare FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)

    def page(self, dossier: str, since: int, limit: int) -> list[tuple[int, str]]:
        """One indexed select."""
        return self._db.execute(self._page, (dossier, since, limit)).fetchall()

    def close(self) -> None:
        """Close the connection."""
        self._db.close()


def inserted(bare: Bare, rows: Sequence[Row]) -> float:
    """Rows a second, in batches as large as ours."""
    began = time.perf_counter()
    for at in range(0, len(rows), BATCH):
        bare.insert(rows[at : at + BATCH])
    return len(rows) / (time.perf_counter() - began)


def paged(bare: Bare, dossier: str) -> float:
    """Rows a second, in pages as large as ours."""
    count, since = 0, 0
    began = time.perf_counter()
    while page := bare.page(dossier, since, BATCH):
        count, since = count + len(page), page[-1][0]
    return count / (time.perf_counter() - began)


def median_ms(work: Callable[[int], object], times: int) -> float:
    """The median of `times` runs of `work`, each told its number, in milliseconds."""
    spent = []
    for n in range(times):
        began = time.perf_counter()
        work(n)
        spent.append(time.perf_counter() - began)
    return statistics.median(spent) * 1000
