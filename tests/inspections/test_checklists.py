"""检查单: editions that stay, files in and out, bad workbooks answered with where and why."""

import io
import zipfile
from datetime import datetime
from typing import Any

import openpyxl
import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from media import workbooks
from server.errors import Refusal
from server.inspections.actions import checklists as actions
from server.inspections.actions import sheets
from tests.inspections.conftest import OFFICE, checklist
from tests.support.house import Desk, House, create, update

EXCEL = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
SMALL: dict[str, Any] = {
    "code": "flood",
    "edition": 1,
    "title": "汛期专项检查",
    "citation": "=HYPERLINK(1)",
    "valid_from": "2026-06-01",
    "sections": [
        {
            "code": "1",
            "title": "防汛",
            "forms": [
                {
                    "code": "F.1",
                    "title": "防汛检查表",
                    "repeats": True,
                    "certainty": "assumed",
                    "items": [
                        {"code": "1", "title": "有无基坑"},
                        {
                            "code": "2",
                            "title": "水位",
                            "group": "guarantee",
                            "marks": 10,
                            "photo_required": True,
                            "condition": {"item": "1", "result": "ok"},
                            "measurement": {"unit": "mm", "decimals": 1, "least": "-5.5", "most": "1000"},
                        },
                        {"code": "3", "title": "沙袋", "group": "general", "photo_required": False},
                    ],
                }
            ],
        }
    ],
}


GOOD = sheets.written(SMALL)


def post(desk: Desk, content: Any = None, *, excel: bytes | None = None) -> Any:
    body = {"data": excel, "content_type": EXCEL} if excel is not None else {"json": content}
    return desk.call("POST", "/api/v1/checklists", **body)


def faults(excel: bytes) -> list[dict[str, Any]]:
    with pytest.raises(Refusal) as refused:
        actions.from_sheet(excel)
    assert refused.value.code == "template-faulty"
    found: list[dict[str, Any]] = refused.value.details["faults"]
    return found


def edited(change: Any) -> bytes:
    """The small checklist's workbook with something done to it."""
    book = openpyxl.load_workbook(io.BytesIO(sheets.written(SMALL)))
    change(book)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def put(cell: str, value: Any) -> bytes:
    sheet = sheets.HEAD if cell.startswith("B") and int(cell[1:]) < 8 else sheets.ITEMS

    def change(book: Any) -> None:
        book[sheet][cell] = value

    return edited(change)


def test_the_standard_is_there_once_and_published(office: House) -> None:
    li = office.desk("li")
    items = li.get("/api/v1/checklists")["items"]
    assert [(c["code"], c["edition"], c["state"]) for c in items] == [("jgj59", 1, "published")]
    content = li.get(f"/api/v1/checklists/{checklist(office)}")
    assert content["sections"][8]["forms"][0]["items"][0]["title"] == "载荷限制装置"
    with office.app.app_context():
        record, entered = actions.enter(actions.SYSTEM, actions.given(), at=actions.EPOCH)
        assert not entered and not actions.publish(record)


def test_a_checklist_goes_out_and_comes_in_again_the_same_in_either_form(office: House) -> None:
    chen = office.desk("chen")
    entered = post(chen, SMALL)
    assert (entered.status_code, entered.json["entered"]) == (201, True)
    path = f"/api/v1/checklists/{entered.json['id']}"
    assert chen.get(path) == SMALL | {"state": "draft"}
    workbook = chen.call("GET", path + "?format=xlsx")
    assert workbook.mimetype == EXCEL and "flood-1.xlsx" in workbook.headers["Content-Disposition"]
    again = post(chen, excel=workbook.data)
    assert (again.status_code, again.json) == (200, {"id": entered.json["id"], "entered": False})
    with office.app.app_context():
        assert actions.from_sheet(sheets.written(actions.given())) == actions.given()


def test_a_check_says_what_bringing_it_in_would_say_and_enters_nothing(office: House) -> None:
    chen = office.desk("chen")
    [section] = SMALL["sections"]
    [form] = section["forms"]
    first = form["items"][0]
    limits = {"unit": "m", "decimals": 0, "least": "2", "most": "1"}
    twice = form | {"items": [first, first | {"measurement": limits}]}
    cases = [
        SMALL,
        SMALL | {"title": ""},
        SMALL | {"sections": [section | {"forms": [twice]}], "grades": "grades.jgj59"},
        {"code": "flood"},
    ]
    for said in cases:
        checked = chen.call("POST", "/api/v1/checklists/check", json=said)
        assert checked.status_code == 200, checked.text
        assert [c for c in chen.get("/api/v1/checklists")["items"] if c["code"] == "flood"] == []
        with office.app.app_context():
            assert checked.json["faults"] == actions.faults(said)
    assert [len(actions.faults(said)) > 0 for said in cases] == [False, True, True, True]
    told = " ".join(f["reason"] for f in actions.faults(cases[2]))
    assert all(words in told for words in ("应为 100", "上限小于下限", "代码重复"))
    assert chen.call("POST", "/api/v1/checklists/check", data=b"{").json["code"] == "malformed"
    refused = office.desk("li").call("POST", "/api/v1/checklists/check", json=SMALL)
    assert refused.json["code"] == "not-permitted"


def test_an_edition_says_one_thing_and_another_is_numbered_anew(office: House) -> None:
    chen = office.desk("chen")
    post(chen, SMALL)
    other = post(chen, SMALL | {"title": "另一"})
    assert (other.status_code, other.json["code"]) == (409, "edition-taken")
    assert post(chen, SMALL | {"title": "另一", "edition": 2}).status_code == 201
    editions = [c["edition"] for c in chen.get("/api/v1/checklists")["items"] if c["code"] == "flood"]
    assert editions == [2, 1]


def test_only_the_administrator_brings_one_in_and_everybody_with_a_post_reads(office: House) -> None:
    assert post(office.desk("li"), SMALL).json["code"] == "not-permitted"
    assert office.desk("zhao").call("GET", "/api/v1/checklists").status_code == 200
    assert office.desk("li").call("GET", f"/api/v1/checklists/{office.people['li']}").status_code == 404


def test_what_is_published_never_becomes_a_draft_and_its_content_is_never_edited(office: House) -> None:
    chen = office.desk("chen")
    record = post(chen, SMALL).json["id"]

    def step(verb: str) -> dict[str, Any]:
        return chen.push(OFFICE, update("template", record, 0, {"state": {"do": verb}}))[0]

    edit = update("template", record, 0, {"title": {"set": "改"}})
    assert chen.push(OFFICE, edit)[0]["why"] == "invalid-fields"
    assert step("publish")["status"] in ("applied", "merged")
    assert step("publish")["why"] == "illegal-transition"
    assert step("withdraw")["status"] in ("applied", "merged")
    assert step("publish")["why"] == "illegal-transition"
    [gone] = chen.push(OFFICE, update("template", record, 0, {}) | {"op": "delete"})
    assert gone["status"] in ("parked", "invalid")
    assert chen.get(f"/api/v1/checklists/{record}")["state"] == "withdrawn"


def test_a_checklist_that_contradicts_itself_is_not_published_by_any_door(office: House) -> None:
    twice = SMALL | {"code": "twice", "sections": [SMALL["sections"][0], SMALL["sections"][0]]}
    chen = office.desk("chen")
    refused = post(chen, twice)
    assert (refused.status_code, refused.json["code"]) == (422, "template-faulty")
    made = create("template", {n: {"set": v} for n, v in twice.items()}, audience="public")
    [first] = chen.push(OFFICE, made)
    [outcome] = chen.push(
        OFFICE, update("template", made["record"], first["version"], {"state": {"do": "publish"}})
    )
    assert (outcome["status"], outcome["why"]) == ("conflict", "template-faulty")


@pytest.mark.parametrize(
    ("content", "field"),
    [
        ([], ""),
        ({}, ""),
        (SMALL | {"edition": "x"}, "edition"),
        (SMALL | {"edition": 1.5}, "edition"),
        (SMALL | {"sections": []}, "sections"),
        (SMALL | {"valid_from": "2026-02-30"}, "valid_from"),
        (SMALL | {"valid_to": "2026-01-01"}, "valid_to"),
        (SMALL | {"grades": "jgj59.grades"}, "marks"),
    ],
)
def test_json_that_is_no_checklist_is_refused_with_the_field(office: House, content: Any, field: str) -> None:
    answer = post(office.desk("chen"), content)
    assert (answer.status_code, answer.json["code"]) == (422, "template-faulty")
    assert any(f["field"].endswith(field) for f in answer.json["details"]["faults"])


def test_a_body_that_is_neither_is_refused(office: House) -> None:
    chen = office.desk("chen")
    path = "/api/v1/checklists"
    assert chen.call("POST", path, data="{", content_type="application/json").json["code"] == "malformed"
    assert chen.call("POST", path, data="a;b", content_type="text/csv").status_code == 415
    assert post(chen, excel=b"PK\x03\x04 no zip").json["code"] == "template-faulty"
    many = [{"code": str(n), "title": "项" * 120} for n in range(100)]
    forms = [{"code": f"F.{n}", "title": "表", "items": many} for n in range(3)]
    large = SMALL | {"sections": [{"code": "1", "title": "一", "forms": forms}]}
    assert post(chen, large).json["code"] == "too-large"


@pytest.mark.parametrize(
    ("cell", "value", "column", "words"),
    [
        ("K3", "十", "K", "整数"),
        ("K3", 10.5, "K", "整数"),
        ("K3", -1, "K", "整数"),
        ("K3", 101, None, "100"),
        ("J3", "保证", "J", "保证项目"),
        ("L3", "yes", "L", "是"),
        ("N3", "ok", "N", "符合"),
        ("I3", None, "I", "不能为空"),
        ("H3", "a b", None, "pattern|match"),
        ("H3", "1", None, "代码重复"),
        ("M3", "9", None, "条件"),
        ("Q3", "9999.0", None, "上限"),
        ("Q3", "多", None, "pattern|match"),
        ("E3", "改名", "D", "不一致"),
        ("B3", "改名", "A", "不一致"),
    ],
)
def test_a_wrong_cell_is_answered_with_its_row(cell: str, value: Any, column: str | None, words: str) -> None:
    book = openpyxl.load_workbook(io.BytesIO(sheets.written(SMALL)))
    book[sheets.ITEMS][cell] = value
    out = io.BytesIO()
    book.save(out)
    [fault] = faults(out.getvalue())
    assert (fault["sheet"], fault["row"]) == (sheets.ITEMS, 3)
    assert column is None or fault["column"] == column
    assert any(word in fault["reason"] for word in words.split("|"))


def test_every_wrong_row_is_told_at_once() -> None:
    def change(book: Any) -> None:
        book[sheets.ITEMS]["K2"], book[sheets.ITEMS]["K3"], book[sheets.ITEMS]["J4"] = "x", "y", "z"

    assert [(f["row"], f["column"]) for f in faults(edited(change))] == [(2, "K"), (3, "K"), (4, "J")]


def test_a_wrong_head_is_told_by_its_cell() -> None:
    assert faults(put("B2", "一版"))[0] | {"reason": ""} == {
        "sheet": sheets.HEAD,
        "row": 2,
        "column": "B",
        "reason": "",
    }
    assert faults(put("B5", "6月1日"))[0]["sheet"] == sheets.HEAD
    assert "表头" in faults(edited(lambda b: b[sheets.ITEMS].delete_cols(3)))[0]["reason"]
    assert "工作表" in faults(edited(lambda b: b.remove(b[sheets.ITEMS])))[0]["reason"]


def test_numbers_and_dates_as_excel_stores_them_are_understood() -> None:
    def change(book: Any) -> None:
        book[sheets.HEAD]["B5"] = datetime(2026, 6, 1)
        book[sheets.ITEMS]["K3"], book[sheets.ITEMS]["Q3"], book[sheets.ITEMS]["H2"] = 10.0, -5.5, 1
        book[sheets.ITEMS]["A2"] = book[sheets.ITEMS]["A3"] = book[sheets.ITEMS]["A4"] = 1

    assert actions.from_sheet(edited(change)) == SMALL


def test_text_that_looks_like_a_formula_stays_text() -> None:
    book = openpyxl.load_workbook(io.BytesIO(sheets.written(SMALL)))
    assert book[sheets.HEAD]["B4"].value == "=HYPERLINK(1)" and book[sheets.HEAD]["B4"].data_type != "f"


def test_an_archive_that_unfolds_into_all_memory_is_not_unfolded() -> None:
    out = io.BytesIO(GOOD)
    with zipfile.ZipFile(out, "a", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("xl/more.xml", b"0" * (workbooks.UNPACKED_BYTES + 1))
    assert len(out.getvalue()) < 100_000
    assert "工作簿" in faults(out.getvalue())[0]["reason"]


@settings(max_examples=150, deadline=None)
@given(st.integers(0, len(GOOD) - 1), st.binary(min_size=1, max_size=8))
def test_a_damaged_workbook_is_refused_or_read_and_never_our_fault(where: int, junk: bytes) -> None:
    damaged = GOOD[:where] + junk + GOOD[where + len(junk) :]
    try:
        assert actions.from_sheet(damaged)["sections"]
    except Refusal as refused:
        assert refused.code == "template-faulty" and refused.details["faults"]


def test_exported_json_is_what_stands_in_the_record() -> None:
    assert orjson.loads(actions.exported(SMALL | {"state": "draft"}, "json")) == SMALL
