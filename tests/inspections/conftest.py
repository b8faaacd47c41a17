"""An office with its law and its checklist, and a site with licensed officers."""

from datetime import date
from typing import Any

from server.inspections.actions import checklists
from server.law import actions as law
from server.people import actions as people
from tests.support.house import House, create, on_site

OFFICE, WJ = "office:cy", "project:wj-01"
ARRIVED = "2026-11-21T09:00:00+08:00"
FIRM = "91110105MA0XD00162"


def furnish(site: House) -> None:
    """On top of the site: Li and Wang are licensed until the end of 2027, Zhou is not; Zhang is their
    supervisor.
    """
    with site.app.app_context():
        law.enter_provisions(law.given())
        record, _ = checklists.enter(checklists.SYSTEM, checklists.given(), at=checklists.EPOCH)
        checklists.publish(record)
    site.person("zhou", "inspector", WJ)
    site.person("chen", "administrator", OFFICE)
    site.person("zhang", "supervisor", OFFICE)
    site.person("qian", "supervisor", OFFICE)
    for name in ("li", "wang", "zhou"):
        site.person(name, "inspector", OFFICE)
    with site.app.app_context():
        for number, name in enumerate(("li", "wang"), 1):
            people.license_officer(site.people[name], f"京朝执法{number}", date(2027, 12, 31))


furnishing, office = on_site("licensed", furnish, known="zhou")


def visit(house: House, *officers: str, record: str | None = None, **more: Any) -> dict[str, Any]:
    """A create change for an inspection by these people."""
    said = {"inspection_type": "routine", "arrived_at": ARRIVED} | more
    said["officers"] = {"add": [house.people[o] for o in officers], "remove": []}
    return create("inspection", said, record=record)


def checklist(house: House) -> str:
    """The record of JGJ 59-2011."""
    items = house.desk("li").get("/api/v1/checklists")["items"]
    return next(str(c["id"]) for c in items if c["code"] == "jgj59")
