"""Enter organisations, each as a change like any other, all of one file in one transaction."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from server import access, transaction
from server.access import SYSTEM
from server.endpoint import Actor
from server.errors import Refusal
from server.office import office
from server.organisations import queries, rules
from server.organisations.records.organisation import ORGANISATION
from sync.arrival import rfc3339
from sync.change import Author, read
from sync.minutes import Outcome, State

from .sheets import CSV, EXCEL, Row, from_file, judged, operations

DEFAULT = Path(__file__).parents[1] / "data" / "register.yaml"
DONE = ("applied", "merged", "noop")
OUTCOMES = ("entered", "changed", "same", "faulty", "refused")


def given(path: Path = DEFAULT) -> tuple[list[Row], list[str]]:
    """The rows of a YAML, Excel or CSV file, and the headings that nobody knew. Raises Refusal
    `malformed`.
    """
    data = path.read_bytes()
    if path.suffix in (".xlsx", ".csv"):
        return from_file(data, EXCEL if path.suffix == ".xlsx" else CSV)
    return said(yaml.load(data, Loader=yaml.CSafeLoader)), []


def said(items: Sequence[dict[str, Any]]) -> list[Row]:
    """Organisations that were told one by one, as rows from 1."""
    return judged([Row(number, dict(item)) for number, item in enumerate(items, 1)])


def bring_in(actor: Actor, rows: Sequence[Row]) -> dict[str, Any]:
    """Enter rows for whoever sent them. Raises Refusal `not-permitted`."""
    here = office()
    may = access.in_dossier(actor, here.config.office, here.journal.kinds)
    if may is None:
        raise Refusal("not-permitted")
    return enter(Author(actor.id, actor.writer, may), rows)


def enter(author: Author, rows: Sequence[Row], *, amend: bool = True) -> dict[str, Any]:
    """Enter what is new and, with `amend`, bring up to date what is there: how many of each of OUTCOMES, and
    of all rows but the `same` what became of them.

    What is right is entered by one transaction, whatever is wrong with other rows; the same file again
    changes nothing.
    """
    right = [row for row in rows if not row.faults]
    with transaction.reading() as conn:
        home = office().config.office
        known = queries.standing(conn, [row.said["code"] for row in right])
        heads = office().journal.heads(conn, [home])
    epoch = heads[home].epoch if home in heads else 1
    sent = {}  # by code: it stands once among the rows that are right
    for row in right:
        change = _change(row, known.get(row.said["code"]), epoch)
        if change and (amend or change["op"] == "create"):
            sent[row.said["code"]] = change
    told = dict(zip(sent, _submit(author, list(sent.values())), strict=True))
    items = [_told(row, sent.get(row.said.get("code")), told.get(row.said.get("code"))) for row in rows]
    count = Counter(item["became"] for item in items)
    shown = [item for item in items if item["became"] != "same"]
    return {name: count[name] for name in OUTCOMES} | {"items": shown}


def load(rows: Sequence[Row], *, amend: bool = False) -> dict[str, Any]:
    """Enter rows for the house itself."""
    return enter(SYSTEM, rows, amend=amend)


def _change(row: Row, known: State | None, epoch: int) -> dict[str, Any] | None:
    """What a row asks for; None where the register says it already."""
    here, code = office(), row.said["code"]
    change = {"id": here.new_id(), "n": 0, "kind": ORGANISATION.name, "record": rules.record_of(code)}
    change |= {"at": rfc3339(here.clock())}
    if known is None:
        return change | {"op": "create", "audience": "public", "fields": operations(row.said)}
    fields = operations(row.said, known.body)
    base = {"version": known.version, "epoch": epoch}
    return change | {"op": "update", "base": base, "fields": fields} if fields else None


def _submit(author: Author, changes: list[dict[str, Any]]) -> list[Outcome]:
    if not changes:
        return []
    here = office()
    understood = [read(change, here.journal.kinds) for change in changes]
    now = rfc3339(here.clock())
    return transaction.submit(here.config.office, author, understood, received_at=now, begin=True).outcomes


def _told(row: Row, change: dict[str, Any] | None, outcome: Outcome | None) -> dict[str, Any]:
    told = {"row": row.number} | {name: row.said.get(name) for name in ("code", "name")}
    told |= {"faults": row.faults, "why": None}
    if row.faults:
        return told | {"became": "faulty"}
    if change is None or outcome is None:
        return told | {"became": "same"}
    if outcome["status"] not in DONE:
        return told | {"became": "refused", "why": outcome["why"]}
    return told | {"became": "entered" if change["op"] == "create" else "changed"}
