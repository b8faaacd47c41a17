"""What was gathered while one might see it: files, watermarks, proofs, after the post has ended."""

import pytest

from server.evidence import actions as evidence
from server.people import actions as people
from tests.exports.conftest import ask, fetch, work
from tests.inspections.conftest import furnishing, office
from tests.server.test_photos import photo, upload
from tests.server.test_watchbook import lines
from tests.support.house import House, create, issue, jpeg, update

__all__ = ["furnishing", "office"]

WJ, FIRM = "project:wj-01", "party:91110105MA0XD00162"


def test_a_file_is_not_fetched_by_who_has_lost_sight_of_what_is_in_it(site: House) -> None:
    site.person("li", "inspector", "project:wj-02")
    li = site.desk("li")
    li.push(WJ, issue(title="内部"))
    export = ask(li, "csv")
    assert work(site) == 1
    assert "内部".encode() in fetch(li, export)
    site.clock.passes(minutes=1)
    with site.app.app_context():
        people.end_post(site.people["li"], WJ)
    answer = li.call("GET", f"{export['address']}/file")
    assert (answer.status_code, answer.json["code"]) == (410, "export-expired")
    site.clock.passes(minutes=1)
    again = ask(li, "csv")
    assert work(site) == 1
    assert "内部".encode() not in fetch(li, again)


def test_a_watermark_tells_nothing_of_a_record_that_its_reader_does_not_see(site: House) -> None:
    hidden, data = issue(part="三号楼暗室"), jpeg()
    picture = photo(data, hidden["record"]) | {"audience": FIRM}
    li = site.desk("li")
    li.push(WJ, hidden, picture)
    assert upload(li, picture["record"], data).status_code == 204
    path = f"/api/v1/photos/{picture['record']}/rendition/watermark"
    seen, unseen = (site.desk(who).call("GET", path) for who in ("li", "zhao"))
    assert seen.status_code == unseen.status_code == 200
    assert seen.headers["ETag"] != unseen.headers["ETag"], "the firm's copy does not say where"
    li.push(WJ, update("issue", hidden["record"], 99, {"domain": "edge"}, audience=FIRM))
    assert site.desk("zhao").call("GET", path).headers["ETag"] == seen.headers["ETag"]


def test_a_disclosure_of_somebodys_words_stands_in_the_watchbook(site: House) -> None:
    said = create("comment", {"subject": site.people["li"], "text": "x", "said_at": "2026-11-21T10:00:00Z"})
    site.desk("li").push(WJ, said)
    with site.app.app_context():
        evidence.seal(WJ)
    wang = site.desk("wang")
    wang.get(f"/api/v1/dossiers/{WJ}/records/{said['record']}/disclosure")
    [look] = lines(site, "looked")
    assert (look["actor"], look["told"]["record"]) == (wang.person, said["record"])
    assert look["told"]["fields"] == ["text"]


@pytest.mark.parametrize("surplus", ["audience", "signed_by", "state "])
def test_a_checklist_with_a_field_that_nobody_knows_is_refused(office: House, surplus: str) -> None:
    chen = office.desk("chen")
    [one] = chen.get("/api/v1/checklists")["items"]
    content = chen.get(f"/api/v1/checklists/{one['id']}") | {"edition": 2, surplus: "x"}
    answer = chen.call("POST", "/api/v1/checklists", json=content)
    assert (answer.status_code, answer.json["code"]) == (422, "template-faulty")
    assert answer.json["details"]["faults"][0]["field"] == surplus
