"""When the journal is signed at once, and otherwise."""

from collections.abc import Mapping

ENTRIES = 1_000  # audit.md §2: a checkpoint after so many entries, whatever the clock says
# The formal acts: after these steps a paper or a result may be held against the office by others, so the
# journal is signed before anybody is told. kind → transitions.
FORMAL: Mapping[str, frozenset[str]] = {
    "notice": frozenset({"issue", "serve", "void", "close"}),
    "inspection": frozenset({"review", "publish"}),
    "issue": frozenset({"close", "close_major", "refer", "settle"}),
    "extension": frozenset({"grant", "grant_anyway", "refuse"}),
    "plan": frozenset({"approve"}),
    "template": frozenset({"publish", "withdraw"}),
    "block": frozenset({"void"}),
    "handover": frozenset({"give", "appoint", "take"}),
}


def is_formal(kind: str, step: str | None) -> bool:
    """Whether this step of a record of this kind is a formal act."""
    return step in FORMAL.get(kind, ())
