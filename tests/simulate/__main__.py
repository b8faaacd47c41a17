"""`python -m tests.simulate RUNS [OFFSET] [FAULT]`: many seeds at once, and the first that fails."""

import collections
import multiprocessing
import sys
import time

from .faults import FAULTS, attempt


def _attempt(job: tuple[int, str]) -> tuple[int, str | None]:
    seed, fault = job
    return seed, FAULTS[fault].caught(seed) if fault else attempt(seed)


def main(arguments: list[str]) -> int:
    """Run the seeds over all cores; 1 if any failed (0 with a fault that was caught)."""
    runs = int(arguments[0]) if arguments else 300
    offset = int(arguments[1]) if len(arguments) > 1 else 0
    fault = arguments[2] if len(arguments) > 2 else ""
    began, failed = time.perf_counter(), {}
    jobs = [(seed, fault) for seed in range(offset, offset + runs)]
    with multiprocessing.Pool() as pool:
        for done, (seed, why) in enumerate(pool.imap_unordered(_attempt, jobs, chunksize=4), 1):
            if why is not None:
                failed[seed] = why
            if done % 250 == 0:
                print(f"… {done} runs, {len(failed)} failed", file=sys.stderr, flush=True)
    print(f"{fault or 'CLEAN'}: {runs} runs, {len(failed)} failed, {time.perf_counter() - began:.0f} s")
    kinds = collections.Counter(why[:40] for why in failed.values())
    for kind, count in kinds.most_common(8):
        seed = min(s for s, why in failed.items() if why.startswith(kind))
        print(f"  {count:5} × seed {seed}: {failed[seed][:400]}")
    return int(bool(failed) != bool(fault))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
