"""A sentence encoder that takes as long as its test wants."""

from __future__ import annotations

import threading
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from intents.cascade import step_signals
from intents.context import FEATURES
from intents.ranking import Fitted, Ranking, Thresholds
from tests.toy_vectors import counted


class SlowEncoder:
    """Gives a question's vector only when `go` is set; knowledge, more than one text at a time, at once."""

    name, reads, slow = "slow", 60, True

    def __init__(self) -> None:
        self.go = threading.Event()
        self.broken = False
        self.asked: list[str] = []
        self.at_once = 0
        """Questions in work at this moment."""
        self.most_at_once = 0

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """See Encoder. Raises AssertionError when nobody sets `go` within ten seconds, RuntimeError when it is broken."""
        if self.broken:
            raise RuntimeError("no vector")
        if len(texts) == 1:
            self.asked += texts
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
            if not self.go.wait(10):
                raise AssertionError("nothing else went on while the vector was worked out")
            self.at_once -= 1
        return counted(texts)


def always_asked() -> Fitted:
    """Weights with which the encoder is asked about every question that is not stored."""
    signals = step_signals(["slow"])
    weights = np.array([8.0 if s == "bm25" else 0.5 for s in signals], np.float32)
    ranking = Ranking(signals, weights, np.zeros(len(signals), np.float32), np.zeros((2, 3), np.float32))
    thresholds = Thresholds(answer=0.3, route=0.5, chat=0.3, none=0.5, option=0.1)
    return Fitted(ranking, thresholds, np.zeros((3, len(FEATURES)), np.float32), None)
