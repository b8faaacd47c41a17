"""What every test may ask for: a house on either database, an engine's bare connection, a clock."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from server.app import create_app
from server.database import db
from tests.support.databases import DatabaseFactory, postgres_server, run_folder
from tests.support.house import Clock, House, config_for, migrate, new_id
from tests.support.juicefs import juicefs
from tests.support.s3_server import credentials
from tests.support.seaweed import seaweed

__all__ = ["credentials", "juicefs", "postgres_server", "run_folder", "seaweed"]
DATABASES = ("sqlite", "postgresql")
# How long an example takes is the machine's business.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


@pytest.fixture(scope="session")
def factories(run_folder: Path, request: pytest.FixtureRequest) -> Callable[[str], DatabaseFactory]:
    """Database factories by kind; PostgreSQL starts only for those who ask for it."""
    made: dict[str, DatabaseFactory] = {}

    def factory(kind: str) -> DatabaseFactory:
        if kind not in made:
            server = request.getfixturevalue("postgres_server") if kind == "postgresql" else None
            folder = run_folder / "databases"
            made[kind] = DatabaseFactory(kind, migrate, folder=folder, server=server)  # type: ignore[arg-type]
        return made[kind]

    return factory


@pytest.fixture(params=DATABASES)
def database(request: pytest.FixtureRequest) -> str:
    """Which database: every test that touches data runs on both."""
    return str(request.param)


@pytest.fixture
def database_url(database: str, factories: Callable[[str], DatabaseFactory]) -> Iterator[str]:
    """A migrated database of the test's own."""
    factory = factories(database)
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
    dossier = house.project("wj-01")
    house.project("wj-02")
    house.person("li", "inspector", dossier)
    house.person("wang", "inspector", dossier)
    house.person("zhang", "supervisor", dossier)
    house.person("zhao", "contractor", dossier, firm="91110105MA0XD00162")
    house.person("stranger", "inspector", "project:wj-02")
    return house
