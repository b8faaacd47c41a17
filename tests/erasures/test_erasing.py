"""What a person may have erased goes from everywhere; the journal says who decided, and still links."""

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, text

from server import transaction
from server.catalogue import CATALOGUE, journal
from server.database import db
from server.erasures import actions
from server.people import actions as people
from server.scheduler import jobs
from sync import history
from sync.erasure import MARK, erasable
from tests.support.house import House, accept, create, decide, issue, new_id, update

from .conftest import WJ, ask, erase, grant

KINDS = journal().kinds
SECRET = "王淑芬 13901000000"


def comment(subject: str, words: str = SECRET) -> dict[str, Any]:
    return create("comment", {"subject": subject, "text": words, "said_at": "2026-11-21T10:00:00+08:00"})


def verified(house: House) -> history.Verified:
    with house.app.app_context(), transaction.reading() as conn:
        return history.verify(conn, WJ, KINDS)


def everywhere(house: House, needle: bytes) -> list[str]:
    """Every table of the database with a row that holds these bytes, as they stand in a cell."""
    found = []
    with house.app.app_context(), transaction.snapshot() as conn:
        from server.backups import queries

        for table in queries.tables(conn):
            for row in queries.rows(conn, table):
                cells = [
                    c.encode() if isinstance(c, str) else bytes(c) for c in row if isinstance(c, str | bytes)
                ]
                if any(needle in cell for cell in cells):
                    found.append(table.name)
                    break
    return found


def body(house: House, record: str) -> dict[str, Any]:
    with house.app.app_context(), transaction.reading() as conn:
        return history.body(conn, WJ, record)


def test_personal_contents_go_and_the_rest_of_the_record_stays(bureau: House) -> None:
    li, finding = bureau.desk("li"), issue()
    said = comment(finding["record"])
    li.push(WJ, finding, said)
    assert set(everywhere(bureau, SECRET.encode())) == {"payloads", "records", "comments"}
    erase(bureau, said["record"])
    assert everywhere(bureau, SECRET.encode()) == []
    left = body(bureau, said["record"])
    assert (left["text"], left["subject"]) == (MARK, finding["record"])
    assert left["erased"]["fields"] == ["text"]
    assert verified(bureau).fault is None


def test_the_journal_says_who_why_and_which_entry(bureau: House) -> None:
    li, finding = bureau.desk("li"), issue()
    said = comment(finding["record"])
    outcome = li.push(WJ, finding, said)[1]
    asked = erase(bureau, said["record"])
    told = li.get(f"/api/v1/dossiers/{WJ}/records/{said['record']}/history")["items"]
    assert [(e["op"], e["erased"]) for e in told] == [("erase", False), ("create", True)]
    assert told[0]["reason"] == "本人撤回同意" and told[1]["who"]["id"] == li.person
    with bureau.app.app_context(), transaction.reading() as conn:
        import orjson

        [entry] = [e for e in history.entries(conn, WJ) if e.seq == told[0]["seq"]]
    assert orjson.loads(entry.bytes)["erased"] == [outcome["seq"]]
    assert orjson.loads(entry.payload)["fields"]["by"] == bureau.people["qian"]
    assert body(bureau, asked["record"])["state"] == "done"


def test_a_payload_that_went_without_an_order_is_named(bureau: House) -> None:
    """An administrator with raw SQL: what is gone must have been erased by an entry that names it."""
    li, finding = bureau.desk("li"), issue()
    said, other = comment(finding["record"]), comment(finding["record"])
    outcomes = li.push(WJ, finding, said, other)
    erase(bureau, said["record"])
    assert verified(bureau).fault is None
    with bureau.app.app_context(), transaction.writing() as conn:
        gone = "UPDATE payloads SET salt = NULL, bytes = NULL WHERE dossier = :d AND seq = :s"
        conn.execute(text(gone), {"d": WJ, "s": outcomes[2]["seq"]})
    fault = verified(bureau).fault
    assert fault is not None and (fault.seq, fault.why) == (outcomes[2]["seq"], "its payload is missing")


def test_a_record_that_was_changed_after_its_erasure_is_named(bureau: House) -> None:
    li, finding = bureau.desk("li"), issue()
    said = comment(finding["record"])
    li.push(WJ, finding, said)
    erase(bureau, said["record"])
    with bureau.app.app_context(), transaction.writing() as conn:
        forged = "UPDATE records SET body = replace(body, :mark, 'x') WHERE record = :r"
        conn.execute(text(forged), {"mark": MARK, "r": said["record"]})
    fault = verified(bureau).fault
    assert fault is not None and "says something else" in fault.why


def test_nobody_grants_their_own_request_and_an_inspector_asks_for_nothing(bureau: House) -> None:
    said = comment(new_id())
    bureau.desk("li").push(WJ, said)
    own = ask(bureau.desk("qian"), said["record"])
    assert grant(bureau.desk("qian"), own)["why"] == "same-person"
    asked = create("erasure", {"subject": said["record"], "whole": True} | REQUEST, audience="confidential")
    assert bureau.desk("li").push(WJ, asked)[0]["status"] == "parked"
    asked = ask(bureau.desk("zhang"), said["record"])
    assert grant(bureau.desk("zhang"), asked)["status"] != "applied"
    assert SECRET in body(bureau, said["record"])["text"]


REQUEST = {
    "ground": "law",
    "asked_by": "office",
    "asked_at": "2026-11-22T09:00:00+08:00",
    "reason": "期满",
}


@pytest.mark.parametrize("subject", ["the record", "the dossier"])
def test_what_is_held_as_evidence_is_not_erased_until_the_hold_is_lifted(bureau: House, subject: str) -> None:
    zhang, qian, said = bureau.desk("zhang"), bureau.desk("qian"), comment(new_id())
    bureau.desk("li").push(WJ, said)
    about = {"subject": said["record"]} if subject == "the record" else {}
    hold = create(
        "hold",
        about | {"reason": "行政诉讼", "held_at": "2026-11-22T08:00:00+08:00"},
        audience="confidential",
    )
    [placed] = zhang.push(WJ, hold)
    asked = ask(zhang, said["record"])
    refused = grant(qian, asked)
    assert (refused["status"], refused["why"]) == ("parked", "legal-hold")
    assert SECRET in body(bureau, said["record"])["text"]
    lifted = {"state": {"do": "lift"}, "note": "已结案"}
    [done] = qian.push(WJ, update("hold", hold["record"], placed["version"], lifted))
    assert done["status"] == "applied", done
    assert grant(qian, asked)["status"] == "applied"
    assert everywhere(bureau, SECRET.encode()) == []


def test_a_hold_stops_an_order_that_a_reviewer_takes_and_grants_in_one_request(bureau: House) -> None:
    zhang, qian, said = bureau.desk("zhang"), bureau.desk("qian"), comment(new_id())
    bureau.desk("li").push(WJ, said)
    hold = create("hold", {"reason": "诉讼", "held_at": "2026-11-22T08:00:00+08:00"}, audience="confidential")
    zhang.push(WJ, hold)
    with bureau.app.app_context():
        people.end_post(zhang.person, WJ)
    bureau.clock.passes(seconds=1)
    values = REQUEST | {"subject": said["record"], "whole": False}
    asked = create("erasure", values, audience="confidential")
    assert zhang.push(WJ, asked)[0]["why"] == "access-revoked"
    [waiting] = qian.get("/api/v1/conflicts")["items"]
    step = update("erasure", asked["record"], 10**6, {"state": {"do": "grant"}})
    [taken, granted] = qian.push(WJ, accept(waiting), step)
    assert (taken["status"], granted["status"], granted["why"]) == ("applied", "parked", "legal-hold")
    assert SECRET in body(bureau, said["record"])["text"]


def test_a_decision_made_before_contents_went_brings_none_of_them_back(bureau: House) -> None:
    li, wang, qian, made = bureau.desk("li"), bureau.desk("wang"), bureau.desk("qian"), issue()
    [first] = li.push(WJ, made)
    for desk, word in ((li, "甲"), (wang, "乙")):
        said = {"part": f"{word} {SECRET}", "code": word}
        desk.push(WJ, update("issue", made["record"], first["version"], said))
    [question] = qian.get("/api/v1/conflicts")["items"]
    said = {"part": {"set": f"丙 {SECRET}"}, "code": {"pick": "current"}}
    decision = decide("conflict", question["record"], question["version"], said)
    erase(bureau, made["record"], names={"add": ["part"], "remove": []})
    assert everywhere(bureau, SECRET.encode()) == []
    [outcome] = qian.push(WJ, decision)
    assert (outcome["status"], outcome["why"]) == ("conflict", "moved-meanwhile")
    assert everywhere(bureau, SECRET.encode()) == []
    assert verified(bureau).fault is None


def test_a_hold_that_came_between_the_grant_and_the_deed_stops_it(
    bureau: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    zhang, qian, said = bureau.desk("zhang"), bureau.desk("qian"), comment(new_id())
    bureau.desk("li").push(WJ, said)
    asked = ask(zhang, said["record"])
    here = bureau.app.extensions["office"]
    follow = dict(here.followers)
    here.followers = {k: v for k, v in follow.items() if k != "erasure"}  # the process dies after the grant
    grant(qian, asked)
    hold = create("hold", {"reason": "诉讼", "held_at": "2026-11-22T08:00:00+08:00"}, audience="confidential")
    [placed] = zhang.push(WJ, hold)
    here.followers = follow
    with bureau.app.app_context():
        assert jobs(bureau.app)["erase"]() == 0
    assert SECRET in body(bureau, said["record"])["text"]
    lifted = {"state": {"do": "lift"}, "note": "已结案"}
    qian.push(WJ, update("hold", hold["record"], placed["version"], lifted))
    with bureau.app.app_context():
        assert jobs(bureau.app)["erase"]() == 1
    assert everywhere(bureau, SECRET.encode()) == []
    assert body(bureau, asked["record"])["state"] == "done"


def test_conflicts_parked_work_and_what_their_authors_were_told_go_too(bureau: House) -> None:
    li, wang, zhao = bureau.desk("li"), bureau.desk("wang"), bureau.desk("zhao")
    finding = issue(title="起初")
    [first] = li.push(WJ, finding)
    v = first["version"]
    li.push(WJ, update("issue", finding["record"], v, {"title": "住户王淑芬家窗户"}))
    wang.push(WJ, update("issue", finding["record"], v, {"title": "王淑芬家"}))
    zhao.push(WJ, update("issue", finding["record"], v, {"title": "与王淑芬无关"}))
    name = "王淑芬".encode()
    assert {"payloads", "records", "issues"} <= set(everywhere(bureau, name))
    erase(bureau, finding["record"], names={"add": ["title"]})
    assert everywhere(bureau, name) == []
    with bureau.app.app_context():
        for job in ("tell authors", "follow steps"):
            jobs(bureau.app)[job]()
        with transaction.reading() as conn:
            dossiers = history.all_heads(conn)
            assert all(history.verify(conn, d, KINDS).fault is None for d in dossiers)
    assert li.get("/api/v1/conflicts")["items"] == []
    assert body(bureau, finding["record"])["title"] == MARK


def test_bytes_that_nobody_understood_go_with_what_was_said_of_them(bureau: House) -> None:
    li, said = bureau.desk("li"), comment(new_id())
    li.push(WJ, said)
    odd = update("comment", said["record"], 2, {"said_at": "王淑芬说的"})
    assert li.push(WJ, odd)[0]["status"] == "invalid"
    assert set(everywhere(bureau, "王淑芬说的".encode())) == {"invalid", "outcomes"}
    erase(bureau, said["record"])
    assert everywhere(bureau, "王淑芬".encode()) == []


def test_after_a_scrub_no_file_of_the_database_holds_it(bureau: House, database_url: str) -> None:
    from server.cli import main

    li = bureau.desk("li")
    said = [comment(new_id()) for _ in range(50)]
    li.push(WJ, *said)
    erased = [erase(bureau, s["record"]) for s in said[:3]]
    assert erased
    for rest in said[3:]:
        li.push(WJ, update("comment", rest["record"], 51, {"text": "别的话" * 50}))
    for rest in said[3:]:
        erase(bureau, rest["record"])
    done = bureau.app.test_cli_runner().invoke(main.commands["erasure"], ["scrub"])
    assert done.exit_code == 0, done.output
    assert verified(bureau).fault is None
    for file in database_files(bureau, database_url):
        assert SECRET.encode() not in file.read_bytes(), file


def database_files(house: House, url: str) -> list[Path]:
    if url.startswith("sqlite"):
        path = Path(url.removeprefix("sqlite:///"))
        return [p for p in path.parent.glob(f"{path.name}*") if p.is_file()]
    with house.app.app_context(), db.engine.connect() as conn:
        conn.execute(text("CHECKPOINT"))
        folder = Path(conn.execute(text("SHOW data_directory")).scalar_one())
        oid = conn.execute(text("SELECT oid FROM pg_database WHERE datname = current_database()")).scalar()
    return [p for p in (folder / "base" / str(oid)).iterdir() if p.is_file()]


@pytest.mark.parametrize("line", CATALOGUE, ids=lambda line: line.kind.name)
@pytest.mark.parametrize("database", ["none"])
def test_what_a_kind_declares_personal_can_be_erased(line: Any, database: str) -> None:
    assert erasable(line.kind, sorted(line.kind.personal))


def test_an_order_that_is_carried_out_twice_is_one_entry(bureau: House) -> None:
    said = comment(new_id())
    bureau.desk("li").push(WJ, said)
    asked = erase(bureau, said["record"])
    before = verified(bureau).entries
    with bureau.app.app_context():
        assert actions.carry_out(WJ, asked["record"]) is False
        assert jobs(bureau.app)["erase"]() == 0
    assert verified(bureau).entries == before


@pytest.mark.parametrize("database", ["sqlite"])
def test_a_scrub_that_a_reader_stops_half_way_says_so(
    bureau: House, database: str, database_url: str
) -> None:
    import sqlite3

    from server.cli import main

    said = comment(new_id())
    bureau.desk("li").push(WJ, said)
    erase(bureau, said["record"])
    reader = sqlite3.connect(database_url.removeprefix("sqlite:///"), isolation_level=None)
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM entries").fetchall()
    run = bureau.app.test_cli_runner()
    with bureau.app.app_context():  # a server waits half a minute for a reader
        event.listen(db.engine, "checkout", lambda raw, *_: raw.execute("PRAGMA busy_timeout = 100"))
    done = run.invoke(main.commands["erasure"], ["scrub"])
    assert done.exit_code == 1 and "run it again" in done.output and "hold nothing" not in done.output
    reader.close()
    assert run.invoke(main.commands["erasure"], ["scrub"]).exit_code == 0
