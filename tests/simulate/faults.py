"""Seeded faults: lines of the engine, the replica and the house made wrong, which the checks must notice.

Where the protocol's executable model has the same fault, its name stands behind.
"""

from collections.abc import Mapping
from pathlib import Path

from .files import FILES
from .injection import Edit, Fault
from .transport import Chances
from .world import WEIGHTS

# More of what a rare fault needs.
RESTORES = dict(WEIGHTS | {"restore": 4, "back_up": 4, "note_backup": 4})
MOVES = dict(WEIGHTS | {"move": 8, "collect": 8})
GRANTS = dict(WEIGHTS | {"grant": 8})
REVIEWS = dict(WEIGHTS | {"review": 10, "desk_edit": 6})
MOVERS = dict(WEIGHTS | {"move": 30, "desk_edit": 5, "restore": 0.1, "collect": 0.5})
COLLECTED = dict(WEIGHTS | {"collect": 16, "move": 10, "send": 30, "arrive": 40, "restore": 0.1})
BUSY = dict(WEIGHTS | {"send": 40, "arrive": 40, "round_trip": 2})
PEACE = dict(WEIGHTS | dict.fromkeys(("move", "collect", "grant", "restore", "desk_edit"), 0.2))
DECIDED = dict(
    PEACE | {"edit": 36, "review": 14, "glance": 10, "desk_edit": 14, "round_trip": 24, "collect": 0.2}
)
LATE = dict(WEIGHTS | {"grant": 8, "review": 12})
LOADED = dict(FILES | {"regain": 10, "fetch": 20, "take": 8, "collect": 0.5})
HOT = Chances(new_records=0.015)
INTERLEAVED = Chances(interleaved=0.9, lost=0.02)
DYING = Chances(phone_dies=0.3)
DOUBLED = Chances(doubled=0.45, lost=0.02)
KILLED = Chances(server_dies=0.3)


def fault(
    where: str,
    right: str,
    wrong: str,
    budget: int = 100,
    weights: Mapping[str, float] | None = None,
    chances: Chances | None = None,
    *,
    house: bool = False,
) -> Fault:
    """A fault of one edit."""
    return Fault((Edit(where, right, wrong),), budget, weights, chances, house)


_HEADS_LAST = """early = Journal.heads(journal, conn, list(granted))
    pulled = feed.pull(conn, granted, early, request.cursors or {}, limit=request.limit, wanted=wanted)
    journal.heads(conn, list(granted))
    for dossier, head in Journal.heads(journal, conn, list(granted)).items():
        for page in pulled["dossiers"].get(dossier, {"audiences": {}})["audiences"].values():
            if page.get("more") is False:
                page["until"] = head.seq
    return pulled
    heads = {}"""
_NOT_CLOSED = '(lambda *_, **__: None)(sitting, change, state, {"decision": said}, seq'
_NO_JUMP = Edit("epochs:restore", "head.seq + JUMP", "head.seq")

PUSH: dict[str, Fault] = {
    "no_dedupe": fault("sitting:Sitting.judge", "if stored is not None:", "if False:"),  # no_dedupe
    "outcome_not_stored": fault("minutes:Minutes._remember", "self._outcomes.append(", "str("),
    "push_any_epoch": fault(  # push_any_epoch
        "journal:Journal.push", "epoch != head.epoch", "False", 300, RESTORES
    ),
    "blind_delete": fault(  # blind_delete
        "sitting:Sitting._delete", "not anyway and any(", "False and any("
    ),
    "resurrect": fault("sitting:Sitting._update", "if state.deleted", "if False"),  # resurrect
    "parked_forgotten": fault(
        "sitting:Sitting.park", "self._engine_record(", "str(self._engine_record) or (lambda *_: 0)("
    ),
    "lost_history_trusted": Fault(  # no_fork+no_jump
        (
            Edit(
                "sitting:Sitting._known",
                "if any(since >= epoch and fork < version for since, fork in self.lineage)",
                "if False",
            ),
            _NO_JUMP,
        ),
        600,
        RESTORES,
        HOT,
    ),
    "lineage_inside": fault("epochs:restore", "in [*known, *lineage]", "in [*known]", 200, RESTORES),
    "chain_broken": fault("minutes:Minutes._header", "self.prev.hex()", "self.head.hash.hex()"),
    "receipt_of_another": fault(
        "minutes:Minutes.append", '"hash": self.prev.hex()', '"hash": self.head.hash.hex()'
    ),
    "moved_meanwhile": fault("moves:meanwhile", "elsewhere and", "False and", 300, MOVERS, HOT),
    "conflict_left_behind": fault("moves:move", "conflict is not None and", "False and", 300, MOVES),
}
MERGE: dict[str, Fault] = {
    "silent_overwrite": fault("merge:_value", "if not moved:", "if True:"),  # silent_lww
    "own_writes_move": fault(  # own_off
        "merge:Written.moved", "self.devices.get(name) != device", "True", 300, PEACE, HOT
    ),
    "silent_last": fault("merge:_value", 'Lost(current, mine, "info")', 'Lost(mine, mine, "info")', 300),
    "text_last_wins": fault("merge:_value", "out.after[name] = merged", "out.after[name] = mine", 300, PEACE),
    "merge_called_own": fault(
        "minutes:State.apply", "MERGED if name in contested else device", "device", 400, PEACE, HOT
    ),
    "set_called_own": fault(
        "merge:merge", "if moved and declared.policy in", "if False and declared.policy in", 400, PEACE, HOT
    ),
    "group_apart": fault("merge:_moved_groups", "moved.add(str(group))", "pass"),
    "milder_shows": fault("merge:graver", "order.index(mine) > order", "order.index(mine) < order"),
    "remove_wins": fault("merge:merge_set", "remove &= set(seen)", "pass", 400, PEACE, HOT),
    "own_tags_unseen": fault(
        "bases:_view", "_replay(seen, asked.change, fields, sets=True)", "pass", 600, PEACE, HOT
    ),
    "conflict_not_joined": fault(
        "sitting:Sitting._conflict", "earlier.body if earlier else None", "None", 200
    ),
    "atomic_in_part": fault("merge:merge", "if atomic and any(", "if False and any(", 200, REVIEWS),
}
DECISIONS: dict[str, Fault] = {
    "decision_forgets_candidates": fault(
        "decisions:_close", "body = state.body |", 'body = state.body | {"fields": {}} |', 100, REVIEWS
    ),
    "reopening_forgets_candidates": fault(
        "decisions:_reopen", "known | {", 'known | {"candidates": []} | {', 300, DECIDED, HOT
    ),
    "decided_unseen": fault(
        "decisions:_settle", "if since or state.version > change.version", "if False", 400, DECIDED, HOT
    ),
    "question_stays_open": fault(
        "decisions:_review", '_close(sitting, change, state, {"decision": said}, seq', _NOT_CLOSED, 200, LATE
    ),
    "taken_under_the_next_seq": fault("decisions:_review", "seq=sitting.minutes.seq", "seq=None", 300, LATE),
    "refused_work_waits_twice": fault("sitting:Sitting.park", "if self.taking:", "if False:", 200, LATE),
    "refused_work_says_the_old_reason": fault(
        "decisions:_leave", '{"why": why, "first_why"', '{"first_why"', 200, LATE
    ),
    "taken_sets_back": fault("sitting:Sitting._overtaken", "order[seq] > change.n", "False", 600, LATE, HOT),
    "undeleted_in_name": fault("decisions:undelete", "= False, True", "= True, True", 200),
}
FEED: dict[str, Fault] = {
    "no_resync": fault(  # no_resync
        "feed:_resync", "if cursor.loaded and collected >", "if False and 0 >", 200, MOVES
    ),
    "floor_slides": fault(  # floor_slides
        "feed:Stretch.of", "cursor.below - 1, cursor.floor", "cursor.below - 1, head.seq"
    ),
    "split_seq": fault("feed:_cut", "index > 0 and seq != last and (", "index > 0 and (", 200),
    "two_rows_a_seq": fault("feed:page", "limit + ROWS_PER_SEQ", "limit + 1", 300, REVIEWS),
    "heads_read_last": fault(
        "exchange:answer_pull",
        "heads = journal.heads(conn, list(granted))",
        _HEADS_LAST,
        300,
        BUSY,
        INTERLEAVED,
    ),
    "rewritten_unnoticed": fault("feed:page", " or beyond", "", 600, BUSY, INTERLEAVED),
    "no_leave": fault(  # no_leave
        "minutes:Minutes._feed", "return [here, *left]", "return [here]", 100, MOVES
    ),
    "deleted_served": fault("minutes:Minutes._feed", '"delete" if s.deleted', '"put" if s.deleted'),
    "served_without_grant": fault(
        "feed:pull", "for a in held if a in known[dossier])", "for a in held)", 100, GRANTS
    ),
}
REPLICA: dict[str, Fault] = {
    "no_cas": fault(  # no_cas
        "replica_answers:_page", 'if (page["since"], page["since_below"]) != (', "if () != ("
    ),
    "no_nonce": fault(
        "replica_answers:_page", 'held["nonce"] != page["nonce"]', "False", 900, COLLECTED, DOUBLED
    ),
    "old_rows_stay": fault("replica_answers:_page", 'if not page["more"]:', "if False:", 200, MOVES),
    "no_purge": fault(  # no_purge
        "replica_answers:_grants",
        'if row["audience"] not in',
        'if False and row["audience"] not in',
        100,
        GRANTS,
    ),
    "rows_not_purged": fault(
        "replica_answers:_grants",
        "DELETE FROM shadow WHERE dossier=? AND audience=?",
        "DELETE FROM shadow WHERE dossier=? AND audience=? AND 0",
        100,
        GRANTS,
    ),
    "late_grants": fault("replica_answers:take_pull", "newest = latest is None or", "newest = True or"),
    "early_drop": fault(  # early_drop
        "replica_answers:settle", " OR c.seq < outbox.seq OR c.more", "", 200
    ),
    "not_retained": fault("replica_answers:settle", " AND e.backed_up >= outbox.seq", "", 100),
    "late_ack": fault(  # late_ack
        "replica_answers:take_push", 'group["epoch"] != epoch', "False", 600, RESTORES
    ),
    "no_repush": fault(  # no_repush
        "replica_answers:_again", "'acked','retained'", "'acked'", 200, RESTORES
    ),
    "sent_out_of_order": fault("replica:Replica.request", "doubts) ORDER BY n", "doubts) ORDER BY id"),
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
    "base_unmasked": fault(  # trunk_unmasked
        "replica:Replica._base",
        '"version": first["version"]',
        '"version": shadow["version"] if shadow else first["version"]',
        600,
        PEACE,
        HOT,
    ),
}
EVIDENCE: dict[str, Fault] = {
    "restored_in_silence": fault("epochs:restore", "epoch=lost + 1", "epoch=head.epoch", 200, RESTORES),
    "restored_without_reason": fault(
        "checkpoints:seal", "_explain(conn, dossier, head.epoch, signer, remembered)", "pass", 200, RESTORES
    ),
    "proof_from_another_size": fault(
        "checkpoints:shown", "consistency_path(mine.size,", "consistency_path(max(1, mine.size - 1),"
    ),
    "tree_without_the_first": fault(
        "minutes:Minutes.write", "for row in self._entries)", "for row in self._entries[1:])"
    ),
    "late_checkpoints_judged": fault("trust:believes", 'row is not None and no <= row["no"]', "False"),
    "other_history_signed": fault(
        "checkpoints:seal",
        "here.sign(signer)",
        "Checkpoint(here.origin, here.size, bytes(32)).sign(signer)",
        100,
    ),
}
LOADS: dict[str, Fault] = {
    "file_sets_back": Fault(
        (
            Edit(
                "replica_answers:take_snapshot",
                'newer.get(item["record"], -1) <= item["version"]',
                "True",
            ),
        ),
        300,
        LOADED,
        HOT,
        files=True,
    ),
    "file_after_the_load": Fault(
        (Edit("replica_answers:take_snapshot", 'held["seq"] != 0', "False"),), 300, files=True
    ),
    "file_offered_as_newer": Fault(
        (Edit("snapshots:Snapshot.offer", '"until": self.seq', '"until": self.seq + 3'),),
        300,
        LOADED,
        files=True,
    ),
}
HOUSE: dict[str, Fault] = {
    "ended_posts_count": fault(
        "server.people.queries:_actor",
        "where = held if duty.until is None or",
        "where = held if True or",
        50,
        GRANTS,
        house=True,
    ),
    "half_committed": fault(
        "server.transaction:_transaction",
        "db.session.rollback()",
        "db.session.commit()",
        50,
        None,
        KILLED,
        house=True,
    ),
    "two_people_one_device": fault(
        "server.endpoint:Actor.writer", "{self.device}/{self.id[-12:]}", "phone", 50, house=True
    ),
}
# A seed that caught each, by name: `python -m tests.simulate first` looks for them anew.
FIRST = Path(__file__).with_name("first_seeds.json")
FAULTS = PUSH | MERGE | DECISIONS | FEED | REPLICA | EVIDENCE | LOADS | HOUSE
