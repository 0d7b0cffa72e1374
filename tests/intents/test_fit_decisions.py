"""Fitting the thresholds, on probabilities made for it."""

from __future__ import annotations

import numpy as np

from intents.fit_decisions import fit_thresholds
from intents.knowledge import KnowledgeBase


def test_of_thresholds_that_hardly_differ_the_higher_is_taken() -> None:
    """Answers at 0.92 are right whichever threshold below lets them through; it is raised as far as none is lost."""
    base = KnowledgeBase.from_phrases([("a.one", "怎么申请"), ("a.two", "收费吗"), ("none", "今天天气")])
    p = np.tile(np.array([0.92, 0.05, 0.03], np.float32), (10, 1))
    found, value = fit_thresholds(
        base, ["a.one", "a.two", "none"], p, [frozenset({"a.one"})] * 10, np.ones(10, np.float32)
    )
    assert (0.9, 1.0) == (found.answer, value)
