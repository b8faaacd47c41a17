"""One inspector's phone over an hour: it saves work, syncs now and then, and brings photographs home."""

import hashlib
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from server.catalogue import journal
from sync.line import HttpLine, NoLine, Refused
from sync.replica import Replica
from tests.support.house import ISSUE, jpeg, new_id

T = TypeVar("T")
PATIENCE_S = 60.0
PHOTOGRAPHED = 0.25  # of the issues
PHOTO_BYTES = (60_000, 250_000)
# What a phone is told while a part is away; each comes with `retry`, and the phone comes again.
AWAY = frozenset({"database-unavailable", "store-unavailable", "busy", "upload-unknown"})


@dataclass
class Seen:
    """What one phone lived through: (moment, seconds) of each exchange that was answered, by the clock of
    time.monotonic; what it was refused; when it had no line.
    """

    took: list[tuple[float, float]] = field(default_factory=list)
    refused: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)
    no_line: int = 0
    carried: list[float] = field(default_factory=list)  # when bytes of a photograph were acknowledged


class Phone(threading.Thread):
    """`lines` are those to the nodes: where one is away it takes the next, as a proxy would. `made` are the
    issues it saved, `photos` the digests of its photographs by record.
    """

    def __init__(
        self, number: int, site: str, lines: Sequence[HttpLine], folder: Path, pause: Callable[[], float]
    ) -> None:
        super().__init__(daemon=True, name=f"phone-{number}")
        self.site, self.lines, self.folder, self.pause = site, list(lines), folder, pause
        self.rnd = random.Random(number)
        self.seen, self.made, self.photos = Seen(), list[str](), dict[str, str]()
        self.ends = threading.Event()
        self.home = False
        self.path = folder / f"{self.name}.db"

    # -- the line, as the replica sees it -----------------------------------------------------
    def exchange(self, body: bytes) -> bytes:
        began = time.monotonic()
        answer = self._by_some_node(lambda line: line.exchange(body))
        self.seen.took.append((began, time.monotonic() - began))
        return answer

    def fetch(self, url: str) -> bytes:
        return self._by_some_node(lambda line: line.fetch(url))

    def _by_some_node(self, ask: Callable[[HttpLine], T]) -> T:
        try:
            return ask(self.lines[0])
        except NoLine:
            self.seen.no_line += 1
            self.lines.append(self.lines.pop(0))
            raise

    # -- the day ------------------------------------------------------------------------------
    def run(self) -> None:
        """Work until told to stop, then come home: until nothing is unsent. Nobody begins, or ends, at the
        same moment as all others.
        """
        replica = Replica(
            self.path, kinds=journal().kinds, clock=lambda: datetime.now(UTC), new_id=new_id, device=self.name
        )
        try:
            while not self.ends.wait(self.pause()):
                self._work(replica)
                self._sync(replica)
            time.sleep(self.pause() / 4)
            deadline = time.monotonic() + 2 * PATIENCE_S
            while replica.unsent() and time.monotonic() < deadline:
                self._sync(replica)
                time.sleep(self.rnd.uniform(0.1, 0.5))
            self.home = not replica.unsent()
        except Exception as wrong:
            self.seen.faults.append(repr(wrong))
        finally:
            replica.close()
            for line in self.lines:
                line.close()

    def _work(self, replica: Replica) -> None:
        for _ in range(self.rnd.choice((0, 1, 1, 2, 5))):
            said = ISSUE | {"title": f"临边防护缺失 {self.rnd.randrange(10**6)}"}
            issue = replica.create(self.site, "issue", {n: {"set": v} for n, v in said.items()})
            self.made.append(issue)
            if self.rnd.random() < PHOTOGRAPHED:
                self._photograph(replica, issue)
        if self.made and self.rnd.random() < 0.4:
            part = {"part": {"set": f"{self.rnd.randrange(30)}层"}}
            replica.update(self.site, self.rnd.choice(self.made), part)

    def _photograph(self, replica: Replica, issue: str) -> None:
        data = jpeg(f"hsl({self.rnd.randrange(360)},60%,50%)", (320, 240))
        data += self.rnd.randbytes(self.rnd.randint(*PHOTO_BYTES))
        digest = hashlib.sha256(data).hexdigest()
        path = self.folder / f"{digest}.jpg"
        path.write_bytes(data)
        said = {"subject": issue, "sha256": digest, "size": len(data), "mime": "image/jpeg"}
        said |= {"taken_at": "2026-11-21T10:00:00Z"}
        photo = replica.create(self.site, "photo", {n: {"set": v} for n, v in said.items()})
        replica.attach(self.site, photo, path, digest, "image/jpeg")
        self.photos[photo] = digest

    def _sync(self, replica: Replica) -> None:
        try:
            replica.sync(self, rounds=20)
            for waiting in replica.awaiting_bytes():
                self._upload(waiting)
                replica.note_stored(waiting["photo"])
        except NoLine:
            pass
        except Refused as refused:
            self.seen.refused[refused.code] += 1
            wordless = (refused.status, refused.code) == (503, "unknown")  # how far an upload is: a HEAD
            if (refused.code not in AWAY and not wordless) or refused.remedy not in ("retry", "drop"):
                self.seen.faults.append(str(refused))

    def _upload(self, waiting: dict[str, str]) -> None:
        path = Path(waiting["path"])
        said = {n: waiting[n] for n in ("dossier", "photo", "sha256", "mime", "name")}
        heard = self.seen.carried
        self._by_some_node(
            lambda line: line.upload(path, **said, progress=lambda _offset: heard.append(time.monotonic()))
        )
