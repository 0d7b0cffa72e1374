"""What must not be lost. `open_store(url)` is the way in; the interface is bot.store.base.Store."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from bot.store.base import Store


def open_store(url: str, now: Callable[[], datetime]) -> Store:
    """A store for this database URL, not started yet. Raises StoreError for an unusable URL."""
    from bot.store.sql import SqlStore

    return SqlStore(url, now)
