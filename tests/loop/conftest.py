"""A site with the law entered, a leader, and a second inspector's eyes."""

import pytest

from server.law import actions as law
from tests.support.house import House

WJ = "project:wj-01"
FIRM = "party:91110105MA0XD00162"


@pytest.fixture
def office(site: House) -> House:
    """The site of every test, with provisions, working days and a director."""
    with site.app.app_context():
        law.enter_provisions(law.given())
        law.enter_calendar(2026)
    site.person("sun", "director", WJ)
    return site
