"""A load balancer in a few lines: each TCP connection goes to the next address, or the one after it where nobody listens."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from itertools import count
from typing import Any

_CHUNK = 65536


class RoundRobin:
    """Copies bytes both ways; knows nothing of HTTP, and tries nothing again once a connection stands."""

    def __init__(self, ports: Sequence[int]) -> None:
        """`ports` of this machine, in turn."""
        self._ports, self._turn = tuple(ports), count()
        self.given: list[int] = [0] * len(self._ports)
        """Connections that each port got."""
        self._sides: set[asyncio.Task[None]] = set()
        self._serving: set[asyncio.Task[Any]] = set()

    async def connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection."""
        found = await self._next()
        if found is None:
            writer.transport.abort()
            return
        there_reader, there_writer = found
        sides = {asyncio.create_task(_copy(reader, there_writer)), asyncio.create_task(_copy(there_reader, writer))}
        self._sides |= sides
        if me := asyncio.current_task():
            self._serving.add(me)
            me.add_done_callback(self._serving.discard)
        try:
            await asyncio.wait(sides)
        finally:
            self._sides -= sides
            there_writer.transport.abort()
            writer.transport.abort()

    async def close(self) -> None:
        """Break off what still stands, and wait until it is gone."""
        for side in self._sides:
            side.cancel()
        if self._serving:
            await asyncio.wait(self._serving)

    async def _next(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter] | None:
        first = next(self._turn)
        for number in range(len(self._ports)):
            place = (first + number) % len(self._ports)
            try:
                found = await asyncio.open_connection("127.0.0.1", self._ports[place])
            except OSError:
                continue
            self.given[place] += 1
            return found
        return None


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(_CHUNK):
            writer.write(data)
            await writer.drain()
    with contextlib.suppress(OSError, RuntimeError):
        writer.write_eof()


@contextlib.asynccontextmanager
async def running_proxy(ports: Sequence[int]) -> AsyncIterator[tuple[RoundRobin, str]]:
    """The balancer on a free port, and its address."""
    proxy = RoundRobin(ports)
    server = await asyncio.start_server(proxy.connect, "127.0.0.1", 0)
    async with server:
        yield proxy, f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        await proxy.close()
