"""`python -m tests.simulate RUNS [OFFSET] [house | FAULT]`: many seeds at once, and the first that fails.

`python -m tests.simulate first` looks for the seeds that catch the faults soonest.
"""

import collections
import json
import multiprocessing
import os
import sys
import time

from .faults import FAULTS, FIRST
from .injection import attempt

EVERY_S = 15  # between two lines of progress


def _attempt(job: tuple[int, str]) -> tuple[int, str | None]:
    seed, what = job
    if what in FAULTS:
        return seed, FAULTS[what].caught(seed)
    return seed, attempt(seed, house=what == "house")


def _quiet() -> None:
    """A house logs every request; here the parent alone speaks."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)


def _first(name: str) -> tuple[str, tuple[int, str] | None]:
    return name, FAULTS[name].noticed()


def look_for_first_seeds() -> int:
    """Write down for each fault the first seed that catches it; 1 if one was not caught."""
    found: dict[str, int] = {}
    pool = multiprocessing.Pool(initializer=_quiet)
    for name, noticed in pool.imap_unordered(_first, FAULTS):
        print(f"{name}: {noticed or 'NOT NOTICED'}", flush=True)
        if noticed is not None:
            found[name] = noticed[0]
    pool.close()
    pool.join()
    FIRST.write_text(json.dumps(found, indent=1, sort_keys=True) + "\n")
    return int(set(found) != set(FAULTS))


def main(arguments: list[str]) -> int:
    """Run the seeds over all cores; 1 if any failed (0 with a fault that was caught)."""
    if arguments[:1] == ["first"]:
        return look_for_first_seeds()
    runs = int(arguments[0]) if arguments else 300
    offset = int(arguments[1]) if len(arguments) > 1 else 0
    what = arguments[2] if len(arguments) > 2 else ""
    began, failed = time.perf_counter(), {}
    told = began
    jobs = [(seed, what) for seed in range(offset, offset + runs)]
    pool = multiprocessing.Pool(initializer=_quiet)
    for done, (seed, why) in enumerate(pool.imap_unordered(_attempt, jobs, chunksize=4), 1):
        if why is not None:
            failed[seed] = why
        if time.perf_counter() - told > EVERY_S:
            told = time.perf_counter()
            print(f"… {done} of {runs} runs, {len(failed)} failed", file=sys.stderr, flush=True)
    pool.close()
    pool.join()  # not terminated: a house takes its folder away when it ends
    print(f"{what or 'engine'}: {runs} runs, {len(failed)} failed, {time.perf_counter() - began:.0f} s")
    kinds = collections.Counter(why[:40] for why in failed.values())
    for kind, count in kinds.most_common(8):
        seed = min(s for s, why in failed.items() if why.startswith(kind))
        print(f"  {count:5} × seed {seed}: {failed[seed][:400]}")
    return int(bool(failed) != (what in FAULTS))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
