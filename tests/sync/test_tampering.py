"""A journal that was rewritten does not prove itself, whoever rewrote it and however."""

import threading

import pytest
from sqlalchemy import text

from server import transaction
from sync import history
from sync.canonical import entry_hash
from tests.support.house import House, issue

WJ = "project:wj-01"


def verified(site: House) -> history.Verified:
    with site.app.app_context(), transaction.reading() as conn:
        return history.verify(conn, WJ)


TAMPERING = {
    "edit": "UPDATE entries SET bytes = other.bytes FROM (SELECT bytes FROM entries WHERE seq = 2"
    " AND dossier = 'project:wj-01') AS other WHERE seq = 3 AND dossier = 'project:wj-01'",
    "delete": "DELETE FROM entries WHERE seq = 3 AND dossier = 'project:wj-01'",
    "cut the tail": "DELETE FROM entries WHERE seq > 4 AND dossier = 'project:wj-01'",
    "payload": "UPDATE payloads SET salt = other.salt FROM (SELECT salt FROM payloads WHERE seq = 2"
    " AND dossier = 'project:wj-01') AS other WHERE seq = 3 AND dossier = 'project:wj-01'",
    "renumber": "UPDATE entries SET seq = 99 WHERE seq = 5 AND dossier = 'project:wj-01'",
    "column": "UPDATE entries SET record = 'x' WHERE seq = 3 AND dossier = 'project:wj-01'",
}
FIRST_BAD = {"cut the tail": 5, "renumber": 5}  # the others begin with entry 3


@pytest.mark.parametrize("act", TAMPERING)
def test_tampering_with_the_journal_is_named(site: House, act: str) -> None:
    site.desk("li").push(WJ, *[issue() for _ in range(4)])
    assert verified(site).fault is None
    with site.app.app_context(), transaction.writing() as conn:
        conn.execute(text(TAMPERING[act]))
    fault = verified(site).fault
    assert fault is not None and fault.seq == FIRST_BAD.get(act, 3)


def test_an_entry_rewritten_with_its_own_right_hash_breaks_the_next_link(site: House) -> None:
    """An administrator who knows the format: bytes, hash and payload agree, the chain does not."""
    site.desk("li").push(WJ, *[issue() for _ in range(4)])
    with site.app.app_context(), transaction.writing() as conn:
        where = "WHERE dossier = 'project:wj-01' AND seq = 3"
        row = conn.execute(text(f"SELECT bytes FROM entries {where}")).scalar_one()
        forged = bytes(row).replace(b"2026-11-21T16:02", b"2026-11-20T16:02")
        assert forged != bytes(row)
        said = {"b": forged, "h": entry_hash(forged)}
        conn.execute(text(f"UPDATE entries SET bytes = :b, hash = :h {where}"), said)
    fault = verified(site).fault
    assert fault is not None and (fault.seq, fault.why) == (4, "it does not follow the entry before it")


MORE_TAMPERING = {
    "record": "UPDATE records SET body = '{}' WHERE record = :r AND dossier = 'project:wj-01'",
    "record gone": "DELETE FROM records WHERE record = :r AND dossier = 'project:wj-01'",
    "payload gone": "DELETE FROM payloads WHERE seq = 3 AND dossier = 'project:wj-01'",
    "salt gone": "UPDATE payloads SET salt = NULL WHERE seq = 3 AND dossier = 'project:wj-01'",
}


@pytest.mark.parametrize("act", MORE_TAMPERING)
def test_records_and_payloads_that_are_not_the_journals_are_named(site: House, act: str) -> None:
    made = [issue() for _ in range(3)]
    site.desk("li").push(WJ, *made)
    with site.app.app_context(), transaction.writing() as conn:
        conn.execute(text(MORE_TAMPERING[act].replace(":r", f"'{made[1]['record']}'")))
    fault = verified(site).fault
    assert fault is not None and fault.seq == 3


def test_a_verification_beside_writers_cries_no_wolf(site: House) -> None:
    li, stop, faults = site.desk("li"), threading.Event(), []

    def write() -> None:
        while not stop.is_set():
            li.push(WJ, issue())

    writer = threading.Thread(target=write)
    writer.start()
    for _ in range(15):
        faults.append(verified(site).fault)
    stop.set()
    writer.join()
    assert faults == [None] * 15
