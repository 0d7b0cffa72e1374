"""Fitting: every weight and threshold of the matcher from files of the repository (`make fit`).

Each phrase is held out in turn (folds) and asked of a base that does not know it; our own test questions are asked of
the whole base. A conditional logit is fitted to both, then thresholds are chosen for the least expected harm.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from intents.encoder import Encoder
from intents.grams import Floats
from intents.model import KnowledgeData
from intents.normalize import Normalizer
from intents.ranking import KINDS, Ranking, kinds_of, length_term
from intents.scoring import Scorer

FOLDS = 5
CONTENDERS = 48
_L2 = 2e-4


_ROWS = ("values", "lengths", "gold", "weights", "bare")


@dataclass(frozen=True)
class Example:
    """A question with the entries that are right for it."""

    text: str
    right: frozenset[str]
    weight: float = 1.0


@dataclass(frozen=True)
class Observed:
    """Evidence of many questions: `values` (n, candidates, signals), `lengths` (n,), `gold` (n, candidates) flags."""

    signals: tuple[str, ...]
    candidates: tuple[str, ...]
    values: Floats
    lengths: Floats
    gold: Floats
    weights: Floats
    bare: NDArray[np.bool_]
    """Which are `Question.bare`; (n,)."""

    @staticmethod
    def join(parts: Sequence[Observed]) -> Observed:
        """All questions of several observations of one set of candidates."""
        first = parts[0]
        return Observed(
            first.signals,
            first.candidates,
            *(np.concatenate([getattr(p, name) for p in parts]) for name in _ROWS),
        )


def only(observed: Observed, signals: Sequence[str]) -> Observed:
    """The same questions seen through some of the signals."""
    columns = [observed.signals.index(s) for s in signals]
    return replace(observed, signals=tuple(signals), values=np.ascontiguousarray(observed.values[:, :, columns]))


def observe(scorer: Scorer, examples: Sequence[Example], tick: Callable[[], None] | None = None) -> Observed:
    """Evidence of the examples under one scorer."""
    n, c = len(examples), len(scorer.candidates)
    values = np.zeros((n, c, len(scorer.signals)), np.float32)
    lengths, gold, bare = np.zeros(n, np.float32), np.zeros((n, c), np.float32), np.zeros(n, np.bool_)
    for i, example in enumerate(examples):
        question = scorer.question(example.text)
        values[i] = scorer.evidence(question).values
        lengths[i], bare[i] = length_term(question.normal), question.bare
        for entry in example.right:
            if entry in scorer.position:
                gold[i, scorer.position[entry]] = 1
        if tick:
            tick()
    weights = np.array([e.weight for e in examples], np.float32)
    return Observed(scorer.signals, tuple(scorer.candidates), values, lengths, gold, weights, bare)


def folds(size: int, count: int = FOLDS) -> list[list[int]]:
    """Numbers of the phrases that are held out together: each of `size` is in one of the lists, drawn by lot."""
    order = np.random.default_rng(7).permutation(size)
    return [sorted(int(i) for i in order[fold::count]) for fold in range(count)]


def cross_validate(
    knowledge: KnowledgeData,
    encoders: Sequence[Encoder] = (),
    count: int = FOLDS,
    tick: Callable[[], None] | None = None,
) -> tuple[Observed, list[Example]]:
    """Every phrase of the base, asked of a base without it and the others of its fold (`folds`)."""
    normalizer = Normalizer(knowledge.lexicon)
    phrases = Scorer(knowledge, normalizer, encoders).all_phrases
    parts, examples = [], []
    for held in folds(len(phrases), count):
        scorer = Scorer(knowledge, normalizer, encoders, held_out=frozenset(held))
        asked = [Example(phrases[i][2], frozenset({phrases[i][0]})) for i in held]
        parts.append(observe(scorer, asked, tick))
        examples += asked
    return Observed.join(parts), examples


def fit_ranking(observed: Observed) -> tuple[Ranking, float]:
    """Weights with the highest penalised likelihood, and the mean loss in nats."""
    usable = observed.gold.sum(1) > 0
    lengths, gold = observed.lengths[usable], observed.gold[usable]
    share = observed.weights[usable] / observed.weights[usable].sum()
    spread: Floats = np.asarray(observed.values.std((0, 1)), np.float32)
    scale = np.where(spread > 1e-6, spread, 1).astype(np.float32)
    scaled, gold, kinds = _contenders(observed.values[usable] / scale, gold, kinds_of(observed.candidates))
    k, b = scaled.shape[2], len(KINDS)

    def unpack(w: Floats) -> tuple[Floats, Floats, Floats]:
        return w[:k], w[k : 2 * k], w[2 * k :].reshape(2, b)

    def loss(w64: np.ndarray) -> tuple[float, np.ndarray]:
        w = w64.astype(np.float32)
        base, slope, bias = unpack(w)
        scores = np.einsum("nck,nk->nc", scaled, base + lengths[:, None] * slope, optimize=True)
        scores += np.einsum("ncb,nb->nc", kinds, bias[0] + lengths[:, None] * bias[1], optimize=True)
        scores -= scores.max(1, keepdims=True)
        p = np.exp(scores)
        p /= p.sum(1, keepdims=True)
        right = np.maximum((p * gold).sum(1), 1e-9)
        residual = (p * gold / right[:, None] - p) * share[:, None]
        by_signal = np.einsum("nc,nck->nk", residual, scaled, optimize=True)
        by_kind = np.einsum("nc,ncb->nb", residual, kinds, optimize=True)
        gradient = np.concatenate([by_signal.sum(0), lengths @ by_signal, by_kind.sum(0), lengths @ by_kind])
        value = float(-(share * np.log(right)).sum()) + _L2 * float(w64 @ w64)
        return value, (-gradient + 2 * _L2 * w).astype(float)

    start = np.zeros(2 * k + 2 * b)
    start[:k] = np.where(spread > 1e-6, 0.5, 0)
    found = minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": 200})
    base, slope, bias = unpack(np.asarray(found.x, np.float32))
    ranking = Ranking(observed.signals, f32(base / scale), f32(slope / scale), bias)
    return ranking, float(found.fun)


def _contenders(scaled: Floats, gold: Floats, kinds: Floats) -> tuple[Floats, Floats, Floats]:
    """The rows cut to the CONTENDERS candidates with the highest sum of signals, what is right and what is elsewhere.

    The others have next to no probability and cost most of the time. Shapes (n, m, signals), (n, m), (n, m, kinds).
    """
    rough = scaled.sum(2) + 1e6 * (gold + (kinds[:, :2].sum(1) > 0))
    m = min(CONTENDERS, rough.shape[1])
    kept = np.argpartition(-rough, m - 1, axis=1)[:, :m]
    return (
        np.ascontiguousarray(np.take_along_axis(scaled, kept[:, :, None], 1)),
        np.take_along_axis(gold, kept, 1),
        kinds[kept],
    )


def f32(values: object) -> Floats:
    """As an array of float32."""
    return np.asarray(values, np.float32)


def probabilities(ranking: Ranking, observed: Observed) -> Floats:
    """P of every candidate for every question; shape (n, candidates)."""
    kinds = kinds_of(observed.candidates)
    return np.stack(
        [ranking.probabilities(v, float(n), kinds) for v, n in zip(observed.values, observed.lengths, strict=True)]
    )
