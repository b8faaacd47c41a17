"""Forty phones on one dossier: none is refused, none meets a lock error, each change stands once.

SECONDS=60 (`make contention`) is the full size; it prints what was seen, and no time is asserted.
"""

import os
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from server import transaction
from sync import history
from tests.support.databases import DatabaseFactory

from .phones import Phone, quantile, together
from .serving import PEOPLE, WJ, Office, serving

SECONDS = float(os.environ.get("SECONDS_OF_CONTENTION", "5"))
PHONES = 40

pytestmark = pytest.mark.journey


@pytest.fixture
def office(
    database: str, factories: Callable[[str], DatabaseFactory], tmp_path: Path
) -> Iterator[tuple[str, Office]]:
    """As `xunjian serve` starts it when nothing else is said."""
    url = factories(database).fresh()
    with serving(url, tmp_path) as served:
        yield database, served
    factories(database).dispose(url)


def test_forty_phones_on_one_dossier_are_all_answered(
    office: tuple[str, Office], capsys: pytest.CaptureFixture[str]
) -> None:
    database, served = office
    people = [username for username, _ in PEOPLE]
    phones = [
        Phone(served.server.port, served.token(people[n % len(people)], f"phone-{n}"), n)
        for n in range(PHONES)
    ]
    seconds = together(phones, SECONDS)
    errors = sum((p.errors for p in phones), Counter[str]())
    with capsys.disabled():
        print(f"\n{told(database, phones, seconds)}")
    assert errors == {}
    with served.house.app.app_context(), transaction.reading() as conn:
        assert history.verify(conn, WJ).fault is None
        at = {r.seq: r.change for r in history.entries(conn, WJ)}
    assert sorted(at) == list(range(1, len(at) + 1))
    outcomes = [o for p in phones for o in p.told.values()]
    assert {o["id"]: at[o["seq"]] for o in outcomes} == {o["id"]: o["id"] for o in outcomes}
    assert len(at) == len(outcomes) + 1  # the project itself
    assert all(p.told for p in phones)


def told(database: str, phones: list[Phone], seconds: float) -> str:
    """The table of one run, and how evenly the phones were served."""
    took = [t for p in phones for t in p.took_s]
    changes = sum(len(p.told) for p in phones)
    errors = sum(sum(p.errors.values()) for p in phones)
    served = sorted(len(p.took_s) for p in phones)
    heads = ("", "requests", "errors", "p50 ms", "p95 ms", "p99 ms", "max ms", "changes/s")
    row = (
        *(database, str(len(took)), str(errors)),
        *(f"{quantile(took, share):.0f}" for share in (0.5, 0.95, 0.99, 1)),
        f"{changes / seconds:.0f}",
    )
    lines = ["  ".join(f"{cell:>10}" for cell in line) for line in (heads, row)]
    return "\n".join([*lines, f"{'':>12}requests a phone: {served[0]} to {served[-1]}"])
