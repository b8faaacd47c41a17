"""What is sealed goes into the archive by night, and a project's whole journal when it is closed."""

from . import actions


def archive_all() -> int:
    """Archive what has grown; how many objects were put."""
    return actions.run().objects


def archive_closed() -> int:
    """As `archive_all`, of dossiers that are closed: theirs is whole now."""
    closed = actions.closed()
    return actions.run(closed).objects if closed else 0
