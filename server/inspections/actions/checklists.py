"""Bring a checklist into the office's dossier as a draft, and publish what the house comes with."""

import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson
import yaml

from server import access, transaction
from server.access import SYSTEM
from server.endpoint import Actor
from server.errors import Refusal
from server.inspections.queries import checklists as queries
from server.inspections.records.template import TEMPLATE
from server.inspections.rules import template_faults
from server.office import office
from sync.arrival import rfc3339
from sync.canonical import NotCanonical, check
from sync.change import Author, read
from sync.minutes import Outcome

from . import sheets

DEFAULT = Path(__file__).parents[1] / "data" / "jgj59.yaml"
NAMESPACE = uuid.UUID("c9a1f6ce-2f5b-5d0c-8a35-2f9a07d5d3a4")
EPOCH = "2026-01-01T00:00:00.000Z"
CONTENT = frozenset(TEMPLATE.fields) - {"state"}


def given(path: Path = DEFAULT) -> dict[str, Any]:
    """The checklist of a YAML, JSON or Excel file. Raises Refusal `template-faulty`."""
    data = path.read_bytes()
    if path.suffix == ".xlsx":
        return from_sheet(data)
    try:
        return understood(yaml.load(data, Loader=yaml.CSafeLoader))  # JSON is YAML
    except yaml.YAMLError as wrong:
        raise Refusal("template-faulty", faults=[{"field": "", "reason": str(wrong)}]) from None


def from_sheet(data: bytes) -> dict[str, Any]:
    """The checklist of a workbook. Raises Refusal `template-faulty` with sheet, row, column, reason."""
    try:
        content, rows = sheets.read(data)
    except sheets.BadSheet as wrong:
        faults = [
            {"sheet": f.sheet, "row": f.row, "column": f.column, "reason": f.reason} for f in wrong.faults
        ]
        raise Refusal("template-faulty", faults=faults) from None
    return understood(content, rows)


def understood(said: Any, rows: Mapping[tuple[str, ...], int] | None = None) -> dict[str, Any]:
    """Content that is a checklist. Raises Refusal `template-faulty`; with `rows`, where in the workbook."""
    _known(said)
    content: dict[str, Any] = {n: v for n, v in said.items() if v is not None and n in CONTENT}
    try:
        check(content)
    except NotCanonical as wrong:
        raise Refusal("template-faulty", faults=[{"field": wrong.path, "reason": wrong.why}]) from None
    wrong_fields = TEMPLATE.faults("create", {n: {"set": v} for n, v in content.items()})
    if wrong_fields:
        faults = [_named(content, rows, f["field"], f["message"]) for f in wrong_fields]
        raise Refusal("template-faulty", faults=faults)
    contradictions = [
        {"field": "/".join((*f.path, f.field)), "reason": f.message} | _row(rows, f.path)
        for f in template_faults(content)
    ]
    if contradictions:
        raise Refusal("template-faulty", faults=contradictions)
    return content


def _known(said: Any) -> None:
    if not isinstance(said, dict):
        raise Refusal("template-faulty", faults=[{"field": "", "reason": "不是检查单 no checklist"}])
    surplus = sorted(str(name) for name in said.keys() - CONTENT - {"state"})  # which an export names
    if surplus:
        faults = [{"field": name[:80], "reason": "未知字段 unknown field"} for name in surplus[:10]]
        raise Refusal("template-faulty", faults=faults)


def faults(said: Any) -> list[dict[str, str]]:
    """What speaks against this content as a checklist: where, and why. Raises Refusal `template-faulty`
    where it is none at all, or says what no checklist says.
    """
    _known(said)
    try:
        understood(said)
    except Refusal as wrong:
        return [{"field": f["field"], "reason": f["reason"]} for f in wrong.details["faults"]]
    return []


def _named(content: Any, rows: Mapping[tuple[str, ...], int] | None, field: str, why: str) -> dict[str, Any]:
    """A fault of the schema, with the codes that lead to it: `sections/set/0/forms/1/items/2/marks`."""
    path, here = [], content
    for part in field.split("/"):
        if isinstance(here, dict) and part in here:
            here = here[part]
        elif isinstance(here, list) and part.isdecimal() and int(part) < len(here):
            here = here[int(part)]
            if isinstance(here, dict) and isinstance(here.get("code"), str):
                path.append(here["code"])
    return {"field": field.replace("/set", ""), "reason": why} | _row(rows, tuple(path))


def _row(rows: Mapping[tuple[str, ...], int] | None, path: tuple[str, ...]) -> dict[str, Any]:
    """The workbook's row where the codes of `path` first stand; nothing without a workbook."""
    if rows is None:
        return {}
    known = [row for codes, row in rows.items() if set(path) - {"*"} <= set(codes)]
    return (
        {"sheet": sheets.ITEMS, "row": min(known), "column": "A"}
        if path and known
        else {"sheet": sheets.HEAD}
    )


def enter(author: Author, content: Mapping[str, Any], *, at: str) -> tuple[str, bool]:
    """Enter a checklist as a draft: its record, and whether it was not there yet.

    Raises Refusal `edition-taken` where that edition is there and says something else.
    """
    here = office()
    record = str(uuid.uuid5(NAMESPACE, f"{content['code']}|{content['edition']}"))
    with transaction.reading() as conn:
        known = queries.by_code(conn, content["code"], content["edition"])
    if known is not None:
        if {n: v for n, v in known[1].items() if n != "state"} != dict(content):
            raise Refusal("edition-taken", checklist=content["code"], edition=content["edition"])
        return known[0], False
    sent = _change(record, "create", here.new_id(), at)
    sent |= {"audience": "public", "fields": {n: {"set": v} for n, v in content.items()}}
    outcome = _submit(author, sent)
    if outcome["status"] == "parked" and outcome["why"] == "id-collision":
        raise Refusal("edition-taken", checklist=content["code"], edition=content["edition"])
    if outcome["status"] != "applied":
        raise Refusal("not-permitted" if outcome["status"] == "parked" else "too-large", why=outcome["why"])
    return record, True


def publish(record: str) -> bool:
    """Publish a draft on the system's behalf; whether it was one."""
    with transaction.reading() as conn:
        content = queries.template(conn, record)
        if content is None or content["state"] != "draft":
            return False
        epoch = office().journal.heads(conn, [office().config.office])[office().config.office].epoch
    sent = _change(record, "update", office().new_id(), EPOCH)
    sent |= {"base": {"version": 0, "epoch": epoch}, "fields": {"state": {"do": "publish"}}}
    outcome = _submit(SYSTEM, sent)
    if outcome["status"] not in ("applied", "merged"):
        raise ValueError(f"not published: {outcome}")
    return True


def draft(actor: Actor, content: Mapping[str, Any]) -> tuple[str, bool]:
    """Enter a checklist for the administrator who sent it. Raises Refusal `not-permitted` and as `enter`."""
    here = office()
    may = access.in_dossier(actor, here.config.office, here.journal.kinds)
    if may is None:
        raise Refusal("not-permitted")
    author = Author(actor.id, actor.writer, may)
    return enter(author, content, at=rfc3339(here.clock()))


def exported(content: Mapping[str, Any], form: str) -> bytes:
    """A checklist as `json` or `xlsx`; what was exported can be imported."""
    said = {n: content[n] for n in TEMPLATE.fields if n in content and n != "state"}
    return sheets.written(said) if form == "xlsx" else orjson.dumps(said, option=orjson.OPT_INDENT_2)


def _change(record: str, op: str, change: str, at: str) -> dict[str, Any]:
    return {"id": change, "n": 0, "op": op, "kind": TEMPLATE.name, "record": record, "at": at}


def _submit(author: Author, sent: dict[str, Any]) -> Outcome:
    here = office()
    changes = [read(sent, here.journal.kinds)]
    now = rfc3339(here.clock())
    pushed = transaction.submit(here.config.office, author, changes, received_at=now, begin=True)
    return pushed.outcomes[0]
