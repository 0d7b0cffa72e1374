"""续 on WeChat: the next page, once for each delivery, and none lost that was turned too late to be shown."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence

from bot.channels.wechat_messages import CHANNEL, Incoming
from bot.messages import Reply
from bot.store.platform_base import Platform

log = logging.getLogger(__name__)

MOST_TOGETHER = 2
"""What waits goes out with a reply, so many at a time."""


class Turning:
    """Turns pages, one after another for each chat."""

    def __init__(self, platform: Platform, cut: Callable[[Sequence[Reply]], Sequence[str]]) -> None:
        """`cut` makes pages of replies."""
        self._platform, self._cut = platform, cut
        self._turns: dict[str, asyncio.Task[None]] = {}

    @property
    def tasks(self) -> list[asyncio.Task[None]]:
        """Turns that are not finished."""
        return [*self._turns.values()]

    async def page(self, incoming: Incoming, waiting: bool, until: float) -> str | None:
        """The next page, or what waits for this person as pages of their own; None where there is neither.

        Raises StoreUnavailable, and TimeoutError when it is not there at `until`, by the clock of the event loop: then the
        turn is finished all the same, and its page is the next one again.
        """
        loop, chat = asyncio.get_running_loop(), incoming.chat
        async with asyncio.timeout_at(until):
            while (before := self._turns.get(chat)) is not None:
                await asyncio.wait({before})
        asked: asyncio.Future[str | None] = loop.create_future()
        turn = asyncio.create_task(self._turn(incoming, waiting, asked), name=f"wechat-page-{incoming.message_id}")
        self._turns[chat] = turn
        turn.add_done_callback(lambda _: self._turns.pop(chat))
        if not (await asyncio.wait({asked}, timeout=until - loop.time()))[0]:
            asked.cancel()
            raise TimeoutError
        return asked.result()

    async def _turn(self, incoming: Incoming, waiting: bool, asked: asyncio.Future[str | None]) -> None:
        """Turn a page and give it to who asked, or put it back when they were told something else meanwhile."""
        try:
            text = await self._next(incoming, waiting)
            if not asked.cancelled():
                asked.set_result(text)
            elif text is not None:
                await self._platform.put_back(CHANNEL, incoming.chat, incoming.message_id)
        except Exception as error:
            if asked.done():
                log.error("a page that was turned too late: %s", error)
            else:
                asked.set_exception(error)

    async def _next(self, incoming: Incoming, waiting: bool) -> str | None:
        text = await self._platform.turn_page(CHANNEL, incoming.chat, incoming.message_id)
        if text is None and waiting:
            await self._platform.lay_out(CHANNEL, incoming.chat, incoming.message_id, MOST_TOGETHER, self._cut)
            text = await self._platform.turn_page(CHANNEL, incoming.chat, incoming.message_id)
        return text
