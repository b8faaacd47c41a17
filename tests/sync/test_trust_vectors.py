"""What a device makes of the past that answers show it, and what it signs: vectors for all clients."""

import sqlite3
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from sync import signatures, trust
from sync.replica_tables import TABLES

from .test_vectors import vectors

TRUST, SIGNED = vectors("trust"), vectors("signatures")
HERE = "project:a"


def judged(case: dict[str, Any]) -> list[dict[str, Any]]:
    """What a device says after each step of a case."""
    db = sqlite3.connect(":memory:")
    db.row_factory = sqlite3.Row
    db.executescript(TABLES)
    told = []
    for step in case["steps"]:
        db.execute("INSERT OR REPLACE INTO meta VALUES ('no', ?)", (str(step["asked"]),))
        trust.learn(db, step["keys"])
        took = trust.believes(db, HERE, step["epoch"], step["checkpoint"], step["no"], "")
        [why] = [row["why"] for row in trust.doubts(db)] or [None]
        held = trust.held(db).get(HERE)
        restores = [[row["epoch"], bool(row["lost"])] for row in trust.restores(db)]
        told.append({"took": took, "why": why, "held": held, "keys": trust.known(db), "restores": restores})
    db.close()
    return told


@pytest.mark.parametrize("case", TRUST["cases"], ids=lambda case: case["name"])
def test_the_vectors_of_trust(case: dict[str, Any]) -> None:
    assert judged(case) == [step["after"] for step in case["steps"]]


def test_the_vectors_name_every_doubt_there_is() -> None:
    assert {s["after"]["why"] for c in TRUST["cases"] for s in c["steps"]} == {None, *trust.WORDS}


@pytest.mark.parametrize("case", SIGNED["cases"], ids=lambda case: case["name"])
def test_the_vectors_of_signatures(case: dict[str, Any]) -> None:
    salt, change = bytes.fromhex(SIGNED["salt"]), case["change"]
    assert signatures.statement(change).decode() == case["statement"]
    assert signatures.commit(salt, change).hex() == case["digest"]
    told = signatures.read(case["sig"], change)
    assert told is not None and told.key == SIGNED["key"] and told.salt == salt
    assert signatures.verifies(signatures.decode(SIGNED["public"]), told.digest, told.value)


def test_the_vectors_claim_is_taken_from_its_device_and_from_no_other() -> None:
    public = signatures.decode(SIGNED["public"])
    assert signatures.claimed(SIGNED["claim"]["device"], SIGNED["claim"]) == public
    assert signatures.claimed("phone-2", SIGNED["claim"]) is None
    assert ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), public)
