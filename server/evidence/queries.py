"""What is signed, what proves it, and which keys devices sign with."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import lru_cache
from typing import Any, cast

import orjson
from sqlalchemy import ColumnElement, Connection, Row, Table, bindparam, select

from server import access
from server.endpoint import Actor, DeviceKey
from server.errors import Refusal
from server.office import office
from server.people.tables import DeviceKeyRow
from server.transaction import reading
from sync import bulk, checkpoints, growth, history, notes, signatures, statements
from sync.change import Change, Unreadable
from sync.minutes import Touched

_k = cast(Table, DeviceKeyRow.__table__)
_OF_PERSON = (
    select(_k)
    .where(_k.c.dossier == bindparam("office"), _k.c.person == bindparam("person"))
    .order_by(_k.c.since)
)


def project(conn: Connection, touched: Sequence[Touched]) -> None:
    """Bring the read model of devices' keys up to date."""
    bulk.upsert(
        conn,
        _k,
        [
            (
                *(t.dossier, t.record, t.version, t.audience, t.deleted),
                *(t.body[name] for name in ("key", "person", "device", "public", "since")),
                t.body.get("until"),
            )
            for t in touched
        ],
    )


# ------------------------------------------------------------------------------------- devices' keys
def keys_of(conn: Connection, person: str) -> Sequence[Row[Any]]:
    """Every key that a device of this person has had. One statement."""
    return conn.execute(_OF_PERSON, {"office": office().config.office, "person": person}).all()


def keys_for(
    actor: Actor, changes: Iterable[Change | Unreadable], *, registered: bool
) -> Sequence[DeviceKey | Row[Any]]:
    """The keys that these changes are to be held against: those that the sign-in told of. All that the
    person ever had, by one statement, where a change names another, or one was `registered` just now.
    """
    known = {key.key for key in actor.signs}
    named = {c.signed.key for c in changes if isinstance(c, Change) and c.signed}
    if not registered and named <= known:
        return actor.signs
    with reading() as conn:
        return keys_of(conn, actor.id)


def owners(conn: Connection, key: str) -> Sequence[Row[Any]]:
    """Whose key this is, or was. One statement."""
    return conn.execute(select(_k).where(_here(), _k.c.key == key)).all()


def vouched(
    changes: Sequence[Change | Unreadable], keys: Sequence[DeviceKey | Row[Any]], device: str
) -> list[Change | Unreadable]:
    """The changes, with what speaks against the signature of each: before the lock, for it takes time.

    A device that has a key signs everything that was done since; another key of the same person counts
    for what was done while it held (a change may come again after a restore).
    """
    by_name: dict[str, Any] = {row.key: row for row in keys}
    since = min((row.since for row in keys if row.device == device and row.until is None), default=None)
    return [
        replace(c, doubt=_doubt(c, by_name, since))
        if isinstance(c, Change) and (since or c.raw.get("sig"))
        else c
        for c in changes
    ]


def by_device(
    changes: Sequence[Change | Unreadable], keys: Sequence[DeviceKey | Row[Any]], device: str
) -> list[tuple[str, list[Change | Unreadable]]]:
    """Vouched changes in their order, in runs of those that one device has made: the one whose key signed
    them, else `device`, which brings them.

    Work that was carried here from another phone of the same person (decision 0037) is no edit of this
    one: who made it had not seen what was done here, and the numbers of its changes are of another count.
    """
    made_at = {row.key: row.device for row in keys}
    runs: list[tuple[str, list[Change | Unreadable]]] = []
    for change in changes:
        maker = device
        if isinstance(change, Change) and change.signed is not None and change.doubt is None:
            maker = made_at.get(change.signed.key, device)
        if not runs or runs[-1][0] != maker:
            runs.append((maker, []))
        runs[-1][1].append(change)
    return runs or [(device, [])]


def _doubt(change: Change, keys: Mapping[str, Any], since: str | None) -> str | None:
    at = datetime.fromisoformat(change.at)
    if not change.raw.get("sig"):
        return "signature-missing" if since and at >= datetime.fromisoformat(since) else None
    signed = change.signed
    key = keys.get(signed.key) if signed else None
    if signed is None or key is None or (key.until and at >= datetime.fromisoformat(key.until)):
        return "bad-signature"
    fine = signatures.verifies(signatures.decode(key.public), signed.digest, signed.value)
    return None if fine else "bad-signature"


def all_device_keys(conn: Connection) -> dict[str, bytes]:
    """The public points of all devices' keys, by their names, for verification."""
    rows = conn.execute(select(_k.c.key, _k.c.public).where(_here()))
    return {row.key: signatures.decode(row.public) for row in rows}


def _here() -> ColumnElement[bool]:
    """Devices' keys lie in the office's own dossier."""
    return _k.c.dossier == office().config.office


# ---------------------------------------------------------------------------------------- the house's
def house_keys(conn: Connection) -> list[statements.Key]:
    """The keys that checkpoints were ever signed with, in their order, as the database says them now:
    a rotation on another node is seen at once. Raises NotANote, NotTrusted.
    """
    return list(_chain(tuple(checkpoints.introductions(conn))))


@lru_cache(maxsize=8)
def _chain(introductions: tuple[str, ...]) -> tuple[statements.Key, ...]:
    """Two signatures a key are checked once a process, and not with every checkpoint."""
    return tuple(statements.keys(introductions))


def newest(conn: Connection, actor: Actor, dossier: str) -> dict[str, Any]:
    """The newest checkpoint of a dossier that the actor may know of. Raises Refusal."""
    _known(actor, dossier)
    made = checkpoints.newest(conn, [dossier]).get(dossier)
    if made is None:
        raise Refusal("not-sealed")
    told = {n: getattr(made, n) for n in ("dossier", "epoch", "size", "seq", "made_at", "note")}
    return told | {"restores": checkpoints.explanations(conn, dossier)}


def consistency(
    conn: Connection, actor: Actor, dossier: str, *, epoch: int, first: int, second: int
) -> list[str]:
    """The proof that two trees of an epoch lie on one line. Raises Refusal."""
    _known(actor, dossier)
    made = checkpoints.newest(conn, [dossier]).get(dossier)
    if made is None or made.epoch != epoch or not 0 <= first <= second <= made.size:
        raise Refusal("no-such-tree")
    try:
        return notes.spelled(checkpoints.consistency(conn, dossier, first, second))
    except growth.Broken:
        raise Refusal("tree-broken") from None


def proof(conn: Connection, actor: Actor, dossier: str, record: str, seq: int | None) -> notes.Proof:
    """The proof of one entry of a record, by default its last. Raises Refusal."""
    entry = _entry(conn, actor, dossier, record, seq)
    try:
        found = checkpoints.inclusion(conn, dossier, entry.seq)
    except growth.Broken:
        raise Refusal("tree-broken") from None
    if found is None:
        raise Refusal("not-sealed")
    return found


def disclosure(
    conn: Connection, actor: Actor, dossier: str, record: str, seq: int | None
) -> tuple[dict[str, Any], str]:
    """All that somebody outside needs to check one entry: its bytes, what it committed to, the proof, the
    keys; and the kind of record that it shows. Raises Refusal.
    """
    entry = _entry(conn, actor, dossier, record, seq)
    salt, payload = history.opened(conn, dossier, entry.seq)
    told = {
        "dossier": dossier,
        "seq": entry.seq,
        "entry": entry.bytes.decode(),
        "salt": signatures.encode(salt) if salt else None,
        "payload": payload.decode() if payload else None,
        "proof": proof(conn, actor, dossier, record, entry.seq).text,
        "keys": checkpoints.introductions(conn),
    }
    return told, str(orjson.loads(entry.bytes)["kind"])


def _known(actor: Actor, dossier: str) -> None:
    if not actor.held.get(dossier):
        raise Refusal("unknown-dossier")


def _entry(conn: Connection, actor: Actor, dossier: str, record: str, seq: int | None) -> Any:
    """The entry, if the actor may read both the record and what the entry says. Raises Refusal."""
    if access.in_dossier(actor, dossier, office().journal.kinds) is None:
        raise Refusal("not-found")
    stands = history.standing(conn, dossier, record)
    if stands is None or not access.may_read(actor, dossier, stands["kind"], stands["audience"]):
        raise Refusal("not-found")
    entry = history.entry_of(conn, dossier, record, seq)
    if entry is None or not access.sees(access.audiences(actor.held[dossier]), entry.audience):
        raise Refusal("not-found")
    return entry
