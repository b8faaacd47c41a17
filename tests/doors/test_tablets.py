"""A tablet that several people share, with one key for all of them; and a phone that becomes one person's."""

from sync import signatures
from tests.support.house import Desk, House

from .conftest import Handset, code
from .test_devices import refused


def test_several_people_share_a_tablet_and_none_of_them_is_another(admin: Desk, site: House) -> None:
    tablet = Handset(site)
    said = tablet.enrol(code(admin, shared=True)).json
    assert set(said) == {"device", "offline_hours"}
    sessions = {}
    for who in ("li", "wang"):
        assert tablet.sign_in(who).json["user"]["username"] == who
        sessions[who] = tablet.session
    site.clock.passes(hours=11)
    for who, session in sessions.items():
        tablet.session = session
        assert tablet.renew().json["user"]["username"] == who
    # It goes from hand to hand: a working day after the password, nobody is signed in any more.
    site.clock.passes(hours=1)
    assert refused(tablet.renew()) == (401, "token-expired")


def test_everybody_at_a_shared_tablet_signs_with_its_one_key(admin: Desk, site: House) -> None:
    tablet = Handset(site)
    tablet.enrol(code(admin, shared=True))
    for who in ("li", "wang"):
        tablet.sign_in(who)
        claim = signatures.claim(tablet.id, tablet.private)
        for _ in range(2):  # the first reply may be lost
            said = tablet.at().exchange(device_key=claim)["device_key"]
            assert said == {"key": tablet.key, "why": None}, who


def test_a_phone_with_work_of_others_becomes_nobodys_own_and_the_code_stays_good(
    admin: Desk, site: House
) -> None:
    li, wang = site.people["li"], site.people["wang"]
    made, phone = code(site.desk("li")), Handset(site)
    answer = phone.enrol(made, unsent=[li, wang])
    assert refused(answer) == (409, "work-of-others") and answer.json["details"]["people"] == [wang]
    assert phone.enrol(made, unsent=[li]).json["user"]["username"] == "li"
    assert phone.enrol(made, unsent=[wang]).json["device"] == phone.id, "a lost reply is no new enrolment"
    assert Handset(site).enrol(code(admin, shared=True), unsent=[li, wang]).status_code == 200
