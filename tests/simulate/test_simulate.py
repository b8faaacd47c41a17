"""Whole worlds from seeds keep every invariant, and the checks notice every seeded fault."""

import os
import subprocess
import sys

import pytest

from sync import history

from .faults import FAULTS, attempt
from .world import run

RUNS = int(os.environ.get("SIMULATE_RUNS", "100"))
OFFSET = int(os.environ.get("SIMULATE_OFFSET", "0"))
BATCH = 25  # seeds a test: enough for two workers to share the work evenly


@pytest.mark.parametrize("first", range(OFFSET, OFFSET + RUNS, BATCH))
def test_every_invariant_holds_in_every_world(first: int) -> None:
    seeds = range(first, min(first + BATCH, OFFSET + RUNS))
    failed = {seed: said for seed in seeds if (said := attempt(seed)) is not None}
    assert not failed, f"`python -m tests.simulate 1 {min(failed)}` shows {failed}"


@pytest.mark.skipif("SIMULATE_FAULTS" not in os.environ, reason="minutes; `make simulate` runs them")
@pytest.mark.parametrize("name", FAULTS)
def test_a_seeded_fault_is_noticed(name: str) -> None:
    fault = FAULTS[name]
    noticed = any(fault.caught(seed) for seed in range(fault.budget))
    assert noticed, f"{name} passed {fault.budget} worlds: the checks or the workload are too weak"


def test_a_fault_is_gone_when_its_test_is_over() -> None:
    fault = FAULTS["no_cas"]
    before = fault.edits[0].function().__code__
    with fault.injected():
        assert fault.edits[0].function().__code__ is not before
    assert fault.edits[0].function().__code__ is before


def test_a_seed_makes_the_same_world_in_every_process() -> None:
    said = "from tests.simulate.test_simulate import last_hash; print(last_hash())"
    hashes = {
        subprocess.run(
            [sys.executable, "-c", said],
            env=os.environ | {"PYTHONHASHSEED": salt},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for salt in ("1", "2")
    }
    assert len(hashes) == 1


def last_hash(steps: int = 60) -> list[str]:
    """The ends of the journals of the first worlds that come through."""
    ends = []
    for seed in (1, 2, 4):
        world = run(seed, steps)
        with world.server.reading() as conn:
            ends.append(history.verify(conn, world.dossiers[0]).head)
    return ends
