"""How a paper reads before and after it is issued, as pictures of its pages."""

import io

from PIL import Image
from werkzeug.test import TestResponse

from tests.notices.conftest import Bureau, done


def preview(bureau: Bureau, notice: str, by: str = "zhang", page: int = 1) -> TestResponse:
    return bureau.desk(by).call("GET", f"/api/v1/notices/{notice}/preview?page={page}")


def test_a_draft_is_shown_as_it_would_be_issued_and_stays_a_draft(bureau: Bureau) -> None:
    notice = bureau.draft()
    answer = preview(bureau, notice)
    assert (answer.status_code, answer.mimetype) == (200, "image/png")
    width, height = Image.open(io.BytesIO(answer.data)).size
    assert 1.4 < height / width < 1.43, "a page of A4"
    assert int(answer.headers["Page-Count"]) >= 1
    shown = bureau.show(notice)
    assert (shown["state"], shown["number"], "paper" in shown["body"]) == ("draft", None, False)


def test_what_a_draft_still_wants_is_said_instead(bureau: Bureau) -> None:
    answer = preview(bureau, bureau.draft(addressee=None, legal_basis=None))
    assert (answer.status_code, answer.json["code"]) == (409, "notice-incomplete")
    assert set(answer.json["details"]["lacking"]) >= {"addressee", "legal_basis"}


def test_an_issued_paper_reads_as_it_was_issued_whatever_becomes_of_its_issue(bureau: Bureau) -> None:
    issue = bureau.issue()
    notice = bureau.issued(issues=[issue])["id"]
    before = preview(bureau, notice).data
    desk = bureau.desk("li")
    seen = desk.get(f"/api/v1/issues/{issue}")
    said = {"fields": {"part": {"set": "别处"}}}
    headers = {"If-Match": f'"{seen["version"]}"'}
    assert desk.call("PATCH", f"/api/v1/issues/{issue}", json=said, headers=headers).status_code == 200
    assert preview(bureau, notice).data == before


def test_a_draft_is_nobody_elses_business_and_a_page_beyond_the_last_is_absent(bureau: Bureau) -> None:
    notice = bureau.draft()
    assert preview(bureau, notice, by="zhao").status_code == 404
    last = int(preview(bureau, notice).headers["Page-Count"])
    assert preview(bureau, notice, page=last + 1).status_code == 404
    done(bureau.step("li", notice, "issue"))
    assert preview(bureau, notice, by="zhao").status_code == 200, "its addressee reads it once it is issued"
