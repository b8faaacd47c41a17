"""整改期限: it runs from the service of the paper, by the term that the paper states, and by nothing else."""

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.law import actions as law
from server.law.rules import Calendar, Term, Year
from server.notices import rules
from server.scheduler import follow_up
from tests.notices.conftest import AT, DIRECT, FIRM, Bureau, done
from tests.support.house import create, update

PARTY = f"party:{FIRM}"
NOVEMBER_20 = "2026-11-20T09:00:00+08:00"


def found(bureau: Bureau, **more: Any) -> str:
    """A confirmed issue with a term and no date of its own."""
    record = bureau.issue(**{"due_on": None, "term": "general"} | more)
    take(bureau, "li", record, "confirm")
    return record


def take(bureau: Bureau, who: str, record: str, verb: str, kind: str = "issue") -> dict[str, Any]:
    change = update(kind, record, 10**6, {"state": {"do": verb}}, at=AT)
    return bureau.desk(who).push(bureau.dossier, change)[0]


def body(bureau: Bureau, record: str) -> dict[str, Any]:
    told: dict[str, Any] = bureau.desk("zhang").get(f"/api/v1/issues/{record}")["body"]
    return told


def serve(bureau: Bureau, notice: str, **service: Any) -> dict[str, Any]:
    return done(bureau.step("li", notice, "serve", service=DIRECT | service))


def correct(bureau: Bureau, notice: str, service: dict[str, Any], by: str = "li") -> Any:
    """The service is said anew."""
    version = bureau.show(notice)["version"]
    return bureau.amend(by, notice, {"service": {"set": service}}, version)


def state_of(bureau: Bureau, record: str) -> tuple[str, str | None]:
    told = body(bureau, record)
    return told["state"], told.get("due_on")


@pytest.mark.parametrize(
    ("term", "says", "due"),
    [
        ("general", "自送达之日起3日内", "2026-11-25"),
        ("material", "自送达之日起7日内", "2026-11-29"),
        ("on-the-spot", "送达当日", "2026-11-22"),
    ],
)
def test_paper_and_system_name_the_same_deadline(bureau: Bureau, term: str, says: str, due: str) -> None:
    record = found(bureau, term=term)
    notice = bureau.issued(issues=[record])["id"]
    [item] = bureau.show(notice)["body"]["paper"]["items"]
    assert item["due"] == says
    assert state_of(bureau, record) == ("issued", None), "nothing runs before the paper is served"
    serve(bureau, notice)
    told = body(bureau, record)
    assert (told["due_on"], told["served_on"], told["notice"]) == (due, "2026-11-22", notice)
    assert told["due_basis"].startswith(f"notice {notice} 2026-11-22 {item['term']['version']}")


def test_a_working_day_term_counts_working_days_and_says_so(bureau: Bureau) -> None:
    with bureau.house.app.app_context():
        law.enter_provisions(
            [
                {"code": "term.general", "valid_from": "2026-11-01", "value": said}
                for said in ({"days": 5, "unit": "working", "rolls": True},)
            ]
        )
    record = found(bureau)
    notice = bureau.issued(issues=[record])["id"]
    [item] = bureau.show(notice)["body"]["paper"]["items"]
    assert item["due"] == "自送达之日起5个工作日内（末日遇休息日顺延）"
    serve(bureau, notice)
    assert body(bureau, record)["due_on"] == "2026-11-27"


def test_the_papers_term_stands_whatever_the_law_becomes_before_it_is_served(bureau: Bureau) -> None:
    record = found(bureau)
    notice = bureau.issued(issues=[record])["id"]
    with bureau.house.app.app_context():
        law.enter_provisions(
            [{"code": "term.general", "value": {"days": 99, "unit": "calendar"}, "valid_from": "2026-11-22"}]
        )
    serve(bureau, notice)
    assert body(bureau, record)["due_on"] == "2026-11-25"


def test_the_mode_of_service_counts(bureau: Bureau) -> None:
    calendar = {"year": 2027, "holidays": ["2027-01-01"], "worked": []}
    bureau.desk("chen").push("office:cy", create("calendar", calendar, audience="public"))
    record = found(bureau)
    notice = bureau.issued(issues=[record])["id"]
    public = {"mode": "public", "at": DIRECT["at"], "published": "朝阳报 2026年11月22日 4版"}
    done(bureau.step("li", notice, "serve", service=public))
    assert (body(bureau, record)["served_on"], body(bureau, record)["due_on"]) == ("2026-12-22", "2026-12-25")


def test_one_deed_issues_the_paper_and_what_is_on_it(bureau: Bureau) -> None:
    record = found(bureau)
    photo = {"subject": record, "sha256": "b" * 64, "size": 9, "mime": "image/jpeg", "taken_at": NOVEMBER_20}
    bureau.desk("li").push(bureau.dossier, create("photo", photo))
    assert bureau.desk("zhao").call("GET", f"/api/v1/issues/{record}").status_code == 404
    notice = bureau.issued(issues=[record])["id"]
    told = body(bureau, record)
    people = bureau.house.people
    assert (told["state"], told["issued_by"]) == ("issued", people["li"])
    assert told["issued_at"] == bureau.show(notice)["issued_at"]
    seen = bureau.desk("zhao").get(f"/api/v1/issues/{record}")
    assert (seen["audience"], [p["sha256"] for p in seen["photos"]]) == (PARTY, ["b" * 64])
    assert bureau.desk("rival").call("GET", f"/api/v1/issues/{record}").status_code == 404
    serve(bureau, notice)
    told = body(bureau, record)
    assert (told["state"], told["received_at"]) == ("received", "2026-11-22T00:50:00.000Z")
    assert take(bureau, "li", record, "withdraw")["why"] == "not-permitted"
    assert take(bureau, "zhang", record, "withdraw")["status"] in ("applied", "merged")


def test_what_the_firm_signs_for_before_the_service_starts_no_clock(bureau: Bureau) -> None:
    record = found(bureau)
    notice = bureau.issued(issues=[record])["id"]
    assert take(bureau, "zhao", record, "receive")["status"] in ("applied", "merged")
    assert "due_on" not in body(bureau, record)
    serve(bureau, notice)
    assert body(bureau, record)["due_on"] == "2026-11-25"


def test_without_a_paper_the_firms_signature_counts_as_before(bureau: Bureau) -> None:
    record = found(bureau)
    for who, verb in (("zhang", "issue"), ("li", "receive")):
        take(bureau, who, record, verb)
    told = body(bureau, record)
    assert (told["due_on"], told["due_basis"].split()[0]) == ("2026-11-25", "term.general")
    assert "notice" not in told


def test_a_date_that_the_paper_states_is_the_deadline_whenever_it_is_served(bureau: Bureau) -> None:
    record = found(bureau, due_on="2026-11-30")
    notice = bureau.issued(issues=[record])["id"]
    [item] = bureau.show(notice)["body"]["paper"]["items"]
    assert (item["due"], item["term"]) == ("2026年11月30日", None)
    serve(bureau, notice)
    assert state_of(bureau, record) == ("received", "2026-11-30")


def test_a_paper_without_date_and_term_is_not_issued(bureau: Bureau) -> None:
    record = found(bureau, term=None)
    answer = bureau.step("li", bureau.draft(issues=[record]), "issue")
    assert answer.json["details"]["lacking"] == [f"{record}/due_on"]


def test_a_corrected_service_moves_the_deadline_each_time(bureau: Bureau) -> None:
    record = found(bureau)
    notice = bureau.issued(issues=[record])["id"]
    serve(bureau, notice)
    bureau.house.clock.passes(days=4)
    other, first = DIRECT | {"at": "2026-11-24T10:00:00+08:00"}, DIRECT
    for service, due in ((other, "2026-11-27"), (first, "2026-11-25"), (other, "2026-11-27")):
        done(correct(bureau, notice, service))
        told = body(bureau, record)
        assert (told["due_on"], told["served_on"]) == (due, service["at"][:10])
    assert bureau.show(notice)["reply_due_on"] == "2026-11-30"


def test_a_correction_that_proves_nothing_is_refused_and_one_from_a_phone_is_marked(bureau: Bureau) -> None:
    record = found(bureau)
    notice = bureau.issued(issues=[record])["id"]
    serve(bureau, notice)
    bare = {"mode": "direct", "at": "2026-11-22T08:55:00+08:00"}
    answer = correct(bureau, notice, bare)
    assert (answer.status_code, answer.json["code"], answer.json["remedy"]) == (
        409,
        "service-incomplete",
        "repair",
    )
    ahead = correct(bureau, notice, DIRECT | {"at": "2026-11-29T08:00:00+08:00"})
    assert ahead.json["code"] == "service-premature"
    change = update("notice", notice, bureau.show(notice)["version"], {"service": {"set": bare}}, at=AT)
    bureau.desk("li").push(bureau.dossier, change)
    shown = bureau.show(notice)["body"]
    assert [f["code"] for f in shown["faults"]] == ["service-incomplete"]
    assert (shown["served_on"], body(bureau, record)["due_on"]) == ("2026-11-22", "2026-11-25")


def test_an_extension_names_its_own_date_and_a_correction_does_not_take_it_back(bureau: Bureau) -> None:
    record = found(bureau)
    notice = bureau.issued(issues=[record])["id"]
    serve(bureau, notice)
    said = {"subject": record, "until": "2026-11-28", "reason": "材料未到场", "asked_at": AT}
    request = create("extension", said, audience=PARTY)
    bureau.desk("zhao").push(bureau.dossier, request)
    take(bureau, "zhang", request["record"], "grant", kind="extension")
    bureau.house.clock.passes(days=2)
    done(correct(bureau, notice, DIRECT | {"at": "2026-11-23T10:00:00+08:00"}))
    told = body(bureau, record)
    assert (told["due_on"], told["served_on"]) == ("2026-11-28", "2026-11-23")
    assert told["due_basis"] == f"extension {request['record']}"


def test_pauses_count_from_service_on_also_after_a_correction(bureau: Bureau) -> None:
    record = found(bureau)
    notice = bureau.issued(issues=[record])["id"]
    serve(bureau, notice)
    said = {"subject": record, "reason": "air_alert", "since": "2026-11-23", "until": "2026-11-24"}
    bureau.desk("zhang").push(bureau.dossier, create("pause", said, audience=PARTY))
    assert body(bureau, record)["due_on"] == "2026-11-27"
    bureau.house.clock.passes(days=3)
    done(correct(bureau, notice, DIRECT | {"at": "2026-11-23T10:00:00+08:00"}))
    # Served on the 23rd, of the pause one day is left that does not count.
    assert body(bureau, record)["due_on"] == "2026-11-27"


def test_a_void_paper_sets_no_deadline_and_the_next_one_starts_it_anew(bureau: Bureau) -> None:
    record = found(bureau)
    notice = bureau.issued(issues=[record])["id"]
    serve(bureau, notice)
    done(bureau.step("zhang", notice, "void", void_reason="送达对象有误"))
    told = body(bureau, record)
    assert told["state"] == "confirmed"
    assert not {"due_on", "due_basis", "notice", "served_on", "received_at", "issued_at"} & told.keys()
    bureau.house.clock.passes(days=1)
    again = bureau.issued(issues=[record], drafted_at="2026-11-23T08:30:00+08:00")["id"]
    serve(bureau, again, at="2026-11-23T08:55:00+08:00")
    told = body(bureau, record)
    assert (told["state"], told["due_on"], told["notice"]) == ("received", "2026-11-26", again)


def test_a_void_paper_leaves_a_date_that_people_set_and_what_the_firm_has_answered(bureau: Bureau) -> None:
    record = found(bureau, due_on="2026-11-30")
    notice = bureau.issued(issues=[record])["id"]
    serve(bureau, notice)
    take(bureau, "zhao", record, "reply")
    done(bureau.step("zhang", notice, "void", void_reason="文书内容有误"))
    assert state_of(bureau, record) == ("replied", "2026-11-30")
    assert "notice" not in body(bureau, record)


def test_of_two_papers_the_one_that_is_left_counts(bureau: Bureau) -> None:
    record = found(bureau)
    first = bureau.issued(issues=[record])["id"]
    serve(bureau, first)
    bureau.house.clock.passes(minutes=5)
    second = bureau.issued("listing", issues=[record])["id"]
    assert body(bureau, record)["notice"] == second
    [item] = bureau.show(second)["body"]["paper"]["items"]
    assert item["due"] == "2026年11月25日", "a clock that runs is not started again"
    done(bureau.step("qian", second, "void", void_reason="隐患等级有误"))
    told = body(bureau, record)
    assert (told["notice"], told["due_on"], told["state"]) == (first, "2026-11-25", "received")


def test_a_crash_after_the_service_leaves_the_deadline_to_the_scheduler_and_once(
    bureau: Bureau, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = found(bureau)
    notice = bureau.issued(issues=[record])["id"]
    with monkeypatch.context() as died:
        died.setattr(bureau.house.app.extensions["office"], "followers", {})
        serve(bureau, notice)
    assert state_of(bureau, record) == ("issued", None)
    with bureau.house.app.app_context():
        assert follow_up() > 0
        seen = bureau.desk("zhang").get(f"/api/v1/issues/{record}")
        assert (seen["state"], seen["due_on"]) == ("received", "2026-11-25")
        follow_up()
    assert bureau.desk("zhang").get(f"/api/v1/issues/{record}")["version"] == seen["version"]


def test_nobody_moves_by_hand_what_a_paper_says(bureau: Bureau) -> None:
    record = found(bureau)
    notice = bureau.issued(issues=[record])["id"]
    serve(bureau, notice)
    later = {"due_on": {"set": "2026-12-24"}}
    version = bureau.desk("zhang").get(f"/api/v1/issues/{record}")["version"]
    [outcome] = bureau.desk("zhang").push(bureau.dossier, update("issue", record, version, later, at=AT))
    assert (outcome["status"], outcome["why"], outcome["remedy"]) == ("parked", "deadline-fixed", "ask")
    assert body(bureau, record)["due_on"] == "2026-11-25"
    # After a re-inspection that failed a second deadline is set, and a second paper may state it.
    for who, verb in (("zhao", "reply"), ("wang", "fail")):
        take(bureau, who, record, verb)
    version = bureau.desk("zhang").get(f"/api/v1/issues/{record}")["version"]
    second = update("issue", record, version, {"due_on": {"set": "2026-11-27"}}, at=AT)
    assert bureau.desk("zhang").push(bureau.dossier, second)[0]["status"] in ("applied", "merged")
    again = bureau.issued(issues=[record])["id"]
    serve(bureau, again)
    assert state_of(bureau, record) == ("failed", "2026-11-27")
    assert body(bureau, record)["notice"] == again


def test_a_formal_paper_confirms_what_it_is_about_so_that_nothing_stays_off_the_ladder(
    bureau: Bureau,
) -> None:
    record, refuted = bureau.issue(), bureau.issue()
    take(bureau, "zhang", refuted, "dismiss")
    bureau.issued(issues=[record, refuted])
    told = bureau.desk("zhang").get(f"/api/v1/issues/{record}")
    assert (told["state"], told["audience"]) == ("issued", PARTY)
    told = bureau.desk("zhang").get(f"/api/v1/issues/{refuted}")
    assert (told["state"], told["audience"]) == ("dismissed", "field"), "what was decided stays decided"


EVERY_DAY = Calendar({year: Year(frozenset(), frozenset(), "v") for year in (2026, 2027)})
TERMS = st.builds(Term, st.integers(0, 30), st.sampled_from(["calendar", "working"]), st.booleans())


@given(st.dates(date(2026, 1, 1), date(2026, 12, 1)), TERMS)
def test_what_the_paper_says_decides_the_day(served: date, term: Term) -> None:
    item = {"due_on": None, "term": {"days": term.days, "unit": term.unit, "rolls": term.rolls}}
    due = rules.due_on(item, served, EVERY_DAY)
    assert due is not None and due >= served
    assert due == term.after(served, EVERY_DAY)
    counted = sum(EVERY_DAY.works(served + timedelta(days=n)) for n in range(1, (due - served).days + 1))
    if term.unit == "working":
        assert counted == term.days
    else:
        assert (due - served).days >= term.days and (term.rolls or (due - served).days == term.days)
    said = rules.spelled_deadline(item)
    assert str(term.days) in said if term.days else said == "送达当日"
    assert ("工作日" in said) == (term.unit == "working" and term.days > 0)
    fixed = item | {"due_on": "2026-12-24"}
    assert rules.due_on(fixed, served, EVERY_DAY) == date(2026, 12, 24)
