"""Two nodes on one PostgreSQL and one SeaweedFS, as a district runs them; each part can be taken away."""

import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from server.app import create_app
from server.database import db
from tests.support.house import UNHURRIED, Clock, House, config_for, migrate, new_id
from tests.support.live import LiveServer
from tests.support.own_postgres import OwnPostgres, own_postgres
from tests.support.seaweed import CREDENTIALS, own_seaweed

PHONES_A_SITE = 15
SERVE = (sys.executable, "-m", "server.cli", "serve")


@dataclass
class Town:
    """The parts, and a house in our own process that looks into the same database and store."""

    house: House
    nodes: list[LiveServer]
    postgres: OwnPostgres
    store: LiveServer
    env: dict[str, str]
    sites: list[str] = field(default_factory=list)

    def staff(self, phones: int) -> None:
        """Sites, and an inspector a phone on one of them."""
        count = -(-phones // PHONES_A_SITE)
        self.sites = [self.house.project(f"site-{n:02}") for n in range(count)]
        for number in range(phones):
            self.house.person(f"inspector-{number:03}", "inspector", self.site(number))

    def site(self, number: int) -> str:
        return self.sites[number % len(self.sites)]

    def memory(self) -> int:
        """KiB of the processes of the first node, which is not killed."""
        return sum(_resident(pid) for pid in _family(self.nodes[0].pid or 0))


def _family(leader: int) -> list[int]:
    found = []
    for folder in Path("/proc").iterdir():
        try:
            if folder.name.isdigit() and os.getpgid(int(folder.name)) == leader:
                found.append(int(folder.name))
        except ProcessLookupError:
            continue
    return found


def _resident(pid: int) -> int:
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0
    lines = [line for line in status.splitlines() if line.startswith("VmRSS:")]
    return int(lines[0].split()[1]) if lines else 0


@contextmanager
def town(folder: Path, workers: int) -> Iterator[Town]:
    """Open it: migrated, both nodes ready."""
    with ExitStack() as opened:
        postgres = opened.enter_context(own_postgres())
        store = opened.enter_context(own_seaweed(folder))
        postgres.create("district")
        url = postgres.url("district")
        migrate(url)
        settings = {
            "XUNJIAN_MEDIA_URL": f"s3://media?endpoint={store.url}",
            "XUNJIAN_SECRET_KEY_FILE": str(folder / "secret.key"),
            "XUNJIAN_SIGNING_KEY_FILE": str(folder / "signing.key"),
        }
        clock = Clock(datetime.now(UTC))
        app = create_app(config_for(url, folder / "desk", **settings), clock=clock, new_id=new_id)
        env = {"XUNJIAN_DATABASE_URL": url, **UNHURRIED, **CREDENTIALS, **settings}
        nodes = []
        for name in ("north", "south"):
            (folder / name).mkdir()
            own = env | {"XUNJIAN_VAR": str(folder / name)}
            command = [*SERVE, "--workers", str(workers)]
            nodes.append(opened.enter_context(LiveServer(own, command, folder=folder, health="/readyz")))
        yield Town(House(app, clock, folder), nodes, postgres, store, env)
        with app.app_context():
            db.session.remove()
            db.engine.dispose()
