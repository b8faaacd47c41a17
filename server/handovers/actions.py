"""What a signature on a handover brings about, in the transaction in which it is entered.

Nothing of this may stand without the rest: the project's officer, posts, visits and issues move together, and
once, whatever dies and however often a phone asks again (decision 0034).
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection

from server import transaction
from server.access import SYSTEM
from server.consequences import derived, said
from server.notifications.actions import tell
from server.notifications.rules import Person, Role, Whom
from server.office import office
from server.people import actions as people
from server.people.queries import names
from server.projects.queries import names_of
from sync import lookup
from sync.arrival import Arrival, rfc3339
from sync.change import read
from sync.minutes import Touched
from sync.protocol import REQUEST_CHANGES

from . import queries, rules
from .queries import LEADERS, WAITING

Body = dict[str, Any]
Operations = dict[str, Any]


def complete(conn: Connection, touched: Sequence[Touched]) -> None:
    """The giving side has signed: what is open is kept, and whoever is to take over may look. Both have:
    the project is theirs. It comes to nothing: who was let in for it is let out.
    """
    for one in touched:
        # As it stands now: one that was completed just before may have made this one lapse.
        state = lookup.states(conn, one.dossier, [one.record])[one.record]
        t = replace(one, version=state.version, deleted=state.deleted, body=state.body)
        if t.deleted or t.body["state"] == "done":
            continue
        if t.body["state"] != WAITING:
            _let_out(conn, t)
        elif rules.signed(t.body):
            _hand_over(conn, t)
        elif "given_at" not in t.body:
            _proposed(conn, t)
        elif "open_count" not in t.body:
            _given(conn, t)


def _proposed(conn: Connection, t: Touched) -> None:
    _tell(conn, t, "handover.proposed", _asked_to_sign(t.body), LEADERS)


def _given(conn: Connection, t: Touched) -> None:
    fields = said(queries.open_on_site(conn, t.dossier))
    _push(conn, t.dossier, [("handover", t.record, fields)], t.record, "given")
    people.admit(conn, _post(t.dossier, t.record), t.body["taker"], t.dossier, by=_gave(t.body))
    _tell(conn, t, "handover.given", _asked_to_sign(t.body), LEADERS)


def _hand_over(conn: Connection, t: Touched) -> None:
    body, dossier = t.body, t.dossier
    project = body["project"]
    site = lookup.states(conn, dossier, [project])[project].body
    begins = rules.begins_at(body, site.get("officer_since", ""), rfc3339(office().clock()))
    kept = {"since": begins}
    if "open_count" not in body:
        kept |= queries.open_on_site(conn, dossier)
    changes = [
        ("project", project, said({"officer": body["taker"], "officer_since": begins})),
        ("handover", t.record, said(kept) | {"state": {"do": "complete"}}),
        *(("handover", other, {"state": {"do": "lapse"}}) for other in _rivals(conn, t)),
        *_duties(conn, t),
    ]
    _push(conn, dossier, changes, t.record, "done")
    # A post of its own: the one that was given for the signature may have been ended by an administrator.
    people.admit(conn, derived(dossier, t.record, "office"), body["taker"], dossier, by=_gave(body))
    if "giver" in body and not body.get("stays"):
        people.release(conn, body["giver"], dossier, by=body["taken_by"])
    _tell(conn, t, "handover.done", [body["taker"], *([body["giver"]] if "giver" in body else [])], LEADERS)


def _rivals(conn: Connection, t: Touched) -> list[str]:
    """Other handovers of the project that wait, where whoever was to hand over does not answer for it any
    more: whoever takes over may have proposed the next one in the same breath.
    """
    others = queries.others_waiting(conn, t.dossier, t.record)
    bodies = {name: state.body for name, state in lookup.states(conn, t.dossier, others).items()}
    here = (name for name in others if bodies[name]["project"] == t.body["project"])
    return [name for name in here if bodies[name].get("giver") != t.body["taker"]]


def _duties(conn: Connection, t: Touched) -> Iterator[tuple[str, str, Operations]]:
    """Visits to make and issues to look after go along; those of an officer who stays are still theirs."""
    giver, taker = t.body.get("giver"), t.body["taker"]
    if giver is None or t.body.get("stays"):
        return
    duties = queries.duties_of(conn, t.dossier, giver)
    for record in duties["assignment"]:
        yield "assignment", record, {"officers": {"add": [taker], "remove": [giver]}}
    for record in duties["issue"]:
        yield "issue", record, said({"assignee": taker})


def _let_out(conn: Connection, t: Touched) -> None:
    """Refused, withdrawn or lapsed: who holds a post that was given for it holds it no more, unless they are
    asked to take over by another that waits. With the last of these all such posts end.
    """
    refused, taker = t.body["state"] == "refused", t.body["taker"]
    over = queries.let_in_for(conn, t.dossier, taker)
    if over is not None:
        posts = [_post(t.dossier, name) for name in over]
        people.release(
            conn, taker, t.dossier, by=taker if refused else t.body.get("recalled_by"), posts=posts
        )
    if refused:
        asked = {t.body["author"], *([t.body["giver"]] if "giver" in t.body else [])}
        _tell(conn, t, "handover.refused", sorted(asked), LEADERS)
    else:
        _tell(conn, t, "handover.over", _asked_to_sign(t.body))


def _asked_to_sign(body: Body) -> list[str]:
    """Who was told that it waits for them."""
    if "given_at" in body:
        return [body["taker"]]
    return [body["giver"]] if body.get("giver") not in (None, body["author"]) else []


def _post(dossier: str, handover: str) -> str:
    """The id of the post that a handover's signature gives: once, whatever happens again."""
    return derived(dossier, handover, "post")


def _gave(body: Body) -> str:
    return str(body.get("given_by") or body["appointed_by"])


def _push(
    conn: Connection, dossier: str, changes: Sequence[tuple[str, str, Operations]], handover: str, cause: str
) -> None:
    """The house's own changes, under ids made of their cause, in the transaction of `conn`; the statements do
    not grow with them, up to what one push may hold.
    """
    here, now = office(), rfc3339(office().clock())
    epoch = here.journal.lock(conn, dossier).epoch
    for start in range(0, len(changes), REQUEST_CHANGES):
        part = changes[start : start + REQUEST_CHANGES]
        standing = lookup.states(conn, dossier, [record for _kind, record, _fields in part])
        understood = [
            read(
                {
                    "id": derived(dossier, handover, cause, record, str(standing[record].version)),
                    **{"n": 0, "op": "update", "kind": kind, "record": record, "at": now, "fields": fields},
                    "base": {"version": standing[record].version, "epoch": epoch},
                },
                here.journal.kinds,
            )
            for kind, record, fields in part
        ]
        pushed = transaction.push(conn, dossier, SYSTEM, understood, arrival=Arrival(now))
        wrong = [o for o in pushed.outcomes if o["status"] not in ("applied", "merged", "noop")]
        if wrong:  # our own rule should have known: nothing of it stands, and the phone sends it again
            raise RuntimeError(f"a handover was not completed: {wrong[0]['status']} {wrong[0]['why']}")


def _tell(
    conn: Connection, t: Touched, template: str, whom: Sequence[str], roles: Sequence[str] = ()
) -> None:
    """Tell these, and whoever holds one of the roles there."""
    body, called = t.body, names({t.body["taker"], *([t.body["giver"]] if "giver" in t.body else [])})
    facts = {
        "project": names_of(conn, [t.dossier]).get(t.dossier, t.dossier),
        "giver": called.get(body.get("giver", ""), "—"),
        "taker": called.get(body["taker"], "—"),
    }
    more: dict[str, Any] = {
        "key": f"{template}|{t.dossier}|{t.record}",
        "home": t.dossier,
        "record": t.record,
    }
    told: list[Whom] = [*map(Person, whom), *(Role(role, t.dossier) for role in roles)]
    for one in told:
        tell(conn, one, template, facts, **more)
