"""What is sent while an answer is on its way: it stays where it was typed or pressed until it can be sent."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, Route, expect

from tests.web.looking import Open, ask

pytestmark = pytest.mark.browser
QUESTION = "法律援助收费吗"


def held(page: Page, question: str = QUESTION) -> list[Route]:
    """Ask a question whose answer does not come before its request, which is given, is let go; later ones pass."""
    waiting: list[Route] = []
    page.route("**/say", lambda route: route.continue_() if waiting else waiting.append(route))
    page.locator("#text").fill(question)
    page.locator("#ask button").click()
    expect(page.locator(".typing")).to_be_visible()
    return waiting


def let_go(page: Page, waiting: list[Route]) -> None:
    """The answer comes."""
    waiting[0].continue_()
    expect(page.locator("article.bot[data-entry='legal_aid.cost']")).to_be_visible()


def test_a_ticket_looked_up_meanwhile_stays_in_its_field(visit: Open) -> None:
    """The panel stays open with the number, and sends it once the answer is there."""
    page = visit()
    waiting = held(page)
    page.locator(".lookup summary").click()
    page.locator("#ticket").fill("K7-3F9Q")
    page.keyboard.press("Enter")
    expect(page.locator("#ticket")).to_be_visible()
    expect(page.locator("#ticket")).to_have_value("K7-3F9Q")
    let_go(page, waiting)
    page.locator(".panel button").click()
    expect(page.locator("article.bot[data-key=ticket_unknown]")).to_be_visible()
    expect(page.locator("#ticket")).to_be_hidden()
    expect(page.locator("#ticket")).to_have_value("")


def test_a_suggestion_taken_meanwhile_stays_in_the_list(visit: Open) -> None:
    """What was typed stays too; taken again once the answer is there, it is sent and the field is empty."""
    page = visit()
    waiting = held(page)
    page.locator("#text").press_sequentially("公证收费")
    page.locator("#list li").first.wait_for()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.locator("#text")).to_have_value("公证收费")
    expect(page.locator("#list li").first).to_be_visible()
    let_go(page, waiting)
    page.locator("#list li").first.click()
    expect(page.locator("article.bot[data-entry='notary.fee']")).to_be_visible()
    expect(page.locator("#text")).to_have_value("")
    expect(page.locator("#suggestions")).to_be_hidden()


def test_a_question_typed_meanwhile_outlives_a_failure(visit: Open) -> None:
    """Enter leaves it in the field; when the first one fails, that one does not take its place."""
    page = visit()
    waiting = held(page)
    page.locator("#text").fill("公证收费标准")
    page.keyboard.press("Enter")
    expect(page.locator("#text")).to_have_value("公证收费标准")
    waiting[0].fulfill(status=400)
    expect(page.locator(".trouble")).to_be_visible()
    expect(page.locator("#text")).to_have_value("公证收费标准")
    expect(page.locator("article.person").last).to_contain_text(QUESTION)


def test_a_question_that_failed_comes_back_into_an_empty_field(visit: Open) -> None:
    """As it was typed, to be sent again."""
    page = visit()
    waiting = held(page)
    waiting[0].fulfill(status=400)
    expect(page.locator("#text")).to_have_value(QUESTION)
    ask(page, QUESTION)
    expect(page.locator("article.bot[data-entry='legal_aid.cost']")).to_be_visible()


def test_a_question_to_be_sent_again_is_back_in_the_field(visit: Open) -> None:
    """Nobody types five hundred characters twice: what was too long can be shortened there."""
    page, story = visit(), "我想问一下继承的事" * 70
    ask(page, story)
    expect(page.locator("article.bot[data-key=too_long]")).to_be_visible()
    expect(page.locator("#text")).to_have_value(story)


def test_what_was_typed_meanwhile_stays_when_a_question_has_to_be_sent_again(visit: Open) -> None:
    """The question to be sent again is not put over it."""
    page = visit()
    waiting = held(page, "我想问一下继承的事" * 70)
    page.locator("#text").fill(QUESTION)
    waiting[0].continue_()
    expect(page.locator("article.bot[data-key=too_long]")).to_be_visible()
    expect(page.locator("#text")).to_have_value(QUESTION)


def test_what_was_deleted_is_gone_from_the_open_page(visit: Open) -> None:
    """Who uses a machine of many people deletes their records before they leave it: nothing of before can be read."""
    page = visit()
    ask(page, QUESTION)
    ask(page, "删除我的记录")
    page.locator("#text").fill("确认删除")
    page.locator("#ask button").click()
    expect(page.locator("article.bot[data-key=forget_done]")).to_be_visible()
    expect(page.locator("#talk > article")).to_have_count(3)
    expect(page.get_by_text(QUESTION)).to_have_count(0)


@pytest.mark.parametrize("scripts", [True, False])
def test_the_answer_to_a_long_question_is_in_sight(visit: Open, scripts: bool) -> None:
    """Who is in danger and writes a long story sees the number, not only the own words."""
    page = visit(scripts=scripts)
    page.locator("#text").fill("我们结婚十年了一直过得不好" * 30 + "他现在正在打我")
    page.locator("#ask button").click()
    expect(page.locator("article.bot .emergency a").first).to_be_in_viewport()
