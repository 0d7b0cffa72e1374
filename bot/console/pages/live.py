"""Live numbers by server-sent events; a page without the script shows the same after a reload."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

from sse_starlette import EventSourceResponse
from starlette.responses import Response

from bot.console.house import House, Visit
from bot.errors import StoreUnavailable

EVERY_SECONDS = 5.0


async def stream(house: House, visit: Visit) -> Response:
    """Numbers whenever they change. Ends with the session: a signed-out browser learns nothing more."""
    return EventSourceResponse(_numbers(house, visit), ping=20)


async def _numbers(house: House, visit: Visit) -> AsyncIterator[dict[str, Any]]:
    last: dict[str, int] = {}
    while await _still_in(house, visit):
        try:
            current = await house.pulse.numbers()
        except StoreUnavailable:
            current = last
        if current != last:
            last = dict(current)
            yield {"event": "numbers", "data": json.dumps(current)}
        await asyncio.sleep(EVERY_SECONDS)


async def _still_in(house: House, visit: Visit) -> bool:
    try:
        return await house.door.look(visit.token) is not None
    except StoreUnavailable:
        return False
