"""Carry an order to erase out: once decided, from every place that holds what is to go."""

import uuid
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any

import structlog
from sqlalchemy import Connection

from media.store import SNAPSHOTS
from server import access, keepsakes, transaction
from server.access import SYSTEM
from server.endpoint import Actor
from server.errors import Refusal
from server.exports.actions import forget as forget_exports
from server.issues import queries as issues
from server.issues.records.issue import ISSUE
from server.notifications.actions import forget as forget_notifications
from server.office import office
from server.people.queries import own_dossier
from server.photos import archive
from server.photos.queries import KINDS as NAMES_BYTES
from server.words import queries as words
from sync import erasure, followers, history
from sync.arrival import Arrival, rfc3339
from sync.canonical import canonical, sha256
from sync.change import Author, read
from sync.erasure import NothingToErase, Order
from sync.journal import UnknownDossier
from sync.minutes import Outcome, Touched

from . import queries

log = structlog.get_logger()
# Names of the entries that erase: carried out twice, or again after a restore, it is one entry.
NAMESPACE = uuid.UUID("b8a0c1f2-5a43-5c0e-8f27-0d3b6f7b9c13")
TOPIC = "erasures"


def follow(dossier: str, touched: Iterable[Touched]) -> None:
    """After a leader has decided: what was granted is carried out at once."""
    for record in touched:
        if record.body.get("state") == "granted" and not record.deleted:
            carry_out(dossier, record.record)


def carry_out_all() -> int:
    """Orders that were granted and are not done: a crash came between, or a hold; how many were done."""
    with transaction.reading() as conn:
        waiting = queries.granted(conn)
    return sum(carry_out(row.dossier, row.id) for row in waiting) + archive.let_go()


def carry_out(dossier: str, erasure_id: str) -> bool:
    """Erase what the order names; whether it was done now. Idempotent.

    Mirrors in people's own dossiers go first: while the record stands it is known whose they are.
    """
    here = office()
    with transaction.reading() as conn:
        body = history.body(conn, dossier, erasure_id)
        if not _stands(conn, dossier, body):
            return False
        mirrors = erasure.mirrors_of(conn, dossier, str(body["subject"]))
    for author, mirror in sorted(mirrors):
        with transaction.writing(own_dossier(author)) as conn:
            _erase_mirror(conn, own_dossier(author), mirror)
    with transaction.writing(dossier) as conn:
        here.journal.lock(conn, dossier)
        version, body = history.present(conn, dossier, erasure_id) or (0, {})
        if not _stands(conn, dossier, body):
            return False
        _erase(conn, dossier, erasure_id, body)
        _finish(conn, dossier, erasure_id, version)
    return True


def _stands(conn: Connection, dossier: str, body: dict[str, Any]) -> bool:
    return body.get("state") == "granted" and not queries.held(conn, dossier, [str(body["subject"])])


def _erase(conn: Connection, dossier: str, erasure_id: str, body: dict[str, Any]) -> None:
    here, record = office(), str(body["subject"])
    standing = history.standing(conn, dossier, record)
    if standing is None:
        return  # it never came, or another dossier holds it: there is nothing, and that is the result
    kind = here.journal.kinds[standing["kind"]]
    named = [name for name in body.get("names", ()) if erasure.erasable(kind, [name])]
    order = Order(
        id=str(uuid.uuid5(NAMESPACE, f"{dossier}|{erasure_id}")),
        record=record,
        at=rfc3339(here.clock()),
        names=kind.personal | frozenset(named),
        whole=bool(body["whole"]),
        told={
            "reason": str(body["reason"]),
            "by": str(body.get("decided_by")),
            "ground": str(body["ground"]),
        },
    )
    done = here.journal.erase(conn, dossier, order, SYSTEM)
    _clear_beside(conn, dossier, order, done)
    # Before the commit: what a backup does not know must be known outside of it. By its contents: the
    # note of an attempt that was killed here says another moment, and must not stand in the way.
    fact = _fact(dossier, order, done)
    keepsakes.note(TOPIC, dossier, f"{order.id}-{sha256(canonical(fact))[:16]}", fact)


def _clear_beside(conn: Connection, dossier: str, order: Order, done: erasure.Erased) -> None:
    """What other tables and the store hold of it."""
    kind, _, body = done.standing
    if kind in NAMES_BYTES and "sha256" in body:
        archive.forget(conn, dossier, order.record, str(body["sha256"]), original=order.whole)
    forget_exports(conn, dossier, queue=kind == ISSUE.name)
    if kind == ISSUE.name:
        followers.hold(conn, dossier, words.FOLLOWER)
        words.enter(conn, dossier, issues.texts(conn, dossier, [order.record]))
    forget_notifications(conn, dossier, order.record)
    transaction.after_commit(lambda: _drop_first_loads(dossier))


def _drop_first_loads(dossier: str) -> None:
    """All that rest, in the books or not; what the store keeps now goes with the next that are made."""
    store = office().store
    for one in list(store.walk(f"{SNAPSHOTS}/{dossier}")):
        store.drop(one.key)


def _fact(dossier: str, order: Order, done: erasure.Erased) -> dict[str, Any]:
    """What a restore must know to erase again; nothing of what went, and no reason in free words."""
    kind, audience, body = done.standing
    return {
        "dossier": dossier,
        "id": order.id,
        "record": order.record,
        "at": order.at,
        "names": sorted(order.names),
        "whole": order.whole,
        "told": {k: v for k, v in order.told.items() if k != "reason"},
        "kind": kind,
        "audience": audience,
        "body": body,
    }


def _finish(conn: Connection, dossier: str, erasure_id: str, version: int) -> None:
    here = office()
    now = rfc3339(here.clock())
    change = {
        "id": str(uuid.uuid5(NAMESPACE, f"{dossier}|{erasure_id}|done")),
        "n": 0,
        "op": "update",
        "kind": "erasure",
        "record": erasure_id,
        "base": {"version": version, "epoch": here.journal.heads(conn, [dossier])[dossier].epoch},
        "fields": {"state": {"do": "finish"}},
        "at": now,
    }
    transaction.push(conn, dossier, SYSTEM, [read(change, here.journal.kinds)], arrival=Arrival(now))


def _erase_mirror(conn: Connection, home: str, mirror: str) -> None:
    here = office()
    name = str(uuid.uuid5(NAMESPACE, f"{home}|{mirror}"))
    order = Order(id=name, record=mirror, at=rfc3339(here.clock()), names=frozenset(), whole=True)
    with suppress(UnknownDossier, NothingToErase):
        here.journal.lock(conn, home)
        if not here.journal.known(conn, home, [name]):
            here.journal.erase(conn, home, order, SYSTEM)


def enter(actor: Actor, dossier: str, kind: str, said: Mapping[str, Any]) -> Outcome:
    """What the desk asks, decides or holds: a change like a phone's. `said` has its `id`, `record`, `at`,
    `op`, `fields`, and `audience` or the `version` that was on the screen; the same again has the same
    outcome. A refused step is kept for a reviewer, as `parked`, with why.

    Raises Refusal `unknown-dossier`, `not-found` (the record that it is about), `malformed`,
    `not-permitted`.
    """
    here, may = office(), access.in_dossier(actor, dossier, office().journal.kinds)
    if may is None:
        raise Refusal("unknown-dossier")
    now = rfc3339(here.clock())
    with transaction.writing(dossier) as conn:
        epoch = here.journal.lock(conn, dossier).epoch
        named = said["fields"].get("subject")
        subject = named.get("set") if isinstance(named, dict) else None
        if isinstance(subject, str) and not _readable(conn, actor, dossier, subject):
            raise Refusal("not-found", subject=subject[:40])
        change: dict[str, Any] = {"n": 0, "kind": kind, **said}
        if "version" in change:
            change["base"] = {"version": change.pop("version"), "epoch": epoch}
        author = Author(actor.id, actor.writer, may)
        understood = [read(change, here.journal.kinds)]
        [outcome] = transaction.push(conn, dossier, author, understood, arrival=Arrival(now)).outcomes
        if outcome["status"] == "invalid":
            raise Refusal("malformed", "Some fields are wrong.", why=outcome["why"], faults=outcome["faults"])
        if outcome["status"] == "parked" and outcome["why"] == "not-permitted":
            raise Refusal("not-permitted", why=outcome["why"])
    return outcome


def _readable(conn: Connection, actor: Actor, dossier: str, record: str) -> bool:
    """Whether there is such a record for the actor: what is asked by a wrong number erases nothing."""
    stands = history.standing(conn, dossier, record)
    return stands is not None and access.may_read(actor, dossier, stands["kind"], stands["audience"])


def facts() -> list[dict[str, Any]]:
    """Every erasure there ever was, as noted outside the database, the oldest first."""
    return sorted(keepsakes.noted(TOPIC), key=lambda fact: (fact["at"], fact["id"]))


def erase_again(conn: Connection, noted: Iterable[dict[str, Any]]) -> int:
    """After an older backup was put back: what was erased since then is erased again, in the same
    transaction; how much was. Records that the backup does not know stand as they were left, so that
    a phone that still holds one cannot bring it back.
    """
    here, done = office(), 0
    for fact in noted:
        dossier = fact["dossier"]
        here.journal.open(conn, dossier)
        if here.journal.known(conn, dossier, [fact["id"]]):
            continue
        order = Order(
            id=fact["id"],
            record=fact["record"],
            at=rfc3339(here.clock()),
            names=frozenset(fact["names"]),
            whole=fact["whole"],
            told=fact["told"] | {"reason": "备份恢复后再次删除", "first_at": fact["at"]},
            standing=(fact["kind"], fact["audience"], fact["body"]),
        )
        for author, mirror in sorted(erasure.mirrors_of(conn, dossier, order.record)):
            _erase_mirror(conn, own_dossier(author), mirror)
        _clear_beside(conn, dossier, order, here.journal.erase(conn, dossier, order, SYSTEM))
        done += 1
    return done
