"""How often one person may write: a token bucket in memory, forgotten when idle. Several machines: bot.store.rates."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from datetime import datetime, timedelta
from typing import Protocol

_MOST_KEYS = 50_000


class RateLimit:
    """At most `limit` messages in `window` for each key, refilled evenly."""

    def __init__(self, limit: int, window: timedelta) -> None:
        self._limit, self._window = float(limit), window
        self._per_second = limit / window.total_seconds()
        self._buckets: OrderedDict[Hashable, tuple[float, datetime]] = OrderedDict()

    def allow(self, key: Hashable, at: datetime) -> bool:
        """Whether a message at this time is within the limit; counts it if so."""
        tokens, last = self._buckets.pop(key, (self._limit, at))
        if last - at > self._window:
            # the clock was set back: waiting for it to catch up would shut people out for as long as it ran ahead
            last = at
        elapsed = max((at - last).total_seconds(), 0.0)
        tokens = min(self._limit, tokens + elapsed * self._per_second)
        allowed = tokens >= 1
        self._buckets[key] = (tokens - 1 if allowed else tokens, max(at, last))
        if len(self._buckets) > _MOST_KEYS:
            self._buckets.popitem(last=False)
        return allowed


class Limiter(Protocol):
    """Counts messages, in this process or for several."""

    async def allow(self, key: str, at: datetime) -> bool:
        """Whether a message of this key at this time is within the limit; counts it."""


class InProcess:
    """A RateLimit as a Limiter."""

    def __init__(self, limit: int, window: timedelta) -> None:
        self._rate = RateLimit(limit, window)

    async def allow(self, key: str, at: datetime) -> bool:
        """See Limiter."""
        return self._rate.allow(key, at)


def in_process(name: str, limit: int, window: timedelta) -> Limiter:
    """A limit of this process alone; `name` says what is limited."""
    return InProcess(limit, window)
