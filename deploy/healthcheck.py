"""For the container's HEALTHCHECK: exit code 0 while /readyz answers 200, 1 otherwise. Only the standard library."""

from __future__ import annotations

import os
import sys
import urllib.error
import urllib.request


def ready(port: str) -> bool:
    """Whether the service on this port answers and reaches its database."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=4) as answer:  # noqa: S310  # always http
            return bool(answer.status == 200)
    except OSError:
        return False


if __name__ == "__main__":
    sys.exit(0 if ready(os.environ.get("FAWEN_SERVER__PORT", "8000")) else 1)
