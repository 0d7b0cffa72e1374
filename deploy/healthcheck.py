"""For the container's HEALTHCHECK: exit code 0 while /readyz answers 200, 1 otherwise. Only the standard library."""

from __future__ import annotations

import http.client
import os
import sys


def ready(port: str) -> bool:
    """Whether the service on this port answers and reaches its database."""
    connection = http.client.HTTPConnection("127.0.0.1", int(port), timeout=4)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


if __name__ == "__main__":
    sys.exit(0 if ready(os.environ.get("FAWEN_SERVER__PORT", "8000")) else 1)
