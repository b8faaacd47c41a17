"""The power fails at any moment: what was answered is there, nothing is half there.

The real engine works on a disk that keeps apart what was synced and what was only written; then the
database is opened anew by Python's own sqlite3. POINTS=500 (`make power`) is the full size.
"""

import itertools
import os
import random
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple, get_args

import apsw
import orjson
import pytest
from sqlalchemy import Engine, create_engine, event, select, text
from sqlalchemy.pool import StaticPool

from server.access import SystemMay
from server.catalogue import journal
from server.database import db, keep_promises
from sync import feed, history, tables
from sync.arrival import Arrival
from sync.change import Author, read
from sync.feed import Cursor
from tests.support import apsw_dbapi
from tests.support.house import create, delete, issue, new_id, update
from tests.support.power import Act, Disk, DiskVFS, Survives

POINTS = int(os.environ.get("POINTS", "60"))
DAYS = 6  # pieces of work; the points are spread over them
PUSHES = 24
DOSSIER, AT = "project:wj-01", "2026-11-22T01:00:00.000Z"
AUTHORS = tuple(Author(n, f"phone-{n}", SystemMay()) for n in ("li", "wang", "zhang"))
JOURNAL = journal()
_names = itertools.count()


class Push(NamedTuple):
    """What one transaction was asked."""

    author: Author
    changes: list[dict[str, Any]]


@contextmanager
def opened(disk: Disk, also: Sequence[str] = ()) -> Iterator[Engine]:
    """The server's engine on the disk, with one connection; `also` are further pragmas."""
    name = f"disk-{next(_names)}"
    vfs = DiskVFS(name, disk)

    def connect() -> apsw_dbapi.Connection:
        raw = apsw.Connection("xunjian.db", vfs=name)
        # No shared memory behind a VFS written in Python: the log's index stays in the process.
        raw.execute("PRAGMA locking_mode = EXCLUSIVE")
        return apsw_dbapi.Connection(raw)

    engine = create_engine("sqlite://", module=apsw_dbapi, creator=connect, poolclass=StaticPool)
    keep_promises(engine)
    event.listen(engine, "connect", lambda c, _record: [c.execute(p) for p in also])
    try:
        yield engine
    finally:
        engine.dispose()
        vfs.unregister()


def push(engine: Engine, author: Author, changes: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """One transaction of the real engine."""
    understood = [read(c, JOURNAL.kinds) for c in changes]
    with engine.connect().execution_options(writes=True) as conn, conn.begin():
        return JOURNAL.push(conn, DOSSIER, author, understood, arrival=Arrival(AT)).outcomes


class Day:
    """Some work, and all that it asked of the disk."""

    def __init__(self, seed: int, also: Sequence[str] = ()) -> None:
        self.rnd, self.disk, self.pushes = random.Random(seed), Disk(), list[Push]()
        self.versions: dict[str, int] = {}
        with opened(self.disk) as engine:
            for metadata in (tables.metadata, db.metadata):
                metadata.create_all(engine)
            with engine.connect().execution_options(writes=True) as conn, conn.begin():
                JOURNAL.open(conn, DOSSIER)
        self.disk.begin()
        # Twice, so that the log is folded in and begun anew in between.
        for _half in range(2):
            with opened(self.disk, also) as engine:
                for _ in range(PUSHES // 2):
                    self._work(engine)
                self.end = len(self.disk.acts)

    def _work(self, engine: Engine) -> None:
        rnd = self.rnd
        changes = [self._change() for _ in range(rnd.choice((1, 1, 3, 12, 60)))]
        self.pushes.append(Push(rnd.choice(AUTHORS), changes))
        outcomes = push(engine, *self.pushes[-1])
        self.disk.acts.append(Act("told", told=outcomes))
        for change, outcome in zip(changes, outcomes, strict=True):
            assert outcome["status"] != "invalid", outcome
            if change["kind"] == "issue" and outcome["version"] is not None:
                self.versions[change["record"]] = outcome["version"]
        if rnd.random() < 0.25:
            with engine.connect() as conn:
                conn.connection.dbapi_connection.execute(  # type: ignore[union-attr]
                    f"PRAGMA wal_checkpoint({rnd.choice(('PASSIVE', 'FULL', 'RESTART', 'TRUNCATE'))})"
                )

    def _change(self) -> dict[str, Any]:
        rnd, record = self.rnd, self.rnd.choice([*self.versions, None])
        if record is None or rnd.random() < 0.3:
            return rnd.choice((issue, self._note))()
        seen = max(0, self.versions[record] - rnd.choice((0, 0, 5, 50)))
        if rnd.random() < 0.1:
            return delete("issue", record, seen)
        said = {"title": f"标题 {rnd.random()}"} if rnd.random() < 0.7 else {"description": "文" * 900}
        return update("issue", record, seen, said)

    def _note(self) -> dict[str, Any]:
        said = {"subject": new_id(), "text": "字" * self.rnd.randrange(1, 900), "said_at": AT}
        return create("comment", said)


def judge(day: Day, moment: int, files: dict[str, bytes], folder: Path) -> None:
    """Open what is left; raises AssertionError or the database's own error where a promise is broken."""
    for name, data in files.items():
        (folder / name).write_bytes(data)
    told = [a.told for a in day.disk.acts[:moment] if a.what == "told"]
    engine = create_engine(f"sqlite:///{folder / 'xunjian.db'}")
    keep_promises(engine)
    try:
        with engine.connect() as conn:
            assert conn.execute(text("PRAGMA integrity_check")).scalar() == "ok"
            assert history.verify(conn, DOSSIER).fault is None
            rows = list(history.entries(conn, DOSSIER))
        assert [r.seq for r in rows] == list(range(1, len(rows) + 1))
        for (author, changes), outcomes in zip(day.pushes, told, strict=False):
            again = push(engine, author, changes)
            assert again == [o | {"replay": True} for o in outcomes]
        _under_way(day, engine, len(told), {r.change for r in rows})
        _same_everywhere(engine)
    finally:
        engine.dispose()


def _under_way(day: Day, engine: Engine, number: int, entered: set[str]) -> None:
    """The transaction that nobody was told of is there whole or not at all, and may be repeated."""
    for author, changes in day.pushes[number : number + 1]:
        assert len(entered & {c["id"] for c in changes}) in (0, len(changes))
        assert all(o["status"] != "invalid" for o in push(engine, author, changes))
    for _author, changes in day.pushes[number + 1 :]:
        assert not entered & {c["id"] for c in changes}


def _same_everywhere(engine: Engine) -> None:
    """Records, feed and read model say the same, also after work has gone on."""
    with engine.connect() as conn:
        assert history.verify(conn, DOSSIER).fault is None
        head = JOURNAL.heads(conn, [DOSSIER])[DOSSIER]
        records = {x.record: x for batch in history.standing_records(conn, DOSSIER) for x in batch}
        page = feed.page(conn, DOSSIER, "field", Cursor("n", 1, 0, 0), head, limit=10**6)
        items = orjson.loads(orjson.dumps(page["items"]))
        live = {r: x.body for r, x in records.items() if not x.deleted and x.audience == "field"}
        assert {i["record"]: i["body"] for i in items} == live
        t = db.metadata.tables["issues"]
        queue = {r.id: (r.version, r.title, r.deleted) for r in conn.execute(select(t))}
    issues = {r: x for r, x in records.items() if x.kind == "issue"}
    assert queue == {r: (x.version, x.body["title"], x.deleted) for r, x in issues.items()}


def broken(days: Sequence[Day], folder: Path, *, points: int = POINTS) -> Counter[str]:
    """Fail the power at `points` moments; which of them broke a promise, by what survived."""
    rnd, found = random.Random(7), Counter[str]()
    for point in range(points):
        day, survives = days[point % len(days)], get_args(Survives)[point % 3]
        moment = rnd.randrange(day.end + 1)
        place = folder / str(point)
        place.mkdir()
        try:
            judge(day, moment, day.disk.after_power_cut(moment, survives, rnd), place)
        except Exception as fault:
            found[f"{survives}: {type(fault).__name__}"] += 1
            print(f"point {point}, act {moment} of {day.end}, {survives} survived: {fault!r:.300}")
        for path in place.iterdir():
            path.unlink()
    return found


def test_what_was_answered_survives_a_power_cut_at_any_moment(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    days = [Day(seed) for seed in range(DAYS)]
    assert any(a.what == "delete" for a in days[0].disk.acts)  # the log was folded in
    assert broken(days, tmp_path) == {}
    acts = Counter(a.what for day in days for a in day.disk.acts[: day.end])
    with capsys.disabled():
        print(f"\n{POINTS} power cuts among {dict(acts)}: nothing answered is lost, nothing half done")


@pytest.mark.parametrize("weaker", ["OFF", "NORMAL"])
def test_with_less_syncing_the_same_cuts_lose_what_was_answered(weaker: str, tmp_path: Path) -> None:
    """The check can fail: FULL is what keeps the promise, and the disk does drop what is not synced."""
    days = [Day(seed, [f"PRAGMA synchronous = {weaker}"]) for seed in range(2)]
    found = broken(days, tmp_path, points=18)
    assert any(why.startswith("nothing") for why in found), found
