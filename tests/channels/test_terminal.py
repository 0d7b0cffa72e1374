"""The terminal: the same conversation, options by number, feedback by + and -."""

from __future__ import annotations

import io
from collections.abc import Iterator

from rich.console import Console

from bot.channels.terminal import TerminalChat
from bot.config import Dialogue as Limits
from bot.dialogue import Dialogue
from intents import Matcher
from tests.fakes import FakeClock, MemoryStore


async def talk(matcher: Matcher, *typed: str) -> tuple[str, MemoryStore]:
    """What the screen shows after these lines, and what was stored."""
    store, screen, lines = MemoryStore(), io.StringIO(), iter([*typed, None])
    clock = FakeClock()
    dialogue = Dialogue(lambda: matcher, store, Limits(), clock)
    console = Console(file=screen, width=80, force_terminal=False)

    def next_line(source: Iterator[str | None] = lines) -> str | None:
        return next(source)

    await TerminalChat(dialogue, lambda: matcher.knowledge, clock, console).talk(next_line)
    return screen.getvalue(), store


async def test_a_question_its_source_and_feedback(sample_matcher: Matcher) -> None:
    shown, store = await talk(sample_matcher, "公证收费标准", "-")
    assert "以公示为准" in shown
    assert "依据：" in shown
    (ticket,) = store.opened.values()
    assert ticket.number in shown
    assert ticket.text == "公证收费标准"


async def test_the_menu_is_walked_by_numbers(sample_matcher: Matcher) -> None:
    shown, _ = await talk(sample_matcher, "/menu", "2", "1")
    assert "带材料去公证处" in shown


async def test_an_emergency_shows_its_number(sample_matcher: Matcher) -> None:
    shown, _ = await talk(sample_matcher, "他现在正在打我")
    assert "110 报警" in shown


async def test_every_line_fits_80_columns(sample_matcher: Matcher) -> None:
    from rich.cells import cell_len

    shown, _ = await talk(sample_matcher, "公证收费标准", "菜单", "今天天气怎么样")
    assert max(cell_len(line) for line in shown.splitlines()) <= 80


async def test_words_behind_a_command_are_the_question(sample_matcher: Matcher) -> None:
    """/human with text is about the text, /help with text is answered; a command of nobody's is a question too."""
    shown, store = await talk(sample_matcher, "法律援助收费吗", "/human 我的房产证被扣了", "/help 公证收费标准")
    assert ["我的房产证被扣了"] == [ticket.text for ticket in store.opened.values()]
    assert "以公示为准" in shown
