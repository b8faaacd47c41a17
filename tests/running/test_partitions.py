"""The house runs on tables that are partitioned by dossier, made so while there is something in them."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import event, text

from server.database import db
from sync import history
from sync.tables import metadata
from tests.support.house import House, issue, new_id, update
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


# Who has what of a table, and how it is stored; a partition is like the whole.
SAID = """
SELECT pg_get_userbyid(c.relowner), c.reloptions, t.reloptions,
    ARRAY(SELECT a::text FROM unnest(c.relacl) a ORDER BY 1),
    ARRAY(SELECT attname || attacl::text FROM pg_attribute WHERE attrelid = c.oid AND attacl IS NOT NULL)
FROM pg_class c LEFT JOIN pg_class t ON t.oid = c.reltoastrelid WHERE c.oid = CAST(:name AS regclass)
"""


@contextmanager
def roles(house: House) -> Iterator[tuple[str, str]]:
    """The app's own role, to which everything belongs, and one that reads a little; no superusers."""
    app, reader = f"app {new_id()}", f"reader {new_id()}"
    with house.app.app_context():
        with db.engine.begin() as conn:
            for statement in (
                f'CREATE ROLE "{app}"',
                f'CREATE ROLE "{reader}"',
                f'GRANT CREATE, USAGE ON SCHEMA public TO "{app}"',
                f'ALTER DEFAULT PRIVILEGES FOR ROLE "{app}" GRANT DELETE ON TABLES TO "{reader}"',
            ):
                conn.execute(text(statement))
            for (name,) in conn.execute(text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")):
                conn.execute(text(f'ALTER TABLE "{name}" OWNER TO "{app}"'))
        try:
            yield app, reader
        finally:
            db.session.remove()
            with db.engine.begin() as conn:
                conn.execute(text("RESET ROLE"))
                for role in (reader, app):
                    conn.execute(text(f'DROP OWNED BY "{role}"'))
                    conn.execute(text(f'DROP ROLE "{role}"'))


def test_it_leaves_the_tables_to_whom_they_belong_with_what_was_granted_and_how_they_are_stored(
    site: House,
) -> None:
    """An operator runs it as a superuser; the house is none, and goes on."""

    def told(name: str) -> tuple[Any, ...]:
        with site.app.app_context(), db.engine.connect() as conn:
            return tuple(conn.execute(text(SAID), {"name": name}).one())

    li = site.desk("li")
    with roles(site) as (app, reader):
        with site.app.app_context(), db.engine.begin() as conn:
            for statement in (
                f'GRANT SELECT ON entries TO "{reader}" WITH GRANT OPTION',
                f'GRANT SELECT (dossier, seq), UPDATE (seq) ON feed TO "{reader}"',
                "GRANT SELECT ON outcomes TO PUBLIC",
                f'REVOKE TRUNCATE ON entries FROM "{app}"',
                "ALTER TABLE entries SET (autovacuum_vacuum_scale_factor = 0.01, fillfactor = 90)",
                "ALTER TABLE payloads SET (toast.autovacuum_enabled = false)",
            ):
                conn.execute(text(statement))
        before = {name: told(name) for name in PARTED}
        assert before["payloads"][2] == ["autovacuum_enabled=false"] and before["feed"][4]
        run(site)
        for name, (owner, stored, toasted, *granted) in before.items():
            parts = [told(f"{name}_{part}") for part in range(16)]
            for whose, _stored, _toasted, *had in (told(name), *parts):
                assert whose == owner == app
                assert had[1] == granted[1] and granted[0] in ([], had[0]), name
                assert not any("d" in acl.split("=")[1].split("/")[0] for acl in had[0] if reader in acl), (
                    name
                )
            assert {str(part[1:3]) for part in parts} == {str((stored, toasted))}
        with site.app.app_context():
            db.session.remove()
            db.engine.dispose()
            engine = db.engine

        def as_the_app(connection: Any, _record: Any) -> None:
            connection.execute(f'SET ROLE "{app}"')
            connection.commit()

        event.listen(engine, "connect", as_the_app)
        try:
            made = issue(title="以应用的角色")
            assert li.push(SITE, made)[0]["status"] == "applied"
            assert li.get(f"/api/v1/issues/{made['record']}")["title"] == "以应用的角色"
            assert rows(site, "entries")
        finally:
            event.remove(engine, "connect", as_the_app)


def _ours(_object: Any, name: str | None, kind: str, _reflected: bool, _to: Any) -> bool:
    return kind != "table" or name in metadata.tables
