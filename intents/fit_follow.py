"""Fitting what a follow-up takes from the conversation, and how sure it must be to be answered.

The amounts are fitted to turns whose predecessor was understood; the threshold is judged on whole conversations, led as the
bot leads them under amounts fitted to the others, with all that it misunderstood on the way.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from intents.cascade import SURE_AT_ONCE
from intents.context import (
    FEATURES,
    LEAST,
    Context,
    amounts,
    context_features,
    context_scores,
    context_terms,
    expanded,
    settled,
    whole,
)
from intents.conversation import carried, offered
from intents.decide import LOOKED_AT, Decision, decide
from intents.fit import FOLDS, f32
from intents.fit_decisions import GRID, Worth, worth
from intents.grams import Floats
from intents.model import ASK
from intents.phrases import Question
from intents.ranking import Ranking, Thresholds, kinds_of, length_term, top
from intents.scoring import Scorer

UNNAMED = Worth(wrong=-3.0)
"""Of a follow-up: a wrong answer is on a subject that the person never named, as bad as one to a question that is not ours."""
CAUTION = 0.01
"""Worth of a turn that is given up to be surer: over a wide range of thresholds what right answers win, wrong ones lose."""
_RIDGE = 0.003


@dataclass(frozen=True)
class Dialogue:
    """A conversation of the test questions."""

    turns: tuple[str, ...]
    entries: tuple[str, ...]
    """What each turn asks for."""
    right: tuple[frozenset[str], ...]
    """What answers it as well."""


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
    dialogue: NDArray[np.int64]
    """The number of the dialogue that each is of."""

    def only(self, rows: NDArray[np.int64]) -> Turns:
        """Some of the turns."""
        logp, features, terms = self.logp[rows], self.features[rows], self.terms[rows]
        return Turns(logp, features, terms, self.gold[rows], self.entries_alone, self.dialogue[rows])

    def with_context(self, weights: Floats) -> Floats:
        """P of every candidate of every turn under some amounts."""
        added = amounts(self.terms, weights)
        scores = self.logp + np.einsum("ncf,nf->nc", self.features, added)
        scores = np.exp(scores - scores.max(1, keepdims=True))
        return np.asarray(scores / scores.sum(1, keepdims=True), np.float32)


class Listener:
    """What the ranking makes of texts without a conversation; each is worked out once."""

    def __init__(self, scorer: Scorer, ranking: Ranking, first: Ranking | None = None) -> None:
        """`ranking` may be of some of the scorer's signals; `first` is that of the cheapest, as in `intents.cascade`."""
        self.scorer, self._rankings = scorer, [ranking, *([first] if first else [])]
        self._kinds = kinds_of(scorer.candidates)
        self._known: dict[str, tuple[Question, list[Floats]]] = {}

    def hear(self, text: str) -> tuple[Question, Floats]:
        """The question, and P of every candidate."""
        question, found = self._heard(text)
        return question, found[0]

    def at_once(self, text: str) -> Floats | None:
        """P of every candidate for a question that the cheapest signals take for an entry whatever was said before; else None."""
        p = self._heard(text)[1][-1]
        sure = len(self._rankings) > 1 and p.max() >= SURE_AT_ONCE and whole(self.scorer.candidates[int(p.argmax())])
        return p if sure else None

    def _heard(self, text: str) -> tuple[Question, list[Floats]]:
        if text not in self._known:
            question = self.scorer.question(text)
            values, signals = self.scorer.evidence(question).values, self.scorer.signals
            columns = [[signals.index(s) for s in ranking.signals] for ranking in self._rankings]
            length = length_term(question.normal)
            pairs = zip(self._rankings, columns, strict=True)
            self._known[text] = question, [r.probabilities(values[:, c], length, self._kinds) for r, c in pairs]
        return self._known[text]

    def longer(self, question: Question, context: Context) -> list[Floats]:
        """P of the question asked with each name of what was spoken of; empty for what stands on its own feet."""
        return [self.hear(named.text)[1] for named in expanded(self.scorer, question, context)]


def see_turns(listener: Listener, dialogues: Sequence[Dialogue]) -> Turns:
    """Every later turn, in the light of what the one before it asks for; not after small talk."""
    scorer, rows = listener.scorer, []
    for number, dialogue in enumerate(dialogues):
        for before, text, right in zip(dialogue.entries, dialogue.turns[1:], dialogue.right[1:], strict=False):
            gold = np.array([c in right for c in scorer.candidates], np.float32)
            if gold.any() and before and not before.startswith("chat."):
                context = Context(before)
                question, p = listener.hear(text)
                features = context_features(scorer, question, context, longer=listener.longer(question, context))
                logp = np.log(p + 1e-9) + settled(scorer.knowledge, scorer.candidates, before)
                rows.append((logp, features, context_terms(scorer, question), gold, number))
    alone = np.array([-20 * c.startswith(ASK) for c in scorer.candidates], np.float32)
    c, f = len(scorer.candidates), len(FEATURES)
    empty = [np.zeros(shape, np.float32) for shape in ((0, c), (0, c, f), (0, 3), (0, c), (0,))]
    columns = [np.array(column) for column in zip(*rows, strict=True)] if rows else empty
    logp, features, terms, gold, whose = columns
    return Turns(f32(logp), f32(features), f32(terms), f32(gold), alone, whose.astype(np.int64))


def lead(listener: Listener, dialogue: Dialogue, weights: Floats, thresholds: Thresholds) -> list[Decision]:
    """What the bot decides at each turn of a conversation, as `Matcher` and `converse` do."""
    scorer, context, found = listener.scorer, None, []
    for text in dialogue.turns:
        question, p = listener.hear(text)
        extra, sure = None, listener.at_once(text)
        if sure is not None:
            p = sure
        elif context is not None:
            extra = context_scores(scorer, weights, question, context, longer=listener.longer(question, context))
        if context is None or extra is None:
            alone = thresholds.of_bare() if question.bare else thresholds
            decision = decide(scorer.knowledge, scorer.candidates, p, alone)
        else:
            scores = p * np.exp(extra - extra.max())
            p = f32(scores / scores.sum())
            likeliest = top(p, LOOKED_AT)
            decision = decide(scorer.knowledge, scorer.candidates, p, thresholds.of_follow_up(), likeliest)
            decision = offered(scorer.knowledge, scorer.candidates, p, likeliest, decision, context)
        found.append(decision)
        subject = carried(decision.outcome, decision.entry, decision.options, decision.ask, fresh=context is None)
        context = Context(subject) if subject is not None else context
    return found


def fit_follow(listener: Listener, dialogues: Sequence[Dialogue], seen: Turns, thresholds: Thresholds) -> Thresholds:
    """The thresholds with the least P at which a follow-up is answered, by worth, the highest of those nearly as good (CAUTION);
    of conversations that were held out."""
    folds = [seen.only((seen.dialogue % FOLDS != fold).nonzero()[0]) for fold in range(FOLDS)]
    weights = [fit_context(fold)[0] for fold in folds]

    def mean(least: float) -> float:
        tried = replace(thresholds, follow=least)
        total = 0.0
        for number, dialogue in enumerate(dialogues):
            decided = lead(listener, dialogue, weights[number % FOLDS], tried)[1:]
            total += sum(worth(d, right, UNNAMED) for d, right in zip(decided, dialogue.right[1:], strict=True))
        return total

    least = [round(float(x), 2) for x in GRID["answer"] if x > thresholds.answer - 0.01]
    worths = {x: mean(x) / max(len(seen.logp), 1) for x in least}
    best = max(worths.values(), default=0.0)
    return replace(thresholds, follow=max((x for x, w in worths.items() if w >= best - CAUTION), default=0.5))


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
