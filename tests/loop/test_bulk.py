"""Many issues at once: each with its own outcome, and how many there are."""

from typing import Any

from tests.loop.conftest import WJ
from tests.support.house import Desk, House, issue, new_id

AT = "2026-11-22T01:00:00.000Z"


def item(record: str, version: int, dossier: str = WJ) -> dict[str, Any]:
    return {"dossier": dossier, "id": record, "version": version, "change": new_id(), "at": AT}


def send(desk: Desk, items: list[dict[str, Any]], fields: dict[str, Any], **more: Any) -> Any:
    answer = desk.call("POST", "/api/v1/issues/bulk", json={"items": items, "fields": fields} | more)
    assert answer.status_code == 200, answer.text
    return answer.json["items"]


def test_each_of_many_has_its_own_outcome_and_one_that_fails_decides_nothing_for_others(
    office: House,
) -> None:
    li, zhang = office.desk("li"), office.desk("zhang")
    made = [issue(title=f"第{n}条") for n in range(5)]
    versions = [o["version"] for o in li.push(WJ, *made)]
    items = [item(m["record"], v) for m, v in zip(made, versions, strict=True)]
    first = send(zhang, items[:1], {"state": {"do": "confirm"}})
    assert first[0]["outcome"]["status"] == "applied"
    foreign = item(new_id(), 1, "project:wj-02")
    told = send(zhang, [*items, foreign], {"state": {"do": "confirm"}})
    assert told[0]["outcome"]["replay"] is True
    assert [t["outcome"]["status"] for t in told[1:5]] == ["applied"] * 4
    assert (told[5]["outcome"], told[5]["error"]) == (None, "not-found")
    again = send(zhang, [item(made[0]["record"], versions[0] + 5)], {"state": {"do": "confirm"}})
    assert again[0]["outcome"]["why"] == "illegal-transition"
    assert zhang.get(f"/api/v1/dossiers/{WJ}/verification")["fault"] is None


def test_a_refused_step_leaves_nothing_of_what_was_said_with_it(office: House) -> None:
    li, zhang = office.desk("li"), office.desk("zhang")
    made = [issue(), issue()]
    versions = [o["version"] for o in li.push(WJ, *made)]
    items = [item(m["record"], v) for m, v in zip(made, versions, strict=True)]
    send(zhang, items, {"state": {"do": "dismiss"}})
    note = {"append": [{"id": new_id(), "text": "与此前一条重复"}]}
    said = {"state": {"do": "merge"}, "duplicate_of": {"set": new_id()}, "notes": note}
    first, second = (m["record"] for m in made)
    alone = {"fields": said, "change": new_id(), "at": AT, "atomic": True}
    path, seen = f"/api/v1/issues/{first}", {"If-Match": f'"{versions[0] + 9}"'}
    told = [zhang.call("PATCH", path, json=alone, headers=seen).json for _ in range(2)]
    [many] = send(zhang, [item(second, versions[1] + 9)], said, atomic=True)
    assert told[1]["outcome"] == told[0]["outcome"] | {"replay": True}
    for outcome, record in ((told[0]["outcome"], first), (many["outcome"], second)):
        assert (outcome["status"], outcome["why"]) == ("conflict", "illegal-transition")
        body = zhang.get(f"/api/v1/issues/{record}")["body"]
        assert body["state"] == "dismissed" and not {"duplicate_of", "notes"} & body.keys()
    # Nothing is lost: all three are offered to whoever decides.
    waiting = zhang.get("/api/v1/conflicts")["items"]
    assert [sorted(one["body"]["fields"]) for one in waiting] == [sorted(said)] * 2


def test_bad_fields_are_wrong_of_all_alike_and_nothing_is_written(office: House) -> None:
    li, zhang, made = office.desk("li"), office.desk("zhang"), issue()
    [first] = li.push(WJ, made)
    bad = {"items": [item(made["record"], first["version"])], "fields": {"severity": {"set": "terrible"}}}
    told = zhang.call("POST", "/api/v1/issues/bulk", json=bad)
    assert (told.status_code, told.json["details"]["why"]) == (400, "invalid-fields")
    assert told.json["details"]["faults"][0]["field"] == "severity/set"
    assert zhang.get(f"/api/v1/issues/{made['record']}")["version"] == first["version"]
    for wrong in ({"items": [], "fields": {}}, {"fields": {}}, {"items": [{}], "fields": {}}):
        assert zhang.call("POST", "/api/v1/issues/bulk", json=wrong).status_code == 400


def test_the_statements_of_many_are_those_of_a_few(office: House) -> None:
    li, zhang = office.desk("li"), office.desk("zhang")
    made = [issue() for _ in range(40)]
    versions = [o["version"] for o in li.push(WJ, *made)]
    items = [item(m["record"], v) for m, v in zip(made, versions, strict=True)]
    counted = []
    for part in (items[:2], items[2:]):
        with office.statements() as said:
            send(zhang, part, {"tags": {"add": ["集中整治"], "remove": []}})
        counted.append(len(said))
    assert counted[0] == counted[1]


def test_counts_are_those_of_the_queue(office: House) -> None:
    li, zhang = office.desk("li"), office.desk("zhang")
    made = [issue(due_on="2026-11-20"), issue(due_on="2026-12-20"), issue(severity="major")]
    versions = [o["version"] for o in li.push(WJ, *made)]
    send(zhang, [item(made[0]["record"], versions[0])], {"state": {"do": "confirm"}})
    told = zhang.get("/api/v1/issues/counts")
    assert (told["states"]["submitted"], told["states"]["confirmed"], told["overdue"]) == (2, 1, 1)
    assert told["total"] == 3 and told["as_of"]
    assert zhang.get("/api/v1/issues/counts?severity=major")["total"] == 1
    assert office.desk("stranger").get("/api/v1/issues/counts")["total"] == 0


def test_issues_are_counted_by_site_with_the_filters_of_the_queue(office: House) -> None:
    li, zhang = office.desk("li"), office.desk("zhang")
    li.push(WJ, issue(due_on="2026-11-20"), issue(due_on="2026-12-20"), issue(severity="major"))
    heap = {"dossier": WJ, "total": 3, "overdue": 1, "major": 1}
    assert zhang.get("/api/v1/issues/by-project")["items"] == [heap]
    majors = zhang.get("/api/v1/issues/by-project?severity=major")["items"]
    assert majors == [heap | {"total": 1, "overdue": 0}]
    assert office.desk("stranger").get("/api/v1/issues/by-project")["items"] == []
