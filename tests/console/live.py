"""The real service with a user of each role, for tests in a real browser."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, BrowserContext, Page

from bot.store.accounts import Role
from tests.console.desk import NAMES, PASSWORD
from tests.sample import service_environ

PATIENCE_MS = 60_000
"""A busy machine may take as long; nothing is timed."""


@dataclass(frozen=True)
class Site:
    """A running `fawen serve`."""

    url: str
    home: Path

    @property
    def console(self) -> str:
        """The console's address."""
        return f"{self.url}/console"


@contextmanager
def running_site(home: Path, **settings: str) -> Iterator[Site]:
    """Serve the sample with four users and these variables; it must end cleanly, even with a live page open."""
    quick = {
        "FAWEN_KNOWLEDGE__RELOAD_SECONDS": "0.2",
        "FAWEN_DESK__GATHER_SECONDS": "0.1",
        "FAWEN_DIALOGUE__PER_MINUTE": "1000",
    }
    environ = service_environ(home, **(quick | settings))
    program = [sys.executable, "-m", "bot"]
    for role, name in NAMES.items():
        subprocess.run(  # noqa: S603  our own program
            [*program, "user", "add", name, "--role", role.value], cwd=home, env=environ, input=PASSWORD, text=True,
            check=True, capture_output=True,
        )  # fmt: skip
    said = []
    with subprocess.Popen([*program, "serve"], cwd=home, env=environ, stderr=subprocess.PIPE, text=True) as process:  # noqa: S603
        assert process.stderr is not None
        for line in process.stderr:
            said.append(line)
            if found := re.search(r"http://127\.0\.0\.1:\d+", line):
                break
        else:
            raise AssertionError("fawen serve did not start:\n" + "".join(said))
        try:
            yield Site(found.group(), home)
        finally:
            process.terminate()
            rest = process.stderr.read()
            code = process.wait(30)
        assert (0, False) == (code, "Traceback" in rest), rest


@dataclass
class Desk:
    """One member of staff at a browser; everything that a browser complains of is kept."""

    page: Page
    context: BrowserContext
    site: Site
    wrong: list[str]

    def go(self, path: str) -> None:
        """Open a page of the console."""
        self.page.goto(self.site.console + path)


def at_desk(
    site: Site, chromium: Browser, role: Role | None, *, width: int = 1280, script: bool = True, dark: bool = False
) -> Desk:
    """A browser, signed in as this role."""
    context = chromium.new_context(
        viewport={"width": width, "height": 900}, java_script_enabled=script, locale="zh-CN",
        color_scheme="dark" if dark else "light",
    )  # fmt: skip
    context.set_default_timeout(PATIENCE_MS)
    page = context.new_page()
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    # a refused form answers 4xx on purpose, and the browser writes that down as an error of the page
    page.on("console", lambda m: wrong.append(m.text) if m.type == "error" and "status of 4" not in m.text else None)
    page.on("request", lambda r: None if r.url.startswith(site.url) else wrong.append(f"leaves the site: {r.url}"))
    desk = Desk(page, context, site, wrong)
    if role is not None:
        desk.go("/signin")
        page.get_by_label("用户名").fill(NAMES[role])
        page.get_by_label("密码").fill(PASSWORD)
        page.get_by_role("button", name="登录").click()
        page.wait_for_url(site.console)
    return desk
