"""A world in which first loads come as files too: made at some time, fetched later, taken in later still."""

import gzip
import tempfile
from pathlib import Path
from types import MappingProxyType
from typing import Any

import orjson

from sync import snapshots
from sync.arrival import rfc3339
from sync.journal import Journal

from .phone import Phone
from .world import WEIGHTS, World

FILES = MappingProxyType(
    dict(
        WEIGHTS
        | {"prepare": 5, "regain": 5, "fetch": 12, "take": 5, "grant": 5, "restore": 1.5, "collect": 4}
    )
)


class FileWorld(World):
    """As any world; the scheduler prepares files, and phones fetch what they were offered."""

    def __init__(self, seed: int, chances: Any = None) -> None:
        super().__init__(seed, chances)
        # Pages are small: a load that is over after one has no use for a file.
        self.transport.page_limit = lambda: self.rnd.choice((1, 1, 2, 3))
        self.rest: dict[str, bytes] = {}  # what rests in the store, by digest
        self.arriving: list[tuple[Phone, int, Any, bytes]] = []  # to which phone, in which of its lives

    def do_prepare(self) -> None:
        """The scheduler makes a file of some audience."""
        dossier, audience = self.rnd.choice(self.dossiers), self.rnd.choice(self.work.audiences)
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "file"
            with self.server.reading() as conn:
                head = Journal.heads(self.server.journal, conn, [dossier])[dossier]
                if head.seq == 0:
                    return
                made = snapshots.write(conn, dossier, audience, head, file, rfc3339(self.now))
            self.rest[made.sha256] = file.read_bytes()
        with self.server.writing() as conn:
            snapshots.note(conn, made)

    def do_regain(self) -> None:
        """An audience is taken from somebody and given back: their phone begins to load it anew."""
        phone, dossier = self.rnd.choice(self.phones), self.rnd.choice(self.dossiers)
        held = set(self.server.grants[phone.person][dossier])
        if not held:
            return
        self.server.grant(phone.person, dossier, held - {self.rnd.choice(sorted(held))})
        self.transport.exchange(phone)
        self.server.grant(phone.person, dossier, held)
        for _ in range(2):
            self.transport.exchange(phone)

    def do_fetch(self) -> None:
        """A phone asks for a file that it was offered, perhaps long ago."""
        offered = [phone for phone in self.phones if phone.replica.offers]
        if not offered:
            return
        phone = self.rnd.choice(offered)
        offer = self.rnd.choice(phone.replica.offers)
        if self.rnd.random() < 0.7:
            phone.replica.offers.remove(offer)
        data = self._served(phone, offer)
        if data is None:
            return
        if self.rnd.random() < 0.4:  # it comes over a thin line, and what was true may change meanwhile
            self.arriving.append((phone, phone.life, offer, data))
        else:
            self._take(phone, offer, data)

    def do_take(self) -> None:
        """A file has come in whole, if its phone still runs."""
        if not self.arriving:
            return
        phone, life, offer, data = self.arriving.pop(self.rnd.randrange(len(self.arriving)))
        if life == phone.life:
            self._take(phone, offer, data)

    def _take(self, phone: Phone, offer: Any, data: bytes) -> None:
        dies_after = self.rnd.randrange(24) if self.rnd.random() < self.transport.chances.phone_dies else None
        with self.watch.taking(phone, {}):
            phone.survives(lambda: phone.replica.take_snapshot(offer, data), dies_after)

    def _served(self, phone: Phone, offer: Any) -> bytes | None:
        """The file, if it is still offered and the phone's person may read it now (I11)."""
        if offer.audience not in self.server.granted(phone.person).get(offer.dossier, ()):
            return None
        with self.server.reading() as conn:
            there = snapshots.offered(conn, [offer.dossier]).get((offer.dossier, offer.audience))
        if there is None or there.sha256 != offer.sha256:
            return None
        records = self.server.records(offer.dossier)
        for line in gzip.decompress(self.rest[offer.sha256]).splitlines():
            item = orjson.loads(line)
            row = records[item["record"]]
            assert row["audience"] == offer.audience and not row["deleted"], "I11 a file holds what has left"
            self.watch._put(offer.dossier, offer.audience, there.epoch, item, row)
        return self.rest[offer.sha256]
