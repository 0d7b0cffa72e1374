"""Why a text got its outcome: phrase, signals, weights and the runner-up, as plain data for staff."""

from __future__ import annotations

from typing import Any

from intents.context import Context
from intents.focus import both_ends
from intents.matcher import RANKED_LENGTH, Matcher
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
    scorer = matcher.scorer
    question = scorer.question(both_ends(text, RANKED_LENGTH))
    weighed = matcher.weigh(question, context)
    p, evidence, ranking = weighed.p, weighed.evidence, weighed.ranking
    length = length_term(question.normal)
    columns = [scorer.signals.index(s) for s in ranking.signals]
    weights = ranking.weights + length * ranking.by_length
    shown = sorted(range(len(p)), key=lambda i: (-float(p[i]), i))[:SHOWN]
    return {
        "focus": question.focus,
        "aspects": sorted(question.aspects),
        "thresholds": {name: getattr(matcher.fitted.thresholds, name) for name in matcher.fitted.thresholds.__slots__},
        "candidates": [
            {
                "entry": scorer.candidates[i],
                "title": matcher.knowledge.entries[scorer.candidates[i]].title
                if scorer.candidates[i] in matcher.knowledge.entries
                else "",
                "confidence": round(float(p[i]), 4),
                "phrase": scorer.originals[nearest] if (nearest := scorer.nearest(evidence, i)) >= 0 else "",
                "signals": {
                    name: {
                        "value": round(float(evidence.values[i, column]), 4),
                        "counts": round(float(evidence.values[i, column] * weight), 3),
                    }
                    for name, column, weight in zip(ranking.signals, columns, weights, strict=True)
                },
            }
            for i in shown
        ],
    }
