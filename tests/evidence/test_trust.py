"""A phone holds the house to what it signed: forks and roll-backs are said, and nothing unsent is lost."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from server.evidence import actions
from server.office import office
from sync import history, minutes, notes, statements, trust
from sync.notes import Checkpoint, Signer
from sync.replica import Replica
from tests.support.house import House, issue

from .conftest import WJ, Line, Registry, line
from .test_checkpoints import cut, root_of_entries

Phone = Callable[..., Replica]
FIELDS = {
    "title": {"set": "临边防护缺失"},
    "domain": {"set": "edge"},
    "severity": {"set": "general"},
    "found_at": {"set": "2026-11-21T10:00:00+08:00"},
}


def whys(replica: Replica) -> dict[str, str]:
    return {d["dossier"]: d["why"] for d in replica.doubts()}


def test_every_answer_brings_the_newest_checkpoint_and_the_phone_keeps_it(
    registry: Registry, phone: Phone
) -> None:
    li, way = phone("li"), line(registry.house, "li")
    li.sync(way)
    assert trust.held(li.db) == {}
    made = registry.seal()
    li.sync(way)
    assert made is not None
    assert trust.held(li.db)[WJ] == {"epoch": 1, "size": made.size, "root": notes.spelled([made.root])[0]}
    for _ in range(3):
        li.create(WJ, "issue", FIELDS)
        li.sync(way)
        registry.seal()
        li.sync(way)
    assert trust.held(li.db)[WJ]["size"] == 4 and whys(li) == {}


def test_what_the_phone_holds_already_is_not_sent_again(registry: Registry, phone: Phone) -> None:
    registry.seal()
    li = phone("li")
    shown: list[Any] = []
    way = Line(registry.house.desk("li"), lambda a: shown.append(a["pull"]["dossiers"].get(WJ, {})))
    li.sync(way)
    assert shown[-1]["checkpoint"] == {"same": True}
    assert "keys" not in json.loads(way.exchange(li.request()))["pull"]


def test_a_rolled_back_server_is_shown_at_the_first_sync_and_what_is_unsent_stays(
    registry: Registry, phone: Phone
) -> None:
    """A4, and what a person can do then: see it, carry the work out as a file, and go on elsewhere."""
    li, way = phone("li"), line(registry.house, "li")
    registry.seal()
    registry.house.desk("wang").push(WJ, *[issue() for _ in range(5)])
    registry.seal()
    li.sync(way)
    cut(registry, 3)
    registry.house.person("li", "inspector", "project:wj-02")
    li.create(WJ, "issue", FIELDS)
    li.receive(json.loads(way.exchange(li.request())))
    assert whys(li) == {WJ: "rolled-back"}
    later = li.create(WJ, "issue", FIELDS)
    elsewhere = phone("li").create("project:wj-02", "issue", FIELDS)
    li.sync(way)
    doubt = li.doubts()[0]
    assert (
        "旧备份" in doubt["zh"] and doubt["en"].endswith(".") and doubt["held"] and doubt["shown"] is not None
    )
    exported = [json.loads(x) for x in li.export_unsent().splitlines()]
    assert later in [x["change"]["record"] for x in exported if "change" in x]
    assert exported[-1]["doubt"]["why"] == "rolled-back"
    states = {r["record"]: r["state"] for r in li.db.execute("SELECT record, state FROM outbox")}
    assert states[later] == "new" and states[elsewhere] != "new"  # other dossiers go on


def test_a_restore_that_was_explained_is_believed_and_shown(registry: Registry, phone: Phone) -> None:
    li, way = phone("li"), line(registry.house, "li")
    registry.seal()
    li.sync(way)
    mine = li.create(WJ, "issue", FIELDS)
    li.sync(way)
    registry.seal()
    li.sync(way)
    cut(registry, 1)
    li.receive(json.loads(way.exchange(li.request())))
    assert whys(li) == {WJ: "rolled-back"}
    registry.restore(reason="disk failure, backup of Sunday")
    li.sync(way)
    assert whys(li) == {}
    told = trust.restores(li.db)
    assert [(r["epoch"], r["lost"]) for r in told] == [(2, 1)] and "backup of Sunday" in told[0]["note"]
    assert mine in li.view(WJ)  # what the backup lacked was pushed again
    registry.seal()
    li.sync(way)
    assert trust.held(li.db)[WJ]["epoch"] == 2 and whys(li) == {}
    assert len(li.evidence()["checkpoints"]) == 2  # what was lost is still proven to have been


def test_a_restore_without_a_signed_reason_is_not_believed(registry: Registry, phone: Phone) -> None:
    li = phone("li")
    registry.seal()
    li.sync(line(registry.house, "li"))
    registry.restore()

    def silent(answer: dict[str, Any]) -> None:
        for said in answer["pull"]["dossiers"].values():
            if "note" in (said["checkpoint"] or {}):
                said["checkpoint"]["restores"] = []

    li.sync(Line(registry.house.desk("li"), silent))
    assert whys(li) == {WJ: "unexplained"}


def forged(registry: Registry, size: int, root: bytes, *, key: Signer | None = None) -> str:
    with registry.house.app.app_context():
        signer = key or actions.signer()
    return Checkpoint(statements.origin(signer.name, WJ, 1), size, root).sign(signer)


def showing(note: str | None, proof: list[str] | None = None) -> Callable[[dict[str, Any]], None]:
    def garble(answer: dict[str, Any]) -> None:
        said = answer["pull"]["dossiers"].get(WJ, {})
        said["checkpoint"] = None if note is None else {"note": note, "proof": proof or [], "restores": []}

    return garble


@pytest.mark.parametrize("extra", [0, 4])
def test_a_fork_signed_by_the_stolen_key_is_caught(registry: Registry, phone: Phone, extra: int) -> None:
    """Of the same length, or longer: there is no proof that leads from the one to the other."""
    li = phone("li")
    registry.house.desk("wang").push(WJ, *[issue() for _ in range(4)])
    registry.seal()
    li.sync(line(registry.house, "li"))
    before = len(li.view(WJ))
    registry.house.desk("wang").push(WJ, issue())
    li.sync(Line(registry.house.desk("li"), showing(forged(registry, 5 + extra, b"\x07" * 32))))
    assert whys(li) == {WJ: "forked"}
    assert len(li.view(WJ)) == before  # nothing of that answer was taken in
    li.sync(line(registry.house, "li"))
    assert whys(li) == {} and len(li.view(WJ)) == before + 1  # the true history is believed again


def test_a_key_that_nobody_introduced_is_not_believed(registry: Registry, phone: Phone) -> None:
    li = phone("li")
    registry.seal()
    li.sync(line(registry.house, "li"))
    with registry.house.app.app_context():
        name = office().signing.deployment
    stranger = Signer(name, Ed25519PrivateKey.generate())
    note = forged(registry, 9, root_of_entries(registry, 1), key=stranger)
    li.sync(Line(registry.house.desk("li"), showing(note)))
    assert whys(li) == {WJ: "unknown-key"}
    # Nor can it introduce itself.
    key = statements.Key(name, 2, stranger.verifier, "2026-11-23T00:00:00.000Z")
    own = notes.sign(key.text, [stranger])
    with li._transaction():
        trust.learn(li.db, [own])
    assert trust.known(li.db) == 1


def test_a_rotated_key_is_believed_because_the_one_before_introduces_it(
    registry: Registry, phone: Phone
) -> None:
    li, way = phone("li"), line(registry.house, "li")
    registry.seal()
    li.sync(way)
    with registry.house.app.app_context():
        actions.rotate()
    registry.house.desk("wang").push(WJ, issue())
    registry.seal()
    li.sync(way)
    assert (trust.known(li.db), trust.held(li.db)[WJ]["size"], whys(li)) == (2, 2, {})


def test_a_server_that_stops_showing_checkpoints_is_not_believed(registry: Registry, phone: Phone) -> None:
    li = phone("li")
    registry.seal()
    li.sync(line(registry.house, "li"))
    li.sync(Line(registry.house.desk("li"), showing(None)))
    assert whys(li) == {WJ: "withheld"}


def test_a_late_answer_with_an_older_checkpoint_is_no_roll_back(registry: Registry, phone: Phone) -> None:
    li, way = phone("li"), line(registry.house, "li")
    registry.seal()
    li.sync(way)
    late = json.loads(way.exchange(li.request()))
    registry.house.desk("wang").push(WJ, *[issue() for _ in range(3)])
    registry.seal()
    older = json.loads(way.exchange(li.request()))
    registry.house.desk("wang").push(WJ, issue())
    registry.seal()
    li.receive(json.loads(way.exchange(li.request())))
    for answer in (late, older, older):
        li.receive(answer)
    assert whys(li) == {} and trust.held(li.db)[WJ]["size"] == 5


def test_a_fork_does_not_pass_for_a_late_answer(registry: Registry, phone: Phone) -> None:
    """What number an answer bears, the server says; which request it came back for, the phone knows."""
    li = phone("li")
    registry.seal()
    li.sync(line(registry.house, "li"))
    registry.house.desk("wang").push(WJ, issue())
    before, note = len(li.view(WJ)), forged(registry, 5, b"\x07" * 32)

    def garble(answer: dict[str, Any]) -> None:
        showing(note)(answer)
        answer["no"] = 0

    with pytest.raises(ValueError, match="another request"):
        li.sync(Line(registry.house.desk("li"), garble))
    assert len(li.view(WJ)) == before
    li.sync(line(registry.house, "li"))
    assert len(li.view(WJ)) == before + 1


def test_what_a_fork_took_in_goes_home_when_the_true_history_is_back(
    registry: Registry, phone: Phone
) -> None:
    """It said applied, and the history that people believe never had it."""
    li, site = phone("li"), registry.house
    registry.seal()
    li.sync(line(site, "li"))
    note = forged(registry, 9, b"\x07" * 32)

    class Fork(Line):
        def exchange(self, body: bytes) -> bytes:
            asked = json.loads(body)
            taken = [change for group in asked.pop("push") for change in group["changes"]]
            told = json.loads(super().exchange(json.dumps(asked).encode()))
            said = [minutes.answer(c["id"], "applied", None) | {"seq": 2, "version": 2} for c in taken]
            told["push"] = [{"dossier": WJ, "epoch": 1, "head": 9, "outcomes": said}]
            return json.dumps(told).encode()

    record = li.create(WJ, "issue", FIELDS)
    li.sync(Fork(site.desk("li"), showing(note)))
    assert whys(li) == {WJ: "forked"}
    li.sync(line(site, "li"))
    assert whys(li) == {} and record in li.view(WJ)
    with registry.reading() as conn:
        assert history.standing(conn, WJ, record) is not None


def test_two_phones_that_were_shown_two_histories_find_out_when_they_meet(
    site: House, registry: Registry, phone: Phone
) -> None:
    """A5: the house signs one history for li and another for wang; no proof joins the two."""
    registry.seal()
    li, wang = phone("li"), phone("wang")
    way = line(site, "li")
    li.sync(way)
    site.desk("zhang").push(WJ, *[issue() for _ in range(2)])
    registry.seal()
    li.sync(way)
    wang.sync(Line(site.desk("wang"), showing(forged(registry, 2, b"\x07" * 32))))
    theirs = [c["note"] for c in wang.evidence()["checkpoints"]]
    assert li.meet(theirs, way) == [WJ]
    assert whys(li) == {WJ: "forked"}
    notes_held = (li.doubts()[0]["held"], li.doubts()[0]["shown"])
    assert all("xunjian.localhost" in note for note in notes_held)  # both signed: the proof for others


def test_two_phones_that_were_shown_one_history_meet_in_peace(
    site: House, registry: Registry, phone: Phone
) -> None:
    registry.seal()
    li, wang = phone("li"), phone("wang")
    li.sync(line(site, "li"))
    site.desk("zhang").push(WJ, *[issue() for _ in range(6)])
    registry.seal()
    wang.sync(line(site, "wang"))
    for one, other, name in ((li, wang, "li"), (wang, li, "wang")):
        theirs = [c["note"] for c in other.evidence()["checkpoints"]]
        assert one.meet([*theirs, "no note"], line(site, name)) == []
        assert whys(one) == {}


def test_receipts_are_kept_when_the_change_has_gone(registry: Registry, phone: Phone) -> None:
    li, way = phone("li"), line(registry.house, "li")
    li.create(WJ, "issue", FIELDS)
    li.sync(way)
    with registry.writing() as conn:
        office().journal.note_backup(conn, WJ, 2)
    li.sync(way)
    assert li.outcomes() == {}
    got = li.evidence()["receipts"]
    assert [(r["dossier"], r["seq"]) for r in got] == [(WJ, 2)] and len(got[0]["hash"]) == 64


def test_the_statements_of_a_pull_do_not_grow_with_the_tree_or_the_dossiers(
    site: House, registry: Registry, phone: Phone
) -> None:
    li, way = phone("li"), line(site, "li")
    li.sync(way)
    counts = []
    for size in (1, 1, 300, 1):
        site.desk("wang").push(WJ, *[issue() for _ in range(size)])
        registry.seal()
        request = li.request()
        with site.statements() as said:
            answer = way.exchange(request)
        counts.append(len(said))
        li.receive(json.loads(answer))
        li.sync(way)
    assert len(set(counts[1:])) == 1, counts


def test_a_phone_of_before_the_checkpoints_goes_on(registry: Registry, tmp_path: Path) -> None:
    """It says nothing of what it holds, and is shown the checkpoint all the same."""
    registry.seal()
    li = registry.house.desk("li")
    answer = li.exchange(cursors={WJ: {"field": {"nonce": "k", "epoch": 1, "seq": 0, "floor": 0}}})
    assert answer["pull"]["dossiers"][WJ]["checkpoint"]["note"].startswith("xunjian.localhost/")
    assert "keys" not in answer["pull"]
