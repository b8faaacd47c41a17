"""What became of one's work reaches its author, whatever posts they still hold: in their own dossier."""

from collections.abc import Sequence

from server import access, transaction
from server.access import SYSTEM
from server.office import office
from server.people.queries import held_by, own_dossier
from sync import followers
from sync.arrival import Arrival, rfc3339
from sync.change import read
from sync.conflicts import PARKED
from sync.minutes import Touched

NAME = "authors"
NOBODY = "system"


def tell_authors(dossier: str, questions: Sequence[Touched]) -> None:
    """Conflicts and parked work as they now stand, mirrored to each author's own dossier.

    Who may no longer read the record sees their own values and the decision, not those of others.
    """
    if dossier.startswith("person:"):
        return
    by_author: dict[str, list[Touched]] = {}
    for question in questions:
        for author in followers.authors(question) - {NOBODY}:
            by_author.setdefault(author, []).append(question)
    for author, theirs in sorted(by_author.items()):
        seen = access.audiences(held_by(author, dossier))
        _tell(author, [q if _may_read(q, seen) else followers.only_own(q, author) for q in theirs])


def _may_read(question: Touched, seen: frozenset[str]) -> bool:
    return question.kind == PARKED.name or access.sees(seen, question.audience)


def _tell(author: str, questions: Sequence[Touched]) -> None:
    """One transaction, whatever the number."""
    here, home = office(), own_dossier(author)
    now = rfc3339(here.clock())
    with transaction.writing(home) as conn:
        here.journal.open(conn, home)
        here.journal.lock(conn, home)
        changes = followers.mirrors(conn, home, questions, author, now)
        if changes:
            understood = [read(change, here.journal.kinds) for change in changes]
            transaction.push(conn, home, SYSTEM, understood, arrival=Arrival(now))


def catch_up() -> int:
    """What a crash left between a commit and its mirrors; the scheduler calls it. Returns how many
    questions were looked at.
    """
    with transaction.reading() as conn:
        waiting = followers.behind(conn, NAME)
    done = 0
    for dossier in waiting:
        while True:
            with transaction.reading() as conn:
                found, seq = followers.questions(conn, dossier, NAME)
            if not seq:
                break
            tell_authors(dossier, found)
            done += len(found)
            with transaction.writing() as conn:
                followers.advance(conn, dossier, NAME, seq)
    return done
