"""What the browser keeps of a visit, in cookies: its secret name, the size of the letters, the writing.

Shown in a frame of another site (web.embed_origins), the cookies are kept apart for each such site (CHIPS: `Partitioned`,
RFC 6265bis draft and developer.mozilla.org); that needs HTTPS. Otherwise they are SameSite=Lax.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from bot.config import Web

VISIT, SIZE, WRITING = "fawen_visit", "fawen_size", "fawen_writing"
SIZES = ("standard", "elder", "large")
_NAME = re.compile(r"[A-Za-z0-9_-]{20,64}\Z")
_WEEK, _YEAR = 7 * 86400, 365 * 86400


@dataclass(frozen=True, slots=True)
class Visit:
    """One browser's visit."""

    name: str
    """Not guessable; it is the chat and the person."""
    size: str
    traditional: bool
    """Whether the last question that told was written in Traditional characters."""
    kept: bool = True
    """Whether the browser brought the name in its cookie; one that keeps no cookies carries it in the page's forms."""


def read(cookies: Mapping[str, str], carried: str = "") -> Visit:
    """The visit of a request, by its cookie or else by what a form of the page carried; a new one when there is neither,
    or its name is none of ours."""
    names = [name for name in (cookies.get(VISIT, ""), carried) if _NAME.match(name)]
    size = cookies.get(SIZE, "")
    return Visit(
        name=names[0] if names else secrets.token_urlsafe(18),
        kept=bool(_NAME.match(cookies.get(VISIT, ""))),
        size=size if size in SIZES else SIZES[0],
        traditional=cookies.get(WRITING) == "traditional",
    )


def language(traditional: bool) -> str:
    """The language tag of the writing that a person is answered in (BCP 47)."""
    return "zh-Hant-HK" if traditional else "zh-CN"


def remember(response: Response, visit: Visit, settings: Web) -> Response:
    """Keep name and writing; nothing of a visit belongs into a cache."""
    keep(response, VISIT, visit.name, _WEEK, settings)
    keep(response, WRITING, "traditional" if visit.traditional else "simplified", _WEEK, settings)
    response.headers.setdefault("Cache-Control", "no-store")
    return response


def keep_size(response: Response, size: str, settings: Web) -> None:
    """长者模式 is remembered for a year."""
    keep(response, SIZE, size if size in SIZES else SIZES[0], _YEAR, settings)


def keep(response: Response, name: str, value: str, seconds: int, settings: Web) -> None:
    """Set one cookie that scripts cannot read."""
    framed = bool(settings.embed_origins) and settings.secure_cookies
    response.set_cookie(
        name,
        value,
        max_age=seconds,
        httponly=True,
        secure=settings.secure_cookies,
        samesite="none" if framed else "lax",
    )
    if framed:
        # http.cookies of Python 3.11 does not know the attribute
        place, (key, raw) = len(response.raw_headers) - 1, response.raw_headers[-1]
        response.raw_headers[place] = (key, raw + b"; Partitioned")


def same_site(request: Request) -> bool:
    """Whether a post comes from our own page (Fetch Metadata, W3C; Origin for older browsers)."""
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site in ("same-origin", "none")
    origin = request.headers.get("origin")
    return origin is None or origin.split("://", 1)[-1] == request.headers.get("host", "")
