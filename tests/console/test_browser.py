"""The console in a real Chromium, by role, on phone and desk, with and without script."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import axe_playwright_python
import pytest
from playwright.sync_api import Browser, expect

from bot.store.accounts import Role
from tests.console.live import PATIENCE_MS, Desk, Site, at_desk, running_site
from tests.console.steps import (
    ANSWER,
    ASKED,
    ENTRY,
    answer_both,
    delivered,
    open_cluster,
    propose_entry,
    publish,
    roll_back,
)
from tests.web.conftest import chromium as chromium  # a fixture, shared with the tests of the chat page

pytestmark = pytest.mark.browser
AXE = Path(axe_playwright_python.__file__).with_name("axe.min.js")
expect.set_options(timeout=PATIENCE_MS)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """One service for all tests of this file."""
    with running_site(tmp_path_factory.mktemp("console")) as running:
        yield running


def ask(site: Site, chromium: Browser, text: str = ASKED) -> Desk:
    """A resident on the chat page asks for a person; the page stays open."""
    resident = at_desk(site, chromium, None, width=390)
    resident.page.goto(site.url)
    for line in ("转人工", text):
        before = resident.page.locator("article.bot").count()
        resident.page.locator("#text").fill(line)
        resident.page.get_by_role("button", name="发送").click()
        expect(resident.page.locator("article.bot:not(.typing)")).to_have_count(before + 1)
    expect(resident.page.locator(".ticket strong").last).to_be_visible()
    return resident


def shut(*desks: Desk) -> None:
    """Close; nobody's browser had anything to complain of."""
    for desk in desks:
        desk.context.close()
    assert [[]] * len(desks) == [desk.wrong for desk in desks]


def test_the_whole_loop_in_the_browser(site: Site, chromium: Browser) -> None:
    """Two ask, a curator answers both, a reviewer publishes the new entry, it answers, and it is rolled back."""
    residents = [ask(site, chromium) for _ in range(2)]
    curator = at_desk(site, chromium, Role.CURATOR)
    answer_both(curator)
    for resident in residents:
        resident.page.goto(site.url)
        expect(resident.page.locator("#talk")).to_contain_text(ANSWER)
        resident.page.reload()
        assert 1 == resident.page.locator("#talk").inner_text().count(ANSWER)
    delivered(curator, 2)
    proposal = propose_entry(curator)
    reviewer = at_desk(site, chromium, Role.REVIEWER)
    publish(reviewer)

    third = at_desk(site, chromium, None, width=390)
    answered = third.page.locator(f"article.bot[data-entry='{ENTRY}']")
    for _ in range(60):
        third.page.goto(site.url)
        third.page.locator("#text").fill(ASKED)
        third.page.get_by_role("button", name="发送").click()
        expect(third.page.locator("article.bot.typing")).to_have_count(0)
        if answered.count():
            break
        third.page.wait_for_timeout(500)
    expect(answered.last).to_contain_text(ANSWER)

    roll_back(reviewer, proposal)
    fourth = ask(site, chromium)
    expect(fourth.page.locator(f"article.bot[data-entry='{ENTRY}']")).to_have_count(0)
    shut(curator, reviewer, third, fourth, *residents)


def test_who_proposed_cannot_approve(site: Site, chromium: Browser) -> None:
    """A reviewer's own change of an answer waits for somebody else."""
    desk = at_desk(site, chromium, Role.REVIEWER)
    desk.go("/knowledge/notary.fee/edit")
    desk.page.get_by_label("回答").fill("以公证处公示的标准为准。")
    desk.page.get_by_label("核对日期").fill("2026年1月5日")
    desk.page.get_by_label("为什么改").fill("写得更清楚")
    desk.page.get_by_role("button", name="提出").click()
    expect(desk.page.get_by_text("先检查，看清会改变哪些回答")).to_be_visible()
    expect(desk.page.locator(".diff")).to_contain_text("reviewed: 2026-01-05")
    desk.page.get_by_role("button", name="检查").click()
    expect(desk.page.get_by_text("要请另一位审核员批准")).to_be_visible()
    expect(desk.page.get_by_role("button", name="批准")).to_have_count(0)
    expect(desk.page.get_by_role("button", name="发布")).to_have_count(0)
    shut(desk)


def test_without_script_everything_works(site: Site, chromium: Browser) -> None:
    """Sign in, answer, sign out: forms and links only."""
    resident = ask(site, chromium, "阳台漏水该谁来修呢")
    desk = at_desk(site, chromium, Role.CURATOR, width=390, script=False)
    open_cluster(desk, "阳台漏水")
    expect(desk.page.locator("#answer")).not_to_be_in_viewport()
    desk.page.get_by_role("link", name="写答复").click()
    expect(desk.page.locator("#answer")).to_be_in_viewport()
    desk.page.get_by_role("button", name="我来接").click()
    expect(desk.page.locator(".good")).to_contain_text("已指派")
    desk.page.get_by_label("写给全部").fill("先找楼上邻居协商。")
    desk.page.get_by_role("button", name="答复", exact=True).click()
    expect(desk.page.locator(".good")).to_contain_text("已答复")
    desk.page.get_by_role("button", name="退出").click()
    expect(desk.page.locator(".good")).to_have_text("已退出。")
    shut(desk, resident)


def test_the_keyboard_moves_opens_and_answers(site: Site, chromium: Browser) -> None:
    """j and k choose a row, Enter opens it, a goes to the answer, / to the search; a half-written answer stays."""
    residents = [ask(site, chromium, text) for text in ("门口的树枝挡光找哪个", "楼上深夜唱歌吵得很")]
    desk = at_desk(site, chromium, Role.CURATOR)
    open_cluster(desk, "门口的树枝")
    desk.go("/queue?order=newest")
    desk.page.keyboard.press("j")
    desk.page.keyboard.press("j")
    desk.page.keyboard.press("k")
    expect(desk.page.locator(".row.current")).to_have_count(1)
    expect(desk.page.locator(".row").first).to_have_class(re.compile("current"))
    desk.page.keyboard.press("/")
    expect(desk.page.locator("#search")).to_be_focused()
    desk.page.keyboard.press("Tab")
    desk.page.locator("h1").click()
    desk.page.keyboard.press("j")
    desk.page.keyboard.press("Enter")
    expect(desk.page.locator("#answer")).to_be_visible()
    desk.page.keyboard.press("a")
    desk.page.keyboard.type("写到一半")
    desk.page.reload()
    expect(desk.page.locator("#answer")).to_have_value("写到一半")
    shut(desk, *residents)


def test_numbers_are_live(site: Site, chromium: Browser) -> None:
    """A new ticket shows on an open page without a reload."""
    desk = at_desk(site, chromium, Role.CURATOR)
    expect(desk.page.locator("#news")).to_be_hidden()
    desk.page.wait_for_timeout(1000)
    resident = ask(site, chromium, "工地半夜打桩找哪个部门评理")
    expect(desk.page.locator("#news")).to_be_visible()
    shut(desk, resident)


def test_an_admin_looks_after_users_and_an_auditor_sees_it(site: Site, chromium: Browser) -> None:
    """A new user comes in and is put out again; both stand in the audit."""
    desk = at_desk(site, chromium, Role.ADMIN)
    desk.go("/users")
    desk.page.get_by_label("用户名").fill("xiaoma")
    desk.page.get_by_label("第一个密码").fill("first secret 88")
    desk.page.get_by_role("button", name="新增").click()
    card = desk.page.locator(".cards .panel", has_text="xiaoma")
    expect(card).to_contain_text("编辑")
    card.get_by_text("停用", exact=True).click()
    card.get_by_role("button", name="确定停用").click()
    expect(card).to_contain_text("已停用")
    auditor = at_desk(site, chromium, Role.AUDITOR)
    expect(auditor.page.get_by_role("link", name="待办")).to_have_count(0)
    auditor.go("/audit?about=user:xiaoma")
    expect(auditor.page.locator("tbody tr")).to_have_count(2)
    auditor.go("/queue")
    expect(auditor.page.locator(".bad")).to_contain_text("您的角色不能做这件事")
    shut(desk, auditor)


@pytest.mark.parametrize(("width", "dark"), [(390, False), (1280, False), (1280, True)])
def test_every_page_is_clean(site: Site, chromium: Browser, width: int, dark: bool) -> None:
    """axe-core finds nothing, by day and in the dark, nothing is wider than the screen, the Content-Security-Policy
    stops nothing of ours."""
    resident = ask(site, chromium, "<b>栏杆坏了</b>谁来修" + "很长的情况说明" * 12)
    resident.page.locator("#text").fill("公证收费标准")
    resident.page.get_by_role("button", name="发送").click()
    expect(resident.page.locator("article.bot[data-entry='notary.fee']")).to_be_visible()
    desk = at_desk(site, chromium, Role.ADMIN, width=width, dark=dark)
    page = desk.page
    open_cluster(desk, "栏杆坏了")
    cluster = page.url.removeprefix(site.console)
    ticket = str(page.locator("a[href*='/tickets/']").first.get_attribute("href")).removeprefix("/console")
    paths = ["", "/queue", cluster, f"{cluster}/question", ticket, "/questions", "/knowledge", "/knowledge?try=公证怎么办",
             "/knowledge?topic=notary", "/knowledge/notary.fee", "/knowledge/notary.fee/edit", "/review?view=all",
             "/history", "/reports", "/users", "/audit", "/account", "/queue?q=没有", "/clusters/999999"]  # fmt: skip
    found: dict[str, list[str]] = {}
    for path in paths:
        desk.go(path)
        if path == "/reports":
            expect(page.locator(".plot svg.main-svg").first).to_be_visible()
        for folded in page.locator("details").all():
            folded.evaluate("d => { d.open = true }")
        page.evaluate(AXE.read_text(encoding="utf-8"))
        violations = page.evaluate("axe.run().then(r => r.violations.map(v => v.id + ' ' + v.nodes[0].html))")
        wide = page.evaluate("document.documentElement.scrollWidth") > width
        found[path] = [*violations, *(["wider than the screen"] if wide else [])]
    desk.page.get_by_role("button", name="退出").click()
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found["/signin"] = page.evaluate("axe.run().then(r => r.violations.map(v => v.id))")
    assert {path: [] for path in found} == found
    shut(desk, resident)
