"""What must be true of a dossier, said a second time and as plainly as possible (protocol.md §3, §4).

No SQL, no bytes, no hashes: dictionaries, and the rules read off the protocol. The engine is held
against it change by change.
"""

import copy
from dataclasses import dataclass, field
from typing import Any

from sync.lifecycle import Lifecycle, transition
from sync.record import Kind, choice, integer, kind, log, tags, text

GRADES = ("mild", "bad", "grave")
STEPS = {"fix": ("open", "fixed"), "reopen": ("fixed", "open"), "close": ("fixed", "closed")}
GROUP = ("x", "y")
SHEET: Kind = kind(
    "sheet",
    zh="测表",
    audiences=("field", "office"),
    lifecycle=Lifecycle(
        initial="open",
        states={"open": "开", "fixed": "改", "closed": "销"},
        transitions={v: transition(f"{a} -> {b}", by="all") for v, (a, b) in STEPS.items()},
    ),
    fields={
        "verdict": text(40, required=True),
        "memo": text(40, policy="last"),
        "grade": choice(*GRADES, graver=True),
        "x": integer(0, 9, group="xy"),
        "y": integer(0, 9, group="xy"),
        "tags": tags(),
        "notes": log(),
    },
)
JUMP = 1_000_000
NEVER = -1  # the trunk of a base that nobody can have seen, or that a restore threw away
SOMEBODY = "merge"  # who wrote a value that nobody wrote alone
ACCEPTABLE = ("not-permitted", "edit-vs-delete", "delete-vs-edit", "moved-meanwhile")


@dataclass
class Sheet:
    """One record, with every value its fields ever had: name → [(seq, device, value)]."""

    audience: str
    version: int
    deleted: bool = False
    written: dict[str, list[tuple[int, str, Any]]] = field(default_factory=dict)
    acts: list[tuple[int, str, int, dict[str, Any]]] = field(default_factory=list)

    @property
    def body(self) -> dict[str, Any]:
        """The present values; a field that was emptied is not there."""
        now = {n: w[-1][2] for n, w in self.written.items() if n != "@audience"}
        return {n: v for n, v in now.items() if v is not None}

    def put(self, name: str, seq: int, device: str, value: Any) -> None:
        """A new value."""
        self.written.setdefault(name, []).append((seq, device, value))

    def moved(self, name: str, trunk: int, device: str) -> bool:
        """Whether somebody else wrote the field since."""
        if name not in self.written:
            return False
        seq, writer, _ = self.written[name][-1]
        return seq > trunk and writer != device

    def on_screen(self, name: str, trunk: int, device: str, n: int) -> set[str]:
        """The set as its author had it on the screen: as at `trunk`, with what they did to it since."""
        if trunk == NEVER:
            return set()
        before = [value for seq, _, value in self.written.get(name, ()) if seq <= trunk]
        seen = set(before[-1]) if before else set()
        for seq, who, number, fields in self.acts:
            if seq > trunk and who == device and number < n and name in fields:
                seen = seen - set(fields[name]["remove"]) | set(fields[name]["add"])
        return seen


@dataclass
class Waiting:
    """A conflict or parked work: for each field every value that it must hold, for ever."""

    target: str
    why: str | None = None
    open: bool = True
    audience: str = "office"
    values: dict[str, list[Any]] = field(default_factory=dict)
    work: dict[str, Any] | None = None
    version: int = 0
    first_why: str | None = None  # why it came, where it has been taken and refused once more


@dataclass
class Said:
    """What the engine must answer."""

    status: str
    why: str | None = None
    conflict: str | None = None
    entered: bool = True


@dataclass
class Model:
    """One dossier."""

    seq: int = 0
    epoch: int = 1
    forks: list[tuple[int, int]] = field(default_factory=list)
    sheets: dict[str, Sheet] = field(default_factory=dict)
    waiting: dict[str, Waiting] = field(default_factory=dict)
    known: dict[str, tuple[dict[str, Any], str, Said]] = field(default_factory=dict)

    def backup(self) -> "Model":
        """As it is now."""
        return copy.deepcopy(self)

    def restored(self, lost: "Model") -> "Model":
        """This backup, put back where `lost` was; what restores there were is known outside."""
        back = copy.deepcopy(self)
        back.forks = sorted({*back.forks, *lost.forks, (lost.epoch, self.seq)})
        back.epoch, back.seq = lost.epoch + 1, self.seq + JUMP + 1
        return back

    def judge(self, change: dict[str, Any], device: str, *, guest: bool = False) -> Said:
        """One change, as the protocol says; the model then stands as the dossier must."""
        known = self.known.get(change["id"])
        if known is not None:
            same = known[0] == change and known[1] == device
            return known[2] if same else Said("invalid", "change-id-reused", entered=False)
        said = Said("invalid", "invalid-fields", entered=False) if change.get("bad") else None
        if said is None:
            self.seq += 1
            said = Judge(self, change, device, guest).judge()
            if not said.entered:
                self.seq -= 1
        self.known[change["id"]] = (change, device, said)
        return said


@dataclass
class Judge:
    """One change under one seq."""

    model: Model
    change: dict[str, Any]
    device: str
    guest: bool = False
    taken: bool = False  # late work, which is judged under the decision's id and kept already

    def judge(self) -> Said:
        """By what the change does."""
        said: Said = getattr(self, f"_{self.change['op']}")()
        sheet = self.model.sheets.get(self.change["record"])
        if sheet is not None and self.change["op"] in ("create", "update"):
            sheet.acts.append((self.model.seq, self.device, self.change["n"], self.change["fields"]))
        return said

    @property
    def _trunk(self) -> int:
        base, sheet = self.change["base"], self.model.sheets[self.change["record"]]
        lost = any(e >= base["epoch"] and fork < base["version"] for e, fork in self.model.forks)
        return NEVER if lost or base["version"] > sheet.version else base["version"]

    def _park(self, why: str) -> Said:
        if self.taken:
            return Said("parked", why)
        work = {"change": self.change, "device": self.device}
        waits = Waiting(self.change["record"], why, work=work, version=self.model.seq)
        self.model.waiting[self.change["id"]] = waits
        return Said("parked", why)

    def _create(self) -> Said:
        if self.change["record"] in self.model.sheets:
            return self._park("id-collision")
        if self.guest:
            return self._park("not-permitted")
        sheet = Sheet(self.change["audience"], self.model.seq)
        for name, said in self.change["fields"].items():
            value = _first(said, self.device, self.change["at"])
            if value not in (None, []):
                sheet.put(name, self.model.seq, self.device, value)
        sheet.put("state", self.model.seq, self.device, "open")
        self.model.sheets[self.change["record"]] = sheet
        return Said("applied")

    def _delete(self, *, anyway: bool = False) -> Said:
        sheet = self.model.sheets.get(self.change["record"])
        if sheet is None:
            return self._park("unknown-record")
        if self.guest:
            return self._park("not-permitted")
        if sheet.deleted:
            return Said("noop")
        if not anyway and any(sheet.moved(n, self._trunk, self.device) for n in sheet.written):
            return self._park("delete-vs-edit")
        sheet.deleted, sheet.version = True, self.model.seq
        return Said("applied")

    def _undelete(self) -> Said:
        sheet = self.model.sheets.get(self.change["record"])
        if sheet is None:
            return self._park("unknown-record")
        if self.guest:
            return self._park("not-permitted")
        if not sheet.deleted:
            return Said("noop")
        sheet.deleted, sheet.version = False, self.model.seq
        return Said("applied")

    def _update(self) -> Said:
        sheet, seq = self.model.sheets.get(self.change["record"]), self.model.seq
        if sheet is None:
            return self._park("unknown-record")
        if self.guest:
            return self._park("not-permitted")
        if sheet.deleted:
            return self._park("edit-vs-delete")
        trunk, to = self._trunk, self.change.get("audience")
        if to not in (None, sheet.audience) and sheet.moved("@audience", trunk, self.device):
            return self._park("moved-meanwhile")
        others = any(sheet.moved(n, trunk, self.device) for n in sheet.written)
        after, lost = self._merged(sheet, trunk)
        conflict = self._dispute(sheet, lost) if lost else None
        for name, (writer, value) in after.items():
            sheet.put(name, seq, writer, value)
        if after:
            sheet.version = seq
        moves = to not in (None, sheet.audience)
        if moves:
            self._move(sheet, str(to))
        hard = any(not mild for _, _, mild in lost.values())
        why = "illegal-transition" if "state" in lost else None
        if hard:
            return Said("conflict", why, conflict)
        if not after:
            return Said("applied" if moves else "noop")
        return Said("merged" if others or lost else "applied", None, conflict)

    def _move(self, sheet: Sheet, to: str) -> None:
        dispute = self.model.waiting.get(self._open_dispute() or "")
        if dispute is not None and dispute.audience == sheet.audience:
            dispute.audience, dispute.version = to, self.model.seq
        sheet.audience, sheet.version = to, self.model.seq
        sheet.put("@audience", self.model.seq, self.device, to)

    def _merged(self, sheet: Sheet, trunk: int) -> tuple[dict[str, Any], dict[str, tuple[Any, Any, bool]]]:
        """New values with their writer, and what lost: name → (current, mine, whether only noted)."""
        fields, body, me = self.change["fields"], sheet.body, self.device
        after: dict[str, tuple[str, Any]] = {}
        lost: dict[str, tuple[Any, Any, bool]] = {}
        differs = any(body.get(n) != fields[n]["set"] for n in GROUP if n in fields)
        tied = differs and any(sheet.moved(n, trunk, me) for n in GROUP)
        for name, said in fields.items():
            now, moved = body.get(name), sheet.moved(name, trunk, me)
            if name == "state":
                source, target = STEPS[said["do"]]
                if now == source:
                    after[name] = (SOMEBODY if moved else me, target)
                else:
                    lost[name] = (now, said["do"], False)
            elif name == "tags":
                gone = set(said["remove"])
                if moved:  # what others have added since is not the author's to take off
                    gone &= sheet.on_screen(name, trunk, me, self.change["n"])
                value = sorted(set(now or []) - gone | set(said["add"]))
                if value != (now or []):
                    after[name] = (SOMEBODY if moved else me, value)
            elif name == "notes":
                self._note(now or [], said["append"], SOMEBODY if moved else me, after, lost)
            elif name in GROUP and tied:
                lost[name] = (now, said["set"], False)
            elif said["set"] == now and trunk == NEVER:
                after[name] = (SOMEBODY, said["set"])  # decision 0007
            elif said["set"] != now and not moved:
                after[name] = (me, said["set"])
            elif said["set"] != now:
                lost[name] = (now, said["set"], name == "memo")
                if name == "memo":
                    after[name] = (me, said["set"])
                elif name == "grade" and _graver(now, said["set"]):
                    after[name] = (SOMEBODY, said["set"])
        return after, lost

    def _note(self, now: list[Any], said: list[Any], writer: str, after: Any, lost: Any) -> None:
        texts = {e["id"]: e["text"] for e in now}
        new = {e["id"]: e for e in reversed(said) if e["id"] not in texts}
        if new:
            in_order = [new.pop(e["id"]) for e in said if e["id"] in new]
            made = [e | {"by": person(self.device), "at": self.change["at"]} for e in in_order]
            after["notes"] = (writer, [*now, *made])
        for entry in said:
            if texts.get(entry["id"], entry["text"]) != entry["text"]:
                lost["notes"] = (texts[entry["id"]], entry["text"], False)

    def _open_dispute(self) -> str | None:
        found = [i for i, w in self.model.waiting.items() if self._disputes(w)]
        return found[0] if found else None

    def _disputes(self, waits: Waiting) -> bool:
        return waits.open and waits.work is None and waits.target == self.change["record"]

    def _dispute(self, sheet: Sheet, lost: dict[str, tuple[Any, Any, bool]]) -> str:
        name = self._open_dispute() or self.change["id"]
        waits = self.model.waiting.setdefault(name, Waiting(self.change["record"], audience=sheet.audience))
        waits.audience, waits.version = sheet.audience, self.model.seq
        for field_name, (now, mine, _) in lost.items():
            waits.values.setdefault(field_name, []).extend((now, mine))
        return name

    def _resolve(self) -> Said:
        waits = self.model.waiting.get(self.change["record"])
        if waits is None:  # a restore threw it away
            return self._park("unknown-record")
        if self.guest:
            return self._park("not-permitted")
        if not waits.open:
            return Said("noop")
        if waits.work is not None:
            return self._review(waits, waits.work)
        sheet, seen = self.model.sheets[waits.target], self.change["base"]["version"]
        if sheet.deleted:
            return self._park("edit-vs-delete")
        fields = self.change["fields"]
        if any(sheet.moved(n, seen, self.device) for n in fields) or waits.version > seen:
            waits.version = self.model.seq
            for name in fields:
                waits.values[name].append(sheet.body.get(name))
            return Said("conflict", "moved-meanwhile", self.change["record"])
        for name, said in fields.items():
            value = said.get("set", sheet.body.get(name))
            if value != sheet.body.get(name):
                sheet.put(name, self.model.seq, self.device, value)
                sheet.version = self.model.seq
        waits.open, waits.version = False, self.model.seq
        return Said("applied", None, self.change["record"])

    def _review(self, waits: Waiting, work: dict[str, Any]) -> Said:
        if self.change["fields"]["decision"]["set"] == "return":
            waits.open, waits.version = False, self.model.seq
            return Said("applied", None, self.change["record"])
        if (waits.first_why or waits.why) not in ACCEPTABLE or work["change"]["op"] == "resolve":
            return Said("invalid", "undecided-fields", entered=False)
        sent = work["change"]
        renamed = sent | {"id": self.change["id"]}
        late = Judge(self.model, renamed, work["device"], taken=True)
        said = late._delete(anyway=True) if late.change["op"] == "delete" else late.judge()
        waits.version = self.model.seq
        if said.status == "parked":  # one piece, which waits on and says the newest reason
            waits.why, waits.first_why = said.why, waits.first_why or waits.why
            return Said("parked", said.why, self.change["record"])
        waits.open = False
        return said


def person(device: str) -> str:
    """Whose device it is."""
    return device.removeprefix("phone-")


def _first(said: dict[str, Any], device: str, at: str) -> Any:
    if "add" in said:
        return sorted(set(said["add"]))
    if "append" in said:
        distinct = {e["id"]: e for e in reversed(said["append"])}
        ids = dict.fromkeys(e["id"] for e in said["append"])
        return [distinct[i] | {"by": person(device), "at": at} for i in ids]
    return said["set"]


def _graver(now: Any, mine: Any) -> bool:
    return mine in GRADES and (now not in GRADES or GRADES.index(mine) > GRADES.index(now))
