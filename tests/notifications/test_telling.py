"""Telling is part of what causes it, once for each; people read theirs and supervisors see what arrived."""

from typing import Any

import pytest
from sqlalchemy import func, select

from server import transaction
from server.notifications import actions, jobs, queries
from server.notifications.rules import Firm, Person, Role, TheOffice, missing
from tests.notifications.conftest import FIRM, OFFICE, WJ, channel, tell
from tests.support.house import House, create
from tests.support.receiver import Receiver

DUE = {"project": "望京一号", "title": "临边防护缺失", "due_on": "2026-11-25"}


def count(house: House, table: Any) -> int:
    with house.app.app_context(), transaction.reading() as conn:
        return conn.execute(select(func.count()).select_from(table)).scalar_one()


def test_what_is_told_twice_is_told_once(town: House, there: Receiver) -> None:
    li = town.people["li"]
    channel(town, f"person:{li}", "webhook", there.url)
    first = tell(town, Person(li), "overdue|1|T+0")
    channel(town, f"person:{li}", "webhook", f"{there.url}/later")
    again = tell(town, Person(li), "overdue|1|T+0")
    other = tell(town, Person(li), "overdue|1|T+1")
    assert len(first) == 1 and again == [] and len(other) == 1
    assert (count(town, queries.n), count(town, queries.d)) == (2, 3), "a later channel hears what is new"


def test_a_cause_that_fails_has_told_nobody(town: House) -> None:
    with pytest.raises(RuntimeError), town.app.app_context(), transaction.writing() as conn:
        actions.tell(conn, Person(town.people["li"]), "test", {"name": "x"}, "k")
        raise RuntimeError("the change did not go through")
    assert count(town, queries.n) == 0


def test_a_role_is_whoever_holds_it_now(town: House) -> None:
    with town.app.app_context():
        from server.people import actions as people

        people.end_post(town.people["wang"], WJ)
    assert len(tell(town, Role("inspector", WJ), "a")) == 1
    assert [len(town.desk(who).get("/api/v1/notifications")["items"]) for who in ("li", "wang", "zhang")] == [
        1,
        0,
        0,
    ]


def test_a_firm_is_its_own_channels_and_its_people(town: House, there: Receiver) -> None:
    channel(town, f"firm:{FIRM}", "webhook", f"{there.url}/group")
    assert len(tell(town, Firm(FIRM, WJ), "a")) == 2
    assert len(town.desk("zhao").get("/api/v1/notifications")["items"]) == 1
    with town.app.app_context():
        assert jobs.send_all() == 1
    assert [one.path for one in there.taken] == ["/group"]
    assert len(tell(town, TheOffice(), "a")) == 1


def test_how_many_are_told_costs_no_further_statement(town: House) -> None:
    with town.statements() as few:
        tell(town, Role("supervisor", WJ), "few")
    for n in range(20):
        town.person(f"many-{n}", "inspector", WJ)
    with town.statements() as many:
        assert len(tell(town, Role("inspector", WJ), "many")) == 22
    assert len(few) == len(many)


def test_an_unknown_template_and_a_missing_fact_are_our_own_fault(town: House) -> None:
    for template, why in (("no.such", "no such template"), ("issue.due-soon", "due_on, project, title")):
        with pytest.raises(ValueError, match=why):
            tell(town, Person(town.people["li"]), "k", template)


@pytest.mark.parametrize("code", sorted(queries.templates()))
def test_every_template_says_the_same_facts_in_both_languages(code: str) -> None:
    template = queries.templates()[code]
    facts = missing({"zh": template["zh"], "en": template["zh"]}, {})
    assert facts == missing({"zh": template["en"], "en": template["en"]}, {})
    assert template["zh"]["title"] and not missing(template, dict.fromkeys(facts))


def test_people_read_theirs_in_their_language_and_say_so(town: House) -> None:
    li, wang = town.desk("li"), town.desk("wang")
    tell(town, Person(li.person), "k", "issue.due-soon", **DUE)
    [one] = li.get("/api/v1/notifications")["items"]
    assert (one["title"], one["dossier"], one["read_at"]) == ("整改即将到期", WJ, None)
    assert "望京一号：临边防护缺失" in one["text"]
    [english] = li.get("/api/v1/notifications?language=en&unread=true")["items"]
    assert english["title"] == "Rectification due soon"
    assert wang.call("POST", f"/api/v1/notifications/{one['id']}/read").json["code"] == "not-found"
    read = li.call("POST", f"/api/v1/notifications/{one['id']}/read").json
    town.clock.passes(hours=1)
    assert li.call("POST", f"/api/v1/notifications/{one['id']}/read").json == read, "the first time counts"
    assert li.get("/api/v1/notifications?unread=true")["items"] == []
    assert wang.get("/api/v1/notifications")["items"] == []


def test_a_long_list_is_paged_without_a_gap(town: House) -> None:
    li = town.desk("li")
    for n in range(7):
        tell(town, Person(li.person), f"k{n}")
        town.clock.passes(minutes=n % 2)
    seen, page = [], ""
    while page is not None:
        told = li.get(f"/api/v1/notifications?limit=3{page and f'&page={page}'}")
        seen += told["items"]
        page = told["next"]
    assert len({one["id"] for one in seen}) == len(seen) == 7
    assert [one["made_at"] for one in seen] == sorted((one["made_at"] for one in seen), reverse=True)


def test_supervisors_see_what_arrived_where_they_supervise(town: House, there: Receiver) -> None:
    channel(town, f"person:{town.people['li']}", "webhook", f"{there.url}/token-in-the-path")
    tell(town, Person(town.people["li"]), "k")
    there.script = [500]
    with town.app.app_context():
        jobs.send_all()
    [one] = town.desk("zhang").get("/api/v1/deliveries?state=waiting&kind=webhook")["items"]
    assert (one["last_error"], one["attempts"], one["dossier"], one["read_at"]) == ("http-500", 1, WJ, None)
    assert one["hint"] == there.url.removeprefix("http://")
    everything = town.desk("chen").call("GET", "/api/v1/deliveries").text
    assert one["id"] in everything and "token" not in everything
    assert town.desk("zhang").get("/api/v1/deliveries?state=sent")["items"] == []
    assert town.desk("stranger").get("/api/v1/deliveries")["items"] == []
    foreign = town.desk("stranger").get(f"/api/v1/deliveries?dossier={WJ}")
    absent = town.desk("stranger").get("/api/v1/deliveries?dossier=project:none")
    assert foreign == absent == {"items": [], "next": None}
    for nobody in ("li", "zhao"):
        assert town.desk(nobody).call("GET", "/api/v1/deliveries").json["code"] == "not-permitted"


def test_an_office_words_a_template_itself_from_a_day_on(town: House) -> None:
    li = town.desk("li")
    tell(town, Person(li.person), "k", "issue.due-soon", **DUE)
    own = {"zh": {"title": "催办", "text": "{title}：请于{due_on}前整改。{unheard}"}}
    said = {"code": "template.issue.due-soon", "value": {"set": own}, "valid_from": "2026-11-23"}
    town.submit(OFFICE, create("provision", said, audience="public"), begin=True)
    assert li.get("/api/v1/notifications")["items"][0]["title"] == "整改即将到期"
    town.clock.passes(days=1)
    [one] = town.desk("li").get("/api/v1/notifications")["items"]
    assert (one["title"], one["text"]) == ("催办", "临边防护缺失：请于2026-11-25前整改。—")
