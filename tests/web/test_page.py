"""The chat page in a real browser, as a resident uses it."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

pytestmark = pytest.mark.browser
TICKET = re.compile(r"[2-9A-Z]{2}-[2-9A-Z]{4}")


@pytest.fixture(params=[True, False], ids=["script", "no-script"])
def page(site: str, chromium: Browser, request: pytest.FixtureRequest) -> Iterator[Page]:
    """A first visit on a phone, with and without JavaScript."""
    context = chromium.new_context(
        viewport={"width": 390, "height": 844}, java_script_enabled=request.param, locale="zh-CN"
    )
    context.set_default_timeout(10_000)
    page = context.new_page()
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)
    page.on("request", lambda r: wrong.append(f"leaves the site: {r.url}") if not r.url.startswith(site) else None)
    page.goto(site)
    yield page
    context.close()
    assert wrong == []


def ask(page: Page, text: str) -> None:
    page.locator("#text").fill(text)
    page.get_by_role("button", name="发送").click()


def test_ask_and_read_the_cited_answer(page: Page) -> None:
    ask(page, "继承公证怎么办")
    answer = page.locator("article.bot[data-entry='notary.inheritance']")
    expect(answer).to_contain_text("带材料去公证处")
    expect(answer.locator(".sources")).to_contain_text("依据：")
    page.reload()
    expect(page.locator("article.bot[data-entry='notary.inheritance']")).to_have_count(1)


def test_pick_an_option_of_the_menu(page: Page) -> None:
    ask(page, "菜单")
    page.locator("#talk form.card").last.get_by_role("button", name="公证", exact=True).click()
    page.locator("#talk form.card").last.get_by_role("button", name="公证收费").click()
    expect(page.locator("article.bot[data-entry='notary.fee']")).to_contain_text("以公示为准")


def test_a_question_without_answer_shows_a_ticket(page: Page) -> None:
    ask(page, "今天天气怎么样")
    expect(page.locator(".ticket strong").last).to_have_text(TICKET)
    number = page.locator(".ticket strong").last.inner_text()
    ask(page, f"查询 {number}")
    expect(page.locator("article.bot").last).to_contain_text("等待工作人员处理")


def test_unhelpful_becomes_a_ticket(page: Page) -> None:
    ask(page, "公证收费标准")
    page.get_by_role("button", name="没帮助").click()
    expect(page.locator(".ticket strong").last).to_have_text(TICKET)


def test_an_emergency_shows_the_number_first(page: Page) -> None:
    ask(page, "他现在正在打我")
    card = page.locator(".emergency")
    expect(card.locator("a").first).to_have_attribute("href", "tel:110")
    expect(page.get_by_role("button", name="有帮助")).to_have_count(0)


def test_records_are_deleted_on_request(page: Page) -> None:
    ask(page, "公证收费标准")
    expect(page.locator("article.bot[data-entry='notary.fee']")).to_have_count(1)
    ask(page, "删除我的记录")
    expect(page.locator("article.bot").last).to_contain_text("确认删除")
    ask(page, "确认删除")
    expect(page.locator("article.bot").last).to_contain_text("已删除")
    page.reload()
    expect(page.locator("article.bot[data-entry='notary.fee']")).to_have_count(0)


def test_elder_mode_makes_everything_larger(page: Page) -> None:
    def size() -> float:
        return page.locator("#text").bounding_box()["height"]  # type: ignore[index]  # the box is on screen

    before = size()
    page.get_by_role("link", name="长者模式").click()
    expect(page.locator("html")).to_have_attribute("data-size", "elder")
    assert size() > before


def test_nothing_is_wider_than_a_small_phone(page: Page) -> None:
    page.set_viewport_size({"width": 360, "height": 640})
    ask(page, "继承公证怎么办" + "很长" * 60)
    expect(page.locator("article.bot[data-key]").last).to_be_visible()  # the answer, not the bubble that waits for it
    box = page.locator("body").bounding_box()
    assert box is not None
    assert box["width"] <= 360
    for article in page.locator("article").all():
        inner = article.bounding_box()
        assert inner is not None
        assert inner["x"] + inner["width"] <= 360


def test_markup_in_a_question_stays_text(page: Page) -> None:
    ask(page, "<img src=x onerror=alert(1)><b>粗</b>")
    expect(page.locator("article.person").last).to_contain_text("<img src=x")
    expect(page.locator("#talk img")).to_have_count(0)


def test_a_ticket_number_is_never_broken(page: Page) -> None:
    """In the answer's words, in the person's own and beside 工单号: one line each, at a width where its line would be broken."""
    ask(page, "今天天气怎么样")
    number = page.locator(".ticket strong").last.inner_text()
    ask(page, f"查询 {number}")
    expect(page.locator("article.bot").last).to_contain_text("等待工作人员处理")
    shown = page.locator(".number, .ticket strong", has_text=number)
    assert 3 <= shown.count()
    for width in range(320, 400, 8):
        page.set_viewport_size({"width": width, "height": 700})
        lines = shown.evaluate_all("nodes => nodes.map(node => node.getClientRects().length)")
        assert [1] * shown.count() == lines


def test_the_labels_follow_the_writing_at_once(page: Page) -> None:
    """The first question in Traditional characters makes the whole page Traditional, without a reload; and back."""
    label = page.locator("#ask button")
    expect(label).to_have_text("发送")
    ask(page, "繼承公證怎麼辦")
    expect(page.locator("html")).to_have_attribute("lang", "zh-Hant-HK")
    expect(label).to_have_text("發送")
    expect(page.locator("#text")).to_have_attribute("placeholder", re.compile("問"))
    expect(page.locator("#talk > article").first).to_contain_text("您好，我是中山公共法律服務")
    page.locator("#text").fill("公证收费标准")
    label.click()
    expect(page.locator("article.bot[data-entry='notary.fee']")).to_be_visible()
    expect(page.locator("html")).to_have_attribute("lang", "zh-CN")
    expect(label).to_have_text("发送")
