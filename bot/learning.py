"""Says that learning goes on, where it takes long: the first start, or a start after many changes.

How far sentence vectors are is known, and said at each quarter; of the rest only the time is said that it has taken so far.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Self

from bot.saying import Say

FIRST_SECONDS, EVERY_SECONDS = 10.0, 15.0
"""A start that has learnt before takes a few seconds, and says nothing."""
_MANY = 1_000
"""Sentences from which on their vectors take long."""


class Learning:
    """A `with` block around what learns; called with (done, total) it is told of vectors."""

    def __init__(
        self,
        say: Say,
        clock: Callable[[], float] = time.monotonic,
        over: Callable[[float], bool] | None = None,
    ) -> None:
        """`clock` in seconds; `over(seconds)` waits so long and says whether the learning has ended meanwhile."""
        self._tell_people, self._clock = say, clock
        self._over = threading.Event()
        self._wait = over or self._over.wait
        self._thread = threading.Thread(target=self._tell, name="learning", daemon=True)
        self._said = False
        self._quarter, self._done = 0, 0

    def __enter__(self) -> Self:
        self._began = self._clock()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    def end(self) -> None:
        """It is learnt; safe to call twice."""
        self._over.set()
        self._thread.join()
        if self._said:
            self._said = False
            self._say(f"用时 {self._clock() - self._began:.0f} 秒")

    def __call__(self, done: int, total: int) -> None:
        """So many sentences of a model have their vectors."""
        if done <= self._done:
            self._quarter = 0
        quarter, self._done = 4 * done // max(total, 1), done
        if total >= _MANY and quarter > self._quarter:
            self._said = True
            self._say(f"句向量 {done}/{total}")
        self._quarter = max(quarter, self._quarter)

    def _tell(self) -> None:
        seconds = FIRST_SECONDS
        while not self._wait(seconds):
            self._say(f"已 {self._clock() - self._began:.0f} 秒" + ("" if self._said else "（第一次要半分钟到一分钟）"))
            self._said, seconds = True, EVERY_SECONDS

    def _say(self, words: str) -> None:
        self._tell_people(f"  学习知识库：{words}", "")
