"""Work that waited for a reviewer is out of its device's order: what came after it is not set back."""

from typing import Any

from server.people import actions as people
from tests.support.house import House, accept, issue, update

WJ = "project:wj-01"


def inbox(site: House, kind: str) -> dict[str, Any]:
    found = site.desk("zhang").get("/api/v1/conflicts")["items"]
    return {i["record"]: i for i in found if i["kind"] == kind}


def told(site: House, record: str) -> dict[str, Any]:
    return site.desk("zhang").get(f"/api/v1/issues/{record}")["body"]


def taken(site: House, change: dict[str, Any]) -> str:
    """The reviewer takes the work that waits under this change's id; the outcome's status."""
    return site.desk("zhang").push(WJ, accept(inbox(site, "parked")[change["id"]]))[0]["status"]


def away(site: House, *, back: bool) -> None:
    """Li loses the post, or has it again."""
    with site.app.app_context():
        if back:
            people.give_post(site.people["li"], WJ, "inspector")
        else:
            people.end_post(site.people["li"], WJ)
    site.clock.passes(seconds=1)


def test_taken_work_does_not_set_back_what_its_author_wrote_later(site: House) -> None:
    """Found by the simulator (seed 11314)."""
    li, wang, made = site.desk("li"), site.desk("wang"), issue()
    [first] = li.push(WJ, made)
    away(site, back=False)
    early = update("issue", made["record"], first["version"], {"part": "A", "code": "1"}, n=5)
    assert li.push(WJ, early)[0]["status"] == "parked"
    [theirs] = wang.push(WJ, update("issue", made["record"], first["version"], {"part": "B"}))
    away(site, back=True)
    li.push(WJ, update("issue", made["record"], theirs["version"], {"part": "C"}, n=6))
    assert taken(site, early) == "conflict"
    assert told(site, made["record"])["part"] == "C"
    assert told(site, made["record"])["code"] == "1", "what nobody wrote again is taken"
    [question] = inbox(site, "conflict").values()
    field = question["body"]["fields"]["part"]
    assert field["current"]["value"] == "C"
    assert [c["value"] for c in field["candidates"]] == ["A"]


def test_a_chain_of_parked_edits_taken_in_its_order_asks_nobody(site: House) -> None:
    li, made = site.desk("li"), issue()
    [first] = li.push(WJ, made)
    away(site, back=False)
    one = update("issue", made["record"], first["version"], {"part": "A"}, n=5)
    two = update("issue", made["record"], first["version"], {"part": "B"}, n=6, after=one["id"])
    li.push(WJ, one, two)
    assert [taken(site, one), taken(site, two)] == ["applied", "applied"]
    assert told(site, made["record"])["part"] == "B" and not inbox(site, "conflict")


def test_a_chain_taken_the_wrong_way_round_asks_instead_of_setting_back(site: House) -> None:
    """Also where both decisions come in one request."""
    li, made = site.desk("li"), issue()
    [first] = li.push(WJ, made)
    away(site, back=False)
    one = update("issue", made["record"], first["version"], {"part": "A"}, n=5)
    two = update("issue", made["record"], first["version"], {"part": "B"}, n=6, after=one["id"])
    li.push(WJ, one, two)
    waiting = inbox(site, "parked")
    decisions = [accept(waiting[two["id"]]), accept(waiting[one["id"]])]
    assert [o["status"] for o in site.desk("zhang").push(WJ, *decisions)] == ["applied", "conflict"]
    assert told(site, made["record"])["part"] == "B"
