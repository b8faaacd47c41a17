"""The supervisors' queue: filters, order, pages, and work from the desk."""

from typing import Any

import pytest

from server import transaction
from server.office import office
from tests.support.house import Desk, House, create, issue, new_id, update

WJ = "project:wj-01"


def titles(desk: Desk, query: str = "") -> list[str]:
    return [i["title"] for i in desk.get(f"/api/v1/issues{query}")["items"]]


def found(title: str, day: int, **more: Any) -> dict[str, Any]:
    return issue(title=title, found_at=f"2026-11-{day:02d}T08:00:00+08:00", **more)


@pytest.fixture
def queue(site: House) -> House:
    """Four issues that differ in everything that the queue filters by."""
    li = site.desk("li")
    made = [
        found("甲", 1, severity="major", domain="lifting", due_on="2026-11-02"),
        found("乙", 3, domain="dust", due_on="2026-11-22"),
        found("丙", 2, severity="serious", part="3号楼 屋面"),
        found("丁 100%_x", 4, due_on="2026-12-01", assignee=li.person),
    ]
    li.push(WJ, *made, update("issue", made[2]["record"], 0, {"state": {"do": "confirm"}}))
    return site


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", ["丁 100%_x", "乙", "丙", "甲"]),
        ("?sort=found_at", ["甲", "丙", "乙", "丁 100%_x"]),
        ("?sort=due_on", ["甲", "乙", "丁 100%_x", "丙"]),
        ("?sort=-severity&limit=1", ["甲"]),
        ("?state=confirmed", ["丙"]),
        ("?state=confirmed&state=submitted&severity=general", ["丁 100%_x", "乙"]),
        ("?severity=major&severity=serious", ["丙", "甲"]),
        ("?domain=edge", ["丁 100%_x", "丙"]),
        ("?overdue=true", ["甲"]),
        ("?overdue=false", ["丁 100%_x", "乙", "丙"]),
        ("?due_before=2026-11-30", ["乙", "甲"]),
        ("?due_after=2026-11-02", ["丁 100%_x", "乙"]),
        ("?text=3号楼", ["丙"]),
        ("?text=3号楼+屋面", ["丙"]),
        ("?text=100%25_X", ["丁 100%_x"]),
        ("?text=0%25x", []),
        ("?dossier=project:wj-02", []),
        ("?dossier=project:wj-01&dossier=project:none&domain=dust", ["乙"]),
    ],
)
def test_the_queue_is_filtered_and_sorted(queue: House, query: str, expected: list[str]) -> None:
    assert titles(queue.desk("zhang"), query) == expected


def test_the_queue_is_filtered_by_assignee(queue: House) -> None:
    li = queue.desk("li")
    assert titles(queue.desk("zhang"), f"?assignee={li.person}") == ["丁 100%_x"]
    [item] = queue.desk("zhang").get(f"/api/v1/issues?assignee={li.person}")["items"]
    assert item["assignee"] == {"id": li.person, "name": "li某"}
    assert item["project"] == "项目 wj-01"


def test_today_is_a_day_in_beijing_and_the_deadline_itself_is_not_overdue(queue: House) -> None:
    queue.clock.passes(hours=14, minutes=59)  # 23:59 on the 22nd in Beijing
    assert "乙" not in titles(queue.desk("zhang"), "?overdue=true")
    queue.clock.passes(minutes=2)  # still the 22nd in UTC
    assert "乙" in titles(queue.desk("zhang"), "?overdue=true")


@pytest.mark.parametrize("sort", ["-found_at", "found_at", "due_on", "-severity"])
def test_pages_hold_every_issue_once_while_others_arrive(site: House, sort: str) -> None:
    li = site.desk("li")
    days = [f"2026-11-{d:02d}" for d in (1, 1, 2, 2, 2, 3, 4)]
    first = [issue(title=str(i), found_at=f"{d}T08:00:00+08:00", due_on=d) for i, d in enumerate(days)]
    li.push(WJ, *first)
    seen: list[str] = []
    page: str | None = ""
    while page is not None:
        answer = li.get(f"/api/v1/issues?sort={sort}&limit=2" + (f"&page={page}" if page else ""))
        seen += [i["id"] for i in answer["items"]]
        page = answer["next"]
        late = found("新", 30) if sort != "found_at" else issue(found_at="2026-10-01T08:00:00+08:00")
        late["fields"] |= {"due_on": {"set": "2026-10-01"}, "severity": {"set": "major"}}
        li.push(WJ, late)
        assert len(seen) < 40
    assert len(seen) == len(set(seen))
    assert {m["record"] for m in first} <= set(seen)


def test_the_queue_takes_the_same_number_of_statements_for_any_page(site: House) -> None:
    li = site.desk("li")
    li.push(WJ, *[issue() for _ in range(60)])
    counts = []
    for limit in (1, 60):
        with site.statements() as said:
            li.get(f"/api/v1/issues?limit={limit}")
        counts.append(len(said))
    assert counts[0] == counts[1]


@pytest.mark.parametrize(
    "query",
    [
        "?state=nonsense",
        "?limit=0",
        "?limit=201",
        "?page=%%%",
        "?page=e30",
        "?sort=id",
        "?due_before=x",
        "?x=1",
    ],
)
def test_a_wrong_question_is_malformed(site: House, query: str) -> None:
    answer = site.desk("zhang").call("GET", f"/api/v1/issues{query}")
    assert (answer.status_code, answer.json["code"]) == (400, "malformed")


def test_a_page_token_of_another_order_is_refused(queue: House) -> None:
    zhang = queue.desk("zhang")
    token = zhang.get("/api/v1/issues?sort=due_on&limit=1")["next"]
    assert zhang.call("GET", f"/api/v1/issues?page={token}").status_code == 400


def test_one_issue_comes_with_its_comments_and_evidence(site: House) -> None:
    li, made = site.desk("li"), issue(tags={"add": ["临边"]})
    saying = {"subject": made["record"], "text": "已口头告知", "said_at": "2026-11-21T11:00:00+08:00"}
    photo = {
        "subject": made["record"],
        "sha256": "a" * 64,
        "size": 10,
        "mime": "image/jpeg",
        "taken_at": "2026-11-21T10:05:00+08:00",
    }
    li.push(WJ, made, create("comment", saying), create("photo", photo))
    one = li.get(f"/api/v1/issues/{made['record']}")
    assert one["body"]["tags"] == ["临边"]
    assert [(c["text"], c["author"]["name"]) for c in one["comments"]] == [("已口头告知", "li某")]
    assert one["evidence"] == {"stored": 0, "total": 1}
    assert one["photos"][0]["stored"] is False and one["photos"][0]["thumbnail"] is None


def amend(desk: Desk, record: str, version: int, fields: Any, **more: Any) -> Any:
    body = {"fields": fields} | more
    return desk.call("PATCH", f"/api/v1/issues/{record}", json=body, headers={"If-Match": f'"{version}"'})


def test_the_desk_moves_an_issue_on_and_sees_the_outcome(site: House) -> None:
    made = issue()
    [first] = site.desk("li").push(WJ, made)
    answer = amend(site.desk("zhang"), made["record"], first["version"], {"state": {"do": "confirm"}})
    assert answer.status_code == 200
    assert answer.json["outcome"]["status"] == "applied"
    assert answer.json["issue"]["state"] == "confirmed"


def test_a_repeated_desk_change_is_answered_again_and_done_once(site: House) -> None:
    made = issue()
    [first] = site.desk("li").push(WJ, made)
    said = {"change": new_id(), "at": "2026-11-22T09:00:00+08:00"}
    zhang = site.desk("zhang")
    one = amend(zhang, made["record"], first["version"], {"state": {"do": "confirm"}}, **said).json
    two = amend(zhang, made["record"], first["version"], {"state": {"do": "confirm"}}, **said).json
    assert two["outcome"]["replay"] and two["outcome"]["seq"] == one["outcome"]["seq"]


def test_the_desk_must_say_what_it_saw_and_what_it_wants(site: House) -> None:
    made, zhang = issue(), site.desk("zhang")
    [first] = site.desk("li").push(WJ, made)
    blind = zhang.call("PATCH", f"/api/v1/issues/{made['record']}", json={"fields": {}})
    assert (blind.status_code, blind.json["code"]) == (428, "version-required")
    wrong = amend(zhang, made["record"], first["version"], {"severity": {"set": "terrible"}})
    assert (wrong.status_code, wrong.json["code"]) == (400, "malformed")
    assert wrong.json["details"]["faults"][0]["field"] == "severity/set"
    half = amend(zhang, made["record"], first["version"], {"title": {"set": "x"}}, change=new_id())
    assert half.status_code == 400


def test_an_edit_from_an_old_screen_becomes_a_conflict_and_not_a_loss(site: House) -> None:
    li, made = site.desk("li"), issue()
    [first] = li.push(WJ, made)
    li.push(WJ, update("issue", made["record"], first["version"], {"title": "甲"}))
    answer = amend(site.desk("zhang"), made["record"], first["version"], {"title": {"set": "乙"}}).json
    assert answer["outcome"]["status"] == "conflict"
    assert answer["issue"]["title"] == "甲"


def test_a_repetition_across_a_restore_changes_nothing(site: House) -> None:
    """The page knows no epochs: what it says again must have the bytes of the first time."""
    made = issue()
    site.desk("li").push(WJ, made)
    zhang = site.desk("zhang")
    body = {"fields": {"part": {"set": "3号楼"}}, "change": new_id(), "at": "2026-11-22T01:00:00.000Z"}

    def send() -> dict[str, Any]:
        headers = {"If-Match": '"2"'}
        return zhang.call("PATCH", f"/api/v1/issues/{made['record']}", json=body, headers=headers).json

    first = send()["outcome"]
    with site.app.app_context(), transaction.writing(WJ) as conn:
        office().journal.restore(conn, WJ, received_at="2026-11-22T02:00:00.000Z")
    again = send()["outcome"]
    assert (first["status"], again["replay"], again["seq"]) == ("applied", True, first["seq"])


@pytest.mark.parametrize("sort", ["-found_at", "found_at", "due_on", "-severity"])
@pytest.mark.parametrize("query", ["state=submitted&state=confirmed", "overdue=true", "state=dismissed"])
def test_pages_of_several_states_are_one_order(site: House, sort: str, query: str) -> None:
    """Each state is read by its own index; on the page nobody sees where one ends."""
    li, zhang = site.desk("li"), site.desk("zhang")
    grades = ("general", "serious", "major")
    made = [
        found(str(n), 1 + n * 5 % 13, severity=grades[n % 3], due_on=f"2026-11-{10 + n * 7 % 19}")
        for n in range(18)
    ]
    li.push(WJ, *made)
    for n, verb in enumerate(["confirm"] * 6 + ["dismiss"] * 4):
        zhang.push(WJ, update("issue", made[n]["record"], 10**6, {"state": {"do": verb}}))
    whole = zhang.get(f"/api/v1/issues?{query}&sort={sort}&limit=200")["items"]
    every = zhang.get(f"/api/v1/issues?sort={sort}&limit=200")["items"]
    states = [part.removeprefix("state=") for part in query.split("&")]
    wanted = [i for i in every if (i["overdue"] if query == "overdue=true" else i["state"] in states)]
    assert [i["id"] for i in whole] == [i["id"] for i in wanted]
    assert len(wanted) > 3
    seen: list[str] = []
    page: str | None = ""
    while page is not None:
        more = f"&page={page}" if page else ""
        answer = zhang.get(f"/api/v1/issues?{query}&sort={sort}&limit=2{more}")
        seen += [i["id"] for i in answer["items"]]
        page = answer["next"]
    assert seen == [i["id"] for i in wanted]
