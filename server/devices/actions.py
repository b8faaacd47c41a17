"""What changes meet on their way into a journal: nobody vouches for their own late work (decision 0039)."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection

from server import access, transaction
from server.endpoint import Held
from server.office import office
from server.people import queries as people
from server.watchbook import note
from sync import lookup
from sync.arrival import Arrival, rfc3339
from sync.canonical import spell
from sync.change import Author, Change, Unreadable
from sync.conflicts import PARKED
from sync.decisions import ACCEPTABLE
from sync.journal import Pushed
from sync.minutes import State

OWN_WORK = "own-work"
# Whoever may write may do this again: to take it is no word for anything.
TAKEN = ("applied", "merged", "conflict")  # by these outcomes parked work is in
DONE_AGAIN = ("edit-vs-delete", "delete-vs-edit", "moved-meanwhile")


def push(
    conn: Connection,
    dossier: str,
    author: Author,
    changes: Sequence[Change | Unreadable],
    *,
    arrival: Arrival,
    epoch: int | None = None,
) -> Pushed:
    """As transaction.push, for as long as a dossier may be locked for devices (transaction.still). Who would
    vouch for their own late work is told who else may; where nobody else may, the work is taken, and a line
    of the watchbook says so.

    Five statements more where somebody takes parked work, and none otherwise. Raises sync's UnknownDossier
    and EpochChanged.
    """
    taken = [c for c in changes if isinstance(c, Change) and _accepts(c)]
    own = _own(conn, dossier, author, taken, changes, arrival) if taken else []
    others = {c.id: _others(conn, dossier, author, state) for c, state in own}
    judged = [_refused(c, others[c.id]) if isinstance(c, Change) and others.get(c.id) else c for c in changes]
    pushed = transaction.push(
        conn, dossier, author, judged, arrival=arrival, epoch=epoch, still=transaction.still
    )
    entered = {o["id"] for o in pushed.outcomes if o["status"] in TAKEN}
    for change, _state in own:
        if change.id in entered:
            note(conn, "own-work-taken", author.actor, dossier=dossier, record=change.record)
    return pushed


def _accepts(change: Change) -> bool:
    said = change.fields.get("decision")
    return change.op == "resolve" and change.kind.name == PARKED.name and said == {"set": "accept"}


def _own(
    conn: Connection,
    dossier: str,
    author: Author,
    taken: Sequence[Change],
    changes: Sequence[Change | Unreadable],
    arrival: Arrival,
) -> list[tuple[Change, State | None]]:
    """Of these decisions those on the author's own work that want somebody's word, with the piece; None where
    the piece is made by the same request. Two statements, under the dossier's lock: what another request of
    theirs is about to park is seen. Who might decide nothing when they did is told so, and of nobody else.
    """
    office().journal.lock(conn, dossier)
    pieces = lookup.states(conn, dossier, {c.record for c in taken})
    sent = {c.id for c in changes}
    found: list[tuple[Change, State | None]] = []
    for change in taken:
        piece = pieces.get(change.record)
        own = change.record in sent if piece is None else _wants_a_word(piece, author)
        # By the same moment as the engine, or a post that has ended since would pass here and count there.
        if own and _might_decide(author, piece, arrival.captured(change.at, change.raw.get("clock")).at):
            found.append((change, piece))
    return found


def _wants_a_word(piece: State, author: Author) -> bool:
    """Whether to take the author's piece is to say that it was done in time, or by right."""
    if piece.kind != PARKED.name:
        return False
    body = piece.body
    why = body.get("first_why", body["why"])
    mine = body["actor"] == author.actor and not body.get("system")
    return bool(body["open"] and mine and why in ACCEPTABLE and why not in DONE_AGAIN)


def _might_decide(author: Author, piece: State | None, at: str) -> bool:
    """Whether the author's right to decide on the piece counts at that moment; where that is not there yet,
    on any.
    """
    here = PARKED.audiences if piece is None else (piece.audience,)
    return any(author.may.refusal(PARKED.name, "resolve", audience, at) is None for audience in here)


def _others(conn: Connection, dossier: str, author: Author, piece: State | None) -> list[str]:
    """The names of whoever else may decide on the piece at this moment, in order. Two statements."""
    found = people.posts_now(conn, rfc3339(office().clock()), dossier=dossier)
    reviewers = {post.person for post in found if post.person != author.actor and _decides(post, piece)}
    return sorted(people.names(reviewers).values())


def _decides(post: Any, piece: State | None) -> bool:
    """Whether a post allows to decide on the piece; where that is not there yet, on any."""
    seen = access.audiences(access.allowing([Held(post.role, post.firm)], "parked.resolve"))
    return access.sees(seen, piece.audience) if piece else bool(seen)


def _refused(change: Change, others: Sequence[str]) -> Unreadable:
    """The decision is faulty and stands nowhere; the piece waits on."""
    faults = [{"field": "decision", "message": "、".join(others)}]
    return Unreadable(
        id=change.id, why=OWN_WORK, digest=change.digest, bytes=spell(change.raw), faults=faults
    )
