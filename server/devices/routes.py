"""The exchange: one round trip that brings a device's work in and what it must have out."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from itertools import chain
from typing import Any

import orjson
from flask import Blueprint, Response, request
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.exceptions import ClientDisconnected, RequestEntityTooLarge
from werkzeug.wsgi import FileWrapper

from media.errors import BlobUnknown
from media.store import snapshot_key
from server import access, metrics, mishaps, transaction
from server.endpoint import ANYONE, SIGNED_IN, Actor, Call, endpoint
from server.errors import CODES, Refusal
from server.evidence import actions as evidence
from server.evidence import queries as signed
from server.office import office
from server.photos import queries as photos
from sync import exchange, snapshots
from sync.arrival import Arrival, rfc3339
from sync.change import Author, documented
from sync.exchange import BadRequest, Group, Request
from sync.packing import pack
from sync.protocol import ANSWER_SCHEMA, CONFIG_SCHEMA, LIMITS, PROTOCOL, REQUEST_SCHEMA

from . import actions

blueprint = Blueprint("devices", __name__)
SICK = 2  # groups that the database failed over; one may be its own fault, two are the database's


@endpoint(
    blueprint,
    "/api/v1/config",
    may=ANYONE,
    summary="同步参数 Protocol, schema, limits, server time",
    answer=CONFIG_SCHEMA,
)
def config(call: Call) -> Any:
    """What a device must know before it signs in (protocol.md §7)."""
    schemas = office().journal.schemas
    return {
        "protocol": {"min": PROTOCOL, "max": PROTOCOL},
        "schema": {"min": schemas.oldest(call.now.date()), "max": schemas.current},
        "limits": LIMITS,
        "server_time": rfc3339(call.now),
        "offline_hours": office().config.offline_hours,
        "openid": office().provider is not None,
        "tiles": office().config.tiles_url,
    }


@endpoint(
    blueprint,
    "/api/v1/exchange",
    "POST",
    may=SIGNED_IN,
    summary="同步 Push and pull in one round trip",
    body=documented(REQUEST_SCHEMA),
    answer=ANSWER_SCHEMA,
    refusals=(
        *("malformed", "too-large", "upgrade-required", "busy", "database-unavailable"),
        *("disk-full", "unsupported-media-type"),
    ),
    headers=("Content-Encoding", "Accept-Encoding"),
    leaving=True,
)
def exchange_once(call: Call) -> Any:
    """Push first, then pull; either half may be absent. One outcome per change, whatever becomes
    of its neighbours; a business refusal is an outcome and never an HTTP error.
    """
    wanted = _read_request()
    _count(wanted)
    actor = call.who
    arrival = exchange.arrival(wanted, call.now)
    answer: dict[str, Any] = {"no": wanted.no, "server_time": rfc3339(call.now)}
    if actor.wipe is not None:
        answer["wipe"] = actor.wipe
    if wanted.device_key is not None:
        answer["device_key"] = evidence.register(actor, wanted.device_key)
    answer |= _halves(call, wanted, arrival)
    data, encoding = pack(orjson.dumps(answer), request.headers.get("Accept-Encoding", ""))
    out = Response(data, mimetype="application/json")
    out.headers["Cache-Control"] = "no-store"
    out.headers["Vary"] = "Accept-Encoding"
    if encoding is not None:
        out.headers["Content-Encoding"] = encoding
    return out


def _halves(call: Call, wanted: Request, arrival: Arrival) -> dict[str, Any]:
    """What was done is told, whatever becomes of what comes after it: a group that fails is answered by its
    fault, and a pull that fails is missing. Raises Refusal where there is nothing else to tell.
    """
    done, away = _groups(call, wanted, arrival) if wanted.groups else ([], False)
    faults = [one for one in done if isinstance(one, Refusal)]
    answer: dict[str, Any] = {}
    if wanted.groups:
        pairs = zip(wanted.groups, done, strict=True)
        answer["push"] = [_failed(g, d) if isinstance(d, Refusal) else d for g, d in pairs]
    if wanted.cursors is not None and not away:
        try:
            answer["pull"] = transaction.shown(partial(_pull, call.who, wanted))
        except Exception as wrong:
            faults.append(mishaps.refusal(wrong))
    if faults and "pull" not in answer and all(isinstance(one, Refusal) for one in done):
        raise faults[0]
    return answer


def _groups(call: Call, wanted: Request, arrival: Arrival) -> tuple[list[dict[str, Any] | Refusal], bool]:
    """The answer to each group, or the fault of the house that it met; and whether the database is away."""
    pushed = chain.from_iterable(group.changes for group in wanted.groups)
    keys = signed.keys_for(call.who, pushed, registered=wanted.device_key is not None)
    done: list[dict[str, Any] | Refusal] = []
    sick: list[Refusal] = []
    for group in wanted.groups:
        if len(sick) >= SICK:  # each would wait for the database as long as those before
            done.append(sick[-1])
            continue
        try:
            done.append(_push(call, group, arrival, keys))
        except Exception as wrong:
            fault = mishaps.refusal(wrong)
            done.append(fault)
            if isinstance(wrong, SQLAlchemyError):
                sick.append(fault)
    return done, len(sick) >= SICK


def _failed(group: Group, fault: Refusal) -> dict[str, Any]:
    """The answer to a group over which the house failed: its device keeps it and comes again, and what was
    entered all the same, the changes' ids tell.
    """
    code = CODES[fault.code]
    metrics.REFUSALS.labels(fault.code).inc()
    return exchange.refused(group.dossier, fault.code, status=code.status, remedy=code.remedy)


def _pull(actor: Actor, wanted: Request) -> dict[str, Any]:
    with transaction.reading() as conn:
        # A device that is to be wiped is told nothing more: what it held goes as with lost access.
        granted = {} if actor.wipe is not None else access.granted(actor, conn)
        lacking = photos.wanted(conn, actor, granted, wanted.cursors or {})
        return exchange.answer_pull(conn, office().journal, wanted, granted, lacking)


def _count(wanted: Request) -> None:
    asked = [half for half, there in (("push", wanted.groups), ("pull", wanted.cursors is not None)) if there]
    metrics.EXCHANGES.labels("+".join(asked) or "nothing").inc()
    if wanted.groups:
        metrics.PUSHED.observe(sum(len(group.changes) for group in wanted.groups))


def _read_request() -> Request:
    if request.mimetype not in ("application/json", ""):
        raise Refusal("unsupported-media-type", got=request.mimetype[:80])
    try:
        sent = request.get_data(cache=False)
        data = exchange.inflate(sent, request.headers.get("Content-Encoding", ""))
        here = office()
        return exchange.parse(data, here.journal, here.clock().date())
    except BadRequest as wrong:
        raise Refusal(wrong.code, str(wrong), **wrong.details) from None
    except RequestEntityTooLarge:  # said by its length, before a byte of it is read
        raise Refusal("too-large", limits=LIMITS) from None
    except ClientDisconnected:
        raise Refusal("malformed", "The body ended before its announced length.") from None


def _push(call: Call, group: Group, arrival: Arrival, keys: Sequence[Any]) -> dict[str, Any]:
    """One group in one transaction, or, where it holds what several devices made, in one for each: a later
    one's failure leaves an earlier one entered, and the group's repetition finds it.

    `keys` are those of the person's devices: signatures are checked before there is a lock. Raises Refusal
    `busy`, `read-only`, and what the database raises.
    """
    actor, here = call.who, office()
    may = access.in_dossier(actor, group.dossier, here.journal.kinds)
    if may is None:
        return exchange.unknown(group.dossier)
    here.readonly.check()
    answer: dict[str, Any] = {}
    changes = signed.vouched(group.changes, keys, actor.device)
    for device, made in signed.by_device(changes, keys, actor.device):
        author = Author(actor.id, replace(actor, device=device).writer, may)
        one = replace(group, changes=made)
        # What was made elsewhere had not seen what this device has.
        came = arrival if device == actor.device else replace(arrival, seen_at=None)
        judge = partial(exchange.push_group, actions.push, group=one, author=author, arrival=came)
        told = transaction.share(group.dossier, len(made), judge)
        if "error" in told:
            return told
        answer = told | {"outcomes": [*answer.get("outcomes", ()), *told["outcomes"]]}
    return answer


@endpoint(
    blueprint,
    "/api/v1/dossiers/<dossier>/snapshots/<audience>/<sha256>",
    may=SIGNED_IN,
    summary="首次同步包 A ready-made first load: gzip of JSON lines",
    refusals=("not-found", "store-unavailable"),
    media_type="application/gzip",
)
def snapshot(call: Call, dossier: str, audience: str, sha256: str) -> Any:
    """As a page of the feed offers it; what may no longer be read there is no longer offered."""
    with transaction.reading() as conn:
        granted = access.granted(call.who, conn).get(dossier, ())
        there = snapshots.offered(conn, [dossier]).get((dossier, audience))
    if audience not in granted or there is None or there.sha256 != sha256:
        raise Refusal("not-found")
    key = snapshot_key(dossier, sha256)
    try:
        stream = office().store.open(key)
    except BlobUnknown:
        raise Refusal("not-found") from None
    answer = Response(FileWrapper(stream, 1 << 16), mimetype="application/gzip")
    answer.headers["Content-Length"] = str(there.size)
    answer.headers["Cache-Control"] = "private, no-store"
    answer.call_on_close(stream.close)
    return answer
