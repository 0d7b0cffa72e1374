"""A platform's server on an event loop of its own thread, for tests that a browser drives from this one."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine, Iterator
from contextlib import AbstractAsyncContextManager, contextmanager
from typing import Any, TypeVar

T = TypeVar("T")


class Elsewhere:
    """Runs coroutines over there."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="elsewhere", daemon=True)
        self._thread.start()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Its result, waited for; raises what it raises."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(60)

    def stop(self) -> None:
        """End the thread."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


@contextmanager
def elsewhere(server: AbstractAsyncContextManager[T]) -> Iterator[tuple[Elsewhere, T]]:
    """The server, running there, and the way to speak to it."""
    there = Elsewhere()
    try:
        running = there.run(server.__aenter__())
        try:
            yield there, running
        finally:
            there.run(server.__aexit__(None, None, None))
    finally:
        there.stop()
