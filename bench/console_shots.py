"""`python -m bench.console_shots [--keep HOME] DIRECTORY [PAGE ...]`: the console's pages for each role, on a desk and a phone, light and dark.

Starts `fawen serve` on a copy of the shipped knowledge; needs Chromium. An empty console is drawn first, then a full one.
The pictures show whole pages, for people to look at. A check of a proposal takes minutes: what is kept in HOME is drawn again
without asking, answering and checking anew.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from bench.console_desk import fill
from bench.shots import CHROMIUM, PROGRAM, serving
from bot.store.accounts import Role

SIZES = {"desk": (1280, 800), "phone": (390, 844)}
NAMES = {Role.CURATOR: "王编辑", Role.REVIEWER: "陈审核", Role.ADMIN: "林管理", Role.AUDITOR: "赵审计"}
PASSWORD = "picture only 77"  # noqa: S105  a service that lives for a minute
ANSWER = (
    "业主委员会的选举，由物业所在地的镇街和居委会（村委会）指导和协助，住房城乡建设部门监督。\n怎么办：\n"
    "1. 先找小区所在的居委会，说明是哪个小区、选举走到哪一步。\n2. 对选举有争议，可以请镇街人民调解委员会调解，不收费。\n"
    "3. 不知道找谁，可以拨打 12345。"
)
DRAFT = "无人机在小区上空飞行，影响安全的，请先报给物业和派出所。\n怎么办：\n1. 正在发生、有危险的，拨打 110。\n2. 想了解哪里不能飞，可以拨打 12345 转公安部门。"
EMPTY = {
    "today": "",
    "queue": "/queue",
    "review": "/review",
    "history": "/history",
    "reports": "/reports",
    "questions": "/questions",
}
PAGES: dict[str, tuple[str, frozenset[Role]]] = {
    "today": ("", frozenset(Role)),
    "queue": ("/queue", frozenset({Role.CURATOR})),
    "queue-none": ("/queue?q=没有这样的字", frozenset({Role.CURATOR})),
    "queue-answered": ("/queue?view=answered", frozenset({Role.CURATOR})),
    "queue-apart": ("/queue?view=apart", frozenset({Role.CURATOR})),
    "questions": ("/questions?days=30", frozenset({Role.CURATOR})),
    "knowledge": ("/knowledge", frozenset({Role.AUDITOR})),
    "knowledge-topic": ("/knowledge?topic=notary", frozenset({Role.CURATOR})),
    "knowledge-try": ("/knowledge?try=公证要多少钱", frozenset({Role.CURATOR})),
    "entry": ("/knowledge/notary.fee", frozenset({Role.CURATOR})),
    "edit": ("/knowledge/notary.fee/edit", frozenset({Role.CURATOR})),
    "review": ("/review?view=all", frozenset({Role.REVIEWER})),
    "reports": ("/reports?days=30", frozenset({Role.REVIEWER, Role.AUDITOR})),
    "users": ("/users", frozenset({Role.ADMIN})),
    "audit": ("/audit", frozenset({Role.AUDITOR})),
    "account": ("/account", frozenset({Role.CURATOR})),
    "refused": ("/queue", frozenset({Role.AUDITOR})),
    "missing": ("/clusters/999999", frozenset({Role.CURATOR})),
}
"""Name -> path and the roles whose page is drawn."""


@contextmanager
def staffed(home: Path) -> Iterator[str]:
    """`fawen serve` with a user of each role; its address."""
    new = not (home / "knowledge").exists()
    if new:
        shutil.copytree("knowledge", home / "knowledge")
    environ = {
        **{k: v for k, v in os.environ.items() if not k.startswith("FAWEN_")},
        "FAWEN_SERVER__PORT": "0", "FAWEN_STORE__URL": f"sqlite+aiosqlite:///{home}/fawen.db",
        "FAWEN_KNOWLEDGE__DIR": str(home / "knowledge"), "FAWEN_KNOWLEDGE__ENCODER": "off",
        "FAWEN_DIALOGUE__PER_MINUTE": "1000", "FAWEN_DESK__GATHER_SECONDS": "0.2",
    }  # fmt: skip
    for role, name in NAMES.items() if new else ():
        add = [*PROGRAM, "user", "add", name, "--role", role.value]
        subprocess.run(add, env=environ, input=PASSWORD, text=True, check=True, capture_output=True)  # noqa: S603  our own
    with serving(environ) as site:
        yield site


@contextmanager
def signed_in(
    browser: Browser, site: str, role: Role, size: tuple[int, int] = SIZES["desk"], dark: bool = False
) -> Iterator[Page]:
    """A browser of this size at the console."""
    context = browser.new_context(
        viewport={"width": size[0], "height": size[1]}, locale="zh-CN", reduced_motion="reduce",
        color_scheme="dark" if dark else "light",
    )  # fmt: skip
    context.set_default_timeout(60_000)
    page = context.new_page()
    page.goto(f"{site}/console/signin")
    page.get_by_label("用户名").fill(NAMES[role])
    page.get_by_label("密码").fill(PASSWORD)
    page.get_by_role("button", name="登录").click()
    page.wait_for_url(f"{site}/console")
    yield page
    context.close()


def work(browser: Browser, site: str) -> dict[str, str]:
    """Answer, propose, check and publish as staff do; the paths of what came of it."""
    made = {}
    with signed_in(browser, site, Role.CURATOR) as page:
        made["open"] = _cluster(page, site, "无人机谁来管")
        made["answered"] = _cluster(page, site, "业委会选举")
        page.goto(site + made["answered"])
        made["ticket"] = str(page.locator(".asked a").first.get_attribute("href"))
        page.locator("#answer").fill(ANSWER)
        page.get_by_role("button", name="答复", exact=True).click()
        page.locator(".good").wait_for()
        page.get_by_role("link", name="写成新条目").click()
        made["new-entry"] = page.url.removeprefix(site)
        page.get_by_label("条目编号").fill("mediation.owners_committee")
        page.get_by_label("标题").fill("业委会选举有争议怎么办")
        page.get_by_label("问法，一行一句").fill(
            "小区业委会选举归谁管\n业委会换届物业不给名单找谁\n业委会选举有人作假怎么反映"
        )
        page.get_by_label("依据，一行一个").fill("mediation_law 第二条")
        page.get_by_label("为什么要这一条").fill("六个人问过")
        page.get_by_role("button", name="提出").click()
        page.locator(".diff").wait_for()
        made["proposal"] = page.url.removeprefix(site).partition("?")[0]
        page.goto(f"{site}/console/knowledge/notary.fee/edit")
        page.get_by_label("为什么改").fill("说明收费以窗口公示为准")
        answer = page.get_by_label("回答")
        answer.fill(answer.input_value() + "\n办之前先看公示的标准。")
        page.get_by_role("button", name="提出").click()
        page.locator(".diff").wait_for()
        made["unchecked"] = page.url.removeprefix(site).partition("?")[0]
    with signed_in(browser, site, Role.REVIEWER) as page:
        page.goto(site + made["proposal"])
        page.get_by_role("button", name="检查").click()
        page.get_by_role("button", name="批准").wait_for(timeout=600_000)
    return made


def publish(browser: Browser, site: str, made: dict[str, str]) -> None:
    """Approve and publish the checked proposal; adds its publication to `made`."""
    with signed_in(browser, site, Role.REVIEWER) as page:
        page.goto(site + made["proposal"])
        page.get_by_role("button", name="批准").click()
        page.get_by_role("button", name="发布").click()
        page.locator(".good").wait_for()
        page.goto(f"{site}/console/history")
        page.locator(".row .open").first.click()
        made["publication"] = page.url.removeprefix(site)


def _cluster(page: Page, site: str, text: str) -> str:
    page.goto(f"{site}/console/queue")
    return str(page.locator(".row .open", has_text=text).first.get_attribute("href"))


def shoot(
    browser: Browser, site: str, out: Path, pages: dict[str, tuple[str, frozenset[Role]]], named: Sequence[str]
) -> None:
    """These pages for the roles they are drawn for, in both sizes, light and dark."""
    chosen = {name: page for name, page in pages.items() if not named or name in named}
    for role in Role:
        mine = {name: path for name, (path, roles) in chosen.items() if role in roles}
        for size, dark in ((size, dark) for size in SIZES for dark in (False, True)) if mine else ():
            with signed_in(browser, site, role, SIZES[size], dark) as page:
                for name, path in mine.items():
                    page.goto(site + path if path.startswith("/console") else f"{site}/console{path}")
                    if "reports" in name and page.locator(".plot").count():
                        page.locator(".plot svg.main-svg").last.wait_for()
                    if name == "preview":
                        page.locator("#answer").fill(DRAFT)
                        page.get_by_role("button", name="看看发出去的样子").click()
                        page.locator(".preview").last.wait_for()
                    page.screenshot(
                        path=out / f"{name}-{role.value}-{size}-{'dark' if dark else 'light'}.png", full_page=True
                    )
            print(f"{role.value}, {size}, {'dark' if dark else 'light'}: {len(mine)}", file=sys.stderr)


def draw(browser: Browser, site: str, home: Path, out: Path, named: Sequence[str]) -> None:
    """Everything in order: empty, full, published; the first and the work between only in a home that is new."""
    curator, reviewer = frozenset({Role.CURATOR}), frozenset({Role.REVIEWER})
    kept = home / "made.json"
    if not kept.exists():
        shoot(browser, site, out, {f"empty-{name}": (path, curator) for name, path in EMPTY.items()}, named)
        fill(site, home)
        kept.write_text(json.dumps(work(browser, site)), encoding="utf-8")
    made = json.loads(kept.read_text(encoding="utf-8"))
    of = {
        "cluster": (made["open"], curator), "preview": (made["open"], curator), "answered": (made["answered"], curator),
        "ticket": (made["ticket"], curator), "new-entry": (made["new-entry"], curator),
        "proposal": (made["proposal"], reviewer), "unchecked": (made["unchecked"], curator),
    }  # fmt: skip
    shoot(browser, site, out, {**PAGES, **of}, named)
    if "publication" not in made:
        publish(browser, site, made)
        kept.write_text(json.dumps(made), encoding="utf-8")
    shoot(
        browser, site, out, {"publication": (made["publication"], reviewer), "history": ("/history", reviewer)}, named
    )


def main() -> None:
    """Draw everything, or the pages that are named after the directory."""
    asked = argparse.ArgumentParser(description="The console's pages, for people to look at.")
    asked.add_argument("directory", type=Path)
    asked.add_argument("page", nargs="*")
    asked.add_argument("--keep", type=Path)
    given = asked.parse_args()
    given.directory.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        home = given.keep or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        home.mkdir(parents=True, exist_ok=True)
        site = stack.enter_context(staffed(home))
        browser = stack.enter_context(sync_playwright()).chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox"]
        )
        draw(browser, site, home, given.directory, given.page)
        browser.close()


if __name__ == "__main__":
    main()
