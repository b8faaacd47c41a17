"""A device gets in by a code once, by its key from then on, and not at all once it is revoked."""

import threading
from typing import Any

import pytest
from sqlalchemy import text

from server import transaction
from server.cli import main
from server.scheduler import jobs
from sync import signatures
from tests.support.house import PASSWORD, Desk, House, issue

from .conftest import WJ, Handset, code


def refused(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json["code"]


def test_a_phone_gets_in_by_a_code_and_its_key(site: House) -> None:
    desk = site.desk("li")
    made = desk.call("POST", "/api/v1/devices/codes", json={"name": "李的手机"}).json
    assert made["link"].endswith(f"/phone/#enrol={made['code']}") and made["qr"].startswith("<svg")
    phone = Handset(site)
    said = phone.enrol(made["code"]).json
    assert said["user"]["username"] == "li" and (said["expires_in"], said["offline_hours"]) == (600, 72)
    assert (
        said["user"]["posts"] == [{"dossier": WJ, "role": "inspector", "firm": None}] and said["wipe"] is None
    )
    assert phone.at().push(WJ, issue())[0]["status"] == "applied"
    [listed] = desk.get("/api/v1/devices")["items"]
    assert (listed["id"], listed["key"], listed["name"]) == (phone.id, phone.key, "李的手机")


def test_the_database_holds_no_code_no_token_and_no_private_key(handset: Handset, site: House) -> None:
    with site.app.app_context(), transaction.reading() as conn:
        rows = "".join(
            str(conn.execute(text(f"SELECT * FROM {table}")).all())
            for table in ("enrolments", "devices", "sessions", "watchbook")
        )
    assert handset.token not in rows and handset.token.rpartition(".")[2] not in rows
    assert str(handset.private.private_numbers().private_value) not in rows


def test_a_code_is_good_for_one_key_and_ten_minutes(site: House) -> None:
    first, other = code(site.desk("li")), code(site.desk("li"))
    assert Handset(site).enrol(first).status_code == 200
    assert refused(Handset(site).enrol(first)) == (401, "enrolment-void")
    assert refused(Handset(site).enrol("x" * 32)) == (401, "enrolment-void")
    site.clock.passes(minutes=10)
    assert refused(Handset(site).enrol(other)) == (401, "enrolment-void")


def test_who_made_a_code_and_nobody_else_sees_which_device_it_enrolled(site: House, admin: Desk) -> None:
    said = {"name": "李的手机", "person": site.people["li"]}
    made = admin.call("POST", "/api/v1/devices/codes", json=said).json
    path = f"/api/v1/devices/codes/{made['id']}"
    told = {"id": made["id"], "name": "李的手机", "expires_at": made["expires_at"], "device": None}
    assert admin.get(path) == told
    phone = Handset(site)
    assert refused(phone.enrol(made["id"])) == (401, "enrolment-void"), "what it is asked by enrols nothing"
    assert phone.enrol(made["code"]).status_code == 200
    assert admin.get(path) == told | {"device": phone.id}
    site.clock.passes(minutes=9)
    assert admin.get(path)["device"] == phone.id
    for other in (site.desk("li"), site.desk("wang")):
        assert refused(other.call("GET", path)) == (404, "not-found")
    assert refused(admin.call("GET", f"/api/v1/devices/codes/{made['code']}")) == (404, "not-found")


def test_a_lost_reply_to_an_enrolment_gets_the_same_device_and_token_twenty_times(site: House) -> None:
    made, phone = code(site.desk("li")), Handset(site)
    answers = [phone.enrol(made).json for _ in range(21)]
    assert len({(a["device"], a["session"], a["access_token"]) for a in answers}) == 1
    assert len(site.desk("li").get("/api/v1/devices")["items"]) == 1


def test_a_token_is_good_for_ten_minutes_and_the_key_gets_another(handset: Handset, site: House) -> None:
    site.clock.passes(seconds=599)
    assert handset.at().get("/api/v1/projects")
    site.clock.passes(seconds=1)
    assert refused(handset.at().call("GET", "/api/v1/projects")) == (401, "token-expired")
    said = handset.renew().json
    assert said["session"] == handset.session and said["expires_in"] == 600
    assert handset.at(said["access_token"]).get("/api/v1/projects")


def test_a_lost_reply_to_a_renewal_gets_the_same_token_twenty_times(handset: Handset, site: House) -> None:
    site.clock.passes(minutes=9)
    answers = []
    for _ in range(21):
        answers.append(handset.renew("renewal-number-one").json["access_token"])
        site.clock.passes(seconds=5)
    assert len(set(answers)) == 1
    assert handset.renew("renewal-number-two").json["access_token"] != answers[0]


def test_ten_renewals_at_once_under_one_name_get_one_token(handset: Handset, site: House) -> None:
    site.clock.passes(minutes=9)
    answers = [a.json["access_token"] for a in at_once(10, lambda: handset.renew("renewal-number-one"))]
    assert len(set(answers)) == 1 and handset.at(answers[0]).get("/api/v1/projects")


def test_ten_renewals_at_once_under_ten_names_shut_nobody_out(handset: Handset, site: House) -> None:
    answers = [a.json["access_token"] for a in at_once(10, handset.renew)]
    assert all(handset.at(token).get("/api/v1/projects") for token in answers)


def at_once(times: int, ask: Any) -> list[Any]:
    """The answers to so many requests that begin together."""
    answers: list[Any] = []
    gate = threading.Barrier(times)

    def one() -> None:
        gate.wait()
        answers.append(ask())

    threads = [threading.Thread(target=one) for _ in range(times)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == times
    return answers


def test_a_proof_is_good_once_also_for_ten_at_once(handset: Handset) -> None:
    proof = handset.proof(f"/api/v1/devices/{handset.id}/token")
    answers = at_once(10, lambda: handset.renew(proof=proof))
    assert sorted(a.status_code for a in answers) == [200, *[401] * 9]
    assert refused(handset.renew(proof=proof)) == (401, "proof-replayed")


def test_a_stolen_token_gets_no_other_and_is_over_in_ten_minutes(handset: Handset, site: House) -> None:
    thief = Handset(site, id=handset.id, session=handset.session, token=handset.token)
    assert refused(thief.renew()) == (401, "proof-wrong")
    bare = site.app.test_client().post(
        f"/api/v1/devices/{handset.id}/token", json={"session": handset.session, "renewal": "r" * 16}
    )
    assert refused(bare) == (401, "proof-required")
    made = thief.at().call("POST", "/api/v1/devices/codes", json={"name": "x"})
    assert made.status_code == 201  # within ten minutes of Li's own sign-in: as good as Li
    site.clock.passes(minutes=10)
    fresh = handset.renew().json["access_token"]
    assert refused(thief.at().call("GET", "/api/v1/projects")) == (401, "token-expired")
    again = handset.at(fresh).call("POST", "/api/v1/devices/codes", json={"name": "x"})
    assert refused(again) == (403, "sign-in-again")
    with_password = {"name": "x", "password": PASSWORD}
    assert handset.at(fresh).call("POST", "/api/v1/devices/codes", json=with_password).status_code == 201


def test_a_token_is_what_we_made_and_its_session_alone_opens_nothing(handset: Handset) -> None:
    said, _, mark = handset.token.rpartition(".")
    name, session, until = said.split(".")
    other = ("B" if mark[0] == "A" else "A") + mark[1:]
    forged = (
        *(session, f"{name}.{session}", f"{name}.{session}.{until}", f"{said}.{other}"),
        *(f"{name}.{session}.{int(until) + 600}.{mark}", f"{name}.{session}.x.{mark}", f"{name}..{mark}"),
    )
    for token in forged:
        assert refused(handset.at(token).call("GET", "/api/v1/projects")) == (401, "token-expired"), token


def test_an_enrolled_device_is_nobody_elses_even_with_the_password(handset: Handset, site: House) -> None:
    said = {"username": "li", "password": PASSWORD, "device": handset.id}
    bare = site.app.test_client().post("/api/v1/session", json=said)
    assert refused(bare) == (401, "proof-required")
    assert refused(Handset(site, id=handset.id).sign_in("li")) == (401, "proof-wrong")
    assert refused(handset.sign_in("wang")) == (403, "device-of-another")
    assert refused(Handset(site, id="never-seen").sign_in("li")) == (403, "device-unenrolled")
    assert handset.sign_in("li").status_code == 200


def test_a_device_keeps_its_name_unless_it_is_anothers(site: House) -> None:
    before = site.desk("li", device="phone-of-li")
    site.desk("wang", device="phone-of-wang")
    taken = Handset(site).enrol(code(site.desk("li")), "phone-of-wang")
    assert refused(taken) == (409, "device-taken")
    phone = Handset(site)
    assert phone.enrol(code(site.desk("li")), "phone-of-li").json["device"] == "phone-of-li"
    assert refused(before.call("GET", "/api/v1/projects")) == (401, "token-expired")
    assert refused(phone.enrol(code(site.desk("li")))) == (409, "device-taken")


@pytest.mark.parametrize("name", [".", "..", "-", ":x", "_x"])
def test_a_device_calls_itself_nothing_that_an_address_does_not_reach(site: House, name: str) -> None:
    assert refused(Handset(site).enrol(code(site.desk("li")), name)) == (400, "malformed")
    assert refused(Handset(site, id=name).sign_in("li")) == (400, "malformed")
    assert Handset(site).enrol(code(site.desk("li")), "1.._:-").json["device"] == "1.._:-"


def test_a_device_that_has_such_a_name_from_before_is_ended_by_the_command(
    handset: Handset, site: House
) -> None:
    with site.app.app_context(), transaction.writing() as conn:
        conn.execute(text("UPDATE devices SET id = '..' WHERE id = :id"), {"id": handset.id})
    ended = site.app.test_cli_runner().invoke(main, ["device", "revoke", "..", "丢失"])
    assert ended.exit_code == 0, ended.output
    assert site.desk("li").get("/api/v1/devices")["items"][0]["revoked_at"]


def test_a_phone_that_was_out_of_touch_for_longer_than_allowed_wants_the_password(handset: Handset) -> None:
    clock = handset.house.clock
    clock.passes(hours=71)
    assert handset.renew().status_code == 200
    clock.passes(hours=72)
    assert refused(handset.renew()) == (401, "token-expired")
    assert handset.sign_in("li").status_code == 200


def test_however_often_it_is_renewed_the_password_is_asked_for_after_thirty_days(handset: Handset) -> None:
    for _ in range(14):
        handset.house.clock.passes(days=2)
        assert handset.renew().status_code == 200
    handset.house.clock.passes(days=2)
    assert refused(handset.renew()) == (401, "token-expired")


def test_a_revoked_device_is_refused_at_its_next_request_at_every_door(
    handset: Handset, admin: Desk, site: House
) -> None:
    waiting = code(site.desk("li"))
    path = f"/api/v1/devices/{handset.id}/revoke"
    for _ in range(2):
        assert admin.call("POST", path, json={"why": "被盗"}).status_code == 204
    current = [one["device"] for one in site.desk("li").get("/api/v1/sessions")["items"]]
    assert current and handset.id not in current, "it is signed in nowhere any more"
    orders = set()
    exchange = {"protocol": 1, "schema": 1, "no": 1, "pull": {"cursors": {}}}
    for answer in (
        handset.at().call("GET", "/api/v1/projects"),
        handset.at().call("POST", "/api/v1/exchange", json=exchange),
        handset.renew(),
        handset.sign_in("li"),
    ):
        assert refused(answer) == (403, "device-revoked")
        assert answer.json["details"]["wipe"]["push_first"] is False
        orders.add(answer.json["details"]["wipe"]["order"])
    assert refused(handset.enrol(waiting)) == (409, "device-taken")
    [order] = orders
    for _ in range(2):  # the first reply may be lost
        assert handset.wiped(order, unsent=3).status_code == 204
    [listed] = admin.get("/api/v1/devices")["items"]
    assert listed["unsent"] == 3 and listed["wiped_at"] and listed["wipe"] is None


def test_a_device_that_is_to_be_wiped_brings_its_work_home_and_learns_nothing_more(
    handset: Handset, site: House
) -> None:
    before, work = issue(), issue()
    phone = handset.at()
    phone.push(WJ, before)
    li = site.desk("li")
    assert li.call("POST", f"/api/v1/devices/{handset.id}/wipe", json={"why": "换机"}).status_code == 204
    said = phone.exchange({WJ: [work]}, {WJ: {"field": {"nonce": "n", "epoch": 1, "seq": 0, "floor": 0}}})
    assert said["push"][0]["outcomes"][0]["status"] == "applied" and said["wipe"]["push_first"] is True
    assert said["pull"]["granted"] == {} and said["pull"]["dossiers"] == {} and said["pull"]["gone"] == [WJ]
    seen = phone.call("GET", f"/api/v1/issues/{before['record']}")
    assert refused(seen) == (403, "device-leaving") and seen.json["details"]["wipe"] == said["wipe"]
    assert handset.renew().json["wipe"] == handset.sign_in("li").json["wipe"] == said["wipe"]
    assert refused(handset.wiped("0193a000-0000-7000-8000-000000000000")) == (404, "not-found")
    assert refused(Handset(site, id=handset.id).wiped(said["wipe"]["order"])) == (401, "proof-wrong")
    assert handset.wiped(said["wipe"]["order"]).status_code == 204
    assert refused(handset.renew()) == (403, "device-revoked")
    assert li.get(f"/api/v1/issues/{work['record']}")["id"] == work["record"]


def test_only_its_owner_and_administrators_end_a_device_and_others_do_not_know_it(
    handset: Handset, admin: Desk, site: House
) -> None:
    wang = site.desk("wang")
    for act in ("revoke", "wipe"):
        for name in (handset.id, "absent"):
            answer = wang.call("POST", f"/api/v1/devices/{name}/{act}", json={"why": "x"})
            assert refused(answer) == (404, "not-found")
    assert admin.call("POST", "/api/v1/devices/absent/revoke", json={"why": "x"}).status_code == 404
    assert wang.get("/api/v1/devices")["items"] == []
    assert [d["username"] for d in admin.get("/api/v1/devices")["items"]] == ["li"]
    for said in ({"person": site.people["li"]}, {"shared": True}):
        answer = wang.call("POST", "/api/v1/devices/codes", json={"name": "x"} | said)
        assert refused(answer) == (403, "not-permitted")
    nobody = "0193a000-0000-7000-8000-000000000000"
    assert (
        admin.call("POST", "/api/v1/devices/codes", json={"name": "x", "person": nobody}).status_code == 404
    )


def test_an_administrator_looks_at_one_persons_devices_and_others_at_their_own_alone(
    handset: Handset, admin: Desk, site: House
) -> None:
    Handset(site).enrol(code(admin, shared=True))
    li, wang = (f"/api/v1/devices?person={site.people[who]}" for who in ("li", "wang"))
    assert [d["id"] for d in admin.get(li)["items"]] == [handset.id] and admin.get(wang)["items"] == []
    assert site.desk("wang").get(li)["items"] == []


def test_devices_are_listed_page_by_page(admin: Desk, site: House) -> None:
    made = sorted(Handset(site).enrol(code(admin, shared=True)).json["device"] for _ in range(3))
    first = admin.get("/api/v1/devices?limit=2")
    rest = admin.get(f"/api/v1/devices?limit=2&page={first['next']}")
    assert [d["id"] for d in first["items"] + rest["items"]] == made and rest["next"] is None


def test_who_made_codes_enrolled_and_ended_devices_stands_in_the_security_log(
    handset: Handset, admin: Desk, site: House
) -> None:
    admin.call("POST", f"/api/v1/devices/{handset.id}/wipe", json={"why": "换机"})
    admin.call("POST", f"/api/v1/devices/{handset.id}/revoke", json={"why": "丢失"})
    with site.app.app_context(), transaction.reading() as conn:
        lines = conn.execute(text("SELECT what, actor, told FROM watchbook ORDER BY id")).all()
    acts = [(line.what, line.actor) for line in lines if "device" in line.told or line.what == "code-made"]
    li, boss = site.people["li"], site.people["admin"]
    wanted = [("code-made", li), ("enrolled", li), ("wipe-ordered", boss), ("device-revoked", boss)]
    assert [a for a in acts if a[0] != "signed-in"] == wanted
    assert "丢失" in lines[-1].told


def test_a_stolen_token_registers_no_signing_key_of_its_own(handset: Handset, site: House) -> None:
    theirs = signatures.claim(handset.id, Handset(site).private)
    said = handset.at().exchange(device_key=theirs)["device_key"]
    assert said == {"key": None, "why": "key-not-enrolled"}
    own = signatures.claim(handset.id, handset.private)
    assert handset.at().exchange(device_key=own)["device_key"] == {"key": handset.key, "why": None}


def test_what_is_over_is_let_go_of(handset: Handset, site: House) -> None:
    with site.app.app_context():
        assert jobs(site.app)["forget sign-ins"]() == 0
        site.clock.passes(minutes=21)
        assert jobs(site.app)["forget sign-ins"]() == 1  # the proof of the enrolment
        site.clock.passes(days=34)
        # The code; Li's session at the desk and the phone's.
        assert jobs(site.app)["forget sign-ins"]() == 3
    assert refused(handset.renew()) == (401, "token-expired")


def test_who_is_calling_is_one_statement_at_an_enrolled_device_too(handset: Handset, site: House) -> None:
    with site.statements() as said:
        handset.at().call("GET", "/api/v1/devices?page=of-another-list")
    assert sum(line.startswith("SELECT") for line in said) == 1


def test_the_commands_make_codes_list_and_end_devices(site: House) -> None:
    run = site.app.test_cli_runner().invoke
    said = run(main, ["device", "code", "李的手机", "li"]).output
    phone = Handset(site)
    assert phone.enrol(said.split("#enrol=")[1].split()[0]).json["user"]["username"] == "li"
    shared = run(main, ["device", "code", "平板", "--shared"]).output
    tablet = Handset(site)
    tablet.enrol(shared.split("#enrol=")[1].split()[0])
    assert run(main, ["device", "wipe", phone.id, "换机"]).exit_code == 0
    assert run(main, ["device", "revoke", tablet.id, "丢失"]).exit_code == 0
    listed = run(main, ["device", "list"]).output
    assert f"{phone.id}  li  李的手机" in listed and "to be wiped" in listed and "revoked" in listed
    assert "There is no device" in run(main, ["device", "revoke", "absent", "x"]).output
    assert "There is nobody" in run(main, ["device", "code", "x", "nobody"]).output
    assert "Give a USERNAME" in run(main, ["device", "code", "x"]).output
