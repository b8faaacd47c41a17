"""Five hundred names and values that mean no good, through the routes: never our own fault, never a path."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from server.errors import CODES, REMEDIES
from tests.doors.asks import AT, TUS, encoded
from tests.server.test_photos import photo, upload
from tests.support.house import House, create, issue, jpeg, new_id

WJ = "project:wj-01"
NAMES = [
    *("../../../etc/passwd", "..", ".", "/", "//", "/etc/passwd", "\\..\\..\\windows\\win.ini"),
    *("C:\\boot.ini", "....//....//etc/passwd", "..%2f..%2fetc%2fpasswd", "%2e%2e%2f", "..;/"),
    *("..%c0%af", "~root/.ssh/id_rsa", "project:../wj-01", "project:wj-01/../wj-02"),
    *("project:wj-01\n", "project:wj-01\x00", "project:WJ-01", "project:", ":", "project:wj-01:x"),
    *("office:cy", "person:self", "projeсt:wj-01", "project:wj-01%00", "nul", "CON", "aux.jpg"),
    *("a" * 300, "字" * 200, "\u202e", "\ufeff", "\ufffd", "𠮷㛃", "é", "e\u0301", "' OR '1'='1"),
    *("'; DROP TABLE dossiers; --", '" OR ""="', "1; SELECT pg_sleep(9)", "\\'; --", "$$"),
    *("%s%s%s", "${jndi:ldap://x}", "{{7*7}}", "#{7*7}", "<script>alert(1)</script>"),
    *("=cmd|' /C calc'!A0", "\r\nSet-Cookie: a=b", "-1", "0", "1e309", "NaN", "Infinity", "9" * 40),
    *("0x10", "１２", "١٢", "true", "null", "[]", "{}", "None", "2026-02-30", "0000-00-00"),
    *("9999-12-31", "2026-11-22T25:61:61Z", "*", "?", "&", "a&b=c", "#", ";", "|", "`id`"),
    *("00000000-0000-0000-0000-000000000000", "ffffffff-ffff-ffff-ffff-ffffffffffff"),
    *("{" + "0" * 34 + "}", "\x7f\x1b"),
]
WIDE = {plain: plain + 0xFEE0 for plain in range(0x21, 0x7F)}
# How somebody spells a name that is stopped when it is plain; whatever undoes one of them is undone by us.
SPELLINGS: tuple[Callable[[str], str], ...] = (
    *(str, lambda name: quote(name, safe=""), lambda name: quote(quote(name, safe=""), safe="")),
    *(lambda name: f"x/../{name}", lambda name: f"{name}\0.jpg", lambda name: name.translate(WIDE)),
    *(json.dumps, lambda name: f"${{{name}}}"),
)
HOSTILE = list(dict.fromkeys(spell(name) for spell in SPELLINGS for name in NAMES))
DEEP: Any = "x"
for _ in range(300):
    DEEP = [DEEP]
SHAPES: list[Any] = [
    *(
        None,
        True,
        0,
        -1,
        1.5,
        2**63,
        2**64,
        -(2**63) - 1,
        10**300,
        "",
        "x",
        "\0",
        "字" * 5_000,
        [],
        {},
        [[]],
        [{}],
    ),
    *({"": ""}, {"a": None}, {"fields": None}, {"fields": []}, {"items": {}}, {"items": [None]}, DEEP),
    *({"push": [None]}, {"push": {}}, {"pull": []}, {"__proto__": {}}, {"fields": {"state": {"do": ["x"]}}}),
    {"protocol": 1, "schema": 1, "no": 1, "push": [{"dossier": WJ, "epoch": 1, "changes": DEEP}]},
]
RAW = [
    *(
        b"",
        b"{",
        b"nul",
        b"\xff\xfe",
        b"\xef\xbb\xbf{}",
        b'{"a":1,"a":2}',
        b'"\\ud800"',
        b'{"\\u0000":1}',
        b"NaN",
    ),
    *(b"[" * 100_000, b'{"a":' * 2_000, b"1" * 100_000, b"-", b'{"no": 1e400}', b"{} {}", b"\x00" * 64),
]
PATHS = (
    *("/api/v1/dossiers/{}/checkpoint", "/api/v1/dossiers/{}/verification", "/api/v1/photos/{}"),
    *("/api/v1/dossiers/project:wj-01/records/{}/history", "/api/v1/issues/{}", "/api/v1/uploads/{}"),
    *("/api/v1/projects/{}/inspections-this-year", "/api/v1/exports/{}/file", "/open/n/{}", "/desk/{}"),
    *(
        "/phone/{}",
        "/open/photos/{}/" + "0" * 16,
        "/api/v1/photos/" + "0" * 8 + "-0000-0000-0000-" + "0" * 12 + "/rendition/{}",
    ),
    "/api/v1/dossiers/project:wj-01/snapshots/{0}/{0}",
)
QUERIES = (
    *("issues?text={}", "issues?page={}", "issues?dossier={}", "issues?assignee={}", "issues?due_before={}"),
    *(
        "notices?number={}",
        "measures?from={}&by={}",
        "numbers?authority={}&kind={}&year={}",
        "law?on={}&under={}",
    ),
    *(
        "inspections?page={}",
        "notifications?page={}",
        "deliveries?record={}",
        "webhooks?x={}",
        "conflicts?limit={}",
    ),
)
BODIES = (
    *(
        ("POST", "exchange"),
        ("POST", "session"),
        ("POST", "issues/bulk"),
        ("POST", "notices"),
        ("POST", "blocks"),
    ),
    *(("POST", "exports"), ("POST", "webhooks"), ("POST", "my-channels"), ("PUT", "my-preferences")),
    *(("POST", "checklists"), ("PUT", f"views/{new_id()}")),
)
# What stands in no answer that a door may give.
INSIDE = ("root:x:0:0", "[boot loader]", "Traceback", "sqlalchemy", "psycopg", "sqlite3", "/site-packages/")


def fine(answer: Any, what: Any) -> None:
    """Answered, or refused in the house's words."""
    shown = answer.get_data().decode("utf-8", "replace")
    assert answer.status_code < 500, (what, shown[:300])
    assert not [word for word in INSIDE if word in shown], what
    assert "Set-Cookie" not in answer.headers, what
    if answer.status_code >= 400 and answer.mimetype != "text/html":
        assert answer.json["code"] in CODES and answer.json["remedy"] in REMEDIES, what


def asked_with(name: str, places: Sequence[Any]) -> Sequence[Any]:
    """Where a name is tried: a plain one everywhere, another spelling of it in one place, in turn."""
    number = HOSTILE.index(name)
    return places if number < len(NAMES) else [places[number % len(places)]]


def test_the_names_are_five_hundred_and_come_to_every_door() -> None:
    assert len(set(HOSTILE)) == len(HOSTILE) >= 500
    assert len(set(NAMES)) == len(NAMES) == len(asked_with(HOSTILE[0], NAMES))
    for places in (PATHS, QUERIES):
        spelled = [place for name in HOSTILE[len(NAMES) :] for place in asked_with(name, places)]
        assert set(spelled) == set(places) and len(spelled) == len(HOSTILE) - len(NAMES)


@pytest.fixture
def everybody(site: House) -> House:
    """Somebody who may ask at every door."""
    for role in ("supervisor", "administrator"):
        site.person("all", role, *((WJ,) if role == "supervisor" else ()), "office:cy")
    return site


def test_no_name_in_a_path_or_a_query_is_a_path_on_a_disk(everybody: House) -> None:
    desk = everybody.desk("all")
    for name in HOSTILE:
        for path in asked_with(name, PATHS):
            spelled = path.format(quote(name, safe=""))
            fine(desk.call("GET", spelled), spelled)
        for query in asked_with(name, QUERIES):
            spelled = f"/api/v1/{query.format(*[quote(name, safe='')] * 3)}"
            fine(desk.call("GET", spelled), spelled)


def test_no_body_of_a_wrong_shape_is_our_fault(everybody: House) -> None:
    desk = everybody.desk("all")
    kind = {"Content-Type": "application/json"}
    for method, where in BODIES:
        for body in [*RAW, *(json.dumps(shape).encode() for shape in SHAPES)]:
            fine(desk.call(method, f"/api/v1/{where}", data=body, headers=kind), (where, body[:80]))


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)  # of files, not of what a database says
def test_no_name_in_a_record_or_an_upload_leads_out_of_the_folder(everybody: House) -> None:
    before = _outside(everybody)
    desk, data = everybody.desk("all"), jpeg()
    made = [photo(data, new_id(), name=name[:255] or "x") for name in NAMES if "\0" not in name]
    for start in range(0, len(made), 100):
        everybody.desk("li").push(WJ, *made[start : start + 100])
    upload(everybody.desk("li"), made[0]["record"], data)
    for change in made:
        answer = desk.call("GET", f"/api/v1/photos/{change['record']}/original")
        fine(answer, change["fields"]["name"])
        assert "\n" not in str(answer.headers.get("Content-Disposition"))
    for name in HOSTILE:
        places = (
            {"dossier": name, "record": new_id(), "sha256": "ab" * 32},
            {"dossier": WJ, "record": name, "sha256": "ab" * 32},
            {"dossier": WJ, "record": new_id(), "sha256": name},
            {"dossier": WJ, "record": new_id(), "sha256": "ab" * 32, "filename": name},
        )
        for said in asked_with(name, places):
            headers = TUS | {"Upload-Length": "9", "Upload-Metadata": encoded(said)}
            fine(desk.call("POST", "/api/v1/uploads", headers=headers), said)
    assert _outside(everybody) == before


def _outside(house: House) -> set[str]:
    """What lies beside the house's own folders."""
    kept = {"media", "staging", "scratch", "archive", "signed"}
    beside = {str(p) for p in house.folder.iterdir() if p.name not in kept}
    return beside | {str(p) for p in house.folder.parent.iterdir()} | {str(p) for p in Path.cwd().iterdir()}


def test_no_id_and_no_text_in_a_change_is_our_fault(everybody: House) -> None:
    li, good = everybody.desk("li"), issue()
    odd = [{**good, "id": new_id(), "fields": shape} for shape in SHAPES]
    for name in HOSTILE:
        places = (
            {**good, "id": new_id(), "record": name, "n": 1},
            {**good, "id": name, "record": new_id()},
            {**good, "id": new_id(), "record": new_id(), "audience": name},
            create("issue", {"title": name or "x", "domain": name}, at=AT),
            {**good, "id": new_id(), "at": name},
        )
        odd += asked_with(name, places)
    for start in range(0, len(odd), 100):
        body = {"protocol": 1, "schema": 1, "no": 1}
        body["push"] = [{"dossier": WJ, "epoch": 1, "changes": odd[start : start + 100]}]
        fine(li.call("POST", "/api/v1/exchange", json=body), start)
    for name in NAMES:
        body = {
            "protocol": 1,
            "schema": 1,
            "no": 1,
            "push": [{"dossier": name, "epoch": 1, "changes": [good]}],
        }
        fine(li.call("POST", "/api/v1/exchange", json=body), name)
