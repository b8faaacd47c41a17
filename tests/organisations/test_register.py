"""The register: who reads and keeps it, files as people have them, and what becomes of each row."""

import io
from datetime import date, datetime
from typing import Any

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from server import transaction
from server.errors import Refusal
from server.organisations import queries, rules
from server.organisations.actions import register, sheets
from server.organisations.commands import organisation
from tests.organisations.conftest import FIRM, OFFICE, OTHER, STREET, WJ
from tests.support.house import Desk, House, create, new_id, update

AT = "/api/v1/organisations"
HEAD = ("统一社会信用代码", "名称 name", "参建类别", "资质有效期", "联系电话")


def workbook(*rows: tuple[Any, ...], head: tuple[Any, ...] = HEAD) -> bytes:
    book = openpyxl.Workbook()
    for row in (head, *rows):
        book.active.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def bring(desk: Desk, data: Any, kind: str = sheets.EXCEL) -> Any:
    said = {"json": {"items": data}} if isinstance(data, list) else {"data": data, "content_type": kind}
    answer = desk.call("POST", AT, **said)
    assert answer.status_code == 200, answer.text
    return answer.json


def named(town: House, *codes: str) -> dict[str, str]:
    with town.app.app_context(), transaction.reading() as conn:
        return queries.names_of(conn, codes)


def counts(told: dict[str, Any]) -> dict[str, int]:
    return {name: told[name] for name in register.OUTCOMES if told[name]}


def test_everybody_reads_what_codes_are_called_and_every_phone_has_it(town: House) -> None:
    for who in ("li", "zhang", "zhao", "ding"):
        desk = town.desk(who)
        told = desk.get(f"{AT}?sort=street&text=望京")["items"]
        assert [(one["code"], one["name"], one["sort"]) for one in told] == [(STREET, "望京街道", "street")]
        cursor = {OFFICE: {"public": {"nonce": "n", "epoch": 1, "seq": 0, "floor": 0}}}
        page = desk.exchange(cursors=cursor)["pull"]["dossiers"][OFFICE]["audiences"]["public"]
        bodies = [item["body"] for item in page["items"] if item["kind"] == "organisation"]
        assert {"code": STREET, "name": "望京街道"} in bodies, who


def test_leaders_and_administrators_keep_it(town: House) -> None:
    said = [("li", 403, {}), ("zhao", 403, {}), ("zhang", 200, "甲"), ("ding", 200, "甲集团")]
    for who, status, name in said:
        answer = town.desk(who).call("POST", AT, json={"items": [{"code": FIRM, "name": name or "乙"}]})
        assert answer.status_code == status, who
        assert named(town, FIRM) == ({FIRM: name} if name else {}), who


def test_a_leader_of_another_dossier_alone_does_not_keep_it(site: House) -> None:
    answer = site.desk("zhang").call("POST", AT, json={"items": [{"code": FIRM, "name": "甲公司"}]})
    assert (answer.status_code, answer.json["code"]) == (403, "not-permitted")


def test_a_file_is_entered_but_for_its_wrong_rows_and_the_mended_file_does_the_rest(town: House) -> None:
    desk, until = town.desk("ding"), date(2027, 12, 31)
    rows = [
        (FIRM.lower(), "甲公司", "施工单位、监理单位", until, "13812341234"),
        ("91350100M000100Y44", "乙公司", None, None, None),
        (None, "丙公司", None, None, None),
        (None, None, None, None, None),
        (FIRM, "甲公司", None, None, None),
        (110105026.0, "望京街道", None, None, None),
        (OTHER, "丁公司", "施工队", "2027-13-01", None),
        ("110105099", "㛃𠮷·街道", None, "2027年2月9日", None),
    ]
    told = bring(desk, workbook(*rows))
    assert counts(told) == {"entered": 2, "same": 1, "faulty": 4}
    assert told["ignored"] == ["联系电话"]
    faults = {(i["row"], f["column"]) for i in told["items"] for f in i["faults"]}
    assert faults == {(3, "code"), (4, "code"), (6, "code"), (8, "parties"), (8, "qualified_until")}
    assert named(town, FIRM, OTHER, "110105099") == {FIRM: "甲公司", "110105099": "㛃𠮷·街道"}
    mended = [*rows[:1], (OTHER, "丁公司", None, None, None)]
    assert counts(bring(desk, workbook(*mended))) == {"entered": 1, "same": 1}
    assert counts(bring(desk, workbook(*mended))) == {"same": 2}
    [firm] = desk.get(f"{AT}?text={FIRM}")["items"]
    assert (firm["parties"], firm["qualified_until"]) == (["contractor", "supervision"], "2027-12-31")
    assert firm["id"] == rules.record_of(FIRM)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_csv_as_excel_in_china_saves_it(town: House, encoding: str) -> None:
    said = f'代码,名称,资质\r\n{FIRM},甲公司,"建筑工程, 一级"\r\n'.encode(encoding)
    assert counts(bring(town.desk("ding"), said, sheets.CSV)) == {"entered": 1}
    assert town.desk("li").get(f"{AT}?text={FIRM}")["items"][0]["qualification"] == "建筑工程, 一级"


def test_rows_of_two_files_may_bear_the_same_numbers(town: House) -> None:
    said = [register.said([{"code": code, "name": "甲"}]) for code in (FIRM, OTHER)]
    with town.app.app_context():
        assert counts(register.load([*said[0], *said[1]])) == {"entered": 2}
    assert named(town, FIRM, OTHER) == {FIRM: "甲", OTHER: "甲"}


def test_what_a_row_leaves_out_stays_and_a_new_name_does_not_touch_what_names_the_code(town: House) -> None:
    desk = town.desk("ding")
    bring(desk, [{"code": FIRM, "name": "甲公司", "parties": ["contractor"], "qualification": "一级"}])
    told = bring(desk, [{"code": FIRM, "name": "甲集团", "parties": ["client"]}])
    assert counts(told) == {"changed": 1}
    [firm] = desk.get(f"{AT}?text={FIRM}")["items"]
    assert (firm["name"], firm["parties"], firm["qualification"]) == ("甲集团", ["client"], "一级")
    history = desk.get(f"/api/v1/dossiers/{OFFICE}/records/{firm['id']}/history")["items"]
    assert [entry["after"].get("name") for entry in history] == ["甲集团", "甲公司"]


def test_two_who_enter_one_firm_have_entered_one(town: House) -> None:
    """Each has seen nothing of the other's; a phone of a leader's is a door too."""
    said = [{"code": FIRM, "name": name} for name in ("甲公司", "甲公司")]
    changes = [create("organisation", one, audience="public", record=rules.record_of(FIRM)) for one in said]
    outcomes = town.desk("zhang").push(OFFICE, changes[0]) + town.desk("ding").push(OFFICE, changes[1])
    assert {o["status"] for o in outcomes} <= {"applied", "merged", "noop"}
    assert len(town.desk("li").get(f"{AT}?text={FIRM}")["items"]) == 1


def test_a_second_record_of_one_code_is_refused_with_the_id_of_the_first(town: House) -> None:
    """Its name, the newer one, would be told wherever the code stands."""
    said = {"code": STREET, "name": "冒名街道"}
    wrong = create("organisation", said, audience="public", record=new_id())
    [refused] = town.desk("zhang").push(OFFICE, wrong)
    assert (refused["status"], refused["why"], refused["remedy"]) == ("invalid", "id-not-derived", "repair")
    assert rules.record_of(STREET) in refused["faults"][0]["message"]
    assert named(town, STREET) == {STREET: "望京街道"}
    assert len(town.desk("li").get(f"{AT}?text={STREET}")["items"]) == 1


def test_a_wrong_check_digit_comes_in_by_no_door_and_a_code_is_said_once(town: House) -> None:
    code = "91350100M000100Y44"
    said = {"code": code, "name": "乙"}
    wrong = create("organisation", said, audience="public", record=rules.record_of(code))
    [outcome] = town.desk("zhang").push(OFFICE, wrong)
    assert (outcome["status"], outcome["why"], outcome["remedy"]) == ("parked", "code-invalid", "ask")
    record = rules.record_of(STREET)
    [outcome] = town.desk("zhang").push(OFFICE, update("organisation", record, 10**6, {"code": FIRM}))
    assert outcome["status"] == "invalid"
    [outcome] = town.desk("li").push(OFFICE, update("organisation", record, 10**6, {"name": "x"}))
    assert (outcome["status"], outcome["why"]) == ("parked", "not-permitted")
    assert named(town, STREET) == {STREET: "望京街道"}


def test_looking_names_up_takes_one_statement_however_many_and_none_for_none(town: House) -> None:
    found = []
    for codes in ([], [STREET], [STREET, FIRM, OTHER] * 100):
        with town.statements() as said:
            named(town, *codes)
        found.append(len([s for s in said if "organisations" in s]))
    assert found == [0, 1, 1]


def test_a_thousand_rows_take_as_many_statements_as_one(town: House) -> None:
    made = []
    for first, many in ((1, 1), (2, 400)):
        items = [{"code": f"11099{first + n:04d}", "name": f"街道{n}"} for n in range(many)]
        with town.statements() as said:
            assert counts(bring(town.desk("ding"), items)) == {"entered": many}
        made.append(len(said))
    assert made[0] == made[1]
    page, seen = "", []
    while page is not None:
        told = town.desk("li").get(f"{AT}?limit=200" + (f"&page={page}" if page else ""))
        seen += [one["code"] for one in told["items"]]
        page = told["next"]
    assert seen == sorted(set(seen)) and len(seen) == 401 + 43 + 6


NONE = [
    (b"PK\x03\x04 no zip", sheets.EXCEL),
    (workbook((FIRM, "甲"), head=("代码", "电话")), sheets.EXCEL),
    (workbook(head=()), sheets.EXCEL),
    (b"", sheets.CSV),
    (b"\xff\xff\xff", sheets.CSV),
    ("代码,名称\n".encode() + b"zajdk,x\n" * (sheets.ROWS + 1), sheets.CSV),
    (b"{", "application/json"),
    (b'{"items": []}', "application/json"),
    (b'{"items": [{"code": "zajdk"}]}', "application/json"),
    (b'{"items": [{"code": "zajdk", "name": "x", "phone": "1"}]}', "application/json"),
]


def test_a_file_that_is_none_is_refused_whole(town: House) -> None:
    ding = town.desk("ding")
    for data, kind in NONE:
        answer = ding.call("POST", AT, data=data, content_type=kind)
        assert (answer.status_code, answer.json["code"]) == (400, "malformed"), (data[:40], answer.text)
    assert ding.call("POST", AT, data=b"x", content_type="text/plain").status_code == 415


@given(st.binary(max_size=400))
def test_whatever_bytes_come_they_are_rows_or_a_refusal(data: bytes) -> None:
    for kind in (sheets.EXCEL, sheets.CSV):
        try:
            rows, _ignored = sheets.from_file(data, kind)
        except Refusal as refused:
            assert refused.code == "malformed"
        else:
            assert all(row.faults or row.said["name"] for row in rows)


def test_a_moment_in_a_cell_is_its_day() -> None:
    rows, _ = sheets.from_file(workbook((FIRM, "甲", None, datetime(2027, 12, 31, 8, 0), None)), sheets.EXCEL)
    assert rows[0].said["qualified_until"] == "2027-12-31"


def test_at_the_machine_a_file_brings_up_to_date_and_the_houses_own_never_overwrites(
    town: House, tmp_path: Any
) -> None:
    path = tmp_path / "单位.csv"
    path.write_text(f"代码,名称\n{STREET},望京街道办事处\n{OTHER[:-1]}4,乙\n", encoding="utf-8")
    runner = town.app.test_cli_runner()
    mixed = runner.invoke(organisation, ["load", str(path)])
    assert mixed.exit_code == 1 and "1 changed" in mixed.output and "row 3 code" in mixed.output
    again = runner.invoke(organisation, ["load"])
    assert again.exit_code == 0 and "0 entered, 0 changed" in again.output
    assert named(town, STREET) == {STREET: "望京街道办事处"}
    assert WJ not in again.output
