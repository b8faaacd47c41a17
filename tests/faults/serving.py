"""A district office as `xunjian serve` starts it: its people, one project, and lines to it."""

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from server.app import create_app
from server.database import db
from sync.line import HttpLine
from tests.support.house import UNHURRIED, Clock, House, config_for, new_id
from tests.support.live import REPOSITORY, LiveServer

WJ = "project:wj-01"
SERVE = (sys.executable, "-m", "server.cli", "serve")
PEOPLE = (("li", "inspector"), ("wang", "inspector"), ("zhou", "inspector"), ("zhang", "supervisor"))


@dataclass
class Office:
    """A house, and the same house behind a port; the test looks into its database from beside."""

    house: House
    server: LiveServer
    env: dict[str, str]

    def token(self, username: str, device: str) -> str:
        """A session begun without the price of a password."""
        return self.house.desk(username, device=device).token

    def line(self, username: str, device: str) -> HttpLine:
        """A signed-in device."""
        line = HttpLine(self.server.url, timeout_s=60)
        line._client.headers["Authorization"] = f"Bearer {self.token(username, device)}"
        return line

    def xunjian(self, *arguments: str) -> str:
        """What the command line prints in this office; raises CalledProcessError where it fails."""
        done = subprocess.run(
            [*SERVE[:-1], *arguments],
            cwd=REPOSITORY,
            env=os.environ | self.env,
            capture_output=True,
            text=True,
            timeout=120,
            check=True,
        )
        return done.stdout


@contextmanager
def serving(
    url: str, folder: Path, *options: str, inside: Sequence[str] = (), **settings: str
) -> Iterator[Office]:
    """Open the office on a migrated database; `options` are those of `xunjian serve`, `inside` a
    command that it is started by, `settings` further variables of the environment.
    """
    env = {"XUNJIAN_VAR": str(folder), "XUNJIAN_DATABASE_URL": url, "COLUMNS": "140", **UNHURRIED, **settings}
    clock = Clock(datetime.now(UTC))  # the server's own, so that a session begun here is valid there
    app = create_app(config_for(url, folder, **settings), clock=clock, new_id=new_id)
    house = House(app, clock, folder)
    house.project("wj-01")
    for username, role in PEOPLE:
        house.person(username, role, WJ)
    try:
        with LiveServer(env, [*inside, *SERVE, *options], folder=folder) as server:
            yield Office(house, server, env)
    finally:
        with app.app_context():
            db.session.remove()
            db.engine.dispose()
