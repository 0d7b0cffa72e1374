"""Live numbers by server-sent events, soon after a change that is told of (PostgreSQL), else every few seconds.

A page without the script shows the same after a reload.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Coroutine
from typing import Any, TypeVar

from sse_starlette import EventSourceResponse
from starlette.responses import Response

from bot.console.house import House, Visit
from bot.errors import StoreUnavailable

T = TypeVar("T")
EVERY_SECONDS = 5.0


async def stream(house: House, visit: Visit) -> Response:
    """Numbers whenever they change. Ends with the session: a signed-out browser learns nothing more."""
    return EventSourceResponse(_numbers(house, visit), ping=20)


async def _numbers(house: House, visit: Visit) -> AsyncIterator[dict[str, Any]]:
    last: dict[str, int] = {}
    while await _still_in(house, visit):
        try:
            current = await _whole(house.pulse.numbers())
        except StoreUnavailable:
            current = last
        if current != last:
            last = dict(current)
            yield {"event": "numbers", "data": json.dumps(current)}
        await house.pulse.moved(EVERY_SECONDS)


async def _still_in(house: House, visit: Visit) -> bool:
    try:
        return await _whole(house.door.look(visit.token)) is not None
    except StoreUnavailable:
        return False


async def _whole(work: Coroutine[Any, Any, T]) -> T:
    """A browser that goes away stops the stream, never a query half-way: its connection would be thrown away."""
    return await asyncio.shield(asyncio.ensure_future(work))
