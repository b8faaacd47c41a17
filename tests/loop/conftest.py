"""A site with the law entered, a leader, and a second inspector's eyes."""

from server.law import actions as law
from tests.support.house import House, on_site

WJ = "project:wj-01"
SUPERVISION, CLIENT = "91110105MA0XD01206", "91350100M000100Y43"
FIRM = "party:91110105MA0XD00162"


def furnish(house: House) -> None:
    """On top of the site: provisions, working days, a director, and who else the law names: Jian supervises
    the works, Jia pays for them, Shen audits the office.
    """
    with house.app.app_context():
        law.enter_provisions(law.given())
        law.enter_calendar(2026)
    house.person("sun", "director", WJ)
    house.person("jian", "supervision", WJ, firm=SUPERVISION)
    house.person("jia", "client", WJ, firm=CLIENT)
    house.person("shen", "auditor", WJ)


furnishing, office = on_site("loop", furnish, known="sun")
