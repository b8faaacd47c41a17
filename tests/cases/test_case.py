"""One issue or one project in one file: all of it, readable, and refused once a bit of it is changed."""

import json
import random
import re
import subprocess
import sys
import zipfile
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from pypdf import PdfReader

from server import transaction, verifier
from server.cases import rules
from server.cli import main
from server.evidence import actions as evidence
from server.office import office
from sync import bundles
from sync.arrival import rfc3339
from tests.erasures.conftest import bureau, erase
from tests.erasures.test_erasing import SECRET, comment
from tests.server.test_photos import photo, upload
from tests.support.house import Desk, House, create, issue, jpeg

__all__ = ["bureau"]
WJ = "project:wj-01"


def export(house: House, to: Path, *more: str) -> Result:
    return house.app.test_cli_runner().invoke(main.commands["export"], ["case", WJ, str(to), *more])


def judged(file: Path, key: str | None = None) -> tuple[int, str]:
    code, lines = verifier.judged(lambda: verifier.Given(file), key)
    return code, "\n".join(lines)


def enter(desk: Desk, title: str, **more: Any) -> tuple[str, dict[str, bytes]]:
    """An issue with a comment and two photographs; its id, and the bytes by digest."""
    finding = issue(title=title)
    shade = f"{sum(title.encode()) % 256:02x}"
    pictures = [jpeg(f"#{colour}", size=(64, 48)) for colour in (f"ff00{shade}", f"00ff{shade}")]
    records = [photo(data, finding["record"], caption=f"{title} 的照片") for data in pictures]
    desk.push(WJ, finding, comment(finding["record"], f"{title} 的意见"), *records)
    for record, data in zip(records, pictures, strict=True):
        assert upload(desk, record["record"], data).status_code == 204
    return finding["record"], {
        r["fields"]["sha256"]["set"]: d for r, d in zip(records, pictures, strict=True)
    }


def members(file: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(file) as book:
        assert book.testzip() is None
        return {name: book.read(name) for name in book.namelist()}


def test_an_issue_is_exported_with_all_that_belongs_to_it_and_no_more(site: House, tmp_path: Path) -> None:
    li = site.desk("li")
    mine, pictures = enter(li, "三层临边")
    enter(li, "另一处隐患")
    done = export(site, tmp_path / "case.zip", "--issue", mine)
    assert done.exit_code == 0, done.output
    inside = members(tmp_path / "case.zip")
    assert {n: inside[n] for n in inside if n.startswith("originals/")} == {
        f"originals/{digest}.jpg": data for digest, data in pictures.items()
    }
    page = inside["index.html"].decode()
    assert "三层临边" in page and "三层临边 的意见" in page and "li某" in page
    assert all("另一处隐患".encode() not in data for data in inside.values())
    entries = [json.loads(line) for line in inside["entries.ndjson"].splitlines()]
    assert len(entries) == 6  # issue, comment, two photographs, and that each came to rest
    code, said = judged(tmp_path / "case.zip")
    assert code == 0 and "6 条目 entries" in said and "2 原件 originals" in said and "0 未附" in said


def test_a_project_is_exported_whole(site: House, tmp_path: Path) -> None:
    li = site.desk("li")
    enter(li, "一")
    enter(li, "二")
    assert export(site, tmp_path / "case.zip").exit_code == 0
    code, said = judged(tmp_path / "case.zip")
    assert code == 0 and "13 条目 entries" in said
    with site.app.app_context():
        key = evidence.signer().verifier.text
    assert judged(tmp_path / "case.zip", key)[0] == 0
    assert judged(tmp_path / "case.zip", "other+00000000+AA==")[0] == 1


def test_every_changed_bit_of_what_is_in_it_is_refused(site: House, tmp_path: Path) -> None:
    mine, _ = enter(site.desk("li"), "三层临边")
    export(site, tmp_path / "case.zip", "--issue", mine)
    inside, rnd = members(tmp_path / "case.zip"), random.Random(3)
    for name, whole in inside.items():
        for at in rnd.sample(range(len(whole)), min(len(whole), 12)):
            flipped = whole[:at] + bytes([whole[at] ^ (1 << rnd.randrange(8))]) + whole[at + 1 :]
            with zipfile.ZipFile(tmp_path / "forged.zip", "w") as book:
                for other, data in inside.items():
                    book.writestr(other, flipped if other == name else data)
            code, said = judged(tmp_path / "forged.zip")
            assert code == 1, (name, at, said)


def test_a_bit_of_the_file_itself_is_refused_or_changes_nothing_that_is_read(
    site: House, tmp_path: Path
) -> None:
    """A ZIP has bits that no reader looks at; whatever is accepted must read the same."""
    mine, _ = enter(site.desk("li"), "三层临边")
    export(site, tmp_path / "case.zip", "--issue", mine)
    whole, inside, rnd = (
        (tmp_path / "case.zip").read_bytes(),
        members(tmp_path / "case.zip"),
        random.Random(5),
    )
    refused = 0
    for at in rnd.sample(range(len(whole)), 150):
        file = tmp_path / "forged.zip"
        file.write_bytes(whole[:at] + bytes([whole[at] ^ (1 << rnd.randrange(8))]) + whole[at + 1 :])
        if judged(file)[0] == 0:
            assert members(file) == inside, at
        else:
            refused += 1
    assert refused > 100


def test_what_was_erased_is_not_in_it_and_it_is_accepted_all_the_same(bureau: House, tmp_path: Path) -> None:
    finding = issue()
    said = comment(finding["record"])
    bureau.desk("li").push(WJ, finding, said)
    erase(bureau, said["record"])
    assert export(bureau, tmp_path / "case.zip", "--issue", finding["record"]).exit_code == 0
    inside = members(tmp_path / "case.zip")
    assert all(SECRET.encode() not in data for data in inside.values())
    code, told = judged(tmp_path / "case.zip")
    assert code == 0 and "1 已删除或未提供 withheld" in told
    assert "已依法删除" in inside["index.html"].decode()


def test_contents_of_an_audience_may_be_withheld_and_their_entries_still_prove(
    site: House, tmp_path: Path
) -> None:
    finding = issue()
    note = create(
        "comment",
        {"subject": finding["record"], "text": "内部意见", "said_at": "2026-11-21T10:00:00+08:00"},
        audience="office",
    )
    site.desk("li").push(WJ, finding, note)
    done = export(site, tmp_path / "case.zip", "--issue", finding["record"], "--without", "office")
    assert done.exit_code == 0, done.output
    inside = members(tmp_path / "case.zip")
    assert all("内部意见".encode() not in data for data in inside.values())
    code, said = judged(tmp_path / "case.zip")
    assert code == 0 and "2 条目 entries" in said and "1 已删除或未提供 withheld" in said


def test_an_original_that_is_lost_is_named_and_the_case_says_that_it_is_not_enclosed(
    site: House, tmp_path: Path
) -> None:
    mine, pictures = enter(site.desk("li"), "三层临边")
    lost = next(iter(pictures))
    [file] = [p for p in (site.folder / "media").rglob(lost) if p.is_file()]
    file.unlink()
    done = export(site, tmp_path / "case.zip", "--issue", mine)
    assert done.exit_code == 0 and lost in done.output
    code, said = judged(tmp_path / "case.zip")
    assert code == 0 and "1 未附 absent" in said


def test_nothing_is_overwritten_and_what_is_not_there_is_said(site: House, tmp_path: Path) -> None:
    site.desk("li").push(WJ, issue())
    (tmp_path / "case.zip").write_text("mine")
    assert export(site, tmp_path / "case.zip").exit_code == 1
    assert (tmp_path / "case.zip").read_text() == "mine"
    absent = export(site, tmp_path / "b.zip", "--issue", "01a21cba-3441-749f-a261-3abb3e8e9402")
    assert absent.exit_code == 1 and "没有找到" in absent.output
    done = site.app.test_cli_runner().invoke(
        main.commands["export"], ["case", "project:none", str(tmp_path / "c.zip")]
    )
    assert done.exit_code == 1 and "Traceback" not in done.output
    assert sorted(p.name for p in tmp_path.glob("*.zip*")) == ["case.zip"]


@pytest.mark.parametrize("unpack", [False, True])
def test_the_verifier_that_is_shipped_with_it_accepts_it(site: House, tmp_path: Path, unpack: bool) -> None:
    mine, _ = enter(site.desk("li"), "三层临边")
    export(site, tmp_path / "case.zip", "--issue", mine)
    empty = tmp_path / "empty"
    empty.mkdir()
    (empty / "verify.py").write_bytes(members(tmp_path / "case.zip")["verify.py"])
    where = tmp_path / "case.zip"
    if unpack:
        where = tmp_path / "unpacked"
        with zipfile.ZipFile(tmp_path / "case.zip") as book:
            book.extractall(where)
    line = [sys.executable, "-I", "verify.py", str(where)]
    done = subprocess.run(line, capture_output=True, text=True, cwd=empty, check=False)
    assert (done.returncode, "OK" in done.stdout) == (0, True), done


def test_a_longer_case_takes_a_statement_or_two_more_a_batch_and_not_an_entry(
    site: House, tmp_path: Path
) -> None:
    counted = []
    for batches, more in ((2, 2 * bundles.BATCH - 1), (3, bundles.BATCH)):  # the project is one more
        site.desk("li").push(WJ, *[issue() for _ in range(more)])
        with site.app.app_context():
            evidence.seal(WJ)
        with site.statements() as said:
            assert export(site, tmp_path / f"{batches}.zip").exit_code == 0
        counted.append(len(said))
    assert counted[1] - counted[0] == 2 + 1, counted  # and records are read by the five hundred
    code, told = judged(tmp_path / "3.zip")
    assert code == 0 and f"{3 * bundles.BATCH} 条目 entries" in told


def test_after_a_restore_and_with_gaps_between_its_entries_each_still_proves(
    site: House, tmp_path: Path
) -> None:
    """The place in the tree is another than seq, and the entries of one issue are far apart."""
    li = site.desk("li")
    mine = issue(title="三层临边")
    li.push(WJ, *[issue() for _ in range(300)])
    li.push(WJ, mine)
    with site.app.app_context(), transaction.writing() as conn:
        office().journal.restore(conn, WJ, received_at=rfc3339(site.clock()), reason="the disk died")
    li.push(WJ, *[issue() for _ in range(300)], epoch=2)
    li.push(WJ, comment(mine["record"], "意见"), epoch=2)
    assert export(site, tmp_path / "case.zip", "--issue", mine["record"]).exit_code == 0
    code, said = judged(tmp_path / "case.zip")
    assert code == 0 and "2 条目 entries" in said, said


def test_its_index_on_paper_says_the_same_and_has_the_same_bytes(site: House, tmp_path: Path) -> None:
    mine, pictures = enter(site.desk("li"), '三层临边 #set page(paper: "a0")')
    made = []
    for name in ("a.zip", "b.zip"):
        assert export(site, tmp_path / name, "--issue", mine).exit_code == 0
        made.append(members(tmp_path / name)["index.pdf"])
        site.clock.passes(hours=5)
    assert made[0] == made[1]
    read = PdfReader(BytesIO(made[0]))
    said = "".join(page.extract_text() for page in read.pages).replace("\n", "")
    assert "三层临边" in said and "#set page" in said and "li某" in said and "已提交 submitted" in said
    assert all(f"originals/{digest}.jpg" in said for digest in pictures)
    assert tuple(read.pages[0].mediabox[2:]) == pytest.approx((595, 842), abs=1)  # what they wrote is text


def test_a_long_one_is_shortened_on_paper_and_says_so(
    site: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.desk("li").push(WJ, *[issue() for _ in range(30)])
    monkeypatch.setattr(rules, "PAPER_LINES", 60)
    assert export(site, tmp_path / "case.zip").exit_code == 0
    inside = members(tmp_path / "case.zip")
    said = "".join(page.extract_text() for page in PdfReader(BytesIO(inside["index.pdf"])).pages)
    shown = re.search(r"记录 (\d+)/31 条、留痕 (\d+)/31 条", said.replace("\n", ""))
    assert shown and 0 < int(shown[1]) < 31 and int(shown[2]) == 31, said
    assert inside["index.html"].decode().count("<h3 ") == 31
