"""Fitting what follows the ranking: the thresholds of the three outcomes. Follow-ups have `intents.fit_follow`.

Thresholds maximise the mean worth of the outcomes on our own test questions. Those are no stored questions, but the ranking is
fitted to them too: some forty numbers for more than twenty thousand questions, so that it learns next to nothing by heart. The worths say what an
outcome means to a resident: a wrong legal answer costs far more than asking back; a referral is cheap and helpful.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from intents.decide import LOOKED_AT, Decision, decide
from intents.grams import Floats
from intents.model import ASK, NO_ENTRY, ROUTING, KnowledgeData
from intents.ranking import Thresholds, top

START = Thresholds(answer=0.5, route=0.5, chat=0.4, none=0.5, option=0.1, bare=0.5)
EQUAL = 1e-6
"""Mean worths that differ by no more than this are the same."""
CHANCE = 0.11
"""Right answers' worth that questions win or lose by chance between one threshold and the next, times the root of their number: of
five thousand the worth of eight."""
GRID = {
    # first: what only bare messages need must not raise the threshold of all
    "bare": np.array([0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.93, 0.95, 0.97, 0.98, 0.99]),
    "answer": np.arange(0.2, 0.96, 0.05),
    "route": np.arange(0.3, 0.96, 0.05),
    "chat": np.arange(0.2, 0.91, 0.05),
    "none": np.arange(0.3, 0.96, 0.05),
    "option": np.array([0.02, 0.04, 0.06, 0.08, 0.1, 0.15, 0.2, 0.3]),
}


@dataclass(frozen=True, slots=True)
class Worth:
    """What each outcome is worth; a right answer is 1."""

    offered: float = 0.5
    extra_option: float = -0.02
    """For each option beyond the second: more to read."""
    wrong: float = -2.0
    wrong_chat: float = -1.0
    referred: float = -1.0
    """A question of ours that was only referred on."""
    missed: float = -1.0
    asked_astray: float = 0.3
    """What could mean several things was asked back, and most of what was offered is something else."""
    hasty: float = 0.0
    """It was answered with one of these things, which may be another than was meant."""
    outside_referred: float = 0.8
    outside_none: float = 0.4
    outside_options: float = 0.3
    outside_false: float = -3.0


def worth(decision: Decision, right: frozenset[str], scale: Worth) -> float:
    """The worth of one decision when these entries are right."""
    if any(r.startswith(ASK) for r in right):
        return _worth_of_several(decision, frozenset(r for r in right if not r.startswith(ASK)), scale)
    outside = right <= {*ROUTING, NO_ENTRY}
    if outside:
        if decision.outcome == "options":
            return scale.outside_options
        if decision.outcome == "none":
            return scale.outside_none
        if decision.entry in ROUTING:
            return 1.0 if decision.entry in right else scale.outside_referred
        return scale.wrong_chat if (decision.entry or "").startswith("chat.") else scale.outside_false
    if decision.outcome == "answer":
        if decision.entry in right:
            return 1.0
        if decision.entry in ROUTING:
            return scale.referred
        return scale.wrong_chat if (decision.entry or "").startswith("chat.") else scale.wrong
    if decision.outcome == "options":
        extra = scale.extra_option * max(len(decision.options) - 2, 0)
        return (scale.offered if right & set(decision.options) else scale.missed) + extra
    return scale.missed


def _worth_of_several(decision: Decision, fair: frozenset[str], scale: Worth) -> float:
    """Of a message that could mean any of `fair`: it should be asked back; which group of asks.yaml won does not matter."""
    if decision.outcome == "options":
        offered = set(decision.options)
        return 1.0 if not fair or 2 * len(fair & offered) >= len(offered) else scale.asked_astray
    if decision.outcome == "answer" and decision.entry in fair:
        return scale.hasty
    return scale.missed


def fit_thresholds(
    knowledge: KnowledgeData,
    candidates: Sequence[str],
    p: Floats,
    right: Sequence[frozenset[str]],
    weights: Floats,
    bare: NDArray[np.bool_],
    scale: Worth | None = None,
    tick: Callable[[int, int], None] | None = None,
) -> tuple[Thresholds, float]:
    """The best thresholds, one coordinate at a time until none moves, then settled among those that are as good but for chance;
    and their mean worth. `bare` says of each question whether it is (`Question.bare`).
    """
    scale = scale or Worth()
    likeliest = [top(row, LOOKED_AT) for row in p]

    def mean(thresholds: Thresholds) -> float:
        ways = thresholds, thresholds.of_bare()
        total = sum(
            float(w) * worth(decide(knowledge, candidates, row, ways[alone], first), gold, scale)
            for row, first, gold, w, alone in zip(p, likeliest, right, weights, bare.tolist(), strict=True)
        )
        return total / float(weights.sum())

    best, value, step, steps = START, mean(START), 0, 3 * sum(map(len, GRID.values()))
    for _ in range(3):
        before = value
        for name, grid in GRID.items():
            for x in grid:
                tried = replace(best, **{name: round(float(x), 3)})
                found = mean(tried)
                step += 1
                if tick:
                    tick(step, steps)
                if found > value + EQUAL:
                    best, value = tried, found
        if value <= before + EQUAL:
            break
    chance = CHANCE * len(p) ** 0.5 * float(np.median(weights)) / float(weights.sum())
    settled = _settled(best, mean, chance)
    return settled, mean(settled)


def _settled(best: Thresholds, mean: Callable[[Thresholds], float], chance: float) -> Thresholds:
    """Which of thresholds that differ by chance alone: of those to answer the middle one; of those to small talk, which few questions
    decide, the one nearest to where the search began."""

    def as_good(name: str, of: Thresholds) -> list[float]:
        least = mean(of) - chance
        return [x for x in (round(float(x), 3) for x in GRID[name]) if mean(replace(of, **{name: x})) >= least]

    answers = as_good("answer", best)
    best = replace(best, answer=answers[len(answers) // 2])
    return replace(best, chat=min(as_good("chat", best), key=lambda x: abs(x - START.chat)))
