"""How the operations on accounts, sign-ins and devices are asked: each uses up what it names, so makes it."""

import hashlib
import secrets
from typing import Any

from tests.doors.asks import ASKS, OF_NOTHING, Ask, Make, of_thing, plain
from tests.doors.conftest import Handset, code
from tests.doors.town import HERE, Town
from tests.support.house import PASSWORD, Desk, new_id

FRESH = "四号塔吊下周检 2027"
PEOPLE = "/api/v1/people"


def put() -> None:
    """Put all of them into the table of asks."""
    plain("list_sessions", "/api/v1/sessions")
    plain("end_others", "/api/v1/sessions", method="DELETE")
    plain("list_devices", "/api/v1/devices")
    plain("list_people", PEOPLE)
    plain("make_code", "/api/v1/devices/codes", method="POST", json={"name": "手机"})
    plain("begin_openid", "/api/v1/session/openid", method="POST")
    OF_NOTHING.add("return_openid")
    OF_NOTHING.update(("take_on", "change_password", "enrol", "begin_factor", "confirm_factor"))
    ASKS.update(MAKE)


def _person(town: Town) -> str:
    """Somebody new, with a post and a sign-in; everybody who may ask is asked of a new one."""
    name = f"p{secrets.token_hex(4)}"
    made = town.house.person(name, "inspector", HERE)
    town.house.desk(name)
    return made


def _of_person(path: str, method: str, said: dict[str, Any] | None = None) -> Make:
    def make(town: Town, _who: str, _whose: str) -> Ask:
        return Ask(method, f"{PEOPLE}/{_person(town)}{path}", said)

    return make


def _take_on(_town: Town, _who: str, _whose: str) -> Ask:
    return Ask("POST", PEOPLE, {"username": f"p{secrets.token_hex(4)}", "name": "新来的"})


def _end_post(town: Town, _who: str, _whose: str) -> Ask:
    person = _person(town)
    [post] = town.desks["administrator"].get(f"{PEOPLE}/{person}")["posts"]
    return Ask("POST", f"{PEOPLE}/{person}/posts/{post['id']}/end", {"why": "re-assigned"})


def _change_password(town: Town, _who: str, _whose: str) -> Ask:
    name = f"p{secrets.token_hex(4)}"
    town.house.person(name, "inspector")
    return Ask("POST", "/api/v1/password", {"username": name, "password": PASSWORD, "new": FRESH})


def _end_session(town: Town, who: str, whose: str) -> Ask:
    if whose == "guessed":
        return Ask("DELETE", f"/api/v1/sessions/{new_id()}")
    desk, device = town.owner(who, whose), f"spare-{secrets.token_hex(4)}"
    spare = town.house.desk(_name(town, desk), device=device)
    [session] = [s["id"] for s in spare.get("/api/v1/sessions")["items"] if s["device"] == device]
    return Ask("DELETE", f"/api/v1/sessions/{session}")


def _name(town: Town, desk: Desk) -> str:
    return next(name for name, person in town.house.people.items() if person == desk.person)


def _handset(town: Town, desk: Desk) -> Handset:
    """A new phone of whoever sits there."""
    phone = Handset(town.house)
    assert phone.enrol(code(desk)).status_code == 200
    return phone


def _read_code(town: Town, who: str, whose: str) -> Ask:
    """By a digest, which is 64 letters also where nothing was made."""
    if whose == "guessed":
        return Ask("GET", f"/api/v1/devices/codes/{secrets.token_hex(32)}")
    made = code(town.owner(who, whose))
    return Ask("GET", f"/api/v1/devices/codes/{hashlib.sha256(made.encode()).hexdigest()}")


def _of_device(act: str) -> Make:
    def make(town: Town, who: str, whose: str) -> Ask:
        device = new_id() if whose == "guessed" else _handset(town, town.owner(who, whose)).id
        return Ask("POST", f"/api/v1/devices/{device}/{act}", {"why": "换机"})

    return make


def _proven(phone: Handset, path: str, said: dict[str, Any]) -> Ask:
    return Ask("POST", path, said, headers={"DPoP": phone.proof(path)})


def _enrol(town: Town, who: str, _whose: str) -> Ask:
    if who == "revoked":  # once more, as where the reply was lost
        return _proven(town.phone, "/api/v1/devices", {"code": town.code})
    return _proven(Handset(town.house), "/api/v1/devices", {"code": code(town.desks["inspector"])})


def _renew(town: Town, who: str, _whose: str) -> Ask:
    phone = town.phone if who == "revoked" else _handset(town, town.desks["inspector"])
    said = {"session": phone.session, "renewal": secrets.token_hex(16)}
    return _proven(phone, f"/api/v1/devices/{phone.id}/token", said)


def _wiped(town: Town, who: str, _whose: str) -> Ask:
    """Also a revoked one says so, and is heard."""
    desk = town.desks["inspector"]
    phone, act = _handset(town, desk), "revoke" if who == "revoked" else "wipe"
    desk.call("POST", f"/api/v1/devices/{phone.id}/{act}", json={"why": "换机"})
    told = phone.renew().json
    order = (told["details"] if who == "revoked" else told)["wipe"]["order"]
    return _proven(phone, f"/api/v1/devices/{phone.id}/wiped", {"order": order, "unsent": 0})


def _begin_factor(_town: Town, _who: str, _whose: str) -> Ask:
    return Ask("POST", "/api/v1/session/factor", {})


def _confirm_factor(town: Town, who: str, _whose: str) -> Ask:
    """With the right code, at a desk of somebody new who holds the same."""
    from tests.doors.test_factors import code_now

    if who in ("anonymous", "revoked"):
        return Ask("POST", "/api/v1/session/factor/confirmation", {"code": "000000"})
    name = f"p{secrets.token_hex(4)}"
    town.house.person(name, "inspector", HERE)
    desk = town.house.desk(name)
    secret = desk.call("POST", "/api/v1/session/factor", json={}).json["secret"]
    said = {"code": code_now(town.house, secret)}
    return Ask("POST", "/api/v1/session/factor/confirmation", said, token=desk.token)


def _return_openid(town: Town, _who: str, _whose: str) -> Ask:
    assert town.provider is not None
    journey = town.house.app.test_client().post("/api/v1/session/openid").json
    now = int(town.house.clock().timestamp())
    state = town.provider.answers(journey["address"], now, preferred_username="inspector")
    return Ask(
        "POST", "/api/v1/session/openid/return", {"state": state, "code": "c", "flow": journey["flow"]}
    )


POST = {"dossier": HERE, "role": "supervisor"}
MAKE: dict[str, Make] = {
    **{"read_code": _read_code},
    **{"take_on": _take_on, "end_post": _end_post, "change_password": _change_password},
    **{"one_person": _of_person("", "GET"), "give_post": _of_person("/posts", "POST", POST)},
    **{"suspend": _of_person("/suspend", "POST"), "resume": _of_person("/resume", "POST")},
    **{"reset_password": _of_person("/password", "POST"), "take_factor": _of_person("/factor", "DELETE")},
    **{"sessions_of": _of_person("/sessions", "GET"), "end_sessions_of": _of_person("/sessions", "DELETE")},
    **{"end_session": _end_session, "revoke_device": _of_device("revoke"), "wipe_device": _of_device("wipe")},
    "return_openid": _return_openid,
    **{"enrol": _enrol, "renew": _renew, "wiped": _wiped},
    **{"begin_factor": _begin_factor, "confirm_factor": _confirm_factor},
}


of_thing("list_contacts", "/api/v1/contacts?dossier={dossier}")
of_thing("one_contact", "/api/v1/contacts/{contact}")
ORGANISATION = {"code": "91110105MA0XD00162", "name": "示例公司"}
plain("list_organisations", "/api/v1/organisations?sort=firm")
plain("bring_in_organisations", "/api/v1/organisations", method="POST", json={"items": [ORGANISATION]})
