"""What every test may ask for: a house on either database, an engine's bare connection, a clock."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from server.app import create_app
from server.database import db
from tests.support.databases import TEMPLATE, DatabaseFactory, postgres_server, run_folder
from tests.support.house import Clock, House, config_for, migrate, new_id, settle
from tests.support.juicefs import juicefs
from tests.support.routing import remember_addresses
from tests.support.s3_server import credentials
from tests.support.seaweed import seaweed

__all__ = ["credentials", "juicefs", "postgres_server", "run_folder", "seaweed"]
DATABASES = ("sqlite", "postgresql")
# How long an example takes is the machine's business.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")
remember_addresses()


@pytest.fixture(scope="session")
def factories(run_folder: Path, request: pytest.FixtureRequest) -> Callable[..., DatabaseFactory]:
    """Database factories by kind; PostgreSQL starts only for those who ask for it. `settled`: with the site
    and its people in them.
    """
    made: dict[tuple[str, bool], DatabaseFactory] = {}

    def factory(kind: str, *, settled: bool = False) -> DatabaseFactory:
        if (kind, settled) not in made:
            server = request.getfixturevalue("postgres_server") if kind == "postgresql" else None
            made[kind, settled] = DatabaseFactory(
                kind,  # type: ignore[arg-type]
                settle if settled else migrate,
                folder=run_folder / ("sites" if settled else "databases"),
                server=server,
                name=f"{TEMPLATE}_site" if settled else TEMPLATE,
            )
        return made[kind, settled]

    return factory


@pytest.fixture(params=DATABASES)
def database(request: pytest.FixtureRequest) -> str:
    """Which database: every test that touches data runs on both."""
    return str(request.param)


@pytest.fixture
def database_url(
    database: str, factories: Callable[..., DatabaseFactory], request: pytest.FixtureRequest
) -> Iterator[str]:
    """A migrated database of the test's own, with the site in it for who asks for that."""
    factory = factories(database, settled="site" in request.fixturenames)
    url = factory.fresh()
    yield url
    factory.dispose(url)


@pytest.fixture
def clock() -> Clock:
    """A clock that stands still."""
    return Clock()


@pytest.fixture
def house(database_url: str, clock: Clock, tmp_path: Path) -> Iterator[House]:
    """The application on a database of its own."""
    app = create_app(config_for(database_url, tmp_path), clock=clock, new_id=new_id)
    yield House(app, clock, tmp_path)
    with app.app_context():
        db.session.remove()
        db.engine.dispose()


@pytest.fixture
def site(house: House) -> House:
    """A house with one project, two inspectors, a supervisor, a contractor and a stranger."""
    house.know_people()
    if not house.people:  # a house on a database of another kind of its own
        house.settle()
    return house
