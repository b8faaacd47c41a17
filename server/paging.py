"""Keyset paging: page a million rows without counting them, and miss none that was there all along."""

import base64
from collections.abc import Sequence
from datetime import date
from typing import Any

import orjson
from marshmallow import Schema, fields, validate
from sqlalchemy import Select, tuple_

from .errors import Refusal

PAGE = 50
MOST = 200


class Paged(Schema):
    """What every list in pages is asked beside its own: `page` is the `next` of the page before."""

    page = fields.String(load_default=None, validate=validate.Length(1, 500))
    limit = fields.Integer(load_default=PAGE, validate=validate.Range(1, MOST))


class Keyset:
    """An order given by columns that together are unique; the page token is the last row's values."""

    def __init__(self, name: str, columns: Sequence[Any], *, descending: bool) -> None:
        self.name, self.columns, self.descending = name, tuple(columns), descending

    def apply(self, query: Select[Any], page: str | None, limit: int) -> Select[Any]:
        """The query for the page after token `page`: one row more than `limit` says whether more follow.

        Raises Refusal `malformed` for a token of another list or order.
        """
        if page is not None:
            here, last = tuple_(*self.columns), tuple_(*self._read(page))
            query = query.where(here < last if self.descending else here > last)
        return self.ordered(query, limit)

    def ordered(self, query: Select[Any], limit: int) -> Select[Any]:
        """The first rows of the query in this order: one more than `limit`."""
        order = [c.desc() if self.descending else c.asc() for c in self.columns]
        return query.order_by(*order).limit(limit + 1)

    def split(self, rows: Sequence[Any], limit: int) -> tuple[Sequence[Any], str | None]:
        """The rows of the page, and the token of the next one or None."""
        if len(rows) <= limit:
            return rows, None
        kept = rows[:limit]
        values = [getattr(kept[-1], c.key) for c in self.columns]
        return kept, base64.urlsafe_b64encode(orjson.dumps([self.name, *values])).decode().rstrip("=")

    def _read(self, page: str) -> list[Any]:
        try:
            data = base64.urlsafe_b64decode(page + "=" * (-len(page) % 4))
            name, *values = orjson.loads(data)
            if name != self.name or len(values) != len(self.columns):
                raise ValueError(name)
            return [_typed(c, v) for c, v in zip(self.columns, values, strict=True)]
        except (ValueError, TypeError):
            raise Refusal("malformed", "This page token belongs to another list or order.") from None


def _typed(column: Any, value: Any) -> Any:
    """A token's value as the column has it. Raises ValueError or TypeError: a token may be forged."""
    kind = column.type.python_type
    if kind is date:
        return date.fromisoformat(value)
    if kind is int:
        if type(value) is not int or not -(2**31) <= value < 2**31:
            raise ValueError(value)
        return value
    if type(value) is not str or "\0" in value:
        raise ValueError(value)
    return value
