"""One test's own project in a building that several tests share."""

from collections import Counter
from dataclasses import dataclass
from typing import Any

from server.evidence.actions import seal_all
from tests.faults.serving import Office
from tests.support.house import issue


@dataclass
class Bureau:
    """One test's own project in the building, with two inspectors and a supervisor signed in at the desk."""

    building: Office
    dossier: str
    people: tuple[str, str, str]

    def hand(self, who: str, device: str | None = None) -> Any:
        """li, wang or zhang, at a device of theirs."""
        name = self.people[("li", "wang", "zhang").index(who)]
        return self.building.house.desk(name, device=device)

    def states(self) -> Counter[str]:
        listed = self.hand("zhang").get("/api/v1/issues?limit=200")["items"]
        return Counter(one["state"] for one in listed)

    def seal(self) -> None:
        with self.building.house.app.app_context():
            seal_all()


def found(bureau: Bureau, many: int) -> list[str]:
    """Issues that an inspector has found; their ids."""
    made = [issue(title=f"第{n:02}号问题") for n in range(many)]
    outcomes = bureau.hand("li").push(bureau.dossier, *made)
    assert {outcome["status"] for outcome in outcomes} == {"applied"}
    return [str(one["record"]) for one in made]
