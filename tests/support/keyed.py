"""Which statements say whose dossiers they touch, and which go over all of them.

PostgreSQL can be partitioned or distributed (Citus) by dossier without a change of code only as long as
each statement names them: `dossier = …`, `dossier IN …`, or a join by dossier to a table that is named so.
"""

import re
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import FrameType
from typing import Any

from sqlalchemy import Engine, Table, event
from sqlalchemy.sql import operators, visitors
from sqlalchemy.sql.elements import AsBoolean, BinaryExpression, BooleanClauseList, False_, Grouping
from sqlalchemy.sql.selectable import CTE, Alias, FromGrouping, Join, Subquery

from media.tables import metadata as of_media
from server.database import db
from sync.tables import metadata as of_sync

ROOT = Path(__file__).resolve().parents[2]
KEY, NAMED, NOTHING = "dossier", "<named>", "<nothing>"
ROOMS = ("server", "sync", "media")
# What stands between a statement and whoever wanted it.
PASSED = ("server/transaction.py", "sync/bulk.py")
BULK = "sync/bulk.py"  # what it writes are whole rows, which bring their keys
_WAITING = "a job finds what waits, wherever it lies, by an index of its own; then it goes dossier by dossier"
_HEADS = "a job goes over the heads, one small row a dossier"
# Who may ask over all dossiers, and why; docs/operations.md says what it means for Citus.
EXCEPTIONS = {
    "server/inspections/queries/visits.py:this_year": "the law counts a firm's visits over all its sites",
    "server/notices/queries.py:by_token": "a code on paper names a paper and no dossier",
    "server/photos/queries/__init__.py:on_record": "a watermark names a photograph and no dossier",
    "server/webhooks/queries.py:streams": "a subscriber is shown how far each of his dossiers is",
    "server/webhooks/actions.py:resend": "a subscription begins again in all its dossiers",
    "server/webhooks/actions.py:_remove": "a subscription ends in all its dossiers",
    "sync/journal.py:Journal.open": "a journal begins in the newest epoch that there is, once in its life",
    **dict.fromkeys(
        (
            *("server/erasures/queries.py:granted", "server/issues/queries.py:to_escalate"),
            *("server/issues/queries.py:repeated", "server/issues/queries.py:open_codes"),
            *("server/notices/queries.py:unsettled", "server/photos/queries/__init__.py:unsettled"),
            *("server/photos/queries/__init__.py:undeveloped", "server/photos/queries/__init__.py:counts"),
            *("server/photos/archive.py:let_go", "sync/epochs.py:with_deletions", "sync/snapshots.py:due"),
            "sync/journal.py:Journal.forget_invalid",
        ),
        _WAITING,
    ),
    **dict.fromkeys(
        (
            *("sync/followers.py:behind", "sync/history.py:heads", "sync/history.py:all_heads"),
            "sync/checkpoints.py:due",
        ),
        _HEADS,
    ),
}


@cache
def keyed_tables() -> set[str]:
    """The tables whose key begins with the dossier."""
    tables = [t for m in (db.metadata, of_sync, of_media) for t in m.tables.values()]
    return {t.name for t in tables if [c.name for c in t.primary_key.columns][:1] == [KEY]}


def unkeyed(statement: Any) -> set[str]:
    """The keyed tables that a statement touches without saying whose dossiers it means."""
    tables, alike, found = keyed_tables(), _Alike(), {}
    for part in _parts(statement):
        for source in _sources(part):
            if isinstance(source, Subquery | CTE):
                _open(source, alike)
            elif _table(source) in tables:
                found[source.name] = _table(source)
        for condition in _conditions(part):
            alike.learn(condition)
    return {table for name, table in found.items() if not alike.named(name)}


class _Alike:
    """Which sources stand in the same dossiers; those that stand with NAMED are named."""

    def __init__(self) -> None:
        self._of: dict[str, str] = {}

    def root(self, name: str) -> str:
        while (up := self._of.get(name, name)) != name:
            name = up
        return name

    def join(self, one: str, other: str) -> None:
        # Whatever a nothing is asked of is answered by nobody: no dossier is looked into.
        self._of[self.root(one)] = self.root(other)

    def named(self, name: str) -> bool:
        return self.root(NAMED) in (self.root(name), self.root(NOTHING))

    def learn(self, condition: Any) -> None:
        """What a condition says of dossiers; of alternatives only what all of them say."""
        while isinstance(condition, Grouping | AsBoolean):
            condition = condition.element
        if isinstance(condition, False_):
            self.join(NOTHING, NAMED)
        elif isinstance(condition, BooleanClauseList) and condition.operator is operators.and_:
            for clause in condition.clauses:
                self.learn(clause)
        elif isinstance(condition, BooleanClauseList):
            for name in set.intersection(*map(_named_by, condition.clauses)):
                self.join(name, NAMED)
        elif isinstance(condition, BinaryExpression):
            for one, other in _equals(condition):
                self.join(one, other)


def _named_by(condition: Any) -> set[str]:
    alone = _Alike()
    alone.learn(condition)
    return {name for name in alone._of if alone.named(name)}


def _parts(statement: Any) -> Iterator[Any]:
    """The statement and every select inside it."""
    seen: set[int] = set()
    for element in visitors.iterate(statement):
        if element.__visit_name__ in ("select", "update", "delete") and id(element) not in seen:
            seen.add(id(element))
            yield element


def _sources(part: Any) -> Iterator[Any]:
    """What a part reads or alters."""
    waiting = list(part.get_final_froms()) if part.__visit_name__ == "select" else [part.table]
    while waiting:
        source = waiting.pop()
        if isinstance(source, Join):
            waiting += [source.left, source.right]
        elif isinstance(source, FromGrouping):
            waiting.append(source.element)
        else:
            yield source


def _table(source: Any) -> str | None:
    """The table that a source is, under whatever name."""
    while isinstance(source, Alias):
        source = source.element
    return source.name if isinstance(source, Table) else None


def _open(source: Any, alike: _Alike) -> None:
    """Whoever names the dossiers of a select inside names those of the tables in it, and the other way."""
    for column in source.c:
        if column.name == KEY:
            for inner in column.proxy_set:
                if _is_key(inner):
                    alike.join(source.name, inner.table.name)


def _conditions(part: Any) -> Iterator[Any]:
    if part.whereclause is not None:
        yield part.whereclause
    if part.__visit_name__ == "select":
        waiting = list(part.get_final_froms())
        while waiting:
            source = waiting.pop()
            if isinstance(source, Join):
                waiting += [source.left, source.right]
                yield source.onclause


def _equals(said: BinaryExpression[Any]) -> Iterator[tuple[str, str]]:
    """Pairs of sources in the same dossiers."""
    if said.operator not in (operators.eq, operators.in_op):
        return
    mine, theirs = _keys(said.left), _keys(said.right)
    if not mine:
        mine, theirs = theirs, mine
    for one in mine:
        yield from ((one, other) for other in theirs or [NAMED])


def _keys(side: Any) -> list[str]:
    return [c.table.name for c in visitors.iterate(side) if _is_key(c)]


def _is_key(column: Any) -> bool:
    return getattr(column, "name", None) == KEY and getattr(getattr(column, "table", None), "name", None)


class Recorder:
    """Notes the statements of this process that name no dossier, with who asked, in EXCEPTIONS or not."""

    def __init__(self) -> None:
        self._known: set[str] = set()
        self.faults: list[str] = []
        self.excused: set[str] = set()

    def __enter__(self) -> "Recorder":
        event.listen(Engine, "before_cursor_execute", self._note)
        return self

    def __exit__(self, *_: object) -> None:
        event.remove(Engine, "before_cursor_execute", self._note)

    def _note(self, _c: Any, _k: Any, sql: str, _p: Any, context: Any, _m: Any) -> None:
        if sql in self._known:
            return
        self._known.add(sql)
        compiled, passed = getattr(context, "compiled", None), list(_passed())
        asker = next((name for name in passed if not name.startswith(PASSED)), None)
        if asker is None:
            return  # a migration, or a test itself
        if compiled is None and passed[0].startswith(BULK):
            return
        tables = (
            _written(sql) if compiled is None or compiled.statement.is_text else unkeyed(compiled.statement)
        )
        if tables and asker in EXCEPTIONS:
            self.excused.add(asker)
        elif tables:
            self.faults.append(f"{asker} names no dossier of {', '.join(sorted(tables))}: {sql[:400]}")


def _written(sql: str) -> set[str]:
    """The keyed tables that a statement in SQL names."""
    return keyed_tables() & set(re.findall(r"[a-z_]+", sql))


def _passed() -> Iterator[str]:
    """Through whose hands the statement went, the last one first, as `file:function`."""
    frame: FrameType | None = sys._getframe(2)
    while frame is not None:
        path = Path(frame.f_code.co_filename)
        if path.is_relative_to(ROOT):
            name = path.relative_to(ROOT).as_posix()
            if name.split("/")[0] in ROOMS:
                yield f"{name}:{frame.f_code.co_qualname.partition('.<')[0]}"
        frame = frame.f_back
