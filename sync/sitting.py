"""One sitting over one dossier: under the lock, judge each change, then write all at once."""

from collections.abc import Sequence

import orjson
from sqlalchemy import Connection, select

from . import bulk, tables
from .canonical import spell
from .change import Author, Change, Unreadable
from .conflicts import CONFLICT, PARKED, conflict_body, parked_body
from .merge import UNKNOWN, Judgement, Written, first_body, merge
from .minutes import Head, Minutes, Outcome, State, Touched, answer
from .protocol import RECORD_BYTES
from .record import Body


class Sitting:
    """Holds what was read under the lock and what is to be written before it is released."""

    def __init__(
        self,
        conn: Connection,
        dossier: str,
        head: Head,
        author: Author,
        received_at: str,
        skew_ms: int | None,
    ) -> None:
        self.conn, self.dossier, self.epoch, self.author = conn, dossier, head.epoch, author
        self.minutes = Minutes(conn, dossier, head, author, received_at, skew_ms)
        self.states: dict[str, State] = {}
        self.open_conflicts: dict[str, str] = {}
        self.lineage: list[tuple[int, int]] = []
        self.bases: dict[str, dict[str, str]] = {}

    # ------------------------------------------------------------------ read
    def read(self, changes: Sequence[Change | Unreadable]) -> None:
        """Read what the changes touch: three statements, four after a restore."""
        understood = [c for c in changes if isinstance(c, Change)]
        ids = {c.id for c in changes if c.id} | {c.after for c in understood if c.after}
        o, r, c = tables.outcomes, tables.records, tables.conflicts
        rows = self.conn.execute(
            select(o.c.change, o.c.digest, o.c.outcome).where(
                o.c.dossier == self.dossier, bulk.among(self.conn, o.c.change, ids)
            )
        )
        self.minutes.known = {x.change: (x.digest, orjson.loads(x.outcome)) for x in rows}
        # Change ids too: a conflict or parked record takes its change's id, and must not land
        # on a record that somebody gave the same id.
        wanted = {x.record for x in understood} | {x.id for x in understood}
        if wanted:
            rows = self.conn.execute(
                select(c.c.record, c.c.conflict).where(
                    c.c.dossier == self.dossier,
                    bulk.among(self.conn, c.c.record, wanted),
                    c.c.kind == CONFLICT.name,
                    c.c.open.is_(True),
                )
            )
            self.open_conflicts = {x.record: x.conflict for x in rows}
            wanted |= set(self.open_conflicts.values())
            rows = self.conn.execute(
                select(r).where(r.c.dossier == self.dossier, bulk.among(self.conn, r.c.record, wanted))
            )
            self.states = {
                x.record: State(
                    x.kind,
                    x.audience,
                    x.version,
                    bool(x.deleted),
                    orjson.loads(x.body),
                    orjson.loads(x.written),
                    orjson.loads(x.devices),
                    bytes=len(x.body),
                )
                for x in rows
            }
        self.bases = self._texts_seen([c for c in understood if self._merges_text(c)])
        if self.epoch > 1:
            t = tables.lineage
            forks = self.conn.execute(select(t).where(t.c.dossier == self.dossier))
            self.lineage = [(x.epoch, x.fork) for x in forks]

    def _merges_text(self, change: Change) -> bool:
        """Whether a text of the change was written by somebody else since its author looked."""
        state = self.states.get(change.record)
        if state is None or change.op != "update":
            return False
        written = Written(state.seqs, state.devices)
        return any(
            change.kind.fields[name].policy == "text"
            and written.moved(name, change.version, self.author.device)
            for name in change.fields
        )

    def _texts_seen(self, changes: Sequence[Change]) -> dict[str, dict[str, str]]:
        """For each change's id, the texts as its author had seen them, from the journal.

        One statement, and only where two people edited one text.
        """
        if not changes:
            return {}
        e, p = tables.entries, tables.payloads
        rows = self.conn.execute(
            select(e.c.record, e.c.seq, p.c.bytes)
            .join_from(e, p, (p.c.dossier == e.c.dossier) & (p.c.seq == e.c.seq))
            .where(e.c.dossier == self.dossier, p.c.bytes.is_not(None))
            .where(bulk.among(self.conn, e.c.record, {c.record for c in changes}))
            .order_by(e.c.seq)
        )
        seen: dict[str, dict[str, str]] = {c.id: {} for c in changes}
        for record, seq, payload in rows:
            after = orjson.loads(payload)["after"]
            for change in changes:
                if change.record == record and seq <= change.version:
                    seen[change.id] |= {n: after[n] for n in change.fields if n in after}
        return seen

    # ----------------------------------------------------------------- judge
    def judge(self, change: Change | Unreadable) -> Outcome:
        """The outcome of one change (protocol.md §3); never raises for what people do."""
        stored = self.minutes.known.get(change.id) if change.id else None
        if stored is not None:
            digest, outcome = stored
            if digest == change.digest:
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
        if change.op == "create":
            return self._create(change)
        state = self.states.get(change.record)
        if state is None or not self.author.may.sees(state.audience):
            return self._park(change, "unknown-record")
        if state.kind != change.kind.name:
            return self._park(change, "kind-mismatch")
        return self._delete(change, state) if change.op == "delete" else self._update(change, state)

    def _create(self, change: Change) -> Outcome:
        audience = change.audience or ""
        if change.record in self.states:
            return self._park(change, "id-collision")
        refused = self._refused(change, "create", audience)
        if refused:
            return self._park(change, refused)
        body = first_body(change.kind, change.fields, actor=self.author.actor, at=change.at)
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

    def _update(self, change: Change, state: State) -> Outcome:
        for verb in _verbs(change):
            refused = self._refused(change, verb, state.audience)
            if refused:
                return self._park(change, refused)
        if state.deleted:
            return self._park(change, "edit-vs-delete")
        judged = merge(
            change.kind,
            state.body,
            Written(state.seqs, state.devices),
            change.fields,
            trunk=self._trunk(change, state),
            device=self.author.device,
            actor=self.author.actor,
            at=change.at,
            atomic=change.atomic,
            bases=self.bases.get(change.id),
        )
        if state.bytes + change.size > RECORD_BYTES and _outgrows(state, judged):
            return self._park(change, "cap-reached")
        conflict = self._conflict(change, state, judged) if judged.lost else None
        after = judged.after | judged.stamps
        before = {n: state.body.get(n) for n in after}
        if after:
            _apply(state, after, self.minutes.seq + 1, self.author.device)
            state.bytes += change.size
        return self.minutes.append(
            change,
            judged.status,
            state.audience,
            after=after,
            before=before,
            lost=judged.lost,
            why=judged.why,
            conflict=conflict,
            version=state.version,
        )

    def _delete(self, change: Change, state: State) -> Outcome:
        refused = self._refused(change, "delete", state.audience)
        if refused:
            return self._park(change, refused)
        if state.deleted:
            return self.minutes.append(change, "noop", state.audience, version=state.version)
        written = Written(state.seqs, state.devices)
        trunk = self._trunk(change, state)
        if any(written.moved(name, trunk, self.author.device) for name in state.seqs):
            return self._park(change, "delete-vs-edit")
        state.deleted = state.dirty = True
        state.version = self.minutes.seq + 1
        return self.minutes.append(change, "applied", state.audience, before=dict(state.body))

    def _refused(self, change: Change, verb: str, audience: str) -> str | None:
        if self.author.system:
            return None
        kind = change.kind
        if kind.written_by_server:
            return "not-permitted"
        if not kind.kept.isdisjoint(change.fields):
            return "server-field"
        if verb == "create" and audience.split(":", maxsplit=1)[0] not in kind.audiences:
            return "unknown-audience"
        return self.author.may.refusal(kind.name, verb, audience, change.at)

    def _trunk(self, change: Change, state: State) -> int:
        """The version the author had seen, or UNKNOWN if a restore threw that history away.

        A version that the record never had proves nothing about what was seen either.
        """
        if change.version > state.version:
            return UNKNOWN
        for epoch, fork in self.lineage:
            if epoch >= change.epoch and fork < change.version:
                return UNKNOWN
        return change.version

    # ------------------------------------------------------------------ keep
    def _conflict(self, change: Change, state: State, judged: Judgement) -> str:
        """Open a conflict over the record, or join the one that is open."""
        name = self.open_conflicts.get(change.record, change.id)
        earlier = self.states.get(name)
        body = conflict_body(
            earlier.body if earlier else None,
            change,
            self.author,
            judged.lost,
            state.seqs,
            judged.why,
        )
        self._engine_record(name, CONFLICT.name, state.audience, body)
        if earlier is None:
            self.open_conflicts[change.record] = name
            self.minutes.conflicts.append((self.dossier, name, change.record, CONFLICT.name, True))
        return name

    def _park(self, change: Change, why: str) -> Outcome:
        """Keep the whole change for a reviewer; the target stays as it is."""
        self._engine_record(change.id, PARKED.name, "office", parked_body(change, self.author, why))
        self.minutes.conflicts.append((self.dossier, change.id, change.record, PARKED.name, True))
        return self.minutes.append(change, "parked", "office", why=why, version=None)

    def _engine_record(self, name: str, kind: str, audience: str, body: Body) -> None:
        seq = self.minutes.seq + 1
        seqs, devices = dict.fromkeys(body, seq), dict.fromkeys(body, "server")
        self.states[name] = State(kind, audience, seq, False, body, seqs, devices, dirty=True)

    # ----------------------------------------------------------------- write
    def write(self) -> list[Touched]:
        """Write everything judged, one statement a table, and say what the read models must follow."""
        return self.minutes.write({n: s for n, s in self.states.items() if s.dirty})


def _verbs(change: Change) -> list[str]:
    """What an update does: a transition, an edit, or both; each needs its own right."""
    step = [change.fields["state"]["do"]] if "state" in change.fields else []
    return [*step, "update"] if len(change.fields) > len(step) else step


def _apply(state: State, after: Body, seq: int, device: str) -> None:
    for name, value in after.items():
        if value is None:
            state.body.pop(name, None)
        else:
            state.body[name] = value
        state.seqs[name] = seq
        state.devices[name] = device
    state.version = seq
    state.dirty = True


def _outgrows(state: State, judged: Judgement) -> bool:
    return len(spell(state.body | judged.after)) > RECORD_BYTES
