"""Signals -> one probability a candidate: a conditional logit with few, fitted weights.

score(c) = sum over signals of (w + v x length) x signal(c) + bias of the candidate's kind; P = softmax of the scores.
`length` is log(characters / 12), so that long stories and single words weigh signals differently. Weights come from
`intents.fit` (cross-validation over phrases, and our own test questions), never from hand.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from intents.errors import FawenError
from intents.grams import Floats
from intents.model import ASK, NO_ENTRY, ROUTING

WEIGHTS_FILE = Path(__file__).with_name("weights.json")
TYPICAL_LENGTH = 12
KINDS = ("route", "none", "ask")


def length_term(normal: str) -> float:
    """0 for a question of typical length, negative for shorter, positive for longer; clipped to [-2, 2]."""
    return min(max(math.log(max(len(normal), 1) / TYPICAL_LENGTH), -2.0), 2.0)


@dataclass(frozen=True)
class Ranking:
    """Fitted weights for one set of signals."""

    signals: tuple[str, ...]
    weights: Floats
    """One a signal."""
    by_length: Floats
    """What is added per unit of `length_term`; one a signal."""
    bias: Floats
    """For the kinds route, none and ask, and per unit of `length_term`; shape (2, 3)."""

    def probabilities(self, values: Floats, length: float, kinds: Floats, extra: Floats | None = None) -> Floats:
        """P of each candidate, summing to 1.

        `values` (candidates, signals); `kinds` (candidates, 3) flags; `extra` (candidates,) from the conversation.
        """
        scores = values @ (self.weights + np.float32(length) * self.by_length)
        scores += kinds @ (self.bias[0] + np.float32(length) * self.bias[1])
        if extra is not None:
            scores += extra
        scores -= scores.max()
        np.exp(scores, out=scores)
        scores /= scores.sum()
        return np.asarray(scores, np.float32)

    def to_json(self) -> dict[str, Any]:
        """Plain data, rounded to six digits."""
        return {
            "signals": list(self.signals),
            "weights": [round(float(x), 6) for x in self.weights],
            "by_length": [round(float(x), 6) for x in self.by_length],
            "bias": [[round(float(x), 6) for x in row] for row in self.bias],
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Ranking:
        """Inverse of `to_json`."""
        return cls(
            tuple(data["signals"]),
            np.array(data["weights"], np.float32),
            np.array(data["by_length"], np.float32),
            np.array(data["bias"], np.float32),
        )


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Where an answer ends and asking back begins; probabilities, fitted like the weights."""

    answer: float
    """Least P for a curated answer."""
    route: float
    """Least P (of the two routing entries and `none` together) for referring on."""
    chat: float
    """Least P for small talk."""
    none: float
    """Least P of `none` for saying that it is not known."""
    option: float
    """Least P of an option relative to the best."""
    follow: float = 0.5
    """Least P for an answer that takes its subject from the conversation."""
    bare: float = 0.0
    """Least P for an answer or a referral to a message that names a matter and asks nothing of it."""

    def of(self, follow_up: bool, bare: bool) -> Thresholds:
        """Those that count for a question: of a follow-up, of a bare message, or the plain ones."""
        if follow_up:
            return self.of_follow_up()
        return self.of_bare() if bare else self

    def of_follow_up(self) -> Thresholds:
        """The same where the conversation has a say: an answer needs `follow` as well."""
        return replace(self, answer=max(self.answer, self.follow))

    def of_bare(self) -> Thresholds:
        """The same for a message that is `Question.bare`."""
        return replace(self, answer=max(self.answer, self.bare), route=max(self.route, self.bare))


@dataclass(frozen=True)
class Fitted:
    """One entry of weights.json, which says besides when it was fitted and to which version of the knowledge."""

    ranking: Ranking
    thresholds: Thresholds
    context: Floats
    """Amounts of `intents.context`, shape (3, its FEATURES)."""
    first: Ranking | None = None
    """For the cheapest signals alone."""


def top(p: Floats, most: int) -> list[int]:
    """Positions of the `most` highest values, highest first, equals by position."""
    if len(p) <= most:
        return list((-p).argsort(kind="stable").tolist())
    parted = p.copy()
    parted.partition(len(p) - most)
    reached = (p >= parted[len(p) - most]).nonzero()[0]
    return list(reached[(-p[reached]).argsort(kind="stable")[:most]].tolist())


def kinds_of(candidates: Sequence[str]) -> Floats:
    """Flags (candidates, 3): is it a routing entry, is it `none`, is it a question that could mean several."""
    return np.array([[c in ROUTING, c == NO_ENTRY, c.startswith(ASK)] for c in candidates], np.float32)


def load_fitted(name: str, path: Path = WEIGHTS_FILE) -> Fitted:
    """The weights fitted for a set of signals: `lexical`, `large`, or `lexical+` and encoder names. Raises FawenError."""
    data = _set(name, path)
    return Fitted(
        Ranking.from_json(data["ranking"]),
        Thresholds(**data["thresholds"]),
        np.array(data["context"], np.float32),
        Ranking.from_json(data["first"]) if "first" in data else None,
    )


def load_figures(name: str, path: Path = WEIGHTS_FILE) -> dict[str, Any]:
    """The figures that were written with the weights of a set. Raises FawenError."""
    return dict(_set(name, path)["figures"])


def _set(name: str, path: Path) -> dict[str, Any]:
    sets = json.loads(path.read_text(encoding="utf-8"))["sets"]
    if name not in sets:
        raise FawenError(f"{path} 里没有为“{name}”拟合的权重，现有：{'、'.join(sets)}。请先运行 fawen fit。")
    return dict(sets[name])
