"""The invariants that hold at rest, and those that any journal must prove: protocol.md §8."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import select

from sync import history, tables
from sync.diff3 import merge_text

from .kinds import GROUPS, HAZARDS, REPLACED, SHEET
from .phone import Made, Phone
from .server import Server
from .watch import Watch


@dataclass(frozen=True)
class Entry:
    """One entry of a journal: its header, its payload."""

    head: dict[str, Any]
    said: dict[str, Any]

    @property
    def after(self) -> dict[str, Any]:
        return self.said["after"]

    @property
    def lost(self) -> dict[str, list[Any]]:
        return self.said["lost"]


@dataclass(frozen=True)
class Write:
    """A value that a change gave to a field."""

    change: str
    device: str
    value: Any


def entries(server: Server, dossier: str) -> list[Entry]:
    """The whole journal."""
    with server.reading() as conn:
        rows = list(history.entries(conn, dossier))
    read = [Entry(orjson.loads(r.bytes), orjson.loads(r.payload)) for r in rows]
    return [e for e in read if e.head["op"] != "epoch"]


def judge_journals(server: Server, watch: Watch) -> None:
    """What the journal alone must prove, at any moment."""
    for dossier in server.dossiers:
        with server.reading() as conn:
            proof = history.verify(conn, dossier)
        assert proof.fault is None, f"I1 {proof.fault}"
        told = entries(server, dossier)
        records = server.records(dossier)
        changes = [e.head["change"] for e in told]
        assert len(changes) == len(set(changes)), "I2 a change was entered twice"
        _in_order(told, watch)
        _replay(told, records)
        _conflicts_stand(told, records)
        _decisions_stand(server, dossier, told, records)
        Overwrites(watch, told).judge()


def at_rest(server: Server, phones: list[Phone], watch: Watch) -> None:
    """What must hold when nothing is under way any more."""
    judge_journals(server, watch)
    for phone in phones:
        _nothing_lost(server, phone)
        _converged(server, phone)
    _answers_again(server, phones)


# ------------------------------------------------------------------ the journal
def _in_order(told: list[Entry], watch: Watch) -> None:
    """I8: what one device did to one record stands in the order in which it was done."""
    last: dict[tuple[str, str], int] = {}
    for entry in told:
        if entry.head["change"] in watch.accepted:
            continue  # late work, taken by a reviewer
        key = (entry.head["device"], entry.head["record"])
        assert entry.head["n"] > last.get(key, -1), f"I8 {key} out of order at {entry.head['seq']}"
        last[key] = entry.head["n"]


def _replay(told: list[Entry], records: dict[str, Any]) -> None:
    """I2, I10: the entries, replayed, give the records as they stand; the deleted stay so."""
    made: dict[str, Any] = {}
    for entry in told:
        head, after = entry.head, entry.after
        if head["kind"] != "sheet" or head["status"] == "parked" or (head["status"] == "noop" and not after):
            continue
        if head["op"] == "create":
            assert head["record"] not in made, "I2 a record was created twice"
            made[head["record"]] = {"body": {}, "written": {}, "deleted": False, "kind": head["kind"]}
        row = made[head["record"]]
        if head["op"] == "undelete":
            assert row["deleted"] and row["body"] == after, f"I10 {head['seq']} brought something else back"
            row["deleted"], row["version"] = False, head["seq"]
            continue
        assert not row["deleted"] or not after, f"I10 a deleted record was written at {head['seq']}"
        row["deleted"] |= head["op"] == "delete"
        row["body"] = {k: v for k, v in (row["body"] | after).items() if v is not None}
        row["written"] |= dict.fromkeys(after, head["seq"])
        if "left" in head:
            row["written"]["@audience"] = head["seq"]
        if after or "left" in head or head["op"] in ("create", "delete"):
            row["version"], row["audience"] = head["seq"], head["audience"]
    sheets = {r: row for r, row in records.items() if row["kind"] == "sheet"}
    for record in sorted(set(made) | set(sheets)):
        replayed, stands = made.get(record), sheets.get(record)
        assert replayed == stands, f"I2 replayed {record}: {replayed} but it stands as {stands}"


def _conflicts_stand(told: list[Entry], records: dict[str, Any]) -> None:
    """I12: what lost is a candidate of an open conflict, what was parked is kept whole."""
    for entry in told:
        head = entry.head
        if head["status"] == "parked":
            kept = records.get(head["change"])
            assert kept and kept["kind"] == "parked", "I12 parked work is gone"
            assert kept["body"]["change"]["fields" if "fields" in kept["body"]["change"] else "id"] in (
                entry.said["fields"],
                head["change"],
            ), "I12 parked work was altered"
        if not entry.lost or head["op"] == "resolve":
            continue
        conflict = records.get(head["conflict"])
        assert conflict and conflict["kind"] == "conflict", f"I12 {head['change']} has no conflict"
        body = conflict["body"]
        assert body["target"] == head["record"], "I12 the conflict is another's"
        home = records[head["record"]]["audience"]
        fine = conflict["audience"] == home or not body["open"]
        assert fine, f"I12 a conflict over {home} lies in {conflict['audience']}"
        for name, (current, mine, _mode) in entry.lost.items():
            field = body["fields"].get(name, {"candidates": []})
            values = {c["change"]: c["value"] for c in field["candidates"]}
            assert values.get(head["change"], "?") == mine, f"I12 {head['change']} is no candidate for {name}"
            if name in entry.after:
                kept_aside = [c["value"] for c in field.get("overwritten", ())]
                listed = [*values.values(), field["current"]["value"], *kept_aside]
                assert current in listed, f"I12 {current!r} was overwritten and the conflict forgot it"


def _decisions_stand(server: Server, dossier: str, told: list[Entry], records: dict[str, Any]) -> None:
    """I12: a question is open until an entry decides it, and then stays decided."""
    by_change = {e.head["change"]: e for e in told}
    c = tables.conflicts
    with server.reading() as conn:
        rows = conn.execute(select(c.c.conflict, c.c.open).where(c.c.dossier == dossier)).all()
    listed = {row.conflict: bool(row.open) for row in rows}
    asked = {r: row["body"] for r, row in records.items() if row["kind"] in ("conflict", "parked")}
    opened = {r: body["open"] for r, body in asked.items()}
    assert listed == opened, f"I12 the list of questions differs: {set(listed.items()) ^ set(opened.items())}"
    for record, body in asked.items():
        if body["open"]:
            continue
        decision = by_change.get(body["decision"]["change"])
        assert decision is not None, f"I12 nobody decided {record}"
        assert decision.head["status"] != "parked", f"I12 {record} was closed by a decision that was parked"
        if decision.head["op"] == "resolve":
            assert decision.head["conflict"] == record, f"I12 {record} was closed by another's decision"
    for entry in told:
        if entry.head["op"] == "resolve" and entry.head["status"] == "applied":
            assert not opened[entry.head["conflict"]], "I12 a decided question is open again"


class Overwrites:
    """I5: no value is replaced by somebody who had not seen it, unless a conflict lists it."""

    def __init__(self, watch: Watch, told: list[Entry]) -> None:
        self.watch, self.made, self.told = watch, watch.made, told
        self.writes: dict[tuple[str, str], list[Write]] = {}
        self.kept: dict[tuple[str, str], list[Any]] = {}

    def judge(self) -> None:
        """Go through the journal as it happened."""
        for entry in self.told:
            head = entry.head
            for name, (current, _mine, _mode) in entry.lost.items():
                self.kept.setdefault((head["record"], name), []).append(current)
            made = self.made.get(head["change"])
            assert made is not None, f"I2 nobody made {head['change']}"
            accepted = head["change"] in self.watch.accepted
            if head["op"] == "update":
                self._update(entry, made)
            elif head["op"] == "delete" and head["status"] == "applied" and not accepted:
                self._delete(entry, made)
            elif head["op"] == "resolve" and head["kind"] == "sheet":
                self._resolve(entry, made)
            if head["op"] == "undelete":
                continue
            for name, value in entry.after.items():
                write = Write(head["change"], made.device, value)
                self.writes.setdefault((head["record"], name), []).append(write)

    def _update(self, entry: Entry, made: Made) -> None:
        record = entry.head["record"]
        self._set_algebra(entry, made)
        for name in set(entry.after) & set(REPLACED):
            group = GROUPS[name] if SHEET.fields[name].group else (name,)
            for member in group:
                unseen = self._unseen(record, member, made)
                if unseen is None or self._is_kept(record, member, unseen):
                    continue
                if unseen.value == entry.after.get(member, unseen.value) and member == name:
                    continue
                if member == "story" and self._is_merged(entry, made):
                    continue
                saw = made.seen.get(member)
                raise AssertionError(f"I5 {made.id} replaced {member} {unseen} unseen, it saw {saw}")
        for name, (current, mine, _mode) in entry.lost.items():
            if name == "hazard" and not made.raw.get("atomic"):  # or it would not be all or nothing
                shown = entry.after.get(name, current)
                worst = max((current, mine), key=lambda v: HAZARDS.index(v) if v in HAZARDS else -1)
                assert shown == worst, f"I5 {shown} shows where {worst} is in dispute"

    def _resolve(self, entry: Entry, made: Made) -> None:
        """A decision counts only for the values on which it was made."""
        record = entry.head["record"]
        for name in set(made.fields) & set(REPLACED) if entry.head["status"] == "applied" else ():
            unseen = self._unseen(record, name, made)
            assert unseen is None, f"I5 {made.id} decided {name}, not having seen {unseen}"

    def _set_algebra(self, entry: Entry, made: Made) -> None:
        """A concurrent add wins: only what was on the author's screen is removed."""
        if "tags" not in entry.after:
            return
        shown = made.seen["tags"].value if "tags" in made.seen else None
        gone = set(entry.said["before"]["tags"] or ()) - set(entry.after["tags"] or ())
        assert gone <= set(shown or ()), f"I5 {made.id} removed {sorted(gone)}, it had seen {shown}"

    def _delete(self, entry: Entry, made: Made) -> None:
        record = entry.head["record"]
        for (of, name), _writes in self.writes.items():
            if of == record:
                unseen = self._unseen(record, name, made)
                fine = unseen is None or self._is_kept(record, name, unseen)
                assert fine, f"I5 {made.id} by {made.device} deleted {name} {unseen} unseen"

    def _unseen(self, record: str, name: str, made: Made) -> Write | None:
        """The last write by another device which the author of `made` cannot have seen."""
        writes = self.writes.get((record, name), [])
        chain = dict(self._chain(made, name))
        for write in reversed(writes):
            if write.device != made.device:
                return None if write.change in chain else write
            if not STRICT or chain.get(write.change):
                return None  # it stood on the screen as the server's: what is under it was seen
        return None

    def _chain(self, made: Made | None, name: str) -> Iterator[tuple[str, bool]]:
        """What its author had seen in a field, and what the authors of that had seen, and so on."""
        confirmed = False
        while made is not None:
            seen = made.seen.get(name)
            if seen is None or seen.writer is None:
                return
            confirmed |= seen.confirmed
            yield seen.writer, confirmed
            made = self.made.get(seen.writer)

    def _is_kept(self, record: str, name: str, write: Write) -> bool:
        return write.value in self.kept.get((record, name), ())

    def _is_merged(self, entry: Entry, made: Made) -> bool:
        """Whether the text holds both edits: the author's, and the one not seen."""
        seen = made.seen.get("story")
        mine, current = made.fields["story"]["set"], entry.said["before"]["story"]
        base = (seen.value if seen else None) or ""
        return entry.after["story"] == merge_text(base, current or "", mine or "")


STRICT = True


# ----------------------------------------------------------------------- rest
def _nothing_lost(server: Server, phone: Phone) -> None:
    """I3: every saved change is in the journal, or kept among the invalid."""
    for dossier in phone.dossiers:
        saved = {m.id for m in phone.made.values() if m.dossier == dossier}
        i = tables.invalid
        with server.reading() as conn:
            kept = set(conn.execute(select(i.c.change).where(i.c.dossier == dossier)).scalars())
        entered = {e.head["change"] for e in entries(server, dossier)}
        missing = sorted(saved - entered - kept)
        assert not missing, f"I3 lost on the way from {phone.name}: {missing} {phone.outbox()}"


def _converged(server: Server, phone: Phone) -> None:
    """I4: the shadow of each granted audience is what the server has there, and nothing else."""
    for dossier in phone.dossiers:
        granted = server.granted(phone.person).get(dossier, [])
        there = {
            (row["audience"], record): {k: row[k] for k in ("kind", "version", "body", "written")}
            for record, row in server.records(dossier).items()
            if row["audience"] in granted and not row["deleted"]
        }
        sql = "SELECT audience, record, kind, version, body, written FROM shadow WHERE dossier=?"
        here = {
            (a, r): {"kind": k, "version": v, "body": orjson.loads(b), "written": orjson.loads(w)}
            for a, r, k, v, b, w in phone.replica.db.execute(sql, (dossier,))
        }
        for key in sorted(set(here) | set(there)):
            assert here.get(key) == there.get(key), (
                f"I4 {phone.name} diverged on {key}: {here.get(key)} but the server has {there.get(key)}"
            )


def _answers_again(server: Server, phones: list[Phone]) -> None:
    """I2: everything that was ever saved, sent once more, gets the same answers and changes nothing."""
    before = server.heads()
    for phone in phones:
        for dossier in phone.dossiers:
            raws = [m.raw for m in phone.made.values() if m.dossier == dossier]
            group = {"dossier": dossier, "epoch": before[dossier].epoch, "changes": raws}
            body = {"protocol": 1, "schema": 1, "no": 1, "push": [group]}
            request = server.read(orjson.dumps(body))
            with server.writing() as conn:
                answers = server.push(conn, phone.person, phone.name, request)
            server.note(answers)
            assert all(o["replay"] for a in answers for o in a["outcomes"]), "I2 a replay was taken for new"
    assert server.heads() == before, "I2 a replay changed the journal"
