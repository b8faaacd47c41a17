"""The line between phones and server: loses, doubles, delays and reorders, and dies at either end."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import Connection

import sync.replica

from .phone import Phone
from .server import Server, ServerDied
from .watch import Watch


@dataclass(frozen=True)
class Message:
    """Something under way. `life` is the sender's: an answer finds only the process that asked."""

    phone: Phone
    life: int
    request: bytes | None = None
    answer: dict[str, Any] | None = None


@dataclass
class Chances:
    """How hostile the line is."""

    lost: float = 0.1
    doubled: float = 0.12
    server_dies: float = 0.04
    phone_dies: float = 0.05
    interleaved: float = 0.12
    halved: float = 0.15  # only one half of a request or an answer is used
    new_records: float | None = None  # how many saves make a record; None: the seed says


class Transport:
    """What is under way, and what becomes of it."""

    def __init__(self, rnd: random.Random, server: Server, watch: Watch, chances: Chances) -> None:
        self.rnd, self.server, self.watch, self.chances = rnd, server, watch, chances
        self.under_way: list[Message] = []
        self.page_limit: Callable[[], int] = lambda: self.rnd.choice((1, 2, 3, 500))
        self.change_limit: Callable[[], int] = lambda: self.rnd.choice((1, 3, 500))

    # -------------------------------------------------------------- requests
    def ask(self, phone: Phone) -> bytes:
        """The phone's next request, with limits as small as phones in bad places choose them."""
        sync.replica.PAGE_ITEMS = self.page_limit()
        sync.replica.REQUEST_CHANGES = self.change_limit()
        return phone.replica.request()

    def send(self, phone: Phone) -> None:
        """Put a request on the line; sometimes only half of one."""
        request = self.ask(phone)
        if self.rnd.random() < self.chances.halved:
            body = orjson.loads(request)
            body.pop(self.rnd.choice(("push", "pull")), None)
            request = orjson.dumps(body)
        self.under_way.append(Message(phone, phone.life, request=request))

    def step(self) -> None:
        """Something under way arrives, or is lost, or arrives and stays under way."""
        if not self.under_way:
            return
        at = self.rnd.randrange(len(self.under_way))
        message, fate = self.under_way[at], self.rnd.random()
        if fate >= self.chances.doubled:
            self.under_way.pop(at)
        if fate < 1 - self.chances.lost:
            self.deliver(message)

    def deliver(self, message: Message) -> None:
        """Bring one message to its end of the line."""
        if message.request is not None:
            answer = self.serve(message.phone, message.request)
            if answer is not None:
                self.under_way.append(Message(message.phone, message.life, answer=answer))
        elif message.answer is not None and message.life == message.phone.life:
            self.hand_over(message.phone, message.answer)

    def hand_over(self, phone: Phone, answer: dict[str, Any], *, fair: bool = False) -> None:
        """The phone takes an answer in; the app may be killed over it, at any statement."""
        if not fair and self.rnd.random() < self.chances.halved:
            unused = self.rnd.choice(("push", "pull"))
            answer = {k: v for k, v in answer.items() if k != unused}
        dies_after = None
        if not fair and self.rnd.random() < self.chances.phone_dies:
            dies_after = self.rnd.randrange(24)
        with self.watch.taking(phone, answer):
            phone.survives(lambda: phone.replica.receive(answer), dies_after)

    # ---------------------------------------------------------------- server
    def serve(self, phone: Phone, request: bytes, *, fair: bool = False) -> dict[str, Any] | None:
        """The server's answer, or None if it died over the request."""
        read = self.server.read(request)
        answer: dict[str, Any] = {"no": read.no}
        try:
            if read.groups:
                with self.server.writing() as conn:
                    answer["push"] = self.server.push(conn, phone.person, phone.name, read)
                    if not fair and self.rnd.random() < self.chances.server_dies:
                        raise ServerDied
                self.server.note(answer["push"])
                if not fair and self.rnd.random() < self.chances.interleaved:
                    self._one_more()
            if read.cursors is not None:
                answer["pull"] = self._pull(phone, read, fair)
        except ServerDied:
            return None
        return answer

    def _pull(self, phone: Phone, read: Any, fair: bool) -> dict[str, Any]:
        if not fair and self.rnd.random() < self.chances.interleaved:
            self.server.journal.meanwhile = self._commit_meanwhile
        try:
            answer = self.server.pull(phone.person, read)
        finally:
            self.server.journal.meanwhile = None
        self.watch.served(phone, answer)
        return answer

    def _others(self) -> list[Message]:
        return [m for m in self.under_way if m.request is not None]

    def _one_more(self) -> None:
        """Another request is served between the two halves of this one."""
        others = self._others()
        if others:
            message = self.rnd.choice(others)
            self.under_way.remove(message)
            self.deliver(message)

    def _commit_meanwhile(self, conn: Connection) -> None:
        """Other pushes commit after the heads were read and before the feed is."""
        self.server.journal.meanwhile = None
        others = self._others()
        for message in self.rnd.sample(others, self.rnd.randint(0, len(others))):
            read = self.server.read(message.request or b"")
            self.server.note(self.server.push(conn, message.phone.person, message.phone.name, read))

    # ------------------------------------------------------------------ fair
    def exchange(self, phone: Phone) -> None:
        """One whole round trip over a good line."""
        answer = self.serve(phone, self.ask(phone), fair=True)
        assert answer is not None
        self.hand_over(phone, answer, fair=True)
