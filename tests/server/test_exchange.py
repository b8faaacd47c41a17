"""The exchange's door: what cannot be read is refused in words, and nothing is half-written."""

import base64
import gzip
import threading
from dataclasses import replace

import orjson
import pytest
from sqlalchemy import text

from server import transaction
from sync.protocol import INFLATED_BYTES, REQUEST_BYTES
from tests.support.house import House, issue, update

WJ = "project:wj-01"
PATH = "/api/v1/exchange"


_FIELD = b'"pull":{"cursors":{"project:wj-01":{"field":{"nonce":"n","epoch":1,"floor":0,%b}}}}'
# Every number of the envelope, where it is more than a number may be.
HUGE = [
    said % number
    for number in (b"9007199254740992", b"9223372036854775809", b"1e300")
    for said in (
        b'"no":%b',
        b'"schema":%b',
        b'"protocol":%b',
        b'"push":[{"dossier":"project:wj-01","epoch":%b,"changes":[]}]',
        b'"pull":{"keys":%b}',
        _FIELD % b'"seq":%b',
        _FIELD % b'"seq":0,"below":%b',
        b'"pull":{"checkpoints":{"project:wj-01":{"epoch":1,"size":%%b,"root":"%b="}}}' % (b"A" * 43),
    )
]


def refused(answer) -> tuple[int, str, str]:
    assert answer.mimetype == "application/problem+json"
    body = answer.json
    assert body["status"] == answer.status_code and body["detail"] and body["title"]
    return answer.status_code, body["code"], body["remedy"]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'{"protocol":1}',
        b'{"protocol":1,"schema":1,"no":-1}',
        b'{"protocol":1,"schema":1,"no":1,"push":{}}',
        b'{"protocol":1,"schema":1,"no":1,"push":[{"dossier":"../x","epoch":1,"changes":[]}]}',
        b'{"protocol":1,"schema":1,"no":1,"sent_at":"today"}',
        b'{"protocol":1,"schema":1,"no":1,"pull":{"cursors":{"d":{"a":{"seq":"1"}}}}}',
        b"\xff\xfe",
        b'{"protocol":1,"schema":1,"no":1,"push":' + b"[" * 100_000,
    ],
)
def test_a_broken_envelope_is_malformed(site: House, data: bytes) -> None:
    answer = site.desk("li").call("POST", PATH, data=data, headers={"Content-Type": "application/json"})
    assert refused(answer) == (400, "malformed", "repair")


def test_a_number_above_what_a_number_may_be_is_malformed(site: House) -> None:
    li = site.desk("li")
    for said in HUGE:
        data = b'{"protocol":1,"schema":1,"no":1,%b}' % said
        answer = li.call("POST", PATH, data=data, headers={"Content-Type": "application/json"})
        assert refused(answer) == (400, "malformed", "repair"), data


def test_another_content_type_is_refused(site: House) -> None:
    answer = site.desk("li").call("POST", PATH, data=b"{}", headers={"Content-Type": "text/plain"})
    assert refused(answer) == (415, "unsupported-media-type", "update")


def test_another_protocol_is_told_the_range(site: House) -> None:
    answer = site.desk("li").call("POST", PATH, json={"protocol": 9, "schema": 1, "no": 1})
    assert refused(answer) == (426, "upgrade-required", "update")
    assert answer.json["details"]["protocol"] == {"min": 1, "max": 1}


def test_a_body_above_the_limit_is_told_the_limits(site: House) -> None:
    data = b'{"protocol":1,"x":"' + b"x" * REQUEST_BYTES + b'"}'
    answer = site.desk("li").call("POST", PATH, data=data, headers={"Content-Type": "application/json"})
    published = site.app.test_client().get("/api/v1/config").json["limits"]
    assert refused(answer)[:2] == (413, "too-large") and answer.json["details"]["limits"] == published
    packed = gzip.compress(b'{"protocol":1,"x":"' + b"x" * INFLATED_BYTES + b'"}')
    headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
    answer = site.desk("li").call("POST", PATH, data=packed, headers=headers)
    assert refused(answer)[:2] == (413, "too-large") and answer.json["details"]["limits"] == published


def test_who_reads_what_twenty_firms_are_told_pulls_and_pushes_as_anybody(site: House) -> None:
    """An audience a firm: there is no number of them that the house would not take."""
    firms = [f"party:91110105MA0XD{n:05d}" for n in range(20)]
    site.submit(WJ, *[issue(audience=firm) for firm in firms])
    li = site.desk("li")
    granted = li.exchange(cursors={})["pull"]["granted"][WJ]["audiences"]
    assert set(firms) < set(granted)
    held = {WJ: {a: {"nonce": a, "epoch": 1, "seq": 0, "floor": 0} for a in granted}}
    answer = li.exchange({WJ: [issue()]}, held)
    assert answer["push"][0]["outcomes"][0]["status"] == "applied"
    pages = answer["pull"]["dossiers"][WJ]["audiences"]
    assert [len(pages[firm]["items"]) for firm in firms] == [1] * 20


def test_a_device_of_two_thousand_dossiers_is_heard(site: House) -> None:
    """Cursors and checkpoints are not counted; their bytes are (decision 0040)."""
    cursor = {"nonce": "n" * 36, "epoch": 1, "seq": 1_042, "floor": 980, "below": None}
    many = {f"project:n-{n}": {"field": cursor, "office": cursor} for n in range(2_100)}
    known = {dossier: {"epoch": 1, "size": 3, "root": "A" * 43 + "="} for dossier in many}
    body = {"protocol": 1, "schema": 1, "no": 1, "pull": {"cursors": many, "checkpoints": known}}
    answer = site.desk("li").call("POST", PATH, json=body)
    assert answer.status_code == 200 and len(answer.json["pull"]["gone"]) == 2_100


def test_a_change_in_each_of_many_dossiers_is_one_request(site: House) -> None:
    push = [{"dossier": f"project:n-{n}", "epoch": 1, "changes": [issue()]} for n in range(500)]
    body = {"protocol": 1, "schema": 1, "no": 1, "push": push}
    answer = site.desk("li").call("POST", PATH, json=body)
    assert {group["error"] for group in answer.json["push"]} == {"unknown-dossier"}


def test_more_changes_than_a_request_may_hold_are_refused_whole(site: House) -> None:
    li = site.desk("li")
    push = [{"dossier": WJ, "epoch": 1, "changes": [issue() for _ in range(501)]}]
    answer = li.call("POST", PATH, json={"protocol": 1, "schema": 1, "no": 1, "push": push})
    assert refused(answer) == (413, "too-large", "repair")
    assert answer.json["details"]["limits"]["request_changes"] == 500
    assert li.get("/api/v1/issues")["items"] == []


def test_a_client_ahead_of_the_server_keeps_what_the_server_does_not_know(site: House) -> None:
    ahead = issue(field_of_next_year="x")
    answer = site.desk("li").exchange({WJ: [ahead, issue()]}, schema=99)
    outcomes = answer["push"][0]["outcomes"]
    assert [(o["status"], o["why"]) for o in outcomes] == [("retry", "schema-ahead"), ("applied", None)]
    assert outcomes[0]["remedy"] == "update"


def test_one_group_refused_leaves_the_other_groups_applied(site: House) -> None:
    answers = site.desk("li").exchange({"project:none": [issue()], WJ: [issue()]})["push"]
    assert answers[0]["error"] == "unknown-dossier"
    assert answers[1]["outcomes"][0]["status"] == "applied"


def test_a_dead_database_is_answered_in_words_and_nothing_is_half_written(
    site: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The database dies with the head (PostgreSQL has it in one statement with the entries, SQLite after
    them): the fault is injected at the driver.
    """
    from sqlalchemy import event
    from sqlalchemy.exc import OperationalError

    from server.database import db

    li, made = site.desk("li"), issue()
    with site.app.app_context():
        engine = db.engine

    def die(_conn, _cursor, statement: str, *_more: object) -> None:
        if 'UPDATE "dossiers"' in statement:
            raise OperationalError(statement, {}, Exception("server closed the connection unexpectedly"))

    event.listen(engine, "before_cursor_execute", die)
    try:
        body = {"protocol": 1, "schema": 1, "no": 1, "push": [{"dossier": WJ, "epoch": 1, "changes": [made]}]}
        answer = li.call("POST", PATH, json=body)
    finally:
        event.remove(engine, "before_cursor_execute", die)
    assert refused(answer) == (503, "database-unavailable", "retry")
    assert answer.headers["Retry-After"]
    with site.app.app_context(), transaction.reading() as conn:
        for table in ("entries", "payloads", "outcomes", "feed", "issues"):
            found = conn.execute(text(f"SELECT count(*) FROM {table} WHERE dossier = :d"), {"d": WJ}).scalar()
            assert found == (1 if table in ("entries", "payloads", "outcomes", "feed") else 0), table
    [outcome] = li.push(WJ, made)
    assert outcome["status"] == "applied" and outcome["replay"] is False


def test_a_device_is_judged_for_so_long_and_comes_again_for_the_rest(site: House) -> None:
    """Others wait for the dossier meanwhile. One change at least is judged, so that all are in the end: here
    each takes longer than there is time for.
    """
    li, made, text = site.desk("li"), [issue() for _ in range(4)], "安全" * 250
    born = [update("issue", m["record"], 0, {"demand": text}, after=m["id"]) for m in made]
    versions = [o["version"] for o in li.push(WJ, *made, *born)[4:]]
    pairs = list(zip(made, versions, strict=True))
    begun = [update("issue", m["record"], v, {"demand": f"甲{text[:250]}乙{text[250:]}丙"}) for m, v in pairs]
    late = [update("issue", m["record"], v, {"demand": f"{text[:101]}丁{text[101:]}"}) for m, v in pairs]
    site.desk("wang").push(WJ, *begun)
    here = site.app.extensions["office"]
    here.config = replace(here.config, locked_ms=10)
    answers = [li.push(WJ, *late) for _ in late]
    assert answers[0][0]["status"] == "merged"
    assert (answers[0][-1]["status"], answers[0][-1]["why"]) == ("retry", "out-of-time")
    assert answers[0][-1]["remedy"] == "retry" and answers[0][-1]["seq"] is None
    assert [o["status"] for o in answers[-1]] == ["merged"] * 4
    shown = li.get(f"/api/v1/issues/{made[-1]['record']}")["body"]["demand"]
    assert shown == f"甲{text[:101]}丁{text[101:250]}乙{text[250:]}丙"


def test_the_config_is_open_and_tells_limits_and_time(house: House) -> None:
    said = house.app.test_client().get("/api/v1/config").json
    assert said["protocol"] == {"min": 1, "max": 1} and said["limits"]["request_changes"] == 500
    assert said["server_time"] == "2026-11-22T01:00:00.000Z"


def test_unknown_addresses_and_methods_answer_in_the_same_words(house: House) -> None:
    client = house.app.test_client()
    assert refused(client.get("/api/v1/nothing")) == (404, "not-found", "drop")
    assert refused(client.put("/api/v1/exchange")) == (405, "method-not-allowed", "update")
    zh = client.get("/api/v1/nothing").json["title"]
    en = client.get("/api/v1/nothing", headers={"Accept-Language": "en"}).json["title"]
    assert zh == "没有找到" and en.startswith("There is no such thing")


def test_an_answer_is_never_cached_and_names_its_request(site: House) -> None:
    answer = site.desk("li").call("POST", PATH, json={"protocol": 1, "schema": 1, "no": 5})
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Request-Id"]
    assert orjson.loads(answer.data)["no"] == 5


def test_text_with_a_nul_is_refused_on_every_door(site: House) -> None:
    """PostgreSQL cannot keep it as given, so it is a person's to repair and never our error."""
    li = site.desk("li")
    [outcome] = li.push(WJ, issue(title="a\0b"))
    assert (outcome["status"], outcome["why"]) == ("invalid", "not-canonical")
    for path in ("/api/v1/issues?text=%00", "/api/v1/issues?dossier=%00", "/api/v1/issues?page=%00"):
        assert refused(li.call("GET", path)) == (400, "malformed", "repair")
    said = {"username": "a\0b", "password": "x"}
    assert refused(site.app.test_client().post("/api/v1/session", json=said))[0] == 400
    path = "/api/v1/dossiers/project:%00/records/00000000-0000-0000-0000-000000000000/history"
    assert li.call("GET", path).status_code == 404
    assert li.call("GET", "/api/v1/dossiers/%00/verification").status_code == 404


def test_whole_numbers_spelled_with_a_point_are_whole_numbers(site: House) -> None:
    li = site.desk("li")
    li.push(WJ, issue(), issue())
    held = {WJ: {"field": {"nonce": "n", "epoch": 1.0, "seq": 0.0, "floor": 0.0}}}
    body = {"protocol": 1, "schema": 1, "no": 5.0, "pull": {"limit": 1.0, "cursors": held}}
    answer = li.call("POST", PATH, json=body)
    assert answer.status_code == 200
    assert len(answer.json["pull"]["dossiers"][WJ]["audiences"]["field"]["items"]) == 1


@pytest.mark.parametrize("value", [2**63, "x", None, [], {}, 2.5])
def test_a_forged_page_token_is_malformed(site: House, value: object) -> None:
    token = base64.urlsafe_b64encode(
        orjson.dumps(["-severity", str(value) if value == 10**30 else value, "d", "i"])
    )
    answer = site.desk("li").call("GET", f"/api/v1/issues?sort=-severity&page={token.decode()}")
    assert refused(answer) == (400, "malformed", "repair")


def test_a_cursor_under_a_name_that_is_no_dossier_is_malformed(site: House) -> None:
    for held in ({"a\0": {}}, {WJ: {"a\0": {"nonce": "n", "epoch": 1, "seq": 0, "floor": 0}}}):
        body = {"protocol": 1, "schema": 1, "no": 1, "pull": {"cursors": held}}
        assert refused(site.desk("li").call("POST", PATH, json=body)) == (400, "malformed", "repair")


def test_an_answer_over_many_cursors_is_bounded_and_the_rest_follows(site: House) -> None:
    li = site.desk("li")
    text = "字" * 1_300
    for audience in ("field", "office"):
        for _ in range(3):
            li.push(WJ, *[issue(description=text, demand=text, audience=audience) for _ in range(200)])
    held = {a: {"nonce": a, "epoch": 1, "seq": 0, "floor": 0} for a in ("field", "office")}
    seen: dict[str, set[str]] = {a: set() for a in held}
    for _ in range(12):
        pages = li.exchange(cursors={WJ: held})["pull"]["dossiers"][WJ]["audiences"]
        assert len(orjson.dumps(pages)) < 6 * 1024 * 1024
        for audience, page in pages.items():
            seen[audience] |= {i["record"] for i in page["items"]}
            held[audience] |= {"seq": page["until"], "floor": page["floor"], "below": page["below"]}
        if not any(p["more"] for p in pages.values()):
            break
    assert [len(records) for records in seen.values()] == [600, 600]


def test_more_writers_than_may_wait_are_told_to_come_again(site: House) -> None:
    """Protocol §3: beyond eight waiting for one dossier, 503 with Retry-After, and nobody fails."""
    answers: list[int] = []
    desks = [site.desk("li", device=f"d{i}") for i in range(24)]

    def write(desk) -> None:
        body = {"protocol": 1, "schema": 1, "no": 1}
        body["push"] = [{"dossier": WJ, "epoch": 1, "changes": [issue() for _ in range(40)]}]
        answer = desk.call("POST", PATH, json=body)
        answers.append(answer.status_code)
        assert answer.status_code == 200 or answer.headers["Retry-After"]

    threads = [threading.Thread(target=write, args=(desk,)) for desk in desks]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(answers) <= {200, 503} and answers.count(200) >= 9


def test_a_fault_of_ours_is_called_ours(site: House, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_args: object, **_more: object) -> None:
        raise RuntimeError("made for the test")

    monkeypatch.setattr("server.issues.queries.queue", fail)
    answer = site.desk("li").call("GET", "/api/v1/issues")
    assert refused(answer) == (500, "internal", "retry")
    assert "made for the test" not in answer.text


def test_connections_that_the_database_ended_are_replaced_before_anybody_notices(site: House) -> None:
    from server.database import db

    li = site.desk("li")
    li.push(WJ, issue())
    with site.app.app_context():
        if db.engine.dialect.name != "postgresql":
            pytest.skip("SQLite has no connections to lose")
        others = (
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        with db.engine.connect() as one, db.engine.connect(), db.engine.connect():
            assert len(one.execute(text(others)).all()) >= 2
    [outcome] = li.push(WJ, issue())
    assert outcome["status"] == "applied"
