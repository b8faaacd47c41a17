"""Who signed in, who was refused, what administrators did, who looked: entries that nobody takes away."""

from typing import Any

import pytest
from sqlalchemy import text
from structlog.testing import capture_logs

from server import passage, transaction
from server.people import actions as people
from server.scheduler import jobs
from server.security.records.watch import MOST
from server.watchbook import note
from sync import history
from tests.server.test_markups import markup
from tests.server.test_photos import photo, upload
from tests.support.house import PASSWORD, House, create, issue, jpeg

OFFICE = "office:cy"
WJ = "project:wj-01"


def entered(house: House) -> list[dict[str, Any]]:
    """All lines, after the job has run, in their order."""
    with house.app.app_context():
        jobs(house.app)["enter watchbook"]()
        with transaction.reading() as conn:
            batches = history.standing_records(conn, OFFICE)
            found = [r for b in batches for r in b if r.kind == "watch"]
    return [line for r in sorted(found, key=lambda r: r.version) for line in r.body["lines"]]


def lines(house: House, what: str) -> list[dict[str, Any]]:
    return [line for line in entered(house) if line["what"] == what]


def sign_in(house: House, username: str, password: str) -> int:
    said = {"username": username, "password": password, "device": "phone-9"}
    return house.app.test_client().post("/api/v1/session", json=said).status_code


def test_sign_ins_and_refused_ones_are_entered_with_device_and_name(site: House) -> None:
    assert (sign_in(site, "li", PASSWORD), sign_in(site, "li", "wrong"), sign_in(site, "nobody", "x")) == (
        *(200, 401, 401),
    )
    assert [(e["actor"], e["told"]["device"]) for e in lines(site, "signed-in")] == [
        (site.people["li"], "phone-9")
    ]
    refused = [e["told"]["username"] for e in lines(site, "sign-in-refused")]
    assert refused == ["li", "nobody"]
    assert PASSWORD not in str(entered(site)) and "wrong" not in str(lines(site, "sign-in-refused"))


def test_what_administrators_do_is_entered(site: House) -> None:
    li = site.people["li"]
    with site.app.app_context():
        people.end_post(li, WJ, "re-assigned")
        people.license_officer(li, "京01", None)
        people.deactivate(li)
    told = {e["what"]: e["told"] for e in entered(site) if e["told"].get("person") == li}
    assert told.keys() == {"post-given", "post-ended", "licensed", "deactivated"}
    assert told["post-ended"] == {"person": li, "dossier": WJ, "why": "re-assigned", "posts": 1}


def test_a_line_is_one_insert_and_an_entry_holds_many(site: House) -> None:
    desk_before = len(entered(site))
    with site.app.app_context(), transaction.reading() as conn:
        before = history.verify(conn, OFFICE).entries
    with site.statements() as said:
        site.desk("li")
    assert sum("watchbook" in s for s in said) == 1 and not any("dossiers" in s for s in said)
    for _ in range(20):
        site.desk("li")
    assert len(entered(site)) == desk_before + 21
    with site.app.app_context(), transaction.reading() as conn:
        verified = history.verify(conn, OFFICE)
    assert (verified.entries, verified.fault) == (before + 1, None)


def test_a_flood_of_refusals_is_two_lines_a_minute_of_which_the_second_says_how_many(site: House) -> None:
    li, wang = site.desk("li"), site.desk("wang")
    entered(site)
    with site.statements() as said:
        for n in range(50):
            assert li.call("GET", f"/api/v1/people?limit={n + 1}").status_code == 403
        wang.call("GET", "/api/v1/people")
    assert sum("INSERT INTO watchbook" in s for s in said) == 2, "the first of Li's, the first of Wang's"
    site.clock.passes(minutes=1)
    li.get("/api/v1/projects")  # whoever comes next
    told = [(line["actor"], line["told"].get("more")) for line in lines(site, "refused")]
    assert told == [(li.person, None), (wang.person, None), (li.person, 49)]
    assert li.call("GET", "/api/v1/people").status_code == 403
    assert len(lines(site, "refused")) == 4


def test_what_a_worker_had_counted_is_told_when_it_goes(site: House) -> None:
    li = site.desk("li")
    for _ in range(3):
        li.call("GET", "/api/v1/people")
    with site.app.app_context():
        passage.tell_refusals()
    assert [line["told"].get("more") for line in lines(site, "refused")] == [None, 2]


def test_more_lines_than_an_entry_holds_make_several(site: House) -> None:
    entered(site)
    for _ in range(MOST + 1):
        site.desk("li")
    assert len(lines(site, "signed-in")) == MOST + 1
    with site.app.app_context():
        assert jobs(site.app)["enter watchbook"]() == 0


def test_lines_go_with_the_transaction_that_enters_them_or_stay(
    site: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    entered(site)
    site.desk("li")

    def dies(*_: Any, **__: Any) -> None:
        raise RuntimeError("killed between push and commit")

    with site.app.app_context():
        from sqlalchemy.orm import Session

        with monkeypatch.context() as patch:
            patch.setattr(Session, "commit", dies)
            with pytest.raises(RuntimeError):
                jobs(site.app)["enter watchbook"]()
    assert len(lines(site, "signed-in")) == 1


def test_who_looks_at_personal_data_is_entered_and_what_cannot_be_entered_is_not_shown(
    site: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    li, zhang, finding, data = site.desk("li"), site.desk("zhang"), issue(), jpeg()
    said = create(
        "comment", {"subject": finding["record"], "text": "x", "said_at": "2026-11-21T10:00:00+08:00"}
    )
    record = photo(data)
    li.push(WJ, finding, said, record)
    upload(li, record["record"], data)
    zhang.get(f"/api/v1/dossiers/{WJ}/records/{said['record']}/history")
    zhang.get(f"/api/v1/dossiers/{WJ}/records/{finding['record']}/history")  # has no personal fields
    assert zhang.call("GET", f"/api/v1/photos/{record['record']}/original").status_code == 200
    looked = [(e["actor"], e["told"]["record"], e["told"]["fields"]) for e in lines(site, "looked")]
    who = site.people["zhang"]
    personal = ["accuracy_m", "caption", "datum", "lat_e7", "lon_e7", "name"]
    assert looked == [(who, said["record"], ["text"]), (who, record["record"], personal)]

    from server import watchbook

    def full(*_: Any, **__: Any) -> None:
        raise RuntimeError("the disk is full")

    monkeypatch.setattr(watchbook, "note", full)
    assert zhang.call("GET", f"/api/v1/photos/{record['record']}/original").status_code == 500


def test_who_is_shown_personal_fields_among_other_things_is_entered_once_a_day(site: House) -> None:
    li, zhang, finding, bare = site.desk("li"), site.desk("zhang"), issue(), issue()
    about = {"subject": finding["record"]}
    said = create("comment", about | {"text": "x", "said_at": "2026-11-21T10:00:00+08:00"})
    answer = {"measure": "y", "person": "赵某", "done_at": "2026-11-22T01:00:00Z"}
    record = photo(jpeg(), **about)
    marks = [markup(record["record"], caption="赵某未系安全带"), markup(record["record"])]
    li.push(WJ, finding, bare, said, create("reply", about | answer), record, *marks)
    there = f"/api/v1/issues/{finding['record']}"
    for _ in range(3):
        zhang.get(there)
        zhang.get(f"/api/v1/photos/{record['record']}")
        zhang.get(f"/api/v1/issues/{bare['record']}")  # shows nothing of the kind
        zhang.get("/api/v1/issues")  # as the feed does: what an audience holds, all at once
    looked = [(e["actor"], e["told"]["record"], e["told"]["fields"]) for e in lines(site, "looked")]
    who = site.people["zhang"]
    fields = ["comment.text", "markup.caption", "photo.name", "reply.person"]
    [first, second] = looked
    assert first == (who, finding["record"], fields)
    assert second[:2] == (who, record["record"]) and "name" in second[2]
    li.get(there)
    site.clock.passes(days=1)
    site.desk("zhang").get(there)
    assert [e["actor"] for e in lines(site, "looked")][2:] == [site.people["li"], who]


def test_where_the_book_takes_nothing_a_glance_is_in_the_log_and_keeps_nobody_from_work(site: House) -> None:
    """Unlike whoever asks for the original itself: that is not shown."""

    def call_it(now: str, then: str) -> None:
        with site.app.app_context(), transaction.writing() as conn:
            conn.execute(text(f"ALTER TABLE {now} RENAME TO {then}"))

    li, zhang, record, data = site.desk("li"), site.desk("zhang"), photo(jpeg()), jpeg()
    li.push(WJ, record)
    assert upload(li, record["record"], data).status_code == 204
    there = f"/api/v1/photos/{record['record']}"
    call_it("watchbook", "lost")
    with capture_logs() as logged:
        assert zhang.get(there)["id"] == record["record"]
        assert zhang.call("GET", f"{there}/original").status_code >= 500
    [line] = [line for line in logged if line["event"] == "a look is not in the watchbook"]
    who = site.people["zhang"]
    assert (line["actor"], line["dossier"], line["record"], line["kind"]) == (
        who,
        WJ,
        record["record"],
        "photo",
    )
    assert "name" in line["fields"]
    call_it("lost", "watchbook")
    zhang.get(there)
    zhang.get(there)
    told = [(e["actor"], e["told"]["record"]) for e in lines(site, "looked")]
    assert told == [(who, record["record"])], "what could not be written counts as not yet seen"


def test_leaders_in_the_offices_dossier_have_it_and_nobody_else(site: House) -> None:
    roles = {"qian": "director", "zhang": "supervisor", "li": "inspector", "admin": "administrator"}
    for who, role in roles.items():
        site.person(who, role, OFFICE)
    entered(site)
    for who, role in roles.items():
        cursor = {"nonce": "n", "epoch": 1, "seq": 0, "floor": 0}
        audiences = dict.fromkeys(("confidential", "office", "public"), cursor)
        pulled = site.desk(who).exchange(cursors={OFFICE: audiences})["pull"]
        pages = pulled["dossiers"].get(OFFICE, {}).get("audiences", {})
        kinds = {item["kind"] for page in pages.values() for item in page["items"]}
        assert ("watch" in kinds) is (role in ("director", "supervisor")), who


def test_a_line_that_is_taken_out_of_the_journal_is_missed(site: House) -> None:
    site.desk("li")
    entered(site)
    with site.app.app_context(), transaction.writing() as conn:
        gone = "UPDATE records SET body = replace(body, 'signed-in', 'signed-on') WHERE kind = 'watch'"
        conn.execute(text(gone))
    with site.app.app_context(), transaction.reading() as conn:
        assert history.verify(conn, OFFICE).fault is not None


def test_long_lines_that_a_stranger_chose_push_no_other_out(site: House) -> None:
    with site.app.app_context(), transaction.writing() as conn:
        for n in range(MOST):
            note(conn, "sign-in-refused", username=f"{n:03d}" + "王" * 300, device="机" * 300)
    told = lines(site, "sign-in-refused")
    assert [line["told"]["username"][:3] for line in told] == [f"{n:03d}" for n in range(MOST)]
    with site.app.app_context(), transaction.reading() as conn:
        assert conn.execute(text("SELECT count(*) FROM watchbook")).scalar() == 0
