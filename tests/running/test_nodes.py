"""Two nodes on one PostgreSQL: one runs the jobs for both, and where it dies the other goes on at once."""

import http.client
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from server.database import LEADER_LOCK
from tests.faults.serving import SERVE
from tests.support.databases import DatabaseFactory
from tests.support.house import UNHURRIED
from tests.support.live import LiveServer
from tests.support.ports import LOOPBACK

TOKEN = "only-for-the-scraper"
PATIENCE_S = 90.0
WORK = "send notifications"  # due every ten seconds, for the leader alone

pytestmark = pytest.mark.journey


@pytest.fixture
def url(factories: Callable[[str], DatabaseFactory]) -> Iterator[str]:
    made = factories("postgresql").fresh()
    yield made
    factories("postgresql").dispose(made)


def node(url: str, folder: Path) -> LiveServer:
    env = {
        "XUNJIAN_VAR": str(folder),
        "XUNJIAN_DATABASE_URL": url,
        "XUNJIAN_METRICS_TOKEN": TOKEN,
        **UNHURRIED,
    }
    folder.mkdir()
    return LiveServer(env, [*SERVE, "--workers", "1"], folder=folder)


def figure(server: LiveServer, name: str) -> float:
    line = http.client.HTTPConnection(LOOPBACK, server.port, timeout=30)
    line.request("GET", "/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
    found = re.search(rf"^{re.escape(name)} (\S+)$", line.getresponse().read().decode(), re.M)
    line.close()
    return float(found[1]) if found else 0.0


def leaders(url: str) -> int:
    """How many sessions hold the leader's lock in this database."""
    engine = create_engine(url)
    with engine.connect() as conn:
        count = conn.execute(
            text(
                "SELECT count(*) FROM pg_locks JOIN pg_database d ON d.oid = database"
                " WHERE locktype = 'advisory' AND granted AND objid = :lock AND datname = current_database()"
            ),
            {"lock": LEADER_LOCK},
        ).scalar_one()
    engine.dispose()
    return int(count)


def eventually(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < deadline, "it did not come true in time"
        time.sleep(0.1)


def test_one_node_leads_and_where_it_is_killed_the_other_takes_its_work(url: str, tmp_path: Path) -> None:
    done = f'xunjian_job_last_success_timestamp_seconds{{job="{WORK}"}}'
    with node(url, tmp_path / "north") as north, node(url, tmp_path / "south") as south:
        both = (north, south)
        eventually(lambda: any(figure(n, done) for n in both))
        leading = [n for n in both if figure(n, "xunjian_leader") == 1]
        assert len(leading) == 1 and leaders(url) == 1
        [other] = [n for n in both if n not in leading]
        assert figure(other, done) == 0  # it has run, and left the work to the leader
        killed_at = time.time()
        leading[0].kill()
        eventually(lambda: figure(other, done) > killed_at)
        assert figure(other, "xunjian_leader") == 1 and leaders(url) == 1
        leading[0].start()
        eventually(lambda: figure(leading[0], 'xunjian_job_last_seconds{job="make exports"}') > 0)
        assert figure(other, "xunjian_leader") == 1 and leaders(url) == 1
