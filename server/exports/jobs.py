"""Makes the files that were asked for, page by page of the queue, and clears those whose time is up.

Claim, write, note: the claim is renewed with each page and runs out when its holder dies; then the
file is made again from its first row. Rows are read as the asker may see them at that moment.
"""

import errno
import hashlib
import tempfile
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import orjson
import structlog
from marshmallow import ValidationError
from sqlalchemy import Connection, Row, func, or_, select, update

from media import papers
from media.errors import MediaError
from media.sheets import CsvSheet, ExcelSheet, Sheet
from media.store import EXPORTS, export_key
from server import access
from server.endpoint import Actor
from server.errors import Refusal
from server.issues import queries as issues
from server.issues.routes import Narrow, narrowed
from server.law.rules import SHANGHAI
from server.office import office
from server.people.queries import standing
from server.transaction import reading, shown, writing
from sync.arrival import rfc3339

from . import queries, rules
from .queries import x

log = structlog.get_logger()
PAGE = 500
CLAIM = timedelta(minutes=2)  # renewed with each page; a page takes a second
ATTEMPTS = 5
SLOWEST = 1_000_000  # bytes a second that a store takes in, while nobody can renew the claim
TEMPLATE = Path(__file__).parent / "data" / "table.typ"
Rows = Iterator[list[dict[str, Any]]]
Maker = Callable[[Row[Any], str, Path], Path]  # of a line and our claim, in a folder: the file


class Lost(Exception):
    """The file is no longer ours to make: given up, or another's after our claim ran out."""


def make_all() -> int:
    """Make the files of the queue that wait, the smallest first; how many were made."""
    return make_each(dict.fromkeys(rules.FORMS, _written))


def make_each(makers: Mapping[str, Maker]) -> int:
    """Make what waits in these forms, each by its maker, the smallest first; how many files were made."""
    made = 0
    while (name := _next(makers)) is not None:
        claim = office().new_id()
        row = _claim(name, claim)
        made += row is not None and _make(row, claim, makers[row.form])
    return made


def _waiting() -> tuple[Any, ...]:
    free = or_(x.c.claimed_until.is_(None), x.c.claimed_until <= rfc3339(office().clock()))
    return (x.c.state.in_(queries.UNDER_WAY), free)


def _next(forms: Collection[str]) -> str | None:
    with reading() as conn:  # most times nothing waits, and SQLite has one writer
        order, ours = (x.c.rows_total, x.c.asked_at, x.c.id), x.c.form.in_(sorted(forms))
        return conn.execute(select(x.c.id).where(ours, *_waiting()).order_by(*order).limit(1)).scalar()


def _claim(name: str, claim: str) -> Row[Any] | None:
    """The file in our hand; None where another was quicker, and where its makers have died too often."""
    until = rfc3339(office().clock() + CLAIM)
    said = {"state": "working", "rows_done": 0, "attempts": x.c.attempts + 1, "claimed_until": until}
    mine = (x.c.id == name, *_waiting())
    with writing() as conn:
        worn = update(x).where(*mine, x.c.attempts >= ATTEMPTS)
        conn.execute(worn.values(state="failed", why=func.coalesce(x.c.why, "internal")))
        taken = conn.execute(update(x).where(*mine).values(said | {"claimed_by": claim}))
        return conn.execute(select(x).where(x.c.id == name)).one() if taken.rowcount else None


def _make(row: Row[Any], claim: str, maker: Maker) -> bool:
    """Make one file and note it; what went wrong is noted too, and tried again."""
    try:
        with tempfile.TemporaryDirectory(dir=office().config.scratch) as folder:
            _rest(row, claim, maker(row, claim, Path(folder)))
    except Lost:
        return False
    except Refusal as refused:
        _failed(row, claim, refused.code, last=True)
        return False
    except Exception as wrong:
        # One file that cannot be made must not hold the others up; it is tried again, and seen.
        log.exception("export not made", export=row.id)
        _failed(row, claim, _code(wrong), last=False)
        return False
    return True


def _code(wrong: Exception) -> str:
    if isinstance(wrong, OSError) and wrong.errno in (errno.ENOSPC, errno.EDQUOT):
        return "disk-full"
    return wrong.code if isinstance(wrong, MediaError) else "internal"


def _written(row: Row[Any], claim: str, folder: Path) -> Path:
    path = folder / f"issues.{row.form}"
    pages = _pages(row, claim)
    if row.form == "pdf":
        path.write_bytes(_paper(row, pages))
        return path
    sheet: Sheet = CsvSheet(path, rules.TITLES)
    if row.form == "xlsx":
        sheet = ExcelSheet(path, rules.TITLES, name="问题清单", folder=folder)
    with sheet:
        for page in pages:
            sheet.add(rules.row(item) for item in page)
    return path


def _pages(row: Row[Any], claim: str) -> Rows:
    """The queue page by page, with the asker's posts of that moment. Raises Lost, and Refusal
    `not-permitted` where they hold none any more.
    """
    try:
        said = narrowed(Narrow().load(orjson.loads(row.filter)))
    except ValidationError:
        raise Refusal("malformed") from None  # asked for before a release that knows it no more
    page, done = None, 0
    while True:
        wanted = said | {"sort": row.sort, "page": page, "limit": PAGE}
        found = shown(partial(_page, row.owner, wanted))
        yield found["items"]
        done += len(found["items"])
        renew(row, claim, done)
        page = found["next"]
        if page is None:
            return


def _page(owner: str, wanted: Mapping[str, Any]) -> dict[str, Any]:
    with reading() as conn:
        return issues.queue(_asker(conn, owner), wanted, office().clock())


def _asker(conn: Connection, owner: str) -> Actor:
    actor = standing(conn, owner, "export")
    if actor is None or not access.where(actor, "issue.read"):
        raise Refusal("not-permitted")
    return actor


def renew(row: Row[Any], claim: str, done: int, total: int | None = None) -> None:
    """Tell how far it is, and go on for as long as a claim lasts. Raises Lost."""
    until = rfc3339(office().clock() + CLAIM)
    total = max(done, row.rows_total if total is None else total)
    _note(row, claim, {"rows_done": done, "rows_total": total, "claimed_until": until})


def _note(row: Row[Any], claim: str, said: dict[str, Any]) -> None:
    with writing() as conn:
        ours = update(x).where(x.c.id == row.id, x.c.claimed_by == claim)
        if not conn.execute(ours.values(said)).rowcount:
            raise Lost


def _paper(row: Row[Any], pages: Rows) -> bytes:
    """The table on paper. Raises Refusal `export-too-large` where it has grown since it was asked for."""
    lines: list[list[str]] = []
    for page in pages:
        lines += [rules.printed(item) for item in page]
        if len(lines) > rules.PDF_ROWS:
            raise Refusal("export-too-large", rows=row.rows_total, most=rules.PDF_ROWS)
    now = office().clock()
    with reading() as conn:
        asker = _asker(conn, row.owner)
    data = {
        "title": "问题清单 Issues",
        "narrowed": rules.summary(orjson.loads(row.filter)),
        "asker": asker.name,
        "as_of": f"{now.astimezone(SHANGHAI):%Y-%m-%d %H:%M}",
        "columns": [{"zh": c.zh, "en": c.en, "share": c.share} for c in rules.PRINTED],
        "rows": lines,
    }
    return papers.pdf(TEMPLATE, data, made_at=now)


def _rest(row: Row[Any], claim: str, path: Path) -> None:
    """Bytes first, then the line that offers them. Raises Lost, and what the store raises."""
    here = office()
    with path.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    carried = timedelta(seconds=path.stat().st_size / SLOWEST)
    _note(row, claim, {"claimed_until": rfc3339(here.clock() + CLAIM + carried)})
    here.store.put(export_key(row.id, sha256, row.form), path, sha256=sha256)
    now = here.clock()
    said: dict[str, Any] = {"state": "ready", "why": None}
    said |= {"made_at": rfc3339(now), "expires_at": rfc3339(now + rules.KEPT)}
    said |= {"sha256": sha256, "size": path.stat().st_size, "claimed_by": None, "claimed_until": None}
    _note(row, claim, said)


def _failed(row: Row[Any], claim: str, why: str, *, last: bool) -> None:
    """Tried again when the claim has run out, so many times."""
    given_up = {"state": "failed", "claimed_by": None, "claimed_until": None}
    said: dict[str, Any] = {"why": why} | (given_up if last or row.attempts >= ATTEMPTS else {})
    try:
        _note(row, claim, said)
    except Lost:
        log.info("export given up meanwhile", export=row.id)


def clear() -> int:
    """Let go of files whose time is up, and of bytes that a killed maker left; how many there were."""
    here = office()
    now = here.clock()
    with writing() as conn:
        past = (x.c.state == "ready", x.c.expires_at <= rfc3339(now))
        conn.execute(update(x).where(*past).values(state="expired", sha256=None, size=None))
    gone = 0
    for names in _batches(here.store.folders(EXPORTS)):
        with reading() as conn:
            offered = queries.resting(conn, names)
        for name in names:
            for resting in here.store.walk(f"{EXPORTS}/{name}"):
                mine = offered.get(name)
                fresh = name in offered and mine is None and now - resting.since < rules.KEPT
                if (mine is None or mine not in resting.key) and not fresh:
                    here.store.drop(resting.key)
                    gone += 1
    return gone


def _batches(names: Iterator[str]) -> Iterator[Sequence[str]]:
    batch: list[str] = []
    for name in names:
        batch.append(name)
        if len(batch) == PAGE:
            yield batch
            batch = []
    if batch:
        yield batch
