"""The phone as a witness: it signs its work, holds checkpoints, and believes no server that goes back."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page

from tests.evidence.conftest import Registry
from tests.evidence.test_checkpoints import cut
from tests.faults.serving import WJ, Office
from tests.support.house import PASSWORD, issue
from tests.web.browser import Handset, until
from tests.web.evidence import album, digests, queue

pytestmark = pytest.mark.journey


def held(li: Handset, folder: Path) -> Path:
    """The phone's evidence, saved as a person saves it."""
    page = li.open("#/outbox")
    with page.expect_download() as saved:
        page.get_by_role("button", name="导出见证").click()
    path = folder / saved.value.suggested_filename
    saved.value.save_as(path)
    return path


def test_a_phone_signs_its_work_and_holds_the_house_to_what_it_signed(
    office: Office, phones: Callable[[str, str], Handset], tmp_path: Path
) -> None:
    registry, li = Registry(office.house), phones("li", office.server.url)
    li.sign_in("li", PASSWORD)
    first, second, third = album(tmp_path, 3)
    li.shoot(first)
    li.save()
    li.sync()
    [item] = queue(office)
    assert item["evidence"] == {"stored": 1, "total": 1}
    told = office.house.desk("zhang").get(f"/api/v1/dossiers/{WJ}/records/{item['id']}/history")["items"]
    assert all(entry["signed"]["alg"] == "es256" for entry in told if entry["who"]["name"] == "li某")
    backup = registry.seal()
    assert backup is not None
    office.house.submit(WJ, *(issue() for _ in range(3)))
    registry.seal()
    li.sync()
    evidence = held(li, tmp_path)
    assert "0 faults" in office.xunjian("verify", "--held", str(evidence))
    # Somebody puts an older database in its place, and says nothing.
    before = li.page.evaluate(ISSUES)
    cut(registry, backup.size)
    li.shoot(second)
    li.save()
    until(lambda: ask(li).locator(".bar.grave").count())
    assert "已停止提交" in li.page.inner_text(".bar.grave")
    assert li.page.evaluate(ISSUES) == before, "nothing of that answer was taken in"
    assert "可能恢复了旧备份" in li.open("#/outbox").inner_text("main .notice.wrong")
    # What the other history took in is kept here too; what is saved since does not go there at all.
    before_it = li.unsent()
    li.shoot(third)
    li.save()
    ask(li)
    assert li.unsent() == before_it + 3
    li.open("#/outbox")
    with li.page.expect_download() as saved:
        li.page.get_by_role("button", name="导出未提交的工作").click()
    assert b'"sig":"es256.' in saved.value.path().read_bytes()
    with pytest.raises(subprocess.CalledProcessError) as found:
        office.xunjian("verify", "--held", str(held(li, tmp_path)))
    assert "project:wj-01" in found.value.stdout
    # The reason is signed: the phone believes again, and brings home what the backup lacks.
    registry.restore(reason="disk failure, backup of Sunday")
    until(lambda: not ask(li).locator(".bar.grave").count())
    li.sync()
    home = queue(office)
    assert sorted(digest for item in home for digest in [p["sha256"] for p in item["photos"]]) == digests(
        [first, second, third]
    )


def ask(li: Handset) -> Page:
    """The person asks for a sync, and looks."""
    li.page.evaluate("dispatchEvent(new Event('online'))")
    return li.page


ISSUES = """() => new Promise((ok) => {
  indexedDB.databases().then(([{ name }]) => {
    const asked = indexedDB.open(name);
    asked.onsuccess = () => {
      const all = asked.result.transaction("shadow").objectStore("shadow").getAllKeys();
      all.onsuccess = () => { asked.result.close(); ok(all.result.map((key) => key.join(" "))); };
    };
  });
})"""
