"""A device in Python: keeps its work in SQLite, works offline, syncs, resumes after any crash.

Three things are kept: the *shadow* (the server's state), the *outbox* (unsettled changes), and the
*view* (shadow with the outbox replayed). Every answer is taken in one local transaction or not at
all. protocol.md §2–§6; tests, load generators and other back ends use it.
"""

import os
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

import orjson
from cryptography.hazmat.primitives.asymmetric import ec

from . import signatures, trust
from .canonical import canonical
from .protocol import (
    CHANGE_BYTES,
    PAGE_ITEMS,
    PROTOCOL,
    REQUEST_BYTES,
    REQUEST_CHANGES,
    REQUEST_GROUPS,
    SCHEMA,
)
from .record import Kind
from .replica_answers import Offer, heard, settle, take_pull, take_push, take_snapshot
from .replica_requests import seen, standing, unread
from .replica_tables import prepare
from .replica_view import view

UNSETTLED = ("new", "acked")  # what the view replays
_ROOM = REQUEST_BYTES - 64 * 1024  # for changes, cursors and checkpoints; the rest is the envelope's


class Line(Protocol):
    """The way to a server; raises OSError (or a subclass) where there is none just now."""

    def exchange(self, body: bytes) -> bytes:
        """One round trip."""

    def fetch(self, url: str) -> bytes:
        """A file that an answer has named."""


class Replica:
    """One device. `kinds` are needed to preview merges in the view and to check what is saved. `running`
    reads a clock that nobody sets and no sleep stops (CLOCK_BOOTTIME), `{"boot", "ms"}`: where it is given,
    times are right whatever happens to the wall clock (arrival.py).
    """

    def __init__(
        self,
        path: Path | str,
        *,
        kinds: Mapping[str, Kind],
        clock: Callable[[], datetime],
        new_id: Callable[[], str],
        device: str = "replica",
        schema: int = SCHEMA,
        key: ec.EllipticCurvePrivateKey | None = None,
        running: Callable[[], dict[str, Any]] | None = None,
    ) -> None:
        self.schema, self.key = schema, key
        self.running = running
        self.offers: list[Offer] = []
        self.kinds, self.clock, self.new_id, self.device = kinds, clock, new_id, device
        self.db = sqlite3.connect(path, isolation_level=None)
        self.db.row_factory = sqlite3.Row
        self.db.execute("PRAGMA journal_mode = WAL")
        self.db.execute("PRAGMA synchronous = FULL")  # saved means saved, also when the battery dies
        prepare(self.db)

    def close(self) -> None:
        """Close the local database; everything saved stays."""
        self.db.close()

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self.db.execute("BEGIN IMMEDIATE")
        try:
            yield
            self.db.execute("COMMIT")
        except BaseException:
            self.db.execute("ROLLBACK")
            raise

    # ------------------------------------------------------------------ work
    def create(
        self,
        dossier: str,
        kind: str,
        fields: Mapping[str, Any],
        *,
        audience: str = "field",
        record: str | None = None,
        at: str | None = None,
    ) -> str:
        """Save a new record; returns its id. `fields` as in a change: `{"title": {"set": …}}`.

        Raises ValueError for what the server could never take.
        """
        record = record or self.new_id()
        said = {"op": "create", "audience": audience, "fields": dict(fields)}
        with self._transaction():
            self._save(dossier, kind, record, said, base=None, at=at)
        return record

    def update(
        self,
        dossier: str,
        record: str,
        fields: Mapping[str, Any],
        *,
        audience: str | None = None,
        at: str | None = None,
        atomic: bool = False,
    ) -> str:
        """Save an edit of a record in view, or its move to an audience; returns the change's id.

        `atomic`: all of its fields or none. Raises KeyError if it is not in view.
        """
        with self._transaction():
            kind = self.view(dossier)[record]["kind"]
            base = self._base(dossier, record)
            said: dict[str, Any] = {"op": "update", "fields": dict(fields)}
            said |= {"audience": audience} if audience else {}
            said |= {"atomic": True} if atomic else {}
            return self._save(dossier, kind, record, said, base=base, at=at)

    def decide(self, dossier: str, question: str, fields: Mapping[str, Any], reason: str) -> str:
        """Save the decision on a conflict or parked work in view; returns the change's id.

        It counts for what is on the screen now: if the record moves before it arrives, the question
        stands (decisions.py). Raises KeyError if the question is not in view.
        """
        with self._transaction():
            seen = self.view(dossier)
            target = seen.get(seen[question]["body"]["target"], {"version": 0})
            base = self._base(dossier, question)
            base["version"] = max(base["version"], target["version"])
            said = {"op": "resolve", "fields": dict(fields), "reason": reason}
            return self._save(dossier, seen[question]["kind"], question, said, base=base, at=None)

    def delete(self, dossier: str, record: str) -> str:
        """Save the deletion of a record in view; returns the change's id."""
        with self._transaction():
            kind = self.view(dossier)[record]["kind"]
            base = self._base(dossier, record)
            return self._save(dossier, kind, record, {"op": "delete"}, base=base, at=None)

    def attach(self, dossier: str, photo: str, path: Path, sha256: str, mime: str) -> None:
        """Remember the bytes of a photo record; they are uploaded until the server says stored."""
        row = (photo, dossier, sha256, path.stat().st_size, mime, path.name, str(path), "kept")
        with self._transaction():
            self.db.execute("INSERT OR IGNORE INTO media VALUES (?,?,?,?,?,?,?,?)", row)

    def _save(
        self,
        dossier: str,
        kind: str,
        record: str,
        said: dict[str, Any],
        *,
        base: dict[str, Any] | None,
        at: str | None,
    ) -> str:
        checked = said["op"] in ("create", "update") and (said["fields"] or "audience" not in said)
        faults = self.kinds[kind].faults(said["op"], said["fields"]) if checked else []
        if faults:
            raise ValueError(f"{kind}: {faults}")
        n = self.db.execute("SELECT coalesce(max(n), 0) + 1 FROM outbox").fetchone()[0]
        n = max(n, int(self._meta("n", "0")) + 1)
        change = said | {"id": self.new_id(), "n": n, "kind": kind, "record": record}
        change |= {"at": at or self._now()}
        if base is not None:
            change["base"] = base
        if self.running is not None:
            change["clock"] = self.running()
        if self.key is not None:
            change["sig"] = signatures.sign(change, self.key, os.urandom(signatures.SALT))
        spelled = canonical(change)
        if len(spelled) > CHANGE_BYTES:
            raise ValueError(f"{kind}: more than {CHANGE_BYTES} bytes in one change")
        self._put_meta("n", str(n))
        self.db.execute(
            "INSERT INTO outbox (n, id, dossier, record, state, change, schema) VALUES (?,?,?,?,?,?,?)",
            (n, change["id"], dossier, record, "new", spelled.decode(), self.schema),
        )
        return str(change["id"])

    def _base(self, dossier: str, record: str) -> dict[str, Any]:
        """What the author has seen: own unsettled edits mask the shadow (protocol.md §3)."""
        waiting = self.db.execute(
            "SELECT id, change FROM outbox WHERE dossier=? AND record=? AND state IN ('new','acked')"
            " ORDER BY n",
            (dossier, record),
        ).fetchall()
        shadow = self.db.execute(
            "SELECT version, epoch FROM shadow WHERE dossier=? AND record=?"
            " ORDER BY epoch DESC, version DESC LIMIT 1",
            (dossier, record),
        ).fetchone()
        if waiting:
            first = orjson.loads(waiting[0]["change"]).get("base")
            first = first or {"version": 0, "epoch": self._epoch(dossier)}
            under = shadow or {"version": 0, "epoch": self._epoch(dossier)}
            shown = {"version": under["version"], "epoch": under["epoch"], "first": waiting[0]["id"]}
            return {
                "version": first["version"],
                "epoch": first["epoch"],
                "after": waiting[-1]["id"],
                "shown": shown,
            }
        return {"version": shadow["version"], "epoch": shadow["epoch"], "after": None}

    def _epoch(self, dossier: str) -> int:
        row = self.db.execute("SELECT epoch FROM epochs WHERE dossier=?", (dossier,)).fetchone()
        return int(row["epoch"]) if row else 1

    # ------------------------------------------------------------------ view
    def view(self, dossier: str) -> dict[str, dict[str, Any]]:
        """What the person sees: records by id, `{"kind", "audience", "version", "body"}`."""
        return view(self.db, dossier, self.kinds, self.device)

    def unsent(self) -> dict[str, int]:
        """How much is not home yet: changes by kind, and photos' bytes as `photo bytes`."""
        counts: dict[str, int] = {}
        for row in self.db.execute("SELECT change FROM outbox WHERE state='new'"):
            kind = orjson.loads(row["change"])["kind"]
            counts[kind] = counts.get(kind, 0) + 1
        kept = self.db.execute("SELECT count(*) FROM media WHERE state='kept'").fetchone()[0]
        return counts | ({"photo bytes": kept} if kept else {})

    def outcomes(self) -> dict[str, dict[str, Any]]:
        """What became of each change that was answered and is still held, by change id."""
        rows = self.db.execute("SELECT id, outcome FROM outbox WHERE outcome IS NOT NULL")
        return {r["id"]: orjson.loads(r["outcome"]) for r in rows}

    def note_stored(self, photo: str) -> None:
        """The server has verified the photo's bytes at rest: it need not be sent again."""
        with self._transaction():
            self.db.execute("UPDATE media SET state='stored' WHERE photo=?", (photo,))

    def awaiting_bytes(self) -> list[dict[str, Any]]:
        """Photos whose bytes the server has not yet called stored."""
        return [dict(r) for r in self.db.execute("SELECT * FROM media WHERE state='kept' ORDER BY photo")]

    # ------------------------------------------------------------------ sync
    def sync(self, line: Line, *, rounds: int = 1_000) -> int:
        """Exchange until nothing is left to push or pull; returns the number of round trips.

        Raises what the line raises, and ValueError for an answer to another request; whatever was
        answered before that is kept.
        """
        for done in range(1, rounds + 1):
            before = self._position()
            answer = orjson.loads(line.exchange(self.request()))
            # Of an answer to an earlier request less is demanded (trust.py): the line knows which one it
            # is, the server may say what it likes.
            if answer["no"] != int(self._meta("no", "0")):
                raise ValueError("the server answered another request")
            self.receive(answer)
            self._load(line)
            if not self._busy() and (done > 1 or before == self._position()):
                return done
            if before == self._position():
                return done  # what is left, the server will not take now: retries and refusals
        return rounds

    def _load(self, line: Line) -> None:
        """Fetch the first loads that were offered as files; without one the pages go on."""
        offers, self.offers = self.offers, []
        for offer in offers:
            # Without the file, or with a damaged one, the pages go on.
            with suppress(ValueError, OSError):
                self.take_snapshot(offer, line.fetch(offer.url))

    def take_snapshot(self, offer: Offer, data: bytes) -> bool:
        """A ready-made first load has arrived. Raises ValueError where it is damaged: the pages go on."""
        with self._transaction():
            taken = take_snapshot(self.db, offer, data)
            settle(self.db, self._now())
        return taken

    def _position(self) -> tuple[Any, ...]:
        states = self.db.execute("SELECT n, state FROM outbox ORDER BY n").fetchall()
        cursors = self.db.execute("SELECT * FROM cursors ORDER BY dossier, audience").fetchall()
        return [tuple(r) for r in states], [tuple(r) for r in cursors]

    def _busy(self) -> bool:
        sql = (
            "SELECT EXISTS (SELECT 1 FROM outbox WHERE state IN ('new','acked'))"
            " OR EXISTS (SELECT 1 FROM cursors WHERE more)"
        )
        return bool(self.db.execute(sql).fetchone()[0])

    def request(self) -> bytes:
        """The next request: what is unsent, within the limits, and where the cursors stand."""
        with self._transaction():
            no = int(self._meta("no", "0")) + 1
            self._put_meta("no", str(no))
        pull = {"limit": PAGE_ITEMS} | standing(self.db)
        groups: dict[str, list[Any]] = {}
        # However much a device holds, it brings its work home, a change at a time if need be.
        room, schema = max(_ROOM - len(orjson.dumps(pull)), CHANGE_BYTES), None
        waiting = (
            "SELECT dossier, change, schema FROM outbox WHERE state='new'"
            " AND dossier NOT IN (SELECT dossier FROM doubts) ORDER BY n LIMIT ?"
        )
        for row in self.db.execute(waiting, (REQUEST_CHANGES,)):
            room -= len(row["change"].encode())
            schema = schema or row["schema"]
            if room < 0 or row["schema"] != schema:  # what an older app saved goes first, as it was said
                break
            groups.setdefault(row["dossier"], []).append(orjson.Fragment(row["change"]))
        for dossier in unread(self.db, no, REQUEST_GROUPS - len(groups)):
            groups.setdefault(dossier, [])
        body = {
            "protocol": PROTOCOL,
            "schema": schema or self.schema,
            "no": no,
            "sent_at": self._now(),
            **seen(self.db),
            "push": [{"dossier": d, "epoch": self._epoch(d), "changes": c} for d, c in groups.items()],
            "pull": pull,
        }
        if self.running is not None:
            body["clock"] = self.running()
        if self.key is not None and self._meta("key", "") != self._key_id():
            body["device_key"] = signatures.claim(self.device, self.key)
        return orjson.dumps(body)

    def _key_id(self) -> str:
        assert self.key is not None
        return signatures.key_id(signatures.public_bytes(self.key))

    def receive(self, answer: Mapping[str, Any]) -> None:
        """Take an answer in; late, repeated and reordered ones do no harm. The caller knows that it is the
        answer to the request whose `no` it bears.
        """
        now = self._now()
        with self._transaction():
            if answer.get("device_key", {}).get("key"):
                self._put_meta("key", answer["device_key"]["key"])
            for group in answer.get("push", ()):
                take_push(self.db, group, self._epoch(group["dossier"]), now)
            heard(self.db, answer.get("server_time"))
        if "pull" in answer:
            with self._transaction():
                self.offers += take_pull(self.db, answer["pull"], answer["no"], self.new_id, now)

    # ----------------------------------------------------------------- trust
    def doubts(self) -> list[dict[str, Any]]:
        """The dossiers whose server is not believed, and why, in words (trust.py)."""
        return trust.doubts(self.db)

    def evidence(self) -> dict[str, Any]:
        """What this device can witness of what the house has signed: for `xunjian verify --held`."""
        return trust.evidence(self.db)

    def export_unsent(self) -> bytes:
        """What is not home for certain, as JSON lines, to be carried by hand."""
        return trust.unsent(self.db)

    def meet(self, notes: Iterable[str], line: Line) -> list[str]:
        """Hold another device's checkpoints against the own; the dossiers that are in doubt since.

        Raises what the line raises.
        """

        def ask(dossier: str, epoch: int, first: int, second: int) -> list[str]:
            query = f"epoch={epoch}&first={first}&second={second}"
            told = orjson.loads(line.fetch(f"/api/v1/dossiers/{dossier}/consistency?{query}"))
            return list(told["proof"])

        with self._transaction():
            return trust.compare(self.db, notes, ask, self._now())

    def _now(self) -> str:
        return self.clock().isoformat(timespec="milliseconds")

    def _meta(self, key: str, default: str) -> str:
        row = self.db.execute("SELECT value FROM meta WHERE key=?", (key,)).fetchone()
        return str(row["value"]) if row else default

    def _put_meta(self, key: str, value: str) -> None:
        self.db.execute("INSERT OR REPLACE INTO meta VALUES (?,?)", (key, value))
