"""A connection of its own to PostgreSQL, outside of the pool: for locks and notifications, which belong to a connection.

Both ends notice within seconds when the other is gone: the server by TCP keepalive, so that it gives a lock back; the
client by asking. A pooler between them must not share connections (PgBouncer: pool_mode session, or go past it).
"""

from __future__ import annotations

from typing import Any

from sqlalchemy.ext.asyncio import AsyncEngine

CONNECT_SECONDS = 5.0
PROBE_SECONDS = 3.0
"""After so long without an answer the connection counts as cut."""
# the server gives up a silent client after 4 + 2 x 2 seconds
_KEEPALIVE = {
    "application_name": "fawen",
    "tcp_keepalives_idle": "4",
    "tcp_keepalives_interval": "2",
    "tcp_keepalives_count": "2",
    "tcp_user_timeout": "8000",
}
_POOL_ONLY = frozenset(
    ("async_fallback", "async_creator_fn", "prepared_statement_cache_size", "prepared_statement_name_func")
)


def failures() -> tuple[type[BaseException], ...]:
    """What a connection raises when it is cut, refused or does not answer."""
    import asyncpg

    return (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError)


async def connect(engine: AsyncEngine) -> Any:
    """An asyncpg connection to the database of an engine; whoever opens it closes it. Raises one of `failures`."""
    import asyncpg

    _, given = engine.dialect.create_connect_args(engine.url)
    wanted = {key: value for key, value in given.items() if key not in _POOL_ONLY}
    settings = {**_KEEPALIVE, **wanted.pop("server_settings", {})}
    return await asyncpg.connect(**wanted, timeout=CONNECT_SECONDS, server_settings=settings)


async def probe(connection: Any) -> None:
    """Ask whether the other end is there. Raises one of `failures`."""
    await connection.fetchval("SELECT 1", timeout=PROBE_SECONDS)


async def hang_up(connection: Any) -> None:
    """Close it, politely if the other end still answers."""
    try:
        await connection.close(timeout=1.0)
    except failures():
        connection.terminate()
