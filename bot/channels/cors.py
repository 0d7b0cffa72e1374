"""Which other sites' pages may call the API (setting web.embed_origins): CORS as the Fetch standard says (fetch.spec.whatwg.org).

No credentials are allowed across sites: a program names its session itself, the page's cookie stays with the page.
"""

from __future__ import annotations

from collections.abc import MutableMapping, Sequence
from typing import Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_MARK = "fawen.cors"
"""Where a request keeps how its answer is marked."""
_READABLE = "Retry-After, Allow"
"""Headers of refusals that the description of the API tells programs to read."""


def mark_error(scope: MutableMapping[str, Any], headers: MutableHeaders) -> None:
    """Mark an answer that is made outside of `Cors`, when something broke in it."""
    if mark := scope.get(_MARK):
        mark(headers)


class Cors:
    """Answers preflight requests of the allowed origins and marks the answers they may read."""

    def __init__(self, app: ASGIApp, origins: Sequence[str]) -> None:
        self._app, self._origins = app, frozenset(origins)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request. Raises HTTPException, marked like an answer."""
        if not self._origins:
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        origin = headers.get("origin", "")
        allowed = origin in self._origins
        if allowed and scope["method"] == "OPTIONS" and "access-control-request-method" in headers:
            preflight = Response(status_code=204, headers={
                "Access-Control-Allow-Origin": origin, "Access-Control-Allow-Methods": "GET, POST",
                "Access-Control-Allow-Headers": "Content-Type", "Access-Control-Max-Age": "600", "Vary": "Origin",
            })  # fmt: skip
            await preflight(scope, receive, send)
            return

        def mark(given: MutableHeaders) -> MutableHeaders:
            given.add_vary_header("Origin")
            if allowed:
                given["Access-Control-Allow-Origin"] = origin
                given["Access-Control-Expose-Headers"] = _READABLE
            return given

        async def marked(message: Message) -> None:
            if message["type"] == "http.response.start":
                mark(MutableHeaders(scope=message))
            await send(message)

        scope[_MARK] = mark
        try:
            await self._app(scope, receive, marked)
        except HTTPException as refused:
            # 404 and 405 are made into an answer outside of here, with these headers
            refused.headers = mark(MutableHeaders(refused.headers))
            raise
