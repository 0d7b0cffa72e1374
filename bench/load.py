"""A small HTTP load generator for one machine: prepared requests over connections that stay open.

`flat_out` keeps every connection busy (closed loop); `steady` and `arriving` send at a fixed rate whatever comes back
(open loop), so that a server that stands still shows in the times instead of slowing the question down.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict, deque
from collections.abc import Iterator, Sequence
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


class Arrivals:
    """Requests that become due one after another, whatever becomes of those before; no task and no future for each."""

    def __init__(self, plan: Sequence[tuple[str, bytes]], rate: float) -> None:
        """`plan`: (kind, prepared request) in the order of sending; `rate` a second."""
        self._plan, self._rate = plan, rate
        self.loads: dict[str, Load] = defaultdict(Load)
        """What was found, by kind."""
        self.late: list[float] = []
        """Seconds by which this generator itself was behind."""
        self._free: deque[_Line] = deque()
        self._due: deque[int] = deque()
        self._open = len(plan)
        self._over = asyncio.Event()

    async def run(self, ports: Sequence[int], connections: int) -> None:
        """Send the plan over so many connections, in turn to these ports; returns when the last answer is there."""
        loop = asyncio.get_running_loop()
        for number in range(connections):
            _, line = await loop.create_connection(lambda: _Line(self), "127.0.0.1", ports[number % len(ports)])
            self._free.append(line)
        self._started = perf_counter()
        for number in range(len(self._plan)):
            due = self._started + number / self._rate
            if (wait := due - perf_counter()) > 0:
                await asyncio.sleep(wait)
            self.late.append(perf_counter() - due)
            self._due.append(number)
            self._send()
        await self._over.wait()
        for load in self.loads.values():
            load.seconds = perf_counter() - self._started
        for line in self._free:
            line.close()

    def _send(self) -> None:
        while self._due and self._free:
            number, line = self._due.popleft(), self._free.popleft()
            line.send(number, self._plan[number][1])

    def answered(self, line: _Line, number: int, status: int) -> None:
        """An answer is whole; 0 for a connection that was lost."""
        load = self.loads[self._plan[number][0]]
        load.times.append(perf_counter() - self._started - number / self._rate)
        load.done += status == 200
        load.failed += status != 200
        self._open -= 1
        if not self._open:
            self._over.set()
        if status:
            self._free.append(line)
            self._send()


class _Line(asyncio.Protocol):
    """A connection of Arrivals."""

    def __init__(self, to: Arrivals) -> None:
        self._to, self._number, self._missing, self._status = to, -1, 0, 0
        self._head = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def send(self, number: int, request: bytes) -> None:
        self._number = number
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        if self._missing:
            self._missing -= len(data)
        else:
            self._head += data
            end = self._head.find(b"\r\n\r\n")
            if end < 0:
                return
            start = self._head.lower().find(b"content-length:", 0, end)
            length = int(self._head[start + 15 : self._head.find(b"\r\n", start)]) if start >= 0 else 0
            self._missing = length - (len(self._head) - end - 4)
            self._status, self._head = int(self._head[9:12]), b""
        if not self._missing:
            number, self._number = self._number, -1
            self._to.answered(self, number, self._status)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._number >= 0:
            self._to.answered(self, self._number, 0)

    def close(self) -> None:
        self._transport.close()


async def arriving(
    ports: Sequence[int], plan: Sequence[tuple[str, bytes]], rate: float, connections: int = 96
) -> Arrivals:
    """Send a plan of requests, so many a second, each timed from when it was due."""
    arrivals = Arrivals(plan, rate)
    await arrivals.run(ports, connections)
    return arrivals
