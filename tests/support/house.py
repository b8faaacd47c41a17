"""A house for a test: the real application on a database of its own, with a clock that stands still."""

import io
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import flask_migrate
import pytest
from argon2 import PasswordHasher
from flask import Flask
from PIL import Image
from sqlalchemy import event, select
from uuid_utils import uuid7
from werkzeug.test import TestResponse

from server import transaction
from server.access import SYSTEM
from server.app import create_app
from server.config import Config
from server.database import db
from server.office import office
from server.people import actions as people
from server.people.tables import Person
from server.sessions import actions as sessions
from sync.arrival import rfc3339
from sync.change import read
from sync.minutes import Outcome
from sync.protocol import PROTOCOL, SCHEMA

PASSWORD = "right horse"
# Tests and bench ask as fast as they are answered; tests/server/test_limits.py sets limits. How fast the
# machine judges is no test's business, but for those of tests/server/test_exchange.py that set a time.
UNHURRIED = {f"XUNJIAN_RATE_{who}": "0" for who in ("PERSON", "ADDRESS", "SIGN_IN")} | {
    "XUNJIAN_LOCKED_MS": "60000"
}
# One cheap hash for all: that it is dear in service is held by tests/server/test_passwords.py.
_HASH = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)


def migrate(url: str) -> None:
    """Bring an empty database to the newest schema, as `xunjian migrate` does."""
    with tempfile.TemporaryDirectory(prefix="migrate-") as folder:
        app = create_app(config_for(url, Path(folder)))
        with app.app_context():
            flask_migrate.upgrade()
            db.engine.dispose()


def config_for(url: str, folder: Path, **settings: str) -> Config:
    """Settings for a house in a folder."""
    env = {"XUNJIAN_VAR": str(folder), "XUNJIAN_DATABASE_URL": url, "XUNJIAN_DEMO_PASSWORD": PASSWORD}
    return Config.from_environment(env | UNHURRIED | settings)


def new_id() -> str:
    """A UUIDv7, as a phone makes them."""
    return str(uuid7())


@dataclass
class Clock:
    """Stands still until it is told."""

    now: datetime = datetime(2026, 11, 22, 1, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def passes(self, **span: float) -> None:
        self.now += timedelta(**span)


@dataclass
class Desk:
    """One signed-in person with an HTTP client."""

    house: "House"
    person: str
    device: str
    token: str
    no: int = 0

    def call(self, method: str, path: str, **more: Any) -> TestResponse:
        headers = {"Authorization": f"Bearer {self.token}"} | dict(more.pop("headers", {}))
        client = self.house.app.test_client()
        return client.open(path, method=method, headers=headers, **more)

    def get(self, path: str, **more: Any) -> Any:
        answer = self.call("GET", path, **more)
        assert answer.status_code == 200, answer.text
        return answer.json

    def exchange(
        self,
        push: Mapping[str, list[dict[str, Any]]] | None = None,
        cursors: Mapping[str, Any] | None = None,
        *,
        epoch: int = 1,
        **more: Any,
    ) -> Any:
        self.no += 1
        body: dict[str, Any] = {"protocol": PROTOCOL, "schema": SCHEMA, "no": self.no} | more
        if push is not None:
            body["push"] = [{"dossier": d, "epoch": epoch, "changes": c} for d, c in push.items()]
        if cursors is not None:
            body["pull"] = {"cursors": cursors}
        answer = self.call("POST", "/api/v1/exchange", json=body)
        assert answer.status_code == 200, answer.text
        return answer.json

    def push(self, dossier: str, *changes: dict[str, Any], epoch: int = 1) -> list[Outcome]:
        group = self.exchange({dossier: list(changes)}, epoch=epoch)["push"][0]
        assert "error" not in group, group
        return group["outcomes"]


@dataclass
class House:
    """The application and what tests need of it."""

    app: Flask
    clock: Clock
    folder: Path
    people: dict[str, str] = field(default_factory=dict)

    def person(self, username: str, role: str, *dossiers: str, firm: str | None = None) -> str:
        """Somebody who holds a role in these dossiers; returns the id."""
        with self.app.app_context():
            if username not in self.people:
                with transaction.writing():
                    person = Person(
                        id=new_id(),
                        username=username,
                        name=f"{username}某",
                        title="",
                        password=_HASH,
                        active=True,
                    )
                    db.session.add(person)
                    self.people[username] = person.id
            for dossier in dossiers:
                people.give_post(self.people[username], dossier, role, firm=firm)
        return self.people[username]

    def settle(self) -> None:
        """One project, two inspectors, a supervisor, a contractor and a stranger."""
        dossier = self.project("wj-01")
        self.project("wj-02")
        self.person("li", "inspector", dossier)
        self.person("wang", "inspector", dossier)
        self.person("zhang", "supervisor", dossier)
        self.person("zhao", "contractor", dossier, firm="91110105MA0XD00162")
        self.person("stranger", "inspector", "project:wj-02")

    def know_people(self) -> None:
        """Take up who was in the database before this house was built on it."""
        with self.app.app_context():
            found = db.session.execute(select(Person.username, Person.id)).all()
            self.people |= {each.username: each.id for each in found}
            db.session.remove()

    def desk(self, username: str, *, device: str | None = None, shown: int = 1) -> Desk:
        """The person signed in at a device, by default one named after them, with so many factors shown."""
        with self.app.app_context():
            person = db.session.get_one(Person, self.people[username])
            session = sessions.begin(person, device or f"phone-{username}", shown=shown)
        return Desk(self, self.people[username], session["device"], session["access_token"])

    def project(self, slug: str, **fields: Any) -> str:
        """A project's dossier with its project record."""
        dossier = f"project:{slug}"
        said = {"name": f"项目 {slug}", "stage": "under_construction"} | fields
        self.submit(dossier, create("project", said, audience="public"), begin=True)
        return dossier

    def submit(self, dossier: str, *changes: dict[str, Any], begin: bool = False) -> list[Outcome]:
        """The system's own changes, by the same door."""
        with self.app.app_context():
            understood = [read(c, office().journal.kinds) for c in changes]
            now = rfc3339(self.clock())
            pushed = transaction.submit(dossier, SYSTEM, understood, received_at=now, begin=begin)
            return pushed.outcomes

    @contextmanager
    def statements(self) -> Iterator[list[str]]:
        """The SQL statements that go to the database meanwhile."""
        said: list[str] = []

        def note(_c: Any, _k: Any, statement: str, *_more: Any) -> None:
            said.append(statement)

        with self.app.app_context():
            engine = db.engine
        event.listen(engine, "before_cursor_execute", note)
        try:
            yield said
        finally:
            event.remove(engine, "before_cursor_execute", note)


@dataclass(frozen=True)
class Furnishing:
    """What stands in a house before a test begins, by name; entered once a run, beginning and kind of
    database.
    """

    name: str
    what: Callable[[House], None]

    def enter(self, url: str, at: datetime) -> None:
        """Bring an empty database to the newest schema and to this, all done at that instant."""
        migrate(url)
        with tempfile.TemporaryDirectory(prefix="furnish-") as folder:
            clock = Clock(at)
            app = create_app(config_for(url, Path(folder)), clock=clock, new_id=new_id)
            self.what(House(app, clock, Path(folder)))
            with app.app_context():
                db.engine.dispose()


SITE = Furnishing("site", House.settle)


def beginning(made: Furnishing, asked: str) -> Any:
    """A room's fixture `furnishing`: its databases begin with this where a test asks for `asked`,
    else as elsewhere.
    """

    @pytest.fixture
    def furnishing(furnishing: Furnishing | None, request: pytest.FixtureRequest) -> Furnishing | None:
        return made if asked in request.fixturenames else furnishing

    return furnishing


def on_site(name: str, furnish: Callable[[House], None], *, known: str) -> tuple[Any, Any]:
    """A room's fixtures `furnishing` and `office`: the site of every test, furnished so. `known` is somebody
    who is there since; in a house on a database of its own nobody is.
    """

    def settled(house: House) -> None:
        house.settle()
        furnish(house)

    @pytest.fixture
    def office(site: House) -> House:
        if known not in site.people:
            furnish(site)
        return site

    return beginning(Furnishing(name, settled), "office"), office


def create(
    kind: str, values: Mapping[str, Any], *, audience: str = "field", record: str | None = None, **more: Any
) -> dict[str, Any]:
    """A create change; plain values become `{"set": …}`."""
    fields = {n: v if isinstance(v, dict) else {"set": v} for n, v in values.items()}
    return {
        "id": new_id(),
        "n": 1,
        "op": "create",
        "kind": kind,
        "record": record or new_id(),
        "audience": audience,
        "fields": fields,
        "at": "2026-11-21T16:02:11.000+08:00",
    } | more


def update(
    kind: str, record: str, version: int, values: Mapping[str, Any], *, after: str | None = None, **more: Any
) -> dict[str, Any]:
    """An update change by somebody who had seen `version`."""
    fields = {n: v if isinstance(v, dict) else {"set": v} for n, v in values.items()}
    return {
        "id": new_id(),
        "n": 2,
        "op": "update",
        "kind": kind,
        "record": record,
        "base": {"version": version, "epoch": 1, "after": after},
        "fields": fields,
        "at": "2026-11-21T17:00:00.000+08:00",
    } | more


def decide(kind: str, record: str, version: int, fields: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A reviewer's decision on a conflict or on parked work, seen at `version`."""
    said = update(kind, record, version, {}) | {"op": "resolve", "fields": fields, "reason": "现场核实"}
    return said | more


def accept(parked: Mapping[str, Any]) -> dict[str, Any]:
    """A reviewer takes a piece of parked work, as an inbox shows it."""
    return decide("parked", parked["record"], parked["version"], {"decision": {"set": "accept"}})


def delete(kind: str, record: str, version: int, **more: Any) -> dict[str, Any]:
    """A delete change by somebody who had seen `version`."""
    return {
        "id": new_id(),
        "n": 3,
        "op": "delete",
        "kind": kind,
        "record": record,
        "base": {"version": version, "epoch": 1, "after": None},
        "at": "2026-11-21T18:00:00.000+08:00",
    } | more


ISSUE = {
    "title": "临边防护缺失",
    "domain": "edge",
    "severity": "general",
    "found_at": "2026-11-21T10:00:00+08:00",
}


def issue(**more: Any) -> dict[str, Any]:
    """A create change for an issue."""
    audience = more.pop("audience", "field")
    record = more.pop("record", None)
    return create("issue", ISSUE | more, audience=audience, record=record)


def jpeg(colour: str = "red", size: tuple[int, int] = (640, 480), **save: Any) -> bytes:
    """A small photograph."""
    out = io.BytesIO()
    Image.new("RGB", size, colour).save(out, "JPEG", **save)
    return out.getvalue()
