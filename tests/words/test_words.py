"""Words are found wherever they stand in a text, the same on both databases, however they are spelled."""

import threading
import time
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine, event
from sqlalchemy import text as sql

from server import transaction
from server.cli import main
from server.database import db
from server.issues.jobs import enter_words
from server.words import queries, rules
from sync import followers
from tests.erasures.conftest import bureau, erase
from tests.support.house import Desk, House, create, decide, delete, issue, new_id, update

__all__ = ["bureau"]
WJ = "project:wj-01"
PATIENCE_S = 30
TEXTS = st.text(st.sampled_from("安全防护网abＡ１1㎡ß %_\\'\"\n，、。井𠮷"), max_size=12)
# What people wrote on a site: Chinese, Latin letters, numbers, marks, both widths.
FOUND = (
    "临边防护缺失",
    "临边 防护栏杆缺失",
    "3号楼２层配电箱未上锁",
    "Tower crane QTZ80 回转限位失灵",
    "塔吊 qtz63 超载",
    "井口无盖板",
    "裸土未苫盖，约120㎡",
    "100%_完成率\\虚报",
    "住户𠮷田反映扰民",
    "井",
)
ASKED = (
    *(
        "临边",
        "边防",
        "防护缺失",
        "防护 缺失",
        "缺失 防护",
        "井",
        "𠮷",
        "qtz",
        "QTZ８０",
        "ＱＴＺ",
        "m2",
        "㎡",
        "20m",
    ),
    *(
        "2层",
        "２层",
        "3号 2层",
        "%",
        "_",
        "%_",
        "\\",
        "，约",
        ",约",
        "塔吊 超载",
        "不存在",
        "层配电箱未上锁",
        "井口 无",
    ),
)


def plain(said: str) -> str:
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", said).casefold())


def titles(desk: Desk, words: str, **more: Any) -> set[str]:
    asked = {"text": words, "limit": 200} | more
    return {i["title"] for i in desk.call("GET", "/api/v1/issues", query_string=asked).json["items"]}


def expected(words: str) -> set[str]:
    return {t for t in FOUND if all(w in plain(t) for w in plain(words).split())}


def job(house: House) -> int:
    with house.app.app_context():
        return enter_words()


def run(house: House, statement: str) -> Any:
    with house.app.app_context(), transaction.writing() as conn:
        done = conn.execute(sql(statement))
        return done.all() if done.returns_rows else None


def spelled_as_before(house: House) -> None:
    """The words of all issues as the release before wrote them."""
    with house.app.app_context(), transaction.writing() as conn:
        rows = conn.execute(sql("SELECT id, title FROM issues")).all()
        old = [{"id": row.id, "words": f"{row.title}\n\n\n\n".lower()} for row in rows]
        conn.execute(sql("UPDATE issues SET words = :words WHERE id = :id"), old)


@contextmanager
def meanwhile(house: House, statement: str, work: Callable[[], object]) -> Iterator[None]:
    """Before the first such statement somebody else does `work`, as far as the locks let them."""
    thread = threading.Thread(target=work)
    with house.app.app_context():
        engine = db.engine

    def begin(_c: Any, _k: Any, said: str, *_more: Any) -> None:
        if said.startswith(statement) and thread.ident is None:
            thread.start()
            wait_until_stuck_or_done(engine, thread)

    event.listen(engine, "before_cursor_execute", begin)
    try:
        yield
    finally:
        event.remove(engine, "before_cursor_execute", begin)
    assert thread.ident is not None, f"nobody said {statement}"
    thread.join(PATIENCE_S)
    assert not thread.is_alive()


def wait_until_stuck_or_done(engine: Engine, thread: threading.Thread) -> None:
    if engine.dialect.name == "sqlite":
        return  # whoever writes is alone
    stuck = (
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    deadline = time.monotonic() + PATIENCE_S
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as conn:
        while thread.is_alive() and not conn.execute(sql(stuck)).scalar_one():
            assert time.monotonic() < deadline
            thread.join(0.01)


@pytest.fixture
def written(site: House) -> House:
    site.desk("li").push(WJ, *(issue(title=title) for title in FOUND))
    return site


@given(TEXTS, TEXTS)
def test_a_text_that_contains_the_words_has_all_their_grams(before: str, words: str) -> None:
    said = rules.plain(before + words + before)
    asked = [w for w in rules.plain(words).split() if w in said]
    assert set(rules.asked(asked)) <= rules.grams(said)


@given(st.sets(st.integers(0, 20_000), max_size=40))
def test_a_place_has_its_bit_in_its_row(wanted: set[int]) -> None:
    rows: dict[int, int] = {}
    for place in wanted:
        part, bit = rules.part_of(place)
        rows[part] = rows.get(part, 0) | bit
    kept = {part: rules.unpacked(rules.packed(bits)) for part, bits in rows.items()}
    assert {p for part, bits in kept.items() for p in rules.places(part, bits)} == wanted


def test_a_long_question_asks_for_some_of_its_grams_from_all_over_it() -> None:
    said = "".join(chr(0x4E00 + n) for n in range(200))
    asked = rules.asked([said])
    assert len(asked) <= rules.MOST_GRAMS and set(asked) <= rules.grams(said)
    assert max(asked) >> rules.WIDTH > 0x4E00 + 180


@pytest.mark.parametrize("entered", [False, True])
def test_words_are_found_wherever_they_stand(written: House, entered: bool) -> None:
    if entered:
        assert job(written) == len(FOUND) and job(written) == 0
    zhang = written.desk("zhang")
    assert {words: titles(zhang, words) for words in ASKED} == {words: expected(words) for words in ASKED}
    assert any(expected(words) for words in ASKED) and not all(expected(words) for words in ASKED)


def test_what_the_release_before_spelled_is_found_as_it_stands_and_by_all_words_after_the_job(
    site: House,
) -> None:
    said = "２号楼（东侧）QTZ８０㎡"
    site.desk("li").push(WJ, issue(title=said), issue(title="plain"))
    spelled_as_before(site)
    zhang = site.desk("zhang")
    assert titles(zhang, "（东侧）") == titles(zhang, "２号 qTZ８０㎡") == {said}
    assert job(site) == 2
    for words in ("（东侧）", "(东侧)", "2号", "qtz80m2", "２号 ＱＴＺ"):
        assert titles(zhang, words) == {said}, words
    assert set(run(site, "SELECT words FROM issues")) == {(plain(f"{t}\n\n\n\n"),) for t in (said, "plain")}


def test_what_is_said_while_the_job_spells_is_not_overwritten(site: House) -> None:
    li, made = site.desk("li"), issue(title="（东侧）")
    [first] = li.push(WJ, made)
    spelled_as_before(site)
    again = update("issue", made["record"], first["version"], {"title": "（西侧）"})
    with meanwhile(site, "UPDATE issues SET words", lambda: li.push(WJ, again)):
        job(site)
    for _ in range(2):
        zhang = site.desk("zhang")
        assert titles(zhang, "(西侧)") == {"（西侧）"} and titles(zhang, "(东侧)") == set()
        job(site)


def test_a_word_that_is_common_is_found_by_walking(written: House, monkeypatch: pytest.MonkeyPatch) -> None:
    job(written)
    monkeypatch.setattr(queries, "MOST_FOUND", 1)
    zhang = written.desk("zhang")
    assert all(titles(zhang, words) == expected(words) for words in ASKED)


def test_a_search_reads_no_journal_that_is_too_long(written: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many entries the job has not come to: they are counted by the heads."""
    with written.app.app_context(), transaction.reading() as conn:
        monkeypatch.setattr(queries, "MOST_FOUND", followers.unread(conn, queries.FOLLOWER, [WJ]))
    reads = []
    for title in ("短", "长"):
        with written.statements() as said:
            assert titles(written.desk("zhang"), "井") == expected("井")
        reads.append(any("FROM dossiers" in one and " entries " in one for one in said))
        written.desk("li").push(WJ, issue(title=title))
    assert reads == [True, False]


def test_what_was_entered_is_looked_up_and_not_read(written: House) -> None:
    """The short way is gone: nothing else in this file would notice, but for the time."""
    job(written)
    zhang = written.desk("zhang")
    assert titles(zhang, "塔吊")
    run(written, "DELETE FROM grams")
    assert titles(zhang, "塔吊") == set()
    written.desk("li").push(WJ, issue(title="塔吊基础积水"))
    assert titles(zhang, "塔吊") == {"塔吊基础积水"}, "what came since is compared where it stands"


def test_the_other_filters_and_the_order_hold_for_what_is_found(written: House) -> None:
    late = [issue(title=f"临边{n}", found_at=f"2026-11-{n:02}T08:00:00+08:00") for n in (3, 9, 6)]
    first = written.desk("li").push(WJ, *late, issue(title="临边防护", domain="dust"))[0]
    confirmed = update("issue", late[0]["record"], first["version"], {"state": {"do": "confirm"}})
    written.desk("li").push(WJ, confirmed)
    for _ in range(2):
        zhang = written.desk("zhang")
        asked = {"text": "临边", "state": "submitted", "sort": "found_at", "domain": "edge", "limit": 2}
        page = zhang.call("GET", "/api/v1/issues", query_string=asked).json
        assert [i["title"] for i in page["items"]] == ["临边6", "临边9"]
        more = zhang.call("GET", "/api/v1/issues", query_string=asked | {"page": page["next"]}).json
        assert {i["title"] for i in more["items"]} == {"临边防护缺失", "临边 防护栏杆缺失"}
        job(written)


def test_what_is_said_anew_is_found_by_its_new_words_alone(site: House) -> None:
    li, zhang = site.desk("li"), site.desk("zhang")
    made, other = issue(title="电缆拖地"), issue(title="电缆裸露")
    [first, _] = li.push(WJ, made, other)
    job(site)
    li.push(WJ, update("issue", made["record"], first["version"], {"title": "灭火器过期"}))
    for _ in range(2):
        assert titles(zhang, "电缆") == {"电缆裸露"} and titles(zhang, "灭火") == {"灭火器过期"}
        job(site)
    assert run(site, "SELECT count(*) FROM places")[0][0] == 2
    gone = rules.asked(["拖地"])[0]
    assert run(site, f"SELECT count(*) FROM grams WHERE gram = {gone}")[0][0] == 0
    seen = zhang.get(f"/api/v1/issues/{made['record']}")["version"]
    li.push(WJ, delete("issue", made["record"], seen))
    assert titles(zhang, "灭火") == set()


def test_what_is_decided_in_a_conflict_is_found(site: House) -> None:
    li, wang, zhang = site.desk("li"), site.desk("wang"), site.desk("zhang")
    made = issue(title="起初")
    [first] = li.push(WJ, made)
    for desk, said in ((li, "脚手架连墙件缺失"), (wang, "剪刀撑缺失")):
        desk.push(WJ, update("issue", made["record"], first["version"], {"title": said}))
    job(site)
    [question] = zhang.get("/api/v1/conflicts")["items"]
    own = {"title": {"set": "扫地杆缺失"}}
    [done] = zhang.push(WJ, decide("conflict", question["record"], question["version"], own))
    assert done["status"] == "applied", done
    for _ in range(2):
        assert titles(zhang, "扫地") == {"扫地杆缺失"} and titles(zhang, "连墙") == set()
        job(site)


def test_nobody_finds_what_they_may_not_see(written: House) -> None:
    written.desk("zhang").push(WJ, issue(title="举报线索井", audience="confidential"))
    job(written)
    assert "举报线索井" in titles(written.desk("zhang"), "井")
    assert titles(written.desk("li"), "井") == expected("井")
    assert titles(written.desk("stranger"), "井") == set()


def test_what_is_erased_leaves_no_pair_of_characters(bureau: House) -> None:
    made = issue(title="住户王淑芬家窗户")
    bureau.desk("li").push(WJ, made)
    job(bureau)
    grams = ", ".join(map(str, rules.asked(["王淑芬"])))
    asked = f"SELECT count(*) FROM grams WHERE gram IN ({grams})"
    assert run(bureau, asked)[0][0] == 2
    erase(bureau, made["record"], names={"add": ["title"]})
    assert run(bureau, asked)[0][0] == 0, "at once, not with the next job"
    assert titles(bureau.desk("zhang"), "淑芬") == set()


def test_a_search_takes_the_same_number_of_statements_for_any_hits(written: House) -> None:
    job(written)
    zhang, counts = written.desk("zhang"), []
    for words in ("栏杆", "缺失"):
        with written.statements() as said:
            titles(zhang, words)
        counts.append(len(said))
    with written.statements() as said:
        titles(zhang, "")
    assert counts == [len(said) + 4] * 2


def test_a_rebuild_enters_all_words_anew(written: House) -> None:
    job(written)
    run(written, "DELETE FROM grams")
    run(written, "UPDATE issues SET words = ''")
    answer = written.app.test_cli_runner().invoke(main, ["rebuild"])
    assert answer.exit_code == 0, answer.output
    zhang = written.desk("zhang")
    assert all(titles(zhang, words) == expected(words) for words in ASKED)
    assert run(written, "SELECT count(*) FROM grams")[0][0] > 50


@pytest.mark.parametrize("entered", [False, True])
@pytest.mark.parametrize("statement", ["DELETE FROM grams", "DELETE FROM places"])
def test_the_job_beside_a_rebuild_leaves_nothing_out(written: House, statement: str, entered: bool) -> None:
    """Nor does either stand in the other's way; of a site that was never entered there is no position yet."""
    if entered:
        job(written)
        written.desk("li").push(WJ, issue(title=FOUND[0]))
    ended: list[int] = []
    with meanwhile(written, statement, lambda: ended.append(job(written))):
        rebuilt = written.app.test_cli_runner().invoke(main, ["rebuild"])
    assert rebuilt.exit_code == 0 and len(ended) == 1, rebuilt.output
    zhang = written.desk("zhang")
    assert {words: titles(zhang, words) for words in ASKED} == {words: expected(words) for words in ASKED}
    assert run(written, "SELECT count(*) FROM places")[0][0] == len(FOUND) + entered


def test_counts_know_words_too(written: House) -> None:
    job(written)
    said = written.desk("zhang").call("GET", "/api/v1/issues/counts", query_string={"text": "缺失"}).json
    assert said["total"] == len(expected("缺失")) == 2


def test_what_is_no_issue_is_not_entered(written: House) -> None:
    about = {"subject": new_id(), "text": "井", "said_at": "2026-11-21T11:00:00+08:00"}
    written.desk("li").push(WJ, create("comment", about))
    job(written)
    assert run(written, "SELECT count(*) FROM places")[0][0] == len(FOUND)
