"""Fitting the thresholds, on probabilities made for it."""

from __future__ import annotations

import numpy as np

from intents.decide import Decision
from intents.fit_decisions import START, Worth, fit_thresholds, worth
from intents.knowledge import KnowledgeBase
from intents.model import ASK

NAMES = ["a.one", "a.two", "none"]


def test_of_thresholds_of_the_same_worth_the_middle_is_taken() -> None:
    """Answers at 0.92 are right whichever threshold below lets them through: neither the first nor the last is chosen by chance;
    and small talk keeps to where the search began."""
    base = KnowledgeBase.from_phrases([("a.one", "怎么申请"), ("a.two", "收费吗"), ("none", "今天天气")])
    p = np.tile(np.array([0.92, 0.05, 0.03], np.float32), (10, 1))
    found, value = fit_thresholds(
        base, NAMES, p, [frozenset({"a.one"})] * 10, np.ones(10, np.float32), np.zeros(10, np.bool_)
    )
    assert (0.55, START.chat, 1.0) == (found.answer, found.chat, value)


def test_a_bare_matter_is_answered_only_when_it_is_surer() -> None:
    """As likely as the questions that are answered right, but it could mean both: only the bare ones are asked back."""
    base = KnowledgeBase.from_phrases([("a.one", "怎么申请"), ("a.two", "收费吗"), ("none", "今天天气")])
    p = np.tile(np.array([0.72, 0.25, 0.03], np.float32), (20, 1))
    right = [frozenset({"a.one"})] * 10 + [frozenset({"a.one", "a.two", ASK})] * 10
    bare = np.arange(20) >= 10
    found, value = fit_thresholds(base, NAMES, p, right, np.ones(20, np.float32), bare)
    assert found.answer < 0.72 < found.bare
    assert 1.0 == value


def test_what_asking_back_is_worth() -> None:
    """Offering what is meant is worth most, something else a little; answering with one of it as much, with another is a miss."""
    several, scale = frozenset({"a.one", "a.two", ASK}), Worth()

    def of(outcome: str, entry: str | None, *options: str) -> float:
        return worth(Decision(outcome, entry, options, 0.9), several, scale)  # type: ignore[arg-type]

    assert 1.0 == of("options", None, "a.one", "b.one")
    assert scale.asked_astray == of("options", None, "a.one", "b.one", "b.two")
    assert scale.hasty == of("answer", "a.two")
    assert scale.missed == of("answer", "b.one") == of("none", None)
