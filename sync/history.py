"""Reading the journal: who changed what, when, with which device, before and after; and its proof."""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import orjson
from sqlalchemy import Connection, and_, false, func, or_, select

from . import bulk, tables
from .canonical import commitment, entry_hash
from .erasure import GONE
from .journal import GENESIS
from .minutes import Head, Touched
from .record import Kind
from .schema import lift_body
from .witnesses import Evidence, Fault, Trial

TOLD = (
    *("seq", "epoch", "change", "op", "kind", "record", "status", "why", "conflict"),
    *("audience", "actor", "device", "at", "captured_at", "flags", "received_at", "skew_ms"),
)
# Written by the engine from other records' entries; their contents stand in those entries' payloads.
DERIVED = ("conflict", "parked", "epoch")
NO_KINDS: Mapping[str, Kind] = MappingProxyType({})
DIGEST = re.compile(rb"(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])")
BATCH = 1_000  # entries read at a time: verification runs in constant memory


@dataclass(frozen=True, slots=True)
class Verified:
    """How far a journal was checked, its last hash, the fault that stopped the check, if any; how many
    checkpoints it was found to agree with, and up to which seq they vouch for it.
    """

    entries: int
    head: str
    fault: Fault | None = None
    checkpoints: int = 0
    vouched: int = 0


def of_record(
    conn: Connection, dossier: str, record: str, *, before: int | None = None, limit: int = 100
) -> list[dict[str, Any]]:
    """The entries that speak of `record`, newest first, at most `limit`, below seq `before`."""
    e, p = tables.entries, tables.payloads
    query = (
        select(e.c.bytes, e.c.hash, p.c.bytes.label("payload"))
        .join_from(e, p, (p.c.dossier == e.c.dossier) & (p.c.seq == e.c.seq), isouter=True)
        .where(e.c.dossier == dossier, e.c.record == record)
        .order_by(e.c.seq.desc())
        .limit(limit)
    )
    if before is not None:
        query = query.where(e.c.seq < before)
    return [_told(row) for row in conn.execute(query)]


def _told(row: Any) -> dict[str, Any]:
    """One entry as people read it; an erased payload leaves who, when and what kind of act."""
    header = orjson.loads(row.bytes)
    said = orjson.loads(row.payload) if row.payload else None
    told = {k: header[k] for k in TOLD} | {"left": header.get("left")}
    signed = header["sig"] if isinstance(header["sig"], dict) else None
    return told | {
        "signed": {"alg": signed["alg"], "key": signed["key"]} if signed else None,
        "hash": row.hash.hex(),
        "erased": said is None,
        "reason": said.get("reason") if said else None,
        "decision": said["fields"] if said and header["op"] == "resolve" else None,
        "before": said["before"] if said else {},
        "after": said["after"] if said else {},
        "lost": said["lost"] if said else {},
    }


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry as it was hashed, and who may read it."""

    seq: int
    audience: str
    bytes: bytes


def entry_of(conn: Connection, dossier: str, record: str, seq: int | None = None) -> Entry | None:
    """The record's entry `seq`, by default its last; None where there is none."""
    e = tables.entries
    query = select(e.c.seq, e.c.bytes).where(e.c.dossier == dossier, e.c.record == record)
    query = query.where(e.c.seq == seq) if seq is not None else query
    row = conn.execute(query.order_by(e.c.seq.desc()).limit(1)).one_or_none()
    return None if row is None else Entry(row.seq, orjson.loads(row.bytes)["audience"], row.bytes)


def opened(conn: Connection, dossier: str, seq: int) -> tuple[bytes | None, bytes | None]:
    """The salt and the payload of an entry; None each where it was erased."""
    p = tables.payloads
    row = conn.execute(
        select(p.c.salt, p.c.bytes).where(p.c.dossier == dossier, p.c.seq == seq)
    ).one_or_none()
    return (None, None) if row is None else (row.salt, row.bytes)


def entries(conn: Connection, dossier: str, *, since: int = 0) -> Iterator[Any]:
    """All entries after `since` with their payload rows, in batches by key."""
    e, p = tables.entries, tables.payloads
    while True:
        rows = conn.execute(
            select(e, p.c.salt, p.c.bytes.label("payload"))
            .join_from(e, p, (p.c.dossier == e.c.dossier) & (p.c.seq == e.c.seq), isouter=True)
            .where(e.c.dossier == dossier, e.c.seq > since)
            .order_by(e.c.seq)
            .limit(BATCH)
        ).all()
        yield from rows
        if len(rows) < BATCH:
            return
        since = rows[-1].seq


def naming(
    conn: Connection, dossier: str, digests: Collection[str], *, since: int = 0
) -> tuple[set[str], int]:
    """Which of these SHA-256s an entry after `since` speaks of, whatever became of it, or bytes that
    were kept because nobody understood them; and the last seq that was read.
    """
    wanted, named, seq = {d.encode() for d in digests}, set[bytes](), since
    for row in entries(conn, dossier, since=since):
        named.update(wanted.intersection(DIGEST.findall(row.payload or b"")))
        seq = row.seq
    i = tables.invalid
    for kept in conn.execute(select(i.c.bytes).where(i.c.dossier == dossier)).scalars():
        named.update(wanted.intersection(DIGEST.findall(kept)))
    return {d.decode() for d in named}, seq


def first_naming(conn: Connection, dossier: str, digest: str) -> int | None:
    """The first entry whose payload names these bytes; the whole journal is read until it is found."""
    wanted = digest.encode()
    return next((row.seq for row in entries(conn, dossier) if wanted in (row.payload or b"")), None)


def verify(
    conn: Connection,
    dossier: str,
    kinds: Mapping[str, Kind] = NO_KINDS,
    evidence: Evidence | None = None,
) -> Verified:
    """Re-link a dossier's journal: every hash, every link, every payload, the head, the records that
    must say what their entries say (I1), the tree, and everything that was signed of it; with
    `evidence`, also what others hold.

    The head is read first: what is entered meanwhile is the next verification's business. `kinds`
    know under which names older schemas wrote.
    """
    head = conn.execute(select(tables.dossiers).where(tables.dossiers.c.dossier == dossier)).one_or_none()
    if head is None:
        return Verified(0, GENESIS.hex(), Fault(0, "there is no head"))
    links, trial = Links(), Trial(conn, dossier, evidence or Evidence())
    bodies: dict[str, tuple[int, Any]] = {}

    def found(fault: Fault | None) -> Verified:
        return Verified(links.count, links.prev.hex(), fault, trial.matched, trial.agreed)

    for row in entries(conn, dossier):
        if row.seq > head.seq:
            break
        fault, header = links.take(row)
        if fault is not None:
            return found(fault)
        why = trial.add(row, header)
        if why:
            return found(Fault(row.seq, why))
        _fold(bodies, row, header, kinds)
        unlike = trial.checkpoint()
        if unlike:
            return found(unlike)
    fault = links.end(head.seq, head.hash) or trial.end(head)
    return found(fault or _unlike_its_entries(conn, dossier, bodies, head.seq, kinds))


class Links:
    """A chain as it is read, entry by entry, from wherever the rows come: a database or a backup.

    Rows have the columns of `entries`, and `salt` and `payload`.
    """

    def __init__(self) -> None:
        self.prev, self.seq, self.count = GENESIS, 0, 0
        self._unsaid: set[int] = set()  # entries without a payload; a later one must say that it went

    def take(self, row: Any) -> tuple[Fault | None, dict[str, Any]]:
        """The next entry; what does not hold of it, and its header, as far as it has one."""
        why, header = _wrong(row, self.prev, self.seq)
        if why:
            return Fault(_first_bad(row, header, self.seq), why), header
        if row.payload is None:
            self._unsaid.add(row.seq)
        self._unsaid.difference_update(header.get("erased", ()))
        self.prev, self.seq, self.count = row.hash, row.seq, self.count + 1
        return None, header

    def end(self, seq: int, head: bytes) -> Fault | None:
        """What does not hold where the head says (seq, hash)."""
        if (self.seq, self.prev) != (seq, head):
            return Fault(self.seq + 1, "the head names another end")
        return Fault(min(self._unsaid), "its payload is missing") if self._unsaid else None


def _wrong(row: Any, prev: bytes, seq: int) -> tuple[str | None, dict[str, Any]]:
    """What does not hold for one entry after (prev, seq), or None; and its header, as far as it has one.

    A payload and its salt that are both gone may have been erased: Links looks for the entry that says so.
    """
    header: dict[str, Any] = {}
    if entry_hash(row.bytes) != row.hash:
        return "its bytes do not have its hash", header
    try:
        header = orjson.loads(row.bytes)
        links, number, promised = header["prev"], header["seq"], header["payload"]
        columns = {k: header[k] for k in ("dossier", "change", "record")}
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return "its bytes are no entry", {}
    why = None
    if links != prev.hex():
        why = "it does not follow the entry before it"
    elif number != row.seq or not _follows(header, seq):
        why = "its number does not follow"
    elif any(getattr(row, k) != v for k, v in columns.items()):
        why = "its columns say something else than its bytes"
    elif (row.payload is None) != (row.salt is None):
        why = "its payload is missing"
    elif row.payload is not None and commitment(row.salt, row.payload) != promised:
        why = "its payload is not the one it committed to"
    return why, header


def _first_bad(row: Any, header: Mapping[str, Any], seq: int) -> int:
    """The first seq that is not what it was: where entries are missing, the first of those."""
    return int(row.seq if header.get("op") == "epoch" else min(row.seq, seq + 1))


def _fold(
    bodies: dict[str, tuple[int, Any]], row: Any, header: Mapping[str, Any], kinds: Mapping[str, Kind]
) -> None:
    """Carry what an entry did to its record: `bodies` holds (seq, body), the body None if deleted."""
    if header["status"] not in ("applied", "merged", "conflict"):
        return
    record = header["record"]
    if row.payload is None:
        # The entry that erased it restates the record.
        bodies[record] = (row.seq, (bodies.get(record) or (0, {}))[1])
        return
    said = orjson.loads(row.payload)
    if header["op"] == "delete" or (header["op"] == GONE and said["fields"]["whole"]):
        bodies[record] = (row.seq, None)
    elif header["op"] == GONE:
        bodies[record] = (row.seq, said["after"])
    elif said["after"]:
        kind = kinds.get(header["kind"])
        after = said["after"] if kind is None else lift_body(kind.lifts, said["after"])
        body = dict(bodies.get(record, (0, {}))[1] or {}) | after
        bodies[record] = (row.seq, {k: v for k, v in body.items() if v is not None})


def _unlike_its_entries(
    conn: Connection,
    dossier: str,
    bodies: dict[str, tuple[int, Any]],
    upto: int,
    kinds: Mapping[str, Kind],
) -> Fault | None:
    """The first record that says something else than the journal does."""
    left = set(bodies)
    for batch in standing_records(conn, dossier, kinds):
        for found in batch:
            seq, body = bodies.get(found.record, (0, None))
            left.discard(found.record)
            if found.kind in DERIVED or found.version > upto:
                continue
            if found.deleted != (body is None) or (body is not None and found.body != body):
                return Fault(seq or found.version, "the record says something else than its entries")
    gone = min((bodies[r][0] for r in left), default=None)
    return None if gone is None else Fault(gone, "its record is missing")


def _follows(header: dict[str, Any], seq: int) -> bool:
    """Numbers run without a gap; only the opening of an epoch jumps, ahead."""
    jumps: bool = header["op"] == "epoch" and header["seq"] > seq
    return jumps or bool(header["seq"] == seq + 1)


def standing(conn: Connection, dossier: str, record: str) -> dict[str, Any] | None:
    """What the record is now: kind, audience, version, whether deleted; None if there is none."""
    r = tables.records
    row = conn.execute(
        select(r.c.record, r.c.kind, r.c.audience, r.c.version, r.c.deleted).where(
            r.c.dossier == dossier, r.c.record == record
        )
    ).one_or_none()
    return _plain(row) if row else None


def body(conn: Connection, dossier: str, record: str) -> dict[str, Any]:
    """The record's present body. Raises KeyError if there is none."""
    r = tables.records
    found = conn.execute(
        select(r.c.body).where(r.c.dossier == dossier, r.c.record == record)
    ).scalar_one_or_none()
    if found is None:
        raise KeyError(record)
    told: dict[str, Any] = orjson.loads(found)
    return told


def present(conn: Connection, dossier: str, record: str) -> tuple[int, dict[str, Any]] | None:
    """A record's version and body as they stand now, or None; also where it has been deleted."""
    r = tables.records
    row = conn.execute(
        select(r.c.version, r.c.body).where(r.c.dossier == dossier, r.c.record == record)
    ).one_or_none()
    return None if row is None else (row.version, orjson.loads(row.body))


def authors(conn: Connection, dossier: str, records: Iterable[str]) -> dict[str, str]:
    """Who made each of these records that exist: the actor of its first entry. One statement."""
    e = tables.entries
    mine = (e.c.dossier == dossier, bulk.among(conn, e.c.record, records))
    first = select(func.min(e.c.seq)).where(*mine).group_by(e.c.record)
    rows = conn.execute(select(e.c.record, e.c.bytes).where(e.c.dossier == dossier, e.c.seq.in_(first)))
    return {row.record: str(orjson.loads(row.bytes)["actor"]) for row in rows}


def waiting(conn: Connection, seen: Mapping[str, Sequence[str]], limit: int = 200) -> list[dict[str, Any]]:
    """Open conflicts and parked work in these dossiers and audiences, newest first in each dossier; with
    each, of what it speaks: `about_kind`, `about_audience`, `about_body` (None where that is not there).
    """
    c, r, about = tables.conflicts, tables.records, tables.records.alias()
    columns = (
        *(r.c.dossier, r.c.record, r.c.kind, r.c.audience, r.c.version, r.c.body),
        about.c.kind.label("about_kind"),
        about.c.audience.label("about_audience"),
        about.c.body.label("about_body"),
    )
    terms = [and_(r.c.dossier == d, r.c.audience.in_(list(a))) for d, a in seen.items()]
    rows = conn.execute(
        select(*columns)
        .join_from(c, r, (r.c.dossier == c.c.dossier) & (r.c.record == c.c.conflict))
        .outerjoin(about, (about.c.dossier == c.c.dossier) & (about.c.record == c.c.record))
        .where(c.c.open.is_(True), or_(false(), *terms))
        .order_by(r.c.dossier, r.c.version.desc())
        .limit(limit)
    )
    return [_plain(row) for row in rows]


def _plain(row: Any) -> dict[str, Any]:
    """A row with plain text keys: SQLAlchemy's are a subclass that JSON refuses."""
    return {"".join(key): value for key, value in row._mapping.items()}


def all_heads(conn: Connection) -> dict[str, int]:
    """Every dossier and its last seq."""
    t = tables.dossiers
    return {r.dossier: r.seq for r in conn.execute(select(t.c.dossier, t.c.seq).order_by(t.c.dossier))}


def heads(conn: Connection) -> dict[str, Head]:
    """Every dossier's head."""
    t = tables.dossiers
    rows = conn.execute(select(t).order_by(t.c.dossier))
    return {r.dossier: Head(r.epoch, r.seq, r.hash, r.backed_up, r.closed_at) for r in rows}


def standing_records(
    conn: Connection, dossier: str, kinds: Mapping[str, Kind] = NO_KINDS, *, size: int = 500
) -> Iterator[list[Touched]]:
    """The dossier's records as they stand, in batches, for read models that are built anew."""
    r, last = tables.records, ""
    while True:
        rows = conn.execute(
            select(r).where(r.c.dossier == dossier, r.c.record > last).order_by(r.c.record).limit(size)
        ).all()
        yield [
            Touched(
                *(x.dossier, x.record, x.kind, x.audience, x.version, x.deleted),
                lift_body(kinds[x.kind].lifts, orjson.loads(x.body))
                if x.kind in kinds
                else orjson.loads(x.body),
            )
            for x in rows
        ]
        if len(rows) < size:
            return
        last = rows[-1].record
