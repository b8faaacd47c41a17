"""The loop's office in early October, so that a year's figures have a past."""

from datetime import UTC, datetime

import pytest

from tests.loop.conftest import furnishing, office
from tests.support.house import Clock

__all__ = ["furnishing", "office"]


@pytest.fixture
def clock() -> Clock:
    """Everybody's posts begin here."""
    return Clock(datetime(2026, 10, 8, 1, tzinfo=UTC))
