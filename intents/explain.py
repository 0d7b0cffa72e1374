"""Why a text got its outcome: phrase, signals, weights and the runner-up, as plain data for staff."""

from __future__ import annotations

from typing import Any

from intents.context import Context
from intents.matcher import Matcher
from intents.ranking import length_term

SHOWN = 5


def explain(matcher: Matcher, text: str, context: Context | None = None) -> dict[str, Any]:
    """The match and, where the ranking decided, each candidate's probability, nearest phrase and signals."""
    match = matcher.match(text, context)
    normal = matcher.normalizer(text)
    out: dict[str, Any] = {
        **match.to_json(),
        "reason": match.reason,
        "detail": match.detail,
        "normal": normal,
        "misspelt": matcher.misspelt(text),
        "knowledge": matcher.knowledge.version,
    }
    if match.reason in ("ranked", "context"):
        out |= _ranking(matcher, text, context)
    else:
        out["candidates"] = [
            {"entry": c.entry, "confidence": c.confidence, "phrase": c.phrase} for c in match.candidates
        ]
    return out


def _ranking(matcher: Matcher, text: str, context: Context | None) -> dict[str, Any]:
    question = matcher.question(text)
    weighed = matcher.weigh(question, context)
    p, names, ranking = weighed.p, weighed.names, weighed.ranking
    length = length_term(question.normal)
    columns = [matcher.ranker.signals.index(s) for s in ranking.signals]
    weights = ranking.weights + length * ranking.by_length
    shown = sorted(range(len(p)), key=lambda i: (-float(p[i]), i))[:SHOWN]
    entries, thresholds = matcher.knowledge.entries, matcher.fitted.thresholds
    return {
        "focus": question.focus,
        "aspects": sorted(question.aspects),
        "thresholds": {name: getattr(thresholds, name) for name in thresholds.__slots__},
        "candidates": [
            {
                "entry": names[i],
                "title": entries[names[i]].title if names[i] in entries else "",
                "confidence": round(float(p[i]), 4),
                "phrase": weighed.nearest(i),
                "signals": {
                    name: {
                        "value": round(float(weighed.values[i, column]), 4),
                        "counts": round(float(weighed.values[i, column] * weight), 3),
                    }
                    for name, column, weight in zip(ranking.signals, columns, weights, strict=True)
                },
            }
            for i in shown
        ],
    }
