"""A journal is signed as it stands, and never as anything less or else than was signed before."""

import random
from pathlib import Path

import flask_migrate
import pytest
from sqlalchemy import text

from server.app import create_app
from server.database import db
from server.evidence import actions
from server.office import office
from server.signing import KeyTrouble
from sync import checkpoints, growth, history, notes, statements, tree, witnesses
from sync.checkpoints import Refused
from tests.support.house import config_for, issue, update

from .conftest import WJ, Registry


def root_of_entries(registry: Registry, upto: int, dossier: str = WJ) -> bytes:
    with registry.reading() as conn:
        return tree.root_of(row.hash for row in list(history.entries(conn, dossier))[:upto])


def test_a_checkpoint_is_the_root_over_all_entries_signed_by_the_houses_key(registry: Registry) -> None:
    registry.house.desk("li").push(WJ, *[issue() for _ in range(6)])
    made = registry.seal()
    assert made is not None and (made.epoch, made.size, made.seq) == (1, 7, 7)
    with registry.reading() as conn:
        keys = statements.keys(checkpoints.introductions(conn))
    told = notes.verified_checkpoint(made.note, f"xunjian.localhost/{WJ}/1", [keys[0].verifier])
    assert (told.size, told.root) == (7, root_of_entries(registry, 7))
    assert registry.seal() is None  # nothing new


def test_only_what_has_grown_is_due(registry: Registry) -> None:
    with registry.house.app.app_context():
        assert actions.seal_all() == 2  # both projects
        assert actions.seal_all() == 0
    registry.house.desk("li").push(WJ, issue())
    with registry.reading() as conn:
        assert checkpoints.due(conn) == [WJ]


def test_a_journal_that_cannot_be_signed_keeps_no_other_from_it(registry: Registry) -> None:
    """Also where what is wrong is none of the faults that signing knows: here, this node's disk."""
    with registry.house.app.app_context():
        folder = office().signing.folder
        (folder / f"{WJ.replace(':', '@')}.ckpt").mkdir(parents=True)
        assert actions.seal_all() == 1
    with registry.reading() as conn:
        assert checkpoints.due(conn) == [WJ]


def test_many_pushes_grow_the_same_tree_as_one(registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(growth, "STEP", 100)  # a backlog is put into tiles in steps
    li, chosen = registry.house.desk("li"), random.Random(5)
    size = 1
    while size < 600:
        count = chosen.choice((1, 2, 7, 120))
        li.push(WJ, *[issue() for _ in range(count)])
        size += count
        if chosen.random() < 0.3:
            registry.seal()
    made = registry.seal()
    with registry.reading() as conn:
        if made is not None:
            assert made.root == root_of_entries(registry, size)
        for at in (1, 2, 255, 256, 257, 511, 512, 513, size):
            assert growth.root_at(conn, WJ, at) == root_of_entries(registry, at), at
        leaves = [row.hash for row in history.entries(conn, WJ)]
        newest = checkpoints.newest(conn, [WJ])[WJ]
        for seq in (1, 2, 255, 256, 257, 300, 512, 513, size):
            found = checkpoints.inclusion(conn, WJ, seq)
            assert found is not None and found.index == seq - 1
            assert tree.verify_inclusion(leaves[seq - 1], seq - 1, newest.size, found.hashes, newest.root)
            assert len(found.text) <= 4096
            proof = checkpoints.consistency(conn, WJ, seq, size)
            assert tree.verify_consistency(seq, tree.root_of(leaves[:seq]), size, newest.root, proof)


def test_tiles_are_looked_up_by_their_keys_and_never_all_read(registry: Registry, database: str) -> None:
    registry.seal()
    with registry.reading() as conn:
        asked = growth._listed(conn, [(WJ, 0, 0), (WJ, 1, 0)])
        explain = "EXPLAIN QUERY PLAN " if database == "sqlite" else "EXPLAIN "
        conn.execute(text("SET LOCAL enable_seqscan = off")) if database == "postgresql" else None
        plan = str(conn.execute(text(explain + growth._TILES[database].text), asked).all())
    assert "tiles_pkey" in plan or "SEARCH t USING INDEX sqlite_autoindex_tiles_1" in plan, plan


def test_an_entry_that_no_checkpoint_covers_has_no_proof_yet(registry: Registry) -> None:
    registry.seal()
    registry.house.desk("li").push(WJ, issue())
    with registry.reading() as conn:
        assert checkpoints.inclusion(conn, WJ, 2) is None
        assert checkpoints.inclusion(conn, WJ, 99) is None
        with pytest.raises(ValueError, match="begin"):
            checkpoints.consistency(conn, WJ, 3, 2)


def test_what_the_previous_release_writes_during_an_update_is_caught_up(registry: Registry) -> None:
    """It knows nothing of the tree: the head moves on and its range stays behind."""
    li = registry.house.desk("li")
    li.push(WJ, *[issue() for _ in range(3)])
    with registry.writing() as conn:
        conn.execute(
            text("UPDATE dossiers SET size = 1, peaks = :p, grown = 1 WHERE dossier = :d"),
            {"p": root_of_entries(registry, 1), "d": WJ},
        )
    with registry.reading() as conn:
        assert WJ in checkpoints.due(conn)
    li.push(WJ, issue())
    made = registry.seal()
    assert made is not None and (made.size, made.root) == (5, root_of_entries(registry, 5))


# --------------------------------------------------------------------------------- what is not signed
def cut(registry: Registry, upto: int) -> None:
    """The database as a backup would have it: entries and head up to a seq."""
    leaves = []
    with registry.reading() as conn:
        rows = [row for row in history.entries(conn, WJ) if row.seq <= upto]
        leaves = [row.hash for row in rows]
    whole = tree.Range()
    whole.extend(leaves)
    with registry.writing() as conn:
        for table in ("entries", "payloads"):
            conn.execute(text(f"DELETE FROM {table} WHERE dossier = :d AND seq > :s"), {"d": WJ, "s": upto})
        conn.execute(text("DELETE FROM checkpoints WHERE dossier = :d AND size > :s"), {"d": WJ, "s": upto})
        conn.execute(text("DELETE FROM tiles WHERE dossier = :d"), {"d": WJ})
        conn.execute(
            text(
                "UPDATE dossiers SET seq = :s, hash = :h, size = :s, peaks = :p, grown = :s, tiled = 0,"
                " tiled_seq = 0, sealed = coalesce((SELECT max(size) FROM checkpoints WHERE dossier = :d), 0)"
                " WHERE dossier = :d"
            ),
            {"s": upto, "h": leaves[-1], "p": whole.dump(), "d": WJ},
        )


def test_a_database_put_back_is_not_signed_until_somebody_says_why(registry: Registry) -> None:
    """A4: what the node remembers lies outside the database."""
    li = registry.house.desk("li")
    li.push(WJ, *[issue() for _ in range(5)])
    lost = registry.seal()
    cut(registry, 4)
    with pytest.raises(Refused, match="rolled-back"):
        registry.seal()
    with registry.house.app.app_context():
        assert actions.look_back() == 1  # said when the server starts
        assert actions.seal_all() == 1  # the other project's; this one is named in the log
    registry.restore(reason="the disk died on Sunday")
    with registry.reading() as conn:
        made = checkpoints.newest(conn, [WJ])[WJ]
        told = statements.restore(
            checkpoints.explanations(conn, WJ)[0],
            [k.verifier for k in statements.keys(checkpoints.introductions(conn))],
        )
    assert (made.epoch, made.size) == (2, 5)
    assert (told.size, told.reason, told.actor) == (4, "the disk died on Sunday", "system")
    assert lost is not None and told.lost == (lost.size, lost.root)
    assert told.root == root_of_entries(registry, 4)
    with registry.house.app.app_context():
        assert actions.look_back() == 0


def test_another_history_of_the_same_length_is_not_signed(registry: Registry) -> None:
    li = registry.house.desk("li")
    li.push(WJ, *[issue() for _ in range(5)])
    registry.seal()
    cut(registry, 4)
    li.push(WJ, *[issue() for _ in range(9)])
    with pytest.raises(Refused, match="inconsistent"):
        registry.seal()


def test_tiles_that_contradict_the_head_are_not_signed(registry: Registry) -> None:
    li = registry.house.desk("li")
    li.push(WJ, *[issue() for _ in range(3)])
    registry.seal()
    with registry.writing() as conn:
        query = text("SELECT hashes FROM tiles WHERE dossier = :d")
        hashes = bytes(conn.execute(query, {"d": WJ}).scalar_one())
        conn.execute(
            text("UPDATE tiles SET hashes = :h WHERE dossier = :d"),
            {"h": bytes([hashes[0] ^ 1]) + hashes[1:], "d": WJ},
        )
    li.push(WJ, issue())
    with pytest.raises(growth.Broken):
        registry.seal()


def test_entries_that_are_missing_are_not_signed(registry: Registry) -> None:
    registry.house.desk("li").push(WJ, *[issue() for _ in range(3)])
    with registry.writing() as conn:
        conn.execute(text("DELETE FROM entries WHERE dossier = :d AND seq = 3"), {"d": WJ})
    with pytest.raises(growth.Broken, match="missing"):
        registry.seal()


def test_a_node_whose_memory_was_damaged_does_not_sign(registry: Registry) -> None:
    registry.seal()
    with registry.house.app.app_context():
        file = next(office().signing.folder.glob("*wj-01.ckpt"))
    file.write_text("torn")
    with registry.house.app.app_context():
        assert actions.seal_all() == 1  # the other project's
    with registry.writing() as conn:
        conn.execute(text("UPDATE dossiers SET size = 0 WHERE dossier = 'project:wj-02'"))
    with registry.house.app.app_context():
        assert actions.look_back() == 1  # the damaged one is named, the other is looked at all the same
    registry.house.desk("li").push(WJ, issue())
    with pytest.raises(KeyTrouble, match="no checkpoint any more"):
        registry.seal()


def test_a_checkpoint_that_could_not_be_kept_is_not_remembered_as_newer(registry: Registry) -> None:
    """The process dies after the node's memory and before the commit: the next one signs the same."""
    registry.house.desk("li").push(WJ, issue())
    first = registry.seal()
    with registry.writing() as conn:
        conn.execute(text("DELETE FROM checkpoints WHERE dossier = :d"), {"d": WJ})
        conn.execute(text("UPDATE dossiers SET sealed = 0 WHERE dossier = :d"), {"d": WJ})
    again = registry.seal()
    assert first is not None and again is not None and again.note == first.note


def test_an_epoch_of_which_nobody_said_why_is_not_signed(registry: Registry) -> None:
    registry.seal()
    registry.restore()
    with registry.writing() as conn:
        conn.execute(text("UPDATE lineage SET reason = NULL, note = NULL WHERE dossier = :d"), {"d": WJ})
    registry.house.desk("li").push(WJ, issue(), epoch=2)
    with pytest.raises(Refused, match="unexplained"):
        registry.seal()


def test_a_journal_that_begins_anew_after_a_restore_says_so(registry: Registry) -> None:
    registry.restore()
    with registry.house.app.app_context():
        registry.house.project("wj-03")
        registry.seal("project:wj-03")
    with registry.reading() as conn:
        told = checkpoints.explanations(conn, "project:wj-03")
        lost = {"receipts": [{"dossier": "project:wj-03", "seq": n, "hash": "00" * 32} for n in (1, 99)]}
        found = history.verify(conn, "project:wj-03", evidence=witnesses.evidence([lost]))
    assert len(told) == 1 and checkpoints.BEGUN_ANEW in told[0]
    assert (found.fault, found.checkpoints) == (None, 1)


def test_the_name_under_which_a_journal_is_signed_stays(registry: Registry) -> None:
    registry.seal()
    registry.house.desk("li").push(WJ, issue())
    with registry.house.app.app_context():
        office().signing.deployment = "elsewhere.example"
        with pytest.raises(KeyTrouble, match="XUNJIAN_ORIGIN"):
            actions.seal(WJ)


# ------------------------------------------------------------------------------------- when it is signed
def newest_size(registry: Registry, dossier: str = WJ) -> int:
    with registry.reading() as conn:
        made = checkpoints.newest(conn, [dossier]).get(dossier)
    return made.size if made else 0


def test_a_formal_act_is_signed_at_once_and_ordinary_work_is_not(registry: Registry) -> None:
    li, zhang = registry.house.desk("li"), registry.house.desk("zhang")
    made = issue()
    li.push(WJ, made)
    assert newest_size(registry) == 0
    zhang.push(WJ, update("issue", made["record"], 2, {"state": {"do": "confirm"}}))
    assert newest_size(registry) == 0
    refer = {"state": {"do": "refer"}, "referred_to": "urban"}
    outcome = zhang.push(WJ, update("issue", made["record"], 3, refer))[0]
    assert outcome["status"] == "applied", outcome
    assert newest_size(registry) == 4


def test_a_step_that_was_not_taken_is_no_act(registry: Registry) -> None:
    zhang = registry.house.desk("zhang")
    made = issue()
    registry.house.desk("li").push(WJ, made)
    outcome = zhang.push(WJ, update("issue", made["record"], 2, {"state": {"do": "close"}}))[0]
    assert outcome["status"] != "applied" and newest_size(registry) == 0


def test_a_thousand_entries_are_signed_whatever_the_clock_says(
    registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(actions.rules, "ENTRIES", 10)
    li = registry.house.desk("li")
    li.push(WJ, *[issue() for _ in range(8)])
    assert newest_size(registry) == 0
    li.push(WJ, issue())
    assert newest_size(registry) == 10


def test_existing_journals_have_their_tree_after_the_migration(database_url: str, tmp_path: Path) -> None:
    app = create_app(config_for(database_url, tmp_path))
    with app.app_context():
        flask_migrate.downgrade(revision="0009")
        with db.engine.begin() as conn:
            insert = "INSERT INTO dossiers (dossier, epoch, seq, hash, backed_up) VALUES (:d, 1, :s, :h, 0)"
            conn.execute(text(insert), {"d": "project:old", "s": 5, "h": bytes(32)})
            for seq in range(1, 6):
                conn.execute(
                    text(
                        "INSERT INTO entries (dossier, seq, change, record, bytes, hash)"
                        " VALUES ('project:old', :s, :c, 'r', :b, :h)"
                    ),
                    {"s": seq, "c": str(seq), "b": b"x", "h": bytes([seq]) * 32},
                )
        flask_migrate.upgrade()
        with db.engine.begin() as conn:
            row = conn.execute(text("SELECT * FROM dossiers WHERE dossier = 'project:old'")).one()
            conn.execute(text("DELETE FROM entries"))
            conn.execute(text("DELETE FROM dossiers"))
        db.engine.dispose()
    whole = tree.Range.load(row.size, bytes(row.peaks))
    assert row.grown == 5 and whole.root() == tree.root_of(bytes([n]) * 32 for n in range(1, 6))


def test_the_statements_of_a_push_do_not_grow_with_the_tree(registry: Registry) -> None:
    li, site = registry.house.desk("li"), registry.house
    counts = []
    for size in (1, 1, 300, 1):
        with site.statements() as said:
            li.push(WJ, *[issue() for _ in range(size)])
        counts.append(len(said))
        registry.seal()
    assert len(set(counts[1:])) == 1, counts


def test_every_formal_act_is_a_step_of_its_kind(registry: Registry) -> None:
    kinds = registry.house.app.extensions["office"].journal.kinds
    for kind, steps in actions.rules.FORMAL.items():
        assert steps <= set(kinds[kind].lifecycle.transitions), kind


def test_a_proof_takes_two_statements_however_long_the_journal(registry: Registry) -> None:
    counted = []
    for more in (1, 500):
        registry.house.desk("li").push(WJ, *[issue() for _ in range(more)])
        registry.seal()
        with registry.reading() as conn, registry.house.statements() as said:
            assert checkpoints.inclusion(conn, WJ, 2) is not None
        counted.append(len(said))
    assert counted == [2, 2]
