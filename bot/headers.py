"""The security headers of every response."""

from __future__ import annotations

from collections.abc import Sequence


def content_policy(frames: Sequence[str] = ()) -> str:
    """Content-Security-Policy (W3C, CSP 3): everything from this server only; `frames` are sites that may show the page."""
    ancestors = " ".join(frames) or "'none'"
    return (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        f"form-action 'self'; base-uri 'none'; frame-ancestors {ancestors}"
    )


HEADERS = {
    "Content-Security-Policy": content_policy(),
    "X-Content-Type-Options": "nosniff",
    # not no-referrer: with that browsers send "Origin: null" along with our own forms, which then look like another site's
    # wherever Sec-Fetch-Site is missing too (plain http, Safari before 16.4)
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    # embed.js, which other sites load, says otherwise for itself
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
}
"""Sent with every response that does not set its own; nothing is loaded from outside."""


def headers_for(scheme: str, hsts_seconds: int) -> dict[str, str]:
    """The headers of a response to a request that came by `scheme`.

    Strict-Transport-Security goes over TLS only (RFC 6797, 7.2), and names this host only: other hosts of the domain are
    not ours to decide for.
    """
    if scheme != "https" or not hsts_seconds:
        return HEADERS
    return {**HEADERS, "Strict-Transport-Security": f"max-age={hsts_seconds}"}
