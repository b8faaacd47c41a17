"""Makes the cases that were asked for at the desk, as their askers may see them when they are made."""

from pathlib import Path
from typing import Any

import orjson
import structlog
from sqlalchemy import Row

from server import access
from server.errors import Refusal
from server.evidence.actions import TROUBLE
from server.exports import jobs as exports
from server.people.queries import standing
from server.transaction import reading

from . import actions, rules

log = structlog.get_logger()
STEPS = 200  # of entries, records and MiB of originals, after which it is told how far it is


def make_all() -> int:
    """Make the cases that wait; how many were made. A job of its own: a case takes minutes, and the files
    of the queue wait for none.
    """
    return exports.make_each({rules.FORM: _made})


def _made(row: Row[Any], claim: str, folder: Path) -> Path:
    """Raises exports.Lost, and Refusal, among them `not-permitted` where the asker no longer may."""
    said = orjson.loads(row.filter)
    with reading() as conn:
        actor = standing(conn, row.owner, "case")
    if actor is None or not access.may(actor, "case.read", said["dossier"]):
        raise Refusal("not-permitted")
    seen, path = access.audiences(actor.held[said["dossier"]]), folder / f"case.{rules.FORM}"
    way = _Way(row, claim)
    try:
        actions.export(
            said["dossier"],
            said["issue"],
            path,
            shown=lambda audience: access.sees(seen, audience) and audience not in said["without"],
            begin=way.begin,
            seen=way.seen,
        )
    except TROUBLE as wrong:
        log.error("a case cannot be sealed", dossier=said["dossier"], why=str(wrong))
        raise Refusal("not-sealed") from None
    return path


class _Way:
    """How far it is, told now and then; with it the claim goes on."""

    def __init__(self, row: Row[Any], claim: str) -> None:
        self._row, self._claim = row, claim
        self._done, self._total, self._steps = 0, 0, 0

    def begin(self, total: int) -> None:
        self._total = total
        exports.renew(self._row, self._claim, 0, total)

    def seen(self, more: int) -> None:
        self._done, self._steps = self._done + more, self._steps + 1
        if self._steps % STEPS == 0 or self._done == self._total:
            exports.renew(self._row, self._claim, self._done, self._total)
