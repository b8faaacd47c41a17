"""Cases at the desk: ask for one, see how far it is, fetch it, give it up."""

from typing import Any

import orjson
from flask import Blueprint, Response
from marshmallow import Schema, fields, validate

from media.store import export_key
from server.access import AUDIENCES
from server.delivery import hand_out
from server.endpoint import Call, endpoint
from server.errors import Refusal
from server.exports import actions as exports
from server.exports import queries as files
from server.exports.rules import STATES
from server.law.rules import local_day
from server.office import office
from server.transaction import reading, writing
from server.watchbook import note

from . import actions, queries

blueprint = Blueprint("cases", __name__)
WITHHELD = sorted({a for seen in AUDIENCES.values() for a in seen if a.isalpha()} - {"party"})


class CaseWish(Schema):
    """The case of a dossier, or of one issue in it; contents `without` these audiences are withheld. With
    an `id` of the client's, a repetition is the same wish.
    """

    id = fields.UUID(load_default=None)
    dossier = fields.String(required=True, validate=validate.Length(1, 96))
    issue = fields.UUID(load_default=None)
    without = fields.List(fields.String(validate=validate.OneOf(WITHHELD)), load_default=list)


class Case(Schema):
    """A case that was asked for: how many entries and records of how many are done, and where it can be
    fetched once it is ready, by the SHA-256 that it then has. `why` it failed is a code of errors.md.
    """

    id = fields.UUID()
    dossier = fields.String()
    issue = fields.UUID(allow_none=True)
    without = fields.List(fields.String())
    state = fields.String(metadata={"enum": list(STATES)})
    why = fields.String(allow_none=True)
    done = fields.Integer()
    total = fields.Integer()
    asked_at = fields.String()
    made_at = fields.String(allow_none=True)
    expires_at = fields.String(allow_none=True)
    size = fields.Integer(allow_none=True)
    sha256 = fields.String(allow_none=True)
    address = fields.String()
    file = fields.String(allow_none=True)


class Cases(Schema):
    """The caller's own, the newest first."""

    items = fields.List(fields.Nested(Case))


@endpoint(
    blueprint,
    "/api/v1/cases",
    "POST",
    may="case.read",
    summary="导出案卷 Ask for a case that proves itself",
    body=CaseWish,
    answer=Case,
    status=202,
    refusals=("malformed", "not-found", "unknown-dossier", "too-many-exports", "unsupported-media-type"),
)
def ask_case(call: Call) -> Any:
    """It is made in the background, of what the caller may see then; `Location` says where to see how far
    it is. The watchbook has who asked.
    """
    said = call.body
    if said["dossier"] not in call.allowed:
        raise Refusal("unknown-dossier")
    issue = str(said["issue"]) if said["issue"] else None
    wish = {"dossier": said["dossier"], "issue": issue, "without": sorted(set(said["without"]))}
    told = actions.ask(call.who, str(said["id"] or office().new_id()), wish, call.now)
    answer = Response(orjson.dumps(told), status=202, mimetype="application/json")
    answer.headers["Location"] = told["address"]
    answer.headers["Cache-Control"] = "no-store"
    return answer


@endpoint(
    blueprint, "/api/v1/cases", may="case.read", summary="我的案卷导出 Cases that I asked for", answer=Cases
)
def list_cases(call: Call) -> Any:
    """Nobody sees another's."""
    with reading() as conn:
        return {"items": [queries.asked(row) for row in files.of_owner(conn, call.who.id, cases=True)]}


@endpoint(
    blueprint,
    "/api/v1/cases/<uuid:case>",
    may="case.read",
    summary="案卷导出进度 How far a case is",
    answer=Case,
    refusals=("not-found",),
)
def one_case(call: Call, case: Any) -> Any:
    """Entries and records done, of those in all."""
    with reading() as conn:
        return queries.asked(files.one(conn, str(case), call.who, case=True))


@endpoint(
    blueprint,
    "/api/v1/cases/<uuid:case>/file",
    may="case.read",
    summary="下载案卷 Fetch a case",
    refusals=("not-found", "export-not-ready", "export-expired", "range-not-satisfiable", "read-only"),
    media_type="*/*",
    headers=("Range", "If-None-Match"),
)
def case_file(call: Call, case: Any) -> Any:
    """Only who asked for it, while they hold a post that may; it is in the watchbook first."""
    with reading() as conn:
        row = files.one(conn, str(case), call.who, case=True)
    if row.case_of not in call.allowed:
        raise Refusal("not-found")
    if row.state == "expired":
        raise Refusal("export-expired")
    if row.state != "ready":
        raise Refusal("export-not-ready", state=row.state)
    with writing() as conn:
        note(conn, actions.TAKEN, call.who.id, dossier=row.case_of, case=row.id, sha256=row.sha256)
    name = f"案卷-{row.case_of.replace(':', '-')}-{local_day(call.now)}.{row.form}"
    key = export_key(row.id, row.sha256, row.form)
    return hand_out(key, "application/zip", row.sha256, name=name, lasting=False)


@endpoint(
    blueprint,
    "/api/v1/cases/<uuid:case>",
    "DELETE",
    may="case.read",
    summary="取消案卷导出 Give a case up",
    status=204,
    refusals=("not-found",),
)
def give_up_case(call: Call, case: Any) -> Any:
    """Also while it is being made."""
    exports.give_up(call.who, str(case), case=True)
