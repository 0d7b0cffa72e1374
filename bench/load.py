"""A small HTTP load generator for one machine: prepared requests over connections that stay open.

`flat_out` keeps every connection busy (closed loop); `steady` sends at a fixed rate whatever comes back (open loop), so
that a server that stands still shows in the times instead of slowing the question down.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field
from time import perf_counter


@dataclass
class Load:
    """What a run found."""

    seconds: float = 0.0
    done: int = 0
    failed: int = 0
    """Answers that were not 200."""
    times: list[float] = field(default_factory=list)
    """Seconds from sending (or from when it was due) to the whole answer."""

    @property
    def rate(self) -> float:
        """Answers a second."""
        return self.done / self.seconds if self.seconds else 0.0

    def percentile(self, share: float) -> float:
        """Milliseconds within which this share was answered."""
        ordered = sorted(self.times)
        return 1000 * ordered[min(int(share * len(ordered)), len(ordered) - 1)] if ordered else 0.0


class _Connection(asyncio.Protocol):
    """One request at a time on one connection."""

    def __init__(self) -> None:
        self._buffer = b""
        self._answer: asyncio.Future[int] | None = None
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, found, body = self._buffer.partition(b"\r\n\r\n")
        if not found or self._answer is None:
            return
        lower = head.lower()
        start = lower.find(b"content-length:")
        length = int(lower[start + 15 :].split(b"\r\n", 1)[0]) if start >= 0 else 0
        if len(body) >= length:
            answer, self._answer, self._buffer = self._answer, None, b""
            if not answer.done():
                answer.set_result(int(head[9:12]))

    def connection_lost(self, exc: Exception | None) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_result(0)

    async def ask(self, request: bytes) -> int:
        """Send a prepared request; the status of its answer, 0 for a lost connection."""
        assert self.transport is not None
        self._answer = asyncio.get_running_loop().create_future()
        self.transport.write(request)
        return await self._answer


async def _connect(port: int) -> _Connection:
    _, connection = await asyncio.get_running_loop().create_connection(_Connection, "127.0.0.1", port)
    return connection


async def flat_out(port: int, requests: Iterator[bytes], seconds: float, connections: int = 32) -> Load:
    """As fast as it answers, over so many connections."""
    load, ends = Load(), perf_counter() + seconds

    async def one() -> None:
        connection = await _connect(port)
        while perf_counter() < ends:
            started = perf_counter()
            status = await connection.ask(next(requests))
            load.times.append(perf_counter() - started)
            load.done += status == 200
            load.failed += status != 200
        assert connection.transport is not None
        connection.transport.close()

    started = perf_counter()
    await asyncio.gather(*(one() for _ in range(connections)))
    load.seconds = perf_counter() - started
    return load


async def steady(port: int, requests: Iterator[bytes], seconds: float, rate: float, connections: int = 64) -> Load:
    """So many a second, each timed from when it was due."""
    load = Load()
    free: asyncio.Queue[_Connection] = asyncio.Queue()
    for _ in range(connections):
        free.put_nowait(await _connect(port))

    async def one(due: float, request: bytes) -> None:
        connection = await free.get()
        status = await connection.ask(request)
        load.times.append(perf_counter() - due)
        load.done += status == 200
        load.failed += status != 200
        free.put_nowait(connection)

    started = perf_counter()
    running = []
    for number in range(int(seconds * rate)):
        due = started + number / rate
        await asyncio.sleep(max(due - perf_counter(), 0))
        running.append(asyncio.create_task(one(due, next(requests))))
    await asyncio.gather(*running)
    load.seconds = perf_counter() - started
    while not free.empty():
        transport = free.get_nowait().transport
        assert transport is not None
        transport.close()
    return load
