"""Projects as lists read them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, cast

from sqlalchemy import ColumnElement, Connection, Table, exists, select

from server import access
from server.database import db
from server.endpoint import Actor
from server.organisations import queries as organisations
from server.people.queries import names as names_of_people
from sync import bulk, history
from sync.minutes import Touched

from .records.project import OVER
from .tables import ProjectRow


def project(conn: Connection, touched: Sequence[Touched]) -> None:
    """Bring the read model up to date, one statement."""
    rows = []
    for t in touched:
        b = t.body
        rows.append(
            (
                *(t.dossier, t.record, t.version, t.audience, t.deleted),
                *(b["name"], b["stage"], b.get("risk"), b.get("street"), b.get("address")),
                *(b.get("contractor"), b.get("lat_e7"), b.get("lon_e7")),
                *(b.get("officer"), b.get("officer_since")),
            )
        )
    bulk.upsert(conn, cast(Table, ProjectRow.__table__), rows)


def listed(actor: Actor) -> list[dict[str, Any]]:
    """The projects that the actor sees, by name, with what their street and firm are called, and who of the
    office answers for each. Three statements.
    """
    query = select(ProjectRow).where(_seen(actor), ProjectRow.deleted.is_(False))
    rows = db.session.execute(query.order_by(ProjectRow.name, ProjectRow.dossier)).scalars().all()
    codes = (code for r in rows for code in (r.street, r.contractor))
    called = organisations.names_of(db.session.connection(), codes)
    people = names_of_people({r.officer for r in rows if r.officer})
    plain = ("dossier", "id", "version", "name", "stage", "risk", "street", "address", "contractor")
    return [
        {n: getattr(r, n) for n in (*plain, "lat_e7", "lon_e7", "officer", "officer_since")}
        | {f"{n}_name": called.get(getattr(r, n) or "") for n in ("street", "contractor")}
        | {"officer_name": people.get(r.officer or "")}
        for r in rows
    ]


def parties(conn: Connection, dossier: str) -> dict[str, str]:
    """The project's name, its firms (USCC) and its street, as far as they are known, whoever asks: `name`,
    `client`, `contractor`, `supervision_firm`, `street`. Two statements.
    """
    row = ProjectRow
    query = select(row.id).where(row.dossier == dossier, row.deleted.is_(False))
    record = conn.execute(query.order_by(row.id.desc()).limit(1)).scalar_one_or_none()
    body = history.body(conn, dossier, record) if record else {}
    names = ("name", "client", "contractor", "supervision_firm", "street")
    return {name: body[name] for name in names if name in body}


def contractor(conn: Connection, dossier: str) -> str | None:
    """The firm that builds there (USCC), whoever asks. One statement."""
    row = ProjectRow
    query = select(row.contractor).where(row.dossier == dossier, row.deleted.is_(False))
    return conn.execute(query.order_by(row.id.desc()).limit(1)).scalar_one_or_none()


def _seen(actor: Actor) -> ColumnElement[bool]:
    return access.visible(actor, "project.read", ProjectRow.dossier, ProjectRow.audience)


def closed(dossier: ColumnElement[str]) -> ColumnElement[bool]:
    """The condition that a dossier's project is over, so that nobody needs to do anything there."""
    t = cast(Table, ProjectRow.__table__).c
    return exists().where(t.dossier == dossier, t.deleted.is_(False), t.stage.in_(OVER))


def names_of(conn: Connection, dossiers: Iterable[str]) -> dict[str, str]:
    """Project names by dossier, for what the system itself says. One statement."""
    t = cast(Table, ProjectRow.__table__).c
    rows = conn.execute(
        select(t.dossier, t.name).where(bulk.among(conn, t.dossier, dossiers), t.deleted.is_(False))
    )
    return {row.dossier: row.name for row in rows}


@dataclass(frozen=True, slots=True)
class Place:
    """What figures are gathered by: a project's name, its street's code, the firm that builds there."""

    name: str
    street: str | None
    contractor: str | None


def places(conn: Connection, dossiers: Iterable[str]) -> dict[str, Place]:
    """The projects of these dossiers, whoever asks. One statement."""
    t = cast(Table, ProjectRow.__table__).c
    rows = conn.execute(
        select(t.dossier, t.name, t.street, t.contractor)
        .where(bulk.among(conn, t.dossier, dossiers), t.deleted.is_(False))
        .order_by(t.id.desc())
    )
    return {row.dossier: Place(row.name, row.street, row.contractor) for row in rows}


def names(actor: Actor, dossiers: Iterable[str]) -> dict[str, str]:
    """Project names by dossier, for lists of other things; only where the actor sees the project."""
    rows: Any = db.session.execute(
        select(ProjectRow.dossier, ProjectRow.name)
        .where(_seen(actor), ProjectRow.dossier.in_(set(dossiers)), ProjectRow.deleted.is_(False))
        .order_by(ProjectRow.id.desc())
    )
    return {row.dossier: row.name for row in rows}
