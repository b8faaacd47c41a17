"""档案: the books held against what rests in the store; what has no place in it is swept."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import asdict
from datetime import UTC, timedelta
from itertools import groupby, islice

import structlog
from sqlalchemy import Connection, delete, select, update

from media.erased import was_erased
from media.errors import StoreUnavailable
from media.reconcile import Finding, Held, Line, originals, paired
from media.store import DOSSIER, Store, original_key, sidecar_key
from media.tables import blobs, forgotten, pictures
from server import transaction
from server.office import office
from sync import bulk, history
from sync.journal import UnknownDossier

from . import queries, sidecars
from .actions import digest_at_rest

log = structlog.get_logger()
PAGE = 1_000  # lines read at a time: a million of them in constant memory
YOUNG = timedelta(hours=1)  # bytes rest before their line is written, and an upload may be in between
OLD = timedelta(hours=24)  # an orphan's age; nobody is surprised by what was looked at yesterday
LONE = timedelta(days=7)  # as long as an upload may take, a record may come after its bytes
LOGGED = 100  # findings a run; an unmounted folder would name them all
WATERMARKS = timedelta(days=30)
LEFT = 1_000  # erased bytes that one run drops


def dossiers(store: Store | None = None) -> dict[str, int]:
    """Every dossier with originals in the books or in the store, and how many the books say."""
    store = store or office().store
    with transaction.reading() as conn:
        booked = queries.counts(conn)
    found = {name: 0 for name in store.folders("media") if DOSSIER.fullmatch(name)}
    return dict(sorted((found | booked).items()))


def pairs(dossier: str, store: Store | None = None) -> Iterator[tuple[Line | None, Held | None]]:
    """What the books say and what rests, by digest. Raises StoreUnavailable, OutOfOrder."""
    return paired(_lines(dossier), originals(store or office().store, dossier))


def _lines(dossier: str) -> Iterator[Line]:
    """A transaction a page: a walk over the store takes longer than a snapshot should live."""
    last = ""
    while True:
        with transaction.reading() as conn:
            page = queries.lines(conn, dossier, last, PAGE)
        yield from (Line(row.sha256, row.size) for row in page)
        if len(page) < PAGE:
            return
        last = page[-1].sha256


def reconcile(
    dossier: str, *, read: bool = False, seen: Callable[[], object] = lambda: None
) -> Iterator[Finding]:
    """What is wrong with the originals of a dossier; with `read` each is read again and hashed.

    The two sides are not read in one instant, so what looks wrong is looked at once more. `seen` is
    called for each original. Raises StoreUnavailable, OutOfOrder.
    """
    for line, held in pairs(dossier):
        finding = _orphan(dossier, held) if line is None else _faulty(dossier, line, held, read=read)
        if finding is not None:
            yield finding
        seen()


def _faulty(dossier: str, line: Line, held: Held | None, *, read: bool) -> Finding | None:
    key = original_key(dossier, line.sha256)
    resting = held.original.size if held is not None and held.original is not None else None
    if resting != line.size:
        resting = office().store.has(key)
    found: Finding | None = None
    if resting is None:
        found = Finding("missing", dossier, key, line.sha256, line.size, None)
    elif resting != line.size or (read and digest_at_rest(dossier, line.sha256) != line.sha256):
        found = Finding("altered", dossier, key, line.sha256, line.size, resting)
    return found


def _orphan(dossier: str, held: Held | None) -> Finding | None:
    assert held is not None
    there = held.resting
    if there.since > office().clock().astimezone(UTC) - YOUNG:
        return None
    if held.sha256 is not None:
        with transaction.reading() as conn:
            if queries.lines_of(conn, dossier, [held.sha256]):
                return None
    return Finding("orphan", dossier, there.key, held.sha256, None, there.size, there.since)


def drop_orphans(dossier: str, orphans: Iterable[Finding]) -> set[str]:
    """Remove orphans older than OLD that no line and no journal entry names; their digests.

    Raises StoreUnavailable where the store lets nothing be removed.
    """
    here = office()
    before = here.clock().astimezone(UTC) - OLD
    old = {o.sha256 for o in orphans if o.sha256 and o.since is not None and o.since <= before}
    if not old:
        return set()
    with transaction.reading() as conn:
        named, seq = history.naming(conn, dossier, old)
    with transaction.writing(dossier) as conn:
        # Held while they are dropped: nobody may write the line of one meanwhile (actions.take_in).
        with suppress(UnknownDossier):
            here.journal.lock(conn, dossier)
        later, _ = history.naming(conn, dossier, old, since=seq)
        free = old - named - later - queries.known(conn, dossier, old)
        for digest in sorted(free):
            # The sidecar last: alone it is an orphan that the next run finds and drops.
            here.store.drop(original_key(dossier, digest))
            here.store.drop(sidecar_key(dossier, digest))
    return free


def reconcile_all() -> int:
    """Hold all books against the store, by size, and log what is wrong; how many there were."""
    count = 0
    for dossier in dossiers():
        for finding in reconcile(dossier):
            count += 1
            if count <= LOGGED:
                log.error("the archive is not what the books say", **asdict(finding))
    return count


def write_sidecars() -> int:
    """Make up the sidecars that are missing; how many. Where no record names the bytes yet, its
    sidecar would say little for good: it waits for the record for LONE.
    """
    done = 0
    for dossier in dossiers():
        bare = (
            line.sha256
            for line, held in pairs(dossier)
            if line is not None and held is not None and held.original is not None and held.sidecar is None
        )
        while batch := list(islice(bare, 100)):
            done += sidecars.write(dossier, _due(dossier, batch))
    return done


def _due(dossier: str, digests: list[str]) -> list[str]:
    before = (office().clock() - LONE).astimezone(UTC)
    with transaction.reading() as conn:
        waits = queries.stored_after(conn, dossier, digests, before)
        named = {row.sha256 for row in queries.naming(conn, dossier, digests)}
        return [d for d in digests if d not in waits or d in named]


def sweep_watermarks() -> int:
    """Drop watermarked versions that a newer one of the same original superseded; how many.

    Any that is asked for again is drawn again.
    """
    here, done = office(), 0
    before = here.clock().astimezone(UTC) - WATERMARKS
    for dossier in dossiers():
        everything = here.store.walk(f"media/{dossier}/r")
        drawn = (one for one in everything if "/watermark-" in one.key)
        for _, versions in groupby(drawn, key=lambda one: one.key.rpartition("/")[0]):
            *superseded, _newest = sorted(versions, key=lambda one: one.since)
            for one in superseded:
                if one.since <= before:
                    here.store.drop(one.key)
                    done += 1
    return done


def forget(conn: Connection, dossier: str, record: str, digest: str, *, original: bool) -> None:
    """What is known of a photograph's bytes is erased, in the transaction of the order; with `original`,
    the bytes are, unless another record names them too. The store lets go after the commit (let_go).
    """
    others = [row for row in queries.naming(conn, dossier, [digest]) if row.id != record]
    # Bytes that were erased once stay so, whatever is erased of another record that names them.
    bytes_too = was_erased(conn, dossier, digest) or (original and not others)
    bulk.upsert(conn, forgotten, [(dossier, digest, bytes_too, True)])
    if bytes_too:
        for table in (blobs, pictures):
            conn.execute(delete(table).where(table.c.dossier == dossier, table.c.sha256 == digest))
    transaction.after_commit(let_go)


def let_go() -> int:
    """Drop from the store what was erased and is still there; how much was. A store that is away, or
    that holds it under a lock, is asked again by the scheduler.
    """
    here, done = office(), 0
    with transaction.reading() as conn:
        waiting = conn.execute(select(forgotten).where(forgotten.c.left.is_(True)).limit(LEFT)).all()
    for row in waiting:
        try:
            drop_erased(here.store, row.dossier, row.sha256, original=row.original)
        except StoreUnavailable:
            log.warning("the store still holds what was erased", dossier=row.dossier, sha256=row.sha256)
            continue
        with transaction.writing() as conn:
            mine = (forgotten.c.dossier == row.dossier, forgotten.c.sha256 == row.sha256)
            conn.execute(update(forgotten).where(*mine).values(left=False))
        if not row.original:
            sidecars.write(row.dossier, [row.sha256])
        done += 1
    return done


def drop_erased(store: Store, dossier: str, digest: str, *, original: bool) -> None:
    """Drop what a store holds of bytes that were erased, or of what was said of them: watermarked
    versions say it too. Raises StoreUnavailable.
    """
    if original:
        store.drop(original_key(dossier, digest))
    store.drop(sidecar_key(dossier, digest))
    for small in list(store.walk(f"media/{dossier}/r/{digest}")):
        store.drop(small.key)
