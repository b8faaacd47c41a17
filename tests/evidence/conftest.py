"""What tests of evidence share: a house whose journals are signed, and phones that hold it to that."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from sqlalchemy import Connection

from server import transaction
from server.catalogue import journal
from server.evidence import actions
from server.office import office
from sync.checkpoints import Sealed
from sync.replica import Replica
from tests.support.house import Desk, House, new_id

WJ = "project:wj-01"


@dataclass
class Line:
    """The way to the house: a signed-in person's HTTP client."""

    desk: Desk
    garble: Callable[[dict[str, Any]], None] = lambda answer: None

    def exchange(self, body: bytes) -> bytes:
        headers = {"Content-Type": "application/json"}
        answer = self.desk.call("POST", "/api/v1/exchange", data=body, headers=headers)
        assert answer.status_code == 200, answer.text
        told = orjson.loads(answer.data)
        self.garble(told)
        return orjson.dumps(told)

    def fetch(self, url: str) -> bytes:
        answer = self.desk.call("GET", url)
        if answer.status_code != 200:
            raise OSError(answer.text)
        return answer.data


@dataclass
class Registry:
    """The house with its signing."""

    house: House

    def seal(self, dossier: str = WJ) -> Sealed | None:
        with self.house.app.app_context():
            return actions.seal(dossier)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        with self.house.app.app_context(), transaction.reading() as conn:
            yield conn

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        with self.house.app.app_context(), transaction.writing() as conn:
            yield conn

    def restore(self, dossier: str = WJ, reason: str = "the disk died") -> None:
        """Open a new epoch and sign why, as the restore procedure does."""
        with self.house.app.app_context():
            key = actions.signer()
            with transaction.writing() as conn:
                at = "2026-11-23T00:00:00.000Z"
                office().journal.restore(conn, dossier, received_at=at, reason=reason)
                head = office().journal.lock(conn, dossier)
                actions.growth.integrate(conn, dossier, head.size)
                actions.seal_here(conn, dossier, key)


@pytest.fixture
def registry(site: House) -> Registry:
    return Registry(site)


@pytest.fixture
def phone(site: House, tmp_path: Path) -> Iterator[Callable[..., Replica]]:
    """Makes replicas by name; `key=True` gives one a key to sign with."""
    made: list[Replica] = []

    def make(name: str, *, key: ec.EllipticCurvePrivateKey | None = None) -> Replica:
        path, kinds = tmp_path / f"{name}.db", journal().kinds
        replica = Replica(path, kinds=kinds, clock=site.clock, new_id=new_id, device=f"phone-{name}", key=key)
        made.append(replica)
        return replica

    yield make
    for replica in made:
        replica.close()


def line(site: House, username: str) -> Line:
    return Line(site.desk(username))
