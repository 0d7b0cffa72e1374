"""`python -m bench.shots DIRECTORY`: the chat page in every state, at four widths, normal, 长者模式 and dark, as PNG files.

Starts `fawen serve` on the shipped knowledge in a process of its own; needs Chromium. The pictures are for people to look at.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, Route, sync_playwright

CHROMIUM = "/usr/bin/chromium"
WIDTHS = {360: 740, 390: 844, 768: 1024, 1280: 800}
LOOKS: dict[str, dict[str, Any]] = {"normal": {}, "elder": {"size": "elder"}, "dark": {"color_scheme": "dark"}}


@contextmanager
def serving(home: Path) -> Iterator[str]:
    """`fawen serve` on a free port; its address."""
    environ = {
        **{k: v for k, v in os.environ.items() if not k.startswith("FAWEN_")},
        "FAWEN_SERVER__PORT": "0", "FAWEN_STORE__URL": f"sqlite+aiosqlite:///{home}/fawen.db",
        "FAWEN_KNOWLEDGE__ENCODER": "off", "FAWEN_DIALOGUE__PER_MINUTE": "100000",
    }  # fmt: skip
    command = [sys.executable, "-m", "bot", "serve"]
    with subprocess.Popen(command, env=environ, stderr=subprocess.PIPE, text=True) as process:  # noqa: S603  our own
        assert process.stderr is not None
        for line in process.stderr:
            if found := re.search(r"http://127\.0\.0\.1:\d+", line):
                yield found.group()
                break
        process.terminate()


def ask(page: Page, text: str) -> None:
    """Write and wait for the answer."""
    before = page.locator("#talk article.bot[data-key]").count()
    page.locator("#text").fill(text)
    page.locator("#ask button").click()
    page.locator("#talk article.bot[data-key]").nth(before).wait_for(timeout=60_000)


def _suggestions(page: Page) -> None:
    page.locator("#text").press_sequentially("公证")
    page.locator("#list li").first.wait_for()
    page.keyboard.press("ArrowDown")


def _offline(page: Page) -> None:
    page.context.set_offline(True)
    page.locator("#text").fill("公证收费标准")
    page.locator("#ask button").click()
    page.locator(".trouble").wait_for()


def _failing(page: Page) -> None:
    page.route("**/say", lambda route: route.fulfill(status=500, body="{}"))
    page.locator("#text").fill("公证收费标准")
    page.locator("#ask button").click()
    page.locator(".trouble").wait_for()


def _never(route: Route) -> None:
    """No answer comes."""


def _typing(page: Page) -> None:
    page.route("**/say", _never)
    page.locator("#text").fill("公证收费标准")
    page.locator("#ask button").click()
    page.locator(".typing").wait_for()


def _ticket(page: Page) -> None:
    ask(page, "继承公证怎么办")
    ask(page, "人工")
    page.locator(".ticket strong").wait_for()


def _late(page: Page) -> None:
    _ticket(page)
    page.locator("article.bot").last.evaluate(
        """node => { const late = node.cloneNode(true); late.dataset.late = "x";
        for (const extra of late.querySelectorAll(".ticket, .card, .feedback, .acts")) extra.remove();
        late.querySelector(".words").textContent = "您之前问的，工作人员答复如下：\\n这件事不属于法律服务，可以向动物医院咨询。"; node.after(late); late.scrollIntoView(); }"""
    )


def _history(page: Page) -> None:
    ask(page, "继承公证怎么办")
    ask(page, "法律援助怎么申请")
    page.reload()


STATES: dict[str, Callable[[Page], None]] = {
    "greeting": lambda page: None,
    "suggestions": _suggestions,
    "typing": _typing,
    "answer": lambda page: ask(page, "继承公证怎么办"),
    "options": lambda page: ask(page, "公证"),
    "menu": lambda page: ask(page, "菜单"),
    "ticket": _ticket,
    "emergency": lambda page: ask(page, "他现在正在打我"),
    "late": _late,
    "history": _history,
    "error": _failing,
    "offline": _offline,
    "traditional": lambda page: ask(page, "繼承公證怎麼辦"),
}


def shoot(browser: Browser, site: str, out: Path, width: int, look: str) -> None:
    """Every state at one width in one look."""
    how = dict(LOOKS[look])
    size = str(how.pop("size", "standard"))
    for name, reach in {**STATES, "plain": lambda page: ask(page, "继承公证怎么办")}.items():
        context = browser.new_context(
            viewport={"width": width, "height": WIDTHS[width]}, locale="zh-CN", reduced_motion="reduce",
            java_script_enabled=name != "plain", **how,
        )  # fmt: skip
        context.add_cookies([{"name": "fawen_size", "value": size, "url": site}])
        page = context.new_page()
        page.goto(site)
        reach(page)  # type: ignore[no-untyped-call]  # callbacks of the table above
        page.wait_for_timeout(150)
        page.screenshot(path=out / f"{name}-{width}-{look}.png")
        context.close()


def main() -> None:
    """Take them all, or only the widths that are named after the directory."""
    out = Path(sys.argv[1])
    out.mkdir(parents=True, exist_ok=True)
    widths = [int(given) for given in sys.argv[2:]] or list(WIDTHS)
    with tempfile.TemporaryDirectory() as home, serving(Path(home)) as site, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        for width in widths:
            for look in LOOKS:
                shoot(browser, site, out, width, look)
        browser.close()


if __name__ == "__main__":
    main()
