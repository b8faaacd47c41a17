"""The invariants that hold at rest, and those that any journal must prove: protocol.md §8."""

from collections.abc import Collection
from typing import Any

import orjson
from sqlalchemy import select

from sync import history, tables

from .overwrites import Entry, Overwrites, entries
from .phone import Phone
from .server import Server
from .watch import Watch


def judge_journals(server: Server, watch: Watch) -> None:
    """What the journal alone must prove, at any moment."""
    for dossier in server.dossiers:
        with server.reading() as conn:
            proof = history.verify(conn, dossier)
        assert proof.fault is None, f"I1 {proof.fault}"
        told = entries(server, dossier)
        records = server.records(dossier)
        changes = [e.head["change"] for e in told]
        assert len(changes) == len(set(changes)), "I2 a change was entered twice"
        _in_order(told, watch)
        _replay(told, records, server.kinds)
        _conflicts_stand(told, records)
        _decisions_stand(server, dossier, told, records, watch)
        _receipts(server, dossier)
        Overwrites(watch, told, server.kinds).judge()


def at_rest(server: Server, phones: list[Phone], watch: Watch) -> None:
    """What must hold when nothing is under way any more."""
    judge_journals(server, watch)
    for phone in phones:
        _nothing_lost(server, phone)
        _converged(server, phone)
    _answers_again(server, phones)


# ------------------------------------------------------------------ the journal
def _in_order(told: list[Entry], watch: Watch) -> None:
    """I8: what one device did to one record stands in the order in which it was done."""
    last: dict[tuple[str, str], int] = {}
    for entry in told:
        if entry.head["change"] in watch.accepted or entry.head["device"] == "server":
            continue  # late work, taken by a reviewer; the system counts nothing
        key = (entry.head["device"], entry.head["record"])
        assert entry.head["n"] > last.get(key, -1), f"I8 {key} out of order at {entry.head['seq']}"
        last[key] = entry.head["n"]


def _replay(told: list[Entry], records: dict[str, Any], kinds: Collection[str]) -> None:
    """I2, I10: the entries, replayed, give the records as they stand; the deleted stay so."""
    made: dict[str, Any] = {}
    for entry in told:
        head, after = entry.head, entry.after
        if (
            head["kind"] not in kinds
            or head["status"] == "parked"
            or (head["status"] == "noop" and not after)
        ):
            continue
        if head["op"] == "create":
            assert head["record"] not in made, "I2 a record was created twice"
            made[head["record"]] = {"body": {}, "written": {}, "deleted": False, "kind": head["kind"]}
        row = made[head["record"]]
        if head["op"] == "undelete":
            assert row["deleted"] and row["body"] == after, f"I10 {head['seq']} brought something else back"
            row["deleted"], row["version"] = False, head["seq"]
            continue
        assert not row["deleted"] or not after, f"I10 a deleted record was written at {head['seq']}"
        row["deleted"] |= head["op"] == "delete"
        row["body"] = {k: v for k, v in (row["body"] | after).items() if v is not None}
        row["written"] |= dict.fromkeys(after, head["seq"])
        if "left" in head:
            row["written"]["@audience"] = head["seq"]
        if after or "left" in head or head["op"] in ("create", "delete"):
            row["version"], row["audience"] = head["seq"], head["audience"]
    worked_on = {r: row for r, row in records.items() if row["kind"] in kinds}
    for record in sorted(set(made) | set(worked_on)):
        replayed, stands = made.get(record), worked_on.get(record)
        assert replayed == stands, f"I2 replayed {record}: {replayed} but it stands as {stands}"


def _conflicts_stand(told: list[Entry], records: dict[str, Any]) -> None:
    """I12: what lost is a candidate of an open conflict, what was parked is kept whole, and once."""
    again: dict[str, str] = {}
    for entry in told:
        head = entry.head
        if head["status"] == "parked" and head["op"] == "resolve" and head["conflict"]:
            again[head["conflict"]] = head["why"]  # was to be taken, and could not be: it waits on
        elif head["status"] == "parked":
            kept = records.get(head["change"])
            assert kept and kept["kind"] == "parked", "I12 parked work is gone"
            assert kept["body"]["change"]["fields" if "fields" in kept["body"]["change"] else "id"] in (
                entry.said["fields"],
                head["change"],
            ), "I12 parked work was altered"
        if not entry.lost or head["op"] == "resolve":
            continue
        conflict = records.get(head["conflict"])
        assert conflict and conflict["kind"] == "conflict", f"I12 {head['change']} has no conflict"
        body = conflict["body"]
        assert body["target"] == head["record"], "I12 the conflict is another's"
        home = records[head["record"]]["audience"]
        fine = conflict["audience"] == home or not body["open"]
        assert fine, f"I12 a conflict over {home} lies in {conflict['audience']}"
        for name, (current, mine, _mode) in entry.lost.items():
            field = body["fields"].get(name, {"candidates": []})
            values = {c["change"]: c["value"] for c in field["candidates"]}
            assert values.get(head["change"], "?") == mine, f"I12 {head['change']} is no candidate for {name}"
            if name in entry.after:
                kept_aside = [c["value"] for c in field.get("overwritten", ())]
                listed = [*values.values(), field["current"]["value"], *kept_aside]
                assert current in listed, f"I12 {current!r} was overwritten and the conflict forgot it"
    for record, body in ((r, row["body"]) for r, row in records.items() if row["kind"] == "parked"):
        assert body["change"]["id"] == record, f"I12 {record} is a second piece of {body['change']['id']}"
        newest = again.get(record, body["why"])
        assert body["why"] == newest, f"I12 {record} waits for {newest} and says {body['why']}"


def _receipts(server: Server, dossier: str) -> None:
    """I1: what a device holds in its hand names the entry that stands in the journal."""
    e = tables.entries
    with server.reading() as conn:
        rows = conn.execute(select(e.c.change, e.c.seq, e.c.hash).where(e.c.dossier == dossier)).all()
    for row in rows:
        receipt = server.told.outcomes.get(row.change, {}).get("receipt")
        fine = receipt is None or (receipt["seq"], receipt["hash"]) == (row.seq, row.hash.hex())
        assert fine, f"I1 the receipt of {row.change} is another's: {receipt}"


def _decisions_stand(
    server: Server, dossier: str, told: list[Entry], records: dict[str, Any], watch: Watch
) -> None:
    """I12: a question is open until an entry decides it, and then stays decided."""
    by_change = {e.head["change"]: e for e in told}
    c = tables.conflicts
    with server.reading() as conn:
        rows = conn.execute(select(c.c.conflict, c.c.open).where(c.c.dossier == dossier)).all()
    listed = {row.conflict: bool(row.open) for row in rows}
    asked = {r: row["body"] for r, row in records.items() if row["kind"] in ("conflict", "parked")}
    opened = {r: body["open"] for r, body in asked.items()}
    assert listed == opened, f"I12 the list of questions differs: {set(listed.items()) ^ set(opened.items())}"
    for record, body in asked.items():
        if body["open"]:
            continue
        decision = by_change.get(body["decision"]["change"])
        assert decision is not None, f"I12 nobody decided {record}"
        assert decision.head["status"] != "parked", f"I12 {record} was closed by a decision that was parked"
        seq, version = decision.head["seq"], records[record]["version"]
        assert version == seq, f"I4 {record} was decided at {seq} and says {version}: no cursor finds it"
        if decision.head["op"] == "resolve":
            assert decision.head["conflict"] == record, f"I12 {record} was closed by another's decision"
    for entry in told:
        if entry.head["op"] == "resolve" and entry.head["status"] == "applied":
            assert not opened[entry.head["conflict"]], "I12 a decided question is open again"
        taken = watch.accepted.get(entry.head["change"])
        if taken is not None and entry.head["status"] != "parked" and entry.head["op"] != "resolve":
            assert not opened[taken], "I12 work that was taken waits still"


# ----------------------------------------------------------------------- rest
def _nothing_lost(server: Server, phone: Phone) -> None:
    """I3: every saved change is in the journal, or kept among the invalid."""
    for dossier in phone.dossiers:
        saved = {m.id for m in phone.made.values() if m.dossier == dossier}
        i = tables.invalid
        with server.reading() as conn:
            kept = set(conn.execute(select(i.c.change).where(i.c.dossier == dossier)).scalars())
        entered = {e.head["change"] for e in entries(server, dossier)}
        missing = sorted(saved - entered - kept)
        assert not missing, f"I3 lost on the way from {phone.name}: {missing} {phone.outbox()}"


def _converged(server: Server, phone: Phone) -> None:
    """I4: the shadow of each granted audience is what the server has there, and nothing else."""
    for dossier in phone.dossiers:
        granted = server.granted(phone.person).get(dossier, [])
        there = {
            (row["audience"], record): {k: row[k] for k in ("kind", "version", "body", "written")}
            for record, row in server.records(dossier).items()
            if row["audience"] in granted and not row["deleted"]
        }
        sql = "SELECT audience, record, kind, version, body, written FROM shadow WHERE dossier=?"
        here = {
            (a, r): {"kind": k, "version": v, "body": orjson.loads(b), "written": orjson.loads(w)}
            for a, r, k, v, b, w in phone.replica.db.execute(sql, (dossier,))
        }
        for key in sorted(set(here) | set(there)):
            assert here.get(key) == there.get(key), (
                f"I4 {phone.name} diverged on {key}: {here.get(key)} but the server has {there.get(key)}"
            )


def _answers_again(server: Server, phones: list[Phone]) -> None:
    """I2: everything that was ever saved, sent once more, gets the same answers and changes nothing."""
    before = server.heads()
    for phone in phones:
        for dossier in phone.dossiers:
            raws = [m.raw for m in phone.made.values() if m.dossier == dossier]
            if not raws:
                continue
            group = {"dossier": dossier, "epoch": before[dossier].epoch, "changes": raws}
            body = {"protocol": 1, "schema": 1, "no": 1, "push": [group]}
            answers = server.again(phone, orjson.dumps(body))
            assert all(o["replay"] for a in answers for o in a["outcomes"]), "I2 a replay was taken for new"
    assert server.heads() == before, "I2 a replay changed the journal"
