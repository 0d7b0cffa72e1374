"""Waiting for what another task or process does."""

from __future__ import annotations

import asyncio
from collections.abc import Callable


async def until(true: Callable[[], bool], seconds: float = 10.0) -> bool:
    """Wait until something holds; False when it does not in time."""
    for _ in range(int(seconds * 50)):
        if true():
            return True
        await asyncio.sleep(0.02)
    return true()


async def patiently(true: Callable[[], bool]) -> bool:
    """`until` with half a minute, for what a database server has to notice first."""
    return await until(true, 30.0)
