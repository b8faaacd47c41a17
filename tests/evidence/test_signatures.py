"""What a person did on their device nobody else can have said: the device signs it when it is done."""

import json
from collections.abc import Callable
from typing import Any

import orjson
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from server import transaction
from server.evidence.queries import all_device_keys
from server.people.queries import identify
from sync import history, signatures, witnesses
from sync.change import Change, read
from sync.replica import Replica
from tests.support.house import House, accept, create, issue, new_id, update

from .conftest import WJ, Line, Registry, line

Phone = Callable[..., Replica]
KEY = ec.derive_private_key(7, ec.SECP256R1())
OTHER = ec.derive_private_key(8, ec.SECP256R1())
SALT = bytes(range(16))
FIELDS = {n: {"set": v} for n, v in {"title": "无防护", "domain": "edge", "severity": "general"}.items()}
FIELDS |= {"found_at": {"set": "2026-11-21T10:00:00+08:00"}}


def signed(change: dict[str, Any], key: ec.EllipticCurvePrivateKey = KEY) -> dict[str, Any]:
    return change | {"sig": signatures.sign(change, key, SALT)}


def entries(registry: Registry, dossier: str = WJ) -> list[dict[str, Any]]:
    with registry.reading() as conn:
        return [orjson.loads(row.bytes) for row in history.entries(conn, dossier)]


def verified(registry: Registry) -> history.Verified:
    with registry.reading() as conn:
        return history.verify(conn, WJ, evidence=witnesses.evidence((), all_device_keys(conn)))


# ------------------------------------------------------------------------------------------- by itself
def test_a_signature_holds_for_the_change_and_for_no_other() -> None:
    change = create("sheet", {"title": "甲"})
    text_ = signatures.sign(change, KEY, SALT)
    told = signatures.read(text_, change)
    assert told is not None and len(text_) <= 200
    public = signatures.public_bytes(KEY)
    assert told.key == signatures.key_id(public)
    assert signatures.verifies(public, told.digest, told.value)
    assert not signatures.verifies(signatures.public_bytes(OTHER), told.digest, told.value)
    for name in signatures.SAID:
        other = signatures.read(text_, change | {name: "x"})
        assert other is not None and not signatures.verifies(public, other.digest, other.value), name


def test_what_is_not_said_and_what_is_said_to_be_nothing_are_the_same_statement() -> None:
    bare = {"id": "i", "n": 1, "op": "delete", "kind": "sheet", "record": "r", "at": "t"}
    nothing = dict.fromkeys(("base", "clock", "reason", "audience"))
    full = bare | nothing | {"fields": {}, "atomic": False}
    assert signatures.statement(bare) == signatures.statement(full | {"sig": "anything"})


def test_a_signature_with_any_one_bit_changed_is_refused() -> None:
    change = create("sheet", {"title": "甲"})
    told = signatures.read(signatures.sign(change, KEY, SALT), change)
    assert told is not None
    public = signatures.public_bytes(KEY)
    for bit in range(64 * 8):
        value = bytearray(told.value)
        value[bit // 8] ^= 1 << bit % 8
        assert not signatures.verifies(public, told.digest, bytes(value))
    for bit in range(32 * 8):
        digest = bytearray(told.digest)
        digest[bit // 8] ^= 1 << bit % 8
        assert not signatures.verifies(public, bytes(digest), told.value)
    assert not signatures.verifies(public[:-1], told.digest, told.value)
    assert not signatures.verifies(public, told.digest, told.value + b"\0")


STRAY = f"es256.0123456789abcdef.{'A' * 21}B.{'A' * 86}"  # a salt with bits that no byte holds


@pytest.mark.parametrize("sig", [None, "", "es256", "rs256.x.y.z", "es256.0123456789abcdef.x.y", STRAY])
def test_what_is_no_signature_is_read_as_none(sig: str | None) -> None:
    assert signatures.read(sig, create("sheet", {"title": "甲"})) is None


@given(st.dictionaries(st.text(st.characters(codec="ascii"), max_size=5), st.text(max_size=9), max_size=4))
def test_the_salt_hides_what_was_said(fields: dict[str, str]) -> None:
    change = {"fields": {k: {"set": v} for k, v in fields.items()}}
    assert signatures.commit(SALT, change) != signatures.commit(bytes(16), change)


def test_a_claim_proves_that_the_device_holds_the_key() -> None:
    said = signatures.claim("phone-li", KEY)
    assert signatures.claimed("phone-li", said) == signatures.public_bytes(KEY)
    assert signatures.claimed("phone-wang", said) is None
    assert signatures.claimed("phone-li", said | {"public": signatures.claim("x", OTHER)["public"]}) is None
    assert signatures.claimed("phone-li", said | {"proof": "=="}) is None


# --------------------------------------------------------------------------------------- over the line
def test_a_phone_registers_its_key_with_the_first_exchange_and_signs_what_it_saves(
    registry: Registry, phone: Phone
) -> None:
    li, way = phone("li", key=KEY), line(registry.house, "li")
    record = li.create(WJ, "issue", FIELDS)
    li.sync(way)
    outcome = next(iter(li.outcomes().values()))
    assert outcome["status"] == "applied"
    kept = entries(registry)[-1]["sig"]
    assert kept["key"] == signatures.key_id(signatures.public_bytes(KEY)) and kept["alg"] == "es256"
    assert "salt" not in kept
    assert verified(registry).fault is None
    told = registry.house.desk("li").get(f"/api/v1/dossiers/{WJ}/records/{record}/history")["items"][0]
    assert told["signed"] == {"alg": "es256", "key": kept["key"]}
    office = entries(registry, "office:cy")[-1]
    assert (office["kind"], office["op"], office["audience"]) == ("device_key", "create", "confidential")
    assert "device_key" not in json.loads(li.request())  # once


def test_what_is_signed_with_the_devices_own_key_needs_no_look_up_of_keys(
    registry: Registry, phone: Phone
) -> None:
    li, way = phone("li", key=KEY), line(registry.house, "li")
    for asked in (True, False):  # the first exchange registers the key
        li.create(WJ, "issue", FIELDS)
        request = li.request()
        with registry.house.statements() as said:
            li.receive(json.loads(way.exchange(request)))
        assert any(s.startswith("SELECT device_keys") for s in said) is asked
        assert {o["status"] for o in li.outcomes().values()} <= {"applied"}
        assert entries(registry)[-1]["sig"]["key"] == signatures.key_id(signatures.public_bytes(KEY))
        assert entries(registry)[-1]["why"] is None


def test_two_keys_registered_at_the_same_moment_double_nothing(registry: Registry, phone: Phone) -> None:
    li, way = phone("li", key=KEY), line(registry.house, "li")
    li.sync(way)
    other = {"key": signatures.key_id(signatures.public_bytes(OTHER)), "id": new_id()}
    copied = "dossier, :id, version, audience, deleted, :key, person, device, public, since, until"
    with registry.writing() as conn:
        conn.execute(text(f"INSERT INTO device_keys SELECT {copied} FROM device_keys"), other)
    with registry.house.app.test_request_context():
        actor = identify(registry.house.desk("li").token)
    assert [key.device for key in actor.signs] == ["phone-li", "phone-li"]
    assert [post.role for post in actor.held[WJ]] == ["inspector"]


def test_a_new_key_ends_the_one_before_and_both_are_entries(registry: Registry, phone: Phone) -> None:
    site = registry.house
    first, way = phone("li", key=KEY), line(site, "li")
    first.create(WJ, "issue", FIELDS)
    first.sync(way)
    site.clock.passes(hours=1)
    first.key = OTHER  # the app was installed anew
    old = first.create(WJ, "issue", FIELDS)
    first.sync(way)
    assert old in first.view(WJ)
    told = [(e["op"], e["kind"]) for e in entries(registry, "office:cy")]
    assert told[-3:] == [("create", "device_key"), ("create", "device_key"), ("update", "device_key")]
    # What the old key signs now is not believed; what it signed while it held still verifies.
    late = signed(issue() | {"at": "2026-11-22T10:30:00.000+08:00"}, KEY)
    outcome = site.desk("li", device="phone-li").push(WJ, late)[0]
    assert (outcome["status"], outcome["why"], outcome["remedy"]) == ("parked", "bad-signature", "ask")
    early = signed(issue() | {"at": "2026-11-22T09:30:00.000+08:00"}, KEY)
    assert site.desk("li", device="phone-li").push(WJ, early)[0]["status"] == "applied"
    assert verified(registry).fault is None


def registered(site: House) -> Any:
    """A desk at a device that has a key."""
    li = site.desk("li")
    answer = li.exchange(device_key=signatures.claim(li.device, KEY))
    assert answer["device_key"]["why"] is None
    return li


def test_a_bad_signature_is_parked_whole_for_a_reviewer(registry: Registry) -> None:
    li = registered(registry.house)
    forged = signed(issue()) | {"fields": issue(title="别的标题")["fields"]}
    stolen = signed(issue(), OTHER)
    garbled = issue() | {"sig": STRAY}
    missing = issue() | {"at": "2026-11-22T10:00:00.000+08:00"}
    outcomes = li.push(WJ, forged, stolen, garbled, missing, signed(issue()))
    assert [(o["status"], o["why"]) for o in outcomes] == [
        *[("parked", "bad-signature")] * 3,
        ("parked", "signature-missing"),
        ("applied", None),
    ]
    assert verified(registry).fault is None  # what was doubted on entry stands as doubted
    zhang = registry.house.desk("zhang")
    inbox = zhang.get("/api/v1/conflicts")["items"]
    assert {w["body"]["change"]["id"] for w in inbox} == {c["id"] for c in (forged, stolen, garbled, missing)}
    taken = next(w for w in inbox if w["body"]["change"]["id"] == missing["id"])
    assert (told := zhang.push(WJ, accept(taken))[0])["status"] == "applied", str(told)
    again = li.push(WJ, forged)[0]
    assert (again["status"], again["replay"]) == ("parked", True)


def test_work_from_before_the_key_needs_no_signature(registry: Registry) -> None:
    li = registered(registry.house)
    assert li.push(WJ, issue())[0]["status"] == "applied"  # done on the day before


def test_a_desk_without_a_key_signs_nothing(registry: Registry) -> None:
    wang = registry.house.desk("wang")
    assert wang.push(WJ, issue())[0]["status"] == "applied"
    assert entries(registry)[-1]["sig"] is None


def test_nobody_registers_anothers_key_or_one_they_do_not_hold(registry: Registry) -> None:
    site = registry.house
    registered(site)
    wang = site.desk("wang")
    said = signatures.claim(wang.device, KEY)
    assert wang.exchange(device_key=said)["device_key"] == {"key": None, "why": "key-taken"}
    theirs = signatures.claim("phone-li", OTHER)
    assert wang.exchange(device_key=theirs)["device_key"] == {"key": None, "why": "key-unproven"}
    again = site.desk("li").exchange(device_key=signatures.claim("phone-li", KEY))["device_key"]
    assert again["why"] is None  # the same key again changes nothing
    assert sum(e["kind"] == "device_key" for e in entries(registry, "office:cy")) == 1


def test_another_persons_key_does_not_sign_for_this_one(registry: Registry) -> None:
    registered(registry.house)
    outcome = registry.house.desk("wang").push(WJ, signed(issue()))[0]
    assert (outcome["status"], outcome["why"]) == ("parked", "bad-signature")


def test_an_edit_a_deletion_and_a_decision_are_signed_too(registry: Registry) -> None:
    li = registered(registry.house)
    made = signed(issue())
    version = li.push(WJ, made)[0]["version"]
    at = "2026-11-22T10:00:00.000+08:00"
    edit = update("issue", made["record"], version, {"title": "更正"}) | {"at": at, "atomic": True}
    outcome = li.push(WJ, signed(edit))[0]
    gone = {"id": new_id(), "n": 9, "op": "delete", "kind": "issue", "record": made["record"], "at": at}
    gone |= {"base": {"version": outcome["version"], "epoch": 1, "after": None}}
    assert [outcome["status"], li.push(WJ, signed(gone))[0]["status"]] == ["applied", "applied"]
    assert verified(registry).fault is None


@pytest.mark.parametrize("column", ["payload", "device"])
def test_a_record_that_the_operator_forged_is_named(registry: Registry, column: str) -> None:
    """Somebody with the database and all its hashes, but without the inspector's phone."""
    from .forging import rebuild

    li = registered(registry.house)
    li.push(WJ, signed(issue()), signed(issue()))

    def forge(seq: int, header: dict[str, Any], payload: dict[str, Any]) -> None:
        if seq != 2:
            return
        if column == "payload":
            payload["fields"]["title"]["set"] = payload["after"]["title"] = "伪造"
        else:
            header["n"] += 1

    with registry.writing() as conn:
        rebuild(conn, WJ, forge)
        conn.execute(text("UPDATE records SET body = replace(body, '临边防护缺失', '伪造')"))
    fault = verified(registry).fault
    assert fault is not None and (fault.seq, fault.why) == (2, "the device signed something else")


def test_a_signature_survives_the_erasure_of_what_was_said(registry: Registry) -> None:
    header = {"sig": {"alg": "es256"}}
    change = read(signed(issue()), registry.house.app.extensions["office"].journal.kinds)
    assert isinstance(change, Change) and change.signed is not None
    header["sig"] = change.signed.header
    keys = {change.signed.key: signatures.public_bytes(KEY)}
    assert witnesses.wrong_signature(header, None, keys) is None
    header["sig"] = change.signed.header | {"hash": "00" * 32}
    assert witnesses.wrong_signature(header, None, keys) == "the device's signature is wrong"
    with registry.house.app.app_context(), transaction.reading() as conn:
        assert all_device_keys(conn) == {}


def test_a_line_that_is_lost_registers_the_key_once(registry: Registry, phone: Phone) -> None:
    li = phone("li", key=KEY)
    lost = line(registry.house, "li")
    lost.exchange(li.request())  # the answer never came
    li.sync(Line(registry.house.desk("li")))
    assert sum(e["kind"] == "device_key" for e in entries(registry, "office:cy")) == 1


def test_work_carried_from_one_phone_to_another_is_judged_as_what_the_first_one_made(
    registry: Registry,
) -> None:
    house, first = registry.house, create("issue", {n: said["set"] for n, said in FIELDS.items()})
    house.desk("wang").push(WJ, first)
    old, new = house.desk("li", device="old"), house.desk("li", device="new")
    for at, device, key in ((old, "old", KEY), (new, "new", OTHER)):
        at.exchange(device_key=signatures.claim(device, key))
    [base] = [entry["seq"] for entry in entries(registry) if entry["record"] == first["record"]]
    carried = signed(update("issue", first["record"], base, {"title": "旧手机"}) | {"n": 400})
    newer = signed(update("issue", first["record"], base, {"title": "新手机"}) | {"n": 3}, OTHER)
    [applied] = new.push(WJ, newer)
    assert applied["status"] == "applied"
    beside = signed(create("issue", {n: said["set"] for n, said in FIELDS.items()}) | {"n": 4}, OTHER)
    late, plain = new.push(WJ, carried, beside)
    assert (late["id"], late["status"]) == (carried["id"], "conflict"), (
        "the older value does not win in silence"
    )
    assert (plain["id"], plain["status"]) == (beside["id"], "applied")
    assert new.push(WJ, carried, beside) == [one | {"replay": True} for one in (late, plain)]
    by = {entry["change"]: entry["device"].split("/")[0] for entry in entries(registry)}
    assert [by[one["id"]] for one in (carried, newer, beside)] == ["old", "new", "new"]
    assert verified(registry).fault is None
