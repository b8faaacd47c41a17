"""The same work through Kinto 26.5, a sync server over HTTP in Python: what a peer does on this machine.

`make bench-peers` installs it into an environment of its own. It keeps no journal and judges no
fields, and a batch holds 25 changes at most. Beside our SQLite stands its memory backend (one
process, nothing durable), beside our PostgreSQL its PostgreSQL backend on the same server.
"""

import http.client
import subprocess
import time
from base64 import b64encode
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import orjson

from tests.support.live import LiveServer
from tests.support.ports import LOOPBACK

from . import bare, records
from .client import TIMEOUT_S, together
from .house import CLIENTS, SENDERS, House
from .measure import Size, Step

HOME = Path(__file__).resolve().parent.parent / ".venv" / "kinto"
BATCH = 25  # kinto.batch_max_requests, its default
PAGE = 500
COLLECTIONS = tuple(f"wangjing-{n}" for n in range(20))
_INI = """
[app:main]
use = egg:kinto
{backends}
kinto.userid_hmac_secret = measured
multiauth.policies = basicauth
multiauth.policy.basicauth.use = kinto.core.authentication.BasicAuthAuthenticationPolicy
kinto.bucket_create_principals = system.Authenticated
kinto.paginate_by = 500
"""
DONE = b'"status":201'
_HEADERS = {
    "Content-Type": "application/json",
    "Authorization": "Basic " + b64encode(b"phone:secret").decode(),
}


class Line:
    """One client on one connection that stays open."""

    def __init__(self, port: int) -> None:
        self._line = http.client.HTTPConnection(LOOPBACK, port, timeout=TIMEOUT_S)

    def call(self, method: str, path: str, body: bytes | None = None) -> tuple[bytes, str | None]:
        """The answer and the address of the next page. Raises RuntimeError for a refusal."""
        self._line.request(method, path, body, _HEADERS)
        answer = self._line.getresponse()
        data = answer.read()
        if answer.status >= 300:
            raise RuntimeError(f"{path}: {answer.status} {data[:300].decode(errors='replace')}")
        return data, answer.headers.get("Next-Page")

    def exchange(self, body: bytes) -> bytes:
        """One batch; how many of its sub-requests were done tells DONE."""
        return self.call("POST", "/v1/batch", body)[0]


def installed() -> bool:
    """Whether `make bench-peers` was run."""
    return (HOME / "bin" / "kinto").exists()


def measure(house: House, size: Size, rows: Sequence[str], step: Step) -> dict[tuple[str, str], float]:
    """What Kinto reaches, by row and unit; only of `rows`, and only what it offers."""
    with _server(house) as port:
        setup = Line(port)
        setup.call("PUT", "/v1/buckets/b")
        for name in (*COLLECTIONS, "hot", "large"):
            setup.call("PUT", f"/v1/buckets/b/collections/{name}")
        found: dict[tuple[str, str], float] = {}
        for row, names in (("push", COLLECTIONS[:8]), ("hot", ("hot",))):
            if row in rows:
                step(row)
                count = size.batches * CLIENTS * 50
                found[row, "changes/s"] = _rate(port, house, names, BATCH, CLIENTS, count)
        if "single" in rows:
            step("single")
            bodies = _bodies(house, COLLECTIONS[:1], 1, size.singles // 4)
            found["single", "ms"] = bare.median_ms(lambda n: setup.exchange(bodies[n]), len(bodies))
            found["single", "req/s"] = _rate(port, house, COLLECTIONS[:1], 1, SENDERS, size.singles)
            found["single20", "req/s"] = _rate(port, house, COLLECTIONS, 1, SENDERS, size.singles)
        if {"pull", "delta"} & set(rows):
            step("pull")
            found |= _read(setup, house, size)
    return found


def _read(line: Line, house: House, size: Size) -> dict[tuple[str, str], float]:
    for body in _bodies(house, ("large",), BATCH, size.pulled):
        line.exchange(body)
    where = "/v1/buckets/b/collections/large/records"
    count, page = 0, f"{where}?_limit={PAGE}&_sort=last_modified"
    began = time.perf_counter()
    while page:
        data, following = line.call("GET", page)
        count += data.count(b'"last_modified"')
        page = following[following.index("/v1") :] if following else ""
    took = time.perf_counter() - began
    if count < size.pulled:
        raise RuntimeError(f"{count} records came instead of {size.pulled}")
    newest = orjson.loads(line.call("GET", f"{where}?_limit=1")[0])["data"][0]["last_modified"]
    line.exchange(_bodies(house, ("large",), 10, 10)[0])
    delta = f"{where}?_since={newest}"
    if len(orjson.loads(line.call("GET", delta)[0])["data"]) != 10:
        raise RuntimeError("the list did not find what was added")
    spent = bare.median_ms(lambda _n: line.call("GET", delta), size.deltas)
    return {("pull", "records/s"): count / took, ("delta", "ms"): spent}


def _rate(port: int, house: House, names: Sequence[str], batch: int, clients: int, count: int) -> float:
    """Changes a second of several clients, each with requests of `batch` changes.

    Writers of one collection refuse each other some (a client would send those again): only what
    was done counts.
    """
    bodies = _bodies(house, names, batch, count)
    lines = [Line(port) for _ in range(clients)]
    took, answers = together(lines, [bodies[n::clients] for n in range(clients)])
    return sum(answer.count(DONE) for answer in answers) / took


def _bodies(house: House, names: Sequence[str], batch: int, count: int) -> list[bytes]:
    """Batches of creations with the bodies that our records get."""
    made = records.changes(count, house.officers, seed=count)
    asked = [_creation(names[n // batch % len(names)], change) for n, change in enumerate(made)]
    return [orjson.dumps({"requests": asked[at : at + batch]}) for at in range(0, count, batch)]


def _creation(collection: str, change: dict[str, Any]) -> dict[str, Any]:
    data = {name: said.get("set", said.get("add")) for name, said in change["fields"].items()}
    path = f"/buckets/b/collections/{collection}/records"
    return {"method": "POST", "path": path, "body": {"data": data}}


@contextmanager
def _server(house: House) -> Iterator[int]:
    """Kinto's own application under gunicorn, as its documents say for production."""
    ini = house.folder / "kinto.ini"
    postgres = house.database == "postgresql"
    kind = "postgresql" if postgres else "memory"
    lines = [f"kinto.{b}_backend = kinto.core.{b}.{kind}" for b in ("storage", "cache", "permission")]
    if postgres:
        lines += [f"kinto.{b}_url = {house.peer_at}" for b in ("storage", "cache", "permission")]
    ini.write_text(_INI.format(backends="\n".join(lines)))
    if postgres:
        migrate = [HOME / "bin" / "kinto", "migrate", "--ini", ini]
        subprocess.run(migrate, check=True, capture_output=True, cwd=house.folder)
    command = (
        *(str(HOME / "bin" / "python"), "-m", "gunicorn", "--paste", str(ini), "--worker-class", "gthread"),
        *("--workers", "2" if postgres else "1", "--threads", "8", "--bind", "{bind}"),
        *("--keep-alive", "75", "--graceful-timeout", "2", "--no-control-socket"),
    )
    with LiveServer({}, command, folder=house.folder, health="/v1/__lbheartbeat__") as server:
        yield server.port
