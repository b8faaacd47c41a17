"""One row by its id, where ids are unique inside one dossier only."""

from collections.abc import Sequence
from typing import Any, TypeVar, cast

from sqlalchemy import Select

from .errors import Refusal

Q = TypeVar("Q", bound=Select[Any])
R = TypeVar("R")


def under(query: Q, columns: Any, record: str, dossier: str | None) -> Q:
    """The query for what bears this id, in the dossier that is named; ids are unique inside one only."""
    query = query.where(columns.id == record).limit(2)
    return query if dossier is None else query.where(columns.dossier == dossier)


def only(rows: Sequence[R]) -> R:
    """The one row `under` an id that the actor may see.

    Raises Refusal `not-found`, `ambiguous` where two dossiers have this id and none was named.
    """
    if not rows:
        raise Refusal("not-found")
    if len(rows) > 1:
        raise Refusal("ambiguous", dossiers=sorted(cast(Any, row).dossier for row in rows))
    return rows[0]
