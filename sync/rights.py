"""Whether an author may do what a change asks: by the kind, by ownership, by the office's rights."""

from .change import Author, Change
from .minutes import State


def refused(author: Author, change: Change, verb: str, audience: str, at: str) -> str | None:
    """The code of what forbids `verb` in an audience, or None; `at` is the estimate of when it was done."""
    if author.system:
        return None
    kind = change.kind
    if kind.written_by_server:
        return "not-permitted"
    if not kind.kept.isdisjoint(change.fields):
        return "server-field"
    if verb in ("create", "move") and audience.split(":", maxsplit=1)[0] not in kind.audiences:
        return "unknown-audience"
    return author.may.refusal(kind.name, verb, audience, at)


def not_own(author: Author, change: Change, state: State) -> str | None:
    """What somebody said is changed by nobody else."""
    kind = change.kind
    if author.system or not kind.own or kind.signed is None:
        return None
    return None if state.body.get(kind.signed) == author.actor else "not-permitted"


def closed_to(author: Author, change: Change, closed_at: str | None, at: str) -> bool:
    """Whether the dossier was closed before this was done (`at`), or too long ago to take it in.

    What opens it again, and a reviewer's decisions, reach a closed dossier as well.
    """
    if closed_at is None or author.system or change.kind.closes or change.op == "resolve":
        return False
    return at >= closed_at or not author.may.late(closed_at)


def verbs(change: Change) -> list[str]:
    """What an update does: a transition, an edit, or both; each needs its own right."""
    step = [change.fields["state"]["do"]] if "state" in change.fields else []
    return [*step, "update"] if len(change.fields) > len(step) else step
