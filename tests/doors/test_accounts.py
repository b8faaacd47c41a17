"""Administrators take people on and give them posts; nobody gives anything to themselves."""

from typing import Any

import pytest
from sqlalchemy import text

from server import transaction
from server.accounts import rules
from server.cli import main
from tests.support.house import PASSWORD, Desk, House, issue, new_id

from .conftest import WJ

GOOD = "四号塔吊下周检 2027"


def refused(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json["code"]


def sign_in(house: House, username: str, password: str) -> Any:
    said = {"username": username, "password": password}
    return house.app.test_client().post("/api/v1/session", json=said)


def change(house: House, username: str, password: str, new: str) -> Any:
    said = {"username": username, "password": password, "new": new}
    return house.app.test_client().post("/api/v1/password", json=said)


def works(desk: Desk) -> bool:
    """Whether whoever sits there holds anything; who holds nothing is not permitted."""
    answer = desk.call("GET", "/api/v1/projects")
    assert answer.status_code == 200 or refused(answer) == (403, "not-permitted")
    return answer.status_code == 200


def lines(house: House, *acts: str) -> list[tuple[str, str | None]]:
    with house.app.app_context(), transaction.reading() as conn:
        rows = conn.execute(text("SELECT what, actor FROM watchbook ORDER BY id")).all()
    return [(row.what, row.actor) for row in rows if row.what in acts]


def test_somebody_new_sets_a_password_of_their_own_before_they_get_in(admin: Desk, site: House) -> None:
    made = admin.call(
        "POST", "/api/v1/people", json={"username": "sun", "name": "孙敏", "title": "监督员"}
    ).json
    once = made["password"]
    assert refused(sign_in(site, "sun", once)) == (401, "password-once")
    assert refused(sign_in(site, "sun", "wrong")) == (401, "wrong-password")
    assert change(site, "sun", once, GOOD).status_code == 204
    assert refused(sign_in(site, "sun", once)) == (401, "wrong-password")
    said = sign_in(site, "sun", GOOD)
    assert said.status_code == 200 and said.json["user"]["posts"] == []
    again = admin.call("POST", "/api/v1/people", json={"username": "sun", "name": "另一人"})
    assert refused(again) == (409, "username-taken")


def test_a_password_that_was_given_out_is_over_after_three_days(admin: Desk, site: House) -> None:
    made = admin.call("POST", "/api/v1/people", json={"username": "sun", "name": "孙敏"}).json
    site.clock.passes(hours=72)
    assert refused(change(site, "sun", made["password"], GOOD)) == (401, "wrong-password")
    admin = site.desk("admin", shown=2)
    made = admin.call("POST", f"/api/v1/people/{made['id']}/password").json
    assert change(site, "sun", made["password"], GOOD).status_code == 204


def test_a_reset_ends_the_old_password_and_every_sign_in(admin: Desk, site: House) -> None:
    li = site.desk("li")
    made = admin.call("POST", f"/api/v1/people/{site.people['li']}/password").json
    assert refused(li.call("GET", "/api/v1/projects")) == (401, "token-expired")
    assert refused(sign_in(site, "li", PASSWORD)) == (401, "wrong-password")
    assert change(site, "li", made["password"], GOOD).status_code == 204
    assert sign_in(site, "li", GOOD).status_code == 200


def test_who_changes_the_own_password_is_signed_out_everywhere(site: House) -> None:
    li = site.desk("li")
    assert refused(change(site, "li", "wrong", GOOD)) == (401, "wrong-password")
    assert li.get("/api/v1/projects")
    assert change(site, "li", PASSWORD, GOOD).status_code == 204
    assert refused(li.call("GET", "/api/v1/projects")) == (401, "token-expired")
    assert refused(change(site, "li", GOOD, GOOD)) == (422, "password-weak")


@pytest.mark.parametrize(
    ("password", "why"),
    [
        ("short 7!", "too-short"),
        ("x" * 201, "too-long"),
        ("wang.2027-Site", "holds-name"),
        ("我是王小明，住在朝阳", "holds-name"),
        ("1234567890", "too-common"),
        ("Password123!", "too-common"),
        ("qwertyuiop", "too-common"),
        ("xunjian2026", "too-common"),
        ("aaaaaaaaaaaaaaa", "too-common"),
        (GOOD, None),
        ("correct horse battery", None),
    ],
)
def test_a_password_is_long_and_neither_tried_first_nor_the_own_name(password: str, why: str | None) -> None:
    assert rules.password_fault(password, "wang", "王小明") == why


def test_a_weak_password_is_refused_with_the_reason_and_changes_nothing(site: House) -> None:
    answer = change(site, "li", PASSWORD, "qwertyuiop")
    assert refused(answer) == (422, "password-weak")
    assert answer.json["details"] == {"why": "too-common", "least": 10, "most": 200}
    assert sign_in(site, "li", PASSWORD).status_code == 200


def test_a_post_begins_on_its_first_day_and_ends_after_its_last(admin: Desk, site: House) -> None:
    wu = site.person("wu", "inspector")
    said = {"dossier": WJ, "role": "inspector", "since_on": "2026-11-23", "until_on": "2026-11-24"}
    for _ in range(2):
        answer = admin.call("POST", f"/api/v1/people/{wu}/posts", json=said)
        assert answer.status_code == 201, answer.text
    [post] = answer.json["posts"]
    assert (post["since"], post["until"]) == ("2026-11-22T16:00:00.000Z", "2026-11-24T16:00:00.000Z")
    desk = site.desk("wu")
    held = []
    for _ in range(4):
        held.append(works(desk))
        site.clock.passes(hours=24)
        desk = site.desk("wu")
    assert held == [False, True, True, False]


def test_a_post_that_is_ended_is_gone_at_the_next_request_and_its_history_stays(
    admin: Desk, site: House
) -> None:
    li, desk = site.people["li"], site.desk("li")
    [post] = admin.get(f"/api/v1/people/{li}")["posts"]
    others = f"/api/v1/people/{site.people['wang']}/posts/{post['id']}/end"
    assert refused(admin.call("POST", others, json={"why": "re-assigned"})) == (404, "not-found")
    path = f"/api/v1/people/{li}/posts/{post['id']}/end"
    assert admin.call("POST", path, json={"why": "re-assigned"}).status_code == 204
    assert refused(admin.call("POST", path, json={"why": "re-assigned"})) == (404, "not-found")
    assert not works(desk)
    [post] = admin.get(f"/api/v1/people/{li}")["posts"]
    assert post["ended"] == "re-assigned" and post["until"] == "2026-11-22T01:00:00.000Z"


def test_who_is_suspended_holds_nothing_until_they_are_let_back_in(admin: Desk, site: House) -> None:
    li, desk = site.people["li"], site.desk("li")
    for _ in range(2):
        assert admin.call("POST", f"/api/v1/people/{li}/suspend").status_code == 204
    assert not works(desk)
    assert desk.push(WJ, issue())[0]["why"] == "deactivated"
    assert admin.call("POST", f"/api/v1/people/{li}/resume").status_code == 204
    assert desk.push(WJ, issue())[0]["status"] == "applied"


def test_nobody_gives_anything_to_themselves(admin: Desk, site: House) -> None:
    me = site.people["admin"]
    post = {"dossier": WJ, "role": "director"}
    for path, said in (("posts", post), ("suspend", None), ("resume", None), ("password", None)):
        answer = admin.call("POST", f"/api/v1/people/{me}/{path}", json=said)
        assert refused(answer) == (403, "own-duty"), path
    assert [p["role"] for p in admin.get(f"/api/v1/people/{me}")["posts"]] == ["administrator"]


def test_what_does_not_exist_is_not_found_and_what_cannot_be_is_refused(admin: Desk, site: House) -> None:
    wu, nobody = site.person("wu", "inspector"), new_id()
    post = {"dossier": WJ, "role": "inspector"}
    for method, path, said in (
        ("GET", "", None),
        ("POST", "/posts", post),
        ("POST", "/suspend", None),
        ("POST", "/resume", None),
        ("POST", "/password", None),
        ("GET", "/sessions", None),
        ("DELETE", "/sessions", None),
    ):
        assert refused(admin.call(method, f"/api/v1/people/{nobody}{path}", json=said)) == (
            404,
            "not-found",
        ), path
    path = f"/api/v1/people/{wu}/posts"
    absent = admin.call("POST", path, json=post | {"dossier": "project:none"})
    assert refused(absent) == (404, "unknown-dossier")
    for wrong in (
        {"role": "king"},
        {"firm": "short"},
        {"since_on": "2026-11-24", "until_on": "2026-11-23"},
        {"until_on": "9999-12-31"},
    ):
        assert refused(admin.call("POST", path, json=post | wrong)) == (400, "malformed"), wrong
    for name in ("x", "ein name", "../etc", "-x", "a\0b"):
        said = {"username": name, "name": "x"}
        assert refused(admin.call("POST", "/api/v1/people", json=said)) == (400, "malformed"), name


def test_only_administrators_of_the_office_know_who_there_is(admin: Desk, site: House) -> None:
    li = site.people["li"]
    for who in ("wang", "zhang", "zhao"):
        desk = site.desk(who)
        for method, path in (
            *(
                ("GET", ""),
                ("POST", ""),
                ("GET", f"/{li}"),
                ("GET", f"/{new_id()}"),
                ("POST", f"/{li}/suspend"),
            ),
            *(("POST", f"/{li}/resume"), ("POST", f"/{li}/password"), ("GET", f"/{li}/sessions")),
            *(("DELETE", f"/{li}/sessions"),),
        ):
            said = {"username": "new", "name": "x"} if (method, path) == ("POST", "") else None
            answer = desk.call(method, f"/api/v1/people{path}", json=said)
            assert refused(answer) == (403, "not-permitted"), (who, path)


def test_people_are_listed_page_by_page_and_no_password_among_them(admin: Desk, site: House) -> None:
    first = admin.get("/api/v1/people?limit=4")
    rest = admin.get(f"/api/v1/people?limit=4&page={first['next']}")
    names = [p["username"] for p in first["items"] + rest["items"]]
    assert names == ["admin", "li", "stranger", "wang", "zhang", "zhao"] and rest["next"] is None
    assert [p["username"] for p in admin.get("/api/v1/people?begins=zh")["items"]] == ["zhang", "zhao"]
    assert admin.get("/api/v1/people?begins=%25")["items"] == []
    shown = admin.get(f"/api/v1/people/{site.people['li']}")
    assert "argon2" not in str(first) + str(shown) and "password" not in shown


def test_an_administrator_sees_and_ends_anothers_sign_ins(admin: Desk, site: House) -> None:
    li, desk = site.people["li"], site.desk("li", device="desk-9")
    [line] = admin.get(f"/api/v1/people/{li}/sessions")["items"]
    assert line["device"] == "desk-9" and line["current"] is False
    assert admin.call("DELETE", f"/api/v1/people/{li}/sessions").json == {"ended": 1}
    assert refused(desk.call("GET", "/api/v1/projects")) == (401, "token-expired")


def test_every_act_stands_in_the_security_log_with_who_did_it(admin: Desk, site: House) -> None:
    made = admin.call("POST", "/api/v1/people", json={"username": "sun", "name": "孙敏"}).json
    path = f"/api/v1/people/{made['id']}"
    shown = admin.call("POST", f"{path}/posts", json={"dossier": WJ, "role": "inspector"}).json
    admin.call("POST", f"{path}/posts/{shown['posts'][0]['id']}/end", json={"why": "access-revoked"})
    for act in ("suspend", "resume", "password"):
        admin.call("POST", f"{path}/{act}")
    who = site.people["admin"]
    acts = ("taken-on", "post-ended", "deactivated", "reactivated", "password-reset")
    assert lines(site, *acts) == [(act, who) for act in acts]
    assert ("post-given", who) in lines(site, "post-given")
    with site.app.app_context(), transaction.reading() as conn:
        assert made["password"] not in str(conn.execute(text("SELECT told FROM watchbook")).all())
        assert made["password"] not in str(conn.execute(text("SELECT * FROM people")).all())


def test_the_commands_list_reset_and_let_back_in(site: House) -> None:
    run = site.app.test_cli_runner().invoke
    once = run(main, ["user", "reset", "li"]).output.split()[0]
    assert change(site, "li", once, GOOD).status_code == 204
    run(main, ["user", "deactivate", "wang"])
    run(main, ["user", "reset", "zhang"])
    listed = run(main, ["user", "list"]).output
    assert "li  li某  active" in listed and "wang  wang某  left 2026" in listed
    assert "zhang  zhang某  password to be changed" in listed
    assert "is back" in run(main, ["user", "resume", "wang"]).output
    assert "wang  wang某  active" in run(main, ["user", "list"]).output
    assert "There is nobody" in run(main, ["user", "reset", "nobody"]).output


def test_the_command_takes_nobody_on_with_a_password_that_is_tried_first(site: House) -> None:
    run = site.app.test_cli_runner().invoke
    for weak, why in (("short", "too-short"), ("password123", "too-common"), ("chenyu-chenyu", "holds-name")):
        refused = run(main, ["user", "add", "chenyu", "陈宇", "--password", weak])
        assert refused.exit_code == 1 and why in refused.output
    assert run(main, ["user", "add", "chenyu", "陈宇", "--password", GOOD]).exit_code == 0
    assert "chenyu  陈宇  active" in run(main, ["user", "list"]).output
