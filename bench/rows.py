"""The rows of the table, in their order, and how much is measured for each."""

from collections.abc import Callable

from . import evidence, growth, pictures, queueing, reading, writing
from .house import House
from .measure import Size, Step
from .results import Result

SIZES = {
    "full": Size(
        batches=12,
        singles=600,
        pulled=10_000,
        deltas=200,
        million=1_000_000,
        grown=(10_000, 100_000, 1_000_000, 5_000_000),
        photographs=400,
        developed=9,
    ),
    "ci": Size(
        batches=4,
        singles=120,
        pulled=5_000,
        deltas=40,
        million=50_000,
        grown=(10_000, 30_000),
        photographs=100,
        developed=3,
    ),
}
ROWS: dict[str, Callable[[House, Size, Step], list[Result]]] = {
    "push": writing.push,
    "hot": writing.hot,
    "single": writing.single,
    "merge": writing.merge,
    "pull": reading.pull,
    "delta": reading.delta,
    "delta1m": reading.delta_million,
    "memory": reading.memory,
    "queue": queueing.queue,
    "counts": queueing.counts,
    "bulk": queueing.many,
    "kpi": queueing.kpi,
    "intake": pictures.intake,
    "rendition": pictures.rendition,
    "watermark": pictures.watermark,
    "duplicates": pictures.duplicates,
    "append": evidence.append,
    "verify": evidence.verify,
    "proof": evidence.proof,
    # The last, for it fills the house.
    "growth": growth.growth,
}
