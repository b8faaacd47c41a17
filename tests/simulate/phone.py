"""A simulated phone: a real replica that can die at any statement, and what its screen shows."""

import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import orjson

from sync.record import Kind
from sync.replica import Replica

# Where each value on a server's record comes from: (dossier, epoch, record, version) → field → change.
Origins = dict[tuple[str, int, str, int], dict[str, str]]


class PhoneDied(BaseException):
    """The app was killed; what was not committed is gone."""


class Dying:
    """A database connection whose process dies at its `left`-th statement from now."""

    def __init__(self, db: sqlite3.Connection, left: int) -> None:
        self.db, self.left = db, left

    def execute(self, sql: str, *more: Any) -> sqlite3.Cursor:
        self.left -= 1
        if self.left < 0 and sql != "ROLLBACK":
            raise PhoneDied
        return self.db.execute(sql, *more)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.db, name)


@dataclass(frozen=True)
class Seen:
    """Who wrote a value on the screen, and whether it was the server's or the phone's own pending one."""

    writer: str | None
    confirmed: bool
    value: Any


@dataclass(frozen=True)
class Made:
    """A change as a person saved it, with what the screen showed them."""

    id: str
    n: int
    device: str
    op: str
    dossier: str
    record: str
    fields: dict[str, Any]
    seen: dict[str, Seen]
    raw: dict[str, Any]


@dataclass
class Screen:
    """What a person sees of one dossier: the replica's view, and who wrote each value."""

    view: dict[str, Any] = field(default_factory=dict)
    seen: dict[str, dict[str, Seen]] = field(default_factory=dict)


class Phone:
    """One device of one person."""

    def __init__(
        self,
        name: str,
        person: str,
        *,
        clock: Callable[[], datetime],
        new_id: Callable[[], str],
        origins: Origins,
        dossiers: list[str],
        kinds: Mapping[str, Kind],
        running: Callable[[], int] | None = None,
    ) -> None:
        self.name, self.person, self.origins, self.running = name, person, origins, running
        self.clock, self.new_id, self.dossiers = clock, new_id, dossiers
        self.kinds, self.life = kinds, 0
        self.made: dict[str, Made] = {}
        self.unbacked: set[str] = set()  # changes that no noted backup has been seen to cover
        self.replica = self._opened()
        self.screens = {d: Screen() for d in dossiers}

    def _opened(self) -> Replica:
        given: dict[str, Any] = {"clock": self.clock, "new_id": self.new_id}
        if (ticks := self.running) is not None:
            boot = f"{self.name}/{self.life}"
            given["running"] = lambda: {"boot": boot, "ms": ticks()}
        return Replica(":memory:", kinds=self.kinds, device=self.name, **given)

    # ------------------------------------------------------------------ life
    def reopen(self) -> None:
        """The process ends; a new one opens the database as it was committed."""
        db = self.replica.db
        if db.in_transaction:
            db.execute("ROLLBACK")
        self.life += 1
        self.replica = self._opened()
        db.backup(self.replica.db)
        db.close()

    def survives(self, act: Callable[[], Any], dies_after: int | None) -> tuple[bool, Any]:
        """Do something; with `dies_after` the process may die at that statement and is opened anew."""
        if dies_after is None:
            return True, act()
        real = self.replica.db
        self.replica.db = Dying(real, dies_after)  # type: ignore[assignment]
        try:
            return True, act()
        except PhoneDied:
            return False, None
        finally:
            self.replica.db = real
            self.reopen()

    def close(self) -> None:
        """For good."""
        self.replica.close()

    # ---------------------------------------------------------------- screen
    def look(self, dossier: str) -> Screen:
        """The screen as it is now."""
        db = self.replica.db
        view = self.replica.view(dossier)
        shadow = {
            (r, a): (version, epoch)
            for r, a, version, epoch in db.execute(
                "SELECT record, audience, version, epoch FROM shadow WHERE dossier=?", (dossier,)
            )
        }
        seen: dict[str, dict[str, Seen]] = {}
        for record, row in view.items():
            version, epoch = shadow.get((record, row["audience"]), (None, 0))
            writers = self.origins.get((dossier, epoch, record, row["version"]), {}) if version else {}
            body = row["body"]
            seen[record] = {f: Seen(w, True, body.get(f)) for f, w in writers.items()}
        own = "SELECT change FROM outbox WHERE dossier=? AND state IN ('new','acked') ORDER BY n"
        confirmed = {record for record, _audience in shadow}
        for (text,) in db.execute(own, (dossier,)):
            change = orjson.loads(text)
            record = change["record"]
            if record not in seen or (change["op"] == "create" and record in confirmed):
                continue
            body = view[record]["body"]
            for name in change.get("fields", ()):
                seen[record][name] = Seen(change["id"], False, body.get(name))
            if change["op"] == "create":
                seen[record]["state"] = Seen(change["id"], False, body.get("state"))
        return Screen(view, seen)

    def refresh(self, dossier: str) -> Screen:
        """Look, and remember it as what the person saw last."""
        self.screens[dossier] = self.look(dossier)
        return self.screens[dossier]

    # ------------------------------------------------------------------ work
    def holds(self, dossier: str) -> list[str]:
        """The audiences it has cursors for."""
        rows = self.replica.db.execute(
            "SELECT audience FROM cursors WHERE dossier=? ORDER BY audience", (dossier,)
        )
        return [r[0] for r in rows]

    def save(
        self, dossier: str, op: str, record: str | None, said: dict[str, Any], dies_after: int | None
    ) -> Made | None:
        """Save a create, update or delete on the device; None if the app died before it was saved.

        `said` are the arguments of the replica's method.
        """
        screen = self.screens[dossier]
        seen = dict(screen.seen.get(record or "", {}))
        act = {
            "create": lambda: self.replica.create(dossier, record=record, **said),
            "update": lambda: self.replica.update(dossier, record or "", **said),
            "delete": lambda: self.replica.delete(dossier, record or ""),
        }[op]
        saved, _name = self.survives(act, dies_after)
        self.refresh(dossier)
        if not saved:
            return None
        row = self.replica.db.execute("SELECT change FROM outbox ORDER BY n DESC LIMIT 1").fetchone()
        raw = orjson.loads(row[0])
        fields = raw.get("fields", {})
        made = Made(raw["id"], raw["n"], self.name, op, dossier, raw["record"], fields, seen, raw)
        self.made[made.id] = made
        self.unbacked.add(made.id)
        return made

    def outbox(self) -> dict[str, str]:
        """Every change still on the device and its state."""
        return dict(self.replica.db.execute("SELECT id, state FROM outbox"))
