"""How each operation of openapi.yaml is asked for one thing: the asker's own, a foreign one, none at all.

An operation without an entry fails the matrix. What an ask uses up it makes first, as its owner.
"""

import base64
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from sync.protocol import PROTOCOL, SCHEMA
from tests.doors.town import Town
from tests.support.house import PASSWORD, create, new_id

AT = "2026-11-22T08:30:00.000+08:00"
LATE = {"If-Match": '"999"'}
TUS = {"Tus-Resumable": "1.0.0"}
BYTES = "application/offset+octet-stream"


@dataclass
class Ask:
    """One request; `json` where the body is JSON, so that a surplus member can be put in."""

    method: str
    path: str
    json: dict[str, Any] | None = None
    headers: dict[str, str] = field(default_factory=dict)
    data: bytes | None = None
    token: str | None = None

    def sent(self) -> dict[str, Any]:
        """As the client wants it."""
        said: dict[str, Any] = {"headers": dict(self.headers)}
        if self.json is not None:
            said["json"] = self.json
        if self.data is not None:
            said["data"] = self.data
        if self.token is not None:
            said["headers"]["Authorization"] = f"Bearer {self.token}"
        return said


Make = Callable[[Town, str, str], Ask]
ASKS: dict[str, Make] = {}
# Operations that name nothing: whoever may ask is answered of their own.
OF_NOTHING: set[str] = set()


def plain(operation: str, path: str, **more: Any) -> None:
    """An operation that names nothing."""
    OF_NOTHING.add(operation)
    ASKS[operation] = lambda _town, _who, _whose: Ask(more.get("method", "GET"), path, more.get("json"))


def of_thing(operation: str, path: str, method: str = "GET", **more: Any) -> None:
    """An operation of which the path names a thing: `{issue}` stands for its id."""
    headers = more.get("headers", {})

    def make(town: Town, _who: str, whose: str) -> Ask:
        body = more["body"]() if "body" in more else None
        return Ask(method, path.format(**vars(town.things(whose))), body, dict(headers))

    ASKS[operation] = make


def made(operation: str) -> Callable[[Make], Make]:
    """An operation that is asked as the function says."""

    def put(make: Make) -> Make:
        ASKS[operation] = make
        return make

    return put


# --------------------------------------------------------------------------------- open, and one's own
for name, where in {
    **{"front_door": "/", "desk": "/desk/", "desk_file": "/desk/mark.svg", "config": "/api/v1/config"},
    **{"house_keys": "/api/v1/keys", "open_style": "/open/open.css", "phone": "/phone/"},
    **{"phone_file": "/phone/sw.js", "my_day": "/api/v1/my-day", "list_exports": "/api/v1/exports"},
    **{"list_checklists": "/api/v1/checklists", "list_plans": "/api/v1/plans"},
    **{"list_due_sites": "/api/v1/plans/due", "list_provisions": "/api/v1/law"},
    "term_ends": "/api/v1/law/term?code=term.general&since=2026-11-20",
    **{"working_days": "/api/v1/law/calendar?year=2026", "measures": "/api/v1/measures?by=project"},
    **{"my_channels": "/api/v1/my-channels", "my_preferences": "/api/v1/my-preferences"},
    **{"my_deliveries": "/api/v1/my-deliveries", "list_notifications": "/api/v1/notifications"},
    "list_numbers": "/api/v1/numbers?authority=cy-zjw&kind=rectification&year=2026",
    **{"list_blocks": "/api/v1/blocks", "list_projects": "/api/v1/projects"},
    **{"list_waiting": "/api/v1/conflicts", "list_views": "/api/v1/views?counts=true"},
    **{"list_webhooks": "/api/v1/webhooks", "list_cases": "/api/v1/cases", "newest_entries": "/api/v1/heads"},
    "list_officers": "/api/v1/officers",
    **{"list_assignments": "/api/v1/assignments", "api_page": "/api/docs"},
    **{"api_style": "/api/docs/reference.css", "api_description": "/api/openapi.yaml"},
}.items():
    plain(name, where)
plain("upload_options", "/api/v1/uploads", method="OPTIONS")
WISHES = {"language": "zh", "quiet_from": "22:00", "quiet_to": "07:00", "digest": False}
plain("set_my_preferences", "/api/v1/my-preferences", method="PUT", json=WISHES)
ADDRESS = {"kind": "mail", "address": "someone@example.com"}


@made("add_my_channel")
def _add_channel(town: Town, who: str, _whose: str) -> Ask:
    for known in town.owner(who, "own").get("/api/v1/my-channels")["items"]:
        town.owner(who, "own").call("DELETE", f"/api/v1/my-channels/{known['id']}")
    return Ask("POST", "/api/v1/my-channels", dict(ADDRESS))


@made("sign_in")
def _sign_in(town: Town, who: str, _whose: str) -> Ask:
    said = {"username": "inspector", "password": PASSWORD, "device": "d"}
    if who != "revoked":
        return Ask("POST", "/api/v1/session", said)
    proof = town.phone.proof("/api/v1/session")
    return Ask(
        "POST",
        "/api/v1/session",
        said | {"username": "second", "device": town.phone.id},
        headers={"DPoP": proof},
    )


@made("sign_out")
def _sign_out(town: Town, who: str, _whose: str) -> Ask:
    """From another device than the one that goes on asking."""
    token = None if who in ("anonymous", "revoked") else town.house.desk(who, device="spare").token
    return Ask("DELETE", "/api/v1/session", token=token)


def _checklist(at: str) -> Make:
    def ask(town: Town, _who: str, _whose: str) -> Ask:
        content = town.client("supervisor").get(f"/api/v1/checklists/{town.own.checklist}")
        return Ask("POST", f"/api/v1/checklists{at}", {n: v for n, v in content.items() if n != "state"})

    return ask


ASKS |= {"import_checklist": _checklist(""), "check_checklist": _checklist("/check")}
OF_NOTHING |= {"sign_in", "sign_out", "import_checklist", "check_checklist", "add_my_channel"}
# ------------------------------------------------------------------------------------ things by their id
# Of a record that nobody amends here: its last entry is sealed.
RECORD = "/api/v1/dossiers/{dossier}/records/{photo}"
for name, where in {
    **{"one_photo": "/api/v1/photos/{photo}", "original": "/api/v1/photos/{photo}/original"},
    **{"thumbnail": "/api/v1/photos/{photo}/thumbnail", "alike": "/api/v1/photos/{photo}/alike"},
    "rendition": "/api/v1/photos/{photo}/rendition/watermark",
    "one_attachment": "/api/v1/attachments/{attachment}",
    "attachment_original": "/api/v1/attachments/{attachment}/original",
    **{"list_issues": "/api/v1/issues?dossier={dossier}", "one_issue": "/api/v1/issues/{issue}"},
    "count_issues": "/api/v1/issues/counts?dossier={dossier}",
    "list_inspections": "/api/v1/inspections?dossier={dossier}",
    "inspection_score": "/api/v1/inspections/{inspection}/score",
    "inspections_this_year": "/api/v1/projects/{dossier}/inspections-this-year",
    **{"list_notices": "/api/v1/notices?dossier={dossier}", "one_notice": "/api/v1/notices/{notice}"},
    **{"notice_pdf": "/api/v1/notices/{notice}/pdf", "verify_notice": "/open/n/{token}"},
    "verified_photo": "/open/photos/{photo}/{head}",
    "list_deliveries": "/api/v1/deliveries?dossier={dossier}",
    "show_checklist": "/api/v1/checklists/{checklist}",
    "verify_dossier": "/api/v1/dossiers/{dossier}/verification",
    "newest_checkpoint": "/api/v1/dossiers/{dossier}/checkpoint",
    "consistency": "/api/v1/dossiers/{dossier}/consistency?epoch=1&first=1&second=2",
    "snapshot": "/api/v1/dossiers/{dossier}/snapshots/{audience}/{snapshot}",
    **{"record_history": f"{RECORD}/history", "record_proof": f"{RECORD}/proof"},
    "record_disclosure": f"{RECORD}/disclosure",
    **{
        "list_erasures": "/api/v1/erasures?dossier={dossier}",
        "list_holds": "/api/v1/holds?dossier={dossier}",
        "list_handovers": "/api/v1/handovers?dossier={dossier}",
    },
    "one_erasure": "/api/v1/erasures/{erasure}",
    "count_by_project": "/api/v1/issues/by-project?dossier={dossier}",
    "site_officers": "/api/v1/projects/{dossier}/officers",
    "notice_preview": "/api/v1/notices/{notice}/preview",
}.items():
    of_thing(name, where)


def _saying(**values: str) -> Callable[[], dict[str, Any]]:
    """A change of these fields, each time under an id of its own."""
    fields = {name: {"set": value} for name, value in values.items()}
    return lambda: {"fields": dict(fields), "change": new_id(), "at": AT}


def _raising() -> dict[str, Any]:
    return {"change": new_id(), "at": AT}


def _answering() -> dict[str, Any]:
    return {"text": "已整改", "change": new_id(), "at": AT}


def _voiding() -> dict[str, Any]:
    return {"fields": {"state": {"do": "void"}, "void_reason": {"set": "遗失"}}, "change": new_id(), "at": AT}


of_thing("decide_erasure", "/api/v1/erasures/{erasure}", "PATCH", body=_saying(reason="改"), headers=LATE)
of_thing("lift_hold", "/api/v1/holds/{hold}", "PATCH", body=_saying(note="改"), headers=LATE)
of_thing("amend_issue", "/api/v1/issues/{issue}", "PATCH", body=_saying(part="改"), headers=LATE)
of_thing("raise_issue", "/api/v1/answers/{answer}/issue", "POST", body=_raising)
of_thing("amend_notice", "/api/v1/notices/{notice}", "PATCH", body=_saying(demand="改"), headers=LATE)
of_thing("answer_notice", "/api/v1/notices/{notice}/answer", "POST", body=_answering, headers=LATE)
of_thing("amend_block", "/api/v1/blocks/{block}", "PATCH", body=_voiding, headers=LATE)


@made("amend_issues")
def _bulk(town: Town, _who: str, whose: str) -> Ask:
    things = town.things(whose)
    item = {"dossier": things.dossier, "id": things.issue, "version": 999, "change": new_id(), "at": AT}
    return Ask("POST", "/api/v1/issues/bulk", {"items": [item], "fields": {"part": {"set": "改"}}})


@made("draft_notice")
def _draft(town: Town, _who: str, whose: str) -> Ask:
    fields = {n: {"set": v} for n, v in {"notice_kind": "rectification", "drafted_at": AT}.items()}
    fields |= {"author_org": {"set": "cy-gls"}, "authority": {"set": "cy-zjw"}}
    said = {"record": new_id(), "change": new_id(), "at": AT, "fields": fields}
    return Ask("POST", "/api/v1/notices", {"dossier": town.things(whose).dossier} | said)


def _orders(operation: str, path: str, **more: Any) -> None:
    def make(town: Town, _who: str, whose: str) -> Ask:
        things = town.things(whose)
        said = {"subject": things.issue, "reason": "改"} | more
        fields = {n: {"set": v} for n, v in said.items()}
        body = {"record": new_id(), "change": new_id(), "at": AT, "fields": fields}
        return Ask("POST", path, {"dossier": things.dossier} | body)

    ASKS[operation] = make


PERSON = {"whole": False, "ground": "withdrawn", "asked_by": "person", "asked_at": AT}
_orders("ask_erasure", "/api/v1/erasures", **PERSON)
_orders("hold", "/api/v1/holds", held_at=AT)


@made("give_block")
def _give(town: Town, _who: str, _whose: str) -> Ask:
    said = {"officer": town.house.people["inspector"], "authority": "cy-zjw", "year": 2026, "size": 1}
    said |= {"notice_kind": "stop_work", "record": new_id(), "change": new_id(), "at": AT}
    return Ask("POST", "/api/v1/blocks", said)


OF_NOTHING.add("give_block")


@made("exchange_once")
def _exchange(town: Town, who: str, whose: str) -> Ask:
    """A comment to the dossier, and a cursor in it."""
    things = town.things(whose)
    said = {"subject": things.issue, "text": "问", "said_at": AT}
    changes = [create("comment", said, audience=things.audience)]
    push = [{"dossier": things.dossier, "epoch": 1, "changes": changes}]
    cursors = {things.dossier: {things.audience: {"nonce": "n", "epoch": 1, "seq": 0, "floor": 0}}}
    body = {"protocol": PROTOCOL, "schema": SCHEMA, "no": 1, "push": push, "pull": {"cursors": cursors}}
    return Ask("POST", "/api/v1/exchange", body)


# ----------------------------------------------------------------------------------- uploads
def encoded(said: dict[str, str]) -> str:
    """An Upload-Metadata header."""
    return ",".join(f"{k} {base64.b64encode(v.encode()).decode()}" for k, v in said.items())


@made("begin_upload")
def _begin(town: Town, _who: str, whose: str) -> Ask:
    things = town.things(whose)
    said = {"dossier": things.dossier, "record": things.photo, "sha256": "ab" * 32}
    headers = TUS | {"Upload-Length": "9", "Upload-Metadata": encoded(said)}
    return Ask("POST", "/api/v1/uploads", headers=headers)


def _upload(town: Town, who: str, whose: str) -> str:
    """The id of an upload that has begun."""
    if whose == "guessed":
        return new_id().replace("-", "")
    desk = town.owner(who, whose)
    dossier = town.foreign if desk is town.desks["far"] else town.own
    if who in ("administrator", "auditor", "other") and whose == "own":
        desk = town.desks["inspector"]  # they have none: somebody else's then
    ask = _begin(town, who, "foreign" if dossier is town.foreign else "own")
    begun = desk.call("POST", ask.path, headers=ask.headers)
    assert begun.status_code == 201, begun.text
    return str(begun.headers["Location"].rsplit("/", 1)[1])


def _of_upload(operation: str, method: str, **more: str) -> None:
    def make(town: Town, who: str, whose: str) -> Ask:
        data = b"" if more else None
        return Ask(method, f"/api/v1/uploads/{_upload(town, who, whose)}", headers=TUS | more, data=data)

    ASKS[operation] = make


GOING_ON = {"Upload-Offset": "0", "Content-Type": BYTES}
_of_upload("upload_offset", "HEAD")
_of_upload("continue_upload", "PATCH", **GOING_ON)
_of_upload("override_upload", "POST", **GOING_ON, **{"X-HTTP-Method-Override": "PATCH"})
_of_upload("end_upload", "DELETE")
