"""A node says in words whether it can serve, and in figures what it has done."""

import re
import shutil
from collections import namedtuple
from datetime import timedelta
from pathlib import Path

import flask_migrate
import pytest
from sqlalchemy import text
from structlog.testing import capture_logs

from media.errors import StoreUnavailable
from server import health, scheduler
from server.app import create_app
from server.database import db
from tests.support.house import Clock, House, config_for, issue, new_id

TOKEN = "only-for-the-scraper"


def ready(house: House) -> tuple[int, str]:
    answer = house.app.test_client().get("/readyz")
    return answer.status_code, answer.text


def figure(house: House, name: str, **labels: str) -> float:
    """What /metrics tells of one figure; 0 where it tells nothing."""
    answer = house.app.test_client().get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
    assert answer.status_code == 200
    told = ",".join(f'{k}="{v}"' for k, v in sorted(labels.items()))
    found = re.search(rf"^{name}{re.escape(f'{{{told}}}') if told else ''} (\S+)$", answer.text, re.M)
    return float(found[1]) if found else 0.0


@pytest.fixture
def told(database_url: str, clock: Clock, tmp_path: Path) -> House:
    """A house whose figures may be read."""
    config = config_for(database_url, tmp_path, XUNJIAN_METRICS_TOKEN=TOKEN)
    return House(create_app(config, clock=clock, new_id=new_id), clock, tmp_path)


def test_a_node_that_can_serve_says_so_of_each_part(house: House) -> None:
    status, said = ready(house)
    assert status == 200 and said.startswith("ready\n")
    for part in ("数据库 database: ok", "数据库结构 schema: ok", "对象存储 store: ok", "staging: ok"):
        assert part in said


def test_a_node_whose_tables_are_behind_is_not_ready_and_says_what_to_do(house: House) -> None:
    with house.app.app_context():
        flask_migrate.downgrade(revision="-1")
    status, said = ready(house)
    assert status == 503 and said.startswith("not ready\n") and "run `xunjian migrate`" in said


def test_tables_of_a_later_release_are_borne(house: House) -> None:
    """While a migration is done and the nodes are not yet, all of them go on."""
    with house.app.app_context(), db.engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    status, said = ready(house)
    assert status == 200 and "schema: ok" in said


def test_a_database_that_is_away_takes_the_node_out(tmp_path: Path) -> None:
    away = "postgresql+psycopg://nobody@127.0.0.1:9/none"
    house = House(create_app(config_for(away, tmp_path)), Clock(), tmp_path)
    status, said = ready(house)
    assert status == 503 and "database: 不可用" in said
    assert house.app.test_client().get("/healthz").status_code == 200


def test_a_store_that_is_away_is_told_and_takes_no_node_out(house: House, monkeypatch) -> None:
    def away(_key: str) -> None:
        raise StoreUnavailable

    monkeypatch.setattr(house.app.extensions["office"].store, "has", away)
    status, said = ready(house)
    assert status == 200 and "store: 不可用" in said


def test_a_full_disk_is_told_and_takes_no_node_out(house: House, monkeypatch) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: usage(10, 9, 1))
    status, said = ready(house)
    assert status == 200 and "staging: 空间不足" in said


def test_the_store_is_asked_once_in_ten_seconds(house: House) -> None:
    asked, now = [], [0.0]

    def ask(_here: object) -> health.Standing:
        asked.append(now[0])
        return health.Standing(name="store", zh="对象存储")

    remembered = health.Remembered(ask, clock=lambda: now[0])
    for moment in (0.0, 1.0, 9.9, 10.0, 15.0, 20.0):
        now[0] = moment
        remembered.standing(house.app.extensions["office"])
    assert asked == [0.0, 10.0, 20.0]


def test_the_figures_are_for_those_who_show_the_token(told: House, house: House) -> None:
    strangers = ({}, {"Authorization": "Bearer wrong"}, {"Authorization": TOKEN[:-1]})
    for headers in strangers:
        assert told.app.test_client().get("/metrics", headers=headers).status_code == 404
    # Where nobody was given a token, not even an empty one opens it.
    for headers in ({}, {"Authorization": "Bearer "}):
        assert house.app.test_client().get("/metrics", headers=headers).status_code == 404


def test_a_push_is_counted_by_what_became_of_it(told: House) -> None:
    dossier = told.project("wj-01")
    told.person("li", "inspector", dossier)
    desk = told.desk("li")
    sent = issue()
    route = {"route": "/api/v1/exchange", "method": "POST"}
    names = {
        "xunjian_outcomes_total": {"outcome": "applied"},
        "xunjian_journal_entries_total": {},
        "xunjian_exchanges_total": {"asked": "push"},
        "xunjian_exchange_changes_sum": {},
        "xunjian_requests_total": route | {"status": "200"},
        "xunjian_request_seconds_count": route,
    }
    before = {name: figure(told, name, **labels) for name, labels in names.items()}
    desk.push(dossier, sent)
    desk.push(dossier, sent)  # the lost reply: asked again, counted as asked, entered once
    grown = {name: figure(told, name, **labels) - before[name] for name, labels in names.items()}
    assert grown == {
        "xunjian_outcomes_total": 1,
        "xunjian_journal_entries_total": 1,
        "xunjian_exchanges_total": 2,
        "xunjian_exchange_changes_sum": 2,
        "xunjian_requests_total": 2,
        "xunjian_request_seconds_count": 2,
    }


def test_paths_that_people_make_up_share_one_figure(told: House) -> None:
    before = figure(told, "xunjian_requests_total", route="none", method="other", status="404")
    for number in range(3):
        told.app.test_client().open(f"/made-up/{number}", method=f"MADE{number}")
    assert figure(told, "xunjian_requests_total", route="none", method="other", status="404") == before + 3


def test_a_job_tells_when_it_last_ended_well_and_how_often_it_did_not(
    told: House, clock: Clock, database: str
) -> None:
    def fails() -> None:
        raise RuntimeError("as it may")

    at = {"job": f"a test's on {database}"}
    with told.app.app_context():
        scheduler._do(at["job"], lambda: 3)
        since = figure(told, "xunjian_job_last_success_timestamp_seconds", **at)
        assert since == clock().timestamp()
        clock.now += timedelta(hours=1)
        with capture_logs() as lines:
            scheduler._do(at["job"], fails)
    assert figure(told, "xunjian_job_last_success_timestamp_seconds", **at) == since
    assert figure(told, "xunjian_job_runs_total", **at, ended="badly") == 1
    assert figure(told, "xunjian_job_runs_total", **at, ended="well") == 1
    assert [line["event"] for line in lines] == ["job failed"]
