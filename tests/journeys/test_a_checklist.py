"""Two officers, two phones, one checklist, no signal: they meet in one inspection and one score."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from server.catalogue import journal
from server.inspections.routes.visits import told
from server.inspections.rules import Grading, answer_id, score
from sync.line import HttpLine
from sync.replica import Replica
from tests.inspections.test_score import JGJ59, all_of, worked
from tests.journeys.conftest import DOSSIER, Town
from tests.support.house import Clock, new_id

pytestmark = pytest.mark.journey
GRADING = Grading(excellent=80, passed=70, guarantee_least=40)


def phone(tmp_path: Path, name: str) -> Replica:
    return Replica(tmp_path / f"{name}.db", kinds=journal().kinds, clock=Clock(), new_id=new_id, device=name)


def fill_in(device: Replica, inspection: str, template: str, answer: Mapping[str, Any]) -> None:
    """As a phone does: make the record under its derived id, or edit the one that is there."""
    record = answer_id(inspection, answer["form"], answer["instance"], answer["item"])
    verdict = {n: {"set": answer[n]} for n in ("result", "deduct") if n in answer}
    if record in device.view(DOSSIER):
        device.update(DOSSIER, record, verdict)
        return
    about = {"inspection": inspection, "template": template}
    about |= {n: answer[n] for n in ("form", "instance", "item")}
    fields = {n: {"set": v} for n, v in about.items()} | verdict
    device.create(DOSSIER, "answer", fields, record=record)


def on_the_phone(device: Replica, inspection: str, template: Mapping[str, Any]) -> dict[str, Any]:
    """The score that a phone shows, by the same pure function."""
    bodies = [r["body"] for r in device.view(DOSSIER).values() if r["kind"] == "answer"]
    return told(score([b for b in bodies if b["inspection"] == inspection], template, GRADING))


def at_the_server(line: HttpLine, inspection: str) -> dict[str, Any]:
    found: dict[str, Any] = line.request("GET", f"/api/v1/inspections/{inspection}/score").json()
    return found


def same(shown: dict[str, Any], served: dict[str, Any]) -> bool:
    names = ("got", "full", "total", "grade", "complete", "sections")
    forms = [
        [
            {n: f[n] for n in ("code", "instance", "score", "zero")} | {"missing": list(f["missing"])}
            for f in s["forms"]
        ]
        for s in (shown, served)
    ]
    return forms[0] == forms[1] and all(shown[n] == served[n] for n in names)


def test_two_phones_without_signal_fill_in_one_checklist_and_meet(town: Town, tmp_path: Path) -> None:
    with town.line("inspector", "p1") as one, town.line("inspector2", "p2") as two:
        mine, theirs = phone(tmp_path, "p1"), phone(tmp_path, "p2")
        for device, line in ((mine, one), (theirs, two)):
            device.sync(line)
        office = mine.view("office:cy")
        [(template, record)] = [(r, v) for r, v in office.items() if v["kind"] == "template"]
        assert record["body"]["sections"] == JGJ59["sections"], "the checklist came with the exchange"
        who = [line.user["id"] for line in (one, two)]
        inspection = mine.create(
            DOSSIER,
            "inspection",
            {
                "inspection_type": {"set": "routine"},
                "arrived_at": {"set": "2026-11-22T09:00:00+08:00"},
                "officers": {"add": who[:1], "remove": []},
                "checklist": {"set": template},
                "checklist_edition": {"set": 1},
            },
        )
        mine.sync(one)
        theirs.sync(two)
        # No signal: each fills in one half; both look at the scaffold and at one item say otherwise.
        answers = worked()
        scaffold = all_of("B.3")
        for answer in [a for a in answers if a["form"] in ("B.1", "B.2", "B.11", "B.12", "B.13")] + scaffold:
            fill_in(mine, inspection, template, answer)
        worse = [a | {"result": "fault", "deduct": 4} if a["item"] == "B.3.1" else a for a in scaffold]
        for answer in [a for a in answers if a["form"] in ("B.14", "B.16", "B.17", "B.19")] + worse:
            fill_in(theirs, inspection, template, answer)
        theirs.update(DOSSIER, inspection, {"officers": {"add": who[1:], "remove": []}})
        mine.update(DOSSIER, inspection, {"state": {"do": "finish"}})  # alone, as far as this phone knows
        assert on_the_phone(mine, inspection, record["body"])["complete"] is False
        for device, line in ((mine, one), (theirs, two), (mine, one)):
            device.sync(line)
        for device, line in ((mine, one), (theirs, two)):
            assert same(on_the_phone(device, inspection, record["body"]), at_the_server(line, inspection))
        settle_and_finish(town, mine, one, inspection)
        theirs.sync(two)
        served = at_the_server(two, inspection)
        assert (served["complete"], served["grade_words"]) == (True, "优良")
        for device in (mine, theirs):
            assert same(on_the_phone(device, inspection, record["body"]), served)
            assert device.view(DOSSIER)[inspection]["body"]["state"] == "finished"
        mine.close()
        theirs.close()


def settle_and_finish(town: Town, mine: Replica, one: HttpLine, inspection: str) -> None:
    """The item in question is decided; the step that came before the second officer is taken."""
    waiting = {r: v for r, v in mine.view(DOSSIER).items() if v["kind"] in ("conflict", "parked")}
    # Beside what the demonstration leaves open on its issues.
    waiting = {r: v for r, v in waiting.items() if v["body"]["open"] and v["body"]["target_kind"] != "issue"}
    assert sorted(v["kind"] for v in waiting.values()) == ["conflict", "parked"]
    for question, held in waiting.items():
        if held["kind"] == "conflict":
            candidates = {n: f["candidates"][0]["change"] for n, f in held["body"]["fields"].items()}
            mine.decide(DOSSIER, question, {n: {"pick": c} for n, c in candidates.items()}, "现场复核")
        else:
            assert held["body"]["why"] == "too-few-officers"
    mine.sync(one)
    mine.update(DOSSIER, inspection, {"state": {"do": "finish"}})
    mine.sync(one)
