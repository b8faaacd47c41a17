"""What is made of photographs after they came: their smaller versions, before anybody asks."""

from contextlib import suppress

from media.pictures import shows_heic
from server import transaction
from server.errors import Refusal

from . import actions, queries

# A decode takes a third of a second at most: one run of the job ends before the next is due.
AT_ONCE = 100


def develop_all(most: int = AT_ONCE) -> int:
    """Develop originals that nobody asked for yet, the newest first; returns how many were tried.

    One that cannot be shown is noted, and not tried again, unless its format can be shown by now.
    """
    states = ("ok", "reduced", "unsupported") if shows_heic() else ("ok",)
    with transaction.reading() as conn:
        waiting = queries.undeveloped(conn, most, states)
    for dossier, digest in waiting:
        with suppress(Refusal):
            actions.develop(dossier, digest)
    return len(waiting)
