"""What a fault means to who asked: a refusal with its way out. Only our own are logged with a trace."""

import structlog
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from . import readonly
from .errors import Refusal

log = structlog.get_logger()
REFUSES_WRITES = "25006"  # read_only_sql_transaction: a standby, or a database that was told so


def refusal(wrong: Exception) -> Refusal:
    """The refusal by which `wrong` is answered, and a line in the log where somebody has to look."""
    if isinstance(wrong, Refusal):
        return wrong
    if isinstance(wrong, PoolTimeout):
        return Refusal("busy")
    if isinstance(wrong, DBAPIError):
        said = str(wrong.orig).lower()
        if "disk is full" in said or "no space left" in said:
            log.error("disk full", error=said[:200])
            return Refusal("disk-full")
        if "readonly database" in said or getattr(wrong.orig, "sqlstate", None) == REFUSES_WRITES:
            log.error("database refuses writes", error=said[:200])
            return readonly.refusal()
        if isinstance(wrong, OperationalError) or wrong.connection_invalidated:
            log.error("database unavailable", error=said[:200])
            return Refusal("database-unavailable")
    log.error("unexpected", exc_info=wrong)
    return Refusal("internal")
