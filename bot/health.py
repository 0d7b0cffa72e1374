"""GET /healthz, /readyz and /metrics: is it alive, is it ready, what does it count.

/metrics is for this machine, or for whoever has `server.metrics_token`. A request that came through a proxy is not from
this machine, whatever its socket says.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Mapping

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bot.channels.api import error
from bot.errors import StoreError
from bot.metrics import CONTENT_TYPE, Health, Metrics
from bot.store.base import Store

_FORWARDED = ("forwarded", "x-forwarded-for", "x-real-ip")
_LOOPBACK = ("127.0.0.1", "::1")


def routes(
    store: Store,
    version: Callable[[], str],
    health: Health = dict,
    metrics: Metrics | None = None,
    token: str = "",
    reloads: Callable[[], Mapping[str, int]] = dict,
    refused: Callable[[], str] = str,
) -> list[Route]:
    """The three pages; /metrics only with `metrics`. `refused` says why the files on disk are not in force, "" if they
    are: the service is ready all the same, with the last good version."""

    async def alive(_: Request) -> Response:
        return JSONResponse({"status": "ok", "channels": {name: dict(state) for name, state in health().items()}})

    async def ready(_: Request) -> Response:
        try:
            await store.ping()
        except StoreError:
            return error(503, "store_unavailable", "数据库暂时连接不上。")
        why = refused()
        return JSONResponse({"status": "ok", "knowledge": version(), **({"knowledge_refused": why} if why else {})})

    async def measured(request: Request) -> Response:
        if not _may_read(request, token):
            return error(403, "forbidden", "只有本机或带口令（server.metrics_token）的请求可以读取。")
        try:
            counts: dict[str, int] | None = await store.counts(log=False)
        except StoreError:
            # the counters of this process still say something while the database is away
            counts = None
        assert metrics is not None
        return Response(metrics.show(counts, version(), reloads(), health()), media_type=CONTENT_TYPE)

    found = [Route("/healthz", alive), Route("/readyz", ready)]
    return [*found, Route("/metrics", measured)] if metrics is not None else found


def _may_read(request: Request, token: str) -> bool:
    given = request.headers.get("authorization", "")
    if token and hmac.compare_digest(given.encode(), f"Bearer {token}".encode()):
        return True
    if any(name in request.headers for name in _FORWARDED):
        return False
    return request.client is not None and request.client.host in _LOOPBACK
