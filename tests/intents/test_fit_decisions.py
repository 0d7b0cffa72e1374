"""Fitting what a follow-up takes over, on turns made for it."""

from __future__ import annotations

import numpy as np

from intents.context import FEATURES
from intents.fit_decisions import Turns, fit_context, fit_thresholds, held_out
from intents.knowledge import KnowledgeBase


def _turns(n: int = 20) -> Turns:
    """Three candidates: the right one on the last topic, a likelier one elsewhere, and a group of asks.yaml likelier still."""
    logp = np.log(np.tile(np.array([0.1, 0.3, 0.6], np.float32), (n, 1)))
    features = np.zeros((n, 3, len(FEATURES)), np.float32)
    features[:, 0, 0] = 1
    terms = np.tile(np.array([1, 0.5, 0], np.float32), (n, 1))
    gold = np.tile(np.array([1, 0, 0], np.float32), (n, 1))
    return Turns(logp, features, terms, gold, np.array([0, 0, -20], np.float32))


def test_the_topic_is_raised_until_the_right_entry_leads() -> None:
    """The amount fitted to the topic lifts its entry over the one elsewhere; groups of asks.yaml are left out of the fit."""
    turns = _turns()
    amounts, _ = fit_context(turns)
    among_entries = turns.with_context(amounts)[:, :2]
    assert [0] * len(among_entries) == among_entries.argmax(1).tolist()
    louder = Turns(turns.logp + np.array([0, 0, 3], np.float32), *(getattr(turns, n) for n in
                   ("features", "terms", "gold", "entries_alone")))  # fmt: skip
    np.testing.assert_allclose(fit_context(louder)[0], amounts, atol=0.05)


def test_every_turn_is_judged_by_amounts_of_the_others() -> None:
    """One row of probabilities a turn; a turn unlike all others is not helped by an amount that only it would have taught."""
    turns = _turns()
    turns.features[0, :, 0] = [0, 1, 0]
    turns.gold[0] = [0, 1, 0]
    p = held_out(turns)
    np.testing.assert_allclose(p.sum(1), np.ones(len(p)), atol=1e-4)
    assert p[0, 1] > turns.logp[0, 1]
    assert (p[1:, 0] > 0.1).all()


def test_of_thresholds_that_hardly_differ_the_higher_is_taken() -> None:
    """Answers at 0.92 are right whichever threshold below lets them through; it is raised as far as none is lost."""
    base = KnowledgeBase.from_phrases([("a.one", "怎么申请"), ("a.two", "收费吗"), ("none", "今天天气")])
    p = np.tile(np.array([0.92, 0.05, 0.03], np.float32), (10, 1))
    found, value = fit_thresholds(
        base, ["a.one", "a.two", "none"], p, [frozenset({"a.one"})] * 10, np.ones(10, np.float32)
    )
    assert (0.9, 1.0) == (found.answer, value)
