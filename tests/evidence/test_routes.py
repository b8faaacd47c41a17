"""Who may have a proof, and what somebody outside makes of it with nothing but the file and the key."""

import hashlib
import json

import pytest
from sqlalchemy import text

from sync import notes, statements, tree
from sync.canonical import entry_hash
from tests.support.house import House, issue, update

from .conftest import WJ, Registry


def path(record: str, what: str = "proof", query: str = "") -> str:
    return f"/api/v1/dossiers/{WJ}/records/{record}/{what}{query}"


def test_a_court_checks_a_record_with_the_file_and_the_published_key_alone(registry: Registry) -> None:
    li, made = registry.house.desk("li"), issue()
    li.push(WJ, issue(), made, *[issue() for _ in range(300)])
    registry.seal()
    answer = li.call("GET", path(made["record"]))
    assert answer.status_code == 200 and answer.mimetype == "text/plain" and len(answer.data) <= 4096
    assert "attachment" in answer.headers["Content-Disposition"]
    published = registry.house.app.test_client().get("/api/v1/keys").json  # no sign-in
    key = notes.verifier(published["items"][-1]["key"])
    proof = notes.proof(answer.text)
    told = notes.verified_checkpoint(proof.checkpoint, f"{published['deployment']}/{WJ}/1", [key])
    leaf = entry_hash(proof.extra)
    assert tree.verify_inclusion(leaf, proof.index, told.size, proof.hashes, told.root)
    assert json.loads(proof.extra)["record"] == made["record"]


def test_a_disclosure_holds_what_the_entry_committed_to(registry: Registry) -> None:
    li, made = registry.house.desk("li"), issue()
    li.push(WJ, made)
    registry.seal()
    told = li.get(path(made["record"], "disclosure"))
    committed = hashlib.sha256(_decoded(told["salt"]) + told["payload"].encode()).hexdigest()
    assert json.loads(told["entry"])["payload"] == committed
    assert json.loads(told["payload"])["after"]["title"] == "临边防护缺失"
    assert entry_hash(told["entry"].encode()) == entry_hash(notes.proof(told["proof"]).extra)
    assert statements.keys(told["keys"])[0].no == 1
    with registry.writing() as conn:
        conn.execute(text("UPDATE payloads SET salt = NULL, bytes = NULL WHERE dossier = :d"), {"d": WJ})
    erased = li.get(path(made["record"], "disclosure"))
    assert (erased["payload"], erased["salt"]) == (None, None) and erased["proof"] == told["proof"]


def _decoded(told: str) -> bytes:
    from sync.signatures import decode

    return decode(told)


def test_any_entry_of_the_record_can_be_proven_and_none_of_another(registry: Registry) -> None:
    li, made, other = registry.house.desk("li"), issue(), issue()
    li.push(WJ, made, other)
    registry.seal()
    assert li.call("GET", path(made["record"], query="?seq=2")).status_code == 200
    for query, status in (("?seq=3", 404), ("?seq=99", 404), ("?seq=0", 400)):
        assert li.call("GET", path(made["record"], query=query)).status_code == status


def test_what_somebody_may_not_read_is_not_proven_to_them(site: House, registry: Registry) -> None:
    made = issue(audience="confidential")
    site.desk("zhang").push(WJ, made)
    registry.seal()
    for name in ("li", "zhao", "stranger"):
        for what in ("proof", "disclosure"):
            answer = site.desk(name).call("GET", path(made["record"], what))
            assert (answer.status_code, answer.json["code"]) == (404, "not-found"), (name, what)
    assert site.desk("zhang").call("GET", path(made["record"])).status_code == 200


def test_what_has_become_confidential_is_no_longer_proven_by_its_older_entries(
    site: House, registry: Registry
) -> None:
    zhang, made = site.desk("zhang"), issue()
    zhang.push(WJ, made)
    moved = update("issue", made["record"], 2, {}) | {"audience": "confidential"}
    assert zhang.push(WJ, moved)[0]["status"] == "applied"
    registry.seal()
    assert site.desk("li").call("GET", path(made["record"], query="?seq=2")).status_code == 404
    assert zhang.call("GET", path(made["record"], query="?seq=2")).status_code == 200


def test_what_no_checkpoint_covers_yet_is_asked_for_again(registry: Registry) -> None:
    li, made = registry.house.desk("li"), issue()
    li.push(WJ, made)
    for where in (path(made["record"]), f"/api/v1/dossiers/{WJ}/checkpoint"):
        answer = li.call("GET", where)
        assert (answer.status_code, answer.json["code"], answer.json["remedy"]) == (
            409,
            "not-sealed",
            "retry",
        )


def test_the_newest_checkpoint_is_for_those_who_hold_a_post_there(site: House, registry: Registry) -> None:
    made = registry.seal()
    where = f"/api/v1/dossiers/{WJ}/checkpoint"
    for name in ("li", "zhao"):
        told = site.desk(name).get(where)
        assert made is not None and (told["size"], told["note"]) == (made.size, made.note)
    assert site.desk("stranger").call("GET", where).json["code"] == "unknown-dossier"
    assert site.app.test_client().get(where).status_code == 401


def test_consistency_is_proven_between_two_trees_of_the_epoch(site: House, registry: Registry) -> None:
    li = site.desk("li")
    first = registry.seal()
    li.push(WJ, *[issue() for _ in range(9)])
    second = registry.seal()
    assert first is not None and second is not None
    where = f"/api/v1/dossiers/{WJ}/consistency"
    proof = notes.hashes(li.get(f"{where}?first=1&second=10")["proof"])
    assert tree.verify_consistency(1, first.root, 10, second.root, proof)
    for query in ("first=1&second=11", "first=5&second=4", "first=1&second=2&epoch=2"):
        assert li.call("GET", f"{where}?{query}").json["code"] == "no-such-tree", query
    assert li.call("GET", where).status_code == 400
    assert site.desk("stranger").call("GET", f"{where}?first=1&second=2").json["code"] == "unknown-dossier"


def test_a_tree_that_contradicts_itself_proves_nothing_and_says_so(registry: Registry) -> None:
    li, made = registry.house.desk("li"), issue()
    li.push(WJ, made, *[issue() for _ in range(5)])
    registry.seal()
    with registry.writing() as conn:
        conn.execute(text("UPDATE tiles SET hashes = :h WHERE dossier = :d"), {"h": b"", "d": WJ})
    for where in (f"/api/v1/dossiers/{WJ}/consistency?first=1&second=5",):
        assert li.call("GET", where).json["code"] == "tree-broken"
    assert li.exchange(cursors={WJ: {}})["pull"]["dossiers"][WJ]["checkpoint"]["note"]


def test_the_desks_verification_tells_how_far_checkpoints_vouch(registry: Registry) -> None:
    zhang = registry.house.desk("zhang")
    zhang.push(WJ, issue())
    registry.seal()
    zhang.push(WJ, issue())
    told = zhang.get(f"/api/v1/dossiers/{WJ}/verification")
    assert (told["entries"], told["checkpoints"], told["vouched"], told["fault"]) == (3, 1, 2, None)


@pytest.mark.parametrize("root", ["", "A" * 43 + "=", "?" * 43 + "="])
def test_what_no_device_can_hold_is_answered_clearly(registry: Registry, root: str) -> None:
    held = {WJ: {"epoch": 1, "size": 3, "root": root}}
    body = {"protocol": 1, "schema": 1, "no": 1, "pull": {"cursors": {}, "checkpoints": held}}
    answer = registry.house.desk("li").call("POST", "/api/v1/exchange", json=body)
    fine = root.startswith("AAA")
    assert answer.status_code == (200 if fine else 400)
