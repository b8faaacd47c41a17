"""Write a case: everything under one fresh checkpoint, signed, in one file that is whole or not there."""

import base64
import hashlib
import os
import shutil
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson

from media import papers
from media.durable import sync_folder, temp_beside
from media.errors import BlobUnknown
from media.store import original_key
from server import access, transaction, verifier, watchbook
from server.endpoint import Actor
from server.errors import Refusal
from server.evidence import actions as evidence
from server.exports import actions as exports
from server.exports import queries as files
from server.law.rules import SHANGHAI
from server.office import office
from server.people.queries import names
from sync import bundles, checkpoints, notes
from sync.arrival import rfc3339
from sync.bundles import Proven
from sync.checkpoints import Sealed
from sync.minutes import Touched

from . import queries, rules

ENDINGS = {
    "image/jpeg": ".jpg",
    "image/png": ".png",
    "image/webp": ".webp",
    "image/heic": ".heic",
    "video/mp4": ".mp4",
    "application/pdf": ".pdf",
}
TEMPLATE = Path(__file__).parent / "data" / "case.typ"
Seen = Callable[[int], object]
Shown = Callable[[str], bool]  # whether contents in this audience are enclosed
TAKEN = "took a case"  # in the watchbook: who took what out of the house


@dataclass(slots=True)
class Case:
    """What was written: how many records, entries and originals; `absent` are digests of originals that
    records name and that do not rest here.
    """

    path: Path
    records: int = 0
    entries: int = 0
    originals: int = 0
    absent: list[str] = field(default_factory=list)


class _Book:
    """A ZIP that remembers the digest of everything that goes in."""

    def __init__(self, book: zipfile.ZipFile) -> None:
        self._book, self.files = book, dict[str, str]()

    def put(self, name: str, data: bytes) -> None:
        """A whole file."""
        self._book.writestr(name, data)
        self.files[name] = hashlib.sha256(data).hexdigest()

    @contextmanager
    def growing(self, name: str, *, packed: bool = True) -> Iterator[Callable[[bytes], None]]:
        """A file that comes in pieces."""
        digest = hashlib.sha256()
        info = zipfile.ZipInfo(name)
        info.compress_type = zipfile.ZIP_DEFLATED if packed else zipfile.ZIP_STORED
        with self._book.open(info, "w", force_zip64=True) as out:

            def write(piece: bytes) -> None:
                digest.update(piece)
                out.write(piece)

            yield write
        self.files[name] = digest.hexdigest()


def ask(actor: Actor, case: str, said: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """Enter the wish for a case: `dossier`, `issue` or None, `without` these audiences; said again under
    its id it is the same wish. Raises Refusal `not-found` where the id is another's, `too-many-exports`.
    """
    with transaction.writing() as conn:
        there = files.known(conn, case, actor, case=True)
        if there is None:
            kept = orjson.dumps(dict(said), option=orjson.OPT_SORT_KEYS).decode()
            columns = {"form": rules.FORM, "filter": kept, "sort": "", "rows_total": 0}
            there = exports.enter(conn, actor, case, now, case_of=said["dossier"], **columns)
            watchbook.note(conn, "asked for a case", actor.id, case=case, **said)
        return queries.asked(there)


def export(
    dossier: str,
    subject: str | None,
    target: Path,
    *,
    shown: Shown = lambda _: True,
    begin: Seen = lambda _: None,
    seen: Seen = lambda _: None,
) -> Case:
    """Write the case of a project's dossier, or of one issue in it, to `target`, which must not be there.

    Contents of entries in audiences that are not `shown`, and of those that leave no house (access.INDOORS),
    are withheld; that they are there is not.
    `begin` is told how many entries and records there are, `seen` how many more are done, and 0 with each
    MiB of an original. Raises Refusal (`unknown-dossier`, `not-found`), FileExistsError, OSError,
    evidence.TROUBLE.
    """
    if target.exists():
        raise FileExistsError(17, "it is there already", str(target))
    key = evidence.signer()
    evidence.seal(dossier)
    target.parent.mkdir(parents=True, exist_ok=True)
    draft = temp_beside(target)
    try:
        with zipfile.ZipFile(draft, "x", zipfile.ZIP_DEFLATED) as file:
            case = _write(_Book(file), dossier, subject, target, key, _outside(shown), begin, seen)
        with draft.open("rb") as whole:
            os.fsync(whole.fileno())
        os.link(draft, target)
        sync_folder(target.parent)
    finally:
        draft.unlink(missing_ok=True)
    return case


def _outside(shown: Shown) -> Shown:
    return lambda audience: audience not in access.INDOORS and shown(audience)


def _write(
    book: _Book,
    dossier: str,
    subject: str | None,
    target: Path,
    key: notes.Signer,
    shown: Shown,
    begin: Seen,
    seen: Seen,
) -> Case:
    case = Case(target)
    with transaction.snapshot() as conn:
        made = checkpoints.newest(conn, [dossier]).get(dossier)
        if made is None:
            raise Refusal("unknown-dossier")
        records = [r for r in queries.records_of(conn, dossier, subject, shown) if r.version <= made.seq]
        ids = [r.record for r in records]
        begin(bundles.count_of(conn, dossier, ids, made.seq) + len(records))
        book.put("checkpoint.note", made.note.encode())
        for no, note in enumerate(checkpoints.introductions(conn), 1):
            book.put(f"keys/{no:04d}.note", note.encode())
        history = []
        with book.growing("entries.ndjson") as write:
            for entry in bundles.proven(conn, dossier, ids, made.size, made.seq):
                told = _withheld(entry, shown)
                write(_line(told))
                history.append(told)
                seen(1)
    case.records, case.entries = len(records), len(history)
    visible = [r for r in records if shown(r.audience)]
    files = _originals(book, dossier, visible, case, seen)
    _pages(book, dossier, made, visible, history, files)
    _seal(book, dossier, made, key)
    return case


def _withheld(entry: Proven, shown: Shown) -> Proven:
    if shown(orjson.loads(entry.entry)["audience"]):
        return entry
    return Proven(entry.seq, entry.index, entry.entry, entry.path, None, None)


def _line(entry: Proven) -> bytes:
    def spelled(data: bytes | None) -> str | None:
        return None if data is None else base64.b64encode(data).decode()

    row = {
        "index": entry.index,
        "entry": spelled(entry.entry),
        "path": notes.spelled(entry.path),
        "salt": spelled(entry.salt),
        "payload": spelled(entry.payload),
    }
    return orjson.dumps(row) + b"\n"


def _originals(
    book: _Book, dossier: str, records: Sequence[Touched], case: Case, seen: Seen
) -> dict[str, str]:
    """Enclose the originals that these records name; their file names by digest."""
    store, files = office().store, dict[str, str]()
    for record in records:
        seen(1)
        named = {record.body.get("sha256"): record.body.get("mime", "")}
        named |= {record.body.get("pdf_sha256"): "application/pdf"}
        for digest, mime in named.items():
            if digest is None or digest in files or record.deleted:
                continue
            name = f"originals/{digest}{ENDINGS.get(mime, '')}"
            try:
                # Opened first: a file that is begun in a ZIP cannot be taken back.
                with (
                    store.open(original_key(dossier, digest)) as source,
                    book.growing(name, packed=False) as to,
                ):
                    shutil.copyfileobj(source, _Pipe(to, seen), 1 << 20)
            except BlobUnknown:
                case.absent.append(digest)
                continue
            files[digest] = name
            case.originals += 1
    return files


class _Pipe:
    def __init__(self, write: Callable[[bytes], None], seen: Seen) -> None:
        self._write, self._seen = write, seen

    def write(self, piece: bytes) -> None:
        self._write(piece)
        self._seen(0)


def _pages(
    book: _Book,
    dossier: str,
    made: Sealed,
    records: Sequence[Touched],
    history: Sequence[Proven],
    files: Mapping[str, str],
) -> None:
    kinds = office().journal.kinds
    when = datetime.fromisoformat(made.made_at)
    actors = {str(orjson.loads(entry.entry)["actor"]) for entry in history}
    with transaction.reading():
        known = names(actors)
    head = {
        "案卷 dossier": dossier,
        "检查点 checkpoint": f"{made.size} 条 entries, {made.made_at}",
        "根 root": notes.spelled([made.root])[0],
        "记录 records": str(len(records)),
        "留痕 entries": str(len(history)),
    }
    told = [rules.told(record, kinds[record.kind], files, known) for record in records]
    lines = [rules.line(queries.told(entry, known), kinds) for entry in history]
    book.put("index.html", rules.page(head, told, lines).encode())
    as_of = {"as_of": f"{when.astimezone(SHANGHAI):%Y-%m-%d %H:%M}"}
    # As of the checkpoint, and not of now: the same case has the same bytes.
    book.put("index.pdf", papers.pdf(TEMPLATE, rules.paper(head, told, lines) | as_of, made_at=when))
    book.put("README.txt", rules.README.encode())
    book.put("verify.py", Path(verifier.__file__).read_bytes())


def _seal(book: _Book, dossier: str, made: Sealed, key: notes.Signer) -> None:
    """The manifest of all files, and the house's signature over it."""
    origin = notes.checkpoint(notes.parse(made.note).text).origin
    files: dict[str, Any] = dict(book.files)
    listed = orjson.dumps({"dossier": dossier, "origin": origin, "files": files}, option=orjson.OPT_INDENT_2)
    now = rfc3339(office().clock())
    text = f"{rules.TITLE}\nat {now}\nmanifest {hashlib.sha256(listed).hexdigest()}\n"
    book.put("manifest.json", listed)
    book.put("manifest.note", notes.sign(text, [key]).encode())
