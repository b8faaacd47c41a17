"""`xunjian notify` and `xunjian webhook`: no secret is said twice."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from server.cli import main
from server.webhooks.jobs import deliver_all
from tests.notifications.conftest import LOOPBACK, WJ, channel
from tests.support.house import House, issue
from tests.support.live import REPOSITORY
from tests.support.receiver import Receiver

Run = Callable[..., Result]


@pytest.fixture
def xunjian(town: House) -> Run:
    """The command line in the test's own process."""
    runner = town.app.test_cli_runner()
    return lambda *arguments, asked="": runner.invoke(main, arguments, input=asked, env={"COLUMNS": "200"})


def test_what_goes_wrong_is_logged_without_the_address(
    town: House, there: Receiver, database_url: str, tmp_path: Path
) -> None:
    """In a process of its own, so that all it says is seen."""
    li = town.people["li"]
    channel(town, f"person:{li}", "webhook", f"{there.url}/hush-hush")
    there.usual = 500
    env = os.environ | LOOPBACK | {"XUNJIAN_VAR": str(tmp_path), "XUNJIAN_DATABASE_URL": database_url}
    failed = subprocess.run(
        [sys.executable, "-m", "server.cli", "notify", "test", "li"],
        cwd=REPOSITORY,
        env=env,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert failed.returncode == 1 and "http-500" in failed.stdout and "not delivered" in failed.stderr
    assert "hush" not in failed.stdout + failed.stderr


def test_a_channel_is_given_and_tried_and_its_address_is_never_said(
    town: House, there: Receiver, xunjian: Run
) -> None:
    made = xunjian("notify", "channel", "li", "webhook", asked=f"{there.url}/hush-hush\n")
    assert made.exit_code == 0, made.output
    tried = xunjian("notify", "test", "li")
    assert tried.exit_code == 0 and "sent" in tried.output, tried.output
    assert there.taken[0].said["title"] == "测试消息"
    there.usual = 500
    failed = xunjian("notify", "test", "li")
    assert failed.exit_code == 1 and "http-500" in failed.output
    listed = xunjian("notify", "channels", "li")
    assert there.url.removeprefix("http://") in listed.output
    for said in (made, tried, failed, listed):
        assert "hush" not in said.output
    channel = listed.output.split()[0]
    assert xunjian("notify", "drop", channel).exit_code == 0
    assert "no channel" in xunjian("notify", "test", "li").output
    inside = xunjian("notify", "channel", "office", "webhook", "--address", "https://10.0.0.1/")
    assert inside.exit_code == 1 and "may not be called" in inside.output
    assert xunjian("notify", "prefer", "office", "--quiet", "21:00-06:30").exit_code == 0
    assert xunjian("notify", "prefer", "office", "--quiet", "late").exit_code == 1
    assert "nobody called" in xunjian("notify", "test", "ghost").output


def test_a_webhook_is_made_listed_given_a_new_secret_and_sent_again(
    town: House, there: Receiver, xunjian: Run
) -> None:
    town.desk("li").push(WJ, issue())
    made = xunjian("webhook", "add", "zhang", "--url", f"{there.url}/hush", "--kind", "issue")
    name, secret = made.output.split()
    assert secret.startswith("whsec_")
    listed = xunjian("webhook", "list").output
    assert name in listed and "127.0.0.1" in listed and "hush" not in listed and secret not in listed
    assert xunjian("webhook", "rotate", name).output.startswith("whsec_")
    again = xunjian("webhook", "resend", name, "--dossier", WJ, "--after", "0")
    assert again.exit_code == 0, again.output
    with town.app.app_context():
        town.clock.passes(days=1_000)
        assert deliver_all() == 1
    assert [item["kind"] for item in there.taken[0].said["data"]["items"]] == ["issue"]
    assert "both" in xunjian("webhook", "resend", name, "--after", "0").output
    unknown = xunjian("webhook", "add", "zhang", "--url", there.url, "--dossier", "project:none")
    assert unknown.exit_code == 1 and "No such dossier" in unknown.output
    assert xunjian("webhook", "rotate", "no-such").exit_code == 1
