"""axe-core finds nothing where something is the matter either: turned away, away, closed, late, broken, not there."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.sample import ROOT
from tests.web.conftest import running_site
from tests.web.looking import Open, ask, violations

pytestmark = pytest.mark.browser
PER_MINUTE = 3
QUESTION = "公证收费标准"
UNKNOWN = "今天天气怎么样啊会下雨吗"


@dataclass(frozen=True)
class Service:
    """A running service, and what is done to it from outside."""

    url: str
    home: Path

    def command(self, *arguments: str) -> str:
        """What `fawen …` says, run beside it."""
        environ = {
            **{k: v for k, v in os.environ.items() if not k.startswith("FAWEN_")},
            "FAWEN_STORE__URL": f"sqlite+aiosqlite:///{self.home}/fawen.db",
            "FAWEN_KNOWLEDGE__DIR": str(self.home / "knowledge"),
            "FAWEN_KNOWLEDGE__CACHE_DIR": str(self.home / "cache"),
            "FAWEN_KNOWLEDGE__ENCODER": "off",
            "PYTHONPATH": str(ROOT),
        }
        program = [sys.executable, "-m", "bot", *arguments]
        return subprocess.run(program, cwd=self.home, env=environ, text=True, check=True, capture_output=True).stdout  # noqa: S603  our own program

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Another program writes into the database and does not come to an end."""
        with closing(sqlite3.connect(self.home / "fawen.db", isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            yield
            other.execute("ROLLBACK")

    @contextmanager
    def closed(self, page: Page) -> Iterator[None]:
        """The page's channel is switched off."""
        self._switch("off", page)
        try:
            yield
        finally:
            self._switch("on", page)

    def _switch(self, to: str, page: Page) -> None:
        self.command("channel", to, "web")
        for _ in range(600):
            if page.request.get(f"{self.url}/healthz").json()["channels"]["web"]["open"] is (to == "on"):
                return
            page.wait_for_timeout(100)
        pytest.fail(f"the service did not see within a minute that the page was switched {to}")

    def answer(self, question: str, text: str) -> None:
        """Staff answer the group of a question."""
        for _ in range(60):
            if rows := json.loads(self.command("review", "list", "--text", question, "--json"))["rows"]:
                self.command("review", "answer", str(rows[0]["id"]), text, "--by", "li")
                return
        pytest.fail(f"no group of the question {question}")


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """One of its own: what is done to it is no business of the other tests."""
    home = tmp_path_factory.mktemp("troubled")
    settings = {"FAWEN_DIALOGUE__PER_MINUTE": str(PER_MINUTE), "FAWEN_DESK__GATHER_SECONDS": "0.1"}
    with running_site(home, **settings) as address:
        yield Service(address, home)


@pytest.fixture(scope="module")
def site(service: Service) -> str:
    """What `visit` opens."""
    return service.url


def too_fast(page: Page, service: Service) -> None:
    for _ in range(PER_MINUTE + 1):
        ask(page, QUESTION)
    expect(page.locator("article.bot").last).to_have_attribute("data-key", "too_fast")


def outage(page: Page, service: Service) -> None:
    with service.locked():
        ask(page, QUESTION)
    expect(page.locator("article.bot").last).to_have_attribute("data-key", "outage")


def outage_without_script(page: Page, service: Service) -> None:
    ask(page, QUESTION)
    outage(page, service)
    expect(page.locator("#text")).to_have_value(QUESTION)
    for bubble in page.locator("#latest, article.bot[data-key=outage]").all():
        expect(bubble).to_be_in_viewport(ratio=1)


def closed(page: Page, service: Service) -> None:
    with service.closed(page):
        ask(page, QUESTION)
    expect(page.locator("article.bot").last).to_have_attribute("data-key", "closed")


def late(page: Page, service: Service) -> None:
    ask(page, UNKNOWN)
    service.answer(UNKNOWN, "明天下雨，请带伞。")
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(page.locator("article[data-late]").last).to_contain_text("明天下雨")


def failed(page: Page, service: Service) -> None:
    page.route("**/say", lambda route: route.fulfill(status=500))
    page.locator("#text").fill(QUESTION)
    page.locator("#ask button").click()
    expect(page.locator(".trouble")).to_contain_text("12348")
    expect(page.locator("#text")).to_have_value(QUESTION)


def ticket(page: Page, service: Service) -> None:
    ask(page, "给我讲个笑话")
    expect(page.locator(".ticket strong")).to_be_visible()


def missing(page: Page, service: Service) -> None:
    page.goto(f"{service.url}/nothing")
    expect(page.get_by_role("heading", level=1)).to_have_text("没有这个页面。")


DARK_ELDER = {"color_scheme": "dark", "size": "elder"}
STATES: dict[str, tuple[dict[str, Any], Callable[[Page, Service], None]]] = {
    "too fast": ({}, too_fast),
    "outage": ({}, outage),
    "outage without script": ({"scripts": False}, outage_without_script),
    "closed": ({}, closed),
    "late answer": ({}, late),
    "failed": ({}, failed),
    "failed, dark elder": (DARK_ELDER, failed),
    "large": ({"size": "large"}, ticket),
    "dark elder": (DARK_ELDER, ticket),
    "not there": ({}, missing),
    "not there, dark large": ({"color_scheme": "dark", "size": "large"}, missing),
}


@pytest.mark.parametrize("state", STATES)
def test_axe_finds_nothing_in_trouble(state: str, visit: Open, service: Service) -> None:
    """WCAG A and AA and axe's best practices, in each of these states."""
    how, reach = STATES[state]
    page = visit(reduced_motion="reduce", **how)
    reach(page, service)
    assert [] == violations(page)


@pytest.mark.parametrize(("size", "letters"), [("standard", "17px"), ("elder", "22px"), ("large", "30px")])
def test_what_is_not_there_says_so_in_the_chosen_size(size: str, letters: str, visit: Open, service: Service) -> None:
    """As wide as the phone, with a way back that is as high as any button."""
    page = visit(size=size, java_script_enabled=False)
    missing(page, service)
    expect(page.locator("main p")).to_have_css("font-size", letters)
    assert 360 == page.evaluate("document.documentElement.scrollWidth")
    back = page.get_by_role("link", name="回到聊天页面")
    box = back.bounding_box()
    assert box is not None
    assert box["height"] >= (48 if size == "standard" else 60)
    back.click()
    expect(page.locator("#text")).to_be_visible()
