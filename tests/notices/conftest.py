"""An office with its law, two projects' people, and papers in every state."""

from dataclasses import dataclass, field
from typing import Any

import pytest

from server.law import actions as law
from tests.support.house import Desk, Furnishing, House, beginning, create, issue, new_id

OFFICE = "office:cy"
FIRM = "91110105MA0XD00162"
AT = "2026-11-22T08:30:00.000+08:00"
SIGNED = "a" * 64
DIRECT = {"mode": "direct", "at": "2026-11-22T08:50:00+08:00", "to": "赵某", "signature": SIGNED}


@dataclass
class Bureau:
    """The house, and who does what in it."""

    house: House
    dossier: str
    desks: dict[str, Desk] = field(default_factory=dict)

    def desk(self, name: str) -> Desk:
        """Somebody's desk; signed in again where days have passed."""
        key = f"{name} {self.house.clock.now.date()}"
        if key not in self.desks:
            self.desks[key] = self.house.desk(name)
        return self.desks[key]

    def issue(self, **more: Any) -> str:
        """An issue with all that a paper wants of it; returns its id."""
        said = {
            "part": "3号楼12层临边",
            "description": "临边防护栏杆缺失",
            "legal_basis": "JGJ 80-2016 第4.1.1条",
            "due_on": "2026-11-25",
        } | more
        made = issue(**{n: v for n, v in said.items() if v is not None})
        [outcome] = self.desk("li").push(self.dossier, made)
        assert outcome["status"] == "applied", outcome
        return str(made["record"])

    def fields(self, kind: str = "rectification", **more: Any) -> dict[str, Any]:
        """A draft's fields, complete for any kind of paper."""
        people = self.house.people
        said: dict[str, Any] = {
            "notice_kind": kind,
            "drafted_at": AT,
            "issues": {"add": more.pop("issues", None) or [self.issue()], "remove": []},
            "addressee": FIRM,
            "addressee_name": "北京示例筑安建设集团有限公司",
            "officers": {"add": [people["li"], people["wang"]], "remove": []},
            "certificates": {people["li"]: "01010001"},
            "inspected_at": "2026-11-21T10:00:00+08:00",
            "author_org": "cy-gls",
            "authority": "cy-zjw",
            "enforcement_authority": "cy-cgj",
            "legal_basis": {"add": ["安全生产法 第六十五条"], "remove": []},
            "demand": "立即恢复临边防护。",
            "scope": "part",
            "scope_note": "3号楼12层以上",
            "starts_at": "2026-11-22T10:00:00+08:00",
            "resume_condition": "防护恢复并经复查合格",
            "meets_at": "2026-11-24T09:00:00+08:00",
            "place": "本所二层会议室",
        } | more
        said = {n: v for n, v in said.items() if v is not None}
        operations = {"issues", "officers", "legal_basis", "attachments"}
        return {n: v if n in operations else {"set": v} for n, v in said.items()}

    def draft(self, kind: str = "rectification", *, by: str = "li", **more: Any) -> str:
        """A draft by way of the exchange; returns its id."""
        dossier = more.pop("dossier", self.dossier)
        made = create("notice", self.fields(kind, **more), at=AT)
        [outcome] = self.desk(by).push(dossier, made)
        assert outcome["status"] == "applied", outcome
        return str(made["record"])

    def step(self, by: str, notice: str, verb: str, **fields: Any) -> Any:
        """One step at the desk, with what the screen shows; returns the HTTP answer."""
        shown = self.desk("zhang").get(f"/api/v1/notices/{notice}")
        said = {n: {"set": v} for n, v in fields.items()} | {"state": {"do": verb}}
        return self.amend(by, notice, said, shown["version"])

    def amend(self, by: str, notice: str, fields: dict[str, Any], version: int, **more: Any) -> Any:
        sent = {"fields": fields, "change": new_id(), "at": AT} | more
        return self.desk(by).call(
            "PATCH", f"/api/v1/notices/{notice}", json=sent, headers={"If-Match": f'"{version}"'}
        )

    def issued(self, kind: str = "rectification", **more: Any) -> dict[str, Any]:
        """An issued paper, as the API shows it."""
        notice = self.draft(kind, **more)
        if kind != "rectification":
            done(self.step("zhang", notice, "approve"))
        return done(self.step("li", notice, "issue"))

    def served(self, kind: str = "rectification", **more: Any) -> dict[str, Any]:
        notice = self.issued(kind, **more)["id"]
        return done(self.step("li", notice, "serve", service=DIRECT))

    def show(self, notice: str, by: str = "zhang") -> dict[str, Any]:
        shown: dict[str, Any] = self.desk(by).get(f"/api/v1/notices/{notice}")
        return shown

    def register(self, kind: str = "rectification", year: int = 2026, **more: Any) -> dict[str, Any]:
        asked = f"authority=cy-zjw&kind={kind}&year={year}&limit=1000"
        register: dict[str, Any] = self.desk("zhang").get(f"/api/v1/numbers?{asked}")
        return register

    def block(self, officer: str = "li", size: int = 5, **more: Any) -> dict[str, Any]:
        sent = {
            "officer": self.house.people[officer],
            "authority": "cy-zjw",
            "notice_kind": "rectification",
            "year": 2026,
            "size": size,
            "record": new_id(),
            "change": new_id(),
            "at": AT,
        } | more
        answer = self.desk("zhang").call("POST", "/api/v1/blocks", json=sent)
        assert answer.status_code == 200, answer.text
        block: dict[str, Any] = answer.json["block"]
        return block


def done(answer: Any) -> dict[str, Any]:
    """The paper after a step that applied."""
    assert answer.status_code == 200, answer.text
    assert answer.json["outcome"]["status"] in ("applied", "merged"), answer.json["outcome"]
    notice: dict[str, Any] = answer.json["notice"]
    return notice


def furnish(house: House) -> None:
    """Two projects, the law, and everybody who has to do with papers."""
    dossier = house.project("wj-01", permit_no="110105202601010101", address="望京街1号", contractor=FIRM)
    house.project("wj-02")
    with house.app.app_context():
        law.enter_provisions(law.given())
        law.enter_calendar(2026)
    for name, role in (
        *(("li", "inspector"), ("wang", "inspector"), ("zhang", "supervisor"), ("qian", "supervisor")),
    ):
        house.person(name, role, dossier, OFFICE)
    house.person("chen", "administrator", OFFICE)
    house.person("zhao", "contractor", dossier, firm=FIRM)
    house.person("rival", "contractor", dossier, firm="91350100M000100Y43")
    house.person("stranger", "inspector", "project:wj-02", OFFICE)


furnishing = beginning(Furnishing("bureau", furnish), "bureau")


@pytest.fixture
def bureau(house: House) -> Bureau:
    house.know_people()
    if not house.people:
        furnish(house)
    return Bureau(house, "project:wj-01")
