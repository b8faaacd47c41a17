"""What people do with a paper, and what the server owes it then: a number, a clock, a PDF."""

import hashlib
import secrets
import tempfile
import uuid
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import date, datetime
from pathlib import Path
from typing import Any

import structlog
from sqlalchemy import Connection

from media import papers
from media.errors import BytesDiffer, StoreUnavailable
from media.store import original_key
from server import access, transaction
from server.access import SYSTEM
from server.endpoint import Actor
from server.errors import Refusal
from server.law import queries as law
from server.law.rules import NoCalendar, local_day
from server.numbers import actions as numbers
from server.numbers.rules import Claim, Register
from server.office import office
from sync import history, lookup
from sync.arrival import Arrival, rfc3339
from sync.canonical import spell
from sync.change import Author, read
from sync.minutes import Outcome, State

from . import queries, rules
from .records.notice import ANSWERED, BY_RIGHT, CONTENT, unserved
from .tables import NoticeRow

log = structlog.get_logger()
NAMESPACE = uuid.UUID("a5c0e0a4-5f0c-5b43-8f0e-3b1d9b7e1c55")
TEMPLATE = Path(__file__).parent / "data" / "notice.typ"
PAPER_BYTES = 48 * 1024  # of canonical JSON; with its number it still fits into one change (64 KiB)
TOKEN_BYTES = 18  # 144 bits: nobody guesses one
DRAFT = "（草稿，未编号）"
PREVIEW_PPI = 110  # some 900 pixels wide: readable without zoom
DONE = ("applied", "merged", "noop")


def draft(actor: Actor, dossier: str, fields: dict[str, Any], **said: str) -> Outcome:
    """Enter a draft. `said`: record, change and at, by which a repetition is harmless.

    Raises Refusal `not-found`, `malformed`, `not-permitted`.
    """
    change = {"id": said["change"], "op": "create", "audience": "field", "fields": fields}
    return _enter(actor, dossier, said["record"], [change], said["at"])


def amend(
    actor: Actor,
    notice: str,
    dossier: str | None,
    fields: dict[str, Any],
    *,
    version: int,
    change: str,
    at: str,
    atomic: bool = False,
) -> Outcome:
    """Fields of a paper, a step, or both: then the fields come first, for the step is judged by them; with
    `atomic` they are one change, all of it or nothing.

    A step that the law of the day, the facts or the register speak against is refused and nothing
    is entered. Raises Refusal `not-found`, `malformed`, `not-permitted`, and those of `settle`.
    """
    row = queries.found(actor, notice, dossier)
    apart = [{n: v for n, v in fields.items() if (n == "state") is stepping} for stepping in (False, True)]
    parts = [fields] if atomic else [part for part in apart if part] or [{}]
    names = [change] if len(parts) == 1 else [str(uuid.uuid5(NAMESPACE, f"{change}|fields")), change]
    said: dict[str, Any] = {"op": "update", "base": {"version": version, "epoch": _epoch(row.dossier)}}
    said |= {"atomic": True} if atomic else {}
    changes = [said | {"id": name, "fields": part} for name, part in zip(names, parts, strict=True)]
    return _enter(actor, row.dossier, notice, changes, at)


def answer(
    actor: Actor, notice: str, dossier: str | None, said: str, *, version: int, change: str, at: str
) -> Outcome:
    """The addressee's answer: what is said stands as a comment under the paper, and the paper is
    answered. Raises as `amend` does.
    """
    row = queries.found(actor, notice, dossier)
    comment = {
        "id": str(uuid.uuid5(NAMESPACE, f"{change}|comment")),
        "op": "create",
        "kind": "comment",
        "record": str(uuid.uuid5(NAMESPACE, f"{change}|said")),
        "audience": row.audience,
        "fields": {n: {"set": v} for n, v in {"subject": notice, "text": said, "said_at": at}.items()},
    }
    base = {"version": version, "epoch": _epoch(row.dossier)}
    step = {"id": change, "op": "update", "base": base, "fields": {"state": {"do": "answer"}}}
    return _enter(actor, row.dossier, notice, [step, comment], at, outcome=0)


def _epoch(dossier: str) -> int:
    with transaction.reading() as conn:
        return office().journal.heads(conn, [dossier])[dossier].epoch


def _enter(
    actor: Actor, dossier: str, notice: str, changes: list[dict[str, Any]], at: str, *, outcome: int = -1
) -> Outcome:
    """Push changes of one deed, one after the other, as far as each applies; then settle."""
    here = office()
    may = access.in_dossier(actor, dossier, here.journal.kinds)
    if may is None:
        raise Refusal("not-found")
    now, outcomes = rfc3339(here.clock()), []
    with transaction.writing(dossier) as conn:
        for change in changes:
            sent = {"n": 0, "kind": "notice", "record": notice, "at": at} | change
            understood = [read(sent, here.journal.kinds)]
            author = Author(actor.id, actor.writer, may)
            outcomes += transaction.push(conn, dossier, author, understood, arrival=Arrival(now)).outcomes
            last = outcomes[-1]
            if last["status"] == "invalid":
                raise Refusal("malformed", "Some fields are wrong.", why=last["why"], faults=last["faults"])
            if last["status"] == "parked" and last["why"] == "not-permitted":
                raise Refusal("not-permitted", why=last["why"])
            if last["status"] not in DONE:
                return last
        if not outcomes[-1]["replay"]:
            settle(conn, dossier, notice, strict=True)
    return outcomes[outcome]


def settle(conn: Connection, dossier: str, notice: str, *, strict: bool = False) -> bool:
    """Give a paper what the server owes it, in the transaction of `conn`; whether anything was entered.

    With `strict` what speaks against a step is raised (and rolls the step back); without, the step
    came from a phone and stands: a paper that cannot be issued goes back to its draft with `faults`.
    Raises Refusal `notice-incomplete`, `citation-not-in-force`, `notice-too-large`, `no-provision`,
    `number-outside-block`, `number-used`, `number-void`, `service-incomplete`, `service-premature`,
    `no-calendar`.
    """
    epoch = office().journal.lock(conn, dossier).epoch
    state = lookup.states(conn, dossier, [notice]).get(notice)
    if state is None or state.deleted or state.kind != "notice":
        return False
    body = state.body
    try:
        if body["state"] == "approved":
            _checked(conn, dossier, body, local_day(office().clock()))
            return False
        if not rules.owed(body):
            return False
        audience = None
        if body["state"] == "issued":
            fields, audience = _numbered(conn, dossier, notice, body)
        elif body["state"] == "voided":
            fields = _spoilt(conn, dossier, notice, body)
        else:
            fields = _clocked(conn, body)
    except Refusal as refused:
        if strict:
            raise
        return _note(conn, dossier, notice, state, refused, epoch)
    _push(conn, dossier, notice, state, fields | {"faults": None}, epoch, audience)
    return True


def _note(conn: Connection, dossier: str, notice: str, state: State, refused: Refusal, epoch: int) -> bool:
    """What speaks against a step that came from a phone stands in the record, for all who see it."""
    faults = [{"code": refused.code, "details": refused.details}]
    fields: dict[str, Any] = {"faults": faults} if state.body.get("faults") != faults else {}
    if state.body["state"] == "issued":
        fields["state"] = "hold"
    if not fields or state.body["state"] == "approved":
        return False
    _push(conn, dossier, notice, state, fields, epoch)
    return True


def _push(
    conn: Connection,
    dossier: str,
    notice: str,
    state: State,
    fields: Mapping[str, Any],
    epoch: int,
    audience: str | None = None,
) -> None:
    """The server's own change; named by the version it follows, so that a repetition is one."""
    now = rfc3339(office().clock())
    said = {n: {"do": v} if n == "state" else {"set": v} for n, v in fields.items()}
    change = {
        "id": str(uuid.uuid5(NAMESPACE, f"{dossier}|{notice}|{state.version}|settled")),
        "n": 0,
        "op": "update",
        "kind": "notice",
        "record": notice,
        "base": {"version": state.version, "epoch": epoch},
        "fields": said,
        "at": now,
    } | ({"audience": audience} if audience else {})
    transaction.push(conn, dossier, SYSTEM, [read(change, office().journal.kinds)], arrival=Arrival(now))


def _checked(conn: Connection, dossier: str, body: Mapping[str, Any], on: date) -> dict[str, Any]:
    """The paper, if nothing speaks against it on that day. Raises Refusal."""
    facts = queries.facts(conn, dossier, sorted(body.get("issues", ())))
    least = int(law.provision(conn, "officers", on).value["least"])
    lacking = rules.lacking(body, facts, least)
    if lacking:
        raise Refusal("notice-incomplete", lacking=lacking)
    cited = [*body.get("legal_basis", ()), *(f["basis"] for f in facts)]
    wrong = queries.uncited(conn, cited, on)
    if wrong:
        raise Refusal("citation-not-in-force", citations=wrong, on=on.isoformat())
    paper = queries.paper(conn, dossier, body, facts, on)
    if len(spell(paper)) > PAPER_BYTES:
        raise Refusal("notice-too-large", limit=PAPER_BYTES)
    return paper


def _numbered(
    conn: Connection, dossier: str, notice: str, body: Mapping[str, Any]
) -> tuple[dict[str, Any], str | None]:
    """What makes a paper formal: its number, its contents as of now, its verification code; and the
    addressee's audience. Raises Refusal.
    """
    entries = history.of_record(conn, dossier, notice)
    if body["notice_kind"] not in BY_RIGHT and _edited(entries):
        raise Refusal("approval-stale", fields=_edited(entries))
    # A number from a block stood on the paper when it was handed over; any other is given now.
    issued_at = _entered(entries, "issued")["captured_at" if "block" in body else "received_at"]
    on = local_day(datetime.fromisoformat(issued_at))
    paper = _checked(conn, dossier, body, on)
    register = Register(body["authority"], body["notice_kind"], on.year)
    if "block" in body:
        claim = Claim(body["block"], body.get("block_no", 0), body.get("issued_by", ""))
        taken = numbers.take_claimed(conn, register, claim)
        if isinstance(taken, str):
            raise Refusal(taken, block=claim.block, number=claim.seq)
        seq, number = taken
    else:
        seq, number = numbers.take(conn, register, on)
    token = secrets.token_urlsafe(TOKEN_BYTES)
    link = f"{office().config.public_url or 'http://' + office().config.bind}/open/n/{token}"
    fields = {
        "number": number,
        "number_year": register.year,
        "number_seq": seq,
        "issued_at": issued_at,
        "token": token,
        "paper": paper | {"number": number, "link": link},
    }
    return fields, f"party:{body['addressee']}" if body.get("addressee") else None


def _spoilt(conn: Connection, dossier: str, notice: str, body: Mapping[str, Any]) -> dict[str, Any]:
    """A number of a block whose paper was spoilt before it was issued: void, with the paper's reason.

    Raises Refusal where it is not that officer's to void.
    """
    entries = history.of_record(conn, dossier, notice)
    on = local_day(datetime.fromisoformat(_entered(entries, "voided")["captured_at"]))
    register = Register(body["authority"], body["notice_kind"], on.year)
    claim = Claim(body["block"], body.get("block_no", 0), body["drafted_by"])
    taken = numbers.take_claimed(conn, register, claim)
    if isinstance(taken, str):
        raise Refusal(taken, block=claim.block, number=claim.seq)
    return {"number": taken[1], "number_year": register.year, "number_seq": taken[0]}


def _entered(entries: Sequence[Mapping[str, Any]], state: str) -> Mapping[str, Any]:
    """The entry that brought the paper into its state; the newest comes first."""
    return next(e for e in entries if e["after"].get("state") == state)


def _edited(entries: Sequence[Mapping[str, Any]]) -> list[str]:
    """What of the paper's content was written since it was approved."""
    since: set[str] = set()
    for entry in entries:
        if entry["after"].get("state") == "approved":
            break
        since |= CONTENT & entry["after"].keys()
    return sorted(since)


def _clocked(conn: Connection, body: Mapping[str, Any]) -> dict[str, Any]:
    """From when the paper counts as served, and until when the answer is due. Raises Refusal."""
    said = body["service"]
    lacking = unserved(dict(body))
    if lacking:
        raise Refusal(lacking, mode=said["mode"])
    if rules.premature(said, body["issued_at"], office().clock()):
        raise Refusal("service-premature", at=said["at"], issued_at=body["issued_at"])
    on = local_day(datetime.fromisoformat(said["at"]))
    service = law.provision(conn, "service", on)
    served = rules.served_on(said, service.value["deemed_days"])
    fields: dict[str, Any] = {"served_at": rfc3339(datetime.fromisoformat(said["at"]))}
    fields |= {"served_on": served.isoformat(), "terms": [service.version], "clocked": rules.clock_of(said)}
    if body["notice_kind"] in ANSWERED:
        term, version = queries.term_of(conn, "term.reply", on)
        calendar = law.calendar(conn, served)
        try:
            ends = [rules.due_on(item, served, calendar) for item in body["paper"]["items"]]
            due = rules.reply_due_on(served, [e for e in ends if e], term, calendar)
        except NoCalendar as gap:
            raise Refusal("no-calendar", year=gap.year) from None
        fields |= {"reply_due_on": due.isoformat()}
        fields["terms"] += [version, *calendar.version(served, due).split()]
    return fields


def printed(row: NoticeRow) -> tuple[bytes, str]:
    """The paper as PDF and its digest, as it was first made; made now where it was not yet.

    Raises Refusal `not-issued` for a paper without a number, `evidence-missing` where the bytes are gone.
    """
    here = office()
    digest = row.pdf_sha256 or press(row.dossier, row.id)
    if digest is None:
        raise Refusal("not-issued")
    key = original_key(row.dossier, digest)
    if here.store.has(key) is None:
        raise Refusal("evidence-missing", sha256=digest)
    with here.store.open(key) as stream:
        return stream.read(), digest


def preview(row: NoticeRow, on: date) -> list[bytes]:
    """The pages as pictures: as issued, or as a draft would be issued that day. Raises Refusal as issuing."""
    with transaction.reading() as conn:
        body = history.body(conn, row.dossier, row.id)
        paper = body.get("paper") or _checked(conn, row.dossier, body, on) | {"number": DRAFT, "link": None}
    return papers.pages(TEMPLATE, paper, link=paper["link"], ppi=PREVIEW_PPI)


def press(dossier: str, notice: str) -> str | None:
    """Make the PDF of an issued paper and enter its digest; None where it has no number.

    Bytes first, then the entry that names them. The PDF is made once: a later release of the
    typesetter may set another, and what was handed out must verify for ever.
    """
    here = office()
    with transaction.reading() as conn:
        body = history.body(conn, dossier, notice)
    if "paper" not in body:
        return None
    if "pdf_sha256" in body:
        return str(body["pdf_sha256"])
    data = pdf_of(body)
    digest = hashlib.sha256(data).hexdigest()
    with tempfile.TemporaryDirectory(dir=here.config.scratch) as folder:
        source = Path(folder) / "paper.pdf"
        source.write_bytes(data)
        with suppress(BytesDiffer):
            here.store.put(original_key(dossier, digest), source, sha256=digest)
    with transaction.writing(dossier) as conn:
        epoch = here.journal.lock(conn, dossier).epoch
        state = lookup.states(conn, dossier, [notice])[notice]
        if "pdf_sha256" not in state.body:
            _push(conn, dossier, notice, state, {"pdf_sha256": digest}, epoch)
        else:
            digest = str(state.body["pdf_sha256"])
    return digest


def pdf_of(body: Mapping[str, Any]) -> bytes:
    """The PDF that a record's paper makes: the same record, the same bytes."""
    paper = body["paper"]
    return papers.pdf(TEMPLATE, paper, made_at=datetime.fromisoformat(body["issued_at"]), link=paper["link"])


def settle_all() -> int:
    """What a crash left between a step and what the server owes it; the scheduler calls it."""
    with transaction.reading() as conn:
        waiting = queries.unsettled(conn)
    for dossier, notice in waiting:
        complete(dossier, notice)
    return len(waiting)


def complete(dossier: str, notice: str) -> None:
    """Give one paper its number or clock, and its PDF, unless it has them."""
    with transaction.reading() as conn:
        body = history.body(conn, dossier, notice)
    if not rules.unsettled(body):
        return
    if rules.owed(body):
        with transaction.writing(dossier) as conn:
            settle(conn, dossier, notice)
    try:
        press(dossier, notice)
    except StoreUnavailable:
        log.warning("the paper waits for its store", dossier=dossier, notice=notice)
