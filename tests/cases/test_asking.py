"""A case as the desk asks for it: made in the background, by whose eyes, for whom, and who took it."""

import zipfile
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from werkzeug.test import TestResponse

from media.errors import StoreUnavailable
from media.files import FileStore
from server import transaction, watchbook
from server.cases import jobs
from server.evidence import actions as evidence
from server.exports import jobs as exports
from server.office import office
from server.people import actions as people
from server.scheduler import jobs as scheduled
from server.security.jobs import enter_all
from tests.erasures.conftest import bureau, erase
from tests.support.house import Desk, House, create, issue, new_id

from .test_case import WJ, comment, enter, judged

__all__ = ["bureau"]


def ask(desk: Desk, **said: Any) -> dict[str, Any]:
    answer = desk.call("POST", "/api/v1/cases", json={"dossier": WJ} | said)
    assert answer.status_code == 202, answer.text
    assert answer.headers["Location"] == answer.json["address"]
    return dict(answer.json)


def work(house: House) -> int:
    """What the scheduler does every few seconds."""
    with house.app.app_context():
        return jobs.make_all()


def fetch(desk: Desk, case: dict[str, Any], **headers: str) -> TestResponse:
    return desk.call("GET", f"{case['address']}/file", headers=headers)


def noted(house: House) -> list[tuple[str, str | None]]:
    with house.app.app_context(), transaction.reading() as conn:
        rows = conn.execute(select(watchbook.lines).order_by(watchbook.lines.c.id)).all()
    return [(row.what, row.actor) for row in rows if "case" in row.what]


def test_a_case_is_asked_for_made_fetched_and_proves_itself(site: House, tmp_path: Path) -> None:
    mine, _ = enter(site.desk("li"), "三层临边")
    zhang = site.desk("zhang")
    case = ask(zhang, issue=mine)
    assert (case["state"], case["dossier"], case["issue"]) == ("waiting", WJ, mine)
    early = fetch(zhang, case)
    assert (early.status_code, early.json["code"]) == (409, "export-not-ready")
    with site.app.app_context():
        assert exports.make_all() == 0  # the queue's files are another job
        assert scheduled(site.app)["make cases"]() == 1
    told = zhang.get(case["address"])
    assert (told["state"], told["done"], told["total"]) == ("ready", 10, 10)
    answer = fetch(zhang, told)
    assert answer.headers["Content-Disposition"].startswith("attachment;")
    (tmp_path / "case.zip").write_bytes(answer.data)
    code, said = judged(tmp_path / "case.zip")
    assert code == 0 and "2 原件 originals" in said
    rest = fetch(zhang, told, Range="bytes=100-")
    assert rest.status_code == 206 and rest.data == answer.data[100:]
    assert [one["id"] for one in zhang.get("/api/v1/cases")["items"]] == [case["id"]]
    assert zhang.get("/api/v1/exports")["items"] == []


def test_it_is_in_the_books_who_asked_and_who_took_it(site: House) -> None:
    site.desk("li").push(WJ, issue())
    zhang = site.desk("zhang")
    case = ask(zhang)
    work(site)
    fetch(zhang, case)
    fetch(zhang, case)
    by = site.people["zhang"]
    assert noted(site) == [("asked for a case", by), *[("took a case", by)] * 2]
    with site.app.app_context():
        assert enter_all() >= 3
    assert noted(site) == []  # the office's journal has them now


def test_the_same_wish_after_a_lost_reply_is_one_wish(site: House) -> None:
    zhang, name = site.desk("zhang"), new_id()
    assert ask(zhang, id=name) == ask(zhang, id=name)
    assert len(zhang.get("/api/v1/cases")["items"]) == 1
    assert [what for what, _ in noted(site)] == ["asked for a case"]


def test_nobody_else_sees_fetches_or_gives_up_a_case(site: House) -> None:
    site.person("wu", "supervisor", WJ)
    zhang, wu = site.desk("zhang"), site.desk("wu")
    case = ask(zhang)
    work(site)
    assert wu.get("/api/v1/cases")["items"] == []
    for method, path in (("GET", ""), ("GET", "/file"), ("DELETE", "")):
        answer = wu.call(method, f"{case['address']}{path}")
        assert (answer.status_code, answer.json["code"]) == (404, "not-found"), (method, path)
    taken = wu.call("POST", "/api/v1/cases", json={"id": case["id"], "dossier": WJ})
    assert (taken.status_code, taken.json["code"]) == (404, "not-found")
    assert zhang.call("GET", f"/api/v1/exports/{case['id']}").status_code == 404
    for who in ("li", "zhao"):  # an inspector, and who comes for a firm
        assert site.desk(who).call("POST", "/api/v1/cases", json={"dossier": WJ}).status_code == 403
    foreign = zhang.call("POST", "/api/v1/cases", json={"dossier": "project:wj-02"})
    assert (foreign.status_code, foreign.json["code"]) == (404, "unknown-dossier")


def test_who_has_lost_the_post_gets_nothing_made_and_nothing_handed_out(site: House) -> None:
    zhang = site.desk("zhang")
    made, waiting = ask(zhang), None
    work(site)
    site.person("zhang", "supervisor", "project:wj-02")  # and keeps this one
    zhang = site.desk("zhang")
    waiting = ask(zhang)
    with site.app.app_context():
        people.end_post(site.people["zhang"], WJ, "access-revoked")
    assert work(site) == 0
    told = zhang.get(waiting["address"])
    assert (told["state"], told["why"]) == ("failed", "not-permitted")
    answer = fetch(zhang, made)
    assert (answer.status_code, answer.json["code"]) == (404, "not-found")


def test_what_the_asker_does_not_see_or_does_without_is_withheld(site: House, tmp_path: Path) -> None:
    finding = issue()
    words = {"subject": finding["record"], "text": "内部意见", "said_at": "2026-11-21T10:00:00+08:00"}
    site.desk("li").push(WJ, finding, create("comment", words, audience="office"))
    zhang = site.desk("zhang")
    for without, withheld in (([], 0), (["office"], 1)):
        case = ask(zhang, without=without)
        work(site)
        (tmp_path / "case.zip").write_bytes(fetch(zhang, case).data)
        code, said = judged(tmp_path / "case.zip")
        assert code == 0 and f"{withheld} 已删除或未提供" in said, said
    hidden = ask(zhang, issue=finding["record"], without=["field"])
    assert work(site) == 0
    assert zhang.get(hidden["address"])["why"] == "not-found"


def test_after_an_erasure_no_case_of_that_dossier_can_be_fetched(bureau: House) -> None:
    li, finding = bureau.desk("li"), issue()
    words = comment(finding["record"])
    li.push(WJ, finding, words)
    bureau.person("zhang", "supervisor", "project:wj-02")
    zhang = bureau.desk("zhang")
    case, other = ask(zhang), ask(zhang, dossier="project:wj-02")
    assert work(bureau) == 2
    erase(bureau, words["record"])
    gone = fetch(zhang, case)
    assert (gone.status_code, gone.json["code"]) == (410, "export-expired")
    assert fetch(zhang, other).status_code == 200
    with bureau.app.app_context():
        assert [one.key.split("/")[1] for one in office().store.walk("exports")] == [other["id"]]


def test_a_case_under_an_erasure_that_comes_meanwhile_is_made_anew(
    bureau: House, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    finding = issue()
    words = comment(finding["record"])
    bureau.desk("li").push(WJ, finding, words)
    zhang, usual = bureau.desk("zhang"), exports._rest
    case = ask(zhang)

    def late(*said: Any) -> None:
        monkeypatch.setattr(exports, "_rest", usual)
        erase(bureau, words["record"])
        usual(*said)

    monkeypatch.setattr(exports, "_rest", late)
    assert work(bureau) == 1
    data = fetch(zhang, case).data
    with zipfile.ZipFile(BytesIO(data)) as book:
        assert all("王淑芬".encode() not in book.read(name) for name in book.namelist())


def test_progress_is_told_on_the_way(site: House, monkeypatch: pytest.MonkeyPatch) -> None:
    site.desk("li").push(WJ, *[issue() for _ in range(9)])
    zhang, seen, usual = site.desk("zhang"), [], exports.renew
    case = ask(zhang)

    def watched(*said: Any) -> None:
        usual(*said)
        told = zhang.get(case["address"])
        seen.append((told["state"], told["done"], told["total"]))

    monkeypatch.setattr(jobs, "STEPS", 5)
    monkeypatch.setattr(exports, "renew", watched)
    assert work(site) == 1
    assert seen == [("working", done, 20) for done in (0, 5, 10, 15, 20)]


def test_given_up_while_it_is_made_it_stops_and_leaves_nothing(
    site: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    zhang, usual = site.desk("zhang"), exports.renew
    case = ask(zhang)

    def given_up(*said: Any) -> None:
        assert zhang.call("DELETE", case["address"]).status_code in (204, 404)
        usual(*said)

    monkeypatch.setattr(exports, "renew", given_up)
    assert work(site) == 0
    assert zhang.call("GET", case["address"]).status_code == 404
    with site.app.app_context():
        assert list(office().store.walk("exports")) == []
        assert list(office().config.scratch.glob("tmp*")) == []


def test_a_store_that_is_away_and_a_full_disk_are_named_and_it_is_made_later(
    site: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    zhang = site.desk("zhang")
    case = ask(zhang)
    for trouble, why in (
        (StoreUnavailable(errno=5), "store-unavailable"),
        (OSError(28, "full"), "disk-full"),
    ):
        with monkeypatch.context() as m:
            m.setattr(FileStore, "put", lambda *_a, trouble=trouble, **_k: (_ for _ in ()).throw(trouble))
            assert work(site) == 0
        told = zhang.get(case["address"])
        assert (told["state"], told["why"]) == ("working", why)
        site.clock.passes(minutes=3)
    assert work(site) == 1 and zhang.get(case["address"])["state"] == "ready"


def test_a_journal_that_cannot_be_sealed_makes_no_case(site: House) -> None:
    site.desk("li").push(WJ, issue())
    zhang = site.desk("zhang")
    case = ask(zhang)
    with site.app.app_context():
        evidence.seal(WJ)
        office().signing.path.write_text("nothing")
    assert work(site) == 0
    told = zhang.get(case["address"])
    assert (told["state"], told["why"]) == ("failed", "not-sealed")
