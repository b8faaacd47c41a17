"""A town to try every door in: three sites with the same things on each, and somebody of every sort.

Every text says where it belongs, so that an answer that shows what it must not betrays itself:
`SITE` stands in all that lies on the first site, `ELSEWHERE` in all that lies on the third, where none of
those who ask holds a post; `INNER` and `SECRET` in what the first site keeps from the firm, and from all
but supervisors.
"""

from dataclasses import dataclass, field
from datetime import date
from typing import Any

from server import transaction
from server.cases import jobs as cases
from server.devices.jobs import prepare_first_loads
from server.evidence import actions as evidence
from server.exports import jobs as exports
from server.inspections.actions import checklists
from server.inspections.rules import answer_id
from server.law import actions as law
from server.notifications import actions as notifications
from server.notifications.rules import Person
from server.people import actions as people
from tests.doors.conftest import Handset, code
from tests.doors.liar import Liar
from tests.notices.conftest import Bureau
from tests.server.test_attachments import PDF, attachment
from tests.server.test_photos import photo, upload
from tests.support.house import Desk, House, create, issue, jpeg, new_id, update

OFFICE, HERE, NEXT_DOOR, FAR = "office:cy", "project:wj-01", "project:wj-02", "project:wj-03"
FIRM = "91110105MA0XD00162"
SITE, ELSEWHERE, INNER, SECRET = "本工地", "别处工地", "内部掌握", "举报线索"
FIRMS = ("contractor", "supervision", "client")
ROLES = (*FIRMS, "inspector", "supervisor", "director", "administrator", "auditor")
PEOPLE = ("anonymous", "revoked", "other", *ROLES)
# Of a contact on either site: whom officers call, and nobody else is told under which number.
NUMBERS = {HERE: "13800000037", FAR: "13900000042"}
COLOURS = {HERE: "red", FAR: "blue"}
DOOR = "https://93.184.215.14/in"


@dataclass
class Things:
    """One of each kind of thing, by ids; the ids of things that do not exist look just the same."""

    dossier: str = "project:wj-09"
    project: str = field(default_factory=new_id)
    issue: str = field(default_factory=new_id)
    photo: str = field(default_factory=new_id)
    attachment: str = field(default_factory=new_id)
    notice: str = field(default_factory=new_id)
    contact: str = field(default_factory=new_id)
    inspection: str = field(default_factory=new_id)
    answer: str = field(default_factory=new_id)
    block: str = field(default_factory=new_id)
    erasure: str = field(default_factory=new_id)
    hold: str = field(default_factory=new_id)
    checklist: str = field(default_factory=new_id)
    audience: str = f"party:{FIRM}"
    snapshot: str = "0" * 64
    token: str = "A" * 24
    head: str = "0" * 16

    def ids(self) -> set[str]:
        """All by which they can be named."""
        return {str(value) for value in vars(self).values()} - {"", "0" * 64, self.audience}


@dataclass
class Town:
    """The house, who lives in it, and what there is."""

    house: House
    askers: tuple[str, ...] = PEOPLE
    own: Things = field(default_factory=Things)
    foreign: Things = field(default_factory=Things)
    hidden: Things = field(default_factory=Things)  # on the own site, in audiences that a firm does not see
    guessed: Things = field(default_factory=Things)
    lost: Things = field(
        default_factory=lambda: Things(HERE, audience="confidential")
    )  # guessed, on the own site
    desks: dict[str, Desk] = field(default_factory=dict)
    provider: Liar | None = None
    # The second inspector's, who ends no session here: with what it holds is asked as `revoked`.
    phone: Handset = field(init=False)
    code: str = ""

    def things(self, whose: str) -> Things:
        found: Things = getattr(self, whose)
        return found

    def client(self, who: str) -> Desk:
        """Somebody's desk, or the revoked phone; nobody's holds no token."""
        return self.desks[who]

    def owner(self, who: str, whose: str) -> Desk:
        """Whose personal things are asked for: the asker's own, or those of somebody far away."""
        if whose == "foreign":
            return self.desks["far"]
        return self.desks["inspector" if who in ("anonymous", "revoked") else who]


def settle(house: House, askers: tuple[str, ...] = PEOPLE) -> Town:
    """The town as it stands when the tests begin."""
    town = Town(house, askers)
    for slug, words in (("wj-01", SITE), ("wj-02", "隔壁"), ("wj-03", ELSEWHERE)):
        house.project(slug, name=f"项目 {words}", contractor=FIRM, permit_no="110105202601010101")
    with house.app.app_context():
        law.enter_provisions(law.given())
        law.enter_calendar(2026)
        record, _ = checklists.enter(checklists.SYSTEM, checklists.given(), at=checklists.EPOCH)
        checklists.publish(record)
    _people(house)
    for who in (*ROLES, "second", "far", "other"):
        # Administrators keep accounts with a second factor alone.
        town.desks[who] = house.desk(who, shown=2 if who == "administrator" else 1)
    town.desks["anonymous"] = Desk(house, "", "nowhere", "nothing")
    _lose(town)
    for things, dossier, words in ((town.own, HERE, SITE), (town.foreign, FAR, ELSEWHERE)):
        _furnish(town, things, dossier, words, record)
    _hide(town)
    with house.app.app_context():
        prepare_first_loads(least=1)
        for dossier in (HERE, FAR, OFFICE):
            evidence.seal(dossier)
        for who in (*ROLES, "far", "other"):
            with transaction.writing() as conn:
                whom = Person(house.people[who])
                notifications.tell(conn, whom, "test", {"name": _words(who)}, f"t|{who}", home=None)
    for things in (town.own, town.foreign):
        page = town.desks["supervisor" if things is town.own else "far"].exchange(
            cursors={things.dossier: {things.audience: {"nonce": "n", "epoch": 1, "seq": 0, "floor": 0}}}
        )["pull"]["dossiers"][things.dossier]["audiences"][things.audience]
        things.snapshot = page["snapshot"]["sha256"]
    return town


def _lose(town: Town) -> None:
    """A phone that was enrolled, let in everywhere that its owner is, and then reported lost."""
    town.phone, town.code = Handset(town.house), code(town.desks["second"])
    assert town.phone.enrol(town.code).status_code == 200
    town.desks["revoked"] = town.phone.at()
    assert town.desks["revoked"].get("/api/v1/projects")["items"]
    path = f"/api/v1/devices/{town.phone.id}/revoke"
    assert town.desks["second"].call("POST", path, json={"why": "丢失"}).status_code == 204


def _words(who: str) -> str:
    return ELSEWHERE if who == "far" else f"{who}某"


def _people(house: House) -> None:
    for who in ("inspector", "second"):
        house.person(who, "inspector", HERE, OFFICE)
    for who in ("supervisor", "director", "auditor"):
        house.person(who, who, HERE, OFFICE)
    for who, firm in zip(FIRMS, (FIRM, "91110105MA01234567", "911101050000000000"), strict=True):
        house.person(who, who, HERE, firm=firm)
    house.person("administrator", "administrator", OFFICE)
    house.person("other", "inspector", NEXT_DOOR, OFFICE)
    house.person("far", "supervisor", FAR, OFFICE)
    house.person("far2", "inspector", FAR, OFFICE)
    with house.app.app_context():
        for number, who in enumerate(("inspector", "second", "far", "far2"), 1):
            people.license_officer(house.people[who], f"京{number}", date(2027, 12, 31))


def _furnish(town: Town, things: Things, dossier: str, words: str, checklist: str) -> None:
    """One of each, told to the firm where its kind can be."""
    house, maker = town.house, "inspector" if things is town.own else "far"
    second, desk = (
        ("second", town.desks["inspector"]) if maker == "inspector" else ("far2", town.desks["far"])
    )
    things.dossier, things.checklist = dossier, checklist
    office = Bureau(house, dossier, {})
    told = f"party:{FIRM}"
    made = issue(
        title=f"{words}临边", audience=told, legal_basis="JGJ 80-2016 第4.1.1条", due_on="2026-11-25"
    )
    data = jpeg(COLOURS[dossier])
    picture = photo(data, made["record"], caption=words) | {"audience": told}
    paper = attachment(PDF + words.encode(), "application/pdf", subject=made["record"], name=words)
    paper["audience"] = told
    visit = create("inspection", _visit(house, maker, second, words, checklist))
    answer = _answer(visit["record"], checklist, words)
    said = {"subject": made["record"], "text": words, "said_at": "2026-11-21T10:00:00Z"}
    comment = create("comment", said, audience=told)
    called = create("contact", _contact(words, NUMBERS[dossier]), audience="officers")
    _pushed(desk, dossier, made, picture, paper, visit, answer, comment, called)
    things.contact = called["record"]
    assert upload(desk, picture["record"], data, dossier=dossier).status_code == 204
    assert upload(desk, paper["record"], PDF + words.encode(), dossier=dossier).status_code == 204
    things.issue, things.photo, things.attachment = made["record"], picture["record"], paper["record"]
    things.inspection, things.answer = visit["record"], answer["record"]
    things.head = str(picture["fields"]["sha256"]["set"])[:16]
    [project] = [p for p in desk.get("/api/v1/projects")["items"] if p["dossier"] == dossier]
    things.project = project["id"]
    house.people |= {"li": house.people[maker], "wang": house.people[second]}
    drafted = create("notice", office.fields(issues=[made["record"]], demand=words), at=visit["at"])
    _pushed(desk, dossier, drafted)
    step = update("notice", drafted["record"], 0, {"state": {"do": "issue"}})
    step["base"]["version"] = desk.get(f"/api/v1/notices/{drafted['record']}")["version"]
    _pushed(desk, dossier, step)
    things.notice = drafted["record"]
    shown = desk.get(f"/api/v1/notices/{things.notice}")
    assert shown["audience"] == told, shown
    things.token = shown["body"]["token"]
    leader = town.desks["supervisor" if maker == "inspector" else "far"]
    _order(leader, things, words)
    taker = {
        "project": project["id"],
        "taker": house.people[second],
        "reason": words,
        "proposed_at": visit["at"],
    }
    _pushed(leader, dossier, create("handover", taker, audience="office"))
    things.block = _block(town.desks["supervisor"], house.people[maker])


def _order(desk: Desk, things: Things, words: str) -> None:
    """An order to erase, and a hold that stands against it."""
    why = {"subject": things.issue, "reason": words}
    asked = why | {
        "whole": False,
        "ground": "withdrawn",
        "asked_by": "person",
        "asked_at": "2026-11-22T08:00:00Z",
    }
    order = create("erasure", asked, audience="confidential")
    hold = create("hold", why | {"held_at": "2026-11-22T08:00:00Z"}, audience="confidential")
    _pushed(desk, things.dossier, order, hold)
    things.erasure, things.hold = order["record"], hold["record"]


def _visit(house: House, one: str, other: str, words: str, checklist: str) -> dict[str, Any]:
    officers = {"add": [house.people[one], house.people[other]], "remove": []}
    when = {"inspection_type": "routine", "arrived_at": "2026-11-21T09:00:00+08:00", "officers": officers}
    return when | {"checklist": checklist, "checklist_edition": 1, "part": words, "firm": FIRM}


def _contact(words: str, telephone: str) -> dict[str, Any]:
    told = {"name": "钱经理", "organisation": FIRM, "role": "site_manager", "note": f"{words} {telephone}"}
    return told | {"telephone": telephone}


def _answer(visit: str, checklist: str, words: str) -> dict[str, Any]:
    about = {"inspection": visit, "form": "B.13", "instance": "", "item": "B.13.4"}
    said = about | {"template": checklist, "result": "fault", "deduct": 5, "note": words}
    return create("answer", said, record=answer_id(*about.values()))


def _block(desk: Desk, officer: str) -> str:
    said = {
        "officer": officer,
        "authority": "cy-zjw",
        "notice_kind": "rectification",
        "year": 2026,
        "size": 2,
    }
    said |= {"record": new_id(), "change": new_id(), "at": "2026-11-22T08:30:00.000+08:00"}
    given = desk.call("POST", "/api/v1/blocks", json=said)
    assert given.status_code == 200, given.text
    return str(given.json["block"]["id"])


def _hide(town: Town) -> None:
    """What the first site keeps from the firm (INNER), and one tip that only supervisors see (SECRET)."""
    inner, desk = town.hidden, town.desks["inspector"]
    inner.dossier, inner.audience = HERE, "confidential"
    tip = issue(title=SECRET, description=f"{SECRET} 13812345678", audience="confidential")
    _pushed(town.desks["supervisor"], HERE, tip)
    data = jpeg("green")
    picture = photo(data, new_id(), caption=INNER) | {"audience": "office"}
    paper = attachment(PDF + INNER.encode(), "application/pdf", name=INNER) | {"audience": "office"}
    visit = create("inspection", _visit(town.house, "inspector", "second", INNER, town.own.checklist))
    visit["audience"] = "office"
    answer = _answer(visit["record"], town.own.checklist, INNER) | {"audience": "office"}
    fields = Bureau(town.house, HERE, {}).fields(issues=[town.own.issue], demand=INNER)
    drafted = create("notice", fields, at=visit["at"])
    _pushed(desk, HERE, picture, paper, visit, answer, drafted)
    assert upload(desk, picture["record"], data).status_code == 204
    inner.issue, inner.photo, inner.attachment = tip["record"], picture["record"], paper["record"]
    inner.inspection, inner.answer, inner.notice = visit["record"], answer["record"], drafted["record"]


def _pushed(desk: Desk, dossier: str, *changes: dict[str, Any]) -> None:
    outcomes = desk.push(dossier, *changes)
    assert {o["status"] for o in outcomes} <= {"applied", "merged"}, outcomes


def make_exports(house: House) -> None:
    """What the scheduler does for those who wait for a file."""
    with house.app.app_context():
        exports.make_all()
        cases.make_all()
