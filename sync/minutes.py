"""The minutes of a sitting: entries, outcomes and records as judged, written all at once."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson
from sqlalchemy import Connection, select

from . import bulk, signatures, tables
from .arrival import Arrival, Captured
from .canonical import commitment, entry_hash, spell
from .change import Author, Change, Unreadable
from .merge import Lost
from .record import Body
from .tree import Range

Outcome = dict[str, Any]
MERGED = "merge"  # the device of values that nobody wrote alone
THIS = -1  # "the version is this entry's seq"
# What the phone does about an outcome without asking anybody; None where there is nothing to do.
REMEDIES = {"conflict": "ask", "parked": "ask", "invalid": "repair", "retry": "retry"}


@dataclass(frozen=True, slots=True)
class Head:
    """The end of a journal: its epoch, the last seq and that entry's hash; and the tree over all
    entries: how many, the peaks of the compact range, how many of them the newest checkpoint covers.

    Who only reads a head may have it without its tree.
    """

    epoch: int
    seq: int
    hash: bytes
    backed_up: int = 0
    closed_at: str | None = None
    size: int = 0
    peaks: bytes = b""
    sealed: int = 0


@dataclass(frozen=True, slots=True)
class Touched:
    """A record as a transaction leaves it, for the read models."""

    dossier: str
    record: str
    kind: str
    audience: str
    version: int
    deleted: bool
    body: Body


@dataclass(slots=True)
class State:
    """A record in memory while changes are judged."""

    kind: str
    audience: str
    version: int
    deleted: bool
    body: Body
    seqs: dict[str, int]
    devices: dict[str, str]
    dirty: bool = False
    bytes: int = 0
    op: str | None = None  # what the feed says instead of `put` or `delete`
    left: set[str] = field(default_factory=set)

    def apply(self, after: Body, seq: int, device: str, contested: set[str]) -> None:
        """New values, written by `device` under `seq`; the contested ones by nobody alone."""
        for name, value in after.items():
            if value is None:
                self.body.pop(name, None)
            else:
                self.body[name] = value
            self.seqs[name] = seq
            self.devices[name] = MERGED if name in contested else device
        self.version, self.dirty = seq, True

    def move(self, audience: str, seq: int) -> None:
        """Into another audience; those who saw it in the old one are told that it left."""
        self.left.add(self.audience)
        self.audience, self.version, self.dirty = audience, seq, True


class Minutes:
    """Rows in the column order of their tables, and the end of the chain as it grows."""

    def __init__(
        self,
        conn: Connection,
        dossier: str,
        head: Head,
        author: Author,
        arrival: Arrival,
    ) -> None:
        self.conn, self.dossier, self.head, self.author = conn, dossier, head, author
        self.seq, self.prev, self.closed_at = head.seq, head.hash, head.closed_at
        self.arrival, self.received_at = arrival, arrival.received_at
        self._captured: tuple[Change | None, Captured | None] = (None, None)
        self.known: dict[str, tuple[str, Outcome]] = {}
        self.authors: dict[str, str] = {}
        self.conflicts: list[bulk.Row] = []
        self.tree = Range.load(head.size, head.peaks)
        self._entries: list[bulk.Row] = []
        self._payloads: list[bulk.Row] = []
        self._outcomes: list[bulk.Row] = []
        self._invalid: list[bulk.Row] = []

    def append(
        self,
        change: Change,
        status: str,
        audience: str,
        *,
        after: Body | None = None,
        before: Body | None = None,
        lost: dict[str, Lost] | None = None,
        why: str | None = None,
        conflict: str | None = None,
        version: int | None = THIS,
        was: str | None = None,
        erased: Sequence[int] = (),
    ) -> Outcome:
        """One entry: canonical header, chained; payload apart, committed to by a salted hash."""
        self.seq += 1
        captured = self.captured(change)
        payload = _payload(change, before or {}, after or {}, lost or {})
        salt = os.urandom(16)
        data = spell(
            self._header(change, status, audience, captured)
            | {"why": why, "conflict": conflict, "payload": commitment(salt, payload)}
            | ({"left": was} if was else {})
            | ({"erased": list(erased)} if erased else {})
        )
        self.prev = entry_hash(data)
        self._entries.append((self.dossier, self.seq, change.id, change.record, data, self.prev))
        self._payloads.append((self.dossier, self.seq, salt, payload))
        outcome = answer(change.id, status, why) | {
            "seq": self.seq,
            "version": self.seq if version == THIS else version,
            "conflict": conflict,
            "receipt": {"seq": self.seq, "hash": self.prev.hex(), "at": self.received_at},
        }
        self._remember(change.id, change.digest, outcome)
        return outcome

    def captured(self, change: Change) -> Captured:
        """When the change was made, as well as can be known; asked for several times a change."""
        if change.captured is not None:  # a reviewer's clock says nothing about the author's
            return change.captured
        known, captured = self._captured
        if known is not change:
            captured = self.arrival.captured(change.at, change.raw.get("clock"))
            self._captured = (change, captured)
        assert captured is not None
        return captured

    def _header(self, change: Change, status: str, audience: str, captured: Captured) -> dict[str, Any]:
        return {
            "v": 1,
            "dossier": self.dossier,
            "epoch": self.head.epoch,
            "seq": self.seq,
            "prev": self.prev.hex(),
            "change": change.id,
            "op": change.op,
            "kind": change.kind.name,
            "record": change.record,
            "audience": audience,
            "status": status,
            "actor": self.author.actor,
            "device": self.author.device,
            "n": change.n,
            "at": change.at,
            "captured_at": captured.at,
            "flags": captured.flags,
            "received_at": self.received_at,
            "skew_ms": self.arrival.skew_ms,
            "sig": change.signed.header if change.signed else None,
        }

    def numbers(self, seqs: set[int]) -> dict[int, int]:
        """The place of each of these entries' changes in its device's order (`n`)."""
        if not seqs:
            return {}
        e = tables.entries
        asked = select(e.c.bytes).where(e.c.dossier == self.dossier, e.c.seq.in_(seqs))
        written = [*self.conn.scalars(asked), *(row[4] for row in self._entries if row[1] in seqs)]
        return {header["seq"]: header["n"] for header in map(orjson.loads, written)}

    def invalid(self, change: Change | Unreadable, why: str, *, remember: bool = True) -> Outcome:
        """Keep bytes that cannot be understood; no entry, but an outcome that a replay finds again."""
        data = change.bytes if isinstance(change, Unreadable) else spell(change.raw)
        faults = change.faults if isinstance(change, Unreadable) else []
        outcome = answer(change.id, "invalid", why) | {"faults": faults}
        author = (self.author.actor, self.author.device, self.received_at)
        self._invalid.append((self.dossier, change.digest, change.id, *author, why, data))
        if remember and change.id and len(change.id) == 36:
            self._remember(change.id, change.digest, outcome)
        return outcome

    def _remember(self, change: str, digest: str, outcome: Outcome) -> None:
        actor = self.author.actor
        self.known[change] = (digest, outcome)
        self.authors[change] = actor
        self._outcomes.append((self.dossier, change, digest, actor, spell(outcome).decode()))

    def write(self, dirty: Mapping[str, State]) -> list[Touched]:
        """All tables, then the head. Returns the records as they now stand."""
        # One request may hold the same bad bytes twice, or open a question and decide it.
        invalid, questions = (
            list({(row[0], row[1]): row for row in rows}.values()) for rows in (self._invalid, self.conflicts)
        )
        kept = bulk.Rows(tables.invalid, invalid, replacing=True), bulk.Rows(tables.outcomes, self._outcomes)
        if self.seq == self.head.seq:
            bulk.write(self.conn, *kept)
            return []
        self.tree.extend(row[5] for row in self._entries)
        bulk.write(
            self.conn,
            *kept,
            bulk.Rows(tables.entries, self._entries),
            bulk.Rows(tables.payloads, self._payloads),
            bulk.Rows(tables.conflicts, questions, replacing=True),
            bulk.Rows(tables.records, [self._record(n, s) for n, s in dirty.items()], replacing=True),
            bulk.Rows(
                tables.feed, [row for n, s in dirty.items() for row in self._feed(n, s)], replacing=True
            ),
            bulk.Rows(
                tables.audiences, sorted({(self.dossier, s.audience) for s in dirty.values()}), replacing=True
            ),
            bulk.Moved(tables.dossiers, self.dossier, self._end()),
        )
        return [
            Touched(self.dossier, n, s.kind, s.audience, s.version, s.deleted, s.body)
            for n, s in dirty.items()
        ]

    def _end(self) -> dict[str, Any]:
        """The journal's end as the sitting leaves it."""
        tree = {"size": self.tree.size, "peaks": self.tree.dump(), "grown": self.seq}
        return {"seq": self.seq, "hash": self.prev, "closed_at": self.closed_at} | tree

    def _record(self, name: str, s: State) -> bulk.Row:
        texts = (spell(s.body).decode(), spell(s.seqs).decode(), spell(s.devices).decode())
        return (self.dossier, name, s.kind, s.audience, s.version, s.deleted, *texts)

    def _feed(self, name: str, s: State) -> list[bulk.Row]:
        here = (self.dossier, s.audience, name, s.version, s.op or ("delete" if s.deleted else "put"))
        left = [(self.dossier, a, name, s.version, "leave") for a in sorted(s.left - {s.audience})]
        return [here, *left]


def _payload(change: Change, before: Body, after: Body, lost: Mapping[str, Lost]) -> bytes:
    """What was said, and what came of it; with a signature, all that it was made over."""
    sent = change.raw.get("fields") or {}
    unlike = (change.schema or change.signed) and sent != change.fields
    as_sent = {"schema": change.schema, "sent": sent} if unlike else {}
    signed = {"signed": signatures.kept(change.signed, change.raw)} if change.signed else {}
    return spell(
        {
            "base": change.raw.get("base"),
            "clock": change.raw.get("clock"),
            "fields": change.fields,
            "reason": change.raw.get("reason"),
            "before": before,
            "after": after,
            **as_sent,
            **signed,
            "lost": {n: [x.current, x.mine, x.mode] for n, x in lost.items()},
        }
    )


def answer(change: str | None, status: str, why: str | None, remedy: str | None = None) -> Outcome:
    """An outcome with every key that the protocol names, the unknown ones null."""
    return {
        "id": change,
        "status": status,
        "seq": None,
        "version": None,
        "conflict": None,
        "why": why,
        "remedy": remedy or REMEDIES.get(status),
        "replay": False,
        "receipt": None,
    }
