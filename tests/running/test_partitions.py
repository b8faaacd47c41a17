"""The house runs on tables that are partitioned by dossier, made so while there is something in them."""

from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import text

from server.database import db
from sync import history
from sync.tables import metadata
from tests.support.house import House, issue, update
from tests.support.live import REPOSITORY

SCRIPT = (REPOSITORY / "deploy" / "postgres" / "partition.sql").read_text(encoding="utf-8")
SITE = "project:wj-01"
PARTED = ("entries", "payloads", "records", "feed", "outcomes")


@pytest.fixture(params=["postgresql"])
def database(request: pytest.FixtureRequest) -> str:
    """SQLite has no partitions."""
    return str(request.param)


def run(house: House) -> None:
    """As psql does it: the driver alone reads the file, in which % is no parameter."""
    with house.app.app_context(), db.engine.begin() as conn:
        conn.connection.driver_connection.execute(SCRIPT)


def rows(house: House, table: str) -> list[Any]:
    with house.app.app_context(), db.engine.connect() as conn:
        return sorted(map(repr, conn.execute(text(f'SELECT * FROM "{table}"'))))


def test_what_is_there_stays_and_what_comes_later_is_judged_as_before(site: House) -> None:
    li, zhang = site.desk("li"), site.desk("zhang")
    sent = issue(title="分区之前")
    first = li.push(SITE, sent)
    before = {table: rows(site, table) for table in PARTED}
    run(site)
    run(site)  # a second time it finds nothing to do
    assert {table: rows(site, table) for table in PARTED} == before
    again = li.push(SITE, sent)
    assert [(o["seq"], o["replay"]) for o in again] == [(first[0]["seq"], True)]
    later = update("issue", sent["record"], first[0]["version"], {"title": "分区之后"})
    assert li.push(SITE, later)[0]["status"] == "applied"
    cursor = {"nonce": "n", "epoch": 1, "seq": 0, "floor": 0, "below": None}
    pulled = zhang.exchange(cursors={SITE: {"field": cursor}})["pull"]["dossiers"][SITE]
    assert "分区之后" in {i["body"].get("title") for i in pulled["audiences"]["field"]["items"]}
    with site.app.app_context(), db.engine.connect() as conn:
        assert history.verify(conn, SITE).entries == history.all_heads(conn)[SITE]


def test_a_dossier_is_looked_for_in_one_partition_and_the_schema_is_the_same(site: House) -> None:
    run(site)
    with site.app.app_context(), db.engine.connect() as conn:
        plan = conn.execute(
            text("EXPLAIN SELECT * FROM entries WHERE dossier = 'project:wj-01' AND seq > 3 ORDER BY seq")
        )
        read = {line for (line,) in plan if "entries_" in line}
        assert len(read) == 1, read
        context = MigrationContext.configure(conn, opts={"include_object": _ours})
        assert compare_metadata(context, metadata) == []


def _ours(_object: Any, name: str | None, kind: str, _reflected: bool, _to: Any) -> bool:
    return kind != "table" or name in metadata.tables
