"""The kill switches in a running service: read from the store every few seconds, so that a command takes effect at once."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Protocol

from bot.errors import StoreUnavailable
from bot.store.base import Switch

log = logging.getLogger(__name__)

CHANNELS = ("web", "telegram", "wechat", "terminal")
"""Channels that can be switched; the JSON API belongs to `web`."""
REFRESH_SECONDS = 2.0


class SwitchSource(Protocol):
    """Where the switches are kept: bot.store.switches.Switches."""

    async def all(self) -> dict[str, Switch]:
        """Channel -> its switch."""


class Switchboard:
    """The switches in force; the last ones known stay in force while the store cannot be read."""

    def __init__(
        self,
        source: SwitchSource,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        seconds: float = REFRESH_SECONDS,
    ) -> None:
        self._source, self._sleep, self._seconds = source, sleep, seconds
        self._known: Mapping[str, Switch] = {}

    def current(self) -> Mapping[str, Switch]:
        """Channel -> its switch."""
        return self._known

    async def refresh(self) -> None:
        """Read them once. Raises StoreUnavailable."""
        known = await self._source.all()
        for channel, switch in known.items():
            before = self._known.get(channel)
            if (before is None or before.open) != switch.open:
                log.warning("channel %s is %s", channel, "open again" if switch.open else "closed")
        self._known = known

    async def watch(self) -> None:
        """Read them for ever."""
        while True:
            await self._sleep(self._seconds)
            try:
                await self.refresh()
            except StoreUnavailable as error:
                log.error("switches not read, the last ones stay in force: %s", error)
