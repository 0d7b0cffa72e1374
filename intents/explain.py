"""Why a text got its outcome: phrase, signals, weights and the runner-up, as plain data for staff."""

from __future__ import annotations

from typing import Any

import numpy as np

from intents.cascade import Weighed
from intents.context import Context
from intents.matcher import Match, Matcher
from intents.model import NO_ENTRY
from intents.ranking import kinds_of, length_term

SHOWN = 5


def explain(matcher: Matcher, text: str, context: Context | None = None) -> dict[str, Any]:
    """The match and, where the ranking decided, each candidate's probability, nearest phrase and what its score is made of.

    Of a message with several questions (`rest`) the ranking is that of the message as a whole.
    """
    match = matcher.match(text, context)
    out: dict[str, Any] = {
        **match.to_json(),
        "reason": match.reason,
        "ask": match.ask,
        "detail": match.detail,
        "rest": list(match.rest),
        "normal": matcher.normalizer(text),
        "misspelt": matcher.misspelt(text),
        "knowledge": matcher.knowledge.version,
    }
    if _ranked(match):
        out |= _ranking(matcher, text, context)
    else:
        out["candidates"] = [
            {"entry": c.entry, "title": _title(matcher, c.entry), "confidence": c.confidence, "phrase": c.phrase}
            for c in match.candidates
        ]
    return out


def _ranked(match: Match) -> bool:
    """Whether probabilities decided: what the conversation settles by itself has one candidate."""
    return match.reason == "ranked" or (match.reason == "context" and len(match.candidates) != 1)


def _ranking(matcher: Matcher, text: str, context: Context | None) -> dict[str, Any]:
    question = matcher.question(text)
    weighed = matcher.weigh(question, context)
    thresholds = matcher.fitted.thresholds.of(weighed.used_context, question.bare)
    p = weighed.p
    shown = sorted(range(len(p)), key=lambda i: (-float(p[i]), i))[:SHOWN]
    return {
        "focus": question.focus,
        "aspects": sorted(question.aspects),
        "thresholds": {name: getattr(thresholds, name) for name in thresholds.__slots__},
        "candidates": [
            {
                "entry": weighed.names[i],
                "title": _title(matcher, weighed.names[i]),
                "confidence": round(float(p[i]), 4),
                "phrase": weighed.nearest(i),
                "signals": _parts(matcher, weighed, i, length_term(question.normal)),
            }
            for i in shown
        ],
    }


def _parts(matcher: Matcher, weighed: Weighed, i: int, length: float) -> dict[str, dict[str, float]]:
    """What one candidate's score is the sum of: each signal, its kind (route, none, ask) and the conversation."""
    ranking = weighed.ranking
    columns = [matcher.ranker.signals.index(s) for s in ranking.signals]
    weights = ranking.weights + length * ranking.by_length
    parts = {
        name: {"value": _round(weighed.values[i, column]), "counts": _round(weighed.values[i, column] * weight)}
        for name, column, weight in zip(ranking.signals, columns, weights, strict=True)
    }
    kind = kinds_of([weighed.names[i]])[0]
    if kind.any():
        parts["kind"] = {"value": 1.0, "counts": _round(kind @ (ranking.bias[0] + length * ranking.bias[1]))}
    if weighed.extra is not None:
        parts["conversation"] = {"value": 1.0, "counts": _round(weighed.extra[i])}
    return parts


def _round(value: np.float32 | float) -> float:
    return round(float(value), 4)


def _title(matcher: Matcher, name: str) -> str:
    """Of an entry its title, of a group of asks.yaml what it asks back."""
    if name in matcher.knowledge.entries:
        return matcher.knowledge.entries[name].title
    if name in matcher.knowledge.asks:
        return matcher.knowledge.asks[name].ask
    return "不属于任何条目" if name == NO_ENTRY else ""
