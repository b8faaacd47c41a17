"""`xunjian notify` and `xunjian webhook`, in a process of their own; no secret is said twice."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.notifications.conftest import LOOPBACK, WJ
from tests.support.house import House, issue
from tests.support.live import REPOSITORY
from tests.support.receiver import Receiver

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def xunjian(database_url: str, tmp_path: Path) -> Run:
    """The command line on the test's database."""
    env = os.environ | LOOPBACK | {"XUNJIAN_VAR": str(tmp_path), "XUNJIAN_DATABASE_URL": database_url}

    def run(*arguments: str, asked: str = "") -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "server.cli", *arguments]
        return subprocess.run(
            command, cwd=REPOSITORY, env=env, input=asked, capture_output=True, text=True, timeout=60
        )

    return run


def test_a_channel_is_given_and_tried_and_its_address_is_never_said(
    town: House, there: Receiver, xunjian: Run
) -> None:
    made = xunjian("notify", "channel", "li", "webhook", asked=f"{there.url}/hush-hush\n")
    assert made.returncode == 0, made.stderr
    tried = xunjian("notify", "test", "li")
    assert tried.returncode == 0 and "sent" in tried.stdout, tried.stderr
    assert there.taken[0].said["title"] == "测试消息"
    there.usual = 500
    failed = xunjian("notify", "test", "li")
    assert failed.returncode == 1 and "http-500" in failed.stdout and "not delivered" in failed.stderr
    listed = xunjian("notify", "channels", "li")
    assert there.url.removeprefix("http://") in listed.stdout
    for said in (made, tried, failed, listed):
        assert "hush" not in said.stdout + said.stderr
    channel = listed.stdout.split()[0]
    assert xunjian("notify", "drop", channel).returncode == 0
    assert "no channel" in xunjian("notify", "test", "li").stderr
    inside = xunjian("notify", "channel", "office", "webhook", "--address", "https://10.0.0.1/")
    assert inside.returncode == 1 and "may not be called" in inside.stderr
    assert xunjian("notify", "prefer", "office", "--quiet", "21:00-06:30").returncode == 0
    assert xunjian("notify", "prefer", "office", "--quiet", "late").returncode == 1
    assert "nobody called" in xunjian("notify", "test", "ghost").stderr


def test_a_webhook_is_made_listed_given_a_new_secret_and_sent_again(
    town: House, there: Receiver, xunjian: Run
) -> None:
    town.desk("li").push(WJ, issue())
    made = xunjian("webhook", "add", "zhang", "--url", f"{there.url}/hush", "--kind", "issue")
    name, secret = made.stdout.split()
    assert secret.startswith("whsec_")
    listed = xunjian("webhook", "list").stdout
    assert name in listed and "127.0.0.1" in listed and "hush" not in listed and secret not in listed
    assert xunjian("webhook", "rotate", name).stdout.startswith("whsec_")
    again = xunjian("webhook", "resend", name, "--dossier", WJ, "--after", "0")
    assert again.returncode == 0, again.stderr
    from server.webhooks.jobs import deliver_all

    with town.app.app_context():
        town.clock.passes(days=1_000)
        assert deliver_all() == 1
    assert [item["kind"] for item in there.taken[0].said["data"]["items"]] == ["issue"]
    assert "both" in xunjian("webhook", "resend", name, "--after", "0").stderr
    unknown = xunjian("webhook", "add", "zhang", "--url", there.url, "--dossier", "project:none")
    assert unknown.returncode == 1 and "No such dossier" in unknown.stderr
    assert xunjian("webhook", "rotate", "no-such").returncode == 1
