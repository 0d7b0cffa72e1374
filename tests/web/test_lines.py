"""How a reply's text is laid out: nothing is added or lost, steps and hotlines are marked, markup stays text."""

from __future__ import annotations

import html
import re

import pytest

from bot.channels.lines import by_law, lines, whole
from bot.messages import Citation
from intents import KnowledgeBase


def bare(markup: str) -> str:
    return html.unescape(re.sub(r"<[^>]+>", "", markup))


def test_no_character_of_any_answer_is_added_or_lost(shipped: KnowledgeBase) -> None:
    """Every shipped answer reads the same without the tags; only empty lines and a step's missing space differ."""
    laid_out = {entry.id: bare(lines(entry.answer)) for entry in shipped.entries.values()}
    written = {
        entry.id: "\n".join(
            re.sub(r"^(\d{1,2}[.．、]) ?(?=\S)", r"\1 ", line.strip())
            for line in entry.answer.split("\n")
            if line.strip()
        )
        for entry in shipped.entries.values()
    }
    assert written == laid_out


@pytest.mark.parametrize(
    ("text", "laid_out"),
    [
        ("怎么办：", '<span class="line head">怎么办：</span>'),
        ("1. 带上证件", '<span class="line step"><span class="at">1.</span> 带上证件</span>'),
        ("2.5 倍", '<span class="line">2.5 倍</span>'),
        ("一\n\n二", '<span class="line">一</span>\n<span class="line">二</span>'),
        ("打 12348。", '<span class="line">打 <a class="tel" href="tel:12348">12348</a>。</span>'),
        ("网上看 gd.12348.gov.cn", '<span class="line">网上看 gd.12348.gov.cn</span>'),
        ("编号 123480", '<span class="line">编号 123480</span>'),
        ("打 110", '<span class="line">打 110</span>'),
        ("<b>粗</b>&", '<span class="line">&lt;b&gt;粗&lt;/b&gt;&amp;</span>'),
    ],
)
def test_a_line(text: str, laid_out: str) -> None:
    """Headings, steps, hotlines of five digits by themselves, and text that looks like markup."""
    assert laid_out == lines(text)


@pytest.mark.parametrize("kept", ["K7-3F9Q", "12月1日", "12 月 1 日", "2026-11 核对"])
def test_what_stays_in_one_piece(kept: str) -> None:
    """A ticket number, a day, the month of checking."""
    assert f'在<span class="number">{kept}</span>。' == whole(f"在{kept}。")


def test_each_law_once() -> None:
    """Articles of one law stand behind its title, in the order of citing; what has no article stands by itself."""
    cited = [
        Citation("公证法", "公证法", "第二条"), Citation("通知", "通知"), Citation("公证法", "公证法", "第三条", ""),
        Citation("调解法", "调解法", "第一条", "https://flk.npc.gov.cn/a"),
    ]  # fmt: skip
    assert [
        ("公证法", "第二条、第三条", ""), ("通知", "", ""), ("调解法", "第一条", "https://flk.npc.gov.cn/a"),
    ] == by_law(cited)  # fmt: skip
