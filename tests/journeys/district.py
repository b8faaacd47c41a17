"""A district behind a real HTTP server whose clock a test may move, and people with devices of their own."""

import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from werkzeug.serving import make_server

from server.catalogue import journal
from server.inspections.actions import checklists
from server.law import actions as law
from server.people import actions as people
from server.scheduler import jobs
from sync.line import HttpLine
from sync.replica import Replica
from tests.support.house import PASSWORD, House, jpeg, new_id
from tests.support.ports import LOOPBACK

OFFICE = "office:cy"
BUILDER, SUPERVISION, CLIENT = "91110105MA0XD00162", "91110105MA0XD01206", "91350100M000100Y43"
STAFF = {
    "li": "inspector",
    "wang": "inspector",
    "zhang": "supervisor",
    "qian": "supervisor",
    "sun": "director",
}
FIRMS = {
    "zhao": ("contractor", BUILDER),
    "jian": ("supervision", SUPERVISION),
    "jia": ("client", CLIENT),
    "rival": ("contractor", CLIENT),
}


def values(**said: Any) -> dict[str, Any]:
    """Plain values as a change says them."""
    return {name: {"set": value} for name, value in said.items()}


def members(*names: str) -> dict[str, Any]:
    """A set with these in it."""
    return {"add": list(names), "remove": []}


@dataclass
class Phone:
    """One person's device: what is done on it stays on it until there is signal."""

    district: "District"
    name: str
    replica: Replica
    folder: Path

    @property
    def id(self) -> str:
        return self.district.house.people[self.name]

    def sync(self) -> None:
        """There is signal: everything goes and comes, photographs too."""
        with self.district.line(self.name) as line:
            self.replica.sync(line)
            for kept in self.replica.awaiting_bytes():
                line.upload(
                    Path(kept["path"]),
                    dossier=kept["dossier"],
                    photo=kept["photo"],
                    sha256=kept["sha256"],
                    mime=kept["mime"],
                    name=kept["name"],
                )
            self.replica.sync(line)
        assert self.replica.unsent() == {}, (self.name, self.replica.unsent())

    def create(self, kind: str, fields: dict[str, Any], dossier: str | None = None, **more: Any) -> str:
        return self.replica.create(dossier or self.district.site, kind, fields, **more)

    def update(self, record: str, dossier: str | None = None, **fields: Any) -> None:
        self.replica.update(dossier or self.district.site, record, fields)

    def step(self, record: str, verb: str, dossier: str | None = None, **more: Any) -> None:
        self.update(record, dossier, state={"do": verb}, **more)

    def sees(self, kind: str, dossier: str | None = None) -> dict[str, dict[str, Any]]:
        """The records of a kind on the screen, by id."""
        view = self.replica.view(dossier or self.district.site)
        return {r: v["body"] for r, v in view.items() if v["kind"] == kind}

    def photograph(self, subject: str, phase: str, colour: str, audience: str = "field") -> str:
        data = jpeg(colour)
        path = self.folder / f"{new_id()}.jpg"
        path.write_bytes(data)
        digest = hashlib.sha256(data).hexdigest()
        said = {"subject": subject, "sha256": digest, "size": len(data), "mime": "image/jpeg", "phase": phase}
        fields = values(**said, taken_at=self.district.now())
        photo = self.create("photo", fields, audience=audience)
        self.replica.attach(self.district.site, photo, path, digest, "image/jpeg")
        return digest


@dataclass
class District:
    """The server, its people and their phones."""

    house: House
    url: str
    folder: Path
    site: str = "project:wj-01"
    phones: dict[str, Phone] = field(default_factory=dict)

    def now(self) -> str:
        return self.house.clock().isoformat(timespec="milliseconds")

    def line(self, name: str) -> HttpLine:
        """Somebody signed in anew: days may have passed."""
        line = HttpLine(self.url, timeout_s=20)
        line.sign_in(name, PASSWORD, f"phone-{name}")
        return line

    def ask(self, name: str, method: str, path: str, **more: Any) -> Any:
        """One request of the desk's, with its answer."""
        with self.line(name) as line:
            answer = line.request(method, path, **more)
            return answer.json() if "json" in answer.headers["Content-Type"] else answer

    def phone(self, name: str) -> Phone:
        if name not in self.phones:
            replica = Replica(
                self.folder / f"{name}.db",
                kinds=journal().kinds,
                clock=self.house.clock,
                new_id=new_id,
                device=f"phone-{name}",
            )
            self.phones[name] = Phone(self, name, replica, self.folder)
            self.phones[name].sync()
        return self.phones[name]

    def work(self, *names: str) -> None:
        """What the scheduler does, on two nodes at once."""

        def node() -> None:
            with self.house.app.app_context():
                for name in names:
                    jobs(self.house.app)[name]()

        nodes = [threading.Thread(target=node) for _ in range(2)]
        for one in nodes:
            one.start()
        for one in nodes:
            one.join()


@contextmanager
def opened(house: House, folder: Path) -> Iterator[District]:
    """The district, its law and its people, behind a socket."""
    parties = {"contractor": BUILDER, "supervision_firm": SUPERVISION, "client": CLIENT}
    about = {"permit_no": "110105202601010101", "address": "望京街1号", "street": "110105026"}
    site = house.project("wj-01", **parties, **about)
    with house.app.app_context():
        law.enter_provisions(law.given())
        law.enter_calendar(2026)
        checklists.enter(checklists.SYSTEM, checklists.given(), at=checklists.EPOCH)
    for name, role in STAFF.items():
        house.person(name, role, site, OFFICE)
    for name, (role, firm) in FIRMS.items():
        house.person(name, role, site, firm=firm)
    house.person("chen", "administrator", OFFICE)
    house.person("shen", "auditor", site, OFFICE)
    with house.app.app_context():
        for number, name in enumerate(("li", "wang"), 1):
            people.license_officer(house.people[name], f"京朝执法{number}", date(2027, 12, 31))
    server = make_server(LOOPBACK, 0, house.app, threaded=True)
    serving = threading.Thread(target=server.serve_forever)
    serving.start()
    district = District(house, f"http://{LOOPBACK}:{server.server_port}", folder)
    try:
        yield district
    finally:
        for phone in district.phones.values():
            phone.replica.close()
        server.shutdown()
        serving.join()
        server.server_close()
