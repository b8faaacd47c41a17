"""The paper that leaves the office, and the public page that verifies it."""

import hashlib
import io
import re
from typing import Any

import pytest
from pypdf import PdfReader

from server.notices import actions
from server.notices.actions import pdf_of, settle_all
from server.numbers.records.block import KINDS
from tests.notices.conftest import FIRM, Bureau, done
from tests.support.house import create


def words(data: bytes) -> str:
    text = "".join(page.extract_text() for page in PdfReader(io.BytesIO(data)).pages)
    return "".join(text.split()).replace("\u200b", "")


def pdf(bureau: Bureau, notice: str, by: str = "li") -> bytes:
    answer = bureau.desk(by).call("GET", f"/api/v1/notices/{notice}/pdf")
    assert answer.status_code == 200, answer.text
    assert answer.mimetype == "application/pdf"
    return bytes(answer.data)


def page(bureau: Bureau, token: str) -> Any:
    """The public page, as somebody without any account sees it."""
    return bureau.house.app.test_client().get(f"/open/n/{token}")


def test_the_paper_is_made_from_the_record_and_kept(bureau: Bureau) -> None:
    told = bureau.issued(addressee_name="北京#筑安*建设$集团", demand="`恢复` \\ 防护 #panic()")
    data = pdf(bureau, told["id"])
    body = bureau.show(told["id"])["body"]
    assert hashlib.sha256(data).hexdigest() == body["pdf_sha256"]
    assert pdf_of(body) == data, "the same record, the same bytes"
    found = words(data)
    for said in (
        *("责令限期整改通知书", "京朝建改字〔2026〕1号", "北京市朝阳区住房和城乡建设委员会"),
        *(f"北京#筑安*建设$集团（统一社会信用代码：{FIRM}）", "施工许可证号110105202601010101"),
        *("2026年11月21日10时00分", "li某（证号01010001）、wang某", "3号楼12层临边", "临边防护栏杆缺失"),
        *("JGJ80-2016第4.1.1条", "整改要求：`恢复`\\防护#panic()", "整改完成后1个工作日内书面回复"),
        "2026年11月22日",
    ):
        assert said in found, said
    assert "行政复议" not in found, "only a decision names the remedies"
    assert "行政复议" in words(pdf(bureau, bureau.issued(decision=True)["id"]))


def test_a_paper_is_made_at_any_moment_of_a_running_clock(bureau: Bureau) -> None:
    bureau.house.clock.passes(microseconds=849_123)
    assert pdf(bureau, bureau.issued()["id"]).startswith(b"%PDF-")


def test_a_paper_of_each_kind_says_what_it_must(bureau: Bureau) -> None:
    stop = bureau.issued("stop_work")
    wanted = {
        "rectification": ["责令你单位按上述期限改正"],
        "stop_work": [
            "自2026年11月22日10时00分起局部停工（3号楼12层以上）",
            "复工条件：防护恢复并经复查合格",
        ],
        "resume": [f"我单位{stop['number']}责令停工一事", "同意恢复施工"],
        "referral": ["现移送北京市朝阳区城市管理综合行政执法局处理"],
        "interview": ["于2026年11月24日9时00分到本所二层会议室接受约谈"],
        "listing": ["决定挂牌督办"],
    }
    for kind, title in KINDS.items():
        told = stop if kind == "stop_work" else bureau.issued(kind, refers_to=stop["id"])
        found = words(pdf(bureau, told["id"]))
        for said in (title, told["number"], *wanted[kind]):
            assert said in found, (kind, said)


def test_a_referral_without_a_firm_stays_in_the_office(bureau: Bureau) -> None:
    told = bureau.issued("referral", addressee=None, addressee_name=None)
    assert told["audience"] == "field"
    assert "北京市朝阳区城市管理综合行政执法局：" in words(pdf(bureau, told["id"]))
    assert bureau.desk("zhao").call("GET", f"/api/v1/notices/{told['id']}").status_code == 404


def test_the_photographs_of_the_fault_are_listed_with_time_place_and_digest(bureau: Bureau) -> None:
    found = bureau.issue()
    photo = {"subject": found, "mime": "image/jpeg", "size": 5, "taken_at": "2026-11-21T10:05:00+08:00"}
    fix = {"lat_e7": 399_087_000, "lon_e7": 1_164_714_000, "datum": "WGS-84"}
    said = (photo | {"sha256": "ab12cd34" * 8} | fix, photo | {"sha256": "f" * 64, "phase": "after"})
    for outcome in bureau.desk("li").push(bureau.dossier, *(create("photo", f) for f in said)):
        assert outcome["status"] == "applied", outcome
    data = pdf(bureau, bureau.issued(issues=[found])["id"])
    assert len(PdfReader(io.BytesIO(data)).pages) == 2, "the list is an annex"
    shown = words(data)
    for said_there in (
        "照片1张（见附页）",
        "2026年11月21日10时05分",
        "39.9087000,116.4714000WGS-84",
        "ab12cd34",
    ):
        assert said_there in shown, said_there
    assert "ffffffff" not in shown, "what was put right is no evidence of the fault"


def test_a_paper_that_is_not_issued_has_no_pdf(bureau: Bureau) -> None:
    answer = bureau.desk("li").call("GET", f"/api/v1/notices/{bureau.draft()}/pdf")
    assert (answer.status_code, answer.json["code"]) == (409, "not-issued")


def test_a_paper_whose_store_was_away_is_made_later(bureau: Bureau, monkeypatch: pytest.MonkeyPatch) -> None:
    from media.errors import StoreUnavailable
    from media.files import FileStore

    notice = bureau.draft()

    def away(*_args: Any, **_more: Any) -> bool:
        raise StoreUnavailable()

    with monkeypatch.context() as patch:
        patch.setattr(FileStore, "put", away)
        told = done(bureau.step("li", notice, "issue"))
        assert told["number"] and told["pdf_sha256"] is None
        assert bureau.desk("li").call("GET", f"/api/v1/notices/{notice}/pdf").status_code == 503
    with bureau.house.app.app_context():
        settle_all()
    assert hashlib.sha256(pdf(bureau, notice)).hexdigest() == bureau.show(notice)["pdf_sha256"]


def test_of_two_nodes_that_made_the_pdf_at_once_the_first_one_stands(
    bureau: Bureau, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Though they run two releases of the typesetter, and so made different bytes."""
    here = bureau.house.app.extensions["office"]
    followers, here.followers = here.followers, {}
    told = bureau.issued()
    here.followers = followers
    made = actions.pdf_of

    def while_the_other_finishes(body: Any) -> bytes:
        monkeypatch.setattr(actions, "pdf_of", made)
        assert actions.press(bureau.dossier, told["id"])
        return made(body) + b"\n"

    monkeypatch.setattr(actions, "pdf_of", while_the_other_finishes)
    with bureau.house.app.app_context():
        digest = actions.press(bureau.dossier, told["id"])
    body = bureau.show(told["id"])["body"]
    assert digest == body["pdf_sha256"] == hashlib.sha256(made(body)).hexdigest()


def test_the_public_page_verifies_a_paper_and_names_nobody(bureau: Bureau) -> None:
    told = bureau.served()
    body = bureau.show(told["id"])["body"]
    answer = page(bureau, body["token"])
    assert answer.status_code == 200 and answer.mimetype == "text/html"
    for said in (
        "京朝建改字〔2026〕1号",
        "责令限期整改通知书",
        "2026年11月22日",
        body["pdf_sha256"],
        "已送达",
    ):
        assert said in answer.text
    for english in ("Order to rectify", "In force: served", "Digest of the PDF", "Number", "Date"):
        assert english in answer.text
    private = ["li某", "wang某", "赵某", "01010001", FIRM, "筑安", "wj-01", "项目 wj-01", told["id"], "防护"]
    assert [p for p in private if p in answer.text] == []
    assert answer.text.index("文书核验") < answer.text.index("Verification"), "Chinese first"


def test_the_public_page_needs_no_script_and_forbids_one(bureau: Bureau) -> None:
    answer = page(bureau, bureau.show(bureau.issued()["id"])["body"]["token"])
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "script-src" not in policy and "unsafe" not in policy
    assert "<script" not in answer.text and "style=" not in answer.text and "<style" not in answer.text
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["Cache-Control"] == "no-store"
    [style] = re.findall(r'href="([^"]+)"', answer.text)
    assert style == "../open.css"
    assert bureau.house.app.test_client().get("/open/open.css").mimetype == "text/css"


def test_a_void_paper_says_so_in_public(bureau: Bureau) -> None:
    told = bureau.issued()
    token = bureau.show(told["id"])["body"]["token"]
    assert "有效，已下达" in page(bureau, token).text
    done(bureau.step("zhang", told["id"], "void", void_reason="印错"))
    text = page(bureau, token).text
    assert "已作废" in text and "VOID" in text and "印错" not in text and "有效" not in text


def test_an_unknown_code_is_the_same_404_whatever_is_wrong_with_it(bureau: Bureau) -> None:
    token = bureau.show(bureau.issued()["id"])["body"]["token"]
    other = ("A" if token[0] != "A" else "B") + token[1:]
    answers = [page(bureau, t) for t in (other, "x", "a" * 5000, "%00", "'%20OR%201", token.lower() + "=")]
    assert {a.status_code for a in answers} == {404}
    assert len({a.data for a in answers}) == 1
    assert len({str({k: v for k, v in a.headers.items() if k != "X-Request-Id"}) for a in answers}) == 1
    assert len(token) == 24


def test_codes_are_not_alike_and_the_qr_code_leads_to_the_configured_address(bureau: Bureau) -> None:
    bodies = [bureau.show(bureau.issued()["id"])["body"] for _ in range(5)]
    assert len({b["token"][:6] for b in bodies}) == 5
    here = bureau.house.app.extensions["office"]
    assert bodies[0]["paper"]["link"] == f"http://{here.config.bind}/open/n/{bodies[0]['token']}"


def test_the_digest_on_the_page_is_that_of_the_file_the_contractor_gets(bureau: Bureau) -> None:
    told = bureau.issued()
    token = bureau.show(told["id"])["body"]["token"]
    assert hashlib.sha256(pdf(bureau, told["id"], by="zhao")).hexdigest() in page(bureau, token).text


def test_the_address_of_public_links_is_a_setting() -> None:
    from server.config import Config

    assert Config.from_environment({}).public_url is None
    said = Config.from_environment({"XUNJIAN_PUBLIC_URL": "https://xj.example.cn/a/"})
    assert said.public_url == "https://xj.example.cn/a"
    for wrong in ("xj.example.cn", "ftp://x", "https://", "https://x/?a=1"):
        with pytest.raises(ValueError, match="XUNJIAN_PUBLIC_URL"):
            Config.from_environment({"XUNJIAN_PUBLIC_URL": wrong})
