"""A record in another audience: who saw it there hears that it left, and what is asked about it follows."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from .change import Change
from .conflicts import STRICTEST
from .minutes import State

if TYPE_CHECKING:
    from .sitting import Sitting

AUDIENCE = "@audience"  # who last moved a record, beside who last wrote its fields


def meanwhile(sitting: "Sitting", change: Change, state: State) -> bool:
    """Whether somebody else has put the record into another audience since the author looked."""
    elsewhere = change.audience != state.audience
    written, trunk = sitting.written(state), sitting.trunk(change, state)
    return elsewhere and written.moved(AUDIENCE, trunk, sitting.author.device)


def confided(sitting: "Sitting", changes: Sequence[Change]) -> Iterator[str]:
    """The open parked work over records that these changes put where fewest read."""
    for change in changes:
        if change.audience == STRICTEST:
            yield from sitting.open_pieces.get(change.record, ())


def move(sitting: "Sitting", change: Change, state: State) -> str | None:
    """Put the record, and its open conflicts, into the audience the change names. Open parked work holds what
    may come into the record: it goes where fewest read with it, and stays there.

    Returns the audience that the record leaves, or None if it stays.
    """
    if change.audience is None or change.audience == state.audience:
        return None
    was, seq = state.audience, sitting.minutes.seq + 1
    state.move(change.audience, seq)
    state.seqs[AUDIENCE], state.devices[AUDIENCE] = seq, sitting.author.device
    for name in sitting.open_conflicts.get(change.record, ()):
        conflict = sitting.states.get(name)
        if conflict is not None and conflict.audience == was:
            conflict.move(change.audience, seq)
    pieces = tuple(confided(sitting, [change]))
    sitting.read_states(pieces)  # they were read already, unless this change was parked work itself
    for piece in (sitting.states[name] for name in pieces):
        if piece.audience != STRICTEST:
            piece.move(STRICTEST, seq)
    return was
