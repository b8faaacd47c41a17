"""How the operations on what belongs to one person are asked: views, files, channels, webhooks, messages."""

from typing import Any

from tests.doors.asks import ADDRESS, ASKS, Ask, made
from tests.doors.town import DOOR, ELSEWHERE, Town, make_exports
from tests.support.house import new_id


def _personal(town: Town, who: str, whose: str, sort: str) -> str:
    """The id of somebody's own view, file, channel, webhook or message, made for this ask."""
    if whose == "guessed":
        return new_id()
    desk = town.owner(who, whose)
    if sort in ("views", "exports", "cases") and desk.call("GET", f"/api/v1/{sort}").status_code == 403:
        # They may have none: somebody else's then.
        desk = town.desks["supervisor" if sort == "cases" else "inspector"]
    return str(_MAKE[sort](town, desk))


def _view(town: Town, desk: Any) -> str:
    name = new_id()
    for known in desk.get("/api/v1/views")["items"]:
        if known["mine"]:
            desk.call("DELETE", f"/api/v1/views/{known['id']}")
    words = ELSEWHERE if desk is town.desks["far"] else "我的"
    kept = desk.call("PUT", f"/api/v1/views/{name}", json={"name": words, "filter": {}})
    assert kept.status_code == 200, kept.text
    return name


def _file(town: Town, desk: Any) -> str:
    asked = desk.call("POST", "/api/v1/exports", json={"id": new_id(), "form": "csv"})
    assert asked.status_code == 202, asked.text
    make_exports(town.house)
    return str(asked.json["id"])


def _case(town: Town, desk: Any) -> str:
    for known in desk.get("/api/v1/cases")["items"]:
        desk.call("DELETE", f"/api/v1/cases/{known['id']}")
    here = town.foreign.dossier if desk is town.desks["far"] else town.own.dossier
    asked = desk.call("POST", "/api/v1/cases", json={"id": new_id(), "dossier": here})
    assert asked.status_code == 202, asked.text
    make_exports(town.house)
    return str(asked.json["id"])


def _channel(town: Town, desk: Any) -> str:
    for known in desk.get("/api/v1/my-channels")["items"]:
        desk.call("DELETE", f"/api/v1/my-channels/{known['id']}")
    return str(desk.call("POST", "/api/v1/my-channels", json=dict(ADDRESS)).json["id"])


def _webhook(_town: Town, desk: Any) -> str:
    for known in desk.get("/api/v1/webhooks")["items"]:
        desk.call("DELETE", f"/api/v1/webhooks/{known['id']}")
    return str(desk.call("POST", "/api/v1/webhooks", json={"url": DOOR}).json["id"])


def _message(_town: Town, desk: Any) -> str:
    return str(desk.get("/api/v1/notifications")["items"][0]["id"])


_MAKE = {"views": _view, "exports": _file, "channels": _channel, "webhooks": _webhook, "messages": _message}
_MAKE |= {"cases": _case}


def _of_person(operation: str, sort: str, path: str, method: str = "GET", **more: Any) -> None:
    def make(town: Town, who: str, whose: str) -> Ask:
        where = path.format(_personal(town, who, whose, sort), dossier=town.own.dossier)
        return Ask(method, where, more.get("json"))

    ASKS[operation] = make


_of_person("one_export", "exports", "/api/v1/exports/{}")
_of_person("export_file", "exports", "/api/v1/exports/{}/file")
_of_person("give_up_export", "exports", "/api/v1/exports/{}", "DELETE")
_of_person("one_case", "cases", "/api/v1/cases/{}")
_of_person("case_file", "cases", "/api/v1/cases/{}/file")
_of_person("give_up_case", "cases", "/api/v1/cases/{}", "DELETE")
_of_person("let_go_of_view", "views", "/api/v1/views/{}", "DELETE")
_of_person("keep_view", "views", "/api/v1/views/{}", "PUT", json={"name": "我的", "filter": {}})
_of_person("drop_my_channel", "channels", "/api/v1/my-channels/{}", "DELETE")
_of_person("end_webhook", "webhooks", "/api/v1/webhooks/{}", "DELETE")
_of_person("rotate_webhook", "webhooks", "/api/v1/webhooks/{}/rotate", "POST")
_of_person("webhook_events", "webhooks", "/api/v1/webhooks/{}/events?dossier={dossier}")
_of_person("resend_webhook", "webhooks", "/api/v1/webhooks/{}/resend", "POST", json={})
_of_person("read_notification", "messages", "/api/v1/notifications/{}/read", "POST")


@made("ask_export")
def _ask_export(town: Town, who: str, whose: str) -> Ask:
    for known in town.owner(who, "own").call("GET", "/api/v1/exports").json.get("items", ()):
        town.owner(who, "own").call("DELETE", f"/api/v1/exports/{known['id']}")
    narrow = {"dossier": [town.things(whose).dossier]}
    return Ask("POST", "/api/v1/exports", {"id": new_id(), "form": "csv", "filter": narrow})


@made("ask_case")
def _ask_case(town: Town, who: str, whose: str) -> Ask:
    for known in town.owner(who, "own").call("GET", "/api/v1/cases").json.get("items", ()):
        town.owner(who, "own").call("DELETE", f"/api/v1/cases/{known['id']}")
    return Ask("POST", "/api/v1/cases", {"id": new_id(), "dossier": town.things(whose).dossier})


@made("add_webhook")
def _add_webhook(town: Town, who: str, whose: str) -> Ask:
    desk = town.owner(who, "own")
    for known in desk.get("/api/v1/webhooks")["items"]:
        desk.call("DELETE", f"/api/v1/webhooks/{known['id']}")
    return Ask("POST", "/api/v1/webhooks", {"url": DOOR, "dossiers": [town.things(whose).dossier]})
