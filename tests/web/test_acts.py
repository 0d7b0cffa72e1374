"""朗读, 复制 and 分享 below an answer, pressed."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.web.looking import Open, ask

pytestmark = pytest.mark.browser
SPEECH = """
window.heard = [];
let speaking = null;
const end = (how) => { const said = speaking; speaking = null; setTimeout(() => said?.[how]?.(new Event(how.slice(2)))); };
window.finish = () => end("onend");
Object.defineProperty(window, "speechSynthesis", { value: {
  speak: (said) => { speaking = said; window.heard.push([said.text, said.lang]); },
  cancel: () => end("onerror"),
} });
"""
SHARE = """
window.shared = [];
Object.defineProperty(navigator, "share", { configurable: true, value: async (what) => {
  window.shared.push(what);
  if (window.closes) throw new DOMException("closed", "AbortError");
} });
"""
NO_SHARE = 'Object.defineProperty(navigator, "share", { value: undefined });'


def answered(visit: Open, script: str, question: str = "继承公证怎么办", **options: Any) -> Page:
    """A page with one answer; `script` stands in for what the browser of the person can do."""
    page = visit(**options)
    page.add_init_script(script)
    page.reload()
    ask(page, question)
    return page


def act(page: Page, name: str, answer: int = -1) -> Locator:
    """The button below an answer, by default the last one."""
    return page.locator("article.bot[data-key]").nth(answer).locator(f"[data-act={name}]")


def test_an_answer_is_read_aloud_and_stopped(visit: Open) -> None:
    """Words and sources in the answer's language; pressed again it stops, at the end the button is itself again."""
    page = answered(visit, SPEECH)
    button = act(page, "read")
    button.click()
    expect(button).to_have_text("停止朗读")
    expect(button).to_have_attribute("aria-pressed", "true")
    ((text, lang),) = page.evaluate("heard")
    assert ("zh-CN", True, True) == (lang, "带材料去公证处" in text, "依据：" in text)
    for ends in (button.click, lambda: page.evaluate("finish()")):
        ends()
        expect(button).to_have_text("朗读")
        expect(button).to_have_attribute("aria-pressed", "false")
        assert 1 == len(page.evaluate("heard"))
        button.click()
        expect(button).to_have_text("停止朗读")
        page.evaluate("heard.pop()")


def test_one_answer_is_read_at_a_time(visit: Open) -> None:
    """Reading another one ends the first; a Traditional one is read as such."""
    page = answered(visit, SPEECH)
    ask(page, "繼承公證怎麼辦")
    act(page, "read", 0).click()
    expect(act(page, "read", 0)).to_have_text("停止朗读")
    act(page, "read", 1).click()
    expect(act(page, "read", 0)).to_have_text("朗读")
    assert ["zh-CN", "zh-Hant-HK"] == [lang for _, lang in page.evaluate("heard")]
    assert "帶材料去公證處" in page.evaluate("heard[1][0]")


def test_without_a_voice_there_is_no_button_for_it(visit: Open) -> None:
    """Nothing is shown that the browser cannot do."""
    page = answered(visit, "delete window.speechSynthesis; delete Window.prototype.speechSynthesis;")
    expect(act(page, "copy")).to_be_visible()
    expect(act(page, "read")).to_have_count(0)


def test_an_answer_is_shared(visit: Open) -> None:
    """The browser's own sheet gets title, words and sources; one that is closed is no error, and the label stays."""
    page = answered(visit, SHARE)
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    button = act(page, "share")
    for number, closes in enumerate(("false", "true"), 1):
        page.evaluate(f"window.closes = {closes}")
        button.click()
        page.wait_for_function(f"shared.length === {number}")
        expect(button).to_have_text("分享")
    shared = page.evaluate("shared[0]")
    assert page.title() == shared["title"]
    assert ["带材料去公证处" in shared["text"], "依据：" in shared["text"]] == [True, True]
    assert [] == wrong


def test_without_a_sheet_an_answer_is_copied_with_the_address(visit: Open, site: str) -> None:
    """Pasted elsewhere, it says where it is from."""
    page = answered(visit, NO_SHARE, permissions=["clipboard-read", "clipboard-write"])
    act(page, "share").click()
    expect(act(page, "share")).to_have_text("已复制")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert (True, True) == ("带材料去公证处" in copied, copied.endswith(f"\n{site}/"))


@pytest.mark.parametrize(("name", "label"), [("copy", "复制"), ("share", "分享")])
def test_pressed_twice_a_button_gets_its_own_label_back(visit: Open, name: str, label: str) -> None:
    """Pressed again while it says 已复制, it says so for as long again and is then called what it is."""
    page = answered(visit, NO_SHARE, permissions=["clipboard-read", "clipboard-write"])
    page.clock.install()
    button = act(page, name)
    button.click()
    expect(button).to_have_text("已复制")
    page.evaluate("document.getElementById('status').textContent = ''")
    page.clock.run_for(1500)
    button.click()
    expect(page.locator("#status")).to_have_text("已复制")
    page.clock.run_for(1500)
    expect(button).to_have_text("已复制")
    page.clock.run_for(1500)
    expect(button).to_have_text(label)
    button.click()
    expect(button).to_have_text("已复制")
    page.clock.run_for(2500)
    expect(button).to_have_text(label)
