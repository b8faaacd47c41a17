"""Subscribers are told every change they may see, signed, in order, from a cursor."""

import base64
import hashlib
import hmac
from datetime import timedelta
from typing import Any

import pytest

from server.people import actions as people
from server.webhooks import actions, jobs, rules
from tests.notifications.conftest import FIRM, WJ
from tests.support.house import House, delete, issue, new_id, update
from tests.support.receiver import Receiver, Taken


def subscribe(house: House, who: str, url: str, **more: Any) -> dict[str, Any]:
    answer = house.desk(who).call("POST", "/api/v1/webhooks", json={"url": url, **more})
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json
    return made


def deliver(house: House) -> int:
    with house.app.app_context():
        return jobs.deliver_all()


def items(there: Receiver) -> list[dict[str, Any]]:
    return [item for one in there.taken for item in one.said["data"]["items"]]


def drain(house: House, there: Receiver, *, most: int = 60) -> None:
    """Let time pass until the receiver is told nothing more."""
    for _ in range(most):
        before = len(there.taken)
        house.clock.passes(hours=3)
        deliver(house)
        if len(there.taken) == before:
            return
    raise AssertionError("it never ends")


def right(taken: Taken, secret: str) -> bool:
    """As a receiver checks it, from the specification and not from our code."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = f"{taken.headers['webhook-id']}.{taken.headers['webhook-timestamp']}.".encode() + taken.body
    want = "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    return want in taken.headers["webhook-signature"].split(" ")


def hook(house: House, who: str) -> dict[str, Any]:
    [one] = house.desk(who).get("/api/v1/webhooks")["items"]
    found: dict[str, Any] = one
    return found


def test_a_change_is_told_once_with_its_body_and_a_signature(town: House, there: Receiver) -> None:
    secret = subscribe(town, "zhang", f"{there.url}/in")["secret"]
    made = issue(title="临边防护缺失")
    town.desk("li").push(WJ, made)
    assert deliver(town) == 1 and deliver(town) == 0
    [taken] = there.taken
    assert right(taken, secret) and not right(taken, "whsec_" + base64.b64encode(b"x" * 32).decode())
    assert taken.said["type"] == "dossier.changed" and taken.path == "/in"
    [item] = items(there)
    assert (item["dossier"], item["kind"], item["record"], item["op"]) == (WJ, "issue", made["record"], "put")
    assert item["version"] == item["seq"] == 2 and item["body"]["title"] == "临边防护缺失"
    assert item["actor"] == town.people["li"] and item["changed"]["title"] == "临边防护缺失"


def test_what_was_before_is_not_told_unless_it_is_wanted(town: House, there: Receiver) -> None:
    town.desk("li").push(WJ, issue())
    subscribe(town, "zhang", there.url)
    assert deliver(town) == 0
    subscribe(town, "zhang", there.url, from_start=True)
    deliver(town)
    assert [item["seq"] for item in items(there)] == [1, 2]


def test_changes_come_in_order_and_a_superseded_one_carries_no_body(town: House, there: Receiver) -> None:
    subscribe(town, "zhang", there.url)
    made = issue()
    li = town.desk("li")
    li.push(WJ, made)
    li.push(WJ, update("issue", made["record"], 2, {"title": {"set": "二"}}))
    li.push(WJ, update("issue", made["record"], 3, {"title": {"set": "三"}}))
    deliver(town)
    told = items(there)
    assert [item["seq"] for item in told] == [2, 3, 4]
    assert [item["superseded_by"] for item in told] == [4, 4, None]
    assert [item["changed"].get("title") for item in told[1:]] == ["二", "三"]
    assert told[0]["body"] is None and told[2]["body"]["title"] == "三"
    li.push(WJ, delete("issue", made["record"], 4))
    deliver(town)
    assert (items(there)[-1]["op"], items(there)[-1]["body"]) == ("delete", None)


def test_a_long_backlog_comes_in_stretches_and_a_step_reads_no_history(
    town: House, there: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "ITEMS", 10)
    subscribe(town, "zhang", there.url)
    li = town.desk("li")
    for _ in range(5):
        li.push(WJ, *(issue() for _ in range(7)))
    assert deliver(town) == 4
    assert [item["seq"] for item in items(there)] == list(range(2, 37))
    li.push(WJ, issue())
    with town.statements() as after_many:
        deliver(town)
    town.desk("li").push(WJ, *(issue() for _ in range(100)))
    drain(town, there)
    li.push(WJ, issue())
    with town.statements() as after_more:
        deliver(town)
    assert len(after_many) == len(after_more)
    limited = [s for s in after_more if "FROM entries" in s]
    assert limited and all("LIMIT" in s and "seq >" in s for s in limited)


def test_a_subscriber_is_told_what_they_may_read_and_nothing_else(town: House, there: Receiver) -> None:
    subscribe(town, "zhao", f"{there.url}/firm")
    subscribe(town, "stranger", f"{there.url}/no")
    inner, told = issue(title="未下达"), issue(title="已下达", audience=f"party:{FIRM}")
    town.desk("li").push(WJ, inner, told)
    deliver(town)
    assert [one.path for one in there.taken] == ["/firm"]
    assert [item["record"] for item in items(there)] == [told["record"]]
    assert "未下达" not in there.taken[0].body.decode()


def test_a_record_that_leaves_ones_sight_is_told_as_gone_and_its_past_is_no_longer_shown(
    town: House, there: Receiver
) -> None:
    made = subscribe(town, "zhao", there.url)
    told = issue(title="已下达", audience=f"party:{FIRM}")
    zhang = town.desk("zhang")
    zhang.push(WJ, told)
    deliver(town)
    moved = update("issue", told["record"], 2, {}, audience="field")
    [outcome] = zhang.push(WJ, moved)
    assert outcome["status"] == "applied", outcome
    deliver(town)
    assert [item["op"] for item in items(there)] == ["put", "leave"]
    assert items(there)[-1]["body"] is None
    again = town.desk("zhao").get(f"/api/v1/webhooks/{made['id']}/events?dossier={WJ}&after=0")["items"]
    past = [item for item in again if item["record"] == told["record"]]
    assert [(item["op"], item["body"], item["changed"]) for item in past] == [
        ("put", None, None),
        ("leave", None, None),
    ]


def test_only_the_kinds_and_dossiers_that_were_asked_for(town: House, there: Receiver) -> None:
    town.person("zhang", "supervisor", "project:wj-02")
    subscribe(town, "zhang", there.url, kinds=["comment"], dossiers=[WJ])
    town.desk("zhang").push("project:wj-02", issue())
    town.desk("li").push(WJ, issue())
    assert deliver(town) == 0, "nothing to tell, and the cursor moves on all the same"
    assert hook(town, "zhang")["cursors"][WJ]["seq"] == 2
    foreign = {"url": there.url, "dossiers": ["project:wj-02"]}
    answer = town.desk("li").call("POST", "/api/v1/webhooks", json=foreign)
    absent = town.desk("li").call("POST", "/api/v1/webhooks", json=foreign | {"dossiers": ["project:none"]})
    assert (answer.status_code, answer.json["code"]) == (absent.status_code, "unknown-dossier")


def test_who_loses_the_post_is_told_no_more(town: House, there: Receiver) -> None:
    subscribe(town, "zhang", there.url)
    with town.app.app_context():
        people.end_post(town.people["zhang"], WJ)
    town.desk("li").push(WJ, issue())
    assert deliver(town) == 0 and there.taken == []


def test_a_lost_reply_brings_the_same_id_again_and_nothing_overtakes(town: House, there: Receiver) -> None:
    subscribe(town, "zhang", there.url)
    li = town.desk("li")
    li.push(WJ, issue())
    there.script = ["cut", 500, 429, (302, {"Location": "/elsewhere"})]
    deliver(town)
    li.push(WJ, issue())
    drain(town, there)
    assert len(there.taken) == 6 and len(set(there.ids[:5])) == 1 and there.ids[5] != there.ids[0]
    assert [[i["seq"] for i in one.said["data"]["items"]] for one in there.taken] == [[2]] * 5 + [[3]]


def test_one_dossier_that_is_refused_does_not_stop_the_others(town: House, there: Receiver) -> None:
    """A receiver that chokes on one dossier's message still hears of the others, in their order."""
    town.person("zhang", "supervisor", "project:wj-02")
    town.person("li", "inspector", "project:wj-02")
    subscribe(town, "zhang", there.url)
    li = town.desk("li")
    li.push(WJ, issue())
    town.clock.passes(minutes=1)
    there.script = [400]
    deliver(town)
    li.push("project:wj-02", issue())
    town.clock.passes(hours=3)
    deliver(town)
    assert [one.said["data"]["dossier"] for one in there.taken] == [WJ, "project:wj-02", WJ]


def test_two_nodes_tell_once_and_in_order(town: House, there: Receiver) -> None:
    import threading

    subscribe(town, "zhang", there.url)
    town.desk("li").push(WJ, *(issue() for _ in range(250)))
    threads = [threading.Thread(target=deliver, args=(town,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    drain(town, there)
    assert [item["seq"] for item in items(there)] == list(range(2, 252))
    assert len(set(there.ids)) == len(there.ids)


def test_after_days_it_is_switched_off_and_its_owner_told_once(town: House, there: Receiver) -> None:
    made = subscribe(town, "zhang", there.url)
    there.usual = 500
    town.desk("li").push(WJ, issue())
    began = town.clock.now
    for _ in range(200):
        deliver(town)
        if not hook(town, "zhang")["active"]:
            break
        town.clock.passes(hours=1)
    off = hook(town, "zhang")
    assert (off["active"], off["why"], off["last_error"]) == (False, "failing", "http-500")
    assert town.clock.now - began >= rules.GIVES_UP and "http-500" in str(off["cursors"])
    [told] = town.desk("zhang").get("/api/v1/notifications")["items"]
    assert told["template"] == "webhook.disabled" and made["id"] in told["text"]
    before = len(there.taken)
    town.clock.passes(days=1)
    assert deliver(town) == 0 and len(there.taken) == before
    there.usual = 200
    answer = town.desk("zhang").call("POST", f"/api/v1/webhooks/{made['id']}/resend", json={})
    assert answer.status_code == 204 and deliver(town) == 1
    assert (
        hook(town, "zhang")["active"] and len(town.desk("zhang").get("/api/v1/notifications")["items"]) == 1
    )


def test_a_receiver_that_is_gone_is_switched_off_at_once(town: House, there: Receiver) -> None:
    subscribe(town, "zhang", there.url)
    there.usual = 410
    town.desk("li").push(WJ, issue())
    deliver(town)
    assert hook(town, "zhang")["why"] == "gone" and len(there.taken) == 1


def test_both_secrets_sign_while_they_overlap(town: House, there: Receiver) -> None:
    made = subscribe(town, "zhang", there.url)
    changed = town.desk("zhang").call("POST", f"/api/v1/webhooks/{made['id']}/rotate").json
    assert changed["secret"] != made["secret"]
    li = town.desk("li")
    li.push(WJ, issue())
    deliver(town)
    town.clock.passes(hours=25)
    town.desk("li").push(WJ, issue())
    deliver(town)
    both, new = there.taken
    assert right(both, made["secret"]) and right(both, changed["secret"])
    assert not right(new, made["secret"]) and right(new, changed["secret"])


def test_a_cursor_is_set_back_and_the_same_is_sent_again(town: House, there: Receiver) -> None:
    made = subscribe(town, "zhang", there.url)
    town.desk("li").push(WJ, issue(), issue(), issue())
    deliver(town)
    zhang = town.desk("zhang")
    again = zhang.call("POST", f"/api/v1/webhooks/{made['id']}/resend", json={"dossier": WJ, "after": 2})
    assert again.status_code == 204 and deliver(town) == 1
    assert [i["seq"] for i in there.taken[-1].said["data"]["items"]] == [3, 4]
    half = zhang.call("POST", f"/api/v1/webhooks/{made['id']}/resend", json={"after": 2})
    assert half.json["code"] == "malformed"
    foreign = {"dossier": "project:wj-02", "after": 0}
    assert (
        zhang.call("POST", f"/api/v1/webhooks/{made['id']}/resend", json=foreign).json["code"]
        == "unknown-dossier"
    )


def test_a_cursor_set_back_while_a_message_is_on_its_way_stands(
    town: House, there: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = subscribe(town, "zhang", there.url)
    town.desk("li").push(WJ, issue())
    post = jobs._post

    def meanwhile(*given: Any) -> Any:
        sent = post(*given)
        actions.resend(made["id"], dossier=WJ, after=0)
        return sent

    with monkeypatch.context() as change:
        change.setattr(jobs, "_post", meanwhile)
        deliver(town)
    town.clock.passes(minutes=6)
    deliver(town)
    assert [i["seq"] for i in there.taken[-1].said["data"]["items"]] == [1, 2]


def test_events_can_be_fetched_page_by_page(town: House, there: Receiver) -> None:
    made = subscribe(town, "zhang", there.url)
    town.desk("li").push(WJ, *(issue() for _ in range(5)))
    zhang, after, seen = town.desk("zhang"), 0, []
    while True:
        page = zhang.get(f"/api/v1/webhooks/{made['id']}/events?dossier={WJ}&after={after}&limit=2")
        seen += [item["seq"] for item in page["items"]]
        after = page["upto"]
        if not page["more"]:
            break
    assert seen == [1, 2, 3, 4, 5, 6] and there.taken == []


def test_anothers_webhook_is_absent(town: House, there: Receiver) -> None:
    made = subscribe(town, "zhang", there.url)
    li = town.desk("li")
    assert li.get("/api/v1/webhooks")["items"] == []
    for name in (made["id"], new_id()):
        for method, path in (
            ("DELETE", ""),
            ("POST", "/rotate"),
            ("GET", f"/events?dossier={WJ}"),
            ("POST", "/resend"),
        ):
            more = {"json": {}} if path == "/resend" else {}
            answer = li.call(method, f"/api/v1/webhooks/{name}{path}", **more)
            assert (answer.status_code, answer.json["code"]) == (404, "not-found"), (method, path)


def test_secrets_and_urls_are_never_shown_again(town: House, there: Receiver) -> None:
    made = subscribe(town, "zhang", f"{there.url}/hush?token=hush")
    text = town.desk("zhang").call("GET", "/api/v1/webhooks").text
    assert "hush" not in text and made["secret"] not in text and made["id"] in text
    with town.app.app_context():
        from sqlalchemy import select

        from server import transaction
        from server.webhooks.queries import w

        with transaction.reading() as conn:
            row = conn.execute(select(w)).one()
    assert "hush" not in str(tuple(row)) and made["secret"] not in str(tuple(row))


def test_an_address_inside_is_no_receiver_and_there_is_an_end_to_them(town: House, there: Receiver) -> None:
    li = town.desk("li")
    for url in ("https://169.254.169.254/", "http://10.0.0.1/", "https://[::1]/", "https://2130706433/"):
        answer = li.call("POST", "/api/v1/webhooks", json={"url": url})
        assert (answer.status_code, answer.json["code"]) == (422, "forbidden-address"), url
    for _ in range(rules.MOST):
        subscribe(town, "li", there.url)
    answer = li.call("POST", "/api/v1/webhooks", json={"url": there.url})
    assert (answer.status_code, answer.json["code"]) == (409, "too-many-webhooks")
    [first, *_] = li.get("/api/v1/webhooks")["items"]
    assert li.call("DELETE", f"/api/v1/webhooks/{first['id']}").status_code == 204
    subscribe(town, "li", there.url)


@pytest.mark.parametrize("jump", [timedelta(days=900), timedelta(days=-900)])
def test_a_clock_that_jumps_holds_no_subscriber_back(town: House, there: Receiver, jump: timedelta) -> None:
    subscribe(town, "zhang", there.url)
    town.desk("li").push(WJ, issue())
    there.script = [500]
    right_time = town.clock.now
    town.clock.now = right_time + jump
    deliver(town)
    town.clock.now = right_time + timedelta(hours=3)
    drain(town, there)
    assert hook(town, "zhang")["cursors"][WJ]["seq"] == 2
