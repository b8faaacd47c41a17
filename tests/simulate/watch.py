"""The invariants that hold at every step: checked at each answer served and each answer taken in."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import select

from sync import history, tables

from .kinds import replaced
from .phone import Made, Origins, Phone, Screen
from .server import Server

DISPUTED = ("conflict", "parked", "invalid")


class Watch:
    """Follows every answer, and remembers where the values on the screens come from."""

    def __init__(self, server: Server, origins: Origins) -> None:
        self.server, self.origins = server, origins
        self.replaced = {name: replaced(kind) for name, kind in server.kinds.items()}
        self.made: dict[str, Made] = {}
        # Decisions that take parked work, and that work: they are entered as its author's.
        self.accepted: dict[str, str] = {}
        self.refused: set[str] = set()  # decisions that were none
        self.disputed: set[str] = set()
        self.created: dict[str, str] = {}
        self.colliding: set[str] = set()  # ids given to two records: one of the two will be parked

    def saved(self, made: Made) -> None:
        """Somebody has saved a change."""
        self.made[made.id] = made
        if made.op == "create" and self.created.setdefault(made.record, made.id) != made.id:
            self.colliding.add(made.record)

    # ---------------------------------------------------------------- server
    def half_written(self) -> None:
        """I1 after the server died: every journal proves itself, and each entry has its outcome."""
        for dossier in self.server.dossiers:
            with self.server.reading() as conn:
                proof = history.verify(conn, dossier)
                answered = conn.execute(
                    select(tables.entries.c.change)
                    .outerjoin(tables.outcomes, tables.outcomes.c.change == tables.entries.c.change)
                    .where(tables.entries.c.dossier == dossier, tables.outcomes.c.change.is_(None))
                ).all()
            assert proof.fault is None, f"I1 {proof.fault} after the server died"
            assert not answered, f"I2 entered without an outcome: {answered}"

    def served(self, phone: Phone, answer: dict[str, Any]) -> None:
        """I11: no answer holds a row that is not granted; and note who wrote what it holds."""
        granted = self.server.granted(phone.person)
        for dossier, said in answer["dossiers"].items():
            records = (
                self.server.records(dossier)
                if any(page.get("items") for page in said["audiences"].values())
                else {}
            )
            for audience, page in said["audiences"].items():
                assert audience in granted.get(dossier, ()), f"I11 {audience} was served without a grant"
                for item in page.get("items", ()):
                    if item["op"] == "put":
                        self._put(dossier, audience, said["epoch"], item, records[item["record"]])

    def _put(
        self, dossier: str, audience: str, epoch: int, item: dict[str, Any], row: dict[str, Any]
    ) -> None:
        here = row["audience"] == audience or row["version"] > item["version"]
        assert here, f"I11 a record of {row['audience']} was served to readers of {audience}"
        assert not row["deleted"] or row["version"] > item["version"], "I10 a deleted record was served"
        key = (dossier, epoch, item["record"], item["version"])
        if key not in self.origins:
            told = self.server.told.writers
            self.origins[key] = {f: told.get((dossier, q), "") for f, q in item["written"].items()}

    # ----------------------------------------------------------------- phone
    @contextmanager
    def taking(self, phone: Phone, answer: dict[str, Any]) -> Iterator[None]:
        """Around a phone's taking of an answer: I3, I7, I9 and I11 on the device."""
        for group in answer.get("push", ()):
            self.disputed.update(o["id"] for o in group["outcomes"] if o["status"] in DISPUTED)
            self.disputed.update(o["id"] for o in group["outcomes"] if o["conflict"])
        cursors, shadow = _cursors(phone), _versions(phone)
        newest_before = _newest(phone)
        yield
        _never_back(cursors, _cursors(phone), "a cursor")
        _never_back(shadow, _versions(phone), "a record")
        if "pull" in answer and answer["no"] <= newest_before:
            assert _pairs(cursors) == _pairs(_cursors(phone)), "I11 a late answer changed what is held"
        elif "pull" in answer and answer["no"] == _newest(phone):  # else the app died over it
            self._holds_only_granted(phone, answer["pull"]["granted"])
        self.keeps_its_work(phone)
        doubts = [(d["dossier"], d["why"]) for d in phone.replica.doubts()]
        assert not doubts, f"E1 {phone.name} no longer believes the server: {doubts}"
        for dossier in phone.dossiers:
            before = phone.screens[dossier]
            self._reads_its_writes(phone, before, phone.refresh(dossier))

    def _holds_only_granted(self, phone: Phone, granted: dict[str, Any]) -> None:
        for table in ("shadow", "cursors"):
            held = phone.replica.db.execute(f"SELECT DISTINCT dossier, audience FROM {table}")
            for dossier, audience in held:
                fine = audience in granted.get(dossier, {}).get("audiences", ())
                assert fine, f"I11 {phone.name} still holds {audience} in its {table}"

    def keeps_its_work(self, phone: Phone) -> None:
        """I3 before rest: a change leaves the device only when the backup that counts has it."""
        outbox = phone.outbox()
        for change in sorted(phone.unbacked - set(outbox)):
            assert change in self.server.backup.told.outcomes, f"I3 {phone.name} let go of {change} too early"
            phone.unbacked.discard(change)

    def _reads_its_writes(self, phone: Phone, before: Screen, after: Screen) -> None:
        """I9: no field falls back to a value that its author had overwritten."""
        for record, was in before.seen.items():
            now = after.seen.get(record)
            if now is None or record in self.colliding:
                continue
            for name in self.replaced.get(before.view[record]["kind"], ()):
                old, new = was.get(name), now.get(name)
                if old is None or old.writer not in phone.made or old.writer in self.disputed:
                    continue
                writer = new.writer if new else None
                value = after.view[record]["body"].get(name)
                if writer == old.writer or value == old.value:
                    continue
                listed = self.server.told.outcomes.get(writer or "", {}).get("conflict")
                if listed is None and self.overwritten(old.writer, name, writer):
                    raise AssertionError(f"I9 {phone.name} saw its {name} of {record} fall back to {value}")

    def overwritten(self, change: str, name: str, earlier: str | None) -> bool:
        """Whether the author of `change` had seen `earlier` in the field, or what came after it."""
        seen = self.made[change].seen.get(name)
        while seen is not None and seen.writer != earlier:
            made = self.made.get(seen.writer or "")
            seen = made.seen.get(name) if made else None
        return (seen.writer if seen else None) == earlier


def _newest(phone: Phone) -> int:
    row = phone.replica.db.execute("SELECT value FROM meta WHERE key='latest'").fetchone()
    return -1 if row is None else int(row[0])


def _cursors(phone: Phone) -> dict[Any, int]:
    rows = phone.replica.db.execute("SELECT dossier, audience, nonce, seq FROM cursors")
    return {(d, a, nonce): seq for d, a, nonce, seq in rows}


def _pairs(cursors: dict[Any, int]) -> set[tuple[str, str]]:
    return {(dossier, audience) for dossier, audience, _nonce in cursors}


def _versions(phone: Phone) -> dict[Any, int]:
    rows = phone.replica.db.execute("SELECT dossier, audience, record, epoch, version FROM shadow")
    return {(d, a, record, epoch): version for d, a, record, epoch, version in rows}


def _never_back(before: dict[Any, int], after: dict[Any, int], what: str) -> None:
    for key, seq in after.items():
        assert seq >= before.get(key, 0), f"I7 {what} went back: {key} from {before[key]} to {seq}"
