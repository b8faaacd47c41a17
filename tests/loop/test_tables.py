"""Every kind's state table, exhaustively: each forbidden move has its code, and each code its way out."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from server.access import AUDIENCES, ONLY_READ, TABLE, DossierMay
from server.catalogue import CATALOGUE
from server.endpoint import Held
from server.errors import CODES
from server.people.actions import ROLES
from sync.lifecycle import Lifecycle
from sync.merge import Written, merge
from sync.record import Kind

STEPPED = [line.kind for line in CATALOGUE if line.kind.lifecycle is not None]
KINDS = {line.kind.name: line.kind for line in CATALOGUE}
NOW = datetime(2026, 11, 22, tzinfo=UTC)
FIRM = "91110105MA0XD00162"


def table(kind: Kind) -> Lifecycle:
    assert kind.lifecycle is not None
    return kind.lifecycle


def may(role: str) -> DossierMay:
    held = (Held(role, FIRM, "2026-01-01T00:00:00.000Z"),)
    return DossierMay(held, (), KINDS, NOW, timedelta(hours=72))


def reached(role: str, kind: Kind) -> Iterator[str]:
    """Audiences of the kind in which the role may write at all."""
    for audience in kind.audiences:
        name = f"party:{FIRM}" if audience == "party" else audience
        if audience not in ONLY_READ.get(role, ()) and may(role).sees(name):
            yield name


@pytest.mark.parametrize("kind", STEPPED, ids=lambda k: k.name)
@pytest.mark.parametrize("role", ROLES)
def test_a_step_is_taken_by_the_roles_that_it_names_and_by_no_other(role: str, kind: Kind) -> None:
    for verb, step in table(kind).transitions.items():
        for audience in reached(role, kind):
            refused = may(role).refusal(kind.name, verb, audience, "2026-11-21T00:00:00.000Z")
            assert (refused is None) == (role in step.by), (verb, audience)
            assert refused in (None, "not-permitted")


@pytest.mark.parametrize("kind", STEPPED, ids=lambda k: k.name)
def test_a_step_is_taken_from_its_own_states_and_from_no_other(kind: Kind) -> None:
    for state in table(kind).states:
        for verb, step in table(kind).transitions.items():
            asked: dict[str, Any] = {"trunk": 9, "device": "d", "actor": "a", "at": "2026-11-22T00:00:00Z"}
            if state in step.sources:
                continue  # what else speaks against it, each kind's own tests say
            judged = merge(kind, {"state": state}, Written({}, {}), {"state": {"do": verb}}, **asked)
            assert (judged.why, judged.status) == ("illegal-transition", "conflict"), (state, verb)
            assert not judged.after and not judged.stamps, "nothing is stamped by a step that was not taken"


def test_what_a_refusal_says_has_a_way_out_in_both_languages() -> None:
    for code in ("not-permitted", "illegal-transition", "same-person", "leader-needed", "deadline-fixed"):
        assert CODES[code].remedy == "ask" and CODES[code].zh and CODES[code].en, code


def test_every_state_can_be_left_or_is_an_end_and_every_role_is_somebodys() -> None:
    named = {role for kind in STEPPED for step in table(kind).transitions.values() for role in step.by}
    assert named <= set(ROLES) and set(TABLE) - {"self"} == set(ROLES) == set(AUDIENCES) - {"self"}
    for kind in STEPPED:
        steps = table(kind).transitions.values()
        assert {step.target for step in steps} | {table(kind).initial} == set(table(kind).states), kind.name
