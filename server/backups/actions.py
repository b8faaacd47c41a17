"""Make a backup while people work; put one back, as a new epoch that says why."""

import fcntl
import hashlib
import os
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import orjson
from alembic import command
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from flask import current_app
from sqlalchemy import Connection, Table, select, text

from media.durable import replace_file, sync_folder
from media.erased import was_erased
from media.store import Store
from server import keepsakes, transaction
from server.enrolments.actions import end_again
from server.enrolments.actions import ends as ends_of_devices
from server.erasures.actions import erase_again
from server.erasures.actions import facts as erasures
from server.office import office
from server.photos import archive
from server.photos.queries import KINDS as NAMES_BYTES
from sync import bulk, epochs, history
from sync.arrival import rfc3339

from . import queries, rules
from .queries import Damaged, Opened, Seen, unseen

OUTSIDE = "lineage.ndjson"  # beside the backups, in case the store is lost with the database
RELEASED = 100  # dossiers a transaction: a writer of one of them waits so long
# Held in memory and closed with the passphrase, by the name of the setting that says where they lie.
SECRETS = ("secret_key_file", "signing_key_file")


class Refused(ValueError):
    """What cannot be done as things stand; the sentence says what to do."""


@dataclass(frozen=True, slots=True)
class Made:
    """A backup that is durable: where it lies, what its manifest says, and whether it holds the keys."""

    path: Path
    manifest: dict[str, Any]
    keys: bool


def make(
    folder: Path,
    *,
    passphrase: str | None = None,
    begin: Seen = unseen,
    seen: Seen = unseen,
    carry: Callable[[], dict[str, int]] | None = None,
) -> Made:
    """Write a backup into `folder`, beside earlier ones. Whole or not there: it gets its name last.

    `carry` brings originals beside it and says how it went; `begin` is told how many rows there are,
    `seen` how many more were written. Once it is durable, devices may let go of what it covers.
    Raises Refused, OSError (a full disk).
    """
    here = office()
    made_at = rfc3339(here.clock())
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with _alone(folder):
        target = folder / rules.file_name(made_at)
        partial = target.with_name(target.name + rules.PARTIAL)
        if target.exists():
            raise Refused(f"{target.name} is there already")
        try:
            secrets = _secrets() if passphrase else {}
            with partial.open("xb") as file:
                os.fchmod(file.fileno(), 0o600)
                with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=3) as book:
                    book.writestr(rules.README, rules.HOW_TO_READ)
                    manifest = {"format": rules.FORMAT, "made_at": made_at} | _tables(book, begin, seen)
                    if passphrase:
                        book.writestr(rules.KEYS, orjson.dumps(rules.wrapped(secrets, passphrase)))
                    manifest["bytes"] = carry() if carry else None
                    book.writestr(rules.MANIFEST, orjson.dumps(manifest, option=orjson.OPT_INDENT_2))
                file.flush()
                os.fsync(file.fileno())
            partial.rename(target)
            sync_folder(folder)
        finally:
            partial.unlink(missing_ok=True)
    _release(manifest["dossiers"])
    return Made(target, manifest, bool(secrets))


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """One backup at a time in a folder; what a killed one left there is no backup and goes.

    The lock ends with its process, however that ends; a second holder is refused at once.
    """
    lock = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Refused(f"another backup is being written to {folder}; wait for it") from None
        for left in folder.glob(f"*{rules.PARTIAL}"):
            left.unlink(missing_ok=True)
        yield
    finally:
        os.close(lock)


def _tables(book: zipfile.ZipFile, begin: Seen, seen: Seen) -> dict[str, Any]:
    """Write all tables as they stand at one moment; what the manifest says of them."""
    with transaction.snapshot() as conn:
        schema = conn.execute(text("SELECT version_num FROM alembic_version")).scalar_one()
        heads = history.heads(conn)
        wanted = queries.kept(conn)
        begin(sum(queries.count(conn, table) for table in wanted))
        written = {queries.plain(table.name): _table(conn, book, table, seen) for table in wanted}
        held = {
            dossier: {"epoch": h.epoch, "seq": h.seq, "hash": h.hash.hex()} for dossier, h in heads.items()
        }
        return {
            "schema": schema,
            "database": conn.dialect.name,
            "office": office().config.office,
            "dossiers": held,
            "tables": written,
            "left_out": rules.LEFT_OUT,
        }


def _table(conn: Connection, book: zipfile.ZipFile, table: Table, seen: Seen) -> dict[str, Any]:
    digest, count = hashlib.sha256(), 0
    with book.open(rules.table_member(table.name), "w", force_zip64=True) as lines:
        for row in queries.rows(conn, table):
            line = rules.spelled(row)
            digest.update(line)
            lines.write(line)
            count += 1
            if count % queries.PAGE == 0:
                seen(queries.PAGE)
    seen(count % queries.PAGE)
    return {"columns": queries.columns(table), "rows": count, "sha256": digest.hexdigest()}


def _secrets() -> dict[str, bytes]:
    paths = {name: Path(getattr(office().config, name)) for name in SECRETS}
    return {name: path.read_bytes() for name, path in paths.items() if path.exists()}


def _release(heads: dict[str, dict[str, Any]]) -> None:
    """Devices need no longer keep what the backup covers (protocol.md §5)."""
    left = iter(sorted((dossier, head["seq"]) for dossier, head in heads.items()))
    while some := list(islice(left, RELEASED)):
        with transaction.writing() as conn:
            for dossier, seq in some:
                office().journal.note_backup(conn, dossier, seq)


def drop_erased(store: Store) -> None:
    """Originals that were erased since an earlier backup brought them go from beside the backups too."""
    for fact in erasures():
        digest = fact["body"].get("sha256")
        if digest is not None and fact["kind"] in NAMES_BYTES:
            with transaction.reading() as conn:
                original = was_erased(conn, fact["dossier"], digest)
            archive.drop_erased(store, fact["dossier"], digest, original=original)


# ------------------------------------------------------------------ the way back


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """Why a backup is put back, and who answers for it; recorded as the first entry of each epoch."""

    why: str
    by: str


@dataclass(frozen=True, slots=True)
class Restored:
    """The epoch that each dossier is in now, and the names of the keys that were put back."""

    epochs: dict[str, int]
    keys: list[str]


def restore(
    backup: Opened,
    explanation: Explanation,
    *,
    passphrase: str | None = None,
    begin: Seen = unseen,
    seen: Seen = unseen,
) -> Restored:
    """Put a backup back into an empty database: all of it or nothing, in one transaction.

    It is read through first. Each dossier begins a new epoch (sync/epochs.py), so that devices push
    again what the backup lacks. Keys are put back where `passphrase` opens them. Raises Damaged, Refused,
    StoreUnavailable (the store knows of earlier restores).
    """
    keys = _opened_keys(backup, passphrase)
    begin(2 * backup.total)
    faults = list(backup.faults(seen))
    if faults:
        raise Damaged("; ".join(faults[:5]))
    _known_schema(backup.manifest["schema"])
    outside, erased, ended = _lineage(backup.path.parent), erasures(), ends_of_devices()
    with transaction.writing() as conn:
        _clear(conn)
        _migrate(conn, backup.manifest["schema"])
        _load(conn, backup, seen)
        _migrate(conn, "head")
        opened = _open_epochs(conn, backup, explanation, outside)
        erase_again(conn, erased)
        end_again(conn, ended)
        _prove(conn)
        written = _put_keys(keys)
        # Before the commit: an epoch that nobody noted outside could be opened a second time.
        _note_lineage(conn, backup.path.parent, outside)
    return Restored(opened, written)


def _alembic() -> Any:
    return current_app.extensions["migrate"].migrate.get_config()


def _known_schema(revision: str) -> None:
    try:
        ScriptDirectory.from_config(_alembic()).get_revision(revision)
    except CommandError:
        raise Refused(
            f"the backup was made under schema {revision}, which this release does not know: "
            "install the release that made it, or a later one"
        ) from None


def _migrate(conn: Connection, revision: str) -> None:
    config = _alembic()
    config.attributes["connection"] = conn
    command.upgrade(config, revision)


def _clear(conn: Connection) -> None:
    """Take an empty schema away, so that the backup's own can be made; refuse one that is not empty."""
    found = queries.tables(conn)
    for table in found:
        if table.name != "alembic_version" and conn.execute(select(table).limit(1)).first() is not None:
            raise Refused(
                f"the database is not empty ({table.name}): name an empty one in XUNJIAN_DATABASE_URL; "
                "the old one stays as it is, for whoever wants to know what happened to it"
            )
    for table in reversed(found):
        table.drop(conn)


def _load(conn: Connection, backup: Opened, seen: Seen) -> None:
    here = {table.name: table for table in queries.kept(conn)}
    wanted = backup.manifest["tables"]
    if here.keys() != wanted.keys():
        raise Damaged(f"its tables are not those of its schema: {sorted(here.keys() ^ wanted.keys())}")
    for name, table in here.items():
        # By name: two databases that came to one schema by different ways may differ in the order.
        order = [[c for c, _ in wanted[name]["columns"]].index(column.name) for column in table.columns]
        lines = backup.rows(name, seen)
        while some := list(islice(lines, queries.PAGE)):
            bulk.insert(conn, table, [[row[i] for i in order] for row in some])


def _open_epochs(
    conn: Connection, backup: Opened, explanation: Explanation, outside: dict[str, set[tuple[int, int]]]
) -> dict[str, int]:
    here, opened = office(), {}
    told = {
        "by": explanation.by,
        "backup": backup.path.name,
        "made_at": backup.manifest["made_at"],
    }
    now = rfc3339(here.clock())
    for dossier in history.all_heads(conn):
        known = sorted(outside.get(dossier, ()))
        head = here.journal.restore(
            conn, dossier, received_at=now, lineage=known, reason=explanation.why, told=told
        )
        opened[dossier] = head.epoch
    return opened


def _prove(conn: Connection) -> None:
    """What was put back must prove itself before it counts."""
    for dossier in history.all_heads(conn):
        fault = history.verify(conn, dossier, office().journal.kinds).fault
        if fault is not None:
            raise Damaged(f"{dossier}: entry {fault.seq}: {fault.why}")


def _lineage(folder: Path) -> dict[str, set[tuple[int, int]]]:
    """Every (epoch, fork) of earlier restores, from the store and from the backups' folder."""
    beside = folder / OUTSIDE
    lines = beside.read_bytes().splitlines() if beside.exists() else []
    found: dict[str, set[tuple[int, int]]] = {}
    for fact in [*keepsakes.noted("lineage"), *map(orjson.loads, lines)]:
        found.setdefault(fact["dossier"], set()).add((fact["epoch"], fact["fork"]))
    return found


def _note_lineage(conn: Connection, folder: Path, outside: dict[str, set[tuple[int, int]]]) -> None:
    facts = []
    for dossier in history.all_heads(conn):
        for epoch, fork in epochs.lineage(conn, dossier):
            fact = {"dossier": dossier, "epoch": epoch, "fork": fork}
            keepsakes.note("lineage", dossier, f"{epoch:06d}-{fork:012d}", fact)
            outside.setdefault(dossier, set()).add((epoch, fork))
    for dossier, known in sorted(outside.items()):
        facts += [{"dossier": dossier, "epoch": epoch, "fork": fork} for epoch, fork in sorted(known)]
    replace_file(folder / OUTSIDE, b"".join(orjson.dumps(fact) + b"\n" for fact in facts))


def _opened_keys(backup: Opened, passphrase: str | None) -> dict[str, bytes]:
    if backup.keys is None or passphrase is None:
        return {}
    try:
        return rules.unwrapped(backup.keys, passphrase)
    except ValueError as wrong:
        raise Refused(str(wrong)) from None


def _put_keys(keys: Mapping[str, bytes]) -> list[str]:
    """Put keys where the settings say; an existing file gains those it lacks, below its own.

    Returns the names of those that were written. Raises Refused where another signing key lies there.
    """
    written = []
    for name, data in keys.items():
        path = Path(getattr(office().config, name))
        held = path.read_bytes() if path.exists() else b""
        wanted = _both(held, data) if name == "secret_key_file" else data
        if held and wanted != held and name != "secret_key_file":
            raise Refused(f"{path} holds another key than the backup: move it away, or go on with it")
        if wanted != held:
            path.parent.mkdir(parents=True, exist_ok=True)
            replace_file(path, wanted)
            path.chmod(0o600)
            written.append(name)
    return written


def _both(held: bytes, data: bytes) -> bytes:
    """A key a line: those that are there, then those of the backup that they lack."""
    known = held.split()
    lacking = [line for line in data.split() if line not in known]
    return b"".join(line + b"\n" for line in [*known, *lacking]) if lacking else held
