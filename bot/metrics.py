"""What is counted and shown at /metrics (Prometheus): how much, how fast, what waits. No person, no text.

The registry is our own, not the library's global one, so that two services in one process do not mix.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from functools import cache

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Info
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

from bot.messages import Reply

CONTENT_TYPE = CONTENT_TYPE_LATEST
_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
_OWN_KEYS = ("closed", "too_fast", "too_long")
"""Replies counted by their key: they say more about the service than about the question."""


class Metrics:
    """Implements bot.gate.Meter."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """`clock` in seconds, never going back."""
        self._clock, self._started = clock, clock()
        self.registry = CollectorRegistry()
        self._messages = Counter(
            "fawen_messages", "Messages by channel and outcome.", ("channel", "outcome"), registry=self.registry
        )
        self._seconds = Histogram(
            "fawen_reply_seconds",
            "From accepted to answered and recorded, seconds.",
            ("channel",),
            buckets=_BUCKETS,
            registry=self.registry,
        )
        # looking a child up costs as much as counting; there are a few dozen
        self._message, self._second = cache(self._messages.labels), cache(self._seconds.labels)
        self._store = Gauge(
            "fawen_store_up", "1 while the database answers, 0 while it does not.", registry=self.registry
        )
        self._outbox = Gauge("fawen_outbox", "Outgoing messages by state.", ("state",), registry=self.registry)
        self._tickets = Gauge("fawen_tickets", "Tickets by state.", ("state",), registry=self.registry)
        self._reloads = Gauge(
            "fawen_knowledge_reloads",
            "Reloads of changed knowledge since the start.",
            ("result",),
            registry=self.registry,
        )
        self._knowledge = Info("fawen_knowledge", "The knowledge in force.", registry=self.registry)
        self._open = Gauge("fawen_channel_open", "1 open, 0 switched off.", ("channel",), registry=self.registry)
        self._age = Gauge(
            "fawen_channel_contact_age_seconds",
            "Since the platform last answered (Telegram: the last successful poll); since the start while it never did.",
            ("channel",),
            registry=self.registry,
        )
        self._problem = Gauge(
            "fawen_channel_problem",
            "1 while the platform cannot be used, /healthz says why; 0 otherwise.",
            ("channel",),
            registry=self.registry,
        )

    def answered(self, channel: str, reply: Reply, seconds: float) -> None:
        """See Meter."""
        self._message(channel, reply.key if reply.key in _OWN_KEYS else reply.outcome).inc()
        self._second(channel).observe(seconds)

    def turned_away(self, channel: str, why: str) -> None:
        """See Meter."""
        self._message(channel, why).inc()

    def show(
        self,
        counts: Mapping[str, int] | None,
        version: str,
        reloads: Mapping[str, int],
        health: Mapping[str, Mapping[str, object]],
    ) -> bytes:
        """The text for a scrape. `counts` as Store.counts gives them, None while the store does not answer; `health` by
        channel: `open`, `contact_age` (None: never), `problem`; a channel without one of them has no such sample."""
        self._store.set(0 if counts is None else 1)
        for prefix, gauge in (("outbox_", self._outbox), ("ticket_", self._tickets)):
            gauge.clear()
            for name, count in (counts or {}).items():
                if name.startswith(prefix):
                    gauge.labels(name.removeprefix(prefix)).set(count)
        for result, count in reloads.items():
            self._reloads.labels(result).set(count)
        self._knowledge.info({"version": version})
        for channel, state in health.items():
            self._open.labels(channel).set(1 if state.get("open", True) else 0)
            if "contact_age" in state:
                age = state["contact_age"]
                self._age.labels(channel).set(age if isinstance(age, int | float) else self._clock() - self._started)
            if "problem" in state:
                self._problem.labels(channel).set(1 if state["problem"] else 0)
        return generate_latest(self.registry)


Health = Callable[[], Mapping[str, Mapping[str, object]]]
"""State of each channel: {"web": {"open": True}, "telegram": {"open": True, "contact_age": 3.1, "problem": ""}}."""
