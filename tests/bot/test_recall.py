"""Remembering what was understood changes no answer."""

from __future__ import annotations

import asyncio
import sys
from unittest.mock import patch

from bot.recall import Recall
from intents import Context, Match, Matcher
from intents.steps import Steps

TEXTS = ("公证收费标准", "继承公证怎么办", "那要多少钱", "今天天气怎么样", "公证收费标准")


async def test_it_gives_what_the_matcher_gives(sample_matcher: Matcher) -> None:
    """With and without context, asked twice, also when there is room for one only."""
    for most in (0, 1, 100):
        recall = Recall(most)
        for context in (None, Context("notary.inheritance"), None):
            expected = [sample_matcher.match(text, context) for text in TEXTS]
            assert expected == [await recall.match(sample_matcher, text, context) for text in TEXTS]


async def test_it_asks_once(sample_matcher: Matcher) -> None:
    """The second time it is the very same Match; new knowledge starts anew."""
    recall = Recall()
    first = await recall.match(sample_matcher, "公证收费标准")
    assert first is await recall.match(sample_matcher, "公证收费标准")
    other = Matcher(sample_matcher.knowledge)
    assert first is not await recall.match(other, "公证收费标准")


async def test_a_change_of_the_knowledge_is_forgotten_bit_by_bit(sample_matcher: Matcher) -> None:
    """What was understood before makes room one by one, never beyond the room there is, and is not found again."""
    recall, other = Recall(3), Matcher(sample_matcher.knowledge)
    before = [await recall.match(sample_matcher, text) for text in TEXTS[:3]]
    held = [sys.getrefcount(match) for match in before]
    after = [await recall.match(other, text) for text in TEXTS[:2]]
    assert after == before[:2]
    assert all(new is not old for new, old in zip(after, before, strict=False))
    still = [sys.getrefcount(match) for match in before]
    assert [held[0] - 1, held[1] - 1, held[2]] == still
    # back to the first matcher: a change as well
    assert after[0] is not await recall.match(sample_matcher, TEXTS[0])


async def test_many_questions_at_once_leave_room_between_them(sample_matcher: Matcher) -> None:
    """Ten people ask in the same moment: no two are worked out in one turn of the event loop, and all are answered."""
    turn, at = 0, list[int]()
    loop = asyncio.get_running_loop()

    def count() -> None:
        nonlocal turn
        turn += 1
        loop.call_soon(count)

    def matching(self: Matcher, text: str, context: Context | None = None) -> Steps[Match]:
        at.append(turn)
        yield from ()
        return Match(text, "none", None, (), 0.0, "empty")

    loop.call_soon(count)
    with patch.object(Matcher, "matching", matching):
        recall, texts = Recall(), [f"问题{n}" for n in range(10)]
        found = await asyncio.gather(*(recall.match(sample_matcher, text) for text in texts))
    assert (texts, 10) == ([match.text for match in found], len(set(at)))
