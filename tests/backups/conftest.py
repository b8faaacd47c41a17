"""A second, empty database beside the house's, to put a backup back into."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from click.testing import Result

from server.app import create_app
from server.cli import main
from server.database import db
from tests.support.databases import DatabaseFactory
from tests.support.house import Clock, House, config_for, new_id

PHRASE = "a phrase of the office"


@pytest.fixture
def fresh(database: str, factories: Callable[[str], DatabaseFactory]) -> Iterator[Callable[[], str]]:
    """More empty databases of the same kind."""
    made: list[str] = []

    def url() -> str:
        made.append(factories(database).fresh())
        return made[-1]

    yield url
    for one in made:
        factories(database).dispose(one)


@dataclass
class Office:
    """Commands as an operator runs them, and houses on other databases."""

    house: House
    to: Path

    def run(self, *words: str, house: House | None = None) -> Result:
        app = (house or self.house).app
        with app.app_context():
            db.session.remove()
        return app.test_cli_runner().invoke(main.commands[words[0]], list(words[1:]))

    def backup(self, *more: str) -> Path:
        self.house.clock.passes(seconds=1)
        done = self.run("backup", str(self.to), *more)
        assert done.exit_code == 0, done.output
        return max(self.to.glob("*.backup.zip"))

    def restored(self, url: str, *, why: str = "机房进水，磁盘损坏", folder: Path | None = None) -> House:
        """The newest backup on another database; the store stays the same one, unless a folder is named."""
        other = self.elsewhere(url, folder)
        done = self.run("restore", str(self.to), "--explain", why, "--by", "信息中心 周某", house=other)
        assert done.exit_code == 0, done.output
        return other

    def elsewhere(self, url: str, folder: Path | None = None) -> House:
        folder = folder or self.house.folder
        app = create_app(config_for(url, folder, **SETTINGS), clock=self.house.clock, new_id=new_id)
        return House(app, self.house.clock, folder, dict(self.house.people))


SETTINGS: dict[str, str] = {}


@pytest.fixture
def operator(site: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Office:
    """The one who keeps the backups; the passphrase lies apart."""
    return Office(site, tmp_path / "backups")


@pytest.fixture
def clock() -> Clock:
    """Stands still until it is told."""
    return Clock()
