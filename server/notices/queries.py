"""Papers as lists and the public see them, and what a paper is made of."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, cast

from sqlalchemy import Connection, Select, Table, and_, or_, select

from server import access, paging
from server.database import db
from server.endpoint import Actor
from server.errors import Refusal
from server.inspections.queries.projections import keep_officers
from server.inspections.tables import OfficerRow
from server.issues.records.issue import SEVERITIES
from server.law import queries as law
from server.law.rules import Term
from server.numbers import queries as numbers
from server.numbers.rules import Register
from server.organisations.queries import names_of
from server.people.queries import names
from server.photos.tables import PhotoRow
from server.projects.queries import names as project_names
from server.projects.tables import ProjectRow
from sync import bulk, history, lookup
from sync.arrival import rfc3339
from sync.minutes import Touched

from . import rules
from .records.notice import ANSWERED, BY_RIGHT, LIFECYCLE, SCOPES
from .tables import ItemRow, NoticeRow

BATCH = 500
# Before these states are left, somebody has something to do with the paper.
PENDING = ("draft", "approved", "issued")
APPROVERS = LIFECYCLE.transitions["approve"].by
_row = NoticeRow
_officers = cast(Table, OfficerRow.__table__)
ORDER = paging.Keyset("-drafted_at", (_row.drafted_at, _row.dossier, _row.id), descending=True)


def project(conn: Connection, touched: Sequence[Touched]) -> None:
    """Bring the read models up to date: papers, their officers, issues and numbers. Five statements."""
    rows, items, borne = [], [], []
    for t in touched:
        b = t.body
        here = (t.dossier, t.record, t.version, t.audience, t.deleted, b["state"], b["notice_kind"])
        whom = (rfc3339(datetime.fromisoformat(b["drafted_at"])), b.get("addressee"), b.get("addressee_name"))
        told = tuple(b.get(n) for n in ("number", "temporary_no", "issued_at", "served_at", "served_on"))
        kept = tuple(b.get(n) for n in ("reply_due_on", "token", "pdf_sha256"))
        rows.append((*here, *whom, *told, *kept, "faults" in b, rules.unsettled(b)))
        items += [(t.dossier, item["issue"], t.record) for item in b.get("paper", {}).get("items", ())]
        if "number" in b:
            register = Register(b["authority"], b["notice_kind"], b["number_year"])
            void = b["state"] == "voided"
            said = (b["number"], "void" if void else "used", b.get("void_reason") if void else None)
            borne.append((register, b["number_seq"], (*said, t.dossier, t.record, b.get("block"))))
    bulk.upsert(conn, cast(Table, NoticeRow.__table__), rows)
    keep_officers(conn, touched)
    bulk.upsert(conn, cast(Table, ItemRow.__table__), items)
    numbers.enter(conn, borne)


def listed(actor: Actor, wanted: Mapping[str, Any]) -> dict[str, Any]:
    """One page of papers, the newest draft first."""
    rows = db.session.execute(
        ORDER.apply(_filtered(actor, wanted), wanted["page"], wanted["limit"])
    ).scalars()
    kept, following = ORDER.split(list(rows), wanted["limit"])
    return {"items": _told(actor, kept), "next": following}


def _filtered(actor: Actor, wanted: Mapping[str, Any]) -> Select[Any]:
    query = select(_row).where(_row.deleted.is_(False), _visible(actor))
    for name in ("dossier", "state", "notice_kind"):
        if wanted[name]:
            query = query.where(getattr(_row, name).in_(wanted[name]))
    for name in ("addressee", "number"):
        if wanted[name]:
            query = query.where(getattr(_row, name) == wanted[name])
    if wanted["issue"]:
        of_issue = select(ItemRow.notice).where(
            ItemRow.dossier == _row.dossier, ItemRow.issue == str(wanted["issue"])
        )
        query = query.where(_row.id.in_(of_issue))
    if wanted["faulty"] is not None:
        query = query.where(_row.faulty.is_(wanted["faulty"]))
    return query


def _visible(actor: Actor) -> Any:
    return access.visible(actor, "notice.read", _row.dossier, _row.audience)


def _told(actor: Actor, rows: Sequence[NoticeRow]) -> list[dict[str, Any]]:
    projects = project_names(actor, {r.dossier for r in rows})
    plain = (
        *("dossier", "id", "version", "audience", "state", "notice_kind", "drafted_at", "addressee"),
        *("addressee_name", "number", "temporary_no", "issued_at", "served_at", "served_on"),
        *("reply_due_on", "pdf_sha256", "faulty"),
    )
    # A paper says whom it addresses; what only names the code is a draft that wants the name yet.
    firms = names_of(db.session.connection(), (r.addressee for r in rows if not r.addressee_name))
    told = [{n: getattr(r, n) for n in plain} | {"project": projects.get(r.dossier)} for r in rows]
    return [one | {"addressee_name": one["addressee_name"] or firms.get(one["addressee"])} for one in told]


def one(actor: Actor, notice: str, dossier: str | None) -> dict[str, Any]:
    """One paper with its whole body. Raises Refusal `not-found`, `ambiguous`."""
    row = found(actor, notice, dossier)
    body = history.body(db.session.connection(), row.dossier, row.id)
    return _told(actor, [row])[0] | {"body": body}


def found(actor: Actor, notice: str, dossier: str | None) -> NoticeRow:
    """The paper's row, if the actor may see it. Raises Refusal `not-found`, `ambiguous`."""
    query = select(_row).where(_row.deleted.is_(False), _visible(actor))
    return access.only(db.session.execute(access.under(query, _row, notice, dossier)).scalars().all())


def seen(actor: Actor, pairs: Sequence[tuple[str, str]]) -> set[tuple[str, str]]:
    """Which of these papers, by (dossier, id), the actor may see. One statement."""
    query = select(_row.dossier, _row.id).where(_row.id.in_({p[1] for p in pairs}), _visible(actor))
    return {(r.dossier, r.id) for r in db.session.execute(query)} & set(pairs)


def by_token(token: str) -> NoticeRow | None:
    """The paper with this verification code, whoever asks."""
    return db.session.execute(
        select(_row).where(_row.token == token, _row.deleted.is_(False))
    ).scalar_one_or_none()


def unsettled(conn: Connection) -> list[tuple[str, str]]:
    """Papers to which the server still owes something, by dossier."""
    query = select(_row.dossier, _row.id).where(_row.unsettled.is_(True), _row.deleted.is_(False))
    return [(r.dossier, r.id) for r in conn.execute(query.order_by(_row.dossier, _row.id).limit(BATCH))]


def paper_over(conn: Connection, dossier: str, issue: str) -> tuple[str, dict[str, Any]] | None:
    """The paper under which an issue lies: of those issued and not voided that demand something, the
    latest; its id and body. Two statements.
    """
    name = conn.execute(
        select(_row.id)
        .join(ItemRow, (ItemRow.dossier == _row.dossier) & (ItemRow.notice == _row.id))
        .where(ItemRow.dossier == dossier, ItemRow.issue == issue, _row.deleted.is_(False))
        .where(_row.notice_kind.in_(ANSWERED), _row.number.is_not(None), _row.state != "voided")
        .order_by(_row.issued_at.desc(), _row.id.desc())
        .limit(1)
    ).scalar_one_or_none()
    return None if name is None else (name, history.body(conn, dossier, name))


def lies_under(conn: Connection, dossier: str, issue: str, kind: str) -> bool:
    """Whether a paper of this kind stands over the issue already. One statement."""
    query = (
        select(_row.id)
        .join(ItemRow, (ItemRow.dossier == _row.dossier) & (ItemRow.notice == _row.id))
        .where(ItemRow.dossier == dossier, ItemRow.issue == issue, _row.deleted.is_(False))
        .where(_row.notice_kind == kind, _row.state != "voided")
    )
    return conn.execute(query.limit(1)).first() is not None


def waiting(conn: Connection, actor: Actor) -> list[dict[str, Any]]:
    """Papers that wait for the caller, the oldest first: as an officer on it to complete, issue or
    serve; as a leader to approve. One statement.
    """
    mine = select(_officers.c.record).where(
        _officers.c.person == actor.id, _officers.c.dossier == _row.dossier
    )
    leads = [d for d, held in actor.held.items() if any(h.role in APPROVERS for h in held)]
    to_approve = and_(
        _row.state == "draft", _row.notice_kind.not_in(BY_RIGHT), _row.dossier.in_(sorted(leads))
    )
    rows = conn.execute(
        select(_row.__table__)
        .where(_row.state.in_(PENDING), _row.deleted.is_(False), _visible(actor))
        .where(or_(_row.id.in_(mine), to_approve))
        .order_by(_row.drafted_at, _row.dossier, _row.id)
        .limit(paging.MOST)
    )
    names = ("dossier", "id", "version", "notice_kind", "state", "drafted_at", "addressee", "number")
    return [{n: getattr(r, n) for n in names} for r in rows]


def facts(conn: Connection, dossier: str, issues: Sequence[str]) -> list[dict[str, Any]]:
    """Fixed copies of the issues as they stand, in the order in which they were found.

    A confidential one is none: whoever drafts may not see it, and a paper would tell it to the firm. A
    supervisor moves it first.
    """
    states = lookup.states(conn, dossier, issues)
    told = (s for s in states.items() if s[1].kind == "issue" and not s[1].deleted)
    there = [(n, s) for n, s in told if s.audience != "confidential"]
    there.sort(key=lambda pair: (datetime.fromisoformat(pair[1].body["found_at"]), pair[0]))
    return [
        {
            "issue": name,
            "version": s.version,
            "part": s.body.get("part", ""),
            "description": s.body.get("description") or s.body["title"],
            "grade": SEVERITIES[s.body["severity"]],
            "basis": s.body.get("legal_basis", ""),
            "due_on": s.body.get("due_on"),
            "term": s.body.get("term"),
        }
        for name, s in there
    ]


def photographs(conn: Connection, dossier: str, facts: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The issues' photographs as the paper lists them: of which item, when taken, where, which bytes; not
    those that the office keeps to itself.
    """
    order = {fact["issue"]: n for n, fact in enumerate(facts, 1)}
    p = PhotoRow
    rows = conn.execute(
        select(p.id, p.subject, p.taken_at, p.sha256)
        .where(p.dossier == dossier, p.subject.in_(order), p.deleted.is_(False))
        .where(p.kind == "photo", p.audience != "office")
        .where(or_(p.phase.is_(None), p.phase != "after"))
    ).all()
    bodies = lookup.states(conn, dossier, [r.id for r in rows])
    told = sorted(rows, key=lambda r: (order[r.subject], r.taken_at, r.id))
    return [
        {
            "no": str(n),
            "item": str(order[r.subject]),
            "taken": rules.spelled_moment(r.taken_at),
            "place": rules.spelled_place(bodies[r.id].body),
            "digest": r.sha256[:8],
        }
        for n, r in enumerate(told, 1)
    ]


def site(conn: Connection, dossier: str) -> dict[str, str]:
    """The project as it stands, for a paper's text: name, permit, address, street by its name."""
    name = conn.execute(
        select(ProjectRow.id).where(ProjectRow.dossier == dossier, ProjectRow.deleted.is_(False)).limit(1)
    ).scalar()
    body = history.body(conn, dossier, name) if name else {}
    said = {n: str(body.get(n, "")) for n in ("name", "permit_no", "address", "street")}
    called = names_of(conn, [said["street"]]).get(said["street"])
    return said | {"street": called or (f"街道代码{said['street']}" if said["street"] else "")}


def uncited(conn: Connection, said: Sequence[str], on: date) -> list[str]:
    """Those citations that name nothing in force on a day."""
    instruments = [
        name for p in law.in_force(conn, on, under="instrument.") for name in p.value.get("names", ())
    ]
    return rules.uncited([c for basis in said for c in rules.citations(basis)], instruments)


def paper(
    conn: Connection, dossier: str, body: Mapping[str, Any], items: Sequence[Mapping[str, Any]], on: date
) -> dict[str, Any]:
    """What the paper says, all in words, from the record, the law of the day and the project.

    Raises Refusal `no-provision` for a kind of paper or an authority that the day does not know.
    """
    form = law.provision(conn, f"paper.{body['notice_kind']}", on).value
    authority = law.provision(conn, f"authority.{body['authority']}", on).value["name"]
    author = law.provision(conn, f"authority.{body['author_org']}", on).value["name"]
    enforces = body.get("enforcement_authority")
    enforcer = law.provision(conn, f"authority.{enforces}", on).value["name"] if enforces else ""
    people, certificates = names(body["officers"]), body.get("certificates", {})
    officers = [_officer(people.get(o, o), certificates.get(o)) for o in sorted(body["officers"])]
    reply = rules.spelled_term(law.term(conn, "term.reply", on))
    words = _words(body, site(conn, dossier)) | {
        "officers": "、".join(officers),
        "enforcer": enforcer,
        "reply": reply,
        "refers": _number(conn, dossier, body.get("refers_to")),
    }
    addressee = f"{body.get('addressee_name', '')}（统一社会信用代码：{body.get('addressee', '')}）"
    return {
        "title": form["title"],
        "authority": authority,
        "author_org": author,
        "enforcement_authority": enforcer,
        "addressee": addressee if body.get("addressee") else enforcer,
        "opening": rules.filled(form["opening"], words),
        "items": _items(conn, items, on),
        "closing": rules.filled(
            [*form["closing"], *(form["remedies"] if body.get("decision") else ())], words
        ),
        "attachments": sorted(body.get("attachments", ())),
        "photographs": photographs(conn, dossier, items),
        "officers": officers,
        "copies": form.get("copies", ""),
        "date": rules.spelled_day(on),
        "temporary": body.get("temporary_no"),
    }


def _number(conn: Connection, dossier: str, notice: str | None) -> str:
    """The formal number of another paper of the dossier, or nothing."""
    state = lookup.states(conn, dossier, [notice]).get(notice) if notice else None
    return str(state.body.get("number", "")) if state and state.kind == "notice" else ""


def _officer(name: str, certificate: str | None) -> str:
    return f"{name}（证号{certificate}）" if certificate else name


def _items(conn: Connection, facts: Sequence[Mapping[str, Any]], on: date) -> list[dict[str, Any]]:
    """The items as the paper says them. A term is copied whole, so that paper and system agree whatever
    the law becomes. At most one statement. Raises Refusal `no-provision`.
    """
    wanted = {f["term"] for f in facts if f["term"] and not f["due_on"]}
    terms = {p.code: p for p in law.in_force(conn, on, under="term.")} if wanted else {}
    items = []
    for fact in facts:
        item = {**fact, "term": None}
        if fact["term"] in wanted and not fact["due_on"]:
            said = terms.get(f"term.{fact['term']}")
            if said is None:
                raise Refusal("no-provision", provision=f"term.{fact['term']}", on=on.isoformat())
            item["term"] = said.value | {"code": said.code, "version": said.version}
        items.append(item | {"due": rules.spelled_deadline(item)})
    return items


def _words(body: Mapping[str, Any], site: Mapping[str, str]) -> dict[str, str]:
    """What may be filled into the lines of a form."""
    permit = f"施工许可证号{site['permit_no']}" if site["permit_no"] else ""
    address = f"地址{site['address']}" if site["address"] else ""
    known = "，".join(part for part in (permit, address, site["street"]) if part)
    where = f"{site['name'].removesuffix('工程')}工程" + (f"（{known}）" if known else "")
    scope = SCOPES.get(body.get("scope", ""), "")
    if scope and body.get("scope_note"):
        scope = f"{scope}（{body['scope_note']}）"
    moments = {
        name: rules.spelled_moment(body[name]) if body.get(name) else ""
        for name in ("inspected_at", "starts_at", "meets_at")
    }
    return moments | {
        "site": where,
        "basis": "、".join(sorted(body.get("legal_basis", ()))),
        "demand": body.get("demand", ""),
        "scope": scope,
        "resume_condition": body.get("resume_condition", ""),
        "place": body.get("place", ""),
    }


def term_of(conn: Connection, code: str, on: date) -> tuple[Term, str]:
    """A term and the version of the provision that sets it. Raises Refusal `no-provision`."""
    said = law.provision(conn, code, on)
    return Term.of(said.value), said.version
