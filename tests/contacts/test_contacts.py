"""An officer enters whom to call; officers of the site have the number, and everybody else its ends."""

import io
import json
import logging
import zipfile
from base64 import b64decode
from typing import Any

import pytest

from server import transaction
from server.endpoint import Held
from server.law import actions as law
from server.office import office
from server.organisations.rules import record_of
from server.scheduler import jobs
from server.webhooks import rules as webhooks
from sync import followers
from sync.erasure import MARK
from tests.erasures.conftest import erase
from tests.erasures.test_erasing import everywhere
from tests.server.test_watchbook import lines
from tests.support.house import Desk, House, create, decide, new_id, update

WJ, ELSEWHERE, OFFICE = "project:wj-01", "project:wj-02", "office:cy"
FIRM, BESIDE = "91110105MA0XD00162", "91110105MA0XD0454N"
NUMBER, OTHER, THIRD = "13800000001", "13800000002", "010-64000003"
CALLERS = ("li", "wang", "zhang", "sun")
TOLD = ("shen", "zhao", "jian")  # the auditor, the contractor, the supervision firm: 138****0001


@pytest.fixture
def town(site: House) -> House:
    """Sun leads, Shen audits, Jian stands by for the supervision firm; the house names posts."""
    site.person("sun", "director", WJ, OFFICE)
    site.person("qian", "director", WJ)
    site.person("shen", "auditor", WJ, OFFICE)
    site.person("jian", "supervision", WJ, firm=BESIDE)
    with site.app.app_context():
        law.enter_provisions([row for row in law.given() if row["code"] == "contact.roles"])
    return site


def contact(**more: Any) -> dict[str, Any]:
    audience, record = more.pop("audience", "officers"), more.pop("record", None)
    said = {"name": "钱经理", "organisation": FIRM, "role": "site_manager", "telephone": NUMBER}
    return create("contact", said | more, audience=audience, record=record)


def entered(house: House, **more: Any) -> str:
    made = contact(**more)
    [outcome] = house.desk("li").push(WJ, made)
    assert (outcome["status"], outcome["why"]) == ("applied", None), outcome
    return str(made["record"])


def listed(desk: Desk, dossier: str = WJ) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = desk.get(f"/api/v1/contacts?dossier={dossier}")["items"]
    return items


def fed(desk: Desk) -> str:
    """All that the feed would bring to a new phone."""
    granted = desk.exchange(cursors={})["pull"]["granted"]
    cursors = {
        dossier: {a: {"nonce": "n", "epoch": 1, "seq": 0, "floor": 0} for a in how["audiences"]}
        for dossier, how in granted.items()
    }
    return str(desk.exchange(cursors=cursors)["pull"]["dossiers"])


def test_officers_have_the_number_and_others_of_the_site_its_ends(town: House) -> None:
    record = entered(town, note="白天 13800000002", valid_from="2026-11-01")
    for who in (*CALLERS, *TOLD):
        desk = town.desk(who)
        [one] = listed(desk)
        assert (one["name"], one["hint"], one["role"], one["valid_from"]) == (
            *("钱经理", "138****0001", "site_manager", "2026-11-01"),
        )
        assert (NUMBER in fed(desk)) == (who in CALLERS), who
        answer = desk.call("GET", f"/api/v1/contacts/{record}")
        assert answer.status_code == (200 if who in CALLERS else 403), who
        if who in CALLERS:
            assert (answer.json["telephone"], answer.json["note"]) == (NUMBER, "白天 13800000002")
    stranger = town.desk("stranger")
    assert listed(stranger) == listed(stranger, ELSEWHERE) == []
    assert stranger.call("GET", f"/api/v1/contacts/{record}").status_code == 404


def test_no_other_way_leads_around_the_mask(town: House) -> None:
    """Proofs, history and the audience itself, by name; of those who may, each look is noted."""
    record = entered(town)
    with town.app.app_context():
        jobs(town.app)["sign checkpoints"]()
    cursor = {WJ: {"officers": {"nonce": "n", "epoch": 1, "seq": 0, "floor": 0}}}
    for who in (*TOLD, "stranger", "li"):
        desk, knows = town.desk(who), who == "li"
        for door in ("history", "disclosure"):
            answer = desk.call("GET", f"/api/v1/dossiers/{WJ}/records/{record}/{door}")
            assert answer.status_code == (200 if knows else 404), (who, door)
        assert (NUMBER in str(desk.exchange(cursors=cursor)["pull"])) == knows, who
    told = [(line["actor"], line["told"]["record"]) for line in lines(town, "looked")]
    assert told == [(town.people["li"], record)] * 2


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_number_in_a_name_is_told_to_nobody_by_the_list(town: House) -> None:
    record = entered(town, name=f"钱经理 {OTHER}")
    assert town.desk("wang").get(f"/api/v1/contacts/{record}")["name"] == f"钱经理 {OTHER}"
    assert {listed(town.desk(who))[0]["name"] for who in TOLD} == {"钱经理 ****"}


def test_contacts_of_a_project_that_one_does_not_see_are_not_told(town: House) -> None:
    entered(town)
    [project] = town.desk("zhao").get("/api/v1/projects")["items"]
    town.submit(WJ, update("project", project["id"], 10**9, {}) | {"audience": "field"})
    assert listed(town.desk("zhao")) == [] and len(listed(town.desk("shen"))) == 1


def test_a_list_names_firms_and_the_posts_of_the_day_page_by_page(town: House) -> None:
    for number in (NUMBER, OTHER, THIRD):
        entered(town, telephone=number)
    town.submit(
        OFFICE,
        create("organisation", {"code": FIRM, "name": "甲公司"}, audience="public", record=record_of(FIRM)),
    )
    desk, hints, page = town.desk("shen"), [], ""
    with town.statements() as statements:
        told = desk.get("/api/v1/contacts?limit=200")
    assert sum("contacts" in s for s in statements) == 1
    assert {i["organisation_name"] for i in told["items"]} == {"甲公司"}
    assert told["roles"][0] == {"code": "site_manager", "name": "项目经理", "en": "Site manager"}
    while page is not None:
        told = desk.get(f"/api/v1/contacts?limit=2&dossier={WJ}" + (f"&page={page}" if page else ""))
        hints, page = hints + [i["hint"] for i in told["items"]], told["next"]
    assert hints == ["138****0001", "138****0002", "010-****0003"]


def test_each_look_at_a_number_is_in_the_watchbook_and_the_number_is_not(town: House) -> None:
    record = entered(town)
    for _ in range(2):
        town.desk("wang").get(f"/api/v1/contacts/{record}")
    for who in ("wang", "shen"):
        town.desk(who).get("/api/v1/contacts")
    told = lines(town, "looked")
    assert [line["actor"] for line in told] == [town.people["wang"]] * 2
    assert told[0]["told"] == {
        **{"dossier": WJ, "record": record, "kind": "contact"},
        "fields": ["name", "note", "telephone"],
    }
    assert NUMBER not in str(told)


def test_only_officers_of_the_site_enter_and_amend_contacts(town: House) -> None:
    record = entered(town)
    for who in ("shen", "zhao", "jian"):
        [made] = town.desk(who).push(WJ, contact(telephone=OTHER))
        [amended] = town.desk(who).push(WJ, update("contact", record, 1, {"telephone": OTHER}))
        assert {made["status"], amended["status"]} <= {"parked", "invalid"}, who
    [one] = listed(town.desk("zhang"))
    assert one["hint"] == "138****0001"
    [done] = town.desk("wang").push(WJ, update("contact", record, one["version"], {"telephone": THIRD}))
    assert done["status"] == "applied"
    assert listed(town.desk("zhao"))[0]["hint"] == "010-****0003"


REFUSED: tuple[tuple[dict[str, str], str], ...] = (
    ({"telephone": "1380000"}, "telephone-invalid"),
    ({"organisation": "91110105MA0XD00163"}, "code-invalid"),
    ({"role": "astronaut"}, "role-unknown"),
    ({"valid_from": "2026-11-02", "valid_to": "2026-11-01"}, "dates-reversed"),
    ({"audience": "office"}, "unknown-audience"),
    ({"audience": "confidential"}, "unknown-audience"),
)


def test_what_is_refused_waits_where_officers_alone_see_it(town: House) -> None:
    made = [contact(**said, note=f"或 {OTHER}") for said, _why in REFUSED]
    outcomes = town.desk("li").push(WJ, *made)
    assert [(o["status"], o["why"], o["remedy"]) for o in outcomes] == [
        ("parked", why, "ask") for _said, why in REFUSED
    ]
    assert listed(town.desk("li")) == []
    for who in TOLD:
        desk = town.desk(who)
        assert OTHER not in fed(desk) and OTHER not in desk.call("GET", "/api/v1/conflicts").text, who
    waiting = town.desk("zhang").get("/api/v1/conflicts")["items"]
    assert [w["body"]["change"]["fields"]["note"]["set"] for w in waiting] == [f"或 {OTHER}"] * len(REFUSED)


def test_two_numbers_that_two_officers_give_are_shown_to_officers_alone(town: House) -> None:
    record = entered(town)
    version = listed(town.desk("li"))[0]["version"]
    outcomes = [
        town.desk(who).push(WJ, update("contact", record, version, {"telephone": number}))[0]
        for who, number in (("li", OTHER), ("wang", THIRD))
    ]
    assert [o["status"] for o in outcomes] == ["applied", "conflict"]
    for who in TOLD:
        text = fed(town.desk(who)) + town.desk(who).call("GET", "/api/v1/conflicts").text
        assert not any(number in text for number in (NUMBER, OTHER, THIRD)), who
    [asked] = town.desk("zhang").get("/api/v1/conflicts")["items"]
    picked = decide("conflict", asked["record"], asked["version"], {"telephone": {"set": THIRD}})
    assert town.desk("zhang").push(WJ, picked)[0]["status"] == "applied"
    assert listed(town.desk("shen"))[0]["hint"] == "010-****0003"


WRONG = "138000000777"  # what a reviewer's finger made of a number


def misdecided(town: House) -> str:
    """A contact over whose number Zhang decided with one that is none: the decision waits."""
    record = entered(town)
    version = listed(town.desk("li"))[0]["version"]
    for who, number in (("li", OTHER), ("wang", THIRD)):
        town.desk(who).push(WJ, update("contact", record, version, {"telephone": number}))
    [asked] = town.desk("zhang").get("/api/v1/conflicts")["items"]
    third = decide("conflict", asked["record"], asked["version"], {"telephone": {"set": WRONG}})
    [waits] = town.desk("zhang").push(WJ, third)
    assert (waits["status"], waits["why"]) == ("parked", "telephone-invalid")
    return record


def test_a_decision_over_a_number_that_waits_is_shown_to_officers_alone(town: House) -> None:
    misdecided(town)
    for who in TOLD:
        assert WRONG not in fed(town.desk(who)) + town.desk(who).call("GET", "/api/v1/conflicts").text, who
    assert WRONG in str(town.desk("sun").get("/api/v1/conflicts"))


def test_no_other_system_is_told_of_contacts_whoever_subscribes(town: House) -> None:
    entered(town)
    town.desk("li").push(WJ, contact(telephone="7", note=OTHER))
    with town.app.app_context(), transaction.reading() as conn:
        deeds, _last = followers.deeds(conn, WJ, 0, None, 100, office().journal.kinds)
    assert {deed.header["kind"] for deed in deeds} >= {"contact", "project"}
    for role in ("inspector", "supervisor", "director"):
        told = [webhooks.item(deed, [Held(role)], None) for deed in deeds]
        assert "contact" not in str(told) and NUMBER not in str(told) and "project" in str(told)


def test_an_erased_number_is_nowhere_and_nobody_can_call_it(town: House) -> None:
    record = entered(town, note=f"或 {OTHER}")
    town.desk("li").push(WJ, update("contact", record, 1, {"telephone": "7"}))  # waits for a reviewer
    assert "contacts" not in everywhere(town, NUMBER.encode())
    erase(town, record)
    assert NUMBER[:10] == OTHER[:10]
    for words in (NUMBER[:10], "钱经理"):
        assert everywhere(town, words.encode()) == []
    [one] = listed(town.desk("li"))
    assert (one["name"], one["hint"], one["role"]) == (MARK, None, "site_manager")
    assert town.desk("li").get(f"/api/v1/contacts/{record}")["telephone"] == MARK


def test_an_erased_number_is_in_no_decision_that_waits_over_it(town: House) -> None:
    erase(town, misdecided(town))
    assert everywhere(town, WRONG.encode()) == []


def test_a_case_goes_out_of_the_house_without_numbers_whoever_asks_for_it(town: House) -> None:
    entered(town)
    for who in ("zhang", "shen"):
        desk, case = town.desk(who), new_id()
        assert desk.call("POST", "/api/v1/cases", json={"id": case, "dossier": WJ}).status_code == 202
        with town.app.app_context():
            jobs(town.app)["make cases"]()
        with zipfile.ZipFile(io.BytesIO(desk.call("GET", f"/api/v1/cases/{case}/file").data)) as file:
            held = "".join(file.read(name).decode("utf-8", "replace") for name in file.namelist())
            lines = [json.loads(line) for line in file.read("entries.ndjson").splitlines()]
        kinds = {json.loads(b64decode(line["entry"]))["kind"]: line["payload"] for line in lines}
        assert kinds["contact"] is None and kinds["project"] is not None, who
        assert "钱经理" not in held and NUMBER not in held + str(
            [b64decode(line["payload"] or "") for line in lines]
        )


def test_no_log_holds_a_number(town: House, caplog: pytest.LogCaptureFixture, capfd: Any) -> None:
    with caplog.at_level(logging.DEBUG):
        record = entered(town)
        town.desk("li").push(WJ, contact(telephone="13800000001a"))
        town.desk("li").push(WJ, create("contact", {"telephone": NUMBER}, audience="officers"))
        town.desk("li").get(f"/api/v1/contacts/{record}")
        town.desk("shen").call("GET", f"/api/v1/contacts/{record}")
    out, err = capfd.readouterr()
    assert NUMBER not in caplog.text + out + err
