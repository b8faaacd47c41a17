"""No message is lost; one is doubled only where its reply was lost, and then under the same id."""

import threading
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from server import transaction
from server.errors import Refusal
from server.notifications import actions, jobs, rules
from server.notifications.queries import c, d
from server.notifications.rules import Person
from tests.notifications.conftest import WJ, Sink, channel, peopled, tell
from tests.support.house import House
from tests.support.receiver import Receiver


@pytest.fixture
def li(town: House, there: Receiver) -> Person:
    """Somebody with one channel and no digest, so that each message is one."""
    name = town.people["li"]
    channel(town, f"person:{name}", "webhook", there.url)
    with town.app.app_context():
        actions.prefer(f"person:{name}", language="zh", quiet_from=0, quiet_to=0, digest=False)
    return Person(name)


def send(house: House) -> int:
    with house.app.app_context():
        return jobs.send_all()


def rows(house: House) -> list[Any]:
    with house.app.app_context(), transaction.reading() as conn:
        return list(conn.execute(select(d).order_by(d.c.made_at, d.c.id)).all())


def states(house: House) -> Counter[str]:
    return Counter(row.state for row in rows(house))


def drain(house: House, *, most: int = 200) -> None:
    """Let time pass until nothing waits."""
    for _ in range(most):
        send(house)
        if not states(house)["waiting"]:
            return
        house.clock.passes(hours=2)
    raise AssertionError("it never ends")


def test_each_refusal_is_asked_again_under_the_same_id(town: House, li: Person, there: Receiver) -> None:
    there.script = [500, "cut", 429, (302, {"Location": "http://127.0.0.1:1/"}), 404, 200]
    tell(town, li, "k")
    drain(town)
    assert len(there.taken) == 6 and len(set(there.ids)) == 1
    [row] = rows(town)
    assert (row.state, row.attempts, row.last_error, row.batch) == ("sent", 6, None, there.ids[0])


def test_a_receiver_that_asks_for_time_gets_it(town: House, li: Person, there: Receiver) -> None:
    there.script = [(429, {"Retry-After": "3600"})]
    tell(town, li, "k")
    send(town)
    town.clock.passes(minutes=59)
    assert send(town) == 0 and len(there.taken) == 1
    town.clock.passes(minutes=2)
    assert send(town) == 1


def test_it_gives_up_in_the_end_and_that_is_seen(town: House, li: Person, there: Receiver) -> None:
    there.usual = 500
    tell(town, li, "k")
    drain(town)
    assert len(there.taken) == rules.ATTEMPTS
    [one] = town.desk("zhang").get("/api/v1/deliveries?state=given_up")["items"]
    assert (one["last_error"], one["next_at"]) == ("http-500", None)
    assert len(town.desk("li").get("/api/v1/notifications")["items"]) == 1, "it still stands in the list"


def test_a_receiver_that_is_gone_is_asked_once(town: House, li: Person, there: Receiver) -> None:
    there.usual = 410
    tell(town, li, "k")
    drain(town)
    assert len(there.taken) == 1 and states(town) == {"given_up": 1}


def test_waits_are_spread_and_bounded() -> None:
    for attempts in (1, 2, 5, 30):
        bound = min(rules.LONGEST_WAIT_S, 30 * 2 ** (attempts - 1))
        waits = [rules.wait_s(attempts, None) for _ in range(300)]
        assert all(0 <= wait <= bound for wait in waits)
        assert max(waits) - min(waits) > bound / 2, "those who failed together must not come back together"
    assert rules.wait_s(1, 7_200) >= 7_200 and rules.wait_s(1, 10**9) <= rules.LONGEST_ASKED_S


def test_one_dead_channel_holds_nobody_else_up(town: House, li: Person, there: Receiver) -> None:
    wang = town.people["wang"]
    channel(town, f"person:{wang}", "webhook", f"{there.url}/wang")
    there.script = [500]
    for n in range(5):
        tell(town, li, f"k{n}")
    tell(town, Person(wang), "k")
    send(town)
    paths = Counter(one.path for one in there.taken)
    assert paths["/wang"] + paths["/"] >= 2 and states(town)["sent"] >= 1
    drain(town)
    assert states(town) == {"sent": 6}


def test_a_sender_killed_between_sending_and_noting_sends_the_same_again(
    town: House, li: Person, there: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    tell(town, li, "k")

    class Killed(BaseException):
        pass

    def die(*_: Any) -> None:
        raise Killed

    with monkeypatch.context() as power:
        power.setattr(jobs, "_note", die)
        with pytest.raises(Killed):
            send(town)
    assert send(town) == 0, "it is still in the dead one's hand"
    town.clock.passes(minutes=6)
    assert send(town) == 1
    assert len(there.taken) == 2 and len(set(there.ids)) == 1
    assert states(town) == {"sent": 1}


def test_two_senders_at_once_send_everything_once(town: House, li: Person, there: Receiver) -> None:
    for n in range(30):
        tell(town, li, f"k{n}")
    start = threading.Barrier(4)

    def sender() -> None:
        start.wait(30)
        send(town)

    threads = [threading.Thread(target=sender) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    drain(town)
    assert Counter(there.ids).most_common(1)[0][1] == 1 and len(there.taken) == 30


def test_a_sender_that_comes_to_itself_too_late_notes_nothing(
    town: House, li: Person, there: Receiver
) -> None:
    """It was paused past its claim, another node sent the message meanwhile."""
    tell(town, li, "k")
    with town.app.app_context():
        slow = jobs._claim()
        assert slow is not None
        town.clock.passes(minutes=6)
        assert jobs.send_all() == 1
        jobs._note(jobs.office(), slow, jobs.Carried("timeout"))
    assert states(town) == {"sent": 1}


@pytest.mark.parametrize("jump", [timedelta(days=900), timedelta(days=-900)])
def test_a_clock_that_jumps_loses_nothing(town: House, li: Person, there: Receiver, jump: timedelta) -> None:
    """Times written while it was wrong hold no message back once it is right again."""
    right = town.clock.now
    there.script = [500, 500]
    tell(town, li, "before")
    send(town)
    town.clock.now = right + jump
    tell(town, li, "meanwhile")
    with town.app.app_context():
        held = jobs._claim()  # and dies with it, its claim written by the wrong clock
    assert held is not None
    send(town)
    town.clock.now = right + timedelta(hours=3)
    drain(town, most=10)
    assert states(town) == {"sent": 2} and len(set(there.ids)) == 2


def test_an_hour_of_messages_is_one_digest_and_urgent_ones_go_at_once(town: House, there: Receiver) -> None:
    li = town.people["li"]
    channel(town, f"person:{li}", "webhook", there.url)
    facts = {"project": "望京一号", "title": "临边", "on": "2026-11-23"}
    for n in range(3):
        tell(town, Person(li), f"k{n}", "assignment.new", **facts)
        town.clock.passes(minutes=5)
    tell(town, Person(li), "u")  # `test` is urgent
    assert send(town) == 1 and [one.said["title"] for one in there.taken] == ["测试消息"]
    town.clock.passes(hours=1)
    there.script = [500]
    send(town)
    tell(town, Person(li), "k9", "assignment.new", **facts)
    drain(town)
    first, again, last = there.taken[1:]
    assert first.said["title"] == "3 条通知" and first.said["text"].count("临边") == 3
    assert again.said == first.said and again.id == first.id, "what was tried goes again as it was"
    assert last.said["title"] == "新任务"


def test_quiet_hours_hold_back_all_but_the_urgent(town: House, there: Receiver) -> None:
    """22:00 to 07:00 in Asia/Shanghai, where the office has not said otherwise."""
    li = town.people["li"]
    channel(town, f"person:{li}", "webhook", there.url)
    town.clock.now = datetime.fromisoformat("2026-11-22T21:50:00+08:00")
    tell(town, Person(li), "k", "assignment.new", project="p", title="t", on="d")
    town.clock.now = datetime.fromisoformat("2026-11-22T22:00:00+08:00")
    tell(town, Person(li), "u")
    assert send(town) == 1 and there.taken[0].said["title"] == "测试消息"
    town.clock.now = datetime.fromisoformat("2026-11-23T06:59:59+08:00")
    assert send(town) == 0
    town.clock.now = datetime.fromisoformat("2026-11-23T07:00:00+08:00")
    assert send(town) == 1


def test_quiet_hours_of_ones_own_come_before_the_offices() -> None:
    at = datetime.fromisoformat
    night = rules.Preferences(quiet_from=22 * 60, quiet_to=7 * 60)
    assert night.quiet_until(at("2026-11-22T23:00:00+08:00")) == at("2026-11-23T07:00:00+08:00")
    assert night.quiet_until(at("2026-11-23T03:00:00+08:00")) == at("2026-11-23T07:00:00+08:00")
    assert night.quiet_until(at("2026-11-22T14:00:00Z")) == at("2026-11-23T07:00:00+08:00")
    assert night.quiet_until(at("2026-11-23T07:00:00+08:00")) is None
    noon = rules.Preferences(quiet_from=12 * 60, quiet_to=13 * 60 + 30)
    assert noon.quiet_until(at("2026-11-22T12:00:00+08:00")) == at("2026-11-22T13:30:00+08:00")
    assert noon.quiet_until(at("2026-11-22T23:00:00+08:00")) is None
    assert rules.Preferences(quiet_from=60, quiet_to=60).quiet_until(at("2026-11-22T01:00:00+08:00")) is None


def test_a_channel_that_is_dropped_takes_nothing_more(town: House, li: Person, there: Receiver) -> None:
    tell(town, li, "k")
    with town.app.app_context():
        with transaction.reading() as conn:
            [one] = conn.execute(select(c.c.id)).scalars()
        assert actions.drop_channel(one) and not actions.drop_channel(one)
    tell(town, li, "later")
    drain(town)
    assert there.taken == [] and states(town) == {"cancelled": 1}


def test_addresses_rest_sealed(town: House) -> None:
    for kind, address in (
        ("webhook", "https://93.184.215.14/hush-hush"),
        ("wecom", "wecombot://hush-hush-key"),
        ("mail", "hush-hush@example.com"),
    ):
        channel(town, "office", kind, address)
    with town.app.app_context(), transaction.reading() as conn:
        stored = [row.address + row.hint for row in conn.execute(select(c)).all()]
    assert len(stored) == 3 and not [said for said in stored if "hush" in said]
    key = town.folder / "secret.key"
    assert key.stat().st_mode & 0o077 == 0


def test_a_key_that_is_lost_is_seen_and_loses_no_message(town: House, li: Person, there: Receiver) -> None:
    tell(town, li, "k")
    with town.app.app_context():
        with transaction.writing() as conn:
            good = conn.execute(select(c.c.address)).scalar_one()
            conn.execute(update(c).values(address="gAAAA-not-ours"))
        jobs.send_all()
        assert rows(town)[0].last_error == "internal-ValueError"
        with transaction.writing() as conn:
            conn.execute(update(c).values(address=good))
    drain(town)
    assert states(town) == {"sent": 1}


def test_an_address_inside_is_no_channel(town: House) -> None:
    for kind, address in (
        ("webhook", "https://169.254.169.254/"),
        ("webhook", "http://10.0.0.1/"),
        ("mail", "a@b\r\nBcc: c@d"),
        ("mail", "nobody"),
        ("wecom", "https://127.0.0.1/cgi-bin/webhook/send?key=a"),
        ("feishu", "jsons://127.0.0.1/"),
        ("dingtalk", "mailto://user:pass@example.com"),
    ):
        with town.app.app_context(), pytest.raises(Refusal, match="may not be called"):
            actions.add_channel("office", kind, address)


def test_mail_keeps_its_message_id_until_it_is_taken(
    opened: Callable[..., House], post: tuple[Sink, int], tmp_path: Path
) -> None:
    sink, port = post
    house = peopled(opened(XUNJIAN_MAIL_URL=f"smtp+plain://127.0.0.1:{port}?from=office@example.com"))
    li = house.people["li"]
    channel(house, f"person:{li}", "mail", "li@example.com")
    channel(house, f"person:{house.people['wang']}", "mail", "nobody@example.com")
    sink.answers = ["451 later"]
    for who in ("li", "wang"):
        tell(house, Person(house.people[who]), "k")
    drain(house)
    assert len(sink.mails) == 2
    texts = [mail.content.decode() for mail in sink.mails]
    ids = {line for text in texts for line in text.splitlines() if line.startswith("Message-ID:")}
    assert len(ids) == 1 and sink.mails[0].rcpt_tos == ["li@example.com"]
    assert states(house) == {"sent": 1, "given_up": 1}
    errors = {row.last_error for row in rows(house)}
    assert errors == {None, "smtp-550"}
    assert WJ not in texts[0]
