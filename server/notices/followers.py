"""After a commit that touched papers: what the server owes them, and who waits for their service."""

from collections.abc import Callable, Sequence
from datetime import date

from sync.minutes import Touched

from . import actions, rules
from .rules import Served

# Who is told that a paper was served, at least once: `(served) -> None`, idempotent. The issues'
# clocks start here; the composition of the house adds to it.
SERVED: list[Callable[[Served], None]] = []


def follow(dossier: str, touched: Sequence[Touched]) -> None:
    """Papers that came in from elsewhere than the desk get their number or their clock; each issued
    one its PDF.
    """
    for t in touched:
        if not t.deleted and rules.unsettled(t.body):
            actions.complete(dossier, t.record)
        if "served_on" in t.body:
            _tell(dossier, t)


def _tell(dossier: str, t: Touched) -> None:
    issues = tuple(item["issue"] for item in t.body["paper"]["items"])
    served_on = date.fromisoformat(t.body["served_on"])
    for listener in SERVED:
        listener(Served(dossier, t.record, issues, t.body["served_at"], served_on))
