"""One simulated world: phones, people, grants, a server and its operator, all from one seed."""

import random
from collections.abc import Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from types import MappingProxyType, SimpleNamespace
from typing import Any

import sync.minutes
import sync.replica

from .checks import at_rest, judge_journals
from .desk import Desk
from .kinds import Work
from .phone import Made, Origins, Phone
from .server import Server
from .transport import Chances, Transport
from .watch import Watch

STEPS = 120
# What happens, and how often.
WEIGHTS: MappingProxyType[str, float] = MappingProxyType(
    {
        "edit": 24,
        "send": 16,
        "arrive": 30,
        "round_trip": 9,
        "desk_edit": 2.5,
        "move": 2.5,
        "review": 3,
        "undelete": 0.8,
        "glance": 3,
        "collect": 2.5,
        "grant": 2,
        "phone_crash": 2,
        "server_restart": 0.5,
        "back_up": 1.5,
        "note_backup": 1.5,
        "restore": 0.8,
        "clock": 1,
    }
)
BEGAN = datetime(2026, 11, 22, 1, 0, tzinfo=UTC)


class World:
    """Everything that exists in one run."""

    def __init__(self, seed: int, chances: Chances | None = None) -> None:
        self.work = self.some_work()
        self.rnd = rnd = random.Random(seed)
        self.now = BEGAN
        self.ids = 0
        self.dossiers = ["project:a"] if rnd.random() < 0.8 else ["project:a", "project:b"]
        self.origins: Origins = {}
        self.server = self.some_server()
        self.watch = Watch(self.server, self.origins)
        chances = chances or Chances()
        self.transport = self.some_line(chances)
        self.new_records = chances.new_records or rnd.choice((0.25, 0.04))  # a wide set or a hot one
        self.unnoted: list[Any] = []
        count = rnd.choice((2, 3, 3, 4))
        shared = rnd.random() < 0.2  # two devices of one person
        self.desks = [
            Desk(name, rnd, self.server, self.watch, self.work, lambda: self.now, self.new_id)
            for name in self.server.desks()
        ]
        self.phones = [self._phone(i, "p0" if shared and i < 2 else f"p{i}") for i in range(count)]

    # A variant of the world has other work, another server, another line.
    def some_work(self) -> Work:
        """What people work on."""
        return Work()

    def some_server(self) -> Server:
        """The server of this world."""
        return Server(lambda: self.now, self.dossiers)

    def some_line(self, chances: Chances) -> Transport:
        """The line to it."""
        return Transport(self.rnd, self.server, self.watch, chances)

    def _phone(self, index: int, person: str) -> Phone:
        for dossier in self.dossiers:
            self.server.grant(person, dossier, self.work.held(self.rnd, index))
        skew = timedelta(seconds=self.rnd.uniform(-3, 3) * 86_400)
        return Phone(
            self.server.writer(f"d{index}", person),
            person,
            clock=lambda: self.now + skew,
            new_id=self.new_id,
            origins=self.origins,
            dossiers=self.dossiers,
            kinds=self.work.on_phones,
            running=self._ticks if index % 2 else None,
        )

    def _ticks(self) -> int:
        """A clock that nobody sets: every second phone has one."""
        return int((self.now - BEGAN) / timedelta(milliseconds=1))

    def new_id(self) -> str:
        """An id that sorts anywhere; its end says when it was made."""
        self.ids += 1
        return f"{self.rnd.getrandbits(32):08x}-0000-7000-8000-{self.ids:012x}"

    def step(self, kind: str) -> None:
        """One thing happens."""
        self.now += timedelta(seconds=self.rnd.randrange(600))
        getattr(self, f"do_{kind}")()

    def close(self) -> None:
        """Let the phones' databases go."""
        for phone in self.phones:
            phone.close()

    # ---------------------------------------------------------------- people
    def do_edit(self) -> None:
        """Somebody saves something on a phone."""
        rnd = self.rnd
        phone, dossier = rnd.choice(self.phones), rnd.choice(self.dossiers)
        screen, held = phone.screens[dossier], phone.holds(dossier)
        sheets = sorted(r for r, row in screen.view.items() if row["kind"] in self.work.on_phones)
        dies_after = rnd.randrange(12) if rnd.random() < 0.03 else None
        if held and (not sheets or rnd.random() < self.new_records):
            kind, fields = self.work.first(rnd, sheets)
            said = {"kind": kind, "fields": fields, "audience": self.work.audience(rnd, kind, held)}
            own = {m.record for m in phone.made.values()}
            others = sorted({m.record for m in self.watch.made.values() if m.dossier == dossier} - own)
            record = rnd.choice(others) if others and rnd.random() < 0.04 else None  # ids collide
            made = phone.save(dossier, "create", record, said, dies_after)
            self._saved(made)
            if made is not None and record is not None:
                self.watch.colliding.add(record)  # also with an id that the engine gave
        elif sheets:
            record = rnd.choice(sheets)
            if rnd.random() < 0.1:
                self._saved(phone.save(dossier, "delete", record, {}, dies_after))
            else:
                row = screen.view[record]
                fields = self.work.edited(rnd, row["kind"], row["body"], self.new_id)
                self._saved(phone.save(dossier, "update", record, {"fields": fields}, dies_after))

    def _saved(self, made: Made | None) -> None:
        if made is not None:
            self.watch.saved(made)

    def _desk(self) -> tuple[Desk, str]:
        return self.rnd.choice(self.desks), self.rnd.choice(self.dossiers)

    def do_desk_edit(self) -> None:
        """Somebody at a desk edits what they have looked at."""
        desk, dossier = self._desk()
        desk.edit(dossier)

    def do_move(self) -> None:
        """Somebody at a desk moves a record to another audience."""
        desk, dossier = self._desk()
        desk.move(dossier)

    def do_review(self) -> None:
        """A named person decides a conflict or parked work."""
        desk, dossier = self._desk()
        desk.review(dossier)

    def do_glance(self) -> None:
        """Somebody at a desk looks, and acts another day."""
        desk, dossier = self._desk()
        desk.glance(dossier)

    def do_undelete(self) -> None:
        """Something deleted is brought back."""
        desk, dossier = self._desk()
        desk.undelete(dossier)

    # -------------------------------------------------------------- the line
    def do_send(self) -> None:
        """A phone sends a request."""
        self.transport.send(self.rnd.choice(self.phones))

    def do_arrive(self) -> None:
        """Something under way arrives, or not."""
        self.transport.step()

    def do_round_trip(self) -> None:
        """A phone has a good line for a moment."""
        self.transport.exchange(self.rnd.choice(self.phones))

    def do_phone_crash(self) -> None:
        """An app is killed and opened again."""
        self.rnd.choice(self.phones).reopen()

    def do_server_restart(self) -> None:
        """Requests on their way to the server are lost with its sockets."""
        self.transport.under_way = [m for m in self.transport.under_way if m.request is None]

    def do_clock(self) -> None:
        """Time passes."""
        self.now += timedelta(hours=self.rnd.randrange(48))

    # -------------------------------------------------------------- operator
    def do_grant(self) -> None:
        """An audience is given to somebody, or taken away."""
        phone, dossier = self.rnd.choice(self.phones), self.rnd.choice(self.dossiers)
        held = self.server.grants[phone.person][dossier]
        self.server.grant(phone.person, dossier, self.work.changed(self.rnd, held))

    def do_collect(self) -> None:
        """Old deletions are let go, up to some seq."""
        dossier = self.rnd.choice(self.dossiers)
        seq = self.server.heads()[dossier].seq
        upto = self.rnd.choice((seq, max(0, seq - self.rnd.randrange(20))))
        self.server.collect(dossier, self.rnd.choice(self.work.audiences), upto)

    def do_back_up(self) -> None:
        """A backup is taken; the devices are told of it later."""
        self.server.backup = self.server.copy()
        self.unnoted = [self.server.backup]

    def do_note_backup(self) -> None:
        """The last backup is known to be safe."""
        for backup in self.unnoted:
            self.server.note_backup(backup)
        self.unnoted = []

    def do_restore(self) -> None:
        """The database is lost and put back from the last backup."""
        judge_journals(self.server, self.watch)
        self.server.restore()
        self.unnoted = []

    # ------------------------------------------------------------------ rest
    def come_to_rest(self) -> int:
        """The line becomes good and people stop: every phone syncs until nothing moves (I14)."""
        transport, rnd = self.transport, self.rnd
        late = [m for m in transport.under_way if rnd.random() < 0.5]
        transport.under_way = []
        rnd.shuffle(late)
        for message in late:
            transport.deliver(message)
        limit = rnd.choice((4, 500, 500))
        transport.page_limit = transport.change_limit = lambda: limit
        bound = 12 + 4 * max(len(self.server.records(d)) for d in self.dossiers) // limit
        for rounds in range(bound + 1):
            before = [phone.replica._position() for phone in self.phones]
            for phone in self.phones:
                transport.exchange(phone)
            # A phone may have more to ask, for instance after an epoch where it reads nothing now.
            moved = before != [phone.replica._position() for phone in self.phones]
            if not moved and all(self._rests(phone) for phone in self.phones):
                return rounds
        waiting = {p.name: sorted(p.outbox().items()) for p in self.phones if not self._rests(p)}
        raise AssertionError(f"I14 no rest after {bound} rounds: {waiting}")

    def _rests(self, phone: Phone) -> bool:
        heads = self.server.heads()
        cursors = phone.replica.db.execute(
            "SELECT dossier, audience, epoch, seq, more FROM cursors"
        ).fetchall()
        held = {(d, a) for d, a, *_ in cursors}
        granted = {(d, a) for d, audiences in self.server.granted(phone.person).items() for a in audiences}
        there = all(e == heads[d].epoch and q == heads[d].seq and not more for d, _, e, q, more in cursors)
        return held == granted and there and not {"new", "acked"} & set(phone.outbox().values())


@contextmanager
def seeded_salts(rnd: random.Random):
    """The engine's salts come from the seed too, so that hashes repeat."""
    real = sync.minutes.os
    limits = sync.replica.PAGE_ITEMS, sync.replica.REQUEST_CHANGES
    sync.minutes.os = SimpleNamespace(urandom=rnd.randbytes)
    try:
        yield
    finally:
        sync.minutes.os = real
        sync.replica.PAGE_ITEMS, sync.replica.REQUEST_CHANGES = limits


def run(
    seed: int,
    steps: int = STEPS,
    weights: Mapping[str, float] = WEIGHTS,
    chances: Chances | None = None,
    kind: type[World] = World,
) -> World:
    """One run from a seed. Raises AssertionError at the first invariant that does not hold."""
    world = kind(seed, chances)
    with seeded_salts(random.Random(seed)):
        try:
            names, odds = list(weights), list(weights.values())
            for what in world.rnd.choices(names, odds, k=steps):
                world.step(what)
            world.come_to_rest()
            at_rest(world.server, world.phones, world.watch)
        finally:
            world.close()
    return world
