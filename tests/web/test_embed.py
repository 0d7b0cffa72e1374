"""The script tag on another site's page, in a real browser: who is on the list has the chat, who is not has nothing."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.resources import files

import pytest
from playwright.sync_api import Browser, BrowserContext, Frame, Page, expect

from tests.web.conftest import running_site
from tests.web.host_page import Host, other_site

pytestmark = pytest.mark.browser
AXE = (files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8")
ENTRY = "article.bot[data-entry='notary.inheritance']"


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    """Another site, on our list by its name only; cookies as over HTTPS, which browsers allow on this machine."""
    with other_site() as other:
        allowed = {"FAWEN_WEB__EMBED_ORIGINS": other.named, "FAWEN_WEB__SECURE_COOKIES": "true"}
        with running_site(tmp_path_factory.mktemp("embed"), **allowed) as address:
            other.embeds = address
            yield other


@pytest.fixture
def context(chromium: Browser) -> Iterator[BrowserContext]:
    """A visitor of the other site."""
    made = chromium.new_context(viewport={"width": 1280, "height": 800}, locale="zh-CN", reduced_motion="reduce")
    made.set_default_timeout(30_000)
    yield made
    made.close()


def opened(page: Page) -> Frame:
    """Press the button; the frame once its page is there."""
    page.locator("#fawen-button").click()
    frame = page.frame_locator("#fawen-frame")
    frame.locator("#text").wait_for()
    return page.frames[1]


def ask(frame: Frame) -> None:
    frame.locator("#text").fill("继承公证怎么办")
    frame.locator("#ask button").click()
    expect(frame.locator(ENTRY)).to_contain_text("带材料去公证处")


def violations(where: Page | Frame) -> list[str]:
    """What axe-core finds in this document; a frame is looked at by itself."""
    where.evaluate(AXE + "; null")
    found = where.evaluate("axe.run(document, { iframes: false })")["violations"]
    return [f"{v['id']}: {node['html'][:200]} {node['failureSummary']}" for v in found for node in v["nodes"]]


def test_a_site_on_the_list_has_the_chat(host: Host, context: BrowserContext) -> None:
    """The button opens the chat, it answers, axe-core finds nothing in either page; closed by the button, open again as left."""
    page = context.new_page()
    page.goto(f"{host.named}/")
    frame = opened(page)
    ask(frame)
    assert ([], []) == (violations(page), violations(frame))
    button = page.locator("#fawen-button")
    expect(button).to_have_attribute("aria-expanded", "true")
    button.click()
    expect(page.locator("#fawen-frame")).to_be_hidden()
    expect(button).to_be_focused()
    button.click()
    expect(frame.locator(ENTRY)).to_be_visible()


def test_the_visit_lives_in_the_frame_and_only_there(host: Host, context: BrowserContext) -> None:
    """The next page of the other site shows what was asked; the chat opened by itself does not (partitioned cookies)."""
    page = context.new_page()
    page.goto(f"{host.named}/")
    ask(opened(page))
    page.goto(f"{host.named}/next")
    expect(opened(page).locator(ENTRY)).to_have_count(1)
    page.goto(host.embeds)
    expect(page.locator("#text")).to_be_visible()
    expect(page.locator(ENTRY)).to_have_count(0)


def test_on_a_phone_the_chat_fills_the_screen(host: Host, context: BrowserContext) -> None:
    """Frame above, button as a bar below it, nothing of the other page between; axe-core finds nothing."""
    page = context.new_page()
    page.set_viewport_size({"width": 360, "height": 740})
    page.goto(f"{host.named}/")
    frame = opened(page)
    boxes = [page.locator(name).bounding_box() for name in ("#fawen-frame", "#fawen-button")]
    assert [
        {"x": 0, "y": 0, "width": 360, "height": 680},
        {"x": 0, "y": 680, "width": 360, "height": 60},
    ] == boxes
    assert ([], []) == (violations(page), violations(frame))


def test_a_site_not_on_the_list_has_nothing(host: Host, context: BrowserContext) -> None:
    """No button (and the reason for whoever looks); a frame made by hand stays empty; the API may not be read."""
    page = context.new_page()
    with page.expect_console_message(lambda said: "web.embed_origins" in said.text) as said:
        page.goto(f"{host.numbered}/")
    assert host.numbered in said.value.text
    expect(page.locator("h1")).to_have_text("办事指南")
    expect(page.locator("#fawen-button, #fawen-frame")).to_have_count(0)
    called = f"fetch('{host.embeds}/api/suggest?q=公证').then(() => 'read', (error) => error.name)"
    assert "TypeError" == page.evaluate(called)

    refusals = "frame-ancestors"
    with page.expect_console_message(lambda said: refusals in said.text):
        page.goto(f"{host.numbered}/frame")
    expect(page.frame_locator("#by-hand").locator("#text")).to_have_count(0)


def test_the_list_lets_a_frame_made_by_hand_in(host: Host, context: BrowserContext) -> None:
    """The same frame and call on the origin that is on the list: what the test above sees refused does work there."""
    page = context.new_page()
    page.goto(f"{host.named}/frame")
    expect(page.frame_locator("#by-hand").locator("#text")).to_be_visible()
    called = f"fetch('{host.embeds}/api/suggest?q=公证').then((found) => found.status, (error) => error.name)"
    assert 200 == page.evaluate(called)


def test_what_is_not_there_is_said_in_the_frame(host: Host, context: BrowserContext) -> None:
    """A page of the house with its way back, not a blank frame; the console is never shown there."""
    page = context.new_page()
    page.goto(f"{host.named}/frame")
    frame = page.frames[1]
    frame.goto(f"{host.embeds}/nothing")
    expect(frame.locator("h1")).to_contain_text("没有这个页面")
    frame.locator("a.primary").click()
    expect(frame.locator("#text")).to_be_visible()
    with page.expect_console_message(lambda said: "frame-ancestors" in said.text):
        page.evaluate(
            "address => { document.getElementById('by-hand').src = address; }", f"{host.embeds}/console/nothing"
        )
    expect(page.frame_locator("#by-hand").locator(".alone")).to_have_count(0)
