"""The composition root: settings in, one application out."""

import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog
from flask import Flask, Response, g, request
from flask_migrate import Migrate
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from uuid_utils import uuid7
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge

from media.errors import MediaError
from media.intake import ATTACHED
from media.stores import archive_at, store_at
from media.tus import Tus
from media.uploads import Limits, Uploads

from . import access, catalogue, endpoint, logs, transaction
from .agenda.routes import blueprint as agenda
from .carriers import Carriers
from .config import ROOT, Config
from .database import db, engine_options, keep_promises
from .desk.routes import blueprint as desk
from .devices.routes import blueprint as devices
from .errors import CODES, Refusal, answer_refusal, problem, words
from .evidence.actions import attest
from .evidence.routes import blueprint as evidence
from .exports.routes import blueprint as exports
from .findings.routes import blueprint as findings
from .inspections.routes import blueprint as inspections
from .issues.routes import blueprint as issues
from .law.routes import blueprint as law
from .measures.routes import blueprint as measures
from .notices.routes import blueprint as notices
from .notifications.routes import blueprint as notifications
from .numbers.routes import blueprint as numbers
from .office import Office
from .open.routes import blueprint as open_pages
from .outgoing import Outgoing
from .people.queries import identify
from .people.routes import blueprint as people
from .phone.routes import blueprint as phone
from .photos.actions import check_metadata, largest
from .photos.routes import blueprint as photos
from .projects.routes import blueprint as projects
from .reference.routes import blueprint as reference
from .sealing import Seal
from .signing import Signing
from .traces.followers import tell_authors
from .traces.routes import blueprint as traces
from .views.routes import blueprint as views
from .watchbook import note
from .webhooks.routes import blueprint as webhooks

log = structlog.get_logger()
BLUEPRINTS = (
    *(people, devices, law, projects, inspections, issues, findings, photos, numbers, notices, traces),
    *(
        agenda,
        desk,
        phone,
        open_pages,
        reference,
        notifications,
        webhooks,
        views,
        measures,
        exports,
        evidence,
    ),
)
HTTP_CODES = {400: "malformed", 404: "not-found", 405: "method-not-allowed", 413: "too-large"}


def create_app(
    config: Config | None = None,
    *,
    clock: Callable[[], datetime] | None = None,
    new_id: Callable[[], str] | None = None,
    outgoing: Outgoing | None = None,
) -> Flask:
    """An application for `config` (the environment's by default); tests hand in clock, ids, and a way
    out of their own.
    """
    logs.configure()
    config = config or Config.from_environment()
    clock = clock or _now
    app = Flask("server", static_folder=None)
    app.config["SQLALCHEMY_DATABASE_URI"] = config.database_url
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = engine_options(config.database_url)
    app.config["MAX_CONTENT_LENGTH"] = endpoint.JSON_BYTES
    db.init_app(app)
    Migrate(app, db, directory=str(ROOT / "migrations"), render_as_batch=True)
    with app.app_context():
        keep_promises(db.engine)
    for folder in (config.staging, config.scratch):
        folder.mkdir(parents=True, exist_ok=True)
    uploads = Uploads(config.staging, clock, Limits(max_size=max(ATTACHED.values())), largest)
    outgoing = outgoing or Outgoing(config.outgoing_allow)
    app.extensions["office"] = Office(
        config=config,
        journal=catalogue.journal(),
        store=store_at(config.media, public=config.media_public_url),
        archive=archive_at(config.archive, clock, timedelta(days=config.archive_days)),
        uploads=uploads,
        tus=Tus(uploads, lambda metadata, _length: check_metadata(dict(metadata))),
        clock=clock,
        new_id=new_id or _new_id,
        identify=identify,
        followers=catalogue.followers() | {"conflict": tell_authors, "parked": tell_authors},
        seal=Seal(config.secret_key_file),
        signing=Signing(config.origin, config.signing_key_file, config.signed),
        attest=attest,
        outgoing=outgoing,
        carriers=Carriers(outgoing, config.mail, clock),
    )
    endpoint.ask(access.where)
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)
    _answer_health(app)
    _answer_errors(app)
    _log_requests(app)
    return app


def _now() -> datetime:
    return datetime.now(UTC)


def _new_id() -> str:
    return str(uuid7())


def _answer_health(app: Flask) -> None:
    """/healthz: the process lives; /readyz: it can serve, in words if not."""

    @app.get("/healthz")
    def healthz() -> Response:
        return Response("ok\n", mimetype="text/plain")

    @app.get("/readyz")
    def readyz() -> Response:
        db.session.execute(text("SELECT 1 FROM dossiers LIMIT 1")).all()
        db.session.rollback()
        return Response("ready\n", mimetype="text/plain")

    for view in (healthz, readyz):
        view.declared = True  # type: ignore[attr-defined]  # open to anyone: they tell nothing


def _answer_errors(app: Flask) -> None:
    """Every error leaves as an RFC 9457 body; only our own faults are logged with a trace."""
    app.register_error_handler(Refusal, answer_refusal)

    @app.errorhandler(MediaError)
    def media_error(wrong: MediaError) -> Response:
        title = words(CODES[wrong.code])
        return problem(
            wrong.code,
            status=wrong.status,
            remedy=wrong.remedy,
            title=title,
            detail=title if wrong.detail == wrong.says else wrong.detail,
            details=wrong.details,
            headers=wrong.headers,
        )

    @app.errorhandler(HTTPException)
    def http_error(wrong: HTTPException) -> Response:
        code = HTTP_CODES.get(wrong.code or 500, "malformed")
        if (wrong.code or 500) >= 500:
            return our_fault(wrong)
        if isinstance(wrong, RequestEntityTooLarge):
            return answer_refusal(Refusal("too-large", limit=endpoint.JSON_BYTES))
        return answer_refusal(Refusal(code))

    @app.errorhandler(PoolTimeout)
    def no_connection(_wrong: PoolTimeout) -> Response:
        return answer_refusal(Refusal("busy"))

    @app.errorhandler(DBAPIError)
    def database_error(wrong: DBAPIError) -> Response:
        said = str(wrong.orig).lower()
        if "disk is full" in said or "no space left" in said:
            log.error("disk full", error=said[:200])
            return answer_refusal(Refusal("disk-full"))
        if isinstance(wrong, OperationalError) or wrong.connection_invalidated:
            log.error("database unavailable", error=said[:200])
            return answer_refusal(Refusal("database-unavailable"))
        return our_fault(wrong)

    @app.errorhandler(Exception)
    def our_fault(wrong: Exception) -> Response:
        log.error("unexpected", exc_info=wrong)
        return answer_refusal(Refusal("internal"))


def _note_refusal() -> None:
    """Who wanted what was not theirs stands in the watchbook; without it they are refused all the same."""
    try:
        with transaction.writing() as conn:
            note(conn, "refused", g.get("actor"), method=request.method, path=request.path)
    except (DBAPIError, Refusal) as wrong:
        log.error("a refusal is not in the watchbook", error=type(wrong).__name__)


def _log_requests(app: Flask) -> None:
    """One structured line a request, with an id that the client is told too."""

    @app.before_request
    def begin() -> None:
        given = request.headers.get("X-Request-Id", "")
        known = given if given.isascii() and given.replace("-", "").isalnum() and len(given) <= 64 else ""
        g.request_id = known or uuid.uuid4().hex
        g.began = time.perf_counter()

    @app.after_request
    def end(answer: Response) -> Response:
        if answer.status_code == 403:
            _note_refusal()
        answer.headers["X-Request-Id"] = g.get("request_id", "")
        answer.headers.setdefault("X-Content-Type-Options", "nosniff")
        took: Any = time.perf_counter() - g.get("began", time.perf_counter())
        if request.path != "/healthz":
            log.info(
                "request",
                id=g.get("request_id"),
                method=request.method,
                path=request.path,
                status=answer.status_code,
                ms=round(took * 1000, 1),
                actor=g.get("actor"),
            )
        return answer
