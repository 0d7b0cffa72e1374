"""Keeping the sums of the log near its end while the service runs."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from bot.errors import StoreUnavailable
from bot.store.sums import STEP, Sums

log = logging.getLogger(__name__)

IDLE_SECONDS = 5.0
"""Between two looks when (nearly) all is summed: what came in between is counted row by row."""
REST_SECONDS = 0.05
"""After each step, so that an old log of millions, at the first start after an upgrade, holds up nobody."""


async def keep_summed(
    sums: Sums,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> None:
    """For ever. What fails is tried again: reports count row by row meanwhile."""
    failed = False
    while True:
        counted = 0
        try:
            counted = await sums.advance()
            failed = False
        except StoreUnavailable as error:
            # another transaction may just be long: once is said quietly
            log.log(logging.ERROR if failed else logging.INFO, "the log could not be summed, next try soon: %s", error)
            failed = True
        # the few that came since the last step are no reason for a dozen statements: they can wait for the next look
        await sleep(REST_SECONDS if counted >= STEP else IDLE_SECONDS)
