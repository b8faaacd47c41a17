"""Schemas follow each other, and a client two of them old still syncs."""

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import orjson
import pytest

from server import transaction
from server.catalogue import CATALOGUE
from server.issues.records.issue import ISSUE
from server.office import office
from server.people import actions as people
from sync import history
from sync.journal import Journal
from sync.record import Kind, kind, tags, text
from sync.replica import Replica
from sync.schema import Ledger, Lift
from tests.support.house import House, accept, create, new_id, update
from tests.sync.test_replica import DeskLine

WJ = "project:wj-01"
LEDGER = Ledger({1: date(2026, 11, 22), 2: date(2027, 3, 1), 3: date(2027, 9, 1)})


def issue_under(schema: int) -> Kind:
    """The issue, with what two later schemas do to it: `code` is renamed, values become others, a
    second time; and a field becomes required.
    """
    fields = {n: f for n, f in ISSUE.fields.items() if n not in ("state", "found_by")}
    lifts: tuple[Lift, ...] = ()
    if schema >= 2:
        fields["hazard"] = fields.pop("code")
        fields["labels"] = fields.pop("tags")
        lifts += (Lift(2, "hazard", "code"), Lift(2, "labels", "tags", values={"临边": "临边防护"}))
    if schema >= 3:
        fields["hazard_code"] = fields.pop("hazard")
        fields["source"] = text(20, required=True, zh="来源")
        lifts += (
            Lift(3, "hazard_code", "hazard", values={"A1": "BJ-01"}),
            Lift(3, "source", default="巡查"),
        )
    return kind(
        "issue",
        zh="隐患",
        audiences=ISSUE.audiences,
        fields=fields,
        lifecycle=ISSUE.lifecycle,
        signed="found_by",
        lifts=lifts,
    )


def publish(site: House, schema: int) -> None:
    """The server is upgraded to the release with this schema."""
    here = site.app.extensions["office"]
    published = Ledger({n: day for n, day in LEDGER.published.items() if n <= schema})
    kinds = [issue_under(schema) if c.kind.name == "issue" else c.kind for c in CATALOGUE]
    projections = {c.kind.name: c.project for c in CATALOGUE}
    here.journal = Journal(kinds, projections, published)


@pytest.fixture
def device(site: House, tmp_path: Path) -> Callable[..., Replica]:
    def make(name: str, schema: int) -> Replica:
        kinds = {c.kind.name: c.kind for c in CATALOGUE} | {"issue": issue_under(schema)}
        return Replica(
            tmp_path / f"{name}.db",
            kinds=kinds,
            clock=site.clock,
            new_id=new_id,
            device=name,
            schema=schema,
        )

    return make


def said(**more: Any) -> dict[str, Any]:
    plain = {"title": "临边", "domain": "edge", "severity": "general", "found_at": "2026-11-21T10:00:00Z"}
    return {n: {"set": v} for n, v in (plain | more).items()}


def body_of(site: House, record: str) -> dict[str, Any]:
    with site.app.app_context(), transaction.reading() as conn:
        return history.body(conn, WJ, record)


def proof(site: House) -> Any:
    with site.app.app_context(), transaction.reading() as conn:
        return history.verify(conn, WJ, office().journal.kinds).fault


def test_a_client_two_schemas_old_still_syncs(site: House, device: Any) -> None:
    old, new = device("old", 1), device("new", 3)
    li, wang = DeskLine(site.desk("li")), DeskLine(site.desk("wang"))
    publish(site, 1)
    old.sync(li)
    first = old.create(WJ, "issue", said(code="A1") | {"tags": {"add": ["临边"], "remove": []}})
    old.sync(li)
    assert body_of(site, first)["code"] == "A1"
    second = old.create(WJ, "issue", said(code="A1"))  # offline, before the upgrade
    old.update(WJ, first, {"code": {"set": "A2"}})
    publish(site, 3)
    old.sync(li)
    assert old.unsent() == {} and {o["status"] for o in old.outcomes().values()} == {"applied"}
    assert body_of(site, second)["hazard_code"] == "BJ-01" and body_of(site, second)["source"] == "巡查"
    lifted = body_of(site, first)
    assert lifted["hazard_code"] == "A2" and "code" not in lifted and lifted["labels"] == ["临边防护"]
    new.sync(wang)
    assert new.view(WJ)[first]["body"]["hazard_code"] == "A2"
    new.update(WJ, first, {"hazard_code": {"set": "BJ-09"}})
    new.sync(wang)
    assert body_of(site, first)["hazard_code"] == "BJ-09"
    assert proof(site) is None


def test_a_record_that_nobody_touched_since_is_read_under_todays_names(site: House, device: Any) -> None:
    publish(site, 1)
    made = create("issue", {n: f["set"] for n, f in said(code="A1").items()})
    li = site.desk("li")
    [first] = li.push(WJ, made)
    publish(site, 3)
    new = device("new", 3)
    new.sync(DeskLine(li))
    assert new.view(WJ)[made["record"]]["body"]["hazard_code"] == "BJ-01"
    assert proof(site) is None
    late = update("issue", made["record"], first["version"], {"hazard_code": "BJ-02"})
    again = update("issue", made["record"], first["version"], {"code": "A3"})
    li.exchange({WJ: [late]}, schema=3)
    outcome = site.desk("wang").exchange({WJ: [again]}, schema=1)["push"][0]["outcomes"][0]
    assert outcome["status"] == "conflict"  # two names, one field
    [waiting] = site.desk("zhang").get("/api/v1/conflicts")["items"]
    assert list(waiting["body"]["fields"]) == ["hazard_code"]
    assert proof(site) is None


def test_an_old_apps_outbox_goes_out_as_it_was_said_after_the_app_was_upgraded(
    site: House, device: Any
) -> None:
    publish(site, 3)
    phone, line = device("phone", 1), DeskLine(site.desk("li"))
    phone.sync(line)
    old = phone.create(WJ, "issue", said(code="A1"))
    phone.close()
    phone = device("phone", 3)
    new = phone.create(WJ, "issue", said(hazard_code="BJ-02", source="举报"))
    assert phone.view(WJ)[old]["body"]["hazard_code"] == "BJ-01"
    assert orjson.loads(phone.request())["schema"] == 1
    phone.sync(line)
    assert phone.unsent() == {}
    assert (body_of(site, old)["hazard_code"], body_of(site, new)["hazard_code"]) == ("BJ-01", "BJ-02")


def test_late_work_of_an_old_schema_is_lifted_when_a_reviewer_takes_it(site: House) -> None:
    publish(site, 1)
    li = site.desk("li")
    with site.app.app_context():
        people.end_post(li.person, WJ)
    site.clock.passes(seconds=1)
    made = create("issue", {n: f["set"] for n, f in said(code="A1").items()})
    assert li.exchange({WJ: [made]}, schema=1)["push"][0]["outcomes"][0]["status"] == "parked"
    publish(site, 3)
    [waiting] = site.desk("zhang").get("/api/v1/conflicts")["items"]
    group = site.desk("zhang").exchange({WJ: [accept(waiting)]}, schema=3)["push"][0]
    assert group["outcomes"][0]["status"] == "applied"
    assert body_of(site, made["record"])["hazard_code"] == "BJ-01"


def test_a_schema_is_taken_in_for_eighteen_months_after_it_was_superseded(site: House) -> None:
    assert LEDGER.oldest(date(2028, 8, 31)) == 1
    assert LEDGER.oldest(date(2028, 9, 1)) == 2
    assert LEDGER.oldest(date(2040, 1, 1)) == 3
    publish(site, 3)
    li = site.desk("li")
    site.clock.passes(days=700)
    li = site.desk("li")
    answer = li.call("POST", "/api/v1/exchange", json={"protocol": 1, "schema": 1, "no": 1})
    assert (answer.status_code, answer.json["code"]) == (426, "upgrade-required")
    assert answer.json["details"]["schema"] == {"min": 2, "max": 3}
    assert li.get("/api/v1/config")["schema"] == {"min": 2, "max": 3}


def test_what_a_newer_client_says_waits_until_the_server_knows_it(site: House, device: Any) -> None:
    phone, line = device("phone", 3), DeskLine(site.desk("li"))
    publish(site, 2)
    phone.sync(line)
    record = phone.create(WJ, "issue", said(hazard_code="BJ-02", source="举报"))
    phone.sync(line)
    assert phone.unsent() == {"issue": 1}
    publish(site, 3)
    phone.sync(line)
    assert phone.unsent() == {} and body_of(site, record)["source"] == "举报"


@pytest.mark.parametrize(
    ("lifts", "wrong"),
    [((Lift(2, "nothing", "old"),), "no field"), ((Lift(2, "name", "name"),), "new name")],
)
def test_a_lift_that_leads_nowhere_is_refused(lifts: tuple[Lift, ...], wrong: str) -> None:
    with pytest.raises(ValueError, match=wrong):
        kind("thing", zh="物", fields={"name": text(), "tags": tags()}, lifts=lifts)


def test_schemas_are_numbered_without_a_gap() -> None:
    with pytest.raises(ValueError, match="gap"):
        Ledger({1: date(2026, 1, 1), 3: date(2027, 1, 1)})
    with pytest.raises(ValueError, match="before"):
        Ledger({1: date(2027, 1, 1), 2: date(2026, 1, 1)})
