"""What must not be lost. `open_store(url)` is the way in; the interface is bot.store.base.Store."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bot.store.sql import SqlStore


def open_store(url: str, now: Callable[[], datetime]) -> SqlStore:
    """A store for this database URL, not started yet. Raises StoreError for an unusable URL.

    The other areas share its engine and writer: `DeskStore(store.shared)` of bot.store.desk.
    """
    from bot.store.sql import SqlStore

    return SqlStore(url, now)
