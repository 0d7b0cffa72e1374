"""What tests of the page in a browser do again and again."""

from __future__ import annotations

from collections.abc import Callable
from importlib.resources import files

from playwright.sync_api import Page, expect

Open = Callable[..., Page]
_AXE = (files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8")


def ask(page: Page, text: str) -> None:
    """Type and send; the answer is there."""
    before = page.locator("#talk article.bot[data-key]").count()
    page.locator("#text").fill(text)
    page.locator("#ask button").click()
    expect(page.locator("#talk article.bot[data-key]")).to_have_count(before + 1, timeout=30_000)


def violations(page: Page) -> list[str]:
    """What axe-core finds, all rules but experimental ones. Evaluated, as the page's policy forbids a script tag."""
    page.evaluate(_AXE + "; null")
    found = page.evaluate("axe.run(document)")["violations"]
    return [f"{v['id']}: {node['html'][:200]} {node['failureSummary']}" for v in found for node in v["nodes"]]
