"""A site that Li answers for, with Wang beside him, Zhang above them, and somebody who was never there."""

from typing import Any

import pytest

from tests.support.house import Desk, House, create, update

WJ = "project:wj-01"
AT = "2026-11-21T16:00:00+08:00"


def site_of(house: House, dossier: str = WJ) -> dict[str, Any]:
    """The project as the list shows it."""
    return next(p for p in house.desk("zhang").get("/api/v1/projects")["items"] if p["dossier"] == dossier)


def officer_of(house: House) -> str | None:
    """Whoever answers for the site, by user name."""
    return {i: name for name, i in house.people.items()}.get(site_of(house)["officer"])


def proposal(house: House, giver: str | None, taker: str, **more: Any) -> dict[str, Any]:
    """A change that proposes a handover of the site."""
    said = {"project": site_of(house)["id"], "taker": house.people[taker], "reason": "岗位调整"}
    said |= {"proposed_at": AT} | ({"giver": house.people[giver]} if giver else {}) | more
    return create("handover", said, audience="office")


def sign(record: str, verb: str, version: int = 1, **more: Any) -> dict[str, Any]:
    """A step on a handover; `more` are values said with it."""
    extra = {n: more.pop(n) for n in ("note", "absence", "refusal", "recall") if n in more}
    return update("handover", record, version, {"state": {"do": verb}} | extra, **more)


def appointed(house: House, taker: str) -> str:
    """Zhang names somebody, who signs; the handover's id."""
    made = proposal(house, officer_of(house), taker)
    done = house.desk("zhang").push(WJ, made, sign(made["record"], "appoint", absence="首次指定"))
    assert [o["status"] for o in done] == ["applied", "applied"], done
    assert one(house.desk(taker).push(WJ, sign(made["record"], "take"))) == "applied"
    return str(made["record"])


def one(outcomes: list[dict[str, Any]]) -> str:
    """The only outcome, by its status; with why, where there is one. `merged` is applied, too."""
    [outcome] = outcomes
    if outcome["status"] == "merged":
        return "applied"
    return f"{outcome['status']}: {outcome['why']}" if outcome["why"] else str(outcome["status"])


def shown(desk: Desk, record: str) -> dict[str, Any]:
    """A handover as a list shows it; empty where it shows none."""
    items = desk.get("/api/v1/handovers")["items"]
    return next((i for i in items if i["id"] == record), {})


@pytest.fixture
def town(site: House) -> House:
    """Hu works on another site and has never been here; Sun leads; Shen audits."""
    site.person("hu", "inspector", "project:wj-02")
    site.person("sun", "director", WJ)
    site.person("shen", "auditor", WJ)
    appointed(site, "li")
    return site
