"""Remembering what was understood changes no answer."""

from __future__ import annotations

from bot.recall import Recall
from intents import Context, Matcher

TEXTS = ("公证收费标准", "继承公证怎么办", "那要多少钱", "今天天气怎么样", "公证收费标准")


def test_it_gives_what_the_matcher_gives(sample_matcher: Matcher) -> None:
    """With and without context, asked twice, also when there is room for one only."""
    for most in (0, 1, 100):
        recall = Recall(most)
        for context in (None, Context("notary.inheritance"), None):
            expected = [sample_matcher.match(text, context) for text in TEXTS]
            assert expected == [recall.match(sample_matcher, text, context) for text in TEXTS]


def test_it_asks_once(sample_matcher: Matcher) -> None:
    """The second time it is the very same Match; new knowledge starts anew."""
    recall = Recall()
    first = recall.match(sample_matcher, "公证收费标准")
    assert first is recall.match(sample_matcher, "公证收费标准")
    other = Matcher(sample_matcher.knowledge)
    assert first is not recall.match(other, "公证收费标准")
