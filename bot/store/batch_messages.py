"""The short way (bot.store.batch) for what every message needs: seen before?, receive, conversation, finish.

A turn that brings a late answer along, and a message that was received before, go the general way (bot.store.sql).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import sqlalchemy as sa

from bot.messages import Message, Reply
from bot.store.base import Before
from bot.store.batch import Batch, Columns, Line
from bot.store.connect import decoded
from bot.store.fast import Rows
from bot.store.locks import Lock
from bot.store.schema import conversations, exchanges, messages, outbox, tickets

_TURN = sa.Column("turn", sa.Integer)
"""Which turn of a statement a row belongs to."""
# of each kind of look: what is asked by up to four texts, and what is given back as text
_LOOKS = {
    "seen": "SELECT reply::text FROM messages WHERE channel = g.a AND message_id = g.b AND done",
    "state": "SELECT state::text FROM conversations WHERE channel = g.a AND chat = g.b",
    "before": """SELECT json_build_array(
        (SELECT reply FROM messages WHERE channel = g.a AND message_id = g.b AND done),
        (SELECT state FROM conversations WHERE channel = g.a AND chat = g.c),
        EXISTS (SELECT 1 FROM deliveries WHERE channel = g.a AND chat = g.d))::text""",
    "ticket": "SELECT '1' FROM tickets WHERE number = g.a",
}
_CASES = " ".join(f"WHEN '{kind}' THEN ({query})" for kind, query in _LOOKS.items())
_LOOK = f"""SELECT CASE g.kind {_CASES} END
    FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[]) WITH ORDINALITY AS g (kind, a, b, c, d, n) ORDER BY n"""  # noqa: S608  # nosec B608  # names of ours


class _Look(NamedTuple):
    kind: str
    a: str
    b: str = ""
    c: str = ""
    d: str = ""


class BatchMessages:
    """Statements of bot.store.sql.SqlStore on PostgreSQL."""

    def __init__(self, looking: Line, writing: Line, shown: str) -> None:
        """`looking` and `writing` are the connections to read and to write with; `shown` names the database in errors."""
        self._received = Columns(*_given(messages, "reply"))
        self._done = _Turned(*_given(messages, "holder"))
        self._parts = [_Turned(*_given(table)) for table in (exchanges, conversations, tickets, outbox)]
        self._receive_sql, self._finish_sql = self._received_statement(), self._finished_statement()
        self._looks = Batch(looking, shown, self._look)
        self._receives = Batch(writing, shown, self._receive, lambda row: (_key(row),))
        self._finishes = Batch(writing, shown, self._finish, lambda rows: (_key(rows.message), _chat(rows.message)))
        self.batches = (self._looks, self._receives, self._finishes)
        self.finished = 0
        """Turns written since the start."""

    async def before(self, message: Message) -> Before:
        """See Store."""
        look = _Look("before", message.channel, message.message_id, message.conversation, message.chat)
        reply, state, late = decoded(await self._looks.ask(look) or "")
        return Before(Reply.from_json(reply) if reply else None, state or {}, late)

    async def seen(self, channel: str, message_id: str) -> Reply | None:
        """The reply given before."""
        found = await self._looks.ask(_Look("seen", channel, message_id))
        return Reply.from_json(decoded(found)) if found else None

    async def conversation(self, channel: str, name: str) -> dict[str, Any] | None:
        """See Store."""
        found = await self._looks.ask(_Look("state", channel, name))
        return dict(decoded(found)) if found else None

    async def ticket_exists(self, number: str) -> bool:
        """Whether a ticket has this number."""
        return await self._looks.ask(_Look("ticket", number)) is not None

    async def receive(self, row: dict[str, Any]) -> bool:
        """Keep a message (columns of `messages`); whether it is new."""
        return await self._receives.ask(row)

    async def finish(self, rows: Rows, reply: Reply) -> Reply:
        """See Store, for a plain turn."""
        before = await self._finishes.ask(rows)
        self.finished += 1
        return reply if before is None else Reply.from_json(decoded(before))

    @staticmethod
    async def _look(connection: Any, asked: Sequence[_Look]) -> list[str | None]:
        columns = [list(column) for column in zip(*asked, strict=True)]
        return [row[0] for row in await connection.fetch(_LOOK, *columns)]

    async def _receive(self, connection: Any, rows: Sequence[dict[str, Any]]) -> list[bool]:
        found = await connection.fetch(self._receive_sql, *self._received.arrays(rows))
        new = {(row["channel"], row["message_id"]) for row in found}
        return [_key(row) in new for row in rows]

    async def _finish(self, connection: Any, turns: Sequence[Rows]) -> list[str | None]:
        """Of each turn None, or the reply that stands already."""
        values = self._done.arrays([{**rows.message, "turn": n} for n, rows in enumerate(turns)])
        for part, name in zip(self._parts, ("exchange", "conversation", "ticket", "outgoing"), strict=True):
            values += part.arrays([{**row, "turn": n} for n, rows in enumerate(turns) for row in _listed(rows, name)])
        fresh = {row["turn"] for row in await connection.fetch(self._finish_sql, *values)}
        before = [rows.message for n, rows in enumerate(turns) if n not in fresh]
        said = await self._look(connection, [_Look("seen", *_key(row)) for row in before]) if before else []
        stands = iter(said)
        return [None if n in fresh else next(stands) for n in range(len(turns))]

    def _received_statement(self) -> str:
        names = self._received.names
        return f"""INSERT INTO messages ({names}) SELECT {names} FROM {self._received.unnest("g")}
            ORDER BY channel, message_id ON CONFLICT (channel, message_id) DO NOTHING
            RETURNING channel, message_id"""  # noqa: S608  # nosec B608  # names come from the schema

    def _finished_statement(self) -> str:
        """Everything that turns leave behind, of those only that nobody answered before.

        The lock (bot.store.sums.recording) comes before any number of an exchange is drawn: these come from `fresh`.
        """
        exchange, conversation, ticket, outgoing = self._parts
        first, places = self._done.count + 1, []
        for part in self._parts:
            places.append(part.unnest("g", first))
            first += part.count
        names = self._done.own
        keep = "person = excluded.person, state = excluded.state, updated_at = excluded.updated_at"
        return f"""WITH
            alone AS MATERIALIZED (SELECT pg_advisory_xact_lock_shared({Lock.RECORDING.value})),
            given AS MATERIALIZED (SELECT g.* FROM alone, {self._done.unnest("g")}),
            done AS (INSERT INTO messages ({names}) SELECT {names} FROM given ORDER BY channel, message_id
                ON CONFLICT (channel, message_id) DO UPDATE SET done = true, reply = excluded.reply
                WHERE NOT messages.done RETURNING channel, message_id),
            fresh AS MATERIALIZED (SELECT turn FROM given JOIN done USING (channel, message_id)),
            kept AS (INSERT INTO conversations ({conversation.own}) SELECT {conversation.own} FROM {places[1]}
                JOIN fresh USING (turn) ORDER BY channel, chat ON CONFLICT (channel, chat) DO UPDATE SET {keep}),
            opened AS (INSERT INTO tickets ({ticket.own}) SELECT {ticket.own} FROM {places[2]}
                JOIN fresh USING (turn) ORDER BY number),
            recorded AS (INSERT INTO exchanges ({exchange.own}) SELECT {exchange.own} FROM {places[0]}
                JOIN fresh USING (turn) ORDER BY turn),
            due AS (INSERT INTO outbox ({outgoing.own}) SELECT {outgoing.own} FROM {places[3]}
                JOIN fresh USING (turn) ORDER BY turn)
            SELECT turn FROM fresh"""  # noqa: S608  # nosec B608  # names come from the schema


class _Turned(Columns):
    """Columns of a table and, as the first one, the turn they belong to."""

    def __init__(self, *columns: sa.Column[Any]) -> None:
        super().__init__(_TURN, *columns)
        self.own = ", ".join(c.name for c in columns)


def _given(table: sa.Table, *without: str) -> list[sa.Column[Any]]:
    """The columns that do not number themselves."""
    return [c for c in table.columns if c.name not in ("id", *without)]


def _key(message: Mapping[str, Any]) -> tuple[str, str]:
    return message["channel"], message["message_id"]


def _chat(message: Mapping[str, Any]) -> tuple[str, str, str]:
    return "chat", message["channel"], message["chat"]


def _listed(rows: Rows, name: str) -> Sequence[Mapping[str, Any]]:
    """The rows of one table that a turn writes."""
    if name == "outgoing":
        return rows.outgoing
    one = getattr(rows, name)
    return () if one is None else (one,)
