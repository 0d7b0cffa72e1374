"""How a reply looks on Telegram: no injection, no limit broken, nothing cut off."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bot import replies
from bot.channels.telegram_view import DATA_BYTES, TEXT_UNITS, keyboard, option_data, option_of, pages, units
from bot.messages import Call, Citation, Option, Reply
from intents import Matcher
from tests.channels.bot_api import shown

NASTY = st.text(alphabet=st.sampled_from("<>&\"'/b一😀。\n a;#lt"), max_size=9000)


def reply(text: str, **more: object) -> Reply:
    """A reply with this text."""
    return Reply(key="entry", text=text, outcome="answer", **more)  # type: ignore[arg-type]  # fields by name


@given(text=NASTY)
def test_no_text_can_become_markup(sample_matcher: Matcher, text: str) -> None:
    """Whatever the text, Telegram reads valid HTML, shows exactly the text, and no page breaks the limit."""
    found = pages(sample_matcher.knowledge, reply(text))
    seen = [shown(page, "HTML") for page in found]
    assert all(units(raw) <= TEXT_UNITS for raw in found)
    bare = "".join(seen) if len(seen) == 1 else "".join(page.rpartition("\n")[0] for page in seen)
    assert text.replace("\n", "") == bare.replace("\n", "")


def test_markup_in_numbers_and_sources_is_escaped(sample_matcher: Matcher) -> None:
    """Calls and citations go through the same escaping as the text."""
    found = pages(
        sample_matcher.knowledge,
        reply(
            "<i>甲</i>", calls=(Call("1<1>0", "报<b>警"),), sources=(Citation("<a>", "<a href=x>"),), checked="2026-11"
        ),
    )
    assert ["☎ 1<1>0 报<b>警\n<i>甲</i>\n依据：《<a href=x>》 · 2026-11 核对"] == [
        shown(page, "HTML") for page in found
    ]


def test_more_sources_are_folded(sample_matcher: Matcher) -> None:
    """Three are named, the rest is behind a fold."""
    sources = tuple(Citation(f"法{n}", f"法{n}", f"第{n}条") for n in range(1, 6))
    (page,) = pages(sample_matcher.knowledge, reply("结论。", sources=sources, checked="2026-11"))
    line, _, folded = page.partition("<blockquote expandable>")
    assert ("《法3》第3条" in line, "《法4》第4条" in line, "《法4》第4条、《法5》第5条" in folded) == (
        True,
        False,
        True,
    )


def test_pages_have_numbers_and_buttons(sample_matcher: Matcher) -> None:
    """A long answer is pages with 上一页 and 下一页; options and feedback stand on the last one only."""
    base = sample_matcher.knowledge
    long = reply("这是一句话。" * 1500, options=(Option("notary.fee", "公证收费"),), feedback=True)
    found = pages(base, long)
    assert 3 == len(found)
    assert [f"第 {n} 页，共 3 页" for n in (1, 2, 3)] == [page.splitlines()[-1] for page in found]
    rows = [
        [[b.text for b in row] for row in markup.inline_keyboard] if (markup := keyboard(base, long, "r", n, 3)) else []
        for n in (1, 2, 3)
    ]
    assert [[["下一页"]], [["上一页", "下一页"]], [["上一页"], ["公证收费"], ["有帮助", "没帮助"]]] == rows


@given(option=st.text(min_size=1, max_size=120))
def test_callback_data_fits(option: str) -> None:
    """Never more than 64 bytes, whatever the id."""
    assert len(option_data(option).encode()) <= DATA_BYTES


def test_every_option_of_the_shipped_knowledge_comes_back(matcher: Matcher) -> None:
    """Each entry and topic is found again behind its button."""
    base = matcher.knowledge
    ids = [*base.entries, *(topic.id for topic in base.topics)]
    assert ids == [option_of(base, option_data(i)) for i in ids]


def test_every_shipped_answer_is_one_page(matcher: Matcher) -> None:
    """Curated answers never need a second page."""
    base = matcher.knowledge
    today = next(e.reviewed for e in base.entries.values() if e.reviewed)
    found = {i: len(pages(base, replies.entry(base, i, 1.0, today))) for i in base.entries}
    assert {} == {i: n for i, n in found.items() if n != 1}
