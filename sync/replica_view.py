"""What a person sees on a device: the shadow, with the own unsettled changes replayed over it."""

import sqlite3
from collections.abc import Mapping
from typing import Any

import orjson

from .merge import Written, first_body, merge
from .record import Body, Kind
from .schema import lift_body, lift_change


def view(
    db: sqlite3.Connection, dossier: str, kinds: Mapping[str, Kind], device: str
) -> dict[str, dict[str, Any]]:
    """Records by id, `{"kind", "audience", "version", "body"}`.

    A record that moves stands in two audiences until both cursors have passed the move: the
    newer one shows, and it is the one that an edit is based on.
    """
    seen: dict[str, dict[str, Any]] = {
        r["record"]: {
            "kind": r["kind"],
            "audience": r["audience"],
            "version": r["version"],
            "body": _lifted(kinds, r["kind"], orjson.loads(r["body"])),
        }
        for r in db.execute("SELECT * FROM shadow WHERE dossier=? ORDER BY epoch, version", (dossier,))
    }
    for row in db.execute(
        "SELECT change, schema FROM outbox WHERE dossier=? AND state IN ('new','acked') ORDER BY n",
        (dossier,),
    ):
        change = orjson.loads(row["change"])
        lifts = kinds[change["kind"]].lifts if change["kind"] in kinds else ()
        if lifts and "fields" in change:
            change["fields"] = lift_change(lifts, change["op"], change["fields"], row["schema"])
        _replay(seen, change, kinds.get(change["kind"]), device)
    return seen


def _lifted(kinds: Mapping[str, Kind], kind: str, body: Body) -> Body:
    """A body that may have been stored under an older schema, under the names known here."""
    known = kinds.get(kind)
    return lift_body(known.lifts, body) if known is not None and known.lifts else body


def _replay(seen: dict[str, dict[str, Any]], change: dict[str, Any], kind: Kind | None, device: str) -> None:
    record, op = change["record"], change["op"]
    known = seen.get(record)
    met = known is not None and kind is not None and kind.meets
    if op == "create" and not met:
        if known is None and kind is not None:
            made = first_body(kind, change["fields"], actor="", at=change["at"])
            new = {"kind": kind.name, "audience": change["audience"], "version": 0}
            seen[record] = new | {"body": made}
    elif op == "delete":
        seen.pop(record, None)
    elif op == "resolve" and known is not None:
        known["body"] = known["body"] | {"open": False}  # what comes of it, the server says
    elif known is not None and kind is not None:
        known["audience"] = change.get("audience", known["audience"])
        fields = change.get("fields", {})
        judged = merge(
            kind,
            known["body"],
            Written({}, {}),
            {n: said for n, said in fields.items() if op != "create" or not kind.fields[n].fixed},
            trunk=0,
            device=device,
            actor="",
            at=change["at"],
        )
        body: Body = known["body"] | judged.after
        known["body"] = {k: v for k, v in body.items() if v is not None}
