"""Fitting what follows the ranking: the thresholds of the three outcomes, and what a follow-up takes over.

Thresholds maximise the mean worth of the outcomes on questions that the ranking has not seen. The worths say what an
outcome means to a resident: a wrong legal answer costs far more than asking back; a referral is cheap and helpful.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from intents.context import (
    FEATURES,
    LEAST,
    Context,
    amounts,
    context_features,
    context_terms,
    expanded,
    settled,
    with_before,
)
from intents.decide import MAX_OPTIONS, Decision, decide
from intents.fit import FOLDS, f32
from intents.grams import Floats
from intents.model import ASK, NO_ENTRY, ROUTING, KnowledgeData
from intents.phrases import Question
from intents.ranking import Ranking, Thresholds, kinds_of, length_term
from intents.scoring import Scorer

START = Thresholds(answer=0.5, route=0.5, chat=0.4, none=0.5, option=0.1)
CAUTION = 0.001
"""Mean worth given up for a higher threshold to answer: the best one is found among hardly different ones on a few hundred
questions near it, and a wrong answer is the worst there is."""
_GRID = {
    "answer": np.arange(0.2, 0.96, 0.05),
    "route": np.arange(0.3, 0.96, 0.05),
    "chat": np.arange(0.2, 0.91, 0.05),
    "none": np.arange(0.3, 0.96, 0.05),
    "option": np.array([0.02, 0.04, 0.06, 0.08, 0.1, 0.15, 0.2, 0.3]),
}


_RIDGE = 0.003


@dataclass(frozen=True, slots=True)
class Worth:
    """What each outcome is worth; a right answer is 1."""

    offered: float = 0.5
    extra_option: float = -0.02
    """For each option beyond the second: more to read."""
    wrong: float = -1.25
    wrong_chat: float = -1.0
    referred: float = -1.0
    """A question of ours that was only referred on."""
    missed: float = -1.0
    outside_referred: float = 0.8
    outside_none: float = 0.4
    outside_options: float = 0.3
    outside_false: float = -1.75


UNNAMED = Worth(wrong=-1.75)
"""Of a follow-up: a wrong answer is on a subject that the person never named, as bad as one to a question that is not ours."""


def worth(decision: Decision, right: frozenset[str], scale: Worth) -> float:
    """The worth of one decision when these entries are right."""
    if any(r.startswith(ASK) for r in right):
        # the same entries may be offered without the group itself having won: what counts is that it is asked back
        return 1.0 if decision.outcome == "options" else scale.missed
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


def fit_thresholds(
    knowledge: KnowledgeData,
    candidates: Sequence[str],
    p: Floats,
    right: Sequence[frozenset[str]],
    weights: Floats,
    scale: Worth | None = None,
    tick: Callable[[int, int], None] | None = None,
) -> tuple[Thresholds, float]:
    """The best thresholds, one coordinate at a time until none moves, the one to answer as high as costs no more than
    CAUTION; and their mean worth.
    """
    scale = scale or Worth()

    def mean(thresholds: Thresholds) -> float:
        total = sum(
            float(w) * worth(decide(knowledge, candidates, row, thresholds), gold, scale)
            for row, gold, w in zip(p, right, weights, strict=True)
        )
        return total / float(weights.sum())

    best, value, step, steps = START, mean(START), 0, 3 * sum(map(len, _GRID.values()))
    for _ in range(3):
        before = value
        for name, grid in _GRID.items():
            for x in grid:
                tried = replace(best, **{name: round(float(x), 3)})
                found = mean(tried)
                step += 1
                if tick:
                    tick(step, steps)
                if found > value + 1e-6:
                    best, value = tried, found
        if value <= before + 1e-6:
            break
    higher = (replace(best, answer=round(float(x), 3)) for x in _GRID["answer"] if x > best.answer)
    careful = max((t for t in higher if mean(t) >= value - CAUTION), key=lambda t: t.answer, default=best)
    return careful, mean(careful)


@dataclass(frozen=True)
class FollowUp:
    """A later turn of a dialogue: its text, the entry before it, and what is right."""

    text: str
    before: str
    right: frozenset[str]


@dataclass(frozen=True)
class Turns:
    """Usable follow-ups: log P without the conversation (n, candidates), context features (n, candidates, FEATURES),
    terms (n, 3) and flags of what is right (n, candidates)."""

    logp: Floats
    features: Floats
    terms: Floats
    gold: Floats
    entries_alone: Floats
    """What takes the groups of asks.yaml out, shape (candidates,)."""
    before: tuple[str, ...]
    """The entry spoken of before each."""

    def only(self, rows: NDArray[np.int64]) -> Turns:
        """Some of the turns."""
        before = tuple(self.before[row] for row in rows)
        return Turns(
            self.logp[rows], self.features[rows], self.terms[rows], self.gold[rows], self.entries_alone, before
        )

    def with_context(self, weights: Floats) -> Floats:
        """P of every candidate of every turn under some amounts."""
        added = amounts(self.terms, weights)
        scores = self.logp + np.einsum("ncf,nf->nc", self.features, added)
        scores = np.exp(scores - scores.max(1, keepdims=True))
        return np.asarray(scores / scores.sum(1, keepdims=True), np.float32)


def see_turns(scorer: Scorer, ranking: Ranking, turns: Sequence[FollowUp]) -> Turns:
    """Everything the two fits below need."""
    kinds = kinds_of(scorer.candidates)
    columns = [scorer.signals.index(s) for s in ranking.signals]

    def chances(question: Question) -> Floats:
        values = scorer.evidence(question).values[:, columns]
        return ranking.probabilities(values, length_term(question.normal), kinds)

    rows, before = [], []
    for turn in turns:
        gold = np.array([c in turn.right for c in scorer.candidates], np.float32)
        if gold.any():
            question, context = scorer.question(turn.text), Context(turn.before)
            longer = expanded(scorer, question, context)
            features = context_features(scorer, question, context, with_topic=chances(longer) if longer else None)
            logp = np.log(chances(question) + 1e-9) + settled(scorer.knowledge, scorer.candidates, turn.before)
            rows.append((logp, features, context_terms(scorer, question), gold))
            before.append(turn.before)
    alone = np.array([-20 * c.startswith(ASK) for c in scorer.candidates], np.float32)
    c, f = len(scorer.candidates), len(FEATURES)
    empty = tuple(np.zeros(shape, np.float32) for shape in ((0, c), (0, c, f), (0, 3), (0, c)))
    logp, features, terms, gold = (np.stack(column) for column in zip(*rows, strict=True)) if rows else empty
    return Turns(f32(logp), f32(features), f32(terms), f32(gold), alone, tuple(before))


def held_out(seen: Turns) -> Floats:
    """P of every candidate of every turn, under amounts fitted to the other folds; shape (n, candidates)."""
    order, p = np.random.default_rng(7).permutation(len(seen.logp)), np.zeros_like(seen.logp)
    for fold in range(FOLDS):
        left = np.sort(order[fold::FOLDS])
        rest = np.setdiff1d(order, left)
        p[left] = seen.only(left).with_context(fit_context(seen.only(rest))[0])
    return p


def fit_follow(scorer: Scorer, seen: Turns, thresholds: Thresholds) -> Thresholds:
    """The thresholds with the least P at which a follow-up is answered, by worth; judged on turns that were held out,
    with the options that the conversation would offer.
    """
    p, names = held_out(seen), np.array(scorer.candidates)

    def said(row: Floats, before: str, tried: Thresholds) -> Decision:
        found = decide(scorer.knowledge, scorer.candidates, row, tried)
        return replace(found, options=with_before(found.options, Context(before))[:MAX_OPTIONS])

    def mean(least: float) -> float:
        tried = replace(thresholds, answer=max(thresholds.answer, least))
        decided = [said(row, before, tried) for row, before in zip(p, seen.before, strict=True)]
        pairs = zip(decided, seen.gold, strict=True)
        return sum(worth(d, frozenset(names[gold > 0]), UNNAMED) for d, gold in pairs)

    return replace(thresholds, follow=max((round(float(x), 2) for x in _GRID["answer"]), key=mean, default=0.5))


def fit_context(seen: Turns) -> tuple[Floats, float]:
    """Amounts of `intents.context`, shape (3, FEATURES), and the mean loss in nats.

    Fitted among the entries alone: to outdo questions that could mean several things, the pull of the last topic would have
    to be so strong that it also outdid a change of subject.
    """
    alone = replace(seen, logp=seen.logp + seen.entries_alone)
    shape, n = (3, len(FEATURES)), max(len(seen.logp), 1)

    def loss(flat: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        weights = flat.reshape(shape).astype(np.float32)
        p = alone.with_context(weights)
        right = (p * seen.gold).sum(1) + 1e-9
        off = p - p * seen.gold / right[:, None]
        slope = np.einsum("nc,ncf->nf", off, seen.features) * (seen.terms @ weights > LEAST)
        gradient = (seen.terms.T @ slope).ravel() / n + 2 * _RIDGE * flat
        return float(-np.log(right).sum()) / n + _RIDGE * float(flat @ flat), gradient.astype(float)

    start = np.zeros(shape)
    start[0] = 1  # at nothing what may only help has no slope
    found = minimize(loss, start.ravel(), jac=True, method="L-BFGS-B")
    return np.asarray(found.x.reshape(shape), np.float32), float(found.fun)
