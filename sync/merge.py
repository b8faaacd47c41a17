"""Three-way merge of one change into one record: pure rules, no history read, no clock (protocol.md §4)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from .diff3 import merge_text
from .lifecycle import Transition
from .record import Body, Field, Kind

UNKNOWN = -1  # the trunk of a base that a restore threw away: everything has moved since


@dataclass(frozen=True, slots=True)
class Lost:
    """A value that did not win, or that won over another one: both are kept, somebody decides.

    `mode` is `review` where the author's value was not applied as it stands, `stands` where it is
    the graver one and shows until somebody decides, `info` where it was applied over a value that
    the author had not seen and nobody need decide.
    """

    current: Any
    mine: Any
    mode: Literal["review", "stands", "info"]


@dataclass(slots=True)
class Judgement:
    """What a change does to a record: new values, what lost, and whether others had moved."""

    after: Body = field(default_factory=dict)
    lost: dict[str, Lost] = field(default_factory=dict)
    moved: bool = False
    why: str | None = None
    stamps: dict[str, str] = field(default_factory=dict)
    # Fields whose new value is more than the author's own: a merged text or set, a longer log, the
    # graver of two, a step from a state not seen. The author's next offline act has not seen it, so
    # it must not count as the author's device's.
    contested: set[str] = field(default_factory=set)

    @property
    def status(self) -> str:
        """`conflict`, `noop`, `merged` or `applied` (protocol.md §3)."""
        if any(lost.mode != "info" for lost in self.lost.values()):
            return "conflict"
        if not self.after:
            return "noop"
        return "merged" if self.moved or self.lost else "applied"


@dataclass(frozen=True, slots=True)
class Written:
    """Who last wrote each field: its entry's seq and the device."""

    seqs: Mapping[str, int]
    devices: Mapping[str, str]

    def moved(self, name: str, trunk: int, device: str) -> bool:
        """Whether somebody else wrote `name` after the author had looked. One comparison."""
        seq = self.seqs.get(name)  # a field that nobody wrote has not moved, whatever the trunk
        return seq is not None and seq > trunk and self.devices.get(name) != device


def merge(
    kind: Kind,
    body: Body,
    written: Written,
    fields: Mapping[str, Mapping[str, Any]],
    *,
    trunk: int,
    device: str,
    actor: str,
    at: str,
    done_at: str | None = None,
    atomic: bool = False,
    bases: Mapping[str, Any] | None = None,
) -> Judgement:
    """Judge the `fields` of one update against the record's present `body`.

    `trunk` is the version that the author had seen (or UNKNOWN); `bases` are the texts and sets
    that the author had seen; `at` is the time that the change tells, `done_at` the estimate of the
    true one (arrival.py), which is kept of a step. Nothing is dropped: what does not win stands in
    `lost`. With `atomic`, one lost field takes the others with it (docs/decisions/0008).
    """
    out = Judgement(moved=any(written.moved(n, trunk, device) for n in written.seqs))
    groups_moved = _moved_groups(kind, body, written, fields, trunk, device)
    # The step comes last: it is judged on the record as the rest of the change leaves it.
    for name, said in sorted(fields.items(), key=lambda f: kind.fields[f[0]].policy == "state"):
        declared = kind.fields[name]
        moved = written.moved(name, trunk, device)
        if moved and declared.policy in ("state", "set", "append"):
            out.contested.add(name)
        if declared.policy == "state":
            _step(kind, body, said["do"], actor, done_at or at, out)
        elif declared.policy == "set":
            seen = ((bases or {}).get(name) or []) if moved else None
            _keep(out, body, name, merge_set(body.get(name, []), said, seen))
        elif declared.policy == "append":
            _note(out, body.get(name, []), name, said, actor, at)
        else:
            whole = declared.group in groups_moved
            if body.get(name) != said["set"] or whole:
                base = (bases or {}).get(name)
                _value(declared, name, body.get(name), said["set"], whole or moved, out, base)
            elif trunk == UNKNOWN:
                # Said over what a restore threw away: whoever wrote that comes again, perhaps later,
                # and must find that somebody had seen it and said otherwise. Whose value stands there
                # is not known to the author, so it is not the author's alone.
                out.after[name] = said["set"]
                out.contested.add(name)
    if atomic and any(lost.mode != "info" for lost in out.lost.values()):
        _lose_all(kind, out, body, fields)
    return out


def _lose_all(kind: Kind, out: Judgement, body: Body, fields: Mapping[str, Mapping[str, Any]]) -> None:
    """One field of an atomic change was lost: the others go with it, and all are in question.

    A graver safety value shows all the same until somebody decides: people work under it.
    """
    mine = {n: x.mine for n, x in out.lost.items()}
    mine = {n: _offered(fields[n], value) for n, value in out.after.items()} | mine
    out.after.clear()
    out.stamps.clear()
    out.contested.clear()
    for name, value in mine.items():
        current = body.get(name)
        worse = graver(kind.fields[name], current, value)
        out.lost[name] = Lost(current, value, "stands" if worse else "review")
        if worse:
            out.after[name] = value
            out.contested.add(name)


def _offered(said: Mapping[str, Any], value: Any) -> Any:
    """What a reviewer may pick of a field that lost: a step's verb, a note's text, else its value."""
    if "append" in said:
        return "\n".join(entry["text"] for entry in said["append"])
    return said.get("do", value)


def _moved_groups(
    kind: Kind,
    body: Body,
    written: Written,
    fields: Mapping[str, Mapping[str, Any]],
    trunk: int,
    device: str,
) -> set[str]:
    """Groups touched by the change in which another author wrote any member since the base.

    If the change says of the whole group what already stands, nothing needs deciding.
    """
    moved = set()
    for group in {kind.fields[n].group for n in fields} - {None}:
        members = [n for n, f in kind.fields.items() if f.group == group]
        same = all(body.get(n) == fields[n].get("set") for n in members if n in fields)
        if not same and any(written.moved(n, trunk, device) for n in members):
            moved.add(str(group))
    return moved


def _keep(out: Judgement, body: Body, name: str, value: Any) -> None:
    if value != body.get(name, []):
        out.after[name] = value


def _value(
    declared: Field,
    name: str,
    current: Any,
    mine: Any,
    moved: bool,
    out: Judgement,
    base: str | None,
) -> None:
    """A plain value under `review`, `last`, `text` or `server` that differs, or whose group does."""
    merged = _merged_text(declared, base, current, mine) if moved else None
    if not moved:
        out.after[name] = mine
    elif merged is not None:
        out.contested.add(name)
        if merged != current:
            out.after[name] = merged
    elif declared.policy == "last":
        out.after[name] = mine
        out.lost[name] = Lost(current, mine, "info")
    else:
        out.lost[name] = Lost(current, mine, "review")
        if graver(declared, current, mine):
            out.after[name] = mine  # the worse of the two shows until a named person decides
            out.lost[name] = Lost(current, mine, "stands")
            out.contested.add(name)


def _merged_text(declared: Field, base: str | None, current: Any, mine: Any) -> str | None:
    """Both edits of a text in one, or None where a person has to choose."""
    if declared.policy != "text" or not all(isinstance(t, str) for t in (base, current, mine)):
        return None
    merged = merge_text(base or "", current, mine)
    limit = declared.schema.get("maxLength", len(merged or ""))
    return merged if merged is not None and len(merged) <= limit else None


def graver(declared: Field, current: Any, mine: Any) -> bool:
    """Whether `mine` is the worse value of an ordered safety field."""
    order = declared.order
    if not order or mine not in order:
        return False
    return current not in order or order.index(mine) > order.index(current)


def merge_set(current: list[str], said: Mapping[str, list[str]], seen: list[str] | None = None) -> list[str]:
    """Add wins over a concurrent remove; the result is sorted so that all replicas agree.

    Where somebody else wrote the set meanwhile, `seen` is what its author had seen: what was added
    since is not the author's to remove.
    """
    remove = set(said.get("remove", ()))
    if seen is not None:
        remove &= set(seen)
    return sorted((set(current) - remove) | set(said.get("add", ())))


def _append(
    current: list[dict[str, str]], said: Mapping[str, Any], actor: str, at: str
) -> list[dict[str, str]]:
    """Entries by id, each once; the author and time are those of the change."""
    known = {e["id"] for e in current}
    added = []
    for entry in said["append"]:
        if entry["id"] not in known:
            known.add(entry["id"])
            added.append({"id": entry["id"], "text": entry["text"], "by": actor, "at": at})
    return [*current, *added]


def _note(
    out: Judgement, current: list[dict[str, str]], name: str, said: Mapping[str, Any], actor: str, at: str
) -> None:
    """Add notes. One whose id is known with another text is no repetition: both texts are kept."""
    longer = _append(current, said, actor, at)
    if longer != current:
        out.after[name] = longer
    known = {e["id"]: e["text"] for e in current}
    for entry in said["append"]:
        if known.get(entry["id"], entry["text"]) != entry["text"]:
            out.lost[name] = Lost(known[entry["id"]], entry["text"], "review")


def _step(kind: Kind, body: Body, verb: str, actor: str, at: str, out: Judgement) -> None:
    """A transition, judged on the *current* state: the first valid one in server order wins."""
    assert kind.lifecycle is not None
    state = body.get("state", kind.lifecycle.initial)
    step = kind.lifecycle.step(state, verb)
    why = "illegal-transition" if step is None else against(kind, step, verb, body | out.after, actor)
    if step is None or why is not None:
        out.lost["state"] = Lost(state, verb, "review")
        out.why = why
        return
    out.after["state"] = step.target
    out.stamps = dict.fromkeys(step.stamps, actor) | dict.fromkeys(step.times, at)


def against(kind: Kind, step: Transition, verb: str, body: Body, actor: str) -> str | None:
    """The code of what speaks against a step that the state allows, or None."""
    if any(body.get(name) in (None, "", []) for name in step.needs):
        return "step-incomplete"
    return kind.objection(verb, body, actor)


def first_body(kind: Kind, fields: Mapping[str, Mapping[str, Any]], *, actor: str, at: str) -> Body:
    """The body of a record as its first change makes it."""
    body: Body = {}
    for name, said in fields.items():
        policy = kind.fields[name].policy
        if policy == "set":
            value: Any = merge_set([], said)
        elif policy == "append":
            value = _append([], said, actor, at)
        else:
            value = said["set"]
        if value is not None and value != []:
            body[name] = value
    if kind.lifecycle is not None:
        body["state"] = kind.lifecycle.initial
    if kind.signed is not None:
        body[kind.signed] = actor
    return body
