"""检查项: two phones that answer one item meet in one record; the score follows whatever arrives whenever."""

import itertools
from typing import Any

import pytest

from server.commands import rebuild
from server.inspections.records.answer import ANSWER
from server.inspections.records.signature import SIGNATURE
from server.inspections.rules import ALL_ITEMS, ANSWERS, answer_id
from tests.inspections.conftest import OFFICE, WJ, checklist, visit
from tests.inspections.test_score import FORMS, worked
from tests.support.house import Desk, House, create, decide, delete, update
from tests.sync.test_vectors import vectors

VECTORS = vectors("answers")


@pytest.mark.parametrize("case", VECTORS["cases"], ids=lambda c: c["name"])
def test_an_answers_id_is_derived_from_what_it_is_about(case: dict[str, Any]) -> None:
    about = [case[n] for n in ("inspection", "form", "instance", "item")]
    assert VECTORS["namespace"] == str(ANSWERS)
    assert "|".join(about) == case["name_string"]
    assert answer_id(*about) == case["record"]


def said(inspection: str, template: str, of: dict[str, Any], **more: Any) -> dict[str, Any]:
    """The create change of an answer, under its derived id."""
    fields = {n: of[n] for n in ("form", "instance", "item", "result", "deduct") if n in of}
    about = (inspection, fields["form"], fields["instance"], fields["item"])
    values = {"inspection": inspection, "template": template} | fields | more
    return create("answer", values, record=answer_id(*about))


def begun(house: House) -> tuple[str, str]:
    """An inspection by JGJ 59, and the template's record."""
    template = checklist(house)
    made = visit(house, "li", "wang", checklist=template, checklist_edition=1)
    house.desk("li").push(WJ, made)
    return made["record"], template


def total(desk: Desk, inspection: str) -> Any:
    return desk.get(f"/api/v1/inspections/{inspection}/score")


def test_the_worked_example_over_the_exchange(office: House) -> None:
    inspection, template = begun(office)
    li, wang = office.desk("li"), office.desk("wang")
    answers = worked()
    for desk, part in ((li, answers[::2]), (wang, answers[1::2])):
        outcomes = desk.push(WJ, *[said(inspection, template, a) for a in part])
        assert {o["status"] for o in outcomes} == {"applied"}
    told = total(li, inspection)
    assert (told["total"], told["grade_words"], told["complete"]) == ("83.50", "优良", True)
    assert (told["code"], told["edition"], "@" in told["provision"]) == ("jgj59", 1, True)


def test_the_score_costs_the_same_statements_however_much_is_answered(office: House) -> None:
    inspection, template = begun(office)
    li, counts = office.desk("li"), []
    for part in (worked()[:2], worked()[2:]):
        li.push(WJ, *[said(inspection, template, a) for a in part])
        with office.statements() as statements:
            total(li, inspection)
        counts.append(len(statements))
    assert counts[0] == counts[1]


def test_a_late_answer_and_a_rebuild_leave_the_score_what_it_should_be(office: House) -> None:
    inspection, template = begun(office)
    li, wang = office.desk("li"), office.desk("wang")
    answers = worked()
    crane = next(a for a in answers if a["item"] == "B.17.1")
    li.push(WJ, *[said(inspection, template, a) for a in answers if a is not crane])
    told = total(li, inspection)
    assert (told["complete"], told["grade"]) == (False, None)
    assert [f["missing"] for f in told["forms"] if f["missing"]] == [["B.17.1"]]
    wang.push(WJ, said(inspection, template, crane | {"result": "fault", "deduct": 10}))
    told = total(li, inspection)
    assert (told["total"], told["grade_words"]) == ("73.13", "不合格")
    assert [f["zero"] for f in told["forms"] if f["code"] == "B.17"] == ["guarantee-item"]
    result = office.app.test_cli_runner().invoke(rebuild)
    assert result.exit_code == 0, result.output
    assert total(li, inspection) == told


def test_two_phones_that_say_the_same_agree_and_the_graver_verdict_shows_where_they_do_not(
    office: House,
) -> None:
    inspection, template = begun(office)
    li, wang = office.desk("li"), office.desk("wang")
    first, second = FORMS["B.1"]["items"][:2]
    one = {"form": "B.1", "instance": "", "item": first["code"], "result": "ok"}
    other = one | {"item": second["code"]}
    assert [
        o["status"] for o in li.push(WJ, said(inspection, template, one), said(inspection, template, other))
    ] == [
        "applied",
        "applied",
    ]
    worse = other | {"result": "fault", "deduct": 3}
    outcomes = wang.push(WJ, said(inspection, template, one), said(inspection, template, worse))
    assert [o["status"] for o in outcomes] == ["noop", "conflict"]
    [form] = total(li, inspection)["forms"]
    assert second["code"] in form["missing"], "a verdict in question is not scored"
    [question] = office.desk("zhang").get("/api/v1/conflicts")["items"]
    mine = {n: {"pick": outcomes[1]["id"]} for n in question["body"]["fields"]}
    settled = decide("conflict", question["record"], outcomes[1]["version"] + 9, mine)
    assert office.desk("zhang").push(WJ, settled)[0]["status"] == "applied"
    [form] = total(li, inspection)["forms"]
    assert second["code"] not in form["missing"] and form["got"] == form["full"] - 3


def test_whichever_phone_is_first_the_same_is_scored(office: House) -> None:
    """Every order in which three answers to different items arrive, from two phones."""
    template = checklist(office)
    items = [
        {"form": "B.13", "instance": "", "item": "B.13.1", "result": "fault", "deduct": 4},
        {"form": "B.13", "instance": "", "item": "B.13.2", "result": "na"},
        {"form": "B.13", "instance": "", "item": ALL_ITEMS, "result": "na"},
    ]
    told = []
    for order in itertools.permutations(items):
        made = visit(office, "li", "wang", checklist=template, checklist_edition=1)
        office.desk("li").push(WJ, made)
        for index, of in enumerate(order):
            office.desk(("li", "wang")[index % 2]).push(WJ, said(made["record"], template, of))
        told.append(total(office.desk("li"), made["record"]) | {"inspection": None})
    assert all(t == told[0] for t in told)


def test_a_deleted_answer_counts_no_more(office: House) -> None:
    inspection, template = begun(office)
    li = office.desk("li")
    made = said(inspection, template, {"form": "B.13", "instance": "", "item": "B.13.1", "result": "ok"})
    [first] = li.push(WJ, made)
    li.push(WJ, delete("answer", made["record"], first["version"]))
    assert total(li, inspection)["forms"] == []


def test_items_that_ask_for_a_photograph_and_have_none_are_named(office: House) -> None:
    items = [{"code": c, "title": "项", "photo_required": c != "3"} for c in ("1", "2", "3", "4")]
    form = {"code": "F", "title": "表", "items": items}
    content = {"code": "p", "edition": 1, "title": "试", "valid_from": "2026-01-01"}
    content |= {"sections": [{"code": "1", "title": "一", "forms": [form]}]}
    entered = office.desk("chen").call("POST", "/api/v1/checklists", json=content)
    template, li = entered.json["id"], office.desk("li")
    publish = update("template", template, 10**6, {"state": {"do": "publish"}})
    assert office.desk("chen").push(OFFICE, publish)[0]["status"] in ("applied", "merged")
    made = visit(office, "li", "wang", checklist=template, checklist_edition=1)
    results = {"1": "ok", "2": "fault", "3": "ok", "4": "na"}
    of = [{"form": "F", "instance": "", "item": c, "result": r} for c, r in results.items()]
    answers = [said(made["record"], template, a) for a in of]
    photo = {"subject": answers[1]["record"], "sha256": "0" * 64, "size": 9, "mime": "image/jpeg"}
    li.push(WJ, made, *answers, shot := create("photo", photo | {"taken_at": "2026-11-21T10:00:00Z"}))
    assert total(li, made["record"])["photos_lacking"] == ["F//1"]
    li.push(WJ, delete("photo", shot["record"], 99))
    assert total(li, made["record"])["photos_lacking"] == ["F//1", "F//2"]


def test_a_foreign_inspection_has_no_score_and_one_without_a_checklist_says_so(office: House) -> None:
    inspection, _ = begun(office)
    assert office.desk("stranger").call("GET", f"/api/v1/inspections/{inspection}/score").status_code == 404
    made = visit(office, "li", "wang")
    office.desk("li").push(WJ, made)
    answer = office.desk("li").call("GET", f"/api/v1/inspections/{made['record']}/score")
    assert (answer.status_code, answer.json["code"]) == (409, "no-checklist")


@pytest.mark.parametrize("instance", [" 1号", "1号 ", "a|b", "a\nb", "长" * 61])
def test_the_name_of_an_instance_has_one_spelling(instance: str) -> None:
    assert ANSWER.faults("update", {"note": {"set": "x"}}) == []
    fields = {n: {"set": v} for n, v in {"inspection": "0" * 8, "instance": instance}.items()}
    assert any(f["field"].startswith("instance") for f in ANSWER.faults("create", fields))
    named = {n: {"set": v} for n, v in {"instance": "1号 塔吊"}.items()}
    assert not any(f["field"].startswith("instance") for f in ANSWER.faults("create", named))


@pytest.mark.parametrize(
    ("strokes", "fits"),
    [("M0 0 L10 10", True), ("M0,0l-3.5 2Z", True), ("<script>", False), ("M" * 20_001, False), ("", False)],
)
def test_a_signature_is_strokes_and_nothing_else(strokes: str, fits: bool) -> None:
    assert (SIGNATURE.faults("update", {"strokes": {"set": strokes}}) == []) == fits


def test_who_would_not_sign_is_kept_with_the_witness_and_changed_by_nobody_else(office: House) -> None:
    inspection, _ = begun(office)
    refused = {
        "inspection": inspection,
        "party": "inspected",
        "name": "赵立新",
        "mode": "refused",
        "signed_at": "2026-11-21T11:00:00+08:00",
        "note": "当事人拒绝签名，见证人：社区网格员孙某",
    }
    made = create("signature", refused)
    [first] = office.desk("li").push(WJ, made)
    edit = update("signature", made["record"], first["version"], {"mode": {"set": "signed"}})
    assert office.desk("wang").push(WJ, edit)[0]["why"] == "not-permitted"
