"""The whole house as a simulated server: the Flask application behind real sign-ins, on a file."""

import os
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from multiprocessing.util import Finalize
from pathlib import Path
from typing import Any

import orjson
from flask import Flask
from sqlalchemy import Connection, event, select

from server import transaction
from server.app import create_app
from server.database import db
from server.evidence import actions as evidence
from server.office import office
from server.people import actions as people
from sync import growth, tables
from sync.exchange import rfc3339
from tests.support import memory
from tests.support.house import PASSWORD, House, config_for, migrate

from .office import FIRM, SEES, OfficeWork
from .phone import Phone
from .server import Backup, Server, ServerDied, Told, _copied
from .transport import Transport
from .world import World

ROLES = {"desk0": "supervisor", "desk1": "supervisor"}
PEOPLE = ("p0", "p1", "p2", "p3")


@dataclass
class Process:
    """One application a process; each world puts its own clock and ids in."""

    app: Flask
    folder: Path
    empty: sqlite3.Connection
    clock: Callable[[], datetime]
    new_id: Callable[[], str]
    left: int | None = None  # how many statements from now the process dies

    @classmethod
    def start(cls, clock: Callable[[], datetime], new_id: Callable[[], str]) -> "Process":
        """A migrated database in a folder of its own, and the application on it."""
        # In memory where there is room: here the process dies, never the machine.
        folder = Path(tempfile.mkdtemp(prefix="simulate-", dir=os.environ.get(memory.TOLD)))
        Finalize(None, shutil.rmtree, (folder,), {"ignore_errors": True}, exitpriority=1)
        url = f"sqlite:///{folder / 'house.db'}"
        migrate(url)
        made = cls(Flask("none"), folder, sqlite3.connect(":memory:"), clock, new_id)
        made.app = app = create_app(
            config_for(url, folder), clock=lambda: made.clock(), new_id=lambda: made.new_id()
        )
        app.config["PROPAGATE_EXCEPTIONS"] = True
        with app.app_context():
            engine = db.engine
            # What survives a power cut is tested elsewhere; here the process dies, not the machine.
            event.listen(engine, "connect", lambda raw, _: raw.execute("PRAGMA synchronous = OFF"))
            event.listen(engine, "before_cursor_execute", lambda *_: made.statement())
            with db.session.connection() as conn:
                raw = conn.connection.dbapi_connection
                assert isinstance(raw, sqlite3.Connection)
                made.empty = _copied(raw)
        return made

    def statement(self) -> None:
        """The process dies at the chosen one."""
        if self.left is not None:
            self.left -= 1
            if self.left < 0:
                self.left = None
                raise ServerDied


_process: list[Process] = []


class HouseServer(Server):
    """The application, its people and posts, and its operator."""

    def __init__(self, clock: Callable[[], datetime], new_id: Callable[[], str], dossiers: list[str]) -> None:
        if not _process:
            _process.append(Process.start(clock, new_id))
        self.process = _process[0]
        self.process.clock, self.process.new_id, self.process.left = clock, new_id, None
        self.app, self.clock, self.dossiers = self.process.app, clock, dossiers
        self._put_back(self.process.empty)
        self.house = House(self.app, clock, self.process.folder)  # type: ignore[arg-type]
        self.grants: dict[str, dict[str, set[str]]] = {}  # roles held
        self.formerly: dict[str, dict[str, set[str]]] = {}
        self.tokens: dict[str, str] = {}
        self.told, self.restores, self.pushes = Told(), 0, 0
        # What an earlier world signed, this one has not.
        shutil.rmtree(self.process.folder / "signed", ignore_errors=True)
        with self.app.app_context():
            self.kinds = {n: k for n, k in office().journal.kinds.items() if n not in ("conflict", "parked")}
        for dossier in dossiers:
            self.house.project(dossier.removeprefix("project:"))
        for name, role in ROLES.items():
            self.house.person(name, role, *dossiers)
        for name in PEOPLE:
            self.house.person(name, "inspector")  # who they are; what they hold comes later
        self.catch_up()
        self.backup = self.copy()

    # ------------------------------------------------------------- database
    def _put_back(self, data: sqlite3.Connection) -> None:
        with self.app.app_context():
            with db.session.connection() as conn:
                raw = conn.connection.dbapi_connection
                assert isinstance(raw, sqlite3.Connection)
                raw.execute("ROLLBACK")
                data.backup(raw)
                raw.execute("BEGIN")
            db.session.remove()

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A write transaction."""
        with self.app.app_context(), transaction.writing() as conn:
            yield conn

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A read transaction."""
        with self.app.app_context(), transaction.reading() as conn:
            yield conn

    # --------------------------------------------------------------- people
    def writer(self, device: str, person: str) -> str:
        """The house counts one person at one device as a device."""
        return f"{device}/{self.house.people[person][-12:]}"

    def desks(self) -> list[str]:
        """The supervisors' desks."""
        return [self.writer(name, name) for name in ROLES]

    def grant(self, person: str, dossier: str, roles: set[str]) -> None:
        """Posts end, and others are given."""
        known = self.house.person(person, "inspector")
        held = self.grants.setdefault(person, {}).get(dossier, set())
        with self.app.app_context():
            if held - roles:
                people.end_post(known, dossier)
            for role in sorted(roles if held - roles else roles - held):
                firm = FIRM.removeprefix("party:") if role == "contractor" else None
                people.give_post(known, dossier, role, firm=firm)
        self.grants[person][dossier] = set(roles)
        self.formerly.setdefault(person, {}).setdefault(dossier, set()).update(held)

    def granted(self, person: str) -> dict[str, list[str]]:
        """What the person's roles see, by the table of office.py; staff see every firm's audience."""
        with self.reading() as conn:
            parties = office().journal.audiences(conn, self.dossiers)
        own = f"person:{self.house.people[person]}"  # what became of their work
        found = {own: ["field"]} if own in self.heads() else {}
        for dossier, roles in self.grants.get(person, {}).items():
            seen = set().union(*(SEES[r] for r in roles)) if roles else set()
            if roles - {"contractor"}:
                seen |= {a for a in parties.get(dossier, ()) if a.startswith("party:")}
            if seen:
                found[dossier] = sorted(seen)
        return found

    # ------------------------------------------------------------- exchange
    def post(self, writer: str, person: str, data: bytes) -> dict[str, Any]:
        """One exchange of a signed-in device; it signs in (again) where it must."""
        client = self.app.test_client()
        for _ in range(2):
            token = self.tokens.get(writer, "none")
            headers = {"Content-Type": "application/json", "Authorization": f"Bearer {token}"}
            answer = client.post("/api/v1/exchange", data=data, headers=headers)
            if answer.status_code != 401:
                break
            said = {"username": person, "password": PASSWORD, "device": writer.split("/", maxsplit=1)[0]}
            self.tokens[writer] = client.post("/api/v1/session", json=said).json["access_token"]
        assert answer.status_code == 200, f"{answer.status_code} {answer.text[:300]}"
        return orjson.loads(answer.data)

    def again(self, phone: Phone, data: bytes) -> list[Any]:
        """The answers to a push that was answered before."""
        answers = self.post(phone.name, phone.person, data)["push"]
        self.note(answers, seals=False)
        return answers

    def submit(self, desk: str, dossier: str, raw: dict[str, Any]) -> dict[str, Any]:
        """One change made at a desk."""
        group = {"dossier": dossier, "epoch": self.heads()[dossier].epoch, "changes": [raw]}
        body = {"protocol": 1, "schema": 1, "no": 1, "push": [group]}
        answers = self.post(desk, desk.split("/", maxsplit=1)[0], orjson.dumps(body))["push"]
        self.note(answers)
        return answers[0]["outcomes"][0]

    def catch_up(self) -> None:
        """What the journal has, whoever was told of it: also what a lost answer would have said."""
        e, o = tables.entries, tables.outcomes
        known = {d: max((q for at, q in self.told.writers if at == d), default=0) for d in self.dossiers}
        with self.reading() as conn:
            for dossier, seq in known.items():
                here = (e.c.dossier == dossier) & (e.c.seq > seq)
                rows = conn.execute(
                    select(e.c.seq, e.c.change, o.c.outcome)
                    .join(o, (o.c.dossier == e.c.dossier) & (o.c.change == e.c.change))
                    .where(here)
                )
                for row in rows:
                    self.told.writers[dossier, row.seq] = row.change
                    plain = orjson.loads(row.outcome)
                    first = self.told.outcomes.setdefault(row.change, plain)
                    assert first == plain, f"I2 two outcomes of one change: {first} and {plain}"

    def seal(self) -> None:
        """As the scheduler does once a minute."""
        with self.app.app_context():
            evidence.seal_all()

    # ------------------------------------------------------------- operator
    def heads(self) -> dict[str, Any]:
        """The heads of all dossiers, people's own included."""
        own = [f"person:{known}" for known in self.house.people.values()]
        with self.reading() as conn:
            return office().journal.heads(conn, [*self.dossiers, *own])

    def copy(self) -> Backup:
        """A backup of this moment, with everybody's posts."""
        with self.reading() as conn:
            raw = conn.connection.dbapi_connection
            assert isinstance(raw, sqlite3.Connection)
            data = _copied(raw)
        backup = Backup(data, {d: h.seq for d, h in self.heads().items()}, self.told.copy())
        self.posts_then = {p: {d: set(r) for d, r in held.items()} for p, held in self.grants.items()}
        return backup

    def note_backup(self, backup: Backup) -> None:
        """The backup is safe."""
        with self.writing() as conn:
            for dossier, seq in backup.seqs.items():
                office().journal.note_backup(conn, dossier, seq)

    def collect(self, dossier: str, audience: str, upto: int) -> None:
        """Let go of old deletions."""
        with self.writing() as conn:
            office().journal.collect(conn, dossier, audience, upto)

    def restore(self) -> None:
        """The file is put back from the last backup, people and sessions with it."""
        with self.reading() as conn:
            kept = [(r.dossier, r.epoch, r.fork) for r in conn.execute(select(tables.lineage))]
        now = {p: {d: set(r) for d, r in held.items()} for p, held in self.grants.items()}
        self._put_back(self.backup.data)
        self.told = self.backup.told.copy()
        self.restores += 1
        there = list(self.heads())
        with self.app.app_context():
            key = evidence.signer()
        with self.writing() as conn:
            for dossier in there:
                outside = [(e, f) for d, e, f in kept if d == dossier]
                at = rfc3339(self.clock())
                office().journal.restore(conn, dossier, received_at=at, lineage=outside)
                head = office().journal.lock(conn, dossier)
                growth.integrate(conn, dossier, head.size)
                evidence.seal_here(conn, dossier, key)
        self.grants = {p: {d: set(r) for d, r in held.items()} for p, held in self.posts_then.items()}
        # The office enters again who holds posts, and who held some: late work comes home by those.
        for person, held in now.items():
            for dossier, roles in held.items():
                self.grant(person, dossier, roles | self.formerly[person][dossier])
                self.grant(person, dossier, roles)


class HouseLine(Transport):
    """The line ends at POST /api/v1/exchange; the server dies at any statement."""

    server: HouseServer

    def serve(self, phone: Phone, request: bytes, *, fair: bool = False) -> dict[str, Any] | None:
        """The house's answer, or None if it died over the request."""
        process = self.server.process
        if not fair and self.rnd.random() < self.chances.server_dies * 3:
            process.left = self.rnd.randrange(30)
        try:
            answer = self.server.post(phone.name, phone.person, request)
        except ServerDied:
            self.server.catch_up()
            self.watch.half_written()
            return None
        finally:
            process.left = None
        self.server.note(answer.get("push", []))
        self.server.catch_up()
        if "pull" in answer:
            self.watch.served(phone, answer["pull"])
        return answer


class HouseWorld(World):
    """A world with the whole house in it."""

    def some_work(self) -> OfficeWork:
        return OfficeWork()

    def some_server(self) -> HouseServer:
        return HouseServer(lambda: self.now, self.new_id, self.dossiers)

    def some_line(self, chances: Any) -> HouseLine:
        return HouseLine(self.rnd, self.server, self.watch, chances)
