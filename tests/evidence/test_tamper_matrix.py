"""A3: eleven ways to rewrite a journal by raw SQL, and the first bad entry of each, named.

`make tamper` runs it with 10,000 entries; the suite with fewer.
"""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest
from sqlalchemy import Connection, text

from server import transaction
from server.cli import main
from server.evidence import actions, rules
from server.office import office
from sync import checkpoints, growth, history, tree, witnesses
from sync.canonical import entry_hash
from sync.replica import Replica
from tests.server.test_photos import originals, photo, upload
from tests.support.house import House, issue, jpeg

from .conftest import WJ, Registry, line
from .forging import rebuild
from .test_trust import FIELDS

ENTRIES = int(os.environ.get("TAMPER", "1200"))
Act = Callable[[Connection, int], None]


class Undo(Exception):
    """What was tampered with is put back."""


def run(conn: Connection, sql: str, **values: Any) -> None:
    conn.execute(text(sql), {"d": WJ} | values)


def edit(conn: Connection, k: int) -> None:
    data = _bytes(conn, k).replace(b"issue", b"photo", 1)
    run(conn, "UPDATE entries SET bytes = :b WHERE dossier = :d AND seq = :k", b=data, k=k)


def remove(conn: Connection, k: int) -> None:
    for table in ("entries", "payloads"):
        run(conn, f"DELETE FROM {table} WHERE dossier = :d AND seq = :k", k=k)


def insert(conn: Connection, k: int) -> None:
    """A forged entry between two others; all after it move on by one."""
    data = _bytes(conn, k)
    for table in ("entries", "payloads"):
        run(conn, f"UPDATE {table} SET seq = -seq WHERE dossier = :d AND seq >= :k", k=k)
        run(conn, f"UPDATE {table} SET seq = -seq + 1 WHERE dossier = :d AND seq < 0")
    run(
        conn,
        "INSERT INTO entries (dossier, seq, change, record, bytes, hash) VALUES (:d, :k, 'x', 'x', :b, :h)",
        **{"k": k, "b": data + b" ", "h": entry_hash(data + b" ")},
    )


def swap(conn: Connection, k: int) -> None:
    for before, after in ((k, -1), (k + 1, k), (-1, k + 1)):
        for table in ("entries", "payloads"):
            run(conn, f"UPDATE {table} SET seq = :a WHERE dossier = :d AND seq = :b", a=after, b=before)


def renumber(conn: Connection, k: int) -> None:
    run(conn, "UPDATE entries SET seq = 999999 WHERE dossier = :d AND seq = :k", k=k)


def another_actor(conn: Connection, k: int) -> None:
    """With the entry's own right hash."""
    data = _bytes(conn, k)
    at = data.index(b'"actor":"') + 9
    forged = data[:at] + b"0" * 36 + data[at + 36 :]
    here = {"b": forged, "h": entry_hash(forged), "k": k}
    run(conn, "UPDATE entries SET bytes = :b, hash = :h WHERE dossier = :d AND seq = :k", **here)


def cut_tail(conn: Connection, k: int) -> None:
    """Entries, records and checkpoints after k - 1 go, and the head is set right."""
    hashes = [row.hash for row in history.entries(conn, WJ) if row.seq < k]
    whole = tree.Range()
    whole.extend(hashes)
    for table in ("entries", "payloads"):
        run(conn, f"DELETE FROM {table} WHERE dossier = :d AND seq >= :k", k=k)
    run(conn, "DELETE FROM records WHERE dossier = :d AND version >= :k", k=k)
    run(conn, "DELETE FROM checkpoints WHERE dossier = :d AND size >= :k", k=k)
    run(conn, "DELETE FROM tiles WHERE dossier = :d")
    [last] = [row.seq for row in history.entries(conn, WJ)][-1:]
    head = "UPDATE dossiers SET seq = :n, hash = :h, size = :s, peaks = :p, grown = :n WHERE dossier = :d"
    run(conn, head, n=last, h=hashes[-1], s=whole.size, p=whole.dump())


def another_payload(conn: Connection, k: int) -> None:
    run(conn, "UPDATE payloads SET salt = :s WHERE dossier = :d AND seq = :k", s=bytes(16), k=k)


def rebuilt(conn: Connection, k: int) -> None:
    """All hashes, links, tiles and the head agree again; the checkpoints that disagree are gone."""

    def forge(seq: int, header: dict[str, Any], payload: dict[str, Any]) -> None:
        if seq == k:
            header["captured_at"] = "2026-01-01T00:00:00.000Z"

    rebuild(conn, WJ, forge)
    run(conn, "DELETE FROM checkpoints WHERE dossier = :d AND size >= :k", k=k)


def signed_anew(conn: Connection, k: int) -> None:
    """As before, and signed by the house's own key, which was stolen."""
    rebuilt(conn, k)
    head = office().journal.lock(conn, WJ)
    growth.integrate(conn, WJ, head.size)
    run(conn, "UPDATE dossiers SET sealed = 0 WHERE dossier = :d")
    made = checkpoints.seal(conn, WJ, head, KEYS[0], at="2026-11-22T01:00:00.000Z")
    assert made is not None


KEYS: list[Any] = []
ACTS: dict[str, Act] = {
    "edit": edit,
    "delete": remove,
    "insert": insert,
    "swap": swap,
    "renumber": renumber,
    "change the actor": another_actor,
    "cut the tail": cut_tail,
    "replace a payload": another_payload,
    "rebuild all hashes": rebuilt,
    "sign anew with the stolen key": signed_anew,
}
# What an administrator can do so well that the database alone is content with it.
UNSEEN_ALONE = {"cut the tail", "rebuild all hashes", "sign anew with the stolen key"}


def _bytes(conn: Connection, k: int) -> bytes:
    found = conn.execute(text("SELECT bytes FROM entries WHERE dossier = :d AND seq = :k"), {"d": WJ, "k": k})
    return bytes(found.scalar_one())


def tampered(site: House, act: Act, k: int, evidence: witnesses.Evidence | None) -> history.Verified:
    """What verification says while the database is as `act` leaves it."""
    found = []
    with site.app.app_context(), pytest.raises(Undo), transaction.writing() as conn:
        act(conn, k)
        found.append(history.verify(conn, WJ, evidence=evidence))
        raise Undo
    return found[0]


def grown(registry: Registry, phone: Callable[..., Replica]) -> tuple[int, list[Replica]]:
    """A journal of ENTRIES entries; three phones that were there at different times, the second with
    work of its own. Returns the seq of that work.
    """
    site, phones = registry.house, [phone(name) for name in ("li", "wang", "zhang")]
    desk, size, mine = site.desk("li", device="bulk"), 1, 0
    for number, one in enumerate(phones, 1):
        while size < ENTRIES * number // 3:
            count = min(500, ENTRIES * number // 3 - size)
            desk.push(WJ, *[issue() for _ in range(count)])
            size += count
        way = line(site, ("li", "wang", "zhang")[number - 1])
        if number == 2:
            one.create(WJ, "issue", FIELDS)
            size += 1
            mine = size
        one.sync(way)
        registry.seal()
        one.sync(way)
    return mine, phones


def test_eleven_of_eleven_ways_are_noticed_and_the_first_bad_entry_is_named(
    registry: Registry, phone: Callable[..., Replica]
) -> None:
    site = registry.house
    k, phones = grown(registry, phone)
    with site.app.app_context():
        KEYS[:] = [actions.signer()]
    held = witnesses.evidence([one.evidence() for one in phones])
    with registry.reading() as conn:
        clean = history.verify(conn, WJ, evidence=held)
    # Of each third: at its end, and at every thousandth entry before it; and the one that its phone holds.
    signed = len(phones) * (2 + ENTRIES // len(phones) // rules.ENTRIES)
    assert (clean.fault, clean.checkpoints, clean.vouched) == (None, signed, ENTRIES)
    alone = set()
    for name, act in ACTS.items():
        found = tampered(site, act, k, held)
        assert found.fault is not None and found.fault.seq == k, (name, found.fault)
        if tampered(site, act, k, None).fault is None:
            alone.add(name)
    assert alone == UNSEEN_ALONE
    # Where nobody holds a receipt of the entry itself, it is known between which checkpoints it lies.
    other = k + 5
    fault = tampered(site, rebuilt, other, held).fault
    assert fault is not None and k < fault.seq <= other
    assert "it is not what was signed" in fault.why


def test_receipts_that_contradict_each_other_are_noticed_whichever_is_read_last(
    registry: Registry, phone: Callable[..., Replica]
) -> None:
    """Two phones that were shown two histories: one of them holds what is not in this one."""
    li = phone("li")
    li.create(WJ, "issue", FIELDS)
    li.sync(line(registry.house, "li"))
    mine = li.evidence()
    theirs = mine | {"receipts": [got | {"hash": "00" * 32} for got in mine["receipts"]]}
    with registry.reading() as conn:
        for both in ([mine, theirs], [theirs, mine]):
            fault = history.verify(conn, WJ, evidence=witnesses.evidence(both)).fault
            assert fault == witnesses.Fault(2, "a receipt names another entry")


def test_a_tail_cut_after_a_restore_is_missed_by_who_holds_its_receipt(
    registry: Registry, phone: Callable[..., Replica]
) -> None:
    """What a restore lost has smaller numbers than anything after it: a larger one was cut off."""
    li, way = phone("li"), line(registry.house, "li")
    li.create(WJ, "issue", FIELDS)
    li.sync(way)
    registry.restore()
    li.sync(way)
    li.create(WJ, "issue", FIELDS)
    li.sync(way)
    held = witnesses.evidence([li.evidence()])
    k = max(held.receipts[WJ])
    with registry.reading() as conn:
        assert history.verify(conn, WJ, evidence=held).fault is None
    fault = tampered(registry.house, cut_tail, k, held).fault
    assert fault == witnesses.Fault(k, "a receipt names an entry that is not here")


def test_the_eleventh_way_the_bytes_of_a_photograph_are_swapped(site: House) -> None:
    """By `xunjian verify`, which reads what rests; the entry that names the photograph is told."""
    li, data = site.desk("li"), jpeg()
    made = photo(data)
    li.push(WJ, issue(), made)
    assert upload(li, made["record"], data).status_code == 204
    said = site.app.test_cli_runner().invoke(main, ["verify", "--dossier", WJ])
    assert said.exit_code == 0 and "0 faults" in said.output, said.output
    [file] = originals(site)
    file.chmod(0o644)
    file.write_bytes(jpeg("blue"))
    said = site.app.test_cli_runner().invoke(main, ["verify", "--dossier", WJ])
    assert said.exit_code == 1 and "entry 3: photograph" in said.output.replace("\n", " "), said.output


def test_the_command_holds_the_journal_against_what_phones_hold(
    registry: Registry, phone: Callable[..., Replica], tmp_path: Path
) -> None:
    """A truncated tail is nothing to the database alone; this node's own memory is evidence too."""
    site, li = registry.house, phone("li")
    site.desk("wang").push(WJ, *[issue() for _ in range(5)])
    registry.seal()
    li.sync(line(site, "li"))
    held = tmp_path / "held.json"
    held.write_bytes(orjson.dumps(li.evidence()))
    run_cli = site.app.test_cli_runner().invoke
    said = run_cli(main, ["verify", "--dossier", WJ, "--held", str(held)])
    assert said.exit_code == 0 and "3 checkpoints" in said.output, said.output
    with registry.writing() as conn:
        cut_tail(conn, 4)
    for arguments in (["--held", str(held)], []):
        said = run_cli(main, ["verify", "--dossier", WJ, *arguments])
        assert said.exit_code == 1 and "entry 4: 6 entries were signed, 3 are here" in said.output.replace(
            "\n", " "
        ), said.output
    held.write_text("[]")
    assert "cannot be used" in run_cli(main, ["verify", "--held", str(held)]).output
