"""One round trip of protocol 1: what a request must look like, then push, then pull."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import orjson
from sqlalchemy import Connection

from . import checkpoints, feed, notes, snapshots
from .arrival import Arrival, rfc3339
from .change import Author, Change, Unreadable, read
from .checkpoints import Held
from .feed import Cursor
from .journal import EpochChanged, Journal, Pushed, UnknownDossier
from .packing import CannotUnpack, TooLarge, unpack
from .protocol import (
    INFLATED_BYTES,
    LIMITS,
    PAGE_ITEMS,
    PROTOCOL,
    REQUEST_BYTES,
    REQUEST_CHANGES,
    REQUEST_SCHEMA,
)
from .record import compiled

_validator = compiled(REQUEST_SCHEMA)


class BadRequest(ValueError):
    """The envelope itself cannot be read: nothing of it was looked at, the outbox keeps everything."""

    def __init__(self, code: str, detail: str, **details: Any) -> None:
        super().__init__(detail)
        self.code = code
        self.details = details


@dataclass(frozen=True, slots=True)
class Group:
    """The changes of one dossier, in the person's order, already read."""

    dossier: str
    epoch: int
    changes: list[Change | Unreadable]


@dataclass(frozen=True, slots=True)
class Request:
    """A readable request."""

    no: int
    schema: int
    sent_at: str | None
    clock: Mapping[str, Any] | None
    seen_at: str | None
    groups: list[Group]
    cursors: Mapping[str, Mapping[str, Cursor]] | None
    limit: int
    held: Mapping[str, Held]
    keys: int | None
    device_key: Mapping[str, str] | None


def inflate(data: bytes, encoding: str) -> bytes:
    """A request's body as it was before it was packed.

    Raises BadRequest: `malformed` (400), `too-large` (413), `unsupported-media-type` (415).
    """
    if len(data) > REQUEST_BYTES:
        raise BadRequest("too-large", f"more than {REQUEST_BYTES} bytes", limits=LIMITS)
    try:
        return unpack(data, encoding.strip().lower(), INFLATED_BYTES)
    except TooLarge:
        raise BadRequest("too-large", f"inflates above {INFLATED_BYTES} bytes", limits=LIMITS) from None
    except CannotUnpack as wrong:
        raise BadRequest("malformed", f"not {encoding}: {wrong}") from None
    except LookupError:
        raise BadRequest("unsupported-media-type", "Send gzip, zstd or nothing.") from None


def parse(data: bytes, journal: Journal, today: date | None = None) -> Request:
    """Read an inflated request body. All of it happens before any lock; `today` says which schemas
    are too old.

    Raises BadRequest: `malformed` (400), `too-large` (413), `upgrade-required` (426).
    """
    try:
        body = orjson.loads(data)
    except orjson.JSONDecodeError as wrong:
        raise BadRequest("malformed", f"not JSON: {wrong}") from None
    if not _validator.is_valid(body):
        try:
            error = next(_validator.iter_errors(body))
        except ValueError:  # what is nested deeper than Python recurses is wrong, and cannot be shown
            raise BadRequest("malformed", "The body is nested too deeply.") from None
        where = "/".join(str(p) for p in error.instance_path)
        raise BadRequest("malformed", error.message[:300], field=where)
    if body["protocol"] != PROTOCOL:
        supported = {"min": PROTOCOL, "max": PROTOCOL}
        raise BadRequest("upgrade-required", "this protocol is not spoken here", protocol=supported)
    groups = body.get("push") or []
    if sum(len(g["changes"]) for g in groups) > REQUEST_CHANGES:
        raise BadRequest("too-large", f"more than {REQUEST_CHANGES} changes", limits=LIMITS)
    schema = int(body["schema"])
    if today is not None and schema < journal.schemas.oldest(today):
        spoken = {"min": journal.schemas.oldest(today), "max": journal.schemas.current}
        raise BadRequest("upgrade-required", "this schema is no longer taken in", schema=spoken)
    ahead = schema > journal.schemas.current
    pull = body.get("pull")
    return Request(
        no=body["no"],
        schema=schema,
        sent_at=body.get("sent_at"),
        clock=body.get("clock"),
        seen_at=body.get("seen_at"),
        groups=[
            Group(
                g["dossier"],
                int(g["epoch"]),
                [read(raw, journal.kinds, schema=schema, ahead=ahead) for raw in g["changes"]],
            )
            for g in groups
        ],
        cursors=None if pull is None else _cursors(pull.get("cursors") or {}),
        limit=int((pull or {}).get("limit", PAGE_ITEMS)),
        held=_held((pull or {}).get("checkpoints") or {}),
        keys=None if pull is None or "keys" not in pull else int(pull["keys"]),
        device_key=body.get("device_key"),
    )


# JSON Schema takes 5.0 for an integer (draft 2020-12 §6.1.1); from here on it is one.
def _cursors(held: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Cursor]]:
    return {
        dossier: {
            a: Cursor(c["nonce"], int(c["epoch"]), int(c["seq"]), int(c["floor"]), _below(c))
            for a, c in audiences.items()
        }
        for dossier, audiences in held.items()
    }


def _held(said: Mapping[str, Mapping[str, Any]]) -> dict[str, Held]:
    """The checkpoints that a device holds. Raises BadRequest."""
    try:
        roots = {d: notes.hashes([c["root"]])[0] for d, c in said.items()}
    except notes.NotANote as wrong:
        raise BadRequest("malformed", str(wrong), field="pull/checkpoints") from None
    return {d: Held(int(c["epoch"]), int(c["size"]), roots[d]) for d, c in said.items()}


def _below(held: Mapping[str, Any]) -> int | None:
    return None if held.get("below") is None else int(held["below"])


def skew_ms(sent_at: str | None, received_at: datetime) -> int | None:
    """How far the server's clock is ahead of the device's; order never depends on it."""
    if sent_at is None:
        return None
    sent = datetime.fromisoformat(sent_at)
    return round((received_at - sent).total_seconds() * 1000)


def arrival(request: Request, received_at: datetime) -> Arrival:
    """How this request came in."""
    skew = skew_ms(request.sent_at, received_at)
    return Arrival(rfc3339(received_at), skew, request.clock, request.seen_at)


def push_group(
    push: Callable[..., Pushed], conn: Connection, group: Group, author: Author, arrival: Arrival
) -> dict[str, Any]:
    """Judge one group in the transaction of `conn`, by `push` (Journal.push or what wraps it)."""
    try:
        pushed = push(conn, group.dossier, author, group.changes, arrival=arrival, epoch=group.epoch)
    except EpochChanged as changed:
        return refused(group.dossier, "epoch-changed", epoch=changed.epoch, status=409, remedy="retry")
    except UnknownDossier:
        return unknown(group.dossier)
    return {
        "dossier": group.dossier,
        "epoch": pushed.epoch,
        "head": pushed.head,
        "outcomes": pushed.outcomes,
    }


def refused(dossier: str, error: str, **more: Any) -> dict[str, Any]:
    """A group of which nothing was applied; the device keeps its changes."""
    return {"dossier": dossier, "error": error, "outcomes": []} | more


def unknown(dossier: str) -> dict[str, Any]:
    """The answer for a dossier that is absent or foreign: the two are not told apart."""
    return refused(dossier, "unknown-dossier", status=404, remedy="ask")


def answer_pull(
    conn: Connection,
    journal: Journal,
    request: Request,
    granted: Mapping[str, Sequence[str]],
    wanted: Mapping[str, Sequence[str]],
) -> dict[str, Any]:
    """The pull half: heads first, then one page for each cursor; the newest checkpoints, and those of
    the house's keys (statements.py) that the device does not know.
    """
    heads = journal.heads(conn, list(granted))
    cursors = request.cursors or {}
    shown, keys = checkpoints.shown(conn, [d for d in cursors if d in granted], request.held)
    answer = feed.pull(
        conn,
        granted,
        heads,
        cursors,
        limit=request.limit,
        wanted=wanted,
        schema=journal.schemas.current,
        offers=_offers(conn, cursors),
        checkpoints=shown,
    )
    if request.keys is not None and keys > request.keys:
        answer["keys"] = checkpoints.introductions(conn, request.keys)
    return answer


def _offers(
    conn: Connection, cursors: Mapping[str, Mapping[str, Cursor]]
) -> dict[tuple[str, str], dict[str, Any]]:
    """Ready-made first loads for those who begin one; no statement where nobody does."""
    begun = [d for d, held in cursors.items() if any(feed.starts(c) for c in held.values())]
    return {pair: s.offer() for pair, s in snapshots.offered(conn, begun).items()} if begun else {}
