"""`python -m bench.shots DIRECTORY [WIDTH ...] [STATE ...]`: the chat page in every state, at four widths, normal, 长者模式 and dark.

Starts `fawen serve` on the shipped knowledge in a process of its own; needs Chromium. The pictures are for people to look at.
Widths and states that are named are the only ones taken. `python -m bench.console_shots` takes the console.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Frame, Page, Route, sync_playwright

from tests.web.host_page import other_site

PROGRAM = [sys.executable, "-m", "bot"]
CHROMIUM = "/usr/bin/chromium"
WIDTHS = {360: 740, 390: 844, 768: 1024, 1280: 800}
HOST_PORT = 8899
HOST = f"http://127.0.0.1:{HOST_PORT}"
"""Another site whose page embeds ours; served while its picture is taken."""
PER_MINUTE = 6
ANSWER = "可以先向物业反映；需要捕捉、绝育的，请拨打 12345 转所在镇街。"
LOOKS: dict[str, dict[str, Any]] = {
    "normal": {}, "elder": {"size": "elder"}, "dark": {"color_scheme": "dark"}, "large": {"size": "large"},
}  # fmt: skip


def environ_of(home: Path) -> dict[str, str]:
    """Settings of the service and of the commands beside it; its database is below `home`."""
    return {
        **{k: v for k, v in os.environ.items() if not k.startswith("FAWEN_")},
        "FAWEN_SERVER__PORT": "0", "FAWEN_STORE__URL": f"sqlite+aiosqlite:///{home}/fawen.db",
        "FAWEN_KNOWLEDGE__ENCODER": "off", "FAWEN_DIALOGUE__PER_MINUTE": str(PER_MINUTE), "FAWEN_WEB__EMBED_ORIGINS": HOST,
    }  # fmt: skip


@contextmanager
def serving(environ: Mapping[str, str]) -> Iterator[str]:
    """`fawen serve` with these settings, among them port 0; its address."""
    with subprocess.Popen([*PROGRAM, "serve"], env=environ, stderr=subprocess.PIPE, text=True) as process:  # noqa: S603  our own
        assert process.stderr is not None
        for line in process.stderr:
            if found := re.search(r"http://127\.0\.0\.1:\d+", line):
                yield found.group()
                break
        process.terminate()


def fawen(home: Path, *arguments: str) -> str:
    """Another command beside the running service; what it prints."""
    command = [*PROGRAM, *arguments]
    return subprocess.run(command, env=environ_of(home), check=True, capture_output=True, text=True).stdout  # noqa: S603  our own


def ask(page: Page | Frame, text: str) -> None:
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


def _busy(page: Page) -> None:
    page.evaluate(
        """async (times) => { const body = () => new URLSearchParams({ text: "菜单", id: String(Math.random()) });
        await Promise.all(Array.from({ length: times }, () => fetch("/say", { method: "POST", body: body() }))); }""",
        PER_MINUTE,
    )
    ask(page, "公证收费标准")
    page.locator("article.bot[data-key=too_fast]").wait_for()


def _embedded(page: Page) -> None:
    with other_site(HOST_PORT) as host:
        host.embeds = page.url.rstrip("/")
        page.goto(f"{host.numbered}/")
        page.locator("#fawen-button").click()
        page.frame_locator("#fawen-frame").locator("#text").wait_for()
        ask(page.frames[1], "继承公证怎么办")


def _history(page: Page) -> None:
    ask(page, "继承公证怎么办")
    ask(page, "法律援助怎么申请")
    page.reload()


def _sources(page: Page) -> None:
    ask(page, "继承公证怎么办")
    page.locator(".sources summary").last.click()
    page.locator(".sources ul").last.scroll_into_view_if_needed()
    page.locator(".feedback").last.scroll_into_view_if_needed()


def _feedback(page: Page) -> None:
    ask(page, "法律援助怎么申请")
    page.locator(".feedback button").first.click()
    page.locator("article.bot[data-key=helpful]").wait_for()


def _lookup(page: Page) -> None:
    page.locator(".lookup summary").click()
    page.locator("#ticket").fill("K7-3F9Q")


STATES: dict[str, Callable[[Page], None]] = {
    "greeting": lambda page: None,
    "sources": _sources,
    "feedback": _feedback,
    "lookup": _lookup,
    "suggestions": _suggestions,
    "typing": _typing,
    "answer": lambda page: ask(page, "继承公证怎么办"),
    "options": lambda page: ask(page, "公证"),
    "menu": lambda page: ask(page, "菜单"),
    "ticket": _ticket,
    "emergency": lambda page: ask(page, "他现在正在打我"),
    "busy": _busy,
    "embedded": _embedded,
    "history": _history,
    "error": _failing,
    "offline": _offline,
    "traditional": lambda page: ask(page, "繼承公證怎麼辦"),
    "plain": lambda page: ask(page, "继承公证怎么办"),
}


@contextmanager
def visiting(browser: Browser, site: str, width: int, look: str, script: bool = True) -> Iterator[Page]:
    """A first visit."""
    how = dict(LOOKS[look])
    size = str(how.pop("size", "standard"))
    context = browser.new_context(
        viewport={"width": width, "height": WIDTHS[width]}, locale="zh-CN", reduced_motion="reduce",
        java_script_enabled=script, **how,
    )  # fmt: skip
    context.set_default_timeout(60_000)
    context.add_cookies([{"name": "fawen_size", "value": size, "url": site}])
    page = context.new_page()
    page.goto(site)
    yield page
    page.unroute_all(behavior="ignoreErrors")
    context.close()


def shoot(browser: Browser, site: str, out: Path, width: int, look: str, states: Sequence[str]) -> None:
    """These states of one visit each, at one width in one look."""
    for name in states:
        reach = STATES[name]
        with visiting(browser, site, width, look, name != "plain") as page:
            reach(page)
            page.wait_for_timeout(150)
            page.screenshot(path=out / f"{name}-{width}-{look}.png")


def shoot_late(browser: Browser, site: str, home: Path, out: Path, sizes: Sequence[tuple[int, str]]) -> None:
    """All ask the same, staff answer once, and each open page shows it."""
    with ExitStack() as visits:
        pages = [(f"late-{w}-{k}", visits.enter_context(visiting(browser, site, w, k))) for w, k in sizes]
        for _, page in pages:
            ask(page, "小区的流浪猫夜里叫得睡不着该找谁")
            ask(page, "人工")
            page.locator(".ticket strong").wait_for()
        pages[0][1].wait_for_timeout(3000)  # gathered every second
        for row in json.loads(fawen(home, "review", "list", "--json"))["rows"]:
            if "流浪猫" in row["title"]:
                fawen(home, "review", "answer", str(row["id"]), ANSWER, "--by", "示例")
        for name, page in pages:
            page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
            page.locator("[data-late]").wait_for()
            page.wait_for_timeout(150)
            page.screenshot(path=out / f"{name}.png")


def shoot_closed(browser: Browser, site: str, home: Path, out: Path, sizes: Sequence[tuple[int, str]]) -> None:
    """The channel is switched off: the outage text."""
    fawen(home, "channel", "off", "web", "--text", "系统维护，今天 18:00 前恢复。着急请拨打 12348。")
    for width, look in sizes:
        with visiting(browser, site, width, look) as page:
            for _ in range(PER_MINUTE - 1):  # a running service reads its switches every few seconds
                ask(page, "公证收费标准")
                if page.locator("article.bot").last.get_attribute("data-key") == "closed":
                    break
                page.wait_for_timeout(2000)
            page.locator("article.bot[data-key=closed]").wait_for()
            page.screenshot(path=out / f"outage-{width}-{look}.png")
    fawen(home, "channel", "on", "web")


def main() -> None:
    """Take them all, or only the widths and states that are named after the directory; the largest letters at one width."""
    out = Path(sys.argv[1])
    out.mkdir(parents=True, exist_ok=True)
    widths = [int(given) for given in sys.argv[2:] if given.isdecimal()] or list(WIDTHS)
    named = [given for given in sys.argv[2:] if not given.isdecimal()]
    sizes = [(width, look) for width in widths for look in LOOKS if look != "large" or width == min(WIDTHS)]
    with (
        tempfile.TemporaryDirectory() as home,
        serving(environ_of(Path(home))) as site,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        for at, (width, look) in enumerate(sizes, 1):
            shoot(browser, site, out, width, look, [name for name in STATES if not named or name in named])
            print(f"{at} of {len(sizes)}: {width} px, {look}", file=sys.stderr)
        if not named or "late" in named:
            shoot_late(browser, site, Path(home), out, sizes)
        if not named or "outage" in named:
            shoot_closed(browser, site, Path(home), out, sizes)
        browser.close()


if __name__ == "__main__":
    main()
