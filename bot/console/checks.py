"""Checks of proposals, begun by a click and finished in the background: with the whole knowledge they take minutes."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable

from bot.errors import FawenError

log = logging.getLogger(__name__)


class Checks:
    """The checks that this process is running; what they find stands in the store."""

    def __init__(self) -> None:
        self._running: dict[int, asyncio.Task[None]] = {}
        self._failed: dict[int, str] = {}

    def begin(self, proposal: int, work: Callable[[int], Awaitable[object]]) -> None:
        """Start one, unless it is running already."""
        if not self.running(proposal):
            self._failed.pop(proposal, None)
            self._running[proposal] = asyncio.create_task(self._run(proposal, work), name=f"check-{proposal}")

    def running(self, proposal: int) -> bool:
        """Whether this one is not finished yet."""
        return proposal in self._running

    def failure(self, proposal: int) -> str:
        """Why the last one came to nothing, in words for staff; empty when it did not, told once."""
        return self._failed.pop(proposal, "")

    async def finish(self, proposal: int) -> None:
        """Wait for one; at once when it is not running."""
        task = self._running.get(proposal)
        if task is not None:
            await asyncio.wait([task])

    async def close(self) -> None:
        """Stop what runs: it is begun again with another click."""
        for task in list(self._running.values()):
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    async def _run(self, proposal: int, work: Callable[[int], Awaitable[object]]) -> None:
        try:
            await work(proposal)
        except FawenError as error:
            self._failed[proposal] = str(error)
        except Exception:
            log.exception("checking proposal %d failed", proposal)
            self._failed[proposal] = "检查没有做完，请再试一次；还不行就请运维看日志。"
        finally:
            self._running.pop(proposal, None)
