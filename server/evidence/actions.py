"""Keys are made and changed, journals are signed, devices' keys are registered."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import structlog
from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from server import transaction
from server.access import SYSTEM
from server.endpoint import Actor
from server.office import office
from server.signing import KeyTrouble, Signing
from sync import checkpoints, growth, signatures, statements
from sync.arrival import rfc3339
from sync.change import Change, Unreadable, read
from sync.checkpoints import Refused, Sealed
from sync.followers import derived
from sync.journal import Pushed
from sync.notes import Signer

from . import queries, rules

log = structlog.get_logger()
TROUBLE = (KeyTrouble, Refused, growth.Broken)


# -------------------------------------------------------------------------------------- the house's key
def signer() -> Signer:
    """The key that the house signs with now; the first one is made where there is none yet.

    Raises KeyTrouble where this node does not hold the house's newest key.
    """
    signing = office().signing
    with transaction.reading() as conn:
        known = queries.house_keys(conn)
    if not known:
        return _begin()
    held = _of(known[-1], signing.held())
    if held is None:
        held = _of(known[-1], signing.held(signing.next_path))
        if held is None:
            raise KeyTrouble(
                f"{signing.where} is not the house's key {known[-1].no}; copy it from where it is"
            )
        signing.take_over()  # a rotation that was cut off between the database and the file
    if signing.deployment != known[-1].deployment:
        raise KeyTrouble(f"the house signs as {known[-1].deployment}; set XUNJIAN_ORIGIN back")
    return held


def _of(key: statements.Key, held: Sequence[Signer]) -> Signer | None:
    return next((one for one in held if one.verifier.public == key.verifier.public), None)


def _begin() -> Signer:
    """The first key, by the first node that needs one."""
    here = office()
    made = next(iter(here.signing.held()), None) or here.signing.make()
    key = statements.Key(made.name, 1, made.verifier, rfc3339(here.clock()))
    try:
        with transaction.writing() as conn:
            checkpoints.introduce(conn, 1, key.sign(made, None))
    except IntegrityError:
        return signer()  # another node was first: this one's file is not the house's, and says so
    log.info("signing key made", key=made.verifier.text)
    return made


def rotate() -> statements.Key:
    """A new key, introduced by the one in use: one that lies here and was never in use, or one made now.
    Raises KeyTrouble.

    The new one waits in a file until the database holds its introduction: cut off anywhere, the house
    has one key that it signs with.
    """
    here, old = office(), signer()
    with transaction.writing() as conn:
        known = queries.house_keys(conn)
        if known[-1].verifier != old.verifier:
            raise KeyTrouble("another key was introduced meanwhile; see `xunjian keys list`")
        used = {key.verifier.public for key in known}
        lying = [one for one in here.signing.held() if one.verifier.public not in used]
        new = lying[0] if lying else _made_beside(here.signing)
        key = statements.Key(new.name, len(known) + 1, new.verifier, rfc3339(here.clock()))
        checkpoints.introduce(conn, key.no, key.sign(new, old))
    if not lying:
        here.signing.take_over()
    return key


def _made_beside(signing: Signing) -> Signer:
    if not signing.makes:
        raise KeyTrouble(
            f"{signing.where} holds no new key; put it there, below the old, on every node first"
        )
    try:
        signing.next_path.unlink(missing_ok=True)
        return signing.make(signing.next_path)
    except OSError as wrong:
        raise KeyTrouble(
            f"{signing.next_path} cannot be written ({wrong.strerror}); put the new key into {signing.path}, "
            "below the old, on every node first"
        ) from None


# ------------------------------------------------------------------------------------------ checkpoints
def seal(dossier: str, key: Signer | None = None) -> Sealed | None:
    """Sign a dossier's journal as it stands; None where the newest checkpoint covers it all.

    Raises KeyTrouble, Refused, growth.Broken: then nothing is signed, and what was signed stands.
    """
    here, key = office(), key or signer()
    while True:
        with transaction.writing(dossier) as conn:
            head = here.journal.lock(conn, dossier)
            if growth.integrate(conn, dossier, head.size):
                continue  # a long backlog, in steps that hold nobody up
            return seal_here(conn, dossier, key)


def seal_here(conn: Connection, dossier: str, key: Signer) -> Sealed | None:
    """As `seal`, in the write transaction of `conn`, for a journal that stands in tiles."""
    here = office()
    head = here.journal.lock(conn, dossier)
    at, known = rfc3339(here.clock()), here.signing.remembered(dossier)
    made = checkpoints.seal(conn, dossier, head, key, at=at, remembered=known)
    if made is not None:
        # Before the commit: what anybody may see afterwards, this node knows of.
        here.signing.remember(made)
    return made


def seal_all() -> int:
    """Sign every journal that has grown since its newest checkpoint; how many. One that cannot be signed
    is named in the log, each time, and keeps no other from it.
    """
    with transaction.reading() as conn:
        due = checkpoints.due(conn)
    if not due:
        return 0
    try:
        key = signer()
    except KeyTrouble as wrong:
        log.error("no checkpoints are signed", why=str(wrong), dossiers=len(due))
        return 0
    return sum(_sealed(dossier, key) for dossier in due)


def _sealed(dossier: str, key: Signer | None = None) -> bool:
    try:
        return seal(dossier, key) is not None
    except TROUBLE as wrong:
        log.error("checkpoint refused", dossier=dossier, why=str(wrong))
    except Exception:
        # A dossier too busy, a file that cannot be written: the next pass tries again, the others go on.
        log.exception("checkpoint failed", dossier=dossier)
    return False


def look_back() -> int:
    """Hold the database against what this node remembers having signed; how many journals are shorter.

    Said in the log when the server starts, and once a day: a backup was put back without a word.
    """
    here = office()
    dossiers, behind = here.signing.dossiers(), 0
    with transaction.reading() as conn:
        heads = here.journal.heads(conn, dossiers)
    for dossier in dossiers:
        try:
            held = here.signing.remembered(dossier)
        except (KeyTrouble, OSError) as wrong:
            log.error("memory cannot be read", dossier=dossier, why=str(wrong))
            continue
        head = heads.get(dossier)
        if held and (head is None or (head.epoch, head.size) < (held.epoch, held.size)):
            behind += 1
            log.error("rolled back", dossier=dossier, signed=held.size, epoch=held.epoch)
    return behind


def attest(dossier: str, changes: Sequence[Change | Unreadable], pushed: Pushed) -> None:
    """After the commit, sign at once where a formal act was done, or enough has come together."""
    done = {o["id"] for o in pushed.outcomes if o["status"] in ("applied", "merged") and not o["replay"]}
    acts = (c for c in changes if isinstance(c, Change) and c.id in done and "state" in c.fields)
    formal = any(rules.is_formal(c.kind.name, c.fields["state"].get("do")) for c in acts)
    # A journal that begins in a later epoch is explained with its first checkpoint.
    begun = pushed.epoch > 1 and pushed.sealed == 0
    if formal or begun or pushed.unsealed >= rules.ENTRIES:
        transaction.after_commit(partial(_sealed, dossier))


# ---------------------------------------------------------------------------------------- devices' keys
def register(actor: Actor, said: Mapping[str, str]) -> dict[str, str | None]:
    """A device's key, from now on; a key it had before ends. Answers `{"key": name, "why": null}`, or why
    it was not taken. Both are entries of the office's journal.
    """
    public = signatures.claimed(actor.device, said)
    if public is None:
        return {"key": None, "why": "key-unproven"}
    key, now = signatures.key_id(public), rfc3339(office().clock())
    if actor.key not in (None, key):
        # Who has stolen a token for ten minutes may not sign in this device's name for ever.
        return {"key": None, "why": "key-not-enrolled"}
    with transaction.reading() as conn:
        same, mine = queries.owners(conn, key), queries.keys_of(conn, actor.id)
    if actor.key == key:
        # An enrolled tablet has one key, and everybody who works at it signs with that.
        same = [row for row in same if row.person == actor.id]
    if same:
        here = any((r.person, r.device, r.until) == (actor.id, actor.device, None) for r in same)
        return {"key": key, "why": None} if here else {"key": None, "why": "key-taken"}
    if office().readonly.why is not None:
        # What there is to be seen is shown all the same; the key is told again with the next exchange.
        return {"key": None, "why": "read-only"}
    ended = [row for row in mine if row.device == actor.device and row.until is None]
    home = office().config.office
    record = derived(home, actor.id, actor.device, key)
    told = {"person": actor.id, "device": actor.device, "algorithm": said["algorithm"], "key": key}
    told |= {"public": said["public"], "since": now}
    changes = [_change("create", derived(record, "since"), record, told, now) | {"audience": "confidential"}]
    for row in ended:
        until = _change("update", derived(row.id, key), row.id, {"until": now, "replaced_by": key}, now)
        changes.append(until | {"base": {"version": row.version, "epoch": 1}})
    understood = [read(change, office().journal.kinds) for change in changes]
    transaction.submit(home, SYSTEM, understood, received_at=now, begin=True)
    return {"key": key, "why": None}


def _change(op: str, name: str, record: str, fields: Mapping[str, str], at: str) -> dict[str, Any]:
    said = {n: {"set": v} for n, v in fields.items()}
    return {"id": name, "n": 0, "op": op, "kind": "device_key", "record": record, "fields": said, "at": at}
