"""The engine on a real database with one dossier of its own, for a machine that drives it."""

import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import orjson
from sqlalchemy import Connection, Engine, delete, insert, select

from sync import feed, history, tables
from sync.arrival import Arrival
from sync.change import Author, read
from sync.epochs import collected
from sync.feed import Cursor
from sync.journal import Journal, Pushed
from tests.sync.model import SHEET, person

AT = "2026-11-22T01:00:00.000Z"
# What a dossier's backup holds.
TABLES = [t for t in tables.metadata.sorted_tables if "dossier" in t.c]
GUEST = "phone-guest"


@dataclass(frozen=True)
class Everything:
    """Everybody may do everything, but for a guest, who sees all and may change nothing."""

    guest: bool

    def sees(self, audience: str) -> bool:
        return True

    def refusal(self, kind: str, verb: str, audience: str, at: str) -> str | None:
        return "not-permitted" if self.guest else None

    def grants(self, at: str) -> list[dict[str, Any]]:
        return []

    def allowed(self, grants: Any, kind: str, verb: str, audience: str) -> bool:
        return False

    def late(self, ended_at: str) -> bool:
        return False


@dataclass
class Reader:
    """A device's shadow of one audience, by the rules of protocol.md §5."""

    audience: str
    cursor: Cursor = field(default_factory=lambda: Cursor("n", 1, 0, 0))
    rows: dict[str, dict[str, Any]] = field(default_factory=dict)

    def take(self, page: dict[str, Any], epoch: int) -> bool:
        """One page; whether more follow."""
        if "resync" in page:
            self.cursor = Cursor("n", epoch, 0, page["floor"])
            self.rows = {}  # the old generation would go with the last page
            return True
        assert (page["since"], page["since_below"]) == (self.cursor.seq, self.cursor.below)
        for told in orjson.loads(orjson.dumps(page["items"])):
            if told["op"] == "put":
                self.rows[told["record"]] = told
            else:
                self.rows.pop(told["record"], None)
        self.cursor = Cursor("n", epoch, page["until"], page["floor"], page["below"])
        return bool(page["more"])


class Dossier:
    """One dossier; each call is one transaction."""

    def __init__(self, engine: Engine) -> None:
        self.engine, self.name = engine, f"project:{uuid.uuid4().hex}"
        self.journal = Journal([SHEET], {})
        with self.writing() as conn:
            conn.execute(delete(tables.lineage))  # restores of histories before this one, in this database
            assert self.journal.open(conn, self.name)

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        with self.engine.connect().execution_options(writes=True) as conn, conn.begin():
            yield conn

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        with self.engine.connect() as conn, conn.begin():
            yield conn

    def push(self, device: str, changes: Sequence[dict[str, Any]], epoch: int) -> Pushed:
        """As a device sends them."""
        author = Author(person(device), device, Everything(device == GUEST))
        sent = [{k: v for k, v in c.items() if k != "bad"} for c in changes]
        understood = [read(c, self.journal.kinds) for c in sent]
        with self.writing() as conn:
            return self.journal.push(conn, self.name, author, understood, arrival=Arrival(AT), epoch=epoch)

    def pull(self, reader: Reader, limit: int, meanwhile: Callable[[], object] = lambda: None) -> bool:
        """One page for a reader; `meanwhile` happens between its two questions."""
        with self.reading() as conn:
            head = self.journal.heads(conn, [self.name])[self.name]
            meanwhile()
            upto = collected(conn, [self.name]).get((self.name, reader.audience), 0)
            at = (conn, self.name, reader.audience, reader.cursor, head)
            page = feed.page(*at, limit=limit, collected=upto)
        return reader.take(page, head.epoch)

    def records(self) -> dict[str, Any]:
        """All records as they stand, by id."""
        t = tables.records
        with self.reading() as conn:
            rows = conn.execute(select(t).where(t.c.dossier == self.name)).all()
        return {r.record: r for r in rows}

    def entries(self) -> list[Any]:
        """The whole journal, after it has proved itself."""
        with self.reading() as conn:
            assert history.verify(conn, self.name).fault is None
            return list(history.entries(conn, self.name))

    def backup(self) -> dict[str, list[dict[str, Any]]]:
        """Every row of the dossier."""
        with self.reading() as conn:
            return {
                t.name: [dict(r._mapping) for r in conn.execute(select(t).where(t.c.dossier == self.name))]
                for t in TABLES
            }

    def restore(self, backup: dict[str, list[dict[str, Any]]], lineage: list[tuple[int, int]]) -> None:
        """Put a backup back and open the next epoch."""
        with self.writing() as conn:
            for t in TABLES:
                conn.execute(delete(t).where(t.c.dossier == self.name))
                if backup[t.name]:
                    conn.execute(insert(t), [{str(k): v for k, v in row.items()} for row in backup[t.name]])
            self.journal.restore(conn, self.name, received_at=AT, lineage=lineage)
