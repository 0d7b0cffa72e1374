"""The gate that every channel's messages pass: is the channel open, is there room, and what is counted.

Dialogue asks it before it answers, so the rules hold on the page, the API, Telegram, WeChat and the terminal alike. It
holds no message: what is closed or busy is said with a text, and what was acknowledged is never dropped here.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Protocol

from bot.config import Limits
from bot.limits import Limiter, RateLimit, in_process
from bot.messages import Reply
from bot.store.base import Switch

_UNLIMITED = 1_000_000_000
_TYPED = 3
"""Suggestions that are looked up while one question is typed."""
_LEAST_TYPED = 20
"""Suggestions a second that several people at once need, however few messages are let in."""


class Meter(Protocol):
    """Counts what happens; bot.metrics.Metrics shows it at /metrics."""

    def answered(self, channel: str, reply: Reply, seconds: float) -> None:
        """A message was answered and recorded."""

    def turned_away(self, channel: str, why: str) -> None:
        """A message got a reply without a record of its own: `busy`, `outage` or `repeated`."""


class NoMeter:
    """Counts nothing."""

    def answered(self, channel: str, reply: Reply, seconds: float) -> None:
        """See Meter."""

    def turned_away(self, channel: str, why: str) -> None:
        """See Meter."""


class Gate:
    """Open or closed, room or no room."""

    def __init__(
        self,
        limits: Limits | None = None,
        switches: Callable[[], Mapping[str, Switch]] = dict,
        meter: Meter | None = None,
        limiter: Callable[[str, int, timedelta], Limiter] = in_process,
    ) -> None:
        """No `limits`: unlimited. `switches` gives those in force by channel; a running service reads them
        anew every few seconds. `limiter` makes what counts: a name, how many messages, in which time."""
        self._limits = limits or Limits(per_second=_UNLIMITED, in_work=_UNLIMITED)
        self._switches = switches
        self.meter: Meter = meter or NoMeter()
        self.limiter = limiter
        second = timedelta(seconds=1)
        self._overall = limiter("all", self._limits.per_second, second)
        self._typed = RateLimit(max(_LEAST_TYPED, _TYPED * self._limits.per_second), second)
        self.in_work = 0
        """Messages being answered at this moment."""

    def closed(self, channel: str) -> Switch | None:
        """The switch of a closed channel; None while it is open."""
        found = self._switches().get(channel)
        return found if found is not None and not found.open else None

    async def full(self, at: datetime) -> bool:
        """Whether another message is too much now, by number in work or by rate; counts it if not."""
        return self.in_work >= self._limits.in_work or not await self._overall.allow("all", at)

    def typing(self, at: datetime) -> bool:
        """Whether suggestions may be looked up now; counts it if so. Each process counts its own: no store is asked while
        people type."""
        return self._typed.allow("all", at)

    @contextlib.contextmanager
    def working(self) -> Iterator[None]:
        """One message in work."""
        self.in_work += 1
        try:
            yield
        finally:
            self.in_work -= 1
