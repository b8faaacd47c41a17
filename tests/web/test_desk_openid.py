"""Who signs in at the desk with the authority's own account goes to a real provider and comes back."""

import json
import subprocess
import sysconfig
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Playwright

from tests.clients.node import PACKAGES
from tests.doors.liar import CLIENT, SECRET, settings
from tests.faults.serving import serving
from tests.support.ports import reserve_port
from tests.web.desk import Desk

pytestmark = pytest.mark.journey
PROVIDER = Path(__file__).parents[1] / "doors" / "provider.mjs"


def test_the_provider_s_account_opens_the_desk_and_what_it_does_not_open_is_said(
    factories: Callable[[str], Any], playwright: Playwright, tmp_path: Path
) -> None:
    factory, held = factories("sqlite"), reserve_port()
    url, port = factory.fresh(), held.getsockname()[1]
    told = settings(f"http://127.0.0.1:{port}", tmp_path)
    with serving(url, tmp_path, "--workers", "1", **told) as office:
        back = f"{office.server.url}/desk/"
        said = {"packages": str(PACKAGES), "port": port, "back": back, "client": CLIENT, "secret": SECRET}
        node = Path(sysconfig.get_path("scripts")) / "node"
        with subprocess.Popen(
            [node, PROVIDER, json.dumps(said)], stdout=subprocess.PIPE, text=True
        ) as process:
            assert process.stdout is not None
            assert process.stdout.readline().strip() == "listening"
            try:
                _sign_in(Desk(playwright, office.server.url))
            finally:
                process.terminate()
    held.close()
    factory.dispose(url)


def _sign_in(desk: Desk) -> None:
    page = desk.open()
    for who in ("stranger", "zhang"):
        page.get_by_role("button", name="统一认证登录").click()
        page.wait_for_selector("input[name=login]")
        page.fill("input[name=login]", who)
        page.fill("input[name=password]", "x")
        page.locator("[type=submit]").click()
        page.wait_for_selector("form:has([value=consent])")
        page.locator("[type=submit]").click()
        if who == "stranger":
            page.wait_for_selector("text=您在本系统没有账号")
            assert "code=" not in page.url
            desk.context.clear_cookies()  # the provider asks anew who it is
    page.wait_for_selector("#rooms")
    assert page.inner_text("#me") == "zhang某"
    assert "code=" not in page.evaluate("location.href")
    page.reload()
    page.wait_for_selector("#rooms")
    assert [fault for fault in desk.faults if office_s(fault, desk)] == []
    desk.close()


def office_s(fault: str, desk: Desk) -> bool:
    """The provider's own pages may complain as they like."""
    return desk.url in fault or "http" not in fault
