"""Those who wait for the same turn share one commit, and none answers for another."""

import threading
from collections.abc import Callable

import pytest
from sqlalchemy import Connection, text

from server import transaction, writers
from server.config import WAITING_FOR_DOSSIER
from server.database import db
from tests.support.house import House, issue

WJ = "project:wj-01"


def together(site: House, works: list[Callable[[Connection], object]]) -> list[object]:
    """Let all wait for one turn, then go; what each was answered, or its error."""
    answers: list[object] = [None] * len(works)
    with site.app.app_context():
        queue = writers.queue(db.engine, WJ)
    assert queue is not None
    holder = writers.Writer(WJ)
    queue.enter(holder)

    def write(index: int) -> None:
        with site.app.app_context():
            try:
                answers[index] = transaction.share(WJ, 1, works[index])
            except Exception as wrong:
                answers[index] = wrong

    threads = []
    for index in range(len(works)):
        threads.append(threading.Thread(target=write, args=(index,)))
        threads[-1].start()
        while len(queue._waiting) <= index:
            threads[-1].join(0.001)
    queue.leave()
    for thread in threads:
        thread.join()
    return answers


def test_many_small_pushes_are_one_commit_with_an_outcome_each(site: House) -> None:
    commits: list[str] = []
    desks = [site.desk("li", device=f"d{i}") for i in range(4)]
    made = [issue() for _ in desks]
    answers: list[list[dict]] = [[] for _ in desks]
    with site.app.app_context():
        queue = writers.queue(db.engine, WJ)
        engine = db.engine
    assert queue is not None
    from sqlalchemy import event

    note = lambda *_: commits.append("commit")  # noqa: E731
    queue.enter(writers.Writer(WJ))
    threads = [
        threading.Thread(target=lambda i=i: answers.__setitem__(i, desks[i].push(WJ, made[i])))
        for i in range(len(desks))
    ]
    for index, thread in enumerate(threads):
        thread.start()
        while len(queue._waiting) <= index:
            thread.join(0.001)
    event.listen(engine, "commit", note)
    try:
        queue.leave()
        for thread in threads:
            thread.join()
    finally:
        event.remove(engine, "commit", note)
    assert len(commits) == 1
    assert sorted(a[0]["seq"] for a in answers) == [2, 3, 4, 5]
    assert {a[0]["status"] for a in answers} == {"applied"}


def test_a_work_that_fails_is_undone_alone(site: House) -> None:
    def note(name: str) -> Callable[[Connection], object]:
        def work(conn: Connection) -> str:
            conn.execute(
                text("INSERT INTO audiences (dossier, audience) VALUES (:d, :a)"), {"d": WJ, "a": name}
            )
            if name == "bad":
                raise ValueError(name)
            return name

        return work

    first, bad, last = together(site, [note("first"), note("bad"), note("last")])
    assert (first, last) == ("first", "last") and isinstance(bad, ValueError)
    with site.app.app_context(), transaction.reading() as conn:
        kept = conn.execute(text("SELECT audience FROM audiences WHERE dossier = :d"), {"d": WJ}).scalars()
        assert {"first", "last"} <= (found := set(kept)) and "bad" not in found


def test_where_the_database_gives_up_the_transaction_nobody_is_told_that_it_stands(site: House) -> None:
    def good(conn: Connection) -> str:
        conn.execute(text("INSERT INTO audiences (dossier, audience) VALUES (:d, 'kept')"), {"d": WJ})
        return "kept"

    def fatal(conn: Connection) -> None:
        conn.exec_driver_sql("ROLLBACK")  # as SQLite does by itself on a full disk
        raise OSError("the disk is full")

    answers = together(site, [good, fatal, good])
    assert all(isinstance(answer, Exception) for answer in answers), answers
    with site.app.app_context(), transaction.reading() as conn:
        assert not conn.execute(text("SELECT 1 FROM audiences WHERE audience = 'kept'")).all()


def test_a_turn_is_handed_on_in_the_order_of_asking_and_a_batch_is_bounded() -> None:
    queue = writers.Queue()
    queue.enter(writers.Writer("a"))
    waiting = [writers.Writer("a", lambda _conn: None, size=200) for _ in range(4)]
    waiting.insert(2, writers.Writer(None))
    threads = [threading.Thread(target=queue.enter, args=(w,)) for w in waiting]
    for index, thread in enumerate(threads):
        thread.start()
        while len(queue._waiting) <= index:
            thread.join(0.001)
    one = writers.Writer("a", lambda _conn: None, size=200)
    assert queue.board(one) == [one, waiting[0]]  # the next would make it 600 changes
    queue.leave()
    threads[1].join()
    assert queue.board(waiting[1]) == [waiting[1]]  # he who wants the turn alone is not overtaken
    for writer in waiting[:1]:
        writer.turn.release()
    for index in (2, 3, 4):
        queue.leave()
        threads[index].join()
    queue.leave()


@pytest.mark.parametrize("dossier", ["a", None])
def test_more_than_may_wait_are_told_to_come_again(dossier: str | None) -> None:
    from server.errors import Refusal

    queue = writers.Queue()
    queue.enter(writers.Writer(dossier))
    most = WAITING_FOR_DOSSIER if dossier else writers.WAITING
    threads = [threading.Thread(target=queue.enter, args=(writers.Writer(dossier),)) for _ in range(most)]
    for thread in threads:
        thread.start()
    while len(queue._waiting) < most:
        threads[0].join(0.001)
    with pytest.raises(Refusal):
        queue.enter(writers.Writer(dossier))
    for _ in range(most + 1):
        queue.leave()
    for thread in threads:
        thread.join()
