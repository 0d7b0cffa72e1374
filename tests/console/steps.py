"""What staff do at the console, step by step in a real browser: the same for whichever channel the question came by."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.console.live import Desk

ASKED = "楼道堵死了该找哪个评理"
ANSWER = "可以找社区的人民调解委员会，不收费。"
ENTRY = "notary.corridor"


def open_cluster(desk: Desk, text: str) -> None:
    """Wait until the question is in the queue, and open it."""
    row = desk.page.locator(".row .open", has_text=text).first
    for _ in range(60):
        desk.go("/queue")
        if row.count():
            break
        desk.page.wait_for_timeout(500)
    row.click()
    expect(desk.page.locator("h1")).to_contain_text(text)


def answer_both(curator: Desk) -> None:
    """Open the question, wait until both who asked are there, write, look at the previews, answer."""
    page = curator.page
    both = page.get_by_text("写给全部 2 位提问人")
    for _ in range(60):
        open_cluster(curator, ASKED)
        if both.count():
            break
        page.wait_for_timeout(500)
    expect(both).to_be_visible()
    page.keyboard.press("a")
    page.keyboard.type(ANSWER)
    page.get_by_role("button", name="看看发出去的样子").click()
    expect(page.locator(".preview")).to_have_count(3)
    expect(page.locator(".preview").first).to_be_in_viewport()
    page.get_by_role("button", name="答复", exact=True).click()
    expect(page.locator(".good")).to_contain_text("已答复")


def delivered(curator: Desk, sent: int) -> None:
    """The page of the cluster says that so many have it; fail when it does not become so."""
    rows = curator.page.locator("td.sent")
    for _ in range(60):
        curator.page.reload()
        if rows.count() == sent:
            break
        curator.page.wait_for_timeout(500)
    expect(rows).to_have_count(sent)


def propose_entry(curator: Desk) -> str:
    """Make a new entry of the answer; the path of the proposal."""
    page = curator.page
    page.get_by_role("link", name="写成新条目").click()
    expect(page.get_by_label("回答")).to_have_value(ANSWER)
    page.get_by_label("条目编号").fill(ENTRY)
    page.get_by_label("标题").fill("楼道被堵怎么办")
    page.get_by_label("问法，一行一句").fill(f"{ASKED}\n楼道被邻居堵了找谁\n过道堆满东西谁来管")
    page.get_by_label("依据，一行一个").fill("legal_aid_law 第二条")
    page.get_by_label("为什么要这一条").fill("两个人问过")
    page.get_by_role("button", name="提出").click()
    expect(page.locator(".diff")).to_contain_text("楼道被堵怎么办")
    expect(page.get_by_text("由审核员或管理员决定")).to_be_visible()
    return page.url.partition("?")[0].removeprefix(curator.site.console)


def publish(reviewer: Desk) -> None:
    """Another person checks, approves and publishes the new entry."""
    page = reviewer.page
    reviewer.go("/review")
    page.locator(".row .open", has_text=ENTRY).click()
    page.get_by_role("button", name="检查").click()
    expect(page.get_by_role("region", name="回答的变化")).to_contain_text(ASKED)
    page.get_by_role("button", name="批准").click()
    expect(page.locator(".good")).to_contain_text("已批准")
    page.get_by_role("button", name="发布").click()
    expect(page.locator(".good")).to_contain_text("已发布")


def roll_back(reviewer: Desk, proposal: str) -> None:
    """Take the last publication back, and wait until the service has let the entry go."""
    page = reviewer.page
    reviewer.go("/history")
    page.locator(".row .open").first.click()
    page.get_by_text("回滚这一次").click()
    page.get_by_label("理由").fill("先核对一下依据")
    page.get_by_role("button", name="确定回滚").click()
    expect(page.locator("h1")).to_contain_text("回滚第")
    reviewer.go(proposal)
    expect(page.locator(".facts .state")).to_have_text("已回滚")
    for _ in range(60):
        reviewer.go(f"/knowledge/{ENTRY}")
        if page.locator("h1").inner_text() == "没有做成":
            break
        page.wait_for_timeout(500)
    expect(page.locator("main")).to_contain_text("没有条目")
