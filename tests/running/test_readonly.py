"""In read-only mode nothing is lost and everything can be read: phones keep their outbox."""

from pathlib import Path
from typing import Any

from sqlalchemy import event
from werkzeug.test import TestResponse

from server import readonly, scheduler, transaction
from server.catalogue import journal
from server.cli import main
from server.database import db
from server.office import office
from sync import history, signatures
from sync.replica import Replica
from tests.doors.conftest import Handset, admin, handset
from tests.support.house import PASSWORD, Desk, House, issue, new_id

__all__ = ["admin", "handset"]

WHY = "今晚升级 tonight's upgrade"


def turn(house: House, why: str | None) -> None:
    """As the command does it, and as each process learns of it."""
    with house.app.app_context():
        office().readonly.why = None  # a command is a process of its own, which has not been told
        with transaction.writing() as conn:
            readonly.turn(conn, why, "2026-11-22T01:00:00.000Z")
        with transaction.reading() as conn:
            office().readonly.look(conn)


def refused(answer: TestResponse) -> None:
    assert answer.status_code == 503, answer.text
    assert answer.json["code"] == "read-only" and answer.json["remedy"] == "retry"
    assert answer.json["details"] == {"why": WHY}
    assert readonly.AGAIN_S[0] <= int(answer.headers["Retry-After"]) <= readonly.AGAIN_S[1]


def test_every_write_is_refused_with_its_way_out_and_every_list_goes_on(site: House) -> None:
    li, zhang, sent = site.desk("li"), site.desk("zhang"), issue()
    [made] = li.push("project:wj-01", sent)
    turn(site, WHY)
    body = {"protocol": 1, "schema": 1, "no": 1}
    push = [{"dossier": "project:wj-01", "epoch": 1, "changes": [issue()]}]
    refused(li.call("POST", "/api/v1/exchange", json=body | {"push": push}))
    fields = {"fields": {"title": {"set": "改"}}, "change": new_id(), "at": "2026-11-22T10:00:00+08:00"}
    match = {"If-Match": f'"{made["version"]}"'}
    refused(zhang.call("PATCH", f"/api/v1/issues/{sent['record']}", json=fields, headers=match))
    for path in ("/api/v1/issues", "/api/v1/my-day", "/api/v1/conflicts", "/api/v1/config"):
        li.get(path)
    cursor = {"nonce": "n", "epoch": 1, "seq": 0, "floor": 0, "below": None}
    pulled = li.exchange(cursors={"project:wj-01": {"field": cursor}})
    items = pulled["pull"]["dossiers"]["project:wj-01"]["audiences"]["field"]["items"]
    assert sent["record"] in {item["record"] for item in items}
    assert site.app.test_client().get("/readyz").status_code == 200


def test_who_comes_meanwhile_gets_in_and_looks_and_a_lost_phone_is_put_out(
    handset: Handset, admin: Desk, site: House
) -> None:
    """A phone's token lasts ten minutes, and maintenance an evening."""
    site.desk("li").push("project:wj-01", issue())
    with site.app.app_context(), transaction.reading() as conn:
        before = history.all_heads(conn)
    turn(site, WHY)
    site.clock.passes(minutes=11)
    once = handset.renew("renewal-number-one").json["access_token"]
    assert handset.renew("renewal-number-one").json["access_token"] == once
    key = signatures.claim(handset.id, handset.private)
    seen = handset.at(once).exchange(cursors={}, device_key=key)
    assert "project:wj-01" in seen["pull"]["granted"] and seen["device_key"]["why"] == "read-only"
    signing_in = {"username": "wang", "password": PASSWORD, "device": "another"}
    told = site.app.test_client().post("/api/v1/session", json=signing_in).json
    wang = Desk(site, "", "another", told["access_token"])
    [found] = wang.get("/api/v1/issues")["items"]
    # Looked at personal data, which stands in the watchbook first: not with 503.
    where = f"/api/v1/dossiers/project:wj-01/records/{found['id']}/history"
    assert wang.call("GET", where).status_code == 200
    assert wang.call("DELETE", "/api/v1/session").status_code == 204
    revoked = admin.call("POST", f"/api/v1/devices/{handset.id}/revoke", json={"why": "丢失"})
    assert revoked.status_code == 204
    assert handset.at(once).call("GET", "/api/v1/issues").json["code"] == "device-revoked"
    with site.app.app_context(), transaction.reading() as conn:
        assert history.all_heads(conn) == before, "nothing was entered"


class Direct:
    """A device's line without a socket."""

    def __init__(self, house: House, username: str) -> None:
        self.desk = house.desk(username)

    def exchange(self, body: bytes) -> bytes:
        sent = {"Content-Type": "application/json"}
        answer = self.desk.call("POST", "/api/v1/exchange", data=body, headers=sent)
        assert answer.status_code == 200, answer.text
        return answer.data

    def fetch(self, url: str) -> bytes:
        return self.desk.call("GET", url).data


def test_a_phone_keeps_its_outbox_sees_what_is_new_and_brings_its_work_home_later(
    site: House, tmp_path: Path
) -> None:
    """The whole way: what it saved meanwhile is entered once, and nothing of it was dropped."""
    phone = Replica(tmp_path / "phone.db", kinds=journal().kinds, clock=site.clock, new_id=new_id)
    line, dossier = Direct(site, "li"), "project:wj-01"
    phone.sync(line)
    [by_wang] = site.desk("wang").push(dossier, issue(title="王发现"))
    turn(site, WHY)
    phone.create(dossier, "issue", {n: {"set": v} for n, v in _fields().items()})
    phone.sync(line)
    titles = {r["body"].get("title") for r in phone.view(dossier).values()}
    assert {"王发现", "离线时记下"} <= titles and by_wang["status"] == "applied"
    assert phone.unsent() == {"issue": 1}
    turn(site, None)
    phone.sync(line)
    assert phone.unsent() == {}
    shown = site.desk("wang").get("/api/v1/issues")["items"]
    assert [i["title"] for i in shown].count("离线时记下") == 1
    phone.close()


def _fields() -> dict[str, str]:
    return {
        "title": "离线时记下",
        "domain": "edge",
        "severity": "general",
        "found_at": "2026-11-21T10:00:00+08:00",
    }


def test_jobs_rest_meanwhile(site: House) -> None:
    done: list[int] = []
    leader = scheduler.Leader(site.app)
    run = scheduler._guarded(site.app, leader, "any", lambda: done.append(1))
    run()
    turn(site, WHY)
    run()
    turn(site, None)
    run()
    assert done == [1, 1]
    with site.app.app_context():
        leader.resign()


def test_the_command_turns_it_on_tells_of_it_and_turns_it_off(site: House) -> None:
    def told(*arguments: str) -> str:
        done = site.app.test_cli_runner().invoke(main.commands["readonly"], arguments)
        assert done.exit_code == 0, done.output
        return done.output

    desk = site.desk("li")
    assert "takes things in" in told("status")
    assert WHY in told("on", "--why", WHY) and WHY in told("status")
    assert _learn(site) == WHY
    refused(_push(desk))
    # Who sits at the machine ends it, in a process that has not been told.
    site.app.extensions["office"].readonly.why = None
    assert "takes things in" in told("off")
    assert _learn(site) is None
    assert _push(desk).status_code == 200


def _learn(site: House) -> str | None:
    with site.app.app_context(), transaction.reading() as conn:
        office().readonly.look(conn)
        return office().readonly.why


def _push(desk: Desk) -> TestResponse:
    push = [{"dossier": "project:wj-01", "epoch": 1, "changes": [issue()]}]
    return desk.call("POST", "/api/v1/exchange", json={"protocol": 1, "schema": 1, "no": 1, "push": push})


def test_a_database_that_itself_refuses_to_be_written_is_told_in_the_same_words(
    site: House, database: str
) -> None:
    """A standby after a failover, a file system that was made read-only."""
    desk = site.desk("li")
    closed = "PRAGMA query_only = ON"
    if database == "postgresql":
        closed = "SET default_transaction_read_only = on"

    def close(connection: Any, *_more: Any) -> None:
        cursor = connection.cursor()
        cursor.execute(closed)
        cursor.close()
        if database == "postgresql":
            connection.commit()

    with site.app.app_context():
        db.session.remove()
        db.engine.dispose()
        event.listen(db.engine, "connect", close)
    answer = _push(desk)
    assert (answer.status_code, answer.json["code"]) == (503, "read-only"), answer.text
    assert desk.call("GET", "/api/v1/issues").status_code == 200
