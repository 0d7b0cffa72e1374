"""The real service in a process of its own, on a small knowledge base, and a real Chromium to visit it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.sample import service_environ
from tests.web.looking import Open

ROOT = Path(__file__).resolve().parent.parent.parent
CHROMIUM = "/usr/bin/chromium"


@contextmanager
def running_site(home: Path, **settings: str) -> Iterator[str]:
    """Address of a `fawen serve` on any free port with these variables; it must end cleanly."""
    environ = service_environ(home, **{"FAWEN_DIALOGUE__PER_MINUTE": "200", **settings})
    command = [sys.executable, "-m", "bot", "serve"]
    said = []
    with subprocess.Popen(command, cwd=home, env=environ, stderr=subprocess.PIPE, text=True) as process:  # noqa: S603
        assert process.stderr is not None
        for line in process.stderr:
            said.append(line)
            if found := re.search(r"http://127\.0\.0\.1:\d+", line):
                break
        else:
            pytest.fail("fawen serve did not start:\n" + "".join(said))
        yield found.group()
        process.terminate()
        rest = process.stderr.read()
        assert process.wait(20) == 0, rest
        assert "Traceback" not in rest, rest


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """One service for the tests of the page."""
    with running_site(tmp_path_factory.mktemp("site"), FAWEN_KNOWLEDGE__ENCODER="auto") as address:
        yield address


@pytest.fixture(scope="module")  # not longer: its event loop must not be running when asyncio tests begin
def chromium() -> Iterator[Browser]:
    """Debian's Chromium; missing only on a user's machine, never in CI."""
    path = CHROMIUM if Path(CHROMIUM).exists() else shutil.which("chromium") or shutil.which("google-chrome")
    if path is None and not os.environ.get("CI"):
        pytest.skip("no Chromium on this machine: apt install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def visit(site: str, chromium: Browser) -> Iterator[Open]:
    """Opens the page on a phone; `scripts=False` keeps the page's own script away, `size` and context options as given."""
    contexts = []

    def open_page(scripts: bool = True, size: str = "standard", **options: Any) -> Page:
        context = chromium.new_context(**{"viewport": {"width": 360, "height": 740}, "locale": "zh-CN", **options})
        contexts.append(context)
        context.set_default_timeout(30_000)
        context.add_cookies([{"name": "fawen_size", "value": size, "url": site}])
        page = context.new_page()
        if not scripts:
            page.route("**/*.js", lambda route: route.abort())
        page.goto(site)
        return page

    yield open_page
    for context in contexts:
        context.close()
