"""What a test's house begins with is what its code would make at that moment, and not what another made."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import create_engine, func, select

from server.app import create_app
from server.database import db
from server.people.tables import Person, Post
from sync.arrival import rfc3339
from tests.support.databases import DatabaseFactory
from tests.support.house import SITE, Clock, House, config_for, new_id

POSTS = select(Person.username, Post.dossier, Post.role, Post.firm, Post.since, Post.until).join(
    Person, Person.id == Post.person
)
Counts = dict[str, int]


def held(url: str) -> tuple[Counts, set[tuple[str | None, ...]]]:
    """How many rows each table has, and who holds which post since when."""
    with create_engine(url).connect() as conn:
        counts = {
            name: conn.execute(select(func.count()).select_from(table)).scalar_one()
            for name, table in db.metadata.tables.items()
        }
        return counts, {tuple(row) for row in conn.execute(POSTS)}


@pytest.mark.parametrize("later", [timedelta(0), timedelta(days=40)])
def test_a_furnished_house_is_the_one_that_would_be_furnished_now(
    factories: Callable[..., DatabaseFactory], tmp_path: Path, later: timedelta
) -> None:
    """Its copy was made once for a run, at the instant at which the test's clock stands."""
    clock = Clock(Clock.now + later)
    bare, ready = factories("sqlite"), factories("sqlite", SITE, clock.now)
    made, copied = bare.fresh(), ready.fresh()
    app = create_app(config_for(made, tmp_path), clock=clock, new_id=new_id)
    House(app, clock, tmp_path).settle()
    with app.app_context():
        db.engine.dispose()
    assert held(copied) == held(made)
    assert {since for *_, since, _until in held(copied)[1]} == {rfc3339(clock())}
    bare.dispose(made)
    ready.dispose(copied)
