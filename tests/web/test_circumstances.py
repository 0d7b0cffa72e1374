"""The page where a browser shows it otherwise: every width, little height, colours of the person's own, on paper."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.web.looking import Open, ask

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("size", ["standard", "elder", "large"])
def test_the_look_up_stays_on_the_screen(visit: Open, size: str) -> None:
    """At every width, also of a page at 200 % on a large screen (WCAG 2.2, 1.4.4 and 1.4.10)."""
    page = visit(size=size)
    page.locator(".lookup summary").click()
    for width in (320, 360, 620, 621, 640, 768, 999, 1000, 1280):
        page.set_viewport_size({"width": width, "height": 800})
        box = page.locator(".panel").bounding_box()
        assert box is not None
        assert 0 <= box["x"] <= box["x"] + box["width"] <= width, (width, box)


@pytest.mark.parametrize("size", ["standard", "elder"])
def test_a_low_screen_belongs_to_the_conversation(visit: Open, size: str) -> None:
    """A telephone on its side, a page at 400 %: the bar scrolls away with what was read."""
    page = visit(size=size, viewport={"width": 740, "height": 360})
    ask(page, "公证收费标准")
    expect(page.locator(".bar")).not_to_be_in_viewport()
    expect(page.locator("article.bot").last).to_be_in_viewport()


def test_the_chosen_suggestion_shows_in_forced_colours(visit: Open) -> None:
    """Grounds and shadows are taken away there (CSS Color Adjustment, forced colors)."""
    page = visit(forced_colors="active")
    page.locator("#text").press_sequentially("公证")
    page.locator("#list li").first.wait_for()
    page.keyboard.press("ArrowDown")
    styles = page.locator("#list li").evaluate_all("rows => rows.map(row => getComputedStyle(row).outlineStyle)")
    assert ["solid", *["none"] * (len(styles) - 1)] == styles


def test_paper_has_what_was_said_and_nothing_to_press(visit: Open) -> None:
    """Also from a dark screen: black on white."""
    page = visit(color_scheme="dark")
    ask(page, "公证收费标准")
    page.emulate_media(media="print")
    for name in (".entry", ".tools", ".lookup", ".after", ".chips"):
        expect(page.locator(name).first).to_be_hidden()
    expect(page.locator("article.bot").last).to_contain_text("依据：")
    assert "rgb(17, 17, 17)" == page.locator("article.bot p").last.evaluate(
        "p => getComputedStyle(document.body).color"
    )
