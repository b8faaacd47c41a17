"""The way of every request: its id, its line in the log, its figures, its limits, its answer's headers."""

import time
import uuid
from collections.abc import Iterable, Sequence
from ipaddress import IPv4Network, IPv6Network

import structlog
from flask import Flask, Response, g, request
from sqlalchemy.exc import DBAPIError

from . import metrics, transaction
from .errors import Refusal
from .office import office
from .proxies import Proxies
from .refusals import Refused
from .watchbook import note

log = structlog.get_logger()
# Asked every few seconds by machines: neither counted against anybody nor worth a line.
UNSEEN = frozenset({"/healthz", "/readyz", "/metrics"})
# What an answer that is no page may do in a browser: nothing. Pages bring their own (desk, phone, open).
HEADERS = {
    "Content-Security-Policy": "; ".join(
        f"{what} 'none'" for what in ("default-src", "base-uri", "form-action", "frame-ancestors")
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    # What may be kept says so itself: everything else is somebody's.
    "Cache-Control": "no-store",
}
# A year (RFC 6797 §6.1.1). Only over TLS: said in the clear it would be ignored (§7.2).
HSTS = "max-age=31536000"


def guide(app: Flask, trusted: Iterable[IPv4Network | IPv6Network]) -> None:
    """Have every request of `app` come this way; proxies in `trusted` networks are believed."""
    app.wsgi_app = Proxies(app.wsgi_app, trusted)  # type: ignore[method-assign]
    app.before_request(_begin)
    app.after_request(_end)
    app.teardown_request(_forget)


def _begin() -> None:
    given = request.headers.get("X-Request-Id", "")
    known = given if given.isascii() and given.replace("-", "").isalnum() and len(given) <= 64 else ""
    g.request_id = known or uuid.uuid4().hex
    g.began = time.perf_counter()
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(request_id=g.request_id)
    if request.path not in UNSEEN:
        office().limits.come(request.remote_addr or "", request.method, request.path)


def _end(answer: Response) -> Response:
    if office().refusals.due(office().clock()):
        tell_refusals()
    if answer.status_code == 403:
        _note_refusal()
    for name, value in HEADERS.items():
        answer.headers.setdefault(name, value)
    if request.is_secure:
        answer.headers.setdefault("Strict-Transport-Security", HSTS)
    answer.headers["X-Request-Id"] = g.get("request_id", "")
    if request.path not in UNSEEN:
        _tell(answer, time.perf_counter() - g.get("began", time.perf_counter()))
    return answer


def _forget(_wrong: BaseException | None) -> None:
    """The thread's next lines are of another request."""
    structlog.contextvars.clear_contextvars()


def _tell(answer: Response, took_s: float) -> None:
    rule = request.url_rule.rule if request.url_rule else "none"
    metrics.numbered(rule, _method(), answer.status_code, took_s)
    log.info(
        "request",
        method=request.method,
        path=request.path,
        status=answer.status_code,
        ms=round(took_s * 1000, 1),
        actor=g.get("actor"),
        code=g.get("refused"),
    )


def _method() -> str:
    """A method that somebody made up is not worth a figure of its own."""
    known = request.method in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
    return request.method if known else "other"


def _note_refusal() -> None:
    """Who wanted what was not theirs stands in the watchbook; without it they are refused all the same."""
    rule = request.url_rule.rule if request.url_rule else "none"
    refused = Refused(g.get("actor"), _method(), rule, request.path)
    if office().refusals.first(refused, office().clock()):
        _write([refused])


def tell_refusals() -> None:
    """What was refused again and again since the last time, a line each with how often."""
    told = office().refusals.over()
    if told:
        _write(told)


def _write(told: Sequence[Refused]) -> None:
    try:
        with transaction.at_the_door() as conn:
            for one in told:
                more = {"more": one.times} if one.times else {}
                note(conn, "refused", one.actor, method=one.method, path=one.path, **more)
    except (DBAPIError, Refusal) as wrong:
        log.error("refusals are not in the watchbook", error=type(wrong).__name__, lines=len(told))
