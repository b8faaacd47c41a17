"""I5: no value is replaced by somebody who had not seen it; and what an entry of a journal says."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from sync import history
from sync.diff3 import merge_text
from sync.record import Kind

from .kinds import group_of, replaced
from .phone import Made
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


class Overwrites:
    """I5: no value is replaced by somebody who had not seen it, unless a conflict lists it."""

    def __init__(self, watch: Watch, told: list[Entry], kinds: Mapping[str, Kind]) -> None:
        self.watch, self.made, self.told, self.kinds = watch, watch.made, told, kinds
        self.writes: dict[tuple[str, str], list[Write]] = {}
        self.adders: dict[tuple[str, str, str], str] = {}  # who put an element into a set
        self.kept: dict[tuple[str, str], list[Any]] = {}

    def judge(self) -> None:
        """Go through the journal as it happened."""
        for entry in self.told:
            head = entry.head
            for name, (current, _mine, _mode) in entry.lost.items():
                self.kept.setdefault((head["record"], name), []).append(current)
            if head["device"] == "server":
                continue  # what the system notes is nobody's edit
            made = self.made.get(head["change"])
            assert made is not None, f"I2 nobody made {head['change']}"
            accepted = head["change"] in self.watch.accepted
            if head["op"] == "update":
                self._update(entry, made, accepted=accepted)
            elif head["op"] == "delete" and head["status"] == "applied" and not accepted:
                self._delete(entry, made)
            elif head["op"] == "resolve" and head["kind"] in self.kinds:
                self._resolve(entry, made)
            self._note_elements(entry, made)
            if "left" in head:
                moved = Write(head["change"], made.device, head["audience"])
                self.writes.setdefault((head["record"], "@audience"), []).append(moved)
            if head["op"] == "undelete":
                continue
            for name, value in entry.after.items():
                write = Write(head["change"], made.device, value)
                self.writes.setdefault((head["record"], name), []).append(write)

    def _update(self, entry: Entry, made: Made, *, accepted: bool) -> None:
        record, kind = entry.head["record"], self.kinds[entry.head["kind"]]
        self._set_algebra(entry, made, kind)
        if entry.head["status"] != "parked" and not accepted and not made.raw.get("atomic"):
            self._own_elements_go(entry, made, kind)
        questions = [n for n, (_current, _mine, mode) in entry.lost.items() if mode != "info"]
        if made.raw.get("atomic") and questions:
            graver = {n for n, (_current, _mine, mode) in entry.lost.items() if mode == "stands"}
            assert set(entry.after) <= graver, f"I5 {made.id} was done in part"
        if "left" in entry.head:
            unseen = self._unseen(record, "@audience", made)
            assert unseen is None, f"I5 {made.id} moved it from where {unseen} had put it, unseen"
        said_again = {n for n, value in entry.after.items() if entry.said["before"].get(n) == value}
        for name in (set(entry.after) & set(replaced(kind))) - said_again:
            for member in group_of(kind, name):
                unseen = self._unseen(record, member, made)
                if unseen is None or self._is_kept(record, member, unseen):
                    continue
                if unseen.value == entry.after.get(member, unseen.value) and member == name:
                    continue
                if kind.fields[member].policy == "text" and self._is_merged(entry, made, member):
                    continue
                saw = made.seen.get(member)
                raise AssertionError(f"I5 {made.id} replaced {member} {unseen} unseen, it saw {saw}")
        for name, (current, mine, _mode) in entry.lost.items():
            order = kind.fields[name].order
            if order:
                shown = entry.after.get(name, current)
                worst = max((current, mine), key=lambda v: order.index(v) if v in order else -1)
                assert shown == worst, f"I5 {shown} shows where {worst} is in dispute"

    def _resolve(self, entry: Entry, made: Made) -> None:
        """A decision counts only for the values on which it was made."""
        record = entry.head["record"]
        names = set(made.fields) & set(replaced(self.kinds[entry.head["kind"]]))
        for name in names if entry.head["status"] == "applied" else ():
            unseen = self._unseen(record, name, made)
            assert unseen is None, f"I5 {made.id} decided {name}, not having seen {unseen}"

    def _set_algebra(self, entry: Entry, made: Made, kind: Kind) -> None:
        """A concurrent add wins: only what stood on the author's screen is removed, or under it."""
        for name in (n for n in entry.after if kind.fields[n].policy == "set"):
            shown: set[str] = set()
            of: Made | None = made
            while of is not None and (seen := of.seen.get(name)) is not None:
                shown |= set(seen.value or ())
                of = self.made.get(seen.writer or "")
            gone = set(entry.said["before"][name] or ()) - set(entry.after[name] or ())
            assert gone <= shown, f"I5 {made.id} removed {sorted(gone)}, it had seen {sorted(shown)}"

    def _note_elements(self, entry: Entry, made: Made) -> None:
        for name, value in entry.after.items():
            if self.kinds[entry.head["kind"]].fields[name].policy == "set":
                for element in set(value or ()) - set(entry.said["before"].get(name) or ()):
                    self.adders[entry.head["record"], name, element] = made.device

    def _own_elements_go(self, entry: Entry, made: Made, kind: Kind) -> None:
        """I9 for sets: what somebody put in and takes out again on the same device is out."""
        record = entry.head["record"]
        for name, said in made.fields.items():
            if kind.fields[name].policy != "set":
                continue
            writes = self.writes.get((record, name))
            now = entry.after.get(name, writes[-1].value if writes else None)
            for element in (set(said["remove"]) - set(said["add"])) & set(now or ()):
                other = self.adders[record, name, element]
                assert other != made.device, f"I9 {made.id} took its own {element} out, and it stays"

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
        chain = self._seen_by(made, name)
        for write in reversed(writes):
            if write.device != made.device:
                return None if write.change in chain else write
            if made.id in self.watch.accepted and self.made[write.change].n > made.n:
                return write  # taken late: its own author wrote this after it
            if chain.get(write.change):
                return None  # it stood on the screen as the server's: what is under it was seen
        return None

    def _seen_by(self, made: Made, name: str) -> dict[str, bool]:
        """What the author of a change had seen in a field: then, or when making those before it that
        still waited (what masks its base).
        """
        seen: dict[str, bool] = {}
        of: Made | None = made
        while of is not None:
            for writer, confirmed in self._chain(of, name):
                seen[writer] = seen.get(writer, False) or confirmed
            of = self.made.get((of.raw.get("base") or {}).get("after") or "")
        return seen

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

    def _is_merged(self, entry: Entry, made: Made, name: str) -> bool:
        """Whether the text holds both edits: the author's, and the one not seen.

        Over what stood on the screen, or under it: an own edit that could not be understood never
        reached the journal, and what was written over it is merged over what it was written over.
        """
        mine, current = made.fields[name]["set"], entry.said["before"][name]
        of: Made | None = made
        while of is not None:
            seen = of.seen.get(name)
            base = (seen.value if seen else None) or ""
            if entry.after[name] == merge_text(base, current or "", mine or ""):
                return True
            of = self.made.get(seen.writer or "") if seen else None
        return False
