"""What is only shown comes from a standby, and is never older than what stood when it was asked for."""

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, text

from server import standby, transaction
from server.app import create_app
from server.checkup import standby as probe
from server.config import Config
from server.database import STANDBY, db
from server.exports import jobs as exports
from server.office import office
from tests.support.house import Clock, Desk, House, config_for, issue, migrate, new_id
from tests.support.own_postgres import OwnPostgres, own_postgres

SITE = "project:wj-01"
LISTS = ("/api/v1/issues", "/api/v1/issues/counts", "/api/v1/projects", "/api/v1/my-day", "/api/v1/measures")


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[OwnPostgres, OwnPostgres]]:
    """A primary with the house's tables, and its streaming standby."""
    with own_postgres() as primary:
        primary.create("house")
        migrate(primary.url("house"))
        follower = OwnPostgres(primary.data.parent, follows=primary)
        with (follower.data / "postgresql.auto.conf").open("a") as settings:
            settings.write(
                "wal_retrieve_retry_interval = '100ms'\n"
            )  # a primary that comes back is found at once
        try:
            follower.start()
            yield primary, follower
        finally:
            follower.close()


@pytest.fixture
def house(
    servers: tuple[OwnPostgres, OwnPostgres], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[House]:
    """A house on both, which reads from its standby."""
    monkeypatch.setattr(standby, "PATIENCE_S", 2.0)  # a busy machine's disk keeps a standby behind for longer
    primary, follower = (server.url("house") for server in servers)
    app = create_app(
        config_for(primary, tmp_path, XUNJIAN_STANDBY_URL=follower), clock=Clock(), new_id=new_id
    )
    house = House(app, app.extensions["office"].clock, tmp_path)
    with app.app_context():
        # One cluster for all tests of this file: copying one takes longer than they do.
        if not db.session.execute(text("SELECT 1 FROM people LIMIT 1")).first():
            db.session.remove()
            house.project("wj-01")
            house.person("li", "inspector", SITE)
            house.person("zhang", "supervisor", SITE)
        db.session.remove()
    known(house)
    assert follows(house)
    yield house
    with app.app_context():
        db.session.remove()
        for engine in db.engines.values():
            engine.dispose()


def known(house: House) -> None:
    with house.app.app_context():
        house.people = dict(db.session.execute(text("SELECT username, id FROM people")).all())
        db.session.remove()


def look(house: House) -> str | None:
    with house.app.app_context():
        here = office().standby
        assert here is not None
        here.look()
        return here.fault


def follows(house: House) -> bool:
    """Whether it is read from, once it has had time to catch up; each look waits for it a little."""
    return any(look(house) is None for _ in range(20))


class Asked:
    """The statements that each server is sent meanwhile, but for those about how far it is."""

    def __init__(self, house: House) -> None:
        self.said: dict[str, list[str]] = {"primary": [], STANDBY: []}
        with house.app.app_context():
            self._engines = {"primary": db.engine, STANDBY: db.engines[STANDBY]}

    def __enter__(self) -> dict[str, list[str]]:
        self._notes = {}
        for name, engine in self._engines.items():

            def note(_c: Any, _k: Any, statement: str, *_more: Any, name: str = name) -> None:
                if "_lsn" not in statement:
                    self.said[name].append(statement)

            self._notes[name] = note
            event.listen(engine, "before_cursor_execute", note)
        return self.said

    def __exit__(self, *_: object) -> None:
        for name, engine in self._engines.items():
            event.remove(engine, "before_cursor_execute", self._notes[name])


def titles(desk: Desk) -> set[str]:
    return {item["title"] for item in desk.get("/api/v1/issues?limit=200")["items"]}


def pulled(desk: Desk, push: dict[str, Any] | None = None) -> set[str]:
    """The issues that an exchange brings, with what it pushed itself."""
    cursor = {"nonce": "n", "epoch": 1, "seq": 0, "floor": 0, "below": None}
    answer = desk.exchange({SITE: [push]} if push else None, {SITE: {"field": cursor}})
    items = answer["pull"]["dossiers"][SITE]["audiences"]["field"]["items"]
    return {item["body"]["title"] for item in items if item["kind"] == "issue"}


def test_lists_and_pulls_ask_the_primary_only_who_it_is(house: House) -> None:
    """Who somebody is, whether they still may, and how far the log is: that is the primary's to say."""
    zhang, li = house.desk("zhang"), house.desk("li")
    for ask in (*((lambda path=path: zhang.get(path)) for path in LISTS), lambda: pulled(li)):
        assert follows(house)
        with Asked(house) as said:
            ask()
        assert said[STANDBY], said["primary"]
        assert all("sessions" in statement for statement in said["primary"]), said["primary"]


def test_what_one_has_just_been_answered_is_in_everything_one_is_shown_next(house: House) -> None:
    li, zhang = house.desk("li"), house.desk("zhang")
    for no in range(20):
        title = f"刚提交 {no}"
        with Asked(house) as said:
            assert title in pulled(li, issue(title=title))
            assert title in titles(zhang)
        assert any("issues" in statement for statement in said[STANDBY])


def test_a_step_at_the_desk_is_in_the_queue_that_is_asked_for_next(house: House) -> None:
    li, zhang, made = house.desk("li"), house.desk("zhang"), issue(title="改标题")
    [outcome] = li.push(SITE, made)
    match = {"If-Match": f'"{outcome["version"]}"'}
    path = f"/api/v1/issues/{made['record']}"
    answer = zhang.call("PATCH", path, json={"fields": {"title": {"set": "改过了"}}}, headers=match)
    assert answer.status_code == 200 and answer.json["issue"]["title"] == "改过了", answer.text
    assert zhang.get(path)["title"] == "改过了" and "改过了" in titles(li)


def test_a_standby_whose_replay_stands_still_is_left_until_it_has_caught_up(
    house: House, servers: tuple[OwnPostgres, OwnPostgres]
) -> None:
    _primary, follower = servers
    li, zhang = house.desk("li"), house.desk("zhang")
    follower.run("SELECT pg_wal_replay_pause()")
    try:
        assert "停住时" in pulled(li, issue(title="停住时"))
        with Asked(house) as said:
            assert "停住时" in titles(zhang) and "停住时" in pulled(li)
        assert not said[STANDBY], "it was asked again before anybody had looked at it"
        assert "behind" in (look(house) or "")
        with house.app.app_context():
            [standing] = probe(office())
            assert "落后" in (standing.fault or "") and not standing.vital
    finally:
        follower.run("SELECT pg_wal_replay_resume()")
    assert look(house) is None
    with Asked(house) as said:
        assert "停住时" in titles(zhang)
    assert said[STANDBY]


def test_a_file_of_the_queue_is_made_from_the_standby(house: House) -> None:
    zhang = house.desk("zhang")
    pulled(house.desk("li"), issue(title="在文件里"))
    answer = zhang.call("POST", "/api/v1/exports", json={"form": "csv", "filter": {}})
    assert answer.status_code in (201, 202), answer.text
    with Asked(house) as said, house.app.app_context():
        assert exports.make_all() == 1
    assert any("FROM issues" in statement for statement in said[STANDBY])
    assert not any("FROM issues" in statement for statement in said["primary"])
    got = zhang.call("GET", f"/api/v1/exports/{answer.json['id']}/file")
    assert "在文件里" in got.get_data(as_text=True)


def test_what_decides_is_never_read_from_the_standby(house: House) -> None:
    with house.app.app_context(), transaction.reading() as conn:
        assert conn.engine is db.engine
    with house.app.app_context(), Asked(house) as said:

        def read_and_write() -> None:
            with transaction.reading() as conn:
                assert conn.engine is db.engines[STANDBY]
            with transaction.writing() as conn:
                assert conn.engine is db.engine
                with transaction.reading() as inner:
                    assert inner.engine is db.engine

        transaction.shown(read_and_write)
    assert said[STANDBY] == []


def test_a_reading_that_the_standby_lets_go_of_is_done_again_by_the_primary(house: House) -> None:
    """As where replay had to take away rows that a long list still read (40001), or it fell in the middle."""
    seen = []

    def work() -> int:
        with transaction.reading() as conn:
            seen.append(conn.engine)
            if conn.engine is db.engines[STANDBY]:
                conn.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))
            return int(conn.execute(text("SELECT 7")).scalar_one())

    with house.app.app_context():
        assert transaction.shown(work) == 7
        assert seen == [db.engines[STANDBY], db.engine]
        here = office().standby
        assert here is not None and here.fault == standby.AWAY
    assert look(house) is None, "one ended connection is no standby that is away"


def test_a_standby_needs_a_postgresql_to_follow(tmp_path: Path) -> None:
    for wrong in ("sqlite:////tmp/x.db", "postgresql+psycopg://x@127.0.0.1/x"):
        with pytest.raises(ValueError, match="XUNJIAN_STANDBY_URL"):
            Config.from_environment({"XUNJIAN_VAR": str(tmp_path), "XUNJIAN_STANDBY_URL": wrong})


def test_another_database_is_no_standby(servers: tuple[OwnPostgres, OwnPostgres], tmp_path: Path) -> None:
    primary, follower = servers
    config = config_for(primary.url("house"), tmp_path, XUNJIAN_STANDBY_URL=follower.url("postgres"))
    house = House(create_app(config), Clock(), tmp_path)
    assert "no standby of this database" in (look(house) or "")
    with house.app.app_context():
        for engine in db.engines.values():
            engine.dispose()


def test_a_standby_that_is_ahead_of_its_primary_shows_nothing_that_was_lost(
    house: House, servers: tuple[OwnPostgres, OwnPostgres]
) -> None:
    """The primary's machine was set back to a copy of its disk: the same timeline, and less on it."""
    primary, _follower = servers
    li, zhang = house.desk("li"), house.desk("zhang")
    copy, ahead = primary.data.with_name("copy"), primary.data.with_name("ahead")
    primary.stop()
    subprocess.run(["cp", "-a", primary.data, copy], check=True)
    primary.start()
    assert "拷贝之后" in pulled(li, issue(title="拷贝之后"))
    primary.run("SELECT pg_logical_emit_message(true, 'lost', repeat('x', 4000000))")
    assert follows(house)
    primary.stop()
    primary.data.rename(ahead)
    copy.rename(primary.data)
    primary.start()
    try:
        assert "left this primary" in (look(house) or "")
        assert "拷贝之后" not in titles(zhang)
    finally:
        primary.kill()  # told to stop, it would wait for a standby that needs nothing from it
        primary.data.rename(copy)
        ahead.rename(primary.data)
        primary.start()


# The last three: nothing brings the standby back after them.
def test_a_standby_that_is_gone_is_missed_by_nobody(
    house: House, servers: tuple[OwnPostgres, OwnPostgres]
) -> None:
    _primary, follower = servers
    li, zhang = house.desk("li"), house.desk("zhang")
    assert "之前" in pulled(li, issue(title="之前")) and "之前" in titles(zhang)
    follower.kill()
    assert "之后" in pulled(li, issue(title="之后")) and {"之前", "之后"} <= titles(zhang)
    assert look(house) == standby.AWAY
    follower.start()
    assert look(house) is None
    with Asked(house) as said:
        assert "之后" in titles(zhang)
    assert said[STANDBY]


def test_a_standby_that_has_left_its_primary_is_never_read_again(
    house: House, servers: tuple[OwnPostgres, OwnPostgres]
) -> None:
    """Promoted, it takes in what we know nothing of; and made a standby again, it follows another history."""
    _primary, follower = servers
    li, zhang = house.desk("li"), house.desk("zhang")
    assert look(house) is None
    follower.run("SELECT pg_promote()")
    follower.run("CREATE TABLE of_another_history (x int); CHECKPOINT")
    with Asked(house) as said:
        assert "提升后" in pulled(li, issue(title="提升后")) and "提升后" in titles(zhang)
    assert not said[STANDBY]
    assert "left this primary" in (look(house) or "")
    follower.stop()
    (follower.data / "standby.signal").touch()
    (follower.data / "postgresql.auto.conf").write_text("")
    follower.start()
    assert "left this primary" in (look(house) or "")
    assert "提升后" in titles(zhang)


def test_an_old_primary_that_comes_back_as_it_was_is_no_standby_of_the_new_one(
    servers: tuple[OwnPostgres, OwnPostgres], tmp_path: Path
) -> None:
    """It was not rewound: it holds what was lost, and its log reaches further than the new one's."""
    old, new = servers
    new.run("SELECT pg_promote()")
    old.run("SELECT pg_logical_emit_message(true, 'lost', repeat('x', 4000000))")
    old.stop()
    (old.data / "standby.signal").touch()
    old.start()
    config = config_for(new.url("house"), tmp_path, XUNJIAN_STANDBY_URL=old.url("house"))
    house = House(create_app(config, clock=Clock(), new_id=new_id), Clock(), tmp_path)
    known(house)
    assert "left this primary" in (look(house) or "")
    zhang = house.desk("zhang")
    assert "提升后" not in titles(zhang)
    with house.app.app_context():
        here = office().standby
        assert here is not None
        here.fault = None  # it came between two looks
    with Asked(house) as said:
        assert "提升后" not in titles(zhang)
    assert not said[STANDBY]
    new.run("SELECT pg_logical_emit_message(true, 'more', repeat('x', 8000000))")
    assert "older timeline" in (look(house) or ""), "it is passed by, and holds what was lost all the same"
    with house.app.app_context():
        for engine in db.engines.values():
            engine.dispose()
