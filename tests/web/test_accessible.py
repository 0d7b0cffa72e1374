"""axe-core finds nothing on any state of the page; large letters and targets; the keyboard alone suffices."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.web.looking import Open, ask, violations

pytestmark = pytest.mark.browser


def options(page: Page) -> None:
    ask(page, "菜单")


def ticket(page: Page) -> None:
    ask(page, "今天天气怎么样")
    expect(page.locator(".ticket strong")).to_be_visible()


def feedback(page: Page) -> None:
    ask(page, "公证收费标准")
    page.get_by_role("button", name="有帮助").click()
    expect(page.locator("article.bot[data-key=helpful]")).to_be_visible()


def offline(page: Page) -> None:
    page.context.set_offline(True)
    page.locator("#text").fill("公证收费标准")
    page.locator("#ask button").click()
    expect(page.locator(".trouble")).to_be_visible()


def very_long(page: Page) -> None:
    ask(page, "公证收费标准")
    page.locator(".words").last.evaluate("node => { node.textContent = '很长的回答。'.repeat(600); }")


def suggestions(page: Page) -> None:
    page.locator("#text").press_sequentially("公证")
    page.locator("#list li").first.wait_for()
    page.keyboard.press("ArrowDown")


def lookup(page: Page) -> None:
    page.locator(".lookup summary").click()
    expect(page.locator("#ticket")).to_be_visible()


STATES: dict[str, tuple[dict[str, Any], Callable[[Page], None]]] = {
    "first visit": ({}, lambda page: None),
    "answer": ({}, lambda page: ask(page, "继承公证怎么办")),
    "options": ({}, options),
    "ticket": ({}, ticket),
    "feedback": ({}, feedback),
    "offline": ({}, offline),
    "very long": ({}, very_long),
    "emergency": ({}, lambda page: ask(page, "他现在正在打我")),
    "suggestions": ({}, suggestions),
    "lookup": ({}, lookup),
    "elder": ({"size": "elder"}, ticket),
    "dark": ({"color_scheme": "dark"}, ticket),
    "dark emergency": ({"color_scheme": "dark"}, lambda page: ask(page, "他现在正在打我")),
    "traditional": ({}, lambda page: ask(page, "繼承公證怎麼辦")),
    "without script": ({"scripts": False}, ticket),
    "wide": ({"viewport": {"width": 1280, "height": 800}}, lambda page: ask(page, "继承公证怎么办")),
}


@pytest.mark.parametrize("state", STATES)
def test_axe_finds_nothing(state: str, visit: Open) -> None:
    """WCAG A and AA and axe's best practices, in each state of the page."""
    how, reach = STATES[state]
    page = visit(reduced_motion="reduce", **how)
    reach(page)
    assert [] == violations(page)


@pytest.mark.parametrize(("size", "letters", "target"), [("elder", 18, 60), ("large", 24, 60)])
def test_elder_mode_keeps_its_measures(size: str, letters: int, target: int, visit: Open) -> None:
    """Every visible letter 18 px or more, line height 1.3 or more, every target 60 px in both directions, nothing wider than 360 px."""
    page = visit(size=size)
    ask(page, "继承公证怎么办")
    ask(page, "今天天气怎么样")
    wrong = page.evaluate(
        """([letters, target]) => {
          const bad = [];
          const seen = (node) => node.getClientRects().length && !node.closest(".hidden, .who, .skip, template");
          for (const node of document.querySelectorAll("body *")) {
            if (!seen(node)) continue;
            const style = getComputedStyle(node);
            const own = [...node.childNodes].some((child) => child.nodeType === 3 && child.data.trim());
            const size = parseFloat(style.fontSize);
            if (own && size < letters) bad.push(`${node.outerHTML.slice(0, 80)} ${size}`);
            if (own && parseFloat(style.lineHeight) < 1.3 * size) bad.push(`${node.outerHTML.slice(0, 80)} ${style.lineHeight}`);
            const box = node.getBoundingClientRect();
            if (node.matches("a, button, summary, input:not([type=hidden]), textarea") && Math.min(box.width, box.height) < target - .5)
              bad.push(`${node.outerHTML.slice(0, 80)} ${box.width} x ${box.height}`);
            if (box.right > innerWidth + .5) bad.push(`${node.outerHTML.slice(0, 80)} ends at ${box.right}`);
          }
          return bad;
        }""",
        [letters, target],
    )
    assert [] == wrong


def test_the_keyboard_alone_suffices(visit: Open) -> None:
    """Typing offers standard questions; down, up, Escape and Enter do what a list box does; the answer comes."""
    page = visit()
    field = page.locator("#text")
    field.focus()
    page.keyboard.type("公证")
    expect(page.locator("#list li")).to_have_count(2)
    page.keyboard.press("ArrowDown")
    expect(page.locator("#list li").first).to_have_attribute("aria-selected", "true")
    expect(field).to_have_attribute("aria-activedescendant", "suggestion-0")
    page.keyboard.press("Escape")
    expect(page.locator("#suggestions")).to_be_hidden()
    page.keyboard.type("收")
    expect(page.locator("#list li").first).to_have_text("公证收费")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.locator("article.bot[data-entry='notary.fee']")).to_be_visible()
    expect(field).to_have_value("")


def test_a_ticket_is_looked_up_by_keyboard(visit: Open) -> None:
    """The opened panel has the focus in its field; Escape closes it and goes back to where one was."""
    page = visit()
    page.locator(".lookup summary").press("Enter")
    expect(page.locator("#ticket")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator(".panel")).to_be_hidden()
    expect(page.locator(".lookup summary")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#ticket")).to_be_focused()
    page.keyboard.type("k73f9q")
    page.keyboard.press("Enter")
    expect(page.locator("article.bot[data-key=ticket_unknown]")).to_be_visible()


def test_new_messages_are_heard(visit: Open) -> None:
    """Answers arrive in a log that screen readers follow, in the language they are written in."""
    page = visit()
    expect(page.get_by_role("log", name="对话")).to_have_attribute("aria-live", "polite")
    ask(page, "繼承公證怎麼辦")
    answer = page.get_by_role("log").locator("article.bot").last
    expect(answer).to_have_attribute("lang", "zh-Hant-HK")
    expect(answer).to_contain_text("帶材料去公證處")


def test_a_ticket_is_looked_up_and_an_answer_copied(visit: Open) -> None:
    """查工单 in the bar; 复制 says that it is done."""
    page = visit()
    ask(page, "今天天气怎么样")
    number = page.locator(".ticket strong").last.inner_text()
    page.locator(".lookup summary").click()
    page.locator("#ticket").fill(number.lower())
    page.keyboard.press("Enter")
    expect(page.locator("article.bot").last).to_contain_text("等待工作人员处理")
    page.locator("[data-act=copy]").last.click()
    expect(page.locator("#status")).to_have_text("已复制")


def test_the_title_stays_on_one_line_of_a_small_phone(visit: Open) -> None:
    """At 360 px the title, the ticket look-up and 长者模式 stand side by side."""
    page = visit()
    lines = page.locator(".bar h1").evaluate(
        "node => Math.round(node.getBoundingClientRect().height / parseFloat(getComputedStyle(node).lineHeight))"
    )
    assert 1 == lines


def test_without_script_nothing_is_framed_below_the_answer(visit: Open) -> None:
    """The place that a post jumps back to draws no focus ring: there is nothing to press."""
    page = visit(java_script_enabled=False)
    page.locator("#text").fill("公证收费标准")
    page.locator("#ask button").click()
    expect(page.locator("article.bot[data-entry='notary.fee']")).to_be_visible()
    expect(page.locator("#latest")).to_have_css("outline-style", "none")


@pytest.mark.parametrize("size", ["standard", "elder", "large"])
def test_the_topics_stay_within_a_wide_screen(size: str, visit: Open) -> None:
    """At 1280 x 800 the column of topics and the note below it end above the input; what does not fit scrolls inside."""
    page = visit(size=size, viewport={"width": 1280, "height": 800})
    boxes = [page.locator(name).bounding_box() for name in (".topics .list", ".topics .small", "footer.entry")]
    ends = [box["y"] + box["height"] for box in boxes[:2] if box]
    assert boxes[2] is not None
    assert [True, True] == [end <= boxes[2]["y"] for end in ends], boxes
    last = page.locator(".topics button").last
    last.scroll_into_view_if_needed()
    expect(last).to_be_in_viewport(ratio=1)


@pytest.mark.parametrize("size", ["standard", "elder", "large"])
def test_the_ticket_look_up_is_whole_on_a_phone(size: str, visit: Open) -> None:
    """The opened panel, its field and its button lie inside 360 px."""
    page = visit(size=size)
    lookup(page)
    for part in (".panel", "#ticket", ".panel button"):
        expect(page.locator(part)).to_be_in_viewport(ratio=1)


def test_a_hotline_is_called_with_a_tap(visit: Open) -> None:
    """12348 in an answer is a tel: link."""
    page = visit()
    ask(page, "今天天气怎么样")
    expect(page.locator("article.bot .tel").last).to_have_attribute("href", "tel:12348")


def test_only_what_is_worth_keeping_has_acts(visit: Open) -> None:
    """朗读, 复制 and 分享 stand below an answer and a ticket, not below a menu."""
    page = visit()
    for said, acts in (("继承公证怎么办", 1), ("今天天气怎么样", 1), ("菜单", 0)):
        ask(page, said)
        expect(page.locator("article.bot").last.locator(".acts")).to_have_count(acts)


def test_without_script_one_lands_at_the_question(visit: Open) -> None:
    """After a post the page stands at the beginning of the newest exchange, below the bar."""
    page = visit(java_script_enabled=False)
    for said in ("公证收费标准", "继承公证怎么办"):
        page.locator("#text").fill(said)
        page.locator("#ask button").click()
        expect(page.locator("article.person").last).to_contain_text(said)
    expect(page.locator("#latest")).to_have_count(1)
    expect(page.locator("#latest")).to_contain_text("继承公证怎么办")
    expect(page.locator("#latest .bubble")).to_be_in_viewport(ratio=1)
