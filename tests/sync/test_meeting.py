"""Two devices that make one record meet in it; what the office guards needs facts beyond the record."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
from sqlalchemy import Connection, create_engine

from server.database import keep_promises
from sync.change import Change
from sync.guards import Check, Guard
from sync.journal import Journal
from sync.lifecycle import Lifecycle, transition
from sync.minutes import State
from sync.record import Body, kind, prose, reference, tags, text
from sync.replica import Replica
from tests.support.house import accept, create, decide, new_id, update
from tests.sync.dossier import Dossier

ABOUT = "019abcde-0000-7000-8000-000000000001"
READING = kind(
    "reading",
    zh="读数",
    audiences=("field", "office"),
    meets=True,
    fields={
        "about": reference(required=True, fixed=True),
        "value": text(20),
        "memo": prose(200),
        "seen": tags(),
    },
)
VISIT = kind(
    "visit",
    zh="到访",
    audiences=("field",),
    lifecycle=Lifecycle(
        initial="open",
        states={"open": "开", "done": "完"},
        transitions={"end": transition("open -> done", by="a")},
    ),
    fields={"who": tags(), "day": text(10), "memo": text(20)},
)


class Facts:
    """Who may go, as a table would have it; counts how often it was read."""

    def __init__(self) -> None:
        self.known, self.read = {"li", "wang"}, 0

    def guard(self) -> Guard:
        return Guard(
            codes=frozenset({"too-few"}), watches=frozenset({"state", "who", "day"}), facts=self.facts
        )

    def facts(
        self,
        conn: Connection,
        dossier: str,
        bodies: Sequence[Body],
        changes: Sequence[Change],
        states: Mapping[str, State],
    ) -> Check:
        self.read += 1
        known = set(self.known)

        def check(before: Body, after: Body) -> str | None:
            enough = len(known & set(after.get("who", ()))) >= 2
            return None if after["state"] != "done" or enough else "too-few"

        return check


@pytest.fixture
def facts() -> Facts:
    return Facts()


@pytest.fixture
def here(database_url: str, facts: Facts) -> Iterator[Dossier]:
    engine = create_engine(database_url)
    keep_promises(engine)
    made = Dossier(engine)
    made.journal = Journal([READING, VISIT], {}, guards={"visit": facts.guard()})
    yield made
    engine.dispose()


def push(here: Dossier, device: str, *changes: dict[str, Any]) -> list[dict[str, Any]]:
    return here.push(device, changes, 1).outcomes


def reading(record: str, **said: Any) -> dict[str, Any]:
    return create("reading", {"about": ABOUT} | said, record=record)


def body(here: Dossier, record: str) -> Body:
    found: Body = orjson.loads(here.records()[record].body)
    return found


def test_two_devices_that_make_one_record_meet_in_it(here: Dossier) -> None:
    record = new_id()
    [first] = push(here, "a", reading(record, value="7", seen={"add": ["east"], "remove": []}))
    [second] = push(here, "b", reading(record, memo="湿", seen={"add": ["west"], "remove": []}))
    assert (first["status"], second["status"]) == ("applied", "merged")
    assert body(here, record) == {"about": ABOUT, "value": "7", "memo": "湿", "seen": ["east", "west"]}
    here.entries()


def test_where_they_say_otherwise_both_values_wait_for_a_person(here: Dossier) -> None:
    record = new_id()
    push(here, "a", reading(record, value="7"))
    [same], [other] = push(here, "b", reading(record, value="7")), push(here, "c", reading(record, value="9"))
    assert (same["status"], other["status"]) == ("noop", "conflict")
    assert body(here, record)["value"] == "7"
    conflict = body(here, other["conflict"])
    assert [c["value"] for c in conflict["fields"]["value"]["candidates"]] == ["9"]


def test_what_a_device_says_after_it_met_another_is_its_own_where_it_wrote(here: Dossier) -> None:
    record, mine = new_id(), reading(new_id(), memo="湿")
    mine["record"] = record
    push(here, "a", reading(record, value="7"))
    after = update("reading", record, 0, {"memo": "干", "value": "9"}, after=mine["id"])
    [_, edited] = push(here, "b", mine, after)
    assert edited["status"] == "conflict"
    assert body(here, record)["memo"] == "干" and body(here, record)["value"] == "7"


def test_a_record_about_something_else_or_for_others_to_see_is_none_to_meet(here: Dossier) -> None:
    record = new_id()
    push(here, "a", reading(record, value="7"))
    other = create("reading", {"about": new_id(), "value": "9"}, record=record)
    elsewhere = reading(record, value="9") | {"audience": "office"}
    for change in (other, elsewhere, create("visit", {"day": "x"}, record=record)):
        [outcome] = push(here, "b", change)
        assert (outcome["status"], outcome["why"]) == ("parked", "id-collision")
    [guest] = push(here, "phone-guest", reading(record, value="9"))
    assert (guest["status"], guest["why"]) == ("parked", "not-permitted")
    assert body(here, record)["value"] == "7"


def test_a_device_shows_its_own_making_over_what_came_meanwhile() -> None:
    phone = Replica(
        ":memory:",
        kinds={"reading": READING},
        clock=lambda: datetime(2026, 11, 22, tzinfo=UTC),
        new_id=new_id,
    )
    record = new_id()
    phone.create("d", "reading", {"about": {"set": ABOUT}, "memo": {"set": "湿"}}, record=record)
    row = ("d", record, "field", "reading", 4, 1, f'{{"about":"{ABOUT}","value":"7"}}', "{}", 0)
    phone.db.execute("INSERT INTO shadow VALUES (?,?,?,?,?,?,?,?,?)", row)
    assert phone.view("d")[record]["body"] == {"about": ABOUT, "value": "7", "memo": "湿"}


def visit(who: list[str], **more: Any) -> dict[str, Any]:
    return create("visit", {"who": {"add": who, "remove": []}}, **more)


def end(record: str, version: int, **more: Any) -> dict[str, Any]:
    return update("visit", record, version, {"state": {"do": "end"}} | more)


def test_a_guard_judges_the_record_as_it_would_stand(here: Dossier, facts: Facts) -> None:
    made = visit(["li"])
    [first] = push(here, "a", made)
    [refused] = push(here, "a", end(made["record"], first["version"], memo="x"))
    assert (refused["status"], refused["why"]) == ("parked", "too-few")
    assert body(here, made["record"]) == {"who": ["li"], "state": "open"}
    both = end(made["record"], first["version"], who={"add": ["wang"], "remove": []})
    assert push(here, "a", both)[0]["status"] == "applied"
    fewer = update("visit", made["record"], first["version"], {"who": {"add": [], "remove": ["li"]}})
    assert push(here, "a", fewer)[0]["why"] == "too-few", "what was done stays as it had to be"
    here.entries()


def test_its_facts_are_read_once_for_a_request_and_only_where_something_asks(
    here: Dossier, facts: Facts
) -> None:
    made = [visit(["li", "wang"]) for _ in range(5)]
    ends = [end(c["record"], 0) for c in made]
    assert {o["status"] for o in push(here, "a", *made, *ends)} == {"applied"}
    assert facts.read == 1
    push(here, "a", update("visit", made[0]["record"], 99, {"memo": "x"}), reading(new_id()))
    assert facts.read == 1


def test_a_reviewer_who_takes_what_a_guard_refused_has_it_judged_again(here: Dossier, facts: Facts) -> None:
    made = visit(["li", "zhou"])
    [first] = push(here, "a", made)
    [parked] = push(here, "a", late := end(made["record"], first["version"]))
    taken = {"record": late["id"], "version": parked["seq"]}
    [again] = push(here, "boss", accept(taken))
    assert (again["status"], again["why"]) == ("parked", "too-few")
    assert body(here, late["id"])["open"] is True
    facts.known.add("zhou")
    assert push(here, "boss", accept(taken))[0]["status"] == "applied"
    assert body(here, made["record"])["state"] == "done"


def test_a_decision_on_a_conflict_is_guarded_too(here: Dossier, facts: Facts) -> None:
    made = visit(["li", "wang"])
    made["fields"]["day"] = {"set": "1"}
    [first] = push(here, "a", made)
    push(here, "a", end(made["record"], first["version"]))
    push(here, "b", update("visit", made["record"], 0, {"day": "2"}))
    [other] = push(here, "c", update("visit", made["record"], 0, {"day": "3"}))
    facts.known.clear()
    pick = decide("conflict", other["conflict"], other["seq"], {"day": {"set": "4"}})
    [outcome] = push(here, "boss", pick)
    assert (outcome["status"], outcome["why"]) == ("parked", "too-few")
    assert body(here, made["record"])["day"] == "1"
