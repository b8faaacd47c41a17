"""A site with the law entered, a leader, and a second inspector's eyes."""

import pytest

from server.law import actions as law
from tests.support.house import House

WJ = "project:wj-01"
SUPERVISION, CLIENT = "91110105MA0XD01206", "91350100M000100Y43"
FIRM = "party:91110105MA0XD00162"


@pytest.fixture
def office(site: House) -> House:
    """The site of every test, with provisions, working days, a director, and who else the law names:
    Jian supervises the works, Jia pays for them, Shen audits the office.
    """
    with site.app.app_context():
        law.enter_provisions(law.given())
        law.enter_calendar(2026)
    site.person("sun", "director", WJ)
    site.person("jian", "supervision", WJ, firm=SUPERVISION)
    site.person("jia", "client", WJ, firm=CLIENT)
    site.person("shen", "auditor", WJ)
    return site
