"""People as administrators see them: who there is, what they hold and held."""

from collections.abc import Sequence
from typing import Any, cast

from sqlalchemy import Connection, Table, select

from server.errors import Refusal
from server.organisations.queries import names_of
from server.paging import Keyset
from server.people.tables import Person, Post
from server.projects.queries import names_of as projects_called

_p, _q = cast(Table, Person.__table__), cast(Table, Post.__table__)
_SHOWN = ("id", "username", "name", "title", "active", "left_at", "once_until", "licence_no", "licence_until")
_POST = ("id", "dossier", "role", "firm", "since", "until", "ended")
BY_NAME = Keyset("people", [_p.c.username], descending=False)


def listed(
    conn: Connection, *, begins: str | None, page: str | None, limit: int
) -> tuple[Sequence[dict[str, Any]], str | None]:
    """People in the order of their user names. One statement. Raises Refusal `malformed`."""
    wanted = select(*(_p.c[n] for n in _SHOWN))
    if begins:
        wanted = wanted.where(_p.c.username.startswith(begins, autoescape=True))
    rows, after = BY_NAME.split(conn.execute(BY_NAME.apply(wanted, page, limit)).all(), limit)
    return [_plain(row) for row in rows], after


def shown(conn: Connection, person: str) -> dict[str, Any]:
    """A person with every post they have had. Raises Refusal `not-found`."""
    found = conn.execute(select(*(_p.c[n] for n in _SHOWN)).where(_p.c.id == person)).first()
    if found is None:
        raise Refusal("not-found")
    posts = conn.execute(
        select(*(_q.c[n] for n in _POST)).where(_q.c.person == person).order_by(_q.c.since, _q.c.id)
    ).all()
    firms = names_of(conn, (post.firm for post in posts))
    projects = projects_called(conn, {post.dossier for post in posts})
    told = [
        dict(post._mapping) | {"project": projects.get(post.dossier), "firm_name": firms.get(post.firm or "")}
        for post in posts
    ]
    return _plain(found) | {"posts": told}


def _plain(row: Any) -> dict[str, Any]:
    found = {n: getattr(row, n) for n in _SHOWN}
    until = found["licence_until"]
    return found | {"licence_until": None if until is None else until.isoformat()}
