"""What is sealed goes into the archive by night, and a project's whole journal when it is closed.

Where an authority stamps it, that is asked for at once, and again each hour until it has.
"""

from . import actions


def archive_all() -> int:
    """Archive what has grown; how many objects were put."""
    return actions.run().objects + actions.stamp_all()


def archive_closed() -> int:
    """As `archive_all`, of dossiers that are closed: theirs is whole now."""
    closed = actions.closed()
    archived = actions.run(closed).objects if closed else 0
    return archived + actions.stamp_all()
