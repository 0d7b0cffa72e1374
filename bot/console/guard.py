"""Against requests that other sites make a browser send (CSRF), and what every console response carries."""

from __future__ import annotations

import hmac
from collections.abc import Mapping

HEADERS = {"Cache-Control": "no-store", "X-Robots-Tag": "noindex, nofollow"}


def own_site(headers: Mapping[str, str]) -> bool:
    """Whether a posting request comes from a page of this very site.

    Sec-Fetch-Site is set by the browser and cannot be set by a page (W3C Fetch Metadata); Origin is sent with every
    POST (WHATWG Fetch). Both must agree where both are there, and a request with neither is refused: it is no browser
    with a form of ours.
    """
    site, origin = headers.get("sec-fetch-site"), headers.get("origin")
    if (site is None and origin is None) or site not in (None, "same-origin"):
        return False
    if origin is None or (origin == "null" and site is not None):
        return True
    return origin.split("://", 1)[-1] == headers.get("host", "")


def same_token(given: str, expected: str) -> bool:
    """Compare two CSRF tokens in constant time."""
    return bool(expected) and hmac.compare_digest(given.encode(), expected.encode())
