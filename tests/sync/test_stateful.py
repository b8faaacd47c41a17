"""Any history of pushes, repeats, decisions, restores and pulls leaves the journal as the model says."""

import itertools
import os
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import Engine, create_engine

from server.database import keep_promises
from sync.journal import EpochChanged
from tests.support.databases import DatabaseFactory
from tests.sync.dossier import GUEST, Dossier, Reader
from tests.sync.model import GRADES, STEPS, Model, Waiting

EXAMPLES = int(os.environ.get("EXAMPLES", "20"))
STEPS_EACH = 25
DEVICES = st.sampled_from(("phone-li", "phone-li", "phone-wang", "phone-zhang", GUEST))
INDEX = st.integers(0, 30)
LETTER = st.sampled_from("abc")
SET = st.sampled_from(({"set": "a"}, {"set": "b"}, {"set": "c"}))
NOTE = st.builds(
    lambda i, t: {"id": f"00000000-0000-7000-8000-00000000000{i}", "text": t},
    INDEX.map(lambda i: i % 4),
    LETTER,
)
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "verdict": SET,
    "memo": SET | st.just({"set": None}),
    "grade": st.sampled_from(GRADES).map(lambda v: {"set": v}) | st.just({"set": None}),
    "x": st.integers(0, 2).map(lambda v: {"set": v}),
    "y": st.integers(0, 2).map(lambda v: {"set": v}),
    "tags": st.builds(
        lambda add, gone: {"add": add, "remove": gone},
        st.lists(LETTER, max_size=2),
        st.lists(LETTER, max_size=2),
    ),
    "notes": st.builds(lambda notes: {"append": notes}, st.lists(NOTE, min_size=1, max_size=2)),
    "state": st.sampled_from(sorted(STEPS)).map(lambda v: {"do": v}),
}
FIELDS = st.lists(st.sampled_from(sorted(VALUES)), min_size=1, max_size=3, unique=True).flatmap(
    lambda names: st.fixed_dictionaries({n: VALUES[n] for n in names})
)
AUDIENCES = st.sampled_from(("field", "office"))
# What the base names: what the device pulled last, what stands now, or a version that never was.
SEEN = st.sampled_from(("pulled", "pulled", "pulled", "now", "never"))
INTENTS = st.lists(
    st.one_of(
        st.tuples(st.just("create"), FIELDS, AUDIENCES, INDEX),
        st.tuples(st.just("update"), FIELDS, SEEN, INDEX),
        st.tuples(st.just("update"), FIELDS, SEEN, INDEX),
        st.tuples(st.sampled_from(("delete", "undelete", "bad")), st.none(), SEEN, INDEX),
        st.tuples(st.just("move"), AUDIENCES, SEEN, INDEX),
    ),
    min_size=1,
    max_size=5,
)


class History(RuleBasedStateMachine):
    """Devices and reviewers over one dossier; `engine` is the database's."""

    engine: Engine

    def __init__(self) -> None:
        super().__init__()
        self.dossier, self.model = Dossier(self.engine), Model()
        self.ids = (str(uuid.UUID(int=(7 << 76) | (1 << 100) | n)) for n in itertools.count(1))
        self.counted = itertools.count(1)
        self.requests: list[tuple[str, list[dict[str, Any]]]] = []
        self.readers = {
            (d, a): Reader(a)
            for d in ("phone-li", "phone-wang", "phone-zhang", GUEST)
            for a in ("field", "office")
        }
        self.kept: tuple[Any, Model] | None = None

    # ---------------------------------------------------------------- push
    @initialize(fields=st.lists(FIELDS, min_size=1, max_size=3))
    def begin(self, fields: list[dict[str, Any]]) -> None:
        """Some sheets, which Li made and some have seen."""
        self.push([("phone-li", [("create", f, "field", 1) for f in fields])])
        for device in ("phone-li", "phone-wang"):
            self.dossier.pull(self.readers[device, "field"], 5)

    @rule(sittings=st.lists(st.tuples(DEVICES, INTENTS), min_size=1, max_size=4))
    def push(self, sittings: list[Any]) -> None:
        """Some people one after the other, each with several changes."""
        for device, intents in sittings:
            self._send(device, self._changes(device, intents))

    @precondition(lambda self: self.model.sheets)
    @rule(at=INDEX, says=st.lists(st.tuples(DEVICES, FIELDS, AUDIENCES | st.none()), min_size=2, max_size=4))
    def disagree(self, at: int, says: list[Any]) -> None:
        """Some people look at one sheet, and then each changes it without having seen the others."""
        record = list(self.model.sheets)[at % len(self.model.sheets)]
        base = self._base("", record, "now")
        for device, fields, audience in says:
            change = self._change(device, ("update", fields, "now", at)) | {"record": record, "base": base}
            self._send(device, [change | ({"audience": audience} if audience else {})])

    @rule(device=DEVICES, lost=INTENTS, then=INTENTS, late=INTENTS)
    def lose_what_somebody_has_seen(
        self, device: str, lost: list[Any], then: list[Any], late: list[Any]
    ) -> None:
        """A backup, work that a restore throws away, and edits by one who saw it before it was lost."""
        self.back_up()
        self.push([("phone-wang", lost)])
        for audience in ("field", "office"):
            self._converges(self.readers[device, audience], 5)
        self.restore()
        self.push([("phone-zhang", then)])
        self.push([(device, late)])

    @precondition(lambda self: self.requests)
    @rule(at=INDEX)
    def repeat(self, at: int) -> None:
        """A lost reply: the same request again, perhaps in another epoch."""
        self._send(*self.requests[-1 - at % len(self.requests)])

    @precondition(lambda self: self.requests)
    @rule(at=INDEX)
    def reuse_an_id(self, at: int) -> None:
        """The same id for something else, or by somebody else."""
        device, [first, *_] = self.requests[-1 - at % len(self.requests)]
        if first["id"] in self.model.known:
            self._send(device, [first | {"n": 7_777}])

    @precondition(lambda self: self.model.epoch > 1)
    @rule(device=DEVICES, intents=INTENTS)
    def push_into_an_epoch_that_is_over(self, device: str, intents: list[Any]) -> None:
        """Nothing of the group is applied."""
        with pytest.raises(EpochChanged):
            self.dossier.push(device, self._changes(device, intents), self.model.epoch - 1)
        self._as_the_model_says()

    def _changes(self, device: str, intents: list[Any]) -> list[dict[str, Any]]:
        """Of one record all name the base of the first (protocol.md §3)."""
        first: dict[str, Any] = {}
        changes = [self._change(device, intent) for intent in intents]
        for change in changes:
            if "base" in change:
                change["base"] = first.setdefault(change["record"], change["base"])
        return changes

    def _change(self, device: str, intent: Any) -> dict[str, Any]:
        op, fields, where, at = intent
        sheets = list(self.model.sheets)
        known = sheets[at % len(sheets)] if sheets else next(self.ids)
        change = {
            "id": next(self.ids),
            "n": next(self.counted),
            "op": op,
            "kind": "sheet",
            "at": "2026-11-21T16:02:11.000+08:00",
        }
        if op == "create":
            record = known if at == 0 else next(self.ids)  # an id that is taken, now and then
            fields = {"verdict": {"set": "a"}} | {n: v for n, v in fields.items() if n != "state"}
            return change | {"record": record, "audience": where, "fields": fields}
        change |= {"record": known, "base": self._base(device, known, where)}
        if op == "bad":
            return change | {"op": "update", "fields": {"grade": {"set": "purple"}}, "bad": True}
        if op == "move":
            return change | {"op": "update", "audience": fields, "fields": {}}
        return change | ({"fields": fields} if op == "update" else {})

    def _base(self, device: str, record: str, seen: str) -> dict[str, Any]:
        if seen == "never":
            return {"version": 10**12, "epoch": self.model.epoch, "after": None}
        if seen == "now" and record in self.model.sheets:
            return {"version": self.model.sheets[record].version, "epoch": self.model.epoch, "after": None}
        rows = [
            (r.rows[record]["version"], r.cursor.epoch)
            for (d, _), r in self.readers.items()
            if d == device and record in r.rows
        ]
        version, epoch = max(rows, default=(0, 1))
        return {"version": version, "epoch": epoch, "after": None}

    def _send(self, device: str, changes: list[dict[str, Any]]) -> None:
        self.requests.append((device, changes))
        pushed = self.dossier.push(device, changes, self.model.epoch)
        assert len(pushed.outcomes) == len(changes)
        for change, outcome in zip(changes, pushed.outcomes, strict=True):
            again = change["id"] in self.model.known
            said = self.model.judge(change, device, guest=device == GUEST)
            told = (outcome["status"], outcome["why"], outcome["conflict"])
            assert told == (said.status, said.why, said.conflict), change
            assert outcome["replay"] is (again and said.why != "change-id-reused")
            if not again:
                assert outcome["seq"] == (self.model.seq if said.entered else None)
        self._as_the_model_says()

    # -------------------------------------------------------------- decide
    @precondition(lambda self: any(w.work is None for w in self.model.waiting.values()))
    @rule(device=DEVICES, at=INDEX, choices=st.lists(INDEX, min_size=8, max_size=8), fresh=st.booleans())
    def decide_a_conflict(self, device: str, at: int, choices: list[int], fresh: bool) -> None:
        """Each field keeps what stands, or takes one of the values that were listed."""
        name, waits = self._one(at, work=False)
        fields = {}
        for (field, values), n in zip(sorted(waits.values.items()), choices, strict=False):
            plain = field in ("verdict", "memo", "grade", "x", "y") and values[n % len(values)] is not None
            fields[field] = {"set": values[n % len(values)]} if plain and n % 3 else {"pick": "current"}
        now = max(waits.version, self.model.sheets[waits.target].version)
        self._decide(device, "conflict", name, fields, now if fresh else 0)

    @precondition(lambda self: any(w.work is not None for w in self.model.waiting.values()))
    @rule(device=DEVICES, at=INDEX, take=st.booleans())
    def review_parked_work(self, device: str, at: int, take: bool) -> None:
        """It is taken as its author's, or returned."""
        name, waits = self._one(at, work=True)
        said = {"decision": {"set": "accept" if take else "return"}}
        self._decide(device, "parked", name, said, waits.version)

    def _one(self, at: int, *, work: bool) -> tuple[str, Waiting]:
        found = [(i, w) for i, w in self.model.waiting.items() if (w.work is not None) is work]
        return found[-1 - at % len(found)]

    def _decide(self, device: str, kind: str, record: str, fields: dict[str, Any], version: int) -> None:
        base = {"version": version, "epoch": self.model.epoch, "after": None}
        change = {
            "id": next(self.ids),
            "n": next(self.counted),
            "op": "resolve",
            "kind": kind,
            "record": record,
        }
        change |= {
            "base": base,
            "fields": fields,
            "reason": "现场核实",
            "at": "2026-11-21T16:02:11.000+08:00",
        }
        self._send(device, [change])

    # ---------------------------------------------------------------- pull
    @rule(device=DEVICES, audience=AUDIENCES, limit=st.integers(1, 5), pages=st.integers(1, 3))
    def pull_some_pages(self, device: str, audience: str, limit: int, pages: int) -> None:
        """A bad line: only so far."""
        for _ in range(pages):
            if not self.dossier.pull(self.readers[device, audience], limit):
                break

    @rule(device=DEVICES, audience=AUDIENCES, limit=st.integers(1, 5))
    def pull_everything(self, device: str, audience: str, limit: int) -> None:
        """Then the device holds exactly the live records of the audience."""
        self._converges(self.readers[device, audience], limit)

    def _converges(self, reader: Reader, limit: int) -> None:
        for _ in range(500):
            if not self.dossier.pull(reader, limit):
                break
        told = {i: (r["version"], r["body"], r["kind"]) for i, r in reader.rows.items()}
        rows = [r for r in self.dossier.records().values() if r.audience == reader.audience and not r.deleted]
        assert told == {r.record: (r.version, orjson.loads(r.body), r.kind) for r in rows}

    # ------------------------------------------------------------- operate
    @rule(audience=AUDIENCES, back=st.integers(0, 20))
    def collect(self, audience: str, back: int) -> None:
        """Old deletions are let go."""
        with self.dossier.writing() as conn:
            self.dossier.journal.collect(conn, self.dossier.name, audience, self.model.seq - back)

    @precondition(lambda self: self.model.sheets)
    @rule(device=DEVICES, at=INDEX)
    def be_away_while_a_deletion_is_let_go(self, device: str, at: int) -> None:
        """Who comes back with an old cursor must not keep what was deleted."""
        readers = [self.readers[device, audience] for audience in ("field", "office")]
        for reader in readers:
            self._converges(reader, 5)
        self.push([("phone-zhang", [("delete", None, "now", at)])])
        for reader in readers:
            self.collect(reader.audience, 0)
            self._converges(reader, 5)

    @rule()
    def back_up(self) -> None:
        """Of this moment."""
        self.kept = (self.dossier.backup(), self.model.backup())

    @precondition(lambda self: self.kept is not None)
    @rule()
    def restore(self) -> None:
        """The last backup, with the lineage that is kept outside."""
        assert self.kept is not None
        rows, then = self.kept
        lineage = self.model.forks
        self.model = then.restored(self.model)
        self.dossier.restore(rows, lineage)
        self._as_the_model_says()

    # --------------------------------------------------------------- judge
    def _as_the_model_says(self) -> None:
        """Records, numbers, and both values of every conflict."""
        rows = self.dossier.records()
        sheets = {i: r for i, r in rows.items() if r.kind == "sheet"}
        assert set(sheets) == set(self.model.sheets)
        for record, must in self.model.sheets.items():
            row = sheets[record]
            stands = (orjson.loads(row.body), bool(row.deleted), row.audience, row.version)
            assert stands == (must.body, must.deleted, must.audience, must.version), record
        asked = {i for i, r in rows.items() if r.kind in ("conflict", "parked")}
        assert asked == set(self.model.waiting), "as many questions as there are, and none twice"
        for name, waits in self.model.waiting.items():
            body = orjson.loads(rows[name].body)
            assert (body["open"], body["target"]) == (waits.open, waits.target)
            assert rows[name].version == waits.version, name
            if waits.work is not None:
                assert (body["change"], body["why"]) == (waits.work["change"], waits.why)
            for field, values in waits.values.items():
                told = body["fields"][field]
                listed = [told["current"]["value"], *(c["value"] for c in told["candidates"])]
                listed += [o["value"] for o in told["overwritten"]]
                assert all(v in listed for v in values if v is not None), (field, values, listed)

    def teardown(self) -> None:
        """The chain proves itself, no change stands twice, and a newcomer gets what there is."""
        entries = self.dossier.entries()
        assert len({e.change for e in entries}) == len(entries)
        assert (entries[-1].seq if entries else 0) == self.model.seq
        for reader in [*self.readers.values(), Reader("field"), Reader("office")]:
            self._converges(reader, 7)


@pytest.fixture
def engine(database: str, factories: Callable[[str], DatabaseFactory]) -> Iterator[Engine]:
    """A bare engine; every history gets a dossier of its own in one database."""
    url = factories(database).fresh()
    made = create_engine(url)
    keep_promises(made)
    yield made
    made.dispose()
    factories(database).dispose(url)


def test_any_history_leaves_what_the_model_says(engine: Engine) -> None:
    machine = type("HistoryHere", (History,), {"engine": engine})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=STEPS_EACH,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            derandomize="EXAMPLES" not in os.environ,
            database=None,
            phases=[Phase.generate, Phase.shrink],
        ),
    )
