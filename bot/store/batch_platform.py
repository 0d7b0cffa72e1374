"""The short way (bot.store.batch) for what every message of a platform needs: the nonce, what is known of it, its pages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from bot.store.base import OutboxState
from bot.store.batch import Batch, Columns, Line
from bot.store.fast_platform import OLDER
from bot.store.platform_base import Admitted, Knock
from bot.store.platform_schema import pages
from bot.store.schema import micros

_MICROSECONDS = timedelta(microseconds=1)
_WAITING = f"('{OutboxState.PENDING.value}', '{OutboxState.FAILED.value}')"
_HERE = "FROM {} WHERE channel = s.channel AND {} LIMIT 1"
_MESSAGE, _CHAT = "message_id = s.message_id", "chat = s.chat"
# looked up row by row, each by an index: LIMIT keeps the planner from reading a table whole for all of them
_KNOWN = ", ".join(
    f"(SELECT true {_HERE.format(table, which)}) AS {name}"
    for name, table, which in (
        ("known", "messages", _MESSAGE),
        ("owed", "owed", _MESSAGE),
        ("waiting", "outbox", f"{_CHAT} AND state IN {_WAITING}"),
        ("has_pages", "pages", _CHAT),
    )
)
_ADMIT = f"""WITH
    given AS MATERIALIZED (SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::bigint[],
        $7::bigint[], $8::int[], $9::bigint[]) WITH ORDINALITY
        AS g (channel, nonce, message_id, chat, opens, at, now, most, within, n)),
    noted AS (INSERT INTO knocks (channel, nonce, message_id, tries, first_at)
        SELECT channel, nonce, message_id, 1, now FROM given ORDER BY channel, nonce
        ON CONFLICT (channel, nonce) DO UPDATE SET tries = knocks.tries + 1
        RETURNING channel, nonce, message_id AS first_message, tries, first_at),
    seen AS MATERIALIZED (SELECT given.*, first_message <> message_id OR tries > most OR now - first_at > within AS replayed
        FROM given JOIN noted USING (channel, nonce)),
    found AS MATERIALIZED (SELECT s.*, {_KNOWN} FROM seen AS s),
    opened AS (INSERT INTO quotas (channel, chat, opens, opened_at, used) SELECT channel, chat, opens, at, 0 FROM found
        WHERE opens IS NOT NULL AND NOT replayed AND known IS NULL ORDER BY channel, chat, opens
        ON CONFLICT (channel, chat, opens) DO UPDATE SET opened_at = excluded.opened_at, used = 0
        WHERE quotas.opened_at < excluded.opened_at)
    SELECT replayed, known, owed, waiting, has_pages FROM found ORDER BY n"""  # noqa: S608  # nosec B608  # names of ours


class BatchPlatform:
    """Statements of bot.store.platform.PlatformStore on PostgreSQL."""

    def __init__(self, line: Line, shown: str) -> None:
        """`line` is the connection; `shown` names the database in errors."""
        self._columns = Columns(*pages.columns)
        names, places = self._columns.names, self._columns.unnest("g")
        keep = f"INSERT INTO pages ({names}) SELECT {names} FROM {places} ORDER BY channel, chat ON CONFLICT (channel, chat)"  # noqa: S608  # nosec B608
        self._always = f"{keep} DO UPDATE SET ref = excluded.ref, texts = excluded.texts, at = excluded.at"  # noqa: S608  # nosec B608
        self._late = f"{self._always} WHERE {OLDER}"
        self._admits = Batch(line, shown, self._admit, _keys)
        self._keeps = Batch(line, shown, self._keep, _chat)
        self._keeps_late = Batch(line, shown, self._keep_late, _chat)
        self.batches = (self._admits, self._keeps, self._keeps_late)

    async def admit(self, knock: Knock, now: datetime) -> Admitted:
        """See Platform."""
        return await self._admits.ask((knock, now))

    async def keep_pages(
        self, channel: str, chat: str, ref: str, texts: Sequence[str], fresh: bool, now: datetime
    ) -> None:
        """See Platform."""
        row = {"channel": channel, "chat": chat, "ref": ref, "texts": list(texts), "at": now}
        await (self._keeps if fresh else self._keeps_late).ask(row)

    @staticmethod
    async def _admit(connection: Any, asked: Sequence[tuple[Knock, datetime]]) -> list[Admitted]:
        rows = [
            (
                knock.channel, knock.nonce, knock.message_id, knock.chat, knock.opens and knock.opens.value,
                micros(knock.at), micros(now), knock.most_tries, knock.tries_for // _MICROSECONDS,
            )
            for knock, now in asked
        ]  # fmt: skip
        found = await connection.fetch(_ADMIT, *(list(column) for column in zip(*rows, strict=True)))
        return [Admitted(True) if row[0] else Admitted(False, *map(bool, tuple(row)[1:])) for row in found]

    async def _keep(self, connection: Any, rows: Sequence[Mapping[str, Any]]) -> list[None]:
        await connection.execute(self._always, *self._columns.arrays(rows))
        return [None] * len(rows)

    async def _keep_late(self, connection: Any, rows: Sequence[Mapping[str, Any]]) -> list[None]:
        await connection.execute(self._late, *self._columns.arrays(rows))
        return [None] * len(rows)


def _keys(asked: tuple[Knock, datetime]) -> tuple[tuple[str, ...], ...]:
    knock = asked[0]
    return ("nonce", knock.channel, knock.nonce), ("chat", knock.channel, knock.chat)


def _chat(row: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    return ((row["channel"], row["chat"]),)
