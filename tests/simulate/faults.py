"""Seeded faults: a line of the engine or the replica made wrong, which the checks must notice."""

import importlib
import inspect
import textwrap
import traceback
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from types import FunctionType

from .transport import Chances
from .world import STEPS, WEIGHTS, run

# More of what a rare fault needs.
RESTORES = dict(WEIGHTS | {"restore": 4, "back_up": 4, "note_backup": 4})
MOVES = dict(WEIGHTS | {"move": 8, "collect": 8})
GRANTS = dict(WEIGHTS | {"grant": 8})
REGRANTS = dict(WEIGHTS | {"grant": 16, "edit": 40})
PEACE = dict(WEIGHTS | dict.fromkeys(("move", "collect", "grant", "restore", "desk_edit"), 0.2))
HOT = Chances(new_records=0.015)
INTERLEAVED = Chances(interleaved=0.5)
DYING = Chances(phone_dies=0.3)
DOUBLED = Chances(doubled=0.4, lost=0.02)


@dataclass(frozen=True)
class Edit:
    """In the function `where` (module:name), the text `right` becomes `wrong`."""

    where: str
    right: str
    wrong: str

    def function(self) -> FunctionType:
        """The function as it stands in the engine."""
        module, _, path = self.where.partition(":")
        found = importlib.import_module(f"sync.{module}")
        for name in path.split("."):
            if not hasattr(found, name):
                raise LookupError(f"{self.where} is gone: bring the fault up to date")
            found = getattr(found, name)
        found = inspect.unwrap(found)  # type: ignore[arg-type]
        assert isinstance(found, FunctionType), self.where
        return found

    def mutated(self) -> FunctionType:
        """The function with the fault in it. Raises LookupError where the engine has changed."""
        function = self.function()
        source = inspect.getsource(function)
        if source.count(self.right) != 1:
            raise LookupError(f"{self.where} does not say {self.right!r} once: bring the fault up to date")
        made: dict[str, object] = {}
        faulty = textwrap.dedent(source.replace(self.right, self.wrong))
        exec(faulty, function.__globals__ | {"__name__": "fault"}, made)
        found = inspect.unwrap(made[function.__name__])  # type: ignore[arg-type]
        assert isinstance(found, FunctionType)
        return found

    @contextmanager
    def injected(self) -> Iterator[None]:
        """The fault is in force; every reference to the function has it."""
        function = self.function()
        right = function.__code__
        function.__code__ = self.mutated().__code__
        try:
            yield
        finally:
            function.__code__ = right


@dataclass(frozen=True)
class Fault:
    """One or more edits. `budget` is how many seeds may pass before one must have caught it.

    `first` are seeds that have caught it before; they are tried first and count like any other.
    """

    edits: tuple[Edit, ...]
    budget: int
    weights: Mapping[str, float] | None = None  # the usual ones
    chances: Chances | None = None
    first: tuple[int, ...] = ()

    def seeds(self) -> Iterator[int]:
        """Those that have caught it before, then all within the budget."""
        yield from self.first
        yield from (seed for seed in range(self.budget) if seed not in self.first)

    @contextmanager
    def injected(self) -> Iterator[None]:
        """All edits are in force."""
        with ExitStack() as stack:
            for edit in self.edits:
                stack.enter_context(edit.injected())
            yield

    def caught(self, seed: int) -> str | None:
        """What the checks say with the fault, unless they say something without it as well."""
        with self.injected():
            said = attempt(seed, self.weights, self.chances)
        return said if said and attempt(seed, self.weights, self.chances) is None else None


def attempt(
    seed: int, weights: Mapping[str, float] | None = None, chances: Chances | None = None
) -> str | None:
    """One run; what it failed by, or None."""
    try:
        run(seed, STEPS, weights or WEIGHTS, chances)
    except Exception as wrong:
        last = traceback.extract_tb(wrong.__traceback__)[-1]
        said = str(wrong).split("\n")[0]
        return said if isinstance(wrong, AssertionError) else f"{type(wrong).__name__} in {last.name}: {said}"
    return None


def fault(
    where: str,
    right: str,
    wrong: str,
    budget: int = 100,
    weights: Mapping[str, float] | None = None,
    chances: Chances | None = None,
) -> Fault:
    """A fault of one edit."""
    return Fault((Edit(where, right, wrong),), budget, weights, chances)


_HEADS_LAST = """early = Journal.heads(journal, conn, list(granted))
    pulled = feed.pull(conn, granted, early, request.cursors or {}, limit=request.limit, wanted=wanted)
    journal.heads(conn, list(granted))
    for dossier, head in Journal.heads(journal, conn, list(granted)).items():
        for page in pulled["dossiers"].get(dossier, {"audiences": {}})["audiences"].values():
            if page.get("more") is False:
                page["until"] = head.seq
    return pulled
    heads = {}"""

FAULTS: dict[str, Fault] = {
    # ------------------------------------------------------------------ push
    "no_dedupe": fault("sitting:Sitting.judge", "if stored is not None:", "if False:"),
    "outcome_not_stored": fault("minutes:Minutes._remember", "self._outcomes.append(", "str("),
    "push_any_epoch": fault("journal:Journal.push", "epoch != head.epoch", "False", 300, RESTORES),
    "blind_delete": fault("sitting:Sitting._delete", "not anyway and any(", "False and any("),
    "resurrect": fault("sitting:Sitting._update", "if state.deleted", "if False"),
    "parked_forgotten": fault(
        "sitting:Sitting.park", "self._engine_record(", "str(self._engine_record) or (lambda *_: 0)("
    ),
    "lost_history_trusted": Fault(
        (
            Edit("sitting:Sitting._trunk", "if epoch >= change.epoch", "if False"),
            Edit("epochs:restore", "head.seq + JUMP", "head.seq"),
        ),
        600,
        RESTORES,
        HOT,
    ),
    # ----------------------------------------------------------------- merge
    "silent_overwrite": fault("merge:_value", "if not moved:", "if True:"),
    "text_last_wins": fault("merge:_value", "out.after[name] = merged", "out.after[name] = mine"),
    "merge_called_own": fault(
        "minutes:State.apply", "MERGED if name in contested else device", "device", 400, PEACE, HOT
    ),
    "group_apart": fault("merge:_moved_groups", "moved.add(str(group))", "pass"),
    "milder_shows": fault("merge:graver", "order.index(mine) > order", "order.index(mine) < order"),
    "remove_wins": fault("merge:merge_set", "remove &= set(seen)", "pass", 400, PEACE, HOT),
    "conflict_not_joined": fault(
        "sitting:Sitting._conflict", "earlier.body if earlier else None", "None", 200
    ),
    # ------------------------------------------------------------------ feed
    "no_resync": fault("feed:_resync", "if cursor.seq and collected >", "if False and 0 >", 200, MOVES),
    "floor_slides": fault("feed:page", "cursor.seq == 0 and cursor.floor == 0", "cursor.seq <= cursor.floor"),
    "split_seq": fault("feed:_cut", "index > 0 and seq != last and (", "index > 0 and (", 200),
    "heads_read_last": fault(
        "exchange:answer_pull",
        "heads = journal.heads(conn, list(granted))",
        _HEADS_LAST,
        300,
        None,
        INTERLEAVED,
    ),
    "no_leave": fault("minutes:Minutes._feed", "return [here, *left]", "return [here]", 100, MOVES),
    "deleted_served": fault("minutes:Minutes._feed", '"delete" if s.deleted', '"put" if s.deleted'),
    "served_without_grant": fault(
        "feed:pull", "for a in held if a in known[dossier])", "for a in held)", 100, GRANTS
    ),
    # --------------------------------------------------------------- replica
    "no_cas": fault("replica_answers:_page", 'if page["since"] != held["seq"]:', "if False:"),
    "no_nonce": fault(
        "replica_answers:_page", 'held["nonce"] != page["nonce"]', "False", 900, REGRANTS, DOUBLED
    ),
    "old_rows_stay": fault("replica_answers:_page", 'if not page["more"]:', "if False:", 200, MOVES),
    "no_purge": fault(
        "replica_answers:_grants",
        'if row["audience"] not in',
        'if False and row["audience"] not in',
        100,
        GRANTS,
    ),
    "late_grants": fault("replica_answers:take_pull", "newest = latest is None or", "newest = True or"),
    "early_drop": fault("replica_answers:settle", " OR c.seq < outbox.seq OR c.more", "", 200),
    "not_retained": fault("replica_answers:settle", " AND e.backed_up >= outbox.seq", "", 100),
    "late_ack": fault("replica_answers:take_push", 'group["epoch"] != epoch', "False", 600, RESTORES),
    "no_repush": fault("replica_answers:_restored", "'acked','retained'", "'acked'", 200, RESTORES),
    "torn_page": fault(
        "replica:Replica._transaction",
        'self.db.execute("BEGIN IMMEDIATE")',
        'yield\n        return\n        self.db.execute("BEGIN IMMEDIATE")',
        400,
        MOVES,
        DYING,
    ),
    "base_is_head": fault(
        "replica:Replica._base",
        '"version": shadow["version"]',
        '"version": self.db.execute("SELECT max(seq) FROM cursors").fetchone()[0]',
        600,
        MOVES,
    ),
    "base_unmasked": fault(
        "replica:Replica._base",
        '"version": first["version"]',
        '"version": shadow["version"] if shadow else first["version"]',
        600,
        PEACE,
        HOT,
    ),
    "base_forgets_epoch": Fault(
        (
            Edit("replica:Replica._base", '"epoch": shadow["epoch"]', '"epoch": self._epoch(dossier)'),
            Edit("epochs:restore", "head.seq + JUMP", "head.seq"),
        ),
        900,
        RESTORES,
        HOT,
    ),
}
