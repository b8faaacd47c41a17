"""A node is restarted under its clients, and none of them notices: every request is answered once.

One office for all, in the order of the file: the last two end it.
"""

import http.client
import os
import re
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import orjson
import pytest

from tests.faults.serving import WJ, Office, serving
from tests.server.test_watchbook import lines
from tests.support.databases import DatabaseFactory
from tests.support.house import issue
from tests.support.ports import LOOPBACK

CURIOUS = 5
CLIENTS, ENOUGH = 6, 8  # answers that each has before and after
PATIENCE_S = 60.0
TOKEN = "only-for-the-scraper"

pytestmark = pytest.mark.journey


@pytest.fixture(scope="module")
def office(
    factories: Callable[[str], DatabaseFactory], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Office]:
    """As an operator starts it; what a restart does to requests does not depend on the database."""
    url = factories("sqlite").fresh()
    with serving(
        url, tmp_path_factory.mktemp("office"), "--workers", "2", XUNJIAN_METRICS_TOKEN=TOKEN
    ) as served:
        yield served
    factories("sqlite").dispose(url)


class Client(threading.Thread):
    """One phone behind a proxy that keeps connections: it pushes, one issue after the other.

    `told` are the records whose entry was acknowledged, `lost` the requests that were sent and not
    answered, `away` the times that nobody listened, when a proxy goes to another node.
    """

    def __init__(self, office: Office, number: int) -> None:
        super().__init__(daemon=True)
        self.port, self.token = office.server.port, office.token("li", f"phone-{number}")
        self.told: list[str] = []
        self.lost: Counter[str] = Counter()
        self.away = 0
        self.ends = threading.Event()

    def run(self) -> None:
        line = http.client.HTTPConnection(LOOPBACK, self.port, timeout=PATIENCE_S)
        while not self.ends.is_set() and not self.away:
            change = issue()
            try:
                if line.sock is None:
                    line.connect()
            except ConnectionRefusedError:
                self.away += 1
                continue
            try:
                status, body = self._push(line, change)
            except (OSError, http.client.HTTPException) as torn:
                self.lost[type(torn).__name__] += 1
                line.close()
                continue
            if status == 200 and orjson.loads(body)["push"][0]["outcomes"][0]["status"] == "applied":
                self.told.append(change["record"])
            else:
                self.lost[f"{status} {body[:80]!r}"] += 1
        line.close()

    def _push(self, line: http.client.HTTPConnection, change: dict[str, object]) -> tuple[int, bytes]:
        group = {"dossier": WJ, "epoch": 1, "changes": [change]}
        body = orjson.dumps({"protocol": 1, "schema": 1, "no": 1, "push": [group]})
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {self.token}"}
        line.request("POST", "/api/v1/exchange", body, headers)
        answer = line.getresponse()
        return answer.status, answer.read()


def eventually(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < deadline, "it did not come true in time"
        time.sleep(0.02)


def refused(office: Office) -> int:
    """How often somebody was refused who asks for what is not theirs."""
    headers = {"Authorization": f"Bearer {office.token('li', 'phone-curious')}"}
    for _ in range(CURIOUS):
        line = http.client.HTTPConnection(LOOPBACK, office.server.port, timeout=PATIENCE_S)
        line.request("GET", "/api/v1/people", headers=headers)
        assert line.getresponse().status == 403
        line.close()
    return CURIOUS


def workers(office: Office) -> set[int]:
    """The processes of gunicorn's workers."""
    pid = office.server.pid
    return {int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()}


def figures(office: Office) -> str:
    line = http.client.HTTPConnection(LOOPBACK, office.server.port, timeout=PATIENCE_S)
    line.request("GET", "/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
    said = line.getresponse().read().decode()
    line.close()
    return said


def pushed(said: str) -> int:
    """How many exchanges the figures know of, over all processes there were."""
    labels = r'\{.*route="/api/v1/exchange",status="200"\}'
    found = re.search(rf"^xunjian_requests_total{labels} (\S+)$", said, re.M)
    return int(float(found[1])) if found else 0


def entered(office: Office) -> set[str]:
    items = office.house.desk("zhang").get("/api/v1/issues?limit=200")
    found = {item["id"] for item in items["items"]}
    while items.get("next"):
        items = office.house.desk("zhang").get(f"/api/v1/issues?limit=200&page={items['next']}")
        found |= {item["id"] for item in items["items"]}
    return found


def test_every_worker_learns_of_the_read_only_mode(office: Office) -> None:
    client = Client(office, 1)
    line = http.client.HTTPConnection(LOOPBACK, office.server.port, timeout=PATIENCE_S)
    assert client._push(line, issue())[0] == 200
    office.xunjian("readonly", "on", "--why", "test")
    eventually(lambda: client._push(line, issue())[0] == 503)
    time.sleep(1.2)  # by now the other worker has looked too: it looks once a second
    for _ in range(6):
        fresh = http.client.HTTPConnection(LOOPBACK, office.server.port, timeout=PATIENCE_S)
        assert client._push(fresh, issue())[0] == 503
        fresh.close()
    office.xunjian("readonly", "off")
    eventually(lambda: client._push(line, issue())[0] == 200)
    line.close()


def test_the_figures_are_of_all_workers_whichever_is_asked(office: Office) -> None:
    before = pushed(figures(office))
    clients = [Client(office, number) for number in range(2)]
    for client in clients:
        client.start()
    eventually(lambda: all(len(c.told) >= ENOUGH for c in clients))
    for client in clients:
        client.ends.set()
        client.join(PATIENCE_S)
    answered = sum(len(c.told) for c in clients)
    assert [pushed(figures(office)) - before for _ in range(6)] == [answered] * 6
    said = figures(office)
    assert 'xunjian_waiting_requests{room="api"}' in said and "xunjian_connections" in said
    environment = Path(f"/proc/{min(workers(office))}/environ").read_bytes()
    assert b"PROMETHEUS_MULTIPROC_DIR" not in environment  # set after the start, not by whoever started it


def test_a_reload_and_an_end_drop_no_request_and_the_figures_know_of_each(office: Office) -> None:
    clients = [Client(office, number) for number in range(CLIENTS)]
    for client in clients:
        client.start()
    eventually(lambda: all(len(c.told) >= ENOUGH for c in clients))
    first, curious = workers(office), refused(office)
    os.kill(office.server.pid or 0, signal.SIGHUP)  # `systemctl reload`: new code, new settings
    eventually(lambda: len(workers(office)) == 2 and not workers(office) & first)
    before = [len(c.told) for c in clients]
    eventually(lambda: all(len(c.told) >= n + ENOUGH for c, n in zip(clients, before, strict=True)))
    assert [c.away for c in clients] == [0] * CLIENTS
    answered = sum(len(c.told) for c in clients)
    assert pushed(figures(office)) >= answered
    os.kill(office.server.pid or 0, signal.SIGTERM)  # `systemctl stop`: drained, then gone
    for client in clients:
        client.join(PATIENCE_S)
    assert sum((c.lost for c in clients), Counter()) == Counter()
    assert [c.away for c in clients] == [1] * CLIENTS
    told = {record for client in clients for record in client.told}
    assert told <= entered(office) and len(told) == sum(len(c.told) for c in clients)
    noted = [line["told"].get("more", 1) for line in lines(office.house, "refused")]
    assert sum(noted) == curious, "who goes tells what was counted and not told yet"


def test_the_figures_of_a_node_that_was_killed_are_cleared_by_the_next(office: Office) -> None:
    office.server.restart()
    old = {folder for folder in Path("/dev/shm").glob("xunjian-metrics-*") if _of(folder, office)}
    assert len(old) == 1
    office.server.kill()
    office.server.start()
    assert pushed(figures(office)) == 0
    assert not any(folder.exists() for folder in old)


def _of(folder: Path, office: Office) -> bool:
    """Whether this folder holds figures of one of the office's processes."""
    return any(f"_{pid}.db" in path.name for pid in workers(office) for path in folder.iterdir())
