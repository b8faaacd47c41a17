"""Seeding: people, projects, inspections, issues, comments and photographs of the demonstration.

Ids are derived from the keys of district.yaml, so that running it twice changes nothing.
"""

import hashlib
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import yaml

from media.intake import signature
from server import transaction
from server.access import SystemMay
from server.office import office
from server.people import actions as people
from server.photos.actions import take_in
from sync.arrival import rfc3339
from sync.change import Author, read
from sync.minutes import Outcome

HERE = Path(__file__).parent
NAMESPACE = uuid.UUID("0b7c9f1e-3f55-5e0a-8d3c-2f6f0f0e7a11")
STEPS = {  # the verbs that lead to each state, with who does them
    "submitted": (),
    "confirmed": ("confirm",),
    "dismissed": ("dismiss",),
    "issued": ("confirm", "issue"),
    "rectifying": ("confirm", "issue", "receive", "begin"),
    "replied": ("confirm", "issue", "receive", "reply"),
    "passed": ("confirm", "issue", "receive", "reply", "pass"),
    "closed": ("confirm", "issue", "receive", "reply", "pass", "close"),
}
LICENSED_UNTIL = date(2029, 12, 31)
DOERS = {
    **dict.fromkeys(("confirm", "dismiss", "issue", "close"), "supervisor"),
    "close_major": "director",
}


def district() -> dict[str, Any]:
    """The data of the demonstration."""
    loaded: dict[str, Any] = yaml.load(
        (HERE / "district.yaml").read_text(encoding="utf-8"), Loader=yaml.CSafeLoader
    )
    return loaded


def firms(data: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The firms of the demonstration as the register has them."""
    parties = {"supervisor": "supervision"}
    return [
        {"code": f["uscc"], "name": f["name"], "parties": [parties.get(f["kind"], f["kind"])]}
        for f in data["firms"]
    ]


def named(*key: str) -> str:
    """The id that belongs to a key of the data."""
    return str(uuid.uuid5(NAMESPACE, "/".join(key)))


@dataclass(slots=True)
class Seeding:
    """People by user name, and the version of each record as it grows."""

    data: dict[str, Any]
    ids: dict[str, str] = field(default_factory=dict)
    versions: dict[str, int] = field(default_factory=dict)

    def staff(self, password: str) -> None:
        """The demo sign-ins and their posts, in every project and in the office's own dossier."""
        here = office()
        for person in self.data["people"]:
            name, role = person["username"], person["role"]
            self.ids[name] = people.take_on(name, person["name"], password, title=person["title"])
            if "licence" in person:
                people.license_officer(self.ids[name], person["licence"], LICENSED_UNTIL)
            office_role = "administrator" if role == "admin" else role
            people.give_post(self.ids[name], here.config.office, office_role, firm=person.get("firm"))
            if role == "admin":
                continue
            for project in self.data["projects"]:
                firm = person.get("firm")
                if role != "contractor" or project["contractor_uscc"] == firm:
                    people.give_post(self.ids[name], f"project:{project['id']}", role, firm=firm)

    def enter(self, project: Mapping[str, Any]) -> None:
        """Everything of one project, in the order it happened."""
        dossier = f"project:{project['id']}"
        self._write(dossier, "supervisor", [_project(project)], begin=True)
        mine = [i for i in self.data["inspections"] if i["project"] == project["id"]]
        issues = [i for i in self.data["issues"] if i["project"] == project["id"]]
        self._write(dossier, "inspector", [self._inspection(i) for i in mine])
        for author in ("inspector", "inspector2"):
            found = [i for i in issues if _finder(i) == author]
            self._write(dossier, author, [self._issue(i, project) for i in found])
            photos = [p for i in found for p in _photos(i, project)]
            self._write(dossier, author, photos)
        for issue in issues:
            for comment in _comments(issue, project):
                self._write(dossier, comment.pop("by"), [comment])
            for verb in STEPS[issue["state"]]:
                grave = verb == "close" and issue["severity"] == "major"
                self._step(dossier, issue, "close_major" if grave else verb)

    def pictures(self, progress: Callable[[], None]) -> None:
        """The photographs' bytes, by the same door as a phone's."""
        here = office()
        for issue in self.data["issues"]:
            for photo in issue["photos"]:
                path = HERE / "pictures" / photo["file"]
                data = path.read_bytes()
                said = {
                    "dossier": f"project:{issue['project']}",
                    "record": named(issue["key"], photo["file"]),
                    "sha256": hashlib.sha256(data).hexdigest(),
                    "filename": photo["file"],
                }
                upload = here.uploads.create("demo", len(data), said)
                if not upload.done:
                    rest = iter([data[upload.offset :], b""])
                    upload = here.uploads.append(upload.id, "demo", upload.offset, _reader(rest))
                    here.uploads.finish(upload, take_in)
                progress()

    def _step(self, dossier: str, issue: Mapping[str, Any], verb: str) -> None:
        doer = DOERS.get(verb)
        if verb in ("receive", "begin", "reply"):
            doer = "contractor" if self._has_contractor(issue["project"]) else "inspector"
        elif verb in ("pass", "fail"):
            doer = "inspector2"  # not who replied: separation of duties
        at = _times(issue)[verb]
        change = _change(named(issue["key"]), "issue", {"state": {"do": verb}}, at.isoformat(), verb)
        del change["audience"]  # a step moves it out of nobody's sight
        change |= {"op": "update", "base": {"version": self.versions[named(issue["key"])], "epoch": 1}}
        self._write(dossier, doer or "inspector", [change])

    def _has_contractor(self, project: str) -> bool:
        firm = next(p["firm"] for p in self.data["people"] if p["username"] == "contractor")
        return any(p["id"] == project and p["contractor_uscc"] == firm for p in self.data["projects"])

    def _inspection(self, said: Mapping[str, Any]) -> dict[str, Any]:
        fields = _sets(
            said, "inspection_type", "arrived_at", "left_at", "part", "weather", "conclusion", "note"
        )
        fields["officers"] = {"add": [self.ids[o] for o in said["officers"]], "remove": []}
        return _change(named(said["key"]), "inspection", fields, said["left_at"])

    def _issue(self, said: Mapping[str, Any], project: Mapping[str, Any]) -> dict[str, Any]:
        names = ("title", "description", "domain", "code", "severity", "part", "legal_basis", "demand")
        fields = _sets(said, *names, "found_at", "lat_e7", "lon_e7", "accuracy_m")
        due = date.fromisoformat(said["found_at"][:10]) + timedelta(days=said["days"])
        fields |= {
            "datum": {"set": "WGS-84"},
            "due_on": {"set": due.isoformat()},
            "assignee": {"set": self.ids[said["assignee"]]},
            "contractor": {"set": project["contractor_uscc"]},
            "tags": {"add": said["tags"], "remove": []},
        }
        if said["inspection"]:
            fields["inspection"] = {"set": named(said["inspection"])}
        change = _change(named(said["key"]), "issue", fields, said["found_at"])
        return change | {"audience": _audience(said, project)}

    def _write(
        self, dossier: str, author: str, changes: list[dict[str, Any]], *, begin: bool = False
    ) -> None:
        here = office()
        who = Author(self.ids[author], f"demo-{author}/{self.ids[author][-12:]}", SystemMay())
        understood = [read(c, here.journal.kinds) for c in changes]
        now = rfc3339(here.clock())
        pushed = transaction.submit(dossier, who, understood, received_at=now, begin=begin)
        for change, outcome in zip(changes, pushed.outcomes, strict=True):
            _must_have_worked(change, outcome)
            self.versions[change["record"]] = outcome["version"]


def _must_have_worked(change: Mapping[str, Any], outcome: Outcome) -> None:
    if outcome["status"] not in ("applied", "merged", "noop"):
        raise RuntimeError(f"{change['kind']} {change['record']}: {outcome}")


def _reader(blocks: Iterator[bytes]) -> Callable[[int], bytes]:
    return lambda _most: next(blocks, b"")


def _times(issue: Mapping[str, Any]) -> dict[str, datetime]:
    """When each step was taken, in keeping with the comments and the pictures of the issue."""
    found = datetime.fromisoformat(issue["found_at"])
    said = [datetime.fromisoformat(c["at"]) for c in issue["comments"]]
    shown = [datetime.fromisoformat(p["taken_at"]) for p in issue["photos"]]
    reply = max([found + timedelta(hours=2), *shown, *said[:1]]) + timedelta(minutes=2)
    passed = max([reply + timedelta(hours=3), *said]) + timedelta(minutes=3)
    return {
        "confirm": found + timedelta(minutes=20),
        "dismiss": found + timedelta(minutes=50),
        "issue": found + timedelta(minutes=40),
        "receive": found + timedelta(minutes=90),
        "begin": found + timedelta(minutes=95),
        "reply": reply,
        "pass": passed,
        "close": passed + timedelta(hours=2),
        "close_major": passed + timedelta(hours=2),
    }


def _finder(issue: Mapping[str, Any]) -> str:
    return "inspector2" if issue["assignee"] == "inspector2" else "inspector"


def _audience(issue: Mapping[str, Any], project: Mapping[str, Any]) -> str:
    """What has been issued is known to the contractor; what has not, is not."""
    told = "issue" in STEPS[issue["state"]]
    return f"party:{project['contractor_uscc']}" if told else "field"


def _sets(said: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {n: {"set": said[n]} for n in names if said.get(n) is not None}


def _change(record: str, kind: str, fields: Mapping[str, Any], at: str, *more: str) -> dict[str, Any]:
    return {
        "id": named("change", record, *more),
        "n": 0,
        "op": "create",
        "kind": kind,
        "record": record,
        "audience": "field",
        "fields": dict(fields),
        "at": at,
    }


def _project(said: Mapping[str, Any]) -> dict[str, Any]:
    names = ("name", "project_type", "stage", "risk", "street", "address", "permit_no")
    fields = _sets(said, *names, "started_on", "planned_finish_on", "lat_e7", "lon_e7")
    fields |= {
        "client": {"set": said["client_uscc"]},
        "contractor": {"set": said["contractor_uscc"]},
        "supervision_firm": {"set": said["supervisor_uscc"]},
        "datum": {"set": "WGS-84"},
    }
    change = _change(named("project", said["id"]), "project", fields, f"{said['started_on']}T00:00:00+08:00")
    return change | {"audience": "public"}


def _photos(issue: Mapping[str, Any], project: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for photo in issue["photos"]:
        data = (HERE / "pictures" / photo["file"]).read_bytes()
        after = photo["file"].endswith("-after.jpg")
        taken = photo["taken_at"]
        fields = {
            "subject": named(issue["key"]),
            "sha256": hashlib.sha256(data).hexdigest(),
            "size": len(data),
            "mime": signature(data[:64]),
            "name": photo["file"],
            "caption": photo["caption"],
            "phase": "after" if after else "before",
            "taken_at": taken,
            "lat_e7": issue["lat_e7"],
            "lon_e7": issue["lon_e7"],
            "accuracy_m": issue["accuracy_m"],
            "datum": "WGS-84",
        }
        change = _change(
            named(issue["key"], photo["file"]), "photo", {n: {"set": v} for n, v in fields.items()}, taken
        )
        yield change | {"audience": _audience(issue, project)}


def _comments(issue: Mapping[str, Any], project: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for index, comment in enumerate(issue["comments"]):
        fields = {"subject": named(issue["key"]), "text": comment["text"], "said_at": comment["at"]}
        record = named(issue["key"], "comment", str(index))
        change = _change(record, "comment", {n: {"set": v} for n, v in fields.items()}, comment["at"])
        yield change | {"audience": _audience(issue, project), "by": comment["by"]}
