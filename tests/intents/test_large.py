"""Bases too large for work on every candidate: short lists, the same promises."""

from __future__ import annotations

import pytest

from bench.synthetic import synthetic
from intents import Context, KnowledgeBase, Matcher
from intents.large import LargeRanker
from intents.linear import MAX_PHRASES


@pytest.fixture(scope="module")
def large(shipped: KnowledgeBase) -> Matcher:
    """A matcher on more phrases than the linear models take."""
    real = [q for e in shipped.entries.values() for q in e.questions]
    return Matcher(KnowledgeBase.from_phrases(synthetic(real, MAX_PHRASES + 1_000), shipped.lexicon))


def test_large_bases_are_ranked_by_short_lists(large: Matcher) -> None:
    """The other ranker is used, and a stored question still always reaches its entry."""
    assert isinstance(large.ranker, LargeRanker)
    for entry in list(large.knowledge.entries.values())[::97]:
        for question in entry.questions:
            assert large.match(question).entry == entry.id


def test_near_copies_are_found_among_many(large: Matcher) -> None:
    """A stored question with a word dropped ranks its entry first, or among the first three."""
    missed = []
    for entry in list(large.knowledge.entries.values())[::53]:
        question = entry.questions[0]
        if len(question) >= 12:
            match = large.match(question[:5] + question[6:])
            if entry.id not in [c.entry for c in match.candidates[:3]]:
                missed.append(question)
    assert [] == missed


def test_any_text_gets_a_well_formed_match(large: Matcher) -> None:
    """Unknown, empty and very long texts are answered like any other."""
    for text in ("", "？？", "zzz", "公证" * 3_000, "\ud800", "天"):
        match = large.match(text)
        assert 0 <= match.confidence <= 1
        assert (match.entry is None) == (match.outcome != "answer")


def test_the_conversation_has_a_say(large: Matcher) -> None:
    """The entry spoken of is on the short list of a follow-up, whatever its words."""
    entry = next(iter(large.knowledge.entries))
    weighed = large.weigh(large.question("那要多久"), Context(entry))
    assert entry in weighed.names
