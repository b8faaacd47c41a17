"""The composition root: settings in, one application out."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from flask import Flask, Response
from flask_migrate import Migrate
from uuid_utils import uuid7
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge

from media.errors import MediaError
from media.intake import ATTACHED
from media.stores import archive_at, store_at
from media.tus import Tus
from media.uploads import Limits, Uploads

from . import access, catalogue, endpoint, health, logs, mishaps, passage, readonly
from .accounts.routes import blueprint as accounts
from .agenda.routes import blueprint as agenda
from .carriers import Carriers
from .cases.routes import blueprint as cases
from .config import ROOT, Config
from .contacts.routes import blueprint as contacts
from .database import STANDBY, db, engine_options, keep_promises, standby_options
from .desk.routes import blueprint as desk
from .devices.routes import blueprint as devices
from .enrolments.routes import blueprint as enrolments
from .erasures.routes import blueprint as erasures
from .errors import CODES, Refusal, answer_refusal, problem, words
from .evidence.actions import attest
from .evidence.routes import blueprint as evidence
from .exports.routes import blueprint as exports
from .findings.routes import blueprint as findings
from .handovers.routes import blueprint as handovers
from .inspections.routes import blueprint as inspections
from .issues.routes import blueprint as issues
from .law.routes import blueprint as law
from .limits import Limits as Rates
from .measures.routes import blueprint as measures
from .notices.routes import blueprint as notices
from .notifications.routes import blueprint as notifications
from .numbers.routes import blueprint as numbers
from .office import Office
from .open.routes import blueprint as open_pages
from .openid.routes import blueprint as openid
from .organisations.routes import blueprint as organisations
from .outgoing import Outgoing
from .people.queries import identify
from .phone.routes import blueprint as phone
from .photos.actions import check_metadata, largest
from .photos.routes import blueprint as photos
from .projects.routes import blueprint as projects
from .provider import Provider
from .reference.routes import blueprint as reference
from .refusals import Refusals
from .sealing import Seal
from .sessions.routes import blueprint as sessions
from .signing import Signing
from .stamping import Stamping, certificates
from .standby import Standby
from .tallies.routes import blueprint as tallies
from .traces.followers import tell_authors
from .traces.routes import blueprint as traces
from .views.routes import blueprint as views
from .watchbook import Glances
from .webhooks.routes import blueprint as webhooks

BLUEPRINTS = (
    *(sessions, openid, accounts, enrolments, devices, law, projects, inspections, issues, tallies, findings),
    *(photos, numbers, notices, traces, agenda, desk, phone, open_pages, reference, notifications),
    *(webhooks, views, measures, exports, evidence, erasures, cases, organisations, handovers, contacts),
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
    config, clock = config or Config.from_environment(), clock or _now
    app = Flask("server", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = endpoint.JSON_BYTES
    _open_database(app, config)
    _make_folders(config)
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
        completions=catalogue.completions(),
        seal=Seal(config.secret_key_file),
        signing=Signing(config.origin, config.signing_key_file, config.signed, config.signing_key),
        stamping=_stamping(config, outgoing),
        attest=attest,
        outgoing=outgoing,
        carriers=Carriers(outgoing, config.mail, clock),
        provider=Provider(config.openid, outgoing) if config.openid else None,
        limits=Rates(person=config.rate_person, address=config.rate_address, sign_in=config.rate_sign_in),
        readonly=readonly.ReadOnly(),
        standby=Standby() if config.standby_url else None,
        refusals=Refusals(),
        glances=Glances(),
    )
    endpoint.ask(access.where)
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)
    health.answer(app)
    _answer_errors(app)
    passage.guide(app, config.trusted_proxies)
    return app


def _make_folders(config: Config) -> None:
    for folder in (config.staging, config.scratch):
        folder.mkdir(parents=True, exist_ok=True)


def _open_database(app: Flask, config: Config) -> None:
    app.config["SQLALCHEMY_DATABASE_URI"] = config.database_url
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = engine_options(config.database_url)
    if config.standby_url:
        app.config["SQLALCHEMY_BINDS"] = {STANDBY: standby_options(config.standby_url)}
    db.init_app(app)
    Migrate(app, db, directory=str(ROOT / "migrations"), render_as_batch=True)
    with app.app_context():
        for engine in db.engines.values():
            keep_promises(engine)


def _stamping(config: Config, outgoing: Outgoing) -> Stamping | None:
    if config.tsa_url is None or config.tsa_roots_file is None:
        return None
    return Stamping(outgoing, config.tsa_url, certificates(config.tsa_roots_file))


def _now() -> datetime:
    return datetime.now(UTC)


def _new_id() -> str:
    return str(uuid7())


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
            return fault(wrong)
        if isinstance(wrong, RequestEntityTooLarge):
            return answer_refusal(Refusal("too-large", limit=endpoint.JSON_BYTES))
        return answer_refusal(Refusal(code))

    @app.errorhandler(Exception)
    def fault(wrong: Exception) -> Response:
        return answer_refusal(mishaps.refusal(wrong))
