"""The rows of what supervisors do: a page of the queue, counts, many issues at once, a year's measures."""

import random
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from statistics import median
from typing import Any, cast

import orjson
from sqlalchemy import Table, insert, select
from sqlalchemy import text as sql
from uuid_utils import uuid7

from server import transaction
from server.issues.jobs import enter_words
from server.issues.records.issue import CLOCK_RUNS, DOMAINS
from server.issues.tables import NO_DEADLINE, IssueRow
from server.law import actions as law
from server.measures.tables import NEVER, MeasuredRow
from server.people import actions as people
from server.people.tables import Post
from server.photos.tables import PhotoRow
from server.tallies.jobs import begin_anew
from server.words import queries as words
from server.words.tables import GramRow, PlaceRow
from sync import bulk
from sync.arrival import rfc3339

from . import records
from .client import Client
from .house import DOSSIERS, PASSWORD, House, project
from .measure import Size, Step, result
from .results import Result

SITES = tuple(f"project:site-{n:03d}" for n in range(300))
SUPERVISOR = "supervisor0"
YEARS = 5
TODAY = date(2026, 11, 22)
BATCH = 10_000
AT_ONCE = 500
PAGE_GOAL = {"postgresql": 50, "sqlite": 80}  # ms
COUNTS_GOAL, BULK_GOAL, REPORT_GOAL = 100, 1_000, 2_000
LATELY = 180  # days: of these most is open
# Most of what an office ever found is closed.
DONE = ("closed",) * 20 + ("passed", "dismissed", "withdrawn", "settled", "referred")
_chance = random.Random(26)
_models = (IssueRow, PhotoRow, MeasuredRow, GramRow, PlaceRow)
_issues, _photos, _measured, _grams, _places = (cast(Table, m.__table__) for m in _models)
_FIRMS = tuple(f"9111010{n:011d}" for n in range(400))
_PLACES = (
    "基坑北侧",
    "3号楼12层",
    "塔吊基础",
    "钢筋加工棚",
    "东门临时道路",
    "地下室顶板",
    "外脚手架",
    "生活区",
)
_FAULTS = (
    *("临边防护缺失", "扫地杆缺失", "配电箱未上锁", "电缆拖地", "堆载超过设计要求", "回转限位失灵"),
    *("未挂设安全平网", "未系安全带", "裸土未苫盖", "动火未审批", "模板支撑间距过大", "消防通道堵塞"),
)
# Three filters and an order each; what is common and what is rare.
PAGES = tuple(
    f"/api/v1/issues?limit=50&{narrow}&sort={sort}"
    for sort in ("-found_at", "found_at", "due_on", "-severity")
    for narrow in (
        "state=rectifying&state=failed&severity=serious&domain=scaffold",
        "state=replied&overdue=true&severity=major",
        "state=closed&domain=dust&due_before=2026-06-01",
    )
)
TEXTS = tuple(
    f"/api/v1/issues?limit=50&text={word}" for word in ("临边", "塔吊基础", "第777777号", "不存在的词")
)


def queue(house: House, size: Size, step: Step) -> list[Result]:
    """Milliseconds of a page of 50 with three filters and an order, the slowest of twelve such
    questions; and of a search for words, the slowest of four.
    """
    client = _supervisor(house, size, step)
    step("pages")
    goal = PAGE_GOAL[house.database]
    pages = result("queue", house, slowest(client, PAGES, size), "ms", 0, goal=goal)
    step("words")
    words = result("queue text", house, slowest(client, TEXTS, size), "ms", 0, goal=goal)
    client.close()
    return [pages, words]


def counts(house: House, size: Size, step: Step) -> list[Result]:
    """Milliseconds of counting all issues by state, and those of one grade, while something has happened
    on one site in a hundred since they were last counted beforehand.
    """
    client = _supervisor(house, size, step)
    step("counting beforehand")
    with house.app.app_context():
        begin_anew()  # the rows came beside the journal
    for site in SITES[::100]:
        house.enter(site, records.changes(2, house.officers, seed=_chance.getrandbits(32)))
    step("counts")
    asked = ("/api/v1/issues/counts", "/api/v1/issues/counts?severity=serious")
    took = slowest(client, asked, size)
    client.close()
    return [result("counts", house, took, "ms", 0, goal=COUNTS_GOAL)]


def many(house: House, size: Size, step: Step) -> list[Result]:
    """Milliseconds of one step of 500 issues in five dossiers, among all those of the queue."""
    client = _supervisor(house, size, step)
    took = []
    for n in range(5):
        step(f"bulk {n + 1}")
        body = orjson.dumps({"items": _found(house), "fields": {"state": {"do": "confirm"}}})
        began = time.perf_counter()
        answer = orjson.loads(client.post("/api/v1/issues/bulk", body))
        took.append((time.perf_counter() - began) * 1000)
        statuses = {i["outcome"]["status"] for i in answer["items"]}
        if statuses != {"applied"}:
            raise RuntimeError(f"not applied: {statuses}")
    client.close()
    return [result("bulk", house, median(took), "ms", 0, goal=BULK_GOAL)]


def kpi(house: House, size: Size, step: Step) -> list[Result]:
    """Milliseconds of a year's measures, by whatever they are gathered; the slowest."""
    client = _supervisor(house, size, step)
    step("measures")
    year = "/api/v1/measures?from=2026-01-01&to=2026-12-31"
    asked = [f"{year}&cut_off={TODAY}&by={by}" for by in ("office", "street", "firm", "project", "domain")]
    told = orjson.loads(client.get(asked[0]))["whole"]
    if told["rectified"]["denominator"] < size.million // YEARS // 2 or told["time"]["median"] is None:
        raise RuntimeError(f"too little was counted: {told}")
    took = slowest(client, asked, size)
    client.close()
    return [result("kpi", house, took, "ms", 0, goal=REPORT_GOAL)]


def slowest(client: Client, asked: Any, size: Size) -> float:
    """The median time of each question; the largest of these."""
    times = []
    for path in asked:
        client.get(path)
        took = []
        for _ in range(max(5, size.deltas // 20)):
            began = time.perf_counter()
            client.get(path)
            took.append((time.perf_counter() - began) * 1000)
        times.append(median(took))
    return max(times)


def _found(house: House) -> list[dict[str, Any]]:
    """500 issues fresh from the site, as they stand on a supervisor's screen."""
    items = []
    for dossier in DOSSIERS[:5]:
        made = records.changes(AT_ONCE * 2 // 5, house.officers, seed=_chance.getrandbits(32))
        outcomes = house.enter(dossier, made)
        items += [
            {"dossier": dossier, "id": c["record"], "version": o["version"], "change": str(uuid7())}
            | {"at": "2026-11-22T09:00:00.000Z"}
            for c, o in zip(made, outcomes, strict=True)
            if c["kind"] == "issue"
        ]
    return items


def _supervisor(house: House, size: Size, step: Step) -> Client:
    client = supervisor(house, house.queued or size.million, step)
    if house.worded < house.queued:
        with house.filling():
            _enter_words(house, step)
            house.worded = house.queued
    return client


def supervisor(house: House, many: int, step: Step) -> Client:
    """A supervisor of every site, signed in, in an office with so many issues at least; their words are not
    entered yet, which takes longer than all else.
    """
    if house.queued < many:
        with house.filling():
            if not house.queued:
                step("posts")
                _open_office(house)
            _fill(house, many, step)
    return Client(house.port, SUPERVISOR, PASSWORD, "desk-0")


def _open_office(house: House) -> None:
    with house.app.app_context():
        person = people.take_on(SUPERVISOR, "科长", PASSWORD)
        _give_posts(person)
        law.enter_provisions(law.given())
        for year in range(TODAY.year - YEARS, TODAY.year + 1):
            law.enter_calendar(year)


def _give_posts(person: str) -> None:
    said = {"person": person, "role": "supervisor", "since": "2020-01-01T00:00:00.000Z"}
    posts = [said | {"id": str(uuid7()), "dossier": d} for d in (*SITES, *DOSSIERS)]
    with transaction.writing() as conn:
        conn.execute(insert(cast(Table, Post.__table__)), posts)


def _fill(house: House, many: int, step: Step) -> None:
    """Straight into the read models: what a journal of so many issues would have left there."""
    names = [column.name for column in _issues.columns]
    for number, site in enumerate(() if house.queued else SITES):
        house.enter(site, [project(number)])
    for start in range(house.queued, many, BATCH):
        step(f"filling {start:,} of {many:,}")
        made = list(_made(house, start, min(BATCH, many - start), many))
        with house.app.app_context(), transaction.writing() as conn:
            bulk.insert(conn, _issues, [[issue[name] for name in names] for issue in made])
            bulk.insert(conn, _photos, [_photo(issue) for issue in made if issue["gravity"]])
            bulk.insert(conn, _measured, [_counted(issue) for issue in made])
    house.queued = many
    _analyze(house, step, _issues, _photos, _measured)


def _enter_words(house: House, step: Step) -> None:
    for number, site in enumerate(SITES):
        if number % 30 == 0:
            step(f"words of {number} of {len(SITES)} sites")
        with house.app.app_context(), transaction.writing() as conn:
            found = conn.execute(select(_issues.c.id, _issues.c.words).where(_issues.c.dossier == site))
            words.enter(conn, site, {row.id: row.words for row in found})
    with house.app.app_context():
        enter_words()  # what the journals tell of: nothing is behind
    _analyze(house, step, _grams, _places)


def _analyze(house: House, step: Step, *tables: Table) -> None:
    step("analyze")
    with house.app.app_context(), transaction.writing() as conn:
        for table in tables:
            conn.execute(sql(f"ANALYZE {table.name}"))


def _made(house: House, start: int, count: int, total: int) -> Iterator[dict[str, Any]]:
    """Issues of five years, as the queue's read model has them, in the order in which they came."""
    end = datetime(TODAY.year, TODAY.month, TODAY.day, tzinfo=UTC)
    for n in range(start, start + count):
        age = 365 * YEARS * (1 - n / total)
        # What is open was found lately, but for what nobody has followed up.
        lately = age < LATELY or _chance.random() < 0.02
        state = _chance.choice(CLOCK_RUNS if lately and _chance.random() < 0.8 else DONE)
        found = end - timedelta(days=age)
        part, fault = _chance.choice(_PLACES), _chance.choice(_FAULTS)
        title = f"{part}{fault}"
        issued = state not in ("submitted", "confirmed", "dismissed", "on_spot")
        done = state in ("closed", "passed")
        later = {s: rfc3339(found + timedelta(days=d)) for s, d in (("issue", 1), ("pass", 4), ("close", 5))}
        due = (found + timedelta(days=_chance.choice((3, 7, 15)))).date()
        yield {
            "dossier": _chance.choice(SITES),
            "id": str(uuid7()),
            "version": n + 2,
            "audience": "field",
            "deleted": False,
            "state": state,
            "gravity": _chance.choices((0, 1, 2), (90, 8, 2))[0],
            "domain": _chance.choice(tuple(DOMAINS)),
            "title": title,
            "part": part,
            "due_on": due if issued or state == "on_spot" else NO_DEADLINE,
            "found_at": rfc3339(found),
            "assignee": _chance.choice(house.officers),
            "inspection": None,
            "contractor": _chance.choice(_FIRMS),
            "words": f"{title}\n现场检查发现{fault}，已要求整改。第{n}号\n{part}\njgj59-3.{n % 19}\n限期整改",
            "code": f"JGJ59-3.{n % 19}",
            "issued_at": later["issue"] if issued else None,
            "replied_at": None,
            "passed_at": later["pass"] if done else None,
            "closed_at": later["close"] if state == "closed" else None,
            "failed": False,
            "paused_on": None,
        }


def _photo(issue: dict[str, Any]) -> tuple[Any, ...]:
    digest = f"{issue['version']:064x}"
    return (
        *(issue["dossier"], str(uuid7()), "photo", issue["version"], "field", False, issue["id"]),
        *(digest, 162_000, "image/jpeg", None, None, "before", issue["found_at"], True),
    )


def _counted(issue: dict[str, Any]) -> tuple[Any, ...]:
    """The same issue as measures count it."""

    def on(name: str) -> int:
        said = issue[name]
        return NEVER if said is None else date.fromisoformat(said[:10]).toordinal()

    found, void = on("found_at"), issue["state"] in ("dismissed", "withdrawn")
    return (
        *(issue["dossier"], issue["id"], found, NEVER, issue["gravity"], issue["due_on"].toordinal()),
        *(False, issue["state"] in ("referred", "settled"), "field", issue["domain"], issue["code"]),
        *(issue["contractor"], found, on("issued_at"), NEVER, on("passed_at"), on("closed_at")),
        *(found + 2 if void else NEVER, found, on("passed_at"), on("passed_at")),
    )
