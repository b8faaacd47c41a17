"""What every test may ask for: a house on either database, an engine's bare connection, a clock."""

from collections.abc import Callable, Iterator
from datetime import datetime
from functools import partial
from pathlib import Path

import pytest
from hypothesis import settings

from server.app import create_app
from server.database import db
from tests.support.databases import TEMPLATE, DatabaseFactory, postgres_server, run_folder
from tests.support.house import SITE, Clock, Furnishing, House, config_for, migrate, new_id
from tests.support.juicefs import juicefs
from tests.support.memory import give_back, in_memory, make_room
from tests.support.routing import remember_addresses
from tests.support.s3_server import credentials
from tests.support.seaweed import seaweed

__all__ = ["credentials", "juicefs", "postgres_server", "run_folder", "seaweed"]
DATABASES = ("sqlite", "postgresql")
# How long an example takes is the machine's business.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")
remember_addresses()


def pytest_configure(config: pytest.Config) -> None:
    """The run's SQLite files lie in memory where there is room; its workers are told where."""
    if not hasattr(config, "workerinput"):
        make_room()


def pytest_unconfigure(config: pytest.Config) -> None:
    """What lay in memory goes with the run."""
    if not hasattr(config, "workerinput"):
        give_back()


@pytest.fixture(scope="session")
def factories(run_folder: Path, request: pytest.FixtureRequest) -> Callable[..., DatabaseFactory]:
    """Database factories by kind; PostgreSQL starts only for those who ask for it. `furnished`: with what
    stands in them from the beginning, entered once a run and beginning: posts begin when they are given.
    """
    made: dict[tuple[str, str], DatabaseFactory] = {}

    def factory(kind: str, furnished: Furnishing | None = None, at: datetime = Clock.now) -> DatabaseFactory:
        name = f"{furnished.name}-{at:%Y%m%d%H%M%S}" if furnished else "empty"
        if (kind, name) not in made:
            server = request.getfixturevalue("postgres_server") if kind == "postgresql" else None
            made[kind, name] = DatabaseFactory(
                kind,  # type: ignore[arg-type]
                partial(furnished.enter, at=at) if furnished else migrate,
                folder=in_memory(run_folder) / name,
                server=server,
                name=f"{TEMPLATE}_{name}" if furnished else TEMPLATE,
            )
        return made[kind, name]

    return factory


@pytest.fixture(params=DATABASES)
def database(request: pytest.FixtureRequest) -> str:
    """Which database: every test that touches data runs on both."""
    return str(request.param)


@pytest.fixture
def furnishing(request: pytest.FixtureRequest) -> Furnishing | None:
    """What stands in the test's database from the beginning; a room with more in it says so itself."""
    return SITE if "site" in request.fixturenames else None


@pytest.fixture
def database_url(
    database: str, factories: Callable[..., DatabaseFactory], furnishing: Furnishing | None, clock: Clock
) -> Iterator[str]:
    """A migrated database of the test's own, furnished."""
    factory = factories(database, furnishing, clock.now)
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
