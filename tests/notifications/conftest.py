"""A house that may call receivers on the loopback, and the receivers."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller

from server import transaction
from server.app import create_app
from server.database import db
from server.notifications import actions
from server.notifications.rules import Whom
from tests.support.house import Clock, House, config_for, new_id
from tests.support.ports import reserve_port
from tests.support.receiver import Receiver, receiving

WJ = "project:wj-01"
FIRM = "91110105MA0XD00162"
OFFICE = "office:cy"
LOOPBACK = {"XUNJIAN_OUTGOING_ALLOW": "127.0.0.1/32"}


class Sink:
    """A mail server's box; `answers` are given first, one a message."""

    def __init__(self) -> None:
        self.mails: list[Any] = []
        self.answers: list[str] = []

    async def take(self, _server: Any, _session: Any, envelope: Any) -> str:
        self.mails.append(envelope)
        return self.answers.pop(0) if self.answers else "250 taken"

    async def know(self, _server: Any, _session: Any, envelope: Any, address: str, _options: Any) -> str:
        if address.startswith("nobody"):
            return "550 no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    handle_DATA, handle_RCPT = take, know  # as aiosmtpd calls them


@pytest.fixture
def post() -> Iterator[tuple[Sink, int]]:
    """A real mail server on the loopback."""
    sink = Sink()
    with reserve_port() as held:
        port = held.getsockname()[1]
        controller = Controller(sink, hostname="127.0.0.1", port=port)
        controller.start()
        try:
            yield sink, port
        finally:
            controller.stop()


@pytest.fixture
def there() -> Iterator[Receiver]:
    """A receiver of somebody's."""
    with receiving() as one:
        yield one


@pytest.fixture
def opened(database_url: str, clock: Clock, tmp_path: Path) -> Iterator[Callable[..., House]]:
    """Opens the house of conftest's `site` with further settings or a way out of its own."""
    apps = []

    def house(outgoing: Any = None, **settings: str) -> House:
        config = config_for(database_url, tmp_path, **LOOPBACK | settings)
        app = create_app(config, clock=clock, new_id=new_id, outgoing=outgoing)
        apps.append(app)
        return House(app, clock, tmp_path)

    yield house
    for app in apps:
        with app.app_context():
            db.session.remove()
            db.engine.dispose()


@pytest.fixture
def town(opened: Callable[..., House]) -> House:
    """One project with its people, an administrator, and leave to call the loopback. It is nine o'clock."""
    return peopled(opened())


def peopled(house: House) -> House:
    """The people of a small office."""
    dossier = house.project("wj-01")
    house.project("wj-02")
    house.person("li", "inspector", dossier)
    house.person("wang", "inspector", dossier)
    house.person("zhang", "supervisor", dossier)
    house.person("zhao", "contractor", dossier, firm=FIRM)
    house.person("stranger", "supervisor", "project:wj-02")
    house.person("chen", "administrator", OFFICE)
    return house


def tell(house: House, whom: Whom, key: str, template: str = "test", **facts: Any) -> list[str]:
    """Told in a transaction of its own."""
    with house.app.app_context(), transaction.writing() as conn:
        return actions.tell(conn, whom, template, {"name": "某"} | facts, key, home=WJ)


def channel(house: House, owner: str, kind: str, address: str) -> str:
    """A channel for somebody."""
    with house.app.app_context():
        return actions.add_channel(owner, kind, address)
