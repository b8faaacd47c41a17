"""What the office says of a record as it would stand, where its rule needs facts beyond the record.

An objection (record.py) sees one record and is pure. A guard reads facts under the dossier's lock, once
for all changes of a request, and judges each by them; what not every judgement needs is read by the first
that does.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from .change import Change
from .minutes import State
from .record import Body

# Given a body as it is (empty where it is being made) and as it would be: the code of the rule that this
# would break, or None.
Check = Callable[[Body, Body], str | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Guard:
    """A kind's guard: what it may answer, what makes it ask, and how it reads its facts.

    `watches` names the fields whose change is judged. `facts(conn, dossier, bodies, changes, states)` is
    given the touched records as they stand and all changes of the kind; its statements must not grow with
    them. `states` are all records that the request touches, of any kind, and go along with it: a check
    that asks there sees what an earlier change of the same request has done.
    Work that a guard refused is parked; a reviewer who takes it has it judged again.
    """

    codes: frozenset[str]
    watches: frozenset[str]
    facts: Callable[[Connection, str, Sequence[Body], Sequence[Change], Mapping[str, State]], Check]


def checks(
    guards: Mapping[str, Guard],
    conn: Connection,
    dossier: str,
    changes: Sequence[Change],
    states: Mapping[str, State],
) -> dict[str, Check]:
    """The checks that these changes need, by kind; `states` are the touched records as they stand."""
    found = {}
    for kind, guard in guards.items():
        about = [c for c in changes if c.kind.name == kind]
        asked = [states[c.record].body for c in changes if c.op == "resolve" and c.record in states]
        decided = {str(body["target"]) for body in asked if body.get("target_kind") == kind}
        if decided or any(not guard.watches.isdisjoint(c.fields) for c in about):
            named = decided | {c.record for c in about}
            bodies = [states[n].body for n in named if n in states and states[n].kind == kind]
            found[kind] = guard.facts(conn, dossier, bodies, about, states)
    return found
