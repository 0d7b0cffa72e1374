"""From probabilities to an outcome, by expected harm.

A wrong legal answer costs far more than asking back; a referral (12348, another department) is cheap; small talk is
cheaper still. Each kind of answer therefore has its own least probability (fitted, `intents.ranking.Thresholds`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from intents.grams import Floats
from intents.model import ASK, NO_ENTRY, ROUTING, SAFETY, KnowledgeData
from intents.ranking import Thresholds, top

MAX_OPTIONS = 5
MIN_OPTIONS = 2
RUNNERS_UP = 3
LOOKED_AT = MAX_OPTIONS + RUNNERS_UP
"""Candidates that can have a say."""
OURS = 0.01
"""Least P of anything of ours for asking back where most likely nothing is meant that we know of (“明天会下雨吗”)."""
EMERGENCY = 0.3
"""Least P of an emergency that no rule of words found, however cheap small talk is."""
APT = 0.01
"""Least P, relative to the likeliest, of an entry that a group of asks.yaml offers."""
CONFUSABLE = 0.5
"""A declared confusable entry with at least this share of the best one's probability makes it a question back."""


@dataclass(frozen=True, slots=True)
class Decision:
    """The outcome and why."""

    outcome: Literal["answer", "options", "none"]
    entry: str | None
    options: tuple[str, ...]
    confidence: float
    why: str = ""
    ask: str = ""
    """How to ask back, where the knowledge says so."""


def decide(
    knowledge: KnowledgeData,
    candidates: Sequence[str],
    p: Floats,
    thresholds: Thresholds,
    best_first: Sequence[int] = (),
) -> Decision:
    """The outcome of least expected harm for probabilities `p` over `candidates`; `best_first` are their LOOKED_AT likeliest."""
    at = list(best_first) or top(p, LOOKED_AT)
    ranked = [(candidates[i], confidence) for i, confidence in zip(at, p[at].tolist(), strict=True)]
    best, confidence = ranked[0]
    if several := _several(knowledge, candidates, p, ranked):
        return several
    runners_up = tuple([c for c, _ in ranked[1 : RUNNERS_UP + 1] if c != NO_ENTRY and c not in knowledge.asks])
    if best in ROUTING or best == NO_ENTRY:
        elsewhere = float(sum(p[candidates.index(c)] for c in (*ROUTING, NO_ENTRY) if c in candidates))
        return _elsewhere(ranked, elsewhere, thresholds, runners_up)
    least = thresholds.chat if best.startswith(("chat.", SAFETY)) else thresholds.answer
    if best.startswith(SAFETY):
        least = max(least, EMERGENCY)
    if confidence < least:
        return _options(ranked, thresholds, f"把握 {confidence:.2f}，不到 {least:.2f}")
    rival = _rival(knowledge, best, confidence, ranked)
    if rival:
        return _options(ranked, thresholds, f"与“{rival}”易混")
    return Decision("answer", best, runners_up, confidence)


def _elsewhere(
    ranked: list[tuple[str, float]],
    elsewhere: float,
    thresholds: Thresholds,
    runners_up: tuple[str, ...],
) -> Decision:
    best, confidence = ranked[0]
    if best == NO_ENTRY and confidence >= thresholds.none:
        return Decision("none", None, runners_up, confidence, f"多半不在知识库内（{confidence:.2f}）")
    own = max((p for c, p in ranked if c not in ROUTING and c != NO_ENTRY), default=0.0)
    if elsewhere < thresholds.route and (best != NO_ENTRY or own >= OURS):
        return _options(ranked, thresholds, f"可能不在知识库内（{elsewhere:.2f}）")
    if best == NO_ENTRY:
        return Decision("none", None, runners_up, elsewhere, f"多半不在知识库内（{elsewhere:.2f}）")
    return Decision("answer", best, runners_up, confidence)


def _several(
    knowledge: KnowledgeData, candidates: Sequence[str], p: Floats, ranked: list[tuple[str, float]]
) -> Decision | None:
    """Options of a question that could mean several: it ranks first, or close behind one of its own entries."""
    best, confidence = ranked[0]
    for candidate, own in ranked[:3]:
        ask = knowledge.asks.get(candidate)
        if ask and (candidate == best or (best in ask.entries and own >= CONFUSABLE * confidence)):
            published = [e for e in ask.entries if knowledge.entries[e].status == "published"]
            return Decision("options", None, _apt(published, candidates, p), own, "可能指几件事", ask.ask)
    return None


def _apt(entries: Sequence[str], candidates: Sequence[str], p: Floats) -> tuple[str, ...]:
    """Of the entries of a group, in its order, the two likeliest and what is not far less likely (APT): few of its wordings could
    mean all of them."""
    likely = [float(p[candidates.index(e)]) if e in candidates else 0.0 for e in entries]
    least = min([APT * max(likely, default=0.0), *sorted(likely, reverse=True)[MIN_OPTIONS - 1 : MIN_OPTIONS]])
    return tuple(e for e, q in zip(entries, likely, strict=True) if q >= least)[:MAX_OPTIONS]


def _rival(knowledge: KnowledgeData, best: str, confidence: float, ranked: list[tuple[str, float]]) -> str | None:
    entry = knowledge.entries.get(best)
    if not entry or not entry.confusable:
        return None
    declared = {c.entry for c in entry.confusable}
    return next((c for c, q in ranked[1:] if c in declared and q >= CONFUSABLE * confidence), None)


def _options(ranked: list[tuple[str, float]], thresholds: Thresholds, why: str) -> Decision:
    offered = [(c, q) for c, q in ranked if c != NO_ENTRY and not c.startswith(ASK)]
    least = thresholds.option * offered[0][1] if offered else 0.0
    chosen = [c for i, (c, q) in enumerate(offered) if i < MIN_OPTIONS or q >= least][:MAX_OPTIONS]
    if len(chosen) < MIN_OPTIONS:
        return Decision("none", None, tuple(chosen), ranked[0][1], why)
    return Decision("options", None, tuple(chosen), ranked[0][1], why)
