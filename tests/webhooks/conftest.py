"""The house and the receivers of the notifications' tests serve here too."""

from tests.notifications.conftest import opened, there, town

__all__ = ["opened", "there", "town"]
