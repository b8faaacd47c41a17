"""The rows of evidence: what an entry costs, how fast a journal is verified, how long a proof takes."""

import hashlib
import random
import time
import zipfile
from typing import Any, cast

from cryptography.hazmat.primitives.asymmetric import ec
from sqlalchemy import insert

from server import transaction
from server.access import SystemMay
from server.cases import actions as cases
from server.evidence import actions
from server.evidence import queries as evidence
from server.office import office
from sync import bulk, checkpoints, history, signatures, tables, tree, witnesses
from sync.arrival import Arrival
from sync.canonical import entry_hash
from sync.change import Author, Change, read
from sync.journal import GENESIS
from sync.minutes import Head, Minutes

from . import bare, records
from .house import House
from .measure import Size, Step, result
from .records import BATCH
from .results import Result

APPEND_GOAL = 0.1  # ms of CPU for an entry in a batch (audit.md A7)
VERIFY_GOAL = 8_000  # entries a second on one core
PROOF_GOAL = 5  # ms for an inclusion proof among a million entries
PROVEN = "project:wangjing-proven"
VERIFIED = "project:wangjing-verified"
PROOFS = 400  # how many are made
_chance = random.Random(27)


def append(house: House, _size: Size, step: Step) -> list[Result]:
    """Milliseconds of CPU for one entry of a batch of 500: payload and header spelled, salted, linked, the
    tree grown, the rows ready. Beside it: the tree's part.
    """
    step("append")
    with house.app.app_context():
        kinds = office().journal.kinds
        author = Author(house.officers[0], "phone-a", SystemMay())
    made = [read(c, kinds) for c in records.changes(BATCH, house.officers, seed=_chance.getrandbits(32))]
    whole = tree.Range()
    whole.extend(hashlib.sha256(b"%d" % n).digest() for n in range(999_999))
    head = Head(1, whole.size, GENESIS, size=whole.size, peaks=whole.dump())
    arrival = Arrival("2026-11-22T01:00:00.000Z")
    began = time.process_time()
    minutes = Minutes(cast(Any, None), PROVEN, head, author, arrival)
    for change in made:
        assert isinstance(change, Change)
        minutes.append(change, "applied", "field", after={n: v.get("set") for n, v in change.fields.items()})
    hashes = [row[5] for row in minutes._entries]
    grown = time.process_time()
    minutes.tree.extend(hashes)
    minutes.tree.dump()
    ended = time.process_time()
    spent, alone = (ended - began) / BATCH * 1000, (ended - grown) / BATCH * 1000
    return [result("append", house, spent, "ms", alone, goal=APPEND_GOAL)]


def verify(house: House, size: Size, step: Step) -> list[Result]:
    """Entries a second on one core, by the time of its CPU: every hash, link, payload, record, the tree,
    the checkpoints. Beside it: SHA-256 over the same entries and payloads, and nothing else.
    """
    _enter(house, size, step)
    with house.app.app_context():
        actions.seal(VERIFIED)
        step("verify")
        with transaction.reading() as conn:
            known = witnesses.evidence((), evidence.all_device_keys(conn))
            began = time.process_time()
            found = history.verify(conn, VERIFIED, office().journal.kinds, known)
            took = time.process_time() - began
            if found.fault is not None:
                raise RuntimeError(str(found.fault))
            rows = [(row.bytes, row.payload) for row in history.entries(conn, VERIFIED)]
    began = time.process_time()
    for data, payload in rows:
        entry_hash(data)
        hashlib.sha256(payload).digest()
    alone = time.process_time() - began
    rates = (found.entries / took, len(rows) / alone)
    return [result("verify", house, rates[0], "entries/s", rates[1], goal=VERIFY_GOAL), _signature(house)]


def case(house: House, size: Size, step: Step) -> list[Result]:
    """Entries a second of a whole project's case: each with its proof, the index as page and paper, packed,
    signed, durable. Beside it: the same files packed again.
    """
    _enter(house, size, step)
    step("case")
    path = house.folder / "case.zip"
    path.unlink(missing_ok=True)
    began = time.perf_counter()
    with house.app.app_context():
        made = cases.export(VERIFIED, None, path)
    took = time.perf_counter() - began
    with zipfile.ZipFile(path) as whole:
        files = {name: whole.read(name) for name in whole.namelist()}
    began = time.perf_counter()
    with zipfile.ZipFile(house.folder / "bare.zip", "w", zipfile.ZIP_DEFLATED) as bare_zip:
        for name, data in files.items():
            bare_zip.writestr(name, data)
    alone = time.perf_counter() - began
    return [result("case", house, made.entries / took, "entries/s", made.entries / alone)]


def _enter(house: House, size: Size, step: Step) -> None:
    step("entries")
    with house.app.app_context(), transaction.writing() as conn:
        office().journal.open(conn, VERIFIED)
    have = _entries(house)
    while have < size.pulled:
        house.enter(VERIFIED, records.changes(BATCH, house.officers, seed=_chance.getrandbits(32)))
        have += BATCH


def _signature(house: House) -> Result:
    """Milliseconds of CPU for one device's signature, checked on entry and again in a verification."""
    key = ec.derive_private_key(7, ec.SECP256R1())
    change = records.changes(1, house.officers, seed=1)[0]
    told = signatures.read(signatures.sign(change, key, bytes(16)), change)
    assert told is not None
    public = signatures.public_bytes(key)
    took = bare.median_ms(lambda _n: signatures.verifies(public, told.digest, told.value), 300)
    return result("signature", house, took, "ms", 0)


def _entries(house: House) -> int:
    with house.app.app_context(), transaction.reading() as conn:
        return history.all_heads(conn).get(VERIFIED, 0)


def proof(house: House, size: Size, step: Step) -> list[Result]:
    """Milliseconds for the inclusion proof of any one entry of a journal of a million, from the database,
    the file spelled. Beside it: one read of a row by its key.
    """
    if _newest(house) == 0:
        _fill(house, size.million, step)
    step("proofs")
    chosen = [_chance.randint(1, size.million) for _ in range(PROOFS)]
    with house.app.app_context(), transaction.reading() as conn:
        e = tables.entries

        def prove(n: int) -> None:
            made = checkpoints.inclusion(conn, PROVEN, chosen[n])
            assert made is not None and len(made.text) <= 4096

        def look(n: int) -> None:
            conn.execute(e.select().where(e.c.dossier == PROVEN, e.c.seq == chosen[n])).one()

        took = bare.median_ms(prove, PROOFS)
        alone = bare.median_ms(look, PROOFS)
        first = bare.median_ms(
            lambda n: checkpoints.consistency(conn, PROVEN, chosen[n], size.million), PROOFS
        )
    return [
        result("proof", house, took, "ms", alone, goal=PROOF_GOAL),
        result("consistency", house, first, "ms", alone, goal=PROOF_GOAL),
    ]


def _newest(house: House) -> int:
    with house.app.app_context(), transaction.reading() as conn:
        made = checkpoints.newest(conn, [PROVEN]).get(PROVEN)
    return made.size if made else 0


def _fill(house: House, million: int, step: Step) -> None:
    """A journal of so many short entries, put into tiles and signed as any other."""
    whole, last = tree.Range(), b""
    with house.app.app_context():
        for first in range(1, million + 1, 10_000):
            step(f"{first:,} of {million:,} entries")
            rows = []
            for seq in range(first, min(first + 10_000, million + 1)):
                data = b'{"audience":"field","seq":%d}' % seq
                last = entry_hash(data)
                rows.append((PROVEN, seq, f"c{seq}", f"r{seq}", data, last))
            whole.extend(row[5] for row in rows)
            with transaction.writing() as conn:
                bulk.insert(conn, tables.entries, rows)
        d = tables.dossiers
        head = {"epoch": 1, "seq": million, "hash": last, "backed_up": 0, "size": million}
        with transaction.writing() as conn:
            conn.execute(insert(d).values(dossier=PROVEN, **head, peaks=whole.dump(), grown=million))
        step("tiles and checkpoint")
        actions.seal(PROVEN)
