"""What a device does besides edits: decisions and moves, made offline."""

from typing import Any

from tests.support.house import Desk, House, update
from tests.sync.test_replica import DeskLine, said

WJ = "project:wj-01"


def test_a_conflict_is_decided_offline_and_the_decision_goes_home(site: House, device: Any) -> None:
    phone, boss = device("a"), device("b")
    li, zhang = DeskLine(site.desk("li")), DeskLine(site.desk("zhang"))
    phone.sync(li)
    record = phone.create(WJ, "issue", said(title="原"))
    phone.sync(li)
    phone.update(WJ, record, {"title": {"set": "手机"}})
    wang = site.desk("wang")
    wang.push(WJ, update("issue", record, site_version(wang, record), {"title": "他人"}))
    phone.sync(li)
    boss.sync(zhang)
    [question] = [r for r, row in boss.view(WJ).items() if row["kind"] == "conflict"]
    [candidate] = boss.view(WJ)[question]["body"]["fields"]["title"]["candidates"]
    boss.decide(WJ, question, {"title": {"pick": candidate["change"]}}, "以现场为准")
    assert boss.view(WJ)[question]["body"]["open"] is False
    boss.sync(zhang)
    phone.sync(li)
    assert {o["status"] for o in boss.outcomes().values()} <= {"applied"} and boss.unsent() == {}
    assert phone.view(WJ)[record]["body"]["title"] == "手机"


def test_a_record_is_moved_offline(site: House, device: Any) -> None:
    phone, line = device("a"), DeskLine(site.desk("li"))
    phone.sync(line)
    record = phone.create(WJ, "issue", said())
    phone.sync(line)
    phone.update(WJ, record, {}, audience="office")
    assert phone.view(WJ)[record]["audience"] == "office"
    phone.sync(line)
    assert phone.view(WJ)[record]["audience"] == "office" and phone.unsent() == {}


def site_version(desk: Desk, record: str) -> int:
    version: int = desk.get(f"/api/v1/issues/{record}")["version"]
    return version
