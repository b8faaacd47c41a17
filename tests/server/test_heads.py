"""Where each journal ends: asked often, answered cheaply, and only to those who may read there."""

from tests.support.house import House, issue, update

WJ = "project:wj-01"


def test_a_write_moves_the_head_of_its_dossier_and_no_other(site: House) -> None:
    zhang = site.desk("zhang")
    before = zhang.get("/api/v1/heads")["heads"]
    site.desk("li").push(WJ, issue())
    after = zhang.get("/api/v1/heads")["heads"]
    assert after[WJ] == before[WJ] + 1
    assert {d for d in after if after[d] != before.get(d)} == {WJ}


def test_as_long_as_nobody_writes_there_is_nothing_to_send(site: House) -> None:
    zhang = site.desk("zhang")
    tag = zhang.call("GET", "/api/v1/heads").headers["ETag"]
    again = zhang.call("GET", "/api/v1/heads", headers={"If-None-Match": tag})
    assert (again.status_code, again.data) == (304, b"")
    site.desk("li").push(WJ, issue())
    moved = zhang.call("GET", "/api/v1/heads", headers={"If-None-Match": tag})
    assert (moved.status_code, moved.headers["ETag"] != tag) == (200, True)


def test_a_journal_that_one_may_not_read_is_not_told_of(site: House) -> None:
    assert WJ not in site.desk("stranger").get("/api/v1/heads")["heads"]
    assert site.app.test_client().get("/api/v1/heads").status_code == 401


def test_what_waits_is_told_with_the_title_of_what_it_is_about(site: House) -> None:
    made = issue(title="临边无防护")
    site.desk("li").push(WJ, made)
    site.desk("li").push(WJ, update("issue", made["record"], 2, {"part": "东侧"}))
    site.desk("wang").push(WJ, update("issue", made["record"], 2, {"part": "西侧"}))
    [one] = site.desk("zhang").get("/api/v1/conflicts")["items"]
    assert (one["title"], one["project"]) == ("临边无防护", "项目 wj-01")
