"""What the desk does to an issue: a change like a phone's, with the version the supervisor saw."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection

from server import access, transaction
from server.endpoint import Actor
from server.errors import Refusal
from server.office import office
from sync import lookup
from sync.arrival import rfc3339
from sync.change import Author, Change, read
from sync.guards import Check, Guard
from sync.minutes import Outcome, State
from sync.record import Body

from . import queries, rules
from .records.issue import ISSUE


def amend(
    actor: Actor,
    issue: str,
    dossier: str | None,
    fields: dict[str, Any],
    *,
    version: int,
    change: str | None,
    at: str | None,
    atomic: bool = False,
) -> Outcome:
    """Bring the desk's change of an issue into its dossier and return the outcome. With `atomic` its
    fields win or lose together.

    `change` and `at` are the client's id and time for it: with them a repetition after a lost reply
    has the same bytes and changes nothing.
    Raises Refusal `not-found`, `malformed` (with the faults).
    """
    here = office()
    # A deleted one too: a repetition after a lost reply is owed the first answer.
    row = queries.found(actor, issue, dossier, deleted=True)
    may = access.in_dossier(actor, row.dossier, here.journal.kinds)
    if may is None:
        raise Refusal("not-found")
    home, now = row.dossier, rfc3339(here.clock())
    with transaction.reading() as conn:
        epoch = here.journal.heads(conn, [home])[home].epoch
    sent = {
        "id": change or here.new_id(),
        "n": 0,
        "op": "update",
        "kind": "issue",
        "record": issue,
        "fields": fields,
        "at": at or now,
    } | ({"atomic": True} if atomic else {})  # left out, a repetition has the bytes of releases before it
    author = Author(actor.id, actor.writer, may)
    # A repetition across a restore has the epoch of the first time in its bytes.
    for seen_in in range(epoch, 0, -1):
        amended = sent | {"base": {"version": version, "epoch": seen_in}}
        pushed = transaction.submit(home, author, [read(amended, here.journal.kinds)], received_at=now)
        outcome = pushed.outcomes[0]
        if outcome["why"] != "change-id-reused":
            break
    if outcome["status"] == "invalid":
        raise Refusal("malformed", "Some fields are wrong.", why=outcome["why"], faults=outcome["faults"])
    return outcome


def amend_many(
    actor: Actor, items: Sequence[Mapping[str, Any]], fields: Mapping[str, Any], *, atomic: bool = False
) -> list[dict[str, Any]]:
    """The same change to many issues, each named with `dossier`, `id`, `version`, `change`, `at`.

    One transaction a dossier; each item has its own outcome, or the code of why there is none: one
    that cannot be done never decides another's fate. A repetition is answered again.
    Raises Refusal `malformed` where the fields are none of an issue's: that is wrong of all alike.
    """
    here = office()
    if faults := ISSUE.faults("update", fields):
        raise Refusal("malformed", "Some fields are wrong.", why="invalid-fields", faults=faults)
    with transaction.reading() as conn:
        seen = queries.seen(actor, [(i["dossier"], i["id"]) for i in items])
        heads = here.journal.heads(conn, {dossier for dossier, _id in seen})
    told: dict[str, dict[str, Any]] = {}
    for dossier in sorted({dossier for dossier, _id in seen}):
        may = access.in_dossier(actor, dossier, here.journal.kinds)
        mine = [i for i in items if i["dossier"] == dossier and (dossier, i["id"]) in seen]
        if may is None:
            continue
        changes = [_amendment(i, fields, heads[dossier].epoch, atomic=atomic) for i in mine]
        try:
            pushed = transaction.submit(
                dossier,
                Author(actor.id, actor.writer, may),
                [read(c, here.journal.kinds) for c in changes],
                received_at=rfc3339(here.clock()),
            )
        except Refusal as refusal:  # too many wait for this dossier; the others go on
            told |= {c["id"]: {"error": refusal.code} for c in changes}
            continue
        told |= {str(o["id"]): {"outcome": o} for o in pushed.outcomes}
    lost = {"error": "not-found"}
    named = ((i, told.get(i["change"], lost)) for i in items)
    return [{"dossier": i["dossier"], "id": i["id"]} | {"outcome": None, "error": None} | t for i, t in named]


def _amendment(
    item: Mapping[str, Any], fields: Mapping[str, Any], epoch: int, *, atomic: bool
) -> dict[str, Any]:
    return {
        "id": item["change"],
        "n": 0,
        "op": "update",
        "kind": "issue",
        "record": item["id"],
        "base": {"version": item["version"], "epoch": epoch},
        "fields": dict(fields),
        "at": item["at"],
    } | ({"atomic": True} if atomic else {})


def _deadlines(
    _conn: Connection,
    _dossier: str,
    _bodies: Sequence[Body],
    _changes: Sequence[Change],
    _states: Mapping[str, State],
) -> Check:
    return rules.deadline_moved_by_hand


# 整改期限: what a paper says is moved by requests and pauses, not by hand (domain.md §7.4).
DEADLINES = Guard(codes=frozenset({"deadline-fixed"}), watches=frozenset({"due_on"}), facts=_deadlines)


def _reviewers(
    conn: Connection,
    dossier: str,
    bodies: Sequence[Body],
    changes: Sequence[Change],
    states: Mapping[str, State],
) -> Check:
    """The issues that these re-inspections are about, as they stand: an answer that comes in the same
    request counts. At most one statement.
    """
    named = {str(b["subject"]) for b in bodies}
    named |= {str(c.fields["subject"]["set"]) for c in changes if "subject" in c.fields}
    beside = lookup.states(conn, dossier, named - states.keys())

    def check(_before: Body, after: Body) -> str | None:
        issue = states.get(after["subject"]) or beside.get(after["subject"])
        return rules.reviewed_by_a_party(after, issue.body if issue and issue.kind == "issue" else {})

    return check


# 复查: by nobody who put it right or answered for it (domain.md §1.4).
REVIEWERS = Guard(
    codes=frozenset({"same-person"}), watches=frozenset({"subject", "result", "items"}), facts=_reviewers
)


def _requests(
    conn: Connection,
    dossier: str,
    _bodies: Sequence[Body],
    changes: Sequence[Change],
    states: Mapping[str, State],
) -> Check:
    """The issues for which these requests ask, as far as their audience reaches. At most one statement."""
    asked = [(str(c.fields["subject"]["set"]), c.audience or "") for c in changes if "subject" in c.fields]
    beside = lookup.states(conn, dossier, {issue for issue, _audience in asked} - states.keys())

    def known(issue: str, audience: str) -> bool:
        state = states.get(issue) or beside.get(issue)
        if state is None or state.deleted or state.kind != "issue":
            return False
        return rules.reaches(audience, state.audience)

    def check(before: Body, after: Body) -> str | None:
        mine = [audience for issue, audience in asked if issue == after["subject"]]
        absent = not before and not all(known(after["subject"], audience) for audience in mine)
        return "unknown-subject" if absent else None

    return check


# 延期申请: what is found to speak against it tells of the issue, so a foreign one is as absent.
REQUESTS = Guard(codes=frozenset({"unknown-subject"}), watches=frozenset({"subject"}), facts=_requests)
