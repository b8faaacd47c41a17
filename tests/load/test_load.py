"""While a node is killed, the database stopped and the store stopped, phones work on, and nothing is lost.

PHONES=300 SECONDS=600 DATABASE_AWAY=30 STORE_AWAY=60 PAUSE=60 is the full size (`make load`), on a quiet
machine: there it fails where a goal is missed. In the suite it proves that nothing is lost, in little.
"""

import os
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from server import transaction
from server.photos import queries
from server.photos.actions import drain, settle_all
from sync import history, line
from sync.line import HttpLine
from tests.faults.test_store_kill import faults

from .phone import Phone
from .town import Town, town

PHONES = int(os.environ.get("PHONES", "8"))
SECONDS = float(os.environ.get("SECONDS", "9"))
DATABASE_AWAY_S = float(os.environ.get("DATABASE_AWAY", "1.5"))
STORE_AWAY_S = float(os.environ.get("STORE_AWAY", "2"))
PAUSE_S = float(os.environ.get("PAUSE", "0.8"))
WORKERS = int(os.environ.get("WORKERS", "1"))
AFTER_S = 10.0  # in which an exchange that began during a failure, or just after it, is not counted
GOAL_S, GOAL_GROWTH = 0.5, 1.25  # issue 8: p99; and what "flat" allows for caches that fill
HOME_S = 180.0
WARM = 0.15  # of the time: what every process loads once is loaded
SAMPLED_S = min(30.0, SECONDS / 10)  # how often it is looked how much memory is taken
GOALS_FROM = 300  # phones: below, a run proves that nothing is lost, and nothing of how long it took

pytestmark = [pytest.mark.journey, pytest.mark.usefixtures("credentials")]


def hands(number: int, here: Town) -> Phone:
    """A phone signed in, with a line to each node, its own first."""
    username = f"inspector-{number:03}"
    lines = []
    for turn in range(len(here.nodes)):
        node = here.nodes[(number + turn) % len(here.nodes)]
        way = HttpLine(node.url, timeout_s=60)
        token = here.house.desk(username, device=f"phone-{number}").token
        way._client.headers["Authorization"] = f"Bearer {token}"
        lines.append(way)
    folder = here.house.folder / "phones"
    folder.mkdir(exist_ok=True)
    phone = Phone(number, here.site(number), lines, folder, lambda: 0.0)
    # A working hour: most syncs are a pause apart, some follow at once, some come after a long silence.
    phone.pause = lambda: phone.rnd.choice((0.2, 0.6, 1.0, 1.0, 1.6, 2.0)) * PAUSE_S * phone.rnd.random() * 2
    return phone


class Failure(NamedTuple):
    """What was taken away, by the clock of time.monotonic: it began to fall at `since`, was `gone`, began to
    come `back` and was there again at `to`.
    """

    what: str
    since: float
    gone: float
    back: float
    to: float


class Watch(threading.Thread):
    """Looks again and again how much memory the node takes that is not killed; `highest` is in KiB."""

    def __init__(self, here: Town) -> None:
        super().__init__(daemon=True)
        self.here, self.ends, self.highest = here, threading.Event(), 0

    def run(self) -> None:
        while True:
            self.highest = max(self.highest, self.here.memory())
            if self.ends.wait(SAMPLED_S):
                return


def failures(here: Town, began: float) -> list[Failure]:
    """Take each part away once, and bring it back."""
    happened = []

    def away(
        what: str, share: float, span_s: float, take: Callable[[], object], bring: Callable[[], object]
    ) -> None:
        time.sleep(max(0.0, began + share * SECONDS - time.monotonic()))
        since = time.monotonic()
        take()
        gone = time.monotonic()
        time.sleep(span_s)
        back = time.monotonic()
        bring()
        happened.append(Failure(what, since, gone, back, time.monotonic()))

    south = here.nodes[1]
    # Long enough that a phone comes to it meanwhile, also where there are eight.
    away("node killed", 0.2, min(2.5 * PAUSE_S, 2.0), south.kill, south.start)
    away("database stopped", 0.45, DATABASE_AWAY_S, here.postgres.stop, here.postgres.start)
    away("store stopped", 0.7, STORE_AWAY_S, here.store.kill, here.store.start)
    time.sleep(max(0.0, began + SECONDS - time.monotonic()))
    return happened


def test_nothing_is_lost_while_parts_fail_under_load(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    # A photograph comes in pieces, for the last one is not acknowledged before the store has the whole.
    monkeypatch.setattr(line, "CHUNK", 32 * 1024)
    with town(tmp_path, WORKERS) as here:
        here.staff(PHONES)
        phones = [hands(number, here) for number in range(PHONES)]
        began = time.monotonic()
        for phone in phones:
            phone.start()
        time.sleep(SECONDS * WARM)
        memory, watch = here.memory(), Watch(here)
        watch.start()
        happened = failures(here, began)
        for phone in phones:
            phone.ends.set()
        for phone in phones:
            phone.join(HOME_S)
        watch.ends.set()
        watch.join()
        growth = here.memory() / memory
        with capsys.disabled():
            print(report(phones, happened, growth, watch.highest / memory))
        assert [phone.name for phone in phones if not phone.home] == []
        assert [fault for phone in phones for fault in phone.seen.faults] == []
        told_of_the_failures(phones, happened)
        everything_is_there(here, phones)
        if PHONES >= GOALS_FROM:
            assert percentiles(phones, happened)[1] <= GOAL_S and growth <= GOAL_GROWTH


def told_of_the_failures(phones: list[Phone], happened: list[Failure]) -> None:
    """A failure that nobody noticed was none: the run would prove nothing. Photographs come while the store
    is away, into staging.
    """
    refused = sum((phone.seen.refused for phone in phones), Counter())
    assert sum(phone.seen.no_line for phone in phones) > 0
    assert refused["database-unavailable"] + refused["busy"] > 0, refused
    assert meanwhile(phones, happened) > 0, "no upload went on while the store was away"


def meanwhile(phones: list[Phone], happened: list[Failure]) -> int:
    """How often bytes of a photograph were acknowledged while there was no store."""
    [away] = [failure for failure in happened if failure.what == "store stopped"]
    return sum(away.gone < at < away.back for phone in phones for at in phone.seen.carried)


def everything_is_there(here: Town, phones: list[Phone]) -> None:
    """Every issue once, every photograph at rest and the same bytes, every journal linked."""
    with here.house.app.app_context():
        deadline = time.monotonic() + HOME_S
        wanted = {digest for phone in phones for digest in phone.photos.values()}
        while not wanted <= at_rest() and time.monotonic() < deadline:
            drain()
            settle_all()
            time.sleep(0.2)
        assert wanted <= at_rest()
        assert faults(here.house) == []  # each is read from the store again and hashed
        kinds = here.house.app.extensions["office"].journal.kinds
        for site in here.sites:
            with transaction.reading() as conn:
                verified = history.verify(conn, site, kinds, None)
                there = Counter(
                    record.record
                    for batch in history.standing_records(conn, site, kinds)
                    for record in batch
                    if record.kind == "issue"
                )
            assert verified.fault is None, (site, verified.fault)
            made = [issue for phone in phones if phone.site == site for issue in phone.made]
            assert there == Counter(made), site


def at_rest() -> set[str]:
    with transaction.reading() as conn:
        return {digest for _, digest in queries.at_rest(conn)}


def percentiles(phones: list[Phone], happened: list[Failure]) -> tuple[float, float, int]:
    """p50 and p99 of the exchanges beside the failures, in seconds, and how many they are."""
    took = sorted(s for p in phones for at, s in p.seen.took if not near(at, s, happened))
    if not took:
        return 0.0, float("nan"), 0
    return took[len(took) // 2], took[int(len(took) * 0.99)], len(took)


def report(phones: list[Phone], happened: list[Failure], growth: float, highest: float) -> str:
    """What the run came to; `growth` and `highest` are of memory, to what was taken once it was warm."""
    p50, p99, counted = percentiles(phones, happened)
    every = sum(len(phone.seen.took) for phone in phones)
    refused = dict(sum((phone.seen.refused for phone in phones), Counter()))
    no_line = sum(phone.seen.no_line for phone in phones)
    away = ", ".join(f"{one.what} {one.to - one.since:.0f} s" for one in happened)
    return "\n".join(
        (
            f"\nload: {len(phones)} phones, {SECONDS:.0f} s, {every} exchanges ({counted} beside failures)",
            f"  failures: {away}; refused meanwhile {refused}, without a line {no_line}",
            f"  p50 {p50 * 1000:.0f} ms, p99 {p99 * 1000:.0f} ms: "
            f"{'met' if p99 <= GOAL_S else 'missed'} (goal {GOAL_S * 1000:.0f})",
            f"  issues {sum(len(p.made) for p in phones)}, photographs {sum(len(p.photos) for p in phones)}; "
            f"bytes acknowledged {meanwhile(phones, happened)} times while the store was away",
            f"  memory of the node that lived × {growth:.2f} since it was warm (highest × {highest:.2f}): "
            f"{'met' if growth <= GOAL_GROWTH else 'missed'} (goal {GOAL_GROWTH})",
        )
    )


def near(at: float, took_s: float, happened: list[Failure]) -> bool:
    after = min(AFTER_S, SECONDS / 20)
    return any(at + took_s >= one.since and at <= one.to + after for one in happened)
