"""What is let go of."""

from server.office import office
from server.transaction import writing

from . import actions


def forget_journeys() -> int:
    """Those who went to the provider and never came back; how many."""
    with writing() as conn:
        return actions.forget(conn, office().clock())
