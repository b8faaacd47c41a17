"""Every statement says whose dossiers it means: how that is looked at, and who is let off."""

import re
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import and_, create_engine, delete, exists, false, func, or_, select, tuple_, update

from sync import bulk
from sync.tables import entries, feed, records
from tests.support.keyed import EXCEPTIONS, ROOT, Recorder, keyed_tables, unkeyed

e, f, r, other = entries.c, feed.c, records.c, entries.alias()
HERE = e.dossier == "project:wj-01"
same = f.dossier == r.dossier
inside = select(e.dossier, e.seq).subquery()
few = select(e.dossier, e.seq).where(HERE).cte()
NAMED = {
    "by one": select(entries).where(HERE),
    "by several": select(entries).where(e.dossier.in_(["a", "b"])),
    "with what else": select(entries).where(tuple_(e.dossier, e.seq).in_([("a", 1)])),
    "through a join": select(feed).join(records, same & (f.record == r.record)).where(r.dossier == "a"),
    "in each alternative": select(entries).where(or_(and_(HERE, e.seq == 1), e.dossier.in_(["b"]))),
    "around a select": select(inside).where(inside.c.dossier == "a"),
    "in a select inside": select(func.count()).select_from(few),
    "by those of a select inside": select(feed).where(f.dossier.in_(select(few.c.dossier))),
    "by the statement around it": select(feed).where(
        f.dossier == "a", exists().where(e.dossier == f.dossier)
    ),
    "nothing is asked for": select(entries).where(false()),
    "a change": update(entries).where(HERE).values(seq=1),
}
LEFT_OUT: dict[str, tuple[Any, set[str]]] = {
    "no word of it": (select(entries), {"entries"}),
    "by something else": (select(entries).where(e.change == "x"), {"entries"}),
    "all but one": (select(entries).where(e.dossier != "a"), {"entries"}),
    "in one alternative": (select(entries).where(or_(HERE, e.seq == 1)), {"entries"}),
    "joined by something else": (
        select(feed).join(records, f.record == r.record).where(r.dossier == "a"),
        {"feed"},
    ),
    "one of two of a name": (select(entries).join(other, other.c.seq == e.seq).where(HERE), {"entries"}),
    "in a select inside": (select(inside), {"entries"}),
    "in a condition": (
        select(feed).where(f.dossier == "a", exists(select(1).where(e.seq == 1))),
        {"entries"},
    ),
    "a change": (delete(entries), {"entries"}),
}


@pytest.mark.parametrize("how", NAMED)
def test_a_statement_that_says_whose_dossiers_it_means_is_seen_to(how: str) -> None:
    assert unkeyed(NAMED[how]) == set()


@pytest.mark.parametrize("how", LEFT_OUT)
def test_a_statement_that_does_not_is_seen_to_not(how: str) -> None:
    statement, tables = LEFT_OUT[how]
    assert unkeyed(statement) == tables


def test_the_arrays_of_either_database_name_dossiers() -> None:
    for dialect in ("sqlite", "postgresql"):
        assert unkeyed(select(entries).where(bulk.named(dialect, e.dossier, "dossiers"))) == set()


def test_what_is_watched_are_the_statements_of_the_house() -> None:
    """A statement that a test makes itself is nobody's; the tables are those whose key begins with it."""
    assert {"entries", "payloads", "records", "feed", "outcomes", "issues", "photos"} <= keyed_tables()
    engine = create_engine("sqlite://")
    entries.create(engine)
    with Recorder() as recorder, engine.connect() as conn:
        conn.execute(select(entries))
        assert recorder.faults == []
        bulk.insert(conn, entries, [("a", 1, "c", "r", b"", b"")])
        assert recorder.faults == []


def test_who_is_let_off_is_there_and_is_named_in_the_handbook() -> None:
    handbook = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    for name in EXCEPTIONS:
        path, _, function = name.partition(":")
        said = (ROOT / Path(path)).read_text(encoding="utf-8")
        assert re.search(rf"def {function.rpartition('.')[2]}\(", said), name
        assert f"`{name}`" in handbook, f"{name} is not in docs/operations.md"
