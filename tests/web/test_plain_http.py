"""The page over plain http at an address that is not this machine's: browsers send no Sec-Fetch-Site there."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.web.conftest import CHROMIUM

pytestmark = pytest.mark.browser
NAME = "fawen.test"


@pytest.fixture
def elsewhere(chromium: Browser) -> Iterator[Browser]:
    """A Chromium in which NAME is this machine, but not one to be trusted as such."""
    launched = chromium.browser_type.launch(
        executable_path=CHROMIUM, args=["--no-sandbox", f"--host-resolver-rules=MAP {NAME} 127.0.0.1"]
    )
    yield launched
    launched.close()


@pytest.mark.parametrize("script", [True, False], ids=["script", "no-script"])
def test_forms_work_over_plain_http(site: str, elsewhere: Browser, script: bool) -> None:
    context = elsewhere.new_context(java_script_enabled=script, locale="zh-CN")
    page = context.new_page()
    posted = []
    page.on("request", lambda request: posted.append(request) if request.method == "POST" else None)
    page.goto(site.replace("127.0.0.1", NAME))
    page.locator("#text").fill("公证收费标准")
    page.get_by_role("button", name="发送").click()
    expect(page.locator("article.bot[data-entry='notary.fee']")).to_be_visible()
    assert ["sec-fetch-site" in request.all_headers() for request in posted] == [False]
