"""The simulated server: the real engine over SQLite in memory, with its backups and its operator."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import orjson
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import Connection, create_engine, event, select
from sqlalchemy.pool import StaticPool

from sync import checkpoints, exchange, growth, tables
from sync.arrival import Arrival, rfc3339
from sync.change import Author, Change, read
from sync.checkpoints import Held
from sync.exchange import parse
from sync.journal import Journal
from sync.minutes import Head
from sync.notes import Signer
from sync.record import Kind
from sync.statements import Key

from .kinds import AUDIENCES, SHEET
from .phone import Phone

Grants = dict[str, set[str]]
SIGNER = Signer("simulate.example", Ed25519PrivateKey.from_private_bytes(bytes(32)))
SEAL_EVERY = 3  # answered pushes


class ServerDied(BaseException):
    """The server's process died; what was not committed is gone."""


@dataclass(frozen=True, slots=True)
class May:
    """What a person may do in a dossier: everything in the audiences held now."""

    held: frozenset[str]
    formerly: frozenset[str]

    def sees(self, audience: str) -> bool:
        return audience in self.held or audience in self.formerly

    def refusal(self, kind: str, verb: str, audience: str, at: str) -> str | None:
        if audience in self.held:
            return None
        return "access-revoked" if audience in self.formerly else "not-permitted"

    def grants(self, at: str) -> list[dict[str, Any]]:
        return []

    def allowed(self, grants: Any, kind: str, verb: str, audience: str) -> bool:
        return False

    def late(self, ended_at: str) -> bool:
        return False


EVERYTHING = May(frozenset(AUDIENCES), frozenset())


@dataclass
class Told:
    """What the present history of the server has answered; a backup holds a copy of it."""

    writers: dict[tuple[str, int], str] = field(default_factory=dict)  # (dossier, seq) → change
    outcomes: dict[str, dict[str, Any]] = field(default_factory=dict)  # change → outcome

    def copy(self) -> "Told":
        return Told(dict(self.writers), dict(self.outcomes))


@dataclass(frozen=True)
class Backup:
    """A copy of the database, and what it covers."""

    data: sqlite3.Connection
    seqs: dict[str, int]
    told: Told


class InterleavedJournal(Journal):
    """The engine, with a place where other requests commit between the heads and the feed."""

    meanwhile: Callable[[Connection], None] | None = None

    def heads(self, conn: Connection, dossiers: Any) -> dict[str, Head]:
        found = super().heads(conn, dossiers)
        if self.meanwhile is not None:
            self.meanwhile(conn)
        return found


def _copied(database: sqlite3.Connection) -> sqlite3.Connection:
    copy = sqlite3.connect(":memory:")
    database.backup(copy)
    return copy


def _connected() -> tuple[Connection, sqlite3.Connection, sqlite3.Connection]:
    engine = create_engine(
        "sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False, "isolation_level": None}
    )

    @event.listens_for(engine, "begin")
    def begin(conn: Connection) -> None:
        writes = conn.get_execution_options().get("writes", False)
        conn.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    conn = engine.connect()
    raw = conn.connection.dbapi_connection
    assert isinstance(raw, sqlite3.Connection)
    raw.execute("PRAGMA page_size = 1024")
    raw.execute("PRAGMA foreign_keys = ON")
    with conn.begin():
        tables.metadata.create_all(conn)
    return conn, raw, _copied(raw)


_process: list[tuple[Connection, sqlite3.Connection, sqlite3.Connection]] = []


class Server:
    """One server. A process holds one at a time: they share the connection."""

    def __init__(self, clock: Callable[[], datetime], dossiers: list[str]) -> None:
        if not _process:
            _process.append(_connected())
        self.conn, self.raw, empty = _process[0]
        self._put_back(empty)
        self.journal = InterleavedJournal([SHEET], {})
        self.kinds: dict[str, Kind] = {"sheet": SHEET}
        self.clock, self.dossiers = clock, dossiers
        self.grants: dict[str, Grants] = {}
        self.formerly: dict[str, Grants] = {}
        self.told = Told()
        self.restores = self.pushes = 0
        self.memory: dict[str, Held] = {}  # the newest that was signed, outside the database
        with self.writing() as conn:
            key = Key(SIGNER.name, 1, SIGNER.verifier, rfc3339(clock()))
            checkpoints.introduce(conn, 1, key.sign(SIGNER, None))
            for dossier in dossiers:
                self.journal.open(conn, dossier)
        self.backup = self.copy()

    def _put_back(self, data: sqlite3.Connection) -> None:
        if self.raw.in_transaction:
            self.raw.rollback()
        data.backup(self.raw)

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A write transaction."""
        self.conn.execution_options(writes=True)
        with self.conn.begin():
            yield self.conn

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A read transaction. Only the interleaved pushes write in it."""
        self.conn.execution_options(writes=False)
        with self.conn.begin():
            yield self.conn

    def writer(self, device: str, person: str) -> str:
        """What the engine calls this device of this person."""
        return device

    def desks(self) -> list[str]:
        """The desks at which the office decides."""
        return ["desk0", "desk1"]

    # -------------------------------------------------------------- exchange
    def grant(self, person: str, dossier: str, audiences: set[str]) -> None:
        """From now on the person sees these audiences of the dossier."""
        before = self.grants.setdefault(person, {}).get(dossier, set())
        former = self.formerly.setdefault(person, {}).setdefault(dossier, set())
        former |= before
        former -= audiences
        self.grants[person][dossier] = set(audiences)

    def granted(self, person: str) -> dict[str, list[str]]:
        """What the person may read at this moment."""
        held = self.grants.get(person, {})
        return {d: sorted(a) for d, a in held.items() if a}

    def author(self, person: str, device: str, dossier: str) -> Author | None:
        """The person as the engine knows them; None who never had anything there."""
        held = frozenset(self.grants.get(person, {}).get(dossier, ()))
        former = frozenset(self.formerly.get(person, {}).get(dossier, ()))
        return Author(person, device, May(held, former)) if held or former else None

    def push(self, conn: Connection, person: str, device: str, request: exchange.Request) -> list[Any]:
        """The push half in the transaction of `conn`."""
        answers = []
        for group in request.groups:
            author = self.author(person, device, group.dossier)
            if author is None:
                answers.append(exchange.unknown(group.dossier))
                continue
            arrival = exchange.arrival(request, self.clock())
            answers.append(exchange.push_group(self.journal.push, conn, group, author, arrival))
        return answers

    def note(self, answers: list[Any], *, seals: bool = True) -> None:
        """Remember what was committed and answered; the same change never gets two answers (I2)."""
        for answer in answers:
            for outcome in answer["outcomes"]:
                if outcome["status"] == "retry":
                    continue
                plain = outcome | {"replay": False}
                first = self.told.outcomes.setdefault(outcome["id"], plain)
                if outcome["why"] != "change-id-reused":
                    assert first == plain, f"I2 two answers for one change: {first} and {plain}"
                if outcome["seq"] is not None:
                    self.told.writers[(answer["dossier"], outcome["seq"])] = outcome["id"]
        self.pushes += seals
        if seals and self.pushes % SEAL_EVERY == 0:
            self.seal()

    def seal(self) -> None:
        """Sign what was entered since the last time; drawn by no lot, so that a seed stays the same world."""
        if self.conn.in_transaction():
            return  # interleaved with a pull, which reads one state
        with self.writing() as conn:
            for dossier in self.dossiers:
                self._seal(conn, dossier)

    def _seal(self, conn: Connection, dossier: str) -> None:
        head = self.journal.lock(conn, dossier)
        assert growth.integrate(conn, dossier, head.size) == 0
        known = self.memory.get(dossier)
        made = checkpoints.seal(conn, dossier, head, SIGNER, at=rfc3339(self.clock()), remembered=known)
        if made is not None:
            self.memory[dossier] = Held(made.epoch, made.size, made.root)

    def pull(self, person: str, request: exchange.Request) -> dict[str, Any]:
        """The pull half, as the phone will read it."""
        with self.reading() as conn:
            answer = exchange.answer_pull(conn, self.journal, request, self.granted(person), {})
            return orjson.loads(orjson.dumps(answer))

    def read(self, data: bytes) -> exchange.Request:
        """The request as the engine understands it."""
        return parse(data, self.journal)

    def again(self, phone: Phone, data: bytes) -> list[Any]:
        """The answers to a push that was answered before."""
        request = self.read(data)
        with self.writing() as conn:
            answers = self.push(conn, phone.person, phone.name, request)
        self.note(answers, seals=False)
        return answers

    # -------------------------------------------------------------- operator
    def submit(self, desk: str, dossier: str, raw: dict[str, Any]) -> dict[str, Any]:
        """One change made at a desk, in a transaction of its own."""
        author, change = Author(desk, desk, EVERYTHING), read(raw, self.journal.kinds)
        assert isinstance(change, Change), change
        with self.writing() as conn:
            now = rfc3339(self.clock())
            pushed = self.journal.push(conn, dossier, author, [change], arrival=Arrival(now))
        self.note([{"dossier": dossier, "outcomes": pushed.outcomes}])
        return pushed.outcomes[0]

    def heads(self) -> dict[str, Head]:
        """The heads of all dossiers."""
        with self.reading() as conn:
            return Journal.heads(self.journal, conn, self.dossiers)

    def copy(self) -> Backup:
        """A backup of this moment."""
        seqs = {d: h.seq for d, h in self.heads().items()}
        return Backup(_copied(self.raw), seqs, self.told.copy())

    def note_backup(self, backup: Backup) -> None:
        """The backup is safe: devices may let go of what it covers."""
        with self.writing() as conn:
            for dossier, seq in backup.seqs.items():
                self.journal.note_backup(conn, dossier, seq)

    def collect(self, dossier: str, audience: str, upto: int) -> None:
        """Let go of old deletions."""
        with self.writing() as conn:
            self.journal.collect(conn, dossier, audience, upto)

    def restore(self) -> None:
        """Put the last backup back and open new epochs; the lineage is kept outside."""
        t = tables.lineage
        with self.reading() as conn:
            kept = [(r.dossier, r.epoch, r.fork) for r in conn.execute(select(t))]
        self._put_back(self.backup.data)
        self.told = self.backup.told.copy()
        self.restores += 1
        with self.writing() as conn:
            for dossier in self.dossiers:
                outside = [(e, f) for d, e, f in kept if d == dossier]
                self.journal.restore(conn, dossier, received_at=rfc3339(self.clock()), lineage=outside)
                self._seal(conn, dossier)

    def records(self, dossier: str) -> dict[str, Any]:
        """Every record's row, parsed."""
        t = tables.records
        with self.reading() as conn:
            rows = conn.execute(select(t).where(t.c.dossier == dossier)).all()
        return {
            r.record: {
                "kind": r.kind,
                "audience": r.audience,
                "version": r.version,
                "deleted": bool(r.deleted),
                "body": orjson.loads(r.body),
                "written": orjson.loads(r.written),
            }
            for r in rows
        }
