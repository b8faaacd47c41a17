"""Make an issue of what failed on a checklist: one call, once however often it is asked."""

from collections.abc import Mapping
from typing import Any

from server import access, transaction
from server.consequences import said as told
from server.endpoint import Actor
from server.errors import Refusal
from server.issues.records.issue import ISSUE
from server.issues.rules import issue_id
from server.office import office
from sync import lookup
from sync.arrival import Arrival, rfc3339
from sync.change import Author, read
from sync.minutes import Outcome

from . import queries, rules


def raise_issue(
    actor: Actor, answer: str, dossier: str | None, fields: Mapping[str, Any], *, change: str, at: str
) -> tuple[str, str, Outcome | None]:
    """The issue that an answer becomes: its dossier and id, and the outcome of its making; None where it
    is there already, whoever made it.

    `fields`, as a change says them, stand instead of what would be taken over. Raises Refusal
    `not-found`, `ambiguous`, `no-finding`, `no-checklist`, `not-permitted`, `malformed`.
    """
    here = office()
    faults = ISSUE.faults("update", fields) if fields else []
    if faults:
        raise Refusal("malformed", "Some fields are wrong.", why="invalid-fields", faults=faults)
    with transaction.reading() as conn:
        home = queries.answered(conn, actor, answer, dossier).dossier
    may, issue = access.in_dossier(actor, home, here.journal.kinds), issue_id(answer)
    if may is None:
        raise Refusal("not-found")
    now = rfc3339(here.clock())
    with transaction.writing(home) as conn:
        here.journal.lock(conn, home)
        states = lookup.states(conn, home, [answer, issue])
        if issue in states:
            return home, issue, None
        body = states[answer].body
        if body["result"] != rules.FAULT:
            raise Refusal("no-finding", result=body["result"])
        taken = queries.finding(conn, home, answer, body)
        if taken is None:
            raise Refusal("no-checklist")
        sent = {"id": change, "n": 0, "op": "create", "kind": "issue", "record": issue, "audience": "field"}
        sent |= {"fields": told(taken | {"assignee": actor.id}) | dict(fields), "at": at}
        author, understood = Author(actor.id, actor.writer, may), [read(sent, here.journal.kinds)]
        [outcome] = transaction.push(conn, home, author, understood, arrival=Arrival(now)).outcomes
        if outcome["status"] == "invalid":
            raise Refusal("malformed", "Some fields are wrong.", why=outcome["why"], faults=outcome["faults"])
        if outcome["status"] == "parked":
            raise Refusal("not-permitted", why=outcome["why"])
    return home, issue, outcome
