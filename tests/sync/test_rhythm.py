"""A device tries again until everything is home, and does not come back with all the others."""

import random

import httpx
import pytest

from sync.line import Refused
from sync.rhythm import LONGEST_S, keep_trying, pause_s


class Device:
    def __init__(self, left: int) -> None:
        self.left = left

    def unsent(self) -> dict[str, int]:
        return {"issue": self.left} if self.left else {}


def test_pauses_grow_to_five_minutes_and_are_spread_over_their_whole_length() -> None:
    rnd = random.Random(1)
    for failures, limit in ((0, 1), (1, 2), (4, 16), (8, 256), (9, LONGEST_S), (60, LONGEST_S)):
        pauses = [pause_s(failures, rnd) for _ in range(400)]
        assert max(pauses) <= limit and min(pauses) < 0.1 * limit and max(pauses) > 0.9 * limit


def test_what_the_server_asked_for_is_the_least() -> None:
    assert pause_s(0, random.Random(1), retry_after_s=30) == 30


def test_the_timer_rearms_whatever_the_fault_until_the_outbox_is_empty() -> None:
    device, slept, faults = Device(3), [], [OSError("no line"), None, TimeoutError(), None, None]

    def attempt() -> None:
        fault = faults.pop(0)
        if fault is not None:
            raise fault
        device.left -= 1

    assert keep_trying(device, attempt, sleep=slept.append, rnd=random.Random(2)) == 5
    assert device.left == 0 and len(slept) == 4


def test_what_the_server_will_not_take_yet_is_asked_again_later_and_later() -> None:
    device, slept = Device(1), []

    def attempt() -> None:
        if len(slept) == 12:
            device.left = 0

    keep_trying(device, attempt, sleep=slept.append, rnd=random.Random(3))
    assert max(slept[8:]) > 10 * max(slept[:2])


def test_a_fault_that_is_not_the_lines_is_raised() -> None:
    def attempt() -> None:
        raise ZeroDivisionError

    try:
        keep_trying(Device(1), attempt, sleep=lambda _s: None, rnd=random.Random(4))
    except ZeroDivisionError:
        return
    raise AssertionError("it was swallowed")


def refusal(status: int, remedy: str, after: str = "") -> Refused:
    return Refused(
        httpx.Response(status, headers={"Retry-After": after}, json={"code": "x", "remedy": remedy})
    )


def test_a_house_that_is_busy_is_asked_again_not_sooner_than_it_said() -> None:
    device, slept = Device(1), []
    faults = [refusal(503, "retry", "40"), refusal(429, "retry"), None]

    def attempt() -> None:
        fault = faults.pop(0)
        if fault is not None:
            raise fault
        device.left = 0

    assert keep_trying(device, attempt, sleep=slept.append, rnd=random.Random(5)) == 3
    assert slept[0] >= 40 > slept[1]


def test_a_refusal_that_needs_a_person_is_raised() -> None:
    def attempt() -> None:
        raise refusal(401, "sign-in")

    with pytest.raises(Refused):
        keep_trying(Device(1), attempt, sleep=lambda _s: None, rnd=random.Random(6))
