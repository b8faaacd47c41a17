"""What a named person decides: which value stands, whether late work is taken, what is undeleted.

Every decision is one entry with its reason; losing values and returned work stay for ever.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from . import erasure, rights
from .arrival import Captured
from .canonical import spell
from .change import Author, Change, May, read
from .conflicts import CONFLICT, PARKED
from .merge import Lost, Written, against, merge_set
from .minutes import Outcome, State
from .protocol import RECORD_BYTES
from .record import Body, Kind
from .schema import lift_names

if TYPE_CHECKING:
    from .sitting import Sitting

CURRENT = "current"
DOUBTFUL = ("bad-signature", "signature-missing")

# Work that a reviewer may take although it came late or was not permitted then.
ACCEPTABLE = (
    *("access-revoked", "re-assigned", "access-expired", "deactivated", "project-closed"),
    *("not-permitted", "edit-vs-delete", "delete-vs-edit", "moved-meanwhile"),
    *DOUBTFUL,
)

# Of these nobody has said yet that the author might do it, or it was said that they might not.
UNVOUCHED = ("not-permitted", "project-closed", *DOUBTFUL)

SAME = "same-person"  # what a kind's objection answers where another person must take the step

# Faults of the decision itself: the reviewer sends another one, and nobody else is bothered.
FAULTY = ("undecided-fields", "no-such-candidate", "invalid-fields", "step-incomplete")


class Undecided(Exception):
    """The decision cannot be carried out; `why` is the code that says so."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


def resolve(sitting: "Sitting", change: Change, state: State) -> Outcome:
    """Carry a reviewer's decision out, on a conflict or on parked work."""
    refused = sitting.author.may.refusal(
        state.kind, "resolve", state.audience, sitting.minutes.captured(change).at
    )
    if refused:
        return sitting.park(change, refused)
    if not state.body.get("open"):
        return sitting.minutes.append(change, "noop", state.audience, version=state.version)
    try:
        if state.kind == CONFLICT.name:
            return _settle(sitting, change, state)
        if state.kind == PARKED.name:
            return _review(sitting, change, state)
    except Undecided as fault:
        if fault.why in FAULTY:
            return sitting.minutes.invalid(change, fault.why)
        return sitting.park(change, fault.why)
    return sitting.park(change, "kind-mismatch")


def _settle(sitting: "Sitting", change: Change, state: State) -> Outcome:
    """A conflict: each field takes the value picked or set, unless the record moved meanwhile."""
    target = sitting.states.get(state.body["target"])
    if target is None or target.deleted:
        raise Undecided("edit-vs-delete")
    kind = sitting.kinds[target.kind]
    asked = lift_names(kind.lifts, state.body["fields"])
    change = replace(change, fields=lift_names(kind.lifts, change.fields))
    change, told = _hear(sitting, change, target)
    if told is not None:
        return told
    if set(change.fields) != set(asked):
        raise Undecided("undecided-fields")
    about = replace(change, record=state.body["target"], kind=kind)
    written = Written(target.seqs, target.devices)
    since = [n for n in change.fields if written.moved(n, change.version, sitting.author.device)]
    if since or state.version > change.version:
        return _reopen(sitting, about, change.record, state, target)
    after = _decided(sitting, about, asked, target)
    broken = sitting.objection(kind, target.body, after)
    if broken:
        raise Undecided(broken)
    if after and len(spell(target.body | after)) > RECORD_BYTES:
        raise Undecided("cap-reached")
    before = {n: target.body.get(n) for n in after}
    if after:
        sitting.apply(target, after)
    _close(sitting, change, state, {n: dict(said) for n, said in change.fields.items()})
    return sitting.minutes.append(
        about, "applied", target.audience, after=after, before=before, conflict=change.record
    )


def _hear(sitting: "Sitting", change: Change, target: State) -> tuple[Change, Outcome | None]:
    """What is left of a decision over a record of which contents were erased, for who had not seen it."""
    if erasure.ERASED not in target.body:
        return change, None
    left = erasure.without_erased(change, target, change.version)
    if left is not None:
        return left, None
    said = erasure.bare(change)
    return said, sitting.minutes.append(said, "noop", target.audience, why="erased", version=target.version)


def _reopen(sitting: "Sitting", about: Change, name: str, state: State, target: State) -> Outcome:
    """The reviewer had not seen what is there now: the question stands, with the new values."""
    fields: Body = {}
    for field, known in lift_names(about.kind.lifts, state.body["fields"]).items():
        now = {"value": target.body.get(field), "seq": target.seqs.get(field, 0)}
        kept = list(known.get("overwritten", ()))
        if known["current"]["value"] != now["value"]:
            kept.append(known["current"])
        fields[field] = known | {"current": now, "overwritten": kept}
    sitting.rewrite(name, state, state.body | {"fields": fields}, seq=sitting.minutes.seq + 1)
    lost = {n: Lost(target.body.get(n), dict(said), "review") for n, said in about.fields.items()}
    return sitting.minutes.append(
        about,
        "conflict",
        target.audience,
        lost=lost,
        why="moved-meanwhile",
        conflict=name,
        version=target.version,
    )


def _decided(sitting: "Sitting", about: Change, fields: Body, target: State) -> Body:
    """The values that change by the decision. Raises Undecided for what the kind cannot take."""
    kind, body, after = about.kind, target.body, Body()
    for name in sorted(about.fields, key=lambda n: kind.fields[n].policy == "state"):
        said = about.fields[name]
        if said.get("pick") == CURRENT:
            continue
        value, actor = said.get("set"), sitting.author.actor
        if "set" in said and kind.fields[name].policy != "state":
            _may_write(sitting, about, name, target)
        if "pick" in said:
            offered = {c["change"]: (c["value"], c["actor"]) for c in fields[name]["candidates"]}
            offered |= {str(o["seq"]): (o["value"], actor) for o in fields[name].get("overwritten", ())}
            if said["pick"] not in offered:
                raise Undecided("no-such-candidate")
            value, actor = offered[said["pick"]]
        if kind.fields[name].policy == "state":
            mine = None if "pick" in said else target.audience
            after |= _step(sitting, about, body | after, str(value), actor, mine)
        else:
            after |= _taken(kind, about, name, value, body, actor)
    return {n: v for n, v in after.items() if v != body.get(n)}


def _step(sitting: "Sitting", about: Change, body: Body, verb: str, actor: str, audience: str | None) -> Body:
    """A step that lost and is taken after all, or one that the reviewer takes in `audience`.

    It is judged as if it were taken now, by whoever wanted it: separation of duties cannot be got
    round by losing first.
    """
    kind, at = about.kind, sitting.minutes.captured(about).at
    assert kind.lifecycle is not None
    step = kind.lifecycle.step(body.get("state", kind.lifecycle.initial), verb)
    if step is None:
        raise Undecided("illegal-transition")
    may_not = rights.refused(sitting.author, about, verb, audience, at) if audience else None
    why = may_not or against(kind, step, verb, body, actor)
    if why is not None:
        raise Undecided(why)
    return {"state": step.target} | dict.fromkeys(step.stamps, actor) | dict.fromkeys(step.times, at)


def _may_write(sitting: "Sitting", about: Change, name: str, target: State) -> None:
    """A third value is the reviewer's own writing: it needs what an edit of the record needs."""
    edit = replace(about, fields={name: about.fields[name]})
    at = sitting.minutes.captured(about).at
    why = rights.refused(sitting.author, edit, "update", target.audience, at)
    why = why or rights.not_own(sitting.author, edit, target)
    if why:
        raise Undecided(why)


def _taken(kind: Kind, change: Change, name: str, value: Any, body: Body, actor: str) -> Body:
    """What taking `actor`'s `value` for a field makes of the body, by the field's rule."""
    policy = kind.fields[name].policy
    said: Body = {"set": value}
    if policy == "append":
        said = {"append": [{"id": change.id, "text": value}]}
    elif policy == "set":
        said = {"add": value, "remove": []}
    if kind.fields[name].fixed or kind.faults("update", {name: said}):
        raise Undecided("invalid-fields")
    if policy == "append":
        return {name: [*body.get(name, []), {"id": change.id, "text": value, "by": actor, "at": change.at}]}
    return {name: merge_set([], said) if policy == "set" else value}


def _review(sitting: "Sitting", change: Change, state: State) -> Outcome:
    """Parked work: taken as if it had come in time, or returned with the reason. Refused again, it stays."""
    said = change.fields.get("decision", {}).get("set")
    if said == "return":
        _close(sitting, change, state, {"decision": said})
        return sitting.minutes.append(change, "applied", state.audience, conflict=change.record)
    # What its kind's guard refused is judged by it again: the facts may have been entered meanwhile.
    why = state.body.get("first_why", state.body["why"])
    guard = sitting.guarded.get(state.body["target_kind"])
    judged_again = guard is not None and why in guard.codes
    if said != "accept" or not (judged_again or why in ACCEPTABLE):
        raise Undecided("undecided-fields")
    late = read(state.body["change"], sitting.kinds, schema=state.body.get("schema"))
    if not isinstance(late, Change):
        raise Undecided("invalid-fields")
    if late.op == "resolve":
        raise Undecided("undecided-fields")  # a decision that came late is made anew
    # The author's signature stands on the entry by which the work came in, and so does its time.
    captured = Captured(state.body["captured_at"], tuple(state.body["flags"]))
    taken = replace(late, id=change.id, digest=change.digest, signed=None, captured=captured)
    if why in UNVOUCHED and _through_another(sitting, late, state):
        return _leave(sitting, change, state, SAME)
    may = _Vouched(
        sitting.author.may,
        state.body["grants"],
        sitting.minutes.captured(change).at,
        proven=why not in UNVOUCHED,
    )
    author = Author(state.body["actor"], state.body["device"], may, system=state.body.get("system", False))
    try:
        outcome = sitting.take(taken, author)
    except Undecided as still:
        return _leave(sitting, change, state, still.why)
    _close(sitting, change, state, {"decision": said}, seq=sitting.minutes.seq)
    return outcome


def _through_another(sitting: "Sitting", late: Change, piece: State) -> bool:
    """Whether the reviewer would lend the right to a step, or vouch for who took it, that they may not take
    themselves, because another person must (separation of duties).
    """
    target, said = sitting.states.get(late.record), late.fields.get("state")
    if sitting.author.system or said is None or target is None or target.kind != late.kind.name:
        return False
    doubted = piece.body.get("first_why", piece.body["why"]) in DOUBTFUL
    if not doubted and sitting.author.may.allowed(
        piece.body["grants"], target.kind, said["do"], target.audience
    ):
        return False  # it was the author's own right
    return late.kind.objection(said["do"], target.body, sitting.author.actor) == SAME


@dataclass(frozen=True, slots=True)
class _Vouched:
    """What the author of parked work may do when it is taken: what they might when they did it, and what the
    reviewer, who answers for it, might do at the moment of the decision.
    """

    reviewer: May
    held: Sequence[Mapping[str, Any]]
    decided_at: str
    proven: bool

    def sees(self, audience: str) -> bool:
        """What the reviewer does not see is not theirs to take."""
        return self.reviewer.sees(audience)

    def refusal(self, kind: str, verb: str, audience: str, at: str) -> str | None:  # noqa: ARG002
        """Nothing, where the author's right was seen when it came, or held then; else what the reviewer is
        told.
        """
        if self.proven or self.reviewer.allowed(self.held, kind, verb, audience):
            return None
        return self.reviewer.refusal(kind, verb, audience, self.decided_at)

    def grants(self, at: str) -> list[dict[str, Any]]:
        """The reviewer's: nothing is parked under this name."""
        return self.reviewer.grants(at)

    def allowed(self, grants: Sequence[Mapping[str, Any]], kind: str, verb: str, audience: str) -> bool:
        """As for the reviewer."""
        return self.reviewer.allowed(grants, kind, verb, audience)

    def late(self, ended_at: str) -> bool:
        """As for the reviewer."""
        return self.reviewer.late(ended_at)


def _leave(sitting: "Sitting", change: Change, state: State, why: str) -> Outcome:
    """What was to be taken is refused again: it waits on, and says the newest reason. One entry keeps who
    wanted it and why it was not done.
    """
    again = {"why": why, "first_why": state.body.get("first_why", state.body["why"])}
    sitting.rewrite(change.record, state, state.body | again, seq=sitting.minutes.seq + 1)
    return sitting.minutes.append(
        change, "parked", state.audience, why=why, conflict=change.record, version=None
    )


def _close(sitting: "Sitting", change: Change, state: State, what: Body, *, seq: int | None = None) -> None:
    """Under `seq`, by default that of the entry which the caller appends next."""
    decision = {
        "by": sitting.author.actor,
        "at": change.at,
        "reason": change.raw["reason"],
        "change": change.id,
        "what": what,
    }
    target = state.body["target"]
    body = state.body | {"open": False, "decision": decision}
    sitting.rewrite(change.record, state, body, seq=seq or sitting.minutes.seq + 1)
    sitting.minutes.conflicts.append((sitting.dossier, change.record, target, state.kind, False))
    for opened in (sitting.open_conflicts.get(target, []), sitting.open_pieces.get(target, [])):
        if change.record in opened:
            opened.remove(change.record)


def undelete(sitting: "Sitting", change: Change, state: State) -> Outcome:
    """Bring a deleted record back as it was."""
    at = sitting.minutes.captured(change).at
    refused = rights.refused(sitting.author, change, "undelete", state.audience, at)
    if refused:
        return sitting.park(change, refused)
    if not state.deleted:
        return sitting.minutes.append(change, "noop", state.audience, version=state.version)
    state.deleted, state.dirty = False, True
    state.version = sitting.minutes.seq + 1
    return sitting.minutes.append(change, "applied", state.audience, after=dict(state.body))
