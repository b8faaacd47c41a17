"""The supervisors' page: only its own files are served, and it says the same as the server does."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from server import pages
from server.app import create_app
from server.desk.routes import FOLDER
from server.errors import CODES, REMEDIES
from server.exports.routes import STATES
from server.exports.rules import FORMS
from server.inspections.records.inspection import TYPES as VISITS
from server.issues.records.escalation import STEPS as LADDER
from server.issues.records.extension import EXTENSION, FLAGS
from server.issues.records.issue import DEPARTMENTS, DOMAINS, ISSUE, LIFECYCLE, SEVERITIES, TERMS
from server.issues.records.pause import REASONS
from server.issues.records.review import RESULTS
from server.measures.queries import GROUPS
from server.measures.routes import WHY
from server.measures.rules import RATES, ZH
from sync.protocol import STATUSES
from tests.support.house import Clock, House, config_for, issue, new_id
from tests.web.node import WEB

DESK = WEB / "desk"
SCRIPTS = sorted(path.relative_to(DESK).as_posix() for path in DESK.rglob("*.ts*"))
SHEETS = sorted(path.name for path in DESK.glob("*.css"))
LONGEST_MODULE = 400
# A literal's tokens: strings, comments, names and numbers, punctuation.
TOKENS = re.compile(r'"(?:[^"\\]|\\.)*"|//[^\n]*|/\*.*?\*/|[\w$]+|[{}\[\]:,]')


def read(name: str) -> str:
    return (DESK / name).read_text(encoding="utf-8")


def served() -> list[str]:
    """What a build has left, but for the packed copies."""
    found = (path for path in FOLDER.rglob("*") if path.is_file() and path.suffix != ".gz")
    return sorted(path.relative_to(FOLDER).as_posix() for path in found)


def table(script: str, name: str) -> dict[str, Any]:
    """The object literal `const NAME = {…}` of a script, as JSON reads it once its names are quoted."""
    pattern = rf"^(?:export )?const {name} = (\{{.*?\}})(?: as const satisfies .*?)?;$"
    found = re.search(pattern, read(script), re.MULTILINE | re.DOTALL)
    assert found, f"{script} has no plain table {name}"
    words = [t for t in TOKENS.findall(found[1]) if not t.startswith(("//", "/*"))]
    quoted = [t if t in ("true", "false") or not re.match(r"[A-Za-z_$]", t) else f'"{t}"' for t in words]
    parsed: dict[str, Any] = json.loads(re.sub(r",([}\]])", r"\1", "".join(quoted)))
    return parsed


def said() -> dict[str, Any]:
    """Every text of the page; none is said in both files."""
    issues, rooms = table("texts.ts", "WORDS"), table("room-texts.ts", "WORDS")
    assert not set(issues) & set(rooms)
    return issues | rooms


def chinese(words: dict[str, list[str]]) -> dict[str, str]:
    assert all(len(pair) == 2 and all(pair) for pair in words.values()), "a word lacks a language"
    return {code: zh for code, (zh, _en) in words.items()}


def test_every_built_file_is_served_and_may_do_nothing_but_its_own(house: House) -> None:
    client = house.app.test_client()
    assert {"index.html", "mark.svg"} <= set(served())
    for name in served():
        answer = client.get(f"/desk/{name}")
        assert (answer.status_code, answer.data) == (200, (FOLDER / name).read_bytes()), name
        assert answer.headers["X-Content-Type-Options"] == "nosniff", name
        hashed = name.startswith("assets/")
        assert ("immutable" in answer.headers["Cache-Control"]) is hashed, name
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy and "frame-ancestors 'none'" in policy, name
        assert "require-trusted-types-for 'script'" in policy, name
        assert not re.search(r"unsafe|\*|https?:|data:", policy), name
    assert "Set-Cookie" not in answer.headers and set(pages.headers()) <= set(answer.headers.keys())


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("/tiles/{z}/{x}/{y}.png", "img-src 'self' blob:"),
        ("https://map.office.cn:8443/w/{z}/{x}/{y}?v=2", "img-src 'self' blob: https://map.office.cn:8443"),
    ],
)
def test_the_ground_of_the_map_comes_from_where_the_office_says(
    given: str, shown: str, clock: Clock, tmp_path: Path
) -> None:
    config = config_for(f"sqlite:///{tmp_path}/x.db", tmp_path, XUNJIAN_TILES_URL=given)
    client = create_app(config, clock=clock, new_id=new_id).test_client()
    directives = client.get("/desk/").headers["Content-Security-Policy"].split("; ")
    assert shown in directives and sum(said.startswith("img-src") for said in directives) == 1
    assert client.get("/api/v1/config").json["tiles"] == given
    assert "https:" not in client.get("/phone/").headers["Content-Security-Policy"], "it shows no ground"


@pytest.mark.parametrize(
    "given",
    [
        "http://map.office.cn/{z}/{x}/{y}",
        "//map.office.cn/{z}/{x}/{y}",
        "https://map.office.cn/{z}/{x}",
        "https://map.office.cn; script-src *//{z}/{x}/{y}",
        "https://li:secret@map.office.cn/{z}/{x}/{y}",
        "/tiles/{z}/{x}/{y}.png; script-src *",
        "tiles/{z}/{x}/{y}",
    ],
)
def test_ground_that_would_not_be_shown_or_would_loosen_the_policy_is_refused(
    given: str, tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match="XUNJIAN_TILES_URL"):
        config_for("sqlite:///:memory:", tmp_path, XUNJIAN_TILES_URL=given)


def test_a_file_that_did_not_change_is_not_sent_again(house: House) -> None:
    client = house.app.test_client()
    for name in served():
        tag = client.get(f"/desk/{name}").headers["ETag"]
        again = client.get(f"/desk/{name}", headers={"If-None-Match": tag})
        assert (again.status_code, again.data, again.headers["ETag"]) == (304, b"", tag), name
        assert client.get(f"/desk/{name}", headers={"If-None-Match": '"another"'}).status_code == 200, name


def test_the_front_door_leads_to_the_desk(house: House) -> None:
    client = house.app.test_client()
    answer = client.get("/")
    assert (answer.status_code, answer.headers["Location"]) == (302, "/desk/")
    page = client.get("/desk/")
    assert (page.status_code, page.mimetype) == (200, "text/html")
    assert page.data == client.get("/desk/index.html").data


def test_nothing_but_its_files_can_be_had_through_the_desk(house: House) -> None:
    client = house.app.test_client()
    wanted = ("x", "main.tsx", "index.html.gz", ".", "index.html%00", "%2e%2e/", "%2e%2e%2fdesk%2findex.html")
    above = ("..%2fapp.py", "..%2f..%2fserver%2fapp.py", "..%5capp.py", "%2fetc%2fpasswd", "../server/app.py")
    for name in (*wanted, *above):
        answer = client.get(f"/desk/{name}", follow_redirects=True)  # two slashes are led to one
        assert (answer.status_code, answer.mimetype) == (404, "application/problem+json"), name
        assert (answer.json["code"], answer.json["remedy"]) == ("not-found", "drop"), name


@pytest.mark.parametrize("name", [*SCRIPTS, "index.html", *SHEETS])
def test_a_file_holds_no_way_round_the_policy(name: str) -> None:
    text = read(name)
    for way in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function"):
        assert way not in text, way
    assert not re.search(r"<[^>]*\sstyle\s*=", text), "an inline style"
    assert not re.search(r"<script(?![^>]*\ssrc=)|<style", text), "an inline script or style sheet"
    elsewhere = re.sub(r'xmlns="http://www\.w3\.org/[\w/]+"', "", text)
    assert not re.search(r"https?://|[\"'(]//\w|@import|url\(", elsewhere), "another host"


@pytest.mark.parametrize("script", SCRIPTS)
def test_a_script_is_short_and_opens_with_a_sentence(script: str) -> None:
    text = read(script)
    assert len(text.splitlines()) <= LONGEST_MODULE
    assert re.match(r"/\*\*\s+(\* )?[A-Z].*?\. ?\*/|/\*\*\n \* [A-Z]", text)


def test_every_text_has_both_languages_and_the_same_places() -> None:
    texts = said()
    chinese(texts)
    for key, (zh, en) in texts.items():
        assert set(re.findall(r"\{\w+\}", zh)) == set(re.findall(r"\{\w+\}", en)), key
        assert "!" not in zh + en and "！" not in zh, key


def test_what_the_page_puts_together_is_written_down() -> None:
    words = set(said())
    assert {f"next-{remedy}" for remedy in REMEDIES} <= words
    assert set(STATUSES) <= words
    ops = ("create", "update", "delete", "undelete", "resolve")
    assert {f"did-{op}" for op in ops} <= words


def test_the_page_has_words_for_every_measure_and_every_state_of_a_file() -> None:
    words = set(said())
    told = {*RATES, "time"}
    assert {f"measure-{name}" for name in told} | {f"means-{name}" for name in told} <= words
    assert {f"by-{name}" for name in GROUPS} | {f"why-{why}" for why in WHY} <= words
    assert {f"as-{form}" for form in FORMS} | {f"export-{state}" for state in STATES} <= words
    for name, zh in ZH.items():
        assert said()[f"measure-{name}"][0].startswith(zh.removeprefix("平均")), name


def test_the_page_asks_for_a_reason_where_a_step_is_grave_and_leaves_the_sites_steps_to_the_site() -> None:
    for name in ("SITES", "GRAVE"):
        [listed] = re.findall(rf"^export const {name} = \[(.*?)\];", read("steps.tsx"), re.MULTILINE)
        assert set(re.findall(r'"(\w+)"', listed)) <= set(LIFECYCLE.transitions), name


def test_the_server_says_which_steps_are_open_to_whom_and_what_they_need(site: House) -> None:
    li, zhang = site.desk("li"), site.desk("zhang")
    [made] = li.push("project:wj-01", issue())
    seen = zhang.get("/api/v1/issues")["items"][0]["id"]
    open_to = {who: site.desk(who).get(f"/api/v1/issues/{seen}")["steps"] for who in ("li", "zhang")}
    assert {s["do"] for s in open_to["li"]} == {"confirm", "merge"}
    assert {s["do"]: s["needs"] for s in open_to["zhang"]} == {
        "confirm": [],
        "dismiss": [],
        "merge": ["duplicate_of"],
    }
    assert made["status"] == "applied"


def test_the_page_has_the_servers_words_for_states_severities_and_domains() -> None:
    assert chinese(table("../terms.ts", "STATES")) == LIFECYCLE.states
    assert chinese(table("../terms.ts", "SEVERITIES")) == SEVERITIES
    assert chinese(table("../terms.ts", "DOMAINS")) == DOMAINS
    assert chinese(table("../terms.ts", "TERMS")) == TERMS
    assert chinese(table("../terms.ts", "VISITS")) == VISITS
    assert chinese(table("terms.ts", "DEPARTMENTS")) == DEPARTMENTS
    assert set(table("../terms.ts", "VERBS")) == set(LIFECYCLE.transitions)
    more = table("terms.ts", "MORE")
    for name, said in {
        "review": RESULTS,
        "flag": FLAGS,
        "pause": REASONS,
        "ladder": LADDER,
    }.items():
        assert chinese(more[name]) == said, name
    assert EXTENSION.lifecycle is not None
    assert chinese(table("terms.ts", "OTHER_STATES")).items() >= EXTENSION.lifecycle.states.items()


def test_the_page_has_a_word_for_every_field_of_an_issue() -> None:
    words = chinese(table("../terms.ts", "FIELDS"))
    for name, declared in ISSUE.fields.items():
        assert words[name].startswith(declared.zh), name  # 定位精度（米）: the page adds the unit


def test_the_page_explains_outcomes_in_the_servers_words() -> None:
    words = table("../why.ts", "WHY") | table("terms.ts", "DESK_WHY")
    assert set(words) <= set(CODES)
    assert words == {why: [CODES[why].zh, CODES[why].en] for why in words}
    kept = {why for why, code in CODES.items() if (code.status, code.remedy) == (200, "ask")}
    assert kept <= set(words), "a change is kept for the office, and the page cannot say why"


def test_a_step_of_the_page_is_done_and_one_out_of_turn_is_explained(site: House) -> None:
    """As house.js sends it: from the queue, with the version that was on the screen."""
    site.desk("li").push("project:wj-01", issue())
    zhang = site.desk("zhang", device="desk-0123456789ab")
    [seen] = zhang.get("/api/v1/issues?limit=20&sort=-severity")["items"]

    def send(verb: str) -> Any:
        fields = {"state": {"do": verb}, "notes": {"append": [{"id": new_id(), "text": "现场已核实"}]}}
        body = {"fields": fields, "change": new_id(), "at": "2026-11-22T01:00:00.000Z"}
        headers = {"If-Match": f'"{seen["version"]}"', "Accept-Language": "zh-CN"}
        answer = zhang.call("PATCH", f"/api/v1/issues/{seen['id']}", json=body, headers=headers)
        assert answer.status_code == 200, answer.text
        return answer.json

    done = send("confirm")
    assert (done["outcome"]["status"], done["issue"]["state"]) == ("applied", "confirmed")
    kept = send("close")
    assert kept["issue"]["state"] == "confirmed"
    assert kept["outcome"]["why"] in table("../why.ts", "WHY")
    assert f"next-{kept['outcome']['remedy']}" in table("texts.ts", "WORDS")
