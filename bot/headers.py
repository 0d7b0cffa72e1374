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
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}
"""Sent with every response that does not set its own; nothing is loaded from outside."""
