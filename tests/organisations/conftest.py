"""A site whose people hold posts in the office too, so that they meet its register."""

import pytest

from server.organisations.actions import register
from tests.support.house import House

OFFICE, WJ = "office:cy", "project:wj-01"
FIRM, OTHER = "91110105MA0XD00162", "91350100M000100Y43"
STREET = "110105026"


@pytest.fixture
def town(site: House) -> House:
    """The site of every test, its people in the office, and the register that the house comes with."""
    for who, role in {"li": "inspector", "zhang": "supervisor", "ding": "administrator"}.items():
        site.person(who, role, OFFICE)
    site.person("zhao", "contractor", OFFICE, firm=FIRM)
    with site.app.app_context():
        register.load(register.given()[0])
    return site
