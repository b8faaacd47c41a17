"""The one wrapper round each route: parse, who, may, answer. A route without it does not exist.

It is also the register of operations from which openapi.yaml is written.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial, wraps
from typing import Any

import orjson
from flask import Blueprint, Response, g, request
from marshmallow import RAISE, Schema, ValidationError

from media.patience import in_haste

from .errors import Refusal
from .office import office
from .transaction import shown

JSON_BYTES = 4 * 1024 * 1024  # protocol.md §7
STREAM_BYTES = 1 << 62  # the view itself limits what it reads; None would mean Flask's own limit
ANYONE = "anyone"
SIGNED_IN = "signed-in"


@dataclass(frozen=True, slots=True)
class Held:
    """One role of a person in one dossier; `firm` (a USCC) for those who come for a firm.

    `since` and `until` are instants (RFC 3339 UTC); `ended` is the code of why it ended.
    """

    role: str
    firm: str | None = None
    since: str = ""
    until: str | None = None
    ended: str | None = None


@dataclass(frozen=True, slots=True)
class DeviceKey:
    """A key that a device signs its changes with, or did `until` then; `public` is the point, base64url."""

    key: str
    device: str
    public: str
    since: str
    until: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Who is calling: a person signed in at a device, with the roles held at this moment."""

    id: str
    username: str
    name: str
    device: str
    session: str
    held: Mapping[str, tuple[Held, ...]]
    formerly: Mapping[str, tuple[Held, ...]] = field(default_factory=dict)
    sign_in: str | None = None  # the id of the session, by which its owner knows it
    signed_in_at: str = ""
    factors: int = 1  # how many were shown at sign-in: a password, and a code beside it
    key: str | None = None  # the enrolled device's key, where the session is bound to one
    wipe: Mapping[str, Any] | None = None  # the order that this device stands under
    signs: tuple[DeviceKey, ...] = ()  # with what the device signs at this moment

    @property
    def writer(self) -> str:
        """Who counts as "the same device" in a merge: one person at one device.

        Two people at one shared tablet have not seen each other's drafts, and the phones of two
        people may go by the same name.
        """
        return f"{self.device}/{self.id[-12:]}"


@dataclass(frozen=True, slots=True)
class Call:
    """What a view is given: the actor, parsed input, the moment, and where the verb is allowed.

    A GET's view may be run twice with it (`shown`): it leaves the query as it is.
    """

    actor: Actor | None
    query: Mapping[str, Any]
    body: dict[str, Any]
    allowed: frozenset[str]
    now: datetime

    @property
    def who(self) -> Actor:
        """The actor of a route that is not open to anyone."""
        assert self.actor is not None
        return self.actor


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One route as declared, for OpenAPI and for the test that every route says who may."""

    rule: str
    method: str
    may: str
    name: str
    summary: str
    query: type[Schema] | None = None
    body: Any = None
    answer: Any = None
    status: int = 200
    refusals: tuple[str, ...] = ()
    media_type: str = "application/json"
    headers: tuple[str, ...] = ()
    # Also for a device that is to be wiped: what brings its work home, and nothing that tells it more.
    leaving: bool = False


OPERATIONS: list[Operation] = []
# access.py puts its question here at composition: (actor, verb) → dossiers where it is allowed.
_allowed: Callable[[Actor, str], frozenset[str]] | None = None


def ask(question: Callable[[Actor, str], frozenset[str]]) -> None:
    """Let the composition root say who answers the question of access."""
    global _allowed  # noqa: PLW0603
    _allowed = question


def endpoint(
    blueprint: Blueprint, rule: str, method: str = "GET", *, raw: bool = False, **said: Any
) -> Callable[[Callable[..., Any]], Callable[..., Response]]:
    """Declare a route; `said` are the fields of Operation.

    `may` is ANYONE, SIGNED_IN or a verb such as `issue.read`. `query` and a schema as `body` are
    marshmallow schemas; an instance of one as `body`, or a dict which is a JSON Schema, only documents
    what the view itself parses; `raw` leaves the stream to the view.
    """

    def declare(view: Callable[..., Any]) -> Callable[..., Response]:
        operation = Operation(rule=rule, method=method, name=view.__name__, **said)
        OPERATIONS.append(operation)

        @wraps(view)
        def wrapped(**path: str) -> Response:
            if raw:
                request.max_content_length = STREAM_BYTES
            with in_haste():  # a store that is silent must not keep the thread
                call = _call(operation)
                # What a GET tells is only shown: the standby may tell it, and it can be asked twice.
                done = shown(partial(view, call, **path)) if method == "GET" else view(call, **path)
                return _respond(done, operation.status)

        wrapped.declared = True  # type: ignore[attr-defined]
        blueprint.add_url_rule(rule, view_func=wrapped, methods=[method])
        return wrapped

    return declare


def _call(operation: Operation) -> Call:
    """Who is calling, whether they may, and what they said, in this order."""
    actor = None if operation.may == ANYONE else _who()
    if actor is not None and actor.wipe is not None and not operation.leaving:
        raise Refusal("device-leaving", wipe=actor.wipe)
    allowed = frozenset[str]()
    if actor is not None and operation.may != SIGNED_IN:
        assert _allowed is not None
        allowed = _allowed(actor, operation.may)
        if not allowed:
            raise Refusal("not-permitted", verb=operation.may)
    return Call(
        actor=actor,
        query=_parse_query(operation.query),
        body=_parse_body(operation.body) if isinstance(operation.body, type) else {},
        allowed=allowed,
        now=office().clock(),
    )


def _who() -> Actor:
    """The actor behind the bearer token (RFC 6750)."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise Refusal("sign-in-required")
    actor = office().identify(token.strip())
    g.actor = actor.id
    office().limits.known(actor.id)
    return actor


def _parse_query(schema: type[Schema] | None) -> dict[str, Any]:
    if schema is None:
        return {}
    known = schema()
    given: dict[str, Any] = {}
    for name, values in request.args.lists():
        declared = known.fields.get(name)
        many = declared is not None and declared.__class__.__name__ in ("List", "Words")
        if any("\0" in v for v in (name, *values)):
            raise Refusal("malformed", "Text must not hold a NUL character.", field=name[:80])
        given[name] = values if many else values[-1]
    return _load(known, given)


def _parse_body(schema: type[Schema]) -> dict[str, Any]:
    if request.mimetype not in ("application/json", ""):
        raise Refusal("unsupported-media-type", got=request.mimetype[:80])
    try:
        given = orjson.loads(request.get_data())
    except orjson.JSONDecodeError as wrong:
        raise Refusal("malformed", f"The body is not JSON: {wrong}") from None
    if _has_nul(given):
        raise Refusal("malformed", "Text must not hold a NUL character.")
    return _load(schema(), given)


def _has_nul(value: Any) -> bool:
    """PostgreSQL could not keep such a text; bodies are small and as deep as orjson reads."""
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, str) and "\0" in item:
            return True
        if isinstance(item, dict):
            waiting += [*item.keys(), *item.values()]
        elif isinstance(item, list):
            waiting += item
    return False


def _load(schema: Schema, given: Any) -> dict[str, Any]:
    try:
        loaded: dict[str, Any] = schema.load(given, unknown=RAISE)
    except ValidationError as wrong:
        raise Refusal("malformed", "Some values are wrong.", fields=wrong.messages) from None
    return loaded


def _respond(said: Any, status: int) -> Response:
    """A view answers with a Response, or with what becomes JSON (with a status, if it is another)."""
    if isinstance(said, Response):
        return said
    if isinstance(said, tuple):
        said, status = said
    if status == 204:
        return Response(status=204)
    answer = Response(orjson.dumps(said), status=status, mimetype="application/json")
    answer.headers["Cache-Control"] = "no-store"
    return answer
