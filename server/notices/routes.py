"""Papers at the desk and for their addressees, and the public page that verifies one."""

import re
from datetime import datetime
from html import escape
from string import Template
from typing import Any
from urllib.parse import quote

from flask import Blueprint, Response, request
from marshmallow import Schema, fields, validate

from server.config import ROOT
from server.delivery import Where
from server.endpoint import ANYONE, Call, endpoint
from server.errors import Refusal
from server.issues.routes import Amend, Outcome
from server.law.rules import local_day
from server.numbers.records.block import KINDS
from server.office import office
from server.paging import Paged
from server.transaction import reading
from sync.arrival import rfc3339
from sync.record import INSTANT_PATTERN

from . import actions, queries, rules
from .records.notice import LIFECYCLE, NOTICE
from .tables import NoticeRow

blueprint = Blueprint("notices", __name__)
INSTANT = validate.Regexp(INSTANT_PATTERN)
PAGES = ROOT / "web" / "open"
TOKEN = re.compile(r"[A-Za-z0-9_-]{24}")
REFUSED = (
    *("not-found", "ambiguous", "malformed", "version-required", "not-permitted"),
    *("notice-incomplete", "citation-not-in-force", "notice-too-large", "approval-stale"),
    *("no-provision", "no-calendar", "number-outside-block", "number-used", "number-void"),
    *("service-premature", "unsupported-media-type", "busy"),
)
OPEN_HEADERS = {
    "Content-Security-Policy": "; ".join(
        (
            *("default-src 'none'", "style-src 'self'", "base-uri 'none'", "form-action 'none'"),
            "frame-ancestors 'none'",
        )
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "X-Robots-Tag": "noindex",
}
# Only what the public needs: a draft has no code, an answer is nobody else's business.
PUBLIC = {
    "issued": ("有效，已下达", "In force: issued"),
    "served": ("有效，已送达", "In force: served"),
    "answered": ("有效，已送达", "In force: served"),
    "closed": ("已办结", "Closed"),
    "voided": ("已作废", "VOID"),
}
ENGLISH = {
    "rectification": "Order to rectify",
    "stop_work": "Order to stop work",
    "resume": "Consent to resume work",
    "referral": "Referral of a case",
    "interview": "Summons to an interview",
    "listing": "Major hazard under supervision",
}


class Filter(Paged):
    """Filters narrow one another; several values of one filter widen it."""

    dossier = fields.List(fields.String(validate=validate.Length(1, 96)), load_default=list)
    state = fields.List(fields.String(validate=validate.OneOf(list(LIFECYCLE.states))), load_default=list)
    notice_kind = fields.List(fields.String(validate=validate.OneOf(list(KINDS))), load_default=list)
    addressee = fields.String(load_default=None, validate=validate.Length(18, 18))
    number = fields.String(load_default=None, validate=validate.Length(1, 60))
    issue = fields.UUID(load_default=None)
    faulty = fields.Boolean(load_default=None)


class Notice(Schema):
    """One paper in a list."""

    dossier = fields.String()
    id = fields.UUID()
    version = fields.Integer()
    audience = fields.String()
    state = fields.String(metadata={"enum": list(LIFECYCLE.states)})
    notice_kind = fields.String(metadata={"enum": list(KINDS)})
    drafted_at = fields.String()
    addressee = fields.String(allow_none=True)
    addressee_name = fields.String(allow_none=True)
    number = fields.String(allow_none=True)
    temporary_no = fields.String(allow_none=True)
    issued_at = fields.String(allow_none=True)
    served_at = fields.String(allow_none=True)
    served_on = fields.Date(allow_none=True)
    reply_due_on = fields.Date(allow_none=True)
    pdf_sha256 = fields.String(allow_none=True)
    faulty = fields.Boolean()
    project = fields.String(allow_none=True)


class Notices(Schema):
    """One page; `next` is the token of the page after it."""

    items = fields.List(fields.Nested(Notice))
    next = fields.String(allow_none=True)


class WholeNotice(Notice):
    """One paper with its body."""

    body = fields.Dict(metadata=NOTICE.body_schema())


class Draft(Schema):
    """A draft as in a change of the exchange; `record`, `change` and `at` make a repetition harmless."""

    dossier = fields.String(required=True, validate=validate.Length(1, 96))
    fields_ = fields.Dict(required=True, data_key="fields", metadata=NOTICE.change_schema("create"))
    record = fields.UUID(required=True)
    change = fields.UUID(required=True)
    at = fields.String(required=True, validate=INSTANT)


class AmendNotice(Amend):
    """As for an issue: fields of the paper, a step, or both: then the fields come first, and stay where the
    step is refused, unless both are `atomic`.
    """

    fields_ = fields.Dict(required=True, data_key="fields", metadata=NOTICE.change_schema("update"))


class Answer(Schema):
    """What the addressee answers."""

    text = fields.String(required=True, validate=validate.Length(1, 4_000))
    change = fields.UUID(required=True)
    at = fields.String(required=True, validate=INSTANT)


class Page(Where):
    """Which page, from 1."""

    page = fields.Integer(load_default=1, validate=validate.Range(1, 200))


class AmendedNotice(Schema):
    """The outcome, and the paper as it now stands."""

    outcome = fields.Nested(Outcome)
    notice = fields.Nested(WholeNotice, allow_none=True)


@endpoint(
    blueprint,
    "/api/v1/notices",
    may="notice.read",
    summary="文书列表 Papers, the newest first",
    query=Filter,
    answer=Notices,
    refusals=("malformed",),
)
def list_notices(call: Call) -> Any:
    """Filtered, paged by keyset; an addressee sees its own."""
    with reading():
        return queries.listed(call.who, call.query)


@endpoint(
    blueprint,
    "/api/v1/notices",
    "POST",
    may="notice.create",
    summary="起草文书 Draft a paper",
    body=Draft,
    answer=AmendedNotice,
    refusals=("malformed", "not-found", "not-permitted", "unsupported-media-type", "busy"),
)
def draft_notice(call: Call) -> Any:
    """Nobody outside the office sees a draft."""
    body = call.body
    if body["dossier"] not in call.allowed:
        raise Refusal("not-found")
    said = {n: str(body[n]) for n in ("record", "change", "at")}
    outcome = actions.draft(call.who, body["dossier"], body["fields_"], **said)
    return {"outcome": outcome, "notice": _present(call, said["record"], body["dossier"])}


@endpoint(
    blueprint,
    "/api/v1/notices/<uuid:notice>",
    may="notice.read",
    summary="一份文书 One paper",
    query=Where,
    answer=WholeNotice,
    refusals=("not-found", "ambiguous"),
)
def one_notice(call: Call, notice: Any) -> Any:
    """With its whole body."""
    with reading():
        return queries.one(call.who, str(notice), call.query["dossier"])


@endpoint(
    blueprint,
    "/api/v1/notices/<uuid:notice>",
    "PATCH",
    may="notice.read",
    summary="办理文书 Amend, approve, issue, serve, close or void a paper",
    query=Where,
    body=AmendNotice,
    answer=AmendedNotice,
    refusals=REFUSED,
    headers=("If-Match",),
)
def amend_notice(call: Call, notice: Any) -> Any:
    """`If-Match: "<version>"` names the version that was on the screen."""
    version, body, dossier = _version(), call.body, call.query["dossier"]
    outcome = actions.amend(
        call.who,
        str(notice),
        dossier,
        body["fields_"],
        version=version,
        change=str(body["change"] or office().new_id()),
        at=body["at"] or rfc3339(call.now),
        atomic=body["atomic"],
    )
    return {"outcome": outcome, "notice": _present(call, str(notice), dossier)}


@endpoint(
    blueprint,
    "/api/v1/notices/<uuid:notice>/answer",
    "POST",
    may="notice.read",
    summary="回复文书 Answer a paper",
    query=Where,
    body=Answer,
    answer=AmendedNotice,
    refusals=REFUSED,
    headers=("If-Match",),
)
def answer_notice(call: Call, notice: Any) -> Any:
    """The text stands as a comment under the paper; photographs name the paper as their subject."""
    version, body, dossier = _version(), call.body, call.query["dossier"]
    outcome = actions.answer(
        *(call.who, str(notice), dossier, body["text"]),
        version=version,
        change=str(body["change"]),
        at=body["at"],
    )
    return {"outcome": outcome, "notice": _present(call, str(notice), dossier)}


@endpoint(
    blueprint,
    "/api/v1/notices/<uuid:notice>/pdf",
    may="notice.read",
    summary="文书文件 The paper as PDF",
    query=Where,
    refusals=("not-found", "ambiguous", "not-issued", "evidence-missing", "store-unavailable"),
    media_type="application/pdf",
    headers=("If-None-Match",),
)
def notice_pdf(call: Call, notice: Any) -> Any:
    """The very bytes that the verification page names."""
    with reading():
        row = queries.found(call.who, str(notice), call.query["dossier"])
    data, digest = actions.printed(row)
    out = Response(data, mimetype="application/pdf")
    out.headers["Content-Disposition"] = f"inline; filename*=UTF-8''{quote(row.number or 'paper')}.pdf"
    out.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    out.headers["Cache-Control"], out.headers["Vary"] = "private, no-cache", "Authorization"
    out.set_etag(digest)
    return out.make_conditional(request)


@endpoint(
    blueprint,
    "/api/v1/notices/<uuid:notice>/preview",
    may="notice.read",
    summary="文书预览 A page of the paper as a picture",
    query=Page,
    refusals=(
        *("not-found", "ambiguous", "malformed", "notice-incomplete", "citation-not-in-force"),
        *("notice-too-large", "no-provision", "no-calendar"),
    ),
    media_type="image/png",
)
def notice_preview(call: Call, notice: Any) -> Any:
    """As issued, or as a draft would read if it were issued today; what it still wants is the refusal.
    `Page-Count` tells how many there are.
    """
    with reading():
        row = queries.found(call.who, str(notice), call.query["dossier"])
    pages = actions.preview(row, local_day(call.now))
    if call.query["page"] > len(pages):
        raise Refusal("not-found")
    out = Response(pages[call.query["page"] - 1], mimetype="image/png")
    out.headers["Page-Count"], out.headers["Cache-Control"] = str(len(pages)), "private, no-store"
    return out


@endpoint(
    blueprint,
    "/open/n/<token>",
    may=ANYONE,
    summary="文书核验 Verify a paper by its code",
    media_type="text/html",
    refusals=("not-found",),
)
def verify_notice(call: Call, token: str) -> Any:  # noqa: ARG001
    """Number, kind, date, digest and state; no personal data, no script. What no paper bears is the
    same 404, whatever is wrong with it.
    """
    with reading():
        row = queries.by_token(token) if TOKEN.fullmatch(token) else None
        if row is None or row.state not in PUBLIC:
            page = (PAGES / "unknown.html").read_text(encoding="utf-8")
            return Response(page, status=404, mimetype="text/html", headers=OPEN_HEADERS)
        said = _verified(row)
    page = Template((PAGES / "notice.html").read_text(encoding="utf-8")).substitute(said)
    return Response(page, mimetype="text/html", headers=OPEN_HEADERS)


def _verified(row: NoticeRow) -> dict[str, str]:
    zh, en = PUBLIC[row.state]
    day = local_day(datetime.fromisoformat(row.issued_at or row.drafted_at))
    said = {
        "number": row.number or "",
        "kind": KINDS[row.notice_kind],
        "kind_en": ENGLISH[row.notice_kind],
        "day": rules.spelled_day(day),
        "iso": day.isoformat(),
        "digest": row.pdf_sha256 or "—",
        "state": zh,
        "state_en": en,
        "mark": "void" if row.state == "voided" else "good",
    }
    return {name: escape(value) for name, value in said.items()}


def _version() -> int:
    seen = re.fullmatch(r'"?(\d{1,15})"?', request.headers.get("If-Match", ""))
    if seen is None:
        raise Refusal("version-required")
    return int(seen[1])


def _present(call: Call, notice: str, dossier: str | None) -> Any:
    """The paper as it now stands, or None where the caller no longer sees it."""
    with reading():
        try:
            return queries.one(call.who, notice, dossier)
        except Refusal as refusal:
            if refusal.code == "not-found":
                return None
            raise
