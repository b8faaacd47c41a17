"""What is known of a journal beside itself, and holding the journal against it while it is re-linked.

The database knows its checkpoints and tiles; phones and nodes hold checkpoints and receipts that nobody
could change with it. An administrator who rebuilds every hash contradicts them all the same.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson
from sqlalchemy import Connection, select

from . import checkpoints, notes, signatures, statements, tables
from .notes import NotANote, NotTrusted, Verifier
from .tree import HASH, TILE, Range


@dataclass(frozen=True, slots=True)
class Fault:
    """The first place where a journal does not prove itself."""

    seq: int
    why: str


@dataclass(slots=True)
class Evidence:
    """What others hold (`Replica.evidence`): the house's keys, checkpoints and receipts by dossier; and
    the devices' public keys by name, where signatures are to be checked too.
    """

    keys: list[str] = field(default_factory=list)
    checkpoints: dict[str, list[str]] = field(default_factory=dict)
    receipts: dict[str, dict[int, set[str]]] = field(default_factory=dict)
    device_keys: Mapping[str, bytes] = field(default_factory=dict)

    def add(self, told: Mapping[str, Any]) -> None:
        """Take another witness in. Raises ValueError where it knows other keys than those before."""
        keys = list(told.get("keys", ()))
        both = min(len(keys), len(self.keys))
        if keys[:both] != self.keys[:both]:
            raise ValueError("two witnesses know different keys of the house")
        self.keys = keys if len(keys) > len(self.keys) else self.keys
        for held in told.get("checkpoints", ()):
            self.checkpoints.setdefault(held["dossier"], []).append(held["note"])
        for got in told.get("receipts", ()):
            named = self.receipts.setdefault(got["dossier"], {})
            named.setdefault(int(got["seq"]), set()).add(got["hash"])


@dataclass(frozen=True, slots=True)
class _Signed:
    """A checkpoint that the journal is held against."""

    epoch: int
    size: int
    root: bytes
    whose: str


class Trial:
    """One journal, entry by entry in its order, against everything that was signed of it."""

    def __init__(self, conn: Connection, dossier: str, evidence: Evidence) -> None:
        self.conn, self.dossier, self.evidence = conn, dossier, evidence
        self.receipts = evidence.receipts.get(dossier, {})
        self.tree, self.epoch, self.seq = Range(), 1, 0
        self.agreed = self.matched = 0  # the last seq that a checkpoint vouches for; how many matched
        self.expected: dict[int, list[_Signed]] = {}
        self.lost: list[_Signed] = []
        self.tile = b""
        self.first_fault: Fault | None = None
        self._read()

    def _read(self) -> None:
        """The keys, and every checkpoint by its size; what is wrong with them is a fault of its own."""
        try:
            self.trusted = self._keys()
            for made in checkpoints.all_of(self.conn, self.dossier):
                self._expect(made.note, "the database holds")
            for note in self.evidence.checkpoints.get(self.dossier, ()):
                self._expect(note, "others hold")
        except (NotANote, NotTrusted) as wrong:
            self.first_fault = Fault(0, f"a checkpoint or key is not what was signed: {wrong}")

    def _keys(self) -> list[statements.Key]:
        """The house's keys: those that others know come first, for the database could be given new ones."""
        ours = checkpoints.introductions(self.conn)
        theirs = self.evidence.keys
        if ours[: len(theirs)] != theirs[: len(ours)]:
            raise NotTrusted("the house's keys are not the ones that others were shown")
        return statements.keys(theirs if len(theirs) > len(ours) else ours)

    def _expect(self, note: str, whose: str) -> None:
        name = notes.checkpoint(notes.parse(note).text).origin
        told = notes.verified_checkpoint(note, name, self._verifiers())
        house, dossier, epoch = name.rsplit("/", 2)
        if dossier != self.dossier or any(key.deployment != house for key in self.trusted):
            raise NotTrusted(f"{name} is no name of this journal")
        signed = _Signed(notes.decimal(epoch), told.size, told.root, whose)
        self.expected.setdefault(told.size, []).append(signed)

    def _verifiers(self) -> Sequence[Verifier]:
        return [key.verifier for key in self.trusted]

    # ----------------------------------------------------------------- entries
    def add(self, row: Any, header: Mapping[str, Any]) -> str | None:
        """The next entry, already linked to the one before; what contradicts it, or None."""
        # A journal that was lost whole begins in a later epoch, without an entry that opens it.
        if header["epoch"] != self.epoch:
            if self.tree.size == 0:
                self.receipts = {}  # it numbers from 1 again: they may speak of what was lost
            self._next_epoch(header["epoch"])
        at = self.tree.size % TILE
        if at == 0:
            self.tile = self._tile(self.tree.size // TILE)
        tiled = self.tile[at * HASH : (at + 1) * HASH]
        self.tree.extend((row.hash,))
        self.seq = row.seq
        if self.receipts.get(row.seq, set()) - {row.hash.hex()}:
            return "a receipt names another entry"
        if tiled and tiled != row.hash:
            return "the tree was grown over another entry"
        return self._unsigned(header, row.payload) if header["sig"] else None

    def checkpoint(self) -> Fault | None:
        """Whether the journal up to here is what was signed when it was so long."""
        for signed in self.expected.pop(self.tree.size, ()):
            if signed.epoch != self.epoch:
                self.lost.append(signed)
            elif signed.root != self.tree.root():
                why = f"from here to {self.seq} it is not what was signed: a checkpoint that {signed.whose}"
                return Fault(self.agreed + 1, why)
            else:
                self.matched, self.agreed = self.matched + 1, self.seq
        return None

    def _next_epoch(self, epoch: int) -> None:
        """What was signed beyond the point to which a restore went back is lost, if that was explained."""
        beyond = [size for size in self.expected if size > self.tree.size]
        for size in beyond:
            kept = [s for s in self.expected[size] if s.epoch >= epoch]
            self.lost += [s for s in self.expected[size] if s.epoch < epoch]
            self.expected[size] = kept
        self.epoch = epoch

    def _tile(self, number: int) -> bytes:
        t = tables.tiles
        here = (t.c.dossier == self.dossier, t.c.level == 0, t.c.tile == number)
        return self.conn.execute(select(t.c.hashes).where(*here)).scalar() or b""

    def _unsigned(self, header: Mapping[str, Any], payload: bytes | None) -> str | None:
        """What is wrong with a device's signature; what was doubted on entry stands as doubted."""
        if header["why"] in ("bad-signature", "signature-missing") or not isinstance(header["sig"], dict):
            return None
        return wrong_signature(header, payload, self.evidence.device_keys)

    # --------------------------------------------------------------------- end
    def end(self, head: Any) -> Fault | None:
        """After the last entry: the head's own tree, what was signed beyond it, what was lost."""
        if self.first_fault is not None:
            return self.first_fault
        beyond = [s for size in sorted(self.expected) for s in self.expected[size]]
        if beyond:
            why = f"{beyond[0].size} entries were signed, {self.tree.size} are here: a checkpoint that"
            return Fault(self.seq + 1, f"{why} {beyond[0].whose}")
        missing = [seq for seq in sorted(self.receipts) if seq > self.seq]
        if missing:
            return Fault(missing[0], "a receipt names an entry that is not here")
        explained = self._explained()
        unexplained = [s for s in self.lost if not any(epoch > s.epoch for epoch in explained)]
        if unexplained:
            return Fault(self.agreed + 1, "a restore without a signed reason left out what was signed")
        if head.grown == head.seq and (head.size, bytes(head.peaks or b"")) != (
            self.tree.size,
            self.tree.dump(),
        ):
            return Fault(self.seq, "the head's tree is another")
        return None

    def _explained(self) -> set[int]:
        found = set()
        for note in checkpoints.explanations(self.conn, self.dossier):
            try:
                told = statements.restore(note, self._verifiers())
            except (NotANote, NotTrusted):
                continue
            found.add(notes.decimal(told.origin.rpartition("/")[2]))
        return found


def wrong_signature(
    header: Mapping[str, Any], payload: bytes | None, keys: Mapping[str, bytes]
) -> str | None:
    """What is wrong with the device's signature on an entry, or None; of an erased payload the hash alone
    can be checked, and without the device's key only that the hash is the payload's.
    """
    told = header["sig"]
    digest = bytes.fromhex(told["hash"])
    if payload is not None:
        salt, said = signatures.of_entry(header, orjson.loads(payload))
        if signatures.commit(salt, said) != digest:
            return "the device signed something else"
    key = keys.get(told["key"])
    if key is not None and not signatures.verifies(key, digest, signatures.decode(told["sig"])):
        return "the device's signature is wrong"
    return None


def evidence(told: Iterable[Mapping[str, Any]], device_keys: Mapping[str, bytes] | None = None) -> Evidence:
    """The evidence of these witnesses together. Raises ValueError where they contradict each other."""
    found = Evidence(device_keys=device_keys or {})
    for one in told:
        found.add(one)
    return found
