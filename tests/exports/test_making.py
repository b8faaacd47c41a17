"""How a file is made: by whose eyes, how far, again after a crash, for whom, until when."""

from typing import Any

import pytest

from media.errors import StoreUnavailable
from server.exports import jobs
from server.exports.rules import FORMS
from server.office import office
from server.people import actions as people
from tests.exports.conftest import WJ, ask, fetch, work
from tests.support.house import Desk, House, issue, new_id

PDF = "export-too-large"


def clear(house: House) -> int:
    with house.app.app_context():
        return jobs.clear()


def resting(house: House) -> list[str]:
    with house.app.app_context():
        return [one.key for one in office().store.walk("exports")]


def test_a_file_is_asked_for_made_and_fetched(queue: House) -> None:
    zhang = queue.desk("zhang")
    asked = ask(zhang, "csv", filter={"state": ["submitted"]}, sort="due_on")
    assert (asked["state"], asked["rows_done"], asked["rows_total"]) == ("waiting", 0, 7)
    assert (asked["filter"], asked["sort"], asked["file"]) == ({"state": ["submitted"]}, "due_on", None)
    early = zhang.call("GET", f"{asked['address']}/file")
    assert (early.status_code, early.json["code"]) == (409, "export-not-ready")
    assert work(queue) == 1
    assert work(queue) == 0
    told = zhang.get(asked["address"])
    assert (told["state"], told["rows_done"], told["rows_total"]) == ("ready", 7, 7)
    assert len(fetch(zhang, asked).splitlines()) > 7
    assert [one["id"] for one in zhang.get("/api/v1/exports")["items"]] == [asked["id"]]


def test_the_same_wish_after_a_lost_reply_is_one_wish(queue: House) -> None:
    zhang, name = queue.desk("zhang"), new_id()
    one, two = (ask(zhang, "csv", id=name) for _ in range(2))
    assert one == two
    work(queue)
    assert ask(zhang, "csv", id=name)["state"] == "ready"
    assert len(zhang.get("/api/v1/exports")["items"]) == 1


def test_nobody_else_sees_fetches_or_gives_up_a_file(queue: House) -> None:
    zhang = queue.desk("zhang")
    asked = ask(zhang, "csv")
    work(queue)
    for who in ("li", "zhao"):
        other = queue.desk(who)
        assert other.get("/api/v1/exports")["items"] == []
        for method, path in (("GET", ""), ("GET", "/file"), ("DELETE", "")):
            answer = other.call(method, f"{asked['address']}{path}")
            assert (answer.status_code, answer.json["code"]) == (404, "not-found"), (who, method, path)
        taken = other.call("POST", "/api/v1/exports", json={"id": asked["id"], "form": "csv"})
        assert (taken.status_code, taken.json["code"]) == (404, "not-found")
    assert fetch(zhang, asked)


def test_progress_is_told_page_by_page(queue: House, monkeypatch: pytest.MonkeyPatch) -> None:
    zhang, seen = queue.desk("zhang"), list[tuple[str, int, int]]()
    asked = ask(zhang, "xlsx")
    monkeypatch.setattr(jobs, "PAGE", 3)
    usual = jobs.renew

    def watched(*said: Any) -> None:
        usual(*said)
        told = zhang.get(asked["address"])
        seen.append((told["state"], told["rows_done"], told["rows_total"]))

    monkeypatch.setattr(jobs, "renew", watched)
    work(queue)
    assert seen == [("working", 3, 8), ("working", 6, 8), ("working", 8, 8)]


def test_each_row_is_read_by_the_askers_posts_of_that_moment(
    queue: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = "project:wj-02"
    queue.person("zhang", "supervisor", other)
    queue.desk("stranger").push(other, *[issue(title=f"乙{n}", severity="major") for n in range(4)])
    zhang = queue.desk("zhang")
    asked = ask(zhang, "csv", sort="-severity")
    assert asked["rows_total"] == 12
    monkeypatch.setattr(jobs, "PAGE", 2)
    usual, done = jobs.renew, list[int]()

    def revoked(*said: Any) -> None:
        usual(*said)
        if not done:
            people.end_post(zhang.person, other)
        done.append(1)

    monkeypatch.setattr(jobs, "renew", revoked)
    work(queue)
    text = fetch(zhang, asked).decode()
    assert 1 <= text.count(",乙") <= 2, "what was read before is in it, nothing after"
    assert "无期限" in text


def test_who_may_see_nothing_any_more_gets_no_file(queue: House) -> None:
    zhang = queue.desk("zhang")
    asked = ask(zhang, "csv")
    with queue.app.app_context():
        people.end_post(zhang.person, WJ)
    assert work(queue) == 0
    assert resting(queue) == []
    queue.person("zhang", "supervisor", "project:wj-02")
    told = zhang.get(asked["address"])
    assert (told["state"], told["why"], told["file"]) == ("failed", "not-permitted", None)


def test_a_file_says_what_its_asker_sees_and_no_more(queue: House) -> None:
    queue.desk("zhang").push(WJ, issue(title="保密事项", audience="confidential"))
    asked = {who: ask(queue.desk(who), "csv") for who in ("zhang", "li", "zhao")}
    assert work(queue) == 3
    texts = {who: fetch(queue.desk(who), one).decode() for who, one in asked.items()}
    assert "保密事项" in texts["zhang"]
    assert "保密事项" not in texts["li"] and "无期限" in texts["li"]
    assert len(texts["zhao"].splitlines()) == 1


def test_a_job_that_its_maker_left_is_taken_up_again(queue: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """As after kill -9: the claim stands, nothing was noted."""
    zhang = queue.desk("zhang")
    asked = ask(zhang, "csv")

    class Killed(BaseException):
        pass

    def killed(*_said: Any) -> None:
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(jobs, "_rest", killed)
        with pytest.raises(Killed):
            work(queue)
    told = zhang.get(asked["address"])
    assert (told["state"], told["rows_done"]) == ("working", 8)
    assert work(queue) == 0, "its maker may live"
    queue.clock.passes(seconds=jobs.CLAIM.total_seconds() + 1)
    assert work(queue) == 1
    assert fetch(zhang, asked)


def test_a_maker_that_was_thought_dead_does_not_put_its_file_over_anothers(
    queue: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    zhang = queue.desk("zhang")
    asked = ask(zhang, "csv")
    usual, slept = jobs.renew, list[int]()

    def slow(*said: Any) -> None:
        if not slept:
            slept.append(1)
            queue.clock.passes(seconds=jobs.CLAIM.total_seconds() + 1)
            assert work(queue) == 1  # the other one
        usual(*said)

    monkeypatch.setattr(jobs, "renew", slow)
    assert work(queue) == 0
    assert fetch(zhang, asked)
    assert len(resting(queue)) == 1


def test_what_always_kills_its_maker_is_given_up(queue: House) -> None:
    zhang = queue.desk("zhang")
    asked = ask(zhang, "csv")
    for _ in range(jobs.ATTEMPTS):
        with queue.app.app_context():
            assert jobs._claim(asked["id"], new_id()) is not None
        queue.clock.passes(seconds=jobs.CLAIM.total_seconds() + 1)
    assert work(queue) == 0
    told = zhang.get(asked["address"])
    assert (told["state"], told["why"]) == ("failed", "internal")


def test_while_the_store_is_away_it_is_tried_again(queue: House, monkeypatch: pytest.MonkeyPatch) -> None:
    zhang = queue.desk("zhang")
    asked = ask(zhang, "csv")
    with queue.app.app_context():
        store = office().store

    def away(*_said: Any, **_more: Any) -> bool:
        raise StoreUnavailable

    with monkeypatch.context() as patched:
        patched.setattr(store, "put", away)
        assert work(queue) == 0
    told = zhang.get(asked["address"])
    assert (told["state"], told["why"]) == ("working", "store-unavailable")
    queue.clock.passes(seconds=jobs.CLAIM.total_seconds() + 1)
    assert work(queue) == 1
    assert zhang.get(asked["address"])["why"] is None


def test_giving_up_stops_the_maker_and_takes_the_file(queue: House, monkeypatch: pytest.MonkeyPatch) -> None:
    zhang = queue.desk("zhang")
    asked = ask(zhang, "csv")
    usual = jobs._rest

    def given_up(*said: Any) -> None:
        assert zhang.call("DELETE", asked["address"]).status_code == 204
        usual(*said)

    with monkeypatch.context() as patched:
        patched.setattr(jobs, "_rest", given_up)
        assert work(queue) == 0
    assert zhang.call("GET", asked["address"]).status_code == 404
    clear(queue)
    assert resting(queue) == []
    again = ask(zhang, "csv")
    work(queue)
    assert len(resting(queue)) == 1
    zhang.call("DELETE", again["address"])
    assert resting(queue) == []


def test_a_file_goes_when_its_time_is_up_and_the_line_stays(queue: House) -> None:
    zhang = queue.desk("zhang")
    asked = ask(zhang, "csv")
    work(queue)
    queue.clock.passes(hours=23)
    assert clear(queue) == 0
    assert fetch(queue.desk("zhang"), asked)
    queue.clock.passes(hours=2)
    assert clear(queue) == 1
    zhang = queue.desk("zhang")
    told = zhang.get(asked["address"])
    assert (told["state"], told["rows_done"], told["filter"]) == ("expired", 8, {})
    gone = zhang.call("GET", f"{asked['address']}/file")
    assert (gone.status_code, gone.json["code"], gone.json["remedy"]) == (410, "export-expired", "repair")
    assert resting(queue) == []


def test_a_paper_of_too_many_rows_is_refused_with_the_way_out(
    queue: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server.exports.actions.PDF_ROWS", 7)
    zhang = queue.desk("zhang")
    refused = zhang.call("POST", "/api/v1/exports", json={"form": "pdf"})
    assert (refused.status_code, refused.json["code"], refused.json["remedy"]) == (413, PDF, "repair")
    assert refused.json["details"] == {"rows": 8, "most": 7}
    assert "Excel" in refused.json["title"]
    ask(zhang, "pdf", filter={"severity": ["general"]})
    monkeypatch.setattr("server.exports.rules.PDF_ROWS", 6)  # it has grown since
    assert work(queue) == 0
    [told] = zhang.get("/api/v1/exports")["items"]
    assert (told["state"], told["why"]) == ("failed", PDF)


def test_somebody_waits_for_three_files_at_most(queue: House) -> None:
    zhang = queue.desk("zhang")
    for _ in range(3):
        ask(zhang, "csv")
    refused = zhang.call("POST", "/api/v1/exports", json={"form": "csv"})
    assert (refused.status_code, refused.json["code"]) == (429, "too-many-exports")
    assert refused.headers["Retry-After"]
    ask(queue.desk("li"), "csv")
    assert work(queue) == 4
    ask(zhang, "csv")


def test_the_small_ones_do_not_wait_for_the_large_one(queue: House) -> None:
    zhang, made = queue.desk("zhang"), list[str]()
    large, small = ask(zhang, "csv"), ask(zhang, "csv", filter={"severity": ["major"]})
    with queue.app.app_context():
        for _ in range(2):
            name = jobs._next(FORMS)
            assert name is not None
            made.append(name)
            row = jobs._claim(name, new_id())
            assert row is not None
    assert made == [small["id"], large["id"]]


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"form": "doc"},
        {"form": "csv", "sort": "x"},
        {"form": "csv", "filter": {"state": ["x"]}},
        {"form": "csv", "id": "1"},
    ],
)
def test_a_wish_that_the_queue_would_refuse_is_malformed(queue: House, wrong: dict[str, Any]) -> None:
    answer = queue.desk("zhang").call("POST", "/api/v1/exports", json=wrong)
    assert (answer.status_code, answer.json["code"]) == (400, "malformed")


def test_a_filter_that_is_no_longer_known_ends_the_file_in_words(queue: House) -> None:
    from sqlalchemy import text

    from server import transaction

    zhang: Desk = queue.desk("zhang")
    asked = ask(zhang, "csv")
    with queue.app.app_context(), transaction.writing() as conn:
        conn.execute(text('UPDATE exports SET filter = \'{"state": ["of_old"]}\''))
    assert work(queue) == 0
    assert zhang.get(asked["address"])["why"] == "malformed"
