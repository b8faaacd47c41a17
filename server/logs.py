"""Structured logs: one JSON object a line on standard error, without anybody's values in the traces."""

import logging
import sys
from typing import TextIO

import structlog

# What every line goes through, whoever wrote it. `merge_contextvars` brings the request's id, or the job's
# name, into each line of that request or job (passage.py, scheduler.py).
SHARED: tuple[structlog.typing.Processor, ...] = (
    structlog.contextvars.merge_contextvars,
    structlog.processors.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.format_exc_info,
    structlog.processors.UnicodeDecoder(),
)
_JSON = structlog.processors.JSONRenderer(ensure_ascii=False)


def configure() -> None:
    """Set structlog up for the process. Local variables stay out of traces: they hold people's data."""
    structlog.configure(
        processors=[*SHARED, _JSON],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=False,
    )


def handler(stream: TextIO | None = None) -> logging.Handler:
    """What writes the lines of Python's own logging (gunicorn, APScheduler, boto3) in the same form."""
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[*SHARED, structlog.stdlib.add_logger_name],
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, _JSON],
    )
    made = logging.StreamHandler(stream or sys.stderr)
    made.setFormatter(formatter)
    return made


def take_over() -> None:
    """Have this process write what others log (from a warning on) as it writes its own lines."""
    logging.root.handlers[:] = [handler()]
    logging.root.setLevel(logging.WARNING)
