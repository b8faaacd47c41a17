"""Figures for Prometheus: what this node has done, told over all its processes (docs/operations.md).

A worker answers for its node: each process writes its figures into small files of the folder that they
share (figures.py), and whoever is asked reads them all. Without the folder, in a command or a test, a
process has only its own.
"""

import os
from collections import Counter as Tally
from collections.abc import Iterable, Mapping
from typing import Any

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    REGISTRY,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
    multiprocess,
)

from .figures import WHERE

# From a question answered out of memory to the patience of a phone.
BUCKETS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)

REQUESTS = Counter("xunjian_requests", "Requests answered.", ["route", "method", "status"])
REQUEST_S = Histogram(
    "xunjian_request_seconds", "From the whole request to its answer.", ["route", "method"], buckets=BUCKETS_S
)
REFUSALS = Counter("xunjian_refusals", "Refusals by code (docs/errors.md).", ["code"])
EXCHANGES = Counter("xunjian_exchanges", "Exchanges, by what they asked for.", ["asked"])
PUSHED = Histogram(
    "xunjian_exchange_changes", "Changes in one push.", buckets=(0, 1, 2, 5, 10, 25, 50, 100, 250, 500)
)
OUTCOMES = Counter("xunjian_outcomes", "What became of changes, repeated ones apart.", ["outcome"])
ENTRIES = Counter("xunjian_journal_entries", "Entries appended to journals.")
UPLOADED = Counter("xunjian_upload_bytes", "Bytes of uploads that this node has taken in.")
STORED = Counter("xunjian_originals_stored", "Originals verified and brought to rest.")
JOB_DONE = Gauge(
    "xunjian_job_last_success_timestamp_seconds",
    "When a job last ended well.",
    ["job"],
    multiprocess_mode="max",
)
JOB_S = Gauge(
    "xunjian_job_last_seconds", "How long a job took last.", ["job"], multiprocess_mode="mostrecent"
)
JOB_RUNS = Counter("xunjian_job_runs", "Runs of jobs.", ["job", "ended"])
LEADS = Gauge("xunjian_leader", "Whether this node's jobs lead.", multiprocess_mode="mostrecent")
CONNECTIONS = Gauge("xunjian_connections", "Connections held open.", multiprocess_mode="livesum")
TAKEN_IN = Gauge("xunjian_taken_in_bytes", "Bytes of requests on their way in.", multiprocess_mode="livesum")
WAITING = Gauge(
    "xunjian_waiting_requests", "Requests that wait for a thread.", ["room"], multiprocess_mode="livesum"
)
FREE = Gauge("xunjian_disk_free_bytes", "Room on a disk.", ["folder"], multiprocess_mode="mostrecent")
READ_ONLY = Gauge("xunjian_read_only", "Whether the house is in read-only mode.", multiprocess_mode="max")
SHOWN = Counter("xunjian_shown", "Readings of what is only shown, where there is a standby.", ["server"])
STANDBY_BEHIND_BYTES = Gauge(
    "xunjian_standby_behind_bytes", "Log that the standby has not replayed.", multiprocess_mode="livemax"
)
STANDBY_BEHIND_S = Gauge(
    "xunjian_standby_behind_seconds",
    "Age of what it replayed last, 0 while nothing is missing.",
    multiprocess_mode="livemax",
)


def told() -> tuple[bytes, str]:
    """The figures as Prometheus reads them, and their content type."""
    registry = REGISTRY
    if os.environ.get(WHERE):
        registry = CollectorRegistry()
        multiprocess.MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return generate_latest(registry), CONTENT_TYPE_LATEST


def judged(outcomes: Iterable[Mapping[str, Any]], appended: int) -> None:
    """Count what became of changes, and the entries that they led to; once it is durable."""
    ENTRIES.inc(appended)
    tally = Tally(outcome["status"] for outcome in outcomes if not outcome["replay"])
    for status, count in tally.items():
        OUTCOMES.labels(status).inc(count)


def numbered(route: str, method: str, status: int, took_s: float) -> None:
    """Count an answer; `route` is its rule, never a path that somebody made up."""
    REQUESTS.labels(route, method, str(status)).inc()
    REQUEST_S.labels(route, method).observe(took_s)
