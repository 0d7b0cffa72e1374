"""The short way (bot.store.fast) for what every message of a platform needs: the nonce, what is known of it, its pages."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from bot.store.base import OutboxState
from bot.store.fast import FastPath, Insert
from bot.store.platform_base import Admitted, Knock
from bot.store.platform_schema import knocks, pages, quotas
from bot.store.schema import messages

_MICROSECONDS = timedelta(microseconds=1)
_WAITING = f"('{OutboxState.PENDING.value}', '{OutboxState.FAILED.value}')"
_KNOWN = f"""SELECT
    EXISTS (SELECT 1 FROM messages WHERE channel = ?1 AND message_id = ?2),
    EXISTS (SELECT 1 FROM owed WHERE channel = ?1 AND message_id = ?2),
    EXISTS (SELECT 1 FROM outbox WHERE channel = ?1 AND chat = ?3 AND state IN {_WAITING}),
    EXISTS (SELECT 1 FROM pages WHERE channel = ?1 AND chat = ?3)"""  # noqa: S608  # nosec B608  # names of ours

OLDER = """pages.ref <> excluded.ref AND pages.at <= (SELECT received_at FROM messages
    WHERE channel = excluded.channel AND message_id = excluded.ref)"""
"""Pages are of another message, and were kept and turned before this one was received."""


class FastPlatform:
    """Writes of bot.store.platform.PlatformStore on a SQLite file."""

    def __init__(self, fast: FastPath) -> None:
        self._fast = fast
        self._knock = Insert(
            knocks,
            "ON CONFLICT (channel, nonce) DO UPDATE SET tries = knocks.tries + 1 RETURNING message_id, tries, first_at",
        )
        newer = "opened_at = excluded.opened_at, used = 0 WHERE quotas.opened_at < excluded.opened_at"
        self._open = Insert(quotas, f"ON CONFLICT (channel, chat, opens) DO UPDATE SET {newer}")  # nosec B608
        keep = "ref = excluded.ref, texts = excluded.texts, at = excluded.at"
        self._keep = Insert(pages, f"ON CONFLICT (channel, chat) DO UPDATE SET {keep}")  # nosec B608
        self._receive = Insert(messages, "ON CONFLICT DO NOTHING")
        self._keep_late = Insert(pages, f"ON CONFLICT (channel, chat) DO UPDATE SET {keep} WHERE {OLDER}")  # nosec B608

    async def admit(self, knock: Knock, now: datetime, received: Mapping[str, Any] | None) -> Admitted:
        """See Platform; `received` is the row of the knock's message."""
        noted = self._knock.values({
            "channel": knock.channel, "nonce": knock.nonce, "message_id": knock.message_id, "tries": 1, "first_at": now,
        })  # fmt: skip
        opened = None if knock.opens is None else self._open.values({
            "channel": knock.channel, "chat": knock.chat, "opens": knock.opens.value, "opened_at": knock.at, "used": 0,
        })  # fmt: skip
        kept = None if received is None else self._receive.values(received)
        at, within = noted[-1], knock.tries_for / _MICROSECONDS

        def work(connection: sqlite3.Connection) -> Admitted:
            message_id, tries, first_at = connection.execute(self._knock.sql, noted).fetchone()
            if message_id != knock.message_id or tries > knock.most_tries or at - first_at > within:
                return Admitted(replayed=True)
            found = connection.execute(_KNOWN, (knock.channel, knock.message_id, knock.chat)).fetchone()
            known, owed, waiting, has_pages = map(bool, found)
            if opened is not None and not known:
                connection.execute(self._open.sql, opened)
            if kept is not None:
                connection.execute(self._receive.sql, kept)
            return Admitted(False, known, owed, waiting, has_pages)

        return await self._fast.write(work)

    async def keep_pages(
        self, channel: str, chat: str, ref: str, texts: Sequence[str], fresh: bool, now: datetime
    ) -> None:
        """See Platform."""
        statement = self._keep if fresh else self._keep_late
        row = {"channel": channel, "chat": chat, "ref": ref, "texts": list(texts), "at": now}
        values = statement.values(row)
        await self._fast.write(lambda connection: connection.execute(statement.sql, values))
