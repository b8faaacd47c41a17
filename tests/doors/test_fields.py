"""What a door does not know it refuses, and what only the server writes stays as it was."""

import copy
from typing import Any

import pytest

from server.catalogue import CATALOGUE
from server.endpoint import OPERATIONS, Operation
from tests.doors import asks_of_ones_own  # noqa: F401  # it fills the table
from tests.doors.asks import ASKS
from tests.doors.test_matrix import KNOWN, SQL_DECIDES, recorder, told, town
from tests.doors.town import HERE, Town
from tests.support.house import new_id, update

__all__ = ["recorder", "town"]
BODIED = sorted(
    name for name, said in KNOWN.items() if "requestBody" in said and "json" in str(said["requestBody"])
)
# A newer phone may say more than an older server knows: the envelope is read as far as it is known
# (docs/protocol.md), and each change in it is held to its kind.
TOLERANT = {"exchange_once"}
# What an administrator alone may do.
KEEPERS = {"import_checklist", "check_checklist", "take_on", "give_post", "end_post"}
KEEPERS |= {"list_people", "one_person", "sessions_of"}
# What the server keeps of itself, whoever asks: a value of each type that a field may want.
ANY: tuple[Any, ...] = (new_id(), "2026-11-22T08:00:00+08:00", "2026-11-22", 1, "x", [], {}, True)


def _asked(town: Town, operation: str) -> tuple[str, Any]:
    who = "administrator" if operation in KEEPERS else "supervisor"
    return who, ASKS[operation](town, who, "own")


@pytest.mark.parametrize("operation", [name for name in BODIED if name not in TOLERANT])
def test_a_member_that_the_door_does_not_know_is_refused(town: Town, operation: str) -> None:
    who, ask = _asked(town, operation)
    assert ask.json is not None, f"{operation} is asked without a body"
    for at in ([], *[[name] for name, value in ask.json.items() if isinstance(value, dict) and value]):
        body = copy.deepcopy(ask.json)
        inner = body
        for name in at:
            inner = inner[name]
        inner["surplus"] = {"set": "x"} if at == ["fields"] else "x"
        answer = town.client(who).call(ask.method, ask.path, json=body, headers=ask.headers)
        assert answer.status_code in (400, 422), (operation, at, answer.text[:200])
        assert "surplus" in answer.text, (operation, at, answer.text[:300])


def test_a_newer_phones_envelope_is_read_as_far_as_it_is_known_and_its_changes_as_their_kinds_say(
    town: Town,
) -> None:
    """What carries changes may hold more than we know, and nobody keeps it; what is entered may not."""
    desk = town.desks["inspector"]
    for deep in ("envelope", "push", "pull", "change", "fields"):
        body = ASKS["exchange_once"](town, "inspector", "own").json
        assert body is not None
        [change] = body["push"][0]["changes"]
        within = {"envelope": body, "push": body["push"][0], "pull": body["pull"], "change": change}
        (within | {"fields": change["fields"]})[deep]["surplus"] = {"set": "x"}
        answer = desk.call("POST", "/api/v1/exchange", json=body)
        assert answer.status_code == 200, (deep, answer.text[:200])
        [outcome] = answer.json["push"][0]["outcomes"]
        whys = {"change": "malformed-change", "fields": "invalid-fields"}
        assert (outcome["status"], outcome["why"]) == (
            ("invalid", whys[deep]) if deep in whys else ("applied", None)
        ), deep
        assert "surplus" not in history(town, change["record"]), deep


def history(town: Town, record: str) -> str:
    """All that was entered of a record, as it is told."""
    path = f"/api/v1/dossiers/{HERE}/records/{record}/history"
    return town.desks["supervisor"].call("GET", path).text


@pytest.mark.parametrize("operation", [o for o in OPERATIONS if o.method == "GET"], ids=lambda o: o.name)
def test_a_name_in_a_query_is_refused_where_a_query_is_read_and_changes_nothing_where_none_is(
    town: Town, operation: Operation
) -> None:
    """Pages and pictures are opened by programs that put names of their own behind an address."""
    if town.askers == SQL_DECIDES:
        return  # it is asked before any database is
    who, ask = _asked(town, operation.name)
    more = f"{ask.path}{'&' if '?' in ask.path else '?'}surplus=x"
    plain, surplus = (town.client(who).call("GET", path, headers=ask.headers) for path in (ask.path, more))
    if operation.query is None:
        assert told(plain) == told(surplus)
    else:
        assert (surplus.status_code, surplus.json["code"]) == (400, "malformed"), surplus.text[:200]
        assert "surplus" in surplus.json["details"]["fields"]


@pytest.mark.parametrize("line", [c for c in CATALOGUE if c.kind.kept], ids=lambda line: line.kind.name)
def test_what_only_the_server_writes_stays_as_it_was(town: Town, line) -> None:
    kind, things = line.kind, vars(town.own)
    record = things.get(kind.name) or new_id()
    desk = town.desks["supervisor"]
    for field in sorted(kind.kept):
        before = _wrote(town, record, field)  # the server, when the town was made
        for value in ANY:
            change = update(kind.name, record, 999, {field: {"set": value}})
            [outcome] = desk.push(HERE, change)
            assert outcome["status"] in ("invalid", "parked"), (field, value, outcome)
            assert outcome["why"] != "server-field" or outcome["status"] == "parked"
        assert _wrote(town, record, field) == before, field


def _wrote(town: Town, record: str, field: str) -> int:
    """How many applied entries of this test's author wrote the field."""
    answer = town.desks["supervisor"].call(
        "GET", f"/api/v1/dossiers/{HERE}/records/{record}/history?limit=200"
    )
    if answer.status_code == 404:
        return 0
    mine = town.desks["supervisor"].person
    applied = (
        e for e in answer.json["items"] if e["who"]["id"] == mine and e["status"] in ("applied", "merged")
    )
    return sum(field in e["after"] for e in applied)
