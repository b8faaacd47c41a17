"""What is prepared for devices: ready-made first loads; and what they need no longer: old deletions."""

import tempfile
from datetime import timedelta
from pathlib import Path

from media.store import SNAPSHOTS, snapshot_key
from server import transaction
from server.office import office
from sync import epochs, history, snapshots
from sync.arrival import rfc3339

TOMBSTONE_DAYS = 180  # protocol.md §6: a device that was away longer starts anew


def prepare_first_loads(least: int = snapshots.LEAST) -> int:
    """Make the files that are due; returns how many. Bytes rest before they are offered, and the
    file they take the place of goes last.
    """
    store = office().store
    with transaction.reading() as conn:
        pairs = set(snapshots.due(conn, least))
        files = snapshots.offered(conn, history.all_heads(conn))
    # Files do not move with the archive to another store: they are made anew there.
    pairs |= {pair for pair, f in files.items() if store.has(snapshot_key(f.dossier, f.sha256)) is None}
    for dossier, audience in sorted(pairs):
        _prepare(dossier, audience)
    _clear()
    return len(pairs)


def _clear() -> None:
    """Drop files that are in no book: a killed maker's, those of a database that was put back, and
    what the store kept when it was to be erased.
    """
    store = office().store
    for dossier in store.folders(SNAPSHOTS):
        with transaction.reading() as conn:
            known = {snapshot_key(dossier, digest) for digest in snapshots.noted(conn, dossier)}
        for one in list(store.walk(f"{SNAPSHOTS}/{dossier}")):
            if one.key not in known:
                store.drop(one.key)


def _prepare(dossier: str, audience: str) -> None:
    here = office()
    with tempfile.TemporaryDirectory(dir=here.config.scratch) as folder:
        file = Path(folder) / "snapshot"
        with transaction.reading() as conn:
            head = here.journal.heads(conn, [dossier])[dossier]
            made = snapshots.write(conn, dossier, audience, head, file, rfc3339(here.clock()))
        here.store.put(snapshot_key(dossier, made.sha256), file, sha256=made.sha256)
    with transaction.writing() as conn:
        before = snapshots.note(conn, made)
    if before is not None:
        here.store.drop(snapshot_key(dossier, before))


def forget_deletions() -> int:
    """Let go of deletions and leavings of half a year ago; returns how many there were."""
    here = office()
    before = rfc3339(here.clock() - timedelta(days=TOMBSTONE_DAYS))
    with transaction.reading() as conn:
        old = epochs.with_deletions(conn)
    done = 0
    for dossier, audience in old:
        with transaction.writing(dossier) as conn:
            upto = epochs.last_before(conn, dossier, before)
            done += here.journal.collect(conn, dossier, audience, upto) if upto else 0
    return done
