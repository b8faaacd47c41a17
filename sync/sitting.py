"""One sitting over one dossier: under the lock, judge each change, then write all at once."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

import orjson
from sqlalchemy import Connection, select

from . import bases, decisions, erasure, guards, lookup, moves, rights, tables
from .arrival import Arrival
from .canonical import spell
from .change import Author, Change, Unreadable
from .conflicts import CONFLICT, PARKED, conflict_body, parked_body, readers
from .merge import UNKNOWN, Judgement, Written, first_body, merge
from .minutes import MERGED, Head, Minutes, Outcome, State, Touched, answer
from .protocol import RECORD_BYTES
from .record import Body, Kind


class Sitting:
    """Holds what was read under the lock and what is to be written before it is released."""

    def __init__(
        self,
        conn: Connection,
        kinds: Mapping[str, Kind],
        dossier: str,
        head: Head,
        author: Author,
        arrival: Arrival,
        guarded: Mapping[str, guards.Guard],
    ) -> None:
        self.kinds, self.guarded = kinds, guarded
        self.checks: dict[str, guards.Check] = {}
        self.conn, self.dossier, self.epoch, self.author = conn, dossier, head.epoch, author
        self.minutes = Minutes(conn, dossier, head, author, arrival)
        self.states: dict[str, State] = {}
        self.open_conflicts: dict[str, list[str]] = {}  # of a record, the newest last
        self.open_pieces: dict[str, list[str]] = {}  # of parked work
        self.lineage: list[tuple[int, int]] = []
        self.bases: dict[str, bases.Values] = {}
        self.taking = False  # whether parked work is being taken, for which no second piece is made
        self.overtaken: set[str] = set()  # fields that the author of taken work has written again since

    # ------------------------------------------------------------------ read
    def read(self, changes: Sequence[Change | Unreadable]) -> None:
        """Read what the changes touch: two statements for what is new, four for what is there and has open
        conflicts, twice as many for decisions, one more where something is confided or after a restore.
        """
        understood = [c for c in changes if isinstance(c, Change)]
        ids = {c.id for c in changes if c.id} | {c.after for c in understood if c.after}
        for x in lookup.find(self.conn, lookup.outcomes, self.dossier, ids):
            self.minutes.known[x.change] = (x.digest, orjson.loads(x.outcome))
            self.minutes.authors[x.change] = x.author
        # Change ids too: a conflict or parked record takes its change's id, and must not land
        # on a record that somebody gave the same id.
        self._read_touched({x.record for x in understood} | {x.id for x in understood})
        decided = [self.states[c.record] for c in understood if c.op == "resolve" and c.record in self.states]
        self._read_touched({str(s.body["target"]) for s in decided if "target" in s.body} - set(self.states))
        self.read_states(moves.confided(self, understood))
        if self.epoch > 1:
            t = tables.lineage
            forks = self.conn.execute(select(t).where(t.c.dossier == self.dossier))
            self.lineage = [(x.epoch, x.fork) for x in forks]
        self._read_beside(understood)

    def objection(self, kind: Kind, before: Body, after: Body) -> str | None:
        """The rule of the office that new values `after` would break, or None."""
        check = self.checks.get(kind.name)
        return check(before, before | after) if check and after else None

    def _read_beside(self, changes: Sequence[Change]) -> None:
        """What the authors of late edits had seen, where the merge needs it and it can be known; and
        the facts that guards of these changes' kinds ask for.
        """
        asked, device = [], self.author.device
        for index, change in enumerate(changes):
            state = self.states.get(change.record)
            if state is None:
                continue
            trunk, written = self.trunk(change, state), self.written(state)
            if bases.needed(change, trunk, written, device):
                shown = trunk if change.shown is None else self._known(*change.shown, state)
                standing = {n: state.body.get(n) for n in change.fields if state.seqs.get(n, 0) <= shown}
                earlier = [c for c in changes[:index] if c.record == change.record]
                asked.append(bases.Asked(change, trunk, shown, device, standing, earlier))
        self.bases |= bases.values_seen(self.conn, self.dossier, asked)
        self.checks |= guards.checks(self.guarded, self.conn, self.dossier, changes, self.states)

    def _read_touched(self, names: set[str]) -> None:
        """Records, and open conflicts over those that are there; at most three statements."""
        found = self.read_states(names)
        rows = lookup.find(self.conn, lookup.open_questions, self.dossier, found) if found else ()
        for x in sorted(rows, key=lambda x: str(x.conflict)):
            opened = self.open_conflicts if x.kind == CONFLICT.name else self.open_pieces
            opened.setdefault(x.record, []).append(x.conflict)
        self.read_states(c for record in found for c in self.open_conflicts.get(record, ()))

    def read_states(self, names: Iterable[str]) -> dict[str, State]:
        """Those of `names` that were not read yet; a statement where there are any."""
        new = set(names) - set(self.states)
        found = lookup.states(self.conn, self.dossier, new, self.kinds) if new else {}
        self.states |= found
        return found

    # ----------------------------------------------------------------- judge
    def judge_all(self, changes: Sequence[Change | Unreadable], still: Callable[[], bool]) -> list[Outcome]:
        """The outcome of each change in its order. From the first moment that there is no time left, which
        `still` says, the rest is answered `retry`, with nothing of it entered; but never before one was
        judged that had not been, so that whoever comes again gets further.
        """
        outcomes: list[Outcome] = []
        going, new = True, False
        for change in changes:
            going = going and (still() or not new)
            told = self.judge(change) if going else answer(change.id, "retry", "out-of-time")
            outcomes.append(told)
            new = new or not (told["replay"] or told["status"] == "retry")
        return outcomes

    def judge(self, change: Change | Unreadable) -> Outcome:
        """The outcome of one change (protocol.md §3); never raises for what people do."""
        stored = self.minutes.known.get(change.id) if change.id else None
        if stored is not None:
            digest, outcome = stored
            if digest == change.digest and self.minutes.authors.get(str(change.id)) == self.author.actor:
                return outcome | {"replay": True}
            return self.minutes.invalid(change, "change-id-reused", remember=False)
        if isinstance(change, Unreadable):
            if change.ahead:
                return answer(change.id, "retry", "schema-ahead", remedy="update")
            return self.minutes.invalid(change, change.why)
        if change.id in self.states:
            return self.minutes.invalid(change, "change-id-reused", remember=False)
        if change.after and change.after not in self.minutes.known:
            return answer(change.id, "retry", "missing-base")
        change, told = erasure.hear(change, self.states.get(change.record), self.trunk, self.minutes)
        if told is not None:
            return told
        # What its author cannot see stays unknown, whatever else speaks against the change: no reviewer
        # could take it.
        state = None if change.op == "create" else self.states.get(change.record)
        unseen = change.op != "create" and (state is None or not self.author.may.sees(state.audience))
        other = state is not None and state.kind != change.kind.name
        doubt = "unknown-record" if unseen else "kind-mismatch" if other else change.doubt
        closed = rights.closed_to(
            self.author, change, self.minutes.closed_at, self.minutes.captured(change).at
        )
        if doubt or closed:
            return self.park(change, doubt or "project-closed")
        if state is None:
            return self._create(change)
        if change.op == "resolve":
            return decisions.resolve(self, change, state)
        if change.op == "undelete":
            return decisions.undelete(self, change, state)
        return self._delete(change, state) if change.op == "delete" else self._update(change, state)

    def take(self, change: Change, author: Author) -> Outcome:
        """Judge parked work as its author's, entered by the reviewer who takes it.

        Raises Undecided where it would have to wait again.
        """
        reviewer, self.author, self.taking = self.author, author, True
        checks, self.checks = self.checks, dict(self.checks)
        try:
            if change.op == "create":
                self._read_beside([change])
                return self._create(change)
            state = self.states.get(change.record)
            if state is None or state.kind != change.kind.name or not author.may.sees(state.audience):
                return self.park(change, "unknown-record")
            if change.op == "delete":
                return self._delete(change, state, anyway=True)
            if change.op == "undelete":
                return decisions.undelete(self, change, state)
            self.overtaken = self._overtaken(change, state)
            self._read_beside([change])
            return self._update(change, state)
        finally:
            self.author, self.overtaken, self.taking = reviewer, set(), False
            self.checks = checks

    def _overtaken(self, change: Change, state: State) -> set[str]:
        """What taken work would set back: fields that its author has written later, in the device's
        order, than this. Work that waited is out of its order, so they count as somebody else's.
        """
        trunk, device = self.trunk(change, state), self.author.device
        own = {f: q for f, q in state.seqs.items() if q > trunk and state.devices.get(f) == device}
        order = self.minutes.numbers(set(own.values()))
        return {name for name, seq in own.items() if order[seq] > change.n}

    def written(self, state: State) -> Written:
        """Who last wrote each field of a record."""
        return Written(state.seqs, state.devices | dict.fromkeys(self.overtaken, MERGED))

    def _create(self, change: Change) -> Outcome:
        audience = change.audience or ""
        refused = self._refused(change, [("create", audience)])
        if change.record in self.states:
            return self._meet(change, self.states[change.record], refused)
        if refused:
            return self.park(change, refused)
        body = first_body(change.kind, change.fields, actor=self.author.actor, at=change.at)
        broken = self.objection(change.kind, {}, body)
        if broken:
            return self.park(change, broken)
        seq = self.minutes.seq + 1
        self.states[change.record] = State(
            change.kind.name,
            audience,
            seq,
            False,
            body,
            dict.fromkeys(body, seq),
            dict.fromkeys(body, self.author.device),
            dirty=True,
            bytes=change.size,
        )
        return self.minutes.append(change, "applied", audience, after=body)

    def _meet(self, change: Change, state: State, refused: str | None) -> Outcome:
        """A create of what is there: where ids are derived, the edit of one who had seen nothing of it."""
        kind, fields = change.kind, dict(change.fields)
        about = {n: fields.pop(n)["set"] for n in change.fields if kind.fields[n].fixed}
        same = (state.kind, state.audience) == (kind.name, change.audience)
        if not (kind.meets and same and about and about.items() <= state.body.items()):
            return self.park(change, "id-collision")
        if refused:
            return self.park(change, refused)
        return self._update(replace(change, fields=fields, audience=None), state)

    def _update(self, change: Change, state: State) -> Outcome:
        asked = [(verb, state.audience) for verb in rights.verbs(change)]
        if change.audience is not None:
            asked += [("move", state.audience), ("move", change.audience)]
        refused = self._refused(change, asked, state)
        if refused:
            return self.park(change, refused)
        if state.deleted:
            return self.park(change, "edit-vs-delete")
        if change.audience is not None and moves.meanwhile(self, change, state):
            return self.park(change, "moved-meanwhile")
        judged = merge(
            change.kind,
            state.body,
            self.written(state),
            change.fields,
            trunk=self.trunk(change, state),
            device=self.author.device,
            actor=self.author.actor,
            at=change.at,
            done_at=self.minutes.captured(change).at,
            atomic=change.atomic,
            bases=self.bases.get(change.id),
        )
        if state.bytes + change.size > RECORD_BYTES and _outgrows(state, judged):
            return self.park(change, "cap-reached")
        broken = self.objection(change.kind, state.body, judged.after)
        if broken:
            return self.park(change, broken)
        conflict = self._conflict(change, state, judged) if judged.lost else None
        after = judged.after | judged.stamps
        before = {n: state.body.get(n) for n in after}
        if after:
            state.apply(after, self.minutes.seq + 1, self.author.device, judged.contested)
            state.bytes += change.size
        was = moves.move(self, change, state)
        return self.minutes.append(
            change,
            "applied" if was and judged.status == "noop" else judged.status,
            state.audience,
            after=after,
            before=before,
            lost=judged.lost,
            why=judged.why,
            conflict=conflict,
            version=state.version,
            was=was,
        )

    def _delete(self, change: Change, state: State, *, anyway: bool = False) -> Outcome:
        refused = self._refused(change, [("delete", state.audience)], state)
        if refused:
            return self.park(change, refused)
        if state.deleted:
            return self.minutes.append(change, "noop", state.audience, version=state.version)
        written = self.written(state)
        trunk = self.trunk(change, state)
        # What the server notes about a record is nobody's edit.
        people = [name for name in state.seqs if name not in change.kind.kept]
        if not anyway and any(written.moved(n, trunk, self.author.device) for n in people):
            return self.park(change, "delete-vs-edit")
        state.deleted = state.dirty = True
        state.version = self.minutes.seq + 1
        return self.minutes.append(change, "applied", state.audience, before=dict(state.body))

    def _refused(
        self, change: Change, asked: Sequence[tuple[str, str]], state: State | None = None
    ) -> str | None:
        """What forbids any of these verbs, each in its audience; with `state`, also that it is another's."""
        at = self.minutes.captured(change).at
        found = [rights.refused(self.author, change, verb, audience, at) for verb, audience in asked]
        found.append(rights.not_own(self.author, change, state) if state else None)
        # What was never permitted is told before a right that has ended: a reviewer goes by it.
        return "not-permitted" if "not-permitted" in found else next(filter(None, found), None)

    def trunk(self, change: Change, state: State) -> int:
        """The version the author had seen, or UNKNOWN."""
        return self._known(change.version, change.epoch, state)

    def _known(self, version: int, epoch: int, state: State) -> int:
        """A record's version as read in an epoch, or UNKNOWN if a restore threw that history away.

        A version that the record never had proves nothing about what was seen either.
        """
        if version > state.version:
            return UNKNOWN
        if any(since >= epoch and fork < version for since, fork in self.lineage):
            return UNKNOWN
        return version

    # ------------------------------------------------------------------ keep
    def _conflict(self, change: Change, state: State, judged: Judgement) -> str:
        """Open a conflict over the record, or join the one that is open."""
        opened = self.open_conflicts.setdefault(change.record, [])
        name = opened[-1] if opened else change.id
        earlier = self.states.get(name)
        if earlier is not None and earlier.bytes + 2 * change.size > RECORD_BYTES:
            name, earlier = change.id, None  # the open one is full: a second one is opened
        body = conflict_body(
            earlier.body if earlier else None,
            change,
            self.author,
            judged.lost,
            state.seqs,
            judged.why,
            self.minutes.seq + 1,
        )
        self._engine_record(name, CONFLICT.name, state.audience, body)
        if earlier is None:
            opened.append(name)
            self.minutes.conflicts.append((self.dossier, name, change.record, CONFLICT.name, True))
        return name

    def park(self, change: Change, why: str) -> Outcome:
        """Keep the whole change for a reviewer; the target stays as it is. Work that is being taken is kept
        already: one piece, never two.
        """
        if self.taking:
            raise decisions.Undecided(why)
        audience = readers(change, self.author, self.states.get(change.record), self.kinds)
        captured = self.minutes.captured(change)
        self._engine_record(change.id, PARKED.name, audience, parked_body(change, self.author, why, captured))
        self.minutes.conflicts.append((self.dossier, change.id, change.record, PARKED.name, True))
        self.open_pieces.setdefault(change.record, []).append(change.id)
        return self.minutes.append(change, "parked", audience, why=why, version=None)

    def apply(self, state: State, after: Body) -> None:
        """New values of a record, by the present author, under the next seq."""
        state.apply(after, self.minutes.seq + 1, self.author.device, set())

    def rewrite(self, name: str, state: State, body: Body, *, seq: int) -> None:
        """A conflict or parked work as the entry `seq` leaves it."""
        self._engine_record(name, state.kind, state.audience, body, seq=seq)

    def _engine_record(
        self, name: str, kind: str, audience: str, body: Body, *, seq: int | None = None
    ) -> None:
        seq = seq or self.minutes.seq + 1
        seqs, devices = dict.fromkeys(body, seq), dict.fromkeys(body, "server")
        earlier = self.states.get(name)
        left = earlier.left if earlier else set[str]()
        size = len(spell(body))
        self.states[name] = State(
            kind, audience, seq, False, body, seqs, devices, dirty=True, bytes=size, left=left
        )

    # ----------------------------------------------------------------- write
    def write(self) -> list[Touched]:
        """Write everything judged, one statement a table, and say what the read models must follow."""
        dirty = {n: s for n, s in self.states.items() if s.dirty}
        for state in dirty.values():
            closes = self.kinds[state.kind].closes
            if closes is not None:
                shut = not state.deleted and closes(state.body)
                since = self.minutes.closed_at or self.minutes.received_at
                self.minutes.closed_at = since if shut else None
        return self.minutes.write(dirty)


def _outgrows(state: State, judged: Judgement) -> bool:
    return len(spell(state.body | judged.after)) > RECORD_BYTES
