"""A disk whose power can fail at any moment: an SQLite VFS that remembers what was synced and what not.

The disk keeps the order of all that was asked of it. What it holds after a power cut is made
afterwards, for any moment and as often as wanted: what was synced before stands; of what was only
written, a part.
"""

import random
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Literal

import apsw

SECTOR = 512  # the most that every disk writes whole or not at all
Survives = Literal["nothing", "something", "everything"]


@dataclass(frozen=True, slots=True)
class Act:
    """One thing asked of the disk. A truncation is to `offset`; `told` marks what a caller was told."""

    what: Literal["write", "truncate", "sync", "delete", "told"]
    name: str = ""
    offset: int = 0
    data: bytes = b""
    told: Any = None


@dataclass
class Disk:
    """What programs see (`files`), and all that led to it (`acts`), from a state that was synced."""

    files: dict[str, bytearray] = field(default_factory=dict)
    acts: list[Act] = field(default_factory=list)
    first: dict[str, bytes] = field(default_factory=dict)

    def begin(self) -> None:
        """From here on the power may fail; what there is now was written long ago."""
        self.first = {name: bytes(data) for name, data in self.files.items()}
        self.acts.clear()

    def after_power_cut(self, moment: int, survives: Survives, rnd: random.Random) -> dict[str, bytes]:
        """The files as found when the power went after the act number `moment`."""
        stands = {name: bytearray(data) for name, data in self.first.items()}
        floating: dict[str, list[Act]] = {}
        ghosts: dict[str, bytearray] = {}
        for act in self.acts[:moment]:
            if act.what == "sync":
                # A file's first sync also syncs its name (unixSync of SQLite does).
                _apply(stands.setdefault(act.name, bytearray()), floating.pop(act.name, []))
                ghosts.pop(act.name, None)
            elif act.what == "delete":
                floating.pop(act.name, None)
                if act.name in stands:
                    ghosts[act.name] = stands.pop(act.name)
            elif act.what != "told":
                floating.setdefault(act.name, []).append(act)
        for name, data in ghosts.items():  # a folder that was not synced may show the old file again
            if rnd.random() < 0.5:
                floating.pop(name, None)
                stands[name] = data
        for name, acts in floating.items():
            kept = list(_kept(acts, survives, rnd))
            if name in stands or kept:
                _apply(stands.setdefault(name, bytearray()), kept)
        return {name: bytes(data) for name, data in stands.items()}


def _apply(data: bytearray, acts: Iterable[Act]) -> None:
    for act in acts:
        if act.what == "truncate":
            del data[act.offset :]
            continue
        data.extend(bytes(max(0, act.offset - len(data))))
        data[act.offset : act.offset + len(act.data)] = act.data


def _kept(acts: list[Act], survives: Survives, rnd: random.Random) -> Iterable[Act]:
    """What reached the disk of what was never synced; a disk reorders, and tears at sectors."""
    if survives == "everything":
        yield from acts
    if survives != "something":
        return
    share = rnd.random()
    for act in acts:
        if act.what == "truncate":
            if rnd.random() < share:
                yield act
            continue
        torn = rnd.random() < 0.5
        yield from (a for a in (_sectors(act) if torn else [act]) if rnd.random() < share)


def _sectors(act: Act) -> Iterable[Act]:
    """The pieces that a write may be torn into."""
    start = 0
    while start < len(act.data):
        end = start + SECTOR - (act.offset + start) % SECTOR
        yield Act("write", act.name, act.offset + start, act.data[start:end])
        start = end


class DiskVFS(apsw.VFS):
    """The disk under a name that SQLite opens files by. Temporary files are the disk's too."""

    def __init__(self, name: str, disk: Disk) -> None:
        self.disk = disk
        super().__init__(name, "")

    def xOpen(self, name: Any, flags: list[int]) -> "DiskFile":
        path = name.filename() if isinstance(name, apsw.URIFilename) else name or "temporary"
        self.disk.files.setdefault(path, bytearray())
        flags[1] = flags[0]
        return DiskFile(self.disk, path)

    def xAccess(self, path: str, _flags: int) -> bool:
        return path in self.disk.files

    def xDelete(self, path: str, _sync_folder: bool) -> None:
        if self.disk.files.pop(path, None) is not None:
            self.disk.acts.append(Act("delete", path))

    def xFullPathname(self, name: str) -> str:
        return name


class DiskFile:
    """One open file. There is one connection, in exclusive mode, so locks need not be kept."""

    def __init__(self, disk: Disk, path: str) -> None:
        self.disk, self.path = disk, path

    def xRead(self, amount: int, offset: int) -> bytes:
        return bytes(self.disk.files[self.path][offset : offset + amount])

    def xWrite(self, data: bytes, offset: int) -> None:
        self._do(Act("write", self.path, offset, bytes(data)))

    def xTruncate(self, size: int) -> None:
        self._do(Act("truncate", self.path, size))

    def xSync(self, _flags: int) -> None:
        self.disk.acts.append(Act("sync", self.path))

    def xFileSize(self) -> int:
        return len(self.disk.files[self.path])

    def xLock(self, _level: int) -> None:
        pass

    def xUnlock(self, _level: int) -> None:
        pass

    def xCheckReservedLock(self) -> bool:
        return False

    def xFileControl(self, _op: int, _pointer: int) -> bool:
        return False

    def xSectorSize(self) -> int:
        return SECTOR

    def xDeviceCharacteristics(self) -> int:
        return 0  # it promises nothing

    def xClose(self) -> None:
        pass

    def _do(self, act: Act) -> None:
        _apply(self.disk.files[self.path], [act])
        self.disk.acts.append(act)
