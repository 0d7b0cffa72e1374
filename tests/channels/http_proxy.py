"""A little HTTP proxy: it answers a request for a whole address by making it, and counts them. It has no CONNECT."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from urllib.parse import urlsplit


class HttpProxy:
    """Serves one connection after another; `down` refuses them as a proxy that is switched off in the office would."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        """Addresses that were asked for, without their query."""
        self.down = False

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection of a client."""
        with contextlib.suppress(asyncio.IncompleteReadError, OSError):
            while not self.down:
                head = await reader.readuntil(b"\r\n\r\n")
                first, _, rest = head.partition(b"\r\n")
                method, address, version = first.decode().split(" ")
                url = urlsplit(address)
                self.asked.append(f"{method} {url.path.rpartition('/')[2]}")
                body = await reader.readexactly(_length(rest))
                target = f"{url.path}?{url.query}" if url.query else url.path
                line = f"{method} {target} {version}\r\nConnection: close\r\n".encode()
                writer.write(
                    await _forward(url.hostname or "", url.port or 80, line + _without_connection(rest) + body)
                )
                await writer.drain()
                break
        writer.close()


async def _forward(host: str, port: int, request: bytes) -> bytes:
    reader, writer = await asyncio.open_connection(host, port)
    writer.write(request)
    await writer.drain()
    answer = await reader.read()
    writer.close()
    return answer


def _length(head: bytes) -> int:
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return int(line.partition(b":")[2])
    return 0


def _without_connection(head: bytes) -> bytes:
    lines = [line for line in head.split(b"\r\n") if not line.lower().startswith((b"connection:", b"proxy-"))]
    return b"\r\n".join(lines)


@contextlib.asynccontextmanager
async def running_proxy() -> AsyncIterator[tuple[HttpProxy, str]]:
    """The proxy on a free port, and its address."""
    proxy = HttpProxy()
    server = await asyncio.start_server(proxy.serve, "127.0.0.1", 0)
    async with server:
        yield proxy, f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
