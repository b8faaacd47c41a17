"""Sign-in: a password, a token, and nothing told to those who have neither."""

from server.people import actions as people
from tests.support.house import House

WJ = "project:wj-01"


def sign_in(house: House, **said: object):
    return house.app.test_client().post("/api/v1/session", json=said)


def test_a_person_signs_in_with_a_password_and_is_told_their_posts(house: House) -> None:
    with house.app.app_context():
        person = people.take_on("li", "李建国", "correct horse", title="监督员")
        people.give_post(person, WJ, "inspector")
    answer = sign_in(house, username="li", password="correct horse", device="phone-1")
    assert answer.status_code == 200
    said = answer.json
    assert set(said) == {"access_token", "token_type", "expires_in", "user", "device", "offline_hours"}
    assert said["user"]["name"] == "李建国" and said["device"] == "phone-1"
    assert said["user"]["posts"] == [{"dossier": WJ, "role": "inspector", "firm": None}]
    headers = {"Authorization": f"Bearer {said['access_token']}"}
    assert house.app.test_client().get("/api/v1/projects", headers=headers).status_code == 200


def test_a_device_without_an_id_is_given_one(house: House) -> None:
    with house.app.app_context():
        people.take_on("li", "李", "correct horse")
    said = sign_in(house, username="li", password="correct horse").json
    assert len(said["device"]) == 36


def test_a_wrong_password_and_an_unknown_user_answer_alike(site: House) -> None:
    wrong = sign_in(site, username="li", password="nope")
    nobody = sign_in(site, username="nobody", password="nope")
    assert wrong.status_code == nobody.status_code == 401
    drop = {"request_id"}
    assert {k: v for k, v in wrong.json.items() if k not in drop} == {
        k: v for k, v in nobody.json.items() if k not in drop
    }
    assert wrong.json["code"] == "wrong-password" and wrong.json["remedy"] == "repair"


def test_a_token_ends_with_sign_out_and_with_time(site: House) -> None:
    li = site.desk("li")
    assert li.call("DELETE", "/api/v1/session").status_code == 204
    assert li.call("GET", "/api/v1/projects").json["code"] == "token-expired"
    again = site.desk("li")
    site.clock.passes(hours=13)
    late = again.call("GET", "/api/v1/projects")
    assert (late.status_code, late.json["code"]) == (401, "token-expired")
    assert late.headers["WWW-Authenticate"].startswith("Bearer")


def test_the_database_holds_neither_password_nor_token(site: House) -> None:
    from sqlalchemy import text

    from server import transaction
    from tests.support.house import PASSWORD

    li = site.desk("li")
    with site.app.app_context(), transaction.reading() as conn:
        people_rows = str(conn.execute(text("SELECT * FROM people")).all())
        sessions = str(conn.execute(text("SELECT * FROM sessions")).all())
    assert PASSWORD not in people_rows and "argon2id" in people_rows
    assert li.token not in sessions


def test_a_bad_sign_in_says_which_field(house: House) -> None:
    answer = sign_in(house, username="li", device="../../etc")
    assert answer.status_code == 400 and answer.mimetype == "application/problem+json"
    assert set(answer.json["details"]["fields"]) == {"password", "device"}
