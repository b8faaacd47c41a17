"""An issue takes over what its answer knows, in whatever order they and their photographs came in."""

from collections.abc import Iterator, Sequence

from sqlalchemy import Connection

from server import transaction
from server.consequences import Follow, enter, said
from server.issues.rules import issue_id
from server.photos import queries as photos
from sync import lookup
from sync.minutes import State, Touched

from . import queries, rules

ISSUE_OF = "issue"  # the answer's field that names what became of it
# What the house notes of a photograph's bytes, it notes of each record that names them.
NOTED = frozenset({"stored_at", "subject"})


def follow_answers(dossier: str, touched: Sequence[Touched]) -> None:
    """An answer that came after its issue."""
    faults = {t.record for t in touched if not t.deleted and t.body["result"] == rules.FAULT}
    waiting = {a: issue_id(a) for a in faults - {t.record for t in touched if ISSUE_OF in t.body}}
    if not waiting:
        return
    with transaction.reading() as conn:
        there = lookup.states(conn, dossier, waiting.values())
    if there:
        enter(dossier, sorted(a for a, issue in waiting.items() if issue in there), _taken_over)


def follow_issues(dossier: str, touched: Sequence[Touched]) -> None:
    """An issue that names its answer, from a phone or from the desk."""
    named = {t.body["answer"] for t in touched if not t.deleted and "answer" in t.body}
    if not named:
        return
    with transaction.reading() as conn:
        states = lookup.states(conn, dossier, named)
    waiting = sorted(a for a, state in states.items() if ISSUE_OF not in state.body)
    if waiting:
        enter(dossier, waiting, _taken_over)


def follow_photos(dossier: str, touched: Sequence[Touched]) -> None:
    """A photograph of an answer that has become an issue is one of the issue's too."""
    subjects = {t.body["subject"] for t in touched if not t.deleted}
    if not subjects:
        return
    with transaction.reading() as conn:
        states = lookup.states(conn, dossier, subjects)
    answers = sorted(a for a, s in states.items() if s.kind == "answer" and ISSUE_OF in s.body)
    if answers:
        enter(dossier, answers, _taken_over)


def _taken_over(conn: Connection, dossier: str, answer: str, state: State) -> Iterator[Follow]:
    """The answer names its issue; the issue has the answer's photographs, and what its maker left open."""
    name = issue_id(answer)
    issue = lookup.states(conn, dossier, [name]).get(name)
    if state.kind != "answer" or issue is None or issue.deleted or issue.body.get("answer") != answer:
        return
    if state.body.get(ISSUE_OF) != name:
        cause = (ISSUE_OF, name)
        yield Follow(kind="answer", record=answer, cause=cause, fields=said({ISSUE_OF: name}))
    open_ = queries.finding(conn, dossier, answer, state.body) or {}
    open_ = {n: v for n, v in open_.items() if n not in issue.body and n not in rules.POSITION}
    if open_:
        yield Follow(kind="issue", record=name, cause=("taken-over",), fields=said(open_))
    taken = photos.of_record(conn, dossier, answer)
    bodies = lookup.states(conn, dossier, [photo.id for photo in taken])
    for photo in taken:
        body = {n: v for n, v in bodies[photo.id].body.items() if n not in NOTED} | {"subject": name}
        if photo.kind == "photo":
            body.setdefault("phase", "before")
        yield Follow(
            kind=photo.kind,
            record=rules.copy_id(name, photo.id),
            cause=("taken-over",),
            fields=said(body),
            makes=photo.audience if issue.audience == "field" else issue.audience,
        )
