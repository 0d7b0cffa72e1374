"""Bases too large for work on every candidate: short lists, the same promises."""

from __future__ import annotations

from unittest.mock import patch

import pytest

from bench.oracle import everyone, scan
from bench.synthetic import synthetic
from bot.paths import knowledge_dir
from intents import Context, KnowledgeBase, Matcher
from intents.evaluate import read_cases
from intents.large import LargeRanker
from intents.model import NO_ENTRY, ROUTING


@pytest.fixture(scope="module")
def large(shipped: KnowledgeBase) -> Matcher:
    """A matcher that has more phrases than it may compare each text with."""
    real = [q for e in shipped.entries.values() for q in e.questions]
    with patch("intents.matcher.MAX_PHRASES", 24_000):
        return Matcher(KnowledgeBase.from_phrases(synthetic(real, 25_000), shipped.lexicon))


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


def test_what_a_ranking_of_all_puts_first_is_on_the_short_list(large: Matcher) -> None:
    """A question that shares a little with many phrases of an entry and much with none is listed by BM25."""
    texts = [c.text for c in read_cases(knowledge_dir() / "tests" / "residents.yaml") if c.kind == "question"][:60]
    names, missed = large.ranker.scorer.candidates, []
    for question in map(large.question, texts):
        first = names[int(everyone(large, question).argmax())]
        if first not in large.weigh(question).names:
            missed.append(question.text)
    assert [] == missed


def test_the_nearest_phrase_of_who_is_listed_by_bm25_is_known(large: Matcher) -> None:
    """Its cosine is that of a full scan, so that it is compared letter by letter like the others."""
    ranker = large.ranker
    assert isinstance(ranker, LargeRanker)
    cosine = ranker.signals.index("cosine")
    question = large.question("我想问一下请律师打官司没有钱的话法律援助那边到底是怎么申请的要多久")
    asked = ranker.index.asked(question.normal)
    cosines, found = scan(ranker.index, asked), ranker.index.nearest(asked).phrases
    among_nearest = {ranker.scorer.candidates[n] for n in ranker.scorer.group_owner[ranker.index.groups[found]]}
    owners = ranker.scorer.group_owner[ranker.index.groups]
    weighed = large.weigh(question)
    by_bm25 = {*weighed.names} - {*ROUTING, NO_ENTRY} - among_nearest
    assert by_bm25
    for name, value in zip(weighed.names, weighed.values[:, cosine].tolist(), strict=True):
        if name in by_bm25:
            assert value == pytest.approx(float(cosines[owners == ranker.scorer.position[name]].max()), abs=1e-5)
