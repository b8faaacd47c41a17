"""The people at their desks: they edit, move, decide and undelete, on what they looked at some time ago."""

import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sync.record import Kind

from .kinds import Work
from .phone import Made, Seen
from .server import Server
from .watch import Watch

Row = dict[str, Any]


@dataclass(frozen=True)
class Look:
    """A record as somebody saw it; for a conflict also what its target showed at that moment."""

    dossier: str
    record: str
    row: Row
    epoch: int
    seen: dict[str, Seen]


class Desk:
    """One person at one desk, who remembers what was on the screen and acts on it late."""

    def __init__(
        self,
        name: str,
        rnd: random.Random,
        server: Server,
        watch: Watch,
        work: Work,
        clock: Callable[[], datetime],
        new_id: Callable[[], str],
    ) -> None:
        self.name, self.rnd, self.server, self.watch = name, rnd, server, watch
        self.work, self.clock, self.new_id = work, clock, new_id
        self.looks: dict[tuple[str, str], Look] = {}

    # ------------------------------------------------------------------ look
    def _look(self, dossier: str, wanted: Callable[[Row], bool], stale: float = 0.5) -> Look | None:
        """At something now, or at what was looked at before and not acted upon."""
        rnd = self.rnd
        records = self.server.records(dossier)
        old = sorted(k for k, look in self.looks.items() if k[0] == dossier and wanted(look.row))
        found = sorted(r for r, row in records.items() if wanted(row))
        if old and rnd.random() < stale:
            return self.looks[rnd.choice(old)]
        return self._at(dossier, rnd.choice(found), records) if found else None

    def glance(self, dossier: str) -> None:
        """Put a few records on the screen; an older look at one of them stays until it is used."""
        records = self.server.records(dossier)
        found = sorted(r for r, row in records.items() if self._live(row) or _waits(row))
        for record in self.rnd.sample(found, min(len(found), 4)):
            self.looks.setdefault((dossier, record), self._at(dossier, record, records))

    def _at(self, dossier: str, record: str, records: dict[str, Row]) -> Look:
        row = records[record]
        target = records.get(row["body"].get("target", ""), row) if row["kind"] == "conflict" else row
        told = self.server.told.writers
        seen = {
            f: Seen(told.get((dossier, q)), True, target["body"].get(f)) for f, q in target["written"].items()
        }
        return Look(dossier, record, row, self.server.heads()[dossier].epoch, seen)

    def _submit(self, look: Look, op: str, said: dict[str, Any], *, of: Made | None = None) -> None:
        """A change on the ground of a look; with `of`, parked work that is taken as its author's."""
        name = self.new_id()
        raw = said | {
            "id": name,
            "n": int(name[-12:], 16),
            "op": op,
            "kind": look.row["kind"],
            "record": look.record,
            "base": {"version": look.row["version"], "epoch": look.epoch, "after": None},
            "at": self.clock().isoformat(timespec="milliseconds"),
        }
        # What one does oneself one has seen; whatever else was on the screen of it is old now.
        target = look.row["body"].get("target", look.record)
        for record in (look.record, target):
            self.looks.pop((look.dossier, record), None)
        fields = said.get("fields", {})
        made = Made(name, raw["n"], self.name, op, look.dossier, target, fields, look.seen, raw)
        if of is not None:
            made = replace(of, id=name)
            self.watch.accepted[name] = look.record
        self.watch.saved(made)
        outcome = self.server.submit(self.name, look.dossier, raw)
        assert outcome["status"] != "retry", f"the desk had nothing to wait for: {outcome}"
        if outcome["status"] == "invalid":
            self.watch.refused.add(name)

    # ------------------------------------------------------------------- act
    def edit(self, dossier: str) -> None:
        """An edit, sometimes all or nothing."""
        look = self._look(dossier, self._live)
        if look is None:
            return
        fields = self.work.edited(self.rnd, look.row["kind"], look.row["body"], self.new_id)
        if "长" not in str(fields):
            atomic = {"atomic": True} if self.rnd.random() < 0.4 else {}
            self._submit(look, "update", {"fields": fields} | atomic)

    def move(self, dossier: str) -> None:
        """Into another audience, perhaps with an edit."""
        look = self._look(dossier, self._live)
        if look is None:
            return
        said: dict[str, Any] = {"audience": self.rnd.choice(self.work.audiences), "fields": {}}
        if self.rnd.random() < 0.3:
            fields = self.work.edited(self.rnd, look.row["kind"], look.row["body"], self.new_id)
            said["fields"] = {n: f for n, f in fields.items() if "长" not in str(f)}
        self._submit(look, "update", said)

    def undelete(self, dossier: str) -> None:
        """Bring something back."""
        look = self._look(dossier, lambda row: row["kind"] in self.work.on_phones and row["deleted"])
        if look is not None:
            self._submit(look, "undelete", {})

    def review(self, dossier: str) -> None:
        """Decide one of the questions that wait."""

        look = self._look(dossier, _waits, stale=0.75)  # people think about these
        if look is None:
            return
        body = look.row["body"]
        if look.row["kind"] == "conflict":
            kind = self.server.kinds[body["target_kind"]]
            fields = {name: self._decided(kind, name, known) for name, known in body["fields"].items()}
            if self.rnd.random() < 0.04:
                fields = {next(iter(fields)): {"pick": "nobody said so"}}
            self._submit(look, "resolve", {"fields": fields, "reason": "现场核实"})
            return
        accepts = self.rnd.random() < 0.7
        said = {"fields": {"decision": {"set": "accept" if accepts else "return"}}, "reason": "补录"}
        late = self.watch.made[body["change"]["id"]]
        self._submit(look, "resolve", said, of=late if accepts else None)

    def _decided(self, kind: Kind, name: str, known: dict[str, Any]) -> dict[str, Any]:
        rnd = self.rnd
        if rnd.random() < 0.25:
            return {"pick": "current"}
        field = kind.fields[name]
        if rnd.random() < 0.2 and (field.order or field.policy in ("last", "text")):
            return {"set": rnd.choice(field.order) if field.order else f"r{rnd.randrange(1_000)}"}
        aside = [str(o["seq"]) for o in known.get("overwritten", ())]
        return {"pick": rnd.choice([*(c["change"] for c in known["candidates"]), *aside, "current"])}

    def _live(self, row: Row) -> bool:
        return row["kind"] in self.work.on_phones and not row["deleted"]


def _waits(row: Row) -> bool:
    return row["kind"] in ("conflict", "parked") and row["body"]["open"]
