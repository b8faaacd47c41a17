"""One statement for many rows, on either database: the statement count of an exchange stays constant.

SQLite takes `executemany` (rows stay in one process); PostgreSQL takes one array per column and
`unnest`, which is 6–10 times faster than the driver's pipelined `executemany`. What goes into several
tables is one statement there too: a round trip costs both sides more than an insert does.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
from typing import Any

import orjson
from sqlalchemy import (
    BindParameter,
    Column,
    Connection,
    Integer,
    Join,
    LargeBinary,
    Select,
    String,
    Subquery,
    Table,
    any_,
    bindparam,
    cast,
    func,
    select,
    type_coerce,
)
from sqlalchemy.dialects import postgresql
from sqlalchemy.engine import Dialect
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql import ColumnElement
from sqlalchemy.sql.elements import Grouping
from sqlalchemy.types import ARRAY, TypeEngine

Row = Sequence[Any]
WIDE = 10  # digits


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows of a table, values in the order of its columns; doubles raise IntegrityError.

    With `replacing`, they stand instead of those with the same primary key; keys must be distinct.
    """

    table: Table
    rows: Sequence[Row]
    replacing: bool = False


@dataclass(frozen=True, slots=True)
class Moved:
    """New values of the row that has this primary key."""

    table: Table
    key: str
    values: Mapping[str, Any]


def insert(conn: Connection, table: Table, rows: Sequence[Row]) -> None:
    """Insert `rows` (values in the order of the table's columns). Doubles raise IntegrityError."""
    write(conn, Rows(table, rows))


def upsert(conn: Connection, table: Table, rows: Sequence[Row]) -> None:
    """Insert `rows`, or replace those with the same primary key. Keys in `rows` must be distinct."""
    write(conn, Rows(table, rows, replacing=True))


def write(conn: Connection, *parts: Rows | Moved) -> None:
    """Write all of it: on PostgreSQL in one statement, so that no two parts may be of one table; on
    SQLite one a part. Parts without rows cost nothing.
    """
    filled = [part for part in parts if isinstance(part, Moved) or part.rows]
    if conn.dialect.name != "postgresql":
        for part in filled:
            _write_sqlite(conn, part)
    elif filled:
        *others, last = [_postgres_text(part) for part in filled]
        named = ", ".join(f"part{n} AS ({text})" for n, text in enumerate(others))
        values = chain.from_iterable(_postgres_values(part, conn.dialect) for part in filled)
        conn.exec_driver_sql(f"WITH {named} {last}" if named else last, tuple(values))


def _write_sqlite(conn: Connection, part: Rows | Moved) -> None:
    if isinstance(part, Moved):
        statement = _update(part.table, tuple(part.values), "?")
        conn.exec_driver_sql(statement, (*part.values.values(), part.key))
        return
    places = f"VALUES ({', '.join('?' * len(part.table.columns))})"
    statement = _insert(part.table, places, part.replacing)
    conn.exec_driver_sql(statement, list(zip(*_bound(part, conn.dialect), strict=True)))


def _postgres_text(part: Rows | Moved) -> str:
    if isinstance(part, Moved):
        return _update(part.table, tuple(part.values), "%s")
    return _insert(part.table, _postgres_places(part.table, len(part.rows) == 1), part.replacing)


@lru_cache(maxsize=256)
def _postgres_places(table: Table, single: bool) -> str:
    if single:  # writing a list takes the driver ten times as long as writing its only element
        return f"VALUES ({', '.join(['%s'] * len(table.columns))})"
    # %b: the driver writes a text array with two regular expressions a value (20 times the time).
    arrays = ", ".join(f"%b::{_postgres_type(c)}[]" for c in table.columns)
    return f"SELECT * FROM unnest({arrays})"  # noqa: S608  # nosec B608  # names come from our tables


def _postgres_values(part: Rows | Moved, dialect: Dialect) -> Iterable[Any]:
    if isinstance(part, Moved):
        named = part.table.columns
        return [*(_plain(named[name], value) for name, value in part.values.items()), part.key]
    columns = _bound(part, dialect)
    if len(part.rows) > 1:
        return columns
    return [_plain(c, values[0]) for c, values in zip(part.table.columns, columns, strict=True)]


def _plain(column: Column[Any], value: Any) -> Any:
    """A number as text, which PostgreSQL reads as the column's: the driver would send it as the smallest
    type that holds it, and every such type makes another prepared statement.
    """
    return str(value) if isinstance(column.type, Integer) and value is not None else value


def _bound(part: Rows, dialect: Dialect) -> list[list[Any]]:
    """The columns of these rows, as the driver takes them."""
    return [
        list(c) if bind is None else [None if v is None else bind(v) for v in c]
        for c, bind in zip(zip(*part.rows, strict=True), _binders(part.table, dialect), strict=True)
    ]


@lru_cache(maxsize=256)
def _insert(table: Table, places: str, replacing: bool) -> str:
    names = [f'"{c.name}"' for c in table.columns]
    head = f'INSERT INTO "{table.name}" ({", ".join(names)}) {places}'
    if not replacing:
        return head
    keys = ", ".join(f'"{c.name}"' for c in table.primary_key.columns)
    rest = [f'"{c.name}"' for c in table.columns if not c.primary_key]
    changes = ", ".join(f"{n} = excluded.{n}" for n in rest)
    then = f"UPDATE SET {changes}" if rest else "NOTHING"  # nosec B608  # names come from our tables
    return f"{head} ON CONFLICT ({keys}) DO {then}"


@lru_cache(maxsize=256)
def _update(table: Table, names: tuple[str, ...], place: str) -> str:
    [key] = table.primary_key.columns
    values = ", ".join(f'"{name}" = {place}' for name in names)
    return f'UPDATE "{table.name}" SET {values} WHERE "{key.name}" = {place}'  # noqa: S608  # nosec B608


def _postgres_type(column: Column[Any]) -> str:
    if isinstance(column.type, String):
        return "TEXT"  # a cast to VARCHAR(n) would cut silently what the assignment refuses
    name: str = column.type.compile(postgresql.dialect())  # type: ignore[no-untyped-call]
    return name


_BINDERS: dict[tuple[Table, str], list[Any]] = {}


def _binders(table: Table, dialect: Dialect) -> list[Any]:
    """What each column's type does to a value on its way to the driver; None where nothing."""
    key = (table, dialect.name)
    if key not in _BINDERS:
        # Both drivers take bytes and booleans as they are; SQLAlchemy would wrap and check each.
        plain = (bytes, bool)
        _BINDERS[key] = [
            None if _python_type(c.type) in plain else _binder(c.type, dialect) for c in table.columns
        ]
    return _BINDERS[key]


def _python_type(kind: TypeEngine[Any]) -> type | None:
    try:
        return kind.python_type
    except NotImplementedError:
        return None


def _binder(kind: TypeEngine[Any], dialect: Dialect) -> Any:
    return kind.dialect_impl(dialect).bind_processor(dialect)


def among(conn: Connection, column: ColumnElement[Any], values: Iterable[str | int]) -> ColumnElement[bool]:
    """`column IN values` with one parameter, so that the statement is compiled once."""
    return _among(conn.dialect.name, column, bindparam(None, listed(conn, values), unique=True))


def pairs(
    conn: Connection,
    columns: tuple[ColumnElement[Any], ColumnElement[Any]],
    values: Sequence[tuple[str | int, str | int]],
) -> Subquery:
    """A table of these pairs, each of them once, to be joined with a table that has both `columns`; its own
    are `one` and `other`. As many parameters however many there are.

    Not `(one, other) IN …`: SQLite looks for every `one` with every `other`.
    """
    return given(conn, {"one": columns[0].type, "other": columns[1].type}, values).subquery()


def given(
    conn: Connection, columns: Mapping[str, TypeEngine[Any]], values: Sequence[Sequence[str | int]]
) -> Select[Any]:
    """Rows that the database has not got, with these columns; as many parameters however many there are."""
    if conn.dialect.name == "postgresql":
        arrays = [
            type_coerce(bindparam(None, [v[i] for v in values], unique=True), ARRAY(kind))
            for i, kind in enumerate(columns.values())
        ]
        table = func.unnest(*arrays).table_valued(*columns).render_derived()
        return select(*(table.c[name] for name in columns))
    each = func.json_each(orjson.dumps(values).decode()).table_valued("value")
    return select(
        *(
            func.json_extract(each.c.value, f"$[{i}]", type_=kind).label(name)
            for i, (name, kind) in enumerate(columns.items())
        )
    )


def at(conn: Connection, values: Sequence[int], place: ColumnElement[int]) -> ColumnElement[int]:
    """The value, of WIDE digits at most, at a place, from 0 on, of a list that the database has not got.

    Cheaper than a join with it, of which SQLite walks through one side.
    """
    if conn.dialect.name == "postgresql":
        here = type_coerce(bindparam(None, list(values), unique=True), ARRAY(Integer))
        return Grouping(here)[place + 1]  # a cast has no places of its own
    # Bytes and not text, where SQLite would count its way to the place.
    digits = b"".join(b"%0*d" % (WIDE, value) for value in values)
    return cast(
        func.substr(bindparam(None, digits, LargeBinary, unique=True), place * WIDE + 1, WIDE), Integer
    )


class Led(Join):
    """A join that begins with its left side. SQLite would rather walk through all that is on the right, in
    the order that is wanted, than look some thousand keys up; its CROSS JOIN is never turned round.
    """

    inherit_cache = True


@compiles(Led, "sqlite")
def _led(join: Led, compiler: Any, **kw: Any) -> str:
    left, right = (compiler.process(side, **kw | {"asfrom": True}) for side in (join.left, join.right))
    on = compiler.process(join.onclause, **kw | {"asfrom": False})
    return f"{left} CROSS JOIN {right} ON {on}"


def named(dialect: str, column: ColumnElement[Any], name: str) -> ColumnElement[bool]:
    """As `among`, in a statement that is built once; it is executed with `name: listed(…)`.

    Building a statement anew costs four times what executing it does.
    """
    return _among(dialect, column, bindparam(name))


def listed(conn: Connection, values: Iterable[str | int]) -> Any:
    """`values` as a statement with `named` wants them."""
    return list(values) if conn.dialect.name == "postgresql" else orjson.dumps(list(values)).decode()


def _among(dialect: str, column: ColumnElement[Any], values: BindParameter[Any]) -> ColumnElement[bool]:
    if dialect == "postgresql":
        return column == any_(type_coerce(values, ARRAY(column.type)))
    each = func.json_each(values).table_valued("value")
    return column.in_(select(each.c.value))
