"""Reading for a backup, and reading a backup: the tables at one moment, and a file that proves itself."""

import hashlib
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import orjson
from sqlalchemy import Connection, MetaData, Table, func, select

from media.store import Store, original_key
from sync.history import Links

from . import rules

PAGE = 1_000  # rows fetched at a time; some hundred bytes each
Seen = Callable[[int], object]


class Damaged(ValueError):
    """A file is no backup, or not the whole of one; the sentence says where it fails."""


def unseen(count: int) -> None:
    """Nobody watches."""


def tables(conn: Connection) -> list[Table]:
    """Every table there is, those first that others point to; read from the database itself, so that
    no table can be forgotten.
    """
    found = MetaData()
    found.reflect(conn)
    return found.sorted_tables


def kept(conn: Connection) -> list[Table]:
    """The tables that a backup holds."""
    return [table for table in tables(conn) if table.name not in rules.LEFT_OUT]


def count(conn: Connection, table: Table) -> int:
    """How many rows it has."""
    return conn.execute(select(func.count()).select_from(table)).scalar_one()


def rows(conn: Connection, table: Table) -> Iterator[Sequence[Any]]:
    """All rows in the order of the primary key, in constant memory."""
    found = conn.execution_options(stream_results=True, yield_per=PAGE).execute(
        select(*table.columns).order_by(*table.primary_key.columns)
    )
    yield from found


def plain(name: str) -> str:
    """A name that the database told, as text: SQLAlchemy's own kind of text is refused by JSON."""
    return "".join(name)


def columns(table: Table) -> list[list[str]]:
    """Name and type of each column, as the manifest says them. Raises KeyError for a type that no
    backup can hold yet.
    """
    return [[plain(column.name), rules.TYPES[column.type.python_type]] for column in table.columns]


@dataclass
class Opened:
    """A backup file. Raises Damaged where it is none.

    `faults` says what is wrong with its contents; `rows` reads a table.
    """

    path: Path
    manifest: dict[str, Any] = field(init=False)
    _book: zipfile.ZipFile = field(init=False)

    def __post_init__(self) -> None:
        try:
            self._book = zipfile.ZipFile(self.path)
            self.manifest = orjson.loads(self._book.read(rules.MANIFEST))
            known = self.manifest.get("format")
        except (zipfile.BadZipFile, KeyError, orjson.JSONDecodeError, AttributeError) as wrong:
            raise Damaged(f"{self.path.name} is not a whole backup: {wrong}") from None
        if known != rules.FORMAT:
            raise Damaged(f"{self.path.name} is of the format {known!r}, not {rules.FORMAT!r}")

    def close(self) -> None:
        """Let go of the file."""
        self._book.close()

    @property
    def keys(self) -> dict[str, Any] | None:
        """The wrapped keys, or None where the backup was made without a passphrase."""
        found = rules.KEYS in self._book.namelist()
        return orjson.loads(self._book.read(rules.KEYS)) if found else None

    @property
    def total(self) -> int:
        """How many rows all tables have."""
        return sum(said["rows"] for said in self.manifest["tables"].values())

    def rows(self, table: str, seen: Seen = unseen) -> Iterator[list[Any]]:
        """The rows of a table. Raises Damaged at the latest after the last, where they are not those
        that were written.
        """
        said, digest, found = self.manifest["tables"][table], hashlib.sha256(), 0
        types = [kind for _, kind in said["columns"]]
        try:
            with self._book.open(rules.table_member(table)) as lines:
                for line in lines:
                    digest.update(line)
                    found += 1
                    yield rules.read(line, types)
                    if found % PAGE == 0:
                        seen(PAGE)
        except (zipfile.BadZipFile, KeyError, ValueError, EOFError, OSError, zlib.error) as wrong:
            raise Damaged(f"{table}: line {found}: {wrong}") from None
        seen(found % PAGE)
        if found != said["rows"] or digest.hexdigest() != said["sha256"]:
            raise Damaged(f"{table}: {found} rows that are not the {said['rows']} that were written")

    def faults(self, seen: Seen = unseen) -> Iterator[str]:
        """Read everything again: what is not as it was written, and where a journal does not link."""
        for table in self.manifest["tables"]:
            if table in ("entries", "payloads", "dossiers"):
                continue
            try:
                for _ in self.rows(table, seen):
                    pass
            except Damaged as wrong:
                yield str(wrong)
        try:
            yield from self._broken_links(seen)
        except Damaged as wrong:
            yield str(wrong)

    def _broken_links(self, seen: Seen) -> Iterator[str]:
        heads = {row["dossier"]: row for row in self._named("dossiers", seen)}
        if {d: h["seq"] for d, h in heads.items()} != {
            d: h["seq"] for d, h in self.manifest["dossiers"].items()
        }:
            yield "the manifest names other heads than the table of dossiers"
        chains = {dossier: Links() for dossier in heads}
        broken: set[str] = set()
        for entry, payload in zip_longest(self._named("entries", seen), self._named("payloads", seen)):
            if entry is None or payload is None or not _same_place(entry, payload):
                raise Damaged("entries and payloads are not of the same length and order")
            dossier = entry["dossier"]
            row = SimpleNamespace(**entry, salt=payload["salt"], payload=payload["bytes"])
            if dossier not in chains:
                raise Damaged(f"{dossier}: entries without a head")
            fault = None if dossier in broken else chains[dossier].take(row)[0]
            if fault is not None:
                broken.add(dossier)
                yield f"{dossier}: entry {fault.seq}: {fault.why}"
        for dossier in sorted(heads.keys() - broken):
            fault = chains[dossier].end(heads[dossier]["seq"], heads[dossier]["hash"])
            if fault is not None:
                yield f"{dossier}: entry {fault.seq}: {fault.why}"

    def _named(self, table: str, seen: Seen) -> Iterator[dict[str, Any]]:
        names = [name for name, _ in self.manifest["tables"][table]["columns"]]
        return (dict(zip(names, row, strict=True)) for row in self.rows(table, seen))

    def originals(self) -> Iterator[tuple[str, str, int]]:
        """(dossier, sha256, size) of each original that the books name. Raises Damaged."""
        return ((row["dossier"], row["sha256"], row["size"]) for row in self._named("blobs", unseen))

    def lacking(self, store: Store, *, read: bool = False) -> Iterator[str]:
        """Keys of originals that the books name and that do not rest in `store`, or not as they were:
        by size, with `read` by digest.
        """
        for dossier, sha256, size in self.originals():
            key = original_key(dossier, sha256)
            if store.has(key) != size or (read and _digest(store, key) != sha256):
                yield key


def _digest(store: Store, key: str) -> str:
    with store.open(key) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()  # type: ignore[arg-type]


def _same_place(entry: dict[str, Any], payload: dict[str, Any]) -> bool:
    return (entry["dossier"], entry["seq"]) == (payload["dossier"], payload["seq"])


def newest(place: Path) -> Path:
    """The backup itself, or the newest in a folder. Raises Damaged where there is none."""
    if place.is_file():
        return place
    found = sorted(place.glob(f"*{rules.SUFFIX}")) if place.is_dir() else []
    if not found:
        raise Damaged(f"there is no backup in {place}")
    return found[-1]
